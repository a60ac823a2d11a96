//! Conditional access: which sign-ins pass.

use super::Collector;
use super::lits::{key, literal, only};
use crate::access::glob::Glob;
use crate::access::literal::{Dim, Lit};
use crate::access::worlds::{Object, Val};

impl<'a> Collector<'a> {
    pub(super) fn conditional_access(&mut self, object: &Object) {
        if object.get("state").text().is_some_and(|state| state != "enabled") {
            return;
        }
        for conditions in object.get("conditions").items() {
            let mut lits = vec![only("s", "signin")];
            for users in conditions.get("users").items() {
                let included = self.people(users, "included");
                let excluded = self.people(users, "excluded");
                lits.push(Lit::of(Dim::Principal, false, included, "included users"));
                lits.push(Lit::of(Dim::Principal, true, excluded, "excluded users"));
            }
            for apps in conditions.get("applications").items() {
                let list = |name: &str| -> Vec<Glob> {
                    let names = apps.get(name).names();
                    names.iter().map(|name| if name == "All" { Glob::any() } else { literal(name) }).collect()
                };
                lits.push(Lit::of(Dim::Resource, false, list("included_applications"), "included applications"));
                lits.push(Lit::of(Dim::Resource, true, list("excluded_applications"), "excluded applications"));
            }
            // The remaining conditions narrow the policy; equal ones are the same truth value.
            if let Val::Map(members) = conditions {
                for (name, value) in members.iter().filter(|(name, _)| !matches!(&***name, "users" | "applications")) {
                    let everything = value.is_unset() || value.names() == ["all"];
                    if !everything {
                        lits.push(Lit::opaque(&format!("{name} {value:?}"), false));
                    }
                }
            }
            for controls in object.get("grant_controls").items() {
                let mut asked = controls.get("built_in_controls").names();
                for more in ["authentication_strength_policy_id", "custom_authentication_factors", "terms_of_use"] {
                    asked.extend(controls.get(more).names());
                }
                let lacks =
                    |name: &String| key(&format!("control:{}", name.to_ascii_lowercase()), true, true, &["true"]);
                if asked.iter().any(|name| name == "block") {
                    self.restrict(object, lits.clone());
                } else if controls.get("operator").text() == Some("OR") {
                    let all = lits.iter().cloned().chain(asked.iter().map(lacks)).collect();
                    self.restrict(object, all);
                } else {
                    for name in &asked {
                        let one = lits.iter().cloned().chain([lacks(name)]).collect();
                        self.restrict(object, one);
                    }
                }
            }
        }
    }

    /// The principals that a policy includes or excludes.
    pub(super) fn people(&self, users: &Val, which: &str) -> Vec<Glob> {
        let mut all: Vec<Glob> = Vec::new();
        for name in users.get(&format!("{which}_users")).names() {
            all.push(if name == "All" { Glob::any() } else { literal(&name) });
        }
        for list in ["groups", "roles"] {
            for name in users.get(&format!("{which}_{list}")).names() {
                all.extend(self.expand(&name, true).iter().map(|one| literal(one)));
            }
        }
        all
    }
}
