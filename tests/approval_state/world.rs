//! A small world for the state machine: one repository, one pull request, a few people.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use tollgate::approval::{
    Account, AccountKind, ApprovalSettings, Attribution, CodeOwners, Comment, Commit, Digest, Doubt, Edits, Judgement,
    Now, Person, PullRequest, PullState, Push, PushKind, Requirements, Review, ReviewState, Role, RoleLevel, Snapshot,
    Stack, State, Subject, SubjectParts, UserId, decide, findings_digest, iam_digest, policy_digest,
};
use tollgate::policy::{Finding, Level, Severity};

pub(crate) const AUTHOR: u64 = 1;
pub(crate) const ALICE: u64 = 2;
pub(crate) const BOB: u64 = 3;
pub(crate) const CAROL: u64 = 4;
pub(crate) const STRANGER: u64 = 9;

pub(crate) const HEAD: &str = "1111111111111111111111111111111111111111";

/// Seconds after an hour on a day.
pub(crate) fn at(seconds: i64) -> Timestamp {
    "2026-03-01T12:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds)
}

pub(crate) fn now(seconds: i64) -> Now {
    Now::from_server(at(seconds), 0, at(seconds)).unwrap()
}

pub(crate) fn user(id: u64) -> Account {
    let login = match id {
        AUTHOR => "author".to_owned(),
        ALICE => "alice".to_owned(),
        BOB => "bob".to_owned(),
        CAROL => "carol".to_owned(),
        STRANGER => "stranger".to_owned(),
        other => format!("user{other}"),
    };
    Account { id: UserId(id), login, kind: AccountKind::User }
}

pub(crate) fn finding(rule: &str, severity: Severity, level: Level) -> Finding {
    Finding {
        plan: "p.tfplan".into(),
        rule: rule.into(),
        level,
        severity,
        address: "aws_iam_role.x".into(),
        path: String::new(),
        message: "m".into(),
        remediation: String::new(),
        fingerprint: Finding::fingerprint_of(rule, "aws_iam_role.x", "", "m"),
        location: None,
        approvers: None,
        max_window: None,
    }
}

pub(crate) fn parts(findings: &[Finding]) -> SubjectParts {
    SubjectParts {
        forge_host: "github.com".into(),
        repo_id: 1000,
        pr_number: 7,
        head_sha: HEAD.into(),
        target_ref: "main".into(),
        stack: "envs/prod:default".parse::<Stack>().unwrap(),
        plan_sha256: Digest::of(b"plan"),
        iam_digest: iam_digest(&[]),
        findings_digest: findings_digest(findings),
        policy_digest: policy_digest([]),
        tollgate_major: 0,
        requirements: Requirements::new(findings, []),
        plan_run: None,
    }
}

pub(crate) fn settings(toml: &str) -> ApprovalSettings {
    let settings: ApprovalSettings = toml::from_str(toml).unwrap();
    assert_eq!(settings.mistakes(), []);
    settings
}

pub(crate) struct World {
    pub(crate) snapshot: Snapshot,
    pub(crate) settings: ApprovalSettings,
    pub(crate) subject: Subject,
    next_id: u64,
}

impl World {
    /// One finding of severity high; one maintainer is enough; Alice, Bob and Carol maintain. The head was pushed
    /// at 0 s.
    pub(crate) fn new() -> Self {
        let people = [(AUTHOR, RoleLevel::Maintain), (ALICE, RoleLevel::Maintain), (BOB, RoleLevel::Maintain)]
            .into_iter()
            .chain([(CAROL, RoleLevel::Maintain), (STRANGER, RoleLevel::Read)])
            .map(|(id, level)| (UserId(id), Person { role: Role { level, custom: None }, teams: BTreeSet::new() }));
        Self {
            snapshot: Snapshot {
                forge_host: "github.com".into(),
                repo_id: 1000,
                default_branch: "main".into(),
                pull: PullRequest {
                    number: 7,
                    author: Some(user(AUTHOR)),
                    state: PullState::Open,
                    draft: false,
                    locked: false,
                    head_sha: HEAD.into(),
                    head_ref: "feature".into(),
                    head_repo: Some(1000),
                    base_ref: "main".into(),
                },
                comments: Vec::new(),
                reviews: Vec::new(),
                commits: vec![Commit {
                    sha: HEAD.into(),
                    parents: vec!["0".repeat(40)],
                    people: vec![Attribution::User(user(AUTHOR)), Attribution::Forge],
                    verified: false,
                }],
                pushes: vec![Push {
                    id: 1,
                    actor: Some(user(AUTHOR)),
                    at: at(0),
                    after: HEAD.into(),
                    kind: PushKind::Creation,
                }],
                timeline: Vec::new(),
                changed_files: vec!["envs/prod/main.tf".into()],
                people: people.collect(),
                code_owners: CodeOwners::default(),
                records: Vec::new(),
                plan_run: None,
            },
            settings: settings(
                "[[rules]]\nname = \"maintainers\"\nrequires = { count = 1, any_of = [\"role:maintain\"] }",
            ),
            subject: Subject::new(parts(&[finding("star-admin", Severity::High, Level::Approve)])),
            next_id: 1,
        }
    }

    pub(crate) fn rules(mut self, toml: &str) -> Self {
        self.settings = settings(toml);
        self
    }

    pub(crate) fn findings(mut self, findings: &[Finding]) -> Self {
        self.subject = Subject::new(parts(findings));
        self
    }

    pub(crate) fn line(&self, length: &str) -> String {
        let line = self.subject.approval_line(length.parse().unwrap()).unwrap();
        format!("{line}ticket OPS-77")
    }

    pub(crate) fn comment_of(&mut self, author: Option<Account>, body: &str, seconds: i64) -> &mut Comment {
        let id = self.next_id;
        self.next_id += 1;
        self.snapshot.comments.push(Comment {
            id,
            author,
            body: body.into(),
            created_at: at(seconds),
            edits: Edits::default(),
            minimised: false,
            by_email: false,
            via_app: false,
        });
        self.snapshot.comments.last_mut().unwrap()
    }

    pub(crate) fn comment(&mut self, author: u64, body: &str, seconds: i64) -> &mut Comment {
        self.comment_of(Some(user(author)), body, seconds)
    }

    pub(crate) fn approve(&mut self, author: u64, length: &str, seconds: i64) -> &mut Comment {
        let line = self.line(length);
        self.comment(author, &line, seconds)
    }

    pub(crate) fn review(&mut self, author: u64, state: ReviewState, body: &str, seconds: i64) -> &mut Review {
        self.comment(author, body, seconds);
        let comment = self.snapshot.comments.pop().unwrap();
        self.snapshot.reviews.push(Review { comment, state, commit: HEAD.into() });
        self.snapshot.reviews.last_mut().unwrap()
    }

    pub(crate) fn judge(&self, seconds: i64) -> Judgement {
        decide(Ok(&self.snapshot), &self.settings, &self.subject, now(seconds))
    }

    pub(crate) fn state(&self, seconds: i64) -> State {
        self.judge(seconds).state().clone()
    }

    pub(crate) fn doubt(&self, seconds: i64) -> Doubt {
        match self.state(seconds) {
            State::Undecided(doubt) => doubt,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn is_open(&self, seconds: i64) -> bool {
        matches!(self.state(seconds), State::Open(_))
    }
}
