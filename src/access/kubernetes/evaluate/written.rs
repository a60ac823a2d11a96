//! Resources of Terraform as objects of the API.

use serde_json::{Map, Value, json};

use super::text;
use crate::access::worlds::{Object, Piece, Val};

/// The object of a resource, in the API's words.
pub(super) fn written(object: &Object, live: bool) -> Option<Value> {
    let mut body = match &*object.type_name {
        "kubernetes_manifest" if live && object.get("object").get("kind").text().is_some() => {
            api(&plain(object.get("object")))
        }
        "kubernetes_manifest" => api(&plain(object.get("manifest"))),
        "kubectl_manifest" => {
            let mut body: yaml_serde::Value = yaml_serde::from_str(object.get("yaml_body").text()?).ok()?;
            body.apply_merge().ok()?;
            let mut body = serde_json::to_value(body).ok()?;
            if let Some(namespace) = object.get("override_namespace").name()
                && let Some(metadata) = body.get_mut("metadata").and_then(Value::as_object_mut)
            {
                metadata.insert("namespace".to_owned(), json!(namespace));
            }
            body
        }
        name => {
            let stem = name.strip_prefix("kubernetes_")?;
            let stem = stem
                .rsplit_once("_v")
                .filter(|(_, version)| version.parse::<u8>().is_ok())
                .map_or(stem, |(stem, _)| stem);
            let kind = match stem {
                "default_service_account" => "ServiceAccount".to_owned(),
                "daemonset" => "DaemonSet".to_owned(),
                // Some of the entries of one that is there.
                "config_map_v1_data" => "ConfigMap".to_owned(),
                stem => stem.split('_').map(capital).collect(),
            };
            let mut body = api(&plain(&object.values));
            body.as_object_mut()?.insert("kind".to_owned(), Value::String(kind));
            body
        }
    };
    // Kinds of another API group only share the name.
    let group = text(&body, "apiVersion").rsplit_once('/').map_or("", |(group, _)| group);
    if group.contains('.') && !group.ends_with(".k8s.io") {
        return None;
    }
    let made_up = Value::String(format!("${{{}}}", object.address));
    let default = matches!(text(&body, "kind"), "ServiceAccount");
    let metadata = match body.get_mut("metadata")? {
        Value::Array(items) => items.first_mut()?,
        other => other,
    };
    if text(metadata, "name").is_empty() {
        let generated = !text(metadata, "generateName").is_empty();
        let name = if default && !generated { json!("default") } else { made_up };
        metadata.as_object_mut()?.insert("name".to_owned(), name);
    }
    Some(body)
}

/// Members in the API's spelling: `rule` is `rules`, `api_groups` is `apiGroups`. Labels and data keep their keys.
pub(super) fn api(value: &Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.iter().map(api).collect()),
        Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|(key, value)| {
                    let name = match key.as_str() {
                        "rule" => "rules".to_owned(),
                        "subject" => "subjects".to_owned(),
                        "volume" => "volumes".to_owned(),
                        "non_resource_urls" => "nonResourceURLs".to_owned(),
                        "cluster_role_selectors" => "clusterRoleSelectors".to_owned(),
                        key => {
                            let mut words = key.split('_');
                            let first = words.next().unwrap_or_default().to_owned();
                            first + &words.map(capital).collect::<String>()
                        }
                    };
                    let kept =
                        matches!(key.as_str(), "labels" | "annotations" | "data" | "match_labels" | "matchLabels");
                    (name, if kept { value.clone() } else { api(value) })
                })
                .collect::<Map<_, _>>(),
        ),
        other => other.clone(),
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}

/// A value as JSON; what is known only after apply by its name in `${...}`.
fn plain(value: &Val) -> Value {
    match value {
        Val::Null => Value::Null,
        Val::Bool(it) => Value::Bool(*it),
        Val::Number(it) => json!(it),
        Val::Text(it) => json!(it.as_ref()),
        Val::List(items) => Value::Array(items.iter().map(plain).collect()),
        Val::Map(members) => {
            Value::Object(members.iter().map(|(key, value)| (key.to_string(), plain(value))).collect())
        }
        Val::Hole(hole) => json!(format!("${{{}}}", hole.id)),
        Val::Partial(pieces) => json!(
            pieces
                .iter()
                .map(|piece| match piece {
                    Piece::Text(text) => text.to_string(),
                    Piece::Hole(hole) => format!("${{{}}}", hole.id),
                })
                .collect::<String>()
        ),
    }
}
