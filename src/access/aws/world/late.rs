//! Policy documents of data sources that are read at apply, rebuilt from their arguments.
//!
//! `aws_iam_policy_document`: hashicorp/terraform-provider-aws, `internal/service/iam/policy_document_data_source.go`.

use serde_json::Value as Json;

use crate::access::worlds::{Hole, Piece, Val};

/// The attribute of a data source as it will be, as far as its arguments are known.
pub fn rebuild(type_name: &str, attribute: &str, arguments: &Val) -> Option<Val> {
    match (type_name, attribute) {
        ("aws_iam_policy_document", "json" | "minified_json") => policy_document(arguments),
        _ => None,
    }
}

/// JSON text with holes.
#[derive(Default)]
struct Text {
    pieces: Vec<Piece>,
    open: String,
}

impl Text {
    fn push(&mut self, text: &str) {
        self.open.push_str(text);
    }

    fn hole(&mut self, hole: &Hole) {
        self.close();
        self.pieces.push(Piece::Hole(hole.clone()));
    }

    fn close(&mut self) {
        if !self.open.is_empty() {
            self.pieces.push(Piece::Text(std::mem::take(&mut self.open).into()));
        }
    }

    fn finish(mut self) -> Val {
        self.close();
        match self.pieces.as_slice() {
            [Piece::Text(text)] => Val::Text(text.clone()),
            _ => Val::Partial(self.pieces),
        }
    }

    /// A string, a list of strings, or a hole in place of either. `&{` is how the provider writes `${`.
    fn value(&mut self, value: &Val) {
        match value {
            Val::Hole(hole) => self.hole(hole),
            Val::List(items) => {
                self.push("[");
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        self.push(",");
                    }
                    self.value(item);
                }
                self.push("]");
            }
            Val::Text(text) => self.push(&Json::from(text.replace("&{", "${")).to_string()),
            Val::Bool(it) => self.push(if *it { "\"true\"" } else { "\"false\"" }),
            Val::Number(it) => self.push(&Json::from(it.as_str()).to_string()),
            Val::Partial(pieces) => {
                self.push("\"");
                for piece in pieces {
                    match piece {
                        Piece::Text(text) => {
                            let quoted = Json::from(text.replace("&{", "${")).to_string();
                            self.push(quoted.trim_matches('"'));
                        }
                        Piece::Hole(hole) => self.hole(hole),
                    }
                }
                self.push("\"");
            }
            Val::Null | Val::Map(_) => self.push("null"),
        }
    }
}

/// `None` where documents are merged in ways that only the texts can tell.
fn policy_document(arguments: &Val) -> Option<Val> {
    let merged = ["source_json", "override_json", "source_policy_documents", "override_policy_documents"];
    if merged.iter().any(|name| !arguments.get(name).is_unset()) {
        return super::merge::merged(arguments);
    }
    let mut text = Text::default();
    text.push("{\"Version\":");
    match arguments.get("version").text() {
        Some(version) => text.push(&Json::from(version).to_string()),
        None => text.push("\"2012-10-17\""),
    }
    text.push(",\"Statement\":");
    match arguments.get("statement") {
        Val::Hole(hole) => text.hole(hole),
        statements => {
            text.push("[");
            for (at, block) in statements.items().iter().enumerate() {
                if at > 0 {
                    text.push(",");
                }
                statement(&mut text, block);
            }
            text.push("]");
        }
    }
    text.push("}");
    Some(text.finish())
}

/// One `statement` block.
pub(super) fn statement_value(block: &Val) -> Val {
    let mut text = Text::default();
    statement(&mut text, block);
    text.finish()
}

fn statement(text: &mut Text, block: &Val) {
    text.push("{\"Effect\":");
    match block.get("effect") {
        Val::Null => text.push("\"Allow\""),
        effect => text.value(effect),
    }
    if let Some(sid) = block.get("sid").text() {
        text.push(",\"Sid\":");
        text.push(&Json::from(sid).to_string());
    }
    for (argument, element) in [
        ("actions", "Action"),
        ("not_actions", "NotAction"),
        ("resources", "Resource"),
        ("not_resources", "NotResource"),
    ] {
        let value = block.get(argument);
        if !value.is_unset() {
            text.push(&format!(",\"{element}\":"));
            text.value(value);
        }
    }
    for (argument, element) in [("principals", "Principal"), ("not_principals", "NotPrincipal")] {
        principals(text, block.get(argument), element);
    }
    conditions(text, block.get("condition"));
    text.push("}");
}

fn principals(text: &mut Text, blocks: &Val, element: &str) {
    if let Val::Hole(hole) = blocks {
        text.push(&format!(",\"{element}\":"));
        text.hole(hole);
        return;
    }
    let blocks = blocks.items();
    if blocks.is_empty() {
        return;
    }
    text.push(&format!(",\"{element}\":"));
    if let Some(hole) = unknown_name(blocks, "type") {
        text.hole(hole);
        return;
    }
    // The provider writes `type = "*"` with `identifiers = ["*"]` as the bare star.
    if blocks.iter().any(|block| block.get("type").text() == Some("*")) {
        text.push("\"*\"");
        return;
    }
    grouped(text, blocks, "type", "identifiers");
}

fn conditions(text: &mut Text, blocks: &Val) {
    if let Val::Hole(hole) = blocks {
        text.push(",\"Condition\":");
        text.hole(hole);
        return;
    }
    let blocks = blocks.items();
    if let Some(hole) = unknown_name(blocks, "test").or_else(|| unknown_name(blocks, "variable")) {
        text.push(",\"Condition\":");
        text.hole(hole);
        return;
    }
    let mut tests: Vec<&str> = blocks.iter().filter_map(|block| block.get("test").text()).collect();
    tests.sort_unstable();
    tests.dedup();
    if tests.is_empty() {
        return;
    }
    text.push(",\"Condition\":{");
    for (at, test) in tests.iter().enumerate() {
        if at > 0 {
            text.push(",");
        }
        text.push(&format!("{}:", Json::from(*test)));
        let of_test: Vec<Val> = blocks.iter().filter(|block| block.get("test").text() == Some(test)).cloned().collect();
        grouped(text, &of_test, "variable", "values");
    }
    text.push("}");
}

/// The hole where a block's name should stand: the whole element is then unknown.
fn unknown_name<'a>(blocks: &'a [Val], name: &str) -> Option<&'a Hole> {
    blocks.iter().find_map(|block| match block.get(name) {
        Val::Hole(hole) => Some(hole),
        Val::Partial(pieces) => pieces.iter().find_map(|piece| match piece {
            Piece::Hole(hole) => Some(hole),
            Piece::Text(_) => None,
        }),
        _ => None,
    })
}

/// An object with a member per distinct name, whose values are those of all blocks of that name.
fn grouped(text: &mut Text, blocks: &[Val], name: &str, values: &str) {
    let mut names: Vec<&str> = blocks.iter().filter_map(|block| block.get(name).text()).collect();
    names.sort_unstable();
    names.dedup();
    text.push("{");
    for (at, one) in names.iter().enumerate() {
        if at > 0 {
            text.push(",");
        }
        text.push(&format!("{}:", Json::from(*one)));
        let same: Vec<&Val> =
            blocks.iter().filter(|block| block.get(name).text() == Some(one)).map(|block| block.get(values)).collect();
        match same.as_slice() {
            [single] => text.value(single),
            several => {
                let all = several.iter().flat_map(|value| match value {
                    Val::List(items) => items.clone(),
                    other => vec![(*other).clone()],
                });
                text.value(&Val::List(all.collect()));
            }
        }
    }
    text.push("}");
}
