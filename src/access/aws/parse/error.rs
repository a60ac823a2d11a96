//! What is wrong with a document, where, and what to write instead.

use std::fmt;

use super::{Kind, MAX_BYTES, MAX_DEPTH};

/// Why a text is not a policy document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{position}: {fault}; {}", .path.prefix(), .fault.help())]
pub struct ParseError {
    /// The path inside the document, such as `Statement[2].Condition.StringLike`; empty for the document itself.
    pub path: DocumentPath,
    /// The place in the text.
    pub position: Position,
    /// What is wrong.
    pub fault: Fault,
}

/// A path inside a document, as text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct DocumentPath(String);

impl DocumentPath {
    /// The path of the document itself.
    pub fn root() -> Self {
        Self::default()
    }

    /// The path as text; empty for the document itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path of a member.
    pub(super) fn key(&self, key: &str) -> Self {
        let plain = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        Self(match (plain, self.0.is_empty()) {
            (true, true) => key.to_owned(),
            (true, false) => format!("{}.{key}", self.0),
            (false, _) => format!("{}[\"{}\"]", self.0, shown(key)),
        })
    }

    /// The path of an array element.
    pub(super) fn index(&self, index: usize) -> Self {
        Self(format!("{}[{index}]", self.0))
    }

    fn prefix(&self) -> String {
        if self.0.is_empty() { String::new() } else { format!("`{}`, ", self.0) }
    }
}

/// A place in a text; lines and columns count from 1, columns in characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Position {
    /// Bytes from the start.
    pub offset: usize,
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} column {}", self.line, self.column)
    }
}

/// What is wrong with a document. Texts inside are shortened and escaped, fit to be shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// Longer than [`MAX_BYTES`].
    #[error("the document has {0} bytes, over the limit of {MAX_BYTES}")]
    TooLong(usize),
    /// Nested deeper than [`MAX_DEPTH`].
    #[error("nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// Not JSON.
    #[error("invalid JSON: {0}")]
    Json(&'static str),
    /// A member occurs twice. Names of condition operators and keys are compared without regard to case.
    #[error("`{0}` occurs twice")]
    Duplicate(String),
    /// An element the policy language does not have.
    #[error("unknown element `{found}`")]
    UnknownElement {
        /// As written.
        found: String,
        /// An element that differs only in case.
        meant: Option<&'static str>,
    },
    /// An element that must be there is not.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// Two elements that exclude each other.
    #[error("both `{0}` and `{1}` are given")]
    Both(&'static str, &'static str),
    /// A value of another JSON type than the element takes.
    #[error("expected {expected}, found {found}")]
    WrongType {
        /// What the element takes.
        expected: &'static str,
        /// The JSON type that stands there.
        found: &'static str,
    },
    /// A string other than those the element takes.
    #[error("`{found}` is not {expected}")]
    WrongValue {
        /// What the element takes.
        expected: &'static str,
        /// As written.
        found: String,
    },
    /// An element that this kind of document must not have.
    #[error("`{element}` is not allowed in {kind}")]
    NotInKind {
        /// The element.
        element: &'static str,
        /// The kind of document.
        kind: Kind,
    },
    /// `NotAction`, `NotResource` or `NotPrincipal` without entries: whether AWS reads it as all or as nothing is
    /// not documented.
    #[error("the list is empty, which leaves open whether it excludes nothing")]
    EmptyNegation,
    /// An action that is neither `*` nor has a service prefix.
    #[error("`{0}` is not an action")]
    Action(String),
    /// An unknown value where the document's shape depends on it.
    #[error("the value is known only after apply")]
    UnknownShape,
}

impl Fault {
    /// One line: what to do about it.
    pub fn help(&self) -> String {
        match self {
            Self::TooLong(_) => "IAM takes far shorter documents: split it".to_owned(),
            Self::TooDeep => "a policy document needs six levels at most".to_owned(),
            Self::Json(_) => "write one JSON object as RFC 8259 has it, without comments or trailing commas".to_owned(),
            Self::Duplicate(_) => "join the two; which of them AWS would use is not defined".to_owned(),
            Self::UnknownElement { meant: Some(meant), .. } => format!("write `{meant}`: names of elements mind case"),
            Self::UnknownElement { meant: None, .. } => "remove it".to_owned(),
            Self::Missing("Action") => "give `Action` or `NotAction`".to_owned(),
            Self::Missing("Resource") => "give `Resource` or `NotResource`".to_owned(),
            Self::Missing("Principal") => {
                "give `Principal` or `NotPrincipal`, or read it as an identity policy".to_owned()
            }
            Self::Missing("Effect") => "write `\"Effect\": \"Allow\"` or `\"Deny\"`".to_owned(),
            Self::Missing(name) => format!("give `{name}`"),
            Self::Both(first, second) => format!("keep `{first}` or `{second}`"),
            Self::WrongType { expected, .. } => format!("write {expected}"),
            Self::WrongValue { expected, .. } => format!("write {expected}"),
            Self::NotInKind { kind: Kind::Identity, .. } => {
                "remove it, or read the document as a resource policy".to_owned()
            }
            Self::NotInKind { .. } => "remove it".to_owned(),
            Self::EmptyNegation => "list what is excepted, or use the positive element with `*`".to_owned(),
            Self::Action(_) => "write `*` or `service:name`, wildcards allowed in the name".to_owned(),
            Self::UnknownShape => "only strings, lists, conditions and statements may be unknown".to_owned(),
        }
    }
}

/// At most 60 characters of a user's text, control characters and direction marks escaped.
pub(super) fn shown(text: &str) -> String {
    let mut out: String = text.chars().take(60).flat_map(char::escape_debug).collect();
    if text.chars().nth(60).is_some() {
        out.push('…');
    }
    out
}
