//! Conditional access: which sign-ins pass.
//!
//! Microsoft Learn, "Conditional Access: Users, groups, agents, and workload identities" and "Target resources". A
//! policy applies where one of its inclusions does and no exclusion; what of it cannot be read is one truth value by
//! its text.

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
            let whom = self.whom(conditions);
            let what = what(conditions);
            let mut rest = Vec::new();
            // The remaining conditions narrow the policy; equal ones are the same truth value.
            if let Val::Map(members) = conditions {
                let read = ["users", "applications", "client_applications"];
                for (name, value) in members.iter().filter(|(name, _)| !read.contains(&&***name)) {
                    let value = value.settled();
                    if value != Val::Null && value.names() != ["all"] {
                        rest.push(Lit::opaque(&format!("{name} {value:?}"), false));
                    }
                }
            }
            let applies = |whom: &Vec<Lit>, what: &Vec<Lit>| -> Vec<Lit> {
                whom.iter().chain(what).chain(&rest).cloned().collect()
            };
            for lits in whom.iter().flat_map(|whom| what.iter().map(move |what| applies(whom, what))) {
                self.asks(object, &lits);
            }
        }
    }

    /// What a policy asks of a sign-in that it applies to.
    fn asks(&mut self, object: &Object, lits: &[Lit]) {
        for controls in object.get("grant_controls").items() {
            let mut asked = controls.get("built_in_controls").names();
            for more in ["authentication_strength_policy_id", "custom_authentication_factors", "terms_of_use"] {
                asked.extend(controls.get(more).names());
            }
            let lacks = |name: &String| key(&format!("control:{}", name.to_ascii_lowercase()), true, true, &["true"]);
            if asked.iter().any(|name| name == "block") {
                self.restrict(object, lits.to_vec());
            } else if controls.get("operator").text() == Some("OR") && !asked.is_empty() {
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

    /// The callers a policy applies to, as alternatives.
    fn whom(&self, conditions: &Val) -> Vec<Vec<Lit>> {
        let mut all = Vec::new();
        for users in conditions.get("users").items() {
            let excluded = Lit::of(Dim::Principal, true, self.people(users, "excluded"), "excluded users");
            let mut common = vec![excluded];
            let mut included = vec![Lit::of(Dim::Principal, false, self.people(users, "included"), "included users")];
            // Guests, and whatever else a provider adds: who they are is not in the plan.
            let read = ["users", "groups", "roles"];
            if let Val::Map(members) = users {
                for (name, value) in members.iter().filter(|(_, value)| value.settled() != Val::Null) {
                    let text = format!("the caller is among {name} {:?}", value.settled());
                    match name.split_once('_') {
                        Some(("included" | "excluded", list)) if read.contains(&list) => {}
                        Some(("included", _)) => included.push(Lit::opaque(&text, false)),
                        Some(("excluded", _)) => common.push(Lit::opaque(&text, true)),
                        _ => common.push(Lit::opaque(&text, false)),
                    }
                }
            }
            all.extend(included.into_iter().map(|one| [one].into_iter().chain(common.iter().cloned()).collect()));
        }
        let workloads = conditions.get("client_applications").settled();
        if workloads != Val::Null {
            all.push(vec![Lit::opaque(&format!("the caller is a workload of {workloads:?}"), false)]);
        }
        all
    }

    /// The principals that a policy includes or excludes.
    fn people(&self, users: &Val, which: &str) -> Vec<Glob> {
        let mut all: Vec<Glob> = Vec::new();
        for name in users.get(&format!("{which}_users")).names() {
            match name.as_str() {
                "All" => all.push(Glob::any()),
                "None" => {}
                name => all.push(literal(name)),
            }
        }
        for list in ["groups", "roles"] {
            for name in users.get(&format!("{which}_{list}")).names() {
                all.extend(self.expand(&name, true).iter().map(|one| literal(one)));
            }
        }
        all
    }
}

/// What a policy applies to, as alternatives: applications, and actions of users.
fn what(conditions: &Val) -> Vec<Vec<Lit>> {
    let mut all = Vec::new();
    for apps in conditions.get("applications").items() {
        let list = |name: &str| -> Vec<Glob> {
            let names = apps.get(name).names();
            let real = names.iter().filter(|name| *name != "None");
            real.map(|name| if name == "All" { Glob::any() } else { literal(name) }).collect()
        };
        let mut narrows = Vec::new();
        let read = ["included_applications", "excluded_applications", "included_user_actions"];
        if let Val::Map(members) = apps {
            for (name, value) in members.iter().filter(|(name, _)| !read.contains(&&***name)) {
                if value.settled() != Val::Null {
                    narrows.push(Lit::opaque(&format!("{name} {:?}", value.settled()), false));
                }
            }
        }
        let excluded = Lit::of(Dim::Resource, true, list("excluded_applications"), "excluded applications");
        let included = Lit::of(Dim::Resource, false, list("included_applications"), "included applications");
        all.push([only("s", "signin"), included, excluded].into_iter().chain(narrows.iter().cloned()).collect());
        let actions = Lit::of(Dim::Resource, false, list("included_user_actions"), "included user actions");
        all.push([only("s", "userAction"), actions].into_iter().chain(narrows).collect());
    }
    all
}
