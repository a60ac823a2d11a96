//! What the client sends and the fake answers, held against GitHub's published descriptions: the npm packages
//! `@octokit/openapi` and `@octokit/graphql-schema`, where they are installed under `TOLLGATE_OCTOKIT`
//! (`npm install --prefix DIR @octokit/openapi@23.0.2 @octokit/graphql-schema@15.26.1`).
//!
//! Requests are held against the whole schema: required fields, types, enumerations, and no unknown field. Answers
//! are held against names, types and enumerations of what they contain; the fake leaves out fields that nobody
//! reads.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;
use tollgate::edge::forge::github::queries;
use tollgate::edge::forge::{
    Annotation, AnnotationLevel, CheckReport, Conclusion, DeploymentNote, DeploymentState, Forge,
};

use crate::site::{ALICE, BOB, HEAD, Site};

fn package(path: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "where the packages are is the machine's business")]
    let root = std::env::var_os("TOLLGATE_OCTOKIT").map(PathBuf::from);
    let Some(root) = root else {
        #[expect(clippy::print_stderr, reason = "a skipped test says so")]
        {
            eprintln!("skipped: set TOLLGATE_OCTOKIT to a folder with @octokit/openapi and @octokit/graphql-schema");
        }
        return None;
    };
    #[expect(clippy::disallowed_methods, reason = "a test reads its data")]
    let text = std::fs::read_to_string(root.join("node_modules/@octokit").join(path)).unwrap();
    Some(text)
}

/// One use of everything, so that every route is in the log.
fn everything() -> Site {
    let mut site = Site::new();
    site.rules("[[rules]]\nname = \"m\"\nrequires = { any_of = [\"role:maintain\", \"codeowner\", \"team:org/iam\"] }");
    site.github.state().tokens.get_mut("ghs_token").unwrap().permissions.insert("members: read");
    site.github.state().teams.insert("org/iam", [BOB].into());
    let author = site.github.state().user(Some(1));
    let run = |attempt: u64| serde_json::json!({ "id": 5, "run_attempt": attempt, "head_sha": HEAD, "actor": author, "triggering_actor": author });
    site.github.state().runs.insert(5, vec![run(1), run(2)]);
    site.with_run(5);
    let key = (".github/CODEOWNERS".to_owned(), "main".to_owned());
    site.github.state().files.insert(key, b"* @bob".to_vec());
    let veto = site.github.state().review(7, BOB, "CHANGES_REQUESTED", "no");
    site.github.state().dismiss(veto, BOB);
    let gone = site.github.state().comment(7, BOB, "x");
    site.github.state().delete(gone, BOB);
    site.github.state().retarget(7, "main");
    let approval = site.approve(ALICE);
    let edited = site.github.state().comment(7, ALICE, "x");
    site.github.state().edit(edited, ALICE, "y");
    assert!(site.is_open());

    let remark = Annotation {
        path: "main.tf".into(),
        line: 1,
        level: AnnotationLevel::Notice,
        title: "t".into(),
        message: "m".into(),
    };
    let report = CheckReport {
        name: "tollgate".into(),
        head_sha: HEAD.into(),
        title: "t".into(),
        summary: "s".into(),
        subject: Some((site.subject.digest(), site.subject.document().unwrap())),
        annotations: vec![remark; 60],
        conclusion: Conclusion::Success,
    };
    site.forge.publish(&report).unwrap();
    site.forge.subject_document(HEAD, site.subject.digest()).unwrap();
    site.forge.show(7, "<!-- m -->", "a").unwrap();
    site.forge.show(7, "<!-- m -->", "b").unwrap();
    site.github.state().comment(7, 41, "<!-- m -->\nc");
    site.forge.show(7, "<!-- m -->", "d").unwrap();
    site.forge.claim(site.subject.digest(), HEAD).unwrap().unwrap();
    let note = DeploymentNote {
        subject: site.subject.digest(),
        head_sha: HEAD.into(),
        environment: "production".into(),
        details: BTreeMap::new(),
    };
    let key = site.forge.record(&note).unwrap();
    site.forge.record_state(&key, DeploymentState::InProgress).unwrap();
    site.forge.record_state(&key, DeploymentState::Success).unwrap();
    site.observe().unwrap();
    site.forge.void(7, tollgate::approval::Source::Comment(approval), "revoked").unwrap();
    let line = site.line();
    let review = site.github.state().review(7, ALICE, "APPROVED", &line);
    site.forge.void(7, tollgate::approval::Source::Review(review), "revoked").unwrap();
    site.forge.dispatch("apply.yml", "main", &BTreeMap::from([("pr".into(), "7".into())])).unwrap();
    site
}

struct OpenApi(Value);

impl OpenApi {
    fn resolve<'a>(&'a self, mut value: &'a Value) -> &'a Value {
        while let Some(reference) = value["$ref"].as_str() {
            value = self.0.pointer(reference.trim_start_matches('#')).unwrap();
        }
        value
    }

    /// The path template with the most literal segments that fits.
    fn operation(&self, method: &str, path: &str) -> (&String, &Value) {
        let parts: Vec<&str> = path.split('/').collect();
        let paths = self.0["paths"].as_object().unwrap();
        let fits = |template: &&String| {
            let segments: Vec<&str> = template.split('/').collect();
            // `{path}` and `{ref}` at the end stand for several segments.
            let open = segments.last().is_some_and(|last| matches!(*last, "{path}" | "{ref}"));
            let length = if open { parts.len() >= segments.len() } else { parts.len() == segments.len() };
            length && segments.iter().zip(&parts).all(|(segment, part)| segment.starts_with('{') || segment == part)
        };
        let found = paths.keys().filter(fits).filter(|template| !paths[*template][method.to_lowercase()].is_null());
        let best = found.max_by_key(|template| template.split('/').filter(|s| !s.starts_with('{')).count());
        let template = best.unwrap_or_else(|| panic!("GitHub has no {method} {path}"));
        (template, &paths[template][method.to_lowercase()])
    }

    /// `whole`: required fields must be there, and no others than the schema's.
    fn check(&self, schema: &Value, value: &Value, whole: bool, place: &str) -> Result<(), String> {
        let schema = self.resolve(schema);
        for all in schema["allOf"].as_array().into_iter().flatten() {
            self.check(all, value, whole, place)?;
        }
        for name in ["oneOf", "anyOf"] {
            if let Some(options) = schema[name].as_array() {
                let results: Vec<_> = options.iter().map(|option| self.check(option, value, whole, place)).collect();
                if results.iter().all(Result::is_err) {
                    return results.into_iter().next().unwrap();
                }
            }
        }
        let nullable =
            schema["nullable"] == true || schema["type"].as_array().is_some_and(|t| t.contains(&"null".into()));
        if value.is_null() && nullable {
            return Ok(());
        }
        let kinds: Vec<&str> = match &schema["type"] {
            Value::String(kind) => vec![kind],
            Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
            _ => vec![],
        };
        let is = |kind: &str| match kind {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "integer" => value.is_u64() || value.is_i64(),
            "number" => value.is_number(),
            "null" => value.is_null(),
            _ => true,
        };
        if !kinds.is_empty() && !kinds.iter().any(|kind| is(kind)) {
            return Err(format!("{place}: {value} is not {kinds:?}"));
        }
        if let Some(words) = schema["enum"].as_array()
            && !words.contains(value)
        {
            return Err(format!("{place}: {value} is not one of {words:?}"));
        }
        if let (Some(most), Some(text)) = (schema["maxLength"].as_u64(), value.as_str())
            && text.chars().count() as u64 > most
        {
            return Err(format!("{place}: longer than {most}"));
        }
        if let (Some(most), Some(items)) = (schema["maxItems"].as_u64(), value.as_array())
            && items.len() as u64 > most
        {
            return Err(format!("{place}: more than {most} items"));
        }
        for (at, item) in value.as_array().into_iter().flatten().enumerate() {
            self.check(&schema["items"], item, whole, &format!("{place}/{at}"))?;
        }
        if let (Some(members), Some(properties)) = (value.as_object(), schema["properties"].as_object()) {
            for (name, member) in members {
                match properties.get(name) {
                    Some(property) => self.check(property, member, whole, &format!("{place}/{name}"))?,
                    None if schema["additionalProperties"].is_object() || schema["additionalProperties"] == true => {}
                    None => return Err(format!("{place}: GitHub knows no `{name}`")),
                }
            }
            let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            for name in required.filter(|_| whole) {
                if !members.contains_key(name) {
                    return Err(format!("{place}: `{name}` is missing"));
                }
            }
        }
        Ok(())
    }
}

#[test]
fn requests_and_answers_are_githubs() {
    let site = everything();
    let log = site.github.control().log.clone();
    for file in ["api.github.com.json", "ghes-3.17.json", "ghes-3.19.json"] {
        let Some(text) = package(&format!("openapi/generated/{file}")) else { return };
        let api = OpenApi(serde_json::from_str(&text).unwrap());
        let mut routes = std::collections::BTreeSet::new();
        for call in log.iter().filter(|call| call.path != "/graphql") {
            let (template, operation) = api.operation(&call.method, &call.path);
            routes.insert(format!("{} {template}", call.method));
            if let Some(body) = &call.request {
                let schema = api.resolve(&operation["requestBody"])["content"]["application/json"]["schema"].clone();
                assert!(!schema.is_null(), "{template} takes no body");
                let checked = api.check(&schema, body, true, "");
                assert_eq!(checked, Ok(()), "{file}: {} {template} is sent {body}", call.method);
            }
            let response = api.resolve(&operation["responses"][call.status.to_string()]);
            assert!(!response.is_null(), "{file}: {} {template} never answers {}", call.method, call.status);
            let schema = &response["content"]["application/json"]["schema"];
            if !schema.is_null() {
                let checked = api.check(schema, &call.response, false, "");
                assert_eq!(checked, Ok(()), "{file}: {} {template} answers {}", call.method, call.response);
            }
        }
        assert!(routes.len() >= 26, "{}: {routes:#?}", routes.len());
    }
}

/// Fields of the types and interfaces of a GraphQL schema: type, then field, then the field's type.
fn graphql_types(schema: &str) -> BTreeMap<String, BTreeMap<String, String>> {
    let value: Value = serde_json::from_str(schema).unwrap();
    let types = value.pointer("/data/__schema/types").or_else(|| value.pointer("/__schema/types")).unwrap();
    fn named(kind: &Value) -> String {
        kind["name"].as_str().map_or_else(|| named(&kind["ofType"]), str::to_owned)
    }
    let fields = |kind: &Value| {
        let fields = kind["fields"].as_array().into_iter().flatten();
        fields.map(|field| (field["name"].as_str().unwrap().to_owned(), named(&field["type"]))).collect()
    };
    types.as_array().unwrap().iter().map(|kind| (kind["name"].as_str().unwrap().to_owned(), fields(kind))).collect()
}

/// Walks a query's selections and looks every field up. Arguments are skipped, except that they must be there.
fn check_query(query: &str, types: &BTreeMap<String, BTreeMap<String, String>>) -> usize {
    let root = if query.starts_with("mutation") { "Mutation" } else { "Query" };
    let body = query.split_once('{').unwrap().1;
    let mut depth = 0;
    let plain: String = body
        .chars()
        .filter(|c| {
            depth += i32::from(*c == '(') - i32::from(*c == ')');
            depth == 0 && *c != ')'
        })
        .collect();
    let spaced = plain.replace('{', " { ").replace('}', " } ");
    let mut words = spaced.split_whitespace().peekable();
    let mut stack = vec![root.to_owned()];
    let mut checked = 0;
    while let Some(word) = words.next() {
        let current = stack.last().cloned().unwrap_or_default();
        let next = match word {
            "}" => {
                stack.pop();
                continue;
            }
            "..." => {
                assert_eq!(words.next(), Some("on"));
                words.next().unwrap().to_owned()
            }
            "__typename" => continue,
            field => {
                checked += 1;
                let known = &types[&current];
                known.get(field).unwrap_or_else(|| panic!("{current} has no `{field}`")).clone()
            }
        };
        if words.peek() == Some(&"{") {
            words.next();
            assert!(types.contains_key(&next), "{next}");
            stack.push(next);
        }
    }
    checked
}

#[test]
fn queries_fit_the_schema() {
    let Some(text) = package("graphql-schema/schema.json") else { return };
    let types = graphql_types(&text);
    for query in [queries::COMMENTS, queries::REVIEWS, queries::COMMITS, queries::TIMELINE, queries::MINIMISE] {
        assert!(check_query(query, &types) >= 2);
    }
    let broken = queries::COMMENTS.replace("isMinimized", "isMinimised");
    assert!(
        std::panic::catch_unwind(|| check_query(&broken, &types)).is_err(),
        "the check itself must be able to fail"
    );
}
