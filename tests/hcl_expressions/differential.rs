//! Random expressions, evaluated here and by `terraform console`: what is evaluated here has Terraform's value.
//!
//! Skipped, with a line, where there is no `terraform`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use tollgate::access::hcl::{Budget, Evaluator, Known, Value, parse};

/// Expressions of a fixed list: the corners of each function.
const FIXED: &[&str] = &[
    r#""<a href=\"x\">&amp;</a> \u2028 é\t\n""#,
    r#"{ b = 1, a = { z = null, y = true }, "<k>" = "&" }"#,
    r#"merge({ a = 1, b = 2 }, { b = 3 }, null, { c = [4] })"#,
    r#"merge({ a = { x = 1 } }, { a = { y = 2 } })"#,
    r#"format("%s-%d-%t-%%-%q-%v-%v", "a", 7, true, "q\"<", [1, "b"], 12)"#,
    r#"format("%v %v %v", null, true, { a = "<" })"#,
    r#"format("%s %s", 1, true)"#,
    r#"format("%d", "7")"#,
    r#"format("%05d|%-5s|%x", 7, "a", 255)"#,
    r#"format("%s", "a", "b")"#,
    r#"formatlist("%s/%s", ["a", "b"], "c")"#,
    r#"split(",", "")"#,
    r#"split(",", "a,,b")"#,
    r#"join("-", ["a", 1, true])"#,
    r#"join("-", [], ["a"], ["b", "c"])"#,
    r#"toset(["b", "a", "B", "a", "é"])"#,
    r#"[for k, v in toset(["b", "a"]) : "${k}${v}"]"#,
    r#"[for k, v in ["b", "a"] : "${k}${v}"]"#,
    r#"{ for k, v in { x = 1, y = 2 } : v => k }"#,
    r#"{ for s in ["a", "b", "ab"] : substr(s, 0, 1) => s... }"#,
    r#"true ? 1 : "a""#,
    r#"true ? ["a"] : []"#,
    r#"true ? { a = 1 } : { b = "x" }"#,
    r#"true ? [1, 2] : ["a"]"#,
    r#"false ? 1 : "a""#,
    r#"true ? true : "a""#,
    r#"true ? null : "a""#,
    r#"true ? toset(["b", "a"]) : ["c"]"#,
    r#"true ? ["b", "a", "b"] : toset(["c"])"#,
    r#"concat(["a"], [1])"#,
    r#"concat(["a"], toset(["b"]))"#,
    r#"concat([{ a = "1" }], [{ b = 2 }])"#,
    r#"flatten([["a", ["b"]], [], "c", [[1]]])"#,
    r#"distinct(["a", "b", "a"])"#,
    r#"lookup({ a = "1" }, "b", 2)"#,
    r#"lookup({ a = "1" }, "a", 2)"#,
    r#"lookup({ a = "1" }, "b")"#,
    r#"element(["a", "b"], 5)"#,
    r#"element([], 0)"#,
    r#"coalesce("", null, "a")"#,
    r#"coalesce(null, 1, "a")"#,
    r#"coalesce(null, ["a"])"#,
    r#"coalescelist([], ["a"])"#,
    r#"compact(["a", "", null, "b"])"#,
    r#"contains(["a"], "a")"#,
    r#"contains([1], "1")"#,
    r#"contains(["a", null], null)"#,
    r#"index(["a", "b"], "b")"#,
    r#"keys({ b = 1, a = 2, B = 3 })"#,
    r#"values({ b = 1, a = "x" })"#,
    r#"zipmap(["b", "a"], [1, 2])"#,
    r#"setunion(["b"], ["a", "b"])"#,
    r#"setsubtract(["b", "a"], ["b"])"#,
    r#"setintersection(["b", "a"], ["b", "c"])"#,
    r#"setproduct(["a", "b"], [1, 2])"#,
    r#"setproduct(["a"], toset(["b"]))"#,
    r#"range(3)"#,
    r#"range(5, 1)"#,
    r#"range(1, 8, 3)"#,
    r#"range(-2)"#,
    r#"slice(["a", "b", "c"], 1, 2)"#,
    r#"slice(["a"], 0, 2)"#,
    r#"chunklist(["a", "b", "c"], 2)"#,
    r#"reverse(["a", 1])"#,
    r#"one([])"#,
    r#"one(["a"])"#,
    r#"one(["a", "b"])"#,
    r#"title("hello wORLD-foo_bar.baz 1a")"#,
    r#"substr("hello", 1, 3)"#,
    r#"substr("hello", -3, 2)"#,
    r#"substr("hello", 1, -1)"#,
    r#"substr("hello", 2, 100)"#,
    r#"replace("a-b-c", "-", "")"#,
    r#"replace("abc", "/b/", "x")"#,
    r#"trim("xxaxx", "x")"#,
    r#"trimspace(" \t a \n")"#,
    r#"chomp("a\n\n")"#,
    r#"chomp("a\r\n")"#,
    r#"indent(2, "a\nb\n\nc")"#,
    r#"strrev("abc")"#,
    r#"length("abc")"#,
    r#"startswith("abc", "ab")"#,
    r#"endswith("abc", "")"#,
    r#"strcontains("abc", "d")"#,
    r#"trimprefix("aab", "a")"#,
    r#"trimsuffix("abb", "b")"#,
    r#"tonumber("12")"#,
    r#"tonumber("0x1")"#,
    r#"tobool("true")"#,
    r#"tostring(12)"#,
    r#"tolist(["a", 1])"#,
    r#"tomap({ a = 1, b = "x" })"#,
    r#"try([][0], "d")"#,
    r#"try({}.a, "d")"#,
    r#"try("a".b, "d")"#,
    r#"can({ a = 1 }.b)"#,
    r#"try(null.a, "d")"#,
    r#"jsondecode("{\"a\":[1,\"b\",null,true]}").a"#,
    r#"jsonencode(jsonencode({ a = "<\"\\" }))"#,
    r#"[{ a = 1 }, { a = 2 }][*].a"#,
    r#"[{ a = 1 }, { a = 2 }].*.a"#,
    r#"[{ a = [1, 2] }, { a = [3] }][*].a[0]"#,
    r#"[{ a = [1, 2] }, { a = [3] }].*.a[0]"#,
    r#"null[*]"#,
    r#""a"[*]"#,
    r#"{ a = 1 }["a"]"#,
    r#"{ "1" = "x" }[1]"#,
    r#"["a", "b"]["1"]"#,
    r#"["a", "b"].1"#,
    r#"1 == "1""#,
    r#"null == null"#,
    r#"[] == null"#,
    r#"7 / 2"#,
    r#"6 / 2"#,
    r#"7 % 3"#,
    r#"-7 % 3"#,
    r#"-(3 - 5) * 2"#,
    r#"1.5"#,
    r#"1e3"#,
    r#"100000000000000000000"#,
    r#"!true || false && true"#,
    r#"alltrue([])"#,
    r#"anytrue([false, true])"#,
    r#"max(1, 3, 2)"#,
    r#"abs(-3)"#,
    r#""$${a} %%{b} $a""#,
    r#""${"a"}""#,
    r#""${1}""#,
    r#""${true}x${null == null}""#,
    "<<EOT\n  a\n    b ${1 + 1}\nEOT\n",
    "<<-EOT\n  a\n    b ${1 + 1}\n  EOT\n",
    "<<-EOT\n  a\n\n    b\n  EOT\n",
    "<<-EOT\n    a\n  \n    b\n  EOT\n",
    "<<-EOT\n    ${\"x\"} a\n      b\n    EOT\n",
    "<<-EOT\n\ta\n\t  b\n  EOT\n",
    "<<EOT\n%{ for s in [\"a\", \"b\"] }\n- ${s}\n%{ endfor }\nEOT\n",
    "<<EOT\n%{ if true }yes%{ else }no%{ endif }\nEOT\n",
    "<<-EOT\n  %{ for s in [\"a\", \"b\"] }\n  - ${s}\n  %{ endfor }\n  EOT\n",
    "<<EOT\n\\n \"quoted\" $${x}\nEOT\n",
    "<<EOT\nEOT\n",
];

fn text() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        r#""""#,
        r#""a""#,
        r#""B c""#,
        r#""<&>""#,
        r#""é""#,
        r#""x\ny""#,
        r#""a,b""#,
        r#""s3:Get*""#,
        r#""1""#,
        r#""true""#,
        r#""q\"\\""#,
        r#""${1 + 1}-a""#,
    ])
    .prop_map(str::to_owned)
}

fn expression() -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        4 => text(),
        2 => (-3..12_i64).prop_map(|it| it.to_string()),
        1 => prop::sample::select(vec!["true", "false", "null", "[]", "{}"]).prop_map(str::to_owned),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        let list = prop::collection::vec(inner.clone(), 0..4).prop_map(|all| format!("[{}]", all.join(", ")));
        let words = prop::collection::vec(text(), 0..4).prop_map(|all| format!("[{}]", all.join(", ")));
        let map = prop::collection::vec((prop::sample::select(vec!["a", "b", "c", "\"<k>\""]), inner.clone()), 0..3)
            .prop_map(|all| {
                let members: Vec<String> = all.iter().map(|(key, it)| format!("{key} = {it}")).collect();
                format!("{{ {} }}", members.join(", "))
            });
        let one = prop::sample::select(vec![
            "jsonencode",
            "flatten",
            "toset",
            "tolist",
            "keys",
            "values",
            "length",
            "tostring",
            "tonumber",
            "tobool",
            "one",
            "compact",
            "distinct",
            "sort",
            "reverse",
            "lower",
            "upper",
            "title",
            "trimspace",
            "chomp",
            "strrev",
            "range",
            "abs",
            "tomap",
            "alltrue",
            "anytrue",
        ]);
        let two = prop::sample::select(vec![
            "merge",
            "concat",
            "coalesce",
            "lookup",
            "element",
            "contains",
            "join",
            "split",
            "format",
            "try",
            "setunion",
            "setsubtract",
            "setintersection",
            "setproduct",
            "zipmap",
            "index",
            "trim",
            "trimprefix",
            "trimsuffix",
            "min",
            "max",
            "startswith",
            "strcontains",
            "chunklist",
            "formatlist",
            "range",
            "coalescelist",
        ]);
        let three =
            prop::sample::select(vec!["substr", "replace", "lookup", "slice", "merge", "concat", "format", "join"]);
        let operator = prop::sample::select(vec!["==", "!=", "+", "-", "*", "/", "%", "<", ">=", "&&", "||"]);
        prop_oneof![
            3 => list,
            2 => words,
            3 => map,
            4 => (one, inner.clone()).prop_map(|(name, it)| format!("{name}({it})")),
            4 => (two, inner.clone(), inner.clone()).prop_map(|(name, a, b)| format!("{name}({a}, {b})")),
            2 => (three, inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(name, a, b, c)| format!("{name}({a}, {b}, {c})")),
            2 => (inner.clone(), inner.clone(), any::<bool>()).prop_map(|(a, b, c)| format!("({c} ? {a} : {b})")),
            1 => (inner.clone(), operator, inner.clone()).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            2 => inner.clone().prop_map(|it| format!("[for k, v in {it} : {{ k = k, v = v }}]")),
            1 => inner.clone().prop_map(|it| format!("[for v in {it} : \"${{v}}!\"]")),
            1 => inner.clone().prop_map(|it| format!("{{ for k, v in {it} : k => v if k != \"a\" }}")),
            1 => inner.clone().prop_map(|it| format!("{{ for v in {it} : v => v... }}")),
            1 => inner.clone().prop_map(|it| format!("({it})[*]")),
            1 => inner.clone().prop_map(|it| format!("({it})[0]")),
            1 => inner.clone().prop_map(|it| format!("({it}).a")),
            1 => inner.prop_map(|it| format!("\"<${{{it}}}>\"")),
        ]
    })
    .boxed()
}

/// Terraform's values as JSON, `None` where it fails.
fn terraform(expressions: &[String]) -> Option<Vec<Option<String>>> {
    let folder = tempfile::tempdir().unwrap();
    let mut locals = String::from("locals {\n");
    for (at, text) in expressions.iter().enumerate() {
        // `try` within the list catches what fails; Base64 keeps the text as it is.
        writeln!(locals, "  e{at} = base64encode(try(jsonencode({text}), \"fails\"))").unwrap();
    }
    locals.push_str("}\n");
    std::fs::write(folder.path().join("main.tf"), &locals).unwrap();
    let mut child = Command::new("terraform")
        .arg("console")
        .current_dir(folder.path())
        .env("TF_CLI_CONFIG_FILE", "/dev/null")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    let names: Vec<String> = (0..expressions.len()).map(|at| format!("local.e{at}")).collect();
    writeln!(child.stdin.take().unwrap(), "[{}]", names.join(", ")).unwrap();
    let output = child.wait_with_output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}\n{shown}", String::from_utf8_lossy(&output.stderr));
    // A list, an element a line. What Terraform itself cannot tell is no text.
    let lines: Vec<&str> = shown.lines().map(str::trim).filter(|line| !matches!(*line, "" | "[" | "]")).collect();
    assert_eq!(lines.len(), expressions.len(), "{shown}");
    let values = lines.into_iter().map(|line| {
        let text = line.trim_end_matches(',').strip_prefix('"')?.strip_suffix('"')?;
        Some(decode(text)).filter(|it| it != "fails")
    });
    Some(values.collect())
}

fn decode(base64: &str) -> String {
    const DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bits = 0_u32;
    let mut count = 0;
    let mut bytes = Vec::new();
    for c in base64.trim_end_matches('=').chars() {
        bits = (bits << 6) | u32::try_from(DIGITS.find(c).unwrap()).unwrap();
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 0xff).unwrap());
        }
    }
    String::from_utf8(bytes).unwrap()
}

#[test]
fn values_are_terraforms() {
    let mut runner = TestRunner::deterministic();
    let count = std::env::var("TOLLGATE_EXPRESSIONS").ok().and_then(|it| it.parse().ok()).unwrap_or(600);
    let random = std::iter::repeat_with(|| expression().new_tree(&mut runner).unwrap().current()).take(count);
    let expressions: Vec<String> = FIXED.iter().map(|it| (*it).to_owned()).chain(random).collect();
    let Some(theirs) = terraform(&expressions) else {
        println!("skipped: no `terraform` on this machine");
        return;
    };
    let mut wrong = Vec::new();
    let (mut evaluated, mut failed, mut valued) = (0, 0, 0);
    for (text, theirs) in expressions.iter().zip(theirs) {
        let parsed = parse(&format!("try(jsonencode({text}), \"fails\")"));
        let mut scope = Known::default();
        let budget = Budget::new(100_000);
        let ours = parsed.map(|it| Evaluator::new(&mut scope, &budget, 0).value(&it));
        valued += usize::from(theirs.is_some());
        if let Some(Ok(Value::Text(ours))) = ours {
            let ours = Some(&*ours).filter(|it| *it != "fails");
            if ours != theirs.as_deref() {
                wrong.push(format!("{text}\n  here      {ours:?}\n  terraform {theirs:?}"));
            }
            evaluated += usize::from(ours.is_some());
            failed += usize::from(ours.is_none());
        }
    }
    println!(
        "{} expressions: {valued} have a value, {evaluated} evaluated here, {failed} known to fail",
        expressions.len()
    );
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(evaluated * 2 > valued, "{evaluated} of {valued}");
}
