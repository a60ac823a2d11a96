//! The concrete evaluator: the truth table of conditions without gaps, case, wildcards and variables, and laws that
//! hold whatever the documents say.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail by panicking")]

use proptest::prelude::*;
use serde_json::{Value, json};
use tollgate::access::aws::document::{Base, Document};
use tollgate::access::aws::evaluate::{
    Context, ContextValue, Layer, Outcome, Policies, Principal, Reading, Request, evaluate, evaluate_document,
};
use tollgate::access::aws::parse::{Kind, parse};

fn identity(policy: &Value) -> Document {
    parse(&policy.to_string(), Kind::Identity).unwrap()
}

fn request(action: &str, resource: &str, context: Context) -> Request {
    Request {
        principal: Principal::from_arn("arn:aws:iam::111122223333:user/ann").unwrap(),
        action: action.to_owned(),
        resource: resource.to_owned(),
        resource_account: None,
        context,
    }
}

/// Whether one allow statement with this condition permits a request with this context.
fn permits(condition: &Value, context: Context, reading: Reading) -> Outcome {
    let document = identity(&json!({"Version": "2012-10-17", "Statement":
        {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}}));
    evaluate_document(&document, Layer::Identity, &request("s3:GetObject", "*", context), reading)
}

/// For each base operator but `Null`: a listed value, a request's value it matches, and one it does not match,
/// before any negation.
const SAMPLES: [(Base, &str, &str, &str); 26] = [
    (Base::StringEquals, "Red", "Red", "red"),
    (Base::StringNotEquals, "Red", "Red", "red"),
    (Base::StringEqualsIgnoreCase, "Red", "rED", "blue"),
    (Base::StringNotEqualsIgnoreCase, "Red", "rED", "blue"),
    (Base::StringLike, "R*d?", "Reads", "Red"),
    (Base::StringNotLike, "R*d?", "Reads", "Red"),
    (Base::NumericEquals, "10", "1e1", "10.01"),
    (Base::NumericNotEquals, "10", "10.0", "-10"),
    (Base::NumericLessThan, "10", "9.99", "10"),
    (Base::NumericLessThanEquals, "10", "10", "10.000001"),
    (Base::NumericGreaterThan, "-5", "-4", "-5"),
    (Base::NumericGreaterThanEquals, "-5", "-5.0", "-6"),
    (Base::DateEquals, "2020-01-01T00:00:00Z", "1577836800", "2020-01-01T00:00:01Z"),
    (Base::DateNotEquals, "2020-01-01", "2020-01-01T01:00:00+01:00", "2020-01-02"),
    (Base::DateLessThan, "2020-01-01T00:00:00Z", "2019-12-31T23:59:59.999Z", "2020-01-01T00:00:00Z"),
    (Base::DateLessThanEquals, "2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z", "2020-01-01T00:00:00.001Z"),
    (Base::DateGreaterThan, "2020-02-28", "2020-02-29", "2020-02-28"),
    (Base::DateGreaterThanEquals, "2020-02-28", "2020-02-28", "2020"),
    (Base::Bool, "true", "True", "false"),
    (Base::BinaryEquals, "QmluYXJ5", "QmluYXJ5", "qmluyxj5"),
    (Base::IpAddress, "203.0.113.0/24", "203.0.113.255", "203.0.114.0"),
    (Base::NotIpAddress, "2001:db8::/32", "2001:db8:1::1", "203.0.113.1"),
    (Base::ArnEquals, "arn:aws:s3:::b*", "arn:aws:s3:::bucket", "arn:aws:s3:::other"),
    (Base::ArnLike, "arn:aws:sns:*:1111:t", "arn:aws:sns:eu:1111:t", "arn:aws:sns:eu:2222:t"),
    (Base::ArnNotEquals, "arn:aws:sns:*:1111:t", "arn:aws:sns:eu:1111:t", "arn:aws:sns:a:b:1111:t"),
    (Base::ArnNotLike, "arn:aws:s3:::b*", "arn:aws:s3:::b:c", "arn:aws:s3:::a"),
];

/// What a request says about the key.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Given {
    Missing,
    Empty,
    One(bool),
    Many(bool, bool),
}

/// The truth table of the IAM User Guide, by its rows; `None` where the plain reading is not the only one.
fn expected(prefix: &str, if_exists: bool, negated: bool, given: Given) -> bool {
    let base = |matches: bool| matches != negated;
    match (prefix, given) {
        ("", Given::Missing | Given::Empty) => negated || if_exists,
        ("", Given::One(matches)) => base(matches),
        ("", Given::Many(..)) => false,
        ("ForAllValues:", Given::Missing | Given::Empty) => true,
        ("ForAllValues:", Given::One(matches)) => base(matches),
        ("ForAllValues:", Given::Many(first, second)) => base(first) && base(second),
        (_, Given::Missing | Given::Empty) => false,
        (_, Given::One(matches)) => base(matches),
        (_, Given::Many(first, second)) => base(first) || base(second),
    }
}

#[test]
fn the_truth_table_of_conditions_without_gaps() {
    let mut cells = 0;
    for (base, listed, matching, other) in SAMPLES {
        let value = |matches: bool| if matches { matching } else { other };
        for prefix in ["", "ForAllValues:", "ForAnyValue:"] {
            for if_exists in [false, true] {
                for given in [
                    Given::Missing,
                    Given::Empty,
                    Given::One(true),
                    Given::One(false),
                    Given::Many(true, true),
                    Given::Many(true, false),
                    Given::Many(false, true),
                    Given::Many(false, false),
                ] {
                    let operator = format!("{prefix}{}{}", base.as_str(), if if_exists { "IfExists" } else { "" });
                    let mut context = Context::new();
                    match given {
                        Given::Missing => {}
                        Given::Empty => context.set("x:Key", []),
                        Given::One(matches) => context.set("x:Key", value(matches)),
                        Given::Many(first, second) => context.set("x:Key", [value(first), value(second)]),
                    }
                    // A value that matches nothing stands beside the listed one: positive operators need one
                    // match, negated ones none at all.
                    let nothing = match base.family() {
                        tollgate::access::aws::document::Family::Numeric => return_number(base),
                        tollgate::access::aws::document::Family::Date => return_date(base),
                        tollgate::access::aws::document::Family::Ip => "198.51.100.1",
                        _ => "arn:no:such:value:at:all",
                    };
                    for values in [json!(listed), json!([nothing, listed])] {
                        let condition = json!({ &operator: {"X:kEY": values} });
                        let outcome = permits(&condition, context.clone(), Reading::default());
                        let wanted = expected(prefix, if_exists, base.is_negated(), given);
                        assert_eq!(outcome.is_allowed(), wanted, "{condition} {given:?}");
                        assert_ne!(outcome.is_allowed(), outcome.is_denied(), "{condition} {given:?}");
                        cells += 1;
                    }
                }
            }
        }
    }
    assert_eq!(cells, 26 * 3 * 2 * 8 * 2);
}

/// A number that no sample matches under the operator.
fn return_number(base: Base) -> &'static str {
    match base {
        Base::NumericGreaterThan | Base::NumericGreaterThanEquals => "1000",
        _ => "-1000",
    }
}

/// A date that no sample matches under the operator.
fn return_date(base: Base) -> &'static str {
    match base {
        Base::DateGreaterThan | Base::DateGreaterThanEquals => "2100-01-01",
        _ => "1971-01-01",
    }
}

#[test]
fn null_tests_presence() {
    for (listed, given, wanted) in [
        ("true", None, true),
        ("True", Some(ContextValue::from("x")), false),
        ("false", None, false),
        ("false", Some(ContextValue::from("x")), true),
        ("false", Some(ContextValue::from("")), true),
        ("false", Some(ContextValue::from([])), false),
        ("true", Some(ContextValue::from([])), true),
        ("false", Some(ContextValue::from(["x", "y"])), true),
    ] {
        let context: Context = given.clone().map(|value| ("x:key", value)).into_iter().collect();
        let outcome = permits(&json!({"Null": {"x:key": listed}}), context, Reading::default());
        assert_eq!(outcome.is_allowed(), wanted, "{listed} {given:?}");
    }
}

#[test]
fn contested_cells_follow_the_reading() {
    let plain = Reading::default();
    let many: Context = [("x:key", ["a", "b"])].into_iter().collect();
    let any = json!({"ForAnyValue:StringEqualsIfExists": {"x:key": "a"}});
    assert!(permits(&any, Context::new(), plain).is_denied());
    assert!(permits(&any, Context::new(), Reading { any_if_exists: true, ..plain }).is_allowed());

    let bare = json!({"StringEquals": {"x:key": "a"}});
    assert!(permits(&bare, many.clone(), plain).is_denied());
    assert!(permits(&bare, many, Reading { plain_is_any: true, ..plain }).is_allowed());

    let tag = json!({"StringEquals": {"aws:ResourceTag/team": "a"}});
    let context: Context = [("AWS:resourcetag/Team", "a")].into_iter().collect();
    assert!(permits(&tag, context.clone(), plain).is_allowed());
    assert!(permits(&tag, context, Reading { tag_keys_mind_case: true, ..plain }).is_denied());

    let unset = json!({"StringNotEquals": {"x:key": ["${x:unset}", "b"]}});
    let a: Context = [("x:key", "a")].into_iter().collect();
    assert!(permits(&unset, a.clone(), plain).is_allowed());
    assert!(permits(&unset, a.clone(), Reading { unset_blocks_negated: true, ..plain }).is_denied());
    let beside = json!({"StringEquals": {"x:key": ["${x:unset}", "a"]}});
    assert!(permits(&beside, a.clone(), Reading { unset_blocks_negated: true, ..plain }).is_allowed());
    assert!(permits(&beside, a, Reading { unset_invalidates: true, ..plain }).is_denied());

    let short = json!({"ArnLike": {"x:key": "arn:aws:sns:*"}});
    let topic: Context = [("x:key", "arn:aws:sns:eu-west-1:111122223333:t")].into_iter().collect();
    assert!(permits(&short, topic.clone(), plain).is_allowed());
    assert!(permits(&short, topic, Reading { arns_have_six_parts: true, ..plain }).is_denied());

    let all = json!({"ForAllValues:StringEquals": {"x:key": "a"}});
    let empty: Context = [("x:key", "")].into_iter().collect();
    assert!(permits(&all, empty.clone(), plain).is_denied());
    assert!(permits(&all, empty, Reading { empty_is_missing: true, ..plain }).is_allowed());
}

/// Whether one allow statement on this resource permits a request on that one.
fn covers(element: &str, pattern: &str, resource: &str, context: Context, reading: Reading) -> bool {
    let mut statement = json!({"Effect": "Allow", "Action": "*"});
    statement[element] = json!(pattern);
    let document = identity(&json!({"Version": "2012-10-17", "Statement": statement}));
    evaluate_document(&document, Layer::Identity, &request("s3:GetObject", resource, context), reading).is_allowed()
}

#[test]
fn resources_are_matched_under_both_readings() {
    let plain = Reading::default();
    let segments = Reading { segments: true, ..plain };
    for (pattern, resource, whole, in_segments) in [
        ("*", "*", true, true),
        ("*", "arn:aws:s3:::b/k", true, true),
        ("arn:*", "*", false, false),
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b/", true, true),
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b/a/b:c", true, true),
        ("arn:aws:s3:::B/*", "arn:aws:s3:::b/a", false, false),
        ("arn:aws:s3:::b/?", "arn:aws:s3:::b/é", true, true),
        ("arn:aws:sqs:us-east-1:*", "arn:aws:sqs:us-east-1:1:q", true, true),
        ("arn:aws:sqs:*:1:q", "arn:aws:sqs:us-east-1:1:q", true, true),
        ("arn:aws:sqs:*:q", "arn:aws:sqs:us-east-1:1:q", true, false),
        ("arn:aws:logs:*:*:log-group:x:*", "arn:aws:logs:eu:1:log-group:x:log-stream:y", true, true),
        ("arn:aws:sqs:*1:q", "arn:aws:sqs:us:1:q", true, false),
        ("arn:aws:sqs:us?1:q", "arn:aws:sqs:us:1:q", true, false),
        ("arn:aws:s3:::b", "arn:aws:s3:::bb", false, false),
        ("arn:aws:s3:::${*}", "arn:aws:s3:::b", false, false),
        ("arn:aws:s3:::${*}", "arn:aws:s3:::*", true, true),
        ("arn:aws:s3:::${$}{a}", "arn:aws:s3:::${a}", true, true),
    ] {
        let both = [plain, segments].map(|reading| covers("Resource", pattern, resource, Context::new(), reading));
        assert_eq!(both, [whole, in_segments], "{pattern} {resource}");
        let neither =
            [plain, segments].map(|reading| covers("NotResource", pattern, resource, Context::new(), reading));
        assert_eq!(neither, [!whole, !in_segments], "NotResource {pattern} {resource}");
    }
}

#[test]
fn variables_take_the_value_of_single_valued_keys() {
    let plain = Reading::default();
    let late = Reading { late_variables: true, ..plain };
    let blocks = Reading { unset_blocks_not: true, ..plain };
    let ann: Context =
        [("aws:UserName", ContextValue::from("a*")), ("x:many", ["a*", "b"].into())].into_iter().collect();
    let pattern = "arn:aws:s3:::home/${AWS:username}/*";
    assert!(covers("Resource", pattern, "arn:aws:s3:::home/a*/x", ann.clone(), plain));
    assert!(!covers("Resource", pattern, "arn:aws:s3:::home/ann/x", ann.clone(), plain));
    assert!(!covers("Resource", pattern, "arn:aws:s3:::home//x", Context::new(), plain));
    assert!(covers("NotResource", pattern, "arn:aws:s3:::home//x", Context::new(), plain));
    assert!(!covers("NotResource", pattern, "arn:aws:s3:::home//x", Context::new(), blocks));
    assert!(!covers("Resource", "arn:aws:s3:::${x:many}", "arn:aws:s3:::a*", ann.clone(), plain));
    let early = "arn:aws:s3:${aws:username}::b";
    assert!(covers("Resource", early, "arn:aws:s3:a*::b", ann.clone(), plain));
    assert!(!covers("Resource", early, "arn:aws:s3:a*::b", ann, late));
    let default = "arn:aws:s3:::${aws:PrincipalTag/team, 'company-wide'}/*";
    assert!(covers("Resource", default, "arn:aws:s3:::company-wide/x", Context::new(), plain));
    let tagged: Context = [("aws:PrincipalTag/team", "red")].into_iter().collect();
    assert!(covers("Resource", default, "arn:aws:s3:::red/x", tagged.clone(), plain));
    assert!(!covers("Resource", default, "arn:aws:s3:::company-wide/x", tagged, plain));

    // Without the version, a variable is text.
    let old =
        identity(&json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::${aws:username}"}}));
    let mut asked = request("s3:GetObject", "arn:aws:s3:::${aws:username}", Context::new());
    assert!(evaluate_document(&old, Layer::Identity, &asked, plain).is_allowed());
    asked.resource = "arn:aws:s3:::ann".to_owned();
    assert!(evaluate_document(&old, Layer::Identity, &asked, plain).is_denied());
}

#[test]
fn actions_are_matched_without_case_and_sids_are_told() {
    for (pattern, action, wanted) in [
        ("S3:getobject", "s3:GetObject", true),
        ("s3:Get*", "s3:GetObject", true),
        ("s3:G?tObject", "s3:GetObject", true),
        ("s3:GetObject?", "s3:GetObject", false),
        ("*:GetObject", "s3:GetObject", true),
        ("**", "s3:GetObject", true),
        ("s3:*:*", "s3:GetObject", false),
        ("iam:*", "s3:GetObject", false),
    ] {
        let document = identity(&json!({"Statement": [
            {"Effect": "Deny", "Action": "none:*", "Resource": "*"},
            {"Sid": "second", "Effect": "Allow", "Action": pattern, "Resource": "*"}]}));
        let outcome =
            evaluate_document(&document, Layer::Scp(2), &request(action, "*", Context::new()), Reading::default());
        match outcome {
            Outcome::Allowed { by } if wanted => {
                assert_eq!((by[0].layer, by[0].statement, by[0].sid.as_deref()), (Layer::Scp(2), 1, Some("second")));
            }
            Outcome::ImplicitDeny { limit: Layer::Scp(2) } if !wanted => {}
            other => panic!("{pattern} {action}: {other:?}"),
        }
    }
}

#[test]
fn what_is_not_known_is_undetermined_only_where_it_matters() {
    let unknown = json!({"StringMatches": {"x:key": "a"}});
    assert!(matches!(permits(&unknown, Context::new(), Reading::default()), Outcome::Undetermined { .. }));
    // A condition that fails for certain settles the statement.
    let both = json!({"StringMatches": {"x:key": "a"}, "Null": {"x:key": "false"}});
    assert!(permits(&both, Context::new(), Reading::default()).is_denied());
    let numbers = json!({"NumericLessThan": {"x:key": "ten"}});
    let nine: Context = [("x:key", "9")].into_iter().collect();
    assert!(matches!(permits(&numbers, nine, Reading::default()), Outcome::Undetermined { .. }));
    // A deny that may match makes an allow undetermined, but not an implicit deny.
    let document = identity(&json!({"Statement": [
        {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
        {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"Nonsense": {"x:key": "a"}}}]}));
    let ask = |action| {
        evaluate_document(&document, Layer::Identity, &request(action, "*", Context::new()), Reading::default())
    };
    assert!(matches!(ask("s3:GetObject"), Outcome::Undetermined { .. }));
    assert!(matches!(ask("iam:PassRole"), Outcome::ImplicitDeny { .. }));
}

/// A statement over a small world.
fn statement(effect: &'static str) -> impl Strategy<Value = Value> {
    let actions = prop::sample::subsequence(vec!["s3:Get*", "s3:PutObject", "s?:*t", "iam:*", "*"], 1..3);
    let resources = prop::sample::subsequence(
        vec!["*", "arn:aws:s3:::a", "arn:aws:s3:::a/*", "arn:aws:s3:::${aws:username}/*", "arn:*:b"],
        1..3,
    );
    let operator = prop::sample::select(vec![
        "StringEquals",
        "StringNotEquals",
        "StringLike",
        "StringNotLikeIfExists",
        "ForAllValues:StringEquals",
        "ForAnyValue:StringNotLike",
        "Null",
        "Bool",
        "StringEqualsIgnoreCaseIfExists",
    ]);
    let key = prop::sample::select(vec!["x:one", "x:many", "aws:username"]);
    let values = prop::sample::subsequence(vec!["a", "A", "b*", "true", "${aws:username}"], 1..3);
    let condition = (operator, key, values).prop_map(|(operator, key, values)| {
        let values = if operator == "Null" { json!("true") } else { json!(values) };
        json!({ operator: { key: values } })
    });
    (any::<[bool; 2]>(), actions, resources, prop::option::of(condition)).prop_map(
        move |([not_action, not_resource], actions, resources, condition)| {
            let mut statement = json!({ "Effect": effect });
            statement[if not_action { "NotAction" } else { "Action" }] = json!(actions);
            statement[if not_resource { "NotResource" } else { "Resource" }] = json!(resources);
            if let Some(condition) = condition {
                statement["Condition"] = condition;
            }
            statement
        },
    )
}

fn document() -> impl Strategy<Value = Value> {
    let one = prop_oneof![2 => statement("Allow"), 1 => statement("Deny")];
    (prop::collection::vec(one, 1..5), any::<bool>()).prop_map(
        |(statements, new)| json!({"Version": if new { "2012-10-17" } else { "2008-10-17" }, "Statement": statements}),
    )
}

fn asked() -> impl Strategy<Value = Request> {
    let action = prop::sample::select(vec!["s3:GetObject", "s3:PutObject", "iam:PassRole", "sns:Publish", "so:Put"]);
    let resource =
        prop::sample::select(vec!["*", "arn:aws:s3:::a", "arn:aws:s3:::a/b", "arn:aws:s3:::ann/k", "arn:x:y:z:b"]);
    let value = || prop::sample::select(vec!["a", "A", "bb", "true", "ann", ""]);
    let one = prop::option::of(value());
    let many = prop::option::of(prop::collection::vec(value(), 0..3));
    (action, resource, one, many, any::<bool>()).prop_map(|(action, resource, one, many, named)| {
        let mut context = Context::new();
        if let Some(one) = one {
            context.set("x:one", one);
        }
        if let Some(many) = many {
            context.set("x:many", ContextValue::Many(many.into_iter().map(str::to_owned).collect()));
        }
        if named {
            context.set("aws:username", "ann");
        }
        request(action, resource, context)
    })
}

fn reading() -> impl Strategy<Value = Reading> {
    any::<[bool; 11]>().prop_map(|[a, b, c, d, e, f, g, h, i, j, k]| Reading {
        unset_blocks_negated: i,
        unset_invalidates: j,
        arns_have_six_parts: k,
        segments: a,
        unset_blocks_not: b,
        any_if_exists: c,
        late_variables: d,
        plain_is_any: e,
        tag_keys_mind_case: f,
        not_principal_needs_account: g,
        empty_is_missing: h,
    })
}

fn with(document: &Value, statement: &Value) -> Value {
    let mut more = document.clone();
    more["Statement"].as_array_mut().unwrap().push(statement.clone());
    more
}

/// Ordered by how much is permitted.
fn rank(outcome: &Outcome) -> u8 {
    match outcome {
        Outcome::ExplicitDeny { .. } | Outcome::ImplicitDeny { .. } => 0,
        Outcome::Undetermined { .. } => 1,
        Outcome::Allowed { .. } => 2,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_allow_more_permits_no_less_and_a_deny_more_no_more(
        policy in document(), allow in statement("Allow"), deny in statement("Deny"), asked in asked(), reading in reading()
    ) {
        let judge = |policy: &Value| evaluate_document(&identity(policy), Layer::Identity, &asked, reading);
        let plain = rank(&judge(&policy));
        prop_assert!(rank(&judge(&with(&policy, &allow))) >= plain);
        prop_assert!(rank(&judge(&with(&policy, &deny))) <= plain);
    }

    #[test]
    fn order_and_spelling_do_not_matter(policy in document(), asked in asked(), reading in reading()) {
        let plain = evaluate_document(&identity(&policy), Layer::Identity, &asked, reading);
        let mut other = policy.clone();
        let statements = other["Statement"].as_array_mut().unwrap();
        statements.reverse();
        for statement in statements {
            for element in ["Action", "NotAction"] {
                if let Some(actions) = statement.get_mut(element).and_then(Value::as_array_mut) {
                    actions.iter_mut().for_each(|action| *action = json!(action.as_str().unwrap().to_uppercase()));
                    actions.reverse();
                }
            }
            if let Some(condition) = statement.get("Condition").cloned() {
                let upper = condition.to_string().replace("\"x:", "\"X:").replace("\"Null\"", "\"nULL\"");
                statement["Condition"] = serde_json::from_str(&upper).unwrap();
            }
        }
        let other = evaluate_document(&identity(&other), Layer::Identity, &asked, reading);
        prop_assert_eq!(rank(&plain), rank(&other));
    }

    #[test]
    fn limits_only_limit(identities in document(), boundary in document(), scp in document(), asked in asked(), reading in reading()) {
        let (own, boundary, scp) = (identity(&identities), identity(&boundary), identity(&scp));
        let free = Policies { identity: vec![&own], ..Policies::default() };
        let plain = rank(&evaluate(&asked, &free, reading));
        let bounded = rank(&evaluate(&asked, &Policies { boundary: Some(&boundary), ..free.clone() }, reading));
        let governed = rank(&evaluate(&asked, &Policies { scps: vec![vec![&scp]], ..free.clone() }, reading));
        let both = rank(&evaluate(&asked, &Policies { boundary: Some(&boundary), scps: vec![vec![&scp]], ..free.clone() }, reading));
        prop_assert!(bounded <= plain && governed <= plain && both <= bounded.min(governed));
        // Two documents count as one with the statements of both.
        let mut joined = own.clone();
        joined.statements.extend(scp.statements.iter().cloned());
        if own.version == scp.version {
            let joined = evaluate(&asked, &Policies { identity: vec![&joined], ..Policies::default() }, reading);
            let apart = evaluate(&asked, &Policies { identity: vec![&own, &scp], ..Policies::default() }, reading);
            prop_assert_eq!(rank(&joined), rank(&apart));
        }
    }
}
