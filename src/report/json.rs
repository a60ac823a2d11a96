//! The full report, `schema_version` 1: `docs/output.md` documents it.

use super::Report;
use super::escape;

/// Pretty-printed JSON.
pub(super) fn render(report: &Report) -> String {
    text(report)
}

/// Any value of ours as JSON text without hidden characters.
pub(super) fn text(value: &impl serde::Serialize) -> String {
    match serde_json::to_string_pretty(value) {
        Ok(json) => escape::json::text(&json) + "\n",
        // Not reachable with string keys; if it ever is, the reader must not see an empty file.
        Err(error) => format!("{}\n", serde_json::json!({"decision": "error", "message": error.to_string()})),
    }
}
