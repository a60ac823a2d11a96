//! Strings of a document to patterns: wildcards, policy variables, escapes, segments of an ARN, unknown parts.
//!
//! Sources: IAM User Guide, "IAM policy elements: Variables and tags" (variables, defaults, escapes, the two
//! versions), "Resource" (wildcards and the colon rule).

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::access::aws::document::{Part, Text};
use crate::access::glob::{Glob, Loop, Step, Symbol, Token};

use super::Readings;

/// How a string is matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// Every character is itself.
    Equals,
    /// `*` and `?` match anything.
    Like,
    /// As `Like`, except that in the first five segments of an ARN they do not match `:`.
    Segments,
}

impl Style {
    /// A word that keeps an unknown value apart under different ways of matching: the same value means different
    /// sets of strings.
    fn word(self) -> &'static str {
        match self {
            Self::Equals => "equals",
            Self::Like => "like",
            Self::Segments => "segments",
        }
    }
}

/// Which variables and escapes of a string are replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Variables {
    /// None: `${` is text.
    None,
    /// All.
    All,
    /// Those after the fifth colon of the text.
    Late,
}

/// One character of a document's string, read.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Char(char),
    Many,
    One,
    Variable { key: String, default: Option<String> },
    Hole(String),
}

/// The patterns of one string: one, or two for each variable with a default value (the value where the key is
/// present, the default where it is absent).
pub(super) fn globs(text: &Text, variables: Variables, style: Style, readings: Readings) -> Vec<Glob> {
    if let Some(known) = text.as_known().filter(|known| variables == Variables::None || !known.contains("${")) {
        return vec![wildcards(known, style)];
    }
    let pieces = read(text, variables, style);
    let colons = pieces.iter().filter(|p| **p == Piece::Char(':')).count();
    let open_end = colons < 5 && pieces.last() == Some(&Piece::Many);
    let mut out = vec![Glob::empty()];
    let mut seen = 0;
    for (at, piece) in pieces.iter().enumerate() {
        let free = style != Style::Segments || seen >= 5 || (open_end && at + 1 == pieces.len());
        match piece {
            Piece::Char(c) => {
                seen += usize::from(*c == ':');
                out.iter_mut().for_each(|glob| glob.push_char(*c, false));
            }
            Piece::Many => {
                out.iter_mut().for_each(|glob| glob.push_many(if free { Loop::Any } else { Loop::InSegment }));
            }
            Piece::One => {
                let token = if free { Token::One } else { Token::OneInSegment };
                out.iter_mut().for_each(|glob| glob.push(token.clone()));
            }
            Piece::Hole(id) => {
                let symbol = Symbol::Hole(format!("{} {id}", style.word()).into());
                out.iter_mut().for_each(|glob| glob.push(Token::Symbol(symbol.clone())));
            }
            Piece::Variable { key, default } => {
                let key = key_name(key, readings);
                let mut plain = if default.is_some() { out.clone() } else { Vec::new() };
                for glob in &mut out {
                    glob.need(key.clone(), true);
                    glob.push(Token::Symbol(Symbol::Key(key.clone())));
                }
                for glob in &mut plain {
                    glob.need(key.clone(), false);
                    default.iter().flat_map(|d| d.chars()).for_each(|c| glob.push_char(c, false));
                }
                out.extend(plain);
            }
        }
    }
    out.retain(consistent);
    out
}

/// The pattern of an action: prefix and name each by themselves, without case; `*` alone is every action, and
/// anything else without a prefix is none.
pub(super) fn action(text: &str) -> Option<Glob> {
    if !text.contains(':') {
        return (!text.is_empty() && text.chars().all(|c| c == '*')).then(Glob::any);
    }
    let mut named = false;
    let step = |c| {
        named |= c == ':';
        Step::of(c, named, true)
    };
    Some(Glob::of_steps(text.len(), text.chars().map(step)))
}

/// The pattern of a string that has no variables and no unknown parts.
fn wildcards(text: &str, style: Style) -> Glob {
    if style == Style::Equals {
        return Glob::literal(text);
    }
    let open_end = text.ends_with('*') && text.bytes().filter(|byte| *byte == b':').count() < 5;
    let (mut seen, last) = (0, text.len().saturating_sub(1));
    let step = |(at, c): (usize, char)| {
        let free = style != Style::Segments || seen >= 5 || (open_end && at == last);
        seen += usize::from(c == ':');
        Step::of(c, free, false)
    };
    Glob::of_steps(text.len(), text.char_indices().map(step))
}

/// Whether a string could have a variable or an escape at all. Nearly none has.
fn mentions_variables(text: &Text) -> bool {
    match text {
        Text::Known(known) => known.contains("${"),
        Text::Partial(_) => true,
    }
}

/// The one pattern of a string without wildcards, variables and unknown parts, whatever the reading.
pub(super) fn plain(text: &Text) -> Option<Glob> {
    text.as_known().filter(|known| !known.contains(['*', '?', '$'])).map(Glob::literal)
}

/// Whether a string without variables and unknown parts has its wildcards behind the fifth colon, so that it is one
/// pattern by segments and by the whole string.
pub(super) fn is_wild_at_the_end(text: &Text) -> bool {
    let known = text.as_known().filter(|known| !known.contains("${"));
    known.is_some_and(|known| {
        let wild = known.find(['*', '?']).unwrap_or(known.len());
        known.bytes().take(wild).filter(|byte| *byte == b':').count() >= 5
    })
}

/// Whether a string refers to variables.
pub(super) fn has_variables(text: &Text) -> bool {
    mentions_variables(text)
        && read(text, Variables::All, Style::Like).iter().any(|piece| matches!(piece, Piece::Variable { .. }))
}

/// Whether a string has a variable or an escape before its fifth colon.
pub(super) fn has_early_variables(text: &Text) -> bool {
    mentions_variables(text) && read(text, Variables::All, Style::Like) != read(text, Variables::Late, Style::Like)
}

/// Whether an ARN has its six segments as the document writes it; true for one that is not wholly known.
pub(super) fn has_six_segments(text: &Text) -> bool {
    let pieces = read(text, Variables::All, Style::Like);
    text.has_hole() || pieces.iter().filter(|piece| **piece == Piece::Char(':')).count() >= 5
}

/// The keys of variables without default: without a value for them the string matches nothing.
pub(super) fn unset_keys(text: &Text, variables: Variables, readings: Readings) -> BTreeSet<Arc<str>> {
    if !mentions_variables(text) {
        return BTreeSet::new();
    }
    let pieces = read(text, variables, Style::Like).into_iter();
    pieces
        .filter_map(|piece| match piece {
            Piece::Variable { key, default: None } => Some(key_name(&key, readings)),
            _ => None,
        })
        .collect()
}

/// The canonical name of a context key.
pub(super) fn key_name(written: &str, readings: Readings) -> Arc<str> {
    match written.split_once('/') {
        Some((key, tag)) if readings.tag_keys_mind_case => format!("{}/{tag}", key.to_ascii_lowercase()).into(),
        _ => written.to_ascii_lowercase().into(),
    }
}

/// A pattern that needs a key both present and absent matches nothing.
fn consistent(glob: &Glob) -> bool {
    glob.needs().iter().all(|(key, there)| !glob.needs().contains(&(key.clone(), !there)))
}

fn read(text: &Text, variables: Variables, style: Style) -> Vec<Piece> {
    let mut out = Vec::new();
    match text {
        Text::Known(known) => read_known(known, variables, style, &mut out),
        Text::Partial(parts) => {
            for part in parts {
                match part {
                    Part::Literal(known) => read_known(known, variables, style, &mut out),
                    Part::Hole(id) => out.push(Piece::Hole(id.as_str().to_owned())),
                }
            }
        }
    }
    out
}

fn read_known(text: &str, variables: Variables, style: Style, out: &mut Vec<Piece>) {
    let mut rest = text;
    let mut colons = out.iter().filter(|piece| **piece == Piece::Char(':')).count();
    while let Some(c) = rest.chars().next() {
        let replaced = variables == Variables::All || (variables == Variables::Late && colons >= 5);
        if replaced
            && let Some(inner) = rest.strip_prefix("${")
            && let Some((body, after)) = inner.split_once('}')
        {
            out.push(variable(body));
            rest = after;
            continue;
        }
        colons += usize::from(c == ':');
        out.push(match c {
            '*' if style != Style::Equals => Piece::Many,
            '?' if style != Style::Equals => Piece::One,
            c => Piece::Char(c),
        });
        rest = rest.strip_prefix(c).unwrap_or_default();
    }
}

/// Reads what stands between `${` and `}`.
fn variable(body: &str) -> Piece {
    if let ("*" | "?" | "$", Some(c)) = (body, body.chars().next()) {
        return Piece::Char(c);
    }
    let (key, default) = match body.split_once(',') {
        None => (body, None),
        Some((key, default)) => (key, default.trim().strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''))),
    };
    Piece::Variable { key: key.trim().to_owned(), default: default.map(str::to_owned) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::point::{KeyValue, Point};

    fn glob(text: &str, style: Style) -> Glob {
        globs(&text.into(), Variables::All, style, Readings::default()).remove(0)
    }

    #[test]
    fn escapes_are_characters_and_variables_are_values() {
        let pattern = glob("a${*}b${?}${$}/${aws:UserName}/*", Style::Like);
        let mut point = Point::default();
        assert!(!pattern.matches_at("a*b?$/bob/x", &point));
        point.keys.insert("aws:username".into(), KeyValue::One("bob".into()));
        assert!(pattern.matches_at("a*b?$/bob/x", &point));
        assert!(!pattern.matches_at("axb?$/bob/x", &point));
        assert!(!pattern.matches_at("a*b?$/eve/x", &point));
    }

    #[test]
    fn a_default_stands_in_for_a_missing_key() {
        let both =
            globs(&"x/${aws:PrincipalTag/team, 'none'}".into(), Variables::All, Style::Like, Readings::default());
        let mut point = Point::default();
        let matches = |text: &str, point: &Point| both.iter().any(|g| g.matches_at(text, point));
        assert!(matches("x/none", &point));
        point.keys.insert("aws:principaltag/team".into(), KeyValue::One("red".into()));
        assert!(matches("x/red", &point) && !matches("x/none", &point));
    }

    #[test]
    fn without_variables_everything_is_text() {
        let literal = globs(&"a/${aws:username}".into(), Variables::None, Style::Like, Readings::default()).remove(0);
        assert!(literal.matches("a/${aws:username}"));
    }

    #[test]
    fn segments_hold_their_wildcards() {
        let pattern = glob("arn:aws:ec2:*:*:instance/*", Style::Segments);
        assert!(pattern.matches("arn:aws:ec2:eu-west-1:1:instance/a:b"));
        assert!(!pattern.matches("arn:aws:ec2:eu-west-1:1:2:instance/a"));
        assert!(glob("arn:aws:sqs:us-east-1:*", Style::Segments).matches("arn:aws:sqs:us-east-1:1:queue"));
        assert!(glob("*", Style::Segments).matches("arn:aws:s3:::b"));
    }
}
