//! The chain of records.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::{Entry, Record, RecordError};
use crate::approval::Digest;

/// The end of a chain: how many records there are, and the digest of the last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chain {
    count: u64,
    head: Option<Digest>,
}

/// How far a ledger had got at some time, noted elsewhere. Written `12:HEX`; an empty ledger is `0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// How many records there were.
    pub count: u64,
    /// The digest of the last; `None` for none.
    pub head: Option<Digest>,
}

/// The text is not a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a checkpoint is the number of records, `:` and the digest of the last, as the check run shows it")]
pub struct CheckpointError;

/// A ledger without damage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Its records in order.
    pub records: Vec<Record>,
    /// Its end.
    pub checkpoint: Checkpoint,
}

/// What is wrong with a ledger.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// An object that is no record.
    #[error("`{name}`: {error}")]
    NoRecord {
        /// The object.
        name: String,
        /// Why.
        error: RecordError,
    },
    /// An object under another record's name.
    #[error("`{name}` holds record {seq}")]
    Misplaced {
        /// The object.
        name: String,
        /// The number in it.
        seq: u64,
    },
    /// Something that does not belong there.
    #[error("`{0}` is not the name of a record")]
    Foreign(String),
    /// A record is missing.
    #[error("record {0} is missing")]
    Missing(u64),
    /// A record does not follow the one before it.
    #[error("record {0} does not follow record {prev}", prev = .0.saturating_sub(1))]
    Broken(u64),
    /// Fewer records than there were.
    #[error("the ledger has {has} records, but had {had}: its tail was cut off")]
    Cut {
        /// How many there are.
        has: u64,
        /// How many there were.
        had: u64,
    },
    /// Another history.
    #[error("record {0} is not the one that the checkpoint names: the ledger was rewritten")]
    Rewritten(u64),
}

impl Chain {
    /// The chain that ends with this record.
    pub const fn ending_with(record: &Record) -> Self {
        Self { count: record.seq(), head: Some(record.hash()) }
    }

    /// The next record; this becomes the new end.
    ///
    /// # Errors
    /// An entry that cannot be written.
    pub fn append(&mut self, entry: Entry) -> Result<Record, RecordError> {
        let record = Record::new(self.count.saturating_add(1), self.head, entry)?;
        *self = Self::ending_with(&record);
        Ok(record)
    }

    /// The end, for noting elsewhere.
    pub const fn checkpoint(&self) -> Checkpoint {
        Checkpoint { count: self.count, head: self.head }
    }
}

/// Checks a whole ledger: every object by its name. With a checkpoint, also that its tail was not cut off.
///
/// # Errors
/// Every damage that was found.
pub fn verify<'a>(
    objects: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    checkpoint: Option<Checkpoint>,
) -> Result<Verified, Vec<Damage>> {
    let mut damage = Vec::new();
    let mut records = BTreeMap::new();
    for (name, bytes) in objects {
        let named = name
            .strip_suffix(".json")
            .filter(|digits| digits.len() == 12 && digits.bytes().all(|digit| digit.is_ascii_digit()));
        let Some(number) = named.and_then(|digits| digits.parse::<u64>().ok()).filter(|number| *number > 0) else {
            damage.push(Damage::Foreign(name.to_owned()));
            continue;
        };
        match Record::from_json(bytes) {
            Ok(record) if record.seq() == number => {
                records.insert(number, Some(record));
            }
            Ok(record) => {
                damage.push(Damage::Misplaced { name: name.to_owned(), seq: record.seq() });
                records.insert(number, None);
            }
            Err(error) => {
                damage.push(Damage::NoRecord { name: name.to_owned(), error });
                records.insert(number, None);
            }
        }
    }
    let mut before: Option<&Record> = None;
    let mut expected = 1;
    for (number, record) in &records {
        // A gap is named once, by its first and its last number, however large it is.
        if *number > expected {
            damage.push(Damage::Missing(expected));
            if *number - 1 > expected {
                damage.push(Damage::Missing(*number - 1));
            }
            before = None;
        }
        if let Some(record) = record {
            let follows = match (before, *number) {
                (_, 1) => record.prev().is_none(),
                (Some(before), _) => record.prev() == Some(before.hash()),
                // What stood before is damaged or missing, which was said already.
                (None, _) => true,
            };
            if !follows {
                damage.push(Damage::Broken(*number));
            }
        }
        before = record.as_ref();
        expected = number.saturating_add(1);
    }
    let count = records.keys().next_back().copied().unwrap_or(0);
    if let Some(noted) = checkpoint {
        if count < noted.count {
            damage.push(Damage::Cut { has: count, had: noted.count });
        } else if let Some(Some(record)) = records.get(&noted.count)
            && Some(record.hash()) != noted.head
        {
            damage.push(Damage::Rewritten(noted.count));
        }
    }
    if !damage.is_empty() {
        return Err(damage);
    }
    let records: Vec<Record> = records.into_values().flatten().collect();
    let head = records.last().map(Record::hash);
    Ok(Verified { records, checkpoint: Checkpoint { count, head } })
}

impl Verified {
    /// The ledger as JSON Lines: each record as it is stored.
    ///
    /// # Errors
    /// A record that cannot be written.
    pub fn export(&self) -> Result<String, RecordError> {
        self.records.iter().try_fold(String::new(), |mut text, record| {
            text.push_str(&record.to_json()?);
            text.push('\n');
            Ok(text)
        })
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.head {
            Some(head) => write!(f, "{}:{head}", self.count),
            None => f.write_str("0"),
        }
    }
}

impl FromStr for Checkpoint {
    type Err = CheckpointError;

    fn from_str(text: &str) -> Result<Self, CheckpointError> {
        if text == "0" {
            return Ok(Self { count: 0, head: None });
        }
        let (count, head) = text.split_once(':').ok_or(CheckpointError)?;
        if count.is_empty() || count.starts_with('0') || !count.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(CheckpointError);
        }
        let (count, head) = (count.parse().map_err(|_| CheckpointError)?, head.parse().map_err(|_| CheckpointError)?);
        Ok(Self { count, head: Some(head) })
    }
}
