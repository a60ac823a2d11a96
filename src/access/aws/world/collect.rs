//! Objects to [`Model`]: what each type of resource says about identities and documents.

use std::collections::{BTreeMap, BTreeSet};

use super::account::Account;
use super::library::Library;
use super::mirror::{self, Own, Unsaid};
use super::model::{Doc, DocUse, Identity, IdentityKey, IdentityKind, Model};
use super::speaking::Speaking;
use super::{organization, resource};
use crate::access::Reason;
use crate::access::aws::parse::Kind;
use crate::access::worlds::{Object, Row, Side, Val};

/// Collects one side of the rows. `side` says which object of a row counts; a row may count with another side
/// than the rest, to see what it alone brings about.
pub(super) struct Collector<'a> {
    pub(super) account: &'a Account,
    pub(super) library: &'a Library,
    pub(super) model: Model,
    /// Customer managed policies by ARN, by `${address}` and by `name:NAME`.
    pub(super) policies: BTreeMap<String, DocUse>,
    /// ARNs of resources by service and by another name of theirs.
    pub(super) arns: BTreeMap<(String, String), String>,
    /// `${address}` to the name of an identity whose name is known.
    pub(super) names: BTreeMap<String, String>,
    /// Exclusive lists: what they say is attached, and nothing else is.
    pub(super) exclusive: Vec<(IdentityKey, Vec<Val>, usize)>,
    /// Groups that somebody joins or leaves in the plan.
    pub(super) joined: BTreeSet<String>,
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
    pub(super) keys: Vec<String>,
    /// Documents of which nobody says whether their resource sets them.
    pub(super) unsaid: Vec<Unsaid>,
}

impl<'a> Collector<'a> {
    /// What the chosen objects say, not yet put together.
    pub(super) fn gather(
        rows: &'a [Row],
        only: Option<&BTreeSet<usize>>,
        side: &dyn Fn(usize) -> Side,
        account: &'a Account,
        library: &'a Library,
    ) -> Self {
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
        this
    }

    /// The model of the side; `earlier` is what had a row of its own on the side before it.
    pub(super) fn finish(mut self, earlier: &BTreeSet<Own>) -> Model {
        mirror::apply(&mut self, earlier);
        self.apply_exclusive();
        self.unseen_groups();
        self.unseen_users();
        resource::finish(&mut self);
        let mut model = self.model;
        model.speaking = Speaking::of(&model);
        for (key, identity) in model.identities.iter().filter(|(key, _)| key.0 != IdentityKind::Group) {
            let named = identity.arn.iter().cloned();
            named.for_each(|arn| model.by_arn.entry(arn).or_default().push(key.clone()));
        }
        for (key, policy) in model.resources.iter().filter(|(_, policy)| !policy.docs.is_empty()) {
            model.by_place.add(None, &policy.arns, key);
        }
        model
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
