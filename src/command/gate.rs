//! Between the arguments and the report: every plan read, recognised, compared and judged.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::mem::ManuallyDrop;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use super::settings::{GATE_CHANGED, Settings};
use super::terminal;
use crate::access::{Access, Verdict, worlds};
use crate::approval::{Digest, iam_digest};
use crate::cli::CheckArgs;
use crate::decision::{Decision, decide};
use crate::edge::input::Source;
use crate::edge::source::beside;
use crate::edge::terraform::Terraform;
use crate::edge::{clock, files};
use crate::iam::{IamChange, Interest, Recognition};
use crate::plan::hcl::{Locator, Sources};
use crate::plan::{self, Keep, Plan, Secrets, Sections, Undetermined};
use crate::policy::{
    ChangeCase, Finding, Level, Location, PlanCase, PlanFacts, Policies, Rows, RunContext, Selection, Severity,
};
use crate::report::{ChangeEntry, PlanEntry, Report, RuleEntry, SCHEMA_VERSION, StandingEntry, Summary, Tool};

/// What judging gave, and what it was judged by.
pub(super) struct Gated {
    /// The report.
    pub(super) report: Report,
    /// Configuration and policies.
    pub(super) settings: Settings,
    /// The digest of the IAM changes of each plan, if it was asked for.
    pub(super) iam: Vec<Digest>,
}

/// Everything between the arguments and the report; with `digests`, also the digest of each plan's IAM changes.
pub(super) fn gate(args: &CheckArgs, digests: bool) -> Result<Gated> {
    let now = clock::now();
    let settings = Settings::read(&args.settings, now)?;
    let policies = Policies::load(&settings.options, &settings.policies, &settings.data)
        .map_err(|errors| anyhow::anyhow!("policies cannot be used:\n{errors}"))?;
    // The process ends soon; taking syntax trees apart before would only cost time.
    let policies = ManuallyDrop::new(policies);
    settings.check_rule_ids(&policies)?;
    let ci = crate::edge::ci::Context::read();
    let context = RunContext {
        actor: ci.actor,
        forge: ci.forge.map(|forge| forge.word().to_owned()),
        branch: ci.branch,
        environment: ci.environment,
        now: Some(now.to_string()),
    };
    let (catalogue, catalogues) = super::data::catalogues(&settings.catalogues)?;
    let catalogue = std::sync::Arc::new(catalogue);
    let gate = Gate { args, catalogue, policies: &policies, context, open_world: settings.config.world.open, digests };
    let mut run = Collected::default();
    run.findings.extend(gate_changed(&settings));
    for path in &args.plans {
        let id = files::shown(path);
        if let Err(error) = gate.source(&id, path, &mut run) {
            run.failed(&id, &error);
        }
    }
    let iam = std::mem::take(&mut run.iam);
    let mut report = run.report(&settings, &policies, &clock::day_of(now));
    report.tool.catalogues = catalogues;
    Ok(Gated { report, settings, iam })
}

/// What judges each plan.
struct Gate<'a> {
    args: &'a CheckArgs,
    catalogue: std::sync::Arc<crate::access::facts::Catalogue>,
    policies: &'a Policies,
    context: RunContext,
    open_world: bool,
    digests: bool,
}

/// One plan as it was read.
struct ReadPlan<'a> {
    id: &'a str,
    source: &'a str,
    sha256: &'a str,
    plan: Plan,
    recognition: Recognition,
    places: &'a Locator,
    /// The configuration in the plan's archive.
    archive: Option<&'a Sources>,
}

/// What the plans of a run have given so far.
#[derive(Default)]
struct Collected {
    plans: Vec<PlanEntry>,
    changes: Vec<ChangeEntry>,
    findings: Vec<Finding>,
    undetermined: Vec<Undetermined>,
    reasons: Vec<crate::access::Reason>,
    secrets: Secrets,
    iam: Vec<Digest>,
}

impl Gate<'_> {
    /// Reads and judges the plans of one argument.
    fn source(&self, id: &str, path: &Path, run: &mut Collected) -> Result<()> {
        let started = clock::stopwatch();
        let mut source = Source::open(path, || Terraform::find(self.args.terraform.as_deref()))?;
        let selection = self.policies.selection();
        let sections = match selection {
            Selection::Nothing => Sections::None,
            Selection::Everything => Sections::All,
            Selection::Some { sections, rows } => {
                let rows = (*rows != Rows::None).then(|| "resource_changes".to_owned());
                Sections::These(sections.iter().cloned().chain(rows).collect())
            }
        };
        let raw_rows = |head: &plan::RowHead<'_>| {
            let actions = head.actions.0.iter().map(plan::Action::as_str);
            selection.wants_row(head.type_name, head.mode.as_str(), actions)
        };
        let interest = Interest::default();
        // What does not change is a part of both worlds, and of nothing else.
        let worlds = !self.args.no_access;
        let rows = |head: &plan::RowHead<'_>| interest.row(head) & (worlds || !head.is_plain_no_op());
        let prior = |head: &plan::StateHead<'_>| worlds && interest.state(head);
        let configuration =
            |head: &plan::ConfigHead<'_>| if worlds { interest.configuration(head) } else { interest.code(head) };
        let keep = Keep::nothing().rows(&rows).prior(&prior).configuration(&configuration);
        let keep = keep.sections(sections).raw_rows(&raw_rows).strict(self.args.strict_json);
        let read = plan::read(source.reader()?, &keep).with_context(|| format!("`{id}` cannot be judged"))?;
        if !self.args.quiet && started.elapsed() > Duration::from_secs(2) && terminal::watched() {
            terminal::note(&format!("{id}: read in {:.1} s", started.elapsed().as_secs_f32()));
        }
        let digest = hex(&source.digest.unwrap_or(read.sha256));
        // Places may come from the working directory; what counts as the plan's code comes from its archive alone.
        let archive = match &source.archive {
            Some(bytes) => Some(plan::archive::read(Cursor::new(bytes)).with_context(|| format!("`{id}`"))?.sources),
            None => None,
        };
        let places = match &archive {
            Some(sources) => Locator::new(sources),
            None => Locator::new(&beside(Path::new("."))),
        };
        let several = read.plans.len() > 1;
        for (number, plan) in read.plans.into_iter().enumerate() {
            let id = if several { format!("{id}#{}", number + 1) } else { id.to_owned() };
            run.secrets.extend(&plan.secrets);
            let recognition = match &archive {
                Some(sources) => interest.recognise_with(&plan, sources),
                None => interest.recognise(&plan),
            };
            let read = ReadPlan {
                id: &id,
                source: source.kind.word(),
                sha256: &digest,
                plan,
                recognition,
                places: &places,
                archive: archive.as_ref(),
            };
            self.plan(read, run)?;
        }
        Ok(())
    }

    /// Judges one plan.
    fn plan(&self, read: ReadPlan<'_>, run: &mut Collected) -> Result<()> {
        let ReadPlan { id, source, sha256, plan, recognition, places, archive } = read;
        let access = match self.args.no_access {
            true => worlds::not_asked(&recognition),
            false => worlds::compare_with(&plan, &recognition, &self.catalogue, archive),
        };
        let access = if self.open_world { access.in_open_world() } else { access };
        let mut undetermined = plan.undetermined.clone();
        undetermined.extend(recognition.undetermined.iter().cloned());
        undetermined.iter_mut().for_each(|entry| entry.plan = id.to_owned());
        let facts = PlanFacts {
            id: id.to_owned(),
            terraform_version: plan.terraform_version.clone(),
            complete: plan.complete,
            errored: plan.errored == Some(true),
            rows: usize::try_from(plan.counts.rows).unwrap_or(usize::MAX),
            undetermined: undetermined.clone(),
        };
        let located = |address: &str| {
            let place = places.find(address)?;
            Some(Location { file: place.file.clone(), line: usize::try_from(place.line).ok()? })
        };
        let locations: Vec<Option<Location>> =
            recognition.changes.iter().map(|change| located(&change.row.address)).collect();
        let cases: Vec<ChangeCase<'_>> = recognition
            .changes
            .iter()
            .zip(&access.changes)
            .zip(&locations)
            .map(|((change, access), location)| ChangeCase { change, access, location: location.as_ref() })
            .collect();
        let raw = match self.policies.selection() {
            Selection::Nothing => None,
            _ => Some(&plan.raw),
        };
        let case = PlanCase { plan: &facts, context: &self.context, changes: &cases, raw };
        let judged = self.policies.judge(&case).with_context(|| format!("`{id}` cannot be judged"))?;
        for line in &judged.prints {
            terminal::note(&run.secrets.redact(line));
        }
        run.findings.extend(judged.findings.into_iter().map(|mut finding| {
            finding.location = finding.location.or_else(|| located(&finding.address));
            finding
        }));
        let unsettled = if undetermined.is_empty() { Verdict::None } else { Verdict::Possible };
        run.plans.push(PlanEntry {
            id: id.to_owned(),
            source: source.to_owned(),
            sha256: sha256.to_owned(),
            decision: Decision::Allow,
            verdict: access.verdict.max(unsettled),
            rows: facts.rows,
            resolved: access.resolved.counts(),
            standing: recognition.standing.iter().map(standing).collect(),
        });
        if self.digests {
            run.iam.push(iam_digest(&recognition.changes));
        }
        run.reasons.extend(access.reasons);
        run.undetermined.extend(undetermined);
        let entries = recognition.changes.into_iter().zip(access.changes).zip(locations);
        run.changes
            .extend(entries.map(|((change, access), location)| ChangeEntry { location, ..entry(id, change, access) }));
        Ok(())
    }
}

impl Collected {
    /// A plan that could not be judged: its error is part of the report, and the other plans are judged all the same.
    fn failed(&mut self, id: &str, error: &anyhow::Error) {
        let message = self.secrets.redact(&format!("{error:#}")).replace('\n', " ");
        terminal::note(&format!("tollgate: {message}"));
        self.undetermined.push(Undetermined { plan: id.to_owned(), address: None, code: "not_judged".into(), message });
        self.plans.push(PlanEntry {
            id: id.to_owned(),
            source: String::new(),
            sha256: String::new(),
            decision: Decision::Error,
            verdict: Verdict::Possible,
            rows: 0,
            resolved: BTreeMap::new(),
            standing: Vec::new(),
        });
    }

    fn report(self, settings: &Settings, policies: &Policies, today: &str) -> Report {
        let Self { mut plans, changes, findings, undetermined, reasons, secrets, iam: _ } = self;
        let judged = decide(findings, &undetermined, &settings.config.levels, &settings.config.waivers, today);
        for plan in &mut plans {
            plan.decision = plan.decision.max(judged.of_plan(&plan.id));
        }
        let worst = plans.iter().map(|plan| plan.decision).max().unwrap_or(Decision::Error);
        let named = |id: &str| {
            let waived = judged.waived.iter().map(|waived| &waived.finding);
            judged.findings.iter().chain(waived).any(|finding| finding.rule == id)
        };
        let rules = policies
            .rules()
            .filter(|rule| named(&rule.id))
            .map(|rule| RuleEntry {
                id: rule.id.clone(),
                title: rule.title.clone(),
                description: rule.description.clone(),
                references: rule.references.clone(),
            })
            .collect();
        let mut report = Report {
            access: Summary { verdict: plans.iter().map(|plan| plan.verdict).max().unwrap_or_default(), reasons },
            plans,
            changes,
            findings: judged.findings,
            rules,
            waived: judged.waived,
            unused_waivers: judged.unused_waivers,
            undetermined,
            ..empty(worst.max(judged.decision))
        };
        report.redact(&|text| secrets.redact(text));
        report.sort();
        report
    }
}

fn entry(plan: &str, change: IamChange, access: Access) -> ChangeEntry {
    let row = &change.row;
    ChangeEntry {
        plan: plan.to_owned(),
        address: row.address.clone(),
        previous_address: row.previous_address.clone(),
        type_name: row.type_name.clone(),
        provider: change.provider,
        platform: change.platform,
        kind: change.kind,
        actions: row.actions.0.iter().map(|action| action.as_str().to_owned()).collect(),
        verdict: access.verdict,
        reasons: access.reasons,
        new: access.new,
        removed: access.removed,
        guardrails: access.guardrails,
        notes: change.notes.into_iter().map(|note| note.message).collect(),
        escalations: Vec::new(),
        facets: change.facets,
        location: None,
    }
}

fn standing(change: &IamChange) -> StandingEntry {
    StandingEntry { address: change.row.address.clone(), type_name: change.row.type_name.clone() }
}

/// A finding for files of the gate itself that the work tree changes: they need their owners' approval, and count
/// only once they are on the branch that the gate reads.
fn gate_changed(settings: &Settings) -> Vec<Finding> {
    let rule = GATE_CHANGED;
    settings
        .changed
        .iter()
        .map(|file| {
            let message = format!("`{file}` decides what is allowed, and differs from the version that counts here");
            Finding {
                plan: String::new(),
                rule: rule.into(),
                level: Level::Approve,
                severity: Severity::High,
                address: String::new(),
                path: file.clone(),
                fingerprint: Finding::fingerprint_of(rule, "", file, &message),
                message,
                remediation: "let the owners of the policy agree; the change counts once it is merged".into(),
                location: None,
                approvers: None,
                max_window: None,
            }
        })
        .collect()
}

fn empty(decision: Decision) -> Report {
    Report {
        schema_version: SCHEMA_VERSION,
        tool: Tool {
            version: env!("CARGO_PKG_VERSION").into(),
            data_date: crate::iam::catalogue::date().into(),
            catalogues: Vec::new(),
        },
        decision,
        access: Summary::default(),
        plans: Vec::new(),
        changes: Vec::new(),
        findings: Vec::new(),
        rules: Vec::new(),
        waived: Vec::new(),
        unused_waivers: Vec::new(),
        undetermined: Vec::new(),
        subject: None,
    }
}

/// The report of a run that could not begin.
pub(super) fn failed(message: &str) -> Report {
    let undetermined = vec![Undetermined::of_plan("not_judged", message.replace('\n', " "))];
    let access = Summary { verdict: Verdict::Possible, reasons: Vec::new() };
    Report { undetermined, access, ..empty(Decision::Error) }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
