//! `tollgate access diff`.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde::Serialize;

use crate::access::aws::actions::Actions;
use crate::access::aws::diff::Diff;
use crate::access::aws::parse::{Kind, guess_kind, parse};
use crate::access::{Access, NewAccess, Reason, RemovedAccess, Verdict};
use crate::exit::Outcome;

use super::{AnswerFormat, PolicyKind, document_text, pairs, shown};

/// `tollgate access diff`.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// The document in force: a file, or `-` for standard input.
    #[arg(required_unless_present = "pairs", value_name = "BEFORE")]
    pub before: Option<PathBuf>,

    /// The document that will be: a file, or `-`.
    #[arg(required_unless_present = "pairs", value_name = "AFTER")]
    pub after: Option<PathBuf>,

    /// What the documents are attached to; default: a document with principals is a resource policy.
    #[arg(long, value_enum)]
    pub kind: Option<PolicyKind>,

    /// Compare many pairs: one `{"id", "before", "after", "kind"}` a line, documents as JSON or as text. One answer
    /// a line in the same order; exit 0 when every line was decided.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["before", "after"])]
    pub pairs: Option<PathBuf>,

    /// How the answer is written.
    #[arg(long, value_enum, default_value_t)]
    pub format: AnswerFormat,
}

/// The answer as JSON.
#[derive(Serialize)]
struct Answer<'a> {
    schema_version: u32,
    data_date: &'a str,
    verdict: Verdict,
    reasons: &'a [Reason],
    new: &'a [NewAccess],
    removed: &'a [RemovedAccess],
}

pub(super) fn run(args: &DiffArgs, out: &mut dyn Write) -> Result<Outcome> {
    if let Some(file) = &args.pairs {
        return pairs::run(file, args.kind, args.format, out);
    }
    let (Some(before), Some(after)) = (&args.before, &args.after) else { bail!("two documents are needed") };
    if before.as_os_str() == "-" && after.as_os_str() == "-" {
        bail!("only one of the documents can come from standard input\n  help: put the other one into a file");
    }
    let (old, new) = (document_text(before)?, document_text(after)?);
    let kind = kind(args.kind, &old, &new)?;
    let old = parse(&old, kind).with_context(|| format!("`{}` is not {kind}", before.display()))?;
    let new = parse(&new, kind).with_context(|| format!("`{}` is not {kind}", after.display()))?;
    let access = Diff::new(&old, &new, kind).both_ways();
    match args.format {
        AnswerFormat::Human => human(&access, out)?,
        AnswerFormat::Json => {
            let answer = Answer {
                schema_version: 1,
                data_date: Actions::embedded().date(),
                verdict: access.verdict,
                reasons: &access.reasons,
                new: &access.new,
                removed: &access.removed,
            };
            serde_json::to_writer_pretty(&mut *out, &answer)?;
            writeln!(out)?;
        }
    }
    Ok(match access.verdict {
        Verdict::None => Outcome::Success,
        Verdict::New => Outcome::Blocked,
        Verdict::Possible => Outcome::ApprovalRequired,
    })
}

/// The kind that was asked for, or what the documents look like.
fn kind(given: Option<PolicyKind>, before: &str, after: &str) -> Result<Kind> {
    Ok(match given {
        Some(kind) => kind.into(),
        None => {
            guess_kind(before).context("the document before")?.max(guess_kind(after).context("the document after")?)
        }
    })
}

fn human(access: &Access, out: &mut dyn Write) -> Result<()> {
    match access.verdict {
        Verdict::None => writeln!(out, "no new access")?,
        Verdict::New => writeln!(out, "new access")?,
        Verdict::Possible => writeln!(out, "new access cannot be excluded")?,
    }
    for piece in &access.new {
        writeln!(out, "\n+ {}", shown(&piece.explanation))?;
        let witness = &piece.witness;
        writeln!(out, "  request:   {} on {}", shown(&witness.action), shown(&witness.resource))?;
        if !witness.principal.is_empty() {
            writeln!(out, "  principal: {}", shown(&witness.principal))?;
        }
        for (key, values) in &witness.context {
            writeln!(out, "  context:   {} = {}", shown(key), shown(&values.join(", ")))?;
        }
    }
    for piece in &access.removed {
        writeln!(out, "\n- {}", shown(&piece.explanation))?;
    }
    for reason in &access.reasons {
        let place = if reason.path.is_empty() { String::new() } else { format!("{}: ", shown(&reason.path)) };
        writeln!(out, "\n  {}: {place}{}", reason.code, shown(&reason.message))?;
    }
    Ok(())
}
