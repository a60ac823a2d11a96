//! Ledger and claims in a real S3: moto's server, from PyPI. Skipped, with a line that says so, where `moto_server`
//! is neither on `PATH` nor named by `TOLLGATE_MOTO`.

#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, clippy::print_stderr, reason = "tests")]

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Barrier, Mutex};
use std::time::Duration;

use tollgate::approval::{Digest, PlanRun};
use tollgate::edge::store::{
    ClaimNote, CloudStore, Created, LedgerError, ObjectStore, append, claim, claim_of, read_all,
};
use tollgate::ledger::{Entry, EventKind, TimeSource, Workload};

struct Moto {
    server: Child,
    /// Where the tests connect: one request after the other goes on to moto.
    port: u16,
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl Moto {
    fn start() -> Option<Self> {
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
    fn put(&self, path: &str, body: &[u8]) -> String {
        self.request("PUT", path, body)
    }

    fn request(&self, method: &str, path: &str, body: &[u8]) -> String {
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

    fn store(&self, folder: &str) -> CloudStore {
        let endpoint = format!("http://127.0.0.1:{}", self.port);
        let variables = [
            ("AWS_ENDPOINT", endpoint.as_str()),
            ("AWS_ALLOW_HTTP", "true"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "x"),
            ("AWS_SECRET_ACCESS_KEY", "y"),
        ];
        let variables = variables.map(|(name, text)| (name.to_owned(), text.to_owned()));
        CloudStore::open(&format!("s3://bucket/{folder}"), variables).unwrap()
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

fn note(run: u64) -> ClaimNote {
    let run = PlanRun { id: run, attempt: 1 };
    ClaimNote::new(Digest::of(b"subject"), "2026-03-01T12:00:00Z".into(), Some(run))
}

fn entry(run: u64) -> Entry {
    Entry {
        time: "2026-03-01T12:00:00Z".into(),
        time_source: TimeSource::Server,
        event: EventKind::Claim,
        repository: "github.com/o/r".into(),
        pull_request: None,
        stack: None,
        subject: None,
        plan_sha256: None,
        policy_digest: None,
        risk: None,
        actor: None,
        approvers: vec![],
        reason: None,
        opens: None,
        expires: None,
        claim: None,
        exit_status: None,
        detail: None,
        workload: Workload { run_id: Some(run), ..Workload::default() },
    }
}

#[test]
fn sixteen_concurrent_claims_have_one_winner() {
    let Some(moto) = Moto::start() else { return };
    let barrier = Barrier::new(16);
    let won: Vec<bool> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..16)
            .map(|run| {
                let (moto, barrier) = (&moto, &barrier);
                scope.spawn(move || {
                    let store = moto.store("claims");
                    barrier.wait();
                    claim(&store, &note(run)).unwrap().is_ok()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(won.iter().filter(|won| **won).count(), 1, "{won:?}");
    let (_, kept) = claim_of(&moto.store("claims"), Digest::of(b"subject")).unwrap().unwrap();
    let winner = won.iter().position(|won| *won).unwrap();
    assert_eq!(kept.unwrap().run_id, Some(winner as u64));
}

#[test]
fn change_removal_and_a_cut_tail_of_the_ledger_are_found() {
    let Some(moto) = Moto::start() else { return };
    let store = moto.store("a/b");
    for run in 0..4 {
        append(&store, &entry(run)).unwrap();
    }
    let whole = read_all(&store, None).unwrap();
    assert_eq!(whole.records.len(), 4);
    let keys = store.list("ledger/").unwrap();
    let second = store.read(&keys[1]).unwrap().unwrap();
    let path = |key: &str| format!("/bucket/a/b/{key}");
    // Created once: tollgate itself cannot overwrite.
    assert_eq!(store.create(&keys[1], b"{}").unwrap(), Created::Existed);
    // Changed.
    let changed = String::from_utf8(second.clone()).unwrap().replace("\"run_id\":1", "\"run_id\":9");
    assert_ne!(changed.as_bytes(), second);
    moto.put(&path(&keys[1]), changed.as_bytes());
    assert!(matches!(read_all(&store, None), Err(LedgerError::Damaged(_))));
    // Removed.
    moto.request("DELETE", &path(&keys[1]), b"");
    assert!(matches!(read_all(&store, None), Err(LedgerError::Damaged(_))));
    // Whole again, then its tail cut off: seen against the checkpoint alone.
    moto.put(&path(&keys[1]), &second);
    assert!(read_all(&store, Some(whole.checkpoint)).is_ok());
    moto.request("DELETE", &path(&keys[3]), b"");
    assert!(read_all(&store, None).is_ok());
    assert!(matches!(read_all(&store, Some(whole.checkpoint)), Err(LedgerError::Damaged(_))));
}

#[test]
fn a_store_that_does_not_answer_is_an_error_and_not_an_empty_ledger() {
    let Some(moto) = Moto::start() else { return };
    let store = moto.store("x");
    assert!(store.read("claims/none").unwrap().is_none());
    let options = [("AWS_REGION", "us-east-1"), ("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "y")];
    let mut options: Vec<(String, String)> = options.map(|(a, b)| (a.to_owned(), b.to_owned())).into();
    // Plain HTTP is refused unless it is allowed by name.
    options.push(("AWS_ENDPOINT".to_owned(), format!("http://127.0.0.1:{}", moto.port)));
    let closed = CloudStore::open("s3://bucket/x", options).unwrap();
    assert!(closed.list("ledger/").is_err() && read_all(&closed, None).is_err());
}

#[test]
fn addresses_with_credentials_or_queries_are_no_stores() {
    for url in
        ["s3://key:secret@bucket/x", "s3://bucket/x?sig=1", "https://bucket.s3.amazonaws.com", "s3://b/../x", "x"]
    {
        let error = CloudStore::open(url, []).unwrap_err().to_string();
        assert!(!error.contains("secret") && !error.contains("sig"), "{error}");
    }
}
