//! A pull parser over a stream: what is wanted is parsed, the rest is skipped at the speed of memory.
//!
//! The text that stands in the buffer moves, its positions do not outlive a call; a [`Mark`] keeps text in the
//! buffer so that it can be read a second time. Nothing is built twice and nothing is unchecked: brackets and
//! strings are followed through every byte, and an object that is built refuses duplicate keys.

use std::collections::HashSet;
use std::io::Read;

use serde_json::{Map, Number, Value};

use super::error::{Position, ReadError, printable};
use super::intake::{Intake, ROOM};
use super::skip::{Block, Brackets};

/// Levels of nesting that are accepted. Terraform's deepest trees are modules (two levels each) and attributes.
pub(super) const MAX_DEPTH: usize = 256;

/// Bytes read at a time: small enough to stay in the processor's cache.
const CHUNK: usize = 256 * 1024;

/// Keys that a reader looks at: a closed set, so that a second occurrence is found without memory.
pub(super) trait Keys: Copy {
    /// The key with this text, `None` when it is not looked at.
    fn of(text: &str) -> Option<Self>;
    /// A number below 64, one for each key.
    fn bit(self) -> u32;
}

/// Declares a set of [`Keys`].
macro_rules! keys {
    ($(#[$meta:meta])* $name:ident { $($variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        enum $name { $($variant),+ }
        impl $crate::plan::scan::Keys for $name {
            fn of(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
            fn bit(self) -> u32 { self as u32 }
        }
    };
}
pub(super) use keys;

/// Where an object or array is being read.
#[derive(Debug)]
pub(super) struct Members {
    first: bool,
    seen: u64,
    names: HashSet<String>,
}

/// A place to come back to.
#[derive(Debug)]
pub(super) struct Mark(usize);

/// The parser.
pub(super) struct Scanner<R> {
    intake: Intake<R>,
    buffer: Vec<u8>,
    pos: usize,
    end: usize,
    ended: bool,
    /// Positions that text has to be kept from, oldest first, and the depth at each.
    marks: Vec<(usize, usize)>,
    depth: usize,
    /// Whether skipped values are parsed in full as well.
    strict: bool,
    /// Text that left the buffer: its bytes, its line feeds, and where its last line starts.
    gone: u64,
    gone_lines: u64,
    line_start: u64,
    /// The last string that was read.
    text: String,
}

type Result<T> = std::result::Result<T, ReadError>;

impl<R: Read> Scanner<R> {
    pub(super) fn new(reader: R, strict: bool) -> Self {
        Self {
            intake: Intake::new(reader),
            buffer: vec![0; CHUNK],
            pos: 0,
            end: 0,
            ended: false,
            marks: Vec::new(),
            depth: 0,
            strict,
            gone: 0,
            gone_lines: 0,
            line_start: 0,
            text: String::new(),
        }
    }

    /// The SHA-256 of the input as far as it was read.
    pub(super) fn digest(&self) -> [u8; 32] {
        self.intake.digest()
    }

    // ---- the buffer -------------------------------------------------------------------------------------------

    /// Brings more text in; `false` at the end of the input.
    fn fill(&mut self) -> Result<bool> {
        if self.ended {
            return Ok(false);
        }
        let keep = self.marks.first().map_or(self.pos, |(pos, _)| *pos);
        if keep > 0 && (keep == self.pos || keep >= self.buffer.len() / 2) {
            self.forget(keep);
        }
        if self.buffer.len() - self.end < CHUNK / 2 {
            let grown = self.buffer.len() * 2;
            self.buffer.resize(grown.max(self.end + ROOM), 0);
        }
        let count = self.intake.fill(&mut self.buffer, self.end)?;
        self.end += count;
        self.ended = count == 0;
        Ok(count > 0)
    }

    /// Drops the text before `keep`.
    fn forget(&mut self, keep: usize) {
        let gone = self.buffer.get(..keep).unwrap_or_default();
        self.gone_lines += memchr::memchr_iter(b'\n', gone).count() as u64;
        if let Some(last) = memchr::memrchr(b'\n', gone) {
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
    fn rest(&self) -> &[u8] {
        self.buffer.get(self.pos..self.end).unwrap_or_default()
    }

    /// The next byte, not consumed; `None` at the end.
    fn peek(&mut self) -> Result<Option<u8>> {
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
    fn bump(&mut self, what: &'static str) -> Result<u8> {
        match self.peek()? {
            Some(byte) => {
                self.pos += 1;
                Ok(byte)
            }
            None => Err(self.truncated(what)),
        }
    }

    /// The next byte that is not white space, not consumed.
    pub(super) fn next_token(&mut self) -> Result<Option<u8>> {
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
    pub(super) fn mark(&mut self) -> Mark {
        self.marks.push((self.pos, self.depth));
        Mark(self.marks.len())
    }

    /// Goes back to the place of the mark and gives the mark up.
    pub(super) fn rewind(&mut self, mark: &Mark) {
        if let Some((pos, depth)) = self.marks.get(mark.0 - 1) {
            (self.pos, self.depth) = (*pos, *depth);
        }
        self.release(mark);
    }

    /// Gives a mark up.
    pub(super) fn release(&mut self, mark: &Mark) {
        self.marks.truncate(mark.0 - 1);
    }

    /// The text since the mark.
    pub(super) fn since(&self, mark: &Mark) -> &[u8] {
        self.marks.get(mark.0 - 1).and_then(|(from, _)| self.buffer.get(*from..self.pos)).unwrap_or_default()
    }

    // ---- errors -----------------------------------------------------------------------------------------------

    /// Where a byte of the buffer stands in the text.
    fn position(&self, pos: usize) -> Position {
        let before = self.buffer.get(..pos).unwrap_or_default();
        let lines = memchr::memchr_iter(b'\n', before).count() as u64;
        let line_start = memchr::memrchr(b'\n', before).map_or(self.line_start, |last| self.gone + last as u64 + 1);
        let offset = self.gone + pos as u64;
        Position { line: self.gone_lines + lines + 1, column: offset - line_start + 1, offset }
    }

    /// Where the parser stands.
    pub(super) fn here(&self) -> Position {
        self.position(self.pos)
    }

    fn truncated(&self, what: &'static str) -> ReadError {
        ReadError::Truncated { what, at: self.position(self.end) }
    }

    fn syntax<T>(&self, what: &'static str) -> Result<T> {
        Err(ReadError::Syntax { what, at: self.here() })
    }

    /// The error for a member of the wrong type, at the place where the parser stands.
    pub(super) fn shape<T>(&self, member: &'static str, expected: &'static str) -> Result<T> {
        Err(ReadError::Shape { member, expected, at: self.here() })
    }

    fn duplicate<T>(&self, at: Position, key: &str) -> Result<T> {
        Err(ReadError::DuplicateKey { key: printable(key), at })
    }

    fn descend(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(ReadError::TooDeep { limit: MAX_DEPTH, at: self.here() });
        }
        Ok(())
    }

    // ---- objects and arrays -----------------------------------------------------------------------------------

    /// Opens an object, if one stands here.
    pub(super) fn object(&mut self) -> Result<Option<Members>> {
        self.open(b'{')
    }

    /// Opens an array, if one stands here.
    pub(super) fn array(&mut self) -> Result<Option<Members>> {
        self.open(b'[')
    }

    fn open(&mut self, bracket: u8) -> Result<Option<Members>> {
        match self.next_token()? {
            Some(byte) if byte == bracket => {
                self.pos += 1;
                self.descend()?;
                Ok(Some(Members { first: true, seen: 0, names: HashSet::new() }))
            }
            Some(_) => Ok(None),
            None => Err(self.truncated("a value is missing")),
        }
    }

    /// Goes to the next member or element; `false` when the bracket closes.
    fn advance(&mut self, members: &mut Members, close: u8, what: &'static str) -> Result<bool> {
        let first = std::mem::replace(&mut members.first, false);
        match self.next_token()? {
            None => Err(self.truncated(what)),
            Some(byte) if byte == close => {
                self.pos += 1;
                self.depth -= 1;
                Ok(false)
            }
            Some(b',') if !first => {
                self.pos += 1;
                match self.next_token()? {
                    Some(byte) if byte == close => self.syntax("a comma stands before a closing bracket"),
                    _ => Ok(true),
                }
            }
            Some(_) if first => Ok(true),
            Some(_) => self.syntax("a comma or a closing bracket is missing"),
        }
    }

    /// Reads the next key of an object into [`Scanner::text`]; `None` at its end.
    fn raw_key(&mut self, members: &mut Members) -> Result<Option<Position>> {
        if !self.advance(members, b'}', "an object is open")? {
            return Ok(None);
        }
        match self.next_token()? {
            Some(b'"') => {}
            Some(_) => return self.syntax("a key in quotes is missing"),
            None => return Err(self.truncated("an object is open")),
        }
        // The position is worked out only when it is needed: it counts lines.
        let (gone, pos) = (self.gone, self.pos);
        self.read_string()?;
        let at = Position { line: 0, column: 0, offset: gone + pos as u64 };
        match self.next_token()? {
            Some(b':') => {
                self.pos += 1;
                Ok(Some(at))
            }
            Some(_) => self.syntax("a colon is missing after a key"),
            None => Err(self.truncated("an object is open")),
        }
    }

    /// The place of a key that was read, for a message.
    fn key_position(&self, at: Position) -> Position {
        usize::try_from(at.offset.saturating_sub(self.gone)).map_or(at, |pos| self.position(pos))
    }

    /// The next member of an object whose key is one of `K`; other members are skipped. `None` at its end.
    pub(super) fn next_key<K: Keys>(&mut self, members: &mut Members) -> Result<Option<K>> {
        loop {
            let Some(at) = self.raw_key(members)? else { return Ok(None) };
            match K::of(&self.text) {
                Some(key) => {
                    let bit = 1u64 << (key.bit() & 63);
                    if members.seen & bit != 0 {
                        return self.duplicate(self.key_position(at), &self.text);
                    }
                    members.seen |= bit;
                    return Ok(Some(key));
                }
                None => self.skip()?,
            }
        }
    }

    /// The next member of an object, whatever its key; every key once. `None` at its end.
    pub(super) fn next_name(&mut self, members: &mut Members) -> Result<Option<String>> {
        let Some(at) = self.raw_key(members)? else { return Ok(None) };
        if !members.names.insert(self.text.clone()) {
            return self.duplicate(self.key_position(at), &self.text);
        }
        Ok(Some(self.text.clone()))
    }

    /// Goes to the next element of an array; `false` at its end.
    pub(super) fn next_item(&mut self, members: &mut Members) -> Result<bool> {
        self.advance(members, b']', "an array is open")
    }

    // ---- values -----------------------------------------------------------------------------------------------

    /// A string, if one stands here; anything else is left unread.
    pub(super) fn string(&mut self) -> Result<Option<&str>> {
        match self.next_token()? {
            Some(b'"') => {
                self.read_string()?;
                Ok(Some(&self.text))
            }
            Some(_) => Ok(None),
            None => Err(self.truncated("a value is missing")),
        }
    }

    /// Skips a `null`, if one stands here.
    pub(super) fn null(&mut self) -> Result<bool> {
        if self.next_token()? == Some(b'n') {
            self.literal("null")?;
            return Ok(true);
        }
        Ok(false)
    }

    /// `true` or `false`, if one stands here.
    pub(super) fn boolean(&mut self) -> Result<Option<bool>> {
        match self.next_token()? {
            Some(b't') => self.literal("true").map(|()| Some(true)),
            Some(b'f') => self.literal("false").map(|()| Some(false)),
            _ => Ok(None),
        }
    }

    /// Any value, built in memory; duplicate keys are refused at every level.
    pub(super) fn value(&mut self) -> Result<Value> {
        match self.next_token()? {
            Some(b'{') => {
                let mut map = Map::new();
                if let Some(mut members) = self.object()? {
                    while let Some(at) = self.raw_key(&mut members)? {
                        if map.contains_key(&self.text) {
                            return self.duplicate(self.key_position(at), &self.text);
                        }
                        let key = self.text.clone();
                        map.insert(key, self.value()?);
                    }
                }
                Ok(Value::Object(map))
            }
            Some(b'[') => {
                let mut list = Vec::new();
                if let Some(mut members) = self.array()? {
                    while self.next_item(&mut members)? {
                        list.push(self.value()?);
                    }
                }
                Ok(Value::Array(list))
            }
            Some(b'"') => {
                self.read_string()?;
                Ok(Value::String(self.text.clone()))
            }
            Some(b't') => self.literal("true").map(|()| Value::Bool(true)),
            Some(b'f') => self.literal("false").map(|()| Value::Bool(false)),
            Some(b'n') => self.literal("null").map(|()| Value::Null),
            Some(b'-' | b'0'..=b'9') => {
                self.read_number()?;
                match self.text.parse::<Number>() {
                    Ok(number) => Ok(Value::Number(number)),
                    Err(_) => self.syntax("a number is not valid"),
                }
            }
            Some(_) => self.syntax("a value is missing or has an unknown form"),
            None => Err(self.truncated("a value is missing")),
        }
    }

    /// Skips any value. Brackets and strings are checked; with `strict` all of it is, duplicate keys included.
    pub(super) fn skip(&mut self) -> Result<()> {
        match self.next_token()? {
            Some(b'{' | b'[') if !self.strict => self.skip_container(),
            Some(b'{') => {
                if let Some(mut members) = self.object()? {
                    while self.next_name(&mut members)?.is_some() {
                        self.skip()?;
                    }
                }
                Ok(())
            }
            Some(b'[') => {
                if let Some(mut members) = self.array()? {
                    while self.next_item(&mut members)? {
                        self.skip()?;
                    }
                }
                Ok(())
            }
            Some(b'"') => self.read_string(),
            Some(b't') => self.literal("true"),
            Some(b'f') => self.literal("false"),
            Some(b'n') => self.literal("null"),
            Some(b'-' | b'0'..=b'9') => self.read_number(),
            Some(_) => self.syntax("a value is missing or has an unknown form"),
            None => Err(self.truncated("a value is missing")),
        }
    }

    /// Skips an object or array by its brackets alone.
    fn skip_container(&mut self) -> Result<()> {
        let mut brackets = Brackets::new(MAX_DEPTH - self.depth);
        loop {
            let (blocks, _) = self.rest().as_chunks::<{ Block::SIZE }>();
            let mut done = 0;
            for block in blocks {
                if let Some(step) = brackets.step(block, Block::SIZE) {
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
            return match brackets.step(&last, len) {
                Some(step) => self.leave(self.pos, step),
                None => Err(self.truncated("an object, array or string is open")),
            };
        }
    }

    /// Ends a skip at the outcome that the block starting at `at` gave.
    fn leave(&mut self, at: usize, step: super::skip::Step) -> Result<()> {
        use super::skip::Step;
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

    fn literal(&mut self, word: &'static str) -> Result<()> {
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
    fn delimited(&mut self) -> Result<()> {
        match self.peek()? {
            None | Some(b' ' | b'\n' | b'\r' | b'\t' | b',' | b']' | b'}') => Ok(()),
            Some(_) => self.syntax("a value has text behind it"),
        }
    }

    /// Reads a number into [`Scanner::text`].
    fn read_number(&mut self) -> Result<()> {
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

    fn take_number_byte(&mut self, byte: u8) {
        self.text.push(char::from(byte));
        self.pos += 1;
    }

    /// One digit at least.
    fn digits(&mut self) -> Result<()> {
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

    /// Reads a string into [`Scanner::text`], escapes decoded.
    fn read_string(&mut self) -> Result<()> {
        const OPEN: &str = "a string is open";
        self.text.clear();
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
    fn escape(&mut self) -> Result<()> {
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
    fn hex(&mut self) -> Result<u16> {
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

    // ---- between documents ------------------------------------------------------------------------------------

    /// The rest of the line (at most 16 bytes of it are looked at), not consumed.
    pub(super) fn line_head(&mut self) -> Result<String> {
        while self.rest().len() < 16 && self.fill()? {}
        let head: Vec<u8> = self.rest().iter().copied().take(16).take_while(|byte| *byte != b'\n').collect();
        Ok(String::from_utf8_lossy(&head).into_owned())
    }

    /// Skips to behind the next line feed, or to the end.
    pub(super) fn skip_line(&mut self) -> Result<()> {
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
