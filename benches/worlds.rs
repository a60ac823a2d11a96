//! How the judgement of a plan grows with its size: recognition and comparison, beyond the parse.
//!
//! `cargo bench --bench worlds [-- RESOURCES...]`; prints one table. Comparing is given twice: the time that passes, and
//! the time of all processors together (of Linux; to 10 ms), in which it shows less what else the machine does.

#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock and its arguments")]
#![expect(clippy::print_stdout, reason = "prints its table")]
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a benchmark may fail")]

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tollgate::access::{Verdict, worlds};
use tollgate::iam::Interest;
use tollgate::plan::{self, Keep};

/// That of the product.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Of this many resources, [`CHANGES`] are IAM changes, more are IAM rows that stay, and the rest other rows.
const RESOURCES: usize = 15;
const CHANGES: usize = 2;

/// Each size is compared so often, and the shortest time counts.
const ROUNDS: u32 = 3;

const ACCOUNT: &str = "111122223333";

/// Processor time of all threads so far.
fn processors() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: u64 = fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

/// The rows of a plan.
#[derive(Default)]
struct Rows {
    rows: Vec<Value>,
    changes: usize,
}

impl Rows {
    /// A row that is created, updated or stays, by what is null and what is equal.
    fn add(&mut self, type_name: &str, name: &str, before: &Value, after: &Value) {
        let action = match (before.is_null(), after.is_null()) {
            (true, _) => "create",
            (_, true) => "delete",
            _ if before == after => "no-op",
            _ => "update",
        };
        self.changes += usize::from(action != "no-op");
        self.rows.push(json!({
            "address": format!("{type_name}.{name}"), "mode": "managed", "type": type_name, "name": name,
            "provider_name": "registry.terraform.io/hashicorp/aws",
            "change": {"actions": [action], "before": before, "after": after, "after_unknown": {}},
        }));
    }

    fn stays(&mut self, type_name: &str, name: &str, object: &Value) {
        self.add(type_name, name, object, object);
    }
}

fn arn(service: &str, rest: &str) -> String {
    format!("arn:aws:{service}:us-east-1:{ACCOUNT}:{rest}")
}

fn iam(rest: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:{rest}")
}

fn document(statements: &[Value]) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

fn allow(actions: &[&str], resource: &str) -> Value {
    json!({"Effect": "Allow", "Action": actions, "Resource": resource})
}

fn trust(principal: &Value) -> String {
    document(&[json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal})])
}

/// One application after the other, until the IAM changes are used up; then resources that bear on no access.
///
/// | each | has |
/// |---|---|
/// | application | a role that Lambda (every tenth: the account) may assume; an inline policy on its own bucket and queue and for its logs on everything, which widens, narrows, stays in other words, or gets a wildcard; an attachment of a policy that fifty applications share, whose own text widens; a function that runs with the role, and the permission of a bucket to call it |
/// | second | a bucket whose policy denies everyone who comes without TLS and names the role; of these every second grants it more, and every tenth lets the denial go |
/// | sixth | a queue that a topic may send to, on a condition, and a security group, which opens further |
/// | sixteenth | a key whose policy hands the decision to the account |
/// | fiftieth | a user who joins a group, a role of operators that may do anything in S3 and assume any role, and from time to time changes, and one within a boundary |
fn plan_of(resources: usize) -> Vec<u8> {
    let mut rows = Rows::default();
    rows.stays(
        "aws_iam_group",
        "developers",
        &json!({"name": "developers", "arn": iam("group/developers"), "path": "/"}),
    );
    let may = document(&[allow(&["cloudwatch:Get*", "logs:FilterLogEvents"], "*")]);
    rows.stays("aws_iam_group_policy", "developers", &json!({"name": "p", "group": "developers", "policy": may}));
    let mut at = 0;
    while rows.changes < resources * CHANGES / RESOURCES {
        application(&mut rows, at);
        at += 1;
    }
    for at in rows.rows.len()..resources {
        let object =
            json!({"id": format!("i-{at}"), "name": format!("/app/{at}"), "type": "String", "tier": "Standard"});
        rows.stays("aws_ssm_parameter", &format!("s{at}"), &object);
    }
    let plan = json!({"format_version": "1.2", "terraform_version": "1.9.8", "complete": true, "errored": false,
        "applyable": true, "resource_changes": rows.rows, "configuration": {"root_module": {}}});
    serde_json::to_vec(&plan).unwrap()
}

fn application(rows: &mut Rows, at: usize) {
    let (role, bucket) = (format!("role-{at}"), format!("arn:aws:s3:::bucket-{at}"));
    let (role_arn, objects, queue) =
        (iam(&format!("role/{role}")), format!("{bucket}/*"), arn("sqs", &format!("q-{at}")));
    let by =
        if at.is_multiple_of(10) { json!({"AWS": iam("root")}) } else { json!({"Service": "lambda.amazonaws.com"}) };
    let name = |kind: &str| format!("{kind}{at}");
    rows.stays(
        "aws_iam_role",
        &name("r"),
        &json!({"name": role, "arn": role_arn, "assume_role_policy": trust(&by), "path": "/"}),
    );
    let inline = |statement: Value| {
        let logs = allow(&["logs:CreateLogGroup", "logs:PutLogEvents"], "*");
        let text = document(&[statement, allow(&["sqs:SendMessage"], &queue), logs]);
        json!({"name": "p", "role": role, "policy": text})
    };
    let after = match at % 4 {
        0 => ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"].as_slice(),
        1 => &["s3:GetObject"],
        2 => &["s3:PutObject", "s3:GetObject"],
        _ => &["s3:Get*"],
    };
    let before = inline(allow(&["s3:GetObject", "s3:PutObject"], &objects));
    rows.add("aws_iam_role_policy", &name("p"), &before, &inline(allow(after, &objects)));
    let shared = iam(&format!("policy/shared-{}", at / 50));
    if at.is_multiple_of(50) {
        let policy = |actions: &[&str]| {
            json!({"name": format!("shared-{}", at / 50), "path": "/", "arn": shared,
                "policy": document(&[allow(actions, "arn:aws:dynamodb:us-east-1:111122223333:table/shared")])})
        };
        let before = policy(&["dynamodb:GetItem", "dynamodb:Query"]);
        rows.add(
            "aws_iam_policy",
            &name("m"),
            &before,
            &policy(&["dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem"]),
        );
        operators(rows, at);
    }
    rows.stays("aws_iam_role_policy_attachment", &name("a"), &json!({"role": role, "policy_arn": shared}));
    let function = arn("lambda", &format!("function:f-{at}"));
    rows.stays(
        "aws_lambda_function",
        &name("f"),
        &json!({"function_name": format!("f-{at}"), "arn": function, "role": role_arn}),
    );
    rows.stays(
        "aws_lambda_permission",
        &name("l"),
        &json!({"action": "lambda:InvokeFunction", "function_name": format!("f-{at}"), "principal": "s3.amazonaws.com",
            "source_arn": bucket, "source_account": ACCOUNT}),
    );
    if at.is_multiple_of(2) {
        let policy = |actions: &[&str], secure: bool| {
            let mut statements = vec![
                json!({"Effect": "Allow", "Principal": {"AWS": role_arn}, "Action": actions, "Resource": objects}),
            ];
            statements.extend(secure.then(|| {
                json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [bucket, objects],
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}}})
            }));
            json!({"bucket": format!("bucket-{at}"), "policy": document(&statements)})
        };
        let after =
            if at.is_multiple_of(4) { ["s3:GetObject", "s3:GetObjectVersion"].as_slice() } else { &["s3:GetObject"] };
        rows.add(
            "aws_s3_bucket_policy",
            &name("b"),
            &policy(&["s3:GetObject"], true),
            &policy(after, !at.is_multiple_of(20)),
        );
    }
    if at.is_multiple_of(6) {
        rows.stays("aws_sqs_queue", &name("q"), &json!({"name": format!("q-{at}"), "arn": queue, "id": queue}));
        let sends = json!({"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage",
            "Resource": queue, "Condition": {"ArnEquals": {"aws:SourceArn": arn("sns", &format!("t-{at}"))}}});
        rows.stays("aws_sqs_queue_policy", &name("qp"), &json!({"queue_url": queue, "policy": document(&[sends])}));
        let group = |cidr: &str| {
            json!({"id": format!("sg-{at}"), "name": format!("sg-{at}"), "egress": [],
                "ingress": [{"from_port": 443, "to_port": 443, "protocol": "tcp", "cidr_blocks": [cidr],
                    "ipv6_cidr_blocks": [], "prefix_list_ids": [], "security_groups": [], "self": false, "description": ""}]})
        };
        rows.add("aws_security_group", &name("sg"), &group("10.0.0.0/16"), &group("10.0.0.0/8"));
    }
    if at.is_multiple_of(16) {
        let hands = json!({"Effect": "Allow", "Principal": {"AWS": iam("root")}, "Action": "kms:*", "Resource": "*"});
        let key =
            json!({"arn": arn("kms", &format!("key/{at}")), "key_id": at.to_string(), "policy": document(&[hands])});
        rows.stays("aws_kms_key", &name("k"), &key);
    }
}

/// People and roles that may do much.
fn operators(rows: &mut Rows, at: usize) {
    let name = |kind: &str| format!("{kind}{at}");
    let (user, operator) = (format!("user-{at}"), format!("operator-{at}"));
    rows.stays("aws_iam_user", &name("u"), &json!({"name": user, "arn": iam(&format!("user/{user}")), "path": "/"}));
    rows.add(
        "aws_iam_user_group_membership",
        &name("ug"),
        &Value::Null,
        &json!({"user": user, "groups": ["developers"]}),
    );
    let limit = document(&[allow(&["s3:*", "sqs:*", "logs:*", "sts:*"], "*")]);
    let limit_arn = iam(&format!("policy/limit-{at}"));
    rows.stays(
        "aws_iam_policy",
        &name("limit"),
        &json!({"name": format!("limit-{at}"), "path": "/", "arn": limit_arn, "policy": limit}),
    );
    let trusted = trust(&json!({"AWS": iam("root")}));
    for (name, role, bounded) in [(name("o"), operator.clone(), false), (name("ob"), format!("bounded-{at}"), true)] {
        let mut object =
            json!({"name": role, "arn": iam(&format!("role/{role}")), "assume_role_policy": trusted, "path": "/"});
        if bounded {
            object["permissions_boundary"] = json!(limit_arn);
        }
        rows.stays("aws_iam_role", &name, &object);
        let policy = |more: bool| {
            let mut statements = vec![allow(&["s3:*"], "*"), allow(&["sts:AssumeRole"], "*")];
            statements.extend(more.then(|| allow(&["kms:Decrypt"], "*")));
            json!({"name": "p", "role": role, "policy": document(&statements)})
        };
        rows.add("aws_iam_role_policy", &name, &policy(false), &policy(at.is_multiple_of(200)));
    }
}

fn main() {
    let asked: Vec<usize> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    let sizes = if asked.is_empty() { vec![1_000, 5_000, 15_000, 50_000, 100_000] } else { asked };
    println!(
        "| resources | IAM changes | parse | recognise | compare | all processors | compare per change | verdict new |"
    );
    println!("|---:|---:|---:|---:|---:|---:|---:|---:|");
    for size in sizes {
        let text = plan_of(size);
        let interest = Interest::default();
        let rows = |head: &plan::RowHead<'_>| interest.row(head);
        let prior = |head: &plan::StateHead<'_>| interest.state(head);
        let configuration = |head: &plan::ConfigHead<'_>| interest.configuration(head);
        let keep = Keep::nothing().rows(&rows).prior(&prior).configuration(&configuration);
        let start = Instant::now();
        let plan = plan::read(text.as_slice(), &keep).unwrap().plans.remove(0);
        let parse = start.elapsed();
        let start = Instant::now();
        let recognition = interest.recognise(&plan);
        let recognise = start.elapsed();
        let mut best = Duration::MAX;
        let mut new = 0;
        let used = processors();
        for _ in 0..ROUNDS {
            let start = Instant::now();
            let access = worlds::compare(&plan, &recognition);
            best = best.min(start.elapsed());
            new = access.changes.iter().filter(|access| access.verdict == Verdict::New).count();
        }
        let used = (processors() - used) / ROUNDS;
        let changes = recognition.changes.len();
        let each = best / u32::try_from(changes.max(1)).unwrap();
        println!(
            "| {size} | {changes} | {parse:.1?} | {recognise:.1?} | {best:.1?} | {used:.1?} | {each:.1?} | {new} |"
        );
    }
}
