//! Configuration: `tollgate.toml`, text to typed values. Unknown keys are errors with the line and a suggestion.
//!
//! ```toml
//! version = 1
//!
//! [thresholds]                 # severity -> minimum level
//! critical = "deny"
//!
//! [rules.aws-admin-policy]     # one rule, by its id: may raise and lower
//! level = "approve"
//!
//! [undetermined]               # code of an undetermined entry -> level
//! incomplete_plan = "warn"
//!
//! [[waivers]]
//! rule = "aws-admin-policy"
//! address = "aws_iam_role.break_glass*"
//! reason = "two people hold the key"
//! owner = "@security"
//! expires = "2026-12-31"
//! ```

mod error;
mod plan_store;

use std::collections::BTreeMap;

use serde::Deserialize;

pub use error::{ConfigError, nearest};
pub use plan_store::PlanStore;

use crate::apply::ApplySettings;
use crate::approval::{ApprovalSettings, BreakGlassSettings, OfflineSettings};
use crate::decision::{Levels, RuleLevel, Waiver, address_pattern};
use crate::policy::{Level, Severity};

/// The file's name, looked for at the repository's root.
pub const FILE_NAME: &str = "tollgate.toml";

/// A read configuration.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// What findings and undetermined entries demand.
    pub levels: Levels,
    /// Dated exceptions.
    pub waivers: Vec<Waiver>,
    /// Which policies and data documents to load beside the built-in rules.
    pub policies: Policies,
    /// How far the plan is taken for the whole world.
    pub world: World,
    /// Definitions that `tollgate data import` wrote.
    pub catalogue: CatalogueFiles,
    /// Who may approve what.
    pub approvals: ApprovalSettings,
    /// How an approved plan is applied.
    pub apply: ApplySettings,
    /// `ledger`: where records are kept: a store's URL, or `forge` for the deployment record alone.
    pub ledger: Option<String>,
    /// Where plan files are kept for `apply --from-store`, and for whom.
    pub plan_store: PlanStore,
    /// Who may apply without approvals in an emergency; off by default.
    pub break_glass: BreakGlassSettings,
    /// Who may approve without a forge.
    pub offline: OfflineSettings,
}

/// `[policies]`: what is loaded beside the built-in rules. Paths are relative to the repository's root.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policies {
    /// Files, directories or globs of Rego policies.
    pub paths: Vec<String>,
    /// Files, directories or globs of data documents (JSON or YAML).
    pub data: Vec<String>,
    /// Packages that are conftest policies; the default is `main`.
    pub namespaces: Vec<String>,
    /// Seconds one rule may run; the default is 5.
    pub time_limit_seconds: Option<u64>,
}

/// `[world]`: how far the plan is taken for the whole world.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct World {
    /// Whether what the plan does not show may grant access: a verdict that rests on absence becomes `possible`.
    pub open: bool,
}

/// `[catalogue]`: definitions of roles that a team has imported. Paths are relative to the repository's root.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CatalogueFiles {
    /// Files that `tollgate data import` wrote.
    pub files: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    version: u32,
    #[serde(default)]
    thresholds: BTreeMap<Severity, Level>,
    #[serde(default)]
    rules: BTreeMap<String, RawRule>,
    #[serde(default)]
    undetermined: BTreeMap<String, Level>,
    #[serde(default)]
    waivers: Vec<toml::Spanned<RawWaiver>>,
    #[serde(default)]
    policies: Policies,
    #[serde(default)]
    world: World,
    #[serde(default)]
    catalogue: CatalogueFiles,
    #[serde(default)]
    approvals: ApprovalSettings,
    #[serde(default)]
    apply: ApplySettings,
    #[serde(default)]
    ledger: Option<String>,
    #[serde(default)]
    plan_store: PlanStore,
    #[serde(default)]
    offline: OfflineSettings,
    #[serde(default)]
    break_glass: BreakGlassSettings,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    level: RuleLevel,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawWaiver {
    rule: String,
    address: String,
    reason: String,
    owner: String,
    expires: String,
}

impl Config {
    /// Reads the text of `tollgate.toml`; `origin` names the file in messages.
    ///
    /// # Errors
    /// When the text is not TOML, has an unknown key or a wrong value, a version other than 1, or a waiver that
    /// lacks a reason, an owner or a real date.
    pub fn parse(origin: &str, text: &str) -> Result<Self, ConfigError> {
        let raw: Raw = toml::from_str(text).map_err(|source| ConfigError::from_toml(origin, text, &source))?;
        if raw.version != 1 {
            return Err(ConfigError::at_key(
                origin,
                text,
                "version",
                format!("version {} is not known", raw.version),
                "this tollgate reads version 1",
            ));
        }
        if let Some(mistake) = raw.approvals.mistakes().first() {
            return Err(ConfigError::at_key(
                origin,
                text,
                "approvals",
                mistake.to_string(),
                "see docs/approval.md for approver rules",
            ));
        }
        if let Some(mistake) = raw.break_glass.mistake(raw.apply.environment.as_deref()) {
            let help = "see docs/approval.md for break-glass";
            return Err(ConfigError::at_key(origin, text, "break_glass", mistake.to_owned(), help));
        }
        if let Some(mistake) = raw.offline.mistake() {
            let help = "see docs/approval.md for approval without a forge";
            return Err(ConfigError::at_key(origin, text, "offline", mistake, help));
        }
        if let Some(mistake) = raw.plan_store.mistake() {
            let help = "write public keys of age, `age1...`, as `age-keygen` prints them";
            return Err(ConfigError::at_key(origin, text, "plan_store", mistake, help));
        }
        let waivers = raw
            .waivers
            .into_iter()
            .map(|waiver| {
                let at = waiver.span().start;
                check_waiver(waiver.into_inner())
                    .map_err(|(message, help)| ConfigError::at(origin, text, at, message, help))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            levels: Levels {
                thresholds: raw.thresholds,
                rules: raw.rules.into_iter().map(|(id, rule)| (id, rule.level)).collect(),
                undetermined: raw.undetermined,
            },
            waivers,
            policies: raw.policies,
            world: raw.world,
            catalogue: raw.catalogue,
            approvals: raw.approvals,
            apply: raw.apply,
            ledger: raw.ledger,
            plan_store: raw.plan_store,
            offline: raw.offline,
            break_glass: raw.break_glass,
        })
    }
}

fn check_waiver(raw: RawWaiver) -> Result<Waiver, (String, &'static str)> {
    for (key, value) in [("rule", &raw.rule), ("address", &raw.address), ("reason", &raw.reason), ("owner", &raw.owner)]
    {
        if value.trim().is_empty() {
            return Err((
                format!("a waiver with an empty `{key}`"),
                "say which rule, where, why, and who answers for it",
            ));
        }
    }
    if let Err(error) = address_pattern(&raw.address) {
        return Err((
            format!("`{}` is not a glob over addresses: {}", raw.address, error.msg),
            "only `*` and `?` are special",
        ));
    }
    let date: Result<jiff::civil::Date, _> = raw.expires.parse();
    match date {
        Ok(date) if date.to_string() == raw.expires => Ok(Waiver {
            rule: raw.rule,
            address: raw.address,
            reason: raw.reason,
            owner: raw.owner,
            expires: raw.expires,
        }),
        _ => Err((format!("`{}` is not a day", raw.expires), "write the waiver's last day as \"YYYY-MM-DD\"")),
    }
}

#[cfg(test)]
mod tests;
