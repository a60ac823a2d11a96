//! Numbers, dates and addresses as points of the line that [`Ranges`](super::ranges::Ranges) are sets of.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::ranges::Ranges;

/// Points of the line in one unit of a number or one second of a date: two for each of nine digits, so that between
/// two neighbours that can be written with nine there is one that stands for all numbers between them.
const RESOLUTION: i128 = 2_000_000_000;
/// Points of the line in one nanosecond.
const NANOSECOND: i128 = 2;
/// Where zero lies on the line.
const ZERO: u128 = 1 << 127;

/// The point of a scaled value.
fn point(scaled: i128) -> u128 {
    ZERO.wrapping_add_signed(scaled)
}

/// The scaled value of a point.
fn scaled(point: u128) -> i128 {
    point.wrapping_sub(ZERO).cast_signed()
}

/// Reads a decimal number with up to nine digits after the point, such as `-1.5` or `10`. `None` for anything
/// else, including exponents: then the literal that contains it is opaque.
#[must_use]
pub fn number(text: &str) -> Option<u128> {
    read(text, 9)
}

/// Reads a number of a request: as [`number`], and also one halfway between two of those, which stands for all that lie
/// between them.
#[must_use]
pub fn member(text: &str) -> Option<u128> {
    read(text, 10)
}

fn read(text: &str, places: usize) -> Option<u128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 27 || fraction.len() > places || !plain(whole) || !plain(fraction) {
        return None;
    }
    let whole: i128 = whole.parse().ok()?;
    let fraction: i128 = format!("{fraction:0<10}").parse().ok()?;
    // Ten digits after the point are five to a point of the line.
    let fraction = (fraction % 5 == 0).then_some(fraction / 5)?;
    let value = whole.checked_mul(RESOLUTION)?.checked_add(fraction)?;
    Some(point(if negative { -value } else { value }))
}

/// Reads a date: ISO 8601 with a time and its zone, a day (midnight UTC), or seconds since 1970. `None` for anything
/// else, also for what is read differently by different programs: four digits (a year, or seconds), a time without
/// zone. Then the literal that contains it is opaque.
#[must_use]
pub fn date(text: &str) -> Option<u128> {
    let year = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(epoch) = number(text).filter(|_| !year) {
        return Some(epoch);
    }
    let shape = |of: &str| of.len() == 10 && of.bytes().enumerate().all(|(at, b)| (b == b'-') == (at == 4 || at == 7));
    if shape(text) {
        let day = text.parse::<jiff::civil::Date>().ok()?;
        let stamp = day.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
        return Some(point(stamp.as_nanosecond() * NANOSECOND));
    }
    let (day, time) = text.split_once('T')?;
    let plain = |c: char| c.is_ascii_digit() || matches!(c, ':' | '.' | '+' | '-' | 'Z');
    let stamp = text.parse::<jiff::Timestamp>().ok().filter(|_| shape(day) && time.chars().all(plain))?;
    Some(point(stamp.as_nanosecond() * NANOSECOND))
}

/// The addresses of a range such as `10.0.0.0/8`, or of one address; IPv4 first, IPv6 second. The families are
/// disjoint. `None` for anything that is not a range.
#[must_use]
pub fn addresses(text: &str) -> Option<(Ranges, Ranges)> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) if !bits.is_empty() && bits.bytes().all(|b| b.is_ascii_digit()) => {
            (address, Some(bits.parse::<u32>().ok()?))
        }
        Some(_) => return None,
        None => (text, None),
    };
    let block = |value: u128, width: u32| {
        let bits = bits.unwrap_or(width);
        let host = width.checked_sub(bits)?;
        let mask = if host >= 128 { u128::MAX } else { (1u128 << host) - 1 };
        Some(Ranges::between(value & !mask, value | mask))
    };
    match address.parse::<IpAddr>().ok()? {
        IpAddr::V4(v4) => Some((block(u128::from(u32::from(v4)), 32)?, Ranges::default())),
        IpAddr::V6(v6) => Some((Ranges::default(), block(u128::from(v6), 128)?)),
    }
}

/// All IPv4 addresses.
#[must_use]
pub fn all_v4() -> Ranges {
    Ranges::between(0, u128::from(u32::MAX))
}

/// Writes the number at a point.
#[must_use]
pub fn show_number(at: u128) -> String {
    let value = scaled(at);
    let (sign, value) = (if value < 0 { "-" } else { "" }, value.unsigned_abs());
    let unit = RESOLUTION.unsigned_abs();
    let fraction = format!("{:010}", value % unit * 5);
    let fraction = fraction.trim_end_matches('0');
    let dot = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{}{dot}{fraction}", value / unit)
}

/// Writes the date at a point; `None` outside the years that can be written.
#[must_use]
pub fn show_date(at: u128) -> Option<String> {
    jiff::Timestamp::from_nanosecond(scaled(at).div_euclid(NANOSECOND)).ok().map(|stamp| stamp.to_string())
}

/// Writes the IPv4 address at a point.
#[must_use]
pub fn show_v4(at: u128) -> String {
    Ipv4Addr::from(u32::try_from(at).unwrap_or(u32::MAX)).to_string()
}

/// Writes the IPv6 address at a point.
#[must_use]
pub fn show_v6(at: u128) -> String {
    Ipv6Addr::from(at).to_string()
}

/// Dates that can be written: the years 1 to 9998.
#[must_use]
pub fn writable_dates() -> Ranges {
    Ranges::between(point(-62_135_596_800 * RESOLUTION), point(253_370_764_800 * RESOLUTION))
}

/// Numbers that can be written: up to 26 digits before the point.
#[must_use]
pub fn writable_numbers() -> Ranges {
    let end = 10i128.pow(26) * RESOLUTION;
    Ranges::between(point(-end), point(end))
}

/// The roundest points of a set of numbers or dates, as candidates for a witness: zero, one, whole units near the
/// ends of the intervals, then the ends themselves.
#[must_use]
pub fn round_points(set: &Ranges) -> Vec<u128> {
    let mut points = vec![ZERO, point(RESOLUTION)];
    for (low, high) in set.iter() {
        for end in [low, high] {
            let floor = scaled(end).div_euclid(RESOLUTION);
            let whole = [floor, floor.saturating_add(1), floor.saturating_sub(1)];
            points.extend(whole.iter().filter_map(|unit| unit.checked_mul(RESOLUTION)).map(point));
        }
        points.extend([low, high]);
    }
    points.retain(|p| set.contains(*p));
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_order_and_text() {
        assert!(number("-1.5") < number("-1"));
        assert!(number("9") < number("9.000000001"));
        let between = number("9").map(|at| at + 1);
        assert!(between < number("9.000000001") && between.map(show_number).as_deref() == Some("9.0000000005"));
        assert_eq!(number("10"), number("+10.000"));
        for text in ["0", "-1.5", "42", "0.000000001"] {
            assert_eq!(show_number(number(text).unwrap()), text);
        }
        for text in ["", "-", "1e3", "1.0000000001", "abc", "1.2.3"] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn dates_in_all_spellings_are_the_same_point() {
        let point = date("2020-01-01T00:00:00Z").unwrap();
        for text in ["2020-01-01", "2020-01-01T00:00:00.000Z", "2020-01-01T01:00:00+01:00", "1577836800"] {
            assert_eq!(date(text), Some(point), "{text}");
        }
        for text in ["2020", "2020-01", "2020-01-01T00:00:00", "20200101T000000Z", "2020-01-01T00:00:00Z[UTC]"] {
            assert_eq!(date(text), None, "{text}");
        }
        assert_eq!(show_date(point).unwrap(), "2020-01-01T00:00:00Z");
        assert_eq!(date("yesterday"), None);
    }

    #[test]
    fn address_ranges_cover_what_they_say() {
        let (v4, v6) = addresses("10.1.2.3/8").unwrap();
        assert!(v6.is_empty());
        assert!(v4.contains(u128::from(u32::from(Ipv4Addr::new(10, 255, 255, 255)))));
        assert!(!v4.contains(u128::from(u32::from(Ipv4Addr::new(11, 0, 0, 0)))));
        assert_eq!(addresses("0.0.0.0/0").unwrap().0, all_v4());
        assert_eq!(addresses("::/0").unwrap().1, Ranges::all());
        for text in ["10.0.0.0/33", "10.0.0.0/", "10.0.0", "10.0.0.0/-1"] {
            assert!(addresses(text).is_none(), "{text}");
        }
    }

    #[test]
    fn round_points_are_whole_where_possible() {
        let open = Ranges::between(number("9.5").unwrap(), number("20.5").unwrap());
        assert!(round_points(&open).iter().any(|p| show_number(*p) == "10" || show_number(*p) == "20"));
    }
}
