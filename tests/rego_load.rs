//! Loading policies: what is a rule, a conftest package, a library, and what is refused, all at once with places.

use tollgate::policy::{PolicyOptions, PolicySet, PolicySource, RegoVersion};

fn source(path: &str, text: &str) -> PolicySource {
    PolicySource { path: path.to_owned(), text: text.to_owned() }
}

fn options() -> PolicyOptions {
    PolicyOptions { builtin: false, ..PolicyOptions::default() }
}

fn load(options: &PolicyOptions, files: &[(&str, &str)]) -> Result<PolicySet, Vec<String>> {
    let sources: Vec<_> = files.iter().map(|(path, text)| source(path, text)).collect();
    PolicySet::load(options, &sources, &[]).map_err(|errors| errors.0.iter().map(ToString::to_string).collect())
}

/// The problems of one file `p.rego`.
fn problems(text: &str) -> Vec<String> {
    load(&options(), &[("p.rego", text)]).err().unwrap_or_default()
}

const METADATA: &str = r#"metadata := {
    "id": "my-rule", "title": "t", "description": "d", "severity": "high", "remediation": "r",
}
"#;

fn rule(body: &str) -> String {
    format!("package my.rule\n{METADATA}{body}")
}

#[test]
fn the_embedded_rules_load() {
    let set = PolicySet::load(&PolicyOptions::default(), &[], &[]).unwrap_or_else(|errors| panic!("{errors}"));
    assert!(set.rules().len() >= 5, "only {} rules", set.rules().len());
    assert!(set.rules().iter().all(|rule| rule.builtin && !rule.levels.is_empty()));
}

#[test]
fn a_package_with_metadata_is_a_rule() {
    let set = load(&options(), &[("p.rego", &rule("deny contains \"no\"\nwarn contains \"hm\""))]).unwrap();
    let [rule] = set.rules() else { panic!("one rule expected") };
    assert_eq!((rule.metadata.id.as_str(), rule.package.as_str(), rule.builtin), ("my-rule", "my.rule", false));
    assert_eq!(serde_json::to_value(&rule.levels).unwrap(), serde_json::json!(["warn", "deny"]));
}

#[test]
fn main_is_a_conftest_package_and_others_by_name() {
    let files =
        [("a.rego", "package main\ndeny contains \"a\""), ("b.rego", "package b.c\nviolation_x contains \"b\"")];
    let named = PolicyOptions { namespaces: vec!["main".into(), "b.c".into()], ..options() };
    let set = load(&named, &files).unwrap();
    assert_eq!(set.namespaces().collect::<Vec<_>>(), ["b.c", "main"]);
    let all = PolicyOptions { all_namespaces: true, ..options() };
    assert_eq!(load(&all, &files).unwrap().namespaces().count(), 2);
    let unknown = PolicyOptions { namespaces: vec!["nope".into()], ..options() };
    let problems = load(&unknown, &files[..1]).unwrap_err();
    assert!(problems.iter().any(|problem| problem.contains("namespace `nope`")), "{problems:?}");
}

#[test]
fn a_gate_set_without_metadata_is_refused() {
    let found = problems("package my.stuff\n\ndeny contains \"x\"\n");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("p.rego:3:1: package `my.stuff` defines `deny` but no `metadata`"), "{found:?}");
    // A typo in a set's name does not hide it either: a library that no rule uses finds nothing, so nothing is loaded.
    assert!(problems("package my.stuff\nx := 1")[0].contains("no rules are loaded"));
}

#[test]
fn all_problems_are_told_at_once_with_their_places() {
    let text = r#"package my.rule

metadata := {
    "id": "My Rule",
    "titel": "t",
    "title": "t",
    "description": "d",
    "severity": "severe",
    "remediation": "r",
    "kinds": ["trust_polici"],
}

deny if input.change.type == "x"

approve contains sprintf("%s %s", ["a"]) if http.send({"method": "get", "url": "x"}).status_code == 200

warn contains crypto.x509.parse_certificates("x")[0] if lowr("x")

warn contains "a" if count([1], 2, 3) == 1
"#;
    let found = problems(text);
    let expected = [
        "p.rego:4:5: the id `My Rule` is not in kebab case",
        "p.rego:5:5: unknown metadata key `titel`; help: did you mean `title`?",
        "`severe` is not a known severity",
        "`trust_polici` is not a known word of `kinds`; help: did you mean `trust_policy`?",
        "p.rego:13:1: `deny if` is true or undefined; it yields no messages; help: write `deny contains msg",
        "sprintf is given 1 operands but its text takes 2",
        "the builtin `http.send` is not available: policies run offline",
        "the builtin `crypto.x509.parse_certificates` is not available",
        "p.rego:17:57: there is no function `lowr`",
        "`count` takes 1 operands but is given 3",
    ];
    for part in expected {
        assert!(found.iter().any(|problem| problem.contains(part)), "`{part}` is missing in {found:#?}");
    }
    assert_eq!(found.len(), expected.len(), "{found:#?}");
}

#[test]
fn near_misses_are_refused() {
    for (text, part) in [
        (rule("deny[msg] if { msg := \"x\" }"), "`deny[..]` defines an object"),
        (rule("default deny := false\ndeny contains \"x\""), ""),
        (rule("deny_admin contains \"x\""), "`deny_admin` would not be evaluated"),
        (rule("violation contains \"x\""), "`violation` would not be evaluated"),
        (rule("denies contains \"x\""), "did you mean `deny`?"),
        (rule("x := 1"), "defines none of `deny`, `approve` and `warn`"),
        ("package main\ndeny if input.x".to_owned(), "`deny if` is true or undefined"),
        ("package main\nwarn_x[msg] if msg := input.x".to_owned(), "`warn_x[..]` defines an object"),
        ("package main\ndeny contains \"a\"\napprove contains \"b\"".to_owned(), "`approve` is no conftest rule"),
        ("package main\ndeny[msg] { msg := \"x\" }".to_owned(), "the file is Rego v0"),
    ] {
        let found = problems(&text);
        assert!(!found.is_empty() && found.iter().any(|problem| problem.contains(part)), "{text}: {found:#?}");
    }
}

#[test]
fn recursion_is_refused_before_it_overflows_the_stack() {
    for (text, part) in [
        ("package main\nf(x) := f(x + 1)\ndeny contains \"x\" if f(1)", "rule `main.f` is recursive: main.f -> main.f"),
        ("package main\na if b\nb if c\nc if a\ndeny contains \"x\" if a", "is recursive"),
        ("package main\ndeny contains data.main.deny[_]", "rule `main.deny` is recursive"),
        ("package main\na := data[input.x]\ndeny contains \"x\" if a", "is recursive"),
    ] {
        let found = problems(text);
        assert!(found.iter().any(|problem| problem.contains(part)), "{text}: {found:#?}");
    }
    // Shadowed names and other packages' rules of the same name are no recursion.
    let fine = "package main\nimport data.lib.f\ng(f) := f\na := [z | some z in [1]]\nh(a) := a\ndeny contains \"x\" if { x := g(1); f(x) }";
    let lib = "package lib\nf(x) if x == 1";
    let loaded = load(&options(), &[("p.rego", fine), ("l.rego", lib)]);
    assert!(loaded.is_ok(), "{:#?}", loaded.err());
}

#[test]
fn files_of_a_package_share_its_rules() {
    let first = "package main\ndeny contains \"x\" if { helper(1); flag }";
    let second = "package main\nhelper(x) if x == 1\nflag if input.on";
    assert!(load(&options(), &[("a.rego", first), ("b.rego", second)]).is_ok());
    let back = "package main\nhelper(x) if x == 1\nflag if count(deny) == 0";
    let found = load(&options(), &[("a.rego", first), ("b.rego", back)]).unwrap_err();
    assert!(found[0].contains("recursive: main.deny -> main.flag -> main.deny"), "{found:?}");
}

#[test]
fn a_package_in_several_files_is_not_read_as_a_whole() {
    let main = "package main\nimport data.lib as l\ndeny contains x if { some name in [\"a\"]; x := l[name] }";
    let parts = [("p.rego", main), ("a.rego", "package lib\na := \"1\""), ("b.rego", "package lib\nb := \"2\"")];
    let found = load(&options(), &parts).unwrap_err();
    assert!(found[0].contains("p.rego:3") && found[0].contains("`lib` stands in several files"), "{found:?}");
    assert!(load(&options(), &parts[..2]).is_ok());
}

#[test]
fn deep_chains_are_refused() {
    let mut text = String::from("package main\nf0(x) := x\n");
    for at in 1..200 {
        text.push_str(&format!("f{at}(x) := f{}(x)\n", at - 1));
    }
    text.push_str("deny contains \"x\" if f199(1)\n");
    assert!(problems(&text).iter().any(|problem| problem.contains("more than 128 deep")), "{:?}", problems(&text));
}

#[test]
fn duplicate_ids_and_reserved_packages_are_refused() {
    let second = rule("deny contains \"x\"").replace("my.rule", "my.other");
    let found = load(&options(), &[("a.rego", &rule("deny contains \"x\"")), ("b.rego", &second)]).unwrap_err();
    assert!(found.iter().any(|problem| problem.contains("the id `my-rule` is taken by")), "{found:?}");
    let builtin = PolicyOptions::default();
    let set = PolicySet::load(&builtin, &[], &[]).unwrap();
    let taken = format!("package {}\nx := 1", set.rules()[0].package);
    let found = load(&builtin, &[("p.rego", &taken)]).unwrap_err();
    assert!(found[0].contains("belongs to tollgate"), "{found:?}");
}

#[test]
fn zero_rules_is_an_error() {
    assert!(problems("package lib\nx := 1")[0].contains("no rules are loaded"));
    assert!(load(&options(), &[]).unwrap_err()[0].contains("no rules are loaded"));
}

#[test]
fn byte_order_marks_crlf_and_long_lines_are_fine() {
    let long = format!("\u{feff}package main\r\n# {}\r\ndeny contains \"x\"\r\n", "x".repeat(5000));
    assert!(load(&options(), &[("p.rego", &long)]).is_ok());
}

#[test]
fn v0_files_load_when_asked_for() {
    let v0 = PolicyOptions { rego_version: RegoVersion::V0, ..options() };
    let text = "package main\ndeny[msg] { msg := \"x\"; any([true]); re_match(\"a\", \"a\") }";
    assert!(load(&v0, &[("p.rego", text)]).is_ok(), "{:?}", load(&v0, &[("p.rego", text)]).err());
    let v1 = "package main\nimport rego.v1\ndeny contains \"x\" if true";
    assert!(load(&v0, &[("p.rego", v1)]).is_ok());
    let old = problems("package main\ndeny contains \"x\" if any([true])");
    assert!(old[0].contains("part of Rego v0 only"), "{old:?}");
}
