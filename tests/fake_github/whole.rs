//! Makes answers whole: GitHub sends many fields that no test is about. `templates.json` holds them, made from
//! GitHub's OpenAPI description by `contract/templates.mjs`.

use std::sync::OnceLock;

use serde_json::Value;

use super::http::Answer;

struct Template {
    method: String,
    segments: Vec<String>,
    status: u16,
    fields: Value,
}

fn templates() -> &'static [Template] {
    static ALL: OnceLock<Vec<Template>> = OnceLock::new();
    ALL.get_or_init(|| {
        let all: Value = serde_json::from_str(include_str!("templates.json")).unwrap();
        let all = all.as_object().unwrap().iter().map(|(key, fields)| {
            let mut words = key.split(' ');
            let (method, path, status) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
            Template {
                method: method.into(),
                segments: path.split('/').map(Into::into).collect(),
                status: status.parse().unwrap(),
                fields: fields.clone(),
            }
        });
        all.collect()
    })
}

/// Adds what is missing to the answer to this request.
pub(super) fn complete(method: &str, path: &str, answer: &mut Answer) {
    let path = path.strip_prefix("/api/v3").unwrap_or(path);
    let parts: Vec<&str> = path.split('/').collect();
    let fits = |template: &&Template| {
        let segments = &template.segments;
        // These stand for several segments at the end of a path.
        let open = segments.last().is_some_and(|last| matches!(last.as_str(), "{path}" | "{ref}"));
        let length = if open { parts.len() >= segments.len() } else { parts.len() == segments.len() };
        let literal = |(segment, part): (&String, &&str)| segment.starts_with('{') || segment == part;
        template.method == method
            && template.status == answer.status
            && length
            && segments.iter().zip(&parts).all(literal)
    };
    let literals = |template: &&Template| template.segments.iter().filter(|segment| !segment.starts_with('{')).count();
    if let Some(template) = templates().iter().filter(fits).max_by_key(literals) {
        fill(&mut answer.body, &template.fields);
    }
}

/// `"name"` is for a field that is missing, `"?name"` for one that is there, `"[]"` for every item of an array.
fn fill(value: &mut Value, template: &Value) {
    for (name, fields) in template.as_object().into_iter().flatten() {
        match (name.strip_prefix('?'), &mut *value) {
            (None, Value::Array(items)) if name == "[]" => items.iter_mut().for_each(|item| fill(item, fields)),
            (Some(name), Value::Object(members)) => {
                if let Some(member) = members.get_mut(name) {
                    fill(member, fields);
                }
            }
            (None, Value::Object(members)) => {
                members.entry(name).or_insert_with(|| fields.clone());
            }
            _ => {}
        }
    }
}
