//! From a judgement to a permit.

use std::time::Duration;

use super::{ApplySettings, Deadline, Refusal};
use crate::approval::{Digest, Judgement, Now, State, Subject};

/// What was found out about the file that would be applied, and what judging it again gave.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// SHA-256 of the private copy that would be applied.
    pub copy: Digest,
    /// The subject that people approved: the published document, hashed to its digest.
    pub approved: &'a Subject,
    /// The subject recomputed from the copy with the current policy.
    pub recomputed: &'a Subject,
}

/// Proof that this process, and no other, has claimed a subject. Only what creates claims makes one.
#[derive(Debug)]
pub struct Claim {
    subject: Digest,
    key: String,
}

impl Claim {
    /// For the code that has just created the claim, create-only.
    pub(crate) const fn created(subject: Digest, key: String) -> Self {
        Self { subject, key }
    }

    /// Where it lies, such as `refs/tollgate/claims/…`.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What is claimed.
    pub const fn subject(&self) -> Digest {
        self.subject
    }
}

/// The first look found nothing against it. Good for a claim, not for an apply.
#[derive(Debug)]
#[must_use]
pub struct Admission {
    subject: Digest,
    plan: Digest,
}

/// Permission to apply one file once. It has no public constructor, cannot be copied, and is used up by
/// [`ApplyPermit::spend`].
#[derive(Debug)]
#[must_use]
pub struct ApplyPermit {
    order: Order,
}

/// What a spent permit orders.
#[derive(Debug, PartialEq, Eq)]
pub struct Order {
    /// The subject.
    pub subject: Digest,
    /// SHA-256 of the only file that may be applied.
    pub plan: Digest,
    /// When Terraform is asked to stop; `None` for a plan that needed no window.
    pub deadline: Option<Deadline>,
    /// The claim.
    pub claim: String,
}

/// The first look, before the claim.
///
/// # Errors
/// The first check that fails, in the order of [`super::Check`].
pub fn admit(
    evidence: Evidence<'_>,
    judgement: &Judgement,
    settings: &ApplySettings,
    now: Now,
) -> Result<Admission, Refusal> {
    let wanted = evidence.approved.parts().plan_sha256;
    if evidence.copy != wanted {
        return Err(Refusal::PlanFile { is: evidence.copy, wanted });
    }
    if evidence.recomputed.parts().requirements.blocks() {
        return Err(Refusal::Blocked);
    }
    let differences = evidence.approved.differences(evidence.recomputed);
    if !differences.is_empty() || evidence.approved.digest() != evidence.recomputed.digest() {
        return Err(Refusal::SubjectChanged(differences));
    }
    let subject = evidence.approved.digest();
    window_left(subject, judgement, settings, now)?;
    Ok(Admission { subject, plan: wanted })
}

impl Admission {
    /// The second look, after the claim, with a judgement of answers read after it. The records in that judgement
    /// leave out the claim itself.
    ///
    /// # Errors
    /// The first check that fails.
    pub fn permit(
        self,
        claim: Claim,
        judgement: &Judgement,
        settings: &ApplySettings,
        now: Now,
    ) -> Result<ApplyPermit, Refusal> {
        if claim.subject != self.subject {
            return Err(Refusal::Claimed(claim.key));
        }
        let left = window_left(self.subject, judgement, settings, now)?;
        let deadline = left.map(|left| Deadline::new(left, settings.drain()));
        Ok(ApplyPermit { order: Order { subject: self.subject, plan: self.plan, deadline, claim: claim.key } })
    }
}

impl ApplyPermit {
    /// Uses the permit up. Whoever calls this starts Terraform.
    pub fn spend(self) -> Order {
        self.order
    }
}

/// What is left of the window, if enough is; `None` where none is needed.
fn window_left(
    subject: Digest,
    judgement: &Judgement,
    settings: &ApplySettings,
    now: Now,
) -> Result<Option<Duration>, Refusal> {
    let window = match judgement.state() {
        State::NotRequired => return Ok(None),
        State::Open(window) => window,
        State::Pending => return Err(Refusal::Pending),
        State::Partial => return Err(Refusal::Partial),
        State::Expired => return Err(Refusal::Expired),
        State::Revoked => return Err(Refusal::Revoked),
        State::Superseded(why) => return Err(Refusal::Superseded(why)),
        State::Closed(why) => return Err(Refusal::Closed(why)),
        State::Blocked => return Err(Refusal::Blocked),
        State::Applying(key) => return Err(Refusal::Claimed(key.clone())),
        State::Applied(key) => return Err(Refusal::Applied(key.clone())),
        State::Failed(key) => return Err(Refusal::Failed(key.clone())),
        State::Undecided(doubt) => return Err(Refusal::Undecided(doubt.clone())),
    };
    if window.subject() != subject {
        return Err(Refusal::Pending);
    }
    if now.timestamp() < window.opens() {
        return Err(Refusal::Pending);
    }
    let (left, needed) = (window.left(now), settings.needed());
    if left.is_zero() {
        Err(Refusal::Expired)
    } else if left < needed {
        Err(Refusal::TooLate { left: left.as_secs(), needed: needed.as_secs() })
    } else {
        Ok(Some(left))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::{ApprovalSettings, Doubt, decide};

    /// A second look that is not open gives no permit, whatever the first one said, and a claim for another
    /// subject is worth nothing.
    #[test]
    fn no_permit_without_a_second_look() {
        let subject = Digest::of(b"subject");
        let admission = || Admission { subject, plan: Digest::of(b"plan") };
        let now = Now::from_local_clock("2026-03-01T12:00:00Z".parse().unwrap());
        let parts: crate::approval::SubjectParts = serde_json::from_value(serde_json::json!({
            "forge_host": "github.com", "repo_id": 1, "pr_number": 1, "head_sha": "a", "target_ref": "main",
            "stack": "s", "plan_sha256": subject, "iam_digest": subject, "findings_digest": subject,
            "policy_digest": subject, "tollgate_major": 0, "requirements": [], "plan_run": null,
        }))
        .unwrap();
        let doubt = Doubt::NoServerTime;
        let unread = decide(Err(&doubt), &ApprovalSettings::default(), &Subject::new(parts), now);
        let settings = ApplySettings::default();
        let claim = Claim::created(subject, "k".into());
        let refusal = admission().permit(claim, &unread, &settings, now).unwrap_err();
        assert_eq!(refusal, Refusal::Undecided(doubt));
        let other = Claim::created(Digest::of(b"other"), "k".into());
        let refusal = admission().permit(other, &unread, &settings, now).unwrap_err();
        assert_eq!(refusal, Refusal::Claimed("k".into()));
    }
}
