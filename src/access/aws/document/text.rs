//! Strings and lists with holes, and places in the text.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// The identity of an unknown value, such as the plan address and attribute path it comes from. Equal identities
/// stand for equal values.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HoleId(Arc<str>);

impl HoleId {
    /// A hole with this identity.
    pub fn new(id: &str) -> Self {
        Self(id.into())
    }

    /// The identity.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A piece of a string.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// Known characters; never empty inside a [`Text`].
    Literal(String),
    /// Any string, the empty one included.
    Hole(HoleId),
}

/// A string of a document, known wholly or in part.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Text {
    /// Wholly known.
    Known(String),
    /// Contains at least one hole; the parts follow each other without separator.
    Partial(Vec<Part>),
}

impl Text {
    /// Joins parts; the result is [`Text::Known`] when none of them is a hole.
    pub fn from_parts(parts: impl IntoIterator<Item = Part>) -> Self {
        let mut joined: Vec<Part> = Vec::new();
        for part in parts {
            match (joined.last_mut(), part) {
                (_, Part::Literal(text)) if text.is_empty() => {}
                (Some(Part::Literal(before)), Part::Literal(text)) => before.push_str(&text),
                (_, part) => joined.push(part),
            }
        }
        match joined.as_mut_slice() {
            [] => Self::Known(String::new()),
            [Part::Literal(text)] => Self::Known(std::mem::take(text)),
            _ => Self::Partial(joined),
        }
    }

    /// The string, where it is wholly known.
    pub fn as_known(&self) -> Option<&str> {
        match self {
            Self::Known(text) => Some(text),
            Self::Partial(_) => None,
        }
    }

    /// Whether a part of it is unknown.
    pub fn has_hole(&self) -> bool {
        matches!(self, Self::Partial(_))
    }

    /// The string for messages: each hole as `<unknown IDENTITY>`.
    pub fn display(&self) -> String {
        match self {
            Self::Known(text) => text.clone(),
            Self::Partial(parts) => parts
                .iter()
                .map(|part| match part {
                    Part::Literal(text) => text.clone(),
                    Part::Hole(id) => format!("<unknown {}>", id.as_str()),
                })
                .collect(),
        }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::Known(text.to_owned())
    }
}

/// One entry of a list.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Item {
    /// One string.
    One(Text),
    /// Any number of strings, none included: the list itself is unknown.
    Many(HoleId),
}

/// A list of strings; a scalar of the text is a list of one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct List {
    /// The entries, in the order of the text.
    pub items: Vec<Item>,
    /// Where the list stands in the text.
    pub span: Span,
}

impl List {
    /// A list of known strings, for documents that are built and not read.
    pub fn known<'a>(items: impl IntoIterator<Item = &'a str>) -> Self {
        Self { items: items.into_iter().map(|item| Item::One(item.into())).collect(), span: Span::default() }
    }

    /// Whether any entry is unknown.
    pub fn has_holes(&self) -> bool {
        self.items.iter().any(|item| match item {
            Item::One(text) => text.has_hole(),
            Item::Many(_) => true,
        })
    }

    /// The entries that are wholly known.
    pub fn known_items(&self) -> impl Iterator<Item = &str> {
        self.items.iter().filter_map(|item| match item {
            Item::One(text) => text.as_known(),
            Item::Many(_) => None,
        })
    }
}

/// A stretch of the text, in bytes from its start; `0..0` for what was built and not read. Each hole of a text
/// given in parts counts as one byte.
///
/// All spans compare as equal: where something stands takes no part in comparing what it says.
#[derive(Clone, Copy, Debug, Default)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

impl PartialEq for Span {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Span {}

impl Hash for Span {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}
