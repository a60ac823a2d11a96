//! Skips a JSON container 64 bytes at a time: strings and brackets only.
//!
//! The method is simdjson's (Langdale and Lemire, "Parsing gigabytes of JSON per second", 2019), with safe vector
//! types: compare 64 bytes with each interesting character, turn the results into bit masks, and work on those.

use std::io::Read;

use wide::u8x16;

use super::{MAX_DEPTH, Result, Scanner};
use crate::plan::error::ReadError;

impl<R: Read> Scanner<R> {
    /// Skips an object or array by its brackets alone.
    pub(super) fn skip_container(&mut self) -> Result<()> {
        // Most containers that are skipped are empty.
        if let Some([b'{', b'}'] | [b'[', b']']) = self.rest().get(..2) {
            self.pos += 2;
            return Ok(());
        }
        self.brackets.start(MAX_DEPTH - self.depth);
        loop {
            let rest = self.buffer.get(self.pos..self.end).unwrap_or_default();
            let (blocks, _) = rest.as_chunks::<{ Block::SIZE }>();
            let mut done = 0;
            for block in blocks {
                if let Some(step) = self.brackets.step(block, Block::SIZE) {
                    let at = self.pos + done;
                    return self.leave(at, step);
                }
                done += Block::SIZE;
            }
            self.pos += done;
            if self.rest().len() >= Block::SIZE || self.fill()? {
                continue;
            }
            let mut last = [b' '; Block::SIZE];
            let rest = self.rest();
            let len = rest.len();
            for (to, from) in last.iter_mut().zip(rest) {
                *to = *from;
            }
            return match self.brackets.step(&last, len) {
                Some(step) => self.leave(self.pos, step),
                None => Err(self.truncated("an object, array or string is open")),
            };
        }
    }

    /// Ends a skip at the outcome that the block starting at `at` gave.
    fn leave(&mut self, at: usize, step: Step) -> Result<()> {
        match step {
            Step::Closed(after) => {
                self.pos = at + after;
                Ok(())
            }
            Step::Mismatch(offset) => {
                self.pos = at + offset;
                self.syntax("a bracket closes what another kind of bracket opened")
            }
            Step::Control(offset) => {
                self.pos = at + offset;
                self.syntax("a string holds a raw control character")
            }
            Step::Backslash(offset) => {
                self.pos = at + offset;
                self.syntax("a backslash stands outside a string")
            }
            Step::TooDeep(offset) => {
                self.pos = at + offset;
                Err(ReadError::TooDeep { limit: MAX_DEPTH, at: self.here() })
            }
        }
    }
}

/// The unit of work.
struct Block;

impl Block {
    /// Bytes in a block: one bit each in a `u64`.
    const SIZE: usize = 64;
}

/// What ended a skip; offsets are within the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// The container closed; the offset is the first byte behind it.
    Closed(usize),
    /// A `]` for a `{`, or the other way round.
    Mismatch(usize),
    /// A byte below 0x20 inside a string.
    Control(usize),
    /// A backslash outside a string.
    Backslash(usize),
    /// One bracket more than the limit.
    TooDeep(usize),
}

/// Deepest nesting that can be asked for.
const LEVELS: usize = 256;

/// The state between blocks.
pub(super) struct Brackets {
    /// Open brackets, by kind.
    open: [u8; LEVELS],
    depth: usize,
    limit: usize,
    /// All ones while a string is open.
    in_string: u64,
    /// One when the next byte is escaped by a backslash.
    escaped: u64,
}

impl Brackets {
    pub(super) fn new() -> Self {
        Self { open: [0; LEVELS], depth: 0, limit: 0, in_string: 0, escaped: 0 }
    }

    /// Begins a skip that accepts `limit` levels.
    fn start(&mut self, limit: usize) {
        (self.depth, self.limit, self.in_string, self.escaped) = (0, limit.min(LEVELS), 0, 0);
    }

    /// Takes the next block, of which the first `len` bytes count. The first byte of the first block is a bracket.
    #[inline]
    fn step(&mut self, block: &[u8; Block::SIZE], len: usize) -> Option<Step> {
        let masks = Masks::of(block);
        let quotes = masks.quote & !self.escapes(masks.backslash);
        // A bit is set from an opening quote up to, not including, the closing one.
        let strings = prefix_xor(quotes) ^ self.in_string;
        self.in_string = ((strings as i64) >> 63) as u64;
        let bad = (masks.control & strings) | (masks.backslash & !strings);
        let mut brackets = masks.bracket & !strings;
        while brackets != 0 {
            let at = brackets.trailing_zeros() as usize;
            brackets &= brackets - 1;
            let byte = block.get(at).copied().unwrap_or_default();
            // `{` and `[` have the bit 0b10 alone, `}` and `]` have it clear: 0x7b 0x5b, 0x7d 0x5d.
            if byte & 2 != 0 {
                match self.open.get_mut(self.depth) {
                    Some(slot) if self.depth < self.limit => *slot = byte,
                    _ => return Some(masks.first(bad, at).unwrap_or(Step::TooDeep(at))),
                }
                self.depth += 1;
            } else {
                self.depth = self.depth.wrapping_sub(1);
                // The closing bracket follows the opening one by two in ASCII.
                if self.open.get(self.depth).copied() != Some(byte.wrapping_sub(2)) {
                    return Some(masks.first(bad, at).unwrap_or(Step::Mismatch(at)));
                }
                if self.depth == 0 {
                    return Some(masks.first(bad, at).unwrap_or(Step::Closed(at + 1)));
                }
            }
        }
        if bad == 0 { None } else { masks.first(bad, len) }
    }

    /// The bytes that a backslash escapes.
    #[inline]
    fn escapes(&mut self, backslash: u64) -> u64 {
        const EVEN: u64 = 0x5555_5555_5555_5555;
        if backslash == 0 {
            return std::mem::take(&mut self.escaped);
        }
        let backslash = backslash & !self.escaped;
        let follows = backslash << 1 | self.escaped;
        let odd_starts = backslash & !EVEN & !follows;
        let (sequences, overflow) = odd_starts.overflowing_add(backslash);
        self.escaped = u64::from(overflow);
        (EVEN ^ sequences << 1) & follows
    }
}

/// Each bit becomes the parity of the bits up to it.
#[inline]
fn prefix_xor(mut bits: u64) -> u64 {
    bits ^= bits << 1;
    bits ^= bits << 2;
    bits ^= bits << 4;
    bits ^= bits << 8;
    bits ^= bits << 16;
    bits ^ bits << 32
}

/// A bit for each byte of a block.
struct Masks {
    quote: u64,
    backslash: u64,
    bracket: u64,
    control: u64,
}

impl Masks {
    /// The first bad byte, when it stands before `end`.
    #[cold]
    fn first(&self, bad: u64, end: usize) -> Option<Step> {
        let at = bad.trailing_zeros() as usize;
        let backslash = self.backslash.checked_shr(bad.trailing_zeros()).unwrap_or(0) & 1 == 1;
        (at < end).then_some(if backslash { Step::Backslash(at) } else { Step::Control(at) })
    }

    #[inline]
    fn of(block: &[u8; Block::SIZE]) -> Self {
        let mut masks = Self { quote: 0, backslash: 0, bracket: 0, control: 0 };
        let (lanes, _) = block.as_chunks::<16>();
        for (lane, bytes) in lanes.iter().enumerate() {
            let bytes = u8x16::new(*bytes);
            let at = lane * 16;
            // Bit 0x20 tells `[` from `{` and `]` from `}`; nothing else falls on them.
            let folded = bytes | u8x16::splat(0x20);
            let bracket = folded.simd_eq(u8x16::splat(b'{')) | folded.simd_eq(u8x16::splat(b'}'));
            let control = bytes.min(u8x16::splat(0x1f)).simd_eq(bytes);
            masks.quote |= u64::from(bytes.simd_eq(u8x16::splat(b'"')).to_bitmask()) << at;
            masks.backslash |= u64::from(bytes.simd_eq(u8x16::splat(b'\\')).to_bitmask()) << at;
            masks.bracket |= u64::from(bracket.to_bitmask()) << at;
            masks.control |= u64::from(control.to_bitmask()) << at;
        }
        masks
    }
}
