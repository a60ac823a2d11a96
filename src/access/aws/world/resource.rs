//! Documents and grants that stand on resources, and what gives compute an identity.

use super::collect::{Collector, without_attribute};
use super::mirror::{Own, Unsaid};
use super::model::{Credential, DocUse, IdentityKey, IdentityKind, ResourcePolicy};
use super::{grant, organization};
use crate::access::Reason;
use crate::access::aws::parse::Kind;
use crate::access::worlds::{Object, Row, Setting, Val};

/// Collects what the object says.
pub(super) fn collect(to: &mut Collector<'_>, at: usize, row: &Row, object: &Object) {
    match &*object.type_name {
        "aws_lambda_permission" => grant::lambda_permission(to, at, object),
        "aws_kms_grant" => grant::kms_grant(to, at, object),
        "aws_eks_access_policy_association" => grant::eks_association(to, at, object),
        "aws_s3_bucket_public_access_block" => {
            if object.get("restrict_public_buckets").flag() == Some(true)
                && let Some(key) = to.resource_name(object.get("bucket"))
            {
                to.model.resources.entry(format!("s3 {key}")).or_default().restricted = Some(at);
            }
        }
        "aws_vpc_endpoint" | "aws_vpc_endpoint_policy" => {
            // One that stays as it is limits the same on both sides.
            if let Some((used, Setting::Set)) = set_document(to, at, row, object, "policy") {
                let of = if &*object.type_name == "aws_vpc_endpoint" {
                    object.get("id")
                } else {
                    object.get("vpc_endpoint_id")
                };
                let key = to.resource_name(of).unwrap_or_else(|| object.address.to_string());
                to.model.endpoints.entry(key).or_default().push(used);
            }
        }
        "aws_iam_instance_profile" => {
            let roles = of_roles(to, object.get("role"));
            let name = object.get("name").text().map_or_else(|| format!("${{{}}}", object.address), str::to_owned);
            for key in [name, format!("${{{}}}", object.address)] {
                to.profiles.insert(key, (roles.0.clone(), at));
            }
            credential(to, at, object, roles.0, roles.1, Vec::new());
        }
        "aws_rolesanywhere_profile" => {
            let session = to.document(at, object, "session_policy", Kind::Identity).into_iter().collect();
            let (roles, unknown) = of_roles(to, object.get("role_arns"));
            let active = object.get("enabled").flag() != Some(false);
            credential_if(to, at, object, active, roles, unknown, session);
        }
        "aws_transfer_user" | "aws_transfer_access" => {
            let session = to.document(at, object, "policy", Kind::Identity).into_iter().collect();
            let (roles, unknown) = of_roles(to, object.get("role"));
            credential(to, at, object, roles, unknown, session);
        }
        _ => generic(to, at, row, object),
    }
}

/// What can only be said when every row is collected.
pub(super) fn finish(to: &mut Collector<'_>) {
    organization::finish(to);
    for (object, profile, at) in std::mem::take(&mut to.profile_users) {
        let (roles, unknown, mut rows) = match to.profiles.get(&profile) {
            Some((roles, of)) => (roles.clone(), Vec::new(), vec![*of]),
            None => (Vec::new(), vec![unseen(&object, "iam_instance_profile", &profile)], Vec::new()),
        };
        rows.push(at);
        to.model.credentials.insert(
            object.address.to_string(),
            Credential { of: roles, active: true, rows, session: Vec::new(), unknown },
        );
    }
}

/// Types of the catalogue with a policy document, or with a role that compute runs as.
fn generic(to: &mut Collector<'_>, at: usize, row: &Row, object: &Object) {
    let library = to.library;
    let Some(listed) = library.listed(&object.type_name) else { return };
    if listed.entry.kind == crate::iam::Kind::ResourcePolicy {
        if !is_dedicated(object) {
            let own = subject(to, object, listed.resource).0;
            to.model.objects.insert(own);
        }
        for path in listed.policies.iter().copied() {
            let Some((used, setting)) = set_document(to, at, row, object, path) else { continue };
            let (key, arns, explicit) = subject(to, object, listed.resource);
            if setting == Setting::Unsaid {
                to.unsaid.push(Unsaid { used, own: Own::Policy(key), arns, explicit });
                continue;
            }
            if is_dedicated(object) {
                to.model.dedicated.insert(Own::Policy(key.clone()));
            }
            let policy = to.model.resources.entry(key).or_default();
            policy.docs.push(used);
            policy.explicit |= explicit;
            add_arns(policy, arns);
        }
    }
    for path in listed.roles.iter().copied() {
        // What nobody sets becomes a role of the service's own, or none.
        if row.leaves(path) || super::cover::is_unshown(row, &object.type_name, path) {
            continue;
        }
        let values = at_path(&object.values, path);
        if path.ends_with("instance_profile") || path.ends_with("instance_profile[*].name") {
            for value in values {
                if let Some(name) = value.name() {
                    let name = profile_name(&name);
                    to.profile_users.push((object.clone(), name, at));
                }
            }
            continue;
        }
        let mut roles = Vec::new();
        let mut unknown = Vec::new();
        let refused =
            |value: &Val| value.text().is_some_and(|role| super::cover::is_refused(&object.type_name, path, role));
        for value in values.into_iter().filter(|value| !refused(value)) {
            let (more, gaps) = of_roles(to, value);
            roles.extend(more);
            unknown.extend(gaps);
        }
        if !roles.is_empty() || !unknown.is_empty() {
            credential(to, at, object, roles, unknown, Vec::new());
        }
    }
}

/// A document that somebody set, or may have set: computed ones mirror what another resource sets.
fn set_document(to: &Collector<'_>, at: usize, row: &Row, object: &Object, path: &str) -> Option<(DocUse, Setting)> {
    let setting = if is_dedicated(object) { Setting::Set } else { row.setting(path) };
    let used = (setting != Setting::Unset).then(|| to.document(at, object, path, Kind::Resource));
    Some((used??, setting))
}

/// Whether the object is a policy, and not the resource that has it.
pub(super) fn is_dedicated(object: &Object) -> bool {
    object.type_name.ends_with("_policy") || object.type_name.ends_with("_policies")
}

/// Which resource a document stands on: a key that all documents of the resource share, its ARNs, and whether the
/// same account needs an explicit allow in it.
fn subject(to: &Collector<'_>, object: &Object, named_by: Option<&str>) -> (String, Vec<String>, bool) {
    let service = object.type_name.split('_').nth(1).unwrap_or_default().to_owned();
    let partition = &to.account.partition;
    let value = named_by.map_or(&Val::Null, |path| object.get(path));
    match service.as_str() {
        "s3" => {
            let name = if &*object.type_name == "aws_s3_bucket" { object.get("bucket") } else { value };
            match to.resource_name(name) {
                Some(bucket) if bucket.starts_with("${") => (format!("s3 {bucket}"), Vec::new(), false),
                Some(bucket) => {
                    let arn = format!("arn:{partition}:s3:::{bucket}");
                    (format!("s3 {bucket}"), vec![format!("{arn}/*"), arn], false)
                }
                None => (object.address.to_string(), Vec::new(), false),
            }
        }
        "kms" => {
            let arn = object.get("arn").text().map(str::to_owned);
            let own = match &*object.type_name {
                "aws_kms_key_policy" => to.resource_name(value),
                _ => to.resource_name(object.get("key_id")).or_else(|| Some(format!("${{{}}}", object.address))),
            };
            let key = own.unwrap_or_else(|| object.address.to_string());
            let id = key.rsplit('/').next().unwrap_or(&key).to_owned();
            (format!("kms {id}"), arn.into_iter().collect(), true)
        }
        _ => {
            let own = if named_by.is_some() { value } else { object.get("arn") };
            let key = to.resource_name(own).unwrap_or_else(|| format!("${{{}}}", object.address));
            // A queue by its address, a domain by its name: the plan may show which ARN that is.
            let known = to.arns.get(&(service.clone(), key.clone())).cloned();
            let key = known.clone().unwrap_or(key);
            let arns = [value, object.get("arn")].into_iter().filter_map(Val::text).map(str::to_owned);
            let arns = arns.filter(|arn| arn.starts_with("arn:")).chain(known).collect();
            (format!("{service} {key}"), arns, false)
        }
    }
}

pub(super) fn add_arns(policy: &mut ResourcePolicy, arns: Vec<String>) {
    for arn in arns {
        if !policy.arns.contains(&arn) {
            policy.arns.push(arn);
        }
    }
}

/// The roles that a value names, and what it names that is not known.
fn of_roles(to: &Collector<'_>, value: &Val) -> (Vec<IdentityKey>, Vec<Reason>) {
    let mut roles = Vec::new();
    let mut unknown = Vec::new();
    let values = match value {
        Val::List(items) => items.iter().collect(),
        Val::Null => Vec::new(),
        one => vec![one],
    };
    for value in values {
        let Some(key) = to.identity_key(IdentityKind::Role, value) else { continue };
        if to.model.identities.get(&key).is_some_and(|role| role.shown) {
            roles.push(key);
            continue;
        }
        unknown.push(match value.hole() {
            Some(hole) => Reason {
                code: "unknown_value".into(),
                path: hole.path.to_string(),
                message: format!("the role is known only after apply (`{}`) and leads to no role of the plan", hole.id),
            },
            None => Reason {
                code: "outside_plan".into(),
                path: String::new(),
                message: format!(
                    "role `{}` is not in the plan, so what runs with it is not known to be harmless",
                    key.1
                ),
            },
        });
    }
    (roles, unknown)
}

fn credential(
    to: &mut Collector<'_>,
    at: usize,
    object: &Object,
    of: Vec<IdentityKey>,
    unknown: Vec<Reason>,
    session: Vec<DocUse>,
) {
    credential_if(to, at, object, true, of, unknown, session);
}

fn credential_if(
    to: &mut Collector<'_>,
    at: usize,
    object: &Object,
    active: bool,
    of: Vec<IdentityKey>,
    unknown: Vec<Reason>,
    session: Vec<DocUse>,
) {
    let credential = to.model.credentials.entry(object.address.to_string()).or_insert_with(|| Credential {
        of: Vec::new(),
        active,
        rows: vec![at],
        session: Vec::new(),
        unknown: Vec::new(),
    });
    credential.of.extend(of);
    credential.unknown.extend(unknown);
    credential.session.extend(session);
}

fn unseen(object: &Object, path: &str, name: &str) -> Reason {
    Reason {
        code: "outside_plan".into(),
        path: path.into(),
        message: format!(
            "instance profile `{name}` of `{}` is not in the plan, so its role is not known",
            object.address
        ),
    }
}

fn profile_name(name: &str) -> String {
    match without_attribute(name) {
        Some(own) => own,
        None => name.rsplit("instance-profile/").next().unwrap_or(name).rsplit('/').next().unwrap_or(name).to_owned(),
    }
}

/// The values at a path of the catalogue, such as `launch_template[*].role_arn`.
fn at_path<'v>(value: &'v Val, path: &str) -> Vec<&'v Val> {
    let mut found = vec![value];
    for step in path.split('.') {
        let (name, each) = step.strip_suffix("[*]").map_or((step, false), |name| (name, true));
        found = found
            .into_iter()
            .map(|value| value.get(name))
            .flat_map(|value| match value {
                Val::List(items) if each => items.iter().collect(),
                one => vec![one],
            })
            .collect();
    }
    found.into_iter().filter(|value| !value.is_unset()).collect()
}
