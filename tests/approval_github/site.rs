//! A site: the fake, a client, settings and a subject.

use std::time::Duration;

use jiff::SignedDuration;
use tollgate::approval::{
    ApprovalSettings, Digest, Doubt, Judgement, PlanRun, Requirements, Snapshot, State, Subject, SubjectParts, decide,
};
use tollgate::edge::forge::github::{Api, GitHub, Patience, Token};
use tollgate::edge::forge::{Forge, ForgeError, Observation, Question};
use tollgate::policy::{Finding, Level, Severity};

use crate::fake_github::FakeGitHub;

pub(crate) const ALICE: u64 = 2;
pub(crate) const BOB: u64 = 3;
pub(crate) const CAROL: u64 = 4;
pub(crate) const AUTHOR: u64 = 1;
pub(crate) const STRANGER: u64 = 9;
pub(crate) const HEAD: &str = "1111111111111111111111111111111111111111";

pub(crate) struct Site {
    pub(crate) github: FakeGitHub,
    pub(crate) forge: GitHub,
    pub(crate) settings: ApprovalSettings,
    pub(crate) subject: Subject,
}

/// No longer than a test of timeouts wants to wait.
pub(crate) fn patience() -> Patience {
    Patience { answer: Duration::from_secs(1), tries: 1, pause: Duration::ZERO, total: Duration::from_secs(1) }
}

/// As long as a busy machine may take.
fn long_patience() -> Patience {
    let most = Duration::from_secs(60);
    Patience { answer: most, tries: 1, pause: Duration::ZERO, total: most }
}

pub(crate) fn client(url: &str, token: &str, patience: Patience) -> GitHub {
    GitHub::new(Api::new(url).unwrap(), "org/infra", Token::new(token), patience).unwrap()
}

pub(crate) fn finding() -> Finding {
    Finding {
        plan: "p".into(),
        rule: "star-admin".into(),
        level: Level::Approve,
        severity: Severity::High,
        address: "aws_iam_role.x".into(),
        path: String::new(),
        message: "m".into(),
        remediation: String::new(),
        fingerprint: "f".into(),
        location: None,
        approvers: None,
        max_window: None,
    }
}

impl Site {
    pub(crate) fn new() -> Self {
        Self::at(FakeGitHub::url)
    }

    pub(crate) fn at(url: fn(&FakeGitHub) -> String) -> Self {
        let github = FakeGitHub::start();
        let url = url(&github);
        let forge = client(&url, "ghs_token", long_patience());
        let host = url.trim_start_matches("http://").split('/').next().unwrap().to_owned();
        let subject = Subject::new(SubjectParts {
            forge_host: host,
            repo_id: 1000,
            pr_number: 7,
            head_sha: HEAD.into(),
            target_ref: "main".into(),
            stack: "envs/prod:default".parse().unwrap(),
            plan_sha256: Digest::of(b"plan"),
            iam_digest: Digest::of(b"iam"),
            findings_digest: Digest::of(b"findings"),
            policy_digest: Digest::of(b"policy"),
            tollgate_major: 0,
            requirements: Requirements::new(&[finding()], []),
            plan_run: None,
        });
        let mut site = Self { github, forge, settings: ApprovalSettings::default(), subject };
        site.rules("[[rules]]\nname = \"m\"\nrequires = { count = 1, any_of = [\"role:maintain\"] }");
        site
    }

    pub(crate) fn rules(&mut self, toml: &str) {
        self.settings = toml::from_str(toml).unwrap();
        assert_eq!(self.settings.mistakes(), []);
    }

    pub(crate) fn with_run(&mut self, id: u64) {
        let mut parts = self.subject.parts().clone();
        parts.plan_run = Some(PlanRun { id, attempt: 1 });
        self.subject = Subject::new(parts);
    }

    /// Gives up after a second.
    pub(crate) fn impatient(mut self) -> Self {
        self.forge = client(&self.github.url(), "ghs_token", patience());
        self
    }

    pub(crate) fn line(&self) -> String {
        format!("{}ticket OPS-77", self.subject.approval_line("30m".parse().unwrap()).unwrap())
    }

    pub(crate) fn approve(&self, by: u64) -> u64 {
        let line = self.line();
        self.github.state().comment(7, by, &line)
    }

    pub(crate) fn observe(&self) -> Result<Observation, ForgeError> {
        self.observe_with(&self.forge, &[])
    }

    pub(crate) fn observe_with(&self, forge: &GitHub, own: &[String]) -> Result<Observation, ForgeError> {
        forge.observe(Question {
            pull: self.subject.parts().pr_number,
            subject: self.subject.digest(),
            plan_run: self.subject.parts().plan_run,
            settings: &self.settings,
            own,
        })
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        self.observe().unwrap().snapshot
    }

    /// Ten seconds later, with a local clock that agrees.
    pub(crate) fn judge(&self) -> Judgement {
        self.judge_with(&self.forge, 0)
    }

    pub(crate) fn judge_with(&self, forge: &GitHub, skew: i64) -> Judgement {
        self.github.state().wait(10);
        let local = self.github.state().now + SignedDuration::from_secs(skew);
        let observed = self.observe_with(forge, &[]).map_err(Doubt::from);
        let now = match &observed {
            Ok(observation) => observation.now(local),
            Err(doubt) => Err(doubt.clone()),
        };
        // Without a time that can be believed, a doubt is all there is; the time then does not matter.
        let any = tollgate::approval::Now::from_local_clock(local);
        match (observed, now) {
            (Ok(observation), Ok(now)) => decide(Ok(&observation.snapshot), &self.settings, &self.subject, now),
            (Err(doubt), _) | (_, Err(doubt)) => decide(Err(&doubt), &self.settings, &self.subject, any),
        }
    }

    pub(crate) fn state(&self) -> State {
        self.judge().state().clone()
    }

    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state(), State::Open(_))
    }

    pub(crate) fn is_undecided(&self) -> bool {
        matches!(self.state(), State::Undecided(_))
    }
}
