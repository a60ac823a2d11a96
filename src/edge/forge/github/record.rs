//! Claims as refs, records as deployments, and starting workflows.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::{DeploymentNote, DeploymentState, ForgeError, Question};
use super::GitHub;
use super::exchange::{Call, Method, parse};
use super::models::{Deployment, DeploymentStatus, GitRef, Numbered};
use super::url::segment;
use crate::apply::{Claim, Refusal};
use crate::approval::{ApplyPhase, ApplyRecord, Digest};

const TASK: &str = "tollgate:apply";

fn claim_ref(subject: Digest) -> String {
    format!("refs/tollgate/claims/{subject}")
}

impl GitHub {
    /// Creating a ref is atomic: the second one gets 422 "Reference already exists".
    pub(super) fn create_claim(&self, subject: Digest, head_sha: &str) -> Result<Result<Claim, Refusal>, ForgeError> {
        let name = claim_ref(subject);
        let path = format!("{}/git/refs", self.root);
        let body = json!({ "ref": name, "sha": head_sha });
        let call = Call { method: Method::Post, path: &path, body: Some(&body), needs: "contents: write" };
        let reply = self.transport.attempt(&call)?;
        // Any 422 while the ref is there means that somebody was first, whatever its wording.
        if reply.status == 422 && self.claim_exists(subject)? {
            return Ok(Err(Refusal::Claimed(name)));
        }
        let reply = self.transport.successful(&call, reply)?;
        let created: GitRef = parse(&call, &reply.body)?;
        if reply.status != 201 || created.name != name {
            return Err(ForgeError::Answer { call: call.name(), why: "it does not confirm the ref".to_owned() });
        }
        Ok(Ok(Claim::created(subject, name)))
    }

    /// A list that may be empty, and not a look-up: "404" may come from anything between here and GitHub, an empty
    /// list comes from GitHub.
    fn claim_exists(&self, subject: Digest) -> Result<bool, ForgeError> {
        let name = claim_ref(subject);
        let path = format!("{}/git/matching-{name}", self.root);
        let found: Vec<GitRef> = self.transport.list(&path, "contents: read", "claims")?;
        Ok(found.iter().any(|found| found.name == name))
    }

    /// Earlier applies of the subject: its claim, and the deployments of its commit.
    pub(super) fn read_records(&self, question: Question<'_>, head_sha: &str) -> Result<Vec<ApplyRecord>, ForgeError> {
        let subject = question.subject;
        let mut records = Vec::new();
        if self.claim_exists(subject)? {
            records.push(ApplyRecord { key: claim_ref(subject), subject, phase: ApplyPhase::Claimed });
        }
        let sha = segment(head_sha)?;
        let path = format!("{}/deployments?sha={sha}&task={}&per_page=100", self.root, segment(TASK)?);
        let deployments: Vec<Deployment> = self.transport.list(&path, "deployments: read", "deployments")?;
        for deployment in deployments.into_iter().filter(|deployment| deployment.task == TASK) {
            if !names(&deployment.payload, subject) {
                continue;
            }
            let path = format!("{}/deployments/{}/statuses?per_page=100", self.root, deployment.id);
            let states: Vec<DeploymentStatus> =
                self.transport.list(&path, "deployments: read", "deployment statuses")?;
            let has = |wanted: &[&str]| states.iter().any(|status| wanted.contains(&status.state.as_str()));
            // Whatever state it ever had: a later one may have been added by anybody.
            let phase = if has(&["success", "inactive"]) {
                ApplyPhase::Applied
            } else if has(&["failure", "error"]) {
                ApplyPhase::Failed
            } else {
                ApplyPhase::Claimed
            };
            records.push(ApplyRecord { key: format!("deployment {}", deployment.id), subject, phase });
        }
        records.retain(|record| !question.own.contains(&record.key));
        Ok(records)
    }

    pub(super) fn create_deployment(&self, note: &DeploymentNote) -> Result<String, ForgeError> {
        let mut payload = serde_json::Map::new();
        payload.insert("tollgate".to_owned(), json!(1));
        payload.insert("subject".to_owned(), json!(note.subject));
        for (name, value) in &note.details {
            payload.entry(name.clone()).or_insert_with(|| json!(value));
        }
        let path = format!("{}/deployments", self.root);
        let body = json!({
            "ref": note.head_sha,
            "task": TASK,
            "auto_merge": false,
            "required_contexts": [],
            "payload": payload,
            "environment": note.environment,
            "description": "tollgate apply",
        });
        let call = Call { method: Method::Post, path: &path, body: Some(&body), needs: "deployments: write" };
        let Numbered { id } = self.transport.json(&call)?;
        Ok(format!("deployment {id}"))
    }

    pub(super) fn set_deployment_state(
        &self,
        key: &str,
        state: DeploymentState,
        note: Option<&str>,
    ) -> Result<(), ForgeError> {
        let id: u64 = key
            .strip_prefix("deployment ")
            .and_then(|number| number.parse().ok())
            .ok_or_else(|| ForgeError::Name(key.to_owned()))?;
        let state = match state {
            DeploymentState::InProgress => "in_progress",
            DeploymentState::Success => "success",
            DeploymentState::Failure => "failure",
        };
        let path = format!("{}/deployments/{id}/statuses", self.root);
        // Otherwise a success makes earlier deployments of the environment `inactive`.
        let mut body = json!({ "state": state, "auto_inactive": false });
        if let (Some(note), Some(members)) = (note, body.as_object_mut()) {
            // GitHub keeps 140 characters of a description.
            members.insert("description".to_owned(), Value::String(note.chars().take(140).collect()));
        }
        let call = Call { method: Method::Post, path: &path, body: Some(&body), needs: "deployments: write" };
        self.transport.call(&call).map(|_| ())
    }

    pub(super) fn dispatch_workflow(
        &self,
        workflow: &str,
        branch: &str,
        inputs: &BTreeMap<String, String>,
    ) -> Result<(), ForgeError> {
        let path = format!("{}/actions/workflows/{}/dispatches", self.root, segment(workflow)?);
        let body = json!({ "ref": branch, "inputs": inputs });
        let call = Call { method: Method::Post, path: &path, body: Some(&body), needs: "actions: write" };
        self.transport.call(&call).map(|_| ())
    }
}

/// Whether a deployment's payload, an object or a text that holds one, names the subject.
fn names(payload: &Value, subject: Digest) -> bool {
    let parsed = payload.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
    let object = parsed.as_ref().unwrap_or(payload);
    object.get("subject").and_then(Value::as_str) == Some(subject.to_string().as_str())
}
