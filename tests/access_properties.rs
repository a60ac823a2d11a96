//! Document against document, on random documents over small alphabets, with the independent evaluator as judge.
//!
//! A few hundred cases a property by default; `PROPTEST_CASES` asks for more.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail")]

use std::sync::OnceLock;

use proptest::prelude::*;
use serde_json::{Value, json};
use tollgate::access::aws::diff::Diff;
use tollgate::access::aws::document::Document;
use tollgate::access::aws::evaluate::{Context, ContextValue, Layer, Principal, Reading, Request, evaluate_document};
use tollgate::access::aws::parse::{Kind, parse};
use tollgate::access::compare::Options;
use tollgate::access::{Access, Verdict, Witness};

#[path = "support/respell.rs"]
mod respell;

const ACTIONS: [&str; 7] = ["s3:GetObject", "S3:getobject", "s3:Get*", "s3:*", "*", "sqs:SendMessag?", "s3:PutObject"];
const RESOURCES: [&str; 12] = [
    "*",
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::b/k",
    "arn:aws:s3:::b/K",
    "arn:aws:s3:::*/k",
    "arn:aws:s3:::b/?",
    "arn:aws:s3:::b/${aws:username}",
    "arn:aws:s3:::b/${aws:username, 'k'}",
    "arn:aws:s3:::${aws:username}/*",
    "arn:*:k",
    "arn:aws:s3:::b/${*}",
    "arn:aws:s3:::b/${aws:TagKeys}",
];
const OPERATORS: [&str; 14] = [
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "ArnLike",
    "ArnNotEquals",
    "StringEqualsIfExists",
    "StringNotLikeIfExists",
    "ForAllValues:StringEquals",
    "ForAllValues:StringNotLike",
    "ForAnyValue:StringLike",
    "ForAnyValue:StringNotEquals",
    "ForAnyValue:StringEqualsIfExists",
];
const VALUES: [&str; 9] = ["k", "K", "*", "?", "${aws:username}", "", "arn:*", "\u{e9}", "x${aws:username}"];
const KEYS: [&str; 3] = ["aws:TagKeys", "aws:username", "s3:prefix"];
const PRINCIPALS: [&str; 8] = [
    "*",
    "111111111111",
    "arn:aws:iam::111111111111:root",
    "arn:aws:iam::111111111111:user/u",
    "arn:aws:iam::111111111111:role/p/r",
    "arn:aws:sts::111111111111:assumed-role/r/s",
    "arn:aws:iam::222222222222:user/u",
    "arn:aws:iam::222222222222:root",
];

fn some(of: &'static [&'static str]) -> impl Strategy<Value = Vec<&'static str>> {
    prop::collection::vec(prop::sample::select(of), 1..3)
}

fn condition() -> impl Strategy<Value = (&'static str, &'static str, Value)> {
    let strings = (prop::sample::select(&OPERATORS[..]), prop::sample::select(&KEYS[..]), some(&VALUES))
        .prop_map(|(operator, key, values)| (operator, key, json!(values)));
    let number = (
        prop::sample::select(
            &["NumericLessThan", "NumericNotEquals", "NumericEqualsIfExists", "NumericGreaterThan"][..],
        ),
        0..3u8,
    )
        .prop_map(|(operator, value)| (operator, "s3:max-keys", json!(value.to_string())));
    let address = (
        prop::sample::select(&["IpAddress", "NotIpAddress"][..]),
        some(&["10.0.0.0/8", "10.0.0.1", "0.0.0.0/0", "::/0", "2001:db8::/32"]),
    )
        .prop_map(|(operator, values)| (operator, "aws:SourceIp", json!(values)));
    let null = (prop::sample::select(&KEYS[..]), any::<bool>())
        .prop_map(|(key, missing)| ("Null", key, json!(missing.to_string())));
    prop_oneof![6 => strings, 1 => number, 1 => address, 1 => null]
}

fn conditions() -> impl Strategy<Value = Option<Value>> {
    prop::collection::vec(condition(), 0..3).prop_map(|list| {
        let mut out = json!({});
        for (operator, key, values) in list {
            out[operator][key] = values;
        }
        out.as_object().is_some_and(|map| !map.is_empty()).then_some(out)
    })
}

fn statement(deny: u32) -> impl Strategy<Value = Value> {
    let effect = prop_oneof![4 => Just("Allow"), deny => Just("Deny")];
    let not = || prop::bool::weighted(0.25);
    (effect, not(), some(&ACTIONS), not(), some(&RESOURCES), conditions()).prop_map(
        |(effect, not_action, actions, not_resource, resources, conditions)| {
            let mut one = json!({"Effect": effect});
            one[if not_action { "NotAction" } else { "Action" }] = json!(actions);
            one[if not_resource { "NotResource" } else { "Resource" }] = json!(resources);
            if let Some(conditions) = conditions {
                one["Condition"] = conditions;
            }
            one
        },
    )
}

/// The statement of a resource policy.
fn granted() -> impl Strategy<Value = Value> {
    (statement(2), prop::bool::weighted(0.3), some(&PRINCIPALS), 0..8u8).prop_map(|(mut one, not, ids, form)| {
        let who = match form {
            0 if !not => json!("*"),
            1 => json!({"Service": "lambda.amazonaws.com"}),
            _ => json!({"AWS": ids}),
        };
        one[if not { "NotPrincipal" } else { "Principal" }] = who;
        one
    })
}

/// A document as text and as it is read.
fn read(kind: Kind, version: &str, statements: &[Value]) -> Document {
    parse(&json!({"Version": version, "Statement": statements}).to_string(), kind).unwrap()
}

fn version() -> impl Strategy<Value = &'static str> {
    prop_oneof![4 => Just("2012-10-17"), 1 => Just("2008-10-17")]
}

fn statements() -> impl Strategy<Value = Vec<Value>> {
    prop::collection::vec(statement(2), 1..4)
}

fn callers() -> Vec<Principal> {
    let arns = [
        "arn:aws:iam::111111111111:root",
        "arn:aws:iam::111111111111:user/u",
        "arn:aws:iam::111111111111:role/p/r",
        "arn:aws:sts::111111111111:assumed-role/r/s",
        "arn:aws:sts::111111111111:assumed-role/r/t",
        "arn:aws:iam::222222222222:user/u",
        "arn:aws:iam::333333333333:user/v",
    ];
    let mut all: Vec<Principal> = arns.into_iter().map(|arn| Principal::from_arn(arn).unwrap()).collect();
    all.push(Principal::Anonymous);
    all.push(Principal::Service("lambda.amazonaws.com".to_owned()));
    all
}

/// Every request of a small universe; keys that matter less, and the callers, in rotation.
fn requests() -> &'static [Request] {
    static ALL: OnceLock<Vec<Request>> = OnceLock::new();
    ALL.get_or_init(|| {
        let one = |text: &str| Some(ContextValue::One(text.to_owned()));
        let many = |list: &[&str]| Some(ContextValue::Many(list.iter().map(|text| (*text).to_owned()).collect()));
        let names = [None, one("k"), one("K"), one("*"), one("b"), one("")];
        let lists: [&[&str]; 7] = [&["k"], &["K", "k"], &["\u{e9}"], &["\u{c9}"], &[""], &["x"], &["k", "x"]];
        let tags: Vec<Option<ContextValue>> = lists.iter().map(|list| many(list)).chain([None]).collect();
        let prefixes = [None, one("k"), one("arn:a:b:c:d:e"), one(""), one("xk")];
        let numbers = [None, one("0"), one("2"), one("1")];
        let addresses = [None, one("10.0.0.1"), one("10.1.1.1"), one("192.0.2.1"), one("2001:db8::1"), one("::1")];
        let callers = callers();
        let mut out = Vec::new();
        let mut turn = 0;
        for action in ["s3:GetObject", "s3:PutObject", "sqs:SendMessage", "iam:PassRole", "new:Thing"] {
            for resource in [
                "arn:aws:s3:::b/k",
                "arn:aws:s3:::b/K",
                "arn:aws:s3:::b/*",
                "arn:aws:s3:::k/k",
                "arn:aws:sqs:a:1:k",
                "x",
            ] {
                for name in &names {
                    for tag in &tags {
                        turn += 1;
                        let pairs = [
                            ("aws:username", name),
                            ("aws:TagKeys", tag),
                            ("s3:prefix", &prefixes[turn % 5]),
                            ("s3:max-keys", &numbers[turn / 3 % 4]),
                            ("aws:SourceIp", &addresses[turn / 7 % 6]),
                        ];
                        let context: Context = pairs
                            .into_iter()
                            .filter_map(|(key, value)| Some((key.to_owned(), value.clone()?)))
                            .collect();
                        out.push(Request {
                            principal: callers[turn / 2 % callers.len()].clone(),
                            action: action.to_owned(),
                            resource: resource.to_owned(),
                            resource_account: None,
                            context,
                        });
                    }
                }
            }
        }
        out
    })
}

/// Two documents of a kind.
struct Sides<'a> {
    before: &'a Document,
    after: &'a Document,
    kind: Kind,
}

impl Sides<'_> {
    /// Whether the request is certainly permitted after and certainly refused before, under a reading.
    fn is_new(&self, request: &Request, reading: Reading) -> bool {
        let layer = if self.kind == Kind::Identity { Layer::Identity } else { Layer::Resource };
        evaluate_document(self.after, layer, request, reading).is_allowed()
            && evaluate_document(self.before, layer, request, reading).is_denied()
    }

    fn compared(&self, cancel: bool) -> Access {
        let options = Options { cancel, ..Options::default() };
        Diff { options, ..Diff::new(self.before, self.after, self.kind) }.gained()
    }

    /// Every claim of a comparison, checked.
    fn check(&self, access: &Access) -> Result<(), TestCaseError> {
        for reason in &access.reasons {
            prop_assert!(!["budget", "unconfirmed"].contains(&reason.code.as_str()), "{reason:?}");
        }
        for piece in &access.new {
            // A report does not tell one value from a list of one.
            let stands = |list| self.is_new(&self.replayed(&piece.witness, list), Reading::default());
            prop_assert!(stands(true) || stands(false), "does not replay: {:?}", piece.witness);
        }
        if access.verdict == Verdict::None {
            // A sixth of the universe, another one for every pair: over many cases all of it has its turn.
            let turned = Reading::each_alone();
            let first = format!("{:?}", (self.before, self.after)).len() % 6;
            for (at, request) in requests().iter().enumerate().skip(first).step_by(6) {
                for reading in [Reading::default(), turned[at / 6 % turned.len()]] {
                    prop_assert!(!self.is_new(request, reading), "`none`, but {request:?} under {reading:?}");
                }
            }
        }
        Ok(())
    }

    /// The witness as its report shows it.
    fn replayed(&self, witness: &Witness, lists: bool) -> Request {
        let context = witness.context.iter().map(|(key, values)| {
            let list = lists && key.eq_ignore_ascii_case("aws:TagKeys");
            let value = match values.as_slice() {
                [one] if !list => ContextValue::One(one.clone()),
                many => ContextValue::Many(many.to_vec()),
            };
            (key.clone(), value)
        });
        let who = witness.principal.as_str();
        let principal = match Principal::from_arn(who) {
            Some(principal) if self.kind != Kind::Identity => principal,
            _ => who.strip_prefix("Service:").map_or(Principal::Anonymous, |name| Principal::Service(name.to_owned())),
        };
        Request {
            principal,
            action: witness.action.clone(),
            resource: witness.resource.clone(),
            resource_account: None,
            context: context.collect(),
        }
    }
}

fn identity(version: &str, before: &[Value], after: &[Value], cancel: bool) -> Result<(), TestCaseError> {
    let (before, after) = (read(Kind::Identity, version, before), read(Kind::Identity, version, after));
    let sides = Sides { before: &before, after: &after, kind: Kind::Identity };
    sides.check(&sides.compared(cancel))
}

/// A few hundred by default; proptest itself reads `PROPTEST_CASES`.
fn cases() -> ProptestConfig {
    let (default, stock) = (ProptestConfig::default(), 256);
    if default.cases == stock { ProptestConfig { cases: 250, ..default } } else { default }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn verdicts_agree_with_brute_force(
        versions in (version(), version()),
        before in statements(),
        after in statements(),
        cancel in any::<bool>(),
    ) {
        let (before, after) = (read(Kind::Identity, versions.0, &before), read(Kind::Identity, versions.1, &after));
        let sides = Sides { before: &before, after: &after, kind: Kind::Identity };
        sides.check(&sides.compared(cancel))?;
    }

    /// One statement apart: verdicts of `none` are frequent here.
    #[test]
    fn near_documents_agree_with_brute_force(
        version in version(),
        list in statements(),
        other in statement(2),
        at in 0..4usize,
    ) {
        let mut near = list.clone();
        if let Some(slot) = near.get_mut(at) { *slot = other } else { near.push(other) }
        identity(version, &list, &near, false)?;
        identity(version, &near, &list, true)?;
    }

    #[test]
    fn resource_policies_agree_with_brute_force(
        version in version(),
        list in prop::collection::vec(granted(), 1..4),
        other in granted(),
        at in 0..4usize,
        cancel in any::<bool>(),
    ) {
        let mut near = list.clone();
        if let Some(slot) = near.get_mut(at) { *slot = other } else { near.push(other) }
        let (one, two) = (read(Kind::Resource, version, &list), read(Kind::Resource, version, &near));
        for (before, after) in [(&one, &two), (&two, &one)] {
            let sides = Sides { before, after, kind: Kind::Resource };
            sides.check(&sides.compared(cancel))?;
        }
    }

    /// Reflexive, and invariant under another order, splitting, repeating, and the case of actions.
    #[test]
    fn respelling_changes_nothing(version in version(), list in statements(), cancel in any::<bool>()) {
        let one = read(Kind::Identity, version, &list);
        let copy = respell::respelled(&one);
        for (before, after) in [(&one, &copy), (&copy, &one), (&one, &one.clone())] {
            let access = Sides { before, after, kind: Kind::Identity }.compared(cancel);
            prop_assert_eq!(access.verdict, Verdict::None, "{:?} {:?}", access.reasons, access.new);
        }
    }

    /// Monotone in allow statements, antitone in deny statements.
    #[test]
    fn fewer_grants_and_more_denials_permit_nothing_new(
        version in version(),
        list in statements(),
        more in statement(2),
        cancel in any::<bool>(),
    ) {
        let with: Vec<Value> = list.iter().cloned().chain([more.clone()]).collect();
        let (less, wide) = (read(Kind::Identity, version, &list), read(Kind::Identity, version, &with));
        let (before, after) = if more["Effect"] == "Allow" { (&wide, &less) } else { (&less, &wide) };
        let access = Sides { before, after, kind: Kind::Identity }.compared(cancel);
        prop_assert_eq!(access.verdict, Verdict::None, "{:?}", access.reasons);
    }
}
