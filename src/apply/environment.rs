//! The environment that Terraform gets.

use std::collections::BTreeSet;

use super::ApplySettings;

/// A variable that was left out: its name, never its value.
pub type Dropped = String;

/// Variables that change what a verified plan does, or that carry what Terraform has no business with.
const NAMES: [&str; 12] = [
    "TF_CLI_ARGS",
    "TF_CLI_CONFIG_FILE",
    "TERRAFORM_CONFIG",
    "TF_REATTACH_PROVIDERS",
    "TF_FORK",
    "TF_WORKSPACE",
    "TF_SKIP_PROVIDER_VERIFY",
    "TF_DISABLE_PLUGIN_TLS",
    "TF_PROVIDER_DOWNLOAD_RETRY",
    "TF_IGNORE",
    "TF_INPUT",
    "TF_IN_AUTOMATION",
];
const PREFIXES: [&str; 3] = ["TF_CLI_ARGS_", "TF_PLUGIN_", "TOLLGATE_"];
const FORGE_TOKENS: [&str; 5] = ["GITHUB_TOKEN", "GH_TOKEN", "GH_ENTERPRISE_TOKEN", "GITLAB_TOKEN", "CI_JOB_TOKEN"];

/// Whether a variable holds a secret that Terraform has no business with when it only reads a plan: the forge's tokens,
/// those that GitHub's runner hands to its own steps, and all of tollgate's.
pub fn is_secret(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    let runner = ["ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_RUNTIME_TOKEN"];
    FORGE_TOKENS.contains(&upper.as_str()) || runner.contains(&upper.as_str()) || upper.starts_with("TOLLGATE_")
}

/// The environment without what could turn a verified plan into something else, and the names of what was left
/// out.
pub fn scrub(
    environment: impl IntoIterator<Item = (String, String)>,
    settings: &ApplySettings,
) -> (Vec<(String, String)>, BTreeSet<Dropped>) {
    let mut dropped = BTreeSet::new();
    let mut kept = Vec::new();
    for (name, value) in environment {
        if keeps(&name, settings) {
            kept.push((name, value));
        } else {
            dropped.insert(name);
        }
    }
    (kept, dropped)
}

fn keeps(name: &str, settings: &ApplySettings) -> bool {
    // Names are compared without case: Windows does, and nobody spells these otherwise in good faith.
    let upper = name.to_ascii_uppercase();
    if let Some(variable) = upper.strip_prefix("TF_VAR_") {
        return name.get(name.len() - variable.len()..).is_some_and(|v| settings.variables.contains(v));
    }
    if FORGE_TOKENS.contains(&upper.as_str()) {
        return settings.pass_forge_token;
    }
    !NAMES.contains(&upper.as_str()) && !PREFIXES.iter().any(|prefix| upper.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(settings: &ApplySettings, names: &[&str]) -> Vec<String> {
        let pairs = names.iter().map(|name| ((*name).to_owned(), "x".to_owned()));
        scrub(pairs, settings).0.into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn a52_what_swaps_plugins_arguments_or_variables_is_left_out() {
        let all = [
            "PATH",
            "AWS_ACCESS_KEY_ID",
            "TF_CLI_ARGS",
            "TF_CLI_ARGS_apply",
            "tf_cli_args_apply",
            "TF_CLI_CONFIG_FILE",
            "TF_REATTACH_PROVIDERS",
            "TF_PLUGIN_CACHE_DIR",
            "TF_VAR_account",
            "TF_VAR_region",
            "GITHUB_TOKEN",
            "TOLLGATE_KEY",
            "TF_LOG",
        ];
        let mut settings = ApplySettings::default();
        assert_eq!(names(&settings, &all), ["PATH", "AWS_ACCESS_KEY_ID", "TF_LOG"]);
        settings.variables.insert("region".into());
        settings.pass_forge_token = true;
        assert_eq!(names(&settings, &all), ["PATH", "AWS_ACCESS_KEY_ID", "TF_VAR_region", "GITHUB_TOKEN", "TF_LOG"]);
    }

    #[test]
    fn a52_secrets_of_the_forge_and_of_tollgate_are_known_by_name() {
        for name in ["GITHUB_TOKEN", "github_token", "TOLLGATE_AGE_IDENTITY", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"] {
            assert!(is_secret(name), "{name}");
        }
        assert!(!is_secret("AWS_ACCESS_KEY_ID") && !is_secret("PATH"));
    }

    #[test]
    fn values_do_not_show() {
        let (_, dropped) = scrub([("TF_VAR_x".to_owned(), "s3cret".to_owned())], &ApplySettings::default());
        assert_eq!(dropped.into_iter().collect::<Vec<_>>(), ["TF_VAR_x"]);
    }
}
