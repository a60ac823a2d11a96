//! Stories from the AWS documentation, told to the evaluator. The files under `fixtures/aws/stories` cite the page
//! of the IAM User Guide (or the guide they name) that each is from.
#![expect(clippy::panic, clippy::disallowed_methods, reason = "a story that is not well told fails the test")]

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};
use tollgate::access::aws::document::Document;
use tollgate::access::aws::evaluate::{
    Context, ContextValue, Layer, Outcome, Policies, Principal, Reading, Request, ResourcePolicyKind, evaluate,
};
use tollgate::access::aws::parse::{Kind, parse};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    page: String,
    #[serde(default)]
    guide: Option<String>,
    about: String,
    /// The documents' `Version`; null for none.
    #[serde(default = "current")]
    version: Value,
    policies: Given,
    request: Asked,
    stories: Vec<Story>,
}

fn current() -> Value {
    json!("2012-10-17")
}

/// Policies as lists of statements.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Given {
    identity: Vec<Value>,
    boundary: Option<Value>,
    session: Option<Vec<Value>>,
    resource: Option<Value>,
    trust: Option<Value>,
    key: Option<Value>,
    scps: Vec<Vec<Value>>,
    rcps: Vec<Vec<Value>>,
    vpc_endpoint: Option<Value>,
}

/// One request with what is expected of it. Its own fields go before its group's.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Story {
    story: String,
    expect: String,
    #[serde(default)]
    sid: Option<String>,
    #[serde(default)]
    reading: Vec<String>,
    principal: Option<String>,
    action: Option<String>,
    resource: Option<String>,
    resource_account: Option<String>,
    context: Option<BTreeMap<String, Value>>,
}

/// What the stories of a group have in common.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    principal: Option<String>,
    action: Option<String>,
    resource: Option<String>,
    resource_account: Option<String>,
    context: Option<BTreeMap<String, Value>>,
}

fn document(statements: &Value, version: &Value, kind: Kind) -> Document {
    let mut text = json!({ "Statement": statements });
    if !version.is_null()
        && let Some(members) = text.as_object_mut()
    {
        members.insert("Version".to_owned(), version.clone());
    }
    parse(&text.to_string(), kind).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn principal(text: &str) -> Principal {
    match text.split_once(':') {
        _ if text == "anonymous" => Principal::Anonymous,
        Some(("service", name)) => Principal::Service(name.to_owned()),
        Some(("federated", name)) => Principal::Federated(name.to_owned()),
        _ => Principal::from_arn(text).unwrap_or_else(|| panic!("`{text}` is no principal")),
    }
}

fn context(keys: &BTreeMap<String, Value>) -> Context {
    let value = |value: &Value| match value {
        Value::String(one) => ContextValue::One(one.clone()),
        Value::Array(many) => ContextValue::Many(many.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
        other => panic!("`{other}` is no value of a key"),
    };
    keys.iter().map(|(key, given)| (key, value(given))).collect()
}

fn reading(words: &[String]) -> Reading {
    let mut reading = Reading::default();
    for word in words {
        match word.as_str() {
            "segments" => reading.segments = true,
            "not_principal_needs_account" => reading.not_principal_needs_account = true,
            other => panic!("`{other}` is no reading"),
        }
    }
    reading
}

fn layer(layer: Layer) -> String {
    match layer {
        Layer::Identity => "identity".to_owned(),
        Layer::Boundary => "boundary".to_owned(),
        Layer::Session => "session".to_owned(),
        Layer::Resource => "resource".to_owned(),
        Layer::Scp(level) => format!("scp {level}"),
        Layer::Rcp(level) => format!("rcp {level}"),
        Layer::VpcEndpoint => "vpc endpoint".to_owned(),
    }
}

/// The outcome in the words of the stories, and the `Sid` of the first statement that decided.
fn told(outcome: Outcome) -> (String, Option<String>) {
    match outcome {
        Outcome::Allowed { by } => ("allowed".to_owned(), by.into_iter().next().and_then(|first| first.sid)),
        Outcome::ExplicitDeny { by } => match by.into_iter().next() {
            Some(first) => (format!("explicit deny: {}", layer(first.layer)), first.sid),
            None => ("explicit deny by nothing".to_owned(), None),
        },
        Outcome::ImplicitDeny { limit } => (format!("implicit deny: {}", layer(limit)), None),
        Outcome::Undetermined { .. } => ("undetermined".to_owned(), None),
    }
}

fn tell(group: &Group, story: &Story) -> Result<(), String> {
    let version = &group.version;
    let all =
        |statements: &[Value], kind| statements.iter().map(|one| document(one, version, kind)).collect::<Vec<_>>();
    let one = |statements: &Option<Value>, kind| statements.as_ref().map(|one| document(one, version, kind));
    let levels = |levels: &[Vec<Value>], kind| levels.iter().map(|level| all(level, kind)).collect::<Vec<_>>();

    let given = &group.policies;
    let identity = all(&given.identity, Kind::Identity);
    let boundary = one(&given.boundary, Kind::Identity);
    let session = given.session.as_ref().map(|session| all(session, Kind::Identity));
    let resource = one(&given.resource, Kind::Resource)
        .or_else(|| one(&given.trust, Kind::Trust))
        .or_else(|| one(&given.key, Kind::Resource));
    let (scps, rcps) = (levels(&given.scps, Kind::Identity), levels(&given.rcps, Kind::Resource));
    let vpc_endpoint = one(&given.vpc_endpoint, Kind::Resource);
    let required = given.trust.is_some() || given.key.is_some();
    let policies = Policies {
        identity: identity.iter().collect(),
        boundary: boundary.as_ref(),
        session: session.as_ref().map(|session| session.iter().collect()),
        resource: resource.as_ref(),
        resource_kind: if required { ResourcePolicyKind::Required } else { ResourcePolicyKind::Ordinary },
        scps: scps.iter().map(|level| level.iter().collect()).collect(),
        rcps: rcps.iter().map(|level| level.iter().collect()).collect(),
        vpc_endpoint: vpc_endpoint.as_ref(),
    };

    let common = &group.request;
    let needed = |own: &Option<String>, shared: &Option<String>| {
        own.clone().or_else(|| shared.clone()).ok_or_else(|| "the request is not complete".to_owned())
    };
    let keys = story.context.as_ref().or(common.context.as_ref());
    let request = Request {
        principal: principal(&needed(&story.principal, &common.principal)?),
        action: needed(&story.action, &common.action)?,
        resource: needed(&story.resource, &common.resource)?,
        resource_account: story.resource_account.clone().or_else(|| common.resource_account.clone()),
        context: keys.map(context).unwrap_or_default(),
    };
    let (outcome, sid) = told(evaluate(&request, &policies, reading(&story.reading)));
    if outcome != story.expect || (story.sid.is_some() && sid != story.sid) {
        return Err(format!("{outcome} (sid {sid:?}), expected {}", story.expect));
    }
    Ok(())
}

#[test]
fn the_stories_of_the_documentation_hold() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/aws/stories");
    let mut files: Vec<_> = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let (mut stories, mut failures) = (0, Vec::new());
    for file in &files {
        let text = std::fs::read_to_string(file).unwrap();
        let groups: Vec<Group> =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        for group in &groups {
            for story in &group.stories {
                stories += 1;
                if let Err(failure) = tell(group, story) {
                    let guide = group.guide.as_deref().unwrap_or("IAM User Guide");
                    failures.push(format!("{guide}, {}: {}: {}: {failure}", group.page, group.about, story.story));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{} of {stories} stories fail:\n{}", failures.len(), failures.join("\n"));
    assert!(stories >= 150, "only {stories} stories were found");
}
