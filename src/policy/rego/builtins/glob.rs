//! `glob.match` as OPA has it (the pattern language of github.com/gobwas/glob): `*` stops at a delimiter, `**` does
//! not, `?` is one character that is no delimiter, `[a-z]` and `[!ab]` are classes, `{a,b}` are alternatives, `\`
//! escapes. regorus lets `*` cross the delimiter `:`, which would make ARN patterns match too much.

use regorus::Value;

use super::{Context, Failure, text, type_name};

/// A pattern's parts.
#[derive(Debug, PartialEq)]
enum Part {
    Literal(char),
    /// `?`
    One,
    /// `*`
    Some,
    /// `**`
    Many,
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
    Alternatives(Vec<Vec<Part>>),
}

/// Longest pattern, in characters, and most steps of one match.
const MAX_PATTERN: usize = 4096;
const MAX_STEPS: usize = 2_000_000;

pub(super) fn glob_match(operands: &[Value], _: Context) -> Result<Value, Failure> {
    let pattern = text(operands, 0)?;
    let delimiters = match operands.get(1) {
        Some(Value::Null) => Vec::new(),
        Some(Value::Array(array)) if array.is_empty() => vec!['.'],
        Some(Value::Array(array)) => {
            let mut delimiters = Vec::new();
            for item in array.iter() {
                let mut letters = match item {
                    Value::String(text) => text.chars(),
                    other => {
                        let message = format!("a delimiter must be a string but is {}", type_name(Some(other)));
                        return Err(Failure::Operand(message));
                    }
                };
                match (letters.next(), letters.next()) {
                    (Some(letter), None) => delimiters.push(letter),
                    _ => return Err(Failure::Operand("a delimiter must be one character".to_owned())),
                }
            }
            delimiters
        }
        other => {
            let message = format!("operand 2 must be an array of delimiters or null but is {}", type_name(other));
            return Err(Failure::Operand(message));
        }
    };
    let value = text(operands, 2)?;
    if pattern.chars().count() > MAX_PATTERN {
        return Err(Failure::Limit(format!("a glob pattern may have at most {MAX_PATTERN} characters")));
    }
    let parts = parse(pattern)?;
    let value: Vec<char> = value.chars().collect();
    let mut matcher = Matcher { delimiters, value, steps: 0 };
    let parts: Vec<&Part> = parts.iter().collect();
    matcher.matches(&parts).map(Value::from)
}

fn parse(pattern: &str) -> Result<Vec<Part>, Failure> {
    let letters: Vec<char> = pattern.chars().collect();
    let mut at = 0;
    let parts = sequence(&letters, &mut at, 0)?;
    if at < letters.len() {
        return Err(wrong());
    }
    Ok(parts)
}

fn wrong() -> Failure {
    Failure::Operand("not a valid glob pattern".to_owned())
}

fn sequence(letters: &[char], at: &mut usize, depth: usize) -> Result<Vec<Part>, Failure> {
    if depth > 8 {
        return Err(Failure::Limit("glob alternatives nest at most 8 deep".to_owned()));
    }
    let mut parts = Vec::new();
    while let Some(letter) = letters.get(*at) {
        *at += 1;
        parts.push(match letter {
            '\\' => {
                let escaped = letters.get(*at).ok_or_else(wrong)?;
                *at += 1;
                Part::Literal(*escaped)
            }
            '?' => Part::One,
            '*' if letters.get(*at) == Some(&'*') => {
                while letters.get(*at) == Some(&'*') {
                    *at += 1;
                }
                Part::Many
            }
            '*' => Part::Some,
            '[' => class(letters, at)?,
            '{' => {
                let mut alternatives = Vec::new();
                loop {
                    alternatives.push(sequence(letters, at, depth + 1)?);
                    match letters.get(*at) {
                        Some(',') => *at += 1,
                        Some('}') => {
                            *at += 1;
                            break;
                        }
                        _ => return Err(wrong()),
                    }
                }
                Part::Alternatives(alternatives)
            }
            ',' | '}' if depth > 0 => {
                *at -= 1;
                return Ok(parts);
            }
            other => Part::Literal(*other),
        });
    }
    Ok(parts)
}

fn class(letters: &[char], at: &mut usize) -> Result<Part, Failure> {
    let negated = letters.get(*at) == Some(&'!');
    if negated {
        *at += 1;
    }
    let mut ranges = Vec::new();
    loop {
        let mut letter = *letters.get(*at).ok_or_else(wrong)?;
        *at += 1;
        if letter == ']' {
            break;
        }
        if letter == '\\' {
            letter = *letters.get(*at).ok_or_else(wrong)?;
            *at += 1;
        }
        if letters.get(*at) == Some(&'-') && letters.get(*at + 1).is_some_and(|next| *next != ']') {
            let end = *letters.get(*at + 1).ok_or_else(wrong)?;
            *at += 2;
            if end < letter {
                return Err(wrong());
            }
            ranges.push((letter, end));
        } else {
            ranges.push((letter, letter));
        }
    }
    if ranges.is_empty() {
        return Err(wrong());
    }
    Ok(Part::Class { negated, ranges })
}

struct Matcher {
    delimiters: Vec<char>,
    value: Vec<char>,
    steps: usize,
}

impl Matcher {
    /// Whether the whole value matches: the set of positions reachable after each part.
    fn matches(&mut self, parts: &[&Part]) -> Result<bool, Failure> {
        let start = vec![true; 1].into_iter().chain(vec![false; self.value.len()]).collect();
        let reached = self.after(parts, start)?;
        Ok(reached.last() == Some(&true))
    }

    fn after(&mut self, parts: &[&Part], mut reached: Vec<bool>) -> Result<Vec<bool>, Failure> {
        for part in parts {
            self.steps += reached.len();
            if self.steps > MAX_STEPS {
                return Err(Failure::Limit("glob.match took too many steps".to_owned()));
            }
            reached = match part {
                Part::Alternatives(alternatives) => {
                    let mut together = vec![false; reached.len()];
                    for alternative in alternatives {
                        let inner: Vec<&Part> = alternative.iter().collect();
                        let one = self.after(&inner, reached.clone())?;
                        together.iter_mut().zip(one).for_each(|(all, one)| *all |= one);
                    }
                    together
                }
                Part::Some | Part::Many => {
                    let mut open = false;
                    let mut next = Vec::with_capacity(reached.len());
                    for (position, here) in reached.iter().enumerate() {
                        let previous = position.checked_sub(1).and_then(|before| self.value.get(before));
                        open &= **part == Part::Many || previous.is_none_or(|letter| !self.delimiters.contains(letter));
                        open |= here;
                        next.push(open);
                    }
                    next
                }
                one => {
                    let mut next = vec![false];
                    for (here, letter) in reached.iter().zip(&self.value) {
                        next.push(*here && self.one(one, *letter));
                    }
                    next
                }
            };
        }
        Ok(reached)
    }

    fn one(&self, part: &Part, letter: char) -> bool {
        match part {
            Part::Literal(expected) => *expected == letter,
            Part::One => !self.delimiters.contains(&letter),
            Part::Class { negated, ranges } => {
                ranges.iter().any(|(first, last)| (*first..=*last).contains(&letter)) != *negated
            }
            Part::Some | Part::Many | Part::Alternatives(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, delimiters: &[&str], value: &str) -> bool {
        let delimiters = Value::from(delimiters.iter().map(|text| Value::from(*text)).collect::<Vec<_>>());
        let operands = [Value::from(pattern), delimiters, Value::from(value)];
        *glob_match(&operands, Context { now_ns: 0 }).unwrap().as_bool().unwrap()
    }

    #[test]
    fn a_star_stops_at_the_delimiter() {
        assert!(!matches("arn:aws:iam::*:role/x", &[":"], "arn:aws:iam::1:foo:role/x"));
        assert!(matches("arn:aws:iam::*:role/x", &[":"], "arn:aws:iam::1:role/x"));
        assert!(matches("arn:**:role/x", &[":"], "arn:aws:iam::1:foo:role/x"));
        assert!(matches("*.github.com", &[], "api.github.com"));
        assert!(!matches("*.github.com", &[], "api.cdn.github.com"));
        assert!(matches("*:*", &[":"], ":"));
        assert!(!matches("*", &[":"], ":"));
    }

    #[test]
    fn classes_and_alternatives() {
        assert!(matches("[a-c]at", &[], "bat"));
        assert!(!matches("[!a-c]at", &[], "bat"));
        assert!(matches("{cat,b?t,[fr]at}s", &[], "bots"));
        assert!(matches("{cat,b?t,[fr]at}s", &[], "rats"));
        assert!(!matches("{cat,b?t,[fr]at}s", &[], "mats"));
        assert!(matches(r"\*\?", &[], "*?"));
    }
}
