//! Documents that a policy document data source merges: `source_*` first, then its own statements, then
//! `override_*`. A statement replaces an earlier one of the same `Sid`; one without `Sid` is added.
//!
//! hashicorp/terraform-provider-aws, `internal/service/iam/policy_model.go`, `Merge`.

use serde_json::Value as Json;

use super::late;
use crate::access::worlds::{Piece, Val};

/// The merged document; `None` where a part of it that must be read is unknown.
pub(super) fn merged(arguments: &Val) -> Option<Val> {
    let mut statements: Vec<(Option<String>, Val)> = Vec::new();
    let mut version = None;
    let mut add = |text: &str, statements: &mut Vec<(Option<String>, Val)>| -> Option<()> {
        let document: Json = serde_json::from_str(text).ok()?;
        version = document.get("Version").and_then(Json::as_str).map(str::to_owned).or(version.take());
        let list = match document.get("Statement")? {
            Json::Array(list) => list.clone(),
            one => vec![one.clone()],
        };
        for statement in list {
            let sid = statement.get("Sid").and_then(Json::as_str).filter(|sid| !sid.is_empty()).map(str::to_owned);
            place(statements, sid, Val::Text(statement.to_string().into()));
        }
        Some(())
    };
    for text in texts(arguments, "source_json", "source_policy_documents")? {
        add(&text, &mut statements)?;
    }
    for block in arguments.get("statement").items() {
        let sid = block.get("sid").text().map(str::to_owned);
        place(&mut statements, sid, late::statement_value(block));
    }
    if arguments.get("statement").hole().is_some() {
        return None;
    }
    for text in texts(arguments, "override_json", "override_policy_documents")? {
        add(&text, &mut statements)?;
    }
    let own = arguments.get("version").text().map(str::to_owned);
    let version = own.or(version).unwrap_or_else(|| "2012-10-17".to_owned());
    let mut pieces = vec![Piece::Text(format!("{{\"Version\":{},\"Statement\":[", Json::from(version)).into())];
    for (at, (_, statement)) in statements.into_iter().enumerate() {
        if at > 0 {
            pieces.push(Piece::Text(",".into()));
        }
        match statement {
            Val::Text(text) => pieces.push(Piece::Text(text)),
            Val::Partial(more) => pieces.extend(more),
            _ => return None,
        }
    }
    pieces.push(Piece::Text("]}".into()));
    if pieces.iter().all(|piece| matches!(piece, Piece::Text(_))) {
        let text: String =
            pieces.iter().filter_map(|p| if let Piece::Text(t) = p { Some(&**t) } else { None }).collect();
        return Some(Val::Text(text.into()));
    }
    Some(Val::Partial(pieces))
}

fn place(statements: &mut Vec<(Option<String>, Val)>, sid: Option<String>, statement: Val) {
    match statements.iter_mut().find(|(known, _)| known.is_some() && *known == sid) {
        Some(earlier) => earlier.1 = statement,
        None => statements.push((sid, statement)),
    }
}

/// The texts of the older argument and of the list; `None` where one is unknown.
fn texts(arguments: &Val, one: &str, many: &str) -> Option<Vec<String>> {
    let mut found = Vec::new();
    for value in std::iter::once(arguments.get(one)).chain(arguments.get(many).items()) {
        match value {
            Val::Null => {}
            Val::Text(text) if text.is_empty() => {}
            Val::Text(text) => found.push(text.to_string()),
            _ => return None,
        }
    }
    (arguments.get(many).hole().is_none()).then_some(found)
}
