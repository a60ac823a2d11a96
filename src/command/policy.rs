//! `tollgate policy list`, `explain` and `test`.

use anyhow::{Result, bail};

use super::settings::{Settings, read_data, read_policies, version};
use super::terminal;
use crate::cli::{ListFormat, PolicyCommand, PolicyExplainArgs, PolicyListArgs, PolicyTestArgs, SettingsArgs};
use crate::config::nearest;
use crate::edge::clock;
use crate::exit::Outcome;
use crate::policy::{PolicyOptions, PolicySet, Rule, TestReport};

/// Runs it.
///
/// # Errors
/// When policies cannot be read or loaded.
pub(super) fn run(command: &PolicyCommand) -> Result<Outcome> {
    match command {
        PolicyCommand::List(args) => list(args),
        PolicyCommand::Explain(args) => explain(args),
        PolicyCommand::Test(args) => test(args),
    }
}

fn load(args: &SettingsArgs) -> Result<PolicySet> {
    let settings = Settings::read(args, clock::now())?;
    PolicySet::load(&settings.options, &settings.policies, &settings.data)
        .map_err(|errors| anyhow::anyhow!("policies cannot be used:\n{errors}"))
}

fn list(args: &PolicyListArgs) -> Result<Outcome> {
    let policies = load(&args.settings)?;
    let text = match args.format {
        ListFormat::Json => format!("{}\n", serde_json::to_string_pretty(policies.rules())?),
        ListFormat::Human => table(policies.rules()),
        ListFormat::Markdown => policies.rules().iter().map(page).collect(),
    };
    terminal::print(&text)?;
    Ok(Outcome::Success)
}

fn table(rules: &[Rule]) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_header(["rule", "severity", "level", "title"]);
    table.set_width(terminal::width());
    for rule in rules {
        table.add_row([&rule.metadata.id, &word(&rule.metadata.severity), &levels(rule), &rule.metadata.title]);
    }
    format!("{table}\n")
}

fn levels(rule: &Rule) -> String {
    rule.levels.iter().map(word).collect::<Vec<_>>().join(", ")
}

/// The word that a value is written as in JSON.
fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn page(rule: &Rule) -> String {
    let metadata = &rule.metadata;
    let references: String = metadata.references.iter().map(|link| format!("- <{link}>\n")).collect();
    format!(
        "## {}\n\n**{}** · {} · {}\n\n{}\n\n*What to do:* {}\n\n{references}\n",
        metadata.id,
        metadata.title,
        word(&metadata.severity),
        levels(rule),
        metadata.description,
        metadata.remediation,
    )
}

fn explain(args: &PolicyExplainArgs) -> Result<Outcome> {
    let policies = load(&args.settings)?;
    let known = policies.rules();
    let Some(rule) = known.iter().find(|rule| rule.metadata.id == args.rule) else {
        let help = match nearest(&args.rule, known.iter().map(|rule| rule.metadata.id.as_str())) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`tollgate policy list` shows all rules".to_owned(),
        };
        bail!("no rule has the id `{}`\n  help: {help}", args.rule);
    };
    terminal::print(&page(rule))?;
    Ok(Outcome::Success)
}

fn test(args: &PolicyTestArgs) -> Result<Outcome> {
    let options = PolicyOptions {
        builtin: args.paths.is_empty(),
        rego_version: version(args.rego_version),
        ..PolicyOptions::default()
    };
    let report = TestReport::run(&options, &read_policies(&args.paths)?, &read_data(&args.data)?)
        .map_err(|errors| anyhow::anyhow!("policies cannot be used:\n{errors}"))?;
    for line in &report.prints {
        terminal::note(line);
    }
    let mut text = String::new();
    for failure in &report.failures {
        text.push_str(&format!("{}:{}: {}: {}\n", failure.file, failure.line, failure.name, failure.message));
    }
    for name in &report.skipped {
        text.push_str(&format!("skipped: {name}\n"));
    }
    text.push_str(&format!("{} passed, {} failed\n", report.passed, report.failures.len()));
    terminal::print(&text)?;
    if report.passed == 0 && report.failures.is_empty() {
        bail!("no test was found\n  help: a test is a rule named `test_*` in a file named `*_test.rego`");
    }
    Ok(if report.failures.is_empty() { Outcome::Success } else { Outcome::Error })
}
