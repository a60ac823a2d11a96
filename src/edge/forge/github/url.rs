//! Where the API is, and how names become parts of a path.

use super::super::ForgeError;

/// The API's address. For GitHub Enterprise Server octocrab has to be given `https://HOST/api`, so that both
/// `/v3/…` (REST) and `/graphql` lie below it: with `/api/v3` it would send GraphQL to `/api/v3/graphql`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Api {
    base: String,
    prefix: &'static str,
    host: String,
}

impl Api {
    /// From `GITHUB_API_URL`: `https://api.github.com` or `https://HOST/api/v3`.
    ///
    /// # Errors
    /// Anything but `https:`; `http:` only to the loopback interface, for tests.
    pub fn new(url: &str) -> Result<Self, ForgeError> {
        let text = url.trim().trim_end_matches('/');
        let wrong = |why| ForgeError::Url { url: without_credentials(text), why };
        let (scheme, rest) = text.split_once("://").ok_or_else(|| wrong("it is not a URL"))?;
        let (authority, path) = rest.split_once('/').map_or((rest, ""), |(authority, path)| (authority, path));
        if authority.is_empty() || authority.contains(['@', '\\', ' ']) || text.contains(['?', '#']) {
            return Err(wrong("it has credentials, a query or a fragment"));
        }
        let authority = authority.to_ascii_lowercase();
        let name = match authority.strip_prefix('[') {
            Some(v6) => v6.split(']').next().unwrap_or_default(),
            None => authority.split(':').next().unwrap_or_default(),
        };
        match scheme {
            "https" => {}
            "http" if matches!(name, "127.0.0.1" | "::1" | "localhost") => {}
            _ => return Err(wrong("only https is accepted")),
        }
        let host = if authority == "api.github.com" { "github.com".to_owned() } else { authority.clone() };
        let (base, prefix) = match path {
            "" => (format!("{scheme}://{authority}"), ""),
            "api/v3" => (format!("{scheme}://{authority}/api"), "/v3"),
            _ => return Err(wrong("its path is neither empty nor /api/v3")),
        };
        Ok(Self { base, prefix, host })
    }

    /// The base for octocrab.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// What stands before a path: REST has a prefix on GitHub Enterprise Server, GraphQL has none.
    pub(super) fn rest_prefix(&self, path: &str) -> &'static str {
        if path == "/graphql" { "" } else { self.prefix }
    }

    /// The forge's host, as subjects name it: `github.com`.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The path of a URL below the REST root; `None` if it is elsewhere.
    pub(super) fn below(&self, url: &str) -> Option<String> {
        let rest = url.strip_prefix(&self.base)?.strip_prefix(self.prefix)?;
        (rest.starts_with('/') && !rest.contains("/../")).then(|| rest.to_owned())
    }
}

fn without_credentials(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    format!("{scheme}://{}", rest.chars().filter(|c| !c.is_control()).take(200).collect::<String>())
}

/// One segment of a path: everything but unreserved characters is percent-encoded (RFC 3986, 2.3); `.` and `..`
/// are no names.
pub(super) fn segment(name: &str) -> Result<String, ForgeError> {
    if matches!(name, "" | "." | "..") || name.len() > 300 {
        return Err(ForgeError::Name(name.chars().filter(|c| !c.is_control()).take(80).collect()));
    }
    Ok(name.bytes().fold(String::new(), |mut text, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => text.push(char::from(byte)),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
        text
    }))
}

/// A path of several segments.
pub(super) fn segments(path: &str) -> Result<String, ForgeError> {
    let encoded: Result<Vec<String>, ForgeError> = path.split('/').map(segment).collect();
    Ok(encoded?.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_kinds_of_address() {
        let api = Api::new("https://api.github.com/").unwrap();
        assert_eq!((api.base(), api.rest_prefix("/x"), api.host()), ("https://api.github.com", "", "github.com"));
        let api = Api::new("https://GHE.example:8443/api/v3").unwrap();
        assert_eq!((api.base(), api.rest_prefix("/x")), ("https://ghe.example:8443/api", "/v3"));
        assert_eq!((api.rest_prefix("/graphql"), api.host()), ("", "ghe.example:8443"));
        assert_eq!(api.below("https://ghe.example:8443/api/v3/repos/o?page=2").as_deref(), Some("/repos/o?page=2"));
        assert_eq!(api.below("https://evil.example/api/v3/repos"), None);
        assert_eq!(api.below("https://ghe.example:8443.evil/api/v3/repos"), None);
        assert_eq!(Api::new("http://127.0.0.1:80").unwrap().host(), "127.0.0.1:80");
    }

    #[test]
    fn a55_refuses_what_would_send_the_token_elsewhere() {
        for url in [
            "http://api.github.com",
            "http://localhost.evil.example",
            "https://user:pw@api.github.com",
            "https://api.github.com?x=1",
            "https://api.github.com/other",
            "ftp://api.github.com",
            "api.github.com",
            "",
            "https://",
        ] {
            let error = Api::new(url).unwrap_err();
            assert!(!error.to_string().contains("pw"), "{error}");
        }
    }

    #[test]
    fn a54_names_stay_one_segment() {
        assert_eq!(segment("../x?y#").unwrap(), "..%2Fx%3Fy%23");
        assert_eq!(segment("a%2fb").unwrap(), "a%252fb");
        assert_eq!(segments("docs/CODE OWNERS").unwrap(), "docs/CODE%20OWNERS");
        for name in ["", ".", "..", "a/../b", "/a"] {
            assert!(segments(name).is_err(), "{name}");
        }
    }
}
