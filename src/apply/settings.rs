//! The `[apply]` and `[break_glass]` tables of the configuration.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Deserialize;

/// How a plan is applied.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ApplySettings {
    /// What is applied.
    pub mode: ApplyMode,
    /// Seconds kept free at the end of a window for Terraform to stop in an orderly way.
    pub drain_seconds: u32,
    /// Seconds that Terraform has at least; an apply that has less is refused.
    pub min_run_seconds: u32,
    /// The environment that the deployment is recorded under.
    pub environment: Option<String>,
    /// The AWS account that the credentials have to belong to.
    pub account_id: Option<String>,
    /// Names of input variables (without `TF_VAR_`) that Terraform gets from the environment.
    pub variables: BTreeSet<String>,
    /// Whether Terraform's environment keeps the forge's token.
    pub pass_forge_token: bool,
}

/// What is applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ApplyMode {
    /// The very plan file that was approved.
    #[default]
    SavedPlan,
}

/// Applying without a window, as a grant class of its own: recorded, digest-bound, once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BreakGlassSettings {
    /// Off unless this says otherwise.
    pub enabled: bool,
    /// The environment, with required reviewers, in which alone it works.
    pub environment: Option<String>,
}

impl Default for ApplySettings {
    fn default() -> Self {
        Self {
            mode: ApplyMode::SavedPlan,
            drain_seconds: 60,
            min_run_seconds: 60,
            environment: None,
            account_id: None,
            variables: BTreeSet::new(),
            pass_forge_token: false,
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
    fn a_minute_each_and_break_glass_off_by_default() {
        let settings: ApplySettings = toml::from_str("environment = \"production\"").unwrap();
        assert_eq!(settings.needed(), Duration::from_secs(120));
        assert!(!settings.pass_forge_token);
        assert!(!toml::from_str::<BreakGlassSettings>("").unwrap().enabled);
        assert!(toml::from_str::<ApplySettings>("mode = \"replan\"").is_err());
        assert!(toml::from_str::<ApplySettings>("drain = 5").is_err());
    }
}
