//! How the judgement of a plan grows with its size: recognition and comparison, beyond the parse.
//!
//! `cargo bench --bench worlds [-- RESOURCES...]`; prints one table. Numbers are wall time of one thread.

#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock and its arguments")]
#![expect(clippy::print_stdout, reason = "prints its table")]
#![expect(clippy::unwrap_used, reason = "a benchmark may fail")]

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tollgate::access::{Verdict, worlds};
use tollgate::iam::Interest;
use tollgate::plan::{self, Keep};

/// Of this many resources, [`CHANGES`] are IAM changes, somewhat more are IAM rows that stay, and the rest other rows.
const RESOURCES: usize = 15;
const CHANGES: usize = 2;

fn row(type_name: &str, name: &str, before: &Value, after: &Value) -> Value {
    let action = match (before.is_null(), after.is_null()) {
        (true, _) => "create",
        (_, true) => "delete",
        _ if before == after => "no-op",
        _ => "update",
    };
    json!({
        "address": format!("{type_name}.{name}"), "mode": "managed", "type": type_name, "name": name,
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "change": {"actions": [action], "before": before, "after": after, "after_unknown": {}},
    })
}

fn document(actions: &[&str], resource: &str) -> String {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": resource}]})
        .to_string()
}

/// Roles that a service or the account may assume, each with an inline policy that widens, narrows or stays the same in
/// other words; for every fourth a bucket whose policy names it and denies everyone who comes without TLS, and half of
/// these change; for every sixteenth a key whose policy hands the decision to the account.
fn plan_of(resources: usize) -> Vec<u8> {
    let mut rows = Vec::with_capacity(resources);
    let changes = resources * CHANGES / RESOURCES;
    let trust = |principal: Value| {
        json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}]})
        .to_string()
    };
    let account = "arn:aws:iam::111122223333:root";
    let mut left = changes;
    for at in 0.. {
        if left == 0 {
            break;
        }
        let role = format!("role-{at}");
        let arn = format!("arn:aws:iam::111122223333:role/{role}");
        let principal = if at % 10 == 0 { json!({"AWS": account}) } else { json!({"Service": "lambda.amazonaws.com"}) };
        let identity = json!({"name": role, "arn": arn, "assume_role_policy": trust(principal), "path": "/"});
        rows.push(row("aws_iam_role", &format!("r{at}"), &identity, &identity));
        let bucket = format!("arn:aws:s3:::bucket-{at}/*");
        let narrow = document(&["s3:GetObject", "s3:PutObject"], &bucket);
        let after = match at % 4 {
            0 => document(&["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], &bucket),
            1 => document(&["s3:GetObject"], &bucket),
            2 => document(&["s3:PutObject", "s3:GetObject"], &bucket),
            _ => document(&["s3:Get*"], &bucket),
        };
        let policy = |text: &str| json!({"name": "p", "role": role, "policy": text});
        rows.push(row("aws_iam_role_policy", &format!("p{at}"), &policy(&narrow), &policy(&after)));
        left -= 1;
        if at % 4 == 0 {
            let policy = |actions: &[&str]| {
                let text = json!({"Version": "2012-10-17", "Statement": [
                    {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": bucket,
                        "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
                    {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": actions, "Resource": bucket}]});
                json!({"bucket": format!("bucket-{at}"), "policy": text.to_string()})
            };
            let before = policy(&["s3:GetObject"]);
            let change = at % 8 == 0 && left > 0;
            let after = if change { policy(&["s3:GetObject", "s3:GetObjectVersion"]) } else { before.clone() };
            rows.push(row("aws_s3_bucket_policy", &format!("b{at}"), &before, &after));
            left -= usize::from(change);
        }
        if at % 16 == 0 {
            let policy = json!({"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "kms:*", "Resource": "*"}]});
            let key = json!({"arn": format!("arn:aws:kms:us-east-1:111122223333:key/{at}"), "key_id": format!("{at}"),
                "policy": policy.to_string()});
            rows.push(row("aws_kms_key", &format!("k{at}"), &key, &key));
        }
    }
    for at in rows.len()..resources {
        let object =
            json!({"id": format!("i-{at}"), "name": format!("/app/{at}"), "type": "String", "tier": "Standard"});
        rows.push(row("aws_ssm_parameter", &format!("s{at}"), &object, &object));
    }
    let plan = json!({"format_version": "1.2", "terraform_version": "1.9.8", "complete": true, "errored": false,
        "applyable": true, "resource_changes": rows, "configuration": {"root_module": {}}});
    serde_json::to_vec(&plan).unwrap()
}

fn main() {
    let asked: Vec<usize> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    let sizes = if asked.is_empty() { vec![1_000, 5_000, 15_000, 50_000, 100_000] } else { asked };
    println!("| resources | IAM changes | parse | recognise | compare | compare per change | verdict new |");
    println!("|---:|---:|---:|---:|---:|---:|---:|");
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
        for _ in 0..3 {
            let start = Instant::now();
            let access = worlds::compare(&plan, &recognition);
            best = best.min(start.elapsed());
            new = access.changes.iter().filter(|access| access.verdict == Verdict::New).count();
        }
        let changes = recognition.changes.len();
        let each = best / u32::try_from(changes.max(1)).unwrap();
        println!("| {size} | {changes} | {parse:.1?} | {recognise:.1?} | {best:.1?} | {each:.1?} | {new} |");
    }
}
