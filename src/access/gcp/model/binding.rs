//! Grants of roles: members, bindings and policies.

use serde_json::Value;
use std::sync::Arc;

use super::{Collector, Grant, Role, origin};
use crate::access::gcp::principal::Who;
use crate::access::gcp::{cel, principal};
use crate::access::literal::Lit;
use crate::access::worlds::{Object, Val};

impl Collector<'_> {
    /// A binding: role, members and condition of a value.
    pub(super) fn binding(&mut self, row: usize, object: &Object, place: &str, value: &Val, path: &str, index: usize) {
        let role_name = value.get("role").name().unwrap_or_else(|| format!("${{{}.{path}role}}", object.address));
        let mut members = value.get("members").names();
        members.extend(value.get("member").name());
        let listed = value.get("members").items().len() + usize::from(!value.get("member").is_unset());
        if listed > members.len() {
            self.unread(row, path, "a member is known only after apply; plan again once it is known");
        }
        let block = value.get("condition");
        let block = block.items().first().unwrap_or(block);
        let (condition, condition_text) = match block.get("expression") {
            it if it.has_hole() || block.hole().is_some() => {
                (vec![vec![Lit::opaque(&format!("condition of {} {path}", object.address), false)]], None)
            }
            it => (it.text().map_or_else(|| vec![Vec::new()], cel::clauses), it.text().map(str::to_owned)),
        };
        for member in members {
            self.grant(Grant {
                who: Who::default(),
                member,
                role: Role::Listed(Arc::default()),
                role_name: role_name.clone(),
                place: place.to_owned(),
                condition: condition.clone(),
                condition_text: condition_text.clone(),
                except: Vec::new(),
                origin: origin(object, path, index),
            });
        }
    }

    pub(super) fn grant(&mut self, mut grant: Grant) {
        grant.member = principal::normal(&grant.member);
        grant.role = self.role(&grant.role_name);
        grant.who = principal::member(&grant.member);
        self.model.grants.push(grant);
    }

    pub(super) fn role(&self, name: &str) -> Role {
        let by_id = name.strip_prefix("projects/").and_then(|rest| rest.split_once('/'));
        let by_id = by_id.map(|(project, rest)| format!("projects/{}/{rest}", self.tree.project_id(project)));
        if let Some(role) = self.custom.get(name).or_else(|| self.custom.get(&by_id?)) {
            return role.clone();
        }
        if let Some(listed) = self.catalogue.role("gcp", name).and_then(crate::access::facts::Definition::listed) {
            return Role::Listed(Arc::new(listed));
        }
        match crate::access::gcp::roles::Roles::built_in().get(name) {
            Some(_) => Role::Named(name.to_owned()),
            None => Role::Unknown(name.to_owned()),
        }
    }

    pub(super) fn policy(&mut self, row: usize, object: &Object, place: &str) {
        let data = object.get("policy_data");
        let parsed;
        let data = match data {
            Val::Text(text) => match serde_json::from_str::<Value>(text) {
                Ok(value) => {
                    parsed = Val::known(&value);
                    &parsed
                }
                Err(_) => return self.unread(row, "policy_data", "the policy is not JSON; read it"),
            },
            other => other,
        };
        if !matches!(data, Val::Map(_)) {
            return self.unread(
                row,
                "policy_data",
                "the policy is known only after apply; plan again once it is known",
            );
        }
        let bindings = data.get("bindings");
        if bindings.hole().is_some() {
            self.unread(row, "policy_data", "the policy is known only after apply; plan again once it is known");
        }
        for (at, binding) in bindings.items().iter().enumerate() {
            self.binding(row, object, place, binding, "policy_data", at);
        }
    }
}
