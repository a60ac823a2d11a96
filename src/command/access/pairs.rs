//! `tollgate access diff --pairs`: many comparisons in one process.

use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::access::aws::diff::Diff;
use crate::access::aws::parse::{Kind, Unread};
use crate::access::parts::in_parts;
use crate::access::{Reason, Verdict, Witness};
use crate::edge::files;
use crate::exit::Outcome;

use super::{AnswerFormat, PolicyKind};

/// The longest line that is read: two documents of the largest size, escaped twice over.
const MAX_LINE: u64 = 2 << 20;
/// So many lines, or bytes, are read before they are answered.
const BLOCK: usize = 4096;
const BLOCK_SIZE: usize = 16 << 20;
/// So many lines a thread answers at a time, at least.
const PIECE: usize = 16;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    before: &'a RawValue,
    #[serde(borrow)]
    after: &'a RawValue,
    kind: Option<String>,
}

#[derive(Serialize)]
struct Answer<'a> {
    id: Option<&'a RawValue>,
    verdict: Verdict,
    witness: Option<&'a Witness>,
    reasons: &'a [Reason],
}

#[derive(Serialize)]
struct Failure<'a> {
    id: Option<&'a RawValue>,
    verdict: Option<()>,
    error: String,
}

pub(super) fn run(file: &Path, kind: Option<PolicyKind>, format: AnswerFormat, out: &mut dyn Write) -> Result<Outcome> {
    if format != AnswerFormat::Json {
        bail!("`--pairs` answers in JSON only\n  help: add `--format json`");
    }
    let source: Box<dyn Read> =
        if file.as_os_str() == "-" { Box::new(std::io::stdin().lock()) } else { Box::new(files::open(file)?) };
    let mut source = BufReader::new(source);
    let mut out = BufWriter::new(out);
    let mut failed = false;
    loop {
        let (lines, more) = lines(&mut source, file);
        for answers in answers(&lines, kind)? {
            out.write_all(&answers.text)?;
            failed |= answers.failed;
        }
        if !more? {
            break;
        }
    }
    out.flush()?;
    Ok(if failed { Outcome::Error } else { Outcome::Success })
}

/// The next lines, without those that are empty, and whether there are more.
fn lines(source: &mut impl BufRead, file: &Path) -> (Vec<Vec<u8>>, Result<bool>) {
    let (mut lines, mut size) = (Vec::new(), 0);
    while lines.len() < BLOCK && size < BLOCK_SIZE {
        let mut line = Vec::new();
        match source.take(MAX_LINE).read_until(b'\n', &mut line).context("cannot read the pairs") {
            Ok(0) => return (lines, Ok(false)),
            Ok(_) if line.last() != Some(&b'\n') && line.len() as u64 == MAX_LINE => {
                let error = anyhow!("a line of `{}` is longer than {MAX_LINE} bytes", file.display());
                return (lines, Err(error));
            }
            Ok(read) => size += read,
            Err(error) => return (lines, Err(error)),
        }
        if !line.trim_ascii().is_empty() {
            lines.push(line);
        }
    }
    (lines, Ok(true))
}

/// The answers to lines that follow each other.
struct Answers {
    text: Vec<u8>,
    failed: bool,
}

/// Answers lines with all processors; the answers are in the order of the lines.
fn answers(lines: &[Vec<u8>], kind: Option<PolicyKind>) -> Result<Vec<Answers>> {
    let answered = in_parts(lines, PIECE, usize::MAX, |lines| {
        let (mut text, mut failed) = (Vec::new(), false);
        for line in lines {
            failed |= !answer(line.trim_ascii(), kind, &mut text)?;
            text.push(b'\n');
        }
        Ok(Answers { text, failed })
    });
    answered.into_iter().collect()
}

/// Answers one line; `false` where it could not be decided.
fn answer(line: &[u8], kind: Option<PolicyKind>, out: &mut Vec<u8>) -> Result<bool> {
    let question: Question<'_> = match serde_json::from_slice(line) {
        Ok(question) => question,
        Err(error) => {
            let error = format!("not a pair: {error}");
            serde_json::to_writer(&mut *out, &Failure { id: None, verdict: None, error })?;
            return Ok(false);
        }
    };
    match compare(&question, kind) {
        Ok(access) => {
            let witness = access.new.first().map(|piece| &piece.witness);
            let answer = Answer { id: question.id, verdict: access.verdict, witness, reasons: &access.reasons };
            serde_json::to_writer(&mut *out, &answer)?;
            Ok(true)
        }
        Err(error) => {
            let failure = Failure { id: question.id, verdict: None, error: format!("{error:#}") };
            serde_json::to_writer(&mut *out, &failure)?;
            Ok(false)
        }
    }
}

fn compare(question: &Question<'_>, kind: Option<PolicyKind>) -> Result<crate::access::Access> {
    let (before, after) = (text(question.before)?, text(question.after)?);
    let before = Unread::new(&before).context("the document before")?;
    let after = Unread::new(&after).context("the document after")?;
    let kind = match question.kind.as_deref() {
        None => kind.map_or_else(|| before.kind().max(after.kind()), Kind::from),
        Some("identity") => Kind::Identity,
        Some("resource") => Kind::Resource,
        Some("trust") => Kind::Trust,
        Some(other) => bail!("`{other}` is no kind of document: identity, resource or trust"),
    };
    let before = before.read(kind).context("before")?;
    let after = after.read(kind).context("after")?;
    Ok(Diff::new(&before, &after, kind).gained())
}

/// A document given as JSON, or as a string that holds its text.
fn text(value: &RawValue) -> Result<std::borrow::Cow<'_, str>> {
    let raw = value.get();
    if raw.starts_with('"') {
        return Ok(serde_json::from_str::<String>(raw).context("not a string")?.into());
    }
    Ok(raw.into())
}
