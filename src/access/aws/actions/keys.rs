//! Condition keys: their types, and whether a request carries several values.

use super::global_keys::GLOBAL_KEYS;

/// What values of a key look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValueType {
    /// Any text.
    String,
    /// An ARN.
    Arn,
    /// `true` or `false`.
    Bool,
    /// A number.
    Numeric,
    /// A point in time.
    Date,
    /// An IP address.
    Ip,
}

/// What is known of a condition key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyType {
    /// What its values look like; of several, where sources disagree, the first.
    pub values: ValueType,
    /// Whether a request may carry several values: only with `ForAllValues` or `ForAnyValue` does a condition on
    /// such a key make sense. `None` where sources disagree (a key of that name is single in one service and
    /// multiple in another).
    pub multivalued: Option<bool>,
}

impl KeyType {
    /// From the letters of the table, lower case for single-valued keys.
    pub(super) fn from_codes(codes: &str) -> Option<Self> {
        let first = codes.chars().next()?;
        let values = match first.to_ascii_lowercase() {
            's' => ValueType::String,
            'a' => ValueType::Arn,
            'b' => ValueType::Bool,
            'n' => ValueType::Numeric,
            'd' => ValueType::Date,
            'i' => ValueType::Ip,
            _ => return None,
        };
        let upper = codes.chars().filter(char::is_ascii_uppercase).count();
        let multivalued = if upper == 0 {
            Some(false)
        } else if upper == codes.len() {
            Some(true)
        } else {
            None
        };
        Some(Self { values, multivalued })
    }
}

/// The keys of the table, and the global ones that it leaves out.
#[derive(Debug)]
pub(super) struct Keys {
    /// Lower case, sorted.
    exact: Vec<(&'static str, KeyType)>,
    /// Keys with a variable part, as the literal pieces around it, lower case.
    templates: Vec<(Vec<String>, KeyType)>,
}

impl Keys {
    /// Reads lines of a key, in lower case and in order, and the letters of its types; `None` where one makes no sense.
    pub(super) fn read(lines: &'static str) -> Option<Self> {
        let (mut exact, mut templates) = (Vec::new(), Vec::new());
        for line in lines.lines() {
            let (key, codes) = line.split_once(' ')?;
            let kind = KeyType::from_codes(codes)?;
            match pieces(key) {
                Some(pieces) => templates.push((pieces, kind)),
                None => exact.push((key, kind)),
            }
        }
        let global = GLOBAL_KEYS.iter().filter_map(|(key, codes)| Some((pieces(key)?, KeyType::from_codes(codes)?)));
        templates.extend(global);
        Some(Self { exact, templates })
    }

    pub(super) fn find(&self, key: &str) -> Option<KeyType> {
        let folded = key.to_ascii_lowercase();
        if let Ok(at) = self.exact.binary_search_by(|(name, _)| (*name).cmp(&folded)) {
            return self.exact.get(at).map(|(_, kind)| *kind);
        }
        if let Some((_, codes)) = GLOBAL_KEYS.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)) {
            return KeyType::from_codes(codes);
        }
        // The template with the longest literal part knows best; of two alike, the table's.
        let fitting = self.templates.iter().filter(|(pieces, _)| fits(pieces, &folded));
        let longest = fitting.rev().max_by_key(|(pieces, _)| pieces.iter().map(String::len).sum::<usize>());
        longest.map(|(_, kind)| *kind)
    }
}

/// The literal pieces around the variable parts, lower case; `None` for a key without.
fn pieces(key: &str) -> Option<Vec<String>> {
    key.contains("${").then(|| {
        let pieces = key.split("${").enumerate().map(|(index, piece)| match piece.split_once('}') {
            Some((_, rest)) if index > 0 => rest.to_ascii_lowercase(),
            _ => piece.to_ascii_lowercase(),
        });
        pieces.collect()
    })
}

/// Whether `key` is the pieces with something, one character or more, between each two.
fn fits(pieces: &[String], key: &str) -> bool {
    let [first, middle @ .., last] = pieces else { return false };
    let Some(mut rest) = key.strip_prefix(first.as_str()).and_then(|rest| rest.strip_suffix(last.as_str())) else {
        return false;
    };
    for piece in middle {
        let mut characters = rest.char_indices();
        characters.next();
        let Some(found) = characters.next().and_then(|(at, _)| rest.get(at..)?.find(piece.as_str()).map(|f| at + f))
        else {
            return false;
        };
        rest = rest.get(found + piece.len()..).unwrap_or_default();
    }
    !rest.is_empty()
}
