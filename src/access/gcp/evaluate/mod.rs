//! An independent evaluator: whether one concrete request is permitted on one side of the plan.
//!
//! It exists to contradict the comparison: every witness is replayed here before it is shown. It reads the objects of
//! the plan itself, by <https://cloud.google.com/iam/docs/policies>, <https://cloud.google.com/iam/docs/deny-overview>
//! and <https://cloud.google.com/storage/docs/access-control/lists>, and shares with the compiler only the names of
//! places ([`super::place`]) and the facts about predefined roles.

mod condition;
mod deny;
mod member;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::access::facts::Definition;
use crate::access::gcp::place::Tree;
use crate::access::gcp::roles::Roles;
use crate::access::point::{KeyValue, Point};
pub(super) use crate::access::truth::Truth;
use crate::access::worlds::{Object, Side, State, Val};

/// One side of the plan.
pub(super) struct World<'a> {
    /// Each with the place that it grants roles on, where it does.
    objects: Vec<(&'a Object, Option<String>)>,
    kinds: BTreeMap<&'a str, Vec<&'a Object>>,
    state: &'a State,
    tree: &'a Tree,
}

/// A request: the resource as a path from the organisation down.
pub(super) struct Request<'a> {
    principal: &'a str,
    permission: &'a str,
    path: &'a str,
    keys: &'a BTreeMap<Arc<str>, KeyValue>,
}

impl Request<'_> {
    fn key(&self, name: &str) -> Option<&str> {
        self.keys.get(name).and_then(KeyValue::single)
    }

    fn lies_in(&self, place: &str) -> bool {
        self.path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// What the name of a type that grants roles ends with.
const ENDS: [&str; 3] = ["_iam_member", "_iam_binding", "_iam_policy"];

impl<'a> World<'a> {
    /// A side of the plan.
    pub(super) fn on(state: &'a State, tree: &'a Tree, side: Side) -> Self {
        let objects: Vec<&Object> = state.rows.iter().filter_map(|row| row.object(side)).collect();
        let mut kinds: BTreeMap<&str, Vec<&Object>> = BTreeMap::new();
        for object in &objects {
            kinds.entry(&*object.type_name).or_default().push(object);
        }
        let place = |object: &'a Object| {
            let name = object.type_name.strip_prefix("google_").unwrap_or_default();
            let family = ENDS.iter().find_map(|end| name.strip_suffix(end));
            let unknown = || format!("/?/unknown:{}", object.address);
            (object, family.map(|family| tree.of_family(family, object).unwrap_or_else(unknown)))
        };
        Self { objects: objects.into_iter().map(place).collect(), kinds, state, tree }
    }

    /// Whether a permission is granted to the principal and on the resource of a point.
    pub(super) fn permits(&self, point: &Point, permission: &str) -> Truth {
        let request = Request {
            principal: &point.principal,
            permission,
            path: point.resource.trim_end_matches('/'),
            keys: &point.keys,
        };
        self.granted(&request).and(self.denied(&request).not())
    }

    fn of_type(&self, name: &str) -> impl Iterator<Item = &'a Object> + use<'_, 'a> {
        self.kinds.get(name).into_iter().flatten().copied()
    }

    fn granted(&self, request: &Request<'_>) -> Truth {
        let granted = self.objects.iter().map(|(object, place)| self.grants(object, place.as_deref(), request));
        granted.fold(Truth::No, Truth::or)
    }

    fn grants(&self, object: &Object, place: Option<&str>, request: &Request<'_>) -> Truth {
        let name = object.type_name.strip_prefix("google_").unwrap_or_default();
        if let Some(place) = place {
            if !request.lies_in(place) {
                return Truth::No;
            }
            return match name.ends_with("_iam_policy") {
                true => {
                    let bindings = policy(object.get("policy_data"));
                    let bindings = bindings.iter().flat_map(|policy| policy.get("bindings").items().to_vec());
                    bindings.map(|binding| self.binding(&binding, request)).fold(Truth::No, Truth::or)
                }
                false => self.binding(&object.values, request),
            };
        }
        match name {
            "bigquery_dataset" => {
                let blocks = object.get("access").items().iter();
                blocks.map(|block| self.dataset(object, block, request)).fold(Truth::No, Truth::or)
            }
            "bigquery_dataset_access" => self.dataset(object, &object.values, request),
            name if name.starts_with("storage_") && (name.ends_with("_acl") || name.ends_with("_access_control")) => {
                self.listed(object, request)
            }
            _ => Truth::No,
        }
    }

    fn binding(&self, value: &Val, request: &Request<'_>) -> Truth {
        let role = value.get("role").name().unwrap_or_default();
        let mut members = value.get("members").names();
        members.extend(value.get("member").name());
        let block = value.get("condition");
        let block = block.items().first().unwrap_or(block);
        let condition = match block.get("expression") {
            it if it.has_hole() || block.hole().is_some() => Truth::Unknown,
            it => it.text().map_or(Truth::Yes, |text| condition::holds(text, request)),
        };
        let who = members.iter().map(|member| self.is_member(member, request)).fold(Truth::No, Truth::or);
        if who == Truth::No {
            return Truth::No;
        }
        who.and(condition).and(self.contains(&role, request.permission))
    }

    /// Whether a role has a permission.
    fn contains(&self, role: &str, permission: &str) -> Truth {
        let kinds = ["google_project_iam_custom_role", "google_organization_iam_custom_role"];
        for custom in kinds.iter().flat_map(|kind| self.of_type(kind)) {
            let text = |attribute: &str| custom.get(attribute).text().unwrap_or_default();
            let owner = match text("project") {
                "" => format!("organizations/{}", text("org_id").trim_start_matches("organizations/")),
                project => format!("projects/{project}"),
            };
            let plain = role.strip_prefix("projects/").and_then(|rest| rest.split_once('/'));
            let plain = plain.map(|(project, rest)| format!("projects/{}/{rest}", self.tree.project_id(project)));
            let own = format!("{owner}/roles/{}", text("role_id"));
            let reference = ["id", "name"].map(|attribute| format!("${{{}.{attribute}}}", custom.address));
            if own == role || plain.as_deref() == Some(&own) || reference.iter().any(|name| name == role) {
                let permissions = custom.get("permissions");
                return match text("stage") == "DISABLED" {
                    true => Truth::No,
                    false if permissions.names().iter().any(|own| own == permission) => Truth::Yes,
                    false if permissions.has_hole() => Truth::Unknown,
                    false => Truth::No,
                };
            }
        }
        let imported = self.state.catalogue.role("gcp", role).and_then(Definition::listed);
        if let Some(listed) = imported {
            return Truth::of(listed.contains(permission));
        }
        match Roles::built_in().has(role, permission) {
            Some(it) => Truth::of(it),
            None => Truth::Unknown,
        }
    }

    /// An access block of a data set.
    fn dataset(&self, object: &Object, block: &Val, request: &Request<'_>) -> Truth {
        let project = object.get("project").name().unwrap_or_default();
        let dataset = object.get("dataset_id").name().unwrap_or_default();
        let name = dataset.rsplit('/').next().unwrap_or_default();
        if !request.lies_in(&format!("{}/dataset:{name}", self.tree.project(&project))) {
            return Truth::No;
        }
        let text = |attribute: &str| block.get(attribute).name();
        let member = if let Some(user) = text("user_by_email") {
            let kind = if user.ends_with(".gserviceaccount.com") { "serviceAccount" } else { "user" };
            format!("{kind}:{user}")
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
            // A view, a routine or another data set is no caller of its own.
            return if request.principal.starts_with("authorized:") { Truth::Unknown } else { Truth::No };
        };
        let role = match text("role").as_deref() {
            None | Some("READER") => "roles/bigquery.dataViewer".to_owned(),
            Some("WRITER") => "roles/bigquery.dataEditor".to_owned(),
            Some("OWNER") => "roles/bigquery.dataOwner".to_owned(),
            Some(other) => other.to_owned(),
        };
        let condition = block.get("condition").items().first().map_or(Truth::Yes, |block| {
            block.get("expression").text().map_or(Truth::Unknown, |text| condition::holds(text, request))
        });
        self.is_member(&member, request).and(condition).and(self.contains(&role, request.permission))
    }

    /// An access control list, while the bucket has lists at all.
    fn listed(&self, object: &Object, request: &Request<'_>) -> Truth {
        let bucket = object.get("bucket").name().unwrap_or_default();
        let place = self.tree.bucket(&bucket);
        let uniform = self.of_type("google_storage_bucket").any(|it| {
            let own = it.get("name").text().unwrap_or_default();
            self.tree.bucket(own) == place && it.get("uniform_bucket_level_access").flag() == Some(true)
        });
        if uniform {
            return Truth::No;
        }
        let of_objects = object.type_name.contains("object");
        let one = object.get("object").text().filter(|_| of_objects && !object.type_name.contains("default"));
        let place = one.map_or(place.clone(), |name| format!("{place}/object:{name}"));
        let mut entries: Vec<(String, String)> = Vec::new();
        for entry in object.get("role_entity").names() {
            entries.extend(entry.split_once(':').map(|(role, who)| (role.to_owned(), who.to_owned())));
        }
        if let Some(entity) = object.get("entity").name() {
            entries.push((object.get("role").text().unwrap_or("READER").to_owned(), entity));
        }
        let everyone = match object.get("predefined_acl").text() {
            Some("publicRead") => vec![("READER", "allUsers")],
            Some("publicReadWrite") => vec![("READER", "allUsers"), ("WRITER", "allUsers")],
            Some("authenticatedRead") => vec![("READER", "allAuthenticatedUsers")],
            _ => Vec::new(),
        };
        entries.extend(everyone.into_iter().map(|(role, who)| (role.to_owned(), who.to_owned())));
        let verbs = |role: &str| -> &[&str] {
            match (of_objects, role) {
                (true, "READER") => &["objects.get"],
                (true, _) => &["objects.get", "objects.getIamPolicy", "objects.setIamPolicy", "objects.update"],
                (false, "READER") => &["objects.list"],
                (false, "WRITER") => &["objects.list", "objects.create", "objects.delete"],
                (false, _) => &[
                    "objects.list",
                    "objects.create",
                    "objects.delete",
                    "buckets.getIamPolicy",
                    "buckets.setIamPolicy",
                    "buckets.update",
                ],
            }
        };
        let holds = |(role, entity): &(String, String)| {
            let permits = request.permission.strip_prefix("storage.").is_some_and(|verb| verbs(role).contains(&verb));
            Truth::of(permits && request.lies_in(&place)).and(self.is_member(&member::of_entity(entity), request))
        };
        entries.iter().map(holds).fold(Truth::No, Truth::or)
    }
}

/// The document of an authoritative policy.
fn policy(data: &Val) -> Option<Val> {
    match data {
        Val::Text(text) => serde_json::from_str(text).ok().map(|value| Val::known(&value)),
        Val::Map(_) => Some(data.clone()),
        _ => None,
    }
}
