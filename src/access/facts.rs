//! Definitions that a team imports, so that roles are compared by what they permit and not by what is built in.
//!
//! One neutral shape for all platforms: a role is a list of blocks, and a block permits actions, without those it
//! leaves out. An importer per platform reads what the platform's own tool prints.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The version of the file format.
pub const VERSION: u32 = 1;

/// Imported definitions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// The version of the file format.
    pub catalogue_version: u32,
    /// Roles by platform (`gcp`, `azure`, `aws`, `kubernetes`) and name.
    pub roles: BTreeMap<String, BTreeMap<String, Definition>>,
}

/// What a role permits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// The name that people read, where it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it permits: the union of the blocks.
    pub blocks: Vec<Block>,
}

/// Actions that are permitted, without those that are left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Block {
    /// Permitted actions, in the patterns of the platform.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<String>,
    /// Actions that are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_actions: Vec<String>,
    /// Permitted actions on data.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data_actions: Vec<String>,
    /// Actions on data that are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_data_actions: Vec<String>,
    /// The condition of the block, in the platform's language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// A rule in a shape of the platform's own: the rules of Kubernetes, the documents of AWS.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub rule: Value,
}

/// Why definitions cannot be imported or read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// Not JSON, or not of the expected shape.
    #[error("not readable as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// No importer knows the shape.
    #[error(
        "not a list of roles that tollgate knows; give the output of `gcloud iam roles list --format=json` (with \
             permissions), `az role definition list`, `aws iam get-account-authorization-details` or `kubectl get clusterroles -o json`"
    )]
    Shape,
    /// A role without its permissions.
    #[error("role `{0}` comes without its permissions; list the roles with them, or describe each role")]
    Bare(String),
    /// Written by another version.
    #[error("catalogue version {0} is not known; import again with this version of tollgate")]
    Version(u32),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GoogleRole {
    name: String,
    title: Option<String>,
    stage: Option<String>,
    included_permissions: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AzureRole {
    name: String,
    role_name: Option<String>,
    permissions: Vec<AzureBlock>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AzureBlock {
    #[serde(default)]
    actions: Vec<String>,
    #[serde(default)]
    not_actions: Vec<String>,
    #[serde(default)]
    data_actions: Vec<String>,
    #[serde(default)]
    not_data_actions: Vec<String>,
    condition: Option<String>,
}

impl Catalogue {
    /// Reads a catalogue that [`Catalogue::import`] made.
    ///
    /// # Errors
    /// When it is not one, or of another version.
    pub fn read(text: &[u8]) -> Result<Self, Unreadable> {
        let catalogue: Self = serde_json::from_slice(text)?;
        match catalogue.catalogue_version {
            VERSION => Ok(catalogue),
            other => Err(Unreadable::Version(other)),
        }
    }

    /// Adds what a platform's tool printed; the number of roles read. The shape says which platform it is.
    ///
    /// # Errors
    /// When nothing known can be read from it, or a role comes without its permissions.
    pub fn import(&mut self, text: &[u8]) -> Result<usize, Unreadable> {
        self.catalogue_version = VERSION;
        let value: Value = serde_json::from_slice(text)?;
        let listed = ["items", "Policies"].iter().find_map(|name| value.get(name)?.as_array());
        let items = value.as_array().or(listed).ok_or(Unreadable::Shape)?;
        let first = items.first().ok_or(Unreadable::Shape)?;
        let is_google = first.get("name").and_then(Value::as_str).is_some_and(|name| name.contains("roles/"));
        if is_google || first.get("includedPermissions").is_some() {
            self.each(items, "gcp", google)
        } else if first.get("permissions").is_some()
            && (first.get("roleName").is_some() || first.get("roleType").is_some())
        {
            self.each(items, "azure", azure)
        } else if first.get("rules").is_some() && first.get("metadata").is_some() {
            self.each(items, "kubernetes", kubernetes)
        } else if first.get("Arn").is_some() && first.get("PolicyName").is_some() {
            self.each(items, "aws", aws)
        } else {
            Err(Unreadable::Shape)
        }
    }

    fn each(
        &mut self,
        items: &[Value],
        platform: &str,
        read: fn(&Value) -> Result<(String, Definition), Unreadable>,
    ) -> Result<usize, Unreadable> {
        let roles = self.roles.entry(platform.to_owned()).or_default();
        for item in items {
            let (name, definition) = read(item)?;
            roles.insert(name, definition);
        }
        Ok(items.len())
    }

    /// Adds another catalogue; where both define a role, the other one counts.
    pub fn merge(&mut self, other: Self) {
        self.catalogue_version = other.catalogue_version;
        for (platform, roles) in other.roles {
            self.roles.entry(platform).or_default().extend(roles);
        }
    }

    /// A role of a platform by its name, or by the name that people read, in any case.
    #[must_use]
    pub fn titled(&self, platform: &str, name: &str) -> Option<&Definition> {
        let roles = self.roles.get(platform)?;
        let titled = |role: &&Definition| role.title.as_deref().is_some_and(|title| title.eq_ignore_ascii_case(name));
        roles.get(&name.to_lowercase()).or_else(|| roles.values().find(titled))
    }

    /// A role of a platform.
    #[must_use]
    pub fn role(&self, platform: &str, name: &str) -> Option<&Definition> {
        self.roles.get(platform)?.get(name)
    }
}

impl Definition {
    /// The actions, where the role is a plain list of them.
    #[must_use]
    pub fn listed(&self) -> Option<BTreeSet<String>> {
        let plain = |block: &Block| Block { actions: Vec::new(), ..block.clone() } == Block::default();
        self.blocks.iter().all(plain).then(|| self.blocks.iter().flat_map(|block| block.actions.clone()).collect())
    }
}

fn google(item: &Value) -> Result<(String, Definition), Unreadable> {
    let role = GoogleRole::deserialize(item)?;
    // A role without a stage is general; one that is disabled has no permissions.
    let actions = match (role.included_permissions, role.stage.as_deref()) {
        (_, Some("DISABLED")) => Vec::new(),
        (Some(permissions), _) => permissions,
        (None, _) => return Err(Unreadable::Bare(role.name)),
    };
    let blocks = vec![Block { actions, ..Block::default() }];
    Ok((role.name, Definition { title: role.title, blocks }))
}

fn azure(item: &Value) -> Result<(String, Definition), Unreadable> {
    let role = AzureRole::deserialize(item)?;
    let block = |block: AzureBlock| Block {
        actions: block.actions,
        not_actions: block.not_actions,
        data_actions: block.data_actions,
        not_data_actions: block.not_data_actions,
        condition: block.condition,
        rule: Value::Null,
    };
    Ok((
        role.name.to_lowercase(),
        Definition { title: role.role_name, blocks: role.permissions.into_iter().map(block).collect() },
    ))
}

/// A managed policy with its versions, of which the default one counts.
fn aws(item: &Value) -> Result<(String, Definition), Unreadable> {
    let text = |name: &str| item.get(name).and_then(Value::as_str).map(str::to_owned);
    let arn = text("Arn").ok_or(Unreadable::Shape)?;
    let versions = item.get("PolicyVersionList").and_then(Value::as_array).into_iter().flatten();
    let mut default = versions.filter(|version| version.get("IsDefaultVersion") == Some(&Value::Bool(true)));
    let document = default.next().and_then(|version| version.get("Document")).filter(|document| document.is_object());
    let Some(document) = document else { return Err(Unreadable::Bare(arn)) };
    let blocks = vec![Block { rule: document.clone(), ..Block::default() }];
    Ok((arn, Definition { title: text("PolicyName"), blocks }))
}

fn kubernetes(item: &Value) -> Result<(String, Definition), Unreadable> {
    let name = item.pointer("/metadata/name").and_then(Value::as_str).ok_or(Unreadable::Shape)?;
    let rules = match item.get("rules") {
        Some(Value::Array(rules)) => rules.clone(),
        None | Some(Value::Null) => Vec::new(),
        Some(_) => return Err(Unreadable::Shape),
    };
    let blocks = rules.into_iter().map(|rule| Block { rule, ..Block::default() }).collect();
    Ok((name.to_owned(), Definition { title: None, blocks }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tool_is_known_by_its_shape() {
        let mut catalogue = Catalogue::default();
        let google = br#"[{"name": "roles/a.b", "title": "A", "includedPermissions": ["x.y.z"]}]"#;
        let azure = br#"[{"name": "B1", "roleName": "B", "roleType": "BuiltInRole", "permissions": [{"actions": ["*"], "notActions": ["m/*"], "condition": null}]}]"#;
        let kubernetes = br#"{"items": [{"metadata": {"name": "view"}, "rules": [{"verbs": ["get"]}]}]}"#;
        for text in [&google[..], azure, kubernetes] {
            assert_eq!(catalogue.import(text).unwrap(), 1);
        }
        assert_eq!(catalogue.role("gcp", "roles/a.b").unwrap().listed().unwrap().len(), 1);
        assert!(catalogue.role("azure", "b1").unwrap().listed().is_none());
        let text = serde_json::to_vec(&catalogue).unwrap();
        assert_eq!(Catalogue::read(&text).unwrap(), catalogue);
    }

    #[test]
    fn what_is_not_known_is_refused() {
        let mut catalogue = Catalogue::default();
        for text in ["", "{}", "[]", "[{}]", r#"[{"name": "roles/a"}]"#, "[1]"] {
            assert!(catalogue.import(text.as_bytes()).is_err(), "{text}");
        }
        assert!(Catalogue::read(br#"{"catalogue_version": 2, "roles": {}}"#).is_err());
    }
}
