//! Hostile configuration: whatever stands in the files, reading and evaluating them ends, and never panics.

use proptest::prelude::*;
use tollgate::access::hcl::{Budget, Evaluator, Known, parse};
use tollgate::access::worlds;
use tollgate::plan::hcl::{SourceFile, Sources};

use crate::read::read;

fn evaluate(text: &str) {
    if let Some(expression) = parse(text) {
        let mut scope = Known::default();
        let budget = Budget::new(100_000);
        let _ = Evaluator::new(&mut scope, &budget, 0).value(&expression);
    }
}

/// Judges a plan that creates a policy whose document is unknown, with this configuration.
fn judge(configuration: &str, attribute: &str) -> worlds::Resolved {
    let plan = format!(
        r#"{{"format_version":"1.2","terraform_version":"1.11.4","resource_changes":[
        {{"address":"aws_iam_role_policy.p","mode":"managed","type":"aws_iam_role_policy","name":"p",
          "provider_name":"registry.terraform.io/hashicorp/aws","change":{{"actions":["create"],"before":null,
          "after":{{"name":"p","role":"r"}},"after_unknown":{{"{attribute}":true,"id":true}}}}}}],
        "configuration":{{"root_module":{{"resources":[{{"address":"aws_iam_role_policy.p","mode":"managed",
          "type":"aws_iam_role_policy","name":"p","provider_config_key":"aws","expressions":{{"{attribute}":{{}}}},
          "schema_version":0}}]}}}}}}"#
    );
    let (plan, recognition) = read(plan.as_bytes()).unwrap().remove(0);
    let file = SourceFile { path: "main.tf".into(), module: Vec::new(), text: configuration.to_owned() };
    let sources = Sources::read([file]);
    worlds::compare_with(&plan, &recognition, &Default::default(), Some(&sources)).resolved
}

fn with_locals(locals: &str, policy: &str) -> String {
    format!(
        "locals {{\n{locals}\n}}\nresource \"aws_iam_role_policy\" \"p\" {{\n name = \"p\"\n role = \"r\"\n policy = {policy}\n}}\n"
    )
}

#[test]
fn locals_that_go_in_circles_or_grow_end() {
    for (locals, policy) in [
        ("a = local.a".to_owned(), "local.a"),
        ("a = local.b\nb = local.a".to_owned(), "jsonencode(local.a)"),
        (
            (1..60).map(|at| format!("l{at} = [local.l{0}, local.l{0}]\n", at - 1)).collect::<String>() + "l0 = [1]",
            "jsonencode(local.l59)",
        ),
        (
            (1..60).map(|at| format!("s{at} = \"${{local.s{0}}}${{local.s{0}}}\"\n", at - 1)).collect::<String>()
                + "s0 = \"aaaaaaaa\"",
            "local.s59",
        ),
        ("r = range(1000)".to_owned(), "jsonencode([for a in local.r : [for b in local.r : [for c in local.r : c]]])"),
        ("r = range(1000)".to_owned(), "jsonencode(setproduct(local.r, local.r, local.r))"),
        ("s = join(\"\", [for a in range(1000) : \"aaaaaaaa\"])".to_owned(), "jsonencode(split(\"a\", local.s))"),
        (String::new(), "aws_iam_role_policy.p.policy"),
        (String::new(), "jsonencode([aws_iam_role_policy.p.policy, aws_iam_role_policy.p])"),
    ] {
        judge(&with_locals(&locals, policy), "policy");
    }
}

/// Each attribute may refer to one more level than the one before.
#[test]
fn values_do_not_nest_without_end() {
    let count = 3000;
    let mut locals = String::from("locals {\n l0 = [1]\n");
    let mut text = String::new();
    for at in 1..count {
        locals.push_str(&format!(" l{at} = [local.l{}]\n", at - 1));
        text.push_str(&format!("local.l{at}, "));
    }
    let policy = format!("{locals}}}\nresource \"aws_iam_role_policy\" \"p\" {{\n policy = jsonencode([{text}])\n}}\n");
    judge(&policy, "policy");
}

#[test]
fn nesting_ends() {
    for text in [
        "[".repeat(39) + &"]".repeat(39),
        "(".repeat(39) + "1" + &")".repeat(39),
        "true ? 1 : ".repeat(70) + "1",
        "!".repeat(70) + "true",
        "-".repeat(1400) + "1",
        "1".to_owned() + &"+1".repeat(1400),
        "upper(".repeat(39) + "\"a\"" + &")".repeat(39),
        "\"${".repeat(39) + "1" + &"}\"".repeat(39),
        "[for a in [1] : ".repeat(39) + "a" + &"]".repeat(39),
        "a".to_owned() + &"[0]".repeat(40_000),
        "a".to_owned() + &".a".repeat(60_000),
        "a".to_owned() + &"[*]".repeat(40_000),
    ] {
        evaluate(&text);
        judge(&with_locals("", &text), "policy");
    }
}

fn token() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "a",
        "local.x",
        "var.y",
        "each.value",
        "count.index",
        "[",
        "]",
        "(",
        ")",
        "{",
        "}",
        "\"",
        "${",
        "%{ if ",
        "%{ endif }",
        "<<EOT\n",
        "\nEOT\n",
        "<<-E\n",
        "\nE",
        "for ",
        " in ",
        ":",
        "=>",
        "...",
        "if ",
        "?",
        "==",
        "&&",
        "||",
        "!",
        "-",
        "+",
        "*",
        "/",
        "%",
        ".",
        "[*]",
        ".*",
        ",",
        "=",
        "1",
        "1e999",
        "0.5",
        "-9223372036854775808",
        "null",
        "true",
        "\\u0000",
        "\\",
        "\n",
        " ",
        "jsonencode(",
        "format(\"%s\",",
        "substr(\"é\",1,1)",
        "try(",
        "element(",
        "range(",
        "aws_iam_role_policy.p",
        ".policy",
        "dynamic \"x\" {",
        "content {",
        "for_each = ",
        "é",
        "\u{301}",
        "\u{2028}",
        "#",
        "//",
        "/*",
        "*/",
        "~}",
        "$${",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_text_ends(text in any::<String>()) {
        evaluate(&text);
        judge(&text, "policy");
    }

    #[test]
    fn any_tokens_end(tokens in prop::collection::vec(token(), 0..60)) {
        let text = tokens.concat();
        evaluate(&text);
        judge(&with_locals(&format!("x = {text}"), &text), "policy");
        judge(&format!("resource \"aws_iam_role_policy\" \"p\" {{\n{text}\n}}"), "statement");
    }
}
