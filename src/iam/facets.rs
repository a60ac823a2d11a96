//! The access-relevant attributes of a row, as the catalogue names them.

use std::collections::HashSet;

use serde_json::json;

use super::Facet;
use super::catalogue::Entry;
use crate::plan::{AttrPath, Attribute, Change, Side, Step};

/// The catalogue's path for all that an action is given (`config_values` of `action_invocations[]`).
const WHOLE_ACTION: &str = "config_values";

/// Names of credential attributes that say whose or which credential it is, and not what it is.
const NOT_SECRET: [&str; 24] = [
    "algorithm",
    "client_id",
    "content_type",
    "display_name",
    "id",
    "key_algorithm",
    "key_id",
    "key_name",
    "key_type",
    "kind",
    "login",
    "name",
    "public_key",
    "public_key_type",
    "rsa_public_key",
    "rsa_public_key_2",
    "scope",
    "scopes",
    "secret_arn",
    "secret_id",
    "status",
    "type",
    "user",
    "username",
];

/// A path of the catalogue as a pattern. `None` for those that do not speak of a row's attributes: places in the
/// configuration (`configuration:...`) and results that a plan never holds (`(result)`).
pub(super) fn pattern(path: &str) -> Option<AttrPath> {
    if path.contains([':', '(']) {
        return None;
    }
    AttrPath::parse(&path.replace("{*}", "[*]"))
}

/// The facets of a row: each attribute of the entry, expanded to the places that hold something on either side.
pub(super) fn of_row(entry: &Entry, row: &Change) -> Vec<Facet> {
    let mut facets = Vec::new();
    for (purpose, path) in entry.attributes() {
        let pattern = if path == WHOLE_ACTION { Some(AttrPath(vec![Step::Each])) } else { pattern(path) };
        let Some(pattern) = pattern else { continue };
        for path in places(row, &pattern) {
            facets.extend(at(purpose, &path, row));
        }
    }
    facets
}

/// The facets of a row made from the configuration, where the catalogue's paths begin with the name of the tree they
/// stand in (`expressions.command`, `configuration:module_calls.*.source`).
pub(super) fn of_made_up(entry: &Entry, row: &Change) -> Vec<Facet> {
    let mut facets = of_row(entry, row);
    for (purpose, path) in entry.attributes() {
        let path = path.strip_prefix("expressions.").or_else(|| path.strip_prefix("configuration:module_calls.*."));
        for path in path.and_then(pattern).iter().flat_map(|pattern| places(row, pattern)) {
            facets.extend(at(purpose, &path, row));
        }
    }
    facets
}

/// The places a pattern stands for, on either side, each once.
fn places(row: &Change, pattern: &AttrPath) -> Vec<AttrPath> {
    let mut paths = row.before().expand(pattern);
    paths.extend(row.after().expand(pattern));
    // An unknown member is missing from the values, so a pattern for "every member" does not meet it.
    if pattern.0 == [Step::Each]
        && let Some(mask) = row.after_unknown.as_object()
    {
        let unknown = mask.keys().map(|key| AttrPath(vec![Step::Key(key.clone())]));
        paths.extend(unknown.filter(|path| row.after().get(path) == Attribute::Unknown));
    }
    let mut seen = HashSet::new();
    paths.retain(|path| seen.insert(path.clone()));
    paths
}

/// The facet at a concrete place; `None` where nothing stands on either side.
pub(super) fn at(purpose: &str, path: &AttrPath, row: &Change) -> Option<Facet> {
    let secret = purpose == "credential" && !last_name(path).is_some_and(|name| NOT_SECRET.contains(&name));
    let value = |side: Side<'_>| match side.get(path) {
        Attribute::Known(_) if path.is_pattern() => None,
        Attribute::Known(_) if secret => Some(json!({"$tollgate": "sensitive"})),
        Attribute::Known(_) => Some(side.redacted_at(path)),
        Attribute::Absent | Attribute::Null | Attribute::Unknown => None,
    };
    let facet = Facet {
        purpose: purpose.to_owned(),
        path: path.to_string(),
        before: value(row.before()),
        after: value(row.after()),
        unknown: row.after().has_unknown(path),
    };
    (facet.before.is_some() || facet.after.is_some() || facet.unknown).then_some(facet)
}

/// The last member's name.
fn last_name(path: &AttrPath) -> Option<&str> {
    path.0.iter().rev().find_map(|step| match step {
        Step::Key(name) => Some(name.as_str()),
        Step::Index(_) | Step::Each => None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::iam::testing::row;
    use crate::iam::{IamChange, Recognition};
    use std::sync::Arc;

    fn recognised(change: Change) -> IamChange {
        Recognition::of_rows([&Arc::new(change)]).changes.pop().expect("recognised")
    }

    fn facet<'a>(change: &'a IamChange, path: &str) -> &'a Facet {
        change.facets.iter().find(|facet| facet.path == path).unwrap_or_else(|| panic!("no facet at {path}"))
    }

    #[test]
    fn both_sides_are_shown_place_by_place() {
        let before = json!({"inline_policy": [{"name": "a", "policy": "1"}, {"name": "b", "policy": "2"}]});
        let after = json!({"inline_policy": [{"name": "a", "policy": "3"}]});
        let change = recognised(row("aws_iam_role", &["update"], before, after));
        let first = facet(&change, "inline_policy[0].policy");
        assert_eq!((&first.before, &first.after), (&Some(json!("1")), &Some(json!("3"))));
        let second = facet(&change, "inline_policy[1].policy");
        assert_eq!((&second.before, &second.after, second.unknown), (&Some(json!("2")), &None, false));
    }

    #[test]
    fn an_unknown_block_is_unknown_at_every_place() {
        let mut row = row("aws_iam_role", &["update"], json!({"inline_policy": [{"policy": "1"}]}), json!({}));
        row.after_unknown = json!({"inline_policy": true, "assume_role_policy": true});
        let change = recognised(row);
        assert!(facet(&change, "assume_role_policy").unknown);
        assert!(facet(&change, "inline_policy[0].policy").unknown);
        let whole = facet(&change, "inline_policy[*].policy");
        assert!(whole.unknown && whole.before.is_none() && whole.after.is_none());
    }

    #[test]
    fn parts_that_are_unknown_or_secret_are_marked() {
        let after = json!({"members": ["user:a@example.com", null], "role": "r"});
        let mut row = row("google_project_iam_binding", &["create"], Value::Null, after);
        row.after_unknown = json!({"members": [false, true]});
        row.after_sensitive = json!({"role": true});
        let change = recognised(row);
        let members = facet(&change, "members");
        assert_eq!(members.after, Some(json!(["user:a@example.com", {"$tollgate": "unknown"}])));
        assert!(members.unknown);
        assert_eq!(facet(&change, "role").after, Some(json!({"$tollgate": "sensitive"})));
        assert_eq!(change.principal(), None, "one member is not known");
    }

    #[test]
    fn credentials_are_never_shown_even_without_a_mask() {
        let after = json!({"user_name": "app", "password": "hunter2", "passwords": ["hunter2"]});
        let change = recognised(row("aws_elasticache_user", &["create"], Value::Null, after));
        assert!(!format!("{:?}", change.facets).contains("hunter2"));
        assert_eq!(facet(&change, "passwords").after, Some(json!({"$tollgate": "sensitive"})));
    }

    #[test]
    fn principal_and_expiry_are_told_where_there_is_one() {
        let member = |member: &str| json!({"member": member, "role": "r"});
        let one = row("google_project_iam_member", &["update"], member("user:a"), member("user:b"));
        assert_eq!(recognised(one).principal(), Some("user:b"));
        let gone = row("google_project_iam_member", &["delete"], member("user:a"), Value::Null);
        assert_eq!(recognised(gone).principal(), Some("user:a"));
        let two = json!({"members": ["user:a", "user:b"]});
        assert_eq!(recognised(row("google_project_iam_binding", &["create"], Value::Null, two)).principal(), None);

        let token = |at: &str| json!({"expires_at": at, "name": "t"});
        let change =
            recognised(row("gitlab_personal_access_token", &["create"], Value::Null, token("2027-01-01T00:00:00Z")));
        assert_eq!(change.expires_at(), Some("2027-01-01T00:00:00Z"));
        let change = recognised(row("gitlab_personal_access_token", &["create"], Value::Null, token("soon")));
        assert_eq!(change.expires_at(), None);
    }
}
