//! The `[apply]` table of the configuration.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Deserialize;

/// How a plan is applied.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ApplySettings {
    /// Seconds kept free at the end of a window for Terraform to stop in an orderly way.
    pub drain_seconds: u32,
    /// Seconds that Terraform has at least; an apply that has less is refused.
    pub min_run_seconds: u32,
    /// The environment that the deployment is recorded under.
    pub environment: Option<String>,
    /// Names of input variables (without `TF_VAR_`) that Terraform gets from the environment.
    pub variables: BTreeSet<String>,
    /// Whether Terraform's environment keeps the forge's token.
    pub pass_forge_token: bool,
    /// The workflow that is started on the default branch when a window opens, such as `tollgate-apply.yml`; it
    /// takes the inputs `pr` and `stack`. Without it nothing is started.
    pub workflow: Option<String>,
    /// The store of claims; the default is a ref of the repository. A directory is refused in a pipeline, because it
    /// would not be shared.
    pub claims: Option<String>,
    /// The AWS account that the credentials of the applying job have to belong to, twelve digits. Where it is not
    /// set, nothing is compared.
    pub account_id: Option<AccountId>,
}

/// The number of an AWS account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountId(String);

impl AccountId {
    /// Twelve digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for AccountId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Self(text));
        }
        Err(serde::de::Error::custom("an AWS account is twelve digits in quotes, such as \"123456789012\""))
    }
}

impl Default for ApplySettings {
    fn default() -> Self {
        Self {
            drain_seconds: 60,
            min_run_seconds: 60,
            environment: None,
            variables: BTreeSet::new(),
            pass_forge_token: false,
            workflow: None,
            claims: None,
            account_id: None,
        }
    }
}

impl ApplySettings {
    /// The time between the interrupt and the end of the window.
    pub fn drain(&self) -> Duration {
        Duration::from_secs(self.drain_seconds.into())
    }

    /// What has to be left of a window for an apply to start.
    pub fn needed(&self) -> Duration {
        self.drain().saturating_add(Duration::from_secs(self.min_run_seconds.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_each_by_default_and_unknown_keys_are_errors() {
        let settings: ApplySettings = toml::from_str("environment = \"production\"").unwrap();
        assert_eq!(settings.needed(), Duration::from_secs(120));
        assert!(!settings.pass_forge_token);
        assert!(toml::from_str::<ApplySettings>("account_id = \"123456789012\"").is_ok());
        for wrong in ["\"1\"", "123456789012", "\"12345678901x\""] {
            assert!(toml::from_str::<ApplySettings>(&format!("account_id = {wrong}")).is_err(), "{wrong}");
        }
        assert!(toml::from_str::<ApplySettings>("drain = 5").is_err());
    }
}
