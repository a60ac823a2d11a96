//! How far a repository's set-up protects: what was read of it, judged in plain words.
//!
//! The deployment modes are those of `docs/approval.md`. Whatever could not be read is unknown and is said to be; it
//! never counts for a better mode.

use std::fmt;

/// Something about the set-up: what it is, or why it cannot be told.
pub type Told<T> = Result<T, String>;

/// What was read of a repository, and what its configuration says.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The environment of the apply job, as configured.
    pub environment_name: String,
    /// That environment; `None` where there is none.
    pub environment: Told<Option<Environment>>,
    /// The default branch.
    pub default_branch: String,
    /// Its rules, from rulesets and from classic protection.
    pub branch: Told<BranchRules>,
    /// The environments that the jobs of the apply workflow name; `None` where there is no such file.
    pub apply_workflow: Told<Option<Vec<Option<String>>>>,
    /// Names of the secrets that every workflow of every branch can read.
    pub repository_secrets: Told<Vec<String>>,
    /// Whether the token of this run may administer the repository.
    pub token_administers: Told<bool>,
    /// What `tollgate.toml` of the default branch says.
    pub configuration: Told<Configured>,
}

/// A deployment environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Environment {
    /// Which branches may deploy to it.
    pub branches: Branches,
    /// How many people or teams are named as its reviewers.
    pub reviewers: usize,
    /// Whether whoever started a run may approve it as a reviewer.
    pub self_review: bool,
    /// Whether administrators may pass by its rules; `None` where the forge does not say.
    pub admins_bypass: Option<bool>,
}

/// Which branches may deploy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Branches {
    /// All of them.
    Any,
    /// The protected ones.
    Protected,
    /// The default branch alone.
    DefaultOnly,
    /// Named ones, among them others than the default branch.
    Others,
    /// Named ones, which could not be read.
    Unread,
}

/// The rules of the default branch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BranchRules {
    /// How many reviews a merge needs; `None` where no pull request is needed.
    pub reviews: Option<u64>,
    /// Whether code owners have to be among them.
    pub code_owners: bool,
    /// Checks that a merge needs, each with the number of the app that has to post it, if one is named.
    pub checks: Vec<(String, Option<u64>)>,
    /// Whether history may be rewritten.
    pub force_pushes: bool,
    /// Whether the rules may be incomplete: classic protection shows its reviews to administrators alone.
    pub partly_unread: bool,
}

/// What the configuration says, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configured {
    /// How many approver rules there are.
    pub approver_rules: usize,
    /// `ledger`.
    pub ledger: Option<String>,
    /// `plan_store.url`.
    pub plan_store: bool,
    /// How many recipients plan files are encrypted to.
    pub recipients: usize,
    /// `apply.claims`.
    pub claims: Option<String>,
    /// Whether break-glass is switched on.
    pub break_glass: bool,
}

/// The number of the app behind `GITHUB_TOKEN`: every workflow of every branch posts in its name.
const ACTIONS_APP: u64 = 15368;

/// How good one thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Health {
    /// As it should be.
    Good,
    /// Could not be told.
    Unknown,
    /// It works, and could protect better.
    Weak,
    /// It does not protect, or does not work.
    Broken,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// How good it is.
    pub health: Health,
    /// What it is, in plain words.
    pub text: String,
    /// What to do, where there is something.
    pub help: &'static str,
}

/// How approvals are enforced here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Nothing could be read: nothing is known to protect.
    Unknown,
    /// Whoever can push a branch reaches what the apply job reaches.
    SeatBelt,
    /// A protected environment holds the credentials.
    ProtectedEnvironment,
    /// That, and the check is bound to an app of its own.
    BoundCheck,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => {
                "unknown: what protects the apply job could not be read, so count on nothing but the good will of everybody who can push"
            }
            Self::SeatBelt => {
                "B, a seat belt and no lock: whoever can push a branch can push a workflow that takes the credentials and never calls tollgate"
            }
            Self::ProtectedEnvironment => {
                "C: the apply job's environment lets no other branch in; whoever can push may forge checks and delete approvals, and reaches neither credentials nor an approval of their own change"
            }
            Self::BoundCheck => {
                "D: as C, and the check that a merge needs comes from an app of its own, so that no workflow can forge it"
            }
        })
    }
}

/// What a look at the set-up gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// How approvals are enforced.
    pub mode: Mode,
    /// Everything that was looked at.
    pub remarks: Vec<Remark>,
}

impl Diagnosis {
    /// Whether anything is broken.
    pub fn is_broken(&self) -> bool {
        self.remarks.iter().any(|remark| remark.health == Health::Broken)
    }
}

/// Judges a set-up.
pub fn diagnose(setup: &Setup) -> Diagnosis {
    let mut remarks = Vec::new();
    let lets_no_other_branch_in = environment(setup, &mut remarks);
    let in_environment = workflow(setup, &mut remarks);
    let bound = branch(setup, &mut remarks);
    credentials(setup, &mut remarks);
    configuration(setup, &mut remarks);
    let mode = match (lets_no_other_branch_in, in_environment) {
        (Some(true), Some(true)) if bound => Mode::BoundCheck,
        (Some(true), Some(true)) => Mode::ProtectedEnvironment,
        (Some(false), _) | (_, Some(false)) => Mode::SeatBelt,
        _ => Mode::Unknown,
    };
    Diagnosis { mode, remarks }
}

fn say(remarks: &mut Vec<Remark>, health: Health, text: String, help: &'static str) {
    remarks.push(Remark { health, text, help });
}

fn unknown(remarks: &mut Vec<Remark>, what: &str, why: &str, help: &'static str) {
    say(remarks, Health::Unknown, format!("{what}: {why}"), help);
}

/// Whether the environment is known to let only trusted branches in.
fn environment(setup: &Setup, remarks: &mut Vec<Remark>) -> Option<bool> {
    let name = &setup.environment_name;
    let environment = match &setup.environment {
        Err(why) => {
            unknown(remarks, &format!("environment `{name}`"), why, "give the token `actions: read`");
            return None;
        }
        Ok(None) => {
            let text =
                format!("there is no environment `{name}`: its first deployment would make it, without any rule");
            say(remarks, Health::Broken, text, "make it, and let only the default branch deploy to it");
            return Some(false);
        }
        Ok(Some(environment)) => environment,
    };
    let only = "in the environment's settings, allow `selected branches` and name the default branch alone";
    let (health, text, safe) = match environment.branches {
        Branches::DefaultOnly => (Health::Good, "only the default branch may deploy to it", Some(true)),
        Branches::Protected => (
            Health::Weak,
            "every protected branch may deploy to it, also one that is protected more weakly",
            Some(true),
        ),
        Branches::Any => (Health::Broken, "every branch may deploy to it", Some(false)),
        Branches::Others => (Health::Broken, "branches beside the default one may deploy to it", Some(false)),
        Branches::Unread => (Health::Unknown, "which branches may deploy to it could not be read", None),
    };
    say(remarks, health, format!("environment `{name}`: {text}"), only);
    match environment.reviewers {
        0 => say(
            remarks,
            Health::Weak,
            format!("environment `{name}` has no reviewers of its own; tollgate's approval is the only one"),
            "name reviewers where the plan of the organisation has them: a workflow token cannot forge theirs",
        ),
        count => say(remarks, Health::Good, format!("environment `{name}` has {count} reviewers of its own"), ""),
    }
    if environment.reviewers > 0 && environment.self_review {
        let text = format!("environment `{name}`: whoever starts a run may review it");
        say(remarks, Health::Weak, text, "switch on `prevent self-review`");
    }
    match environment.admins_bypass {
        Some(true) => {
            let text = format!("administrators may pass by the rules of environment `{name}`");
            say(remarks, Health::Weak, text, "switch off `allow administrators to bypass`");
        }
        Some(false) => {}
        None => unknown(
            remarks,
            &format!("environment `{name}`"),
            "whether administrators may pass by its rules is not told",
            "",
        ),
    }
    safe
}

/// Whether every job of the apply workflow runs in the environment.
fn workflow(setup: &Setup, remarks: &mut Vec<Remark>) -> Option<bool> {
    let name = &setup.environment_name;
    match &setup.apply_workflow {
        Err(why) => {
            unknown(remarks, "the apply workflow", why, "name it in apply.workflow");
            None
        }
        Ok(None) => {
            let text = "the apply workflow that apply.workflow names is not on the default branch".to_owned();
            say(remarks, Health::Broken, text, "merge it there: `tollgate init` writes one");
            Some(false)
        }
        Ok(Some(jobs)) if !jobs.is_empty() && jobs.iter().all(|job| job.as_ref() == Some(name)) => {
            say(remarks, Health::Good, format!("the apply workflow runs in environment `{name}`"), "");
            Some(true)
        }
        Ok(Some(_)) => {
            let text = format!("the apply workflow has a job outside environment `{name}`");
            say(remarks, Health::Broken, text, "write `environment: NAME` at the job, as in apply.environment");
            Some(false)
        }
    }
}

/// Whether the check is bound to an app of its own.
fn branch(setup: &Setup, remarks: &mut Vec<Remark>) -> bool {
    let name = &setup.default_branch;
    let rules = match &setup.branch {
        Err(why) => {
            unknown(remarks, &format!("rules of branch `{name}`"), why, "give the token `contents: read`");
            return false;
        }
        Ok(rules) => rules,
    };
    let owned = "let rules for the default branch require a pull request with a review by code owners: policy, approvers and workflows live there";
    match (rules.reviews, rules.partly_unread) {
        (None | Some(0), true) => {
            unknown(
                remarks,
                &format!("branch `{name}`"),
                "its classic protection shows its reviews to administrators alone",
                owned,
            );
        }
        (None, false) => {
            let text = format!(
                "anybody who can push can push to `{name}`, and with that change policy, approvers and workflows"
            );
            say(remarks, Health::Broken, text, owned);
        }
        (Some(0), false) => {
            let text =
                format!("a pull request into `{name}` needs no review, also one that changes policy and approvers");
            say(remarks, Health::Weak, text, owned);
        }
        (Some(count), _) => {
            let health = if rules.code_owners { Health::Good } else { Health::Weak };
            let who = if rules.code_owners { " by code owners" } else { ", by anybody who may write" };
            say(remarks, health, format!("a merge into `{name}` needs {count} review(s){who}"), owned);
        }
    }
    if rules.force_pushes && !rules.partly_unread {
        let text = format!("the history of `{name}` may be rewritten");
        say(remarks, Health::Weak, text, "forbid force pushes to the default branch");
    }
    let ours: Vec<_> = rules.checks.iter().filter(|(context, _)| context.starts_with("tollgate")).collect();
    let bound = !ours.is_empty() && ours.iter().all(|(_, app)| app.is_some_and(|app| app != ACTIONS_APP));
    match (ours.is_empty(), bound) {
        (true, _) => {
            let text = format!("a merge into `{name}` does not need tollgate's check");
            let help = "require the check `tollgate (STACK)`; it is a signal to reviewers, the lock is the apply job";
            say(remarks, Health::Weak, text, help);
        }
        (false, true) => say(remarks, Health::Good, "the required check is bound to an app of its own".to_owned(), ""),
        (false, false) => {
            let text = "any workflow of any branch can post the required check of tollgate in green".to_owned();
            say(remarks, Health::Weak, text, "a signal and no lock, unless it is bound to an app of its own");
        }
    }
    bound
}

/// Words in the names of secrets that open a cloud, or the plan store.
const CREDENTIALS: [&str; 9] =
    ["AWS_", "ARM_", "AZURE_", "GOOGLE_", "GCP_", "GCLOUD_", "KUBE", "VAULT_", "TOLLGATE_AGE_IDENTITY"];

fn credentials(setup: &Setup, remarks: &mut Vec<Remark>) {
    match &setup.repository_secrets {
        Err(why) => unknown(
            remarks,
            "secrets that every branch can read",
            why,
            "look yourself: credentials and TOLLGATE_AGE_IDENTITY belong into the environment's secrets",
        ),
        Ok(names) => {
            let open: Vec<&str> = names
                .iter()
                .map(String::as_str)
                .filter(|name| CREDENTIALS.iter().any(|word| name.to_ascii_uppercase().contains(word)))
                .collect();
            if open.is_empty() {
                let text = "no secret that every branch can read is named like a cloud's credentials".to_owned();
                say(remarks, Health::Good, text, "");
            } else {
                let text = format!("every workflow of every branch can read {}", open.join(", "));
                say(remarks, Health::Broken, text, "move them into the environment's secrets");
            }
        }
    }
    unknown(
        remarks,
        "whom the cloud trusts",
        "that stands in the cloud and is not read from here",
        "let its trust name this environment (`sub` with `environment:NAME`), never `repo:OWNER/NAME:*`",
    );
    match &setup.token_administers {
        Ok(true) => {
            let text = "the token of this run may administer the repository: its holder can switch off every rule here"
                .to_owned();
            say(remarks, Health::Weak, text, "use GITHUB_TOKEN with the permissions of docs/approval.md");
        }
        Ok(false) => {}
        Err(why) => unknown(remarks, "powers of this run's token", why, ""),
    }
}

fn configuration(setup: &Setup, remarks: &mut Vec<Remark>) {
    let configured = match &setup.configuration {
        Err(why) => {
            return say(
                remarks,
                Health::Broken,
                format!("tollgate.toml of the default branch: {why}"),
                "mend it, or run `tollgate init`",
            );
        }
        Ok(configured) => configured,
    };
    if configured.approver_rules == 0 {
        let text = "nobody is named who could approve: whatever needs approval stays closed".to_owned();
        say(remarks, Health::Broken, text, "write an [[approvals.rules]]");
    }
    match configured.ledger.as_deref() {
        None => {
            let text = "no ledger is configured: an apply in a pipeline is refused".to_owned();
            say(remarks, Health::Broken, text, "set `ledger` to a bucket, or to \"forge\"");
        }
        Some("forge") => {
            let text =
                "the record is GitHub's deployments alone; whoever may write deployments can remove them".to_owned();
            say(remarks, Health::Weak, text, "set `ledger` to a bucket with retention");
        }
        Some(url) if url.starts_with("file:") => {
            let text = "the ledger is a directory: it is kept only where that directory outlives the job".to_owned();
            say(remarks, Health::Weak, text, "set `ledger` to a bucket with retention");
        }
        Some(_) => say(remarks, Health::Good, "the ledger is in a bucket".to_owned(), ""),
    }
    if configured.claims.as_deref().is_some_and(|url| url.starts_with("file:")) {
        let text = "claims are in a directory: an apply in a pipeline is refused".to_owned();
        say(remarks, Health::Broken, text, "leave apply.claims out, or name a bucket");
    }
    if configured.plan_store && configured.recipients == 0 {
        let text = "the plan store has no recipients: nothing is kept in it".to_owned();
        say(
            remarks,
            Health::Broken,
            text,
            "make a key with `age-keygen` and name its public part in plan_store.recipients",
        );
    }
    if configured.break_glass {
        let text = "break-glass is switched on: its people can apply without an approval, loudly".to_owned();
        say(remarks, Health::Weak, text, "drill it, review every use, and keep its group small");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Setup {
        Setup {
            environment_name: "production".into(),
            environment: Ok(Some(Environment {
                branches: Branches::DefaultOnly,
                reviewers: 2,
                self_review: false,
                admins_bypass: Some(false),
            })),
            default_branch: "main".into(),
            branch: Ok(BranchRules {
                reviews: Some(1),
                code_owners: true,
                checks: vec![("tollgate (prod)".into(), Some(99))],
                force_pushes: false,
                partly_unread: false,
            }),
            apply_workflow: Ok(Some(vec![Some("production".into())])),
            repository_secrets: Ok(vec!["SLACK_URL".into()]),
            token_administers: Ok(false),
            configuration: Ok(Configured {
                approver_rules: 1,
                ledger: Some("s3://b".into()),
                plan_store: true,
                recipients: 1,
                claims: None,
                break_glass: false,
            }),
        }
    }

    #[test]
    fn the_best_set_up_has_one_unknown_and_nothing_weak() {
        let found = diagnose(&good());
        assert_eq!(found.mode, Mode::BoundCheck);
        let odd: Vec<_> = found.remarks.iter().filter(|remark| remark.health != Health::Good).collect();
        assert_eq!(odd.len(), 1, "the cloud's trust: {odd:?}");
        assert_eq!(odd[0].health, Health::Unknown);
    }

    #[test]
    fn each_defect_is_broken_and_lowers_the_mode_where_it_opens_the_lock() {
        type Defect = (&'static str, Mode, fn(&mut Setup));
        let broken: [Defect; 9] = [
            ("no environment", Mode::SeatBelt, |s| s.environment = Ok(None)),
            ("any branch", Mode::SeatBelt, |s| {
                if let Ok(Some(environment)) = &mut s.environment {
                    environment.branches = Branches::Any;
                }
            }),
            ("job outside", Mode::SeatBelt, |s| s.apply_workflow = Ok(Some(vec![Some("production".into()), None]))),
            ("no job", Mode::SeatBelt, |s| s.apply_workflow = Ok(Some(Vec::new()))),
            ("no workflow", Mode::SeatBelt, |s| s.apply_workflow = Ok(None)),
            ("open branch", Mode::ProtectedEnvironment, |s| s.branch = Ok(BranchRules::default())),
            ("open secrets", Mode::BoundCheck, |s| {
                s.repository_secrets = Ok(vec!["PROD_AWS_SECRET_ACCESS_KEY".into()])
            }),
            ("no configuration", Mode::BoundCheck, |s| s.configuration = Err("x".into())),
            ("no approvers", Mode::BoundCheck, |s| {
                if let Ok(configured) = &mut s.configuration {
                    configured.approver_rules = 0;
                }
            }),
        ];
        for (name, mode, change) in broken {
            let mut setup = good();
            change(&mut setup);
            let found = diagnose(&setup);
            assert!(found.is_broken(), "{name}");
            assert_eq!(found.mode, mode, "{name}");
        }
    }

    #[test]
    fn what_is_unknown_is_said_and_never_raises_the_mode() {
        let nothing = || "403".to_owned();
        let unread = Setup {
            environment: Err(nothing()),
            branch: Err(nothing()),
            apply_workflow: Err(nothing()),
            repository_secrets: Err(nothing()),
            token_administers: Err(nothing()),
            ..good()
        };
        let found = diagnose(&unread);
        assert_eq!(found.mode, Mode::Unknown);
        assert!(!found.is_broken());
        assert_eq!(found.remarks.iter().filter(|remark| remark.health == Health::Unknown).count(), 6);
        let mut half = good();
        half.apply_workflow = Err(nothing());
        assert_eq!(diagnose(&half).mode, Mode::Unknown);
        // The check of a workflow's own token binds nothing.
        let mut forged = good();
        if let Ok(rules) = &mut forged.branch {
            rules.checks = vec![("tollgate (prod)".into(), Some(ACTIONS_APP))];
        }
        assert_eq!(diagnose(&forged).mode, Mode::ProtectedEnvironment);
    }
}
