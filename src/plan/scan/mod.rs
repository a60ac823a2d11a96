//! A pull parser over a stream: what is wanted is parsed, the rest is skipped at the speed of memory.
//!
//! The text that stands in the buffer moves, its positions do not outlive a call; a [`Mark`] keeps text in the
//! buffer so that it can be read a second time. Nothing is built twice and nothing is unchecked: brackets and
//! strings are followed through every byte, and an object that is built refuses duplicate keys.

mod buffer;
mod lexeme;
mod names;
mod skip;
#[cfg(test)]
mod tests;

use std::io::Read;

use serde_json::{Number, Value};

use super::error::{ReadError, printable};
use super::intake::Intake;
use super::keep::Keep;
use names::Names;
use skip::Brackets;

/// Levels of nesting that are accepted. Terraform's deepest trees are modules (two levels each) and attributes.
pub(in crate::plan) const MAX_DEPTH: usize = 256;

/// Bytes read at a time: small enough to stay in the processor's cache.
const CHUNK: usize = 256 * 1024;

/// Keys that a reader looks at: a closed set, so that a second occurrence is found without memory.
pub(in crate::plan) trait Keys: Copy {
    /// The key with this text, `None` when it is not looked at.
    fn of(text: &[u8]) -> Option<Self>;
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
            #[inline]
            fn of(text: &[u8]) -> Option<Self> {
                $(if text == $text.as_bytes() { return Some(Self::$variant) })+
                None
            }
            fn bit(self) -> u32 { self as u32 }
        }
    };
}
pub(in crate::plan) use keys;

/// Where an object or array is being read.
#[derive(Debug)]
pub(in crate::plan) struct Members {
    first: bool,
    seen: u64,
    names: Names,
}

/// A key that was just read: valid until the parser goes on.
struct KeyText {
    /// Where it stands in the text.
    at: u64,
    /// Where it stands in the buffer; else it is in [`Scanner::text`].
    plain: Option<(usize, usize)>,
}

/// A place to come back to.
#[derive(Debug)]
pub(in crate::plan) struct Mark(usize);

/// The parser.
pub(in crate::plan) struct Scanner<R> {
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
    brackets: Brackets,
}

type Result<T> = std::result::Result<T, ReadError>;

/// A value that a text holds.
pub(in crate::plan) fn parse(text: &[u8]) -> Result<Value> {
    Scanner::with_chunk(Intake::new(text, false), false, text.len().max(1)).value()
}

impl<R: Read> Scanner<R> {
    pub(in crate::plan) fn new(reader: R, keep: &Keep<'_>) -> Self {
        Self::with_chunk(Intake::new(reader, keep.hashed), keep.strict, CHUNK)
    }

    /// A parser that reads `chunk` bytes at a time.
    fn with_chunk(intake: Intake<R>, strict: bool, chunk: usize) -> Self {
        Self {
            intake,
            buffer: vec![0; chunk],
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
            brackets: Brackets::new(),
        }
    }

    /// The SHA-256 of the input as far as it was read, `None` when it was not wanted.
    pub(in crate::plan) fn digest(self) -> Result<Option<[u8; 32]>> {
        self.intake.digest()
    }

    /// Opens an object, if one stands here.
    pub(in crate::plan) fn object(&mut self) -> Result<Option<Members>> {
        self.open(b'{')
    }

    /// Opens an array, if one stands here.
    pub(in crate::plan) fn array(&mut self) -> Result<Option<Members>> {
        self.open(b'[')
    }

    fn open(&mut self, bracket: u8) -> Result<Option<Members>> {
        match self.next_token()? {
            Some(byte) if byte == bracket => {
                self.pos += 1;
                self.descend()?;
                Ok(Some(Members { first: true, seen: 0, names: Names::default() }))
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

    /// Reads the next key of an object, up to and with its colon; `None` at its end.
    fn key(&mut self, members: &mut Members) -> Result<Option<KeyText>> {
        if !self.advance(members, b'}', "an object is open")? {
            return Ok(None);
        }
        match self.next_token()? {
            Some(b'"') => {}
            Some(_) => return self.syntax("a key in quotes is missing"),
            None => return Err(self.truncated("an object is open")),
        }
        // Nearly every key stands in the buffer as it is, with its colon: no need to copy it.
        if let Some(len) = self.plain_string() {
            let start = self.pos + 1;
            if self.pos + len + 2 < self.end && self.buffer.get(start + len + 1) == Some(&b':') {
                self.pos = start + len + 2;
                return Ok(Some(KeyText { at: self.gone + start as u64 - 1, plain: Some((start, len)) }));
            }
        }
        let at = self.gone + self.pos as u64;
        self.read_string()?;
        match self.next_token()? {
            Some(b':') => {
                self.pos += 1;
                Ok(Some(KeyText { at, plain: None }))
            }
            Some(_) => self.syntax("a colon is missing after a key"),
            None => Err(self.truncated("an object is open")),
        }
    }

    /// The text of the key that was just read.
    fn key_bytes(&self, key: &KeyText) -> &[u8] {
        match key.plain {
            Some((start, len)) => self.buffer.get(start..start + len).unwrap_or_default(),
            None => self.text.as_bytes(),
        }
    }

    /// The same; the intake has checked that it is UTF-8.
    fn key_text(&self, key: &KeyText) -> &str {
        std::str::from_utf8(self.key_bytes(key)).unwrap_or_default()
    }

    /// The error for the key that was just read.
    fn duplicate<T>(&self, key: &KeyText) -> Result<T> {
        let at = usize::try_from(key.at.saturating_sub(self.gone)).unwrap_or(self.pos);
        Err(ReadError::DuplicateKey { key: printable(self.key_text(key)), at: self.position(at) })
    }

    /// The next member of an object whose key is one of `K`; other members are skipped. `None` at its end.
    pub(in crate::plan) fn next_key<K: Keys>(&mut self, members: &mut Members) -> Result<Option<K>> {
        loop {
            let Some(key) = self.key(members)? else { return Ok(None) };
            match K::of(self.key_bytes(&key)) {
                Some(known) => {
                    let bit = 1u64 << (known.bit() & 63);
                    if members.seen & bit != 0 {
                        return self.duplicate(&key);
                    }
                    members.seen |= bit;
                    return Ok(Some(known));
                }
                None => self.skip()?,
            }
        }
    }

    /// The next member of an object, whatever its key; every key once. `None` at its end.
    pub(in crate::plan) fn next_name(&mut self, members: &mut Members) -> Result<Option<String>> {
        let Some(key) = self.unique(members)? else { return Ok(None) };
        Ok(Some(self.key_text(&key).to_owned()))
    }

    /// The same, told apart by `K`: `Some(None)` for a key that is none of them.
    pub(in crate::plan) fn next_member<K: Keys>(&mut self, members: &mut Members) -> Result<Option<Option<K>>> {
        let Some(key) = self.unique(members)? else { return Ok(None) };
        Ok(Some(K::of(self.key_bytes(&key))))
    }

    fn unique(&mut self, members: &mut Members) -> Result<Option<KeyText>> {
        let Some(key) = self.key(members)? else { return Ok(None) };
        if !members.names.insert(self.key_bytes(&key)) {
            return self.duplicate(&key);
        }
        Ok(Some(key))
    }

    /// Goes to the next element of an array; `false` at its end.
    pub(in crate::plan) fn next_item(&mut self, members: &mut Members) -> Result<bool> {
        self.advance(members, b']', "an array is open")
    }

    /// A string, if one stands here; anything else is left unread.
    pub(in crate::plan) fn string(&mut self) -> Result<Option<&str>> {
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
    pub(in crate::plan) fn null(&mut self) -> Result<bool> {
        if self.next_token()? == Some(b'n') {
            self.literal("null")?;
            return Ok(true);
        }
        Ok(false)
    }

    /// `true` or `false`, if one stands here.
    pub(in crate::plan) fn boolean(&mut self) -> Result<Option<bool>> {
        match self.next_token()? {
            Some(b't') => self.literal("true").map(|()| Some(true)),
            Some(b'f') => self.literal("false").map(|()| Some(false)),
            _ => Ok(None),
        }
    }

    /// Any value, built in memory; duplicate keys are refused at every level.
    pub(in crate::plan) fn value(&mut self) -> Result<Value> {
        match self.next_token()? {
            Some(b'{') => {
                let mut all = Vec::new();
                if let Some(mut members) = self.object()? {
                    while let Some(name) = self.next_name(&mut members)? {
                        all.push((name, self.value()?));
                    }
                }
                // A map that is made at once is fuller, and takes less time, than one that grows.
                Ok(Value::Object(all.into_iter().collect()))
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

    /// Checks a value that is no object and no array, as [`Scanner::value`] does.
    pub(in crate::plan) fn leaf(&mut self) -> Result<()> {
        match self.next_token()? {
            Some(b'"') => self.read_string(),
            Some(b't') => self.literal("true"),
            Some(b'f') => self.literal("false"),
            Some(b'n') => self.literal("null"),
            Some(b'-' | b'0'..=b'9') => self.read_number(),
            Some(_) => self.syntax("a value is missing or has an unknown form"),
            None => Err(self.truncated("a value is missing")),
        }
    }

    /// Skips any value. Brackets and strings are checked; with `strict` all of it is, duplicate keys included.
    pub(in crate::plan) fn skip(&mut self) -> Result<()> {
        match self.next_token()? {
            Some(b'{' | b'[') if !self.strict => self.skip_container(),
            Some(b'{') => {
                if let Some(mut members) = self.object()? {
                    while self.unique(&mut members)?.is_some() {
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
            Some(b'"') if !self.strict => self.skip_string(),
            _ => self.leaf(),
        }
    }
}
