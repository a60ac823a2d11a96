//! Google Cloud Storage: fake-gcs-server.
//!
//! tollgate writes objects by Google's XML API (`PUT /BUCKET/OBJECT`, the condition in the header
//! `x-goog-if-generation-match`), which fake-gcs-server has for reading alone. Its JSON API takes the same condition
//! as `ifGenerationMatch` and decides it under the lock that also stores. So a relay turns the one form into the other
//! (<https://cloud.google.com/storage/docs/xml-api/reference-headers#xgoogifgenerationmatch>,
//! <https://cloud.google.com/storage/docs/json_api/v1/objects/insert>). What these tests show is that tollgate sends
//! the condition with every object that it makes, and how it takes the answers; that Google's XML API honours the
//! header is its documentation's word.

use super::relay::Request;
use super::{Action, Cloud, Kind, free_port, relay, spawn};

static KIND: Kind = Kind {
    scheme: "gs",
    variables: |port| {
        let account = format!(
            r#"{{"gcs_base_url": "http://127.0.0.1:{port}", "disable_oauth": true, "client_email": "", "private_key": "", "private_key_id": ""}}"#
        );
        vec![("GOOGLE_SERVICE_ACCOUNT_KEY", account), ("GOOGLE_ALLOW_HTTP", "true".into())]
    },
    request: |action| {
        let encoded = |key: &str| key.replace('/', "%2F");
        let (method, path) = match action {
            Action::Make => {
                return ("POST", "/storage/v1/b?project=p".to_owned(), "Content-Type: application/json\r\n");
            }
            Action::Put(key) => ("PUT", format!("/bucket/{}", encoded(key))),
            Action::Get(key) => ("GET", format!("/bucket/{key}")),
            Action::Delete(key) => ("DELETE", format!("/storage/v1/b/bucket/o/{}", encoded(key))),
            Action::List(prefix) => ("GET", format!("/bucket?list-type=2&prefix={prefix}")),
        };
        (method, path, "")
    },
    make: br#"{"name": "bucket"}"#,
    name: "Key",
};

/// A write by the XML API as one by the JSON API: name and contents are two parts of the body.
fn json_for_xml(request: &mut Request) {
    let mut words = request.line.split(' ').map(str::to_owned);
    let (Some(method), Some(path), Some(version)) = (words.next(), words.next(), words.next()) else { return };
    let ("PUT", Some(name)) = (method.as_str(), path.strip_prefix("/bucket/")) else { return };
    let condition = request.take("x-goog-if-generation-match");
    let condition = condition.map_or_else(String::new, |generation| format!("&ifGenerationMatch={generation}"));
    request.line = format!("POST /upload/storage/v1/b/bucket/o?uploadType=multipart{condition} {version}");
    request.take("content-type");
    request.headers.push("Content-Type: multipart/related; boundary=part".to_owned());
    // Names of ours hold nothing else that is encoded.
    let name = name.replace("%2F", "/").replace("%2D", "-").replace("%2E", ".");
    assert!(!name.contains('%'), "{name}");
    let head = format!(
        "--part\r\nContent-Type: application/json\r\n\r\n{{\"name\": \"{name}\"}}\r\n--part\r\nContent-Type: application/octet-stream\r\n\r\n"
    );
    request.body = [head.as_bytes(), &request.body, b"\r\n--part--\r\n"].concat();
}

/// The XML API names the object's version in headers, the JSON API in its body.
fn with_etag(answer: Vec<u8>) -> Vec<u8> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let Some((head, rest)) = end.and_then(|end| answer.split_at_checked(end)) else { return answer };
    if String::from_utf8_lossy(head).to_ascii_lowercase().contains("\r\netag:") {
        return answer;
    }
    [head, b"\r\nETag: \"1\"", rest].concat()
}

pub(super) fn start() -> Option<Cloud> {
    let upstream = free_port();
    let port = relay::before(upstream, json_for_xml, with_etag);
    let (port_text, host) = (upstream.to_string(), format!("127.0.0.1:{port}"));
    let args =
        ["-scheme", "http", "-backend", "memory", "-host", "127.0.0.1", "-port", &port_text, "-public-host", &host];
    let install = "go install github.com/fsouza/fake-gcs-server@latest";
    let server = spawn("TOLLGATE_FAKE_GCS", "fake-gcs-server", install, &args)?;
    Some(Cloud { server, port, kind: &KIND, _directory: None }.ready(upstream))
}
