//! `.tf.json` files as blocks.

use serde_json::Value;

use super::blocks::{Argument, Block, Malformed};

/// Kinds whose blocks carry labels, and how many (`internal/configs`, `configFileSchema`).
fn labels(kind: &str) -> usize {
    match kind {
        "resource" | "data" | "ephemeral" | "action" | "list" => 2,
        "module" | "provider" | "variable" | "output" | "check" | "provisioner" | "backend" | "provider_meta" => 1,
        _ => 0,
    }
}

/// Names that are blocks wherever an object stands under them; anything else is kept as an argument.
fn is_block(kind: &str) -> bool {
    labels(kind) > 0
        || matches!(kind, "removed" | "moved" | "import" | "lifecycle" | "terraform" | "connection" | "locals")
}

/// Reads the blocks of a file. Lines are those where the key first stands.
pub(super) fn read(text: &str) -> Result<Vec<Block>, Malformed> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let root: Value =
        serde_json::from_str(text).map_err(|error| Malformed { what: "it is not JSON", line: error.line() as u64 })?;
    let mut file = Block::default();
    let objects: Vec<&Value> = match &root {
        Value::Array(list) => list.iter().collect(),
        other => vec![other],
    };
    for object in objects {
        body(object, text, &mut file);
    }
    Ok(file.blocks)
}

/// Puts the members of an object into a block.
fn body(object: &Value, text: &str, block: &mut Block) {
    let Value::Object(map) = object else { return };
    for (name, value) in map {
        if is_block(name) && (value.is_object() || value.is_array()) {
            nested(name, value, labels(name), &mut Vec::new(), text, block);
        } else {
            let shown = match value {
                // A reference is written as a bare string (`when`, `from`).
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            block.arguments.push(Argument { name: name.clone(), text: shown, line: line_of(text, name) });
        }
    }
}

/// Goes down the labels of a block; a list stands for several blocks at any level.
fn nested(kind: &str, value: &Value, levels: usize, path: &mut Vec<String>, text: &str, parent: &mut Block) {
    match (value, levels) {
        (Value::Array(list), _) => list.iter().for_each(|value| nested(kind, value, levels, path, text, parent)),
        (Value::Object(map), 1..) => {
            for (label, value) in map {
                path.push(label.clone());
                nested(kind, value, levels - 1, path, text, parent);
                path.pop();
            }
        }
        (Value::Object(_), 0) => {
            let line = line_of(text, path.last().map_or(kind, String::as_str));
            let mut block = Block { kind: kind.to_owned(), labels: path.clone(), line, ..Block::default() };
            body(value, text, &mut block);
            parent.blocks.push(block);
        }
        _ => {}
    }
}

/// The line where a key first stands.
fn line_of(text: &str, key: &str) -> u64 {
    let quoted = Value::String(key.to_owned()).to_string();
    let at = text.find(&quoted).unwrap_or(0);
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() as u64 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_labels() {
        let blocks = read(
            r#"{"resource": {"t": {"n": {"provisioner": [{"local-exec": {"command": "x", "when": "destroy"}}]}}},
             "removed": [{"from": "t.gone", "provisioner": {"local-exec": {"command": "y"}}}]}"#,
        )
        .unwrap();
        let removed = blocks.iter().find(|block| block.kind == "removed").unwrap();
        assert_eq!(removed.argument("from"), Some("t.gone"));
        assert_eq!((removed.line, removed.blocks[0].labels[0].as_str()), (2, "local-exec"));
        let resource = blocks.iter().find(|block| block.kind == "resource").unwrap();
        assert_eq!(resource.labels, ["t", "n"]);
        assert_eq!(resource.blocks[0].argument("when"), Some("destroy"));
        assert!(read("{").is_err());
    }
}
