//! The server: a thread a connection, one request a connection, faults on demand.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Value, json};

use super::state::State;
use super::{graphql, rest, whole};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FaultKind {
    /// No answer within the client's patience.
    Timeout,
    /// An answer of this status.
    Status(u16),
    /// A primary rate limit: 403, nothing left, a reset in an hour.
    RateLimit,
    /// The connection is closed before an answer.
    Reset,
    /// Half of the body, with a length that fits the half.
    HalfBody,
    /// Half of the body, with the length of the whole.
    CutBody,
    /// Not JSON.
    Garbage,
    /// JSON of another shape.
    WrongShape,
    /// Carried out, but the connection is closed before the answer.
    LostAnswer,
}

/// A fault at the n-th request from now on, counted from 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    pub(crate) at: usize,
    pub(crate) kind: FaultKind,
    /// Also at all requests after it.
    pub(crate) lasting: bool,
}

/// What is done to the JSON of an answer, with the number of the request since the faults were set.
pub(crate) type Damage = Arc<dyn Fn(usize, &mut Value) + Send + Sync>;

/// What the clock of the answers says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Clock {
    /// The state's time.
    #[default]
    True,
    /// No `Date`.
    Missing,
    /// An answer this many seconds old.
    Cached(u64),
}

/// One request and its answer.
#[derive(Clone, Debug, serde::Serialize)]
pub(crate) struct Exchange {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) request: Option<Value>,
    pub(crate) status: u16,
    /// What the fake says of itself; the rest of the answer is from `templates.json`.
    pub(crate) raw: Value,
    pub(crate) response: Value,
    /// Whether a test asked for a faulty answer.
    pub(crate) fault: bool,
}

/// Somebody acts while tollgate reads.
pub(crate) type Race = fn(&mut State);

#[derive(Default)]
pub(crate) struct Control {
    pub(crate) faults: Vec<Fault>,
    pub(crate) clock: Clock,
    /// Since a test last cleared it.
    pub(crate) log: Vec<Exchange>,
    /// All of them, as lines of JSON, where they are kept.
    pub(crate) kept: String,
    pub(crate) violations: Vec<String>,
    count: usize,
    /// What happens right before the n-th request from now on is answered.
    races: Vec<(usize, Race)>,
    damage: Option<Damage>,
    /// A call that fails however often it is tried: which fault, and the request once it came.
    stubborn: Option<(FaultKind, Option<(String, String)>)>,
}

impl Control {
    /// Faults count from the next request.
    pub(crate) fn fail(&mut self, faults: &[Fault]) {
        self.count = 0;
        self.faults = faults.to_vec();
        self.stubborn = None;
        self.races.clear();
        self.damage = None;
    }

    /// Every answer from now on is damaged so.
    pub(crate) fn damage(&mut self, damage: Damage) {
        self.fail(&[]);
        self.damage = Some(damage);
    }

    /// Somebody acts right before the n-th request from now on.
    pub(crate) fn race(&mut self, at: usize, race: Race) {
        self.fail(&[]);
        self.races.push((at, race));
    }

    /// The n-th request from now on fails, and so does every try of it again.
    pub(crate) fn fail_call(&mut self, at: usize, kind: FaultKind) {
        self.fail(&[Fault { at, kind, lasting: false }]);
        self.stubborn = Some((kind, None));
    }

    /// And right before this one.
    pub(crate) fn also_race(&mut self, at: usize, race: Race) {
        self.races.push((at, race));
    }

    /// What goes wrong with the next request.
    fn next_fault(&mut self, request: &Request) -> Option<FaultKind> {
        let count = self.count;
        self.count += 1;
        let key = (request.method.clone(), format!("{}{:?}{:?}", request.path, request.query, request.body));
        let found = self.faults.iter().find(|f| f.at == count || (f.lasting && count > f.at)).map(|f| f.kind);
        match &mut self.stubborn {
            Some((_, failed)) if found.is_some() => *failed = Some(key),
            Some((kind, Some(failed))) if *failed == key => return Some(*kind),
            // Another call: the failing one was given up.
            Some((_, failed @ Some(_))) => *failed = None,
            _ => {}
        }
        found
    }
}

pub(crate) struct FakeGitHub {
    address: String,
    state: Arc<Mutex<State>>,
    control: Arc<Mutex<Control>>,
    stop: Arc<AtomicBool>,
}

pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) token: String,
    pub(super) body: Option<Value>,
}

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
    pub(super) next: Option<String>,
}

/// The fake answers this when a request is not what GitHub knows.
pub(super) enum Problem {
    Status(u16, String),
    Violation(String),
}

impl Request {
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl FakeGitHub {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let state = Arc::new(Mutex::new(State::new()));
        let control = Arc::new(Mutex::new(Control::default()));
        let stop = Arc::new(AtomicBool::new(false));
        let (shared, faults, stopped) = (Arc::clone(&state), Arc::clone(&control), Arc::clone(&stop));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let (state, control) = (Arc::clone(&shared), Arc::clone(&faults));
                std::thread::spawn(move || serve(stream, &state, &control));
            }
        });
        Self { address, state, control, stop }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn enterprise_url(&self) -> String {
        format!("http://{}/api/v3", self.address)
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(crate) fn control(&self) -> MutexGuard<'_, Control> {
        self.control.lock().unwrap()
    }
}

impl FakeGitHub {
    /// Keeps what was exchanged in the folder `TOLLGATE_EXCHANGES`, where `contract/validate.mjs` finds it.
    fn keep(&self) {
        let kept = std::mem::take(&mut self.control().kept);
        if let Some(folder) = exchanges() {
            let port = self.address.rsplit(':').next().unwrap();
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join(format!("{}-{port}.jsonl", std::process::id())), kept).unwrap();
        }
    }
}

fn exchanges() -> Option<std::path::PathBuf> {
    std::env::var_os("TOLLGATE_EXCHANGES").map(Into::into)
}

impl Drop for FakeGitHub {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(&self.address);
        self.keep();
        if !std::thread::panicking() {
            let violations = std::mem::take(&mut self.control().violations);
            assert!(violations.is_empty(), "requests that GitHub does not know: {violations:#?}");
        }
    }
}

fn serve(mut stream: TcpStream, state: &Mutex<State>, control: &Mutex<Control>) {
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let Some((request, headers)) = read(&stream) else { return };
    state.lock().unwrap().tick();
    let (fault, race, number) = {
        let mut control = control.lock().unwrap();
        let number = control.count;
        let race = control.races.iter().find(|(at, _)| *at == control.count).map(|(_, race)| *race);
        (control.next_fault(&request), race, number)
    };
    if let Some(race) = race {
        race(&mut state.lock().unwrap());
    }
    let fault = fault.or_else(|| state.lock().unwrap().over_limit(&request.token).then_some(FaultKind::RateLimit));
    match fault {
        Some(FaultKind::Timeout) => return std::thread::sleep(Duration::from_millis(1300)),
        Some(FaultKind::Reset) => return,
        _ => {}
    }
    let mut answer = match fault {
        Some(FaultKind::Status(status)) => {
            Answer { status, body: json!({ "message": "fault", "documentation_url": "" }), next: None }
        }
        Some(FaultKind::RateLimit) => Answer { status: 403, body: json!({ "message": "rate limit" }), next: None },
        _ => answer(&request, &headers, state, control),
    };
    let raw = answer.body.clone();
    whole::complete(&request.method, &request.path, &mut answer);
    let mut control = control.lock().unwrap();
    let damage = control.damage.clone();
    if let Some(damage) = &damage {
        damage(number, &mut answer.body);
    }
    let exchange = Exchange {
        method: request.method.clone(),
        path: request.path.clone(),
        query: request.query.clone(),
        request: request.body.clone(),
        status: answer.status,
        raw,
        response: answer.body.clone(),
        fault: fault.is_some() || damage.is_some(),
    };
    if exchanges().is_some() && answer.status != 418 {
        control.kept += &(serde_json::to_string(&exchange).unwrap() + "\n");
    }
    control.log.push(exchange);
    if fault == Some(FaultKind::LostAnswer) {
        return;
    }
    let mut body = if answer.status == 204 { String::new() } else { answer.body.to_string() };
    match fault {
        Some(FaultKind::Garbage) => body = "<html>unicorn</html>".into(),
        Some(FaultKind::WrongShape) => body = "{\"unexpected\":[1]}".into(),
        Some(FaultKind::HalfBody) => body.truncate(body.len() / 2),
        _ => {}
    }
    let now = state.lock().unwrap().now;
    let mut head = format!("HTTP/1.1 {} x\r\nContent-Type: application/json\r\nConnection: close\r\n", answer.status);
    head += &format!("Content-Length: {}\r\n", body.len());
    match control.clock {
        Clock::True => head += &date(now),
        Clock::Missing => {}
        Clock::Cached(age) => head += &format!("{}Age: {age}\r\n", date(now)),
    }
    if fault == Some(FaultKind::RateLimit) {
        head += &format!("x-ratelimit-remaining: 0\r\nx-ratelimit-reset: {}\r\n", now.as_second() + 3600);
    }
    if let Some(next) = &answer.next {
        let host = headers.iter().find(|(name, _)| name == "host").map_or("", |(_, value)| value);
        head += &format!("Link: <http://{host}{next}>; rel=\"next\", <http://{host}/x>; rel=\"last\"\r\n");
    }
    drop(control);
    let bytes = body.as_bytes();
    let sent = if fault == Some(FaultKind::CutBody) { &bytes[..bytes.len() / 2] } else { bytes };
    let _ = stream.write_all(format!("{head}\r\n").as_bytes());
    let _ = stream.write_all(sent);
}

fn date(now: jiff::Timestamp) -> String {
    let zoned = now.to_zoned(jiff::tz::TimeZone::UTC);
    format!("Date: {}\r\n", zoned.strftime("%a, %d %b %Y %H:%M:%S GMT"))
}

fn answer(request: &Request, headers: &[(String, String)], state: &Mutex<State>, control: &Mutex<Control>) -> Answer {
    let mut state = state.lock().unwrap();
    let header = |name: &str| headers.iter().any(|(key, _)| key == name);
    let result = if !header("user-agent") || !header("x-github-api-version") {
        Err(Problem::Violation("no User-Agent or X-GitHub-Api-Version".into()))
    } else if !state.tokens.contains_key(request.token.as_str()) {
        Err(Problem::Status(401, "Bad credentials".into()))
    } else if request.path.ends_with("/graphql") {
        graphql::answer(request, &mut state)
    } else {
        rest::answer(request, &mut state)
    };
    match result {
        Ok(answer) => answer,
        Err(Problem::Status(status, message)) => {
            Answer { status, body: json!({ "message": message, "documentation_url": "https://docs" }), next: None }
        }
        Err(Problem::Violation(text)) => {
            let text = format!("{} {}: {text}", request.method, request.path);
            control.lock().unwrap().violations.push(text.clone());
            Answer { status: 418, body: json!({ "message": text }), next: None }
        }
    }
}

fn read(stream: &TcpStream) -> Option<(Request, Vec<(String, String)>)> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let find = |name: &str| headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    let length: usize = find("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(key), decode(value))
    });
    let authorization = find("authorization").unwrap_or_default();
    let token = authorization.split_once(' ').map_or("", |(_, token)| token).to_owned();
    let request = Request {
        method,
        path: path.to_owned(),
        query: pairs.collect(),
        token,
        body: serde_json::from_slice(&body).ok(),
    };
    Some((request, headers))
}

pub(super) fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let pair = tail.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        let byte = pair.filter(|_| *first == b'%').and_then(|pair| u8::from_str_radix(pair, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8(bytes).unwrap()
}
