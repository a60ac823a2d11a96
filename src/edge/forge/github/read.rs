//! Single things that are read: lists by GraphQL, files, the published subject, rights.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde_json::json;

use super::super::ForgeError;
use super::GitHub;
use super::exchange::{Call, Method, parse};
use super::models::{CheckRun, CheckRuns, Content, Data, Membership, Page, Permission};
use super::url::{segment, segments};
use crate::approval::{Digest, Person, Role, RoleLevel, UserId};

/// No list is read further than this many GraphQL pages.
const MAX_PAGES: usize = 200;

impl GitHub {
    /// A list of a pull request by GraphQL, to the last page, and as long as the server says it is.
    pub(super) fn graphql_list<L: DeserializeOwned, T>(
        &self,
        query: &str,
        pull: u64,
        what: &'static str,
        page: impl Fn(L) -> Page<T>,
    ) -> Result<Vec<T>, ForgeError> {
        let mut all = Vec::new();
        let mut after: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let variables = json!({ "owner": self.owner, "name": self.name, "number": pull, "after": after });
            let data: Data<L> = self.transport.query(query, &variables, "pull-requests: read")?;
            let Page { total_count, page_info, nodes } = page(data.repository.pull_request);
            all.extend(nodes);
            if !page_info.has_next_page {
                let total = total_count;
                return if all.len() == total { Ok(all) } else { Err(incomplete(what, all.len(), total)) };
            }
            after = Some(page_info.end_cursor.ok_or_else(|| incomplete(what, all.len(), total_count))?);
        }
        Err(ForgeError::TooMany { what, limit: all.len() })
    }

    /// A file by the contents API, up to 1 MB.
    pub(super) fn read_file(&self, path: &str, at: &str) -> Result<Option<Vec<u8>>, ForgeError> {
        let path = format!("{}/contents/{}?ref={}", self.root, segments(path)?, segment(at)?);
        let call = Call { method: Method::Get, path: &path, body: None, needs: "contents: read" };
        let Some(reply) = self.transport.find(&call)? else { return Ok(None) };
        let content: Content = parse(&call, &reply.body)?;
        let wrong = |why: &str| ForgeError::Answer { call: call.name(), why: why.to_owned() };
        if content.kind != "file" || content.encoding != "base64" {
            return Err(wrong("it is not a file of at most 1 MB"));
        }
        let bytes = base64(&content.content).ok_or_else(|| wrong("its content is not base64"))?;
        if bytes.len() == content.size { Ok(Some(bytes)) } else { Err(wrong("its content is cut off")) }
    }

    /// The documents among the check runs of a commit, whoever posted them: they are believed only after hashing.
    pub(super) fn read_subject_documents(&self, head_sha: &str) -> Result<Vec<(Digest, String)>, ForgeError> {
        let path = format!("{}/commits/{}/check-runs?filter=all&per_page=100", self.root, segment(head_sha)?);
        let runs = self.transport.pages(&path, "checks: read", "check runs", |page: CheckRuns| page.check_runs)?;
        let document = |run: CheckRun| run.external_id.and_then(|id| id.parse().ok()).zip(run.output.text);
        Ok(runs.into_iter().filter_map(document).collect())
    }

    /// The document under this digest: one that hashes to it if there is any, else the first.
    pub(super) fn read_subject_document(&self, head_sha: &str, subject: Digest) -> Result<Option<String>, ForgeError> {
        let mut first = None;
        for (digest, text) in self.read_subject_documents(head_sha)? {
            if digest != subject {
                continue;
            }
            // Anybody may post a run with this number.
            if crate::approval::Subject::from_document(&text, subject).is_ok() {
                return Ok(Some(text));
            }
            first.get_or_insert(text);
        }
        Ok(first)
    }

    /// Somebody's role and, among these, teams.
    pub(super) fn read_person(&self, id: UserId, login: &str, teams: &BTreeSet<String>) -> Result<Person, ForgeError> {
        let login = segment(login)?;
        let path = format!("{}/collaborators/{login}/permission", self.root);
        let found: Permission = self.transport.get(&path, "metadata: read")?;
        // The name may have changed hands between two answers.
        if found.user.as_ref().map(|user| user.id) != Some(id.0) {
            return Err(ForgeError::Changed);
        }
        let mut person = Person { role: role(&found), teams: BTreeSet::new() };
        for team in teams {
            let (org, slug) = team.split_once('/').ok_or_else(|| ForgeError::Name(team.clone()))?;
            let path = format!("/orgs/{}/teams/{}/memberships/{login}", segment(org)?, segment(slug)?);
            let call = Call { method: Method::Get, path: &path, body: None, needs: "members: read (an App's token)" };
            if self.is_member(&call, org, slug)? {
                person.teams.insert(team.clone());
            }
        }
        Ok(person)
    }

    /// 404 means "no member" only where the team itself can be read; a token without rights gets 404, too.
    fn is_member(&self, call: &Call<'_>, org: &str, slug: &str) -> Result<bool, ForgeError> {
        if let Some(reply) = self.transport.find(call)? {
            let membership: Membership = parse(call, &reply.body)?;
            return Ok(membership.state == "active");
        }
        let path = format!("/orgs/{}/teams/{}", segment(org)?, segment(slug)?);
        let team = Call { method: Method::Get, path: &path, body: None, needs: call.needs };
        self.transport.call(&team).map(|_| false)
    }
}

fn incomplete(what: &'static str, has: usize, total: usize) -> ForgeError {
    ForgeError::Answer {
        call: "POST /graphql".to_owned(),
        why: format!("{has} {what} were listed, and there are {total}"),
    }
}

/// `role_name` is the real role; `permission` is what a custom one amounts to.
fn role(found: &Permission) -> Role {
    match found.role_name.parse::<RoleLevel>() {
        Ok(level) => Role { level, custom: None },
        Err(()) => {
            let level = found.permission.parse().unwrap_or_default();
            Role { level, custom: Some(found.role_name.clone()) }
        }
    }
}

/// Base64 (RFC 4648, 4) with line feeds, as the contents API sends it.
fn base64(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\n' | b'\r')).collect();
    if !digits.len().is_multiple_of(4) {
        return None;
    }
    let padding = digits.iter().rev().take_while(|digit| **digit == b'=').count();
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3);
    for group in digits.chunks_exact(4) {
        let mut value = 0_u32;
        for digit in group {
            let six = match digit {
                b'A'..=b'Z' => digit - b'A',
                b'a'..=b'z' => digit - b'a' + 26,
                b'0'..=b'9' => digit - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                b'=' => 0,
                _ => return None,
            };
            value = value << 6 | u32::from(six);
        }
        bytes.extend(value.to_be_bytes().into_iter().skip(1));
    }
    let inner = digits.len().checked_sub(padding)?;
    if padding > 2 || digits.iter().take(inner).any(|digit| *digit == b'=') {
        return None;
    }
    bytes.truncate(bytes.len() - padding);
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_base64() {
        assert_eq!(base64("").unwrap(), b"");
        assert_eq!(base64("Zg==").unwrap(), b"f");
        assert_eq!(base64("Zm9v\nYmFy\n").unwrap(), b"foobar");
        for text in ["Zg", "Z===", "Zg=a", "Zg=\u{3d}=", "====", "Zm9*"] {
            assert_eq!(base64(text), None, "{text}");
        }
    }
}
