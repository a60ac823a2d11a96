//! What the configuration of the default branch says.

use super::setup::Setup;
use super::{Health, Remark, say};

pub(super) fn configuration(setup: &Setup, remarks: &mut Vec<Remark>) {
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
    if !configured.plan_store {
        let text = "no plan store is configured: `apply --from-store` has nothing to fetch".to_owned();
        say(remarks, Health::Weak, text, "set plan_store.url, or let the workflow carry the plan file itself");
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
