//! What is read of a plan, what is left open, and what is refused.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::fmt::Write as _;

use serde_json::{Value, json};
use tollgate::plan::configuration::{DeadEnd, Source};
use tollgate::plan::{AttrPath, Attribute, Input, Keep, Mode, Plan, ReadError, Sections, read};

const MODULES: &str = include_str!("../fixtures/plans/modules/plan.json");

fn all(text: impl AsRef<[u8]>) -> Result<Input, ReadError> {
    read(text.as_ref(), &Keep::all())
}

fn plan(value: &Value) -> Plan {
    let mut input = all(value.to_string()).unwrap();
    assert_eq!(input.plans.len(), 1);
    input.plans.remove(0)
}

/// A plan of these rows, complete otherwise.
fn rows(rows: Value) -> Plan {
    plan(&json!({"format_version": "1.2", "terraform_version": "1.11.4", "planned_values": {"root_module": {}},
        "resource_changes": rows, "configuration": {"root_module": {}}}))
}

fn codes(plan: &Plan) -> Vec<(&str, &str)> {
    plan.undetermined.iter().map(|entry| (entry.address.as_deref().unwrap_or("-"), entry.code.as_str())).collect()
}

fn path(text: &str) -> AttrPath {
    AttrPath::parse(text).unwrap()
}

#[test]
fn refusals_are_one_clear_line() {
    let deep = format!("{{\"format_version\":\"1.2\",\"x\":{}", "[".repeat(300));
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("empty file", b"".to_vec()),
        ("white space", b" \n\t ".to_vec()),
        ("gzip", b"\x1f\x8b\x08\x00\x00".to_vec()),
        ("binary plan", include_bytes!("../fixtures/plans/modules/plan.tfplan").to_vec()),
        ("UTF-16 without a mark", b"{\0}\0".to_vec()),
        ("UTF-16 through a code page", b"{\"format_version\":\"\xff\xfe1.2\"}".to_vec()),
        ("cut off in a string", br#"{"format_version":"1.2","resource_changes":[{"address":"aws_i"#.to_vec()),
        ("cut off between rows", b"{\"format_version\":\"1.2\",\n\"resource_changes\":[{},".to_vec()),
        ("cut off where nothing is kept", br#"{"format_version":"1.2","checks":[{"a":{"b":[1,2"#.to_vec()),
        ("two commas", br#"{"format_version":"1.2",,"resource_changes":[]}"#.to_vec()),
        ("wrong bracket", br#"{"format_version":"1.2","checks":[{"a":1]]}"#.to_vec()),
        ("single quotes", b"{'format_version':'1.2'}".to_vec()),
        ("duplicate top-level key", br#"{"format_version":"1.2","resource_changes":[],"resource_changes":[]}"#.to_vec()),
        ("duplicate key by escape", br#"{"format_version":"1.2","resource_changes":[{"type":"a","\u0074ype":"b"}]}"#.to_vec()),
        ("duplicate key in values", br#"{"format_version":"1.2","resource_changes":[{"type":"a","change":{"actions":["create"],"after":{"policy":1,"policy":2}}}]}"#.to_vec()),
        ("nested too deep", deep.into_bytes()),
        ("state", br#"{"format_version":"1.0","terraform_version":"1.11.4","values":{"root_module":{}}}"#.to_vec()),
        ("empty state", br#"{"format_version":"1.0"}"#.to_vec()),
        ("state file", br#"{"version":4,"terraform_version":"1.11.4","serial":1,"lineage":"x","outputs":{},"resources":[]}"#.to_vec()),
        ("log stream", b"{\"@level\":\"info\",\"@message\":\"Terraform 1.11.4\",\"type\":\"version\"}\n{}".to_vec()),
        ("redacted plan", br#"{"plan_format_version":"1.2","resource_changes":[],"provider_schemas":{}}"#.to_vec()),
        ("encrypted plan", br#"{"meta":{},"encrypted_data":"x","encryption_version":"v0"}"#.to_vec()),
        ("provider schemas", br#"{"format_version":"1.0","provider_schemas":{}}"#.to_vec()),
        ("validation", br#"{"format_version":"1.0","valid":true,"error_count":0,"diagnostics":[]}"#.to_vec()),
        ("no format version", br#"{"resource_changes":[]}"#.to_vec()),
        ("nothing but a configuration", br#"{"format_version":"1.2","configuration":{}}"#.to_vec()),
        ("a list", b"[1]".to_vec()),
        ("unknown major", br#"{"format_version":"2.0","resource_changes":[]}"#.to_vec()),
        ("hostile version", b"{\"format_version\":\"1.`\xe2\x80\xae\\n::error\",\"resource_changes\":[]}".to_vec()),
        ("an error message", b"Error: Failed to load plugin schemas".to_vec()),
        ("text behind", b"{\"format_version\":\"1.2\",\"resource_changes\":[]}\nDone.".to_vec()),
        ("second plan on the same line", b"{\"format_version\":\"1.2\",\"resource_changes\":[]}{}".to_vec()),
        ("second document is a state", b"{\"format_version\":\"1.2\",\"resource_changes\":[]}\n{\"format_version\":\"1.0\",\"values\":{}}".to_vec()),
        ("rows are no list", br#"{"format_version":"1.2","resource_changes":{}}"#.to_vec()),
        ("address is no string", br#"{"format_version":"1.2","resource_changes":[{"address":7}]}"#.to_vec()),
    ];
    let mut shown = String::new();
    for (name, bytes) in cases {
        let message = all(bytes).expect_err(name).to_string();
        assert_eq!(message.lines().count(), 1, "{message}");
        writeln!(shown, "{name}: {message}").unwrap();
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn wrappers_marks_and_several_documents() {
    let one = r#"{"format_version":"1.2","planned_values":{},"resource_changes":[]}"#;
    let count = |text: &str| all(text).map(|input| input.plans.len());
    assert_eq!(count(one).unwrap(), 1);
    assert_eq!(count(&format!("\u{feff}{one}\r\n")).unwrap(), 1);
    assert_eq!(count(&format!("{one}\n{one}\n\n{one}")).unwrap(), 3);
    let wrapped = format!(
        "[command]/opt/terraform-bin show -json plan\n{one}\n\n::debug::Terraform exited with code 0.\n::set-output name=stdout::{one}%0A\n"
    );
    assert_eq!(count(&wrapped).unwrap(), 1);
    let wide: Vec<u8> = std::iter::once(0xfeff).chain(one.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    assert_eq!(all(wide).unwrap().plans.len(), 1);
    // A wrapper's line does not hide a second plan.
    assert_eq!(count(&format!("{one}\n::debug::x\n{one}")).unwrap(), 2);
}

#[test]
fn rows_are_kept_as_asked_and_counted_all() {
    let keep = Keep::all().rows(&|row| row.type_name == "terraform_data" && row.address.ends_with("leaf"));
    let input = read(MODULES.as_bytes(), &keep).unwrap();
    let plan = input.plans.first().unwrap();
    assert_eq!(plan.counts.rows, 5);
    assert_eq!(plan.counts.by_action.get("create"), Some(&5));
    let kept: Vec<&str> = plan.changes.iter().map(|change| change.address.as_str()).collect();
    assert_eq!(kept, [r#"module.m["k"].module.inner.terraform_data.leaf"#]);
    let change = plan.changes.first().unwrap();
    assert_eq!(change.provider.source(), "builtin/terraform");
    assert_eq!(change.after().get(&path("output")), Attribute::Unknown);
    assert_eq!((plan.complete, plan.errored, plan.applyable), (Some(true), Some(false), Some(true)));
    assert_eq!(plan.timestamp.as_deref(), Some("2026-11-21T09:36:27Z"));
    assert_eq!(plan.undetermined, []);
}

#[test]
fn raw_sections_are_the_plan_itself() {
    let whole: Value = serde_json::from_str(MODULES).unwrap();
    let input = read(MODULES.as_bytes(), &Keep::nothing().sections(Sections::All)).unwrap();
    let text = input.plans.first().unwrap().raw.to_string();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), whole);
    let some = Sections::These(["resource_changes".to_owned(), "variables".to_owned()].into());
    let input = read(MODULES.as_bytes(), &Keep::nothing().sections(some)).unwrap();
    let text = input.plans.first().unwrap().raw.to_string();
    let part = json!({"resource_changes": whole["resource_changes"], "variables": whole["variables"]});
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), part);
}

#[test]
fn numbers_stay_exact() {
    let text = r#"{"format_version":"1.2","resource_changes":[{"type":"t","change":{"actions":["create"],"after":{"n":123456789012345678901234567890,"f":2.50},"after_unknown":{}}}]}"#;
    let input = all(text).unwrap();
    let after = &input.plans.first().unwrap().changes.first().unwrap().after;
    assert_eq!(after.to_string(), r#"{"f":2.50,"n":123456789012345678901234567890}"#);
}

#[test]
fn what_a_plan_leaves_open_is_noted() {
    let base = json!({"format_version": "1.2", "resource_changes": [], "configuration": {"root_module": {}}});
    let with = |name: &str, value: Value| {
        let mut plan = base.clone();
        plan.as_object_mut().unwrap().insert(name.to_owned(), value);
        plan
    };
    let codes =
        |value: &Value| plan(value).undetermined.iter().map(|entry| entry.code.clone()).collect::<Vec<_>>().join(",");
    assert_eq!(codes(&base), "");
    assert_eq!(codes(&with("errored", json!(true))), "errored_plan");
    assert_eq!(codes(&with("complete", json!(false))), "incomplete_plan");
    assert_eq!(codes(&with("applyable", json!(false))), "");
    assert_eq!(codes(&with("future_section", json!([]))), "unknown_section");
    assert_eq!(codes(&with("configuration", json!(null))), "no_configuration");
    let deferred = json!([{"reason": "instance_count_unknown", "resource_change": {"address": "t.n", "mode": "managed",
        "type": "t", "name": "n", "change": {"actions": ["create"], "before": null, "after": {}, "after_unknown": {}}}}]);
    assert_eq!(codes(&with("deferred_changes", deferred)), "deferred_change");
    let action = json!([{"reason": "x", "action_invocation": {"address": "action.a.b", "type": "a", "name": "b"}}]);
    assert_eq!(codes(&with("deferred_action_invocations", action)), "deferred_action");
    for module in [json!({"resources": [{"address": "t.n"}]}), json!({"child_modules": [{"address": "module.m"}]})] {
        let trimmed = json!({"format_version": "1.2", "planned_values": {"root_module": module},
            "configuration": {"root_module": {}}});
        assert_eq!(codes(&trimmed), "no_resource_changes");
    }
    let empty = json!({"format_version": "1.2", "planned_values": {"root_module": {"resources": []}},
        "configuration": {"root_module": {}}});
    assert_eq!(codes(&empty), "");
}

#[test]
fn unknown_words_are_noted_also_for_rows_that_are_dropped() {
    let value = json!({"format_version": "1.2", "configuration": {}, "resource_changes": [
        {"address": "t.a", "mode": "managed", "type": "t", "name": "a", "change": {"actions": ["Frobnicate"]}},
        {"address": "t.b", "mode": "managed", "type": "t", "name": "b", "change": {"actions": ["create", "update"],
            "after": {}, "after_unknown": {}}},
        {"address": "t.c", "mode": "quantum", "type": "t", "name": "c", "change": {"actions": ["no-op"], "before": {},
            "after": {}}},
        {"address": "t.d", "mode": "managed", "type": "t", "name": "d"},
        {"address": "t.e", "mode": "managed", "type": "t", "name": "e", "change": {"actions": []}},
        {"address": "t.f", "mode": "managed", "type": "t", "name": "f", "change": {"actions": ["forget", "create"],
            "before": {}, "after": {}, "after_unknown": {}}},
    ]});
    let expected = [
        ("t.a", "unknown_action"),
        ("t.b", "unknown_action"),
        ("t.c", "unknown_mode"),
        ("t.d", "unreadable_row"),
        ("t.d", "unknown_action"),
        ("t.e", "unknown_action"),
    ];
    assert_eq!(codes(&plan(&value)), expected);
    let input = read(value.to_string().as_bytes(), &Keep::nothing()).unwrap();
    let dropped = input.plans.first().unwrap();
    assert_eq!(codes(dropped), expected);
    assert!(dropped.changes.is_empty());
}

#[test]
fn hand_made_rows_are_read_as_far_as_they_go() {
    let plan = rows(json!([
        {"address": "module.m[\"x\"].data.aws_iam_policy_document.d", "change": {"actions": ["read"], "after": {},
            "after_unknown": {}}},
        {"type": "aws_iam_role", "name": "r", "index": "k", "change": {"actions": ["create"], "after": {"name": "r"}}},
        {"address": "aws_iam_role.gone", "change": {"actions": ["delete"], "after": null}},
        {"address": "aws_iam_role.same", "change": {"actions": ["no-op"], "before": {}, "after": {}}},
        {"address": "aws_iam_role.later", "change": {"actions": ["create"], "after_unknown": true}},
    ]));
    let row = |number: usize| plan.changes.get(number).unwrap();
    assert_eq!((row(0).mode.clone(), row(0).type_name.as_str()), (Mode::Data, "aws_iam_policy_document"));
    assert_eq!(row(0).provider.source(), "hashicorp/aws");
    assert_eq!(row(1).address, r#"aws_iam_role.r["k"]"#);
    assert_eq!(codes(&plan), [(r#"aws_iam_role.r["k"]"#, "missing_mask"), ("aws_iam_role.gone", "missing_values")]);
}

#[test]
fn moved_imported_deposed_and_replaced_rows() {
    let full = |address: &str, more: Value, change: Value| {
        let mut row = json!({"address": address, "mode": "managed", "type": "aws_iam_role", "name": "r",
            "provider_name": "registry.terraform.io/hashicorp/aws", "change": {"before": {"name": "a"},
            "after": {"name": "b"}, "after_unknown": {}, "before_sensitive": {}, "after_sensitive": {}}});
        row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        row.get_mut("change").unwrap().as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        row
    };
    let plan = rows(json!([
        full("aws_iam_role.r", json!({"previous_address": "other_type.r"}), json!({"actions": ["no-op"]})),
        full("aws_iam_role.r", json!({"deposed": "97f5d141"}), json!({"actions": ["delete"], "after": null})),
        full("aws_iam_role.i", json!({}), json!({"actions": ["no-op"], "importing": {}})),
        full("aws_iam_role.p", json!({}), json!({"actions": ["no-op"], "importing": null})),
        full("aws_iam_role.x", json!({}), json!({"actions": ["create", "forget"], "replace_paths": [["name"]]})),
    ]));
    let plain: Vec<bool> = plan.changes.iter().map(|change| change.is_plain_no_op()).collect();
    assert_eq!(plain, [false, false, false, true, false]);
    let last = plan.changes.last().unwrap();
    assert!(last.actions.creates() && last.actions.forgets() && !last.actions.deletes());
    assert_eq!(plan.counts.by_action.get("replace"), Some(&1));
    assert_eq!(plan.undetermined, []);
}

#[test]
fn references_lead_through_variables_and_outputs() {
    let input = all(MODULES).unwrap();
    let plan = input.plans.first().unwrap();
    let configuration = plan.configuration.as_ref().unwrap();
    let trail = |address: &str| {
        let resolution = configuration.resolve(address, &path("input"));
        let ends: Vec<String> = resolution
            .sources
            .iter()
            .map(|source| match source {
                Source::Resource(found) => format!("{}.{}", found.address, found.attribute),
                Source::Constant(value) => value.to_string(),
                Source::Variable(name) => format!("var.{name}"),
                Source::Unresolved { reference, why } => format!("{reference}: {why:?}"),
            })
            .collect();
        (ends.join(", "), resolution.is_complete())
    };
    // A module's output, of a module within it.
    let leaf = r#"module.m["k"].module.inner.terraform_data.leaf.output"#;
    assert_eq!(trail("terraform_data.b"), (leaf.into(), true));
    // A variable of a nested module: an attribute in the calling module, in the same instance.
    assert_eq!(
        trail(r#"module.m["k"].module.inner.terraform_data.leaf"#),
        (r#"module.m["k"].terraform_data.deep.id"#.into(), true)
    );
    assert_eq!(trail(r#"module.m["k"].terraform_data.deep"#), (r#"terraform_data.a["x.y"].output"#.into(), true));
    assert_eq!(trail(r#"terraform_data.a["q\"z"]"#), ("var.s".into(), true));
    assert_eq!(trail("terraform_data.none"), ("terraform_data.none: Missing".into(), false));
    let resource = configuration.resource(r#"terraform_data.a["x.y"]"#).unwrap();
    assert_eq!(resource.provisioners.len(), 2);
    assert_eq!(configuration.resources().len(), 4);
}

#[test]
fn trails_that_end_early_say_why() {
    let plan = plan(&json!({"format_version": "1.2", "resource_changes": [], "configuration": {"root_module": {
        "resources": [{"address": "t.n", "mode": "managed", "type": "t", "name": "n",
            "for_each_expression": {"references": ["t.list"]},
            "expressions": {
                "local": {"references": ["local.x"]}, "made": {}, "each": {"references": ["each.value.arn", "each.value"]},
                "loop": {"references": ["module.a.out", "module.a"]}, "two": {"references": ["t.a.id", "t.a", "data.d.e.json", "data.d.e"]},
                "block": [{"x": {"constant_value": "c"}}, {"x": {"references": ["path.module"]}}],
                "odd": {"references": ["t.n[", "module.none.x"]},
            }}],
        "module_calls": {"a": {"module": {"outputs": {"out": {"expression": {"references": ["module.a.out", "var.v"]}}},
            "variables": {"v": {"default": "d"}}}}},
    }}}));
    let configuration = plan.configuration.unwrap();
    let ends = |attribute: &str| configuration.resolve("t.n[\"k\"]", &path(attribute)).sources;
    let dead = |reference: &str, why| Source::Unresolved { reference: reference.into(), why };
    assert_eq!(ends("local"), [dead("local.x", DeadEnd::Local)]);
    assert_eq!(ends("made"), [dead("made", DeadEnd::Opaque)]);
    assert_eq!(ends("nothing"), [dead("nothing", DeadEnd::NotSet)]);
    assert_eq!(configuration.resolve("t.n", &path("each")).resources().next().unwrap().address.to_string(), "t.list");
    assert_eq!(configuration.resolve("t.n", &path("two")).resources().count(), 2);
    assert_eq!(ends("block[*].x"), [Source::Constant(json!("c")), dead("path.module", DeadEnd::Builtin)]);
    assert_eq!(ends("block[0].x"), [Source::Constant(json!("c"))]);
    assert_eq!(ends("block[7].x"), [dead("block[7].x", DeadEnd::NotSet)]);
    assert_eq!(ends("odd"), [dead("t.n[", DeadEnd::Unreadable), dead("module.none.x", DeadEnd::Missing)]);
    // `module.a.out` within `a` names a call of `a` that does not exist; the variable has a default.
    assert_eq!(ends("loop"), [dead("module.a.out", DeadEnd::Missing), Source::Constant(json!("d"))]);
}

#[test]
fn secrets_of_every_origin_are_known() {
    let text = json!({"format_version": "1.2",
        "variables": {"root": {"value": "SECRET-variable"}},
        "resource_changes": [{"address": "t.n", "mode": "managed", "type": "t", "name": "n", "change": {
            "actions": ["update"], "before": {"a": "SECRET-other-side", "b": "plain-before"},
            "after": {"a": "SECRET-after", "b": "plain-after", "list": [{"p": "SECRET-nested"}]}, "after_unknown": {},
            "before_sensitive": {}, "after_sensitive": {"a": true, "list": [{"p": true}]}}}],
        "output_changes": {"o": {"actions": ["create"], "before": null, "after": {"k": "SECRET-output"},
            "after_unknown": false, "before_sensitive": true, "after_sensitive": true}},
        "prior_state": {"values": {"root_module": {"child_modules": [{"resources": [{"address": "module.m.t.s",
            "mode": "managed", "type": "t", "name": "s", "values": {"x": "SECRET-state", "y": "plain-state"},
            "sensitive_values": {"x": true}}]}]}}},
        "action_invocations": [{"address": "action.a.b", "type": "a", "name": "b", "config_values": {"body": "SECRET-action"},
            "config_sensitive": {"body": true}, "config_unknown": {}}],
        "configuration": {
            "provider_config": {"aws": {"name": "aws", "expressions": {"secret_key": {"constant_value": "SECRET-provider"},
                "region": {"constant_value": "plain-region"}}}},
            "root_module": {"variables": {"root": {"sensitive": true, "default": "SECRET-default"}},
                "resources": [{"address": "t.n", "mode": "managed", "type": "t", "name": "n",
                    "expressions": {"policy_wo": {"constant_value": "SECRET-write-only"}}}],
                "module_calls": {"m": {"expressions": {"v": {"constant_value": "SECRET-argument"}},
                    "module": {"variables": {"v": {"sensitive": true}}}}}}}})
    .to_string();
    let secret: Vec<String> = text.split('"').filter(|part| part.starts_with("SECRET")).map(str::to_owned).collect();
    assert_eq!(secret.len(), 11);
    let input = all(&text).unwrap();
    let plan = input.plans.first().unwrap();
    let redacted = plan.secrets.redact(&text);
    assert!(!redacted.contains("SECRET"), "{redacted}");
    assert_eq!(redacted.matches("plain-").count(), 4);
    assert!(!format!("{:?}", plan.secrets).contains("SECRET"));
    // A plan given raw knows the same secrets, rows or not.
    let raw = read(text.as_bytes(), &Keep::nothing().sections(Sections::All)).unwrap();
    let shown = raw.plans.first().unwrap().secrets.redact(&text).into_owned();
    for part in ["after", "other-side", "nested", "output", "state", "action", "variable", "default", "provider"] {
        assert!(!shown.contains(&format!("SECRET-{part}")), "{part}");
    }
}

#[test]
fn actions_that_run_at_apply() {
    let plan = plan(
        &json!({"format_version": "1.2", "resource_changes": [], "configuration": {}, "action_invocations": [
            {"address": "action.aws_lambda_invoke.x", "type": "aws_lambda_invoke", "name": "x",
                "provider_name": "registry.terraform.io/hashicorp/aws", "config_values": {"payload": "p"},
                "config_unknown": {"function_name": true}, "config_sensitive": {"payload": true},
                "lifecycle_action_trigger": {"triggering_resource_address": "t.n", "action_trigger_event": "AfterCreate",
                    "action_trigger_block_index": 0, "actions_list_index": 0}},
            {"address": "action.local_command.y", "type": "local_command", "name": "y", "invoke_action_trigger": {}},
        ]}),
    );
    let first = plan.actions.first().unwrap();
    assert_eq!((first.triggered_by.as_deref(), first.event.as_deref()), (Some("t.n"), Some("AfterCreate")));
    assert_eq!(first.side().get(&path("function_name")), Attribute::Unknown);
    assert_eq!(
        first.side().redacted(),
        json!({"payload": {"$tollgate": "sensitive"}, "function_name": {"$tollgate": "unknown"}})
    );
    let second = plan.actions.last().unwrap();
    assert_eq!((second.event.as_deref(), second.provider.source().as_str()), (Some("Invoke"), "hashicorp/local"));
    assert_eq!(plan.undetermined, []);
}
