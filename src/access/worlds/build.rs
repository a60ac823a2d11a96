//! Plan and IAM changes to [`State`]: values, moves, what is forgotten, and unknown values followed to where they
//! come from.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use serde_json::Value;

use super::state::{Object, Row, State};
use super::value::{Hole, Val};
use super::whole;
use crate::access::hcl::{DEPTH, Program, Unresolved, Values};
use crate::access::parts::in_parts;
use crate::iam::{Origin, Recognition};
use crate::plan::configuration::{ResourceRef, Source};
use crate::plan::{Action, Address, AttrPath, Change, Configuration, Mode, Plan};

/// Rebuilds the value that a data source read at apply will have from its arguments: type, attribute, arguments.
pub type Rebuild<'a> = &'a (dyn Fn(&str, &str, &Val) -> Option<Val> + Sync);

/// Fewer rows than this are not worth a thread of their own.
const PART: usize = 512;
/// More threads than this wait for memory.
const THREADS: usize = 4;

/// How unknown values were resolved; counted over the whole plan and shown in its report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resolved {
    /// Found by following references to a value of the plan.
    pub references: usize,
    /// Rebuilt from the arguments of a data source that is read at apply.
    pub rebuilt: usize,
    /// Known to be the attribute of an object of the plan, whatever it will be.
    pub symbols: usize,
    /// Evaluated from the expressions of the plan archive.
    pub evaluated: usize,
    /// Left unknown.
    pub unknown: usize,
}

impl State {
    /// The state on both sides of a plan.
    ///
    /// `program` is the configuration of the plan's own archive, where there is one: only that is what the plan was
    /// made of.
    pub fn of(
        plan: &Plan,
        recognition: &Recognition,
        rebuild: Rebuild<'_>,
        program: Option<&Program<'_>>,
    ) -> (Self, Resolved) {
        let targets = targets(plan);
        let builder = |program, partition| Builder {
            plan,
            program,
            configuration: plan.configuration.as_ref(),
            targets: &targets,
            rebuild,
            resolved: Resolved::default(),
            partition,
            blank: Vec::new(),
        };
        let changed = recognition.changes.iter().enumerate().map(|(at, change)| (Some(at), change));
        let all = changed.chain(recognition.unchanged.iter().map(|change| (None, change)));
        let all: Vec<_> = all.filter(|(_, change)| change.origin == Origin::Resource).collect();
        let (mut rows, mut resolved) = (Vec::with_capacity(all.len()), Resolved::default());
        match program {
            Some(_) => {
                let mut builder = builder(program, partition(plan));
                all.iter().for_each(|(at, change)| builder.row(*at, &change.row, &mut rows));
                resolved = builder.resolved;
            }
            // Without expressions a row is built from nothing but the plan.
            None => {
                let parts = in_parts(&all, PART, THREADS, |part| {
                    let (mut builder, mut rows) = (builder(None, None), Vec::with_capacity(part.len()));
                    part.iter().for_each(|(at, change)| builder.row(*at, &change.row, &mut rows));
                    (rows, builder.resolved)
                });
                for (part, counts) in parts {
                    rows.extend(part);
                    resolved.add(counts);
                }
            }
        }
        let mut shown = HashSet::new();
        for (_, change) in &all {
            shown.insert(change.row.address.as_str());
            shown.extend(change.row.previous_address.as_deref());
        }
        let builder = builder(program, None);
        // A targeted plan leaves out rows; what they are about stands in the state and stays as it is.
        for left in plan.prior.iter().filter(|left| left.mode == Mode::Managed) {
            if !shown.contains(left.address.as_str()) {
                let object = object(&left.address, &left.type_name, Val::known(&left.values));
                let (configured, exact, provider) = builder.configured(&left.address);
                let (before, after) = (Some(object.clone()), Some(object));
                rows.push(Row { change: None, before, after, configured, exact, provider });
            }
        }
        let several = several(plan.configuration.as_ref());
        (Self { rows, several, ..Self::default() }, resolved)
    }
}

/// Providers with more than one configuration.
fn several(configuration: Option<&Configuration>) -> BTreeSet<Arc<str>> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for key in configuration.iter().flat_map(|configuration| configuration.providers.keys()) {
        // `vault`, `vault.west`, `module.network:vault`.
        let name = key.rsplit(':').next().unwrap_or(key).split('.').next().unwrap_or(key);
        *counts.entry(name).or_default() += 1;
    }
    counts.into_iter().filter(|(_, count)| *count > 1).map(|(name, _)| name.into()).collect()
}

fn object(address: &str, type_name: &str, values: Val) -> Object {
    Object { address: address.into(), type_name: type_name.into(), values: Arc::new(values) }
}

/// The partition of every ARN among the plan's objects, and of the region that its provider blocks name; `None` where
/// they differ or there are none.
fn partition(plan: &Plan) -> Option<String> {
    let mut found: HashSet<&str> = HashSet::new();
    for row in &plan.changes {
        for side in [&row.before, &row.after] {
            let arn = side.get("arn").and_then(Value::as_str).and_then(|arn| arn.strip_prefix("arn:"));
            found.extend(arn.and_then(|arn| arn.split(':').next()));
        }
    }
    for provider in plan.configuration.iter().flat_map(|it| it.providers.values()).filter(|it| it.name == "aws") {
        // A region that is not written may be any.
        let region = provider.expressions.get("region").map(|it| it.get("constant_value").and_then(Value::as_str));
        match region {
            Some(Some(region)) if region.starts_with("cn-") => drop(found.insert("aws-cn")),
            Some(Some(region)) if region.starts_with("us-gov-") => drop(found.insert("aws-us-gov")),
            Some(Some(region)) if region.contains("iso") => return None,
            Some(Some(_)) => drop(found.insert("aws")),
            _ => {}
        }
    }
    let mut found = found.into_iter();
    found.next().filter(|_| found.next().is_none()).map(str::to_owned)
}

/// All rows by their address without keys.
type Targets<'a> = HashMap<String, Vec<(Address, &'a Change)>>;

fn targets(plan: &Plan) -> Targets<'_> {
    let mut targets = Targets::new();
    for row in plan.changes.iter().filter(|row| row.deposed.is_none()) {
        if let Some(address) = Address::parse(&row.address) {
            targets.entry(address.config()).or_default().push((address, row));
        }
    }
    targets
}

type Names = Vec<Arc<str>>;

struct Builder<'a> {
    plan: &'a Plan,
    program: Option<&'a Program<'a>>,
    configuration: Option<&'a Configuration>,
    targets: &'a Targets<'a>,
    rebuild: Rebuild<'a>,
    resolved: Resolved,
    /// The one partition of AWS that the plan speaks of.
    partition: Option<String>,
    /// Attributes of the row at hand that are set to nothing.
    blank: Vec<String>,
}

impl<'a> Builder<'a> {
    fn row(&mut self, change: Option<usize>, row: &Change, rows: &mut Vec<Row>) {
        let (mut configured, exact, provider) = self.configured(&row.address);
        let old_address = row.previous_address.as_deref().unwrap_or(&row.address);
        let before = (!row.before.is_null()).then(|| object(old_address, &row.type_name, Val::known(&row.before)));
        let after = (row.before().exists() || row.after().exists())
            .then_some(())
            .filter(|()| !row.after.is_null() || row.after_unknown == Value::Bool(true))
            .map(|()| match &before {
                // Most rows do not change: one copy of their values is enough.
                Some(before) if is_known(&row.after_unknown) && row.before == row.after => {
                    let (address, type_name) = (row.address.as_str().into(), Arc::clone(&before.type_name));
                    Object { address, type_name, values: Arc::clone(&before.values) }
                }
                Some(before) => {
                    let after = object(&row.address, &row.type_name, self.after(row));
                    let values = if before.values == after.values { &before.values } else { &after.values };
                    Object { values: Arc::clone(values), ..after }
                }
                None => object(&row.address, &row.type_name, self.after(row)),
            });
        let blank = std::mem::take(&mut self.blank);
        configured.iter_mut().for_each(|set| set.retain(|name| !blank.iter().any(|left| **left == **name)));
        if !row.actions.forgets() {
            rows.push(Row { change, before, after, configured, exact, provider });
            return;
        }
        // A forgotten object stays in the cloud as it is.
        let (left, kept) = (configured.clone(), provider.clone());
        rows.push(Row { change: None, before: before.clone(), after: before, configured: left, exact, provider: kept });
        if row.actions.0.contains(&Action::Create) {
            rows.push(Row { change, before: None, after, configured, exact, provider });
        }
    }

    fn after(&mut self, row: &Change) -> Val {
        Val::masked(&row.after, &row.after_unknown, &mut |path| self.follow(row, path))
    }

    /// The attributes that the configuration of a resource sets, whether dynamic blocks are among them, and the
    /// resource's provider configuration.
    fn configured(&self, address: &str) -> (Option<Names>, bool, Option<Arc<str>>) {
        let resource = self.configuration.and_then(|it| it.resource(address));
        // A resource that sets nothing has no expressions in the plan.
        let keys = |expressions: &Value| {
            expressions.as_object().into_iter().flatten().map(|(key, _)| Arc::from(key.as_str())).collect::<Names>()
        };
        let shown = resource.map(|it| keys(&it.expressions));
        let provider = resource.map(|it| it.provider_config_key.as_str()).filter(|key| !key.is_empty());
        let provider = provider.map(Arc::from);
        match (shown, self.program.and_then(|program| program.sets(address))) {
            (Some(shown), Some(written)) => (Some(shown.into_iter().chain(written).collect()), true, provider),
            (shown, _) => (shown, false, provider),
        }
    }

    /// What stands for the unknown value at a path: the value it will be, the attribute it will be, or a hole.
    ///
    /// The configuration names what an expression refers to, not what it does with it. For attributes that hold one
    /// name, ARN or document the reference is taken for the value, as a reviewer would.
    fn follow(&mut self, row: &Change, path: &str) -> Val {
        let address = row.address.as_str();
        let own = || Val::Hole(Hole { id: format!("{address}.{path}").into(), path: path.into() });
        // The expression itself, where the archive has it, says what is done with the value that is referred to.
        match self.expression(row, path, 0) {
            Some(Ok(value)) => {
                match value {
                    Val::Hole(_) => self.resolved.symbols += 1,
                    _ => self.resolved.evaluated += 1,
                }
                return value;
            }
            Some(Err(_)) => {
                self.resolved.unknown += 1;
                return own();
            }
            None => {}
        }
        let found = self.one_source(row, path).and_then(|target| self.value_of(&target, path, 0));
        match found {
            Some(Val::Hole(hole)) => {
                self.resolved.symbols += 1;
                Val::Hole(hole)
            }
            Some(value) => {
                self.resolved.references += 1;
                value
            }
            None => {
                self.resolved.unknown += 1;
                own()
            }
        }
    }

    /// The ARN of a bucket whose name is known: all that AWS adds is the partition.
    /// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html#amazons3-resources-for-iam-policies>
    fn bucket_arn(&self, row: &Change) -> Option<Val> {
        let name = row.after.get("bucket").and_then(Value::as_str).filter(|name| !name.is_empty())?;
        let made = row.type_name == "aws_s3_bucket" && row.after_unknown.get("arn") == Some(&Value::Bool(true));
        let partition = self.partition.as_deref().filter(|_| made)?;
        Some(Val::Text(format!("arn:{partition}:s3:::{name}").into()))
    }

    fn expression(&mut self, row: &Change, path: &str, depth: usize) -> Option<Result<Val, Unresolved>> {
        let program = self.program?;
        program.attribute(row, path, self, depth)
    }

    fn one_source(&mut self, row: &Change, path: &str) -> Option<ResourceRef> {
        let resolution = self.configuration?.resolve(&row.address, &AttrPath::parse(path)?);
        let mut one = match resolution.sources.as_slice() {
            [Source::Resource(one)] => one.clone(),
            // What is set to nothing and becomes known after apply the provider computes.
            [Source::Constant(nothing)] if nothing.is_null() || nothing.as_str() == Some("") => {
                self.blank.push(path.to_owned());
                return None;
            }
            _ => return None,
        };
        if one.attribute.0.is_empty()
            && let Some(meant) = whole::attribute(&one.address.type_name, &row.type_name, path)
        {
            one.attribute = AttrPath::parse(meant)?;
        }
        Some(one)
    }

    fn value_of(&mut self, target: &ResourceRef, path: &str, depth: usize) -> Option<Val> {
        let attribute = target.attribute.to_string();
        if attribute.is_empty() || depth > eval_depth(self.program) {
            return None;
        }
        let covered: Vec<&(Address, &'a Change)> =
            self.targets.get(&target.address.config())?.iter().filter(|(at, _)| target.covers(at)).collect();
        let [(_, row)] = covered.as_slice() else { return None };
        let row: &'a Change = row;
        let all = row.mode == Mode::Data;
        let values = Val::masked(&row.after, &row.after_unknown, &mut |inner| match all || inner == attribute {
            true => self.one_step(row, inner, depth),
            false => Val::Hole(Hole { id: format!("{}.{inner}", row.address).into(), path: path.into() }),
        });
        if row.mode == Mode::Data
            && let Some(rebuilt) = (self.rebuild)(&row.type_name, &attribute, &values)
        {
            self.resolved.rebuilt += 1;
            return Some(rebuilt);
        }
        let value = target.attribute.0.iter().fold(&values, |value, step| match step {
            crate::plan::Step::Key(key) => value.get(key),
            crate::plan::Step::Index(at) => value.items().get(*at).unwrap_or(&Val::Null),
            crate::plan::Step::Each => value,
        });
        match value {
            Val::Null => None,
            value => Some(value.clone()),
        }
    }

    /// Follows an unknown argument of a target one reference further.
    fn one_step(&mut self, row: &'a Change, inner: &str, depth: usize) -> Val {
        let own = || Val::Hole(Hole { id: format!("{}.{inner}", row.address).into(), path: inner.into() });
        if let Some(outcome) = self.expression(row, inner, depth + 1) {
            return outcome.unwrap_or_else(|_| own());
        }
        let next = self.one_source(row, inner).and_then(|next| self.value_of(&next, inner, depth + 1));
        next.unwrap_or_else(own)
    }
}

/// References followed before a trail is given up; with expressions, each counts for several.
fn eval_depth(program: Option<&Program<'_>>) -> usize {
    if program.is_some() { DEPTH } else { 8 }
}

impl Values for Builder<'_> {
    fn attribute(&mut self, target: &ResourceRef, depth: usize) -> Result<Val, Unresolved> {
        let unclear = || Err(Unresolved { why: format!("`{}` cannot be told", target.address), certain: false });
        let attribute = target.attribute.to_string();
        let rows = self.targets.get(&target.address.config());
        let covered: Vec<&Change> = rows
            .into_iter()
            .flatten()
            .filter(|(at, row)| target.covers(at) && row.after().exists())
            .map(|(_, row)| *row)
            .collect();
        if let [row] = covered.as_slice()
            && is_secret(&row.after_sensitive, &attribute)
        {
            return unclear();
        }
        // Null, and known to be.
        if let [row] = covered.as_slice()
            && row.after.get(&attribute).is_some_and(Value::is_null)
            && row.after_unknown.get(&attribute).is_none()
        {
            return Ok(Val::Null);
        }
        if let [row] = covered.as_slice()
            && attribute == "arn"
            && let Some(arn) = self.bucket_arn(row)
        {
            return Ok(arn);
        }
        if !covered.is_empty() {
            return self.value_of(target, &attribute, depth).map_or_else(unclear, Ok);
        }
        // A data source that was read has its value in the state; what a managed resource had there may change.
        let address = target.address.to_string();
        let mut kept = self.plan.prior.iter().filter(|it| {
            it.mode == Mode::Data && target.address.mode == Mode::Data && it.address == address && it.deposed.is_none()
        });
        match (kept.next(), kept.next()) {
            (Some(one), None) => match one.values.get(&attribute) {
                Some(value) if !is_secret(&one.sensitive, &attribute) => Ok(Val::known(value)),
                _ => unclear(),
            },
            (None, _) => Ok(Val::Hole(Hole { id: format!("{address}.{attribute}").into(), path: attribute.into() })),
            _ => unclear(),
        }
    }

    fn variable(&self, name: &str) -> Option<&Value> {
        let configured = self.configuration?.root.variables.get(name)?;
        let shown = !configured.sensitive && !configured.ephemeral;
        self.plan.variables.get(name).filter(|_| shown)
    }

    fn has(&self, address: &Address) -> bool {
        let rows = self.targets.get(&address.config());
        rows.is_some_and(|rows| rows.iter().any(|(at, row)| address.covers(at) && row.after().exists()))
    }
}

/// Whether a mask of unknowns covers nothing.
fn is_known(mask: &Value) -> bool {
    match mask {
        Value::Bool(unknown) => !unknown,
        Value::Array(items) => items.iter().all(is_known),
        Value::Object(members) => members.values().all(is_known),
        _ => true,
    }
}

/// Whether a mask covers any part of an attribute.
fn is_secret(mask: &Value, attribute: &str) -> bool {
    match mask {
        Value::Bool(all) => *all,
        mask => mask.get(attribute).is_some_and(|below| *below != Value::Bool(false)),
    }
}

/// How often each way was used, for the report.
impl Resolved {
    /// Adds what was resolved elsewhere.
    fn add(&mut self, other: Self) {
        let Self { references, rebuilt, symbols, evaluated, unknown } = other;
        self.references += references;
        self.rebuilt += rebuilt;
        self.symbols += symbols;
        self.evaluated += evaluated;
        self.unknown += unknown;
    }

    /// As counts by a stable word.
    pub fn counts(&self) -> BTreeMap<&'static str, usize> {
        BTreeMap::from([
            ("references", self.references),
            ("data_sources", self.rebuilt),
            ("symbols", self.symbols),
            ("hcl", self.evaluated),
            ("unknown", self.unknown),
        ])
    }
}
