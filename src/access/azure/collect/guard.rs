//! Policies that forbid operations, and locks.

use super::Collector;
use super::lits::{action, below, key, only};
use crate::access::literal::{Dim, Lit};
use crate::access::worlds::Object;

impl<'a> Collector<'a> {
    pub(super) fn lock(&mut self, object: &Object) {
        let Some(scope) = object.get("scope").name() else { return };
        let mut lits = vec![Lit::of(Dim::Resource, false, below(&scope).into(), &scope)];
        match object.get("lock_level").text() {
            Some("ReadOnly") => {
                lits.push(only("c", "*"));
                lits.push(action("c", &["*/read".to_owned()], true));
            }
            _ => lits.push(only("c", "*/delete")),
        }
        self.restrict(object, lits);
    }

    pub(super) fn policy(&mut self, at: usize, object: &Object) {
        if object.get("enforce").flag() == Some(false) {
            return;
        }
        let ids = ["subscription_id", "resource_group_id", "management_group_id", "resource_id"];
        let (Some(scope), Some(definition)) =
            (ids.iter().find_map(|id| object.get(id).name()), object.get("policy_definition_id").name())
        else {
            return self.unclear(at, "policy_definition_id", "the policy is known only after apply".into());
        };
        let found = self.of_type("azurerm_policy_definition").find(|it| {
            it.get("id").text().is_some_and(|id| id.eq_ignore_ascii_case(&definition))
                || format!("${{{}.id}}", it.address) == definition
        });
        let rule = found.and_then(|it| it.get("policy_rule").text());
        let rule: Option<serde_json::Value> = rule.and_then(|text| serde_json::from_str(text).ok());
        let reach = Lit::of(Dim::Resource, false, self.reach(&scope), &scope);
        let effect = rule.as_ref().and_then(|rule| rule.pointer("/then/effect")?.as_str().map(str::to_ascii_lowercase));
        // What lies below a management group need not be in the plan.
        let mut reaches = vec![vec![reach]];
        if scope.to_ascii_lowercase().contains("/managementgroups/") || scope.starts_with("${") {
            reaches.push(vec![Lit::opaque(&format!("the resource lies below {}", scope.to_lowercase()), false)]);
        }
        let name = format!("violates {}", definition.to_ascii_lowercase());
        let violates = |lits: Vec<Lit>, reach: &[Lit]| {
            let violation = key(&name, false, false, &["true"]);
            lits.into_iter().chain([violation]).chain(reach.iter().cloned()).collect::<Vec<Lit>>()
        };
        match effect.as_deref() {
            Some("audit" | "auditifnotexists" | "disabled" | "append" | "modify" | "deployifnotexists") => {}
            Some("deny") => {
                let condition = rule.as_ref().and_then(|rule| rule.get("if"));
                let kind = condition
                    .filter(|it| it.get("field").and_then(|f| f.as_str()) == Some("type"))
                    .and_then(|it| it.get("equals")?.as_str());
                let operation = kind.map_or_else(|| "*/write".to_owned(), |kind| format!("{kind}/write"));
                for reach in &reaches {
                    self.restrict(object, violates(vec![only("c", &operation)], reach));
                }
            }
            _ => {
                let unread = Lit::opaque(&format!("what policy `{definition}` denies"), false);
                for reach in &reaches {
                    self.restrict(object, violates(vec![only("c", "*"), unread.clone()], reach));
                }
            }
        }
    }
}
