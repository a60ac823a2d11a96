//! Reading a pull request completely.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::super::{ForgeError, Observation, PullFacts, Question};
use super::GitHub;
use super::exchange::{Call, Method, Reply, parse, parse_date};
use super::models::{
    self, Activity, ChangedFile, Comments, Commits, Event, Pull, Repository, Reviews, Run, Text, Timeline, account,
};
use super::queries;
use super::url::segment;
use crate::approval::{
    Attribution, CodeOwners, Comment, Commit, Edits, PlanRun, PullRequest, PullState, Push, PushKind, Review,
    ReviewState, RunInfo, Snapshot, TimelineEvent, UserId, Who,
};

/// A pull request that keeps changing is read this often.
const TRIES: usize = 3;
/// GitHub lists no more files of a pull request.
const MAX_FILES: usize = 3000;
/// A run has no more attempts than anybody could have started by hand.
const MAX_ATTEMPTS: u64 = 50;

impl GitHub {
    /// Reads until nothing changes meanwhile.
    pub(super) fn observe_steadily(&self, question: Question<'_>) -> Result<Observation, ForgeError> {
        let mut tries = 1;
        loop {
            match self.observe_once(question) {
                Err(ForgeError::Changed) if tries < TRIES => tries += 1,
                other => return other,
            }
        }
    }

    fn observe_once(&self, question: Question<'_>) -> Result<Observation, ForgeError> {
        let number = question.pull;
        let root = &self.root;
        let repository: Repository = self.transport.get(root, "metadata: read")?;
        let (pull, _) = self.read_pull(number)?;
        let comments = self.read_comments(number)?;
        let reviews = self.read_reviews(number)?;
        let commits = self.read_commits(number, &pull)?;
        let pushes = self.read_pushes(&pull, repository.id)?;
        let timeline = self.read_timeline(number)?;
        let changed_files = self.read_files(number, &pull)?;
        let code_owners = self.read_code_owners(question, &pull)?;
        let mut snapshot = Snapshot {
            forge_host: self.transport.api().host().to_owned(),
            repo_id: repository.id,
            default_branch: repository.default_branch,
            pull: pull_request(&pull),
            comments,
            reviews,
            commits,
            pushes,
            timeline,
            changed_files,
            people: BTreeMap::new(),
            code_owners,
            records: self.read_records(question, &pull.head.sha)?,
            plan_run: question.plan_run.map(|run| self.read_run(run)).transpose()?,
        };
        let teams = teams_to_ask(question, &snapshot);
        for (id, login) in snapshot.candidates() {
            snapshot.people.insert(id, self.read_person(id, &login, &teams)?);
        }
        // The same question again at the end: its answer tells the time, and whether anything moved meanwhile.
        let (after, reply) = self.read_pull(number)?;
        if !same(&pull, &after) {
            return Err(ForgeError::Changed);
        }
        let server_time = reply.date.as_deref().and_then(parse_date).ok_or_else(|| ForgeError::Answer {
            call: format!("GET {root}/pulls/{number}"),
            why: "it carries no usable `Date`".to_owned(),
        })?;
        let age = reply.age.map_or(Ok(0), |age| age.trim().parse()).unwrap_or(u64::MAX);
        Ok(Observation { snapshot, server_time, age })
    }

    pub(super) fn read_facts(&self, number: u64) -> Result<PullFacts, ForgeError> {
        let repository: Repository = self.transport.get(&self.root, "metadata: read")?;
        let (pull, _) = self.read_pull(number)?;
        Ok(PullFacts {
            host: self.transport.api().host().to_owned(),
            repo_id: repository.id,
            default_branch: repository.default_branch,
            changed_files: self.read_files(number, &pull)?,
            head_sha: pull.head.sha,
            base_ref: pull.base.name,
        })
    }

    fn read_pull(&self, number: u64) -> Result<(Pull, Reply), ForgeError> {
        let path = format!("{}/pulls/{number}", self.root);
        let call = Call { method: Method::Get, path: &path, body: None, needs: "pull-requests: read" };
        let reply = self.transport.call(&call)?;
        let pull: Pull = parse(&call, &reply.body)?;
        if pull.number != number {
            return Err(ForgeError::Answer { call: call.name(), why: "it is another pull request".to_owned() });
        }
        Ok((pull, reply))
    }

    fn read_comments(&self, number: u64) -> Result<Vec<Comment>, ForgeError> {
        let path = format!("{}/issues/{number}/comments?per_page=100", self.root);
        let listed: Vec<models::Comment> = self.transport.list(&path, "pull-requests: read", "comments")?;
        let texts = self.graphql_list(queries::COMMENTS, number, "comments", |data: Comments| data.comments)?;
        let mut texts = by_number(texts);
        let mut comments = Vec::new();
        for comment in listed {
            let text = texts.remove(&comment.id).ok_or(ForgeError::Changed)?;
            let rest = Rest {
                id: comment.id,
                user: &comment.user,
                body: comment.body,
                created_at: &comment.created_at,
                via_app: comment.performed_via_github_app.is_some(),
            };
            comments.push(joined(rest, &text)?);
        }
        if texts.is_empty() { Ok(comments) } else { Err(ForgeError::Changed) }
    }

    fn read_reviews(&self, number: u64) -> Result<Vec<Review>, ForgeError> {
        let path = format!("{}/pulls/{number}/reviews?per_page=100", self.root);
        let listed: Vec<models::Review> = self.transport.list(&path, "pull-requests: read", "reviews")?;
        let texts = self.graphql_list(queries::REVIEWS, number, "reviews", |data: Reviews| data.reviews)?;
        let mut texts = by_number(texts);
        let mut reviews = Vec::new();
        for review in listed {
            let text = texts.remove(&review.id).ok_or(ForgeError::Changed)?;
            let submitted_at = match (&review.submitted_at, review.state.as_str()) {
                (Some(submitted_at), _) => submitted_at,
                // A draft of the token's own account: nobody has said anything yet.
                (None, "PENDING") => continue,
                (None, _) => {
                    let why = format!("review {} has no time", review.id);
                    return Err(ForgeError::Answer { call: format!("GET {path}"), why });
                }
            };
            let rest =
                Rest { id: review.id, user: &review.user, body: review.body, created_at: submitted_at, via_app: false };
            let state = match review.state.as_str() {
                "APPROVED" => ReviewState::Approved,
                "CHANGES_REQUESTED" => ReviewState::ChangesRequested,
                "DISMISSED" => ReviewState::Dismissed,
                _ => ReviewState::Other,
            };
            let commit = review.commit_id.unwrap_or_default();
            reviews.push(Review { comment: joined(rest, &text)?, state, commit });
        }
        if texts.is_empty() { Ok(reviews) } else { Err(ForgeError::Changed) }
    }

    fn read_commits(&self, number: u64, pull: &Pull) -> Result<Vec<Commit>, ForgeError> {
        let nodes = self.graphql_list(queries::COMMITS, number, "commits", |data: Commits| data.commits)?;
        if nodes.len() != pull.commits {
            return Err(ForgeError::Changed);
        }
        nodes.into_iter().map(|node| commit(node.commit)).collect()
    }

    /// Pushes to the head branch. Those to a fork's cannot be read here; without them nothing counts.
    fn read_pushes(&self, pull: &Pull, repository: u64) -> Result<Vec<Push>, ForgeError> {
        if pull.head.repo.as_ref().map(|repo| repo.id) != Some(repository) {
            return Ok(Vec::new());
        }
        let name = segment(&format!("refs/heads/{}", pull.head.name))?;
        let path = format!("{}/activity?ref={name}&per_page=100", self.root);
        let entries: Vec<Activity> = self.transport.list(&path, "contents: read", "pushes")?;
        let push = |entry: &Activity| {
            let kind = match entry.activity_type.as_str() {
                "branch_creation" => PushKind::Creation,
                _ => PushKind::Other,
            };
            let at = timestamp(&entry.timestamp)?;
            Ok(Push { id: entry.id, actor: account(&entry.actor), at, after: entry.after.clone(), kind })
        };
        entries.iter().map(push).collect()
    }

    fn read_timeline(&self, number: u64) -> Result<Vec<TimelineEvent>, ForgeError> {
        let events = self.graphql_list(queries::TIMELINE, number, "events", |data: Timeline| data.timeline_items)?;
        events.iter().map(event).collect()
    }

    fn read_files(&self, number: u64, pull: &Pull) -> Result<Vec<String>, ForgeError> {
        if pull.changed_files > MAX_FILES {
            return Err(ForgeError::TooMany { what: "changed files", limit: MAX_FILES });
        }
        let path = format!("{}/pulls/{number}/files?per_page=100", self.root);
        let files: Vec<ChangedFile> = self.transport.list(&path, "pull-requests: read", "changed files")?;
        if files.len() != pull.changed_files {
            return Err(ForgeError::Changed);
        }
        Ok(files.into_iter().flat_map(|file| file.previous_filename.into_iter().chain([file.filename])).collect())
    }

    fn read_code_owners(&self, question: Question<'_>, pull: &Pull) -> Result<CodeOwners, ForgeError> {
        if !question.settings.selectors().any(|who| *who == Who::CodeOwner) {
            return Ok(CodeOwners::default());
        }
        for path in [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"] {
            if let Some(bytes) = self.read_file(path, &pull.base.name)? {
                return Ok(CodeOwners::parse(&String::from_utf8_lossy(&bytes)));
            }
        }
        Ok(CodeOwners::default())
    }

    /// The run that made the plan, with everybody who started one of its attempts.
    fn read_run(&self, named: PlanRun) -> Result<RunInfo, ForgeError> {
        let path = format!("{}/actions/runs/{}", self.root, named.id);
        let latest: Run = self.transport.get(&path, "actions: read")?;
        if latest.run_attempt > MAX_ATTEMPTS {
            return Err(ForgeError::TooMany { what: "attempts of a run", limit: 50 });
        }
        let mut actors = vec![account(&latest.actor), account(&latest.triggering_actor)];
        for attempt in 1..latest.run_attempt {
            let earlier: Run = self.transport.get(&format!("{path}/attempts/{attempt}"), "actions: read")?;
            actors.push(account(&earlier.triggering_actor));
        }
        Ok(RunInfo { id: latest.id, attempt: latest.run_attempt, head_sha: latest.head_sha, actors })
    }
}

/// Nothing that a decision rests on changed, and nobody wrote anything.
fn same(before: &Pull, after: &Pull) -> bool {
    before.head == after.head
        && before.base == after.base
        && before.state == after.state
        && before.merged == after.merged
        && before.draft == after.draft
        && before.locked == after.locked
        && before.comments == after.comments
        && before.updated_at == after.updated_at
}

fn pull_request(pull: &Pull) -> PullRequest {
    PullRequest {
        number: pull.number,
        author: account(&pull.user),
        state: match (pull.state.as_str(), pull.merged) {
            (_, true) => PullState::Merged,
            ("open", false) => PullState::Open,
            _ => PullState::Closed,
        },
        draft: pull.draft,
        locked: pull.locked,
        head_sha: pull.head.sha.clone(),
        head_ref: pull.head.name.clone(),
        head_repo: pull.head.repo.as_ref().map(|repo| repo.id),
        base_ref: pull.base.name.clone(),
    }
}

pub(super) fn timestamp(text: &str) -> Result<Timestamp, ForgeError> {
    text.parse().map_err(|_| ForgeError::Answer { call: "times".to_owned(), why: format!("`{text}` is no time") })
}

fn by_number(texts: Vec<Text>) -> BTreeMap<u64, Text> {
    texts.into_iter().map(|text| (text.full_database_id.0, text)).collect()
}

/// What REST says of a comment or review.
struct Rest<'a> {
    id: u64,
    user: &'a Option<models::User>,
    body: Option<String>,
    created_at: &'a str,
    via_app: bool,
}

/// REST and GraphQL together; they must agree on the text.
fn joined(rest: Rest<'_>, text: &Text) -> Result<Comment, ForgeError> {
    let body = rest.body.unwrap_or_default();
    if body != text.body {
        return Err(ForgeError::Changed);
    }
    let edits = text.user_content_edits.as_ref();
    let listed = edits.map_or(0, |edits| edits.total_count);
    let edited = text.last_edited_at.is_some() || text.includes_created_edit || listed > 1;
    // The first entry of the list is the creation. Where not all are listed, nobody knows who edited.
    let complete = edits.is_some_and(|edits| edits.nodes.len() == edits.total_count);
    let editors = edits.filter(|_| complete && edited).into_iter().flat_map(|edits| &edits.nodes);
    let editors = editors.map(|edit| edit.editor.as_ref().and_then(models::Actor::account).map(|a| a.id)).collect();
    Ok(Comment {
        id: rest.id,
        author: account(rest.user),
        body,
        created_at: timestamp(rest.created_at)?,
        edits: Edits { edited, editors },
        minimised: text.is_minimized,
        by_email: text.created_via_email,
        via_app: rest.via_app,
    })
}

fn commit(node: models::Commit) -> Result<Commit, ForgeError> {
    let all =
        node.authors.nodes.len() == node.authors.total_count && node.parents.nodes.len() == node.parents.total_count;
    if !all {
        return Err(ForgeError::TooMany { what: "authors or parents of a commit", limit: node.authors.nodes.len() });
    }
    let attribution = |actor: &models::GitActor| {
        actor.user.as_ref().and_then(models::Actor::account).map_or(Attribution::Unlinked, Attribution::User)
    };
    // As an author, the forge's own account is anybody who wrote its address into a commit.
    let author = |actor: &models::GitActor| if is_web_flow(actor) { Attribution::Unlinked } else { attribution(actor) };
    let mut people: Vec<Attribution> = node.authors.nodes.iter().map(author).collect();
    let known: BTreeSet<String> =
        node.authors.nodes.iter().filter_map(|author| author.email.as_deref()).map(str::to_lowercase).collect();
    // GitHub reads these lines, too; what it did not understand is somebody unknown.
    if co_authors(&node.message).any(|email| !known.contains(&email)) {
        people.push(Attribution::Unlinked);
    }
    let signed_by_github = node.signature.as_ref().is_some_and(|s| s.is_valid && s.was_signed_by_git_hub);
    let committer = match &node.committer {
        // Commits of the web interface: GitHub commits and signs for the author.
        Some(actor) if is_web_flow(actor) => Attribution::Forge,
        Some(actor) if signed_by_github && actor.email.as_deref() == Some("noreply@github.com") => Attribution::Forge,
        Some(actor) => attribution(actor),
        None => Attribution::Unlinked,
    };
    people.push(committer);
    Ok(Commit {
        sha: node.oid,
        parents: node.parents.nodes.into_iter().map(|parent| parent.oid).collect(),
        people,
        verified: node.signature.is_some_and(|signature| signature.is_valid),
    })
}

/// The account that commits for people who use the web interface.
fn is_web_flow(actor: &models::GitActor) -> bool {
    actor.user.as_ref().is_some_and(|user| user.login.eq_ignore_ascii_case("web-flow"))
}

/// The e-mail addresses of `Co-authored-by` lines, lower case; a line without one gives an empty text.
fn co_authors(message: &str) -> impl Iterator<Item = String> {
    message.lines().filter_map(|line| {
        let line = line.trim();
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("co-authored-by").then(|| {
            let address = value.rsplit_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(address, _)| address);
            address.unwrap_or_default().trim().to_lowercase()
        })
    })
}

fn event(event: &Event) -> Result<TimelineEvent, ForgeError> {
    let at = timestamp(&event.created_at)?;
    let actor = || event.actor.as_ref().and_then(models::Actor::account);
    Ok(match event.kind.as_str() {
        "CommentDeletedEvent" => {
            let author = event.deleted_comment_author.as_ref();
            // A bot's comment is no revocation; an account that is gone, or of a kind without a number, may have been
            // anybody's.
            let bot = author.filter(|author| author.kind == "Bot").map(|author| crate::approval::Account {
                id: UserId(author.database_id.unwrap_or_default()),
                login: author.login.clone(),
                kind: crate::approval::AccountKind::Other,
            });
            TimelineEvent::CommentDeleted { author: bot.or_else(|| author.and_then(models::Actor::account)), at }
        }
        "ReviewDismissedEvent" => TimelineEvent::ReviewDismissed {
            review: event.review.as_ref().and_then(|review| review.full_database_id).map(|id| id.0),
            approved: event.previous_review_state.as_deref() == Some("APPROVED"),
            by: actor(),
            at,
        },
        "BaseRefChangedEvent" | "AutomaticBaseChangeSucceededEvent" => TimelineEvent::TargetChanged { at },
        "HeadRefForcePushedEvent" => TimelineEvent::ForcePushed { by: actor(), at },
        other => {
            let why =
                format!("an event of the kind `{}` was not asked for", other.chars().take(40).collect::<String>());
            return Err(ForgeError::Answer { call: "POST /graphql".to_owned(), why });
        }
    })
}

/// The teams that selectors and code owners name.
fn teams_to_ask(question: Question<'_>, snapshot: &Snapshot) -> BTreeSet<String> {
    let named = question.settings.selectors().filter_map(|who| match who {
        Who::Team(team) => Some(team.clone()),
        _ => None,
    });
    let owning = snapshot.code_owners.teams_of(snapshot.changed_files.iter().map(String::as_str));
    named.chain(owning).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_co_authors_in_messages() {
        let message = "x\n\nCo-authored-by: A <A@x>\nco-authored-by:B b@y\n Co-Authored-By : C <c@z>\nNot-by: D <d@d>";
        assert_eq!(co_authors(message).collect::<Vec<_>>(), ["a@x", "", "c@z"]);
    }
}
