//! Organisations and IAM Identity Center: service control policies, permission sets, assignments.

use super::collect::{Collector, without_attribute};
use super::model::PermissionSet;
use crate::access::aws::parse::Kind;
use crate::access::worlds::{Object, Val};

/// Collects what the object says.
pub(super) fn collect(to: &mut Collector<'_>, at: usize, object: &Object) {
    match &*object.type_name {
        "aws_organizations_policy_attachment" => {
            let (Some(policy), Some(target)) = (object.get("policy_id").name(), object.get("target_id").name()) else {
                return;
            };
            to.guard_attachments.push((own(&policy), target, at));
        }
        "aws_organizations_policy" if is_service_control(object) => {
            let Some(used) = to.document(at, object, "content", Kind::Identity) else { return };
            for key in [Some(format!("${{{}}}", object.address)), object.get("id").name()].into_iter().flatten() {
                to.guards.insert(own(&key), used.clone());
            }
        }
        "aws_ssoadmin_permission_set" => {
            let arn = object.get("arn").name().unwrap_or_else(|| format!("${{{}}}", object.address));
            to.model.permission_sets.entry(own(&arn)).or_default();
        }
        "aws_ssoadmin_permission_set_inline_policy" => {
            let used = to.document(at, object, "inline_policy", Kind::Identity);
            let Some(set) = set(to, object) else { return };
            set.docs.extend(used);
        }
        "aws_ssoadmin_managed_policy_attachment" => {
            let used = to.policy(at, object, "managed_policy_arn", object.get("managed_policy_arn"));
            let Some(set) = set(to, object) else { return };
            set.docs.extend(used);
        }
        "aws_ssoadmin_customer_managed_policy_attachment" => {
            let used = first(object.get("customer_managed_policy_reference"))
                .get("name")
                .text()
                .map(|name| to.policy_named(at, object, "customer_managed_policy_reference[0].name", name));
            let Some(set) = set(to, object) else { return };
            set.docs.extend(used);
        }
        "aws_ssoadmin_permissions_boundary_attachment" => {
            let block = first(object.get("permissions_boundary"));
            let named = first(block.get("customer_managed_policy_reference")).get("name").text().map(str::to_owned);
            let used = match named {
                Some(name) => Some(to.policy_named(at, object, "permissions_boundary", &name)),
                None => to.policy(at, object, "permissions_boundary", block.get("managed_policy_arn")),
            };
            let Some(set) = set(to, object) else { return };
            set.boundary.extend(used);
        }
        "aws_ssoadmin_account_assignment" => {
            let Some(principal) = object.get("principal_id").name() else { return };
            let kind = object.get("principal_type").text().unwrap_or("USER").to_ascii_lowercase();
            let account = object.get("target_id").name().unwrap_or_default();
            let Some(set) = set(to, object) else { return };
            set.assignments.push((format!("sso-{kind}:{principal}"), account, at));
        }
        _ => {}
    }
}

/// Attaches service control policies to their targets.
pub(super) fn finish(to: &mut Collector<'_>) {
    for (policy, target, at) in std::mem::take(&mut to.guard_attachments) {
        // A policy that the plan does not show restricts the same on both sides, or in a way that is not known.
        let mut used = to.guards.get(&policy).cloned().unwrap_or_else(|| to.unseen_guard(&policy, at));
        if !used.rows.contains(&at) {
            used.rows.push(at);
        }
        to.model.guarded.entry(target).or_default().push(used);
    }
}

fn set<'m>(to: &'m mut Collector<'_>, object: &Object) -> Option<&'m mut PermissionSet> {
    let arn = own(&object.get("permission_set_arn").name()?);
    Some(to.model.permission_sets.entry(arn).or_default())
}

/// A reference to an attribute of an object, as a reference to the object.
fn own(name: &str) -> String {
    without_attribute(name).unwrap_or_else(|| name.to_owned())
}

fn first(blocks: &Val) -> &Val {
    match blocks {
        Val::List(items) => items.first().unwrap_or(blocks),
        other => other,
    }
}

/// Policies of other types (tagging, backup, opting out) do not restrict access.
fn is_service_control(object: &Object) -> bool {
    matches!(object.get("type").text(), None | Some("SERVICE_CONTROL_POLICY" | "RESOURCE_CONTROL_POLICY"))
}
