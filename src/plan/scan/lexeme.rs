//! Strings, numbers and literals.

use std::io::Read;

use wide::u8x16;

use super::{Result, Scanner};

impl<R: Read> Scanner<R> {
    pub(super) fn literal(&mut self, word: &'static str) -> Result<()> {
        if let Some(rest) = self.rest().strip_prefix(word.as_bytes())
            && matches!(rest.first(), Some(b',' | b']' | b'}'))
        {
            self.pos += word.len();
            return Ok(());
        }
        for expected in word.bytes() {
            match self.peek()? {
                Some(byte) if byte == expected => self.pos += 1,
                Some(_) => return self.syntax("a value is missing or has an unknown form"),
                None => return Err(self.truncated("a value is open")),
            }
        }
        self.delimited()
    }

    /// A literal or number has to end where a value can end.
    pub(super) fn delimited(&mut self) -> Result<()> {
        match self.peek()? {
            None | Some(b' ' | b'\n' | b'\r' | b'\t' | b',' | b']' | b'}') => Ok(()),
            Some(_) => self.syntax("a value has text behind it"),
        }
    }

    /// Reads a number into [`Scanner::text`].
    pub(super) fn read_number(&mut self) -> Result<()> {
        self.text.clear();
        if self.peek()? == Some(b'-') {
            self.take_number_byte(b'-');
        }
        match self.peek()? {
            Some(b'0') => self.take_number_byte(b'0'),
            Some(b'1'..=b'9') => self.digits()?,
            Some(_) => return self.syntax("a number is not valid"),
            None => return Err(self.truncated("a number is open")),
        }
        if self.peek()? == Some(b'.') {
            self.take_number_byte(b'.');
            self.digits()?;
        }
        if let Some(e @ (b'e' | b'E')) = self.peek()? {
            self.take_number_byte(e);
            if let Some(sign @ (b'+' | b'-')) = self.peek()? {
                self.take_number_byte(sign);
            }
            self.digits()?;
        }
        self.delimited()
    }

    pub(super) fn take_number_byte(&mut self, byte: u8) {
        self.text.push(char::from(byte));
        self.pos += 1;
    }

    /// One digit at least.
    pub(super) fn digits(&mut self) -> Result<()> {
        let mut any = false;
        while let Some(digit @ b'0'..=b'9') = self.peek()? {
            self.take_number_byte(digit);
            any = true;
        }
        if any {
            return Ok(());
        }
        match self.peek()? {
            Some(_) => self.syntax("a number is not valid"),
            None => Err(self.truncated("a number is open")),
        }
    }

    /// The length of the string that starts here, when it ends within the buffer and needs no decoding.
    #[inline]
    pub(super) fn plain_string(&self) -> Option<usize> {
        let rest = self.buffer.get(self.pos + 1..self.end)?;
        let (lanes, tail) = rest.as_chunks::<16>();
        let mut len = 0;
        for lane in lanes {
            let bytes = u8x16::new(*lane);
            let stop = bytes.simd_eq(u8x16::splat(b'"'))
                | bytes.simd_eq(u8x16::splat(b'\\'))
                | bytes.min(u8x16::splat(0x1f)).simd_eq(bytes);
            let stop = stop.to_bitmask();
            if stop != 0 {
                let at = stop.trailing_zeros() as usize;
                return (lane.get(at) == Some(&b'"')).then_some(len + at);
            }
            len += 16;
        }
        let stop = tail.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20))?;
        (tail.get(stop) == Some(&b'"')).then_some(len + stop)
    }

    /// Skips a string; what stands behind a backslash is not looked at.
    pub(super) fn skip_string(&mut self) -> Result<()> {
        const OPEN: &str = "a string is open";
        if let Some(len) = self.plain_string() {
            self.pos += len + 2;
            return Ok(());
        }
        self.bump(OPEN)?;
        loop {
            let rest = self.rest();
            let stop = memchr::memchr2(b'"', b'\\', rest);
            let plain = rest.get(..stop.unwrap_or(rest.len())).unwrap_or_default();
            if let Some(control) = plain.iter().position(|byte| *byte < 0x20) {
                self.pos += control;
                return self.syntax("a string holds a raw control character");
            }
            self.pos += plain.len();
            match stop {
                None => {
                    if !self.fill()? {
                        return Err(self.truncated(OPEN));
                    }
                }
                Some(_) => {
                    if self.bump(OPEN)? == b'"' {
                        return Ok(());
                    }
                    if self.bump(OPEN)? < 0x20 {
                        self.pos -= 1;
                        return self.syntax("a string holds a raw control character");
                    }
                }
            }
        }
    }

    /// Reads a string into [`Scanner::text`], escapes decoded.
    pub(super) fn read_string(&mut self) -> Result<()> {
        const OPEN: &str = "a string is open";
        self.text.clear();
        if let Some(len) = self.plain_string() {
            let start = self.pos + 1;
            let plain = self.buffer.get(start..start + len).unwrap_or_default();
            // Both ends are ASCII: whole characters.
            if let Ok(plain) = std::str::from_utf8(plain) {
                self.text.push_str(plain);
                self.pos = start + len + 1;
                return Ok(());
            }
        }
        self.bump(OPEN)?;
        loop {
            let rest = self.buffer.get(self.pos..self.end).unwrap_or_default();
            let stop = memchr::memchr2(b'"', b'\\', rest);
            let plain = rest.get(..stop.unwrap_or(rest.len())).unwrap_or_default();
            if let Some(control) = plain.iter().position(|byte| *byte < 0x20) {
                self.pos += control;
                return self.syntax("a string holds a raw control character");
            }
            // Both ends are ASCII or borders of the intake: whole characters.
            match std::str::from_utf8(plain) {
                Ok(plain) => self.text.push_str(plain),
                Err(_) => return self.syntax("a string is not UTF-8"),
            }
            self.pos += plain.len();
            match stop {
                None => {
                    if !self.fill()? {
                        return Err(self.truncated(OPEN));
                    }
                }
                Some(_) => {
                    if self.bump(OPEN)? == b'"' {
                        return Ok(());
                    }
                    self.escape()?;
                }
            }
        }
    }

    /// Decodes what follows a backslash.
    pub(super) fn escape(&mut self) -> Result<()> {
        const OPEN: &str = "a string is open";
        let c = match self.bump(OPEN)? {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let unit = self.hex()?;
                let pair = if (0xd800..0xdc00).contains(&unit) {
                    if self.bump(OPEN)? != b'\\' || self.bump(OPEN)? != b'u' {
                        return self.syntax("an escape names half a character");
                    }
                    [unit, self.hex()?]
                } else {
                    [unit, 0]
                };
                let used = if pair[1] == 0 && !(0xd800..0xdc00).contains(&unit) { 1 } else { 2 };
                match char::decode_utf16(pair.into_iter().take(used)).next() {
                    Some(Ok(c)) => c,
                    _ => return self.syntax("an escape names half a character"),
                }
            }
            _ => return self.syntax("a backslash is followed by an unknown escape"),
        };
        self.text.push(c);
        Ok(())
    }

    /// Four hexadecimal digits.
    pub(super) fn hex(&mut self) -> Result<u16> {
        let mut unit = 0u16;
        for _ in 0..4 {
            let digit = match self.bump("a string is open")? {
                byte @ b'0'..=b'9' => byte - b'0',
                byte @ b'a'..=b'f' => byte - b'a' + 10,
                byte @ b'A'..=b'F' => byte - b'A' + 10,
                _ => return self.syntax("an escape lacks its four hexadecimal digits"),
            };
            unit = unit << 4 | u16::from(digit);
        }
        Ok(unit)
    }
}
