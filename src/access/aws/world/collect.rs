//! Objects to [`Model`]: what each type of resource says about identities and documents.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::account::Account;
use super::library::Library;
use super::mirror::{self, Own, Unsaid};
use super::model::{Credential, Doc, DocUse, Identity, IdentityKey, IdentityKind, Model};
use super::speaking::Speaking;
use super::{organization, resource};
use crate::access::Reason;
use crate::access::aws::parse::Kind;
use crate::access::worlds::{Object, Row, Setting, Side, Val};

/// Attributes that attach managed policies one by one.
const ATTACHED: [&str; 2] = ["policy_arn", "managed_policy_arns"];

/// Collects one side of the rows. `side` says which object of a row counts; a row may count with another side
/// than the rest, to see what it alone brings about.
pub(super) struct Collector<'a> {
    pub(super) account: &'a Account,
    pub(super) library: &'a Library,
    pub(super) model: Model,
    /// Customer managed policies by ARN, by `${address}` and by `name:NAME`.
    policies: BTreeMap<String, DocUse>,
    /// ARNs of resources by service and by another name of theirs.
    pub(super) arns: BTreeMap<(String, String), String>,
    /// `${address}` to the name of an identity whose name is known.
    names: BTreeMap<String, String>,
    /// Exclusive lists: what they say is attached, and nothing else is.
    exclusive: Vec<(IdentityKey, Vec<Val>, usize)>,
    /// Groups that somebody joins or leaves in the plan.
    joined: BTreeSet<String>,
    /// Service control policies by id and by `${address}`.
    pub(super) guards: BTreeMap<String, DocUse>,
    /// `(policy, target, row)` of their attachments.
    pub(super) guard_attachments: Vec<(String, String, usize)>,
    /// Instance profiles by name and by `${address}`: the roles, and the row.
    pub(super) profiles: BTreeMap<String, (Vec<IdentityKey>, usize)>,
    /// What runs with an instance profile: the object, the profile's name, the row.
    pub(super) profile_users: Vec<(Object, String, usize)>,
    /// Access entries of EKS by principal.
    pub(super) eks_entries: BTreeMap<String, usize>,
    /// Where the keys and passwords of users stand.
    keys: Vec<String>,
    /// Documents of which nobody says whether their resource sets them.
    pub(super) unsaid: Vec<Unsaid>,
}

impl<'a> Collector<'a> {
    /// The model of the chosen side; `earlier` is what had a row of its own on the side before it.
    pub(super) fn collect(
        rows: &'a [Row],
        only: Option<&BTreeSet<usize>>,
        side: &dyn Fn(usize) -> Side,
        earlier: &BTreeSet<Own>,
        account: &'a Account,
        library: &'a Library,
    ) -> Model {
        let mut this = Self {
            account,
            library,
            model: Model::default(),
            policies: BTreeMap::new(),
            arns: BTreeMap::new(),
            names: BTreeMap::new(),
            exclusive: Vec::new(),
            joined: BTreeSet::new(),
            guards: BTreeMap::new(),
            guard_attachments: Vec::new(),
            profiles: BTreeMap::new(),
            profile_users: Vec::new(),
            eks_entries: BTreeMap::new(),
            keys: Vec::new(),
            unsaid: Vec::new(),
        };
        let object = |at: usize| rows.get(at).and_then(|row| Some((at, row, row.object(side(at))?)));
        let objects: Vec<(usize, &Row, &Object)> = match only {
            Some(only) => only.iter().copied().filter_map(object).collect(),
            None => (0..rows.len()).filter_map(object).collect(),
        };
        for (at, _, object) in &objects {
            this.declare(*at, object);
        }
        for (at, row, object) in &objects {
            this.identity(*at, row, object);
            organization::collect(&mut this, *at, object);
            resource::collect(&mut this, *at, row, object);
        }
        mirror::apply(&mut this, earlier);
        this.apply_exclusive();
        this.unseen_groups();
        this.unseen_users();
        resource::finish(&mut this);
        this.model.speaking = Speaking::of(&this.model);
        for (key, identity) in this.model.identities.iter().filter(|(key, _)| key.0 != IdentityKind::Group) {
            let named = identity.arn.iter().cloned();
            named.for_each(|arn| this.model.by_arn.entry(arn).or_default().push(key.clone()));
        }
        for (key, policy) in this.model.resources.iter().filter(|(_, policy)| !policy.docs.is_empty()) {
            this.model.by_place.add(None, &policy.arns, key);
        }
        this.model
    }

    /// What others refer to: identities and managed policies.
    fn declare(&mut self, at: usize, object: &Object) {
        let own = format!("${{{}}}", object.address);
        let name = object.get("name").text().map_or_else(|| own.clone(), str::to_owned);
        let kind = match &*object.type_name {
            "aws_iam_role" => IdentityKind::Role,
            "aws_iam_user" => IdentityKind::User,
            "aws_iam_group" => IdentityKind::Group,
            "aws_iam_policy" => return self.declare_policy(at, object, own),
            "aws_eks_access_entry" => {
                if let Some(principal) = object.get("principal_arn").name() {
                    self.eks_entries.insert(principal, at);
                }
                return;
            }
            _ => return self.declare_resource(object, own),
        };
        self.names.insert(own, name.clone());
        let arn = object.get("arn").text().map_or_else(
            || self.account.iam(kind.word(), object.get("path").text().unwrap_or("/"), &name),
            str::to_owned,
        );
        let identity = self.model.identities.entry((kind, name)).or_default();
        identity.arn = Some(arn);
        identity.shown = true;
        identity.rows.insert(at);
        if let Val::Map(tags) = object.get("tags_all") {
            let known = tags.iter().filter_map(|(key, value)| Some((key.to_string(), value.text()?.to_owned())));
            identity.tags.extend(known);
        }
        if let Val::Map(tags) = object.get("tags") {
            let known = tags.iter().filter_map(|(key, value)| Some((key.to_string(), value.text()?.to_owned())));
            identity.tags.extend(known);
        }
    }

    fn declare_resource(&mut self, object: &Object, own: String) {
        let (Some(arn), Some(service)) = (object.get("arn").text(), object.type_name.split('_').nth(1)) else { return };
        if resource::is_dedicated(object) {
            return;
        }
        let names = ["id", "url", "name", "domain_name"].into_iter().filter_map(|name| object.get(name).text());
        for name in names.map(str::to_owned).chain([own]) {
            self.arns.entry((service.to_owned(), name)).or_insert_with(|| arn.to_owned());
        }
    }

    fn declare_policy(&mut self, at: usize, object: &Object, own: String) {
        let Some(used) = self.document(at, object, "policy", Kind::Identity) else { return };
        let name = object.get("name").text();
        let arn = match (object.get("arn").text(), name) {
            (Some(arn), _) => Some(arn.to_owned()),
            (None, Some(name)) => Some(self.account.iam("policy", object.get("path").text().unwrap_or("/"), name)),
            (None, None) => None,
        };
        // Create before destroy keeps the address and changes the ARN; the address is then the new object's.
        self.policies.insert(own, used.clone());
        for key in arn.into_iter().chain(name.map(|name| format!("name:{name}"))) {
            self.policies.insert(key, used.clone());
        }
    }

    /// A document of an object, in force by the object's own row.
    pub(super) fn document(&self, at: usize, object: &Object, path: &str, kind: Kind) -> Option<DocUse> {
        self.document_at(at, object, path, object.get(path), kind)
    }

    /// As [`Self::document`], for a value that stands deeper in the object.
    pub(super) fn document_at(
        &self,
        at: usize,
        object: &Object,
        path: &str,
        value: &Val,
        kind: Kind,
    ) -> Option<DocUse> {
        let doc = self.library.read(&object.address, path, value, kind)?;
        Some(DocUse { address: object.address.clone(), path: path.into(), rows: vec![at], doc })
    }

    /// The identity that a value names: a name, an ARN, or a reference to an object of the plan.
    pub(super) fn identity_key(&self, kind: IdentityKind, value: &Val) -> Option<IdentityKey> {
        let named = value.name()?;
        let name = match without_attribute(&named) {
            Some(own) => self.names.get(&own).cloned().unwrap_or(own),
            None => named
                .rsplit_once(":iam:")
                .map_or(named.as_str(), |_| named.rsplit('/').next().unwrap_or(&named))
                .to_owned(),
        };
        Some((kind, name))
    }

    /// The ARN of an identity of the plan that a value refers to before it is known; `None` for any other value.
    pub(super) fn principal(&self, value: &Val) -> Option<Val> {
        let own = without_attribute(&value.hole().map(|hole| format!("${{{}}}", hole.id))?)?;
        let name = self.names.get(&own)?;
        let of = |kind| self.model.identities.get(&(kind, name.clone()))?.arn.as_deref();
        let arn = of(IdentityKind::Role).or_else(|| of(IdentityKind::User))?;
        is_known_name(arn).then(|| Val::Text(arn.into()))
    }

    /// The identity of a key, made known by a row.
    pub(super) fn entry(&mut self, key: IdentityKey, at: usize) -> &mut Identity {
        let account = self.account;
        let identity = self.model.identities.entry(key.clone()).or_default();
        identity.rows.insert(at);
        if identity.arn.is_none() {
            identity.arn = Some(account.iam(key.0.word(), "/", &key.1));
        }
        identity
    }

    /// The managed policy that a value names, put into force by a row.
    pub(super) fn policy(&self, at: usize, object: &Object, path: &str, value: &Val) -> Option<DocUse> {
        let named = value.name()?;
        let key = without_attribute(&named).unwrap_or_else(|| named.clone());
        if let Some(found) = self.policies.get(&key) {
            let mut used = found.clone();
            if !used.rows.contains(&at) {
                used.rows.push(at);
            }
            return Some(used);
        }
        let doc = match value.hole() {
            Some(hole) => Doc::Unread {
                id: hole.id.clone(),
                reason: Reason {
                    code: "unknown_value".into(),
                    path: path.into(),
                    message: format!(
                        "`{}` `{path}` is known only after apply (`{}`) and leads to no policy of the plan; apply in two \
                         steps, or name the policy",
                        object.address, hole.id
                    ),
                },
            },
            None if is_aws_managed(&named) || self.library.is_imported(&named) => self.library.managed(&named),
            None => Doc::Unread {
                id: named.as_str().into(),
                reason: Reason {
                    code: "outside_plan".into(),
                    path: path.into(),
                    message: format!("policy `{named}` is not in the plan, so what it permits is not known"),
                },
            },
        };
        Some(DocUse { address: object.address.clone(), path: path.into(), rows: vec![at], doc })
    }

    /// The managed policy of a name, for references that carry no ARN.
    pub(super) fn policy_named(&self, at: usize, object: &Object, path: &str, name: &str) -> DocUse {
        let found = self.policies.get(&format!("name:{name}")).cloned();
        let mut used = found.unwrap_or_else(|| DocUse {
            address: object.address.clone(),
            path: path.into(),
            rows: Vec::new(),
            doc: Doc::Unread {
                id: format!("policy named {name}").into(),
                reason: Reason {
                    code: "outside_plan".into(),
                    path: path.into(),
                    message: format!("policy `{name}` is not in the plan, so what it permits is not known"),
                },
            },
        });
        used.rows.push(at);
        used
    }

    /// A service control policy that is attached and not shown.
    pub(super) fn unseen_guard(&self, policy: &str, at: usize) -> DocUse {
        // AWS attaches this one everywhere; it denies nothing.
        let doc = if policy == "p-FullAWSAccess" {
            let everything = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
            self.library.read("", "", &Val::Text(everything.into()), Kind::Identity)
        } else {
            None
        };
        let doc = doc.unwrap_or_else(|| Doc::Unread {
            id: policy.into(),
            reason: Reason {
                code: "outside_plan".into(),
                path: "policy_id".into(),
                message: format!(
                    "service control policy `{policy}` is not in the plan, so what it denies is not known"
                ),
            },
        });
        DocUse { address: "".into(), path: "policy_id".into(), rows: vec![at], doc }
    }

    /// What identifies a resource: its name, or `${address}` of the object that a reference leads to.
    pub(super) fn resource_name(&self, value: &Val) -> Option<String> {
        let name = value.name()?;
        Some(without_attribute(&name).unwrap_or(name))
    }

    fn identity(&mut self, at: usize, row: &Row, object: &Object) {
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
    fn apply_exclusive(&mut self) {
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
    fn unseen_groups(&mut self) {
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
    fn unseen_users(&mut self) {
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

/// `${address}` of a reference `${address.attribute}`.
pub(super) fn without_attribute(reference: &str) -> Option<String> {
    let inside = reference.strip_prefix("${")?.strip_suffix('}')?;
    let (address, attribute) = inside.rsplit_once('.')?;
    // A resource without an attribute has one dot, which belongs to its address.
    let is_attribute = address.contains('.') && !attribute.contains(['"', ']']);
    Some(if is_attribute { format!("${{{address}}}") } else { reference.to_owned() })
}

/// Whether a name or ARN is wholly known, and does not only say which object of the plan has it.
pub(super) fn is_known_name(name: &str) -> bool {
    !name.contains("${")
}

/// Whether an ARN is one of the policies that AWS manages.
fn is_aws_managed(arn: &str) -> bool {
    let mut parts = arn.splitn(6, ':');
    parts.next() == Some("arn") && parts.nth(1) == Some("iam") && parts.nth(1) == Some("aws")
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
