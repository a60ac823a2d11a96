//! Label selectors (Kubernetes documentation, "Labels and Selectors").

use std::collections::BTreeMap;

use super::object::{block, each, field};
use super::world::texts;
use crate::access::worlds::Val;

/// One requirement on a label.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Requirement {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    DoesNotExist(String),
}

/// All requirements of a selector; without any it selects everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Selector(Vec<Requirement>);

impl Selector {
    /// A selector of one label's value.
    pub(super) fn label(key: &str, value: &str) -> Self {
        Self(vec![Requirement::In(key.to_owned(), vec![value.to_owned()])])
    }

    /// What an aggregated role selects: an empty list where it cannot be read; `None` for an ordinary role.
    pub(super) fn of_role(role: &Val) -> Option<Vec<Self>> {
        let rule = block(role, "aggregation_rule");
        let list = field(rule, "cluster_role_selectors");
        // A live object writes the rule of an ordinary role with nothing in it.
        if list.is_unset() {
            return None;
        }
        let read: Option<Vec<Self>> = list.items().iter().map(Self::read).collect();
        Some(read.unwrap_or_default())
    }

    fn read(selector: &Val) -> Option<Self> {
        if selector.has_hole() {
            return None;
        }
        let labels = texts(field(selector, "match_labels")).into_iter();
        let mut all: Vec<Requirement> = labels.map(|(key, value)| Requirement::In(key, vec![value])).collect();
        for one in each(selector, "match_expressions", "matchExpressions").items() {
            let key = one.get("key").text()?.to_owned();
            let values = one.get("values").names();
            all.push(match one.get("operator").text()? {
                "In" => Requirement::In(key, values),
                "NotIn" => Requirement::NotIn(key, values),
                "Exists" => Requirement::Exists(key),
                "DoesNotExist" => Requirement::DoesNotExist(key),
                _ => return None,
            });
        }
        Some(Self(all))
    }

    /// Whether labels meet every requirement.
    pub(super) fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.0.iter().all(|requirement| match requirement {
            Requirement::In(key, values) => labels.get(key).is_some_and(|value| values.contains(value)),
            Requirement::NotIn(key, values) => labels.get(key).is_none_or(|value| !values.contains(value)),
            Requirement::Exists(key) => labels.contains_key(key),
            Requirement::DoesNotExist(key) => !labels.contains_key(key),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn expressions_are_read_in_both_spellings() {
        let role = json!({"aggregation_rule": [{"cluster_role_selectors": [
            {"match_labels": {}, "match_expressions": [{"key": "tier", "operator": "NotIn", "values": ["low"]}]}]}]});
        let all = Selector::of_role(&Val::known(&role)).unwrap_or_default();
        let labels = |value: &str| BTreeMap::from([("tier".to_owned(), value.to_owned())]);
        assert!(
            all.iter().any(|one| one.matches(&labels("high"))) && !all.iter().any(|one| one.matches(&labels("low")))
        );
        let role = json!({"aggregationRule": {"clusterRoleSelectors": [{"matchExpressions": [{"key": "a", "operator": "Gt"}]}]}});
        assert_eq!(Selector::of_role(&Val::known(&role)), Some(Vec::new()));
    }
}
