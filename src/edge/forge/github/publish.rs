//! What tollgate shows: check runs and comments. None of it is ever read back as truth.

use serde_json::{Value, json};

use super::super::{Annotation, AnnotationLevel, CheckReport, Conclusion, ForgeError};
use super::GitHub;
use super::exchange::{Call, Method, parse};
use super::models::{Comments, Numbered};
use super::queries;
use crate::approval::Source;

/// Annotations a request may carry; further ones append by further requests.
const BATCH: usize = 50;
/// Characters of `output.summary` and `output.text`.
const MAX_OUTPUT: usize = 65_535;
/// Characters of a comment.
const MAX_COMMENT: usize = 65_536;
/// Characters of an annotation's title; its message may have 64 KB.
const MAX_TITLE: usize = 255;
const MAX_MESSAGE: usize = 16_000;

impl GitHub {
    pub(super) fn publish_check(&self, report: &CheckReport) -> Result<u64, ForgeError> {
        let output = |annotations: &[Annotation]| {
            let mut output = json!({
                "title": cut(&report.title, MAX_TITLE),
                "summary": cut(&report.summary, MAX_OUTPUT),
                "annotations": annotations.iter().map(annotation).collect::<Vec<_>>(),
            });
            if let (Some((_, document)), Some(members)) = (&report.subject, output.as_object_mut()) {
                members.insert("text".to_owned(), Value::String(document.clone()));
            }
            output
        };
        if let Some((_, document)) = &report.subject
            && document.chars().count() > MAX_OUTPUT
        {
            return Err(ForgeError::TooMany { what: "characters of the subject document", limit: MAX_OUTPUT });
        }
        let mut batches = report.annotations.chunks(BATCH);
        let mut first = json!({
            "name": report.name,
            "head_sha": report.head_sha,
            "status": "in_progress",
            "output": output(batches.next().unwrap_or_default()),
        });
        if let (Some((digest, _)), Some(members)) = (&report.subject, first.as_object_mut()) {
            members.insert("external_id".to_owned(), Value::String(digest.to_string()));
        }
        let path = format!("{}/check-runs", self.root);
        let call = Call { method: Method::Post, path: &path, body: Some(&first), needs: "checks: write" };
        let Numbered { id } = self.transport.json(&call)?;
        let path = format!("{path}/{id}");
        for batch in batches {
            let body = json!({ "output": output(batch) });
            self.transport.call(&Call {
                method: Method::Patch,
                path: &path,
                body: Some(&body),
                needs: "checks: write",
            })?;
        }
        let conclusion = match report.conclusion {
            Conclusion::Success => "success",
            Conclusion::ActionRequired => "action_required",
            Conclusion::Failure => "failure",
        };
        let body = json!({ "status": "completed", "conclusion": conclusion });
        self.transport.call(&Call { method: Method::Patch, path: &path, body: Some(&body), needs: "checks: write" })?;
        Ok(id)
    }

    /// Updates tollgate's own comment with this marker, or creates it. Two runs at once may create two: the oldest
    /// is kept, the others are folded away.
    pub(super) fn show_comment(&self, pull: u64, marker: &str, body: &str) -> Result<(), ForgeError> {
        let texts = self.graphql_list(queries::COMMENTS, pull, "comments", |data: Comments| data.comments)?;
        let mut own: Vec<_> =
            texts.into_iter().filter(|text| text.viewer_did_author && text.body.starts_with(marker)).collect();
        own.sort_by_key(|text| text.full_database_id);
        let body = format!("{marker}\n{body}");
        let mut own = own.into_iter();
        let Some(oldest) = own.next() else { return self.create_comment(pull, &body) };
        self.edit_comment(oldest.full_database_id.0, &body)?;
        for other in own.filter(|text| !text.is_minimized) {
            self.transport.mutate(queries::MINIMISE, &json!({ "id": other.id }), "pull-requests: write")?;
        }
        Ok(())
    }

    pub(super) fn create_comment(&self, pull: u64, body: &str) -> Result<(), ForgeError> {
        let path = format!("{}/issues/{pull}/comments", self.root);
        let body = json!({ "body": cut(body, MAX_COMMENT) });
        let call = Call { method: Method::Post, path: &path, body: Some(&body), needs: "pull-requests: write" };
        self.transport.call(&call).map(|_| ())
    }

    fn edit_comment(&self, id: u64, body: &str) -> Result<(), ForgeError> {
        let path = format!("{}/issues/comments/{id}", self.root);
        let body = json!({ "body": cut(body, MAX_COMMENT) });
        let call = Call { method: Method::Patch, path: &path, body: Some(&body), needs: "pull-requests: write" };
        self.transport.call(&call).map(|_| ())
    }

    pub(super) fn void_approval(&self, pull: u64, source: Source, note: &str) -> Result<(), ForgeError> {
        match source {
            // A file: whoever has it destroys it.
            Source::Grant(_) => Ok(()),
            Source::Review(id) => {
                let path = format!("{}/pulls/{pull}/reviews/{id}/dismissals", self.root);
                let body = json!({ "message": cut(note, MAX_COMMENT), "event": "DISMISS" });
                let call = Call { method: Method::Put, path: &path, body: Some(&body), needs: "pull-requests: write" };
                self.transport.call(&call).map(|_| ())
            }
            Source::Comment(id) => {
                let path = format!("{}/issues/comments/{id}", self.root);
                let call = Call { method: Method::Get, path: &path, body: None, needs: "pull-requests: read" };
                let Some(reply) = self.transport.find(&call)? else { return Ok(()) };
                let comment: super::models::Comment = parse(&call, &reply.body)?;
                let body = format!("{}\n\n{note}", comment.body.unwrap_or_default());
                self.edit_comment(id, &body).or_else(|_| {
                    let call = Call { method: Method::Delete, path: &path, body: None, needs: "pull-requests: write" };
                    self.transport.call(&call).map(|_| ())
                })
            }
        }
    }
}

fn annotation(annotation: &Annotation) -> Value {
    let level = match annotation.level {
        AnnotationLevel::Notice => "notice",
        AnnotationLevel::Warning => "warning",
        AnnotationLevel::Failure => "failure",
    };
    json!({
        "path": annotation.path,
        "start_line": annotation.line,
        "end_line": annotation.line,
        "annotation_level": level,
        "title": cut(&annotation.title, MAX_TITLE),
        "message": cut(&annotation.message, MAX_MESSAGE),
    })
}

/// The first `limit` characters. Texts arrive in their limits; this is the last line of defence against a 422.
fn cut(text: &str, limit: usize) -> &str {
    text.char_indices().nth(limit).map_or(text, |(at, _)| text.get(..at).unwrap_or_default())
}
