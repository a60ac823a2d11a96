//! The reports that every format is shown with.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tollgate::access::{
    ActionAccess, Guardrail, GuardrailEffect, NewAccess, Reason, RemovedAccess, StatementRef, Verdict, Witness,
};
use tollgate::decision::{Decision, UnusedBecause, UnusedWaiver, Waived, Waiver};
use tollgate::iam::{Facet, Kind, Platform};
use tollgate::plan::Undetermined;
use tollgate::policy::{Finding, Level, Location, Severity};
use tollgate::report::{ChangeEntry, PlanEntry, Report, RuleEntry, SCHEMA_VERSION, SubjectEntry, Summary, Tool};

/// All of them but the huge one, with their names.
pub(crate) fn all() -> Vec<(&'static str, Report)> {
    vec![
        ("empty", empty()),
        ("one", one()),
        ("many", many()),
        ("unknown", unknown()),
        ("hostile", hostile()),
        ("error", error()),
        ("waivers", waivers()),
        ("plans", plans()),
    ]
}

/// A plan without an IAM change.
pub(crate) fn empty() -> Report {
    Report {
        schema_version: SCHEMA_VERSION,
        tool: Tool { version: "0.0.0".into(), data_date: "2026-01-31".into(), catalogues: Vec::new() },
        decision: Decision::Allow,
        access: Summary::default(),
        plans: vec![plan("plan.json", Decision::Allow, Verdict::None)],
        changes: vec![],
        findings: vec![],
        rules: vec![],
        waived: vec![],
        unused_waivers: vec![],
        undetermined: vec![],
        subject: None,
    }
}

pub(crate) fn plan(id: &str, decision: Decision, verdict: Verdict) -> PlanEntry {
    PlanEntry {
        id: id.into(),
        source: "json".into(),
        sha256: "0123456789abcdef".repeat(4),
        decision,
        verdict,
        rows: 1_234,
        resolved: Default::default(),
        standing: Vec::new(),
    }
}

pub(crate) fn finding(rule: &str, level: Level, severity: Severity, address: &str, message: &str) -> Finding {
    Finding {
        plan: "plan.json".into(),
        rule: rule.into(),
        level,
        severity,
        address: address.into(),
        path: "policy".into(),
        message: message.into(),
        remediation: "name the actions and resources that are needed".into(),
        fingerprint: Finding::fingerprint_of(rule, address, "policy", message),
        location: Some(Location { file: "modules/deploy/main.tf".into(), line: 12 }),
        approvers: None,
        max_window: None,
    }
}

pub(crate) fn change(address: &str, verdict: Verdict) -> ChangeEntry {
    ChangeEntry {
        plan: "plan.json".into(),
        address: address.into(),
        previous_address: None,
        type_name: "aws_iam_policy".into(),
        provider: "hashicorp/aws".into(),
        platform: Platform::Aws,
        kind: Kind::IdentityPolicy,
        actions: vec!["update".into()],
        verdict,
        reasons: vec![],
        new: vec![],
        removed: vec![],
        guardrails: vec![],
        notes: Vec::new(),
        escalations: vec![],
        facets: vec![],
        location: Some(Location { file: "modules/deploy/main.tf".into(), line: 12 }),
    }
}

fn new_access() -> NewAccess {
    let strings = |list: &[&str]| list.iter().map(|item| (*item).to_owned()).collect::<Vec<_>>();
    NewAccess {
        principal: "arn:aws:iam::111122223333:role/app".into(),
        actions: strings(&["s3:GetObject", "s3:PutObject"]),
        action_levels: vec![ActionAccess { action: "s3:PutObject".into(), levels: strings(&["write"]) }],
        resources: strings(&["arn:aws:s3:::artifacts/*"]),
        conditions: strings(&["aws:SourceVpc is vpc-1"]),
        statement: StatementRef {
            address: "aws_iam_policy.deploy".into(),
            path: "policy".into(),
            index: 1,
            sid: Some("Write".into()),
        },
        witness: Witness {
            principal: "arn:aws:iam::111122223333:role/app".into(),
            action: "s3:PutObject".into(),
            resource: "arn:aws:s3:::artifacts/x".into(),
            context: BTreeMap::from([("aws:SourceVpc".to_owned(), strings(&["vpc-1"]))]),
        },
        explanation: "statement `Write` permits it; before, no statement named s3:PutObject".into(),
    }
}

fn policies() -> Facet {
    let before = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::artifacts/*"}]});
    let after = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "Read", "Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"],
         "Resource": "arn:aws:s3:::artifacts/*"},
        {"Sid": "Write", "Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::artifacts/*",
         "Condition": {"StringEquals": {"aws:SourceVpc": "vpc-1"}}}]});
    Facet {
        purpose: "policy".into(),
        path: "policy".into(),
        before: Some(Value::String(before.to_string())),
        after: Some(Value::String(after.to_string())),
        unknown: false,
    }
}

/// One finding on one change.
pub(crate) fn one() -> Report {
    let mut change = change("aws_iam_policy.deploy", Verdict::New);
    change.new = vec![new_access()];
    change.facets = vec![policies()];
    Report {
        decision: Decision::NeedsApproval,
        access: Summary { verdict: Verdict::New, reasons: vec![] },
        plans: vec![plan("plan.json", Decision::NeedsApproval, Verdict::New)],
        changes: vec![change],
        findings: vec![finding(
            "new-access",
            Level::Approve,
            Severity::Low,
            "aws_iam_policy.deploy",
            "permits `s3:PutObject`, which was not permitted before",
        )],
        rules: vec![RuleEntry {
            id: "new-access".into(),
            title: "New access".into(),
            description: "The plan permits a request that was not permitted before.".into(),
            references: vec!["https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html".into()],
        }],
        ..empty()
    }
}

/// Findings of every level, a guard rail, removed access.
pub(crate) fn many() -> Report {
    let mut report = one();
    let mut trust = change("module.ci.aws_iam_role.runner[\"eu\"]", Verdict::New);
    trust.kind = Kind::TrustPolicy;
    trust.actions = vec!["delete".into(), "create".into()];
    trust.previous_address = Some("aws_iam_role.runner".into());
    trust.new = vec![NewAccess { principal: "*".into(), conditions: vec![], ..new_access() }];
    trust.location = None;
    let mut boundary = change("aws_s3_bucket_public_access_block.logs", Verdict::Possible);
    boundary.kind = Kind::BoundaryOrGuardrail;
    boundary.actions = vec!["delete".into()];
    boundary.guardrails = vec![Guardrail {
        address: "aws_s3_bucket_public_access_block.logs".into(),
        kind: "public_access_block".into(),
        effect: GuardrailEffect::Removed,
        explanation: "public policies on the bucket take effect again".into(),
    }];
    boundary.reasons = vec![Reason {
        code: "not_compared".into(),
        path: String::new(),
        message: "the bucket's policy is not in this plan; look at it before you approve".into(),
    }];
    let mut narrowed = change("aws_iam_user_policy.old", Verdict::None);
    narrowed.removed = vec![RemovedAccess {
        principal: "arn:aws:iam::111122223333:user/old".into(),
        actions: vec!["ec2:*".into()],
        resources: vec!["*".into()],
        conditions: vec![],
        statement: StatementRef::default(),
        explanation: "the policy is gone".into(),
    }];
    report.decision = Decision::Block;
    report.plans[0].decision = Decision::Block;
    report.changes.extend([trust, boundary, narrowed]);
    report.findings.extend([
        finding(
            "long-lived-key",
            Level::Warn,
            Severity::Info,
            "aws_iam_access_key.ci",
            "creates a key that never expires",
        ),
        finding(
            "public-trust",
            Level::Deny,
            Severity::Critical,
            "module.ci.aws_iam_role.runner[\"eu\"]",
            "anybody may assume the role",
        ),
        Finding {
            approvers: Some("security".into()),
            max_window: Some(3_600),
            location: None,
            ..finding(
                "guardrail-removed",
                Level::Approve,
                Severity::High,
                "aws_s3_bucket_public_access_block.logs",
                "removes the public access block",
            )
        },
        Finding {
            address: String::new(),
            path: String::new(),
            remediation: String::new(),
            location: None,
            ..finding("plan-size", Level::Warn, Severity::Low, "", "the plan touches 1234 rows")
        },
    ]);
    report.subject = Some(SubjectEntry { digest: "ab".repeat(32), parts: serde_json::Map::new() });
    report.sort();
    report
}

/// What could not be determined.
pub(crate) fn unknown() -> Report {
    let mut change = change("aws_iam_role_policy.late", Verdict::Possible);
    change.actions = vec!["create".into()];
    change.reasons = vec![Reason {
        code: "unknown_value".into(),
        path: "policy".into(),
        message: "the policy is known only after apply; give it a value that is known at plan time".into(),
    }];
    change.facets = vec![
        Facet { purpose: "policy".into(), path: "policy".into(), before: None, after: None, unknown: true },
        Facet {
            purpose: "principal".into(),
            path: "role".into(),
            before: None,
            after: Some(json!("late")),
            unknown: false,
        },
    ];
    let undetermined = vec![
        Undetermined {
            plan: "plan.json".into(),
            address: None,
            code: "incomplete_plan".into(),
            message: "the plan says `complete: false`; plan again without -target".into(),
        },
        Undetermined {
            plan: "plan.json".into(),
            address: Some("aws_iam_role_policy.late".into()),
            code: "unknown_action".into(),
            message: "the action word `reconcile` is not known to this version; upgrade tollgate".into(),
        },
    ];
    Report {
        decision: Decision::NeedsApproval,
        access: Summary {
            verdict: Verdict::Possible,
            reasons: vec![Reason {
                code: "outside_plan".into(),
                path: String::new(),
                message: "what the state does not hold is taken to grant nothing".into(),
            }],
        },
        plans: vec![plan("-", Decision::NeedsApproval, Verdict::Possible)],
        changes: vec![change],
        undetermined,
        ..empty()
    }
}

/// Text that tries to break out of every format at once.
pub(crate) const HOSTILE: &str = "x[\"`a``b` </details></code><script>alert(1)</script> <!-- ]]> @org/team #1 ![i](http://e.x) \
     [l](http://e.x)\n::error::pwned\r\n##[add-mask]x ##vso[task.setvariable]y\n/tollgate approve\n\n# head\n```\n~~~\n\
     \u{202e}gnp.exe\u{202c} \u{200b}\u{feff}\u{1b}[2J\u{1b}]8;;http://e.x\u{7}\u{9b}31m\u{0}\u{85}\u{2028}\u{e0041} \
     %0A::warning::x {0} $`x`$ | & ' % , : \\ \"]";

/// Hostile text everywhere.
pub(crate) fn hostile() -> Report {
    everywhere(HOSTILE)
}

/// The given text in every string of a report that has something of everything.
pub(crate) fn everywhere(text: &str) -> Report {
    let t = || text.to_owned();
    let found = |level, severity| Finding {
        plan: t(),
        rule: t(),
        level,
        severity,
        address: t(),
        path: t(),
        message: t(),
        remediation: t(),
        fingerprint: Finding::fingerprint_of(text, text, text, text),
        location: Some(Location { file: t(), line: 1 }),
        approvers: Some(t()),
        max_window: None,
    };
    let statement = || StatementRef { address: t(), path: t(), index: 0, sid: Some(t()) };
    let waiver = || Waiver { rule: t(), address: t(), reason: t(), owner: t(), expires: t() };
    let reason = || Reason { code: t(), path: t(), message: t() };
    let document =
        json!({"Statement": [{"Sid": text, "Effect": text, text: [text], "Condition": {text: {text: text}}}]});
    let facet =
        |before: Option<Value>, after: Option<Value>| Facet { purpose: t(), path: t(), before, after, unknown: true };
    let new = NewAccess {
        principal: t(),
        actions: vec![t()],
        action_levels: vec![ActionAccess { action: t(), levels: vec![t()] }],
        resources: vec![t()],
        conditions: vec![t()],
        statement: statement(),
        witness: Witness {
            principal: t(),
            action: t(),
            resource: t(),
            context: BTreeMap::from([(t(), vec![t(), t()])]),
        },
        explanation: t(),
    };
    let removed = RemovedAccess {
        principal: t(),
        actions: vec![t()],
        resources: vec![t()],
        conditions: vec![t()],
        statement: statement(),
        explanation: t(),
    };
    let entry = ChangeEntry {
        plan: t(),
        address: t(),
        previous_address: Some(t()),
        type_name: t(),
        provider: t(),
        platform: Platform::Other,
        kind: Kind::Unclassified,
        actions: vec![t()],
        verdict: Verdict::New,
        reasons: vec![reason()],
        new: vec![new],
        removed: vec![removed],
        guardrails: vec![Guardrail { address: t(), kind: t(), effect: GuardrailEffect::Bypassed, explanation: t() }],
        notes: vec![text.to_owned()],
        escalations: vec![json!({text: [text]})],
        facets: vec![
            facet(None, Some(Value::String(document.to_string()))),
            facet(Some(json!([text, 1])), Some(json!([]))),
            facet(Some(json!(format!("{text}\n{text}"))), Some(json!({text: text}))),
            facet(Some(json!(text)), None),
        ],
        location: Some(Location { file: t(), line: 1 }),
    };
    Report {
        decision: Decision::Block,
        access: Summary { verdict: Verdict::New, reasons: vec![reason()] },
        plans: vec![PlanEntry { id: t(), ..plan("", Decision::Block, Verdict::New) }],
        changes: vec![entry.clone(), ChangeEntry { plan: "other".into(), verdict: Verdict::None, ..entry }],
        findings: vec![
            found(Level::Deny, Severity::Critical),
            found(Level::Approve, Severity::Medium),
            found(Level::Warn, Severity::Info),
        ],
        rules: vec![RuleEntry { id: t(), title: t(), description: t(), references: vec![t()] }],
        waived: vec![Waived { finding: found(Level::Deny, Severity::High), waiver: waiver() }],
        unused_waivers: vec![UnusedWaiver { waiver: waiver(), why: UnusedBecause::Expired }],
        undetermined: vec![
            Undetermined { plan: t(), address: Some(t()), code: t(), message: t() },
            Undetermined { plan: t(), address: None, code: t(), message: t() },
        ],
        subject: Some(SubjectEntry { digest: t(), parts: serde_json::Map::from_iter([(t(), json!(text))]) }),
        ..empty()
    }
}

/// No decision was made.
pub(crate) fn error() -> Report {
    Report {
        decision: Decision::Error,
        access: Summary { verdict: Verdict::Possible, reasons: vec![] },
        plans: vec![plan("plan.json", Decision::Error, Verdict::Possible)],
        undetermined: vec![Undetermined {
            plan: "plan.json".into(),
            address: None,
            code: "rule_failed".into(),
            message: "rule `public-trust` failed at policies/trust.rego:12: `to_number` of a string; repair the rule"
                .into(),
        }],
        ..empty()
    }
}

/// Waived findings, an expired waiver, an unused one.
pub(crate) fn waivers() -> Report {
    let waiver = |rule: &str, expires: &str| Waiver {
        rule: rule.into(),
        address: "aws_iam_access_key.*".into(),
        reason: "the vendor has no other way; see TICKET-1".into(),
        owner: "team-build".into(),
        expires: expires.into(),
    };
    let found = finding(
        "long-lived-key",
        Level::Approve,
        Severity::Medium,
        "aws_iam_access_key.ci",
        "creates a key that never expires",
    );
    Report {
        changes: vec![change("aws_iam_access_key.ci", Verdict::None)],
        waived: vec![Waived { finding: found, waiver: waiver("long-lived-key", "2026-12-31") }],
        unused_waivers: vec![
            UnusedWaiver { waiver: waiver("public-trust", "2025-12-31"), why: UnusedBecause::Expired },
            UnusedWaiver { waiver: waiver("admin-policy", "2026-12-31"), why: UnusedBecause::Unmatched },
        ],
        ..empty()
    }
}

/// Three plans; the same finding in two of them.
pub(crate) fn plans() -> Report {
    let mut report = one();
    report.decision = Decision::Block;
    report.plans = vec![
        plan("eu/plan.json", Decision::NeedsApproval, Verdict::New),
        plan("us/plan.json", Decision::Block, Verdict::New),
        plan("dev/plan.json", Decision::Allow, Verdict::None),
    ];
    let mut twin = report.findings[0].clone();
    report.findings[0].plan = "eu/plan.json".into();
    twin.plan = "us/plan.json".into();
    twin.level = Level::Deny;
    report.findings.push(twin);
    report.changes[0].plan = "eu/plan.json".into();
    let mut second = report.changes[0].clone();
    second.plan = "us/plan.json".into();
    report.changes.push(second);
    report.sort();
    report
}

/// Five thousand findings on as many changes.
pub(crate) fn huge() -> Report {
    let mut report = one();
    for index in 0..5_000 {
        let address = format!("module.team[{index}].aws_iam_policy.deploy");
        let level = [Level::Warn, Level::Approve, Level::Deny][index % 3];
        let severity = [Severity::Info, Severity::Low, Severity::Medium, Severity::High, Severity::Critical][index % 5];
        report.findings.push(finding(
            "wildcard-action",
            level,
            severity,
            &address,
            "permits every action of a service",
        ));
        report.changes.push(ChangeEntry { address, ..report.changes[0].clone() });
        report.undetermined.push(Undetermined::at(
            format!("aws_iam_role.late[{index}]"),
            "unknown_value",
            "known only after apply",
        ));
    }
    report.decision = Decision::Block;
    report.sort();
    report
}
