//! Conditions: the part of CEL that IAM conditions use, read to literals; whatever is not understood is opaque, and
//! the same text is the same truth value everywhere.
//!
//! <https://cloud.google.com/iam/docs/conditions-attribute-reference>. A condition that fails to evaluate is not
//! true; therefore a comparison with a missing attribute is false, negated or not.

mod parse;

use std::sync::Arc;

use crate::access::glob::{Glob, Loop};
use crate::access::literal::{Dim, Lit, Set, Test};
use crate::access::ranges::Ranges;
use crate::access::scalar;

use parse::Expr;

/// An alternative: literals that hold together.
pub type Clause = Vec<Lit>;

const MAX_CLAUSES: usize = 64;

/// Reads a condition to alternatives. Text that cannot be read is one opaque literal.
#[must_use]
pub fn clauses(text: &str) -> Vec<Clause> {
    let opaque = || vec![vec![Lit::opaque(&format!("condition {}", text.trim()), false)]];
    parse::expression(text).and_then(|expr| expr.clauses(true)).unwrap_or_else(opaque)
}

impl Expr {
    /// The alternatives under which the expression is true (with `want` false: is false, without an error).
    fn clauses(&self, want: bool) -> Option<Vec<Clause>> {
        match (self, want) {
            (Self::Not(inner), _) => inner.clauses(!want),
            (Self::Bool(it), _) => Some(if *it == want { vec![Vec::new()] } else { Vec::new() }),
            (Self::Any(a, b), true) | (Self::All(a, b), false) => {
                let mut all = a.clauses(want)?;
                all.extend(b.clauses(want)?);
                (all.len() <= MAX_CLAUSES).then_some(all)
            }
            (Self::All(a, b), true) | (Self::Any(a, b), false) => {
                let (a, b) = (a.clauses(want)?, b.clauses(want)?);
                let both = |left: &Clause, right: &Clause| left.iter().chain(right).cloned().collect::<Clause>();
                (a.len() * b.len() <= MAX_CLAUSES)
                    .then(|| a.iter().flat_map(|left| b.iter().map(move |right| both(left, right))).collect())
            }
            _ => Some(vec![vec![self.atom(want).unwrap_or_else(|| self.opaque(want))]]),
        }
    }

    /// An atom that is not understood. An error is neither true nor false, hence a name of its own for each.
    fn opaque(&self, want: bool) -> Lit {
        Lit::opaque(&format!("{}{self:?}", if want { "" } else { "not " }), false)
    }

    fn atom(&self, want: bool) -> Option<Lit> {
        match self {
            Self::Compare(sign, left, right) => compare(sign, left, right, want),
            Self::Call(Some(on), name, arguments) => call(on, name, arguments, want),
            _ => None,
        }
    }

    fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    fn texts(&self) -> Option<Vec<&str>> {
        match self {
            Self::List(items) => items.iter().map(Self::text).collect(),
            _ => None,
        }
    }

    /// The context key of an attribute that holds a string.
    fn key(&self) -> Option<&str> {
        const ROOTS: [&str; 6] =
            ["resource.name", "resource.type", "resource.service", "assertion.", "attribute.", "google."];
        match self {
            Self::Path(path) => ROOTS.iter().any(|root| path.starts_with(root)).then_some(path),
            _ => None,
        }
    }

    fn time(&self) -> Option<u128> {
        match self {
            Self::Call(None, name, arguments) if name == "timestamp" => scalar::date(arguments.first()?.text()?),
            _ => None,
        }
    }
}

/// A literal about a key that has one value. A missing key is an error, so the literal does not hold.
#[must_use]
pub fn one(key: &str, want: bool, set: Set) -> Lit {
    let label = format!("`{key}` {} {set:?}", if want { "in" } else { "not in" });
    let label = match &set {
        Set::Globs(globs) => {
            let texts: Vec<String> = globs
                .iter()
                .map(|glob| glob.as_literal().unwrap_or_else(|| format!("{}*", glob.literal_prefix())))
                .collect();
            format!("`{key}` {} {}", if want { "is" } else { "is not" }, texts.join(" or "))
        }
        _ => label,
    };
    Lit { dim: Dim::Key(key.into()), test: Test::One { neg: !want, absent_ok: false, set }, label: label.into() }
}

fn compare(sign: &str, left: &Expr, right: &Expr, want: bool) -> Option<Lit> {
    if matches!(left, Expr::Path(path) if path == "request.time") {
        return dated(sign, right.time()?, want);
    }
    if matches!(right, Expr::Path(path) if path == "request.time") {
        let turned = match sign {
            "<" => ">",
            "<=" => ">=",
            ">" => "<",
            ">=" => "<=",
            other => other,
        };
        return dated(turned, left.time()?, want);
    }
    match sign {
        "==" | "!=" => {
            let (key, value) = match (left.key(), right.text()) {
                (Some(key), Some(value)) => (key, value),
                _ => (right.key()?, left.text()?),
            };
            Some(one(key, want == (sign == "=="), Set::Globs(vec![Glob::literal(value)])))
        }
        "in" => {
            let globs = right.texts()?.into_iter().map(Glob::literal).collect();
            Some(one(left.key()?, want, Set::Globs(globs)))
        }
        _ => None,
    }
}

fn dated(sign: &str, at: u128, want: bool) -> Option<Lit> {
    let before = at.checked_sub(1)?;
    let after = at.checked_add(1)?;
    let ranges = match sign {
        "<" => Ranges::between(0, before),
        "<=" => Ranges::between(0, at),
        ">" => Ranges::between(after, u128::MAX),
        ">=" => Ranges::between(at, u128::MAX),
        _ => return None,
    };
    let date = scalar::show_date(at).unwrap_or_default();
    let mut lit = one("request.time", want, Set::Dates(ranges));
    lit.label = Arc::from(format!("{}request.time {sign} {date}", if want { "" } else { "not " }));
    Some(lit)
}

fn call(on: &Expr, name: &str, arguments: &[Expr], want: bool) -> Option<Lit> {
    let text = |at: usize| arguments.get(at).and_then(Expr::text);
    match (on, name) {
        (Expr::Path(path), "matchTag" | "matchTagId") if path == "resource" => {
            // A tag that is not bound is no error.
            let set = Set::Globs(vec![Glob::literal(text(1)?)]);
            let label = format!("{}tag {} = {}", if want { "" } else { "not " }, text(0)?, text(1)?);
            let key = format!("tag:{}", text(0)?);
            Some(Lit {
                dim: Dim::Key(key.into()),
                test: Test::One { neg: !want, absent_ok: !want, set },
                label: label.into(),
            })
        }
        (Expr::Call(Some(api), get, of), "hasOnly")
            if get == "getAttribute"
                && **api == Expr::Path("api".into())
                && of.get(1) == Some(&Expr::List(Vec::new())) =>
        {
            let globs: Vec<Glob> = arguments.first()?.texts()?.into_iter().map(Glob::literal).collect();
            let key = of.first()?.text()?;
            let set = Set::Globs(globs);
            let test = match want {
                true => Test::All { neg: false, set },
                false => Test::Some { neg: true, absent_ok: false, set },
            };
            Some(Lit { dim: Dim::Key(key.into()), test, label: format!("`{key}` hasOnly the listed values").into() })
        }
        (_, "startsWith" | "endsWith" | "contains") if arguments.len() == 1 => {
            let mut glob = Glob::empty();
            if name != "startsWith" {
                glob.push_many(Loop::Any);
            }
            text(0)?.chars().for_each(|c| glob.push_char(c, false));
            if name != "endsWith" {
                glob.push_many(Loop::Any);
            }
            Some(one(on.key()?, want, Set::Globs(vec![glob])))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::point::{KeyValue, Point};

    fn holds(text: &str, keys: &[(&str, &str)]) -> bool {
        let mut point = Point::default();
        for (key, value) in keys {
            point.keys.insert((*key).into(), KeyValue::One((*value).to_owned()));
        }
        clauses(text).iter().any(|clause| clause.iter().all(|lit| lit.holds(&point)))
    }

    #[test]
    fn comparisons_hold_as_written() {
        let at = |time| [("request.time", time)];
        let until = "request.time < timestamp(\"2027-01-01T00:00:00Z\")";
        assert!(holds(until, &at("2026-12-31T23:59:59Z")));
        assert!(!holds(until, &at("2027-01-01T00:00:00Z")));
        assert!(holds(&format!("!({until})"), &at("2027-01-01T00:00:00Z")));
        let prefix = "resource.name.startsWith('a/') || resource.type == \"x\" && resource.service in ['s', 't']";
        assert!(holds(prefix, &[("resource.name", "a/b")]));
        assert!(!holds(prefix, &[("resource.type", "x")]));
        assert!(holds(prefix, &[("resource.type", "x"), ("resource.service", "t")]));
    }

    #[test]
    fn an_error_is_not_true() {
        assert!(!holds("resource.name != 'a'", &[]));
        assert!(!holds("!(resource.name == 'a')", &[]));
        assert!(holds("!resource.matchTag('k', 'v')", &[]));
    }

    #[test]
    fn what_is_not_understood_is_one_opaque_literal() {
        for text in
            ["", "(", "a.b(", "size(x) > 3", "resource.name.matches('x')", "r'a' == 'b'", "'a", &"(".repeat(500)]
        {
            let found = clauses(text);
            assert!(found.len() == 1 && found[0].iter().all(Lit::dim_is_opaque), "{text}: {found:?}");
            assert_eq!(found, clauses(text));
        }
    }
}
