//! Files to a [`PolicySet`], with everything that is wrong with them at once.

use std::collections::{BTreeMap, BTreeSet};

use super::error::{LoadErrors, Problem};
use super::finding::Level;
use super::metadata::{self, Metadata};
use super::rego::Value;
use super::rego::engine::{Builtins, Engine, Library, Settings, rule_path};
use super::rego::lint::{self, Checks, Table};
use super::rego::syntax::{Head, ModuleInfo, Shape};
use super::select::{self, Selection};
use super::source::{DataSource, PolicyOptions, PolicySource, RegoVersion};

/// A rule that is loaded. `policy list` and `policy explain` print it.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Rule {
    /// What it says about itself.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// The package, with dots.
    pub package: String,
    /// The file that holds its metadata.
    pub file: String,
    /// Whether it comes with tollgate.
    pub builtin: bool,
    /// The sets it defines: what it can demand, mildest first.
    pub levels: Vec<Level>,
    #[serde(skip)]
    pub(super) sets: Vec<(Level, String)>,
}

impl Rule {
    pub(super) fn new(
        metadata: Metadata,
        package: String,
        file: String,
        sets: Vec<(Level, String)>,
        builtin: bool,
    ) -> Self {
        let levels = sets.iter().map(|(level, _)| *level).collect();
        Self { metadata, package, file, builtin, levels, sets }
    }
}

/// A conftest package that is run.
#[derive(Clone, Debug)]
pub(super) struct Namespace {
    /// The package, with dots.
    pub(super) name: String,
    /// Its rules, in the order of their names.
    pub(super) rules: Vec<ConftestRule>,
    /// The path of its `exception` rule, where it has one.
    pub(super) exception: Option<String>,
}

/// `deny`, `deny_*`, `violation`, `violation_*`, `warn` or `warn_*` of a conftest package.
#[derive(Clone, Debug)]
pub(super) struct ConftestRule {
    /// Its name.
    pub(super) name: String,
    /// The path to evaluate.
    pub(super) path: String,
    /// What it demands.
    pub(super) level: Level,
    /// What an exception names it: the name without its prefix, empty for a plain `deny`, `violation` or `warn`.
    pub(super) exempted_as: String,
}

/// Loaded rules and conftest policies, ready to judge.
#[derive(Clone)]
pub struct PolicySet {
    pub(super) rules: Vec<Rule>,
    pub(super) namespaces: Vec<Namespace>,
    pub(super) strict: Engine,
    pub(super) lenient: Option<Engine>,
    pub(super) options: PolicyOptions,
    selection: Selection,
}

impl std::fmt::Debug for PolicySet {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("PolicySet")
            .field("rules", &self.rules)
            .field("namespaces", &self.namespaces)
            .finish_non_exhaustive()
    }
}

impl PolicySet {
    /// Loads the built-in rules (unless the options say otherwise), the user's policies and data documents.
    ///
    /// # Errors
    /// Every problem of every file: syntax, unknown builtins, recursion, packages that define `deny` and the like
    /// without being a rule or a conftest namespace, bad metadata, no rules at all.
    pub fn load(options: &PolicyOptions, policies: &[PolicySource], data: &[DataSource]) -> Result<Self, LoadErrors> {
        Loader::new(options).load(policies, data)
    }

    /// Built-in rules, with the files that hold them and what they import. The tests check those files, so nothing is
    /// checked here.
    ///
    /// # Errors
    /// When a file cannot be parsed or prepared.
    pub(super) fn of_builtin(
        options: &PolicyOptions,
        files: Vec<PolicySource>,
        rules: Vec<Rule>,
    ) -> Result<Self, Problem> {
        let strict = Library::loaded(files, RegoVersion::V1, Settings::new(options, Builtins::Strict))?;
        let (namespaces, selection) = (Vec::new(), Selection::Nothing);
        Ok(Self { rules, namespaces, strict, lenient: None, options: options.clone(), selection })
    }

    /// The rules, sorted by id.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The conftest namespaces that are run.
    pub fn namespaces(&self) -> impl Iterator<Item = &str> {
        self.namespaces.iter().map(|namespace| namespace.name.as_str())
    }

    /// What the conftest policies need of a plan; nothing when there are none.
    pub fn selection(&self) -> &Selection {
        &self.selection
    }
}

/// Parses, checks and classifies.
pub(super) struct Loader<'o> {
    options: &'o PolicyOptions,
    pub(super) library: Library,
    checks: Vec<Checks>,
    builtin: BTreeSet<String>,
    parsed_all: bool,
    pub(super) problems: Vec<Problem>,
}

impl<'o> Loader<'o> {
    pub(super) fn new(options: &'o PolicyOptions) -> Self {
        Self {
            options,
            library: Library::new(),
            checks: Vec::new(),
            builtin: BTreeSet::new(),
            parsed_all: true,
            problems: Vec::new(),
        }
    }

    fn load(mut self, policies: &[PolicySource], data: &[DataSource]) -> Result<PolicySet, LoadErrors> {
        if self.options.builtin {
            self.add_builtin(PolicySource::embedded());
        }
        self.add_policies(policies.iter().filter(|source| !source.is_test()));
        self.add_data(data);
        let modules = self.modules();
        let (rule_packages, namespaces) = self.classify(&modules);
        // A missing file would make every call into it an error, and recursion would overflow the stack.
        if !self.parsed_all || !self.lint(&modules) {
            return Err(self.errors());
        }
        let strict = match self.library.engine(Settings::new(self.options, Builtins::Strict)) {
            Ok(engine) => engine,
            Err(problem) => {
                self.problems.push(problem);
                return Err(self.errors());
            }
        };
        let rules = self.rules(&modules, &rule_packages, &strict);
        if self.problems.is_empty() && rules.is_empty() && namespaces.is_empty() {
            let problem = Problem::of_file("", "no rules are loaded, so nothing would be judged");
            self.problems.push(problem.help("name policies by --policy, or keep the built-in rules"));
        }
        if !self.problems.is_empty() {
            return Err(self.errors());
        }
        let lenient = if namespaces.is_empty() {
            None
        } else {
            let engine = self.library.engine(Settings::new(self.options, Builtins::Lenient));
            Some(engine.map_err(|problem| LoadErrors(vec![problem]))?)
        };
        let selection = select::analyse(&modules, &Table::new(&modules), &namespaces);
        Ok(PolicySet { rules, namespaces, strict, lenient, options: self.options.clone(), selection })
    }

    pub(super) fn errors(mut self) -> LoadErrors {
        self.problems.sort();
        self.problems.dedup();
        LoadErrors(self.problems)
    }

    pub(super) fn add_builtin(&mut self, sources: Vec<PolicySource>) {
        for source in sources {
            self.builtin.insert(source.path.clone());
            self.add(source, RegoVersion::V1);
        }
    }

    pub(super) fn add_policies<'s>(&mut self, sources: impl Iterator<Item = &'s PolicySource>) {
        let mut seen: BTreeSet<&PolicySource> = BTreeSet::new();
        for source in sources {
            // Overlapping paths and globs name a file twice.
            if seen.insert(source) {
                self.add(source.clone(), self.options.rego_version);
            }
        }
    }

    fn add(&mut self, source: PolicySource, version: RegoVersion) {
        let checks = Checks { version, sprintf: false };
        match self.library.add(source.clone(), version) {
            Ok(()) => self.checks.push(checks),
            Err(mut problem) => {
                self.parsed_all = false;
                let is_v0 = version == RegoVersion::V1 && Library::new().add(source, RegoVersion::V0).is_ok();
                if is_v0 {
                    problem.help =
                        "the file is Rego v0: migrate it by `opa fmt --v0-v1`, or pass --rego-version v0".to_owned();
                }
                self.problems.push(problem);
            }
        }
    }

    pub(super) fn add_data(&mut self, documents: &[DataSource]) {
        for document in documents {
            let parsed = if document.path.ends_with(".json") {
                Value::from_json_str(document.text.trim_start_matches('\u{feff}'))
            } else {
                Value::from_yaml_str(&document.text)
            };
            let value = match parsed {
                Ok(value) => value,
                Err(error) => {
                    let message = format!("cannot read the data document: {}", error.to_string().replace('\n', " "));
                    self.problems.push(Problem::of_file(&document.path, message));
                    continue;
                }
            };
            let placed = document
                .prefix
                .iter()
                .rev()
                .fold(value, |value, key| Value::from(BTreeMap::from([(Value::from(key.as_str()), value)])));
            if !matches!(placed, Value::Object(_)) {
                let problem = Problem::of_file(&document.path, "a data document must be an object");
                self.problems.push(problem);
                continue;
            }
            if let Err(message) = self.library.add_data(placed) {
                self.problems.push(Problem::of_file(&document.path, format!("data documents conflict: {message}")));
            }
        }
    }

    pub(super) fn modules(&mut self) -> Vec<ModuleInfo> {
        ModuleInfo::all(&self.library.modules())
    }

    /// Checks calls; false when the rules must not be evaluated at all.
    pub(super) fn lint(&mut self, modules: &[ModuleInfo]) -> bool {
        lint::check(modules, &self.checks, &mut self.problems)
    }

    fn is_builtin(&self, module: &ModuleInfo) -> bool {
        self.builtin.contains(&module.file)
    }

    fn is_namespace(&self, name: &str) -> bool {
        self.options.namespaces.iter().any(|namespace| namespace == name)
    }

    /// Tells rules, conftest namespaces and libraries apart.
    fn classify(&mut self, modules: &[ModuleInfo]) -> (BTreeSet<Vec<String>>, Vec<Namespace>) {
        let mut packages: BTreeMap<&Vec<String>, Vec<usize>> = BTreeMap::new();
        for (at, module) in modules.iter().enumerate() {
            packages.entry(&module.package).or_default().push(at);
        }
        let mut rules = BTreeSet::new();
        let mut namespaces = Vec::new();
        for (package, members) in packages {
            let members: Vec<(usize, &ModuleInfo)> =
                members.iter().filter_map(|at| Some((*at, modules.get(*at)?))).collect();
            let files: Vec<&ModuleInfo> = members.iter().map(|(_, module)| *module).collect();
            if files.iter().any(|module| self.is_builtin(module)) {
                let foreign: Vec<_> = files.iter().filter(|module| !self.is_builtin(module)).collect();
                for module in foreign {
                    let message = format!("package `{}` belongs to tollgate", module.namespace());
                    let problem = module.problem(module.line, 1, message).help("choose another package name");
                    self.problems.push(problem);
                }
            }
            let name = package.join(".");
            let heads = || files.iter().flat_map(|module| module.heads.iter().map(move |head| (*module, head)));
            let has_metadata = heads().any(|(_, head)| head.path == ["metadata"]);
            let conftest = self.is_namespace(&name)
                || (self.options.all_namespaces && !has_metadata && heads().any(|(_, head)| is_conftest(head)));
            if conftest {
                namespaces.extend(self.namespace(&name, package, &files));
            } else if has_metadata {
                for (at, _) in &members {
                    if let Some(checks) = self.checks.get_mut(*at) {
                        checks.sprintf = true;
                    }
                }
                if self.check_rule(&name, &files) {
                    rules.insert(package.clone());
                }
            } else if let Some((module, head)) = heads().find(|(_, head)| is_gate_set(head.name())) {
                let message = format!("package `{name}` defines `{}` but no `metadata`", head.name());
                let help = format!(
                    "give it a metadata object to make it a tollgate rule, or run it as a conftest policy by --namespace {name}"
                );
                self.problems.push(module.problem(head.line, head.column, message).help(help));
            }
        }
        self.check_namespaces(&namespaces);
        (rules, namespaces)
    }

    /// A namespace that was asked for must exist; only the default `main` may be missing.
    fn check_namespaces(&mut self, found: &[Namespace]) {
        let asked: Vec<&String> = self.options.namespaces.iter().filter(|name| *name != "main").collect();
        for name in asked {
            if !found.iter().any(|namespace| namespace.name == *name) {
                let message = format!("no loaded policy defines conftest rules in namespace `{name}`");
                let problem = Problem::of_file("", message);
                self.problems.push(problem.help("check --namespace against the packages of the policy files"));
            }
        }
    }

    /// A conftest package; `None` when it defines none of conftest's rules.
    fn namespace(&mut self, name: &str, package: &[String], files: &[&ModuleInfo]) -> Option<Namespace> {
        let mut rules: BTreeMap<String, ConftestRule> = BTreeMap::new();
        let mut exception = None;
        for module in files {
            for head in &module.heads {
                if head.name() == "exception" {
                    exception = Some(rule_path(package, "exception"));
                }
                if head.name() == "approve" && head.shape == Shape::Set {
                    let message = format!("`approve` is no conftest rule, so it would not be evaluated in `{name}`");
                    let help = "move it to a package with a metadata object";
                    self.problems.push(module.problem(head.line, head.column, message).help(help));
                }
                if !is_conftest(head) {
                    continue;
                }
                if let Some(problem) = wrong_shape(module, head) {
                    self.problems.push(problem);
                    continue;
                }
                let rule = head.name().to_owned();
                let level = if rule.starts_with("warn") { Level::Warn } else { Level::Deny };
                let exempted_as = rule.split_once('_').map_or("", |(_, rest)| rest).to_owned();
                let path = rule_path(package, &rule);
                rules.insert(rule.clone(), ConftestRule { name: rule, path, level, exempted_as });
            }
        }
        let rules: Vec<ConftestRule> = rules.into_values().collect();
        (!rules.is_empty()).then(|| Namespace { name: name.to_owned(), rules, exception })
    }

    /// The heads of a rule's package; false when it defines no set.
    fn check_rule(&mut self, name: &str, files: &[&ModuleInfo]) -> bool {
        let mut sets = 0;
        let mut near: Option<String> = None;
        for module in files {
            for head in &module.heads {
                let head_name = head.name();
                if matches!(head_name, "deny" | "approve" | "warn") {
                    match wrong_shape(module, head) {
                        Some(problem) => self.problems.push(problem),
                        None => sets += 1,
                    }
                } else if head.shape == Shape::Set && is_gate_set(head_name.split('_').next().unwrap_or_default()) {
                    let message = format!("`{head_name}` would not be evaluated");
                    let help = "a tollgate rule has the sets `deny`, `approve` and `warn`; split it into packages";
                    self.problems.push(module.problem(head.line, head.column, message).help(help));
                    sets += 1;
                } else if head.shape == Shape::Set {
                    near = near.or_else(|| Some(head_name.to_owned()));
                }
            }
        }
        if sets > 0 {
            return true;
        }
        let place = files.iter().find_map(|module| {
            let head = module.heads.iter().find(|head| head.path == ["metadata"])?;
            Some((*module, head))
        });
        if let Some((module, head)) = place {
            let message = format!("rule `{name}` defines none of `deny`, `approve` and `warn`");
            let help = near.map_or_else(String::new, |near| metadata::suggestion(&near, ["deny", "approve", "warn"]));
            self.problems.push(module.problem(head.line, head.column, message).help(help));
        }
        false
    }

    /// Reads the metadata of the rules.
    fn rules(&mut self, modules: &[ModuleInfo], packages: &BTreeSet<Vec<String>>, engine: &Engine) -> Vec<Rule> {
        let mut engine = engine.clone();
        let mut rules: Vec<Rule> = Vec::new();
        let mut places: BTreeMap<String, String> = BTreeMap::new();
        for package in packages {
            let files: Vec<&ModuleInfo> = modules.iter().filter(|module| &module.package == package).collect();
            let found = files.iter().find_map(|module| {
                let head = module.heads.iter().find(|head| head.path == ["metadata"])?;
                Some((*module, head))
            });
            let Some((module, head)) = found else { continue };
            let place = |key: Option<&str>| {
                let (line, column) = key.and_then(|key| head.key_place(key)).unwrap_or((head.line, head.column));
                module.problem(line, column, String::new())
            };
            let value = match engine.eval(&rule_path(package, "metadata"), &Value::Undefined) {
                Ok(value) => value,
                Err(error) => {
                    let mut problem = place(None);
                    problem.message = format!("metadata cannot be evaluated: {}", error.message());
                    self.problems.push(problem);
                    continue;
                }
            };
            let Some(metadata) = metadata::read(&value, place, &mut self.problems) else { continue };
            if let Some(other) = places.insert(metadata.id.clone(), module.file.clone()) {
                let mut problem = place(Some("id"));
                problem.message = format!("the id `{}` is taken by {other}", metadata.id);
                self.problems.push(problem);
            }
            let mut sets: Vec<(Level, String)> = Vec::new();
            for (level, name) in SETS {
                if files.iter().any(|module| module.heads.iter().any(|head| head.name() == name)) {
                    sets.push((level, rule_path(package, name)));
                }
            }
            rules.push(Rule::new(metadata, package.join("."), module.file.clone(), sets, self.is_builtin(module)));
        }
        rules.sort_by(|left, right| left.metadata.id.cmp(&right.metadata.id));
        rules
    }
}

/// The rules of a package that find something, by what they demand, mildest first.
pub(super) const SETS: [(Level, &str); 3] = [(Level::Warn, "warn"), (Level::Approve, "approve"), (Level::Deny, "deny")];

/// Whether conftest evaluates the rule: `^(deny|violation|warn)(_[a-zA-Z0-9]+)*$` (its `policy/engine.go`).
fn is_conftest(head: &Head) -> bool {
    let mut parts = head.name().split('_');
    matches!(parts.next(), Some("deny" | "violation" | "warn"))
        && parts.all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        && !matches!(head.shape, Shape::Function(_))
}

fn is_gate_set(name: &str) -> bool {
    matches!(name, "deny" | "approve" | "warn" | "violation")
}

/// A head that looks like a set but is none, so that it would silently find nothing.
fn wrong_shape(module: &ModuleInfo, head: &Head) -> Option<Problem> {
    let name = head.name();
    let message = match head.shape {
        Shape::Set if head.path.len() == 1 => return None,
        Shape::Value => return None,
        Shape::Set => format!("`{}` is below `{name}`, so it would not be evaluated as `{name}`", head.path.join(".")),
        Shape::Boolean => format!("`{name} if` is true or undefined; it yields no messages"),
        Shape::Object => format!("`{name}[..]` defines an object; it yields no messages"),
        Shape::Default => format!("`default {name}` makes it a single value; it yields no messages"),
        Shape::Function(_) => format!("`{name}` must not be a function"),
    };
    let help = format!("write `{name} contains msg if {{ .. }}`");
    Some(module.problem(head.line, head.column, message).help(help))
}
