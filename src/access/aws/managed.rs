//! The policies that AWS manages, with their documents.
//!
//! Taken from moto's collection (Apache-2.0; see `THIRD_PARTY.md`) by `cargo xtask aws-managed`. AWS changes these
//! policies without asking; what is here is what stood on [`ManagedPolicies::date`].
//!
//! The file: two lines of text (a mark; `package version date licence`), a line with lengths in bytes, then that
//! many pieces of raw deflate: the index, and blocks of documents. A line of the index is
//! `name path version block start length`. Looking a policy up opens the index and one block of some 64 kB.

use std::io::Read as _;
use std::sync::OnceLock;

use flate2::bufread::DeflateDecoder;

use super::document::Document;
use super::parse::{ParseError, parse_embedded};

static EMBEDDED: OnceLock<ManagedPolicies> = OnceLock::new();

const MARK: &str = "tollgate aws managed policies 1";

/// The largest piece that is opened; the real ones have under 300 kB.
const MAX_PIECE: u64 = 8 << 20;

/// The collection.
#[derive(Debug)]
pub struct ManagedPolicies {
    source: String,
    date: String,
    /// Sorted by name.
    rows: Vec<Row>,
    blocks: Vec<&'static [u8]>,
}

#[derive(Debug)]
struct Row {
    name: String,
    path: String,
    version: u32,
    block: usize,
    start: usize,
    length: usize,
}

/// One policy.
#[derive(Clone, Copy, Debug)]
pub struct ManagedPolicy<'a> {
    collection: &'a ManagedPolicies,
    row: &'a Row,
}

impl ManagedPolicies {
    /// The collection compiled into the program.
    #[expect(clippy::expect_used, reason = "the embedded collection is constant, and a test reads it")]
    pub fn embedded() -> &'static Self {
        EMBEDDED
            .get_or_init(|| Self::read(include_bytes!("data/managed.bin")).expect("the embedded collection is whole"))
    }

    fn read(bytes: &'static [u8]) -> Option<Self> {
        let mut lines = bytes.splitn(4, |byte| *byte == b'\n');
        let mut line = || lines.next().and_then(|line| std::str::from_utf8(line).ok());
        line().filter(|mark| *mark == MARK)?;
        let mut head = line()?.split(' ');
        let source = format!("{} {}", head.next()?, head.next()?);
        let date = head.next()?.to_owned();
        let lengths: Vec<usize> = line()?.split(' ').map(|length| length.parse().ok()).collect::<Option<_>>()?;
        let mut rest = lines.next()?;
        let mut blocks = Vec::with_capacity(lengths.len());
        for length in lengths {
            let (piece, after) = rest.split_at_checked(length)?;
            blocks.push(piece);
            rest = after;
        }
        let index = inflated(blocks.first()?)?;
        blocks.remove(0);
        let rows = index.lines().map(Row::read).collect::<Option<Vec<_>>>()?;
        Some(Self { source, date, rows, blocks })
    }

    /// Package and version the collection was made from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The day of the newest policy in it, as `2026-09-30`.
    pub fn date(&self) -> &str {
        &self.date
    }

    /// All policies, by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = ManagedPolicy<'_>> {
        self.rows.iter().map(|row| ManagedPolicy { collection: self, row })
    }

    /// The policy of this name; names mind case.
    pub fn by_name(&self, name: &str) -> Option<ManagedPolicy<'_>> {
        let at = self.rows.binary_search_by(|row| row.name.as_str().cmp(name)).ok()?;
        self.rows.get(at).map(|row| ManagedPolicy { collection: self, row })
    }

    /// The policy of this ARN, in any partition.
    pub fn by_arn(&self, arn: &str) -> Option<ManagedPolicy<'_>> {
        let mut segments = arn.splitn(6, ':');
        let head = [segments.next()?, segments.next()?, segments.next()?, segments.next()?, segments.next()?];
        if head[0] != "arn" || !head[1].starts_with("aws") || head[2..] != ["iam", "", "aws"] {
            return None;
        }
        let resource = segments.next()?.strip_prefix("policy")?;
        let policy = self.by_name(resource.rsplit('/').next()?)?;
        (resource.strip_suffix(policy.name()) == Some(policy.path())).then_some(policy)
    }
}

impl Row {
    fn read(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let row = Self {
            name: words.next()?.to_owned(),
            path: words.next()?.to_owned(),
            version: words.next()?.parse().ok()?,
            block: words.next()?.parse().ok()?,
            start: words.next()?.parse().ok()?,
            length: words.next()?.parse().ok()?,
        };
        words.next().is_none().then_some(row)
    }
}

impl<'a> ManagedPolicy<'a> {
    /// Its name, such as `AdministratorAccess`.
    pub fn name(self) -> &'a str {
        &self.row.name
    }

    /// Its path: `/`, `/job-function/`, `/service-role/`, `/aws-service-role/`.
    pub fn path(self) -> &'a str {
        &self.row.path
    }

    /// Its ARN in the partition `aws`.
    pub fn arn(self) -> String {
        format!("arn:aws:iam::aws:policy{}{}", self.row.path, self.row.name)
    }

    /// The number of the version that the document is of.
    pub fn version(self) -> u32 {
        self.row.version
    }

    /// The document as JSON on one line. Opens its block on each call.
    pub fn json(self) -> Option<String> {
        let block = inflated(self.collection.blocks.get(self.row.block)?)?;
        block.get(self.row.start..self.row.start + self.row.length).map(str::to_owned)
    }

    /// The document. Some are longer than [`MAX_BYTES`](super::parse::MAX_BYTES), to which the limit does not apply.
    ///
    /// # Errors
    /// When AWS writes something the parser does not know; a test reads all of them.
    pub fn document(self) -> Result<Document, ParseError> {
        parse_embedded(&self.json().unwrap_or_default())
    }
}

fn inflated(bytes: &[u8]) -> Option<String> {
    let mut text = String::new();
    DeflateDecoder::new(bytes).take(MAX_PIECE).read_to_string(&mut text).ok()?;
    Some(text)
}
