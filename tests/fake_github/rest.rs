//! The REST routes that tollgate uses.

use serde_json::{Value, json};

use super::http::{Answer, Problem, Request, decode};
use super::set_up;
use super::state::{Comment, Deployment, NAME, OWNER, Pull, REPOSITORY_ID, State};

pub(super) type Result<T> = std::result::Result<T, Problem>;

pub(super) fn status<T>(status: u16, message: &str) -> Result<T> {
    Err(Problem::Status(status, message.into()))
}

pub(super) fn ok(body: Value) -> Result<Answer> {
    Ok(Answer { status: 200, body, next: None })
}

pub(super) fn created(body: Value) -> Result<Answer> {
    Ok(Answer { status: 201, body, next: None })
}

/// GitHub answers 403 to an App's token without the permission.
pub(super) fn allow(state: &State, request: &Request, permission: &'static str) -> Result<()> {
    let granted = &state.tokens[request.token.as_str()].permissions;
    let write = permission.replace(": read", ": write");
    if granted.contains(permission) || granted.contains(write.as_str()) {
        Ok(())
    } else {
        status(403, "Resource not accessible by integration")
    }
}

/// Exactly these fields, or GitHub would ignore what tollgate believes it said.
pub(super) fn fields<'a>(request: &'a Request, required: &[&str], optional: &[&str]) -> Result<&'a Value> {
    let body = request.body.as_ref().ok_or_else(|| Problem::Violation("no JSON body".into()))?;
    let members = body.as_object().ok_or_else(|| Problem::Violation("the body is no object".into()))?;
    if let Some(name) =
        members.keys().find(|name| !required.contains(&name.as_str()) && !optional.contains(&name.as_str()))
    {
        return Err(Problem::Violation(format!("unknown field `{name}`")));
    }
    match required.iter().find(|name| !members.contains_key(**name)) {
        Some(name) => status(422, &format!("missing {name}")),
        None => Ok(body),
    }
}

pub(super) fn answer(request: &Request, state: &mut State) -> Result<Answer> {
    let path = request.path.strip_prefix("/api/v3").unwrap_or(&request.path);
    let parts: Vec<String> = path.trim_start_matches('/').split('/').map(decode).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["orgs", org, "teams", slug] => team(state, request, org, slug, None),
        ["orgs", org, "teams", slug, "memberships", login] => team(state, request, org, slug, Some(login)),
        ["repos", owner, name, rest @ ..] if *owner == OWNER && *name == NAME => repository(request, state, rest),
        ["repos", ..] => status(404, "Not Found"),
        _ => Err(Problem::Violation("unknown route".into())),
    }
}

fn repository(request: &Request, state: &mut State, rest: &[&str]) -> Result<Answer> {
    let number = |text: &str| text.parse::<u64>().map_err(|_| Problem::Status(404, "Not Found".into()));
    match (request.method.as_str(), rest) {
        ("GET", []) => {
            allow(state, request, "metadata: read")?;
            let admin = state.set_up.admin;
            ok(json!({ "id": REPOSITORY_ID, "full_name": format!("{OWNER}/{NAME}"), "default_branch": "main",
                "permissions": { "admin": admin, "push": true, "pull": true } }))
        }
        ("GET", ["pulls", n]) => {
            allow(state, request, "pull-requests: read")?;
            let pull = pull(state, number(n)?)?;
            ok(pull_json(state, pull))
        }
        ("GET", ["pulls", n, "files"]) => {
            allow(state, request, "pull-requests: read")?;
            let files: Vec<Value> =
                pull(state, number(n)?)?.files.iter().map(|f| json!({ "filename": f, "status": "modified" })).collect();
            page(request, state, files)
        }
        ("GET", ["pulls", n, "reviews"]) => {
            allow(state, request, "pull-requests: read")?;
            let n = number(n)?;
            let reviews = state.reviews.iter().filter(|r| r.comment.pull == n);
            let reviews = reviews.map(|r| {
                json!({ "id": r.comment.id, "user": state.user(r.comment.author), "body": r.comment.body,
                    "state": r.state, "submitted_at": r.comment.created_at.to_string(), "commit_id": r.commit })
            });
            page(request, state, reviews.collect())
        }
        ("PUT", ["pulls", _, "reviews", id, "dismissals"]) => {
            allow(state, request, "pull-requests: write")?;
            fields(request, &["message"], &["event"])?;
            let by = state.tokens[request.token.as_str()].user;
            if !state.reviews.iter().any(|review| Ok(review.comment.id) == id.parse()) {
                return status(404, "Not Found");
            }
            state.dismiss(number(id)?, by);
            ok(json!({ "id": number(id)?, "state": "DISMISSED" }))
        }
        ("GET", ["issues", n, "comments"]) => {
            allow(state, request, "pull-requests: read")?;
            let n = number(n)?;
            let comments = state.comments.iter().filter(|comment| comment.pull == n);
            page(request, state, comments.map(|comment| comment_json(state, comment)).collect())
        }
        ("POST", ["issues", n, "comments"]) => {
            allow(state, request, "pull-requests: write")?;
            let body = comment_body(request)?;
            pull(state, number(n)?)?;
            let author = state.tokens[request.token.as_str()].user;
            let id = state.comment(number(n)?, author, &body);
            let comment = state.comments.iter().find(|comment| comment.id == id).unwrap();
            created(comment_json(state, comment))
        }
        (method, ["issues", "comments", id]) => one_comment(request, state, method, number(id)?),
        ("GET", ["activity"]) => {
            allow(state, request, "contents: read")?;
            let name = request.parameter("ref").unwrap_or_default();
            let pushes = state.pushes.iter().rev().filter(|p| format!("refs/heads/{}", p.branch) == name);
            let pushes = pushes.map(|push| {
                json!({ "id": push.id, "before": push.before, "after": push.after, "ref": name,
                    "timestamp": push.at.to_string(), "activity_type": push.kind, "actor": state.user(push.actor) })
            });
            page(request, state, pushes.collect())
        }
        ("GET", ["collaborators", login, "permission"]) => {
            allow(state, request, "metadata: read")?;
            let Some(person) = state.by_login(login) else { return status(404, "Not Found") };
            let (permission, role) = person.role;
            ok(json!({ "permission": permission, "role_name": role, "user": state.user(Some(person.id)) }))
        }
        ("GET", ["contents", path @ ..]) => {
            allow(state, request, "contents: read")?;
            let key = (path.join("/"), request.parameter("ref").unwrap_or("main").to_owned());
            let Some(bytes) = state.files.get(&key) else { return status(404, "Not Found") };
            ok(json!({ "type": "file", "encoding": "base64", "size": bytes.len(), "content": base64(bytes) }))
        }
        ("GET", ["commits", sha, "check-runs"]) => {
            allow(state, request, "checks: read")?;
            let runs: Vec<Value> = state.checks.iter().filter(|run| run["head_sha"] == **sha).map(check_json).collect();
            let total = runs.len();
            let mut answer = page(request, state, runs)?;
            answer.body = json!({ "total_count": total, "check_runs": answer.body });
            Ok(answer)
        }
        ("POST", ["check-runs"]) => {
            allow(state, request, "checks: write")?;
            let body = fields(request, &["name", "head_sha"], &["status", "external_id", "output", "conclusion"])?;
            check_output(body)?;
            if !state.knows(&text(body, "head_sha")) {
                return status(422, "No commit found for SHA");
            }
            let mut run = body.clone();
            run["id"] = json!(state.id());
            state.checks.push(run.clone());
            created(check_json(&run))
        }
        ("PATCH", ["check-runs", id]) => {
            allow(state, request, "checks: write")?;
            let body = fields(request, &[], &["status", "conclusion", "output"])?;
            check_output(body)?;
            if body["status"] == "completed" && body["conclusion"].is_null() {
                return status(422, "conclusion is required");
            }
            let id = number(id)?;
            let Some(run) = state.checks.iter_mut().find(|run| run["id"] == id) else {
                return status(404, "Not Found");
            };
            let output = body["output"].as_object().into_iter().flatten();
            for (key, value) in output {
                match (key.as_str(), run["output"][key].as_array().cloned()) {
                    ("annotations", Some(mut all)) => {
                        all.extend(value.as_array().cloned().unwrap_or_default());
                        run["output"][key] = all.into();
                    }
                    _ => run["output"][key] = value.clone(),
                }
            }
            for key in ["status", "conclusion"] {
                if !body[key].is_null() {
                    run[key] = body[key].clone();
                }
            }
            ok(check_json(run))
        }
        ("GET", ["git", "matching-refs", name @ ..]) => {
            allow(state, request, "contents: read")?;
            let prefix = format!("refs/{}", name.join("/"));
            let found = state.refs.iter().filter(|(name, _)| name.starts_with(&prefix));
            let found = found.map(|(name, sha)| json!({ "ref": name, "object": { "type": "commit", "sha": sha } }));
            page(request, state, found.collect())
        }
        ("POST", ["git", "refs"]) => {
            allow(state, request, "contents: write")?;
            let body = fields(request, &["ref", "sha"], &[])?;
            let (name, sha) = (text(body, "ref"), text(body, "sha"));
            if !name.starts_with("refs/") || name.matches('/').count() < 2 {
                return status(422, "Reference name must start with 'refs' and have at least two slashes.");
            }
            let known = state.pulls.values().any(|pull| pull.commits.iter().any(|commit| commit.sha == sha));
            if !known {
                return status(422, "Object does not exist");
            }
            if state.refs.contains_key(&name) {
                return status(422, "Reference already exists");
            }
            state.refs.insert(name.clone(), sha.clone());
            created(json!({ "ref": name, "object": { "type": "commit", "sha": sha } }))
        }
        (method, ["deployments", rest @ ..]) => deployments(request, state, method, rest),
        ("GET", ["actions", "runs", id]) => run(state, request, number(id)?, None),
        ("GET", ["actions", "runs", id, "attempts", n]) => run(state, request, number(id)?, Some(number(n)?)),
        ("POST", ["actions", "workflows", workflow, "dispatches"]) => {
            allow(state, request, "actions: write")?;
            let body = fields(request, &["ref"], &["inputs"])?.clone();
            if !state.knows(&text(&body, "ref")) {
                return status(422, "No ref found");
            }
            state.dispatches.push(json!({ "workflow": workflow, "body": body }));
            Ok(Answer { status: 204, body: Value::Null, next: None })
        }
        _ => set_up::answer(request, state, rest),
    }
}

fn deployments(request: &Request, state: &mut State, method: &str, rest: &[&str]) -> Result<Answer> {
    let id = rest.first().and_then(|id| id.parse::<u64>().ok());
    match (method, rest) {
        ("GET", []) => {
            allow(state, request, "deployments: read")?;
            let of = |name: &str, value: &str| request.parameter(name).is_none_or(|wanted| wanted == value);
            let found = state.deployments.iter().rev();
            let found = found.filter(|d| of("sha", &d.sha) && of("task", d.body["task"].as_str().unwrap()));
            let found = found.map(|d| deployment_json(state, d)).collect();
            page(request, state, found)
        }
        ("POST", []) => {
            allow(state, request, "deployments: write")?;
            let optional = ["task", "auto_merge", "required_contexts", "payload", "environment", "description"];
            let body = fields(request, &["ref"], &optional)?.clone();
            if !state.knows(&text(&body, "ref")) {
                return status(422, "No ref found");
            }
            let deployment = Deployment {
                id: state.id(),
                sha: text(&body, "ref"),
                body,
                creator: state.tokens[request.token.as_str()].user,
                created_at: state.now,
                statuses: Vec::new(),
            };
            let json = deployment_json(state, &deployment);
            state.deployments.push(deployment);
            created(json)
        }
        ("GET", [_, "statuses"]) => {
            allow(state, request, "deployments: read")?;
            let Some(found) = state.deployments.iter().find(|d| Some(d.id) == id) else {
                return status(404, "Not Found");
            };
            page(request, state, found.statuses.iter().rev().cloned().collect())
        }
        ("POST", [_, "statuses"]) => {
            allow(state, request, "deployments: write")?;
            let body = fields(request, &["state"], &["auto_inactive", "description"])?;
            let known = ["error", "failure", "inactive", "in_progress", "queued", "pending", "success"];
            if !known.contains(&text(body, "state").as_str()) {
                return status(422, "state");
            }
            let description = body["description"].as_str().unwrap_or_default();
            let json = json!({ "id": state.id(), "state": body["state"], "description": description,
                "created_at": state.now.to_string() });
            let Some(found) = state.deployments.iter_mut().find(|d| Some(d.id) == id) else {
                return status(404, "Not Found");
            };
            found.statuses.push(json.clone());
            created(json)
        }
        _ => Err(Problem::Violation("unknown route".into())),
    }
}

/// Annotations are counted, not listed.
fn check_json(run: &Value) -> Value {
    let mut run = run.clone();
    let count = run["output"]["annotations"].as_array().map_or(0, Vec::len);
    if let Some(output) = run["output"].as_object_mut() {
        output.remove("annotations");
        output.insert("annotations_count".into(), json!(count));
    }
    run
}

fn deployment_json(state: &State, deployment: &Deployment) -> Value {
    json!({ "id": deployment.id, "sha": deployment.sha, "ref": deployment.body["ref"], "task": deployment.body["task"],
        "payload": deployment.body["payload"], "environment": deployment.body["environment"],
        "creator": state.user(Some(deployment.creator)), "created_at": deployment.created_at.to_string() })
}

fn run(state: &State, request: &Request, id: u64, attempt: Option<u64>) -> Result<Answer> {
    allow(state, request, "actions: read")?;
    let Some(attempts) = state.runs.get(&id) else { return status(404, "Not Found") };
    let found = match attempt {
        Some(number) => attempts.iter().find(|run| run["run_attempt"] == number),
        None => attempts.last(),
    };
    found.cloned().map_or_else(|| status(404, "Not Found"), ok)
}

/// `None` asks for the team itself.
fn team(state: &State, request: &Request, org: &str, slug: &str, login: Option<&str>) -> Result<Answer> {
    if allow(state, request, "members: read").is_err() {
        return status(404, "Not Found");
    }
    let Some(members) = state.teams.get(format!("{org}/{slug}").as_str()) else { return status(404, "Not Found") };
    let Some(login) = login else { return ok(json!({ "id": 1, "slug": slug })) };
    match state.by_login(login).filter(|person| members.contains(&person.id)) {
        Some(_) => ok(json!({ "state": "active", "role": "member" })),
        None => status(404, "Not Found"),
    }
}

fn one_comment(request: &Request, state: &mut State, method: &str, id: u64) -> Result<Answer> {
    let permission = if method == "GET" { "pull-requests: read" } else { "pull-requests: write" };
    allow(state, request, permission)?;
    if !state.comments.iter().any(|comment| comment.id == id) {
        return status(404, "Not Found");
    }
    let user = state.tokens[request.token.as_str()].user;
    match method {
        "GET" => {}
        "PATCH" => {
            let body = comment_body(request)?;
            state.edit(id, user, &body);
        }
        "DELETE" => {
            state.delete(id, user);
            return Ok(Answer { status: 204, body: Value::Null, next: None });
        }
        _ => return Err(Problem::Violation("unknown method".into())),
    }
    let comment = state.comments.iter().find(|comment| comment.id == id).unwrap();
    ok(comment_json(state, comment))
}

fn comment_body(request: &Request) -> Result<String> {
    let body = text(fields(request, &["body"], &[])?, "body");
    if body.trim().is_empty() {
        return status(422, "Body cannot be blank");
    }
    if body.chars().count() > 65_536 { status(422, "body is too long (maximum is 65536 characters)") } else { Ok(body) }
}

fn check_output(body: &Value) -> Result<()> {
    let output = &body["output"];
    let Some(members) = output.as_object() else { return Ok(()) };
    if let Some(name) = members.keys().find(|n| !["title", "summary", "text", "annotations"].contains(&n.as_str())) {
        return Err(Problem::Violation(format!("unknown field `output.{name}`")));
    }
    for name in ["summary", "text"] {
        let length = output[name].as_str().map_or(0, |text| text.chars().count());
        if length > 65_535 {
            return status(422, &format!("Only 65535 characters are allowed; {length} were supplied."));
        }
    }
    let annotations = output["annotations"].as_array().map_or(&[][..], Vec::as_slice);
    if annotations.len() > 50 {
        return status(422, "No more than 50 items are allowed");
    }
    for annotation in annotations {
        let complete = ["path", "start_line", "end_line", "annotation_level", "message"];
        if complete.iter().any(|name| annotation[*name].is_null()) {
            return status(422, "annotation");
        }
    }
    Ok(())
}

fn pull(state: &State, number: u64) -> Result<&Pull> {
    state.pulls.get(&number).ok_or_else(|| Problem::Status(404, "Not Found".into()))
}

fn pull_json(state: &State, pull: &Pull) -> Value {
    let comments = state.comments.iter().filter(|comment| comment.pull == pull.number).count();
    json!({
        "number": pull.number, "user": state.user(pull.author), "state": pull.state, "merged": pull.merged,
        "draft": pull.draft, "locked": pull.locked, "commits": pull.commits.len(), "changed_files": pull.files.len(),
        "comments": comments, "updated_at": pull.updated_at.to_string(),
        "head": { "sha": pull.head_sha, "ref": pull.head_ref, "repo": pull.head_repo.map(|id| json!({ "id": id })) },
        "base": { "ref": pull.base_ref, "repo": { "id": REPOSITORY_ID } },
    })
}

fn comment_json(state: &State, comment: &Comment) -> Value {
    // REST shows an edit by its time only, to the second.
    let updated = comment.edits.last.unwrap_or(comment.created_at);
    json!({
        "id": comment.id, "body": comment.body, "user": state.user(comment.author),
        "created_at": comment.created_at.to_string(), "updated_at": updated.to_string(),
        "author_association": "MEMBER",
        "performed_via_github_app": comment.via_app.then(|| json!({ "id": 5, "slug": "app" })),
    })
}

pub(super) fn text(body: &Value, name: &str) -> String {
    body[name].as_str().unwrap_or_default().to_owned()
}

/// A page, with a link to the next one.
pub(super) fn page(request: &Request, state: &State, items: Vec<Value>) -> Result<Answer> {
    let asked: usize = request.parameter("per_page").and_then(|n| n.parse().ok()).unwrap_or(30);
    let size = asked.min(100).min(state.page);
    let number: usize = request.parameter("page").and_then(|n| n.parse().ok()).unwrap_or(1);
    let start = (number - 1) * size;
    let more = items.len() > start + size;
    let body: Vec<Value> = items.into_iter().skip(start).take(size).collect();
    let next = more.then(|| {
        let mut query: Vec<String> = request
            .query
            .iter()
            .filter(|(name, _)| name != "page")
            .map(|(name, value)| format!("{name}={}", value.replace('/', "%2F")))
            .collect();
        query.push(format!("page={}", number + 1));
        format!("{}?{}", request.path, query.join("&"))
    });
    Ok(Answer { status: 200, body: body.into(), next })
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let value = (0..3).fold(0_u32, |value, at| value << 8 | u32::from(group.get(at).copied().unwrap_or(0)));
        for at in 0..4 {
            let digit = DIGITS[(value >> (18 - 6 * at) & 63) as usize];
            text.push(if at <= group.len() { char::from(digit) } else { '=' });
        }
        text.push('\n');
    }
    text
}
