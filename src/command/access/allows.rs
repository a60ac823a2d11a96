//! `tollgate access allows`.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::access::aws::allows::{Answer, Asked, allows};
use crate::access::aws::parse::{Kind, guess_kind, parse};
use crate::exit::Outcome;

use super::{AnswerFormat, PolicyKind, document_text, shown};

/// `tollgate access allows`.
#[derive(Debug, Args)]
pub struct AllowsArgs {
    /// The document: a file, or `-` for standard input.
    #[arg(value_name = "POLICY")]
    pub policy: PathBuf,

    /// The action, such as `s3:GetObject`.
    #[arg(long, value_name = "ACTION")]
    pub action: String,

    /// The resource; default: `*`, which only statements on all resources match.
    #[arg(long, value_name = "ARN", default_value = "*")]
    pub resource: String,

    /// Who asks: an ARN, an account number, a service such as `lambda.amazonaws.com`, or `anonymous`.
    #[arg(long, value_name = "PRINCIPAL")]
    pub principal: Option<String>,

    /// A context key of the request, as `key=value`. Repeatable; a key given more than once carries a list.
    #[arg(long, value_name = "KEY=VALUE", value_parser = parse_pair)]
    pub context: Vec<(String, String)>,

    /// What the document is attached to; default: a document with principals is a resource policy.
    #[arg(long, value_enum)]
    pub kind: Option<PolicyKind>,

    /// How the answer is written.
    #[arg(long, value_enum, default_value_t)]
    pub format: AnswerFormat,
}

fn parse_pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!("`{text}` is not KEY=VALUE")),
    }
}

pub(super) fn run(args: &AllowsArgs, out: &mut dyn Write) -> Result<Outcome> {
    let text = document_text(&args.policy)?;
    let kind: Kind = match args.kind {
        Some(kind) => kind.into(),
        None => guess_kind(&text).with_context(|| format!("`{}`", args.policy.display()))?,
    };
    let document = parse(&text, kind).with_context(|| format!("`{}` is not {kind}", args.policy.display()))?;
    if kind != Kind::Identity && args.principal.is_none() {
        bail!(
            "`{}` is {kind}: it depends on who asks
  help: add `--principal ARN`",
            args.policy.display()
        );
    }
    if !args.action.contains(':') || args.action.contains(['*', '?']) {
        bail!(
            "`{}` is not one action
  help: actions have the form `s3:GetObject`",
            args.action
        );
    }
    let mut context: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (key, value) in &args.context {
        context.entry(key.clone()).or_default().push(value.clone());
    }
    let (action, resource) = (args.action.clone(), args.resource.clone());
    let asked = Asked { action, resource, principal: args.principal.clone(), context };
    let answer = allows(&document, kind, &asked)?;
    match args.format {
        AnswerFormat::Human => writeln!(out, "{}", shown(&answer.explanation))?,
        AnswerFormat::Json => {
            serde_json::to_writer_pretty(&mut *out, &answer)?;
            writeln!(out)?;
        }
    }
    Ok(match answer.answer {
        Answer::Allowed => Outcome::Success,
        Answer::Denied => Outcome::Blocked,
        Answer::Undetermined => Outcome::ApprovalRequired,
    })
}
