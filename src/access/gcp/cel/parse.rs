//! The text of a condition to an expression (<https://github.com/google/cel-spec/blob/master/doc/langdef.md>).

/// A token.
#[derive(Clone, Debug, PartialEq)]
enum Token {
    Name(String),
    Text(String),
    Number(String),
    Sign(&'static str),
}

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expr {
    Path(String),
    Text(String),
    Number(String),
    Bool(bool),
    List(Vec<Expr>),
    Call(Option<Box<Expr>>, String, Vec<Expr>),
    Not(Box<Expr>),
    All(Box<Expr>, Box<Expr>),
    Any(Box<Expr>, Box<Expr>),
    Compare(&'static str, Box<Expr>, Box<Expr>),
}

const MAX_DEPTH: usize = 64;

/// Reads an expression; `None` for text that is none, or of a kind that conditions do not have.
pub(super) fn expression(text: &str) -> Option<Expr> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, depth: 0 };
    let expr = parser.any()?;
    (parser.at == parser.tokens.len()).then_some(expr)
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    const SIGNS: [&str; 18] =
        ["&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "(", ")", "[", "]", ",", ".", "-", "+", "?"];
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        if rest.starts_with("//") {
            rest = rest.split_once('\n').map_or("", |(_, rest)| rest).trim_start();
            continue;
        }
        if first == '"' || first == '\'' {
            let mut value = String::new();
            let mut chars = rest.char_indices().skip(1);
            let end = loop {
                let (at, c) = chars.next()?;
                match c {
                    '\\' => match chars.next()?.1 {
                        c @ ('\\' | '"' | '\'') => value.push(c),
                        _ => return None,
                    },
                    '\n' => return None,
                    c if c == first => break at + c.len_utf8(),
                    c => value.push(c),
                }
            };
            out.push(Token::Text(value));
            rest = rest.get(end..)?;
        } else if first.is_ascii_alphabetic() || first == '_' {
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
            let (word, after) = rest.split_at_checked(end)?;
            // A prefixed string such as r"..." has rules of its own.
            if after.starts_with(['"', '\'']) {
                return None;
            }
            out.push(Token::Name(word.to_owned()));
            rest = after;
        } else if first.is_ascii_digit() {
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let (word, after) = rest.split_at_checked(end)?;
            out.push(Token::Number(word.to_owned()));
            rest = after;
        } else {
            let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign))?;
            out.push(Token::Sign(sign));
            rest = rest.get(sign.len()..)?;
        }
        rest = rest.trim_start();
    }
    Some(out)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.tokens.get(self.at), Some(Token::Sign(it)) if *it == sign);
        self.at += usize::from(found);
        found
    }

    fn any(&mut self) -> Option<Expr> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let mut left = self.all()?;
        while self.sign("||") {
            left = Expr::Any(Box::new(left), Box::new(self.all()?));
        }
        self.depth -= 1;
        Some(left)
    }

    fn all(&mut self) -> Option<Expr> {
        let mut left = self.relation()?;
        while self.sign("&&") {
            left = Expr::All(Box::new(left), Box::new(self.relation()?));
        }
        Some(left)
    }

    fn relation(&mut self) -> Option<Expr> {
        let left = self.unary()?;
        for sign in ["==", "!=", "<=", ">=", "<", ">"] {
            if self.sign(sign) {
                return Some(Expr::Compare(sign, Box::new(left), Box::new(self.unary()?)));
            }
        }
        if matches!(self.tokens.get(self.at), Some(Token::Name(word)) if word == "in") {
            self.at += 1;
            return Some(Expr::Compare("in", Box::new(left), Box::new(self.unary()?)));
        }
        Some(left)
    }

    fn unary(&mut self) -> Option<Expr> {
        if self.sign("!") {
            self.depth += 1;
            let inner = if self.depth > MAX_DEPTH { None } else { self.unary() };
            self.depth -= 1;
            return Some(Expr::Not(Box::new(inner?)));
        }
        self.member()
    }

    fn member(&mut self) -> Option<Expr> {
        let mut left = self.primary()?;
        loop {
            if self.sign(".") {
                let Some(Token::Name(word)) = self.tokens.get(self.at).cloned() else { return None };
                self.at += 1;
                left = if self.sign("(") {
                    Expr::Call(Some(Box::new(left)), word, self.list(")")?)
                } else {
                    let Expr::Path(path) = left else { return None };
                    Expr::Path(format!("{path}.{word}"))
                };
            } else if self.sign("[") {
                let (Expr::Path(path), Some(Token::Text(key))) = (left, self.tokens.get(self.at).cloned()) else {
                    return None;
                };
                self.at += 1;
                if !self.sign("]") {
                    return None;
                }
                // A key that is no name, such as one with a dot, is another path than its parts.
                let name = key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
                left = Expr::Path(if name { format!("{path}.{key}") } else { format!("{path}.{key:?}") });
            } else {
                return Some(left);
            }
        }
    }

    fn list(&mut self, end: &str) -> Option<Vec<Expr>> {
        let mut items = Vec::new();
        if self.sign(end) {
            return Some(items);
        }
        loop {
            items.push(self.any()?);
            if self.sign(end) {
                return Some(items);
            }
            if !self.sign(",") {
                return None;
            }
        }
    }

    fn primary(&mut self) -> Option<Expr> {
        if self.sign("(") {
            let inner = self.any()?;
            return self.sign(")").then_some(inner);
        }
        if self.sign("[") {
            return self.list("]").map(Expr::List);
        }
        let token = self.tokens.get(self.at).cloned()?;
        self.at += 1;
        match token {
            Token::Text(text) => Some(Expr::Text(text)),
            Token::Number(text) => Some(Expr::Number(text)),
            Token::Name(word) if word == "true" || word == "false" => Some(Expr::Bool(word == "true")),
            Token::Name(word) if self.sign("(") => Some(Expr::Call(None, word, self.list(")")?)),
            Token::Name(word) if word != "in" => Some(Expr::Path(word)),
            _ => None,
        }
    }
}
