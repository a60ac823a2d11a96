//! Random small worlds against brute force: the verdict on the plan from one to the other is `new` where the
//! independent evaluator permits some request after that it did not permit before, and `none` everywhere else.
//!
//! The requests are all combinations of callers, actions, resources and context values that the documents' literals
//! tell apart. Which policies bear on a request is decided here from the description of the world, not from the plan.
//! `PROPTEST_CASES` sets the number of worlds.

use proptest::prelude::*;
use serde_json::{Value, json};
use tollgate::access::Verdict;
use tollgate::access::aws::document::Document;
use tollgate::access::aws::evaluate::{Context, Policies, Principal, Reading, Request, ResourcePolicyKind, evaluate};
use tollgate::access::aws::parse::{Kind, parse};

use crate::plan::{ACCOUNT, World, arn, group};

const ACTIONS: [&str; 8] =
    ["s3:GetObject", "s3:Get*", "s3:PutObject", "s3:*", "sqs:SendMessage", "kms:Decrypt", "*", "sqs:*"];
/// What the patterns above tell apart.
const ASKED: [&str; 7] = [
    "s3:GetObject",
    "s3:GetObjectAcl",
    "s3:PutObject",
    "s3:DeleteObject",
    "sqs:SendMessage",
    "sqs:ReceiveMessage",
    "kms:Decrypt",
];
const QUEUE: &str = "arn:aws:sqs:us-east-1:111122223333:q";
const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1";
const RESOURCES: [&str; 5] = ["*", "arn:aws:s3:::b/*", "arn:aws:s3:::b/x", QUEUE, "arn:aws:s3:::*"];
/// Likewise; the plan has a policy on some.
const ON: [&str; 6] = [
    "arn:aws:s3:::b/x",
    "arn:aws:s3:::b/y",
    "arn:aws:s3:::other/x",
    QUEUE,
    KEY,
    "arn:aws:kms:us-east-1:111122223333:key/other",
];
const CALLERS: usize = 10;
/// The account's root user, who assumes no roles.
const ROOT: usize = 8;
/// Somebody in the account who may do everything by policies that the plan does not show: asks for roles only, since
/// the root user stands for all administrators elsewhere.
const ADMINISTRATOR: usize = 9;

const TEAM: &str = "aws:principaltag/team";

/// One statement: allow, the negated form of the action, action, resource, condition, principal.
#[derive(Clone, Debug, PartialEq)]
struct Says {
    allow: bool,
    not_action: bool,
    action: usize,
    resource: usize,
    condition: usize,
    principal: usize,
}

type Doc = Vec<Says>;

#[derive(Clone, Debug, PartialEq)]
struct Small {
    /// Inline policies of the roles `a` and `b` and of the user `u`.
    inline: [Option<Doc>; 3],
    /// A managed policy, and whether `a`, `b`, `u` and the group have it.
    managed: Doc,
    attached: [bool; 4],
    /// Another managed policy, and whether it bounds `a`, `b`, `u`.
    limit: Doc,
    bounded: [bool; 3],
    /// Whether `a`, `b`, `u` have a tag.
    tagged: [bool; 3],
    group: Option<Doc>,
    member: bool,
    trust: [Doc; 2],
    bucket: Option<Doc>,
    queue: Option<Doc>,
    key: Doc,
}

fn doc(most: usize) -> impl Strategy<Value = Doc> {
    let says = (
        prop::bool::weighted(0.75),
        prop::bool::weighted(0.1),
        0..ACTIONS.len(),
        0..RESOURCES.len(),
        0..10usize,
        0..9usize,
    )
        .prop_map(|(allow, not_action, action, resource, condition, principal)| Says {
            allow,
            not_action,
            action,
            resource,
            // Most statements have no condition.
            condition: if condition > 5 { 0 } else { condition },
            principal,
        });
    prop::collection::vec(says, 1..=most)
}

fn maybe(most: usize) -> impl Strategy<Value = Option<Doc>> {
    prop::option::weighted(0.5, doc(most))
}

fn small() -> impl Strategy<Value = Small> {
    let identities = (
        [maybe(2), maybe(2), maybe(2)],
        doc(2),
        any::<[bool; 4]>(),
        doc(2),
        [prop::bool::weighted(0.3), prop::bool::weighted(0.3), prop::bool::weighted(0.3)],
        any::<[bool; 3]>(),
    );
    let rest = (maybe(2), any::<bool>(), [doc(2), doc(2)], maybe(2), maybe(2), doc(2));
    (identities, rest).prop_map(
        |((inline, managed, attached, limit, bounded, tagged), (group, member, trust, bucket, queue, key))| Small {
            inline,
            managed,
            attached,
            limit,
            bounded,
            tagged,
            group,
            member,
            trust,
            bucket,
            queue,
            key,
        },
    )
}

/// A world and what becomes of it: a few parts are taken from another one.
fn pair() -> impl Strategy<Value = (Small, Small)> {
    (small(), small(), prop::collection::vec(0..17usize, 1..3)).prop_map(|(before, other, parts)| {
        let mut after = before.clone();
        for part in parts {
            match part {
                0..=2 => after.inline[part] = other.inline[part].clone(),
                3 => after.managed = other.managed.clone(),
                4..=7 => after.attached[part - 4] = !before.attached[part - 4],
                8 => after.limit = other.limit.clone(),
                9 => after.bounded = other.bounded,
                10 => after.group = other.group.clone(),
                11 => after.member = !before.member,
                12 => after.trust = other.trust.clone(),
                13 => after.bucket = other.bucket.clone(),
                14 => after.queue = other.queue.clone(),
                15 => after.tagged = other.tagged,
                _ => after.key = other.key.clone(),
            }
        }
        (before, after)
    })
}

fn condition(number: usize) -> Option<Value> {
    match number {
        1 => Some(json!({"Bool": {"aws:SecureTransport": "true"}})),
        2 => Some(json!({"StringEquals": {"aws:SourceVpce": "vpce-1"}})),
        3 => Some(json!({"StringNotEquals": {"aws:SourceVpce": "vpce-1"}})),
        4 => Some(json!({"StringEquals": {"aws:PrincipalTag/Team": "red"}})),
        5 => Some(json!({"StringNotEquals": {"aws:PrincipalTag/Team": "red"}})),
        _ => None,
    }
}

fn principal(number: usize) -> Value {
    match number {
        0 => json!("*"),
        1 => json!({"AWS": arn("root")}),
        2 => json!({"AWS": arn("role/a")}),
        3 => json!({"AWS": [arn("role/b"), arn("user/u")]}),
        4 => json!({"AWS": arn("user/ghost")}),
        5 => json!({"AWS": "arn:aws:iam::999999999999:root"}),
        6 => json!({"AWS": "arn:aws:iam::999999999999:user/x"}),
        7 => json!({"Service": "lambda.amazonaws.com"}),
        _ => json!({"AWS": [arn("role/a"), "999999999999"]}),
    }
}

fn text(doc: &Doc, kind: Kind) -> String {
    let statements: Vec<Value> = doc
        .iter()
        .map(|says| {
            let mut statement = json!({"Effect": if says.allow { "Allow" } else { "Deny" }});
            let action = if kind == Kind::Trust { "sts:AssumeRole" } else { ACTIONS[says.action] };
            let element = if says.not_action && kind != Kind::Trust { "NotAction" } else { "Action" };
            statement[element] = json!(action);
            if kind != Kind::Trust {
                statement["Resource"] = json!(RESOURCES[says.resource]);
            }
            if kind != Kind::Identity {
                statement["Principal"] = principal(says.principal);
            }
            if let Some(condition) = condition(says.condition) {
                statement["Condition"] = condition;
            }
            statement
        })
        .collect();
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

/// The plan from one world to the other.
fn plan(before: &Small, after: &Small) -> World {
    let sides = [before, after];
    let mut world = World::new();
    let mut add = |address: &str, object: &dyn Fn(&Small) -> Value| {
        let [before, after] = sides.map(object);
        if !(before.is_null() && after.is_null()) {
            world = std::mem::take(&mut world).change(address, before, after);
        }
    };
    let bounded = |small: &Small, at: usize| small.bounded[at].then(|| arn("policy/limit"));
    let tags = |small: &Small, at: usize| if small.tagged[at] { json!({"Team": "red"}) } else { json!({}) };
    for (at, name) in ["a", "b"].into_iter().enumerate() {
        add(&format!("aws_iam_role.{name}"), &|small| {
            json!({"name": name, "arn": arn(&format!("role/{name}")), "path": "/",
                "assume_role_policy": text(&small.trust[at], Kind::Trust), "permissions_boundary": bounded(small, at),
                "tags": tags(small, at)})
        });
        add(&format!("aws_iam_role_policy.{name}"), &|small| match &small.inline[at] {
            Some(doc) => json!({"name": "p", "role": name, "policy": text(doc, Kind::Identity)}),
            None => Value::Null,
        });
        add(&format!("aws_iam_role_policy_attachment.{name}"), &|small| match small.attached[at] {
            true => json!({"role": name, "policy_arn": arn("policy/managed")}),
            false => Value::Null,
        });
    }
    add(
        "aws_iam_user.u",
        &|small| json!({"name": "u", "arn": arn("user/u"), "path": "/", "permissions_boundary": bounded(small, 2), "tags": tags(small, 2)}),
    );
    add("aws_iam_user_policy.u", &|small| match &small.inline[2] {
        Some(doc) => json!({"name": "p", "user": "u", "policy": text(doc, Kind::Identity)}),
        None => Value::Null,
    });
    add("aws_iam_user_policy_attachment.u", &|small| match small.attached[2] {
        true => json!({"user": "u", "policy_arn": arn("policy/managed")}),
        false => Value::Null,
    });
    add("aws_iam_group.g", &|_| group("g"));
    add("aws_iam_group_policy.g", &|small| match &small.group {
        Some(doc) => json!({"name": "p", "group": "g", "policy": text(doc, Kind::Identity)}),
        None => Value::Null,
    });
    add("aws_iam_group_policy_attachment.g", &|small| match small.attached[3] {
        true => json!({"group": "g", "policy_arn": arn("policy/managed")}),
        false => Value::Null,
    });
    add(
        "aws_iam_user_group_membership.u",
        &|small| json!({"user": "u", "groups": if small.member { json!(["g"]) } else { json!([]) }}),
    );
    for (name, doc) in [("managed", (|s| &s.managed) as fn(&Small) -> &Doc), ("limit", |s| &s.limit)] {
        add(&format!("aws_iam_policy.{name}"), &|small| {
            json!({"name": name, "path": "/", "arn": arn(&format!("policy/{name}")),
                "policy": text(doc(small), Kind::Identity)})
        });
    }
    add("aws_s3_bucket_policy.b", &|small| match &small.bucket {
        Some(doc) => json!({"bucket": "b", "policy": text(doc, Kind::Resource)}),
        None => Value::Null,
    });
    add("aws_sqs_queue.q", &|_| json!({"name": "q", "arn": QUEUE, "url": "https://sqs/q", "id": "https://sqs/q"}));
    add("aws_sns_topic_policy.q", &|small| match &small.queue {
        Some(doc) => json!({"arn": QUEUE, "policy": text(doc, Kind::Resource)}),
        None => Value::Null,
    });
    add("aws_kms_key.k", &|small| json!({"arn": KEY, "key_id": "1", "policy": text(&small.key, Kind::Resource)}));
    world
}

/// One side with its documents read.
struct Side {
    small: Small,
    inline: [Option<Document>; 3],
    managed: Document,
    limit: Document,
    group: Option<Document>,
    trust: [Document; 2],
    bucket: Option<Document>,
    queue: Option<Document>,
    key: Document,
}

impl Side {
    fn of(small: &Small) -> Self {
        let read = |doc: &Doc, kind| parse(&text(doc, kind), kind).unwrap();
        Self {
            small: small.clone(),
            inline: small.inline.clone().map(|doc| doc.map(|doc| read(&doc, Kind::Identity))),
            managed: read(&small.managed, Kind::Identity),
            limit: read(&small.limit, Kind::Identity),
            group: small.group.as_ref().map(|doc| read(doc, Kind::Identity)),
            trust: small.trust.clone().map(|doc| read(&doc, Kind::Trust)),
            bucket: small.bucket.as_ref().map(|doc| read(doc, Kind::Resource)),
            queue: small.queue.as_ref().map(|doc| read(doc, Kind::Resource)),
            key: read(&small.key, Kind::Resource),
        }
    }

    fn policies(&self, caller: usize, resource: &str) -> Policies<'_> {
        let mut all = Policies::default();
        if caller < 3 {
            all.identity.extend(&self.inline[caller]);
            all.identity.extend(self.small.attached[caller].then_some(&self.managed));
            if caller == 2 && self.small.member {
                all.identity.extend(&self.group);
                all.identity.extend(self.small.attached[3].then_some(&self.managed));
            }
            all.boundary = self.small.bounded[caller].then_some(&self.limit);
        }
        (all.resource, all.resource_kind) = match resource {
            _ if resource.starts_with("arn:aws:s3:::b/") => (self.bucket.as_ref(), ResourcePolicyKind::Ordinary),
            QUEUE => (self.queue.as_ref(), ResourcePolicyKind::Ordinary),
            KEY => (Some(&self.key), ResourcePolicyKind::Required),
            _ if resource.ends_with("role/a") => (Some(&self.trust[0]), ResourcePolicyKind::Required),
            _ if resource.ends_with("role/b") => (Some(&self.trust[1]), ResourcePolicyKind::Required),
            _ => (None, ResourcePolicyKind::Ordinary),
        };
        all
    }

    /// Whether a role may do anything at all; one that may not is nothing that a service gains.
    fn is_idle(&self, role: usize) -> bool {
        let allows = |doc: &Doc| doc.iter().any(|says| says.allow);
        let attached = self.small.attached[role] && allows(&self.small.managed);
        !attached && !self.small.inline[role].as_ref().is_some_and(allows)
    }
}

fn caller(number: usize) -> Principal {
    match number {
        0 => Principal::Role { arn: arn("role/a") },
        1 => Principal::Role { arn: arn("role/b") },
        2 => Principal::User { arn: arn("user/u") },
        3 => Principal::User { arn: arn("user/ghost") },
        4 => Principal::User { arn: "arn:aws:iam::999999999999:user/x".into() },
        5 => Principal::User { arn: "arn:aws:iam::999999999999:user/y".into() },
        6 => Principal::Service("lambda.amazonaws.com".into()),
        7 => Principal::Anonymous,
        ROOT => Principal::Root { arn: arn("root") },
        _ => Principal::User { arn: arn("user/any administrator") },
    }
}

fn contexts(sides: [&Small; 2]) -> Vec<Context> {
    let used = |wanted: &[usize]| {
        sides.iter().any(|small| {
            let optional = small.inline.iter().chain([&small.group, &small.bucket, &small.queue]).flatten();
            let docs = optional.chain(&small.trust).chain([&small.managed, &small.limit, &small.key]);
            docs.flatten().any(|says| wanted.contains(&says.condition))
        })
    };
    let secure: &[Option<&str>] = if used(&[1]) { &[None, Some("true"), Some("false")] } else { &[None] };
    let endpoint: &[Option<&str>] = if used(&[2, 3]) { &[None, Some("vpce-1"), Some("vpce-2")] } else { &[None] };
    let team: &[Option<&str>] = if used(&[4, 5]) { &[None, Some("red"), Some("blue")] } else { &[None] };
    let mut all = Vec::new();
    for secure in secure {
        for endpoint in endpoint {
            for team in team {
                let mut context = Context::new();
                secure.iter().for_each(|value| context.set("aws:securetransport", *value));
                endpoint.iter().for_each(|value| context.set("aws:sourcevpce", *value));
                team.iter().for_each(|value| context.set(TEAM, *value));
                all.push(context);
            }
        }
    }
    all
}

/// A request that is permitted after and was not before.
fn newly(before: &Small, after: &Small) -> Option<String> {
    let contexts = contexts([before, after]);
    let sides = [Side::of(before), Side::of(after)];
    let everything = parse(
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
        Kind::Identity,
    )
    .unwrap();
    let roles = ["role/a", "role/b"].map(arn);
    let asked = ASKED.iter().flat_map(|action| ON.iter().map(move |on| (*action, *on)));
    let assumed = roles.iter().map(|role| ("sts:AssumeRole", role.as_str()));
    let pairs: Vec<(&str, &str)> = asked.chain(assumed).collect();
    for number in 0..CALLERS {
        let principal = caller(number);
        let differs = |resource: &str| {
            let [before, after] = [0, 1].map(|side: usize| sides[side].policies(number, resource));
            let tags = [0, 1].map(|side: usize| sides[side].small.tagged.get(number).copied());
            tags[0] != tags[1]
                || (before.identity, before.boundary, before.resource)
                    != (after.identity, after.boundary, after.resource)
        };
        let idle = [0, 1].map(|role: usize| sides.iter().map(|side| side.is_idle(role)).collect::<Vec<_>>());
        let wakes = |resource: &str| roles.iter().zip(&idle).any(|(role, idle)| role == resource && idle[0] != idle[1]);
        let touched: Vec<&str> =
            ON.into_iter().chain(roles.iter().map(String::as_str)).filter(|on| differs(on) || wakes(on)).collect();
        for (action, resource) in pairs.iter().filter(|(_, resource)| touched.contains(resource)) {
            let role = roles.iter().position(|role| role == resource);
            if (number == ROOT && role.is_some()) || (number == ADMINISTRATOR && role.is_none()) {
                continue;
            }
            if role.is_some_and(|role| matches!(principal, Principal::Service(_)) && sides[1].is_idle(role)) {
                continue;
            }
            for context in &contexts {
                let permitted = |side: &Side| {
                    // The tags of whom the plan shows are theirs.
                    let tag = side.small.tagged.get(number).map(|tagged| tagged.then_some("red"));
                    let others = context.iter().filter(|(key, _)| tag.is_none() || *key != TEAM);
                    let others = others.map(|(key, value)| (key.to_owned(), value.clone()));
                    let own = tag.flatten().map(|tag| (TEAM.to_owned(), tag.into()));
                    let context = others.chain(own).collect();
                    let request = Request {
                        principal: principal.clone(),
                        action: (*action).to_owned(),
                        resource: (*resource).to_owned(),
                        resource_account: Some(ACCOUNT.to_owned()),
                        context,
                    };
                    let mut policies = side.policies(number, resource);
                    // What another account lets its people do is its own affair.
                    if number == 4 || number == 5 || number == ADMINISTRATOR {
                        policies.identity.push(&everything);
                    }
                    evaluate(&request, &policies, Reading::default()).is_allowed()
                };
                if permitted(&sides[1]) && !permitted(&sides[0]) {
                    return Some(format!("{principal:?} {action} {resource} {context:?}"));
                }
            }
        }
    }
    None
}

/// What brute force finds is `new`, and what it does not find is `none`.
fn agree(before: &Small, after: &Small) -> Result<(), TestCaseError> {
    let plan = plan(before, after);
    let said = plan.judge();
    let verdict = said.at.values().map(|access| access.verdict).max().unwrap_or_default();
    let found = newly(before, after);
    let expected = if found.is_some() { Verdict::New } else { Verdict::None };
    prop_assert_eq!(verdict, expected, "brute force: {:?}\n{:#?}\n{}", found, said.story(), plan.changes());
    Ok(())
}

fn config() -> ProptestConfig {
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => ProptestConfig::default(),
        None => ProptestConfig::with_cases(64),
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_verdict_is_that_of_brute_force((before, after) in pair()) {
        agree(&before, &after)?;
    }
}

/// Prints the smallest of some disagreements, for work on the engine.
#[test]
#[ignore = "a tool for developers"]
fn disagreements() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;
    let seconds: u64 = std::env::var("SECONDS_").ok().and_then(|text| text.parse().ok()).unwrap_or(60);
    let start = std::time::Instant::now();
    let mut runner = TestRunner::default();
    let (mut cases, mut wrong, mut spent) = (0, 0, std::time::Duration::ZERO);
    while start.elapsed().as_secs() < seconds && wrong < 4 {
        let mut tree = pair().new_tree(&mut runner).unwrap();
        cases += 1;
        let (before, after) = tree.current();
        let brute = std::time::Instant::now();
        let _ = newly(&before, &after);
        spent += brute.elapsed();
        if agree(&before, &after).is_ok() {
            continue;
        }
        wrong += 1;
        let mut last = (before, after);
        loop {
            let (before, after) = tree.current();
            if agree(&before, &after).is_err() {
                last = (before, after);
                if !tree.simplify() {
                    break;
                }
            } else if !tree.complicate() {
                break;
            }
        }
        println!("{}\n----", agree(&last.0, &last.1).unwrap_err());
    }
    println!("{cases} cases, {wrong} wrong, {:?}, {spent:?} in brute force", start.elapsed());
}
