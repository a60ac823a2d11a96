//! Which changes the worlds compare, wholly or in part.

use serde_json::Value;

use crate::access::Reason;
use crate::access::worlds::Row;
use crate::iam::{Facet, IamChange, Kind, Origin};
use crate::plan::Action;

/// How much of a change is compared.
pub(super) enum Cover {
    /// All that bears on access.
    Compared,
    /// An attribute that bears on access differs and is not compared.
    Partly(Reason),
    /// Nothing.
    No,
}

/// Types whose objects the collectors read, with the attributes they read; other access-relevant attributes of these
/// types are not compared.
const READ: &[(&str, &[&str])] = &[
    ("aws_iam_role", &["assume_role_policy", "inline_policy", "managed_policy_arns", "permissions_boundary"]),
    ("aws_iam_user", &["permissions_boundary"]),
    ("aws_iam_group", &[]),
    ("aws_iam_policy", &["policy"]),
    ("aws_iam_role_policy", &["policy", "role"]),
    ("aws_iam_user_policy", &["policy", "user"]),
    ("aws_iam_group_policy", &["policy", "group"]),
    ("aws_iam_role_policy_attachment", &["role", "policy_arn"]),
    ("aws_iam_user_policy_attachment", &["user", "policy_arn"]),
    ("aws_iam_group_policy_attachment", &["group", "policy_arn"]),
    ("aws_iam_policy_attachment", &["roles", "users", "groups", "policy_arn"]),
    ("aws_iam_role_policy_attachments_exclusive", &["role_name", "policy_arns"]),
    ("aws_iam_user_policy_attachments_exclusive", &["user_name", "policy_arns"]),
    ("aws_iam_group_policy_attachments_exclusive", &["group_name", "policy_arns"]),
    ("aws_iam_user_group_membership", &["user", "groups"]),
    ("aws_iam_group_membership", &["users", "group"]),
    ("aws_iam_access_key", &["user", "status", "secret", "ses_smtp_password_v4"]),
    ("aws_iam_user_login_profile", &["user", "password", "encrypted_password", "pgp_key"]),
    ("aws_iam_service_specific_credential", &["user_name", "status"]),
    ("aws_iam_user_ssh_key", &["username", "status"]),
    ("aws_iam_openid_connect_provider", &["client_id_list"]),
    ("aws_iam_instance_profile", &["role"]),
    (
        "aws_lambda_permission",
        &[
            "action",
            "principal",
            "principal_org_id",
            "function_name",
            "source_account",
            "source_arn",
            "event_source_token",
            "function_url_auth_type",
        ],
    ),
    ("aws_kms_grant", &["operations", "grantee_principal", "key_id", "constraints"]),
    ("aws_eks_access_entry", &["principal_arn"]),
    ("aws_eks_access_policy_association", &["principal_arn", "policy_arn", "access_scope", "cluster_name"]),
    ("aws_s3_bucket_public_access_block", &["bucket", "restrict_public_buckets"]),
    ("aws_organizations_policy", &["content", "type"]),
    ("aws_organizations_policy_attachment", &["policy_id", "target_id"]),
    ("aws_ssoadmin_permission_set", &[]),
    ("aws_ssoadmin_permission_set_inline_policy", &["inline_policy", "permission_set_arn"]),
    ("aws_ssoadmin_managed_policy_attachment", &["managed_policy_arn", "permission_set_arn"]),
    ("aws_ssoadmin_customer_managed_policy_attachment", &["customer_managed_policy_reference", "permission_set_arn"]),
    ("aws_ssoadmin_permissions_boundary_attachment", &["permissions_boundary", "permission_set_arn"]),
    (
        "aws_ssoadmin_account_assignment",
        &["principal_id", "principal_type", "target_id", "target_type", "permission_set_arn"],
    ),
    ("aws_vpc_endpoint", &["policy"]),
    ("aws_vpc_endpoint_policy", &["policy", "vpc_endpoint_id"]),
    ("aws_rolesanywhere_profile", &["session_policy", "role_arns", "enabled"]),
    ("aws_transfer_user", &["policy", "role"]),
    ("aws_transfer_access", &["policy", "role"]),
];

/// Purposes that name an object or run code, and give nobody access by themselves.
const NAMING: [&str; 2] = ["name", "code"];

pub(super) fn of(change: &IamChange, row: Option<&Row>) -> Cover {
    if change.origin != Origin::Resource {
        return Cover::No;
    }
    let type_name = change.row.type_name.as_str();
    if super::network::reads(type_name) {
        return Cover::Compared;
    }
    let read = READ.iter().find(|(name, _)| *name == type_name).map(|(_, read)| *read);
    let compared = |facet: &Facet| {
        let first = facet.path.split(['.', '[']).next().unwrap_or_default();
        match read {
            Some(read) => read.contains(&first),
            None => generic(change, facet),
        }
    };
    let differs = |facet: &&Facet| facet.unknown || facet.before != facet.after;
    // Only its name sounds like access: what its attributes say is not known.
    if change.kind == Kind::Unclassified && !is_removal(change) && !change.facets.iter().any(|facet| differs(&facet)) {
        return Cover::No;
    }
    let mut open = change
        .facets
        .iter()
        .filter(differs)
        .filter(|facet| !compared(facet) && !NAMING.contains(&&*facet.purpose) && !is_settled(change, facet, row));
    match open.next() {
        // What is deleted and restrained nobody gives nobody anything.
        Some(_) if read.is_none() && is_removal(change) => Cover::Compared,
        Some(_) if read.is_none() && change.kind == Kind::Unclassified => Cover::No,
        Some(_) if is_harmless(change) => Cover::Compared,
        Some(facet) => Cover::Partly(Reason {
            code: "not_compared".into(),
            path: facet.path.clone(),
            message: format!(
                "`{}` of `{type_name}` changes, and what it permits is not compared yet; read the change",
                facet.path
            ),
        }),
        None => Cover::Compared,
    }
}

/// Types that are collected by the catalogue alone: the policy of a resource, the role of a machine.
fn generic(change: &IamChange, facet: &Facet) -> bool {
    match &*facet.purpose {
        "policy" | "resource" => change.kind == Kind::ResourcePolicy && !facet.path.contains('['),
        "pass_role" => true,
        _ => false,
    }
}

/// Attributes whose value gives nobody anything by itself, whatever else the object does.
///
/// Canned ACLs: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl>; the rest by the
/// API reference of each service.
fn is_settled(change: &IamChange, facet: &Facet, row: Option<&Row>) -> bool {
    // How a new machine reads its own metadata takes no guard from anybody.
    if change.row.actions.0 == [Action::Create] && facet.path.starts_with("metadata_options") {
        return true;
    }
    let made = change.row.actions.0 == [Action::Create];
    // A new bucket has no access control lists, and refuses to be given one.
    // <https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-faq.html>
    if made && change.row.type_name == "aws_s3_bucket" && facet.unknown && facet.path.starts_with("grant") {
        return true;
    }
    match (change.row.type_name.as_str(), &*facet.path) {
        // A secret that is stored identifies nobody to AWS.
        ("aws_ssm_parameter", "value") if made => return true,
        // A trail that is made, of whatever and to wherever, takes no record from anybody.
        ("aws_cloudtrail", _) if made && &*facet.purpose == "flag" => return true,
        // Tasks are given a network of their own where nobody says otherwise.
        // <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html#network_mode>
        ("aws_ecs_task_definition", "network_mode") if facet.unknown => {
            return row.is_some_and(|row| row.leaves("network_mode"));
        }
        _ => {}
    }
    // Nobody is named where nobody sets a name; whoever makes an EKS cluster is its administrator all the same.
    if facet.unknown {
        let naming = ["acl", "permission", "principal", "pass_role", "credential", "role", "trust", "group", "owner"];
        return naming.contains(&&*facet.purpose)
            && change.row.type_name != "aws_eks_cluster"
            && row.is_some_and(|row| row.leaves(&facet.path));
    }
    let guards = matches!(change.kind, Kind::BoundaryOrGuardrail | Kind::Unclassified);
    let blank = |value: &Option<Value>| match value {
        None | Some(Value::Null) => true,
        Some(Value::Bool(false)) => made && !guards,
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::Array(items)) => items.is_empty(),
        _ => false,
    };
    if blank(&facet.before) && blank(&facet.after) {
        return true;
    }
    let first = facet.path.split(['.', '[']).next().unwrap_or_default();
    match (change.row.type_name.as_str(), first) {
        ("aws_s3_bucket" | "aws_s3_bucket_acl", "acl") => matches!(
            facet.after.as_ref().and_then(Value::as_str),
            Some("private" | "bucket-owner-read" | "bucket-owner-full-control")
        ),
        (
            "aws_s3_bucket_public_access_block" | "aws_s3_account_public_access_block",
            "block_public_acls" | "block_public_policy" | "ignore_public_acls",
        ) => facet.after == Some(Value::Bool(true)),
        // How an object is destroyed, and a check that keeps its owner from locking himself out.
        ("aws_kms_key", "deletion_window_in_days" | "bypass_policy_lockout_safety_check")
        | ("aws_secretsmanager_secret", "recovery_window_in_days") => true,
        ("aws_kms_key", "is_enabled") | ("aws_ssoadmin_permission_set", "instance_arn") => made,
        // A key lets nobody in before a machine is made with it.
        ("aws_key_pair", "public_key") => made,
        ("aws_ssoadmin_permission_set", "session_duration") => made,
        ("aws_cloudtrail", "enable_logging") => facet.after == Some(Value::Bool(true)),
        ("aws_codebuild_project", "project_visibility") => facet.after.as_ref().is_some_and(|it| it == "PRIVATE"),
        // On the host's network a container reaches what the host is trusted with.
        ("aws_ecs_task_definition", "network_mode") => made && facet.after.as_ref().is_some_and(|it| it != "host"),
        _ => false,
    }
}

/// The one block that real buckets leave to the provider and the plan's JSON shows as unknown. It leaves out dynamic
/// blocks, so that nobody sets it is what the plan shows, and not more.
pub(super) fn is_unshown(row: &Row, type_name: &str, path: &str) -> bool {
    type_name == "aws_s3_bucket"
        && path.starts_with("replication_configuration")
        && row.leaves("replication_configuration")
}

/// What is said where a verdict rests on that.
pub(super) fn unshown(change: &IamChange, row: &Row) -> Option<Reason> {
    let unknown = row.after.as_ref()?.get("replication_configuration").hole().is_some();
    (unknown && !row.exact && is_unshown(row, &change.row.type_name, "replication_configuration")).then(|| Reason {
        code: "outside_plan".into(),
        path: "replication_configuration".into(),
        message: "the plan's JSON shows nobody who sets the replication; a dynamic block would not be shown; give the \
                  binary plan file, which has the configuration"
            .into(),
    })
}

/// Whether AWS refuses a text in place of a role: no function runs with it.
///
/// The pattern of `Role`: <https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html>.
pub(super) fn is_refused(type_name: &str, path: &str, role: &str) -> bool {
    if (type_name, path) != ("aws_lambda_function", "role") {
        return false;
    }
    let named = role.strip_prefix("arn:").and_then(|rest| rest.split_once(":iam::"));
    let is_partition = |text: &str| {
        text.is_empty()
            || text
                .strip_prefix("aws")
                .is_some_and(|rest| rest.bytes().all(|it| it.is_ascii_alphabetic() || it == b'-'))
    };
    let named = named.filter(|(partition, _)| is_partition(partition)).and_then(|(_, rest)| rest.split_once(":role"));
    !named.is_some_and(|(account, name)| {
        let in_name = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@-_/".contains(&byte);
        account.len() == 12
            && account.bytes().all(|byte| byte.is_ascii_digit())
            && !name.is_empty()
            && name.bytes().all(in_name)
    })
}

/// What is said of a change whose role AWS refuses.
pub(super) fn refused(change: &IamChange, row: &Row) -> Option<Reason> {
    let role = row.after.as_ref()?.get("role").text()?;
    is_refused(&change.row.type_name, "role", role).then(|| Reason {
        code: "outside_plan".into(),
        path: "role".into(),
        message: format!("`{role}` is no ARN of a role, so AWS refuses the function; give `role` the ARN of its role"),
    })
}

fn is_removal(change: &IamChange) -> bool {
    change.row.actions.0 == [Action::Delete] && !change.removal_elevates
}

/// Attributes of identities that bound nobody's access: how an object may be destroyed, how long a session lasts.
fn is_harmless(change: &IamChange) -> bool {
    let harmless = ["force_detach_policies", "max_session_duration", "force_destroy", "session_duration"];
    let differs = |facet: &&Facet| facet.unknown || facet.before != facet.after;
    change.facets.iter().filter(differs).all(|facet| {
        let first = facet.path.split(['.', '[']).next().unwrap_or_default();
        harmless.contains(&first)
            || NAMING.contains(&&*facet.purpose)
            || READ.iter().any(|(name, read)| *name == change.row.type_name && read.contains(&first))
    })
}
