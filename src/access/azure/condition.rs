//! Conditions of role assignments (Azure ABAC).
//!
//! Source: Microsoft Learn, "Azure role assignment condition format and syntax". A condition is read to a sum of
//! products of literals. What is not read exactly (functions of sets over lists, numbers, dates, environment) stays
//! one opaque literal by its normalised text, so that it cancels where it is equal on both sides.

use crate::access::glob::{Glob, Loop};
use crate::access::literal::{Dim, Lit, Set, Test};

/// More alternatives than this are not spelled out; the condition is opaque then.
const MAX_ALTERNATIVES: usize = 64;

/// Deeper nesting is not read.
const MAX_DEPTH: usize = 64;

/// A condition, as far as it is read.
#[derive(Clone, Debug, PartialEq)]
enum Tree {
    All(Vec<Tree>),
    Any(Vec<Tree>),
    Not(Box<Tree>),
    Lit(Lit),
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Open,
    Close,
    Brace,
    BraceEnd,
    Comma,
    Bang,
    /// A text in quotes.
    Quoted(String),
    /// A word, operator or attribute such as `@Request[a:b]`.
    Word(String),
}

/// The alternatives of a condition, each a conjunction. A condition that cannot be read is one opaque literal.
pub fn alternatives(text: &str) -> Vec<Vec<Lit>> {
    let read = tokens(text).and_then(|tokens| {
        let mut parser = Parser { tokens: &tokens, at: 0 };
        let tree = parser.any(0)?;
        if parser.at < tokens.len() {
            return None;
        }
        products(&tree, true)
    });
    read.unwrap_or_else(|| {
        let plain: Vec<&str> = text.split_whitespace().collect();
        vec![vec![Lit::opaque(&format!("condition {}", plain.join(" ")), false)]]
    })
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut out = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let token = match c {
            c if c.is_whitespace() => continue,
            '(' => Token::Open,
            ')' => Token::Close,
            '{' => Token::Brace,
            '}' => Token::BraceEnd,
            ',' => Token::Comma,
            '!' => Token::Bang,
            '\'' => {
                let mut word = String::new();
                loop {
                    match rest.next()? {
                        '\'' => break,
                        // Escapes are rare and differ by operator; the condition stays opaque.
                        '\\' => return None,
                        other => word.push(other),
                    }
                }
                Token::Quoted(word)
            }
            first => {
                let mut word = String::from(first);
                let mut inside = false;
                while let Some(next) = rest.peek().copied() {
                    match next {
                        '[' => inside = true,
                        ']' => inside = false,
                        c if !inside && (c.is_whitespace() || "(){},!'".contains(c)) => break,
                        _ => {}
                    }
                    word.push(next);
                    rest.next();
                }
                Token::Word(word)
            }
        };
        out.push(token);
    }
    Some(out)
}

struct Parser<'t> {
    tokens: &'t [Token],
    at: usize,
}

impl Parser<'_> {
    fn next(&mut self) -> Option<&Token> {
        self.at += 1;
        self.tokens.get(self.at - 1)
    }

    fn takes(&mut self, word: &[&str]) -> bool {
        let found = matches!(self.tokens.get(self.at), Some(Token::Word(it)) if word.iter().any(|w| it.eq_ignore_ascii_case(w)));
        self.at += usize::from(found);
        found
    }

    fn is(&mut self, token: &Token) -> bool {
        let found = self.tokens.get(self.at) == Some(token);
        self.at += usize::from(found);
        found
    }

    fn any(&mut self, depth: usize) -> Option<Tree> {
        if depth > MAX_DEPTH {
            return None;
        }
        let mut list = vec![self.all(depth)?];
        while self.takes(&["OR", "||"]) {
            list.push(self.all(depth)?);
        }
        Some(Tree::Any(list))
    }

    fn all(&mut self, depth: usize) -> Option<Tree> {
        let mut list = vec![self.one(depth)?];
        while self.takes(&["AND", "&&"]) {
            list.push(self.one(depth)?);
        }
        Some(Tree::All(list))
    }

    fn one(&mut self, depth: usize) -> Option<Tree> {
        if depth > MAX_DEPTH {
            return None;
        }
        if self.is(&Token::Bang) || self.takes(&["NOT"]) {
            return Some(Tree::Not(Box::new(self.one(depth + 1)?)));
        }
        if self.is(&Token::Open) {
            let tree = self.any(depth + 1)?;
            return self.is(&Token::Close).then_some(tree);
        }
        let Some(Token::Word(subject)) = self.next().cloned() else { return None };
        if subject.eq_ignore_ascii_case("ActionMatches") || subject.eq_ignore_ascii_case("SubOperationMatches") {
            let values = self.values()?;
            return Some(Tree::Lit(match subject.to_ascii_lowercase().as_str() {
                "actionmatches" => {
                    let planes = values.iter().flat_map(|value| ["c", "d"].map(|plane| format!("{plane}:{value}")));
                    let globs = planes.map(|text| operations(&text)).collect();
                    Lit::of(Dim::Action, false, globs, &format!("{subject} {}", values.join(", ")))
                }
                _ => {
                    let globs = values.iter().map(|value| folded(value)).collect();
                    on_key("suboperation", false, globs, &format!("{subject} {}", values.join(", ")))
                }
            }));
        }
        if !subject.starts_with('@') {
            return None;
        }
        let Some(Token::Word(operator)) = self.next().cloned() else { return None };
        let from = self.at;
        let values = self.values()?;
        // A value may be another attribute; then nothing is known of it.
        let read = self.tokens.get(from..self.at).unwrap_or_default();
        let compared = read.iter().any(|token| matches!(token, Token::Word(word) if word.starts_with('@')));
        Some(Tree::Lit(comparison(&subject, &operator, values, compared)))
    }

    /// A value, or several in braces.
    fn values(&mut self) -> Option<Vec<String>> {
        if !self.is(&Token::Brace) {
            return match self.next()? {
                Token::Quoted(it) | Token::Word(it) => Some(vec![it.clone()]),
                _ => None,
            };
        }
        let mut values = Vec::new();
        loop {
            match self.next()? {
                Token::Quoted(it) | Token::Word(it) => values.push(it.clone()),
                Token::Comma => {}
                Token::BraceEnd => return Some(values),
                _ => return None,
            }
        }
    }
}

/// A pattern of operations: only `*` is special, and case is not minded.
fn operations(text: &str) -> Glob {
    let mut glob = Glob::empty();
    for c in text.chars() {
        match c {
            '*' => glob.push_many(Loop::Any),
            c => glob.push_char(c, true),
        }
    }
    glob
}

fn folded(text: &str) -> Glob {
    let mut glob = Glob::empty();
    text.chars().for_each(|c| glob.push_char(c, true));
    glob
}

fn on_key(key: &str, neg: bool, globs: Vec<Glob>, label: &str) -> Lit {
    let test = Test::One { neg, absent_ok: false, set: Set::Globs(globs) };
    Lit { dim: Dim::Key(key.into()), test, label: label.into() }
}

/// A comparison of an attribute. One with an absent attribute is false.
fn comparison(subject: &str, operator: &str, mut values: Vec<String>, compared: bool) -> Lit {
    let label = format!("{subject} {operator} {}", values.join(", "));
    let lower = operator.to_ascii_lowercase();
    // The key of a tag minds case only where it says so.
    let name = match subject.contains("$key_case_sensitive$") {
        true => subject.to_owned(),
        false => subject.to_ascii_lowercase(),
    };
    // Attributes of which a request carries one value; on these, some value is the value.
    let single = [":roledefinitionid]", ":principalid]", ":principaltype]"].iter().any(|end| name.ends_with(end));
    let base = match lower.strip_prefix("foranyofanyvalues:") {
        _ if compared => "",
        Some(base) if single => base,
        Some(_) => "",
        None if values.len() == 1 => lower.as_str(),
        None => "",
    };
    let exact = |values: &[String]| values.iter().map(|value| Glob::literal(value)).collect();
    let fold = |values: &[String]| values.iter().map(|value| folded(value)).collect();
    let like = |values: &[String]| values.iter().map(|value| Glob::wildcard(value, false)).collect();
    match base {
        "stringequals" => on_key(&name, false, exact(&values), &label),
        "stringnotequals" if values.len() == 1 => on_key(&name, true, exact(&values), &label),
        "stringequalsignorecase" | "guidequals" => on_key(&name, false, fold(&values), &label),
        "stringnotequalsignorecase" | "guidnotequals" if values.len() == 1 => {
            on_key(&name, true, fold(&values), &label)
        }
        "stringlike" => on_key(&name, false, like(&values), &label),
        "stringnotlike" if values.len() == 1 => on_key(&name, true, like(&values), &label),
        _ => {
            values.sort();
            Lit::opaque(&format!("condition {name} {lower} {compared} {values:?}"), false)
        }
    }
}

fn negated(lit: &Lit) -> Lit {
    let test = match &lit.test {
        Test::One { neg, absent_ok, set } => Test::One { neg: !neg, absent_ok: !absent_ok, set: set.clone() },
        Test::Opaque { neg } => Test::Opaque { neg: !neg },
        other => other.clone(),
    };
    Lit { dim: lit.dim.clone(), test, label: format!("not {}", lit.label).into() }
}

/// The products of a tree, or of its negation; `None` where there are too many.
fn products(tree: &Tree, positive: bool) -> Option<Vec<Vec<Lit>>> {
    match tree {
        Tree::Lit(lit) => Some(vec![vec![if positive { lit.clone() } else { negated(lit) }]]),
        Tree::Not(inner) => products(inner, !positive),
        Tree::All(list) | Tree::Any(list) if matches!(tree, Tree::Any(_)) == positive => {
            let mut all = Vec::new();
            for one in list {
                all.extend(products(one, positive)?);
            }
            (all.len() <= MAX_ALTERNATIVES).then_some(all)
        }
        Tree::All(list) | Tree::Any(list) => {
            let mut all = vec![Vec::new()];
            for one in list {
                let more = products(one, positive)?;
                if all.len() * more.len() > MAX_ALTERNATIVES {
                    return None;
                }
                all = all
                    .iter()
                    .flat_map(|left: &Vec<Lit>| more.iter().map(|right| left.iter().chain(right).cloned().collect()))
                    .collect();
            }
            Some(all)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::point::{KeyValue, Point};

    fn holds(text: &str, action: &str, keys: &[(&str, &str)]) -> bool {
        let keys = keys.iter().map(|(key, value)| ((*key).into(), KeyValue::One((*value).into()))).collect();
        let point = Point { action: format!("d:{action}"), keys, ..Point::default() };
        alternatives(text).iter().any(|product| product.iter().all(|lit| lit.holds(&point)))
    }

    const PATH: &str = "((!(ActionMatches{'S/blobs/read'} AND NOT SubOperationMatches{'Blob.List'})) OR \
                        (@Resource[S/blobs:path] StringLike 'reports/*'))";

    #[test]
    fn a_condition_holds_as_documented() {
        assert!(holds(PATH, "s/BLOBS/write", &[]));
        assert!(!holds(PATH, "S/blobs/read", &[]));
        assert!(holds(PATH, "S/blobs/read", &[("suboperation", "blob.list")]));
        assert!(holds(PATH, "S/blobs/read", &[("@resource[s/blobs:path]", "reports/a")]));
        assert!(!holds(PATH, "S/blobs/read", &[("@resource[s/blobs:path]", "Reports/a")]));
    }

    #[test]
    fn a_comparison_with_an_absent_attribute_is_false_and_its_negation_true() {
        assert!(!holds("@Request[a:b] StringNotEquals 'x'", "", &[]));
        assert!(holds("!(@Request[a:b] StringNotEquals 'x')", "", &[]));
    }

    #[test]
    fn what_is_not_read_is_opaque() {
        for text in
            ["", "((", "a b", "@Request[a] StringEquals 'x\\'y'", "@R[a:b] ForAllOfAllValues:StringEquals {'x'}"]
        {
            assert!(alternatives(text).iter().flatten().any(Lit::dim_is_opaque), "{text}");
        }
        let deep = "!".repeat(5000) + "ActionMatches{'x'}";
        assert!(alternatives(&deep).iter().flatten().all(Lit::dim_is_opaque));
    }
}
