//! Real stores of the three clouds' kinds, run locally: moto's server for S3, fake-gcs-server for Google Cloud
//! Storage, Azurite for Azure Blob Storage. Where a program is missing, its tests say so in one line and skip.

mod azurite;
mod gcs;
mod moto;
mod relay;

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A server with an empty bucket (container) named `bucket`.
pub(crate) struct Cloud {
    server: Child,
    /// Where the tests connect.
    port: u16,
    kind: &'static Kind,
    /// What the server writes to, gone with it.
    _directory: Option<tempfile::TempDir>,
}

/// What differs between the clouds.
struct Kind {
    scheme: &'static str,
    /// The variables that make tollgate come here.
    variables: fn(u16) -> Vec<(&'static str, String)>,
    /// Method, path and headers of a request that nobody has to sign.
    request: fn(Action<'_>) -> (&'static str, String, &'static str),
    /// The body of the request that makes the bucket.
    make: &'static [u8],
    /// The element of a listing that holds a name.
    name: &'static str,
}

/// What somebody does to the bucket behind tollgate's back.
enum Action<'a> {
    Make,
    Put(&'a str),
    Get(&'a str),
    Delete(&'a str),
    List(&'a str),
}

impl Drop for Cloud {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl Cloud {
    pub(crate) fn s3() -> Option<Self> {
        moto::start()
    }

    pub(crate) fn gcs() -> Option<Self> {
        gcs::start()
    }

    pub(crate) fn azure() -> Option<Self> {
        azurite::start()
    }

    /// Waits until the server answers on its own port, and makes the bucket.
    fn ready(mut self, upstream: u16) -> Self {
        for _ in 0..3000 {
            let ended = self.server.try_wait().unwrap();
            assert!(ended.is_none(), "the server of {} ended: {ended:?}", self.kind.scheme);
            if TcpStream::connect(("127.0.0.1", upstream)).is_ok() {
                self.act(Action::Make, self.kind.make);
                return self;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("the server of {} does not answer", self.kind.scheme);
    }

    /// A folder of the bucket, as tollgate names it.
    pub(crate) fn url(&self, folder: &str) -> String {
        format!("{}://bucket/{folder}", self.kind.scheme)
    }

    pub(crate) fn variables(&self) -> Vec<(String, String)> {
        (self.kind.variables)(self.port).into_iter().map(|(name, text)| (name.to_owned(), text)).collect()
    }

    /// Writes an object, whether it exists or not.
    pub(crate) fn put(&self, key: &str, body: &[u8]) {
        self.act(Action::Put(key), body);
    }

    pub(crate) fn delete(&self, key: &str) {
        self.act(Action::Delete(key), b"");
    }

    /// An object's text.
    pub(crate) fn get(&self, key: &str) -> String {
        self.act(Action::Get(key), b"")
    }

    /// The names of all objects below a prefix, sorted.
    pub(crate) fn keys(&self, prefix: &str) -> Vec<String> {
        let list = self.act(Action::List(prefix), b"");
        let start = format!("<{}>", self.kind.name);
        list.split(&start).skip(1).map(|rest| rest.split('<').next().unwrap().to_owned()).collect()
    }

    fn act(&self, action: Action<'_>, body: &[u8]) -> String {
        let (method, path, headers) = (self.kind.request)(action);
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        // HTTP/1.0: no answer in chunks.
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nHost: 127.0.0.1:{}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n",
            self.port,
            body.len()
        )
        .unwrap();
        stream.write_all(body).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.get(8..11) == Some(" 20"), "{method} {path}: {answer}");
        body.to_owned()
    }
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The program that a variable or `PATH` names, started; `None`, with a line, if there is none.
fn spawn(variable: &str, name: &str, install: &str, args: &[&str]) -> Option<Child> {
    let program = std::env::var(variable).unwrap_or_else(|_| name.to_owned());
    let started = Command::new(program).args(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    if started.is_err() {
        eprintln!("skipped: {name} is not on PATH ({install}) and {variable} is not set");
    }
    started.ok()
}
