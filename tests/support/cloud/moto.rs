//! S3: moto's server, from PyPI.

use super::{Action, Cloud, Kind, free_port, relay, spawn};

/// moto checks no signatures.
const SIGNED: &str = "Authorization: AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0\r\n";

static KIND: Kind = Kind {
    scheme: "s3",
    variables: |port| {
        vec![
            ("AWS_ENDPOINT", format!("http://127.0.0.1:{port}")),
            ("AWS_ALLOW_HTTP", "true".into()),
            ("AWS_REGION", "us-east-1".into()),
            ("AWS_ACCESS_KEY_ID", "x".into()),
            ("AWS_SECRET_ACCESS_KEY", "y".into()),
        ]
    },
    request: |action| {
        let (method, path) = match action {
            Action::Make => ("PUT", "/bucket".to_owned()),
            Action::Put(key) => ("PUT", format!("/bucket/{key}")),
            Action::Get(key) => ("GET", format!("/bucket/{key}")),
            Action::Delete(key) => ("DELETE", format!("/bucket/{key}")),
            Action::List(prefix) => ("GET", format!("/bucket?list-type=2&prefix={prefix}")),
        };
        (method, path, SIGNED)
    },
    make: b"",
    name: "Key",
};

/// One request after the other goes on to moto.
///
/// S3 decides `If-None-Match: *` and stores in one step; moto 5.2 looks the object up (`s3/responses.py`,
/// `put_object`) and stores it afterwards, in threads. Sixteen bare conditional writes at once, without any code of
/// tollgate, made two objects "new" in 11 of 150 rounds when Python was told to switch threads often
/// (`sys.setswitchinterval(1e-6)`).
pub(super) fn start() -> Option<Cloud> {
    let upstream = free_port();
    let args = ["-H", "127.0.0.1", "-p", &upstream.to_string()];
    let server = spawn("TOLLGATE_MOTO", "moto_server", "pip install 'moto[server,s3]'", &args)?;
    let port = relay::before(upstream, |_| {}, |answer| answer);
    Some(Cloud { server, port, kind: &KIND, _directory: None }.ready(upstream))
}
