//! The secrets of a plan, and their removal from text.
//!
//! Every sensitive value stands in clear in the plan's JSON. Masks hide them where values are shown, but a rule's
//! message, an explanation or a diff may carry a value to where no mask reaches: so every output is searched for
//! the values themselves.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, MatchKind};
use serde_json::Value;

use super::configuration::{self, ConfigModule};
use super::document::Plan;

/// What stands where a secret stood, as Terraform writes it.
pub(super) const REPLACEMENT: &str = "(sensitive value)";

/// Shorter values are not searched in text: they would be found everywhere.
const SHORTEST: usize = 4;
/// The same for one line of a value that has several.
const SHORTEST_LINE: usize = 8;

/// Sensitive strings met in what was materialised.
#[derive(Clone, Default)]
pub struct Secrets {
    values: BTreeSet<String>,
    search: OnceLock<Option<AhoCorasick>>,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.values.len())
    }
}

impl Secrets {
    /// Adds one value. Too short ones, and the words `true`, `false` and `null`, are not searched for.
    pub fn add(&mut self, text: &str) {
        if text.trim().chars().count() < SHORTEST || matches!(text, "true" | "false" | "null") {
            return;
        }
        self.search = OnceLock::new();
        if !self.values.insert(text.to_owned()) {
            return;
        }
        // Secrets are often documents; their leaves are as secret as the whole.
        match serde_json::from_str::<Value>(text.trim_start_matches('\u{feff}')) {
            Ok(document @ Value::Object(_)) if document.get("Statement").is_some() => self.add_policy(&document),
            Ok(document @ (Value::Object(_) | Value::Array(_))) => self.add_all(&document),
            _ => {}
        }
    }

    /// Adds what a policy document says about its owner: sids, principals, resources, the values of conditions, and
    /// whatever stands where it does not belong. The language's own words (members, effects, operators, condition
    /// keys, the names of actions) are the vocabulary of every report and are not secret.
    fn add_policy(&mut self, document: &Value) {
        match document {
            Value::String(text) => self.add_policy_text(text),
            Value::Array(list) => list.iter().for_each(|value| self.add_policy(value)),
            Value::Object(map) => map.values().for_each(|value| self.add_policy(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn add_policy_text(&mut self, text: &str) {
        if matches!(text, "Allow" | "Deny" | "2012-10-17" | "2008-10-17") || is_action(text) {
            return;
        }
        self.add(text);
        // A witness is made of a pattern's fixed parts.
        for part in text.split(['*', '?', '{', '}', '$']).filter(|part| *part != text && says_something(part)) {
            self.add(part);
        }
    }

    /// Adds every string in a value.
    pub fn add_all(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.add(text),
            Value::Array(list) => list.iter().for_each(|value| self.add_all(value)),
            Value::Object(map) => map.values().for_each(|value| self.add_all(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Adds every string in a value that a mask marks.
    pub fn add_masked(&mut self, value: &Value, mask: &Value) {
        match (value, mask) {
            (value, Value::Bool(true)) => self.add_all(value),
            (Value::Object(map), Value::Object(masks)) => {
                for (name, mask) in masks {
                    if let Some(value) = map.get(name) {
                        self.add_masked(value, mask);
                    }
                }
            }
            (Value::Array(list), Value::Array(masks)) => {
                list.iter().zip(masks).for_each(|(value, mask)| self.add_masked(value, mask));
            }
            _ => {}
        }
    }

    /// Adds the secrets of another plan.
    pub fn extend(&mut self, other: &Self) {
        self.search = OnceLock::new();
        self.values.extend(other.values.iter().cloned());
    }

    /// Whether there is nothing to hide.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Whether the text holds a secret.
    pub fn found_in(&self, text: &str) -> bool {
        self.search().is_some_and(|search| search.is_match(text))
    }

    /// Replaces every secret in a text, also one that is escaped for JSON (once or twice), and each of its lines.
    ///
    /// Redact before other escaping (Markdown, HTML, workflow commands): a secret that such escaping has changed is
    /// not found any more.
    pub fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let Some(search) = self.search() else { return Cow::Borrowed(text) };
        let mut out = String::new();
        let mut copied = 0;
        let mut hidden: Option<(usize, usize)> = None;
        let mut flush = |hidden: Option<(usize, usize)>| {
            if let Some((start, end)) = hidden {
                out.push_str(text.get(copied..start).unwrap_or_default());
                out.push_str(REPLACEMENT);
                copied = end;
            }
        };
        // Two secrets may overlap: all matches count, ordered by their ends.
        let mut matches: Vec<_> =
            search.find_overlapping_iter(text).map(|found| (found.start(), found.end())).collect();
        matches.sort_unstable();
        for (start, end) in matches {
            match &mut hidden {
                Some((_, last)) if start <= *last => *last = end.max(*last),
                _ => flush(hidden.replace((start, end))),
            }
        }
        flush(hidden);
        if copied == 0 {
            return Cow::Borrowed(text);
        }
        out.push_str(text.get(copied..).unwrap_or_default());
        Cow::Owned(out)
    }

    /// Replaces secrets in every string of a value, keys of objects included.
    pub fn redact_value(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Cow::Owned(redacted) = self.redact(text) {
                    *text = redacted;
                }
            }
            Value::Array(list) => list.iter_mut().for_each(|value| self.redact_value(value)),
            Value::Object(map) => {
                for (name, mut value) in std::mem::take(map) {
                    self.redact_value(&mut value);
                    map.insert(self.redact(&name).into_owned(), value);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn search(&self) -> Option<&AhoCorasick> {
        self.search
            .get_or_init(|| {
                let mut patterns = BTreeSet::new();
                for value in &self.values {
                    forms(value, &mut patterns);
                    let lines = value.lines().map(str::trim).filter(|line| line.chars().count() >= SHORTEST_LINE);
                    if value.contains('\n') {
                        lines.for_each(|line| forms(line, &mut patterns));
                    }
                }
                if patterns.is_empty() {
                    return None;
                }
                AhoCorasick::builder().match_kind(MatchKind::Standard).build(&patterns).ok()
            })
            .as_ref()
    }
}

/// The name of an action, or a pattern of such names: `service:Name*`.
fn is_action(text: &str) -> bool {
    text.split_once(':').is_some_and(|(service, name)| {
        !name.is_empty()
            && service.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'*' | b'?'))
    })
}

/// Whether a part of a pattern is more than the beginning that all ARNs of a service have.
fn says_something(part: &str) -> bool {
    part.chars().count() >= SHORTEST_LINE
        && (!part.starts_with("arn:") || part.splitn(6, ':').nth(5).is_some_and(|rest| !rest.is_empty()))
}

/// A text as it may stand in an output: plain, escaped for JSON by serde or by Go, and escaped twice.
fn forms(text: &str, patterns: &mut BTreeSet<String>) {
    let escape = |text: &str| {
        let quoted = Value::String(text.to_owned()).to_string();
        quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned()
    };
    let go = |text: &str| text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
    let once = escape(text);
    patterns.insert(text.to_owned());
    patterns.insert(escape(&once));
    patterns.insert(escape(&go(&once)));
    patterns.insert(go(&once));
    patterns.insert(once);
}

/// Whether an attribute of a provider block holds a credential.
pub(super) fn is_credential(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    const WORDS: [&str; 10] = [
        "secret",
        "password",
        "passwd",
        "token",
        "access_key",
        "private_key",
        "api_key",
        "app_key",
        "credential",
        "passphrase",
    ];
    WORDS.iter().any(|word| name.contains(word)) && !["_file", "_path", "_url"].iter().any(|end| name.ends_with(end))
}

impl Plan {
    /// Adds to [`Plan::secrets`] those of all that was materialised.
    pub(super) fn collect_secrets(&mut self) {
        let mut secrets = std::mem::take(&mut self.secrets);
        let deferred = self.deferred.iter().map(|deferred| &deferred.change);
        for change in self.changes.iter().chain(&self.drift).chain(deferred) {
            for mask in [&change.before_sensitive, &change.after_sensitive] {
                // What is secret on one side is secret on the other.
                secrets.add_masked(&change.before, mask);
                secrets.add_masked(&change.after, mask);
            }
        }
        for resource in &self.prior {
            secrets.add_masked(&resource.values, &resource.sensitive);
        }
        for action in self.actions.iter().chain(&self.deferred_actions) {
            secrets.add_masked(&action.values, &action.sensitive);
        }
        for output in self.output_changes.iter().filter(|output| output.sensitive) {
            secrets.add_all(&output.before);
            secrets.add_all(&output.after);
        }
        if let Some(configuration) = &self.configuration {
            for (name, _) in configuration.root.variables.iter().filter(|(_, variable)| variable.sensitive) {
                if let Some(value) = self.variables.get(name) {
                    secrets.add_all(value);
                }
            }
            for provider in configuration.providers.values() {
                let constants = configuration::overlay(&provider.expressions);
                secrets.add_masked(&constants.value, &constants.sensitive);
            }
            module(&configuration.root, &mut secrets);
        }
        self.secrets = secrets;
    }
}

/// Secrets written as constants in a module: defaults and arguments of sensitive variables, write-only arguments.
fn module(module: &ConfigModule, secrets: &mut Secrets) {
    for variable in module.variables.values().filter(|variable| variable.sensitive) {
        variable.default.iter().for_each(|default| secrets.add_all(default));
    }
    for resource in module.resources.values() {
        write_only(&resource.expressions, secrets);
    }
    for call in module.calls.values() {
        for (name, _) in call.module.variables.iter().filter(|(_, variable)| variable.sensitive) {
            if let Some(constant) = call.expressions.get(name).and_then(|expression| expression.get("constant_value")) {
                secrets.add_all(constant);
            }
        }
        self::module(&call.module, secrets);
    }
}

fn write_only(expressions: &Value, secrets: &mut Secrets) {
    match expressions {
        Value::Object(map) => {
            for (name, value) in map {
                match value.get("constant_value") {
                    Some(constant) if name.ends_with("_wo") => secrets.add_all(constant),
                    _ => write_only(value, secrets),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|value| write_only(value, secrets)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn secrets(values: &[&str]) -> Secrets {
        let mut secrets = Secrets::default();
        values.iter().for_each(|value| secrets.add(value));
        secrets
    }

    #[test]
    fn every_occurrence_goes_also_escaped() {
        let secrets = secrets(&["pa\"ss<w>ord"]);
        let plain = "x pa\"ss<w>ord y pa\"ss<w>ord";
        assert_eq!(secrets.redact(plain), "x (sensitive value) y (sensitive value)");
        let json = json!({"a": plain}).to_string();
        assert_eq!(secrets.redact(&json), r#"{"a":"x (sensitive value) y (sensitive value)"}"#);
        let twice = json!({ "b": json }).to_string();
        assert!(!secrets.redact(&twice).contains("ss<w>ord"));
        assert!(!secrets.redact(r#"pa\"ss\u003cw\u003eord"#).contains("ord"));
        assert!(matches!(secrets.redact("nothing here"), Cow::Borrowed(_)));
    }

    #[test]
    fn overlapping_secrets_leave_nothing_behind() {
        assert_eq!(secrets(&["abcdef", "defghi"]).redact("-abcdefghi-"), "-(sensitive value)-");
        assert_eq!(secrets(&["abcd", "abcdefgh"]).redact("abcdefgh"), "(sensitive value)");
    }

    #[test]
    fn a_secret_of_many_lines_goes_line_by_line() {
        let key = "-----BEGIN KEY-----\nAAAABBBBCCCC\nDDDDEEEEFFFF\n-----END KEY-----\n";
        let secrets = secrets(&[key]);
        assert!(!secrets.redact("+  DDDDEEEEFFFF").contains("DDDD"));
        assert_eq!(secrets.redact(&format!("a {key}b")), "a (sensitive value)b");
    }

    #[test]
    fn short_and_bare_values_stay_readable() {
        assert_eq!(secrets(&["abc", "true", "", "   a   "]).redact("abc true"), "abc true");
        let mut secrets = Secrets::default();
        secrets.add_all(&json!([true, 12345, null]));
        assert!(secrets.is_empty());
    }

    #[test]
    fn the_leaves_of_a_secret_document_are_secret() {
        let secrets = secrets(&[r#"{"user":"root1","password":"hunter2x"}"#]);
        assert_eq!(secrets.redact("with hunter2x"), "with (sensitive value)");
    }

    #[test]
    fn debug_shows_no_secret() {
        assert_eq!(format!("{:?}", secrets(&["topsecret"])), "Secrets(1)");
    }
}
