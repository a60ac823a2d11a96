//! Policy documents: what is read, what is refused and how that is said, and that writing is the inverse of
//! reading.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "helpers of tests: they fail by panicking, and one test reads shared data"
)]

use proptest::prelude::*;
use serde_json::{Value, json};
use tollgate::access::aws::document::{
    Base, Document, Effect, HoleId, Item, Operator, Part, Principals, SetPrefix, Text,
};
use tollgate::access::aws::parse::{Kind, MAX_BYTES, guess_kind, parse, parse_parts};

/// The error of a text that must be refused.
fn refused(text: &str, kind: Kind) -> String {
    parse(text, kind).expect_err("must be refused").to_string()
}

/// A document of one identity statement with these further members.
fn statement(members: &str) -> String {
    format!(r#"{{"Statement": [{{"Effect": "Allow", "Action": "s3:*", "Resource": "*"{members}}}]}}"#)
}

#[test]
fn scalars_and_arrays_read_alike() {
    let scalars = r#"{"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*",
        "Condition": {"numericlessthan": {"s3:max-keys": 10}, "Bool": {"aws:SecureTransport": true}}}}"#;
    let arrays = r#"{"Statement": [{"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["*"],
        "Condition": {"NumericLessThan": {"s3:max-keys": ["10"]}, "Bool": {"aws:SecureTransport": ["true"]}}}]}"#;
    let scalars = parse(scalars, Kind::Identity).unwrap();
    assert_eq!(scalars, parse(arrays, Kind::Identity).unwrap());
    assert_eq!(scalars.version, None);
    assert!(!scalars.has_variables());
    assert!(!scalars.has_holes());
}

#[test]
fn escapes_are_read_as_json_has_them() {
    let text = r#"{"Id": "\ud83d\ude00\u00e9\n\/\"", "Statement": []}"#;
    let document = parse(text, Kind::Identity).unwrap();
    assert_eq!(document.id, Some(Text::Known("😀é\n/\"".into())));
}

#[test]
fn every_operator_is_read_in_any_case() {
    for base in Base::ALL {
        for (prefix, set) in [
            ("", None),
            ("forallvalues:", Some(SetPrefix::ForAllValues)),
            ("FORANYVALUE:", Some(SetPrefix::ForAnyValue)),
        ] {
            for (suffix, if_exists) in [("", false), ("ifexists", true)] {
                let written = format!("{prefix}{}{suffix}", base.as_str().to_uppercase());
                let expected = match base {
                    Base::Null if if_exists || set.is_some() => Operator::Unknown(written.clone()),
                    _ => Operator::Known { set, base, if_exists },
                };
                assert_eq!(Operator::read(&written), expected, "{written}");
            }
        }
    }
    for written in ["", "StringEqualsIfExistsIfExists", "ForSomeValues:StringEquals", "StringMatches", "Arn Like"] {
        assert_eq!(Operator::read(written), Operator::Unknown(written.to_owned()));
    }
}

#[test]
fn unknown_operators_are_kept_and_flagged() {
    let text = statement(r#", "Condition": {"StringMatches": {"aws:username": "a"}}"#);
    let document = parse(&text, Kind::Identity).unwrap();
    assert!(document.has_unknown_operators());
    assert_eq!(document.statements[0].conditions[0].operator, Operator::Unknown("StringMatches".into()));
}

#[test]
fn faults_are_told_with_path_place_and_help() {
    let identity = [
        "",
        "{\"Statement\": [",
        "{\"Statement\": []} x",
        "{\"Statement\": [],}",
        "{\"Statement\": [{\"Effect\": \"Allow\",\n  \"Action\": tru}]}",
        r#"{"Statement": [{"Effect": "\ud800"}]}"#,
        "[]",
        "{}",
        r#"{"Version": "2012-10-17", "Statement": [], "Version": "2008-10-17"}"#,
        r#"{"Version": "2023-01-01", "Statement": []}"#,
        r#"{"Version": 2012, "Statement": []}"#,
        r#"{"statement": []}"#,
        r#"{"Statement": [], "Comment": ""}"#,
        r#"{"Statement": "s3:*"}"#,
        r#"{"Statement": [{"Action": "s3:*", "Resource": "*"}]}"#,
        r#"{"Statement": [{"Effect": "allow", "Action": "s3:*", "Resource": "*"}]}"#,
        r#"{"Statement": [{"Effect": "Allow", "Resource": "*"}]}"#,
        r#"{"Statement": [{"Effect": "Allow", "Action": "s3:*"}]}"#,
        r#"{"Statement": [{"Effect": "Allow", "Action": "s3:*", "NotAction": "s3:*", "Resource": "*"}]}"#,
        r#"{"Statement": [{"Effect": "Allow", "NotAction": [], "Resource": "*"}]}"#,
        r#"{"Statement": [{"Effect": "Allow", "Action": "s3", "Resource": "*"}]}"#,
        r#"{"Statement": [{"Effect": "Allow", "Action": ["s3:*", 1], "Resource": "*"}]}"#,
        r#"{"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Principal": "*"}]}"#,
        &statement(r#", "Condition": {"StringLike": {"s3:prefix": {"a": 1}}}"#),
        &statement(r#", "Condition": {"StringLike": {"s3:prefix": "a", "S3:Prefix": "b"}}"#),
        &statement(r#", "Condition": {"StringLike": {"a:b": "a"}, "stringlike": {"a:c": "b"}}"#),
        &statement(r#", "Condition": {"StringLike": "a"}"#),
        &statement(r#", "Condition": {"StringLike": {"a:b": null}}"#),
        &statement(", \"\\u202eevil\\n\": 1"),
        &format!("{}1{}", "[".repeat(40), "]".repeat(40)),
        &format!("{{\"Statement\": [], \"Id\": \"{}\"}}", "a".repeat(MAX_BYTES)),
    ];
    let resource = [
        r#"{"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}"#,
        r#"{"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Principal": "me"}]}"#,
        r#"{"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Principal": {"aws": "*"}}]}"#,
        r#"{"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*", "NotPrincipal": {"AWS": []}}]}"#,
    ];
    let trust = [
        r#"{"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "NotPrincipal": {"AWS": "1"}}]}"#,
        r#"{"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*", "Resource": "*"}]}"#,
    ];
    let mut told: Vec<String> = Vec::new();
    told.extend(identity.iter().map(|text| refused(text, Kind::Identity)));
    told.extend(resource.iter().map(|text| refused(text, Kind::Resource)));
    told.extend(trust.iter().map(|text| refused(text, Kind::Trust)));
    for message in &told {
        assert!(!message.contains(['\n', '\u{202e}']), "{message:?}");
    }
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn resource_policies_may_leave_the_resource_out() {
    let text = r#"{"Statement": [{"Effect": "Allow", "Action": "ecr:*", "Principal": {"AWS": "*"}}]}"#;
    assert!(parse(text, Kind::Resource).unwrap().statements[0].resource.is_none());
    assert_eq!(guess_kind(text).unwrap(), Kind::Resource);
    assert_eq!(guess_kind(&statement("")).unwrap(), Kind::Identity);
}

/// Parts with a hole at each `<name>`.
fn parts(text: &str) -> Vec<Part> {
    text.split('<')
        .enumerate()
        .flat_map(|(index, piece)| match piece.split_once('>') {
            Some((name, rest)) if index > 0 => vec![Part::Hole(HoleId::new(name)), Part::Literal(rest.to_owned())],
            _ => vec![Part::Literal(piece.to_owned())],
        })
        .collect()
}

#[test]
fn holes_stand_where_the_table_says() {
    let text = r#"{"Version": "2012-10-17", "Statement": [<whole>, {
        "Sid": <sid>, "Effect": <effect>, "Principal": {"AWS": <ids>, "Federated": "arn:aws:iam::<account>:x"},
        "Action": <actions>, "Resource": ["arn:aws:s3:::<bucket>/*", "<one>", <two>],
        "Condition": {"StringEquals": {"<issuer>:sub": <values>}, "ArnLike": <block>}},
        {"Effect": "Deny", "Principal": <who>, "Action": "*", "Condition": <all>}]}"#;
    let document = parse_parts(&parts(text), Kind::Resource).unwrap();
    assert!(document.has_holes());
    assert_eq!(document.unknown_statements.len(), 1);
    let first = &document.statements[0];
    assert_eq!(first.index, 1);
    assert_eq!(first.effect, Effect::Unknown(HoleId::new("effect")));
    assert_eq!(first.action.set.items, [Item::Many(HoleId::new("actions"))]);
    let resources = &first.resource.as_ref().unwrap().set.items;
    assert_eq!(
        resources[0],
        Item::One(Text::Partial(vec![
            Part::Literal("arn:aws:s3:::".into()),
            Part::Hole(HoleId::new("bucket")),
            Part::Literal("/*".into())
        ]))
    );
    assert_eq!(resources[2], Item::One(Text::Partial(vec![Part::Hole(HoleId::new("two"))])));
    assert_eq!(first.conditions[0].key.display(), "<unknown issuer>:sub");
    assert_eq!(first.unknown_conditions, [HoleId::new("block")]);
    let second = &document.statements[1];
    assert_eq!(second.principal.as_ref().unwrap().set, Principals::Unknown(HoleId::new("who")));
    assert_eq!(second.unknown_conditions, [HoleId::new("all")]);
    assert_eq!(parse_parts(&document.to_parts(), Kind::Resource).unwrap(), document);

    let list = parse_parts(&parts(r#"{"Statement": <all>}"#), Kind::Identity).unwrap();
    assert!(list.unknown_statements[0].many);
    assert_eq!(parse_parts(&list.to_parts(), Kind::Identity).unwrap(), list);

    for text in [
        r#"{"Version": <v>, "Statement": []}"#,
        r#"{"Version": "20<v>", "Statement": []}"#,
        r#"{<members>}"#,
        r#"{"Statement": [{"Effect": "Al<x>", "Action": "*", "Resource": "*"}]}"#,
        r#"{"Statement": [{"Effect": "Allow", "<x>": "*", "Resource": "*"}]}"#,
        r#"{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"<op>": {}}}]}"#,
    ] {
        assert!(parse_parts(&parts(text), Kind::Identity).is_err(), "{text}");
    }
}

/// Any JSON string that tests escapes.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[a-zA-Z0-9:/*?${}._-]{1,12}", 1 => "\\PC{0,6}", 1 => Just("\"\\\u{0}\u{7f}\u{1f600}é".to_owned())]
}

fn list() -> impl Strategy<Value = Value> {
    prop_oneof![text().prop_map(Value::from), prop::collection::vec(text(), 0..4).prop_map(Value::from)]
}

fn action() -> impl Strategy<Value = Value> {
    let one = prop_oneof![Just("*".to_owned()), "[a-z0-9]{1,5}:[A-Za-z*?]{1,8}"];
    prop::collection::vec(one, 1..4).prop_map(Value::from)
}

fn principal() -> impl Strategy<Value = Value> {
    let kinds = prop::sample::subsequence(vec!["AWS", "Service", "Federated", "CanonicalUser"], 1..=4);
    let listed = kinds.prop_flat_map(|kinds| {
        let lists = (0..kinds.len()).map(|_| prop::collection::vec(text(), 1..3)).collect::<Vec<_>>();
        lists.prop_map(move |lists| kinds.iter().copied().zip(lists).map(|(k, v)| (k.to_owned(), json!(v))).collect())
    });
    prop_oneof![Just(json!("*")), listed.prop_map(Value::Object)]
}

fn conditions() -> impl Strategy<Value = Value> {
    let operator = prop_oneof![
        (0..Base::ALL.len(), 0..3usize, any::<bool>()).prop_map(|(base, prefix, if_exists)| {
            let prefix = ["", "ForAllValues:", "ForAnyValue:"][prefix];
            format!("{prefix}{}{}", Base::ALL[base].as_str(), if if_exists { "IfExists" } else { "" })
        }),
        "[A-Z][a-z]{3,8}"
    ];
    let keys = prop::collection::btree_map("[a-z0-9]{1,4}:[a-z/]{1,6}", list(), 1..3);
    prop::collection::btree_map(operator, keys, 0..3).prop_map(|block| json!(block))
}

/// A resource policy in JSON.
fn policy() -> impl Strategy<Value = Value> {
    let statement = (any::<[bool; 4]>(), principal(), action(), text(), list(), conditions()).prop_map(
        |([deny, not_principal, not_action, with_condition], principal, action, sid, resource, condition)| {
            let mut statement =
                json!({"Sid": sid, "Effect": if deny { "Deny" } else { "Allow" }, "Resource": resource});
            statement[if not_principal { "NotPrincipal" } else { "Principal" }] = principal;
            statement[if not_action { "NotAction" } else { "Action" }] = action;
            if with_condition {
                statement["Condition"] = condition;
            }
            statement
        },
    );
    (prop::collection::vec(statement, 0..4), 0..3usize).prop_map(|(statements, version)| {
        let mut document = json!({ "Statement": statements });
        if let Some(version) = [None, Some("2008-10-17"), Some("2012-10-17")][version] {
            document["Version"] = json!(version);
        }
        document
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn writing_is_the_inverse_of_reading(policy in policy()) {
        let document = parse(&policy.to_string(), Kind::Resource).unwrap();
        let written = document.to_json();
        prop_assert_eq!(&parse(&written, Kind::Resource).unwrap(), &document);
        prop_assert_eq!(parse(&written, Kind::Resource).unwrap().to_json(), written);
        // Layout says nothing.
        let pretty = serde_json::to_string_pretty(&policy).unwrap();
        prop_assert_eq!(parse(&pretty, Kind::Resource).unwrap(), document);
    }

    #[test]
    fn any_string_may_be_a_hole(policy in policy(), which in any::<prop::sample::Index>()) {
        // Cuts one quoted string of the text out and puts a hole inside the quotes.
        let text = parse(&policy.to_string(), Kind::Resource).unwrap().to_json();
        let quotes: Vec<usize> = unescaped_quotes(&text);
        let pair = which.index((quotes.len() / 2).max(1));
        if let (Some(&open), Some(&close)) = (quotes.get(2 * pair), quotes.get(2 * pair + 1)) {
            let holed = [
                Part::Literal(text[..=open].to_owned()),
                Part::Hole(HoleId::new("h")),
                Part::Literal(text[close..].to_owned()),
            ];
            if let Ok(document) = parse_parts(&holed, Kind::Resource) {
                prop_assert!(document.has_holes() || document.statements.iter().any(|s| s.sid.is_some()));
                prop_assert_eq!(parse_parts(&document.to_parts(), Kind::Resource).unwrap(), document);
            }
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[\\[\\]{}\",:a0-9 \\\\u*]{0,60}") {
        for kind in [Kind::Identity, Kind::Resource, Kind::Trust] {
            let ours = parse(&text, kind);
            if serde_json::from_str::<Value>(&text).is_err() {
                prop_assert!(ours.is_err());
            }
        }
    }
}

/// The offsets of the quotes that open and close strings.
fn unescaped_quotes(text: &str) -> Vec<usize> {
    let mut quotes = Vec::new();
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => quotes.push(at),
            _ => {}
        }
    }
    quotes
}

/// Every policy of the shared benchmark is read.
#[test]
fn benchmark_policies_are_read() {
    let Some(path) =
        std::env::var_os("TOLLGATE_SHARED").map(std::path::PathBuf::from).or_else(|| Some("../shared".into()))
    else {
        return;
    };
    let Ok(text) = std::fs::read_to_string(path.join("data/quacky-policies.json")) else {
        eprintln!("skipped: {} is not there", path.display());
        return;
    };
    let data: Value = serde_json::from_str(&text).unwrap();
    let policies = data["policies"].as_object().unwrap();
    assert!(policies.len() > 100);
    for (name, policy) in policies {
        let text = policy.as_str().map_or_else(|| policy.to_string(), str::to_owned);
        let kind = guess_kind(&text).unwrap();
        let document: Document = parse(&text, kind).unwrap_or_else(|error| panic!("{name}: {error}\n{text}"));
        assert_eq!(parse(&document.to_json(), kind).unwrap(), document);
    }
}
