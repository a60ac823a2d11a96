//! Expressions of a plan archive: what they evaluate to, and that they never turn an elevation into nothing.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test may fail, read fixtures and say that it skips"
)]

mod differential;
mod hostile;
#[path = "../support/read.rs"]
mod read;

use std::collections::BTreeMap;
use std::path::PathBuf;

use tollgate::access::Verdict;
use tollgate::access::hcl::{Budget, Evaluator, Known, Part, Value, parse};
use tollgate::access::worlds::{self, Hole};
use tollgate::edge::source::beside;

/// `h` is known only after apply, `l` is a list.
fn evaluate(text: &str) -> Option<Value> {
    let hole = Value::Named(Hole { id: "aws_s3_bucket.b.arn".into(), path: "arn".into() });
    let list = Value::List(vec![Value::Text("x".into()), Value::Text("y".into())]);
    let mut scope = Known(BTreeMap::from([("h".into(), hole), ("l".into(), list)]));
    let budget = Budget::new(1_000_000);
    Evaluator::new(&mut scope, &budget, 0).value(&parse(text)?).ok()
}

/// The value as text, what is known only after apply as `${}`.
fn shown(text: &str) -> String {
    match evaluate(text) {
        Some(Value::Text(text)) => text.to_string(),
        Some(Value::Partial(parts)) => parts
            .iter()
            .map(|part| match part {
                Part::Text(text) => text.to_string(),
                Part::Named(hole) | Part::Json(Some(hole)) => format!("${{{}}}", hole.id),
                Part::Unknown | Part::Json(None) => "${?}".into(),
            })
            .collect(),
        Some(other) => format!("{other:?}"),
        None => "unresolved".into(),
    }
}

#[test]
fn expressions_have_terraforms_values() {
    for (text, expected) in [
        (r#"jsonencode({ b = 1, a = ["x", true, null] })"#, r#"{"a":["x",true,null],"b":1}"#),
        (r#"jsonencode({ R = "${h}/*" })"#, r#"{"R":"${aws_s3_bucket.b.arn}/*"}"#),
        (r#"jsonencode({ R = h })"#, r#"{"R":${aws_s3_bucket.b.arn}}"#),
        (r#"jsonencode([for s in l : { S = "${s}:*" }])"#, r#"[{"S":"x:*"},{"S":"y:*"}]"#),
        (r#"jsonencode({ for s in l : s => upper(s) if s != "x" })"#, r#"{"y":"Y"}"#),
        (r#"jsonencode(merge({ a = 1 }, { a = 2 }, { b = h }))"#, r#"{"a":2,"b":${aws_s3_bucket.b.arn}}"#),
        (r#"jsonencode(concat(l, ["z"]))"#, r#"["x","y","z"]"#),
        (r#"jsonencode(flatten([l, [["z"]]]))"#, r#"["x","y","z"]"#),
        (r#"format("%s/%s%%", h, "k")"#, "${aws_s3_bucket.b.arn}/k%"),
        (r#"join(",", l)"#, "x,y"),
        (r#"lookup({ a = "1" }, "b", "d")"#, "d"),
        (r#"1 + 2 == 3 ? "yes" : "no""#, "yes"),
        (r#"replace("a-b", "-", "+")"#, "a+b"),
        ("<<EOT\n{\"R\": \"${h}/*\"}\nEOT", "{\"R\": \"${aws_s3_bucket.b.arn}/*\"}\n"),
        ("<<-EOT\n  {\"R\":\n   \"${h}\"}\n  EOT", "{\"R\":\n \"${aws_s3_bucket.b.arn}\"}\n"),
        (r#"jsonencode(toset(["b", "a", "b"]))"#, r#"["a","b"]"#),
        (r#"l[1]"#, "y"),
        (r#"join(",", [for k, v in l : "${k}${v}"])"#, "0x,1y"),
        (r#"join(",", [for k, v in toset(l) : "${k}${v}"])"#, "xx,yy"),
        (r#"jsonencode({ for s in l : "k" => s... })"#, r#"{"k":["x","y"]}"#),
        (r#"true ? 1 : "a""#, "1"),
        (r#"try(l[7], "z")"#, "z"),
        (r#"try(l[1], "z")"#, "y"),
        (r#"one(l[*]) == null ? "a" : "b""#, "unresolved"),
        (r#"jsonencode("<&>")"#, r#""\u003c\u0026\u003e""#),
        (r#"jsonencode({ A = unknown.thing, B = 1 })"#, r#"{"A":${?},"B":1}"#),
        ("<<EOT\n{\"R\": ${jsonencode([h])}}\nEOT", "{\"R\": [${aws_s3_bucket.b.arn}]}\n"),
        ("<<EOT\n%{ for s in l }[${s}]%{ endfor }\nEOT", "[x][y]\n"),
        ("<<EOT\n%{ if length(l) > 1 }a%{ else }b%{ endif }\nEOT", "a\n"),
    ] {
        assert_eq!(shown(text), expected, "{text}");
    }
}

#[test]
fn what_is_not_known_exactly_is_not_resolved() {
    for text in [
        r#"replace(h, "a", "b")"#,
        r#"h == "x" ? "a" : "b""#,
        "<<EOT\n{\"R\": ${h}}\nEOT",
        "<<EOT\n{\"R\": \"${replace(h, \"a\", \"b\")}\"}\nEOT",
        r#"jsonencode(h)"#,
        r#"file("x")"#,
        r#"concat(l, h)"#,
        r#"toset([h, "x"])"#,
        r#"unknown.thing"#,
        r#"provider::a::b(1)"#,
        r#"true ? 1 : h"#,
        r#"try(h.name, "z")"#,
        r#"try(unknown.thing, "z")"#,
        r#"1 / 3"#,
        r#"sensitive("x")"#,
        r#"templatefile("x", {})"#,
        "<<EOT\n{\"R\": \"${jsonencode(h)}\"}\nEOT",
        "%{",
        "",
    ] {
        assert_eq!(shown(text), "unresolved", "{text}");
    }
    assert!(parse(&"(".repeat(100_000)).is_none());
    assert!(parse(&"-".repeat(100_000)).is_none());
    assert!(parse(&format!("1{}", "+1".repeat(50_000))).is_none());
}

/// Labelled plans, judged with their configuration: it may resolve what is unknown, and loses no elevation.
#[test]
fn no_labelled_elevation_is_lost_with_the_configuration() {
    let root = std::env::var_os("TOLLGATE_SHARED").map_or_else(|| PathBuf::from("../shared"), PathBuf::from);
    let Ok(cases) = std::fs::read_dir(root.join("scenarios/aws")) else {
        println!("skipped: no scenarios beside the repository");
        return;
    };
    let (mut wrong, mut better, mut judged) = (Vec::new(), 0, 0);
    for case in cases {
        let case = case.unwrap().path();
        let Ok(json) = std::fs::read(case.join("plan.json")) else { continue };
        let sources = beside(&case);
        let (plan, recognition) = read::read(&json).unwrap().remove(0);
        let alone = worlds::compare(&plan, &recognition).verdict;
        let with = worlds::compare_with(&plan, &recognition, &Default::default(), Some(&sources));
        judged += 1;
        better += usize::from(alone == Verdict::Possible && with.verdict != Verdict::Possible);
        let expected = std::fs::read_to_string(case.join("expect.json")).unwrap();
        let elevates = expected.contains("\"expect\": \"elevation\"");
        if (elevates && with.verdict != Verdict::New) || (alone != Verdict::Possible && with.verdict != alone) {
            wrong.push(format!(
                "{}: {alone:?} alone, {:?} with HCL; {:?}",
                case.display(),
                with.verdict,
                with.resolved
            ));
        }
    }
    println!("{judged} judged both ways, {better} resolved by the configuration alone");
    assert_eq!(wrong, Vec::<String>::new());
}
