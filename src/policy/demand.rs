//! The policies of a run. Without policies of the user, only the built-in rules are loaded that a plan's changes call
//! for: parsing all of them takes longer than judging a small plan.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use super::error::{JudgeError, LoadErrors, Problem};
use super::input::ChangeCase;
use super::judge::{Judgement, PlanCase};
use super::load::{PolicySet, Rule, SETS};
use super::metadata::{Metadata, Need, Scope};
use super::rego::engine::rule_path;
use super::select::Selection;
use super::source::{DataSource, Embedded, PolicyOptions, PolicySource};
use crate::iam;

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
    /// What continues it by the words of documents.
    text: Option<&'static Embedded>,
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
            .filter_map(|file| BuiltinRule::of(file).map_err(|problem| problems.push(problem)).ok())
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
        let mut files: Vec<&'static Embedded> = Vec::new();
        let mut rules = Vec::new();
        for rule in &self.rules {
            let mut called = case.changes.iter().filter(|change| rule.metadata.is_called_for(change)).peekable();
            if rule.metadata.scope == Scope::Plan || called.peek().is_some() {
                let words = called.any(reads_words);
                files.push(rule.file);
                files.extend(rule.text.filter(|_| words));
                rules.push(rule.rule(words));
            }
        }
        if rules.is_empty() {
            return Ok(None);
        }
        let key: Vec<&'static str> = files.iter().map(|file| file.path).collect();
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(set) = loaded.get(&key) {
            return Ok(Some(Arc::clone(set)));
        }
        let files = with_imports(files.into_iter()).map(Embedded::judging).collect();
        let set = Arc::new(PolicySet::of_builtin(&self.options, files, rules)?);
        loaded.insert(key, Arc::clone(&set));
        Ok(Some(set))
    }
}

/// Whether the words of a change's documents can tell more than the comparison: there is doubt, or the documents name
/// principals, of whom the comparison tells who gains and not how they are named.
fn reads_words(change: &ChangeCase<'_>) -> bool {
    Need::Doubt.is_met(change.access) || change.change.kind != iam::Kind::IdentityPolicy
}

impl BuiltinRule {
    /// The rule whose file it is.
    fn of(file: &'static Embedded) -> Result<Self, Problem> {
        let metadata = serde_json::from_str(file.metadata)
            .map_err(|error| Problem::of_file(file.path, format!("metadata cannot be read: {error}")))?;
        let text = Embedded::all().find(|other| other.package == file.package && other.path != file.path);
        Ok(Self { metadata, file, text })
    }

    /// The rule, as loading its file gives it; with its words, if they are loaded too.
    fn rule(&self, words: bool) -> Rule {
        let Embedded { path, package, .. } = self.file;
        let names: Vec<String> = package.split('.').map(str::to_owned).collect();
        let text = self.text.filter(|_| words);
        let defines =
            |at: usize| [Some(self.file), text].into_iter().flatten().any(|file| file.sets.get(at) == Some(&true));
        let defined = SETS.iter().enumerate().filter(|(at, _)| defines(*at));
        let sets = defined.map(|(_, (level, name))| (*level, rule_path(&names, name))).collect();
        Rule::new(self.metadata.clone(), (*package).to_owned(), (*path).to_owned(), sets, true)
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
        let mut listed: Vec<Rule> = listed.rules.iter().map(|rule| rule.rule(true)).collect();
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
            let text = BuiltinRule::of(file).unwrap().text;
            let files = [Some(file), text].into_iter().flatten();
            let sources: Vec<PolicySource> = with_imports(files).map(Embedded::source).collect();
            let set =
                PolicySet::load(&options, &sources, &[]).unwrap_or_else(|errors| panic!("{}: {errors}", file.path));
            assert_eq!(set.rules().len(), 1, "{}", file.path);
        }
    }
}
