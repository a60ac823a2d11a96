//! The grants and restrictions of one side.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::cel::{self, Clause};
use super::place::{Tree, within};
use super::principal::{self, Who};
use crate::access::facts::Catalogue;
use crate::access::literal::{Dim, Lit, Set, Test};
use crate::access::ranges::Ranges;
use crate::access::rule::Origin;
use crate::access::scalar;
use crate::access::worlds::{Object, Side, State, Val};

/// What a grant permits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// A predefined role by name.
    Named(String),
    /// Permissions that are listed.
    Listed(Arc<BTreeSet<String>>),
    /// A role whose permissions are not known.
    Unknown(String),
}

/// A grant.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    pub(super) member: String,
    pub(super) who: Who,
    pub(super) role: Role,
    pub(super) role_name: String,
    pub(super) place: String,
    pub(super) condition: Vec<Clause>,
    pub(super) condition_text: Option<String>,
    /// Places where the grant does not count.
    pub(super) except: Vec<Lit>,
    pub(super) origin: Origin,
}

/// A restriction, ready to be compared but for its actions.
#[derive(Clone, Debug)]
pub(super) struct Denial {
    pub(super) lits: Vec<Lit>,
    /// Permissions, with `*`.
    pub(super) permissions: Vec<String>,
    pub(super) exceptions: Vec<String>,
    pub(super) kind: &'static str,
    pub(super) origin: Origin,
}

/// One side.
#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    pub(super) grants: Vec<Grant>,
    pub(super) denials: Vec<Denial>,
    /// What could not be read: the row, the path, in words.
    pub(super) unread: Vec<(usize, String, String)>,
}

/// Reads a side. `side` says for each row which of its objects counts.
pub(super) fn collect(state: &State, tree: &Tree, side: &dyn Fn(usize) -> Side) -> Model {
    let objects: Vec<(usize, &Object)> =
        state.rows.iter().enumerate().filter_map(|(at, row)| Some((at, row.object(side(at))?))).collect();
    let mut collector = Collector::new(tree, &state.catalogue);
    objects.iter().for_each(|(_, object)| collector.facts(object));
    objects.iter().for_each(|(at, object)| collector.object(*at, object));
    collector.finish()
}

/// What a pool's provider asks of a token, and its attribute mapping.
type Admission = (Vec<Clause>, BTreeMap<String, String>);

struct Collector<'a> {
    tree: &'a Tree,
    catalogue: &'a Catalogue,
    model: Model,
    custom: BTreeMap<String, Role>,
    uniform: BTreeSet<String>,
    shielded: BTreeSet<String>,
    disabled: BTreeSet<String>,
    /// Alternatives under which a pool admits a token, by `NUMBER/POOL`.
    pools: BTreeMap<String, Vec<Admission>>,
    levels: BTreeMap<String, Option<Ranges>>,
    level_texts: BTreeMap<String, String>,
    shields: Vec<(String, bool)>,
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
    fn new(tree: &'a Tree, catalogue: &'a Catalogue) -> Self {
        Self {
            tree,
            catalogue,
            model: Model::default(),
            custom: BTreeMap::new(),
            uniform: BTreeSet::new(),
            shielded: BTreeSet::new(),
            disabled: BTreeSet::new(),
            pools: BTreeMap::new(),
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
                    (Some(project), _) => format!("projects/{project}"),
                    (None, org) => format!("organizations/{}", org.unwrap_or_default()),
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
            "google_iam_workload_identity_pool_provider" => {
                let number = text("name").or_else(|| text("project")).unwrap_or_default();
                let number = number.split('/').nth(1).unwrap_or(&number).to_owned();
                let pool = format!("{number}/{}", text("workload_identity_pool_id").unwrap_or_default());
                let known = self.pools.entry(pool).or_default();
                if object.get("disabled").flag() == Some(true) {
                    return;
                }
                let condition = match object.get("attribute_condition") {
                    it if it.has_hole() => vec![vec![Lit::opaque(&format!("condition of {}", object.address), false)]],
                    it => it.text().map_or_else(|| vec![Vec::new()], cel::clauses),
                };
                let mut mapping = BTreeMap::new();
                if let Val::Map(entries) = object.get("attribute_mapping") {
                    for (key, value) in entries {
                        mapping.extend(value.text().map(|value| (key.to_string(), value.to_owned())));
                    }
                }
                known.push((condition, mapping));
            }
            "google_access_context_manager_access_level" => {
                let Some(name) = text("name") else { return };
                self.level_texts.insert(name.clone(), format!("{:?} {:?}", object.get("basic"), object.get("custom")));
                self.levels.insert(name, networks(object));
            }
            "google_org_policy_policy" => {
                let name = text("name").unwrap_or_default();
                if name.ends_with("/policies/storage.publicAccessPrevention")
                    && let Some(place) = text("parent").and_then(|parent| self.tree.parent(&parent))
                    && let Some(on) = enforced(object)
                {
                    self.shields.push((place, on));
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
                    self.dataset_access(object, block, at);
                }
                self.hole(row, object, "access");
            }
            "bigquery_dataset_access" => self.dataset_access(object, &object.values, 0),
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

    /// A binding: role, members and condition of a value.
    fn binding(&mut self, row: usize, object: &Object, place: &str, value: &Val, path: &str, index: usize) {
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

    fn grant(&mut self, mut grant: Grant) {
        grant.member = principal::normal(&grant.member);
        grant.role = self.role(&grant.role_name);
        grant.who = principal::member(&grant.member);
        self.model.grants.push(grant);
    }

    fn role(&self, name: &str) -> Role {
        if let Some(role) = self.custom.get(name) {
            return role.clone();
        }
        if let Some(listed) = self.catalogue.role("gcp", name).and_then(crate::access::facts::Definition::listed) {
            return Role::Listed(Arc::new(listed));
        }
        match super::roles::Roles::built_in().get(name) {
            Some(_) => Role::Named(name.to_owned()),
            None => Role::Unknown(name.to_owned()),
        }
    }

    fn policy(&mut self, row: usize, object: &Object, place: &str) {
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

    fn deny(&mut self, row: usize, object: &Object) {
        let parent = object.get("parent").text().unwrap_or_default().replace("%2F", "/").replace("%2f", "/");
        let place = self.tree.parent(&parent).unwrap_or_else(|| format!("/?/unknown:{parent}"));
        self.hole(row, object, "rules");
        for (at, rule) in object.get("rules").items().iter().enumerate() {
            let block = rule.get("deny_rule");
            let rule = block.items().first().unwrap_or(block);
            let condition = match rule.get("denial_condition").items().first() {
                Some(block) => match block.get("expression").text() {
                    Some(text) => cel::clauses(text),
                    None => vec![vec![Lit::opaque(&format!("condition {at} of {}", object.address), false)]],
                },
                None => vec![Vec::new()],
            };
            let mut common = vec![within(&place, false)];
            for exception in rule.get("exception_principals").names() {
                // An exception is exempt: the literal of its principal, negated. What takes several literals is
                // one opaque set.
                match principal::denied(&exception).as_slice() {
                    [Lit { dim, test: Test::One { neg, absent_ok, set }, label }] => common.push(Lit {
                        dim: dim.clone(),
                        test: Test::One { neg: !neg, absent_ok: *absent_ok, set: set.clone() },
                        label: label.clone(),
                    }),
                    _ => common.push(Lit::opaque(&format!("the caller is in {exception}"), true)),
                }
            }
            for who in rule.get("denied_principals").names() {
                for clause in &condition {
                    let lits = common.iter().cloned().chain(principal::denied(&who)).chain(clause.iter().cloned());
                    self.model.denials.push(Denial {
                        lits: lits.collect(),
                        permissions: rule.get("denied_permissions").names().iter().map(|p| permission(p)).collect(),
                        exceptions: rule.get("exception_permissions").names().iter().map(|p| permission(p)).collect(),
                        kind: "deny_policy",
                        origin: origin(object, "rules", at),
                    });
                }
            }
        }
    }

    /// The policy against keys of service accounts, where it is the nearest one.
    fn keys_policy(&mut self, object: &Object) {
        let name = object.get("name").text().unwrap_or_default();
        if !name.ends_with("/policies/iam.disableServiceAccountKeyCreation") || enforced(object) != Some(true) {
            return;
        }
        let Some(place) = object.get("parent").text().and_then(|parent| self.tree.parent(parent)) else { return };
        let below = self.keys_lifted.iter().filter(|lifted| lifted.starts_with(&format!("{place}/")));
        self.model.denials.push(Denial {
            lits: [within(&place, false)].into_iter().chain(below.map(|lifted| within(lifted, true))).collect(),
            permissions: vec!["iam.serviceAccountKeys.create".into()],
            exceptions: Vec::new(),
            kind: "org_policy",
            origin: origin(object, "spec", 0),
        });
    }

    fn perimeter(&mut self, object: &Object) {
        let Some(status) = object.get("status").items().first() else { return };
        let mut outside = vec![Lit {
            dim: Dim::Key("source.ip".into()),
            test: Test::Present { neg: false },
            label: "the call comes from outside the perimeter".into(),
        }];
        for level in status.get("access_levels").names() {
            match self.levels.get(&level) {
                Some(Some(ranges)) => outside.push(Lit {
                    dim: Dim::Key("source.ip".into()),
                    test: Test::One {
                        neg: true,
                        absent_ok: false,
                        set: Set::Addresses(ranges.clone(), Ranges::default()),
                    },
                    label: format!("not from a network of {level}").into(),
                }),
                _ => {
                    let text = self.level_texts.get(&level).cloned().unwrap_or_default();
                    outside.push(Lit::opaque(&format!("{level} admits the call: {text}"), true));
                }
            }
        }
        let services = status.get("restricted_services").names();
        for resource in status.get("resources").names() {
            let Some(place) = self.tree.parent(&resource) else { continue };
            self.model.denials.push(Denial {
                lits: outside.iter().cloned().chain([within(&place, false)]).collect(),
                permissions: services
                    .iter()
                    .filter_map(|service| service.strip_suffix(".googleapis.com"))
                    .map(|service| format!("{service}.*"))
                    .collect(),
                exceptions: Vec::new(),
                kind: "service_perimeter",
                origin: origin(object, "status", 0),
            });
        }
    }

    fn dataset_access(&mut self, object: &Object, block: &Val, at: usize) {
        let text = |attribute| block.get(attribute).name();
        let project = object.get("project").name().unwrap_or_default();
        let dataset = object.get("dataset_id").name().unwrap_or_default();
        let place =
            format!("{}/dataset:{}", self.tree.project(&project), dataset.rsplit('/').next().unwrap_or_default());
        let member = if let Some(user) = text("user_by_email") {
            match user.ends_with(".gserviceaccount.com") {
                true => format!("serviceAccount:{user}"),
                false => format!("user:{user}"),
            }
        } else if let Some(group) = text("group_by_email") {
            format!("group:{group}")
        } else if let Some(domain) = text("domain") {
            format!("domain:{domain}")
        } else if let Some(special) = text("special_group") {
            match special.as_str() {
                "projectOwners" => format!("projectOwner:{project}"),
                "projectWriters" => format!("projectEditor:{project}"),
                "projectReaders" => format!("projectViewer:{project}"),
                other => other.to_owned(),
            }
        } else if let Some(member) = text("iam_member") {
            member
        } else {
            let other =
                ["view", "dataset", "routine"].map(|kind| block.get(kind)).into_iter().find(|it| !it.is_unset());
            let Some(other) = other else { return };
            format!("authorized:{other:?}")
        };
        let role = match text("role").as_deref() {
            Some("READER") | None => "roles/bigquery.dataViewer".to_owned(),
            Some("WRITER") => "roles/bigquery.dataEditor".to_owned(),
            Some("OWNER") => "roles/bigquery.dataOwner".to_owned(),
            Some(other) => other.to_owned(),
        };
        let value = Val::Map(
            [
                ("role".into(), Val::Text(role.into())),
                ("member".into(), Val::Text(member.into())),
                ("condition".into(), block.get("condition").clone()),
            ]
            .into(),
        );
        self.binding(usize::MAX, object, &place, &value, "access", at);
    }

    fn acl(&mut self, object: &Object, role: &str, entity: &str, at: usize) {
        let place = self.tree.bucket(&object.get("bucket").name().unwrap_or_default());
        if self.uniform.contains(&place) {
            return;
        }
        let member = match entity.split_once('-') {
            Some(("project", rest)) => match rest.split_once('-') {
                Some(("owners", number)) => format!("projectOwner:{number}"),
                Some(("editors", number)) => format!("projectEditor:{number}"),
                Some((_, number)) => format!("projectViewer:{number}"),
                None => entity.to_owned(),
            },
            Some((kind @ ("user" | "group" | "domain"), who)) => format!("{kind}:{who}"),
            _ => entity.to_owned(),
        };
        let on_objects = object.type_name.contains("object");
        let permissions: &[&str] = match (on_objects, role) {
            (true, "READER") => &["storage.objects.get"],
            (true, _) => &[
                "storage.objects.get",
                "storage.objects.getIamPolicy",
                "storage.objects.setIamPolicy",
                "storage.objects.update",
            ],
            (false, "READER") => &["storage.objects.list"],
            (false, "WRITER") => &["storage.objects.list", "storage.objects.create", "storage.objects.delete"],
            (false, _) => &[
                "storage.objects.list",
                "storage.objects.create",
                "storage.objects.delete",
                "storage.buckets.getIamPolicy",
                "storage.buckets.setIamPolicy",
                "storage.buckets.update",
            ],
        };
        let name = object.get("object").text().or_else(|| object.get("name").text());
        let place = match (name, on_objects && !object.type_name.contains("default")) {
            (Some(name), true) => format!("{place}/object:{name}"),
            _ => place,
        };
        let who = principal::member(&member);
        let member = principal::normal(&member);
        self.model.grants.push(Grant {
            member,
            who,
            role: Role::Listed(Arc::new(permissions.iter().map(|it| (*it).to_owned()).collect())),
            role_name: role.to_owned(),
            place,
            condition: vec![Vec::new()],
            condition_text: None,
            except: Vec::new(),
            origin: origin(object, "role_entity", at),
        });
    }

    /// Expands the holders of basic roles, and applies what cuts grants as a whole.
    fn finish(mut self) -> Model {
        let mut grants = std::mem::take(&mut self.model.grants);
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
                for (place, _) in self.shields.iter().filter(|(_, on)| *on) {
                    let lifted = |(below, on): &&(String, bool)| !on && below.starts_with(&format!("{place}/"));
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

    /// Federated principals that a provider of their pool admits.
    fn admitted(&self, pool: &str, clauses: &[Clause]) -> Vec<Clause> {
        let Some(providers) = self.pools.get(pool) else { return clauses.to_vec() };
        let mut out = Vec::new();
        for (condition, mapping) in providers {
            let mapped = |lit: &Lit| match &lit.dim {
                Dim::Key(key) if key.starts_with("attribute.") || key.starts_with("google.") => {
                    match mapping.get(&**key) {
                        Some(expression) if expression.strip_prefix("assertion.").is_some_and(plain) => {
                            Lit { dim: Dim::Key(expression.as_str().into()), ..lit.clone() }
                        }
                        _ => lit.clone(),
                    }
                }
                _ => lit.clone(),
            };
            for clause in clauses {
                for admitted in condition {
                    out.push(clause.iter().chain(admitted).map(mapped).collect());
                }
            }
        }
        out
    }
}

fn plain(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.')
}

/// Whether an organisation policy is enforced by its live part; `None` where that cannot be told.
pub(super) fn enforced(object: &Object) -> Option<bool> {
    let spec = object.get("spec").items().first()?;
    let rules = spec.get("rules").items();
    match rules {
        [rule] if rule.get("condition").is_unset() && !rule.get("enforce").is_unset() => {
            Some(truthy(rule.get("enforce")))
        }
        _ => None,
    }
}

/// A permission of a deny policy in IAM's spelling.
fn permission(text: &str) -> String {
    let Some((service, rest)) = text.split_once(".googleapis.com/") else { return text.to_owned() };
    let service = if service == "cloudresourcemanager" { "resourcemanager" } else { service };
    format!("{service}.{rest}")
}

/// The networks an access level admits, where it asks for nothing else.
fn networks(object: &Object) -> Option<Ranges> {
    let basic = object.get("basic").items().first()?;
    let all = basic.get("combining_function").text() != Some("OR");
    let mut out: Option<Ranges> = None;
    for condition in basic.get("conditions").items() {
        let Val::Map(members) = condition else { return None };
        let other = members
            .iter()
            .any(|(name, value)| &**name != "ip_subnetworks" && !value.is_unset() && value.flag() != Some(false));
        if other {
            return None;
        }
        let mut ranges = Ranges::default();
        for network in condition.get("ip_subnetworks").items() {
            let (v4, v6) = scalar::addresses(network.text()?)?;
            if !v6.is_empty() {
                return None;
            }
            ranges = ranges.union(&v4);
        }
        out = Some(match out {
            None => ranges,
            Some(before) if all => before.intersection(&ranges),
            Some(before) => before.union(&ranges),
        });
    }
    out
}
