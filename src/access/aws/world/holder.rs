//! What rows say about identities: their policies and limits, who is in which group, and their keys and passwords.

use std::sync::Arc;

use super::collect::{Collector, is_known_name};
use super::mirror::{Own, Unsaid};
use super::model::{Credential, Doc, DocUse, IdentityKey, IdentityKind};
use crate::access::Reason;
use crate::access::aws::parse::Kind;
use crate::access::worlds::{Object, Row, Setting, Val};

/// Attributes that attach managed policies one by one.
const ATTACHED: [&str; 2] = ["policy_arn", "managed_policy_arns"];

impl Collector<'_> {
    /// Collects what the object says.
    pub(super) fn identity(&mut self, at: usize, row: &Row, object: &Object) {
        use IdentityKind::{Group, Role, User};
        match &*object.type_name {
            "aws_iam_role" => self.role(at, row, object),
            "aws_iam_user" => {
                let Some(key) = self.own_key(User, object) else { return };
                self.set_boundary(key, at, object);
            }
            "aws_iam_role_policy" => self.inline(at, object, Role, "role"),
            "aws_iam_user_policy" => self.inline(at, object, User, "user"),
            "aws_iam_group_policy" => self.inline(at, object, Group, "group"),
            "aws_iam_role_policy_attachment" => self.attach(at, object, Role, "role"),
            "aws_iam_user_policy_attachment" => self.attach(at, object, User, "user"),
            "aws_iam_group_policy_attachment" => self.attach(at, object, Group, "group"),
            "aws_iam_policy_attachment" => {
                for (kind, list) in [(Role, "roles"), (User, "users"), (Group, "groups")] {
                    for who in listed(object.get(list)) {
                        self.attach_to(at, object, kind, who);
                    }
                }
            }
            "aws_iam_role_policy_attachments_exclusive" => self.exclusive_list(at, object, Role, "role_name"),
            "aws_iam_user_policy_attachments_exclusive" => self.exclusive_list(at, object, User, "user_name"),
            "aws_iam_group_policy_attachments_exclusive" => self.exclusive_list(at, object, Group, "group_name"),
            "aws_iam_user_group_membership" => {
                let Some(user) = self.identity_key(User, object.get("user")) else { return };
                for group in listed(object.get("groups")) {
                    self.join(at, row, user.clone(), group);
                }
            }
            "aws_iam_group_membership" => {
                for user in listed(object.get("users")) {
                    if let Some(user) = self.identity_key(User, user) {
                        self.join(at, row, user, object.get("group"));
                    }
                }
            }
            "aws_iam_access_key" => self.credential_of(at, object, object.get("status").text() != Some("Inactive")),
            "aws_iam_service_specific_credential" | "aws_iam_user_ssh_key" | "aws_iam_signing_certificate" => {
                self.credential_of(at, object, object.get("status").text() != Some("Inactive"));
            }
            "aws_iam_user_login_profile" => self.credential_of(at, object, true),
            "aws_iam_openid_connect_provider" => {
                let (Some(arn), Some(url)) = (object.get("arn").name(), object.get("url").text()) else { return };
                let issuer = url.trim_start_matches("https://").trim_end_matches('/').to_owned();
                let clients = object.get("client_id_list").names();
                self.model.audiences.insert(arn, (issuer, clients, at));
            }
            _ => {}
        }
    }

    fn own_key(&self, kind: IdentityKind, object: &Object) -> Option<IdentityKey> {
        let name = object.get("name").text().map_or_else(|| format!("${{{}}}", object.address), str::to_owned);
        Some((kind, name))
    }

    fn role(&mut self, at: usize, row: &Row, object: &Object) {
        let Some(key) = self.own_key(IdentityKind::Role, object) else { return };
        let trust = self.document(at, object, "assume_role_policy", Kind::Trust);
        let mut docs = Vec::new();
        let setting = row.setting("inline_policy");
        for (number, block) in object.get("inline_policy").items().iter().enumerate() {
            let path = format!("inline_policy[{number}].policy");
            let used = || self.document_at(at, object, &path, block.get("policy"), Kind::Identity);
            match setting {
                Setting::Set => docs.extend(used()),
                Setting::Unsaid => {
                    let name = block.get("name").name().unwrap_or_default();
                    let unsaid = used().map(|used| Unsaid::of(used, Own::Inline(key.clone(), name)));
                    self.unsaid.extend(unsaid);
                }
                Setting::Unset => {}
            }
        }
        let path = "managed_policy_arns";
        match row.setting(path) {
            Setting::Set => self.exclusive.push((key.clone(), list_of(object.get(path)), at)),
            Setting::Unsaid => {
                for arn in object.get(path).items() {
                    let (used, name) = (self.policy(at, object, path, arn), arn.name().unwrap_or_default());
                    self.unsaid.extend(used.map(|used| Unsaid::of(used, Own::Attached(key.clone(), name))));
                }
            }
            Setting::Unset => {}
        }
        let identity = self.entry(key.clone(), at);
        identity.docs.extend(docs);
        identity.trust = trust;
        self.set_boundary(key, at, object);
    }

    fn set_boundary(&mut self, key: IdentityKey, at: usize, object: &Object) {
        if let Some(boundary) = self.policy(at, object, "permissions_boundary", object.get("permissions_boundary")) {
            self.entry(key, at).boundary = vec![boundary];
        }
    }

    fn inline(&mut self, at: usize, object: &Object, kind: IdentityKind, who: &str) {
        let Some(key) = self.identity_key(kind, object.get(who)) else { return };
        if let Some(used) = self.document(at, object, "policy", Kind::Identity) {
            let name = object.get("name").name().unwrap_or_default();
            self.model.dedicated.insert(Own::Inline(key.clone(), name));
            self.entry(key, at).docs.push(used);
        }
    }

    fn attach(&mut self, at: usize, object: &Object, kind: IdentityKind, who: &str) {
        self.attach_to(at, object, kind, object.get(who));
    }

    fn attach_to(&mut self, at: usize, object: &Object, kind: IdentityKind, who: &Val) {
        let Some(key) = self.identity_key(kind, who) else { return };
        let policy = object.get("policy_arn");
        if let Some(used) = self.policy(at, object, "policy_arn", policy) {
            self.model.dedicated.insert(Own::Attached(key.clone(), policy.name().unwrap_or_default()));
            self.entry(key, at).docs.push(used);
        }
    }

    fn exclusive_list(&mut self, at: usize, object: &Object, kind: IdentityKind, who: &str) {
        if let Some(key) = self.identity_key(kind, object.get(who)) {
            self.exclusive.push((key, list_of(object.get("policy_arns")), at));
        }
    }

    /// An exclusive list attaches what it names and detaches every other managed policy.
    pub(super) fn apply_exclusive(&mut self) {
        for (key, list, at) in std::mem::take(&mut self.exclusive) {
            let object = Object { address: Arc::from(""), type_name: Arc::from(""), values: Arc::default() };
            let named: Vec<DocUse> =
                list.iter().filter_map(|value| self.policy(at, &object, "policy_arns", value)).collect();
            let identity = self.entry(key, at);
            // Inline documents stand at the identity's own rows and are not what the list is about.
            identity.docs.retain(|used| used.rows.len() < 2 && !ATTACHED.contains(&&*used.path));
            identity.docs.extend(named);
        }
    }

    fn join(&mut self, at: usize, row: &Row, user: IdentityKey, group: &Val) {
        let Some((_, group)) = self.identity_key(IdentityKind::Group, group) else { return };
        if row.change.is_some() && row.differs() {
            self.joined.insert(group.clone());
        }
        self.entry((IdentityKind::Group, group.clone()), at);
        self.entry(user, at).groups.push((group, at));
    }

    /// A group that somebody joins and the plan does not show has policies that are not known.
    pub(super) fn unseen_groups(&mut self) {
        for group in std::mem::take(&mut self.joined) {
            let reason = Reason {
                code: if is_known_name(&group) { "outside_plan" } else { "unknown_value" }.into(),
                path: "groups".into(),
                message: format!("group `{group}` is not in the plan, so what its members may do is not known"),
            };
            let Some(shown) = self.model.identities.get_mut(&(IdentityKind::Group, group.clone())) else { continue };
            if !shown.shown {
                let doc = Doc::Unread { id: format!("group {group}").into(), reason };
                shown.docs.push(DocUse { address: "".into(), path: "groups".into(), rows: Vec::new(), doc });
            }
        }
    }

    /// A key or password of a user. Of a user that nobody shows it is not known what the key permits.
    fn credential_of(&mut self, at: usize, object: &Object, active: bool) {
        let user = self.identity_key(IdentityKind::User, object.get("user"));
        let unknown = match &user {
            Some(_) => Vec::new(),
            None => vec![unseen_user(&object.address, "whose name is known only after apply")],
        };
        if let Some(user) = &user {
            self.entry(user.clone(), at);
        }
        let credential =
            Credential { of: user.into_iter().collect(), active, rows: vec![at], session: Vec::new(), unknown };
        self.model.credentials.insert(object.address.to_string(), credential);
        self.keys.push(object.address.to_string());
    }

    /// Keys of users that the plan refers to and does not show.
    pub(super) fn unseen_users(&mut self) {
        for address in std::mem::take(&mut self.keys) {
            let Some(credential) = self.model.credentials.get_mut(&address) else { continue };
            let identities = &self.model.identities;
            let hidden = credential.of.iter().find(|key| identities.get(key).is_none_or(|it| !it.shown));
            if let Some((_, name)) = hidden {
                credential.unknown.push(unseen_user(&address, &format!("`{name}`, which is not in the plan")));
            }
        }
    }
}

fn unseen_user(address: &str, which: &str) -> Reason {
    Reason {
        code: "outside_plan".into(),
        path: "user".into(),
        message: format!("`{address}` lets its holder act as user {which}, so what it permits is not known"),
    }
}

/// The elements of a list; a hole in place of a list is one unknown element.
fn listed(value: &Val) -> Vec<&Val> {
    match value {
        Val::Hole(_) => vec![value],
        other => other.items().iter().collect(),
    }
}

fn list_of(value: &Val) -> Vec<Val> {
    listed(value).into_iter().cloned().collect()
}
