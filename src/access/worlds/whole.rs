//! Which attribute is meant where the plan's JSON names a resource as a whole.
//!
//! Terraform before 1.0 writes `aws_iam_policy.deploy` for every expression that refers to an attribute of it. What is
//! asked here is asked of values that are known only after apply, so it is one of the few attributes that the provider
//! computes; what takes an ARN, a name or a document then says which.

/// The attribute of a `target` type that an attribute of another type takes; `None` where it could be several.
pub(super) fn attribute(target: &str, taker: &str, path: &str) -> Option<&'static str> {
    let leaf = path.rsplit('.').next().unwrap_or(path).split('[').next().unwrap_or(path);
    let in_iam = taker.starts_with("aws_iam_");
    Some(match (target, leaf) {
        (_, leaf) if target.starts_with("aws_") && leaf.ends_with("arn") => "arn",
        ("aws_iam_policy_document", "policy" | "assume_role_policy" | "inline_policy" | "access_policy") => "json",
        ("aws_iam_policy", "permissions_boundary") => "arn",
        // IAM takes roles by their name, everything else by their ARN.
        ("aws_iam_role", "role" | "role_name") => match in_iam {
            true => "name",
            false => "arn",
        },
        ("aws_iam_user", "user" | "user_name" | "username") | ("aws_iam_group", "group" | "group_name") if in_iam => {
            "name"
        }
        ("aws_iam_instance_profile", "iam_instance_profile") => "name",
        // The id of a bucket is its name.
        ("aws_s3_bucket", "bucket") => "bucket",
        _ => return None,
    })
}
