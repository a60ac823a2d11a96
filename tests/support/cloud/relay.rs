//! A relay in front of a server: one request after the other, each changed on its way.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A request: its first line, its headers, its body.
pub(super) struct Request {
    pub(super) line: String,
    pub(super) headers: Vec<String>,
    pub(super) body: Vec<u8>,
}

impl Request {
    /// Takes a header out.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let at = self.headers.iter().position(|header| is(header, name))?;
        Some(self.headers.remove(at).split_once(':')?.1.trim().to_owned())
    }
}

fn is(header: &str, name: &str) -> bool {
    header.split(':').next().is_some_and(|start| start.eq_ignore_ascii_case(name))
}

/// The port of a relay to `upstream`.
pub(super) fn before(upstream: u16, change: fn(&mut Request), answered: fn(Vec<u8>) -> Vec<u8>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let turn = Arc::new(Mutex::new(()));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (Ok(stream), turn) = (stream, Arc::clone(&turn)) else { continue };
            std::thread::spawn(move || relay(stream, upstream, &turn, change, answered));
        }
    });
    port
}

/// One request of one connection, and its answer.
fn relay(
    mut client: TcpStream,
    upstream: u16,
    turn: &Mutex<()>,
    change: fn(&mut Request),
    answered: fn(Vec<u8>) -> Vec<u8>,
) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte).ok()?;
        head.extend(byte);
    }
    let text = String::from_utf8_lossy(&head).into_owned();
    let mut lines = text.split("\r\n").filter(|line| !line.is_empty()).map(str::to_owned);
    let line = lines.next()?;
    let mut request = Request { line, headers: lines.collect(), body: Vec::new() };
    let length = request.headers.iter().find(|header| is(header, "content-length"));
    let length = length.and_then(|header| header.split(':').nth(1)).map_or(0, |text| text.trim().parse().unwrap());
    request.body = vec![0; length];
    client.read_exact(&mut request.body).ok()?;
    change(&mut request);
    request.take("connection");
    request.take("content-length");
    request.headers.push(format!("Content-Length: {}", request.body.len()));
    let _turn = turn.lock().ok()?;
    let mut server = TcpStream::connect(("127.0.0.1", upstream)).ok()?;
    let Request { line, headers, body } = request;
    server.write_all(format!("{line}\r\n{}\r\nConnection: close\r\n\r\n", headers.join("\r\n")).as_bytes()).ok()?;
    server.write_all(&body).ok()?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).ok()?;
    // The server says `Connection: close`, so the client asks again by another connection.
    client.write_all(&answered(answer)).ok()
}
