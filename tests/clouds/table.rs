//! Tables of types: which changes of their attributes raise access, and which do not.

use serde_json::{Value, json};
use tollgate::access::Verdict;

use super::plan::{Plan, with};

/// A type: the object, the changes that raise access, and those that do not.
pub(super) struct Case {
    pub(super) address: &'static str,
    pub(super) base: Value,
    pub(super) raises: Vec<(&'static str, Value)>,
    pub(super) silent: Vec<(&'static str, Value)>,
}

impl Case {
    fn plan(&self, world: &dyn Fn(&Self) -> Plan, path: &str, value: &Value) -> Plan {
        let after = with(&self.base, path, value.clone());
        world(self).changes(self.address, self.base.clone(), after)
    }
}

/// No change that raises access is judged `none`.
pub(super) fn never_unsaid(cases: &[Case], world: impl Fn(&Case) -> Plan) {
    let mut missed = Vec::new();
    for case in cases {
        for (path, value) in &case.raises {
            if case.plan(&world, path, value).verdict() == Verdict::None {
                missed.push(format!("{} {path} = {value}", case.address));
            }
        }
    }
    assert!(missed.is_empty(), "judged `none`:\n{}", missed.join("\n"));
}

/// Every change that bears on nothing is judged `none`.
pub(super) fn silent(cases: &[Case], world: impl Fn(&Case) -> Plan) {
    let mut loud = Vec::new();
    for case in cases {
        for (path, value) in &case.silent {
            let found = case.plan(&world, path, value).verdict();
            if found != Verdict::None {
                loud.push(format!("{} {path} = {value}: {found:?}", case.address));
            }
        }
    }
    assert!(loud.is_empty(), "not silent:\n{}", loud.join("\n"));
}

/// An attribute that becomes unknown is never `none`, wherever it bears on access.
pub(super) fn unknown_is_not_excluded(cases: &[Case], world: impl Fn(&Case) -> Plan) {
    let mut missed = Vec::new();
    for case in cases {
        let mut paths: Vec<&str> = case.raises.iter().map(|(path, _)| path.split('.').next().unwrap()).collect();
        paths.dedup();
        for path in paths {
            let mut after = case.base.clone();
            after.as_object_mut().unwrap().remove(path);
            let plan = world(case).unknown(case.address, case.base.clone(), after, json!({ path: true }));
            if plan.verdict() == Verdict::None {
                missed.push(format!("{} {path} unknown", case.address));
            }
        }
    }
    assert!(missed.is_empty(), "judged `none`:\n{}", missed.join("\n"));
}
