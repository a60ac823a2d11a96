//! The evaluator against iam-simulate, a program by others with the same purpose, over random requests.
//!
//! Development only: `TOLLGATE_IAM_SIMULATE` names a directory in which `npm install @cloud-copilot/iam-simulate`
//! was run (the program is AGPL-licensed, runs as a process of its own and is no part of tollgate). Without it the
//! test says that it is skipped. `TOLLGATE_ORACLE_CASES` is the number of requests (20,000 otherwise). Explained
//! differences are in `docs/evaluator.md`; the test fails on any other.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "starts another program and says what it compared"
)]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tollgate::access::aws::document::Document;
use tollgate::access::aws::evaluate::{
    Context, ContextValue, Outcome, Policies, Principal, Reading, Request, ResourcePolicyKind, evaluate,
};
use tollgate::access::aws::parse::{Kind, parse};

/// A small generator of random numbers (xorshift), so that a run can be repeated from its seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap_or(0) % sides
    }

    fn one_in(&mut self, sides: usize) -> bool {
        self.roll(sides) == 0
    }

    fn pick<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices.get(self.roll(choices.len())).copied().unwrap_or_default()
    }

    fn some(&mut self, choices: &[&str]) -> Vec<String> {
        (0..1 + self.roll(2)).map(|_| self.pick(choices).to_owned()).collect()
    }
}

const ACTIONS: [&str; 7] = [
    "s3:GetObject",
    "s3:PutObject",
    "sqs:SendMessage",
    "iam:GetUser",
    "kms:Decrypt",
    "dynamodb:GetItem",
    "sts:AssumeRole",
];
const ACTION_PATTERNS: [&str; 9] =
    ["*", "s3:*", "S3:getobject", "s3:*Object", "sqs:SendMessag?", "iam:Get*", "kms:*", "dynamodb:*", "sts:Assume*"];
const NARROW_PATTERNS: [&str; 6] = ["s3:*", "S3:getobject", "sqs:SendMessag?", "iam:Get*", "kms:*", "sts:Assume*"];
const PRINCIPALS: [&str; 5] = [
    "arn:aws:iam::111122223333:user/dev/ann",
    "arn:aws:iam::111122223333:user/bob",
    "arn:aws:sts::111122223333:assumed-role/app/session",
    "arn:aws:sts::111122223333:federated-user/fay",
    "arn:aws:iam::444455556666:user/carl",
];
const PRINCIPAL_IDS: [&str; 8] = [
    "*",
    "111122223333",
    "arn:aws:iam::444455556666:root",
    "arn:aws:iam::111122223333:user/dev/ann",
    "arn:aws:iam::111122223333:role/app",
    "arn:aws:sts::111122223333:assumed-role/app/session",
    "arn:aws:sts::111122223333:federated-user/fay",
    "arn:aws:iam::444455556666:user/carl",
];

/// A resource an action acts on, and patterns around it.
fn resources(action: &str) -> (&'static [&'static str], &'static [&'static str]) {
    match action.split_once(':').map(|(service, _)| service) {
        Some("s3") => (
            &["arn:aws:s3:::bucket/key", "arn:aws:s3:::bucket/ann/a:b", "arn:aws:s3:::other/Key"],
            &[
                "*",
                "arn:aws:s3:::bucket/*",
                "arn:aws:s3:::*/key",
                "arn:aws:s3:::bucket/${aws:username}/*",
                "arn:aws:s3:::b?cket/k*",
                "arn:aws:s3:::bucket/${aws:PrincipalTag/team, 'ann'}/*",
            ],
        ),
        Some("sqs") => (
            &["arn:aws:sqs:eu-west-1:111122223333:q", "arn:aws:sqs:us-east-1:111122223333:ann"],
            &["*", "arn:aws:sqs:*:111122223333:*", "arn:aws:sqs:eu-west-1:*", "arn:aws:sqs:*:*:a?n"],
        ),
        Some("iam") => (
            &["arn:aws:iam::111122223333:user/dev/ann", "arn:aws:iam::111122223333:user/bob"],
            &[
                "*",
                "arn:aws:iam::111122223333:user/*",
                "arn:aws:iam::*:user/dev/*",
                "arn:aws:iam::111122223333:user/bo?",
            ],
        ),
        Some("kms") => (
            &["arn:aws:kms:eu-west-1:111122223333:key/1234"],
            &["*", "arn:aws:kms:*:111122223333:key/*", "arn:aws:kms:eu-west-1:111122223333:key/1234"],
        ),
        Some("dynamodb") => (
            &["arn:aws:dynamodb:eu-west-1:111122223333:table/t", "arn:aws:dynamodb:eu-west-1:111122223333:table/ann"],
            &["*", "arn:aws:dynamodb:*:*:table/*", "arn:aws:dynamodb:eu-west-1:111122223333:table/${aws:username}"],
        ),
        _ => (
            &["arn:aws:iam::111122223333:role/target"],
            &["*", "arn:aws:iam::111122223333:role/*", "arn:aws:iam::*:role/target"],
        ),
    }
}

/// Operators, values for documents, values for requests, and the key.
type Family = (&'static [&'static str], &'static [&'static str], &'static [&'static str], &'static str);

/// Operators by what they compare.
const STRINGS: [&str; 6] = ["red", "Red", "r*", "?ed", "blue", "${aws:username}"];
const OPERATORS: [Family; 8] = [
    (
        &[
            "StringEquals",
            "StringNotEquals",
            "StringEqualsIgnoreCase",
            "StringNotEqualsIgnoreCase",
            "StringLike",
            "StringNotLike",
        ],
        &STRINGS,
        &["red", "RED", "read", "blue", "ann", ""],
        "aws:PrincipalTag/color",
    ),
    (
        &[
            "NumericEquals",
            "NumericNotEquals",
            "NumericLessThan",
            "NumericLessThanEquals",
            "NumericGreaterThan",
            "NumericGreaterThanEquals",
        ],
        &["10", "9.5", "-1", "0"],
        &["10", "10.0", "9", "-2", "0.5"],
        "aws:MultiFactorAuthAge",
    ),
    (
        &[
            "DateEquals",
            "DateNotEquals",
            "DateLessThan",
            "DateLessThanEquals",
            "DateGreaterThan",
            "DateGreaterThanEquals",
        ],
        &["2020-01-01T00:00:00Z", "2020-06-30T12:00:00Z", "2021-01-01"],
        &["2020-01-01T00:00:00Z", "2019-12-31T23:59:59Z", "2021-01-01T00:00:00Z", "2020-06-30T14:00:00+02:00"],
        "aws:CurrentTime",
    ),
    (&["Bool"], &["true", "false"], &["true", "false"], "aws:SecureTransport"),
    (
        &["IpAddress", "NotIpAddress"],
        &["203.0.113.0/24", "198.51.100.7", "2001:db8::/32", "10.0.0.0/8"],
        &["203.0.113.9", "198.51.100.7", "198.51.100.8", "10.255.0.1"],
        "aws:SourceIp",
    ),
    (
        &["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"],
        &["arn:aws:sns:*:111122223333:t*", "arn:aws:sns:eu-west-1:111122223333:topic", "arn:aws:iam::*:role/*"],
        &[
            "arn:aws:sns:eu-west-1:111122223333:topic",
            "arn:aws:sns:eu-west-1:999999999999:topic",
            "arn:aws:iam::1:role/a/b:c",
        ],
        "aws:SourceArn",
    ),
    (&["BinaryEquals"], &["cmVk", "Ymx1ZQ=="], &["cmVk", "Z3JlZW4="], "aws:RequestTag/binary"),
    (
        &["StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase"],
        &["team", "env-*", "Owner", "env-a"],
        &["team", "env-a", "env-b", "owner", "other"],
        "aws:TagKeys",
    ),
];

fn condition(dice: &mut Dice) -> Value {
    let Some((operators, listed, _, key)) = OPERATORS.get(dice.roll(OPERATORS.len())) else { return json!({}) };
    if dice.one_in(10) {
        return json!({"Null": {*key: dice.pick(&["true", "false"])}});
    }
    let mut operator = dice.pick(operators).to_owned();
    // Keys with several values are asked about with a set operator, as they have to be, and seldom without.
    if *key == "aws:TagKeys" && !dice.one_in(12) || dice.one_in(12) {
        operator = format!("{}{operator}", dice.pick(&["ForAllValues:", "ForAnyValue:"]));
    }
    if dice.one_in(4) {
        operator.push_str("IfExists");
    }
    let key = if dice.one_in(3) { key.to_uppercase() } else { (*key).to_owned() };
    // The tag's name keeps its case: whether it matters is contested.
    let key = if key.contains("TAG/") { key.replace("COLOR", "color").replace("BINARY", "binary") } else { key };
    json!({operator: {key: dice.some(listed)}})
}

fn statement(dice: &mut Dice, action: &str, with_principal: bool, with_resource: bool) -> Value {
    let mut statement = json!({"Effect": if dice.one_in(4) { "Deny" } else { "Allow" }});
    let deny = statement.get("Effect") == Some(&json!("Deny"));
    let mut set = |name: &str, value: Value| {
        if let Some(members) = statement.as_object_mut() {
            members.insert(name.to_owned(), value);
        }
    };
    if dice.one_in(6) {
        set("NotAction", json!(dice.some(&NARROW_PATTERNS)));
    } else {
        set("Action", if dice.one_in(3) { json!([action]) } else { json!(dice.some(&ACTION_PATTERNS)) });
    }
    if with_resource {
        let (_, patterns) = resources(action);
        set(if dice.one_in(6) { "NotResource" } else { "Resource" }, json!(dice.some(patterns)));
    }
    if with_principal {
        let ids = if dice.one_in(5) { json!("*") } else { json!({"AWS": dice.some(&PRINCIPAL_IDS)}) };
        let left_out = ["\"*\"", "federated-user"].iter().any(|word| ids.to_string().contains(word));
        let not = deny && with_resource && dice.one_in(6) && !left_out;
        set(if not { "NotPrincipal" } else { "Principal" }, ids);
    }
    if !dice.one_in(2) {
        set("Condition", condition(dice));
    }
    statement
}

fn policy(dice: &mut Dice, action: &str, kind: Kind) -> Value {
    let count = 1 + dice.roll(3);
    let statements: Vec<Value> =
        (0..count).map(|_| statement(dice, action, kind != Kind::Identity, kind != Kind::Trust)).collect();
    let mut policy = json!({ "Statement": statements });
    if !dice.one_in(5)
        && let Some(members) = policy.as_object_mut()
    {
        members.insert("Version".to_owned(), json!("2012-10-17"));
    }
    policy
}

/// A case as iam-simulate takes it.
fn simulation(dice: &mut Dice) -> Value {
    let action = dice.pick(&ACTIONS);
    let principal = dice.pick(&PRINCIPALS);
    let named = |dice: &mut Dice, kind| json!({"name": format!("p{}", dice.roll(1 << 30)), "policy": policy(dice, action, kind)});
    let (concrete, _) = resources(action);
    let mut context = serde_json::Map::new();
    for (_, _, given, key) in OPERATORS {
        if dice.one_in(2) {
            let value = if key == "aws:TagKeys" { json!(dice.some(given)) } else { json!(dice.pick(given)) };
            context.insert(key.to_owned(), value);
        }
    }
    if principal.contains(":user/") {
        context.insert("aws:username".to_owned(), json!(principal.rsplit('/').next()));
    }
    if dice.one_in(3) {
        context.insert("aws:PrincipalTag/team".to_owned(), json!("ann"));
    }
    let mut simulation = json!({
        "request": {"principal": principal, "action": action, "contextVariables": context,
                    "resource": {"resource": dice.pick(concrete), "accountId": "111122223333"}},
        "identityPolicies": (0..dice.roll(3)).map(|_| named(dice, Kind::Identity)).collect::<Vec<_>>(),
        "serviceControlPolicies": [], "resourceControlPolicies": []});
    let mut set = |name: &str, value: Value| {
        if let Some(members) = simulation.as_object_mut() {
            members.insert(name.to_owned(), value);
        }
    };
    if dice.one_in(3) {
        let levels = (0..1 + dice.roll(2))
            .map(|level| json!({"orgIdentifier": format!("o-{level}"), "policies": [named(dice, Kind::Identity)]}));
        set("serviceControlPolicies", levels.collect());
    }
    if dice.one_in(3) {
        set("permissionBoundaryPolicies", json!([named(dice, Kind::Identity)]));
    }
    if principal.contains(":sts:") && dice.one_in(3) {
        set("sessionPolicy", policy(dice, action, Kind::Identity));
    }
    if action == "sts:AssumeRole" {
        set("resourcePolicy", policy(dice, action, Kind::Trust));
    } else if action != "iam:GetUser" && (action.starts_with("kms:") || dice.one_in(2)) {
        set("resourcePolicy", policy(dice, action, Kind::Resource));
    }
    simulation
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn array<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The same case decided here, in the oracle's words.
fn decided(simulation: &Value, reading: Reading) -> String {
    let action = text(simulation, "/request/action");
    let read = |policy: &Value, kind| parse(&policy.to_string(), kind).map_err(|error| error.to_string());
    let all = |policies: &[Value], kind| {
        policies
            .iter()
            .map(|named| read(named.get("policy").unwrap_or(&Value::Null), kind))
            .collect::<Result<Vec<Document>, _>>()
    };
    let judge = || -> Result<Outcome, String> {
        let identity = all(array(simulation, "/identityPolicies"), Kind::Identity)?;
        let boundary = all(array(simulation, "/permissionBoundaryPolicies"), Kind::Identity)?;
        let scps = array(simulation, "/serviceControlPolicies")
            .iter()
            .map(|level| all(array(level, "/policies"), Kind::Identity))
            .collect::<Result<Vec<_>, _>>()?;
        let session = simulation.get("sessionPolicy").map(|policy| read(policy, Kind::Identity)).transpose()?;
        let kind = if action == "sts:AssumeRole" { Kind::Trust } else { Kind::Resource };
        let resource = simulation.get("resourcePolicy").map(|policy| read(policy, kind)).transpose()?;
        let required = action == "sts:AssumeRole" || action.starts_with("kms:");
        let policies = Policies {
            identity: identity.iter().collect(),
            boundary: boundary.first(),
            session: session.as_ref().map(|session| vec![session]),
            resource: resource.as_ref(),
            resource_kind: if required { ResourcePolicyKind::Required } else { ResourcePolicyKind::Ordinary },
            scps: scps.iter().map(|level| level.iter().collect()).collect(),
            ..Policies::default()
        };
        let mut context = Context::new();
        for (key, value) in
            simulation.pointer("/request/contextVariables").and_then(Value::as_object).into_iter().flatten()
        {
            match value {
                Value::Array(many) => context
                    .set(key, ContextValue::Many(many.iter().filter_map(Value::as_str).map(str::to_owned).collect())),
                one => context.set(key, one.as_str().unwrap_or_default()),
            }
        }
        let request = Request {
            principal: Principal::from_arn(text(simulation, "/request/principal")).ok_or("no principal")?,
            action: action.to_owned(),
            resource: text(simulation, "/request/resource/resource").to_owned(),
            resource_account: Some(text(simulation, "/request/resource/accountId").to_owned()),
            context,
        };
        Ok(evaluate(&request, &policies, reading))
    };
    match judge() {
        Ok(Outcome::Allowed { .. }) => "allowed".to_owned(),
        Ok(Outcome::ExplicitDeny { .. }) => "explicit".to_owned(),
        Ok(Outcome::ImplicitDeny { .. }) => "implicit".to_owned(),
        Ok(Outcome::Undetermined { .. }) => "undetermined".to_owned(),
        Err(error) => format!("error {error}"),
    }
}

/// Why the two are known to differ on a case; `None` for a difference that wants explaining. Each explanation is
/// tested: with its one point changed, ours has to say what the other says.
fn explained(simulation: &Value, theirs: &str) -> Option<&'static str> {
    let mut versioned = simulation.clone();
    set_versions(&mut versioned);
    let mut unpoliced = versioned.clone();
    let removed = unpoliced.as_object_mut().and_then(|members| members.remove("resourcePolicy"));
    let mut unpoliced_without_short = unpoliced.clone();
    let (mut without_short, mut versioned_without_short) = (simulation.clone(), versioned.clone());
    drop_short_not_resources(&mut without_short);
    drop_short_not_resources(&mut versioned_without_short);
    drop_short_not_resources(&mut unpoliced_without_short);
    let session = simulation.get("sessionPolicy").is_some() && theirs == "implicit" && removed.is_some();
    let plain = Reading::default();
    let unset = Reading { unset_blocks_not: true, unset_blocks_negated: true, ..plain };
    let account = Reading { not_principal_needs_account: true, ..plain };
    let all = Reading { not_principal_needs_account: true, ..unset };
    let variables = simulation != &versioned;
    let mut accounted = simulation.clone();
    except_with_account(&mut accounted, text(simulation, "/request/principal"));
    [
        ("variables count without the version that has them", variables, &versioned, plain),
        ("a variable without value blocks NotResource and negated conditions", true, simulation, unset),
        ("NotPrincipal needs the account", true, simulation, account),
        ("a session policy limits a grant to the session itself", session, &unpoliced, plain),
        ("a statement with a short ARN in NotResource matches nothing", true, &without_short, plain),
        ("an account in NotPrincipal excepts all of its callers", true, &accounted, plain),
        ("several of these at once", true, &versioned, all),
        ("several of these at once", true, &versioned_without_short, all),
        ("several of these at once", session, &unpoliced, all),
        ("several of these at once", session, &unpoliced_without_short, all),
    ]
    .into_iter()
    .find(|(_, applies, changed, reading)| *applies && decided(changed, *reading) == theirs)
    .map(|(reason, ..)| reason)
}

/// Lists the caller wherever a `NotPrincipal` lists its account.
fn except_with_account(value: &mut Value, caller: &str) {
    let account = caller.split(':').nth(4).unwrap_or_default();
    match value {
        Value::Object(members) => {
            if let Some(listed) =
                members.get_mut("NotPrincipal").and_then(|not| not.get_mut("AWS")).and_then(Value::as_array_mut)
                && listed.iter().any(|id| *id == *account || *id == *format!("arn:aws:iam::{account}:root"))
            {
                listed.push(json!(caller));
            }
            members.values_mut().for_each(|inner| except_with_account(inner, caller));
        }
        Value::Array(items) => items.iter_mut().for_each(|inner| except_with_account(inner, caller)),
        _ => {}
    }
}

/// Takes out the statements whose `NotResource` has a pattern of fewer than six segments that is not `*`.
fn drop_short_not_resources(value: &mut Value) {
    let short = |statement: &Value| {
        array(statement, "/NotResource")
            .iter()
            .filter_map(Value::as_str)
            .any(|pattern| pattern != "*" && pattern.split(':').count() < 6)
    };
    match value {
        Value::Object(members) => {
            if let Some(statements) = members.get_mut("Statement").and_then(Value::as_array_mut) {
                statements.retain(|statement| !short(statement));
            }
            members.values_mut().for_each(drop_short_not_resources);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_short_not_resources),
        _ => {}
    }
}

/// Gives every document the current version.
fn set_versions(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if members.contains_key("Statement") {
                members.insert("Version".to_owned(), json!("2012-10-17"));
            }
            members.values_mut().for_each(set_versions);
        }
        Value::Array(items) => items.iter_mut().for_each(set_versions),
        _ => {}
    }
}

#[test]
fn the_evaluator_agrees_with_another() {
    let Some(directory) = std::env::var_os("TOLLGATE_IAM_SIMULATE") else {
        eprintln!("skipped: TOLLGATE_IAM_SIMULATE names no installed iam-simulate");
        return;
    };
    let number = |name: &str, default| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let cases = number("TOLLGATE_ORACLE_CASES", 20_000);
    let mut dice = Dice(u64::try_from(number("TOLLGATE_ORACLE_SEED", 20_260_926)).unwrap());
    let simulations: Vec<Value> = (0..cases).map(|_| simulation(&mut dice)).collect();

    let mut oracle = Command::new("node")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle/simulate.mjs"))
        .arg(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = oracle.stdin.take().unwrap();
    let lines: String = simulations.iter().map(|simulation| format!("{simulation}\n")).collect();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = oracle.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    let mut answers = output.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let version = answers.next().unwrap_or_default();

    let (mut counts, mut known, mut unexplained) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    let mut compared = 0;
    for (mut simulation, answer) in simulations.into_iter().zip(answers) {
        compared += 1;
        if let Some(error) = answer.get("error") {
            *counts.entry(format!("refused: {error}")).or_insert(0) += 1;
            continue;
        }
        // The other takes out keys that its tables do not know for the action; ours sees the same request.
        if let Some(context) = simulation.pointer_mut("/request/contextVariables").and_then(Value::as_object_mut) {
            context.retain(|key, _| !array(&answer, "/ignored").iter().any(|ignored| ignored == key));
        }
        let theirs = text(&answer, "/result").to_owned();
        let ours = decided(&simulation, Reading::default());
        if ours != theirs {
            match explained(&simulation, &theirs) {
                Some(reason) => *known.entry(reason).or_insert(0) += 1,
                None => unexplained.push(format!("{ours}, the other says {theirs}: {simulation}")),
            }
        }
        *counts.entry(theirs).or_insert(0) += 1;
    }
    assert_eq!(compared, cases);
    eprintln!("{cases} requests compared with {version}: {counts:?}; explained differences: {known:?}");
    let shown = unexplained.iter().take(number("TOLLGATE_ORACLE_SHOWN", 5)).cloned().collect::<Vec<_>>().join("\n");
    assert!(unexplained.is_empty(), "{} differences want explaining:\n{shown}", unexplained.len());
}
