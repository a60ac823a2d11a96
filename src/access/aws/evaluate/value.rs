//! Numbers, points in time and addresses.

use std::cmp::Ordering;
use std::net::IpAddr;

/// A decimal number of any size: `digits` without zeros at either end, the first of them worth `10^(point - 1)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Number {
    negative: bool,
    digits: Vec<u8>,
    point: i64,
}

impl Number {
    pub(super) fn read(text: &str) -> Option<Self> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (rest, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let leading = digits.iter().take_while(|digit| **digit == b'0').count();
        let trailing = digits.iter().skip(leading).rev().take_while(|digit| **digit == b'0').count();
        let significant = digits.get(leading..digits.len() - trailing).unwrap_or_default().to_vec();
        if significant.is_empty() {
            return Some(Self { negative: false, digits: significant, point: 0 });
        }
        let point = i64::try_from(whole.len()).ok()? - i64::try_from(leading).ok()? + i64::from(exponent);
        Some(Self { negative, digits: significant, point })
    }

    pub(super) fn compare(&self, other: &Self) -> Ordering {
        let sign = |number: &Self| match (number.digits.is_empty(), number.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        };
        sign(self).cmp(&sign(other)).then_with(|| {
            let size = self.point.cmp(&other.point).then_with(|| self.digits.cmp(&other.digits));
            if self.negative { size.reverse() } else { size }
        })
    }
}

/// A point in time, in nanoseconds from 1970-01-01T00:00:00Z: ISO 8601 in the forms of the W3C note that the IAM
/// User Guide names (a year, a month, a day, or a day with a time and a zone), or seconds from that point.
pub(super) fn instant(text: &str) -> Option<i128> {
    const SECOND: i128 = 1_000_000_000;
    let number = |text: &str, width: usize| {
        (text.len() == width && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse::<i64>().ok())?
    };
    let seconds = text.strip_prefix('-').unwrap_or(text);
    if seconds.len() != 4 && !seconds.is_empty() && seconds.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
        let size = whole.parse::<i64>().ok()?;
        let nanoseconds = i128::from(size) * SECOND + nanoseconds(fraction)?;
        return Some(if text.starts_with('-') { -nanoseconds } else { nanoseconds });
    }
    let (day, time) = match text.split_once(['T', 't']) {
        Some((day, time)) => (day, Some(time)),
        None => (text, None),
    };
    let mut fields = day.split('-');
    let year = number(fields.next()?, 4)?;
    let month = fields.next().map_or(Some(1), |month| number(month, 2))?;
    let day_given = fields.next();
    let day = day_given.map_or(Some(1), |day| number(day, 2))?;
    if fields.next().is_some() || !(1..=12).contains(&month) || !(1..=days_in(year, month)).contains(&day) {
        return None;
    }
    let midnight = i128::from(days_from_epoch(year, month, day)) * 86_400 * SECOND;
    let Some(time) = time else { return Some(midnight) };
    day_given?;
    let (clock, offset) = match time.strip_suffix(['Z', 'z']) {
        Some(clock) => (clock, 0),
        None => {
            let at = time.rfind(['+', '-'])?;
            let (clock, zone) = time.split_at_checked(at)?;
            let digits: String = zone.chars().skip(1).filter(|character| *character != ':').collect();
            let (hours, minutes) = digits.split_at_checked(2)?;
            let size = number(hours, 2)? * 3600 + number(minutes, 2)? * 60;
            (clock, if zone.starts_with('-') { -size } else { size })
        }
    };
    let mut fields = clock.split(':');
    let (hour, minute) = (number(fields.next()?, 2)?, number(fields.next()?, 2)?);
    let (second, fraction) = match fields.next() {
        None => (0, 0),
        Some(second) => {
            let (whole, fraction) = second.split_once('.').unwrap_or((second, ""));
            (number(whole, 2)?, nanoseconds(fraction)?)
        }
    };
    if fields.next().is_some() || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    Some(midnight + i128::from(hour * 3600 + minute * 60 + second - offset) * SECOND + fraction)
}

/// Digits after the decimal point of seconds; what lies below a nanosecond is cut off.
fn nanoseconds(fraction: &str) -> Option<i128> {
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let padded: String = fraction.chars().chain(std::iter::repeat('0')).take(9).collect();
    padded.parse().ok()
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar.
fn days_from_epoch(year: i64, month: i64, day: i64) -> i64 {
    let leap_days_before = |year: i64| (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400;
    let of_years = (year - 1970) * 365 + leap_days_before(year) - leap_days_before(1970);
    of_years + (1..month).map(|month| days_in(year, month)).sum::<i64>() + day - 1
}

/// An address, or a range of them in CIDR notation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    address: IpAddr,
    prefix: u8,
}

impl Range {
    pub(super) fn read(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) if prefix.bytes().all(|byte| byte.is_ascii_digit()) => {
                (address, Some(prefix.parse::<u8>().ok()?))
            }
            Some(_) => return None,
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(width);
        (prefix <= width).then_some(Self { address, prefix })
    }

    /// Whether all addresses of `other` are addresses of this range. Version 4 and version 6 have none in common.
    pub(super) fn contains(&self, other: &Self) -> bool {
        let bits = |address: IpAddr| match address {
            IpAddr::V4(address) => u128::from(u32::from(address)) << 96,
            IpAddr::V6(address) => u128::from(address),
        };
        let difference = bits(self.address) ^ bits(other.address);
        self.address.is_ipv4() == other.address.is_ipv4()
            && self.prefix <= other.prefix
            && u32::from(self.prefix) <= difference.leading_zeros()
    }
}
