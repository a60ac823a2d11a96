//! Where the apply job runs: its environment and its workflow.

use super::setup::{Branches, Setup};
use super::{Health, Remark, say, unknown};

/// Whether the environment is known to let only trusted branches in.
pub(super) fn environment(setup: &Setup, remarks: &mut Vec<Remark>) -> Option<bool> {
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
pub(super) fn workflow(setup: &Setup, remarks: &mut Vec<Remark>) -> Option<bool> {
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
