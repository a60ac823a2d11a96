//! Text to [`Document`]: strict, so that nothing is compared that AWS would refuse or read in another way.
//!
//! Refused: what is not JSON, members that occur twice, elements the language does not have, wrong types and
//! values, `Action` with `NotAction` (and so on), a missing `Effect`, elements that the kind of document does not
//! take, and texts beyond [`MAX_BYTES`] or [`MAX_DEPTH`]. Taken: one statement without brackets, scalars for
//! lists of one, numbers and booleans as condition values. Names of elements and values of `Effect` mind case;
//! names of condition operators do not. An unknown condition operator is kept as
//! [`Operator::Unknown`](super::document::Operator::Unknown).

mod error;
mod read;
mod scan;

use std::fmt;

use super::document::{Document, Part};

pub use error::{DocumentPath, Fault, ParseError, Position};

/// The longest text that is read, in bytes; a hole counts as one. IAM's own limits are lower (6,144 characters for
/// a managed policy, 20 kB for a bucket policy).
pub const MAX_BYTES: usize = 100 * 1024;

/// The deepest nesting that is read. A document needs six levels.
pub const MAX_DEPTH: usize = 16;

/// What a document is attached to, which decides the elements it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Identity policies, permissions boundaries, session policies and service control policies: no principal, a
    /// resource in every statement.
    Identity,
    /// Resource policies, VPC endpoint policies and resource control policies: a principal in every statement; a
    /// missing resource is the one that carries the document.
    Resource,
    /// Role trust policies: a principal (no `NotPrincipal`) and no resource.
    Trust,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Identity => "an identity policy",
            Self::Resource => "a resource policy",
            Self::Trust => "a trust policy",
        })
    }
}

/// Reads a document.
///
/// # Errors
/// The first fault of the text, with its path inside the document and its place.
pub fn parse(text: &str, kind: Kind) -> Result<Document, ParseError> {
    Unread::new(text)?.read(kind)
}

/// Reads a document of which parts are unknown: its text in pieces, with holes between them.
///
/// A hole inside quotes is part of that string. A hole where a value should stand is the whole value; the table in
/// [`document`](super::document) says where that is possible. Elsewhere (a member's name outside quotes, several
/// members at once, `Version`, `Sid` and `Id` excepted) it is a [`Fault::UnknownShape`].
///
/// A hole inside quotes is taken to be one string of JSON, whatever its value. That holds for `jsonencode` and for
/// resource names; a template that puts raw text between quotes could also close the string, which the caller
/// has to exclude or report.
///
/// # Errors
/// As [`parse`].
pub fn parse_parts(parts: &[Part], kind: Kind) -> Result<Document, ParseError> {
    let source = scan::Source::new(parts);
    let node = source.scan()?;
    read::Reader::new(&source, kind).document(node)
}

/// Reads an identity policy that is part of the program, whatever its length.
pub(super) fn parse_embedded(text: &str) -> Result<Document, ParseError> {
    let source = scan::Source::of(text);
    let node = source.scan_unlimited()?;
    read::Reader::new(&source, Kind::Identity).document(node)
}

/// The kind a document must be read as when nothing else tells: see [`Unread::kind`].
///
/// # Errors
/// Where the text is not JSON.
pub fn guess_kind(text: &str) -> Result<Kind, ParseError> {
    Ok(Unread::new(text)?.kind())
}

/// A text that is JSON and of which the kind is still to be said, for where that depends on several of them.
pub struct Unread {
    source: scan::Source,
    node: scan::Node,
}

impl Unread {
    /// Of a text.
    ///
    /// # Errors
    /// Where the text is not JSON.
    pub fn new(text: &str) -> Result<Self, ParseError> {
        let source = scan::Source::of(text);
        let node = source.scan()?;
        Ok(Self { source, node })
    }

    /// The kind it must be read as when nothing else tells: where some statement names a principal it is a resource
    /// policy. Looks at the names only; the text may still be refused.
    #[must_use]
    pub fn kind(&self) -> Kind {
        if read::names_principal(&self.node) { Kind::Resource } else { Kind::Identity }
    }

    /// The document.
    ///
    /// # Errors
    /// As [`parse`].
    pub fn read(self, kind: Kind) -> Result<Document, ParseError> {
        read::Reader::new(&self.source, kind).document(self.node)
    }
}
