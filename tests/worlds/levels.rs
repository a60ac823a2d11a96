//! What the built-in rules make of compared changes: each class of change with the rule that names it, the rule's
//! level and the finding's severity.

use serde_json::{Value, json};
use tollgate::policy::{ChangeCase, Level, PlanCase, PlanFacts, PolicyOptions, PolicySet, RunContext};

use crate::plan::{ACCOUNT, World, allow, arn, deny, document, role, user};

/// Rule, level and severity of all findings on a plan.
fn findings(rules: &PolicySet, world: &World) -> Vec<(String, Level, String)> {
    let (recognition, access) = world.compared();
    let changes: Vec<ChangeCase<'_>> = recognition
        .changes
        .iter()
        .zip(&access.changes)
        .map(|(change, access)| ChangeCase { change, access, location: None })
        .collect();
    let facts = PlanFacts { id: "plan.json".to_owned(), ..PlanFacts::default() };
    let case = PlanCase { plan: &facts, context: &RunContext::default(), changes: &changes, raw: None };
    let judgement = rules.judge(&case).unwrap();
    let all = judgement.findings.into_iter();
    all.map(|finding| (finding.rule, finding.level, format!("{:?}", finding.severity).to_lowercase())).collect()
}

fn holder() -> World {
    World::new().stays("aws_iam_role.app", role("app"))
}

/// The role's inline policy from one list of statements to another.
fn inline(before: &[Value], after: &[Value]) -> World {
    let policy = |statements: &[Value]| json!({"name": "p", "role": "app", "policy": document(statements)});
    holder().change("aws_iam_role_policy.app", policy(before), policy(after))
}

fn bucket(before: &[Value], after: &[Value]) -> World {
    let policy = |statements: &[Value]| match statements {
        [] => Value::Null,
        statements => json!({"bucket": "b", "policy": document(statements)}),
    };
    World::new().change("aws_s3_bucket_policy.b", policy(before), policy(after))
}

fn given(principal: Value, action: &str) -> Value {
    json!({"Effect": "Allow", "Principal": principal, "Action": action, "Resource": "arn:aws:s3:::b/*"})
}

fn trust(statement: Value) -> World {
    let mut after = role("app");
    after["assume_role_policy"] = json!(document(&[statement]));
    World::new()
        .stays(
            "aws_iam_role_policy.app",
            json!({"name": "p", "role": "app", "policy": document(&[allow("s3:*", "*")])}),
        )
        .change("aws_iam_role.app", role("app"), after)
}

fn attach(policy: &str) -> World {
    let object = json!({"role": "app", "policy_arn": format!("arn:aws:iam::aws:policy/{policy}")});
    holder().change("aws_iam_role_policy_attachment.a", Value::Null, object)
}

fn lambda(before: &str, after: &str) -> World {
    let function = |role: &str| {
        json!({"function_name": "f", "role": arn(&format!("role/{role}")),
            "arn": format!("arn:aws:lambda:us-east-1:{ACCOUNT}:function:f")})
    };
    let strong = json!({"name": "p", "role": "strong", "policy": document(&[allow("dynamodb:*", "*")])});
    holder().stays("aws_iam_role.strong", role("strong")).stays("aws_iam_role_policy.strong", strong).change(
        "aws_lambda_function.f",
        function(before),
        function(after),
    )
}

fn bounded(boundary: &Value) -> Value {
    let mut object = role("app");
    object["permissions_boundary"] = boundary.clone();
    object
}

fn boundary_removed() -> World {
    let limit = json!({"name": "limit", "path": "/", "arn": arn("policy/limit"),
        "policy": document(&[allow("s3:GetObject", "*")])});
    World::new()
        .stays("aws_iam_policy.limit", limit)
        .stays(
            "aws_iam_role_policy.app",
            json!({"name": "p", "role": "app", "policy": document(&[allow("ec2:*", "*")])}),
        )
        .change("aws_iam_role.app", bounded(&json!(arn("policy/limit"))), bounded(&Value::Null))
}

fn control_policy_detached() -> World {
    let policy = json!({"id": "p-1", "name": "limit", "type": "SERVICE_CONTROL_POLICY",
        "content": document(&[deny("iam:*", "*")])});
    let attachment = json!({"policy_id": "p-1", "target_id": ACCOUNT, "id": format!("{ACCOUNT}:p-1")});
    World::new().stays("aws_organizations_policy.limit", policy).change(
        "aws_organizations_policy_attachment.limit",
        attachment,
        Value::Null,
    )
}

fn block_lifted() -> World {
    let block = |on: bool| {
        json!({"bucket": "b", "block_public_acls": true, "block_public_policy": true, "ignore_public_acls": true,
            "restrict_public_buckets": on})
    };
    let open = json!({"bucket": "b", "policy": document(&[given(json!("*"), "s3:GetObject")])});
    World::new().stays("aws_s3_bucket_policy.b", open).change(
        "aws_s3_bucket_public_access_block.b",
        block(true),
        block(false),
    )
}

fn function_open() -> World {
    let object = json!({"function_name": "f", "principal": "*", "action": "lambda:InvokeFunction"});
    World::new().change("aws_lambda_permission.p", Value::Null, object)
}

fn key_created() -> World {
    let policy = json!({"name": "p", "user": "u", "policy": document(&[allow("s3:GetObject", "*")])});
    World::new().stays("aws_iam_user.u", user("u")).stays("aws_iam_user_policy.u", policy).change_unknown(
        "aws_iam_access_key.u",
        Value::Null,
        json!({"user": "u", "status": "Active"}),
        json!({"id": true}),
    )
}

fn unknown_document() -> World {
    let before = json!({"name": "p", "role": "app", "policy": document(&[allow("s3:GetObject", "*")])});
    let after = json!({"name": "p", "role": "app"});
    holder().change_unknown("aws_iam_role_policy.app", before, after, json!({"policy": true}))
}

const OIDC: &str = "oidc-provider/token.actions.githubusercontent.com";

#[test]
fn each_class_of_compared_change_keeps_its_level() {
    let everyone = json!("*");
    let foreign = json!({"AWS": "arn:aws:iam::999999999999:root"});
    let of_org = |mut statement: Value| {
        statement["Condition"] = json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}});
        statement
    };
    let assume = |principal: Value| json!({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"});
    let federated = json!({"Effect": "Allow", "Principal": {"Federated": arn(OIDC)},
        "Action": "sts:AssumeRoleWithWebIdentity"});
    let read = allow("s3:GetObject", "arn:aws:s3:::b/*");
    let table: Vec<(&str, World, &str, Level, &str)> = vec![
        (
            "administrator attached",
            attach("AdministratorAccess"),
            "aws-administrator-grant",
            Level::Approve,
            "critical",
        ),
        (
            "everything inline",
            inline(std::slice::from_ref(&read), &[allow("*", "*")]),
            "aws-administrator-grant",
            Level::Approve,
            "critical",
        ),
        (
            "bucket open for everything",
            bucket(&[], &[given(everyone.clone(), "s3:*")]),
            "aws-public-principal",
            Level::Deny,
            "critical",
        ),
        (
            "bucket open for reading",
            bucket(&[], &[given(everyone.clone(), "s3:GetObject")]),
            "aws-public-principal",
            Level::Approve,
            "critical",
        ),
        (
            "bucket open in the organisation",
            bucket(&[], &[of_org(given(everyone.clone(), "s3:GetObject"))]),
            "new-access",
            Level::Approve,
            "low",
        ),
        (
            "bucket for another account",
            bucket(&[], &[given(foreign.clone(), "s3:GetObject")]),
            "aws-cross-account-principal",
            Level::Approve,
            "high",
        ),
        ("role for everyone", trust(assume(everyone)), "aws-public-principal", Level::Deny, "critical"),
        ("role for another account", trust(assume(foreign)), "aws-cross-account-principal", Level::Approve, "high"),
        ("role for any token", trust(federated), "aws-federation-without-subject", Level::Approve, "high"),
        ("function open", function_open(), "aws-public-principal", Level::Approve, "critical"),
        (
            "permissions",
            inline(std::slice::from_ref(&read), &[allow("iam:AttachRolePolicy", "*")]),
            "aws-permissions-management",
            Level::Approve,
            "high",
        ),
        (
            "credentials",
            inline(std::slice::from_ref(&read), &[allow("iam:CreateAccessKey", "*")]),
            "aws-credential-exposure",
            Level::Approve,
            "high",
        ),
        (
            "any role passed",
            inline(std::slice::from_ref(&read), &[allow("iam:PassRole", "*")]),
            "aws-passrole-any",
            Level::Approve,
            "high",
        ),
        (
            "a whole service",
            inline(std::slice::from_ref(&read), &[allow("dynamodb:*", "arn:aws:dynamodb:*:*:table/t")]),
            "aws-wildcard-action",
            Level::Approve,
            "medium",
        ),
        (
            "all but a service",
            inline(std::slice::from_ref(&read), &[json!({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})]),
            "aws-wildcard-action",
            Level::Approve,
            "medium",
        ),
        (
            "every resource",
            inline(std::slice::from_ref(&read), &[allow("s3:PutObject", "*")]),
            "aws-wildcard-resource",
            Level::Approve,
            "low",
        ),
        (
            "data",
            inline(std::slice::from_ref(&read), &[allow("s3:GetObject", "arn:aws:s3:::c/*")]),
            "aws-data-access",
            Level::Warn,
            "info",
        ),
        (
            "anything else",
            inline(std::slice::from_ref(&read), &[allow("s3:GetObject", "arn:aws:s3:::c/*")]),
            "new-access",
            Level::Approve,
            "low",
        ),
        ("boundary removed", boundary_removed(), "guard-rail-weakened", Level::Approve, "high"),
        ("grant behind a boundary", boundary_removed(), "dormant-allow", Level::Approve, "high"),
        (
            "deny removed",
            inline(&[allow("s3:*", "*"), deny("s3:Put*", "*")], &[allow("s3:*", "*")]),
            "guard-rail-weakened",
            Level::Approve,
            "high",
        ),
        (
            "grant behind a deny",
            inline(&[allow("s3:*", "*"), deny("s3:Put*", "*")], &[allow("s3:*", "*")]),
            "dormant-allow",
            Level::Approve,
            "high",
        ),
        ("control policy detached", control_policy_detached(), "guard-rail-weakened", Level::Approve, "high"),
        ("block lifted", block_lifted(), "guard-rail-weakened", Level::Approve, "high"),
        ("bucket behind a block", block_lifted(), "dormant-allow", Level::Approve, "high"),
        ("bucket behind a block", block_lifted(), "aws-public-principal", Level::Approve, "critical"),
        ("code with another role", lambda("app", "strong"), "code-with-role", Level::Approve, "medium"),
        ("access key", key_created(), "credential-created", Level::Approve, "high"),
        ("unknown document", unknown_document(), "undetermined", Level::Approve, "medium"),
    ];
    let rules = PolicySet::load(&PolicyOptions::default(), &[], &[]).unwrap();
    let mut wrong = Vec::new();
    for (class, world, rule, level, severity) in &table {
        let found = findings(&rules, world);
        let of_rule = found.iter().filter(|(id, ..)| id == rule);
        let highest = of_rule.map(|(_, level, severity)| (*level, severity.as_str())).max_by_key(|(level, _)| *level);
        if highest != Some((*level, *severity)) {
            wrong.push(format!("{class}: {rule} {highest:?} of {found:?}\n{:#?}", world.judge().story()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_gives_nothing_is_quiet_for_each_class() {
    let wide = [allow("*", "*")];
    let narrow = [allow("s3:GetObject", "arn:aws:s3:::b/*")];
    let open = [given(json!("*"), "s3:*")];
    let closed = [given(json!({"AWS": arn("role/app")}), "s3:GetObject")];
    let administrator = || json!({"role": "app", "policy_arn": "arn:aws:iam::aws:policy/AdministratorAccess"});
    let worlds = [
        ("narrowed", inline(&wide, &narrow)),
        ("denied", inline(&wide, &[allow("*", "*"), deny("iam:*", "*")])),
        ("closed", bucket(&open, &closed)),
        ("removed", bucket(&open, &[])),
        ("detached", holder().change("aws_iam_role_policy_attachment.a", administrator(), Value::Null)),
        ("respelled", inline(&narrow, &[allow("s3:getobject", "arn:aws:s3:::b/*")])),
        ("role of less", lambda("strong", "app")),
    ];
    let rules = PolicySet::load(&PolicyOptions::default(), &[], &[]).unwrap();
    for (case, world) in worlds {
        let found = findings(&rules, &world);
        let asks: Vec<_> = found.iter().filter(|(_, level, _)| *level > Level::Warn).collect();
        assert!(asks.is_empty(), "{case}: {asks:?}\n{:#?}", world.judge().story());
    }
}
