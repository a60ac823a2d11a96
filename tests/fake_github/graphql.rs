//! The GraphQL queries that tollgate uses, by their exact text.

use serde_json::{Value, json};
use tollgate::edge::forge::github::queries;

use super::http::{Answer, Problem, Request};
use super::state::{Comment, State};

pub(super) fn answer(request: &Request, state: &mut State) -> Result<Answer, Problem> {
    if request.path != "/graphql" && request.path != "/api/graphql" {
        return Err(Problem::Violation("GraphQL is not here".into()));
    }
    let body = request.body.as_ref().ok_or_else(|| Problem::Violation("no JSON body".into()))?;
    let (query, variables) = (body["query"].as_str().unwrap_or_default(), &body["variables"]);
    let token = &state.tokens[request.token.as_str()];
    let viewer = token.user;
    let granted = |permission: &str| token.permissions.contains(permission);
    let forbidden = || {
        let body = json!({ "data": { "repository": null }, "errors": [
            { "type": "FORBIDDEN", "message": "Resource not accessible by integration" }] });
        Ok(Answer { status: 200, body, next: None })
    };
    if query == queries::MINIMISE {
        if !granted("pull-requests: write") {
            return forbidden();
        }
        let id: u64 = variables["id"].as_str().and_then(|id| id.strip_prefix("IC_")?.parse().ok()).unwrap();
        state.comment_mut(id).minimised = true;
        let body = json!({ "data": { "minimizeComment": { "clientMutationId": null } } });
        return Ok(Answer { status: 200, body, next: None });
    }
    if !granted("pull-requests: read") && !granted("pull-requests: write") {
        return forbidden();
    }
    let number = variables["number"].as_u64().unwrap_or_default();
    let Some(pull) = state.pulls.get(&number) else {
        let errors = json!([{ "type": "NOT_FOUND", "message": "Could not resolve to a PullRequest" }]);
        return Ok(Answer { status: 200, body: json!({ "data": null, "errors": errors }), next: None });
    };
    let (list, nodes, count, most): (_, Vec<Value>, _, usize) = match query {
        queries::COMMENTS => {
            let comments = state.comments.iter().filter(|comment| comment.pull == number);
            ("comments", comments.map(|comment| text(state, comment, viewer)).collect(), "totalCount", 50)
        }
        queries::REVIEWS => {
            let reviews = state.reviews.iter().map(|review| &review.comment).filter(|comment| comment.pull == number);
            ("reviews", reviews.map(|comment| text(state, comment, viewer)).collect(), "totalCount", 50)
        }
        queries::COMMITS => {
            let commits = pull.commits.iter().map(|commit| {
                let actor = |(email, user): &(&str, Option<u64>)| {
                    json!({ "email": email, "user": user.map(|id| state.actor(id)) })
                };
                let authors: Vec<Value> = commit.authors.iter().map(actor).collect();
                let parents: Vec<Value> = commit.parents.iter().map(|sha| json!({ "oid": sha })).collect();
                let signature =
                    commit.signed_by_github.then(|| json!({ "isValid": true, "wasSignedByGitHub": true }));
                json!({ "commit": { "oid": commit.sha, "message": commit.message,
                    "parents": { "totalCount": parents.len(), "nodes": parents },
                    "authors": { "totalCount": authors.len(), "nodes": authors },
                    "committer": actor(&commit.committer), "signature": signature } })
            });
            ("commits", commits.collect(), "totalCount", 50)
        }
        queries::TIMELINE => ("timelineItems", pull.timeline.clone(), "filteredCount", 100),
        _ => return Err(Problem::Violation(format!("unknown query: {query}"))),
    };
    let total = nodes.len();
    let start: usize = variables["after"].as_str().map_or(0, |cursor| cursor.parse().unwrap());
    let size = most.min(state.page);
    let end = (start + size).min(total);
    let nodes: Vec<Value> = nodes.into_iter().skip(start).take(size).collect();
    let page = json!({ "hasNextPage": end < total, "endCursor": end.to_string() });
    let list = json!({ list: { count: total, "pageInfo": page, "nodes": nodes } });
    let body = json!({ "data": { "repository": { "pullRequest": list } } });
    Ok(Answer { status: 200, body, next: None })
}

fn text(state: &State, comment: &Comment, viewer: u64) -> Value {
    // The list of edits starts with the creation, once there is an edit.
    let mut edits: Vec<Value> = Vec::new();
    if !comment.edits.editors.is_empty() {
        edits.push(json!({ "editor": comment.author.map(|id| state.actor(id)) }));
        edits.extend(comment.edits.editors.iter().map(|id| json!({ "editor": id.map(|id| state.actor(id)) })));
    }
    json!({
        "id": format!("IC_{}", comment.id), "fullDatabaseId": comment.id.to_string(), "body": comment.body,
        "lastEditedAt": comment.edits.last.map(|at| at.to_string()),
        "includesCreatedEdit": !comment.edits.editors.is_empty(),
        "isMinimized": comment.minimised, "createdViaEmail": comment.by_email,
        "viewerDidAuthor": comment.author == Some(viewer),
        "userContentEdits": { "totalCount": edits.len(), "nodes": edits },
    })
}
