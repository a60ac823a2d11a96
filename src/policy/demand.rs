//! The policies of a run. Without policies of the user, only the built-in rules are loaded that a plan's changes call
//! for: parsing all of them takes longer than judging a small plan.

use std::collections::BTreeSet;

use super::error::{JudgeError, LoadErrors, Problem};
use super::judge::{Judgement, PlanCase};
use super::load::PolicySet;
use super::metadata::{self, Metadata, Scope};
use super::rego::Value;
use super::select::Selection;
use super::source::{DataSource, Embedded, PolicyOptions, PolicySource};

/// Policies that judge the plans of a run.
#[derive(Debug)]
pub struct Policies {
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// Everything, loaded beforehand.
    Loaded(Box<PolicySet>),
    /// The built-in rules alone, loaded as plans call for them.
    Builtin { options: PolicyOptions, rules: Vec<BuiltinRule> },
}

/// A built-in rule that is not parsed.
#[derive(Debug)]
struct BuiltinRule {
    metadata: Metadata,
    file: &'static Embedded,
}

impl Policies {
    /// Reads policies and data documents as [`PolicySet::load`] does. With neither, the built-in rules are loaded when
    /// a plan calls for them.
    ///
    /// # Errors
    /// Those of [`PolicySet::load`].
    pub fn load(options: &PolicyOptions, policies: &[PolicySource], data: &[DataSource]) -> Result<Self, LoadErrors> {
        let asks_for_more = options.namespaces.iter().any(|namespace| namespace != "main");
        if !options.builtin || asks_for_more || !policies.is_empty() || !data.is_empty() {
            return PolicySet::load(options, policies, data).map(|set| Self { kind: Kind::Loaded(Box::new(set)) });
        }
        let mut problems = Vec::new();
        let rules: Vec<BuiltinRule> = Embedded::all()
            .filter(|file| !file.metadata.is_empty())
            .filter_map(|file| Some(BuiltinRule { metadata: read(file, &mut problems)?, file }))
            .collect();
        if !problems.is_empty() {
            return Err(LoadErrors(problems));
        }
        if rules.is_empty() {
            return Err(LoadErrors(vec![Problem::of_file("", "no rules are loaded, so nothing would be judged")]));
        }
        Ok(Self { kind: Kind::Builtin { options: options.clone(), rules } })
    }

    /// What the rules say about themselves, loaded or not.
    pub fn rules(&self) -> impl Iterator<Item = &Metadata> {
        let (loaded, builtin) = match &self.kind {
            Kind::Loaded(set) => (set.rules(), [].as_slice()),
            Kind::Builtin { rules, .. } => ([].as_slice(), rules.as_slice()),
        };
        loaded.iter().map(|rule| &rule.metadata).chain(builtin.iter().map(|rule| &rule.metadata))
    }

    /// What the conftest policies need of a plan; nothing when there are none.
    pub fn selection(&self) -> &Selection {
        match &self.kind {
            Kind::Loaded(set) => set.selection(),
            Kind::Builtin { .. } => &Selection::Nothing,
        }
    }

    /// Judges one plan.
    ///
    /// # Errors
    /// Those of [`PolicySet::judge`].
    pub fn judge(&self, case: &PlanCase<'_>) -> Result<Judgement, JudgeError> {
        match &self.kind {
            Kind::Loaded(set) => set.judge(case),
            Kind::Builtin { options, rules } => {
                let called = |rule: &&BuiltinRule| {
                    rule.metadata.scope == Scope::Plan
                        || case.changes.iter().any(|change| rule.metadata.is_called_for(change))
                };
                let files = with_imports(rules.iter().filter(called).map(|rule| rule.file));
                if files.is_empty() {
                    return Ok(Judgement::default());
                }
                let set = PolicySet::of_builtin(options, files);
                set.map_err(|errors| JudgeError::Input(format!("built-in rules cannot be loaded: {errors}")))?
                    .judge(case)
            }
        }
    }
}

/// The metadata as the build script cut it out of the file.
fn read(file: &Embedded, problems: &mut Vec<Problem>) -> Option<Metadata> {
    match Value::from_json_str(file.metadata) {
        Ok(value) => metadata::read(&value, |_| Problem::of_file(file.path, ""), problems),
        Err(error) => {
            problems.push(Problem::of_file(file.path, format!("metadata must be a JSON object: {error}")));
            None
        }
    }
}

/// The files and everything they import, in the order of their paths.
fn with_imports(files: impl Iterator<Item = &'static Embedded>) -> Vec<PolicySource> {
    let mut open: Vec<&Embedded> = files.collect();
    let mut wanted = BTreeSet::new();
    while let Some(file) = open.pop() {
        if wanted.insert(file.path) {
            open.extend(Embedded::all().filter(|other| file.imports.contains(&other.package)));
        }
    }
    Embedded::all().filter(|file| wanted.contains(file.path)).map(Embedded::source).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_built_in_rules_is_what_loading_all_of_them_gives() {
        let options = PolicyOptions::default();
        let all = PolicySet::load(&options, &[], &[]).unwrap();
        let listed = Policies::load(&options, &[], &[]).unwrap();
        let mut listed: Vec<&Metadata> = listed.rules().collect();
        listed.sort_by(|left, right| left.id.cmp(&right.id));
        assert_eq!(listed, all.rules().iter().map(|rule| &rule.metadata).collect::<Vec<_>>());
    }

    #[test]
    fn each_built_in_rule_has_all_it_needs_beside_it() {
        let options = PolicyOptions { builtin: false, ..PolicyOptions::default() };
        for file in Embedded::all().filter(|file| !file.metadata.is_empty()) {
            let sources = with_imports([file].into_iter());
            let set =
                PolicySet::load(&options, &sources, &[]).unwrap_or_else(|errors| panic!("{}: {errors}", file.path));
            assert_eq!(set.rules().len(), 1, "{}", file.path);
        }
    }
}
