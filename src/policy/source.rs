//! What a policy set is loaded from: texts with their paths. Reading files is the edge's work.

use std::ops::Range;
use std::time::Duration;

/// A file under `policies/`, as the build script found it.
#[derive(Debug)]
pub(super) struct Embedded {
    pub(super) path: &'static str,
    pub(super) text: &'static str,
    /// The package, with dots.
    pub(super) package: &'static str,
    /// The packages it imports, with dots.
    pub(super) imports: &'static [&'static str],
    /// Whether it defines `warn`, `approve` and `deny`.
    pub(super) sets: &'static [bool; 3],
    /// Its `metadata` object as JSON; empty for a library and for tests.
    pub(super) metadata: &'static str,
    /// Where in the text the definition of `metadata` stands.
    pub(super) metadata_at: Range<usize>,
}

/// Every file under `policies/`.
const EMBEDDED: &[Embedded] = include!(concat!(env!("OUT_DIR"), "/embedded_policies.rs"));

/// One Rego file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PolicySource {
    /// The path, as messages show it.
    pub path: String,
    /// The text; a byte order mark is ignored.
    pub text: String,
}

/// One data document: `.json`, `.yaml` or `.yml`, told apart by its path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataSource {
    /// The path, as messages show it.
    pub path: String,
    /// The text.
    pub text: String,
    /// Where the document stands below `data`: the folders between the `--data` argument and the file, as OPA's
    /// loader places documents of a folder. Empty for a file named directly: it is merged at the root.
    pub prefix: Vec<String>,
}

/// The syntax of user policies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RegoVersion {
    /// Rego v1: `if` and `contains` are required. What conftest and OPA 1.x take by default.
    #[default]
    V1,
    /// Rego v0, as before OPA 1.0. Built-in rules are v1 all the same.
    V0,
}

/// How a policy set is loaded and run.
#[derive(Clone, Debug)]
pub struct PolicyOptions {
    /// conftest namespaces; `main` unless the user says otherwise.
    pub namespaces: Vec<String>,
    /// Whether every package that defines conftest rules and has no `metadata` is a conftest namespace.
    pub all_namespaces: bool,
    /// The syntax of user policies.
    pub rego_version: RegoVersion,
    /// Whether the built-in rules are loaded.
    pub builtin: bool,
    /// The longest one evaluation of one rule may take.
    pub time_limit: Duration,
    /// The most results one evaluation of one rule may yield, and the longest message, are limited by this many bytes.
    pub max_result_bytes: usize,
    /// The run's time in nanoseconds since the Unix epoch; what `time.now_ns` answers.
    pub now_ns: i64,
}

impl Default for PolicyOptions {
    fn default() -> Self {
        Self {
            namespaces: vec!["main".to_owned()],
            all_namespaces: false,
            rego_version: RegoVersion::V1,
            builtin: true,
            time_limit: Duration::from_secs(5),
            max_result_bytes: 16 << 20,
            now_ns: 0,
        }
    }
}

impl PolicySource {
    /// Whether the file holds tests: `*_test.rego`.
    pub fn is_test(&self) -> bool {
        is_test_path(&self.path)
    }

    /// The built-in rules and their helpers, without tests.
    pub fn embedded() -> Vec<Self> {
        Self::embedded_where(|path| !is_test_path(path))
    }

    /// The tests of the built-in rules.
    pub fn embedded_tests() -> Vec<Self> {
        Self::embedded_where(is_test_path)
    }

    fn embedded_where(wanted: impl Fn(&str) -> bool) -> Vec<Self> {
        EMBEDDED.iter().filter(|file| wanted(file.path)).map(Embedded::source).collect()
    }
}

impl Embedded {
    /// The built-in rules and their helpers, without tests.
    pub(super) fn all() -> impl Iterator<Item = &'static Self> {
        EMBEDDED.iter().filter(|file| !is_test_path(file.path))
    }

    /// The file as a source.
    pub(super) fn source(&self) -> PolicySource {
        PolicySource { path: self.path.to_owned(), text: self.text.to_owned() }
    }

    /// The same without the metadata: what judges. Lines stay where they are.
    pub(super) fn judging(&self) -> PolicySource {
        let mut text = self.text.to_owned();
        let lines = self.text.get(self.metadata_at.clone()).map_or(0, |metadata| metadata.matches('\n').count());
        text.replace_range(self.metadata_at.clone(), &"\n".repeat(lines));
        PolicySource { path: self.path.to_owned(), text }
    }
}

fn is_test_path(path: &str) -> bool {
    path.ends_with("_test.rego")
}
