//! Expressions of a plan archive: what they evaluate to, and that they never turn an elevation into nothing.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test may fail, read fixtures and say that it skips"
)]

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;

use tollgate::access::Verdict;
use tollgate::access::hcl::{Budget, Evaluator, Known, parse};
use tollgate::access::worlds::{self, Hole, Piece, Val};
use tollgate::iam::Interest;
use tollgate::plan::{self, Keep, archive};

fn evaluate(text: &str) -> Option<Val> {
    let hole = Val::Hole(Hole { id: "b.arn".into(), path: "arn".into() });
    let list = Val::List(vec![Val::Text("x".into()), Val::Text("y".into())]);
    let mut scope = Known(BTreeMap::from([("h".into(), hole), ("l".into(), list)]));
    let budget = Budget::new(1_000_000);
    Evaluator::new(&mut scope, "t", &budget, 0).value(&parse(text)?).ok()
}

/// The value as text, holes as `${id}`.
fn shown(text: &str) -> String {
    match evaluate(text) {
        Some(Val::Text(text)) => text.to_string(),
        Some(Val::Partial(pieces)) => pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.to_string(),
                Piece::Hole(hole) => format!("${{{}}}", hole.id),
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
        (r#"jsonencode({ R = "${h}/*" })"#, r#"{"R":"${b.arn}/*"}"#),
        (r#"jsonencode({ R = h })"#, r#"{"R":${b.arn}}"#),
        (r#"jsonencode([for s in l : { S = "${s}:*" }])"#, r#"[{"S":"x:*"},{"S":"y:*"}]"#),
        (r#"jsonencode({ for s in l : s => upper(s) if s != "x" })"#, r#"{"y":"Y"}"#),
        (r#"jsonencode(merge({ a = 1 }, { a = 2 }, { b = h }))"#, r#"{"a":2,"b":${b.arn}}"#),
        (r#"jsonencode(concat(l, ["z"]))"#, r#"["x","y","z"]"#),
        (r#"jsonencode(flatten([l, [["z"]]]))"#, r#"["x","y","z"]"#),
        (r#"format("%s/%s%%", h, "k")"#, "${b.arn}/k%"),
        (r#"join(",", l)"#, "x,y"),
        (r#"lookup({ a = "1" }, "b", "d")"#, "d"),
        (r#"1 + 2 == 3 ? "yes" : "no""#, "yes"),
        (r#"replace("a-b", "-", "+")"#, "a+b"),
        ("<<EOT\n{\"R\": \"${h}/*\"}\nEOT", "{\"R\": \"${b.arn}/*\"}\n"),
        ("<<-EOT\n  {\"R\":\n   \"${h}\"}\n  EOT", "{\"R\":\n \"${b.arn}\"}\n"),
        (r#"jsonencode(toset(["b", "a", "b"]))"#, r#"["a","b"]"#),
        (r#"l[1]"#, "y"),
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
        r#"true ? 1 : "a""#,
        "%{",
        "",
    ] {
        assert_eq!(shown(text), "unresolved", "{text}");
    }
    assert!(parse(&"(".repeat(100_000)).is_none());
    assert!(parse(&"-".repeat(100_000)).is_none());
    assert!(parse(&format!("1{}", "+1".repeat(50_000))).is_none());
}

/// Scenarios of real plans, judged with the configuration of their archive.
#[test]
fn no_labelled_elevation_is_lost_with_the_archive() {
    let root = std::env::var_os("TOLLGATE_SHARED").map_or_else(|| PathBuf::from("../shared"), PathBuf::from);
    let Ok(cases) = std::fs::read_dir(root.join("scenarios/aws")) else {
        println!("skipped: no scenarios beside the repository");
        return;
    };
    let (mut wrong, mut better, mut judged) = (Vec::new(), 0, 0);
    for case in cases {
        let case = case.unwrap().path();
        let (Ok(json), Ok(file)) = (std::fs::read(case.join("plan.json")), File::open(case.join("p.tfplan"))) else {
            continue;
        };
        let Ok(archive) = archive::read(file) else { continue };
        let interest = Interest::default();
        let rows = |head: &plan::RowHead<'_>| interest.row(head);
        let prior = |head: &plan::StateHead<'_>| interest.state(head);
        let configuration = |head: &plan::ConfigHead<'_>| interest.configuration(head);
        let keep = Keep::nothing().rows(&rows).prior(&prior).configuration(&configuration);
        let plan = plan::read(json.as_slice(), &keep).unwrap().plans.remove(0);
        let recognition = interest.recognise(&plan);
        let alone = worlds::compare(&plan, &recognition).verdict;
        let with = worlds::compare_with(&plan, &recognition, &Default::default(), Some(&archive.sources)).verdict;
        judged += 1;
        better += usize::from(alone == Verdict::Possible && with != Verdict::Possible);
        let expected = std::fs::read_to_string(case.join("expect.json")).unwrap();
        let elevates = expected.contains("\"elevation\"");
        if (elevates && with == Verdict::None) || (alone != Verdict::Possible && with != alone) {
            wrong.push(format!("{}: {alone:?} alone, {with:?} with the archive", case.display()));
        }
    }
    println!("{judged} judged both ways, {better} resolved by the archive alone");
    assert_eq!(wrong, Vec::<String>::new());
}
