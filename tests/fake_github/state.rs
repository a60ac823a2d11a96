//! What the fake knows, and what people do to it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::set_up::SetUp;

pub(crate) const OWNER: &str = "org";
pub(crate) const NAME: &str = "infra";
pub(crate) const REPOSITORY_ID: u64 = 1000;

#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) id: u64,
    pub(crate) login: &'static str,
    pub(crate) kind: &'static str,
    /// `permission` and `role_name`.
    pub(crate) role: (&'static str, &'static str),
}

#[derive(Clone, Debug, Default)]
pub(crate) struct EditLog {
    /// Who edited, in order; `None` for an account that is gone.
    pub(crate) editors: Vec<Option<u64>>,
    pub(crate) last: Option<Timestamp>,
}

#[derive(Clone, Debug)]
pub(crate) struct Comment {
    pub(crate) id: u64,
    pub(crate) pull: u64,
    pub(crate) author: Option<u64>,
    pub(crate) body: String,
    pub(crate) created_at: Timestamp,
    pub(crate) edits: EditLog,
    pub(crate) minimised: bool,
    pub(crate) by_email: bool,
    pub(crate) via_app: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Review {
    pub(crate) comment: Comment,
    pub(crate) state: &'static str,
    pub(crate) commit: String,
}

#[derive(Clone, Debug)]
pub(crate) struct Commit {
    pub(crate) sha: String,
    pub(crate) message: String,
    pub(crate) parents: Vec<String>,
    /// E-mail and account.
    pub(crate) authors: Vec<(&'static str, Option<u64>)>,
    pub(crate) committer: (&'static str, Option<u64>),
    pub(crate) signed_by_github: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Push {
    pub(crate) id: u64,
    pub(crate) actor: Option<u64>,
    pub(crate) branch: String,
    pub(crate) before: String,
    pub(crate) after: String,
    pub(crate) at: Timestamp,
    pub(crate) kind: &'static str,
}

#[derive(Clone, Debug)]
pub(crate) struct Pull {
    pub(crate) number: u64,
    pub(crate) author: Option<u64>,
    pub(crate) state: &'static str,
    pub(crate) merged: bool,
    pub(crate) draft: bool,
    pub(crate) locked: bool,
    pub(crate) head_ref: String,
    pub(crate) head_sha: String,
    pub(crate) head_repo: Option<u64>,
    pub(crate) base_ref: String,
    pub(crate) commits: Vec<Commit>,
    pub(crate) files: Vec<String>,
    pub(crate) timeline: Vec<Value>,
    pub(crate) updated_at: Timestamp,
}

#[derive(Clone, Debug)]
pub(crate) struct Deployment {
    pub(crate) id: u64,
    pub(crate) body: Value,
    pub(crate) sha: String,
    pub(crate) creator: u64,
    pub(crate) created_at: Timestamp,
    pub(crate) statuses: Vec<Value>,
}

#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) user: u64,
    /// `contents: read` and so on; write includes read.
    pub(crate) permissions: BTreeSet<&'static str>,
    /// How many requests are left of the hour's; `None` for no limit.
    pub(crate) left: Option<u64>,
}

#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) now: Timestamp,
    /// Whether its clock goes with the machine's, and does not stand still until a test moves it.
    pub(crate) ticks: bool,
    pub(crate) people: Vec<Person>,
    pub(crate) teams: BTreeMap<&'static str, BTreeSet<u64>>,
    pub(crate) pulls: BTreeMap<u64, Pull>,
    pub(crate) comments: Vec<Comment>,
    pub(crate) reviews: Vec<Review>,
    pub(crate) pushes: Vec<Push>,
    pub(crate) deployments: Vec<Deployment>,
    pub(crate) refs: BTreeMap<String, String>,
    pub(crate) checks: Vec<Value>,
    pub(crate) files: BTreeMap<(String, String), Vec<u8>>,
    pub(crate) runs: BTreeMap<u64, Vec<Value>>,
    pub(crate) dispatches: Vec<Value>,
    pub(crate) set_up: SetUp,
    pub(crate) tokens: BTreeMap<&'static str, Token>,
    /// Largest page the server gives, whatever is asked for.
    pub(crate) page: usize,
    next: u64,
}

pub(crate) const HEAD: &str = "1111111111111111111111111111111111111111";
pub(crate) const BASE: &str = "0000000000000000000000000000000000000000";

impl State {
    /// Pull request 7 by `author`, pushed at 12:00:00; it is 12:00:30.
    pub(crate) fn new() -> Self {
        let start: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let person = |id, login, role| Person { id, login, kind: "User", role };
        let bot = Person { id: 41, login: "github-actions[bot]", kind: "Bot", role: ("none", "none") };
        let maintain = ("write", "maintain");
        let all = BTreeSet::from([
            "metadata: read",
            "contents: write",
            "pull-requests: write",
            "checks: write",
            "deployments: write",
            "actions: write",
            "issues: write",
        ]);
        let commit = Commit {
            sha: HEAD.into(),
            message: "change".into(),
            parents: vec![BASE.into()],
            authors: vec![("author@example.org", Some(1))],
            committer: ("author@example.org", Some(1)),
            signed_by_github: false,
        };
        let pull = Pull {
            number: 7,
            author: Some(1),
            state: "open",
            merged: false,
            draft: false,
            locked: false,
            head_ref: "feature/x".into(),
            head_sha: HEAD.into(),
            head_repo: Some(REPOSITORY_ID),
            base_ref: "main".into(),
            commits: vec![commit],
            files: vec!["envs/prod/main.tf".into()],
            timeline: Vec::new(),
            updated_at: start,
        };
        let push = Push {
            id: 1,
            actor: Some(1),
            branch: "feature/x".into(),
            before: "0".repeat(40),
            after: HEAD.into(),
            at: start,
            kind: "branch_creation",
        };
        Self {
            now: start + SignedDuration::from_secs(30),
            ticks: false,
            people: vec![
                person(1, "author", maintain),
                person(2, "alice", maintain),
                person(3, "bob", maintain),
                person(4, "carol", maintain),
                person(9, "stranger", ("read", "read")),
                bot,
            ],
            teams: BTreeMap::new(),
            pulls: BTreeMap::from([(7, pull)]),
            comments: Vec::new(),
            reviews: Vec::new(),
            pushes: vec![push],
            deployments: Vec::new(),
            refs: BTreeMap::new(),
            checks: Vec::new(),
            files: BTreeMap::new(),
            runs: BTreeMap::new(),
            dispatches: Vec::new(),
            set_up: SetUp::default(),
            tokens: BTreeMap::from([("ghs_token", Token { user: 41, permissions: all, left: None })]),
            page: 100,
            next: 100,
        }
    }

    /// Lets the clock go on.
    pub(super) fn tick(&mut self) {
        if self.ticks {
            self.now = self.now.max(Timestamp::now());
        }
    }

    /// Takes one of the token's requests; whether there was none left.
    pub(super) fn over_limit(&mut self, token: &str) -> bool {
        let Some(left) = self.tokens.get_mut(token).and_then(|token| token.left.as_mut()) else { return false };
        let over = *left == 0;
        *left = left.saturating_sub(1);
        over
    }

    /// Whether a commit or branch of this name is known.
    pub(super) fn knows(&self, name: &str) -> bool {
        let pulls = || self.pulls.values();
        matches!(name, "main" | BASE)
            || pulls().any(|p| p.head_ref == name || p.base_ref == name || p.commits.iter().any(|c| c.sha == name))
    }

    pub(crate) fn id(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    pub(crate) fn wait(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
    }

    pub(crate) fn person(&self, id: u64) -> &Person {
        self.people.iter().find(|person| person.id == id).unwrap()
    }

    pub(crate) fn by_login(&self, login: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.login.eq_ignore_ascii_case(login))
    }

    fn touch(&mut self, pull: u64) {
        let now = self.now;
        self.pulls.get_mut(&pull).unwrap().updated_at = now;
    }

    fn new_comment(&mut self, pull: u64, author: Option<u64>, body: &str) -> Comment {
        self.touch(pull);
        Comment {
            id: self.id(),
            pull,
            author,
            body: body.into(),
            // GitHub's times have whole seconds.
            created_at: Timestamp::from_second(self.now.as_second()).unwrap(),
            edits: EditLog::default(),
            minimised: false,
            by_email: false,
            via_app: false,
        }
    }

    /// Somebody comments; a second passes before.
    pub(crate) fn comment(&mut self, pull: u64, author: u64, body: &str) -> u64 {
        self.wait(1);
        let comment = self.new_comment(pull, Some(author), body);
        let id = comment.id;
        self.comments.push(comment);
        id
    }

    pub(crate) fn comment_mut(&mut self, id: u64) -> &mut Comment {
        self.comments.iter_mut().find(|comment| comment.id == id).unwrap()
    }

    pub(crate) fn edit(&mut self, id: u64, editor: u64, body: &str) {
        let now = self.now;
        let comment = self.comment_mut(id);
        comment.body = body.into();
        comment.edits.editors.push(Some(editor));
        comment.edits.last = Some(now);
        let pull = comment.pull;
        self.touch(pull);
    }

    /// Deleting leaves an event with the author, as GitHub's timeline does; who deleted is not asked for.
    pub(crate) fn delete(&mut self, id: u64, _by: u64) {
        let at = self.comments.iter().position(|comment| comment.id == id).unwrap();
        let comment = self.comments.remove(at);
        let event = json!({
            "__typename": "CommentDeletedEvent",
            "createdAt": self.now.to_string(),
            "deletedCommentAuthor": comment.author.map(|author| self.actor(author)),
        });
        self.pulls.get_mut(&comment.pull).unwrap().timeline.push(event);
        self.touch(comment.pull);
    }

    pub(crate) fn review(&mut self, pull: u64, author: u64, state: &'static str, body: &str) -> u64 {
        self.wait(1);
        let comment = self.new_comment(pull, Some(author), body);
        let id = comment.id;
        let commit = self.pulls[&pull].head_sha.clone();
        self.reviews.push(Review { comment, state, commit });
        id
    }

    pub(crate) fn dismiss(&mut self, id: u64, by: u64) {
        let (now, actor) = (self.now, self.actor(by));
        let review = self.reviews.iter_mut().find(|review| review.comment.id == id).unwrap();
        let (previous, pull) = (std::mem::replace(&mut review.state, "DISMISSED"), review.comment.pull);
        let event = json!({
            "__typename": "ReviewDismissedEvent",
            "createdAt": now.to_string(),
            "previousReviewState": previous,
            "review": { "fullDatabaseId": id.to_string() },
            "actor": actor,
        });
        self.pulls.get_mut(&pull).unwrap().timeline.push(event);
        self.touch(pull);
    }

    pub(crate) fn push(&mut self, pull: u64, actor: u64, commit: Commit, kind: &'static str) {
        self.wait(1);
        let id = self.id();
        let now = self.now;
        let pull = self.pulls.get_mut(&pull).unwrap();
        self.pushes.push(Push {
            id,
            actor: Some(actor),
            branch: pull.head_ref.clone(),
            before: pull.head_sha.clone(),
            after: commit.sha.clone(),
            at: now,
            kind,
        });
        pull.head_sha = commit.sha.clone();
        if !pull.commits.iter().any(|known| known.sha == commit.sha) {
            pull.commits.push(commit);
        }
        pull.updated_at = now;
    }

    pub(crate) fn retarget(&mut self, pull: u64, base: &str) {
        let event = json!({ "__typename": "BaseRefChangedEvent", "createdAt": self.now.to_string() });
        let pull = self.pulls.get_mut(&pull).unwrap();
        pull.base_ref = base.into();
        pull.timeline.push(event);
        let number = pull.number;
        self.touch(number);
    }

    /// GraphQL's `Actor`.
    pub(crate) fn actor(&self, id: u64) -> Value {
        let person = self.person(id);
        if person.kind == "User" {
            json!({ "__typename": "User", "login": person.login, "databaseId": id })
        } else {
            json!({ "__typename": person.kind, "login": person.login.trim_end_matches("[bot]") })
        }
    }

    /// REST's `simple-user`.
    pub(crate) fn user(&self, id: Option<u64>) -> Value {
        let Some(id) = id else { return Value::Null };
        let person = self.person(id);
        json!({ "id": id, "login": person.login, "type": person.kind, "site_admin": false })
    }
}
