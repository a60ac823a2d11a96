//! What tollgate reads of GitHub's answers. Fields that a decision rests on have no default: an answer without
//! them is an error, also where they may be `null`.

use serde::{Deserialize, Deserializer};

use crate::approval::{Account, AccountKind, UserId};

/// For fields that may be `null` and may not be missing: without this, serde takes a missing one for `null`.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Option::deserialize(deserializer)
}

/// REST `simple-user`.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct User {
    pub(super) id: u64,
    pub(super) login: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
}

impl User {
    pub(super) fn account(&self) -> Account {
        let kind = if self.kind == "User" { AccountKind::User } else { AccountKind::Other };
        Account { id: UserId(self.id), login: self.login.clone(), kind }
    }
}

pub(super) fn account(user: &Option<User>) -> Option<Account> {
    user.as_ref().map(User::account)
}

#[derive(Debug, Deserialize)]
pub(super) struct Repository {
    pub(super) id: u64,
    pub(super) default_branch: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Pull {
    pub(super) number: u64,
    #[serde(deserialize_with = "present")]
    pub(super) user: Option<User>,
    pub(super) state: String,
    pub(super) merged: bool,
    pub(super) draft: bool,
    pub(super) locked: bool,
    pub(super) head: Head,
    pub(super) base: Base,
    pub(super) commits: usize,
    pub(super) changed_files: usize,
    pub(super) comments: usize,
    pub(super) updated_at: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Head {
    pub(super) sha: String,
    #[serde(rename = "ref")]
    pub(super) name: String,
    #[serde(deserialize_with = "present")]
    pub(super) repo: Option<RepositoryId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Base {
    #[serde(rename = "ref")]
    pub(super) name: String,
    pub(super) repo: RepositoryId,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct RepositoryId {
    pub(super) id: u64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Comment {
    pub(super) id: u64,
    #[serde(default)]
    pub(super) body: Option<String>,
    #[serde(deserialize_with = "present")]
    pub(super) user: Option<User>,
    pub(super) created_at: String,
    #[serde(deserialize_with = "present")]
    pub(super) performed_via_github_app: Option<serde::de::IgnoredAny>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Review {
    pub(super) id: u64,
    #[serde(deserialize_with = "present")]
    pub(super) user: Option<User>,
    #[serde(default)]
    pub(super) body: Option<String>,
    pub(super) state: String,
    #[serde(default)]
    pub(super) submitted_at: Option<String>,
    #[serde(deserialize_with = "present")]
    pub(super) commit_id: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Activity {
    pub(super) id: u64,
    pub(super) after: String,
    pub(super) timestamp: String,
    pub(super) activity_type: String,
    #[serde(deserialize_with = "present")]
    pub(super) actor: Option<User>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ChangedFile {
    pub(super) filename: String,
    #[serde(default)]
    pub(super) previous_filename: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Permission {
    pub(super) permission: String,
    pub(super) role_name: String,
    #[serde(deserialize_with = "present")]
    pub(super) user: Option<User>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Membership {
    pub(super) state: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Content {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) encoding: String,
    pub(super) content: String,
    pub(super) size: usize,
}

#[derive(Debug, Deserialize)]
pub(super) struct Deployment {
    pub(super) id: u64,
    pub(super) task: String,
    #[serde(default)]
    pub(super) payload: serde_json::Value,
}

#[derive(Debug, Deserialize)]
pub(super) struct GitRef {
    #[serde(rename = "ref")]
    pub(super) name: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct DeploymentStatus {
    pub(super) state: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Run {
    pub(super) id: u64,
    pub(super) run_attempt: u64,
    pub(super) head_sha: String,
    #[serde(deserialize_with = "present")]
    pub(super) actor: Option<User>,
    #[serde(deserialize_with = "present")]
    pub(super) triggering_actor: Option<User>,
}

#[derive(Debug, Deserialize)]
pub(super) struct CheckRuns {
    pub(super) check_runs: Vec<CheckRun>,
}

#[derive(Debug, Deserialize)]
pub(super) struct CheckRun {
    #[serde(default)]
    pub(super) external_id: Option<String>,
    #[serde(default)]
    pub(super) output: CheckOutput,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct CheckOutput {
    #[serde(default)]
    pub(super) text: Option<String>,
}

/// An object of which only the number matters.
#[derive(Debug, Deserialize)]
pub(super) struct Numbered {
    pub(super) id: u64,
}

/// GraphQL: `repository.pullRequest.LIST`.
#[derive(Debug, Deserialize)]
pub(super) struct Data<L> {
    pub(super) repository: DataRepository<L>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DataRepository<L> {
    pub(super) pull_request: L,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page<T> {
    #[serde(alias = "filteredCount")]
    pub(super) total_count: usize,
    pub(super) page_info: PageInfo,
    pub(super) nodes: Vec<T>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PageInfo {
    pub(super) has_next_page: bool,
    pub(super) end_cursor: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Comments {
    pub(super) comments: Page<Text>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Reviews {
    pub(super) reviews: Page<Text>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Commits {
    pub(super) commits: Page<CommitNode>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Timeline {
    pub(super) timeline_items: Page<Event>,
}

/// A comment or review, as far as REST does not know it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Text {
    pub(super) id: String,
    pub(super) full_database_id: BigInt,
    pub(super) body: String,
    #[serde(deserialize_with = "present")]
    pub(super) last_edited_at: Option<String>,
    pub(super) includes_created_edit: bool,
    pub(super) is_minimized: bool,
    pub(super) created_via_email: bool,
    pub(super) viewer_did_author: bool,
    #[serde(deserialize_with = "present")]
    pub(super) user_content_edits: Option<EditList>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EditList {
    pub(super) total_count: usize,
    pub(super) nodes: Vec<Edit>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Edit {
    #[serde(deserialize_with = "present")]
    pub(super) editor: Option<Actor>,
}

/// GraphQL's `Actor`; only users have a number that REST knows.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Actor {
    #[serde(rename = "__typename")]
    pub(super) kind: String,
    pub(super) login: String,
    #[serde(default)]
    pub(super) database_id: Option<u64>,
}

impl Actor {
    /// The account; `None` for whoever has no number, such as a bot.
    pub(super) fn account(&self) -> Option<Account> {
        let id = UserId(self.database_id?);
        let kind = if self.kind == "User" { AccountKind::User } else { AccountKind::Other };
        Some(Account { id, login: self.login.clone(), kind })
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct CommitNode {
    pub(super) commit: Commit,
}

#[derive(Debug, Deserialize)]
pub(super) struct Commit {
    pub(super) oid: String,
    pub(super) message: String,
    pub(super) parents: Parents,
    pub(super) authors: Authors,
    #[serde(deserialize_with = "present")]
    pub(super) committer: Option<GitActor>,
    #[serde(deserialize_with = "present")]
    pub(super) signature: Option<Signature>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Parents {
    pub(super) total_count: usize,
    pub(super) nodes: Vec<Oid>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Oid {
    pub(super) oid: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Authors {
    pub(super) total_count: usize,
    pub(super) nodes: Vec<GitActor>,
}

#[derive(Debug, Deserialize)]
pub(super) struct GitActor {
    pub(super) email: Option<String>,
    #[serde(deserialize_with = "present")]
    pub(super) user: Option<Actor>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Signature {
    pub(super) is_valid: bool,
    pub(super) was_signed_by_git_hub: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Event {
    #[serde(rename = "__typename")]
    pub(super) kind: String,
    pub(super) created_at: String,
    #[serde(default)]
    pub(super) deleted_comment_author: Option<Actor>,
    #[serde(default)]
    pub(super) actor: Option<Actor>,
    #[serde(default)]
    pub(super) previous_review_state: Option<String>,
    #[serde(default)]
    pub(super) review: Option<ReviewRef>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReviewRef {
    pub(super) full_database_id: Option<BigInt>,
}

/// GraphQL's `BigInt`: a number in a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct BigInt(pub(super) u64);

impl<'de> Deserialize<'de> for BigInt {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        let text = match &value {
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Number(number) => number.to_string(),
            _ => String::new(),
        };
        text.parse().map(Self).map_err(|_| serde::de::Error::custom("a number in a string was expected"))
    }
}
