//! The block structure of HCL, without its expressions.
//!
//! Blocks, labels and arguments with their raw text and line are all that is needed, so expressions are lexed and not
//! parsed: strings, templates, heredocs, comments and brackets are followed exactly as
//! `hclsyntax/scan_tokens.rl` of hashicorp/hcl does. There is no recursion: hostile nesting costs a list entry.

/// A block: `kind "label" { ... }`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// The first word, such as `resource`.
    pub kind: String,
    /// The labels, such as the type and the name.
    pub labels: Vec<String>,
    /// The line of the first word, from 1.
    pub line: u64,
    /// The arguments, in the file's order.
    pub arguments: Vec<Argument>,
    /// The nested blocks, in the file's order.
    pub blocks: Vec<Block>,
}

/// An argument: `name = expression`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// The name.
    pub name: String,
    /// The expression's text, as it stands in the file.
    pub text: String,
    /// The line of the name, from 1.
    pub line: u64,
}

impl Block {
    /// The expression's text of an argument.
    pub fn argument(&self, name: &str) -> Option<&str> {
        self.arguments.iter().find(|argument| argument.name == name).map(|argument| argument.text.as_str())
    }
}

/// Text that is not HCL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// What is wrong.
    pub what: &'static str,
    /// The line, from 1.
    pub line: u64,
}

/// Levels of nesting that are accepted: blocks, and brackets and templates within an expression.
const MAX_DEPTH: usize = 200;

type Result<T> = std::result::Result<T, Malformed>;

/// Reads the blocks of a file.
pub(super) fn read(text: &str) -> Result<Vec<Block>> {
    let mut reader = Reader { rest: text.strip_prefix('\u{feff}').unwrap_or(text), line: 1 };
    // The file itself is a block without a name.
    let mut open = vec![Block::default()];
    loop {
        reader.blank()?;
        let line = reader.line;
        match reader.rest.chars().next() {
            None => break,
            Some('}') if open.len() > 1 => {
                reader.advance(1);
                let block = open.pop().unwrap_or_default();
                if let Some(parent) = open.last_mut() {
                    parent.blocks.push(block);
                }
            }
            Some(c) if is_start(c) => {
                let name = reader.identifier();
                reader.spaces()?;
                if reader.rest.starts_with('=') && !reader.rest.starts_with("==") {
                    reader.advance(1);
                    let text = reader.expression()?;
                    if let Some(block) = open.last_mut() {
                        block.arguments.push(Argument { name, text: text.trim().to_owned(), line });
                    }
                    continue;
                }
                let labels = reader.labels()?;
                if open.len() >= MAX_DEPTH {
                    return reader.fail("blocks are nested too deep");
                }
                open.push(Block { kind: name, labels, line, ..Block::default() });
            }
            Some(_) => return reader.fail("an argument or block is expected"),
        }
    }
    if open.len() > 1 {
        return reader.fail("a block is open at the end");
    }
    Ok(open.pop().unwrap_or_default().blocks)
}

/// What is open within an expression.
enum Open {
    /// A bracket, with the one that closes it.
    Bracket(char),
    /// `${` or `%{`, closed by `}`.
    Template,
    /// A quoted string.
    Quote,
    /// A heredoc, with its marker; whether the line so far is plain text.
    Heredoc(String),
}

struct Reader<'a> {
    rest: &'a str,
    line: u64,
}

impl<'a> Reader<'a> {
    fn fail<T>(&self, what: &'static str) -> Result<T> {
        Err(Malformed { what, line: self.line })
    }

    /// Consumes `count` bytes, which end at a character's border.
    fn advance(&mut self, count: usize) {
        let (gone, rest) = self.rest.split_at_checked(count).unwrap_or((self.rest, ""));
        self.line += gone.bytes().filter(|byte| *byte == b'\n').count() as u64;
        self.rest = rest;
    }

    /// Consumes one character.
    fn step(&mut self) {
        self.advance(self.rest.chars().next().map_or(0, char::len_utf8));
    }

    /// Consumes a comment, if one stands here; a line's comment ends before its line feed.
    fn comment(&mut self) -> Result<bool> {
        if self.rest.starts_with('#') || self.rest.starts_with("//") {
            self.advance(self.rest.find('\n').unwrap_or(self.rest.len()));
            return Ok(true);
        }
        if self.rest.starts_with("/*") {
            match self.rest.find("*/") {
                Some(end) => self.advance(end + 2),
                None => return self.fail("a comment is open at the end"),
            }
            return Ok(true);
        }
        Ok(false)
    }

    /// Consumes white space, line feeds and comments.
    fn blank(&mut self) -> Result<()> {
        loop {
            self.advance(self.rest.len() - self.rest.trim_start_matches([' ', '\t', '\r', '\n']).len());
            if !self.comment()? {
                return Ok(());
            }
        }
    }

    /// Consumes white space and comments within a line.
    fn spaces(&mut self) -> Result<()> {
        loop {
            self.advance(self.rest.len() - self.rest.trim_start_matches([' ', '\t', '\r']).len());
            if !self.rest.starts_with("/*") {
                return Ok(());
            }
            self.comment()?;
        }
    }

    fn identifier(&mut self) -> String {
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let name = self.rest.get(..end).unwrap_or_default().to_owned();
        self.advance(end);
        name
    }

    /// Reads the labels of a block, up to and with its opening brace.
    fn labels(&mut self) -> Result<Vec<String>> {
        let mut labels = Vec::new();
        loop {
            self.spaces()?;
            match self.rest.chars().next() {
                Some('{') => {
                    self.advance(1);
                    return Ok(labels);
                }
                Some('"') => {
                    self.advance(1);
                    let Some(end) = self.rest.find(['"', '\n', '\\']) else {
                        return self.fail("a label is open at the end");
                    };
                    if !self.rest.get(end..).unwrap_or_default().starts_with('"') {
                        return self.fail("a label is not a plain string");
                    }
                    labels.push(self.rest.get(..end).unwrap_or_default().to_owned());
                    self.advance(end + 1);
                }
                Some(c) if is_start(c) => labels.push(self.identifier()),
                _ => return self.fail("a block's brace or an argument's `=` is expected"),
            }
        }
    }

    /// Reads an expression up to the line feed or brace that ends it.
    fn expression(&mut self) -> Result<&'a str> {
        let start = self.rest;
        let mut open: Vec<Open> = Vec::new();
        loop {
            if open.len() > MAX_DEPTH {
                return self.fail("an expression is nested too deep");
            }
            let Some(c) = self.rest.chars().next() else {
                if open.is_empty() {
                    break;
                }
                return self.fail("an expression is open at the end");
            };
            match open.last() {
                Some(Open::Quote) => match c {
                    '"' => {
                        open.pop();
                        self.advance(1);
                    }
                    '\\' => {
                        self.advance(1);
                        self.step();
                    }
                    '\n' => return self.fail("a string is open at the end of its line"),
                    _ => self.template_text(&mut open),
                },
                Some(Open::Heredoc(marker)) => {
                    let ends = c == '\n' && {
                        let line = self.rest.get(1..).unwrap_or_default();
                        line.split('\n').next().unwrap_or_default().trim() == marker
                    };
                    if ends {
                        // The line feed behind the marker is left: it may end the expression.
                        self.advance(1);
                        self.advance(self.rest.find('\n').unwrap_or(self.rest.len()));
                        open.pop();
                    } else {
                        self.template_text(&mut open);
                    }
                }
                _ => match c {
                    '\n' if open.is_empty() => break,
                    '}' if open.is_empty() => break,
                    '#' => {
                        self.comment()?;
                    }
                    '/' if self.comment()? => {}
                    '"' => {
                        open.push(Open::Quote);
                        self.advance(1);
                    }
                    '(' | '[' | '{' => {
                        open.push(Open::Bracket(match c {
                            '(' => ')',
                            '[' => ']',
                            _ => '}',
                        }));
                        self.advance(1);
                    }
                    ')' | ']' | '}' => {
                        match open.pop() {
                            Some(Open::Bracket(close)) if close == c => {}
                            Some(Open::Template) if c == '}' => {}
                            _ => return self.fail("a bracket closes what another kind of bracket opened"),
                        }
                        self.advance(1);
                    }
                    '<' if self.rest.starts_with("<<") => self.heredoc(&mut open)?,
                    _ => self.step(),
                },
            }
        }
        let text = start.get(..start.len() - self.rest.len()).unwrap_or_default();
        Ok(text)
    }

    /// Consumes one character of a template, or what opens an interpolation in it.
    fn template_text(&mut self, open: &mut Vec<Open>) {
        if self.rest.starts_with("$${") || self.rest.starts_with("%%{") {
            self.advance(3);
        } else if self.rest.starts_with("${") || self.rest.starts_with("%{") {
            self.advance(2);
            open.push(Open::Template);
        } else {
            self.step();
        }
    }

    /// Opens a heredoc; its text starts with the line feed behind the marker.
    fn heredoc(&mut self, open: &mut Vec<Open>) -> Result<()> {
        self.advance(2);
        if self.rest.starts_with('-') {
            self.advance(1);
        }
        let marker = self.identifier();
        self.advance(self.rest.len() - self.rest.trim_start_matches('\r').len());
        if marker.is_empty() || !self.rest.starts_with('\n') {
            return self.fail("a heredoc has no marker");
        }
        open.push(Open::Heredoc(marker));
        Ok(())
    }
}

fn is_start(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn is_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(text: &str) -> Block {
        let mut blocks = read(text).unwrap();
        assert_eq!(blocks.len(), 1, "{blocks:?}");
        blocks.remove(0)
    }

    #[test]
    fn blocks_labels_arguments_and_lines() {
        let block = one(
            "# c\nresource \"aws_x\" \"y\" { // c\n  a = 1 # c\n  b = [\n 1,\n 2 ]\n  lifecycle { destroy = false }\n}\n",
        );
        assert_eq!((block.kind.as_str(), block.line), ("resource", 2));
        assert_eq!(block.labels, ["aws_x", "y"]);
        assert_eq!(block.arguments[0], Argument { name: "a".into(), text: "1 # c".into(), line: 3 });
        assert_eq!(block.argument("b"), Some("[\n 1,\n 2 ]"));
        assert_eq!(block.blocks[0].argument("destroy"), Some("false"));
        assert_eq!(block.blocks[0].line, 7);
    }

    #[test]
    fn what_looks_like_structure_inside_text_is_text() {
        for inner in [
            r#"a = "}""#,
            r#"a = "\"}""#,
            r#"a = "\\""#,
            r#"a = "${x["}"]}""#,
            r#"a = "${"${"}"}"}""#,
            r#"a = "$${""#,
            r#"a = "%%{""#,
            r#"a = "$$${""#,
            "a = 1 # }",
            "a = 1 // }",
            "a = 1 /* }\n */",
            "a = <<EOT\n}\n${x}\n EOTX\nEOT",
            "a = <<-EOT\n  } \"\n  ${ \"}\" }\n  EOT",
            "a = f(<<EOT\n)\nEOT\n)",
            "a = <<EOT\n$${\n\\\nEOT",
            "a = <<EOT\nEOT",
            "a = { b = \"c\"\n d = 1 }",
            "a = x ? y : (\n z)",
        ] {
            let text = format!("x {{\n{inner}\n}}\nremoved {{\n from = a.b\n}}\n");
            let blocks = read(&text).unwrap_or_else(|error| panic!("{inner}: {error:?}"));
            let kinds: Vec<&str> = blocks.iter().map(|block| block.kind.as_str()).collect();
            assert_eq!(kinds, ["x", "removed"], "{inner}");
            assert_eq!(blocks[0].arguments.len(), 1, "{inner}");
        }
    }

    #[test]
    fn what_is_not_hcl_is_refused_with_its_line() {
        for (text, line) in [
            ("\nx {\n", 3),
            ("x {\n a = (\n}\n", 3),
            ("x {\n a = \"b\n}\n", 2),
            ("}\n", 1),
            ("x\n{\n}\n", 1),
            ("x y\n", 1),
            ("x {\n a = <<EOT\n foo\n", 4),
            ("/* \n", 1),
            ("\n= 1\n", 2),
        ] {
            assert_eq!(read(text).map_err(|error| error.line), Err(line), "{text}");
        }
        let deep = format!("a = {}", "(".repeat(100_000));
        assert!(read(&deep).is_err());
        assert!(read(&"x {".repeat(100_000)).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in any::<String>()) {
            let _ = read(&text);
        }

        #[test]
        fn any_tokens_are_read_or_refused(tokens in prop::collection::vec(prop::sample::select(vec![
            "a", " ", "=", "{", "}", "\n", "\"", "${", "%{", "$${", "<<E\n", "\nE\n", "#", "/*", "*/", "//", "(", ")", "\\", "é",
        ]), 0..60)) {
            let _ = read(&tokens.concat());
        }
    }
}
