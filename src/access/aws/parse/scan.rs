//! JSON text, with or without holes, to a tree with spans.
//!
//! Own code and not a library's, because a gate must see what libraries hide: members that occur twice, the place
//! of each value, and holes. Grammar: RFC 8259; lone surrogates are refused.

use super::error::{DocumentPath, Fault, ParseError, Position};
use super::{MAX_BYTES, MAX_DEPTH};
use crate::access::aws::document::{HoleId, Part, Span, Text};

/// A JSON value and where it stands.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) span: Span,
}

#[derive(Debug)]
pub(super) enum Value {
    Null,
    Bool(bool),
    /// As written.
    Number(String),
    String(Text),
    Array(Vec<Node>),
    Object(Vec<Member>),
    Hole(HoleId),
}

#[derive(Debug)]
pub(super) struct Member {
    pub(super) key: Text,
    pub(super) key_span: Span,
    pub(super) value: Node,
}

impl Value {
    /// The JSON type, for messages.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
            Self::Hole(_) => "an unknown value",
        }
    }
}

/// The byte that stands for a hole: it occurs in no UTF-8 text.
const HOLE: u8 = 0xff;

/// A text with its holes taken out.
pub(super) struct Source {
    bytes: Vec<u8>,
    /// In the order of their marks in `bytes`.
    holes: Vec<(usize, HoleId)>,
}

impl Source {
    pub(super) fn new(parts: &[Part]) -> Self {
        let mut source = Self { bytes: Vec::new(), holes: Vec::new() };
        for part in parts {
            match part {
                Part::Literal(text) => source.bytes.extend_from_slice(text.as_bytes()),
                Part::Hole(id) => {
                    source.holes.push((source.bytes.len(), id.clone()));
                    source.bytes.push(HOLE);
                }
            }
        }
        source
    }

    /// Without holes.
    pub(super) fn of(text: &str) -> Self {
        Self { bytes: text.as_bytes().to_vec(), holes: Vec::new() }
    }

    pub(super) fn position(&self, offset: usize) -> Position {
        let before = self.bytes.get(..offset).unwrap_or(&self.bytes);
        let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let line = before.get(line_start..).unwrap_or_default();
        Position {
            offset,
            line: before.iter().filter(|byte| **byte == b'\n').count() + 1,
            // Continuation bytes of UTF-8 begin no character.
            column: line.iter().filter(|byte| **byte & 0xc0 != 0x80).count() + 1,
        }
    }

    pub(super) fn error(&self, path: &DocumentPath, offset: usize, fault: Fault) -> ParseError {
        ParseError { path: path.clone(), position: self.position(offset), fault }
    }

    /// Reads the whole text as one value.
    pub(super) fn scan(&self) -> Result<Node, ParseError> {
        if self.bytes.len() > MAX_BYTES {
            return Err(self.error(&DocumentPath::root(), MAX_BYTES, Fault::TooLong(self.bytes.len())));
        }
        self.scan_unlimited()
    }

    /// As [`Self::scan`], for a text of any length.
    pub(super) fn scan_unlimited(&self) -> Result<Node, ParseError> {
        let root = DocumentPath::root();
        let mut scanner = Scanner { source: self, at: 0 };
        scanner.space();
        let node = scanner.value(&root, 0)?;
        scanner.space();
        match scanner.peek() {
            None => Ok(node),
            Some(_) => Err(scanner.json(&root, "text follows the document")),
        }
    }
}

struct Scanner<'a> {
    source: &'a Source,
    at: usize,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.source.bytes.get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn json(&self, path: &DocumentPath, what: &'static str) -> ParseError {
        self.source.error(path, self.at, Fault::Json(what))
    }

    fn value(&mut self, path: &DocumentPath, depth: usize) -> Result<Node, ParseError> {
        let start = self.at;
        let value = match self.peek() {
            None => return Err(self.json(path, "the text ends where a value should stand")),
            Some(b'{' | b'[') if depth >= MAX_DEPTH => return Err(self.source.error(path, start, Fault::TooDeep)),
            Some(b'{') => Value::Object(self.object(path, depth)?),
            Some(b'[') => Value::Array(self.array(path, depth)?),
            Some(b'"') => Value::String(self.string(path)?),
            Some(b'-' | b'0'..=b'9') => Value::Number(self.number(path)?),
            Some(HOLE) => {
                self.at += 1;
                Value::Hole(self.hole_at(path, start)?)
            }
            Some(b't') => self.word(path, "true", Value::Bool(true))?,
            Some(b'f') => self.word(path, "false", Value::Bool(false))?,
            Some(b'n') => self.word(path, "null", Value::Null)?,
            Some(_) => return Err(self.json(path, "no value begins like this")),
        };
        Ok(Node { value, span: Span { start, end: self.at } })
    }

    fn hole_at(&self, path: &DocumentPath, offset: usize) -> Result<HoleId, ParseError> {
        self.source
            .holes
            .binary_search_by_key(&offset, |(at, _)| *at)
            .ok()
            .and_then(|index| self.source.holes.get(index))
            .map(|(_, id)| id.clone())
            .ok_or_else(|| self.json(path, "the text is not UTF-8"))
    }

    fn word(&mut self, path: &DocumentPath, word: &str, value: Value) -> Result<Value, ParseError> {
        let rest = self.source.bytes.get(self.at..).unwrap_or_default();
        if !rest.starts_with(word.as_bytes()) {
            return Err(self.json(path, "no value begins like this"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn object(&mut self, path: &DocumentPath, depth: usize) -> Result<Vec<Member>, ParseError> {
        self.at += 1;
        let mut members: Vec<Member> = Vec::new();
        self.space();
        if self.eat(b'}') {
            return Ok(members);
        }
        loop {
            self.space();
            let start = self.at;
            match self.peek() {
                Some(b'"') => {}
                Some(HOLE) => return Err(self.source.error(path, start, Fault::UnknownShape)),
                _ => return Err(self.json(path, "a member's name in quotes should stand here")),
            }
            let key = self.string(path)?;
            let key_span = Span { start, end: self.at };
            let inner = path.key(&key.display());
            if members.iter().any(|member| member.key == key) {
                return Err(self.source.error(&inner, start, Fault::Duplicate(super::error::shown(&key.display()))));
            }
            self.space();
            if !self.eat(b':') {
                return Err(self.json(&inner, "`:` should stand here"));
            }
            self.space();
            let value = self.value(&inner, depth + 1)?;
            members.push(Member { key, key_span, value });
            self.space();
            if self.eat(b'}') {
                return Ok(members);
            }
            if !self.eat(b',') {
                return Err(self.json(path, "`,` or `}` should stand here"));
            }
        }
    }

    fn array(&mut self, path: &DocumentPath, depth: usize) -> Result<Vec<Node>, ParseError> {
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.eat(b']') {
            return Ok(items);
        }
        loop {
            self.space();
            items.push(self.value(&path.index(items.len()), depth + 1)?);
            self.space();
            if self.eat(b']') {
                return Ok(items);
            }
            if !self.eat(b',') {
                return Err(self.json(path, "`,` or `]` should stand here"));
            }
        }
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at - start
    }

    fn number(&mut self, path: &DocumentPath) -> Result<String, ParseError> {
        let start = self.at;
        self.eat(b'-');
        let leading_zero = self.peek() == Some(b'0');
        let digits = self.digits();
        if digits == 0 || (leading_zero && digits > 1) {
            return Err(self.json(path, "a number is malformed"));
        }
        if self.eat(b'.') && self.digits() == 0 {
            return Err(self.json(path, "a number is malformed"));
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if self.digits() == 0 {
                return Err(self.json(path, "a number is malformed"));
            }
        }
        Ok(self.source.bytes.get(start..self.at).unwrap_or_default().iter().map(|byte| char::from(*byte)).collect())
    }

    fn string(&mut self, path: &DocumentPath) -> Result<Text, ParseError> {
        self.at += 1;
        let mut parts = Vec::new();
        let mut literal = Vec::new();
        loop {
            let Some(byte) = self.peek() else { return Err(self.json(path, "a string has no end")) };
            match byte {
                b'"' => {
                    self.at += 1;
                    parts.push(Part::Literal(self.utf8(path, literal)?));
                    return Ok(Text::from_parts(parts));
                }
                HOLE => {
                    parts.push(Part::Literal(self.utf8(path, std::mem::take(&mut literal))?));
                    parts.push(Part::Hole(self.hole_at(path, self.at)?));
                    self.at += 1;
                }
                b'\\' => {
                    let character = self.escape(path)?;
                    literal.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                }
                0..=0x1f => return Err(self.json(path, "a string holds a control character")),
                _ => {
                    literal.push(byte);
                    self.at += 1;
                }
            }
        }
    }

    fn utf8(&self, path: &DocumentPath, bytes: Vec<u8>) -> Result<String, ParseError> {
        String::from_utf8(bytes).map_err(|_| self.json(path, "the text is not UTF-8"))
    }

    fn escape(&mut self, path: &DocumentPath) -> Result<char, ParseError> {
        self.at += 1;
        let Some(byte) = self.peek() else { return Err(self.json(path, "a string has no end")) };
        self.at += 1;
        Ok(match byte {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let unit = self.unit(path)?;
                let code = match unit {
                    0xd800..=0xdbff => {
                        if !(self.eat(b'\\') && self.eat(b'u')) {
                            return Err(self.json(path, "a surrogate stands alone"));
                        }
                        let low = self.unit(path)?;
                        if !(0xdc00..=0xdfff).contains(&low) {
                            return Err(self.json(path, "a surrogate stands alone"));
                        }
                        0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00)
                    }
                    unit => unit,
                };
                char::from_u32(code).ok_or_else(|| self.json(path, "a surrogate stands alone"))?
            }
            _ => return Err(self.json(path, "no escape begins like this")),
        })
    }

    /// Four hexadecimal digits.
    fn unit(&mut self, path: &DocumentPath) -> Result<u32, ParseError> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            let Some(digit) = digit else { return Err(self.json(path, "`\\u` needs four hexadecimal digits")) };
            unit = unit * 16 + digit;
            self.at += 1;
        }
        Ok(unit)
    }
}
