//! The `[approvals]` table of the configuration.
//!
//! ```toml
//! [approvals]
//! max_window = { critical = "1h", high = "4h", medium = "24h" }
//!
//! [[approvals.rules]]
//! name     = "iam-owners"
//! when     = { severity = ["high", "critical"] }
//! requires = { count = 2, any_of = ["role:maintain", "user:1234567", "team:org/iam"] }
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;

use super::{PathPattern, RequiredFinding, WindowLength};
use crate::policy::Severity;

/// Who may approve what, and for how long. Read from the default branch, never from the pull request.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ApprovalSettings {
    /// The longest window by severity. Severities that are not named take the value of the next worse one named,
    /// else the default: critical 1h, high 4h, everything else 24h.
    pub max_window: BTreeMap<Severity, WindowLength>,
    /// Where an approval may be written.
    pub channels: BTreeSet<Channel>,
    /// What a commit without an account means.
    pub unattributed_commits: Unattributed,
    /// Whether every commit has to carry a verified signature.
    pub require_verified_commits: bool,
    /// Whether pull requests from forks can be approved.
    pub forks: bool,
    /// Whether drafts can be approved.
    pub drafts: bool,
    /// Whether the window stays open after the merge.
    pub merged: bool,
    /// The branches a pull request may go to; empty means the default branch only.
    pub targets: BTreeSet<String>,
    /// Accounts that never count: automation that runs under a person's account.
    pub service_accounts: Vec<Who>,
    /// The gate's own files: a change to them asks for approval.
    pub policy_files: Vec<PathPattern>,
    /// Who has to approve what.
    pub rules: Vec<ApproverRule>,
}

/// Where an approval is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// A comment.
    Comment,
    /// The first line of an approving review.
    Review,
}

/// What a commit without an account means: it may be anybody's, so its author cannot be kept from approving.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unattributed {
    /// Nobody can approve.
    #[default]
    Deny,
    /// Every rule needs one person more.
    RaiseByOne,
}

/// One approver rule.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApproverRule {
    /// Its name; a finding asks for it by this name.
    pub name: String,
    /// When it applies; always, where nothing is said.
    #[serde(default)]
    pub when: When,
    /// Whom it needs.
    pub requires: RequiredPeople,
}

/// When an approver rule applies. What is said must all hold; within one list one entry is enough.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct When {
    /// Findings of these severities.
    pub severity: BTreeSet<Severity>,
    /// Findings of these rules; `*` stands for any run of characters but `/`.
    pub rules: Vec<PathPattern>,
    /// Pull requests that change one of these paths.
    pub paths: Vec<PathPattern>,
}

/// Whom a rule needs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequiredPeople {
    /// How many different people; at least as many as `all_of` has entries.
    #[serde(default = "one")]
    pub count: usize,
    /// A person counts who fits one of these, or one of `all_of`.
    #[serde(default)]
    pub any_of: Vec<Who>,
    /// For each of these there is a person, for each a different one.
    #[serde(default)]
    pub all_of: Vec<Who>,
}

const fn one() -> usize {
    1
}

/// A description of people.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Who {
    /// `user:1234567`: one account, by its number.
    UserId(u64),
    /// `user:alice`: one account, by its present name. A name that changes hands takes the right with it.
    Login(String),
    /// `team:org/slug`.
    Team(String),
    /// `role:maintain`: at least this role on the repository; a custom role by its exact name.
    Role(String),
    /// `codeowner`: owns every changed file that the rule is about.
    CodeOwner,
}

/// The roles every forge knows, from least to most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RoleLevel {
    /// Nothing.
    #[default]
    None,
    /// May read.
    Read,
    /// May sort issues.
    Triage,
    /// May push.
    Write,
    /// May manage without access to what is sensitive or destructive.
    Maintain,
    /// May do all.
    Admin,
}

/// Somebody's role on a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Role {
    /// The level it amounts to.
    pub level: RoleLevel,
    /// Its name, where it is a custom one.
    pub custom: Option<String>,
}

/// A mistake in the settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// Two rules share a name.
    #[error("approver rule `{0}` is there twice; give each its own name")]
    DuplicateRule(String),
    /// A rule without a name.
    #[error("an approver rule has an empty name")]
    EmptyName,
    /// A rule that nobody has to fulfil.
    #[error("approver rule `{0}` needs nobody; name people in any_of or all_of and set count to 1 or more")]
    NeedsNobody(String),
    /// A count that cannot be reached.
    #[error("approver rule `{rule}` needs {count} people and names only {named} accounts")]
    Unreachable {
        /// The rule.
        rule: String,
        /// The count.
        count: usize,
        /// How many accounts it names.
        named: usize,
    },
    /// No channel.
    #[error("approvals.channels is empty; name comment, review or both")]
    NoChannel,
}

impl Default for ApprovalSettings {
    fn default() -> Self {
        let patterns = [
            "tollgate.toml",
            ".github/tollgate.toml",
            "policies/**",
            ".github/workflows/**",
            ".github/actions/**",
            "CODEOWNERS",
            ".github/CODEOWNERS",
            "docs/CODEOWNERS",
            // What Terraform runs beside itself: a new plugin is code in the job that holds the credentials.
            "**/.terraform.lock.hcl",
        ];
        Self {
            max_window: BTreeMap::new(),
            channels: [Channel::Comment, Channel::Review].into(),
            unattributed_commits: Unattributed::Deny,
            require_verified_commits: false,
            forks: false,
            drafts: false,
            merged: true,
            targets: BTreeSet::new(),
            service_accounts: Vec::new(),
            policy_files: patterns.into_iter().filter_map(|text| text.parse().ok()).collect(),
            rules: Vec::new(),
        }
    }
}

impl ApprovalSettings {
    /// Every mistake at once; empty when there is none.
    pub fn mistakes(&self) -> Vec<SettingsError> {
        let mut mistakes = Vec::new();
        let mut names = BTreeSet::new();
        for rule in &self.rules {
            let RequiredPeople { count, any_of, all_of } = &rule.requires;
            if rule.name.is_empty() {
                mistakes.push(SettingsError::EmptyName);
            } else if !names.insert(rule.name.as_str()) {
                mistakes.push(SettingsError::DuplicateRule(rule.name.clone()));
            }
            let everybody: BTreeSet<&Who> = any_of.iter().chain(all_of).collect();
            if *count == 0 || everybody.is_empty() {
                mistakes.push(SettingsError::NeedsNobody(rule.name.clone()));
            } else if everybody.iter().all(|who| matches!(who, Who::UserId(_) | Who::Login(_)))
                && everybody.len() < *count
            {
                let (rule, count, named) = (rule.name.clone(), *count, everybody.len());
                mistakes.push(SettingsError::Unreachable { rule, count, named });
            }
        }
        if self.channels.is_empty() {
            mistakes.push(SettingsError::NoChannel);
        }
        mistakes
    }

    /// The longest window for a severity.
    pub fn cap(&self, severity: Severity) -> Duration {
        let worse = self.max_window.range(severity..).next().map(|(_, length)| length.duration());
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        worse.unwrap_or_else(|| match severity {
            Severity::Critical => hours(1),
            Severity::High => hours(4),
            Severity::Info | Severity::Low | Severity::Medium => hours(24),
        })
    }

    /// The longest window for all of these findings: the shortest of what configuration and rules allow.
    pub fn cap_for(&self, findings: &[RequiredFinding]) -> Duration {
        let configured = findings.iter().map(|finding| self.cap(finding.severity));
        let asked = findings.iter().filter_map(|finding| finding.max_window).map(Duration::from_secs);
        configured.chain(asked).min().unwrap_or_else(|| self.cap(Severity::Critical))
    }

    /// The longest duration that a line may ask for at all.
    pub fn longest(&self) -> Duration {
        use Severity::{Critical, High, Info, Low, Medium};
        [Info, Low, Medium, High, Critical].into_iter().map(|s| self.cap(s)).max().unwrap_or_default()
    }

    /// Every selector, of rules and service accounts.
    pub fn selectors(&self) -> impl Iterator<Item = &Who> {
        let of_rules = self.rules.iter().flat_map(|rule| rule.requires.any_of.iter().chain(&rule.requires.all_of));
        of_rules.chain(&self.service_accounts)
    }
}

impl Role {
    /// Whether it is at least the role of this name; a custom role only by its exact name.
    pub fn is_at_least(&self, name: &str) -> bool {
        match name.parse::<RoleLevel>() {
            Ok(level) => self.level >= level,
            Err(()) => self.custom.as_deref() == Some(name),
        }
    }
}

impl FromStr for RoleLevel {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Ok(match text {
            "none" => Self::None,
            "read" => Self::Read,
            "triage" => Self::Triage,
            "write" => Self::Write,
            "maintain" => Self::Maintain,
            "admin" => Self::Admin,
            _ => return Err(()),
        })
    }
}

impl FromStr for Who {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` names nobody: write `user:<id>`, `user:<login>`, `team:<org>/<slug>`, `role:<name>` or `codeowner`"
            )
        };
        let name = |name: &str| {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            (!name.is_empty() && name.bytes().all(plain) && !name.starts_with('.')).then(|| name.to_ascii_lowercase())
        };
        if text == "codeowner" {
            return Ok(Self::CodeOwner);
        }
        let (kind, rest) = text.split_once(':').ok_or_else(wrong)?;
        match kind {
            "user" if rest.bytes().all(|byte| byte.is_ascii_digit()) => {
                rest.parse().map(Self::UserId).map_err(|_| wrong())
            }
            "user" => name(rest).map(Self::Login).ok_or_else(wrong),
            "team" => {
                let (org, slug) = rest.split_once('/').ok_or_else(wrong)?;
                let (org, slug) = name(org).zip(name(slug)).ok_or_else(wrong)?;
                Ok(Self::Team(format!("{org}/{slug}")))
            }
            // Everybody has the roles none and read on a public repository: they would let strangers approve.
            "role" if matches!(rest, "none" | "read" | "triage" | "") => Err(format!(
                "`{text}` would let people approve who cannot push: use role:write, role:maintain, role:admin or a custom role"
            )),
            "role" => Ok(Self::Role(rest.to_owned())),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UserId(id) => write!(f, "user:{id}"),
            Self::Login(login) => write!(f, "user:{login}"),
            Self::Team(team) => write!(f, "team:{team}"),
            Self::Role(role) => write!(f, "role:{role}"),
            Self::CodeOwner => f.write_str("codeowner"),
        }
    }
}

impl<'de> Deserialize<'de> for Who {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_documented_form() {
        let settings: ApprovalSettings = toml::from_str(
            r#"
            max_window = { critical = "30m", medium = "8h" }
            unattributed_commits = "raise_by_one"
            [[rules]]
            name = "iam-owners"
            when = { severity = ["high", "critical"] }
            requires = { count = 2, any_of = ["role:maintain", "user:1234567", "team:Org/IAM", "user:Alice", "codeowner"] }
            "#,
        )
        .unwrap();
        assert_eq!(settings.mistakes(), []);
        let who = &settings.rules[0].requires.any_of;
        assert_eq!(who[2], Who::Team("org/iam".into()));
        assert_eq!(who[3], Who::Login("alice".into()));
        let minutes = |severity| settings.cap(severity).as_secs() / 60;
        assert_eq!(minutes(Severity::Critical), 30);
        assert_eq!(minutes(Severity::High), 30, "the next worse one that is named");
        assert_eq!(minutes(Severity::Low), 480);
    }

    #[test]
    fn unknown_keys_and_useless_rules_are_mistakes() {
        assert!(toml::from_str::<ApprovalSettings>("self_approval = true").is_err());
        for who in
            ["alice", "user:", "user:a/b", "team:x", "role:read", "role:none", "group:x", "user:99999999999999999999"]
        {
            assert!(who.parse::<Who>().is_err(), "{who}");
        }
        let settings: ApprovalSettings = toml::from_str(
            r#"
            channels = []
            [[rules]]
            name = "a"
            requires = { count = 2, any_of = ["user:1"] }
            [[rules]]
            name = "a"
            requires = { count = 0, any_of = ["user:1"] }
            "#,
        )
        .unwrap();
        assert_eq!(settings.mistakes().len(), 4);
    }

    #[test]
    fn a_role_by_level_or_by_exact_name() {
        let role = Role { level: RoleLevel::Write, custom: Some("iam-approver".into()) };
        assert!(role.is_at_least("write") && role.is_at_least("iam-approver"));
        assert!(!role.is_at_least("maintain") && !role.is_at_least("iam"));
    }
}
