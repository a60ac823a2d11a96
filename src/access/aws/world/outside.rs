//! What a verdict rests on that the plan does not show: a policy that nobody in the plan has may be attached to
//! somebody elsewhere.

use super::World;
use super::space::WorldSpace;
use crate::access::Reason;
use crate::access::aws::compile::{Contested, Place, Readings, compile};
use crate::access::aws::parse::Kind;
use crate::access::aws::world::focus::Focus;
use crate::access::aws::world::model::Doc;
use crate::access::compare::{Options, compare};
use crate::access::rule::{Decision, RuleSet};
use crate::access::worlds::{Object, Row};

/// Types that take effect through what they are attached to, with the attribute of their document. Attachments have
/// none.
const ATTACHABLE: &[(&str, Option<&str>)] = &[
    ("aws_iam_policy", Some("policy")),
    ("aws_iam_group_policy", Some("policy")),
    ("aws_iam_group_policy_attachment", None),
    ("aws_iam_group_policy_attachments_exclusive", None),
    ("aws_ssoadmin_permission_set_inline_policy", Some("inline_policy")),
    ("aws_ssoadmin_managed_policy_attachment", None),
    ("aws_ssoadmin_customer_managed_policy_attachment", None),
    ("aws_organizations_policy", Some("content")),
];

/// The reason of a change whose object alone permits more than before, or denies less.
pub(super) fn reason(world: &World<'_>, row: &Row) -> Option<Reason> {
    // What is attached to somebody cannot be deleted, so nobody outside the plan loses or gains by a deletion.
    let object = row.after.as_ref()?;
    if let Some(restraint) = lifted(row) {
        return Some(restraint);
    }
    let (_, document) = ATTACHABLE.iter().find(|(name, _)| *name == &*object.type_name)?;
    let path = document.unwrap_or_default();
    let wider = match document {
        Some(path) => wider(world, row, path),
        None => row.before.as_ref().is_none_or(|before| before.values != object.values),
    };
    wider.then(|| Reason {
        code: "outside_plan".into(),
        path: path.to_owned(),
        message: format!(
            "`{}` permits more than before, and nobody in the plan gains by it; whoever has it outside the plan does",
            object.address
        ),
    })
}

/// What is said where a restraint is lifted from an object that permits nothing in the plan.
fn lifted(row: &Row) -> Option<Reason> {
    let (before, after) = (row.before.as_ref()?, row.after.as_ref()?);
    let (path, what) = match &*after.type_name {
        "aws_iam_role" | "aws_iam_user" if !before.get("permissions_boundary").is_unset() => {
            ("permissions_boundary", "its policies outside the plan, where it has any, are no longer held by")
        }
        "aws_s3_bucket_public_access_block" if before.get("restrict_public_buckets").flag() == Some(true) => (
            "restrict_public_buckets",
            "a public policy of the bucket outside the plan, where it has one, is no longer held by",
        ),
        _ => return None,
    };
    (before.get(path) != after.get(path)).then(|| Reason {
        code: "outside_plan".into(),
        path: path.into(),
        message: format!("nobody in the plan gains by `{}`; {what} the former `{path}`", after.address),
    })
}

/// Whether the document by itself may permit something that it did not.
fn wider(world: &World<'_>, row: &Row, path: &str) -> bool {
    let side = |object: Option<&Object>| {
        let Some(object) = object else { return Some(RuleSet::default()) };
        let Some(doc) = world.library.read(&object.address, path, object.get(path), Kind::Identity) else {
            return Some(RuleSet::default());
        };
        let Doc::Read(document) = doc else { return None };
        let place = Place { address: object.address.to_string(), path: path.to_owned() };
        Some(compile(&document, Kind::Identity, &place, Readings::default(), &mut Contested::default()))
    };
    let (Some(before), Some(after)) = (side(row.before.as_ref()), side(row.after.as_ref())) else { return true };
    let space = WorldSpace::of(&Focus::Guarded(String::new()), &world.after, &world.before, world.account);
    let less = |from: Decision, to: Decision| !compare(&from, &to, &space, Options::default()).is_none();
    let allows = |set: &RuleSet| Decision::Rules(RuleSet { deny: Vec::new(), ..set.clone() });
    let denies = |set: RuleSet| Decision::Rules(RuleSet { allow: set.deny, deny: Vec::new() });
    // Somebody else's grants may stand behind a denial, so each half counts by itself.
    less(allows(&before), allows(&after)) || less(denies(after), denies(before))
}
