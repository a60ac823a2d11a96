//! What opens the cloud, and who reaches it.

use super::setup::Setup;
use super::{Health, Remark, say, unknown};

/// Words in the names of secrets that open a cloud, or the plan store.
const CREDENTIALS: [&str; 9] =
    ["AWS_", "ARM_", "AZURE_", "GOOGLE_", "GCP_", "GCLOUD_", "KUBE", "VAULT_", "TOLLGATE_AGE_IDENTITY"];

pub(super) fn credentials(setup: &Setup, remarks: &mut Vec<Remark>) {
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
