//! `sprintf` with the verbs and the error texts of Go's `fmt`, as OPA has it. regorus answers undefined where Go
//! writes `%!s(MISSING)`, and with the message the whole finding would vanish.
//!
//! OPA hands Go a string, an int64 (or big int), a float64, or, for everything else, the value's Rego text as a
//! string (`v1/topdown/strings.go`).

use regorus::Value;

use super::bounded::limit_string;
use super::{Context, Failure, text, type_name};

/// Largest width or precision of a verb, as in Go.
const MAX_WIDTH: usize = 1_000_000;

/// One operand, as Go sees it.
enum Operand {
    Text(String),
    Int(i128),
    /// A whole number beyond 64 bits: Go's `*big.Int`.
    Big(String),
    Float(f64),
}

/// What stands between `%` and the verb.
#[derive(Default)]
struct Spec {
    minus: bool,
    plus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

pub(super) fn sprintf(operands: &[Value], _: Context) -> Result<Value, Failure> {
    let format = text(operands, 0)?;
    let Some(Value::Array(array)) = operands.get(1) else {
        return Err(Failure::Operand(format!("operand 2 must be an array but is {}", type_name(operands.get(1)))));
    };
    let values: Vec<Operand> = array.iter().map(operand).collect();
    Ok(Value::from(print(format, &values)?))
}

/// How many operands a format takes: `None` where `*` or an index makes it depend.
pub(in crate::policy) fn verbs(format: &str) -> Option<usize> {
    let mut count = 0;
    let mut letters = format.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            continue;
        }
        while letters.peek().is_some_and(|next| "+-# 0.123456789".contains(*next)) {
            letters.next();
        }
        match letters.next() {
            Some('*' | '[') => return None,
            Some('%') | None => {}
            Some(_) => count += 1,
        }
    }
    Some(count)
}

fn print(format: &str, values: &[Operand]) -> Result<String, Failure> {
    let mut out = String::with_capacity(format.len() + 32);
    let mut letters = format.chars().peekable();
    let mut next = 0;
    let mut reordered = false;
    while let Some(letter) = letters.next() {
        if letter != '%' {
            out.push(letter);
            continue;
        }
        let mut spec = Spec::default();
        loop {
            match letters.peek() {
                Some('#') => spec.sharp = true,
                Some('0') => spec.zero = true,
                Some('+') => spec.plus = true,
                Some('-') => spec.minus = true,
                Some(' ') => spec.space = true,
                _ => break,
            }
            letters.next();
        }
        let mut good_index = true;
        explicit_index(&mut letters, values.len(), &mut next, &mut reordered, &mut good_index);
        if letters.peek() == Some(&'*') {
            letters.next();
            match star(values, &mut next) {
                Some(width) => {
                    spec.minus |= width < 0;
                    spec.width = usize::try_from(width.unsigned_abs()).ok();
                }
                None => out.push_str("%!(BADWIDTH)"),
            }
        } else {
            spec.width = number(&mut letters);
        }
        if letters.peek() == Some(&'.') {
            letters.next();
            explicit_index(&mut letters, values.len(), &mut next, &mut reordered, &mut good_index);
            if letters.peek() == Some(&'*') {
                letters.next();
                match star(values, &mut next).and_then(|precision| usize::try_from(precision).ok()) {
                    Some(precision) => spec.precision = Some(precision),
                    None => out.push_str("%!(BADPREC)"),
                }
            } else {
                spec.precision = Some(number(&mut letters).unwrap_or(0));
            }
        }
        explicit_index(&mut letters, values.len(), &mut next, &mut reordered, &mut good_index);
        let Some(verb) = letters.next() else {
            out.push_str("%!(NOVERB)");
            break;
        };
        if verb == '%' {
            out.push('%');
        } else if !good_index {
            out.push_str(&format!("%!{verb}(BADINDEX)"));
        } else if let Some(value) = values.get(next) {
            next += 1;
            print_operand(&mut out, verb, &spec, value);
        } else {
            out.push_str(&format!("%!{verb}(MISSING)"));
        }
        limit_string(out.len())?;
    }
    if !reordered && next < values.len() {
        let extra: Vec<String> = values.iter().skip(next).map(described).collect();
        out.push_str(&format!("%!(EXTRA {})", extra.join(", ")));
    }
    limit_string(out.len())?;
    Ok(out)
}

type Letters<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn number(letters: &mut Letters<'_>) -> Option<usize> {
    let mut value: Option<usize> = None;
    while let Some(digit) = letters.peek().and_then(|letter| letter.to_digit(10)) {
        letters.next();
        value = Some((value.unwrap_or(0) * 10 + digit as usize).min(MAX_WIDTH));
    }
    value
}

fn explicit_index(letters: &mut Letters<'_>, count: usize, next: &mut usize, reordered: &mut bool, good: &mut bool) {
    if letters.peek() != Some(&'[') {
        return;
    }
    *reordered = true;
    letters.next();
    let index = number(letters);
    let closed = letters.peek() == Some(&']');
    for letter in letters.by_ref() {
        if letter == ']' {
            break;
        }
    }
    match index.and_then(|index| index.checked_sub(1)) {
        Some(index) if closed && index < count => *next = index,
        _ => *good = false,
    }
}

fn star(values: &[Operand], next: &mut usize) -> Option<i64> {
    let value = values.get(*next);
    *next += usize::from(value.is_some());
    match value {
        Some(Operand::Int(number)) => i64::try_from(*number).ok().filter(|number| number.unsigned_abs() <= 1_000_000),
        _ => None,
    }
}

fn operand(value: &Value) -> Operand {
    match value {
        Value::String(text) => Operand::Text(text.to_string()),
        Value::Number(_) => {
            if let Ok(number) = value.as_i64() {
                return Operand::Int(i128::from(number));
            }
            let digits = rego_text(value);
            if digits.trim_start_matches('-').bytes().all(|byte| byte.is_ascii_digit()) {
                return Operand::Big(digits);
            }
            value.as_f64().map_or(Operand::Text(digits), Operand::Float)
        }
        other => Operand::Text(rego_text(other)),
    }
}

fn described(value: &Operand) -> String {
    match value {
        Operand::Text(text) => format!("string={text}"),
        Operand::Int(number) => format!("int64={number}"),
        Operand::Big(digits) => format!("*big.Int={digits}"),
        Operand::Float(number) => format!("float64={}", go_float(*number)),
    }
}

fn print_operand(out: &mut String, verb: char, spec: &Spec, value: &Operand) {
    if verb == 'T' {
        let name = match value {
            Operand::Text(_) => "string",
            Operand::Int(_) => "int64",
            Operand::Big(_) => "*big.Int",
            Operand::Float(_) => "float64",
        };
        return pad(out, spec, name.to_owned(), false);
    }
    let printed = match value {
        Operand::Text(text) => print_text(verb, spec, text),
        Operand::Int(number) => print_int(verb, spec, *number),
        Operand::Big(digits) => match verb {
            'd' | 'v' | 's' => Some((digits.clone(), true)),
            _ => None,
        },
        Operand::Float(number) => print_float(verb, spec, *number),
    };
    match printed {
        Some((printed, numeric)) => pad(out, spec, printed, numeric),
        None => out.push_str(&format!("%!{verb}({})", described(value))),
    }
}

fn print_text(verb: char, spec: &Spec, text: &str) -> Option<(String, bool)> {
    let cut: String = match spec.precision {
        Some(precision) if verb != 'x' && verb != 'X' => text.chars().take(precision).collect(),
        _ => text.to_owned(),
    };
    let printed = match verb {
        'v' if spec.sharp => quoted(&cut),
        's' | 'v' => cut,
        'q' if spec.sharp && !cut.contains('`') => format!("`{cut}`"),
        'q' => quoted(&cut),
        'x' => cut.bytes().map(|byte| format!("{byte:02x}")).collect(),
        'X' => cut.bytes().map(|byte| format!("{byte:02X}")).collect(),
        _ => return None,
    };
    Some((printed, false))
}

fn print_int(verb: char, spec: &Spec, number: i128) -> Option<(String, bool)> {
    let size = number.unsigned_abs();
    let character = || u32::try_from(size).ok().filter(|_| number >= 0).and_then(char::from_u32).unwrap_or('\u{fffd}');
    let (prefix, digits) = match verb {
        'd' | 'v' => ("", size.to_string()),
        'b' => (if spec.sharp { "0b" } else { "" }, format!("{size:b}")),
        'o' => (if spec.sharp { "0" } else { "" }, format!("{size:o}")),
        'O' => ("0o", format!("{size:o}")),
        'x' => (if spec.sharp { "0x" } else { "" }, format!("{size:x}")),
        'X' => (if spec.sharp { "0X" } else { "" }, format!("{size:X}")),
        'c' => return Some((character().to_string(), false)),
        'q' => return Some((format!("'{}'", character()), false)),
        'U' => return Some((format!("U+{size:04X}"), false)),
        _ => return None,
    };
    let least = spec.precision.unwrap_or(0);
    let zeros = "0".repeat(least.saturating_sub(digits.len()));
    Some((format!("{}{prefix}{zeros}{digits}", sign(spec, number < 0)), spec.precision.is_none()))
}

fn sign(spec: &Spec, negative: bool) -> &'static str {
    match (negative, spec.plus, spec.space) {
        (true, _, _) => "-",
        (false, true, _) => "+",
        (false, false, true) => " ",
        (false, false, false) => "",
    }
}

fn print_float(verb: char, spec: &Spec, number: f64) -> Option<(String, bool)> {
    let size = number.abs();
    let digits = match verb {
        'f' | 'F' => format!("{size:.*}", spec.precision.unwrap_or(6)),
        'e' => go_exponent(&format!("{size:.*e}", spec.precision.unwrap_or(6))),
        'E' => go_exponent(&format!("{size:.*e}", spec.precision.unwrap_or(6))).to_uppercase(),
        'v' | 'g' if spec.precision.is_none() => go_float(size),
        'G' if spec.precision.is_none() => go_float(size).to_uppercase(),
        _ => return None,
    };
    Some((format!("{}{digits}", sign(spec, number.is_sign_negative())), true))
}

/// Go's `%v` of a float64: the shortest digits, with an exponent below 1e-4 and from 1e21.
fn go_float(number: f64) -> String {
    if number != 0.0 && !(1e-4..1e21).contains(&number.abs()) {
        return go_exponent(&format!("{number:e}"));
    }
    format!("{number}")
}

/// Go writes at least two digits of exponent, with its sign.
fn go_exponent(text: &str) -> String {
    let Some((digits, exponent)) = text.split_once('e') else { return text.to_owned() };
    let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |rest| ('-', rest));
    format!("{digits}e{sign}{exponent:0>2}")
}

fn pad(out: &mut String, spec: &Spec, text: String, numeric: bool) {
    let missing = spec.width.unwrap_or(0).saturating_sub(text.chars().count());
    if missing == 0 {
        out.push_str(&text);
    } else if spec.minus {
        out.push_str(&text);
        out.extend(std::iter::repeat_n(' ', missing));
    } else if spec.zero && numeric {
        let digits = text.trim_start_matches(['+', '-', ' ']);
        out.push_str(text.get(..text.len() - digits.len()).unwrap_or_default());
        out.extend(std::iter::repeat_n('0', missing));
        out.push_str(digits);
    } else {
        let filler = if spec.zero && !spec.minus { '0' } else { ' ' };
        out.extend(std::iter::repeat_n(filler, missing));
        out.push_str(&text);
    }
}

/// Go's `strconv.Quote`.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\u{7}' => quoted.push_str("\\a"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{b}' => quoted.push_str("\\v"),
            control if control < ' ' || control == '\u{7f}' => quoted.push_str(&format!("\\x{:02x}", control as u32)),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// A value as Rego writes it: what OPA's `Value.String()` gives.
pub(super) fn rego_text(value: &Value) -> String {
    let join = |items: Vec<String>| items.join(", ");
    match value {
        Value::String(text) => quoted(text),
        Value::Array(array) => format!("[{}]", join(array.iter().map(rego_text).collect())),
        Value::Set(set) if set.is_empty() => "set()".to_owned(),
        Value::Set(set) => format!("{{{}}}", join(set.iter().map(rego_text).collect())),
        Value::Object(object) => {
            let members = object.iter().map(|(key, item)| format!("{}: {}", rego_text(key), rego_text(item)));
            format!("{{{}}}", join(members.collect()))
        }
        other => other.to_string(),
    }
}

/// A value as Go's `%v` writes it.
pub(super) fn go_value(value: &Value) -> String {
    match value {
        Value::String(text) => text.to_string(),
        other => rego_text(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(format: &str, values: Vec<Value>) -> String {
        let result = sprintf(&[Value::from(format), Value::from(values)], Context { now_ns: 0 });
        result.unwrap().as_string().unwrap().to_string()
    }

    #[test]
    fn a_message_never_vanishes() {
        assert_eq!(format("%s and %s", vec![Value::from("a")]), "a and %!s(MISSING)");
        assert_eq!(format("%s", vec![Value::from("a"), Value::from(2)]), "a%!(EXTRA int64=2)");
        assert_eq!(format("%d", vec![Value::from("a")]), "%!d(string=a)");
        assert_eq!(format("%t %v", vec![Value::from(true), Value::from(true)]), "%!t(string=true) true");
        assert_eq!(format("100%", vec![]), "100%!(NOVERB)");
    }

    #[test]
    fn flags_and_widths() {
        assert_eq!(
            format(
                "[%-5s|%5s|%05d|%+d|%x|%q]",
                vec![
                    Value::from("a"),
                    Value::from("b"),
                    Value::from(-42),
                    Value::from(7),
                    Value::from(255),
                    Value::from("q\"")
                ]
            ),
            "[a    |    b|-0042|+7|ff|\"q\\\"\"]"
        );
        assert_eq!(format("%.2f %v %[1]v", vec![Value::from(1.5), Value::from(0.25)]), "1.50 0.25 1.5");
    }

    #[test]
    fn composite_values_are_rego_text() {
        let object = Value::from_json_str(r#"{"b": [1, "x"], "a": null}"#).unwrap();
        assert_eq!(format("%v", vec![object]), r#"{"a": null, "b": [1, "x"]}"#);
    }

    #[test]
    fn widths_cannot_eat_memory() {
        let many = "%999999d".repeat(40);
        let operands = [Value::from(many), Value::from(vec![Value::from(1); 40])];
        assert!(matches!(sprintf(&operands, Context { now_ns: 0 }), Err(Failure::Limit(_))));
    }
}
