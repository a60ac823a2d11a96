//! The grants and restrictions of one side.

mod acl;
mod binding;
mod dataset;
mod federation;
pub(in crate::access::gcp) mod group;
mod restriction;

pub(in crate::access::gcp) use federation::{Provided, provided};
pub(in crate::access::gcp) use restriction::enforced;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::access::facts::Catalogue;
use federation::{Admission, Pool};
use group::Groups;
use restriction::networks;

use crate::access::gcp::cel::Clause;
use crate::access::gcp::place::{Tree, may_lie_in, within};
use crate::access::gcp::principal::Who;
use crate::access::literal::Lit;
use crate::access::ranges::Ranges;
use crate::access::rule::Origin;
use crate::access::worlds::{Object, Side, State, Val};

/// What a grant permits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::access::gcp) enum Role {
    /// A predefined role by name.
    Named(String),
    /// Permissions that are listed.
    Listed(Arc<BTreeSet<String>>),
    /// A role whose permissions are not known.
    Unknown(String),
}

/// A grant.
#[derive(Clone, Debug)]
pub(in crate::access::gcp) struct Grant {
    pub(in crate::access::gcp) member: String,
    pub(in crate::access::gcp) who: Who,
    pub(in crate::access::gcp) role: Role,
    pub(in crate::access::gcp) role_name: String,
    pub(in crate::access::gcp) place: String,
    pub(in crate::access::gcp) condition: Vec<Clause>,
    pub(in crate::access::gcp) condition_text: Option<String>,
    /// Places where the grant does not count.
    pub(in crate::access::gcp) except: Vec<Lit>,
    pub(in crate::access::gcp) origin: Origin,
}

/// A restriction, ready to be compared but for its actions.
#[derive(Clone, Debug)]
pub(in crate::access::gcp) struct Denial {
    pub(in crate::access::gcp) lits: Vec<Lit>,
    /// Permissions, with `*`.
    pub(in crate::access::gcp) permissions: Vec<String>,
    pub(in crate::access::gcp) exceptions: Vec<String>,
    pub(in crate::access::gcp) kind: &'static str,
    pub(in crate::access::gcp) origin: Origin,
}

/// One side.
#[derive(Clone, Debug, Default)]
pub(in crate::access::gcp) struct Model {
    pub(in crate::access::gcp) grants: Vec<Grant>,
    pub(in crate::access::gcp) denials: Vec<Denial>,
    /// What could not be read: the row, the path, in words.
    pub(in crate::access::gcp) unread: Vec<(usize, String, String)>,
}

/// What is read: the tree is that of both sides.
pub(in crate::access::gcp) struct Source<'a> {
    pub(in crate::access::gcp) state: &'a State,
    pub(in crate::access::gcp) tree: &'a Tree,
    pub(in crate::access::gcp) provided: &'a Provided,
}

/// Reads a side of some rows. `side` says for each row which of its objects counts.
pub(in crate::access::gcp) fn collect(
    source: &Source<'_>,
    rows: impl IntoIterator<Item = usize>,
    side: &dyn Fn(usize) -> Side,
) -> Model {
    let object = |at: usize| Some((at, source.state.rows.get(at)?.object(side(at))?));
    let objects: Vec<(usize, &Object)> = rows.into_iter().filter_map(object).collect();
    let mut collector = Collector::new(source.tree, &source.state.catalogue, source.provided);
    objects.iter().for_each(|(_, object)| collector.facts(object));
    let memberships = objects.iter().filter(|(_, object)| *object.type_name == *group::MEMBERSHIP);
    memberships.for_each(|(at, object)| collector.membership(*at, object));
    objects.iter().for_each(|(at, object)| collector.object(*at, object));
    collector.finish()
}

struct Collector<'a> {
    tree: &'a Tree,
    catalogue: &'a Catalogue,
    model: Model,
    custom: BTreeMap<String, Role>,
    uniform: BTreeSet<String>,
    shielded: BTreeSet<String>,
    disabled: BTreeSet<String>,
    groups: Groups,
    /// The providers of this side, by their pool.
    pools: BTreeMap<Pool, Vec<Admission>>,
    /// The pools that have a provider on either side.
    provided: &'a Provided,
    levels: BTreeMap<String, Option<Ranges>>,
    level_texts: BTreeMap<String, String>,
    /// Where public access is prevented, or not, by a policy; `None` where that depends.
    shields: Vec<(String, Option<bool>)>,
    /// Where a policy against keys is lifted again.
    keys_lifted: Vec<String>,
}

fn origin(object: &Object, path: &str, index: usize) -> Origin {
    Origin { address: object.address.to_string(), path: path.to_owned(), index, sid: None }
}

/// A boolean that the provider writes as text.
fn truthy(value: &Val) -> bool {
    value.flag() == Some(true) || value.text().is_some_and(|text| text.eq_ignore_ascii_case("true"))
}

impl<'a> Collector<'a> {
    fn new(tree: &'a Tree, catalogue: &'a Catalogue, provided: &'a Provided) -> Self {
        Self {
            tree,
            catalogue,
            model: Model::default(),
            custom: BTreeMap::new(),
            uniform: BTreeSet::new(),
            shielded: BTreeSet::new(),
            disabled: BTreeSet::new(),
            groups: Groups::default(),
            pools: BTreeMap::new(),
            provided,
            levels: BTreeMap::new(),
            level_texts: BTreeMap::new(),
            shields: Vec::new(),
            keys_lifted: Vec::new(),
        }
    }

    /// What other objects are read by.
    fn facts(&mut self, object: &Object) {
        let text = |attribute| object.get(attribute).text().map(str::to_owned);
        match &*object.type_name {
            "google_project_iam_custom_role" | "google_organization_iam_custom_role" => {
                let role = match object.get("permissions").has_hole() {
                    true => Role::Unknown(object.address.to_string()),
                    false if text("stage").as_deref() == Some("DISABLED") => Role::Listed(Arc::default()),
                    false => Role::Listed(Arc::new(object.get("permissions").names().into_iter().collect())),
                };
                let owner = match (text("project"), text("org_id")) {
                    (Some(project), _) => format!("projects/{}", self.tree.project_id(&project)),
                    (None, org) => {
                        format!("organizations/{}", org.unwrap_or_default().trim_start_matches("organizations/"))
                    }
                };
                self.custom.insert(format!("{owner}/roles/{}", text("role_id").unwrap_or_default()), role.clone());
                for attribute in ["id", "name"] {
                    self.custom.insert(format!("${{{}.{attribute}}}", object.address), role.clone());
                }
            }
            "google_storage_bucket" => {
                let place = self.tree.bucket(&text("name").unwrap_or_default());
                if truthy(object.get("uniform_bucket_level_access")) {
                    self.uniform.insert(place.clone());
                }
                if text("public_access_prevention").as_deref() == Some("enforced") {
                    self.shielded.insert(place);
                }
            }
            "google_service_account" if object.get("disabled").flag() == Some(true) => {
                self.disabled.extend(text("email").map(|email| format!("serviceAccount:{}", email.to_lowercase())));
            }
            "google_cloud_identity_group" => self.groups.group(object),
            "google_iam_workload_identity_pool_provider" => self.provider(object),
            "google_access_context_manager_access_level" => {
                let Some(name) = text("name") else { return };
                self.level_texts.insert(name.clone(), format!("{:?} {:?}", object.get("basic"), object.get("custom")));
                self.levels.insert(name, networks(object));
            }
            "google_org_policy_policy" => {
                let name = text("name").unwrap_or_default();
                if name.ends_with("/policies/storage.publicAccessPrevention")
                    && let Some(place) = text("parent").and_then(|parent| self.tree.parent(&parent))
                {
                    self.shields.push((place, enforced(object)));
                } else if name.ends_with("/policies/iam.disableServiceAccountKeyCreation")
                    && let Some(place) = text("parent").and_then(|parent| self.tree.parent(&parent))
                    && enforced(object) != Some(true)
                {
                    self.keys_lifted.push(place);
                }
            }
            _ => {}
        }
    }

    fn object(&mut self, row: usize, object: &Object) {
        let name = object.type_name.strip_prefix("google_").unwrap_or_default();
        for suffix in ["_iam_member", "_iam_binding", "_iam_policy"] {
            if let Some(family) = name.strip_suffix(suffix) {
                let place = self.tree.of_family(family, object);
                let place = place.unwrap_or_else(|| format!("/?/unknown:{}", object.address));
                return match suffix {
                    "_iam_policy" => self.policy(row, object, &place),
                    _ => self.binding(row, object, &place, &object.values, "", 0),
                };
            }
        }
        match name {
            "iam_deny_policy" => self.deny(row, object),
            "org_policy_policy" => self.keys_policy(object),
            "access_context_manager_service_perimeter" => self.perimeter(object),
            "bigquery_dataset" => {
                for (at, block) in object.get("access").items().iter().enumerate() {
                    self.dataset_access(row, object, block, at);
                }
                self.hole(row, object, "access");
            }
            "bigquery_dataset_access" => self.dataset_access(row, object, &object.values, 0),
            "storage_bucket_acl" | "storage_default_object_acl" | "storage_object_acl" => {
                for (at, entry) in object.get("role_entity").names().iter().enumerate() {
                    if let Some((role, entity)) = entry.split_once(':') {
                        self.acl(object, role, entity, at);
                    }
                }
                self.hole(row, object, "role_entity");
                let predefined = object.get("predefined_acl").text().unwrap_or_default();
                if predefined.starts_with("public") {
                    self.acl(object, "READER", "allUsers", 0);
                    if predefined == "publicReadWrite" {
                        self.acl(object, "WRITER", "allUsers", 0);
                    }
                } else if predefined == "authenticatedRead" {
                    self.acl(object, "READER", "allAuthenticatedUsers", 0);
                }
            }
            "storage_bucket_access_control"
            | "storage_default_object_access_control"
            | "storage_object_access_control" => {
                let role = object.get("role").text().unwrap_or("READER").to_owned();
                match object.get("entity").name() {
                    Some(entity) => self.acl(object, &role, &entity, 0),
                    None => self.unread(row, "entity", "the entity cannot be read"),
                }
            }
            _ => {}
        }
    }

    fn unread(&mut self, row: usize, path: &str, message: &str) {
        self.model.unread.push((row, path.to_owned(), message.to_owned()));
    }

    fn hole(&mut self, row: usize, object: &Object, path: &str) {
        if object.get(path).has_hole() {
            self.unread(row, path, &format!("`{path}` is known only after apply; plan again once it is known"));
        }
    }

    /// Expands groups and the holders of basic roles, and applies what cuts grants as a whole.
    fn finish(mut self) -> Model {
        let mut grants = std::mem::take(&mut self.model.grants);
        grants.extend(self.by_group(&grants));
        let holders: Vec<Grant> = grants
            .iter()
            .filter(|g| g.role_name.starts_with("roles/") && !g.role_name.contains('.'))
            .cloned()
            .collect();
        let mut more = Vec::new();
        for grant in &grants {
            let Some((kind, project)) = grant.member.split_once(':') else { continue };
            let role = match kind {
                "projectOwner" => "roles/owner",
                "projectEditor" => "roles/editor",
                "projectViewer" => "roles/viewer",
                _ => continue,
            };
            let place = self.tree.project(project);
            for holder in holders.iter().filter(|holder| holder.role_name == role && holder.place == place) {
                let both = |a: &Clause, b: &Clause| a.iter().chain(b).cloned().collect::<Clause>();
                let condition = grant.condition.iter().flat_map(|a| holder.condition.iter().map(move |b| both(a, b)));
                more.push(Grant {
                    member: holder.member.clone(),
                    who: holder.who.clone(),
                    condition: condition.collect(),
                    ..grant.clone()
                });
            }
        }
        grants.extend(more);
        grants.retain(|grant| !self.disabled.contains(&grant.member));
        for grant in &mut grants {
            if let Some(pool) = &grant.who.pool {
                grant.who.clauses = self.admitted(pool, &grant.who.clauses);
            }
            if grant.who.public {
                grant.except = self.shielded.iter().map(|place| within(place, true)).collect();
                for (place, _) in self.shields.iter().filter(|(_, on)| *on == Some(true)) {
                    let lifted = |(below, on): &&(String, Option<bool>)| {
                        *on != Some(true) && below.starts_with(&format!("{place}/"))
                    };
                    if may_lie_in(&grant.place, place) {
                        grant.except.push(Lit::opaque(&format!("the resource lies in {place}"), true));
                    }
                    let lifted: Vec<&str> =
                        self.shields.iter().filter(lifted).map(|(below, _)| below.as_str()).collect();
                    // Where a nearer policy lifts it, what is left cannot be said by one literal.
                    grant.except.push(match lifted.is_empty() {
                        true => within(place, true),
                        false => Lit::opaque(&format!("prevented in {place} but not in {}", lifted.join(", ")), true),
                    });
                }
            }
        }
        self.model.grants = grants;
        self.model
    }
}
