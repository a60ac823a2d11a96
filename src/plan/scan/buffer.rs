//! The text in memory: filled, forgotten, marked, and located for messages.

use std::io::Read;

use super::{MAX_DEPTH, Mark, Result, Scanner};
use crate::plan::error::{Position, ReadError};
use crate::plan::intake::ROOM;

impl<R: Read> Scanner<R> {
    /// Brings more text in; `false` at the end of the input.
    pub(super) fn fill(&mut self) -> Result<bool> {
        if self.ended {
            return Ok(false);
        }
        let keep = self.marks.first().map_or(self.pos, |(pos, _)| *pos);
        if keep > 0 && (keep == self.pos || keep >= self.buffer.len() / 2) {
            self.forget(keep);
        }
        if self.buffer.len() - self.end < ROOM.max(self.buffer.len() / 4) {
            self.buffer.resize((self.buffer.len() * 2).max(self.end + ROOM), 0);
        }
        let count = self.intake.fill(&mut self.buffer, self.end)?;
        self.end += count;
        self.ended = count == 0;
        Ok(count > 0)
    }

    /// Drops the text before `keep`.
    pub(super) fn forget(&mut self, keep: usize) {
        let gone = self.buffer.get(..keep).unwrap_or_default();
        let lines = memchr::memchr_iter(b'\n', gone).count() as u64;
        self.gone_lines += lines;
        if lines > 0
            && let Some(last) = memchr::memrchr(b'\n', gone)
        {
            self.line_start = self.gone + last as u64 + 1;
        }
        self.gone += keep as u64;
        self.buffer.copy_within(keep..self.end, 0);
        self.end -= keep;
        self.pos -= keep;
        for (pos, _) in &mut self.marks {
            *pos -= keep;
        }
    }

    /// The text not yet read.
    pub(super) fn rest(&self) -> &[u8] {
        self.buffer.get(self.pos..self.end).unwrap_or_default()
    }

    /// The next byte, not consumed; `None` at the end.
    pub(super) fn peek(&mut self) -> Result<Option<u8>> {
        loop {
            if let Some(byte) = self.rest().first() {
                return Ok(Some(*byte));
            }
            if !self.fill()? {
                return Ok(None);
            }
        }
    }

    /// The next byte, consumed.
    pub(super) fn bump(&mut self, what: &'static str) -> Result<u8> {
        match self.peek()? {
            Some(byte) => {
                self.pos += 1;
                Ok(byte)
            }
            None => Err(self.truncated(what)),
        }
    }

    /// The next byte that is not white space, not consumed.
    #[inline]
    pub(in crate::plan) fn next_token(&mut self) -> Result<Option<u8>> {
        match self.rest().first() {
            Some(byte) if *byte > b' ' => Ok(Some(*byte)),
            _ => self.blank(),
        }
    }

    /// Consumes white space, and brings text in when there is none left.
    fn blank(&mut self) -> Result<Option<u8>> {
        loop {
            let rest = self.rest();
            match rest.iter().position(|byte| !matches!(byte, b' ' | b'\n' | b'\r' | b'\t')) {
                Some(blank) => {
                    let byte = rest.get(blank).copied();
                    self.pos += blank;
                    return Ok(byte);
                }
                None => {
                    self.pos = self.end;
                    if !self.fill()? {
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// Keeps the text from here on, so that [`Scanner::rewind`] can come back.
    pub(in crate::plan) fn mark(&mut self) -> Mark {
        self.marks.push((self.pos, self.depth));
        Mark(self.marks.len())
    }

    /// Goes back to the place of the mark and gives the mark up.
    pub(in crate::plan) fn rewind(&mut self, mark: &Mark) {
        if let Some((pos, depth)) = self.marks.get(mark.0 - 1) {
            (self.pos, self.depth) = (*pos, *depth);
        }
        self.release(mark);
    }

    /// Gives a mark up.
    pub(in crate::plan) fn release(&mut self, mark: &Mark) {
        self.marks.truncate(mark.0 - 1);
    }

    /// The text since the mark.
    pub(in crate::plan) fn since(&self, mark: &Mark) -> &[u8] {
        self.marks.get(mark.0 - 1).and_then(|(from, _)| self.buffer.get(*from..self.pos)).unwrap_or_default()
    }

    /// How much text stands since the mark.
    pub(in crate::plan) fn length(&self, mark: &Mark) -> usize {
        self.since(mark).len()
    }

    /// Where a byte of the buffer stands in the text.
    pub(super) fn position(&self, pos: usize) -> Position {
        let before = self.buffer.get(..pos).unwrap_or_default();
        let lines = memchr::memchr_iter(b'\n', before).count() as u64;
        let line_start = memchr::memrchr(b'\n', before).map_or(self.line_start, |last| self.gone + last as u64 + 1);
        let offset = self.gone + pos as u64;
        Position { line: self.gone_lines + lines + 1, column: offset - line_start + 1, offset }
    }

    /// Where the parser stands.
    pub(in crate::plan) fn here(&self) -> Position {
        self.position(self.pos)
    }

    pub(super) fn truncated(&self, what: &'static str) -> ReadError {
        ReadError::Truncated { what, at: self.position(self.end) }
    }

    pub(super) fn syntax<T>(&self, what: &'static str) -> Result<T> {
        Err(ReadError::Syntax { what, at: self.here() })
    }

    /// The error for a member of the wrong type, at the place where the parser stands.
    pub(in crate::plan) fn shape<T>(&self, member: &'static str, expected: &'static str) -> Result<T> {
        Err(ReadError::Shape { member, expected, at: self.here() })
    }

    pub(super) fn descend(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(ReadError::TooDeep { limit: MAX_DEPTH, at: self.here() });
        }
        Ok(())
    }

    /// The rest of the line (at most 16 bytes of it are looked at), not consumed.
    pub(in crate::plan) fn line_head(&mut self) -> Result<String> {
        while self.rest().len() < 16 && self.fill()? {}
        let head: Vec<u8> = self.rest().iter().copied().take(16).take_while(|byte| *byte != b'\n').collect();
        Ok(String::from_utf8_lossy(&head).into_owned())
    }

    /// Skips to behind the next line feed, or to the end.
    pub(in crate::plan) fn skip_line(&mut self) -> Result<()> {
        loop {
            match memchr::memchr(b'\n', self.rest()) {
                Some(end) => {
                    self.pos += end + 1;
                    return Ok(());
                }
                None => {
                    self.pos = self.end;
                    if !self.fill()? {
                        return Ok(());
                    }
                }
            }
        }
    }
}
