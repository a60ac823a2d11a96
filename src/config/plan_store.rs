//! The `[plan_store]` table: where plan files are kept, and for whom.

use serde::Deserialize;

/// Where plan files wait between check and apply. A plan file holds every secret of the plan in clear text, so it is
/// kept encrypted or not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PlanStore {
    /// The store's URL: `file:///PATH`, `s3://BUCKET/PATH`, `gs://BUCKET/PATH` or `az://CONTAINER/PATH`.
    pub url: Option<String>,
    /// Who can read the plans: public keys of age (`age1…`), as `age-keygen` prints them.
    pub recipients: Vec<String>,
}

impl PlanStore {
    /// The first recipient that is no public key of age, shortened; a secret key in its place is not repeated.
    pub(super) fn mistake(&self) -> Option<String> {
        let is_key = |text: &str| {
            text.strip_prefix("age1").is_some_and(|rest| {
                !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
            })
        };
        let wrong = self.recipients.iter().find(|text| !is_key(text))?;
        let is_secret = wrong.to_ascii_uppercase().starts_with("AGE-SECRET-KEY");
        Some(if is_secret {
            "a recipient of the plan store is a secret key: it is known now, replace it".to_owned()
        } else {
            let shown: String = wrong.chars().filter(|c| !c.is_control()).take(80).collect();
            format!("`{shown}` is not a recipient of the plan store")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipients_are_public_keys_and_a_secret_one_is_not_repeated() {
        let store = |recipient: &str| PlanStore { url: None, recipients: vec![recipient.to_owned()] };
        assert_eq!(store("age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p").mistake(), None);
        for text in ["", "age1", "ssh-ed25519 AAAA", "AGE1X", "age1\nx"] {
            assert!(store(text).mistake().is_some(), "{text}");
        }
        let secret = store("AGE-SECRET-KEY-1QQQ").mistake().unwrap();
        assert!(!secret.contains("1QQQ"), "{secret}");
    }
}
