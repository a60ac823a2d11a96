//! Rules over one plan: findings.

use std::cmp::Reverse;
use std::thread::{self, ScopedJoinHandle};

use super::conftest;
use super::error::JudgeError;
use super::finding::{Finding, Level, Severity};
use super::input::{ChangeCase, Inputs, PlanFacts, RunContext};
use super::load::{PolicySet, Rule};
use super::metadata::{Metadata, Scope, severity};
use super::rego::Value;
use super::rego::engine::{Engine, EvalError};
use crate::plan::RawPlan;

/// What is judged: one plan.
#[derive(Clone, Copy, Debug)]
pub struct PlanCase<'a> {
    /// Facts about the plan.
    pub plan: &'a PlanFacts,
    /// Facts about the run.
    pub context: &'a RunContext,
    /// Its IAM changes.
    pub changes: &'a [ChangeCase<'a>],
    /// The plan as it is, for conftest policies, holding at least what [`PolicySet::selection`] asks for. May be
    /// `None` only when the selection is [`super::Selection::Nothing`].
    pub raw: Option<&'a RawPlan>,
}

/// What the rules found in one plan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judgement {
    /// The findings, worst level and severity first.
    pub findings: Vec<Finding>,
    /// conftest rules whose findings an `exception` set aside, as `NAMESPACE.RULE`.
    pub exempted: Vec<String>,
    /// What policies printed: `file:line: text`. For the log; it may hold secrets of the plan.
    pub prints: Vec<String>,
}

/// Changes that are worth a thread of their own.
const PART: usize = 64;

/// Deep chains of rules need more stack than a thread has by default; see `lint::MAX_DEPTH`.
const STACK: usize = 1 << 30;

impl PolicySet {
    /// Judges one plan.
    ///
    /// # Errors
    /// When a rule cannot be evaluated, runs too long, or gives what is no finding. No decision is made then.
    /// Messages may hold values of the plan and are to be redacted like findings.
    pub fn judge(&self, case: &PlanCase<'_>) -> Result<Judgement, JudgeError> {
        on_deep_stack(|| self.judge_here(case))?
    }

    fn judge_here(&self, case: &PlanCase<'_>) -> Result<Judgement, JudgeError> {
        let mut run = Run { set: self, plan: &case.plan.id, judgement: Judgement::default() };
        // Without a rule of tollgate's kind nothing reads the changes one by one.
        let changes = if self.rules.is_empty() { [].as_slice() } else { case.changes };
        let inputs = Inputs::new(case.plan, case.context, changes);
        self.judge_changes(case, &inputs, &mut run)?;
        let mut engine = self.strict.clone();
        self.judge_plan(&inputs, &mut engine, &mut run)?;
        run.judgement.prints.append(&mut engine.take_prints());
        conftest::judge(self, case, &mut run)?;
        let mut judgement = run.judgement;
        judgement.findings.sort_by(|left, right| key(left).cmp(&key(right)));
        Ok(judgement)
    }

    /// Changes are judged one by one, so parts of a long list are judged at the same time. The error that counts is
    /// the first change's.
    fn judge_changes(&self, case: &PlanCase<'_>, inputs: &Inputs, run: &mut Run<'_>) -> Result<(), JudgeError> {
        let called = |change: &ChangeCase<'_>| self.rules.iter().any(|rule| rule.metadata.is_called_for(change));
        let changes: Vec<(usize, &ChangeCase<'_>)> =
            case.changes.iter().enumerate().filter(|(_, change)| called(change)).collect();
        let threads = threads().min(changes.len().div_ceil(PART)).max(1);
        let mut parts = changes.chunks(changes.len().div_ceil(threads).max(1));
        let first = parts.next().unwrap_or_default();
        let judge = |part| self.judge_part(case, inputs, part);
        let judged = thread::scope(|scope| {
            let rest: Vec<_> = parts.map(|part| deep_thread(scope, move || judge(part))).collect();
            let mut judged = vec![judge(first)];
            judged.extend(rest.into_iter().map(|thread| thread.and_then(joined).and_then(|judged| judged)));
            judged
        });
        for part in judged {
            let mut part = part?;
            run.judgement.findings.append(&mut part.findings);
            run.judgement.prints.append(&mut part.prints);
        }
        Ok(())
    }

    fn judge_part(
        &self,
        case: &PlanCase<'_>,
        inputs: &Inputs,
        part: &[(usize, &ChangeCase<'_>)],
    ) -> Result<Judgement, JudgeError> {
        let mut run = Run { set: self, plan: &case.plan.id, judgement: Judgement::default() };
        let mut engine = self.strict.clone();
        for (index, change) in part {
            let input = inputs.of_change(*index);
            engine.set_input(input.clone());
            for rule in self.rules.iter().filter(|rule| rule.metadata.is_called_for(change)) {
                run.rule(rule, &mut engine, &input, &change.change.row.address)?;
            }
        }
        run.judgement.prints = engine.take_prints();
        Ok(run.judgement)
    }

    fn judge_plan(&self, inputs: &Inputs, engine: &mut Engine, run: &mut Run<'_>) -> Result<(), JudgeError> {
        let mut rules = self.rules.iter().filter(|rule| rule.metadata.scope == Scope::Plan).peekable();
        if rules.peek().is_none() {
            return Ok(());
        }
        let input = inputs.of_plan();
        engine.set_input(input.clone());
        rules.try_for_each(|rule| run.rule(rule, engine, &input, ""))
    }
}

impl Metadata {
    /// Whether the rule declares the change.
    pub(super) fn is_called_for(&self, case: &ChangeCase<'_>) -> bool {
        self.scope == Scope::Change
            && self.verdicts.contains(&case.access.verdict)
            && (self.platforms.is_empty() || self.platforms.contains(&case.change.platform))
            && (self.kinds.is_empty() || self.kinds.contains(&case.change.kind))
            && (self.purposes.is_empty()
                || case.change.facets.iter().any(|facet| self.purposes.contains(&&*facet.purpose)))
            && self.needs.iter().all(|need| need.is_met(case.access))
    }
}

/// The order of findings: worst first.
fn key(finding: &Finding) -> (Reverse<Level>, Reverse<Severity>, [&str; 4]) {
    let Finding { level, severity, rule, address, path, message, .. } = finding;
    (Reverse(*level), Reverse(*severity), [rule, address, path, message])
}

/// The judging of one plan, as far as it has come.
pub(super) struct Run<'s> {
    set: &'s PolicySet,
    pub(super) plan: &'s str,
    pub(super) judgement: Judgement,
}

impl Run<'_> {
    fn rule(&mut self, rule: &Rule, engine: &mut Engine, input: &Value, address: &str) -> Result<(), JudgeError> {
        for (level, path) in &rule.sets {
            let value = self.eval(engine, path, input, &rule.metadata.id, address)?;
            for member in members(&value, &rule.metadata.id, address)? {
                let finding = self.finding(rule, *level, member, address)?;
                self.judgement.findings.push(finding);
            }
        }
        Ok(())
    }

    /// Evaluates, with errors that name the rule, and refuses results beyond the size limit.
    pub(super) fn eval(
        &self,
        engine: &mut Engine,
        path: &str,
        input: &Value,
        rule: &str,
        address: &str,
    ) -> Result<Value, JudgeError> {
        let (rule, address) = (rule.to_owned(), address.to_owned());
        match engine.eval(path, input) {
            Ok(value) => {
                let limit = self.set.options.max_result_bytes;
                if size_of(&value, limit) > limit {
                    let message = format!("the results are larger than {limit} bytes");
                    return Err(JudgeError::Result { rule, address, message });
                }
                Ok(value)
            }
            Err(EvalError::TimeLimit) => {
                Err(JudgeError::TimeLimit { rule, address, limit_ms: self.set.options.time_limit.as_millis() })
            }
            Err(EvalError::Problem(problem)) => {
                Err(JudgeError::Evaluation { rule, address, problem: Box::new(problem) })
            }
        }
    }

    fn finding(&self, rule: &Rule, level: Level, member: &Value, address: &str) -> Result<Finding, JudgeError> {
        let id = &rule.metadata.id;
        let wrong = |message: String| JudgeError::Result { rule: id.clone(), address: address.to_owned(), message };
        let mut finding = Finding {
            plan: self.plan.to_owned(),
            rule: id.clone(),
            level,
            severity: rule.metadata.severity,
            address: address.to_owned(),
            path: String::new(),
            message: String::new(),
            remediation: rule.metadata.remediation.clone(),
            fingerprint: String::new(),
            location: None,
            approvers: None,
            max_window: None,
        };
        match member {
            Value::String(message) => finding.message = message.to_string(),
            Value::Object(members) => {
                for (key, value) in members.iter() {
                    let (Value::String(key), Value::String(text)) = (key, value) else {
                        return Err(wrong(format!("the member {key} of a finding must be a string")));
                    };
                    match key.as_ref() {
                        "msg" => finding.message = text.to_string(),
                        "path" => finding.path = text.to_string(),
                        "remediation" => finding.remediation = text.to_string(),
                        "approvers" => finding.approvers = Some(text.to_string()),
                        "severity" => {
                            let known = severity(text);
                            finding.severity =
                                known.ok_or_else(|| wrong("unknown `severity` of a finding".to_owned()))?;
                        }
                        "max_window" => {
                            let seconds = seconds(text);
                            let help = || wrong("`max_window` must be a duration such as `30m` or `1h`".to_owned());
                            finding.max_window = Some(seconds.ok_or_else(help)?);
                        }
                        "address" if rule.metadata.scope == Scope::Plan => finding.address = text.to_string(),
                        "address" => {
                            return Err(wrong("only a rule of scope `plan` may name an `address`".to_owned()));
                        }
                        other => {
                            let known =
                                ["msg", "path", "severity", "remediation", "approvers", "max_window", "address"];
                            let help = super::metadata::suggestion(other, known);
                            return Err(wrong(format!("unknown member `{other}` of a finding; {help}")));
                        }
                    }
                }
            }
            _ => return Err(wrong("a finding must be a string or an object".to_owned())),
        }
        if finding.message.trim().is_empty() {
            return Err(wrong("a finding must have a message (`msg`)".to_owned()));
        }
        finding.seal();
        Ok(finding)
    }
}

impl Finding {
    /// Computes the fingerprint from the parts.
    pub(super) fn seal(&mut self) {
        self.fingerprint = Self::fingerprint_of(&self.rule, &self.address, &self.path, &self.message);
    }
}

/// The members of a result set; nothing where the rule is undefined.
pub(super) fn members<'v>(value: &'v Value, rule: &str, address: &str) -> Result<Vec<&'v Value>, JudgeError> {
    match value {
        Value::Undefined => Ok(Vec::new()),
        Value::Set(set) => Ok(set.iter().collect()),
        Value::Array(array) => Ok(array.iter().collect()),
        _ => Err(JudgeError::Result {
            rule: rule.to_owned(),
            address: address.to_owned(),
            message: "the rule must yield a set of findings".to_owned(),
        }),
    }
}

/// Roughly the bytes of a value's text, counted no further than the limit.
fn size_of(value: &Value, limit: usize) -> usize {
    let mut open = vec![value];
    let mut size = 0_usize;
    while let Some(value) = open.pop() {
        size = size.saturating_add(8);
        match value {
            Value::String(text) => size = size.saturating_add(text.len()),
            Value::Array(items) => open.extend(items.iter()),
            Value::Set(items) => open.extend(items.iter()),
            Value::Object(members) => open.extend(members.iter().flat_map(|(key, value)| [key, value])),
            _ => {}
        }
        if size > limit {
            break;
        }
    }
    size
}

/// `90s`, `30m`, `1h`, `1h30m`, `2d` in seconds; `None` for anything else, and for nothing at all.
fn seconds(text: &str) -> Option<u64> {
    let mut total = 0_u64;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|letter: char| !letter.is_ascii_digit())?;
        let (number, after) = rest.split_at_checked(end)?;
        let mut letters = after.chars();
        let unit = match letters.next()? {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            _ => return None,
        };
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(unit)?)?;
        rest = letters.as_str();
    }
    (total > 0).then_some(total)
}

/// The severity of a conftest finding that names none.
pub(super) const fn default_severity(level: Level) -> Severity {
    match level {
        Level::Deny | Level::Approve => Severity::High,
        Level::Warn => Severity::Low,
    }
}

/// Runs on a thread with a large stack. Stack is address space until it is used.
pub(super) fn on_deep_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, JudgeError> {
    thread::scope(|scope| joined(deep_thread(scope, work)?))
}

fn deep_thread<'scope, T: Send + 'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    work: impl FnOnce() -> T + Send + 'scope,
) -> Result<ScopedJoinHandle<'scope, T>, JudgeError> {
    let thread = thread::Builder::new().name("policies".to_owned()).stack_size(STACK).spawn_scoped(scope, work);
    thread.map_err(|error| JudgeError::Input(format!("no thread for the policies: {error}")))
}

fn joined<T>(thread: ScopedJoinHandle<'_, T>) -> Result<T, JudgeError> {
    thread.join().map_err(|_| JudgeError::Input("the policy engine panicked".to_owned()))
}

/// The threads that work on one plan at most: more than a few wait for memory.
pub(super) fn threads() -> usize {
    thread::available_parallelism().map_or(1, |threads| threads.get().min(4))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_durations() {
        assert_eq!(seconds("1h30m"), Some(5400));
        assert_eq!(seconds("90s"), Some(90));
        for wrong in ["", "0m", "1", "h", "1w", "-1h", "1.5h", "99999999999999999999h"] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }
}
