//! Which changes bring a request about: those without which it is not permitted.

use std::collections::{BTreeSet, HashMap};

use super::World;
use super::decide::{Sides, reach};
use super::denial::denies;
use super::model::group::MEMBERSHIP;
use super::model::{Grant, Source, collect};
use super::principal;
use crate::access::apart::{Index, Reach};
use crate::access::point::Point;
use crate::access::rule::Origin;
use crate::access::worlds::{Object, Row, Side};

/// More changed rows than this are not undone one by one: only those that bear on the grant are.
const MAX_UNDONE: usize = 64;

/// The ends of the types that grant roles.
const GRANTING: [&str; 3] = ["_iam_member", "_iam_binding", "_iam_policy"];

/// The after side without single changes, read as far as one request is concerned.
pub(super) struct Undo<'a> {
    world: &'a World<'a>,
    source: &'a Source<'a>,
    /// The rows of the after side by address.
    rows: HashMap<&'a str, usize>,
    /// The grants of the after side by the address of their row.
    grants: HashMap<&'a str, Vec<&'a Grant>>,
    /// The rows behind the grants of either side, by whom they are about.
    index: Index,
    behind: Vec<usize>,
    /// What else a grant is read by.
    others: Vec<usize>,
    /// Whether some grant is to whoever owns, edits or views a project.
    holders: bool,
}

impl<'a> Undo<'a> {
    pub(super) fn new(world: &'a World<'a>, source: &'a Source<'a>) -> Self {
        let rows = world.state.by_address();
        let (mut reaches, mut behind) = (Vec::new(), Vec::new());
        for (model, rows) in [world.before, world.after].into_iter().zip(&rows) {
            for grant in &model.grants {
                if let Some(at) = rows.get(grant.origin.address.as_str()) {
                    reaches.push(reach(grant));
                    behind.push(*at);
                }
            }
        }
        let models = [world.before, world.after].into_iter();
        let holders = models.flat_map(|model| &model.grants).any(|grant| is_convenience(&grant.member));
        let read = |object: &Object| !grants(object) || holders && basic(object);
        let reads = |row: &Row| [&row.before, &row.after].into_iter().flatten().any(read);
        let others = world.state.rows.iter().enumerate().filter(|(_, row)| reads(row)).map(|(at, _)| at).collect();
        let [_, rows] = rows;
        let mut grants: HashMap<&str, Vec<&Grant>> = HashMap::new();
        for grant in &world.after.grants {
            grants.entry(&grant.origin.address).or_default().push(grant);
        }
        Self { world, source, rows, grants, index: Index::of(&reaches), behind, others, holders }
    }

    /// The rows without whose change the request is not permitted.
    pub(super) fn culprits(&self, sides: &Sides<'_>, point: &Point, grant: &Grant) -> Vec<usize> {
        let touched = &self.world.touched;
        if touched.len() == 1 {
            return touched.iter().copied().collect();
        }
        let own = self.rows.get(grant.origin.address.as_str()).copied().filter(|at| touched.contains(at));
        let many = touched.len() > MAX_UNDONE;
        if let Some(own) = own.filter(|_| many) {
            return vec![own];
        }
        let denials = self.world.before.denials.iter().filter(|denial| denies(denial, point, &point.action));
        let lifted: BTreeSet<&str> = denials.map(|denial| denial.origin.address.as_str()).collect();
        let bears = |at: &usize| {
            let row = self.world.state.rows.get(*at);
            !many || row.is_some_and(|row| self.bears(row, grant, &lifted))
        };
        let candidates: Vec<usize> = touched.iter().copied().filter(bears).collect();
        if candidates.len() > MAX_UNDONE {
            return candidates;
        }
        let mut read: BTreeSet<usize> = self.others.iter().copied().collect();
        let about = self.index.meeting(&Reach::principal(&point.principal));
        read.extend(about.into_iter().filter_map(|at| self.behind.get(at).copied()));
        let needed = |row: &usize| {
            let side = |at: usize| if at == *row { Side::Before } else { Side::After };
            let rows = read.iter().copied().chain((!read.contains(row)).then_some(*row));
            !sides.permits(&collect(self.source, rows, &side), point)
        };
        let needed: Vec<usize> = candidates.iter().copied().filter(needed).collect();
        match (needed.is_empty(), own) {
            (false, _) => needed,
            (true, Some(own)) => vec![own],
            (true, None) if candidates.is_empty() => touched.iter().copied().collect(),
            (true, None) => candidates,
        }
    }

    /// The changed rows by which a grant that cannot be told to be new may be: its own, or those that bear on it.
    pub(super) fn bearing(&self, origin: &Origin) -> Vec<usize> {
        let touched = &self.world.touched;
        if let Some(own) = self.rows.get(origin.address.as_str()).filter(|at| touched.contains(at)) {
            return vec![*own];
        }
        let grants = self.grants.get(origin.address.as_str()).into_iter().flatten();
        let grants: Vec<&Grant> = grants.copied().filter(|grant| grant.origin == *origin).collect();
        let lifted = self.world.before.denials.iter().map(|denial| denial.origin.address.as_str()).collect();
        let bears = |row: &Row| grants.iter().any(|grant| self.bears(row, grant, &lifted));
        let found: Vec<usize> =
            touched.iter().copied().filter(|at| self.world.state.rows.get(*at).is_some_and(bears)).collect();
        if found.is_empty() { touched.iter().copied().collect() } else { found }
    }

    /// Whether a grant whose own row stays may be another by the change of a row.
    fn bears(&self, row: &Row, grant: &Grant, lifted: &BTreeSet<&str>) -> bool {
        [&row.before, &row.after].into_iter().flatten().any(|object| {
            let text = |attribute: &str| object.get(attribute).text().unwrap_or_default();
            match &*object.type_name {
                _ if lifted.contains(&*object.address) => true,
                "google_project_iam_custom_role" | "google_organization_iam_custom_role" => {
                    let own =
                        ["id", "name"].iter().any(|it| grant.role_name == format!("${{{}.{it}}}", object.address));
                    let named = grant.role_name.ends_with(&format!("/roles/{}", text("role_id")));
                    own || named || object.get("role_id").has_hole()
                }
                "google_service_account" => {
                    grant.member == principal::normal(&format!("serviceAccount:{}", text("email")))
                }
                MEMBERSHIP => {
                    let key = object.get("preferred_member_key");
                    let key = key.items().first().unwrap_or(key).get("id").name().unwrap_or_default().to_lowercase();
                    let own = grant.member.split_once(':').is_some_and(|(_, address)| *address == key);
                    own || !matches!(text("type"), "USER" | "SERVICE_ACCOUNT") || key.contains("${")
                }
                "google_iam_workload_identity_pool_provider" => {
                    let hole = object.get("workload_identity_pool_id").has_hole();
                    let pool = format!("/{}", text("workload_identity_pool_id"));
                    hole || grant.who.pool.as_ref().is_some_and(|own| own.ends_with(&pool))
                }
                "google_iam_deny_policy" => false,
                _ if grants(object) => self.holders && basic(object),
                _ => true,
            }
        })
    }
}

/// Whether an object grants roles by its own members.
fn grants(object: &Object) -> bool {
    GRANTING.iter().any(|end| object.type_name.ends_with(end))
}

/// Whether an object may make somebody an owner, editor or viewer of a project, or names those as members.
fn basic(object: &Object) -> bool {
    let role = || object.get("role").text().is_some_and(|role| role.starts_with("roles/") && !role.contains('.'));
    let members = || object.get("members").names().into_iter().chain(object.get("member").name());
    match &*object.type_name {
        "google_project_iam_member" | "google_project_iam_binding" if role() => true,
        kind => kind.ends_with("_iam_policy") || members().any(|member| is_convenience(&member)),
    }
}

fn is_convenience(member: &str) -> bool {
    ["projectOwner:", "projectEditor:", "projectViewer:"].iter().any(|kind| member.starts_with(kind))
}
