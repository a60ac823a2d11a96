//! Snapshots a reviewer can read, and each format checked by a reader of that format.

use serde_json::Value;
use tollgate::report::{Format, Options, Report, render};

use crate::reports;

pub(crate) const FORMATS: [(Format, &str); 7] = [
    (Format::Human, "human"),
    (Format::Json, "json"),
    (Format::Markdown, "markdown"),
    (Format::Sarif, "sarif"),
    (Format::Junit, "junit"),
    (Format::Github, "github"),
    (Format::Gitlab, "gitlab"),
];

pub(crate) fn text(report: &Report, format: Format) -> String {
    render(report, format, &Options::default())
}

fn json(report: &Report, format: Format) -> Value {
    serde_json::from_str(&text(report, format)).unwrap()
}

#[test]
fn every_format_on_every_report() {
    insta::with_settings!({omit_expression => true, prepend_module_to_snapshot => false}, {
        for (name, report) in reports::all() {
            for (format, word) in FORMATS {
                insta::assert_snapshot!(format!("{word}-{name}"), text(&report, format));
            }
        }
    });
}

#[test]
fn colours_change_nothing_but_colours() {
    for (name, report) in reports::all() {
        let colored = render(&report, Format::Human, &Options { color: true, ..Options::default() });
        assert!(colored.contains("\u{1b}["), "{name}");
        let mut plain = String::new();
        let mut rest = colored.as_str();
        while let Some((before, after)) = rest.split_once('\u{1b}') {
            plain.push_str(before);
            let (code, after) = after.split_once('m').unwrap();
            assert!(["[0", "[1", "[2", "[1;31", "[32", "[33", "[36"].contains(&code), "{name}: {code:?}");
            rest = after;
        }
        plain.push_str(rest);
        let trimmed = |text: &str| text.lines().map(|line| line.trim_end().to_owned() + "\n").collect::<String>();
        assert_eq!(trimmed(&plain), text(&report, Format::Human), "{name}");
    }
}

#[test]
fn json_holds_what_the_contract_names() {
    for (name, report) in reports::all() {
        let json = json(&report, Format::Json);
        assert_eq!(json["schema_version"], 1, "{name}");
        for member in [
            "tool",
            "decision",
            "access",
            "plans",
            "changes",
            "findings",
            "rules",
            "waived",
            "unused_waivers",
            "undetermined",
            "subject",
        ] {
            assert!(json.get(member).is_some(), "{name}: {member}");
        }
        assert!(json["decision"].is_string() && json["access"]["verdict"].is_string(), "{name}");
        assert_eq!(json["findings"].as_array().unwrap().len(), report.findings.len());
        for (entry, value) in report.findings.iter().zip(json["findings"].as_array().unwrap()) {
            assert_eq!(value["address"].as_str().unwrap(), entry.address, "{name}: the value is not escaped");
            assert!(value.get("location").is_some());
        }
        assert!(json["changes"].as_array().unwrap().iter().all(|change| change.get("facets").is_none()));
    }
}

#[test]
fn sarif_is_valid() {
    let schema: Value = serde_json::from_str(include_str!("../../fixtures/sarif/sarif-schema-2.1.0.json")).unwrap();
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    compiler.enable_format_assertions();
    compiler.add_resource("urn:sarif", schema).unwrap();
    let id = compiler.compile("urn:sarif", &mut schemas).unwrap();
    let check = |log: &Value| schemas.validate(log, id).map_err(|error| format!("{error:#}"));

    // The validator does its work.
    let mut broken = json(&reports::one(), Format::Sarif);
    broken["runs"][0]["results"][0]["level"] = "fatal".into();
    assert!(check(&broken).is_err());

    for (name, report) in reports::all().into_iter().chain([("huge", reports::huge())]) {
        let log = json(&report, Format::Sarif);
        check(&log).unwrap_or_else(|error| panic!("{name}: {error}"));
        let run = &log["runs"][0];
        let results = run["results"].as_array().unwrap();
        assert_eq!(results.len(), report.findings.len() + report.undetermined.len() + report.waived.len(), "{name}");
        for result in results {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"], "{name}");
        }
    }
}

#[test]
fn junit_is_well_formed_and_counts_right() {
    for (name, report) in reports::all().into_iter().chain([("huge", reports::huge())]) {
        let text = text(&report, Format::Junit);
        let document = roxmltree::Document::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}\n{text}"));
        let count = |tag: &str| document.descendants().filter(|node| node.has_tag_name(tag)).count().to_string();
        let root = document.root_element();
        assert_eq!(root.attribute("tests"), Some(count("testcase").as_str()), "{name}");
        assert_eq!(root.attribute("failures"), Some(count("failure").as_str()), "{name}");
        assert_eq!(root.attribute("errors"), Some(count("error").as_str()), "{name}");
        assert_eq!(root.attribute("skipped"), Some(count("skipped").as_str()), "{name}");
        assert!(document.descendants().all(|node| !node.is_comment() && !node.is_pi()), "{name}");
    }
}

#[test]
fn gitlab_issues_are_complete_and_apart() {
    for (name, report) in reports::all().into_iter().chain([("huge", reports::huge())]) {
        let issues = json(&report, Format::Gitlab);
        let issues = issues.as_array().unwrap();
        assert_eq!(issues.len(), report.findings.len() + report.undetermined.len(), "{name}");
        let mut fingerprints = std::collections::BTreeSet::new();
        for issue in issues {
            for member in ["description", "check_name", "fingerprint"] {
                assert!(!issue[member].as_str().unwrap().is_empty(), "{name}: {member}");
            }
            assert!(["info", "minor", "major", "critical", "blocker"].contains(&issue["severity"].as_str().unwrap()));
            assert!(!issue["location"]["path"].as_str().unwrap().is_empty(), "{name}");
            assert!(issue["location"]["lines"]["begin"].as_u64().unwrap() >= 1, "{name}");
            assert!(fingerprints.insert(issue["fingerprint"].to_string()), "{name}");
        }
    }
}

#[test]
fn github_shows_the_ten_worst_of_a_kind() {
    let report = reports::huge();
    let text = text(&report, Format::Github);
    for kind in ["error", "warning", "notice"] {
        let shown = text.lines().filter(|line| line.starts_with(&format!("::{kind} "))).count();
        assert_eq!(shown, 10, "{kind}");
        assert!(text.contains(&format!("more of kind {kind} are not annotated")), "{text}");
    }
    assert!(text.lines().filter(|line| line.starts_with("::error")).all(|line| line.contains("(critical)")));
}

#[test]
fn no_decision_is_never_taken_for_one() {
    let mut silent = reports::error();
    silent.undetermined.clear();
    for report in [reports::error(), silent] {
        for (format, word) in FORMATS {
            let text = text(&report, format);
            let says = text.contains("no decision was made") || text.contains("\"decision\": \"error\"");
            assert!(says, "{word}: {text}");
        }
        assert!(text(&report, Format::Human).starts_with("fatal: no decision was made"));
        assert!(text(&report, Format::Github).contains("\n::error "));
    }
}
