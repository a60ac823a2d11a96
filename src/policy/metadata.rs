//! A rule's `metadata` object.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::error::Problem;
use super::finding::Severity;
use super::rego::Value;
use crate::access::{Access, Verdict};
use crate::iam::{Facet, Kind, Platform};

/// What a rule is called with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Each IAM change it declares.
    #[default]
    Change,
    /// The whole plan, once.
    Plan,
}

/// What a rule says about itself. `policy list` and `policy explain` print it.
///
/// Built-in rules' metadata, which the build script cut out, is deserialised; what a user writes is read by [`read`],
/// whose messages have places. A test holds the two together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metadata {
    /// Kebab case, unique.
    pub id: String,
    /// One line.
    pub title: String,
    /// What it looks for, and why that matters.
    pub description: String,
    /// How bad a finding is, unless the finding says otherwise.
    pub severity: Severity,
    /// What to do.
    pub remediation: String,
    /// Links.
    pub references: Vec<String>,
    /// What it is called with.
    #[serde(default)]
    pub scope: Scope,
    /// The platforms it is called for; empty means all.
    #[serde(default)]
    pub platforms: Vec<Platform>,
    /// The kinds it is called for; empty means all.
    #[serde(default)]
    pub kinds: Vec<Kind>,
    /// The purposes of attributes of which a change has one that it is called for; empty means any change.
    #[serde(borrow, default)]
    pub purposes: Vec<&'static str>,
    /// The verdicts it is called for.
    #[serde(default = "default_verdicts")]
    pub verdicts: Vec<Verdict>,
    /// What the comparison must have to say of a change that it is called for; empty means nothing.
    #[serde(default)]
    pub needs: Vec<Need>,
}

/// What the comparison can have to say of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// It is not settled, not even begun, or the verdict is not `new`: what a document says in words still tells
    /// something.
    Doubt,
    /// A guard rail is weakened.
    Guardrails,
    /// Reasons are given.
    Reasons,
}

impl Need {
    /// Whether the comparison has that to say.
    pub(super) fn is_met(self, access: &Access) -> bool {
        match self {
            Self::Doubt => access.verdict != Verdict::New || !access.reasons.is_empty(),
            Self::Guardrails => !access.guardrails.is_empty(),
            Self::Reasons => !access.reasons.is_empty(),
        }
    }
}

fn default_verdicts() -> Vec<Verdict> {
    vec![Verdict::Possible, Verdict::New]
}

const KEYS: [&str; 12] = [
    "id",
    "title",
    "description",
    "severity",
    "remediation",
    "references",
    "scope",
    "platforms",
    "kinds",
    "purposes",
    "verdicts",
    "needs",
];
const NEEDS: [(&str, Need); 3] = [("doubt", Need::Doubt), ("guardrails", Need::Guardrails), ("reasons", Need::Reasons)];
const SEVERITIES: [(&str, Severity); 5] = [
    ("info", Severity::Info),
    ("low", Severity::Low),
    ("medium", Severity::Medium),
    ("high", Severity::High),
    ("critical", Severity::Critical),
];
const VERDICTS: [(&str, Verdict); 3] =
    [("none", Verdict::None), ("possible", Verdict::Possible), ("new", Verdict::New)];
const SCOPES: [(&str, Scope); 2] = [("change", Scope::Change), ("plan", Scope::Plan)];
/// Every platform a rule can name.
const PLATFORMS: [Platform; 7] = [
    Platform::Aws,
    Platform::Gcp,
    Platform::Azure,
    Platform::Kubernetes,
    Platform::Github,
    Platform::Gitlab,
    Platform::Other,
];

/// The severity of a word.
pub(super) fn severity(word: &str) -> Option<Severity> {
    SEVERITIES.iter().find(|(known, _)| *known == word).map(|(_, severity)| *severity)
}

/// The known word that is most like a wrong one, as help text; the known words where none is like it.
pub(super) fn suggestion<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let likeness = |word: &&str| strsim::jaro_winkler(wrong, word);
    let nearest = known.iter().copied().max_by(|left, right| likeness(left).total_cmp(&likeness(right)));
    match nearest {
        Some(word) if likeness(&word) > 0.8 => format!("did you mean `{word}`?"),
        _ => format!("one of: {}", known.join(", ")),
    }
}

/// Reads a metadata value. `place` gives the problem at a key's place (the whole object for `None`).
pub(super) fn read(
    value: &Value,
    place: impl Fn(Option<&str>) -> Problem,
    problems: &mut Vec<Problem>,
) -> Option<Metadata> {
    let Value::Object(object) = value else {
        let mut problem = place(None);
        problem.message = "metadata must be an object".to_owned();
        problems.push(problem);
        return None;
    };
    let mut members = BTreeMap::new();
    for (key, value) in object.iter() {
        if let Value::String(key) = key {
            members.insert(key.to_string(), value.clone());
        }
    }
    let mut reader = Reader { members, place: &place, problems, wrong: false };
    let unknown: Vec<String> = reader.members.keys().filter(|key| !KEYS.contains(&key.as_str())).cloned().collect();
    for key in unknown {
        reader.refuse(Some(&key), format!("unknown metadata key `{key}`"), suggestion(&key, KEYS));
    }
    let id = reader.required("id");
    if !id.is_empty() && !is_kebab_case(&id) {
        reader.refuse(
            Some("id"),
            format!("the id `{id}` is not in kebab case"),
            "such as `aws-admin-policy`".to_owned(),
        );
    }
    let title = reader.required("title");
    if title.contains('\n') {
        reader.refuse(Some("title"), "the title must be one line".to_owned(), String::new());
    }
    let metadata = Metadata {
        id,
        title,
        description: reader.required("description"),
        severity: reader.word("severity", &SEVERITIES).unwrap_or_else(|| {
            reader.missing("severity");
            Severity::High
        }),
        remediation: reader.required("remediation"),
        references: reader.list("references"),
        scope: reader.word("scope", &SCOPES).unwrap_or_default(),
        platforms: reader.words("platforms", &PLATFORMS.map(|platform| (platform.as_str(), platform))),
        kinds: reader.words("kinds", &Kind::ALL.map(|kind| (kind.as_str(), kind))),
        purposes: reader.words("purposes", &Facet::PURPOSES.map(|purpose| (purpose, purpose))),
        verdicts: {
            let chosen = reader.words("verdicts", &VERDICTS);
            if chosen.is_empty() { default_verdicts() } else { chosen }
        },
        needs: reader.words("needs", &NEEDS),
    };
    if metadata.scope == Scope::Plan {
        for key in ["platforms", "kinds", "purposes", "verdicts", "needs"] {
            if reader.members.contains_key(key) {
                let message = format!("`{key}` has no meaning in scope `plan`");
                reader.refuse(
                    Some(key),
                    message,
                    "leave it out; the rule sees every change in input.changes".to_owned(),
                );
            }
        }
    }
    (!reader.wrong).then_some(metadata)
}

struct Reader<'r, P> {
    members: BTreeMap<String, Value>,
    place: &'r P,
    problems: &'r mut Vec<Problem>,
    wrong: bool,
}

impl<P: Fn(Option<&str>) -> Problem> Reader<'_, P> {
    fn refuse(&mut self, key: Option<&str>, message: String, help: String) {
        let mut problem = (self.place)(key);
        problem.message = message;
        problem.help = help;
        self.problems.push(problem);
        self.wrong = true;
    }

    fn missing(&mut self, key: &str) {
        if !self.members.contains_key(key) {
            self.refuse(None, format!("metadata lacks `{key}`"), String::new());
        }
    }

    fn required(&mut self, key: &str) -> String {
        match self.members.get(key) {
            Some(Value::String(text)) if !text.trim().is_empty() => return text.to_string(),
            Some(_) => self.refuse(Some(key), format!("metadata `{key}` must be a non-empty string"), String::new()),
            None => self.missing(key),
        }
        String::new()
    }

    fn list(&mut self, key: &str) -> Vec<String> {
        let items: Option<Vec<String>> = match self.members.get(key) {
            None => return Vec::new(),
            Some(Value::Array(array)) => array.iter().map(string_of).collect(),
            Some(Value::Set(set)) => set.iter().map(string_of).collect(),
            Some(_) => None,
        };
        items.unwrap_or_else(|| {
            self.refuse(Some(key), format!("metadata `{key}` must be an array of strings"), String::new());
            Vec::new()
        })
    }

    fn words<T: Copy>(&mut self, key: &str, known: &[(&str, T)]) -> Vec<T> {
        let words = self.list(key);
        if words.is_empty() && self.members.contains_key(key) {
            let message = format!("metadata `{key}` is empty, so the rule would never be called");
            self.refuse(Some(key), message, "leave the key out for the default".to_owned());
        }
        let mut found = Vec::new();
        for word in &words {
            match known.iter().find(|(name, _)| name == word) {
                Some((_, value)) => found.push(*value),
                None => {
                    let help = suggestion(word, known.iter().map(|(name, _)| *name));
                    self.refuse(Some(key), format!("`{word}` is not a known word of `{key}`"), help);
                }
            }
        }
        found
    }

    fn word<T: Copy>(&mut self, key: &str, known: &[(&str, T)]) -> Option<T> {
        let value = self.members.get(key)?.clone();
        let word = string_of(&value).unwrap_or_default();
        let found = known.iter().find(|(name, _)| *name == word);
        if found.is_none() {
            let help = suggestion(&word, known.iter().map(|(name, _)| *name));
            self.refuse(Some(key), format!("`{word}` is not a known {key}"), help);
        }
        found.map(|(_, value)| *value)
    }
}

fn string_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.to_string()),
        _ => None,
    }
}

fn is_kebab_case(id: &str) -> bool {
    id.split('-')
        .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_key_is_answered_with_the_nearest() {
        assert_eq!(suggestion("severty", KEYS), "did you mean `severity`?");
        assert!(suggestion("colour", KEYS).starts_with("one of: "));
    }
}
