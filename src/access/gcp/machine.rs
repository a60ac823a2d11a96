//! Machines and keys: who runs as a service account, and who can prove to be one.

use std::collections::BTreeSet;

use super::cover::{Cover, SILENT};
use super::decide::{Sides, Space, Told};
use super::model::{Grant, Model};
use super::principal::Who;
use super::{World, news, reason};
use crate::access::compare::{Options, compare};
use crate::access::literal::Lit;
use crate::access::point::Point;
use crate::access::worlds::{Judged, Object, Row, Side};

/// What a machine runs as, and with which scopes.
#[derive(Clone, Debug, PartialEq)]
struct Identity {
    email: String,
    scopes: BTreeSet<String>,
}

const MACHINES: [&str; 3] =
    ["google_compute_instance", "google_compute_instance_template", "google_compute_region_instance_template"];

/// Attributes of a machine that neither say what it runs nor who may log in.
const QUIET: &[&str] = &[
    "advanced_machine_features",
    "allow_stopping_for_update",
    "can_ip_forward",
    "cpu_platform",
    "creation_timestamp",
    "current_status",
    "deletion_protection",
    "desired_status",
    "enable_display",
    "guest_accelerator",
    "hostname",
    "instance_description",
    "instance_id",
    "key_revocation_action_type",
    "machine_type",
    "metadata_fingerprint",
    "min_cpu_platform",
    "name",
    "name_prefix",
    "network_interface",
    "network_performance_config",
    "numeric_id",
    "project",
    "region",
    "reservation_affinity",
    "resource_policies",
    "scheduling",
    "scratch_disk",
    "self_link_unique",
    "tags",
    "tags_fingerprint",
    "zone",
];

fn identity(object: &Object) -> Option<Identity> {
    let block = object.get("service_account");
    let block = block.items().first().unwrap_or(block);
    let email = block.get("email").name()?;
    Some(Identity { email, scopes: block.get("scopes").names().into_iter().collect() })
}

/// A machine is compared where only its identity decides: what it runs stays as it was, or it is new.
pub(super) fn cover(row: &Row) -> Cover {
    let Some(object) = row.after.as_ref().or(row.before.as_ref()) else { return Cover::No };
    if !MACHINES.contains(&&*object.type_name) {
        return Cover::No;
    }
    let (Some(_), Some(_)) = (&row.before, &row.after) else {
        return match &row.after {
            Some(after) if !after.get("service_account").is_unset() && identity(after).is_none() => Cover::No,
            _ => Cover::Compared,
        };
    };
    let changed = row.changed();
    let other = |name: &&&str| !(**name == "service_account" || SILENT.contains(*name) || QUIET.contains(*name));
    match changed.iter().find(other) {
        Some(attribute) => Cover::Partly(reason(
            "not_compared",
            attribute,
            format!("`{attribute}` changes: what the machine runs or who may log in is not compared; read the change"),
        )),
        None => Cover::Compared,
    }
}

fn account(email: &str) -> String {
    format!("serviceAccount:{}", email.to_lowercase())
}

/// The grants of an account as those of a machine or key that acts as it.
fn acting(model: &Model, identity: &Identity, name: &str) -> Vec<Grant> {
    let full = ["cloud-platform", "https://www.googleapis.com/auth/cloud-platform"];
    let cut = !identity.scopes.iter().any(|scope| full.contains(&scope.as_str()));
    let own = model.grants.iter().filter(|grant| grant.member == account(&identity.email));
    own.map(|grant| {
        let mut clause = vec![super::principal::is(&[name], name)];
        if cut {
            clause.push(Lit::opaque(&format!("the scopes {:?} admit the call", identity.scopes), false));
        }
        Grant { who: Who { clauses: vec![clause], ..grant.who.clone() }, member: name.to_owned(), ..grant.clone() }
    })
    .collect()
}

pub(super) fn judge(world: &World<'_>, out: &mut Judged) {
    for (at, row) in world.state.rows.iter().enumerate().filter(|(at, _)| world.touched.contains(at)) {
        let Some(after) = &row.after else { continue };
        if *after.type_name == *"google_service_account_key" {
            key(world, at, row, after, out);
        } else if MACHINES.contains(&&*after.type_name) {
            machine(world, at, row, after, out);
        }
    }
}

fn machine(world: &World<'_>, at: usize, row: &Row, after: &Object, out: &mut Judged) {
    let Some(new) = identity(after) else { return };
    let old = row.object(Side::Before).and_then(identity);
    if old.as_ref() == Some(&new) {
        return;
    }
    let project = after.get("project").text().unwrap_or("-");
    let zone = after.get("zone").text().unwrap_or("-");
    let name = after.get("name").name().unwrap_or_else(|| after.address.to_string());
    let name = format!("//compute.googleapis.com/projects/{project}/zones/{zone}/instances/{name}");
    let before =
        Model { grants: old.map(|old| acting(world.before, &old, &name)).unwrap_or_default(), ..Model::default() };
    let model = Model { grants: acting(world.after, &new, &name), ..Model::default() };
    if model.grants.is_empty() {
        let message = format!("what `{}` may do is not in the plan", new.email);
        return world.possible(at, reason("outside_plan", "service_account", message), out);
    }
    between(world, at, &before, &model, out);
}

/// What one row newly gives between two small models.
fn between(world: &World<'_>, at: usize, before: &Model, after: &Model, out: &mut Judged) {
    let sides = Sides::of(before, after);
    let outcome = compare(&sides.before(), &sides.after(), &Space::of(&sides), Options::default());
    let Some(change) = world.state.rows.get(at).and_then(|row| row.change) else { return };
    for piece in &outcome.new {
        let Some(grant) = sides.granting(piece) else { continue };
        match sides.settle(grant, &piece.point) {
            Told::New(action) => out.new_access(change, news(grant, &piece.point, &action)),
            Told::Possible(code, message) => out.possible(change, reason(code, "service_account", message)),
        }
    }
    if !outcome.possible.is_empty() {
        let message = "whether it may do more depends on scopes or roles that cannot be read";
        out.possible(change, reason("undecided", "service_account", message.into()));
    }
}

/// A new key lets whoever holds it do what the account may do.
fn key(world: &World<'_>, at: usize, row: &Row, after: &Object, out: &mut Judged) {
    let made = row.before.is_none() || after.get("name").has_hole();
    if !made {
        return;
    }
    let email = after.get("service_account_id").name().unwrap_or_default();
    let email = email.rsplit('/').next().unwrap_or_default().to_owned();
    let own: Vec<&Grant> = world.after.grants.iter().filter(|grant| grant.member == account(&email)).collect();
    let Some(change) = row.change else { return };
    if own.is_empty() {
        let message = format!("what `{email}` may do is not in the plan; whoever holds the key may do it");
        return world.possible(at, reason("outside_plan", "service_account_id", message), out);
    }
    for grant in own {
        let mut model = Model::default();
        model.grants.push(grant.clone());
        let empty = Model::default();
        let sides = Sides::of(&empty, &model);
        let outcome = compare(&sides.before(), &sides.after(), &Space::of(&sides), Options::default());
        for piece in &outcome.new {
            let point: &Point = &piece.point;
            match sides.settle(grant, point) {
                Told::New(action) => {
                    let mut new = news(grant, point, &action);
                    new.witness.context.insert("tollgate:credential".into(), vec![after.address.to_string()]);
                    new.explanation = format!("whoever holds `{}` can {action} as `{}`", after.address, grant.member);
                    out.new_access(change, new);
                }
                Told::Possible(code, message) => out.possible(change, reason(code, "service_account_id", message)),
            }
        }
        for _ in &outcome.possible {
            let message = "the account has a role whose permissions are not known";
            out.possible(change, reason("unknown_role", "service_account_id", message.into()));
        }
    }
}
