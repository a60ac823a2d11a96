//! Requests and answers: octocrab carries them, nothing more. Its models, retries and page handling are not used
//! at this boundary.

use std::fmt;
use std::time::Duration;

use octocrab::Octocrab;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::runtime::Runtime;

use super::super::ForgeError;
use super::exchange::{Call, Method, Reply, next_link, one_line, parse};
use super::url::Api;

/// No list is read further than this many pages of 100.
const MAX_PAGES: usize = 200;
/// Answers larger than this are not the API's.
const MAX_BODY: usize = 64 * 1024 * 1024;

/// A token. It shows nowhere.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// A token from the environment; surrounding white space is not part of it.
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// How long to wait for a forge.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For one answer.
    pub answer: Duration,
    /// How often a read is tried.
    pub tries: u32,
    /// The first pause between tries; it doubles.
    pub pause: Duration,
    /// The sum of all pauses of one read.
    pub total: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            answer: Duration::from_secs(30),
            tries: 4,
            pause: Duration::from_secs(1),
            total: Duration::from_secs(120),
        }
    }
}

pub(super) struct Transport {
    runtime: Runtime,
    crab: Octocrab,
    api: Api,
    token: Token,
    patience: Patience,
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").field("api", &self.api).finish_non_exhaustive()
    }
}

impl Transport {
    pub(super) fn new(api: Api, token: Token, patience: Patience) -> Result<Self, ForgeError> {
        let failed = |why: String| ForgeError::NoAnswer { call: "start".to_owned(), why };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| failed(error.to_string()))?;
        let guard = runtime.enter();
        let crab = Octocrab::builder()
            .base_uri(api.base())
            .map_err(|_| ForgeError::Url { url: api.base().to_owned(), why: "it is not a URL" })?
            .personal_token(token.0.clone())
            .set_connect_timeout(Some(patience.answer))
            .set_read_timeout(Some(patience.answer))
            .set_write_timeout(Some(patience.answer))
            .build()
            .map_err(|error| failed(root_cause(&error)))?;
        drop(guard);
        Ok(Self { runtime, crab, api, token, patience })
    }

    pub(super) const fn api(&self) -> &Api {
        &self.api
    }

    /// Sends once. An answer of any status is an answer.
    fn send(&self, call: &Call<'_>) -> Result<Reply, ForgeError> {
        let Call { method, body, .. } = *call;
        let path = format!("{}{}", self.api.rest_prefix(call.path), call.path);
        let exchange = async {
            let response = match method {
                Method::Get => self.crab._get(path).await,
                Method::Post => self.crab._post(path, body).await,
                Method::Patch => self.crab._patch(path, body).await,
                Method::Put => self.crab._put(path, body).await,
                Method::Delete => self.crab._delete(path, None::<&()>).await,
            }?;
            let mut reply = Reply::head(response.status(), response.headers());
            reply.body = self.crab.body_to_string(response).await?;
            Ok::<_, octocrab::Error>(reply)
        };
        let answered = self.runtime.block_on(async { tokio::time::timeout(self.patience.answer, exchange).await });
        let no_answer = |why: String| ForgeError::NoAnswer { call: call.name(), why: self.clean(&why) };
        let reply = answered.map_err(|_| no_answer("it took too long".to_owned()))?;
        let reply = reply.map_err(|error| no_answer(root_cause(&error)))?;
        if reply.body.len() > MAX_BODY {
            return Err(ForgeError::Answer { call: call.name(), why: "it is too large".to_owned() });
        }
        Ok(reply)
    }

    /// Sends, and sends a read again after a failure that may pass. Writes are sent once: nobody can know whether
    /// one that failed was carried out.
    fn send_patiently(&self, call: &Call<'_>, read: bool) -> Result<Reply, ForgeError> {
        let mut waited = Duration::ZERO;
        let mut pause = self.patience.pause;
        let mut tries = 1;
        loop {
            let result = self.send(call);
            let wish = match &result {
                Ok(reply) => reply.wait(),
                Err(_) => Some(pause),
            };
            let Some(mut wait) = wish else { return result };
            if !read || tries >= self.patience.tries {
                return self.given_up(call, result);
            }
            wait = wait.max(pause);
            if waited.saturating_add(wait) > self.patience.total {
                return self.given_up(call, result);
            }
            std::thread::sleep(wait);
            waited = waited.saturating_add(wait);
            pause = pause.saturating_mul(2);
            tries += 1;
        }
    }

    fn given_up(&self, call: &Call<'_>, result: Result<Reply, ForgeError>) -> Result<Reply, ForgeError> {
        match result {
            Ok(reply) if reply.is_rate_limit() => {
                let wait = reply.wait().unwrap_or_default().as_secs();
                Err(ForgeError::RateLimit { call: call.name(), wait })
            }
            other => other,
        }
    }

    /// The reply to a call that must succeed.
    pub(super) fn call(&self, call: &Call<'_>) -> Result<Reply, ForgeError> {
        let reply = self.send_patiently(call, call.method == Method::Get)?;
        self.successful(call, reply)
    }

    /// The reply to a call for which 404 is an answer.
    pub(super) fn find(&self, call: &Call<'_>) -> Result<Option<Reply>, ForgeError> {
        let reply = self.send_patiently(call, call.method == Method::Get)?;
        if reply.status == 404 { Ok(None) } else { self.successful(call, reply).map(Some) }
    }

    /// The reply whatever its status, sent once.
    pub(super) fn attempt(&self, call: &Call<'_>) -> Result<Reply, ForgeError> {
        let result = self.send(call);
        match &result {
            Ok(reply) if reply.wait().is_some() => self.given_up(call, result),
            _ => result,
        }
    }

    pub(super) fn successful(&self, call: &Call<'_>, reply: Reply) -> Result<Reply, ForgeError> {
        match reply.status {
            200..=299 => Ok(reply),
            status @ (401 | 403 | 404) => Err(ForgeError::Permission { call: call.name(), status, needs: call.needs }),
            status @ (301 | 302 | 307 | 308) => Err(ForgeError::Status {
                call: call.name(),
                status,
                message: "the repository has moved; use its present name".to_owned(),
            }),
            status => {
                let message = serde_json::from_str::<Value>(&reply.body).ok();
                let message = message.as_ref().and_then(|value| value.get("message")).and_then(Value::as_str);
                let message = self.clean(message.unwrap_or("no message"));
                Err(ForgeError::Status { call: call.name(), status, message })
            }
        }
    }

    /// One line without the token.
    fn clean(&self, text: &str) -> String {
        let text = if self.token.0.is_empty() { text.to_owned() } else { text.replace(&self.token.0, "…") };
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect()
    }

    /// A JSON answer.
    pub(super) fn json<T: DeserializeOwned>(&self, call: &Call<'_>) -> Result<T, ForgeError> {
        parse(call, &self.call(call)?.body)
    }

    pub(super) fn get<T: DeserializeOwned>(&self, path: &str, needs: &'static str) -> Result<T, ForgeError> {
        self.json(&Call { method: Method::Get, path, body: None, needs })
    }

    /// A list to its last page, following `Link: <…>; rel="next"` on the same host.
    pub(super) fn list<T: DeserializeOwned>(
        &self,
        path: &str,
        needs: &'static str,
        what: &'static str,
    ) -> Result<Vec<T>, ForgeError> {
        self.pages(path, needs, what, |page: Vec<T>| page)
    }

    /// The same for pages that wrap their list.
    pub(super) fn pages<P: DeserializeOwned, T>(
        &self,
        path: &str,
        needs: &'static str,
        what: &'static str,
        items: impl Fn(P) -> Vec<T>,
    ) -> Result<Vec<T>, ForgeError> {
        let mut all = Vec::new();
        let mut next = Some(path.to_owned());
        let mut pages = 0;
        while let Some(path) = next {
            pages += 1;
            if pages > MAX_PAGES {
                return Err(ForgeError::TooMany { what, limit: MAX_PAGES * 100 });
            }
            let call = Call { method: Method::Get, path: &path, body: None, needs };
            let reply = self.call(&call)?;
            all.extend(items(parse(&call, &reply.body)?));
            next = match reply.link.as_deref().and_then(next_link) {
                Some(url) => Some(self.api.below(url).ok_or_else(|| ForgeError::Answer {
                    call: call.name(),
                    why: "the next page is on another host".to_owned(),
                })?),
                None => None,
            };
        }
        Ok(all)
    }

    /// A GraphQL query, which reads and may be sent again. Any error in the answer is a failure, data or not.
    pub(super) fn query<T: DeserializeOwned>(
        &self,
        query: &str,
        variables: &impl Serialize,
        needs: &'static str,
    ) -> Result<T, ForgeError> {
        self.graphql(query, variables, needs, true)
    }

    /// A GraphQL mutation, sent once.
    pub(super) fn mutate(
        &self,
        query: &str,
        variables: &impl Serialize,
        needs: &'static str,
    ) -> Result<(), ForgeError> {
        self.graphql::<Value>(query, variables, needs, false).map(|_| ())
    }

    fn graphql<T: DeserializeOwned>(
        &self,
        query: &str,
        variables: &impl Serialize,
        needs: &'static str,
        read: bool,
    ) -> Result<T, ForgeError> {
        let body = serde_json::json!({ "query": query, "variables": variables });
        let call = Call { method: Method::Post, path: "/graphql", body: Some(&body), needs };
        let reply = self.send_patiently(&call, read)?;
        let reply = self.successful(&call, reply)?;
        let mut value: Value = parse(&call, &reply.body)?;
        if let Some(errors) = value.get("errors") {
            let kind = errors.pointer("/0/type").and_then(Value::as_str);
            if matches!(kind, Some("FORBIDDEN" | "NOT_FOUND")) {
                return Err(ForgeError::Permission { call: call.name(), status: 403, needs });
            }
            let message = errors.pointer("/0/message").and_then(Value::as_str).unwrap_or("no message");
            return Err(ForgeError::Answer { call: call.name(), why: self.clean(message) });
        }
        let data = value.get_mut("data").map(Value::take).unwrap_or_default();
        serde_json::from_value(data).map_err(|error| ForgeError::Answer { call: call.name(), why: one_line(&error) })
    }
}

/// The innermost cause: octocrab's own texts carry backtraces.
fn root_cause(error: &octocrab::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    let mut depth = 0;
    while let Some(inner) = cause.source() {
        cause = inner;
        depth += 1;
    }
    if depth == 0 {
        return "the connection failed".to_owned();
    }
    cause.to_string().lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a56_the_token_does_not_show() {
        let token = Token::new(" ghs_secret\n");
        assert_eq!(token.0, "ghs_secret");
        assert!(!format!("{token:?}").contains("secret"));
    }
}
