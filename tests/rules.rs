//! The built-in rules as a reader and as the engine see them: named after their place, described, tested beside
//! the rule (fires, quiet, unknown), fully exercised, and listed in `docs/rules.md`.

#![expect(clippy::disallowed_methods, reason = "a test reads the repository's files")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop at what it did not expect")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use regorus::Engine;

const PLATFORMS: [&str; 6] = ["any", "aws", "gcp", "azure", "kubernetes", "github"];
const SEVERITIES: [&str; 5] = ["critical", "high", "medium", "low", "info"];
const KINDS: [&str; 14] = [
    "role_binding",
    "code_execution",
    "boundary_or_guardrail",
    "credential",
    "resource_policy",
    "federation",
    "network_of_trust",
    "group_membership",
    "role_definition",
    "identity_policy",
    "ownership",
    "trust_policy",
    "other",
    "unclassified",
];

/// A file below `policies/`: its path from there, with `/`, and its text.
struct File {
    path: String,
    text: String,
}

impl File {
    fn is_test(&self) -> bool {
        self.path.ends_with("_test.rego")
    }

    fn is_rule(&self) -> bool {
        !self.is_test() && !self.is_text() && !self.path.starts_with("lib/")
    }

    /// What continues the rule beside it by the words of documents.
    fn is_text(&self) -> bool {
        self.path.ends_with("_text.rego") && !self.path.starts_with("lib/")
    }

    fn package(&self) -> &str {
        self.text.lines().find_map(|line| line.strip_prefix("package ")).unwrap_or_default().trim()
    }

    /// The directory and the file's name without its ending.
    fn place(&self) -> (&str, &str) {
        let (directory, name) = self.path.split_once('/').unwrap();
        (directory, name.trim_end_matches("_test.rego").trim_end_matches(".rego"))
    }

    fn id(&self) -> String {
        match self.place() {
            ("any", name) => name.to_owned(),
            (platform, name) => format!("{platform}-{name}"),
        }
    }
}

fn policies() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    let mut files = Vec::new();
    let mut open = vec![root.clone()];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rego") {
                let relative = path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
                files.push(File { path: relative, text: std::fs::read_to_string(path).unwrap() });
            }
        }
    }
    files.sort_by(|left, right| left.path.cmp(&right.path));
    assert!(files.iter().any(File::is_rule), "no rules below {}", root.display());
    files
}

fn engine(files: &[File]) -> Engine {
    let mut engine = Engine::new();
    for file in files {
        let package = engine.add_policy(file.path.clone(), file.text.clone());
        assert_eq!(package.unwrap_or_else(|error| panic!("{error:#}")), format!("data.{}", file.package()));
    }
    engine
}

fn metadata(engine: &mut Engine, file: &File) -> serde_json::Value {
    let value = engine.eval_rule(format!("data.{}.metadata", file.package()));
    serde_json::from_str(&value.unwrap_or_else(|error| panic!("{}: {error:#}", file.path)).to_json_str().unwrap())
        .unwrap()
}

fn words(metadata: &serde_json::Value, member: &str) -> Vec<String> {
    let list = metadata.get(member).and_then(serde_json::Value::as_array).cloned().unwrap_or_default();
    list.iter().map(|word| word.as_str().unwrap().to_owned()).collect()
}

/// The names of rules a file defines at the left margin.
fn defined(file: &File) -> BTreeSet<&str> {
    let names = file.text.lines().filter(|line| line.starts_with(|first: char| first.is_ascii_lowercase()));
    names.filter_map(|line| line.split([' ', '(', ':']).next()).collect()
}

#[test]
fn place_package_and_id_agree() {
    let files = policies();
    let mut engine = engine(&files);
    let mut ids = BTreeSet::new();
    for file in files.iter().filter(|file| file.is_rule()) {
        let (platform, name) = file.place();
        assert!(PLATFORMS.contains(&platform), "{}: unknown directory", file.path);
        assert_eq!(file.package(), format!("tollgate.{platform}.{}", name.replace('-', "_")), "{}", file.path);
        let metadata = metadata(&mut engine, file);
        assert_eq!(metadata["id"].as_str(), Some(file.id().as_str()), "{}", file.path);
        assert!(ids.insert(file.id()), "{}: the id is taken", file.path);
        let platforms = words(&metadata, "platforms");
        // A rule of every platform may name those whose comparison it reads.
        let known =
            |word: &String| ["gitlab", "other"].contains(&word.as_str()) || PLATFORMS[1..].contains(&word.as_str());
        let named = platform == "any" && platforms.iter().all(known);
        assert!(named || platforms == [platform], "{}: platforms follow the directory", file.path);
    }
}

#[test]
fn metadata_is_complete() {
    let files = policies();
    let mut engine = engine(&files);
    let known = [
        "id",
        "title",
        "description",
        "severity",
        "remediation",
        "references",
        "platforms",
        "kinds",
        "purposes",
        "verdicts",
        "scope",
        "needs",
    ];
    for file in files.iter().filter(|file| file.is_rule()) {
        let metadata = metadata(&mut engine, file);
        for member in metadata.as_object().unwrap().keys() {
            assert!(known.contains(&member.as_str()), "{}: metadata.{member} means nothing", file.path);
        }
        for member in ["title", "description", "remediation"] {
            assert!(metadata[member].as_str().is_some_and(|text| text.len() > 15), "{}: metadata.{member}", file.path);
        }
        assert!(!metadata["title"].as_str().unwrap().ends_with('.'), "{}: a title has no full stop", file.path);
        assert!(
            metadata["severity"].as_str().is_some_and(|word| SEVERITIES.contains(&word)),
            "{}: severity",
            file.path
        );
        let references = words(&metadata, "references");
        assert!(!references.is_empty() && references.iter().all(|url| url.starts_with("https://")), "{}", file.path);
        assert!(words(&metadata, "kinds").iter().all(|kind| KINDS.contains(&kind.as_str())), "{}: kinds", file.path);
        let verdicts = words(&metadata, "verdicts");
        assert!(
            verdicts.iter().all(|verdict| ["none", "new", "possible"].contains(&verdict.as_str())),
            "{}",
            file.path
        );
    }
}

#[test]
fn rules_judge_and_helpers_do_not() {
    for file in policies().iter().filter(|file| !file.is_test()) {
        let names = defined(file);
        let judges = ["deny", "approve", "warn"].iter().any(|set| names.contains(set));
        assert_eq!(judges, file.is_rule() || file.is_text(), "{}", file.path);
        assert_eq!(names.contains("metadata"), file.is_rule(), "{}", file.path);
    }
}

#[test]
fn what_reads_words_continues_the_rule_beside_it() {
    let files = policies();
    let texts: Vec<&File> = files.iter().filter(|file| file.is_text()).collect();
    assert!(!texts.is_empty());
    for text in texts {
        let beside = text.path.replace("_text.rego", ".rego");
        let rule = files.iter().find(|other| other.path == beside).unwrap_or_else(|| panic!("{beside} is missing"));
        assert_eq!(text.package(), rule.package(), "{}", text.path);
    }
}

#[test]
fn each_rule_has_cases_that_fire_stay_quiet_and_handle_unknowns() {
    let files = policies();
    for file in files.iter().filter(|file| file.is_rule()) {
        let beside = file.path.replace(".rego", "_test.rego");
        let tests = files.iter().find(|other| other.path == beside).unwrap_or_else(|| panic!("{beside} is missing"));
        assert_eq!(tests.package(), format!("{}_test", file.package()));
        for case in ["test_fires", "test_quiet", "test_unknown"] {
            assert!(defined(tests).iter().any(|name| name.starts_with(case)), "{beside}: no {case}");
        }
    }
}

/// The text with what it imports named by full paths: by an import the engine evaluates whole packages, and loses rules
/// of those in several files (see `src/policy/rego/rewrite.rs`).
fn by_full_paths(text: &str) -> String {
    let imports = text.lines().filter_map(|line| line.strip_prefix("import "));
    imports.fold(text.to_owned(), |text, import| {
        let (path, alias) = import.split_once(" as ").unwrap_or((import, import.rsplit('.').next().unwrap()));
        let mut named = String::new();
        for part in text.split_inclusive(&format!("{alias}.")) {
            let before = part.strip_suffix(&format!("{alias}."));
            match before.filter(|before| !before.ends_with(|last: char| last.is_alphanumeric() || "_.`".contains(last)))
            {
                Some(before) => named.push_str(&format!("{before}{path}.")),
                None => named.push_str(part),
            }
        }
        named
    })
}

/// Runs every `test_` rule under the engine that runs the rules, with its strict builtins, and sees which lines of
/// the rules no test reached. What they answer is seen under the runner, which rewrites what the engine gets wrong.
#[test]
fn tests_beside_the_rules_reach_every_line() {
    let mut files = policies();
    for file in &mut files {
        file.text = by_full_paths(&file.text);
    }
    let mut engine = engine(&files);
    engine.set_enable_coverage(true);
    let mut ran = 0;
    for file in files.iter().filter(|file| file.is_rule()) {
        metadata(&mut engine, file);
    }
    for file in files.iter().filter(|file| file.is_test()) {
        for name in defined(file).into_iter().filter(|name| name.starts_with("test_")) {
            let value = engine.eval_rule(format!("data.{}.{name}", file.package()));
            value.unwrap_or_else(|error| panic!("{}: {name}: {error:#}", file.path));
            ran += 1;
        }
    }
    assert!(ran > 0);
    let mut missed = Vec::new();
    for report in engine.get_coverage_report().unwrap().files {
        let file = files.iter().find(|file| file.path == report.path).unwrap();
        // A test's comprehension may well have an empty branch; what must be reached is the product.
        if !file.is_test() {
            missed.extend(report.not_covered.iter().map(|line| format!("{}:{line}", file.path)));
        }
    }
    assert!(missed.is_empty(), "no test reaches {}", missed.join(" "));
}

/// Names in a rule's message are the user's; a rule that builds one by `sprintf` has as many values as verbs.
#[test]
fn messages_have_a_value_for_each_verb() {
    for file in policies().iter().filter(|file| !file.is_test()) {
        let mut rest = file.text.as_str();
        while let Some((_, after)) = rest.split_once("sprintf(") {
            let call = after.trim_start();
            let Some(format) = call.strip_prefix('"').and_then(|text| text.split_once('"')).map(|(text, _)| text)
            else {
                panic!("{}: the format of sprintf is written out", file.path);
            };
            let verbs = format.matches('%').count() - 2 * format.matches("%%").count();
            let list = call.split_once('[').map(|(_, list)| list).unwrap();
            assert_eq!(values_of(list), verbs, "{}: sprintf({format:?}", file.path);
            rest = after;
        }
    }
}

/// How many values stand in a Rego array, from after its bracket.
fn values_of(list: &str) -> usize {
    let (mut depth, mut commas, mut some, mut quoted) = (1_i32, 0, false, false);
    for (at, letter) in list.char_indices() {
        match letter {
            '"' => quoted = !quoted,
            _ if quoted => {}
            '[' | '(' | '{' => depth += 1,
            ']' | ')' | '}' => depth -= 1,
            ',' if depth == 1 && !list.get(at + 1..).unwrap_or_default().trim_start().starts_with(']') => commas += 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
        some |= !letter.is_whitespace();
    }
    commas + usize::from(some)
}

/// `docs/rules.md` lists the rules as their metadata describes them. `TOLLGATE_BLESS=1` writes the list anew.
#[test]
fn the_page_lists_the_rules() {
    let files = policies();
    let mut engine = engine(&files);
    let mut platforms: BTreeMap<usize, Vec<(serde_json::Value, String)>> = BTreeMap::new();
    for file in files.iter().filter(|file| file.is_rule()) {
        let order = PLATFORMS.iter().position(|platform| *platform == file.place().0).unwrap();
        let names = defined(file);
        let levels =
            ["deny", "approve", "warn"].into_iter().filter(|set| names.contains(set)).collect::<Vec<_>>().join(", ");
        platforms.entry(order).or_default().push((metadata(&mut engine, file), levels));
    }
    let mut list = String::new();
    for (order, rules) in platforms {
        let title = ["Every platform", "AWS", "Google Cloud", "Azure and Entra ID", "Kubernetes", "GitHub"][order];
        let covers = order == 0;
        let head = if covers { ("platforms | ", "---|") } else { ("", "") };
        writeln!(
            list,
            "### {title}\n\n| rule | {}severity | level | what it says |\n|---|{}---|---|---|",
            head.0, head.1
        )
        .unwrap();
        for (rule, levels) in &rules {
            let text = |member: &str| rule[member].as_str().unwrap().replace('|', "\\|");
            let platforms = match words(rule, "platforms") {
                _ if !covers => String::new(),
                all if all.is_empty() => "all | ".to_owned(),
                some => format!("{} | ", some.join(", ")),
            };
            writeln!(
                list,
                "| `{}` | {platforms}{} | {levels} | **{}.** {} |",
                text("id"),
                text("severity"),
                text("title"),
                text("description")
            )
            .unwrap();
        }
        list.push('\n');
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (start, end) = ("<!-- rules: start -->\n", "<!-- rules: end -->");
    let (head, rest) = page.split_once(start).unwrap();
    let (listed, tail) = rest.split_once(end).unwrap();
    if std::env::var_os("TOLLGATE_BLESS").is_some() {
        std::fs::write(&path, format!("{head}{start}{list}{end}{tail}")).unwrap();
    } else {
        assert_eq!(listed, list, "docs/rules.md is behind; TOLLGATE_BLESS=1 cargo test --test rules writes it");
    }
}

#[test]
fn tests_beside_the_rules_pass_under_the_runner() {
    let report = tollgate::policy::TestReport::run(&tollgate::policy::PolicyOptions::default(), &[], &[]);
    let report = report.unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(report.failures, Vec::new());
    assert!(report.passed > 0 && report.skipped.is_empty() && report.prints.is_empty());
}
