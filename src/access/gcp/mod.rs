//! The access of everybody in a Google Cloud plan, before and after.
//!
//! 1. *Collect* ([`model`]): objects of a side to grants and denials on places of the tree ([`place`]).
//! 2. *Decide* ([`decide`]): both sides to rules over the same permissions and roles, compared by the engine.
//! 3. *Replay*: every request found is judged again on both sides by [`evaluate`], which reads the plan itself.
//! 4. *Attribute*: undo one change at a time; those without which the request is not permitted bring it about.
//!
//! Roles that are only known by the digest are names that stand for their permissions: a role that no role held
//! before contains has a permission that the other lacks. Several smaller roles may cover it together; then their
//! sizes decide, or nothing does.

pub mod cel;
mod cover;
mod decide;
mod denial;
mod evaluate;
#[cfg(test)]
mod imported;
mod machine;
mod model;
mod place;
mod principal;
pub mod roles;
mod undo;

use std::collections::{BTreeSet, HashMap};

use crate::access::compare::{Doubt, Options, Piece, compare};
use crate::access::point::Point;
use crate::access::rule::Origin;
use crate::access::worlds::{Judged, Object, Platform, Row, Side, State, Val};
use crate::access::{ActionAccess, Guardrail, GuardrailEffect, NewAccess, Reason, StatementRef, Verdict, Witness};
use crate::iam::{self, IamChange};

use decide::{Sides, Space, Told};
use model::group::{MEMBERSHIP, address, names};
use model::{Grant, Model, Role, Source, collect, provided};
use place::Tree;
use undo::Undo;

/// Google Cloud.
#[derive(Clone, Copy, Debug)]
pub struct Gcp;

impl Platform for Gcp {
    fn covers(&self, platform: iam::Platform) -> bool {
        platform == iam::Platform::Gcp
    }

    /// `google_iam_policy` is JSON made of its `binding` blocks.
    fn rebuild(&self, type_name: &str, attribute: &str, arguments: &Val) -> Option<Val> {
        (type_name == "google_iam_policy" && attribute == "policy_data")
            .then(|| Val::Map([("bindings".into(), arguments.get("binding").clone())].into()))
    }

    fn judge(&self, state: &State, changes: &[IamChange], out: &mut Judged) {
        let tree = Tree::of(state);
        let rows: HashMap<usize, &Row> = state.rows.iter().rev().filter_map(|row| Some((row.change?, row))).collect();
        for (at, change) in changes.iter().enumerate().filter(|(_, change)| self.covers(change.platform)) {
            match cover::of(change, rows.get(&at).copied()) {
                cover::Cover::Compared => out.compared(at),
                cover::Cover::Partly(reason) => out.possible(at, reason),
                cover::Cover::No => {}
            }
        }
        let touched: BTreeSet<usize> = state
            .rows
            .iter()
            .enumerate()
            .filter(|(_, row)| row.differs())
            .filter(|(_, row)| row.change.and_then(|at| changes.get(at)).is_some_and(|c| self.covers(c.platform)))
            .map(|(at, _)| at)
            .collect();
        if touched.is_empty() {
            return;
        }
        let provided = provided(state, &tree);
        let source = Source { state, tree: &tree, provided: &provided };
        let side = |side: Side| collect(&source, 0..state.rows.len(), &|_| side);
        let (before, after) = (side(Side::Before), side(Side::After));
        let world = World { state, before: &before, after: &after, touched };
        world.judge(&source, out);
        machine::judge(&world, out);
    }
}

/// Both sides.
pub(super) struct World<'a> {
    state: &'a State,
    before: &'a Model,
    after: &'a Model,
    touched: BTreeSet<usize>,
}

const GROUP: &str = "google_cloud_identity_group";
const PROVIDER: &str = "google_iam_workload_identity_pool_provider";

impl World<'_> {
    fn judge(&self, source: &Source<'_>, out: &mut Judged) {
        for (row, path, message) in &self.after.unread {
            self.possible(*row, reason("unknown_value", path, message.clone()), out);
        }
        self.outside(out);
        let replay = [Side::Before, Side::After].map(|side| evaluate::World::on(self.state, source.tree, side));
        let undo = Undo::new(self, source);
        let mut none = true;
        for sides in Sides::apart(self.before, self.after) {
            let (before, after) = (sides.before(), sides.after());
            let outcome = compare(&before, &after, &Space::of(&sides), Options::default());
            none &= outcome.is_none();
            for piece in &outcome.new {
                self.piece(&sides, piece, &replay, &undo, out);
            }
            for (origin, doubt, _) in &outcome.possible {
                self.doubtful(origin.as_ref(), doubt, &undo, out);
            }
        }
        if none {
            self.members(&undo, out);
        }
        self.lifted(out);
    }

    /// What cannot be told of a statement.
    fn doubtful(&self, origin: Option<&Origin>, doubt: &Doubt, undo: &Undo<'_>, out: &mut Judged) {
        let path = origin.map(|origin| origin.path.as_str()).unwrap_or_default();
        let (code, message) = match doubt {
            Doubt::Budget => ("budget", "too many interacting grants to decide within the budget".to_owned()),
            Doubt::Unknown(labels) => {
                ("undecided", format!("depends on what the plan and the role digest do not say: {}", labels.join("; ")))
            }
            Doubt::Unconfirmed | Doubt::Variable => {
                ("unconfirmed", "a request was found but does not stand up when checked".to_owned())
            }
        };
        self.doubt(origin, &reason(code, path, message), undo, out);
    }

    /// Says where only somebody in a group would gain, who no longer is denied it.
    fn members(&self, undo: &Undo<'_>, out: &mut Judged) {
        let sides = Sides::of(self.before, self.after);
        if let Some((before, after)) = sides.with_members()
            && !compare(&before, &after, &Space::of(&sides), Options::default()).is_none()
        {
            let message = "a group has the access that the change no longer denies; who is in it is not in the plan";
            self.doubt(None, &reason("outside_plan", "", message.into()), undo, out);
        }
    }

    /// Says of denials that are lifted from nobody in the plan that the verdict rests on that.
    fn lifted(&self, out: &mut Judged) {
        let sides = Sides::bare(self.before, self.after);
        let space = Space::of(&sides);
        for row in self.touched.iter().filter_map(|at| self.state.rows.get(*at)) {
            let (Some(object), Some(change)) = (&row.before, row.change) else { continue };
            if out.verdict(change) != Verdict::None {
                continue;
            }
            let Some((before, after)) = sides.lifted(&object.address) else { continue };
            if !compare(&before, &after, &space, Options::default()).is_none() {
                let message = format!("nobody in the plan gains where `{}` denies less; others may", object.address);
                out.note(change, reason("outside_plan", "", message));
            }
        }
    }

    /// Changes that bear on grants by what the plan does not show.
    fn outside(&self, out: &mut Judged) {
        for at in &self.touched {
            let Some(row) = self.state.rows.get(*at) else { continue };
            if let Some(after) = row.after.as_ref().filter(|it| &*it.type_name == MEMBERSHIP) {
                self.joins(*at, row, after, out);
            }
            if let Some(after) = row.after.as_ref().filter(|it| &*it.type_name == PROVIDER) {
                self.tokens(*at, row, after, out);
            }
            let (Some(before), Some(after)) = (&row.before, &row.after) else { continue };
            let flag = |object: &Object| object.get("disabled").flag() == Some(true);
            let text = |attribute: &str| after.get(attribute).text().unwrap_or_default().to_owned();
            match &*after.type_name {
                "google_service_account" if flag(before) && !flag(after) => {
                    let member = principal::normal(&format!("serviceAccount:{}", text("email")));
                    if !self.after.grants.iter().any(|grant| grant.member == member) {
                        let message = format!("what `{}` may do is not in the plan, and now it may", text("email"));
                        self.possible(*at, reason("outside_plan", "disabled", message), out);
                    }
                }
                "google_access_context_manager_access_level"
                    if row.changed().iter().any(|it| ["basic", "custom", "name"].contains(it)) =>
                {
                    let name = text("name");
                    let asks = |grant: &&Grant| grant.condition_text.as_ref().is_some_and(|it| it.contains(&name));
                    if let Some(grant) = self.after.grants.iter().find(asks) {
                        let message = format!("the condition of `{}` asks for this level", grant.origin.address);
                        self.possible(*at, reason("not_compared", "basic", message), out);
                    }
                }
                "google_project_iam_custom_role" | "google_organization_iam_custom_role" => {
                    let end = format!("/roles/{}", text("role_id"));
                    let held = |grant: &&Grant| matches!(&grant.role, Role::Unknown(name) if name.ends_with(&end));
                    if let Some(grant) = self.after.grants.iter().find(held) {
                        let message = format!("`{}` of `{}` may be this role", grant.role_name, grant.origin.address);
                        self.possible(*at, reason("unknown_role", "permissions", message), out);
                    }
                }
                _ => {}
            }
        }
    }

    /// Somebody gets into a group that was there before, and no grant of the plan says what it may do.
    fn joins(&self, at: usize, row: &Row, after: &Object, out: &mut Judged) {
        if row.before.is_some()
            && !row.changed().iter().any(|it| it.ends_with("_key") || ["group", "roles"].contains(it))
        {
            return;
        }
        let called = after.get("group").name().unwrap_or_default();
        let groups =
            self.state.rows.iter().filter(|row| {
                row.after.as_ref().is_some_and(|it| &*it.type_name == GROUP && names(it).contains(&called))
            });
        let groups: Vec<&Row> = groups.collect();
        let addresses: Vec<String> = groups.iter().filter_map(|row| address(row.after.as_ref()?)).collect();
        let granted = addresses.iter().any(|it| {
            let member = format!("group:{it}");
            self.after.grants.iter().any(|grant| grant.member == member)
        });
        let made = !groups.is_empty() && groups.iter().all(|row| row.before.is_none());
        if !granted && !made {
            let group = addresses.first().map_or(called.as_str(), String::as_str);
            let message = format!("what group `{group}` may do is not in the plan, and somebody gets into it");
            self.possible(at, reason("outside_plan", "group", message), out);
        }
    }

    /// A provider admits tokens to a pool that was there before, and no grant of the plan says what they may do.
    fn tokens(&self, at: usize, row: &Row, after: &Object, out: &mut Judged) {
        let admits = ["attribute_condition", "attribute_mapping", "oidc", "aws", "saml", "x509", "disabled", "state"];
        let closed = after.get("disabled").flag() == Some(true) || after.get("state").text() == Some("DELETED");
        let Some(pool) = after.get("workload_identity_pool_id").text() else { return };
        let part = format!("/workloadIdentityPools/{pool}/");
        let made =
            self.state.rows.iter().filter(|row| row.before.is_none()).filter_map(|row| row.after.as_ref()).any(|it| {
                &*it.type_name == "google_iam_workload_identity_pool"
                    && it.get("workload_identity_pool_id").text() == Some(pool)
            });
        let changed = row.before.is_none() || row.changed().iter().any(|name| admits.contains(name));
        if changed && !closed && !made && !self.after.grants.iter().any(|grant| grant.member.contains(&part)) {
            let message =
                format!("what identities of pool `{pool}` may do is not in the plan, and other tokens get in");
            self.possible(at, reason("outside_plan", "workload_identity_pool_id", message), out);
        }
    }

    /// A doubt about a statement: what bears on it, or every changed row.
    fn doubt(&self, origin: Option<&Origin>, reason: &Reason, undo: &Undo<'_>, out: &mut Judged) {
        let rows = match origin {
            Some(origin) => undo.bearing(origin),
            None => self.touched.iter().copied().collect(),
        };
        rows.into_iter().for_each(|row| self.possible(row, reason.clone(), out));
    }

    fn piece(
        &self,
        sides: &Sides<'_>,
        piece: &Piece,
        [then, now]: &[evaluate::World<'_>; 2],
        undo: &Undo<'_>,
        out: &mut Judged,
    ) {
        let point = &piece.point;
        let Some(grant) = sides.granting(piece) else {
            let message = "a request was found that no grant of the plan carries".to_owned();
            return self.doubt(None, &reason("unconfirmed", "", message), undo, out);
        };
        let told = sides.settle(grant, point);
        let action = match told {
            Told::New(action) => action,
            Told::Possible(code, message) => {
                return self.doubt(Some(&grant.origin), &reason(code, &grant.origin.path, message), undo, out);
            }
        };
        // A request that the second evaluator contradicts proves nothing.
        if now.permits(point, &action) == evaluate::Truth::No || then.permits(point, &action) == evaluate::Truth::Yes {
            let message = "a request was found but does not stand up when checked".to_owned();
            return self.doubt(Some(&grant.origin), &reason("unconfirmed", &grant.origin.path, message), undo, out);
        }
        let new = news(grant, point, &action);
        let culprits = undo.culprits(sides, point, grant);
        let denials: Vec<&model::Denial> =
            sides.old.denials.iter().filter(|denial| denial::denies(denial, point, &point.action)).collect();
        for row in culprits {
            let Some(change) = self.state.rows.get(row).and_then(|row| row.change) else { continue };
            out.new_access(change, new.clone());
            let Some(it) = self.state.rows.get(row) else { continue };
            let old = it.before.as_ref().map(|object| object.address.to_string()).unwrap_or_default();
            let effect = if it.after.is_some() { GuardrailEffect::Weakened } else { GuardrailEffect::Removed };
            let mut kinds: Vec<&str> = denials.iter().filter(|d| d.origin.address == old).map(|d| d.kind).collect();
            match it.before.as_ref().map(|object| &*object.type_name) {
                Some("google_storage_bucket") => kinds.push("public_access_prevention"),
                Some("google_iam_workload_identity_pool_provider") => kinds.push("attribute_condition"),
                Some("google_access_context_manager_access_level") => kinds.push("access_level"),
                Some("google_org_policy_policy") if kinds.is_empty() => kinds.push("org_policy"),
                _ => {}
            }
            for kind in kinds {
                out.guardrail(
                    change,
                    Guardrail {
                        address: old.clone(),
                        kind: kind.to_owned(),
                        effect,
                        explanation: format!("`{old}` no longer refuses `{action}` to `{}`", new.principal),
                    },
                );
            }
        }
    }

    fn possible(&self, row: usize, reason: Reason, out: &mut Judged) {
        if let Some(change) = self.state.rows.get(row).and_then(|row| row.change) {
            out.possible(change, reason);
        }
    }
}

fn reason(code: &str, path: &str, message: String) -> Reason {
    Reason { code: code.into(), path: path.into(), message }
}

/// What a grant newly gives, by the point that proves it.
fn news(grant: &Grant, point: &Point, action: &str) -> NewAccess {
    let mut permissions: BTreeSet<&str> = BTreeSet::from([action]);
    let actions = match &grant.role {
        Role::Named(name) => {
            permissions
                .extend(roles::Roles::built_in().get(name).into_iter().flat_map(|role| role.known.iter().copied()));
            vec![name.clone()]
        }
        Role::Listed(all) => {
            permissions.extend(all.iter().map(String::as_str));
            all.iter().cloned().collect()
        }
        Role::Unknown(name) => vec![name.clone()],
    };
    let levels = |permission: &str| vec![level(permission).to_owned()];
    let context = point.keys.iter().map(|(key, value)| (key.to_string(), value.values().to_vec())).collect();
    let name = point.key("resource.name").and_then(|value| value.single());
    let resource = match name {
        Some(name) if name.starts_with("projects/_/buckets/") => format!("//storage.googleapis.com/{name}"),
        _ => place::full_name(point.resource.trim_end_matches('/')),
    };
    let principal = if grant.who.public { grant.member.clone() } else { point.principal.clone() };
    NewAccess {
        principal: principal.clone(),
        action_levels: permissions
            .iter()
            .map(|permission| ActionAccess { action: (*permission).to_owned(), levels: levels(permission) })
            .collect(),
        actions,
        resources: vec![place::full_name(&grant.place)],
        conditions: grant.condition_text.iter().cloned().collect(),
        statement: StatementRef {
            address: grant.origin.address.clone(),
            path: grant.origin.path.clone(),
            index: grant.origin.index,
            sid: None,
        },
        explanation: format!(
            "`{principal}` can now `{action}` on `{resource}` through `{}`; nothing permitted that before",
            grant.role_name
        ),
        witness: Witness { principal: point.principal.clone(), action: action.to_owned(), resource, context },
    }
}

/// The access level of a permission, by its verb.
fn level(permission: &str) -> &'static str {
    let verb = permission.rsplit('.').next().unwrap_or_default();
    let becomes = ["actAs", "getAccessToken", "getOpenIdToken", "implicitDelegation", "signBlob", "signJwt"];
    if verb.contains("IamPolicy") && !verb.starts_with("get")
        || permission.contains("serviceAccountKeys.create")
        || becomes.contains(&verb)
    {
        return "permissions";
    }
    match verb {
        verb if verb.starts_with("list") => "list",
        verb if ["get", "access", "read", "query", "export", "search"].iter().any(|it| verb.starts_with(it)) => "read",
        _ => "write",
    }
}
