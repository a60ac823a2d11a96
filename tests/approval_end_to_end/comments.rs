//! `tollgate comment`, `status` and `revoke`: the program answering events, with what it writes on the fake.

use serde_json::json;

use super::*;

const BOT: u64 = 41;

impl Site {
    /// As `new`, with the configuration on the default branch too, and a workflow to start.
    fn answering() -> Self {
        let site = Self::new("echo x >> applied");
        site.configure("[apply]\nworkflow = \"apply.yml\"\n");
        site
    }

    /// Somebody comments, and the event arrives; gives the comment's number and the answer, where there is one.
    fn converse(&self, by: u64, text: &str) -> (u64, Option<String>) {
        self.comment(by, text);
        let id = self.github.state().comments.last().unwrap().id;
        (id, self.event("created", id, by, text))
    }

    fn event(&self, action: &str, id: u64, by: u64, text: &str) -> Option<String> {
        let event = json!({
            "action": action,
            "issue": { "number": 7, "pull_request": {} },
            "comment": { "id": id, "body": text, "user": { "id": by, "type": "User" } },
            "sender": { "id": by, "type": if by == BOT { "Bot" } else { "User" } },
        });
        std::fs::write(self.path("event.json"), event.to_string()).unwrap();
        let before = self.answers().len();
        let out = self.run(&["comment", "--event", "event.json"]);
        assert_eq!(out.status.code(), Some(0), "{}", String::from_utf8_lossy(&out.stderr));
        self.answers().split_off(before).pop()
    }

    fn answers(&self) -> Vec<String> {
        let state = self.github.state();
        state.comments.iter().filter(|one| one.author == Some(BOT)).map(|one| one.body.clone()).collect()
    }

    fn conclusion(&self) -> String {
        self.github.state().checks.last().unwrap()["conclusion"].as_str().unwrap().to_owned()
    }
}

#[test]
fn an_approval_that_completes_the_quorum_starts_the_apply_workflow_and_others_do_not() {
    if !terraform() {
        return;
    }
    let site = Site::answering();
    let line = site.publish(&[]);
    let (_, answer) = site.converse(AUTHOR, &line);
    assert!(answer.unwrap().contains("does not count"), "the author is told why");
    assert!(site.github.state().dispatches.is_empty());
    assert_eq!(site.conclusion(), "action_required");
    let (_, answer) = site.converse(9, &line);
    assert!(answer.unwrap().contains("none of the approvers"), "a stranger is told why");
    assert!(site.github.state().dispatches.is_empty());
    let (_, answer) = site.converse(ALICE, &line);
    assert!(answer.unwrap().contains("approved until"));
    assert_eq!(site.conclusion(), "success");
    let started = site.github.state().dispatches.clone();
    assert_eq!(started.len(), 1);
    assert_eq!(started[0]["workflow"], "apply.yml");
    assert_eq!(started[0]["body"], json!({ "ref": "main", "inputs": { "pr": "7", "stack": "prod" } }));
    assert_eq!(site.events(), ["request", "approve_rejected", "approve_rejected", "approve", "open"]);
    let out = site.run(&["status"]);
    assert!(String::from_utf8_lossy(&out.stdout).contains("approved until"));
    assert_eq!(site.apply(), 0, "{}", site.result());
}

#[test]
fn near_misses_get_an_answer_and_no_action() {
    if !terraform() {
        return;
    }
    let site = Site::answering();
    let line = site.publish(&[]);
    let checks = site.github.state().checks.len();
    for miss in [line.replace("approve", "aprove"), format!("\n{line}"), line.replace("because", "becouse")] {
        let (_, answer) = site.converse(ALICE, &miss);
        assert!(answer.unwrap().contains("nothing was done"), "{miss}");
    }
    for text in ["looks good to me".to_owned(), format!("> {line}")] {
        assert_eq!(site.converse(ALICE, &text).1, None, "an ordinary comment, or a quotation");
    }
    assert!(site.converse(ALICE, "/tollgate help").1.unwrap().contains("Commands"));
    let digest = "0".repeat(64);
    let other = format!("/tollgate approve 1h plan:{digest} risk:high/1 because of another plan");
    assert!(site.converse(ALICE, &other).1.unwrap().contains("No report on the head commit"));
    assert!(site.converse(ALICE, "/tollgate status").1.unwrap().contains("approval required"));
    assert_eq!(site.event("created", 1, BOT, "/tollgate status"), None, "bots are not answered");
    let state = site.github.state();
    assert_eq!((state.checks.len(), state.dispatches.len()), (checks, 0));
}

/// The answer to a revocation destroys the approval: deleting the revocation with every trace revives nothing.
#[test]
fn a12_a_revocation_destroys_the_approval() {
    if !terraform() {
        return;
    }
    let site = Site::answering();
    let line = site.publish(&[]);
    let (approval, _) = site.converse(ALICE, &line);
    let (_, answer) = site.converse(9, "/tollgate revoke because I am a stranger");
    assert!(answer.unwrap().contains("approved until"), "a stranger revokes nothing");
    assert!(!site.github.state().comment_mut(approval).body.contains("revoked"));
    let (revocation, answer) = site.converse(BOB, "/tollgate revoke because wrong account");
    assert!(answer.unwrap().contains("revoked"));
    assert_eq!(site.conclusion(), "action_required");
    {
        let mut state = site.github.state();
        assert!(state.comment_mut(approval).body.contains("revoked this"));
        state.comments.retain(|comment| comment.id != revocation);
    }
    assert_eq!(site.apply(), 12);
    assert!(!site.applied());
    assert!(site.events().contains(&"revoke".to_owned()));
    // A new approval opens a new window.
    site.converse(ALICE, &line);
    assert_eq!(site.apply(), 0, "{}", site.result());
}

#[test]
fn edited_and_deleted_commands_are_answered_and_never_counted() {
    if !terraform() {
        return;
    }
    let site = Site::answering();
    let line = site.publish(&[]);
    site.comment(ALICE, "an ordinary comment");
    let id = site.github.state().comments.last().unwrap().id;
    site.github.state().edit(id, BOB, &line);
    let answer = site.event("edited", id, BOB, &line).unwrap();
    assert!(answer.contains("void") && answer.contains("it was edited"), "{answer}");
    assert!(site.github.state().dispatches.is_empty());
    assert_eq!(site.apply(), 12);
    let answer = site.event("deleted", id, BOB, &line).unwrap();
    assert!(answer.contains("deleted"));
}

#[test]
fn revoke_writes_the_command_and_refuses_a_second_line() {
    if !terraform() {
        return;
    }
    let site = Site::answering();
    site.publish(&[]);
    assert_eq!(site.code(&["revoke", "--reason", "x\n/tollgate help"]), 1);
    assert_eq!(site.code(&["revoke", "--reason", "wrong account"]), 0);
    assert_eq!(site.answers().pop().unwrap(), "/tollgate revoke because wrong account");
}
