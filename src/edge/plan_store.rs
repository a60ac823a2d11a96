//! Plan files between check and apply: encrypted, write-once, each under its own digest.
//!
//! `plans/DIGEST/plan.age` holds the file, `plans/DIGEST/subject-DIGEST.json` what was published about it. Whoever
//! can write to the store can put anything under any name, so nothing that comes out of it counts before it hashes
//! to its name.

use anyhow::{Context, Result};

use super::sealing::{Identities, Recipients};
use super::store::{self, Created, ObjectStore};
use crate::apply::Refusal;
use crate::approval::{Digest, Subject};

/// A store of encrypted plan files.
pub struct PlanStore(Box<dyn ObjectStore>);

impl PlanStore {
    /// The store behind a URL, as [`store::open`] takes it.
    ///
    /// # Errors
    /// When it is none.
    pub fn open(url: &str) -> Result<Self> {
        Ok(Self(store::open(url).context("the plan store cannot be used")?))
    }

    /// Keeps a plan file, encrypted, and the subject document that was computed from it. A file that is there
    /// already stays: it has the same digest, or apply refuses it.
    ///
    /// # Errors
    /// When it is not certain that both are kept.
    pub fn keep(&self, plan: &[u8], recipients: &Recipients, subject: &Subject) -> Result<Created> {
        let digest = Digest::of(plan);
        let kept = self.0.create(&plan_key(digest), &recipients.seal(plan)?);
        let kept = kept.context("the plan file is not kept")?;
        let name = format!("plans/{digest}/subject-{}.json", subject.digest());
        self.0.create(&name, subject.document()?.as_bytes()).context("the subject is not kept beside its plan file")?;
        Ok(kept)
    }

    /// The plan file with this digest, decrypted and hashed.
    ///
    /// # Errors
    /// When it is not there or cannot be decrypted; [`Refusal::PlanFile`] inside if it is another file.
    pub fn fetch(&self, plan: Digest, identities: &Identities) -> Result<Result<Vec<u8>, Refusal>> {
        let key = plan_key(plan);
        let sealed = self.0.read(&key).context("the plan file cannot be fetched")?.with_context(|| {
            format!(
                "{} has no plan file {plan}\n  help: plan again with `tollgate check --publish --plan-store`",
                self.0.name()
            )
        })?;
        let bytes =
            identities.open(&sealed).with_context(|| format!("`{key}` in {} cannot be decrypted", self.0.name()))?;
        let is = Digest::of(&bytes);
        Ok(if is == plan { Ok(bytes) } else { Err(Refusal::PlanFile { is, wanted: plan }) })
    }
}

fn plan_key(plan: Digest) -> String {
    format!("plans/{plan}/plan.age")
}
