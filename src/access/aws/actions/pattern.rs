//! Action patterns over sorted names, without regard to case.

use std::cmp::Ordering;
use std::ops::Range;

/// The order of names in the table.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    a.bytes().map(|byte| byte.to_ascii_lowercase()).cmp(b.bytes().map(|byte| byte.to_ascii_lowercase()))
}

/// A pattern, lower case.
pub(super) struct Pattern {
    bytes: Vec<u8>,
    /// The number of bytes before the first wildcard.
    literal: usize,
}

impl Pattern {
    pub(super) fn new(text: &str) -> Self {
        let bytes = text.to_ascii_lowercase().into_bytes();
        let literal = bytes.iter().position(|byte| matches!(byte, b'*' | b'?')).unwrap_or(bytes.len());
        Self { bytes, literal }
    }

    /// The rows that begin with the pattern's literal beginning, as indices.
    pub(super) fn narrow_range<T>(&self, rows: &[T], name: impl Fn(&T) -> &'static str) -> Range<usize> {
        let prefix = self.bytes.get(..self.literal).unwrap_or_default();
        let order = |row: &T| {
            let folded = name(row).bytes().map(|byte| byte.to_ascii_lowercase());
            folded.take(prefix.len()).cmp(prefix.iter().copied())
        };
        rows.partition_point(|row| order(row) == Ordering::Less)
            ..rows.partition_point(|row| order(row) != Ordering::Greater)
    }

    /// The rows that begin with the pattern's literal beginning.
    pub(super) fn narrow<'a, T>(&self, rows: &'a [T], name: impl Fn(&T) -> &'static str) -> &'a [T] {
        rows.get(self.narrow_range(rows, name)).unwrap_or_default()
    }

    /// Whether the pattern matches the whole name. Linear for each `*`: the last one is the only one worth
    /// returning to.
    pub(super) fn matches(&self, name: &str) -> bool {
        let (pattern, name) = (self.bytes.as_slice(), name.as_bytes());
        let (mut at, mut read) = (0, 0);
        let mut star: Option<(usize, usize)> = None;
        while let Some(byte) = name.get(read) {
            match pattern.get(at) {
                Some(b'*') => {
                    star = Some((at, read));
                    at += 1;
                }
                Some(wanted) if *wanted == b'?' || *wanted == byte.to_ascii_lowercase() => {
                    at += 1;
                    read += 1;
                }
                _ => match &mut star {
                    Some((star_at, consumed)) => {
                        *consumed += 1;
                        (at, read) = (*star_at + 1, *consumed);
                    }
                    None => return false,
                },
            }
        }
        pattern.get(at..).unwrap_or_default().iter().all(|byte| *byte == b'*')
    }
}
