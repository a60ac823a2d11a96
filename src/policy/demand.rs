//! The policies of a run. Without policies of the user, only the built-in rules are loaded that a plan's changes call
//! for: parsing all of them takes longer than judging a small plan.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use super::error::{JudgeError, LoadErrors, Problem};
use super::judge::{Judgement, PlanCase};
use super::load::{PolicySet, Rule, SETS};
use super::metadata::{self, Metadata, Scope};
use super::rego::Value;
use super::rego::engine::rule_path;
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
    Builtin(Builtin),
}

#[derive(Debug)]
struct Builtin {
    options: PolicyOptions,
    rules: Vec<BuiltinRule>,
    /// What is loaded, by the files that plans called for. It is kept: plans of a run are alike, and taking it apart
    /// costs as much as judging a small plan.
    loaded: Mutex<BTreeMap<Vec<&'static str>, Arc<PolicySet>>>,
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
        Ok(Self { kind: Kind::Builtin(Builtin { options: options.clone(), rules, loaded: Mutex::default() }) })
    }

    /// What the rules say about themselves, loaded or not.
    pub fn rules(&self) -> impl Iterator<Item = &Metadata> {
        let (loaded, builtin) = match &self.kind {
            Kind::Loaded(set) => (set.rules(), [].as_slice()),
            Kind::Builtin(builtin) => ([].as_slice(), builtin.rules.as_slice()),
        };
        loaded.iter().map(|rule| &rule.metadata).chain(builtin.iter().map(|rule| &rule.metadata))
    }

    /// What the conftest policies need of a plan; nothing when there are none.
    pub fn selection(&self) -> &Selection {
        match &self.kind {
            Kind::Loaded(set) => set.selection(),
            Kind::Builtin(_) => &Selection::Nothing,
        }
    }

    /// Judges one plan.
    ///
    /// # Errors
    /// Those of [`PolicySet::judge`].
    pub fn judge(&self, case: &PlanCase<'_>) -> Result<Judgement, JudgeError> {
        match &self.kind {
            Kind::Loaded(set) => set.judge(case),
            Kind::Builtin(builtin) => match builtin.called_for(case) {
                Ok(Some(set)) => set.judge(case),
                Ok(None) => Ok(Judgement::default()),
                Err(problem) => Err(JudgeError::Input(format!("built-in rules cannot be loaded: {problem}"))),
            },
        }
    }
}

impl Builtin {
    /// The rules that a plan's changes call for; `None` when they call for none.
    fn called_for(&self, case: &PlanCase<'_>) -> Result<Option<Arc<PolicySet>>, Problem> {
        let called = |rule: &&BuiltinRule| {
            rule.metadata.scope == Scope::Plan || case.changes.iter().any(|change| rule.metadata.is_called_for(change))
        };
        let rules: Vec<&BuiltinRule> = self.rules.iter().filter(called).collect();
        if rules.is_empty() {
            return Ok(None);
        }
        let key: Vec<&'static str> = rules.iter().map(|rule| rule.file.path).collect();
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(set) = loaded.get(&key) {
            return Ok(Some(Arc::clone(set)));
        }
        let files = with_imports(rules.iter().map(|rule| rule.file)).map(Embedded::judging).collect();
        let rules = rules.into_iter().map(BuiltinRule::rule).collect();
        let set = Arc::new(PolicySet::of_builtin(&self.options, files, rules)?);
        loaded.insert(key, Arc::clone(&set));
        Ok(Some(set))
    }
}

impl BuiltinRule {
    /// The rule, as loading its file gives it.
    fn rule(&self) -> Rule {
        let Embedded { path, package, sets, .. } = self.file;
        let names: Vec<String> = package.split('.').map(str::to_owned).collect();
        let defined = SETS.iter().zip(*sets).filter(|(_, defined)| **defined);
        let sets = defined.map(|((level, name), _)| (*level, rule_path(&names, name))).collect();
        Rule::new(self.metadata.clone(), (*package).to_owned(), (*path).to_owned(), sets, true)
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
fn with_imports(files: impl Iterator<Item = &'static Embedded>) -> impl Iterator<Item = &'static Embedded> {
    let mut open: Vec<&Embedded> = files.collect();
    let mut wanted = BTreeSet::new();
    while let Some(file) = open.pop() {
        if wanted.insert(file.path) {
            open.extend(Embedded::all().filter(|other| file.imports.contains(&other.package)));
        }
    }
    Embedded::all().filter(move |file| wanted.contains(file.path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_built_in_rules_is_what_loading_all_of_them_gives() {
        let options = PolicyOptions::default();
        let all = PolicySet::load(&options, &[], &[]).unwrap();
        let listed = Policies::load(&options, &[], &[]).unwrap();
        let Kind::Builtin(listed) = listed.kind else { panic!("the user has policies") };
        let mut listed: Vec<Rule> = listed.rules.iter().map(BuiltinRule::rule).collect();
        listed.sort_by(|left, right| left.metadata.id.cmp(&right.metadata.id));
        assert_eq!(format!("{listed:#?}"), format!("{:#?}", all.rules()));
    }

    #[test]
    fn what_judges_is_the_file_without_its_metadata() {
        for file in Embedded::all() {
            let PolicySource { text, .. } = file.judging();
            assert!(!text.contains("metadata := "), "{}", file.path);
            assert_eq!(text.lines().count(), file.text.lines().count(), "{}", file.path);
            let same = |(cut, line): (&str, &str)| cut == line || cut.is_empty();
            assert!(text.lines().zip(file.text.lines()).all(same), "{}", file.path);
            let cut = file.text.len() - text.len();
            assert!(cut <= file.metadata.len() + 64, "{}: more is cut than the metadata", file.path);
        }
    }

    #[test]
    fn each_built_in_rule_has_all_it_needs_beside_it() {
        let options = PolicyOptions { builtin: false, ..PolicyOptions::default() };
        for file in Embedded::all().filter(|file| !file.metadata.is_empty()) {
            let sources: Vec<PolicySource> = with_imports([file].into_iter()).map(Embedded::source).collect();
            let set =
                PolicySet::load(&options, &sources, &[]).unwrap_or_else(|errors| panic!("{}: {errors}", file.path));
            assert_eq!(set.rules().len(), 1, "{}", file.path);
        }
    }
}
