//! Conditions of role assignments, evaluated as they stand.
//!
//! Microsoft Learn, "Azure role assignment condition format and syntax". What is not known here is unknown.

use super::{Request, Truth, like};

/// Whether a condition holds for a request.
pub(super) fn holds(text: &str, request: &Request<'_>) -> Truth {
    let mut reader = Reader { rest: text, request, depth: 0 };
    match reader.any() {
        Some(truth) if reader.rest.trim().is_empty() => truth,
        _ => Truth::Unknown,
    }
}

struct Reader<'r> {
    rest: &'r str,
    request: &'r Request<'r>,
    depth: usize,
}

impl<'r> Reader<'r> {
    /// Takes one of the signs or words; a word ends where letters end.
    fn takes(&mut self, one_of: &[&str]) -> bool {
        let rest = self.rest.trim_start();
        for text in one_of {
            let Some(head) = rest.get(..text.len()).filter(|head| head.eq_ignore_ascii_case(text)) else { continue };
            let after = rest.get(text.len()..).unwrap_or_default();
            let word = head.ends_with(|c: char| c.is_ascii_alphabetic());
            if !word || !after.starts_with(|c: char| c.is_ascii_alphanumeric()) {
                self.rest = after;
                return true;
            }
        }
        false
    }

    fn any(&mut self) -> Option<Truth> {
        let mut truth = self.all()?;
        while self.takes(&["||", "OR"]) {
            truth = truth.or(self.all()?);
        }
        Some(truth)
    }

    fn all(&mut self) -> Option<Truth> {
        let mut truth = self.one()?;
        while self.takes(&["&&", "AND"]) {
            truth = truth.and(self.one()?);
        }
        Some(truth)
    }

    fn one(&mut self) -> Option<Truth> {
        self.depth += 1;
        if self.depth > 200 {
            return None;
        }
        if self.takes(&["!", "NOT"]) {
            return self.one().map(Truth::not);
        }
        if self.takes(&["("]) {
            let truth = self.any()?;
            return self.takes(&[")"]).then_some(truth);
        }
        if self.takes(&["ActionMatches"]) {
            let values = self.values()?;
            return Some(Truth::of(values.iter().any(|value| like(value, self.request.action))));
        }
        if self.takes(&["SubOperationMatches"]) {
            let values = self.values()?;
            let own = self.request.key("suboperation");
            return Some(Truth::of(own.is_some_and(|own| values.iter().any(|value| value.eq_ignore_ascii_case(own)))));
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Option<Truth> {
        let rest = self.rest.trim_start();
        let end = rest.find(']').filter(|_| rest.starts_with('@'))? + 1;
        let attribute = rest.get(..end)?;
        self.rest = rest.get(end..)?.trim_start();
        let word = self.rest.find(|c: char| c.is_whitespace() || c == '{' || c == '\'').unwrap_or(self.rest.len());
        let operator = self.rest.get(..word)?.to_lowercase();
        self.rest = self.rest.get(word..)?;
        let values = self.values()?;
        let name = match attribute.contains("$key_case_sensitive$") {
            true => attribute.to_owned(),
            false => attribute.to_lowercase(),
        };
        if values.iter().any(|value| value.starts_with('@')) {
            return Some(Truth::Unknown);
        }
        let Some(own) = self.request.key(&name) else {
            // A comparison with an attribute that is not there is false; one that is not understood may differ.
            return Some(if known(&operator).is_some() { Truth::No } else { Truth::Unknown });
        };
        let same = |value: &String| own == value;
        let folded = |value: &String| own.eq_ignore_ascii_case(value);
        let matches = |value: &String| wild(value.as_bytes(), own.as_bytes());
        let (base, several) = known(&operator)?;
        if values.len() > 1 && !several {
            return Some(Truth::Unknown);
        }
        Some(match base {
            "stringequals" => Truth::of(values.iter().any(same)),
            "stringnotequals" => Truth::of(!values.iter().any(same)),
            "stringequalsignorecase" | "guidequals" => Truth::of(values.iter().any(folded)),
            "stringnotequalsignorecase" | "guidnotequals" => Truth::of(!values.iter().any(folded)),
            "stringlike" => Truth::of(values.iter().any(matches)),
            "stringnotlike" => Truth::of(!values.iter().any(matches)),
            _ => Truth::Unknown,
        })
    }

    /// One value, or several in braces.
    fn values(&mut self) -> Option<Vec<String>> {
        if !self.takes(&["{"]) {
            return Some(vec![self.value()?]);
        }
        let mut all = Vec::new();
        while !self.takes(&["}"]) {
            all.push(self.value()?);
            let _ = self.takes(&[","]);
        }
        Some(all)
    }

    fn value(&mut self) -> Option<String> {
        let rest = self.rest.trim_start();
        if let Some(quoted) = rest.strip_prefix('\'') {
            let (value, after) = quoted.split_once('\'')?;
            self.rest = after;
            return (!value.contains('\\')).then(|| value.to_owned());
        }
        let end = match rest.starts_with('@') {
            true => rest.find(']')? + 1,
            false => rest.find(|c: char| c.is_whitespace() || "(){},'".contains(c)).unwrap_or(rest.len()),
        };
        let value = rest.get(..end).filter(|value| !value.is_empty())?;
        self.rest = rest.get(end..)?;
        Some(value.to_owned())
    }
}

/// The operator without its set operator, and whether it takes several values.
fn known(operator: &str) -> Option<(&str, bool)> {
    match operator.split_once(':') {
        None => Some((operator, false)),
        Some(("foranyofanyvalues", base)) => Some((base, !base.contains("not"))),
        Some(_) => None,
    }
}

/// `*` for any characters and `?` for one, with regard to case.
fn wild(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) if wild(rest, text) => true,
        (Some((b'*', _)), Some((_, tail))) => wild(pattern, tail),
        (Some((p, rest)), Some((t, tail))) => (*p == b'?' || p == t) && wild(rest, tail),
        _ => false,
    }
}
