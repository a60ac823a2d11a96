//! Bytes in, checked UTF-8 out: byte order marks, UTF-16, and the digest of what was read.

use std::io::Read;

use super::digest::Hasher;
use super::error::ReadError;

/// How the bytes encode text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Utf8,
    Utf16 { big_endian: bool },
}

/// Reads bytes, hashes them, and gives out UTF-8 that is whole characters at every border.
pub(super) struct Intake<R> {
    reader: R,
    hasher: Hasher,
    encoding: Option<Encoding>,
    /// Bytes read from the reader, for messages.
    taken: u64,
    /// Bytes that were read but do not make a whole character yet.
    carry: Vec<u8>,
    ended: bool,
}

/// The longest text that says which container or encoding a file has.
const SNIFF: usize = 4;

/// Room that [`Intake::fill`] needs in the buffer: what is carried over, and one byte more.
pub(super) const ROOM: usize = 8;

impl<R: Read> Intake<R> {
    pub(super) fn new(reader: R, hashed: bool) -> Self {
        Self { reader, hasher: Hasher::new(hashed), encoding: None, taken: 0, carry: Vec::new(), ended: false }
    }

    /// The SHA-256 of every byte read, `None` when it was not wanted.
    pub(super) fn digest(self) -> Result<Option<[u8; 32]>, ReadError> {
        Ok(self.hasher.finish()?)
    }

    /// Puts text into `buffer` from `end` on, where there is room for at least [`ROOM`] bytes; gives its length.
    /// Zero means the end of the input.
    pub(super) fn fill(&mut self, buffer: &mut Vec<u8>, end: usize) -> Result<usize, ReadError> {
        let encoding = match self.encoding {
            Some(encoding) => encoding,
            None => self.open()?,
        };
        match encoding {
            Encoding::Utf8 => self.fill_utf8(buffer, end),
            Encoding::Utf16 { big_endian } => self.fill_utf16(buffer, end, big_endian),
        }
    }

    /// Reads the first bytes and decides what they are.
    fn open(&mut self) -> Result<Encoding, ReadError> {
        let mut head = Vec::with_capacity(SNIFF);
        while head.len() < SNIFF {
            let from = head.len();
            head.resize(SNIFF, 0);
            let count = self.read_once(&mut head, from)?;
            head.truncate(from + count);
            if count == 0 {
                break;
            }
        }
        let (encoding, mark) = match head.as_slice() {
            [] => return Err(ReadError::Empty),
            [0x1f, 0x8b, ..] => return Err(ReadError::Gzip),
            [b'P', b'K', 3, 4] | [b'P', b'K', 5, 6] => return Err(ReadError::BinaryPlan),
            [0xff, 0xfe, 0, 0] | [0, 0, 0xfe, 0xff] => return Err(ReadError::WideWithoutMark),
            [0xef, 0xbb, 0xbf, ..] => (Encoding::Utf8, 3),
            [0xff, 0xfe, ..] => (Encoding::Utf16 { big_endian: false }, 2),
            [0xfe, 0xff, ..] => (Encoding::Utf16 { big_endian: true }, 2),
            [0, ..] | [_, 0, ..] => return Err(ReadError::WideWithoutMark),
            _ => (Encoding::Utf8, 0),
        };
        self.carry.extend(head.iter().skip(mark));
        self.encoding = Some(encoding);
        Ok(encoding)
    }

    /// One successful read into `buffer[from..]`, hashed. Zero means the end.
    fn read_once(&mut self, buffer: &mut [u8], from: usize) -> Result<usize, ReadError> {
        let Some(space) = buffer.get_mut(from..) else { return Ok(0) };
        if self.ended || space.is_empty() {
            return Ok(0);
        }
        loop {
            match self.reader.read(space) {
                Ok(count) => {
                    self.ended = count == 0;
                    self.taken += count as u64;
                    self.hasher.update(space.get(..count).unwrap_or_default());
                    return Ok(count);
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn fill_utf8(&mut self, buffer: &mut [u8], end: usize) -> Result<usize, ReadError> {
        let mut held = 0;
        loop {
            for byte in self.carry.drain(..) {
                if let Some(slot) = buffer.get_mut(end + held) {
                    *slot = byte;
                    held += 1;
                }
            }
            let count = self.read_once(buffer, end + held)?;
            held += count;
            let fresh = buffer.get(end..end + held).unwrap_or_default();
            if fresh.is_ascii() {
                return Ok(held);
            }
            match std::str::from_utf8(fresh) {
                Ok(_) => return Ok(held),
                Err(error) if error.error_len().is_none() && count > 0 => {
                    self.carry.extend(fresh.iter().skip(error.valid_up_to()));
                    if error.valid_up_to() > 0 {
                        return Ok(error.valid_up_to());
                    }
                    held = 0;
                }
                Err(error) => {
                    let offset = self.taken - (held - error.valid_up_to()) as u64;
                    return Err(ReadError::Encoding { encoding: "UTF-8", offset });
                }
            }
        }
    }

    fn fill_utf16(&mut self, buffer: &mut Vec<u8>, end: usize, big_endian: bool) -> Result<usize, ReadError> {
        // A unit of two bytes becomes at most three.
        let want = (buffer.len().saturating_sub(end) / 3 * 2).max(4);
        loop {
            let mut raw = std::mem::take(&mut self.carry);
            let from = raw.len();
            raw.resize(from + want, 0);
            let count = self.read_once(&mut raw, from)?;
            raw.truncate(from + count);
            let (pairs, rest) = raw.as_chunks::<2>();
            let units: Vec<u16> = pairs
                .iter()
                .map(|pair| if big_endian { u16::from_be_bytes(*pair) } else { u16::from_le_bytes(*pair) })
                .collect();
            let (mut used, mut broken, mut text) = (0, false, String::new());
            for unit in char::decode_utf16(units.iter().copied()) {
                match unit {
                    Ok(c) => {
                        used += c.len_utf16();
                        text.push(c);
                    }
                    Err(_) => {
                        // A high surrogate at the very end may find its partner in the next read.
                        broken = used + 1 < units.len() || count == 0 || !is_high(units.get(used).copied());
                        break;
                    }
                }
            }
            if broken || (count == 0 && !rest.is_empty()) {
                let offset = self.taken - (raw.len() - used * 2) as u64;
                return Err(ReadError::Encoding { encoding: "UTF-16", offset });
            }
            self.carry = raw.split_off(used * 2);
            if !text.is_empty() || count == 0 {
                if buffer.len() < end + text.len() {
                    buffer.resize(end + text.len(), 0);
                }
                if let Some(space) = buffer.get_mut(end..end + text.len()) {
                    space.copy_from_slice(text.as_bytes());
                }
                return Ok(text.len());
            }
        }
    }
}

/// Whether a UTF-16 unit opens a surrogate pair.
fn is_high(unit: Option<u16>) -> bool {
    unit.is_some_and(|unit| (0xd800..0xdc00).contains(&unit))
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::*;

    /// Gives at most `step` bytes a read.
    struct Trickle<'a>(&'a [u8], usize);

    impl Read for Trickle<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let count = self.1.min(buffer.len()).min(self.0.len());
            buffer[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    fn decode(bytes: &[u8], step: usize, want: usize) -> Result<String, ReadError> {
        let mut intake = Intake::new(Trickle(bytes, step), true);
        let (mut buffer, mut end) = (Vec::new(), 0);
        loop {
            buffer.resize(end + want.max(ROOM), 0);
            let count = intake.fill(&mut buffer, end)?;
            assert!(std::str::from_utf8(&buffer[end..end + count]).is_ok(), "borders fall between characters");
            end += count;
            if count == 0 {
                let digest: [u8; 32] = Sha256::digest(bytes).into();
                assert_eq!(intake.digest().unwrap(), Some(digest));
                buffer.truncate(end);
                return Ok(String::from_utf8(buffer).unwrap());
            }
        }
    }

    fn utf16(text: &str, big_endian: bool) -> Vec<u8> {
        std::iter::once(0xfeff)
            .chain(text.encode_utf16())
            .flat_map(|unit| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() })
            .collect()
    }

    #[test]
    fn every_encoding_at_every_chunk_size() {
        let text = "{\"ü/ñ 🙂 \u{fffd}\": \"日本\"}";
        let mut marked = vec![0xef, 0xbb, 0xbf];
        marked.extend(text.as_bytes());
        for step in 1..24 {
            for want in [8, 9, 11, 64] {
                assert_eq!(decode(text.as_bytes(), step, want).unwrap(), text);
                assert_eq!(decode(&marked, step, want).unwrap(), text);
                assert_eq!(decode(&utf16(text, true), step, want).unwrap(), text);
                assert_eq!(decode(&utf16(text, false), step, want).unwrap(), text);
            }
        }
    }

    #[test]
    fn broken_text_is_refused_where_it_breaks() {
        for step in [1, 2, 3, 64] {
            let at = |bytes: &[u8]| match decode(bytes, step, 64) {
                Err(ReadError::Encoding { offset, .. }) => offset,
                other => panic!("{other:?}"),
            };
            assert_eq!(at(b"abcd\xffef"), 4);
            assert_eq!(at(b"abcde\xc3"), 5);
            assert_eq!(at(b"abcde\xe2\x82x"), 5);
            assert_eq!(at(&[0xff, 0xfe, b'a', 0, 0x00, 0xd8, b'b', 0]), 4);
            assert_eq!(at(&[0xff, 0xfe, b'a', 0, 0x00, 0xdc]), 4);
            assert_eq!(at(&[0xff, 0xfe, b'a', 0, b'b']), 4);
        }
    }

    #[test]
    fn containers_are_named() {
        assert!(matches!(decode(b"", 9, 9), Err(ReadError::Empty)));
        assert!(matches!(decode(b"\x1f\x8b\x08\x00", 1, 9), Err(ReadError::Gzip)));
        assert!(matches!(decode(b"PK\x03\x04xx", 1, 9), Err(ReadError::BinaryPlan)));
        assert!(matches!(decode(b"{\0}\0", 1, 9), Err(ReadError::WideWithoutMark)));
        assert!(matches!(decode(b"\0{\0}", 1, 9), Err(ReadError::WideWithoutMark)));
    }
}
