//! Where a policy is attached: resources as paths from the organisation down, so that containment is a prefix.

use std::collections::BTreeMap;

use crate::access::glob::{Glob, Loop};
use crate::access::literal::{Dim, Lit};
use crate::access::worlds::{Object, Side, State, Val};

/// The tree of the plan.
#[derive(Debug, Default)]
pub(super) struct Tree {
    projects: BTreeMap<String, String>,
    folders: BTreeMap<String, String>,
    numbers: BTreeMap<String, String>,
    buckets: BTreeMap<String, String>,
}

fn scalar(value: &Val) -> Option<String> {
    match value {
        Val::Number(text) => Some(text.clone()),
        other => other.name(),
    }
}

impl Tree {
    pub(super) fn of(state: &State) -> Self {
        let mut tree = Self::default();
        for side in [Side::Before, Side::After] {
            for object in state.rows.iter().filter_map(|row| row.object(side)) {
                tree.add(object);
            }
        }
        tree
    }

    fn add(&mut self, object: &Object) {
        let text = |attribute| scalar(object.get(attribute));
        match &*object.type_name {
            "google_project" => {
                let Some(id) = text("project_id") else { return };
                if let Some(number) = text("number") {
                    self.numbers.insert(number, id.clone());
                }
                let folder = text("folder_id").map(|it| format!("folders/{}", last(&it)));
                if let Some(parent) = folder.or_else(|| text("org_id").map(|it| format!("organizations/{it}"))) {
                    self.projects.insert(id, parent);
                }
            }
            "google_folder" => {
                let id =
                    text("folder_id").or_else(|| text("name")).unwrap_or_else(|| format!("${{{}}}", object.address));
                if let Some(parent) = text("parent") {
                    self.folders.insert(last(&id).to_owned(), parent);
                }
            }
            "google_storage_bucket" => {
                let (Some(name), Some(project)) = (text("name"), text("project")) else { return };
                if let Some(number) = text("project_number") {
                    self.numbers.insert(number, project.clone());
                }
                self.buckets.insert(name, project);
            }
            _ => {}
        }
    }

    /// The path of an organisation, folder or project as an API names it: `projects/p`, `folders/1`.
    pub(super) fn parent(&self, name: &str) -> Option<String> {
        self.parent_at(name, 0)
    }

    fn parent_at(&self, name: &str, depth: usize) -> Option<String> {
        let (kind, id) = name.rsplit_once('/')?;
        let above = |name: Option<&String>| {
            name.filter(|_| depth < 16).and_then(|name| self.parent_at(name, depth + 1)).unwrap_or_default()
        };
        match kind.rsplit('/').next()? {
            "organizations" => Some(format!("/org:{id}")),
            "folders" => Some(format!("{}/folder:{id}", above(self.folders.get(id)))),
            "projects" => {
                let id = self.numbers.get(id).map_or(id, String::as_str);
                Some(format!("{}/project:{id}", above(self.projects.get(id))))
            }
            _ => None,
        }
    }

    /// A project's id, where the plan ties its number to it.
    pub(super) fn project_id<'n>(&'n self, name: &'n str) -> &'n str {
        self.numbers.get(name).map_or(name, String::as_str)
    }

    pub(super) fn project(&self, id: &str) -> String {
        self.parent(&format!("projects/{}", last(id))).unwrap_or_default()
    }

    pub(super) fn bucket(&self, name: &str) -> String {
        let name = name.strip_prefix("b/").unwrap_or(name);
        let project = self.buckets.get(name).map_or_else(|| "/?".to_owned(), |project| self.project(project));
        format!("{project}/bucket:{name}")
    }

    /// What an IAM resource of a family is about; `None` where its parent is not set.
    pub(super) fn of_family(&self, family: &str, object: &Object) -> Option<String> {
        let text = |attribute| scalar(object.get(attribute));
        match family {
            "project" => return Some(self.project(&text("project")?)),
            "folder" => return self.parent(&format!("folders/{}", last(&text("folder")?))),
            "organization" => return self.parent(&format!("organizations/{}", last(&text("org_id")?))),
            "storage_bucket" => return Some(self.bucket(&text("bucket")?)),
            "service_account" => return Some(self.account(&text("service_account_id")?)),
            _ => {}
        }
        const OTHER: [&str; 16] = [
            "role",
            "member",
            "members",
            "condition",
            "etag",
            "id",
            "project",
            "location",
            "region",
            "zone",
            "policy_data",
            "timeouts",
            "deletion_policy",
            "service_account_id",
            "audit_log_config",
            "provider_meta",
        ];
        let Val::Map(members) = &*object.values else { return None };
        let parents: Vec<(&str, String)> = members
            .iter()
            .filter(|(name, _)| !OTHER.contains(&&***name))
            .filter_map(|(name, value)| Some((&**name, scalar(value)?)))
            .collect();
        let long = parents.iter().map(|(_, value)| value.as_str()).find(|value| value.starts_with("projects/"));
        let part = |kind: &str| {
            let parts: Vec<&str> = long?.split('/').collect();
            parts.iter().position(|it| *it == kind).and_then(|at| parts.get(at + 1)).map(|it| (*it).to_owned())
        };
        let project = text("project").or_else(|| part("projects"));
        let place = ["location", "region", "zone"].into_iter().find_map(text);
        let place = place.or_else(|| ["locations", "regions", "zones"].into_iter().find_map(part));
        let mut path = project.map_or_else(|| "/?".to_owned(), |project| self.project(&project));
        // Containers within a service.
        if let Some(ring) = part("keyRings") {
            path.push_str(&format!("/ring:{}:{ring}", place.clone().unwrap_or_default()));
            if family == "kms_key_ring" {
                return Some(path);
            }
        }
        if let Some((_, dataset)) =
            parents.iter().find(|(name, _)| *name == "dataset_id").filter(|_| family.starts_with("bigquery"))
        {
            path.push_str(&format!("/dataset:{}", last(dataset)));
            if family == "bigquery_dataset" {
                return Some(path);
            }
        }
        // What a long name says beyond project and place stays whole: two stores of one name lie in two data sets.
        let names: Vec<String> = parents.iter().map(|(_, value)| inner(value)).collect();
        let names: Vec<String> = names.iter().map(|name| name.replace('/', "+")).collect();
        let names = if names.is_empty() { "-".to_owned() } else { names.join(",") };
        path.push_str(&format!("/{family}:{}:{}", place.unwrap_or_default(), names));
        Some(path)
    }

    /// A service account by its name or address.
    pub(super) fn account(&self, name: &str) -> String {
        let address = last(name).to_lowercase();
        let project = name.split('/').nth(1).filter(|it| *it != "-").map(str::to_owned).or_else(|| {
            address
                .split_once('@')
                .and_then(|(_, host)| host.strip_suffix(".iam.gserviceaccount.com"))
                .map(str::to_owned)
        });
        let project = project.map_or_else(|| "/?".to_owned(), |project| self.project(&project));
        format!("{project}/account:{address}")
    }
}

/// Whether a place is an organisation, a folder or a project, or all there is.
pub(super) fn is_container(path: &str) -> bool {
    let last = path.rsplit('/').next().unwrap_or_default();
    path.is_empty() || ["org:", "folder:", "project:"].iter().any(|kind| last.starts_with(kind))
}

/// A long name without its project and place; any other name as it is.
fn inner(name: &str) -> String {
    let Some(rest) = name.strip_prefix("projects/").and_then(|rest| rest.split_once('/')).map(|(_, rest)| rest) else {
        return name.to_owned();
    };
    let parts: Vec<&str> = rest.split('/').collect();
    let kept = parts.chunks(2).filter(|pair| !matches!(pair, ["locations" | "regions" | "zones" | "keyRings", _]));
    let ids: Vec<&str> = kept.filter_map(|pair| pair.last().copied()).collect();
    ids.join("+")
}

fn last(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// Resources that may lie in a container although the plan does not say so: those whose own place in the tree it
/// leaves open, and projects that are named by their number on one side only.
fn unplaced(path: &str) -> Vec<Glob> {
    let pattern = |text: &str| {
        let mut glob = Glob::empty();
        text.chars().for_each(|c| if c == '*' { glob.push_many(Loop::Any) } else { glob.push_char(c, false) });
        glob
    };
    let mut all = vec![pattern("/?/*")];
    match path.rsplit('/').next().and_then(|last| last.split_once(':')) {
        Some(("org" | "folder", _)) => all.extend([pattern("/folder:*"), pattern("/project:*")]),
        Some(("project", id)) if id.starts_with(|c: char| c.is_ascii_digit()) => all.push(pattern("*/project:*")),
        Some(("project", _)) => all.extend((0..10).map(|digit| pattern(&format!("*/project:{digit}*")))),
        _ => {}
    }
    all
}

/// Whether a place may lie in a container although the plan does not say so.
pub(super) fn may_lie_in(place: &str, path: &str) -> bool {
    let name = format!("{place}/");
    !name.starts_with(&format!("{path}/")) && unplaced(path).iter().any(|glob| glob.matches(&name))
}

/// The requests about a container, as alternatives: what the plan puts there, and what may be there besides.
pub(super) fn reach(path: &str) -> [Vec<Lit>; 2] {
    let open = Lit::of(Dim::Resource, false, unplaced(path), "what the plan does not place");
    [vec![within(path, false)], vec![open, Lit::opaque(&format!("the resource lies in {path}"), false)]]
}

/// A literal that the request is about the place or something in it.
pub(super) fn within(path: &str, neg: bool) -> Lit {
    let mut glob = Glob::empty();
    path.chars().for_each(|c| glob.push_char(c, false));
    glob.push_char('/', false);
    glob.push_many(Loop::Any);
    Lit::of(Dim::Resource, neg, vec![glob], path)
}

/// A path as a full resource name.
pub(super) fn full_name(path: &str) -> String {
    let parts: Vec<(&str, &str)> = path.split('/').filter_map(|part| part.split_once(':')).collect();
    let project = parts.iter().find(|(kind, _)| *kind == "project").map_or("-", |(_, id)| id);
    let name = |text: &str| text.rsplit(':').next().unwrap_or_default().to_owned();
    match parts.last() {
        Some(("org", id)) => format!("//cloudresourcemanager.googleapis.com/organizations/{id}"),
        Some(("folder", id)) => format!("//cloudresourcemanager.googleapis.com/folders/{id}"),
        Some(("project", id)) => format!("//cloudresourcemanager.googleapis.com/projects/{id}"),
        Some(("bucket", id)) => format!("//storage.googleapis.com/projects/_/buckets/{id}"),
        Some(("account", id)) => format!("//iam.googleapis.com/projects/{project}/serviceAccounts/{id}"),
        Some(("dataset", id)) => format!("//bigquery.googleapis.com/projects/{project}/datasets/{id}"),
        Some(("ring", id)) => format!("//cloudkms.googleapis.com/projects/{project}/keyRings/{}", name(id)),
        Some((family, id)) => {
            let (service, kind) = family.split_once('_').unwrap_or((family, "resources"));
            format!("//{service}.googleapis.com/projects/{project}/{kind}s/{}", name(id))
        }
        None => path.to_owned(),
    }
}
