//! One exchange with the API: what is asked, and what of the answer matters.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::super::ForgeError;

/// A request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call<'a> {
    pub(super) method: Method,
    /// Below the API's root, encoded, starting with `/`.
    pub(super) path: &'a str,
    pub(super) body: Option<&'a Value>,
    /// The permission that 401, 403 and 404 may mean is missing.
    pub(super) needs: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    Post,
    Patch,
    Put,
    Delete,
}

impl Call<'_> {
    /// The call for people: without its query.
    pub(super) fn name(&self) -> String {
        let method = match self.method {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Patch => "PATCH",
            Method::Put => "PUT",
            Method::Delete => "DELETE",
        };
        format!("{method} {}", self.path.split('?').next().unwrap_or_default())
    }
}

/// An answer.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) date: Option<String>,
    pub(super) age: Option<String>,
    pub(super) link: Option<String>,
    retry_after: Option<u64>,
    rate_remaining: Option<u64>,
    rate_reset: Option<i64>,
    pub(super) body: String,
}

impl Reply {
    /// All but the body.
    pub(super) fn head(status: StatusCode, headers: &HeaderMap) -> Self {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let number = |name: &str| header(name).and_then(|text| text.trim().parse::<u64>().ok());
        Self {
            status: status.as_u16(),
            date: header("date"),
            age: header("age"),
            link: header("link"),
            retry_after: number("retry-after"),
            rate_remaining: number("x-ratelimit-remaining"),
            rate_reset: header("x-ratelimit-reset").and_then(|text| text.trim().parse().ok()),
            body: String::new(),
        }
    }

    pub(super) fn is_rate_limit(&self) -> bool {
        self.status == 429 || (self.status == 403 && (self.retry_after.is_some() || self.rate_remaining == Some(0)))
    }

    /// How long the forge asks to wait; `None` for an answer that will not change by waiting.
    pub(super) fn wait(&self) -> Option<Duration> {
        if self.is_rate_limit() {
            let until_reset = || {
                let now: jiff::Timestamp = self.date.as_deref().and_then(parse_date)?;
                u64::try_from(self.rate_reset? - now.as_second()).ok()
            };
            let seconds = self.retry_after.or_else(until_reset).unwrap_or(60);
            return Some(Duration::from_secs(seconds));
        }
        matches!(self.status, 500..=599).then_some(Duration::ZERO)
    }
}

/// An HTTP date (RFC 9110, 5.6.7), in the form that servers send: `Sun, 06 Nov 1994 08:49:37 GMT`.
pub(super) fn parse_date(text: &str) -> Option<jiff::Timestamp> {
    let text = text.trim().strip_suffix("GMT")?;
    let civil = jiff::civil::DateTime::strptime("%a, %d %b %Y %H:%M:%S", text.trim()).ok()?;
    civil.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

/// A JSON body.
pub(super) fn parse<T: DeserializeOwned>(call: &Call<'_>, body: &str) -> Result<T, ForgeError> {
    serde_json::from_str(body).map_err(|error| ForgeError::Answer { call: call.name(), why: one_line(&error) })
}

pub(super) fn one_line(error: &serde_json::Error) -> String {
    error.to_string().chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect()
}

/// The URL of `rel="next"` in a `Link` header (RFC 8288).
pub(super) fn next_link(header: &str) -> Option<&str> {
    header.split(',').find_map(|link| {
        let (url, parameters) = link.split_once(';')?;
        let next = parameters.split(';').any(|parameter| matches!(parameter.trim(), "rel=\"next\"" | "rel=next"));
        next.then(|| url.trim().strip_prefix('<')?.strip_suffix('>')).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_next_page() {
        let header = r#"<https://h/a?page=1>; rel="prev", <https://h/a?page=3&x=,>; rel="last", <https://h/a?page=3>; rel="next""#;
        assert_eq!(next_link(header), Some("https://h/a?page=3"));
        assert_eq!(next_link(r#"<https://h/a>; rel="last""#), None);
        assert_eq!(next_link("garbage"), None);
    }

    #[test]
    fn reads_dates() {
        let date = parse_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        assert_eq!(date.to_string(), "1994-11-06T08:49:37Z");
        for text in ["", "1994-11-06T08:49:37Z", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 PST"] {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }
}
