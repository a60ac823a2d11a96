//! Types that are compared by the catalogue alone: stories of a few, and one row of every one.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

#[path = "support/read.rs"]
mod read;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tollgate::access::{Access, PlanAccess, Verdict, worlds};
use tollgate::iam::catalogue::{self, Entry};
use tollgate::iam::{Origin, Platform};

/// One row: address, before, after, mask of what is unknown.
struct Row<'r>(&'r str, Value, Value, Value);

fn judged(rows: &[Row<'_>]) -> PlanAccess {
    let changes: Vec<Value> = rows
        .iter()
        .map(|Row(address, before, after, unknown)| {
            let (kind, name) = address.split_once('.').unwrap();
            let actions = match (before.is_null(), after.is_null()) {
                (true, false) => "create",
                (false, true) => "delete",
                _ if before == after => "no-op",
                _ => "update",
            };
            let provider = catalogue::find(Origin::Resource, kind).map_or("acme/acme", |(entry, _)| entry.provider);
            json!({"address": address, "mode": "managed", "type": kind, "name": name,
                "provider_name": format!("registry.terraform.io/{provider}"),
                "change": {"actions": [actions], "before": before, "after": after, "after_unknown": unknown,
                    "before_sensitive": {}, "after_sensitive": {}}})
        })
        .collect();
    let text = json!({"format_version": "1.2", "terraform_version": "1.11.4", "complete": true, "applyable": true,
        "errored": false, "resource_changes": changes, "configuration": {"root_module": {}}})
    .to_string();
    of_text(&text)
}

fn of_text(text: &str) -> PlanAccess {
    let (plan, recognition) = read::read(text.as_bytes()).unwrap().remove(0);
    worlds::compare(&plan, &recognition)
}

fn changed(address: &str, before: Value, after: Value) -> Access {
    judged(&[Row(address, before, after, json!({}))]).changes.remove(0)
}

fn codes(access: &Access) -> Vec<&str> {
    access.reasons.iter().map(|reason| reason.code.as_str()).collect()
}

mod stories {
    use super::*;

    const GRANT: &str = "databricks_grants.sales";

    fn grants(pairs: &[(&str, &[&str])]) -> Value {
        let grant: Vec<Value> = pairs.iter().map(|(who, what)| json!({"principal": who, "privileges": what})).collect();
        json!({"catalog": "sales", "grant": grant})
    }

    #[test]
    fn a_type_that_sounds_like_access_by_its_name_alone_is_never_fine() {
        let rows: Vec<Value> = [
            ("hashicorp/awscc", "awscc_iam_access_key"),
            ("hashicorp/kubernetes", "kubernetes_foo_role"),
            ("integrations/github", "github_foo_permission"),
            ("gitlabhq/gitlab", "gitlab_foo_role"),
            ("mrparkers/keycloak", "keycloak_foo_roles"),
            ("acme/acme", "acme_api_key"),
        ]
        .iter()
        .map(|(provider, kind)| {
            json!({"address": format!("{kind}.x"), "mode": "managed", "type": kind, "name": "x",
            "provider_name": format!("registry.terraform.io/{provider}"),
            "change": {"actions": ["create"], "before": null, "after": {"title": "ci", "status": "Active"},
                "after_unknown": {}, "before_sensitive": false, "after_sensitive": {}}})
        })
        .collect();
        let plan = json!({"format_version": "1.2", "resource_changes": rows, "configuration": {"root_module": {}}});
        let access = of_text(&plan.to_string());
        let said: Vec<(Verdict, &str)> = access
            .changes
            .iter()
            .map(|change| (change.verdict, change.reasons.first().map_or("", |it| &it.code)))
            .collect();
        assert_eq!(said, vec![(Verdict::Possible, "not_compared"); rows.len()]);
    }

    #[test]
    fn a_grant_added_is_new_with_a_witness() {
        let access = changed(GRANT, grants(&[("ann", &["SELECT"])]), grants(&[("ann", &["SELECT", "MODIFY"])]));
        assert_eq!(access.verdict, Verdict::New, "{access:?}");
        let witness = &access.new[0].witness;
        assert_eq!((&*witness.principal, &*witness.action), ("ann", "MODIFY"));
        assert!(witness.resource.contains("sales"), "{witness:?}");
    }

    #[test]
    fn elements_are_a_set() {
        let a: (&str, &[&str]) = ("ann", &["SELECT"]);
        let b: (&str, &[&str]) = ("bob", &["MODIFY", "SELECT"]);
        let access = changed(GRANT, grants(&[a, b]), grants(&[("bob", &["SELECT", "MODIFY"]), a]));
        assert_eq!(access.verdict, Verdict::None, "{access:?}");
        let access = changed(GRANT, grants(&[a, b]), grants(&[a]));
        assert_eq!(access.verdict, Verdict::None, "{access:?}");
        assert_eq!(access.removed.len(), 1);
    }

    #[test]
    fn who_and_what_of_an_element_belong_together() {
        let before = grants(&[("ann", &["SELECT"]), ("bob", &["MODIFY"])]);
        let access = changed(GRANT, before, grants(&[("ann", &["MODIFY"]), ("bob", &["SELECT"])]));
        assert_eq!(access.verdict, Verdict::New, "{access:?}");
    }

    #[test]
    fn one_role_for_another_is_possible_and_one_more_is_new() {
        let roles = |roles: &[&str]| json!({"user_id": "u1", "roles": roles});
        let access = changed("auth0_user_roles.u", roles(&["a"]), roles(&["b"]));
        assert_eq!((access.verdict, codes(&access)), (Verdict::Possible, vec!["unordered"]));
        let access = changed("auth0_user_roles.u", roles(&["a"]), roles(&["a", "b"]));
        assert_eq!(access.verdict, Verdict::New, "{access:?}");
        let access = changed("auth0_user_roles.u", roles(&["a", "b"]), roles(&["b"]));
        assert_eq!(access.verdict, Verdict::None, "{access:?}");
    }

    #[test]
    fn another_principal_is_new() {
        let role = |who: &str| json!({"user_id": who, "role_id": "r"});
        assert_eq!(changed("auth0_user_role.u", role("ann"), role("bob")).verdict, Verdict::New);
    }

    #[test]
    fn a_grant_that_moves_to_another_resource_cancels() {
        let role = json!({"user_id": "ann", "role_id": "r"});
        let plan = judged(&[
            Row("auth0_user_role.old", role.clone(), Value::Null, json!({})),
            Row("auth0_user_role.new", Value::Null, role, json!({})),
        ]);
        assert_eq!(plan.verdict, Verdict::None, "{plan:?}");
    }

    #[test]
    fn what_the_catalogue_does_not_list_is_never_taken_for_equal() {
        let row = |volume: &str| json!({"grant": [{"principal": "ann", "privileges": ["ALL"]}], "volume": volume});
        let access = changed(GRANT, row("a"), row("b"));
        assert_eq!((access.verdict, codes(&access)), (Verdict::Possible, vec!["unread_attribute"]));
        let plan = judged(&[
            Row("databricks_grants.old", row("a"), Value::Null, json!({})),
            Row("databricks_grants.new", Value::Null, row("b"), json!({})),
        ]);
        assert_ne!(plan.verdict, Verdict::None);
    }

    #[test]
    fn the_rest_of_an_element_belongs_to_it() {
        let row = |x: &str, y: &str| {
            json!({"catalog": "c", "grant": [{"principal": "ann", "privileges": ["A"], "of": x},
                {"principal": "bob", "privileges": ["A"], "of": y}]})
        };
        let access = changed(GRANT, row("x", "y"), row("y", "x"));
        assert_eq!(access.verdict, Verdict::Possible, "{access:?}");
    }

    #[test]
    fn levels_of_gitlab_are_in_order() {
        let member = |level: &str| json!({"project": "p", "user_id": 7, "access_level": level});
        let verdict = |old: &str, new: &str| changed("gitlab_project_membership.m", member(old), member(new)).verdict;
        assert_eq!(verdict("guest", "developer"), Verdict::New);
        assert_eq!(verdict("owner", "maintainer"), Verdict::None);
        assert_eq!(verdict("reporter", "planner"), Verdict::New);
        assert_eq!(verdict("developer", "a role of our own"), Verdict::Possible);
    }

    #[test]
    fn a_guard_rail_in_order_is_weakened_or_kept() {
        let project = |level: &str| json!({"name": "p", "visibility_level": level});
        let access = changed("gitlab_project.p", project("private"), project("public"));
        assert_eq!(access.verdict, Verdict::New, "{access:?}");
        assert_eq!(access.guardrails.len(), 1);
        assert_eq!(changed("gitlab_project.p", project("public"), project("private")).verdict, Verdict::None);
        let access = changed("gitlab_project.p", project("private"), project("our own"));
        assert_eq!(access.verdict, Verdict::Possible);
    }

    #[test]
    fn a_denial_grants_nothing_and_its_removal_may() {
        let acl = |permission: &str| {
            json!({"resource_type": "TOPIC", "resource_name": "t", "pattern_type": "LITERAL", "principal": "User:a",
                "host": "*", "operation": "READ", "permission": permission})
        };
        let access = changed("confluent_kafka_acl.a", Value::Null, acl("DENY"));
        assert_eq!(access.verdict, Verdict::Possible, "{access:?}");
        let access = changed("confluent_kafka_acl.a", acl("DENY"), Value::Null);
        assert_eq!((access.verdict, access.guardrails.len()), (Verdict::Possible, 1), "{access:?}");
        let access = changed("confluent_kafka_acl.a", Value::Null, acl("ALLOW"));
        assert_eq!(access.verdict, Verdict::New, "{access:?}");
    }

    #[test]
    fn a_denial_by_an_attribute_that_the_catalogue_does_not_list() {
        let grant = json!({"catalog": "c", "grant": [{"principal": "ann", "privileges": ["A"]}], "effect": "Deny"});
        assert_eq!(changed(GRANT, Value::Null, grant.clone()).verdict, Verdict::Possible);
        assert_eq!(changed(GRANT, grant, Value::Null).verdict, Verdict::Possible);
    }

    #[test]
    fn of_platforms_with_a_compiler_only_the_harmless_is_said() {
        let rule = |ports: u16, text: &str, deny: bool| {
            let deny = if deny { json!([{"protocol": "tcp"}]) } else { json!([]) };
            json!({"name": "f", "network": "n", "source_ranges": ["10.0.0.0/8"], "description": text,
                "allow": [{"protocol": "tcp", "ports": [ports.to_string()]}], "deny": deny})
        };
        let verdict = |old: Value, new: Value| changed("google_compute_firewall.f", old, new).verdict;
        assert_eq!(verdict(rule(80, "a", false), rule(80, "b", false)), Verdict::None);
        assert_eq!(verdict(rule(80, "a", false), rule(81, "a", false)), Verdict::Possible);
        assert_eq!(verdict(rule(80, "a", true), rule(80, "a", false)), Verdict::Possible);
        let access = changed("google_compute_firewall.f", rule(80, "a", false), rule(81, "a", false));
        assert_eq!(codes(&access), ["not_compared"]);
    }

    #[test]
    fn a_list_of_those_left_out_is_in_no_order() {
        let integration = |blocked: &[&str]| {
            json!({"name": "s", "storage_allowed_locations": ["s3://a/"], "storage_blocked_locations": blocked,
                "enabled": true})
        };
        let access = changed(
            "snowflake_storage_integration.s",
            integration(&["s3://a/b", "s3://a/c"]),
            integration(&["s3://a/b"]),
        );
        assert_eq!(access.verdict, Verdict::Possible, "{access:?}");
    }

    #[test]
    fn a_grant_does_not_move_between_providers() {
        let role = json!({"user_id": "ann", "role_id": "r"});
        let row = |address: &str, actions: &str, before: &Value, after: &Value| {
            json!({"address": address, "mode": "managed", "type": "auth0_user_role", "name": "x",
                "provider_name": "registry.terraform.io/auth0/auth0", "change": {"actions": [actions], "before": before,
                    "after": after, "after_unknown": {}, "before_sensitive": {}, "after_sensitive": {}}})
        };
        let mut plan = json!({"format_version": "1.2", "terraform_version": "1.11.4", "complete": true,
            "applyable": true, "errored": false,
            "resource_changes": [row("auth0_user_role.a", "delete", &role, &Value::Null),
                row("auth0_user_role.b", "create", &Value::Null, &role)],
            "configuration": {"provider_config": {"auth0": {"name": "auth0"}}, "root_module": {}}});
        assert_eq!(of_text(&plan.to_string()).verdict, Verdict::None);
        plan["configuration"]["provider_config"]["auth0.eu"] = json!({"name": "auth0", "alias": "eu"});
        assert_eq!(of_text(&plan.to_string()).verdict, Verdict::New);
    }

    #[test]
    fn another_condition_is_possible() {
        let rule =
            |selector: &str| json!({"auth_method": "k8s", "bind_type": "role", "bind_name": "r", "selector": selector});
        let access = changed("consul_acl_binding_rule.r", rule("a==1"), rule("a==2"));
        assert_eq!(access.verdict, Verdict::Possible, "{access:?}");
    }

    #[test]
    fn one_condition_less_is_not_taken_for_less_access() {
        let policy = |subnets: &[&str]| json!({"name": "p", "scopes": ["metrics:read"], "conditions": [{"allowed_subnets": subnets}]});
        let verdict =
            |old: &[&str], new: &[&str]| changed("grafana_cloud_access_policy.p", policy(old), policy(new)).verdict;
        assert_eq!(verdict(&["10.0.0.0/8", "10.1.0.0/16"], &["10.1.0.0/16"]), Verdict::Possible);
        assert_eq!(verdict(&["10.1.0.0/16"], &[]), Verdict::Possible);
        let role = |claims: Value| json!({"role_name": "r", "token_policies": ["p"], "bound_claims": claims, "user_claim": "sub"});
        let access =
            changed("vault_jwt_auth_backend_role.r", role(json!({"a": "1", "b": "2"})), role(json!({"a": "1"})));
        assert_eq!(access.verdict, Verdict::Possible, "{access:?}");
    }

    #[test]
    fn a_token_is_new_access_and_a_stored_secret_possible() {
        let token = json!({"policies": ["admin"]});
        let access = changed("vault_token.t", Value::Null, token);
        assert_eq!(access.verdict, Verdict::New);
        assert_eq!(access.new[0].witness.context["tollgate:credential"], ["vault_token.t"]);
        let secret = json!({"path": "secret/x", "data_json": "{\"k\":\"hunter2\"}"});
        let access = changed("vault_generic_secret.s", Value::Null, secret);
        assert_eq!(access.verdict, Verdict::Possible);
        assert!(!format!("{access:?}").contains("hunter2"));
    }

    #[test]
    fn a_secret_is_never_shown() {
        let user = |password: &str| json!({"username": "ann", "password": password, "roles": ["r"], "enabled": true});
        let access = changed("elasticstack_elasticsearch_security_user.u", Value::Null, user("hunter2"));
        assert_eq!(access.verdict, Verdict::New);
        assert!(!format!("{access:?}").contains("hunter2"), "{access:?}");
        let access = changed("elasticstack_elasticsearch_security_user.u", user("hunter2"), user("hunter3"));
        assert_eq!(access.verdict, Verdict::Possible);
        assert!(!format!("{access:?}").contains("hunter"), "{access:?}");
    }

    #[test]
    fn a_later_end_is_new_and_an_earlier_one_is_not() {
        let member = |at: &str| json!({"project": "p", "user_id": 7, "access_level": "guest", "expires_at": at});
        let verdict = |old: &str, new: &str| changed("gitlab_project_membership.m", member(old), member(new)).verdict;
        assert_eq!(verdict("2027-01-01T00:00:00Z", "2028-01-01T00:00:00Z"), Verdict::New);
        assert_eq!(verdict("2028-01-01T00:00:00Z", "2027-01-01T00:00:00Z"), Verdict::None);
        assert_eq!(verdict("2028-01-01T00:00:00Z", ""), Verdict::Possible);
    }

    #[test]
    fn no_value_of_a_plan_passes_for_one_that_is_not_set() {
        let role = |role: &str| json!({"user_id": "ann", "role_id": role});
        assert_eq!(changed("auth0_user_role.u", Value::Null, role("\u{1}unset")).verdict, Verdict::New);
        let access = changed("auth0_user_role.u", role("\u{1}unknown"), Value::Null);
        assert_eq!(access.verdict, Verdict::None);
    }

    #[test]
    fn too_many_products_are_not_passed() {
        let roles: Vec<Value> =
            (0..60).map(|at| json!({"role_name": format!("r{at}"), "database_name": "d"})).collect();
        let scopes: Vec<Value> = (0..60).map(|at| json!({"name": format!("s{at}")})).collect();
        let row = json!({"project_id": "p", "username": "ann", "roles": roles, "scopes": scopes});
        let access = changed("mongodbatlas_database_user.u", Value::Null, row);
        assert_eq!((access.verdict, codes(&access)), (Verdict::Possible, vec!["budget"]));
    }
}

/// One row of every type of the catalogue that no platform of its own compares.
mod catalogue_rows {
    use super::*;

    fn entries() -> impl Iterator<Item = Entry> {
        let generic =
            |entry: &Entry| matches!(Platform::of_provider(entry.provider), Platform::Gitlab | Platform::Other);
        let holds_values = |entry: &Entry| matches!(entry.type_name, "terraform_data" | "null_resource");
        catalogue::listed()
            .filter(|(origin, _)| *origin == Origin::Resource)
            .map(|(_, entry)| entry)
            .filter(move |entry| generic(entry) && !holds_values(entry))
    }

    /// An object that has a value at every attribute that the catalogue names.
    fn object(entry: &Entry, word: &str) -> Value {
        let mut object = json!({});
        for (_, path) in entry.attributes().filter(|(_, path)| !path.contains([':', '('])) {
            let mut at = &mut object;
            let path = path.replace("{*}", "[*]");
            let mut steps = path.split('.').peekable();
            while let Some(step) = steps.next() {
                let (name, listed) = match step.strip_suffix("[*]") {
                    Some(name) => (name, true),
                    None => (step, false),
                };
                let leaf = if steps.peek().is_some() { json!({}) } else { json!(word) };
                let fresh = if listed { json!([leaf]) } else { leaf };
                let slot = at.as_object_mut().unwrap().entry(name).or_insert(fresh);
                at = if listed { &mut slot[0] } else { slot };
                if at.is_string() {
                    break;
                }
            }
        }
        object
    }

    fn mask(value: &Value) -> Value {
        let members = value.as_object().unwrap();
        Value::Object(members.iter().map(|(name, _)| (name.clone(), Value::Bool(true))).collect())
    }

    fn verdicts(row: impl Fn(&Entry) -> Option<(Value, Value, Value)>) -> BTreeMap<&'static str, Access> {
        let named: Vec<_> = entries()
            .filter_map(|entry| Some((entry.type_name, format!("{}.x", entry.type_name), row(&entry)?)))
            .collect();
        let rows: Vec<Row<'_>> = named
            .iter()
            .map(|(_, address, (before, after, unknown))| Row(address, before.clone(), after.clone(), unknown.clone()))
            .collect();
        let plan = judged(&rows);
        assert_eq!(plan.changes.len(), rows.len());
        named.iter().map(|(type_name, ..)| *type_name).zip(plan.changes).collect()
    }

    #[test]
    fn what_is_created_is_never_none() {
        let found = verdicts(|entry| Some((Value::Null, object(entry, "word"), json!({}))));
        assert!(found.len() > 400, "{}", found.len());
        for (type_name, access) in &found {
            assert_ne!(access.verdict, Verdict::None, "{type_name}");
            assert!(!codes(access).contains(&"not_compared"), "{type_name}");
            assert_eq!(access.verdict == Verdict::New, !access.new.is_empty(), "{type_name}");
        }
        let new = found.values().filter(|access| access.verdict == Verdict::New).count();
        assert!(new > 150, "of {} types, {new} are certain when they are created", found.len());
    }

    #[test]
    fn what_stays_as_it_is_is_silent() {
        let described = |entry: &Entry, text: &str| {
            let mut object = object(entry, "word");
            let free = object.get("description").is_none();
            object["description"] = json!(text);
            free.then_some(object)
        };
        let found = verdicts(|entry| Some((described(entry, "old")?, described(entry, "new")?, json!({}))));
        assert!(found.len() > 400);
        for (type_name, access) in found {
            assert_eq!(access.verdict, Verdict::None, "{type_name}: {access:?}");
        }
    }

    #[test]
    fn what_goes_is_silent_unless_it_may_restrict() {
        let elevates: BTreeMap<&str, bool> = entries().map(|it| (it.type_name, it.removal_elevates)).collect();
        for (type_name, access) in verdicts(|entry| Some((object(entry, "word"), Value::Null, json!({})))) {
            let expected = if elevates[type_name] { Verdict::Possible } else { Verdict::None };
            assert_eq!(access.verdict, expected, "{type_name}: {access:?}");
        }
    }

    #[test]
    fn what_is_not_known_is_possible() {
        let found = verdicts(|entry| {
            let before = object(entry, "word");
            let unknown = mask(&before);
            (before != json!({})).then(|| (before, json!({}), unknown))
        });
        for (type_name, access) in found {
            assert_eq!(access.verdict, Verdict::Possible, "{type_name}: {access:?}");
        }
        for (type_name, access) in verdicts(|entry| {
            let unknown = mask(&object(entry, "word"));
            Some((Value::Null, json!({}), unknown))
        }) {
            assert_eq!(access.verdict, Verdict::Possible, "{type_name}: {access:?}");
        }
    }

    #[test]
    fn another_value_of_any_attribute_is_seen() {
        let found = verdicts(|entry| {
            let (before, after) = (object(entry, "word"), object(entry, "other"));
            (before != after).then_some((before, after, json!({})))
        });
        for (type_name, access) in found {
            assert_ne!(access.verdict, Verdict::None, "{type_name}");
        }
    }
}
