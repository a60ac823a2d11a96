//! A real S3: moto's server, from PyPI. `None`, with a line that says so, where `moto_server` is neither on `PATH`
//! nor named by `TOLLGATE_MOTO`.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(crate) struct Moto {
    server: Child,
    /// Where the tests connect: one request after the other goes on to moto.
    pub(crate) port: u16,
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl Moto {
    pub(crate) fn start() -> Option<Self> {
        let program = std::env::var("TOLLGATE_MOTO").unwrap_or_else(|_| "moto_server".to_owned());
        let upstream = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(program);
        command.args(["-H", "127.0.0.1", "-p", &upstream.to_string()]).stdout(Stdio::null()).stderr(Stdio::null());
        let Ok(server) = command.spawn() else {
            eprintln!(
                "skipped: moto_server is not on PATH (pip install 'moto[server,s3]') and TOLLGATE_MOTO is not set"
            );
            return None;
        };
        let moto = Self { server, port: one_at_a_time(upstream) };
        for _ in 0..300 {
            if TcpStream::connect(("127.0.0.1", upstream)).is_ok() {
                assert!(moto.put("/bucket", b"").starts_with("HTTP/1.1 200"));
                return Some(moto);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("moto_server does not answer");
    }

    /// A write behind tollgate's back; moto checks no signatures.
    pub(crate) fn put(&self, path: &str, body: &[u8]) -> String {
        self.request("PUT", path, body)
    }

    pub(crate) fn request(&self, method: &str, path: &str, body: &[u8]) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let authorization =
            "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0";
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: {authorization}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            self.port,
            body.len()
        )
        .unwrap();
        stream.write_all(body).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// An object's text.
    pub(crate) fn get(&self, path: &str) -> String {
        let answer = self.request("GET", path, b"");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        body.to_owned()
    }

    /// The names of all objects below a prefix, sorted.
    pub(crate) fn keys(&self, prefix: &str) -> Vec<String> {
        let list = self.get(&format!("/bucket?list-type=2&prefix={prefix}"));
        list.split("<Key>").skip(1).map(|rest| rest.split('<').next().unwrap().to_owned()).collect()
    }

    /// The variables that make an S3 client come here.
    pub(crate) fn variables(&self) -> [(String, String); 5] {
        let endpoint = format!("http://127.0.0.1:{}", self.port);
        let variables = [
            ("AWS_ENDPOINT", endpoint.as_str()),
            ("AWS_ALLOW_HTTP", "true"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "x"),
            ("AWS_SECRET_ACCESS_KEY", "y"),
        ];
        variables.map(|(name, text)| (name.to_owned(), text.to_owned()))
    }
}

/// A proxy that lets one request through at a time.
///
/// S3 decides `If-None-Match: *` and stores in one step; moto 5.2 looks the object up (`s3/responses.py`,
/// `put_object`) and stores it afterwards, in threads. Sixteen bare conditional writes at once, without any code of
/// tollgate, made two objects "new" in 11 of 150 rounds when Python was told to switch threads often
/// (`sys.setswitchinterval(1e-6)`).
fn one_at_a_time(upstream: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let turn = Arc::new(Mutex::new(()));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (Ok(stream), turn) = (stream, Arc::clone(&turn)) else { continue };
            std::thread::spawn(move || relay(stream, upstream, &turn));
        }
    });
    port
}

/// One request of one connection, and its answer.
fn relay(mut client: TcpStream, upstream: u16, turn: &Mutex<()>) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte).ok()?;
        head.extend(byte);
    }
    let text = String::from_utf8_lossy(&head).into_owned();
    let lines = || text.split("\r\n").filter(|line| !line.is_empty());
    let is = |line: &str, name: &str| line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    let length = lines().find(|line| is(line, "content-length:")).and_then(|line| line.split(':').nth(1));
    let mut body = vec![0; length.map_or(0, |text| text.trim().parse().unwrap())];
    client.read_exact(&mut body).ok()?;
    let kept: Vec<&str> = lines().filter(|line| !is(line, "connection:")).collect();
    let _turn = turn.lock().ok()?;
    let mut server = TcpStream::connect(("127.0.0.1", upstream)).ok()?;
    server.write_all(format!("{}\r\nConnection: close\r\n\r\n", kept.join("\r\n")).as_bytes()).ok()?;
    server.write_all(&body).ok()?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).ok()?;
    // The server says `Connection: close`, so the client asks again by another connection.
    client.write_all(&answer).ok()
}
