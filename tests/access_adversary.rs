//! Documents that want a wrong verdict: each is a place where a comparison of policies can miss access, or report
//! access that is none. The comments say what the trap is.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail")]

use serde_json::{Value, json};
use tollgate::access::aws::diff::Diff;
use tollgate::access::aws::document::Document;
use tollgate::access::aws::parse::{Kind, parse};
use tollgate::access::compare::Options;
use tollgate::access::{Access, Verdict};

use Verdict::{New, None, Possible};

fn document(kind: Kind, version: &str, statements: &Value) -> Document {
    parse(&json!({"Version": version, "Statement": statements}).to_string(), kind).unwrap()
}

fn gained(kind: Kind, before: &Value, after: &Value) -> Access {
    let (before, after) = (document(kind, "2012-10-17", before), document(kind, "2012-10-17", after));
    let access = Diff::new(&before, &after, kind).gained();
    let searched = Options { cancel: false, ..Options::default() };
    let again = Diff { options: searched, ..Diff::new(&before, &after, kind) }.gained();
    assert_eq!(access.verdict, again.verdict, "cancellation changes the verdict");
    access
}

/// A statement of identity policies with these members besides effect, action and resource.
fn with(effect: &str, more: Value) -> Value {
    let mut one = json!({"Effect": effect, "Action": "s3:GetObject", "Resource": "*"});
    for (key, value) in more.as_object().unwrap() {
        one[key] = value.clone();
    }
    if one.get("NotAction").is_some() {
        one.as_object_mut().unwrap().remove("Action");
    }
    if one.get("NotResource").is_some() {
        one.as_object_mut().unwrap().remove("Resource");
    }
    one
}

fn allow(more: Value) -> Value {
    with("Allow", more)
}

fn deny(more: Value) -> Value {
    with("Deny", more)
}

fn when(operator: &str, key: &str, values: Value) -> Value {
    json!({"Condition": {operator: {key: values}}})
}

/// Name, before, after, verdict.
type Case = (&'static str, Value, Value, Verdict);

fn check(kind: Kind, cases: &[Case]) {
    let mut wrong = Vec::new();
    for (name, before, after, expected) in cases {
        let access = gained(kind, before, after);
        if access.verdict != *expected {
            let witness = access.new.first().map(|piece| &piece.witness);
            wrong
                .push(format!("{name}: {:?} instead of {expected:?} {:?} {witness:?}", access.verdict, access.reasons));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn letters_and_wildcards() {
    let resource = |before: &str, after: &str| {
        (json!([allow(json!({"Resource": before}))]), json!([allow(json!({"Resource": after}))]))
    };
    let action = |before: &str, after: &str| {
        (json!([allow(json!({"Action": before}))]), json!([allow(json!({"Action": after}))]))
    };
    let cases = [
        ("actions do not mind case", action("S3:GETOBJECT", "s3:getobject"), None),
        ("resources do", resource("arn:aws:s3:::b/k", "arn:aws:s3:::b/K"), New),
        ("`?` is one character", resource("arn:aws:s3:::b/?", "arn:aws:s3:::b/??"), New),
        ("`?` does not stand for none", resource("arn:aws:s3:::b/k?", "arn:aws:s3:::b/k"), New),
        ("`*?` and `?*` are the same", resource("arn:aws:s3:::b/*?", "arn:aws:s3:::b/?*"), None),
        // Over `:` by one reading of the documentation, not by the other.
        ("`?` over a colon", resource("arn:aws:sqs:?:q", "arn:aws:sqs:::q"), Possible),
        ("`*` over a colon", resource("arn:aws:sqs:*:q", "arn:aws:sqs:eu-west-1:111111111111:q"), Possible),
        ("a last `*` goes on over colons", resource("arn:aws:sqs:*", "arn:aws:sqs:eu-west-1:111111111111:q"), None),
        ("in the resource part too", resource("arn:aws:logs:*:*:log-group:*", "arn:aws:logs:a:1:log-group:g:h"), None),
        ("a prefix of the service", action("s3:*", "s3-object-lambda:GetObject"), New),
        ("an action of three parts", action("kms:Decrypt", "kms:Derive:Secret"), New),
        ("`*` is more than `*:Get*`", action("*:Get*", "*"), New),
        ("known actions are not all", action("s3:GetObject", "s3:GetObject?"), New),
        ("escapes are characters", resource("arn:aws:s3:::b/${*}", "arn:aws:s3:::b/*"), New),
        ("and lie within the wildcard", resource("arn:aws:s3:::b/*", "arn:aws:s3:::b/${*}"), None),
        ("an unclosed variable is text", resource("arn:aws:s3:::b/${aws:username", "arn:aws:s3:::b/k"), New),
    ];
    let cases: Vec<Case> = cases.into_iter().map(|(name, (b, a), verdict)| (name, b, a, verdict)).collect();
    check(Kind::Identity, &cases);
}

#[test]
fn variables() {
    let at = |resource: &str| json!([allow(json!({"Resource": resource}))]);
    let named = |value: &str| when("StringEquals", "aws:username", json!(value));
    let mut bob_only = named("bob");
    bob_only["Resource"] = json!("arn:aws:s3:::home/bob/*");
    let two = json!({"Condition": {
        "ForAnyValue:StringEquals": {"aws:TagKeys": "a"}, "ForAnyValue:StringLike": {"aws:TagKeys": "b"}}});
    let cases = [
        (
            "the same variable",
            at("arn:aws:s3:::home/${aws:username}/*"),
            at("arn:aws:s3:::home/${aws:UserName}/docs/*"),
            None,
        ),
        ("another variable", at("arn:aws:s3:::home/${aws:username}/*"), at("arn:aws:s3:::home/${aws:userid}/*"), New),
        ("a variable for a name", at("arn:aws:s3:::home/bob/*"), at("arn:aws:s3:::home/${aws:username}/*"), New),
        ("a name for a variable", at("arn:aws:s3:::home/${aws:username}/*"), at("arn:aws:s3:::home/bob/*"), New),
        (
            "a name for the caller of that name",
            at("arn:aws:s3:::home/${aws:username}/*"),
            json!([allow(bob_only)]),
            None,
        ),
        (
            "a default adds",
            at("arn:aws:s3:::home/${aws:username}/*"),
            at("arn:aws:s3:::home/${aws:username, 'all'}/*"),
            New,
        ),
        (
            "the default's own place",
            at("arn:aws:s3:::home/all/*"),
            at("arn:aws:s3:::home/${aws:username, 'all'}/*"),
            New,
        ),
        (
            "a value may be a wildcard of ours",
            at("arn:aws:s3:::home/?/*"),
            at("arn:aws:s3:::home/${aws:username}/*"),
            New,
        ),
        (
            "a value may cross slashes and colons",
            at("arn:aws:s3:::home/*"),
            at("arn:aws:s3:::home/${aws:username}"),
            None,
        ),
        // A key that a pattern refers to may carry a list, and then the pattern matches nothing.
        (
            "lists behind a variable",
            at("arn:aws:s3:::x/${aws:TagKeys}"),
            json!([allow(json!({"Resource": "arn:aws:s3:::x/${aws:TagKeys}"})), allow(two)]),
            New,
        ),
        (
            "a condition on a key by its own value",
            json!([allow(when("StringEquals", "aws:username", json!("${aws:username}")))]),
            json!([allow(when("Null", "aws:username", json!("false")))]),
            None,
        ),
        (
            "a denial for others than the owner, gone",
            json!([allow(json!({})), deny(json!({"NotResource": "arn:aws:s3:::home/${aws:username}/*"}))]),
            json!([allow(json!({}))]),
            New,
        ),
        (
            "a variable in a comparison of booleans",
            json!([allow(when("Bool", "aws:SecureTransport", json!("${aws:PrincipalTag/x}")))]),
            json!([allow(when("Bool", "aws:SecureTransport", json!("true")))]),
            Possible,
        ),
    ];
    check(Kind::Identity, &cases.map(|(name, before, after, verdict)| (name, before, after, verdict)));
}

/// What statements on other actions refer to is no reason to look at this action less closely.
#[test]
fn variables_of_other_actions() {
    let of_others = |key: &str| {
        let place = json!(format!("arn:aws:s3:::${{aws:PrincipalTag/{key}}}/*"));
        allow(json!({"Action": "s3:PutObject", "Resource": place}))
    };
    let (own, granted) = (json!("${aws:PrincipalTag/team}"), json!({"Action": "ec2:StartInstances"}));
    let [mut strangers, mut colleagues] = ["StringNotEquals", "StringEquals"].map(|operator| {
        json!({"Action": "ec2:StartInstances", "Condition": {
            operator: {"aws:ResourceTag/team": own}, "Null": {"aws:PrincipalTag/team": "false"}}})
    });
    for one in [&mut strangers, &mut colleagues] {
        one["Condition"]["Null"]["aws:ResourceTag/team"] = json!("false");
    }
    let mut before: Vec<Value> = ["a", "b", "c", "d", "e", "f"].map(of_others).into();
    before.extend([deny(strangers), allow(granted.clone())]);
    let cases = [
        ("a stranger's", json!(before), json!([allow(granted)]), New),
        ("a colleague's", json!(before), json!([allow(colleagues)]), None),
    ];
    check(Kind::Identity, &cases);
}

#[test]
fn the_version_decides_about_variables() {
    let text = json!([allow(json!({"Resource": "arn:aws:s3:::home/${aws:username}/*"}))]);
    let [old, new] = ["2008-10-17", "2012-10-17"].map(|version| document(Kind::Identity, version, &text));
    let verdict = |before, after| Diff::new(before, after, Kind::Identity).gained().verdict;
    assert_eq!((verdict(&old, &new), verdict(&new, &old)), (New, New));
}

#[test]
fn keys_that_are_missing_or_carry_lists() {
    let on = |operator: &str, values: Value| json!([allow(when(operator, "s3:prefix", values))]);
    let tags = |operator: &str, values: Value| json!([allow(when(operator, "aws:TagKeys", values))]);
    let all = json!([allow(json!({}))]);
    let split = |one: Value, two: Value| json!([allow(one), allow(two)]);
    let cases = [
        (
            "IfExists lets the key be missing",
            on("StringEquals", json!("a")),
            on("StringEqualsIfExists", json!("a")),
            New,
        ),
        (
            "a negated operator does too",
            on("StringNotEquals", json!("a")),
            on("StringNotEqualsIfExists", json!("a")),
            None,
        ),
        (
            "present and not `a`",
            split(when("StringEquals", "s3:prefix", json!("a")), when("Null", "s3:prefix", json!("true"))),
            on("StringEqualsIfExists", json!("a")),
            None,
        ),
        ("both answers to Null", on("Null", json!(["true", "false"])), all.clone(), None),
        ("one answer to Null", on("Null", json!("false")), all.clone(), New),
        ("an empty list of values", all.clone(), on("StringEquals", json!([])), None),
        ("the other way round", on("StringEquals", json!([])), on("StringEquals", json!("a")), New),
        (
            "ForAllValues holds for a missing key",
            tags("ForAnyValue:StringEquals", json!("a")),
            tags("ForAllValues:StringEquals", json!("a")),
            New,
        ),
        (
            "all of a list is not some of it",
            tags("ForAllValues:StringEquals", json!(["a", "b"])),
            tags("ForAnyValue:StringEquals", json!(["a", "b"])),
            New,
        ),
        (
            "some of a list is not all of it",
            tags("ForAnyValue:StringEquals", json!(["a", "b"])),
            tags("ForAllValues:StringEquals", json!(["a", "b"])),
            New,
        ),
        (
            "one or the other is not all of both",
            split(
                when("ForAllValues:StringEquals", "aws:TagKeys", json!("a")),
                when("ForAllValues:StringEquals", "aws:TagKeys", json!("b")),
            ),
            tags("ForAllValues:StringEquals", json!(["a", "b"])),
            New,
        ),
        (
            "two values of one key",
            tags("ForAllValues:StringLike", json!(["a", "b"])),
            json!([allow(json!({"Condition": {"ForAnyValue:StringEquals": {"aws:TagKeys": "a"},
                "ForAllValues:StringLike": {"aws:TagKeys": ["a", "b"]}}}))]),
            None,
        ),
        // Of a key that is in no table, nobody knows whether it carries a list; for a list neither form holds.
        (
            "a key that nobody knows",
            split(when("StringEquals", "odd:key", json!("a")), when("StringNotEquals", "odd:key", json!("a"))),
            all.clone(),
            Possible,
        ),
        (
            "a key that has one value",
            split(
                when("StringEquals", "aws:username", json!("a")),
                when("StringNotEquals", "aws:username", json!("a")),
            ),
            all.clone(),
            None,
        ),
        ("case of values", on("StringEquals", json!(["k", "K"])), on("StringEqualsIgnoreCase", json!("k")), None),
        (
            "case of longer values",
            on("StringEquals", json!(["kk", "KK"])),
            on("StringEqualsIgnoreCase", json!("kk")),
            New,
        ),
        (
            "case beyond ASCII",
            on("StringEquals", json!(["\u{e9}", "\u{c9}"])),
            on("StringEqualsIgnoreCase", json!("\u{e9}")),
            Possible,
        ),
        (
            "case of keys",
            on("StringEquals", json!("a")),
            json!([allow(when("StringEquals", "S3:Prefix", json!("a")))]),
            None,
        ),
        ("equality knows no wildcard", on("StringEquals", json!("*")), on("StringLike", json!("*")), New),
    ];
    check(Kind::Identity, &cases.map(|(name, before, after, verdict)| (name, before, after, verdict)));
}

#[test]
fn numbers_dates_and_addresses() {
    let on = |key: &str, operator: &str, values: Value| json!([allow(when(operator, key, values))]);
    let keys = |operator: &str, values: Value| on("s3:max-keys", operator, values);
    let time = |operator: &str, values: Value| on("aws:CurrentTime", operator, values);
    let ip = |operator: &str, values: Value| on("aws:SourceIp", operator, values);
    let tag = |operator: &str, value: &str| when(operator, "aws:PrincipalTag/level", json!(value));
    let cases = [
        (
            "a number in another spelling",
            keys("NumericEquals", json!("10")),
            keys("NumericEquals", json!("+10.000")),
            None,
        ),
        ("less and not greater", keys("NumericLessThan", json!("5")), keys("NumericLessThanEquals", json!("5")), New),
        (
            "numbers between two neighbours",
            keys("NumericLessThanEquals", json!("4.999999999")),
            keys("NumericLessThan", json!("5")),
            New,
        ),
        ("an exponent is not read", keys("NumericEquals", json!("10")), keys("NumericEquals", json!("1e1")), Possible),
        (
            "below and from",
            json!([
                allow(when("NumericLessThan", "s3:max-keys", json!("5"))),
                allow(when("NumericGreaterThanEquals", "s3:max-keys", json!("5")))
            ]),
            keys("Null", json!("false")),
            None,
        ),
        // A tag is any text: one that is no number is neither below five nor from five on.
        (
            "a tag that is no number",
            json!([allow(tag("NumericLessThan", "5")), allow(tag("NumericGreaterThanEquals", "5"))]),
            json!([allow(tag("Null", "false"))]),
            Possible,
        ),
        (
            "the same instant",
            time("DateLessThan", json!("2020-01-01T00:00:00Z")),
            time("DateLessThan", json!("2020-01-01T01:00:00+01:00")),
            None,
        ),
        (
            "seconds for a date",
            time("DateLessThan", json!("2020-01-01T00:00:00Z")),
            time("DateLessThan", json!("1577836800")),
            None,
        ),
        // Four digits are a year to one program and seconds to another.
        (
            "a year",
            time("DateGreaterThan", json!("2020")),
            time("DateGreaterThan", json!("2000-01-01T00:00:00Z")),
            Possible,
        ),
        (
            "a range in another spelling",
            ip("IpAddress", json!("10.0.0.0/8")),
            ip("IpAddress", json!("10.1.2.3/8")),
            None,
        ),
        (
            "two halves",
            ip("IpAddress", json!(["10.0.0.0/9", "10.128.0.0/9"])),
            ip("IpAddress", json!("10.0.0.0/8")),
            None,
        ),
        ("one half", ip("IpAddress", json!(["10.0.0.0/9"])), ip("IpAddress", json!("10.0.0.0/8")), New),
        (
            "everywhere is not only version 4",
            ip("IpAddress", json!("0.0.0.0/0")),
            ip("IpAddress", json!(["0.0.0.0/0", "::/0"])),
            New,
        ),
        (
            "outside of all of version 4",
            ip("NotIpAddress", json!(["0.0.0.0/0", "::/0"])),
            ip("NotIpAddress", json!("0.0.0.0/0")),
            New,
        ),
        ("an address without prefix", ip("IpAddress", json!("10.0.0.1/32")), ip("IpAddress", json!("10.0.0.1")), None),
        (
            "a mask is not read",
            ip("IpAddress", json!("10.0.0.0/8")),
            ip("IpAddress", json!("10.0.0.0/255.0.0.0")),
            Possible,
        ),
        (
            "version 6 in another spelling",
            ip("IpAddress", json!("2001:db8::/32")),
            ip("IpAddress", json!("2001:0DB8:0:0::/33")),
            None,
        ),
    ];
    check(Kind::Identity, &cases.map(|(name, before, after, verdict)| (name, before, after, verdict)));
}

#[test]
fn denials_and_their_exceptions() {
    let s3 = allow(json!({"Action": "s3:*"}));
    let guard = |more: Value| json!([s3, deny(more)]);
    let get = "arn:aws:s3:::b/*";
    let cases = [
        ("a denial gone", guard(json!({})), json!([s3]), New),
        (
            "a denial narrowed by case",
            guard(json!({"Resource": "arn:aws:s3:::b/*"})),
            guard(json!({"Resource": "arn:aws:s3:::B/*"})),
            New,
        ),
        (
            "a denial of all but",
            guard(json!({"NotAction": "s3:GetObject"})),
            guard(json!({"NotAction": ["s3:GetObject", "s3:PutObject"]})),
            New,
        ),
        (
            "and fewer exceptions",
            guard(json!({"NotAction": ["s3:Get*"]})),
            guard(json!({"NotAction": "s3:GetObject"})),
            None,
        ),
        (
            "a denial of all resources but",
            guard(json!({"NotResource": get})),
            guard(json!({"NotResource": [get, "arn:aws:s3:::c/*"]})),
            New,
        ),
        (
            "a denial with another condition",
            guard(when("Bool", "aws:MultiFactorAuthPresent", json!("false"))),
            guard(when("BoolIfExists", "aws:MultiFactorAuthPresent", json!("false"))),
            None,
        ),
        (
            "and the other way: a missing key",
            guard(when("BoolIfExists", "aws:MultiFactorAuthPresent", json!("false"))),
            guard(when("Bool", "aws:MultiFactorAuthPresent", json!("false"))),
            New,
        ),
        (
            "a denial in two parts",
            guard(json!({"Action": ["s3:Get*", "s3:Put*"]})),
            json!([s3, deny(json!({"Action": "s3:Get*"})), deny(json!({"Action": "S3:PUT*"}))]),
            None,
        ),
        (
            "everything but is future actions too",
            json!([allow(json!({"NotAction": ["iam:*", "sts:*"]}))]),
            json!([allow(json!({"NotAction": "iam:*"}))]),
            New,
        ),
        (
            "all known actions of a service are not the service",
            json!([allow(json!({"Action": ["account:Get*", "account:List*", "account:Put*",
            "account:Delete*", "account:Accept*", "account:Start*", "account:Enable*", "account:Disable*", "account:Close*"]}))]),
            json!([allow(json!({"Action": "account:*"}))]),
            New,
        ),
    ];
    check(Kind::Identity, &cases.map(|(name, before, after, verdict)| (name, before, after, verdict)));
}

#[test]
fn principals() {
    let to = |who: Value| json!([allow(json!({"Principal": who}))]);
    let but = |who: Value| json!([allow(json!({"Principal": "*"})), deny(json!({"NotPrincipal": who}))]);
    let user = "arn:aws:iam::111111111111:user/u";
    let root = "arn:aws:iam::111111111111:root";
    let cases = [
        ("two names of an account", to(json!({"AWS": "111111111111"})), to(json!({"AWS": root})), None),
        ("everyone in two spellings", to(json!("*")), to(json!({"AWS": "*"})), None),
        ("and back", to(json!({"AWS": "*"})), to(json!("*")), None),
        ("a user of the account", to(json!({"AWS": root})), to(json!({"AWS": user})), None),
        ("the account of a user", to(json!({"AWS": user})), to(json!({"AWS": root})), New),
        (
            "a session of a role",
            to(json!({"AWS": "arn:aws:iam::111111111111:role/p/r"})),
            to(json!({"AWS": "arn:aws:sts::111111111111:assumed-role/r/s"})),
            None,
        ),
        (
            "the role of a session",
            to(json!({"AWS": "arn:aws:sts::111111111111:assumed-role/r/s"})),
            to(json!({"AWS": "arn:aws:iam::111111111111:role/r"})),
            New,
        ),
        ("names mind case", to(json!({"AWS": user})), to(json!({"AWS": "arn:aws:iam::111111111111:user/U"})), New),
        (
            "no wildcards in names",
            to(json!({"AWS": user})),
            to(json!({"AWS": "arn:aws:iam::111111111111:user/*"})),
            New,
        ),
        ("a service is not the account", to(json!({"AWS": "*"})), to(json!({"Service": "lambda.amazonaws.com"})), None),
        ("a service by itself", to(json!({"AWS": root})), to(json!({"Service": "lambda.amazonaws.com"})), New),
        // A unique id names somebody whom nobody outside of AWS knows.
        ("a unique id", to(json!({"AWS": user})), to(json!({"AWS": "AIDAEXAMPLEEXAMPLE123"})), Possible),
        (
            "an exception more",
            but(json!({"AWS": [root, user]})),
            but(json!({"AWS": [root, user, "arn:aws:iam::111111111111:user/v"]})),
            New,
        ),
        (
            "an exception less",
            but(json!({"AWS": [root, user, "arn:aws:iam::111111111111:user/v"]})),
            but(json!({"AWS": [root, user]})),
            None,
        ),
        ("all excepted", but(json!({"AWS": root})), but(json!("*")), New),
    ];
    check(Kind::Resource, &cases.map(|(name, before, after, verdict)| (name, before, after, verdict)));
}

#[test]
fn a_member_that_occurs_twice_is_refused_in_any_case() {
    let twice = [
        r#"{"StringEquals": {"aws:x": "a", "AWS:X": "b"}}"#,
        r#"{"StringEquals": {"aws:x": "a"}, "stringequals": {"aws:y": "b"}}"#,
    ];
    for condition in twice {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{condition}}}]}}"#
        );
        let error = parse(&text, Kind::Identity).unwrap_err().to_string();
        assert!(error.contains("twice") && error.contains("Statement[0].Condition"), "{error}");
    }
}
