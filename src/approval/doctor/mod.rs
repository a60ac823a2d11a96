//! How far a repository's set-up protects: what was read of it, judged in plain words.
//!
//! The deployment modes are those of `docs/approval.md`. Whatever could not be read is unknown and is said to be; it
//! never counts for a better mode.

mod branch;
mod configuration;
mod credentials;
mod place;
mod setup;

use std::fmt;

pub use setup::{BranchRules, Branches, Configured, Environment, Setup, Told};

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
    let lets_no_other_branch_in = place::environment(setup, &mut remarks);
    let in_environment = place::workflow(setup, &mut remarks);
    let bound = branch::branch(setup, &mut remarks);
    credentials::credentials(setup, &mut remarks);
    configuration::configuration(setup, &mut remarks);
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

#[cfg(test)]
mod tests {
    use super::branch::ACTIONS_APP;
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
