//! Whether a plan may be read or applied, by what was published about it: before anything of the pull request runs.
//!
//! Reading a plan starts the plugins that it was made with, and `terraform init` fetches them. In the job that holds
//! the cloud's credentials neither happens before somebody who may has approved a report about the plan, or the
//! reports say that nothing asks for it and the gate's own files, the lock of the plugins among them, are those of the
//! default branch. The published documents are believed here as far as they hash to their digest; `apply` computes all
//! of it again from the plan.

use super::pull_state::Situation;
use crate::apply::{Check, Evidence, Refusal, admit};
use crate::approval::{Requirements, State};
use crate::config::Config;
use crate::edge::forge::PullFacts;

/// The refusal that a published subject meets already now.
///
/// # Errors
/// The refusal.
pub(super) fn permitted(situation: &Situation, facts: &PullFacts, config: &Config) -> Result<(), Refusal> {
    let Situation { subject, judgement, now } = situation;
    let changed = facts.changed_files.iter().map(String::as_str);
    let gate = Requirements::default().with_policy_files(changed, &config.approvals.policy_files);
    if *judgement.state() == State::NotRequired && !gate.is_empty() {
        return Err(Refusal::SubjectChanged(vec!["requirements"]));
    }
    let evidence = Evidence { copy: subject.parts().plan_sha256, approved: subject, recomputed: subject };
    admit(evidence, judgement, &config.apply, *now).map(drop).map_err(|refusal| {
        // No approval helps a plan that is blocked by now; asking for one would mislead.
        let approvable = matches!(refusal.check(), Check::Approval | Check::Time);
        let blocked = subject.parts().requirements.blocked_by(&config.levels, &config.waivers);
        if approvable && blocked { Refusal::Blocked } else { refusal }
    })
}
