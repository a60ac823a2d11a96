//! Entra: directory roles, application roles and memberships.

use super::Collector;
use super::lits::{below, literal, only, tail};
use crate::access::glob::Glob;
use crate::access::literal::{Dim, Lit};
use crate::access::worlds::{Object, Row};

impl<'a> Collector<'a> {
    pub(super) fn directory_role(&mut self, at: usize, object: &Object) {
        let Some(principal) = self.principal(at, object, "principal_object_id") else { return };
        let Some(role) = object.get("role_id").name() else { return };
        let app = object.get("app_scope_id").text().filter(|app| *app != "/").map(|app| format!("app:{app}"));
        let scope = object.get("directory_scope_id").text().map(str::to_owned);
        let scope = match (scope, app) {
            // Not known yet: the widest.
            _ if object.get("directory_scope_id").has_hole() => "/".to_owned(),
            (None, Some(app)) => app,
            (scope, _) => scope.unwrap_or_else(|| "/".to_owned()),
        };
        let resource = match scope.as_str() {
            "/" => vec![Glob::any()],
            other => below(other).into(),
        };
        // Global Administrator, by the id of its template, may do everything in the directory.
        let pattern = match role.as_str() {
            "62e90394-69f5-4237-9190-012177145e10" => "*".to_owned(),
            other => format!("microsoft.directory/role/{}", tail(other)),
        };
        let lits = vec![only("e", &pattern), Lit::of(Dim::Resource, false, resource, &scope)];
        self.grant(object, principal, false, "role_id", lits, vec![pattern], scope);
    }

    pub(super) fn app_role(&mut self, at: usize, object: &Object) {
        let Some(principal) = self.principal(at, object, "principal_object_id") else { return };
        let (Some(role), Some(target)) = (object.get("app_role_id").name(), object.get("resource_object_id").name())
        else {
            return;
        };
        let lits = vec![only("g", &role), Lit::of(Dim::Resource, false, vec![literal(&target)], &target)];
        self.grant(object, principal, false, "app_role_id", lits, vec![role], target);
    }

    /// Lists that are set and not known.
    pub(super) fn group(&mut self, at: usize, row: &Row, object: &Object) {
        for list in ["members", "owners"] {
            if object.get(list).hole().is_some() && (row.before.is_some() || row.sets(list)) {
                self.unclear(at, list, format!("`{list}` is known only after apply; apply in two steps"));
            }
        }
    }

    pub(super) fn group_member(&mut self, at: usize, object: &Object) {
        let (Some(group), Some(member)) = (object.get("group_object_id").name(), object.get("member_object_id").name())
        else {
            return;
        };
        if !self.resolves(&group, object) || !self.resolves(&member, object) {
            self.unclear(
                at,
                "member_object_id",
                "the group or the member is known only after apply; apply in two steps".into(),
            );
        }
        self.groups.entry(group).or_default().push(member);
    }
}
