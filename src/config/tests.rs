use super::*;

fn error(text: &str) -> String {
    Config::parse("tollgate.toml", text).unwrap_err().to_string()
}

#[test]
fn a_full_file_is_read() {
    let config = Config::parse(
        "tollgate.toml",
        r#"
version = 1
[thresholds]
critical = "deny"
[rules.aws-admin-policy]
level = "off"
[undetermined]
errored = "deny"
[[waivers]]
rule = "r"
address = "a[*]"
reason = "because"
owner = "@me"
expires = "2026-12-31"
[policies]
paths = ["policy"]
namespaces = ["main"]
[world]
open = true
"#,
    )
    .unwrap();
    assert_eq!(config.levels.thresholds[&Severity::Critical], Level::Deny);
    assert_eq!(config.levels.rules["aws-admin-policy"], RuleLevel::Off);
    assert_eq!(config.levels.undetermined["errored"], Level::Deny);
    assert_eq!(config.waivers.len(), 1);
    assert_eq!(config.policies.paths, ["policy"]);
    assert!(config.world.open);
}

#[test]
fn an_unknown_key_names_its_line_and_the_nearest_known_one() {
    let message = error("version = 1\n[treshold]\ncritical = \"deny\"\n");
    assert!(message.starts_with("tollgate.toml:2:2: unknown field `treshold`"), "{message}");
    assert!(message.ends_with("help: did you mean `thresholds`?"), "{message}");
}

#[test]
fn a_wrong_level_names_its_line() {
    let message = error("version = 1\n[thresholds]\ncritical = \"block\"\n");
    assert!(message.starts_with("tollgate.toml:3:12: unknown variant `block`"), "{message}");
}

#[test]
fn a_severity_that_does_not_exist_is_refused() {
    assert!(error("version = 1\n[thresholds]\nhuge = \"deny\"\n").contains("unknown variant `huge`"));
}

#[test]
fn another_version_is_refused() {
    assert!(error("version = 2\n").contains("version 2 is not known"));
    assert!(error("").contains("missing field `version`"));
}

#[test]
fn a_waiver_needs_a_real_day_and_an_owner() {
    let waiver = |owner: &str, expires: &str| {
        format!(
            "version = 1\n[[waivers]]\nrule = \"r\"\naddress = \"a\"\nreason = \"x\"\nowner = \"{owner}\"\nexpires = \"{expires}\"\n"
        )
    };
    assert!(Config::parse("t", &waiver("o", "2026-12-31")).is_ok());
    assert!(error(&waiver("o", "2026-02-30")).contains("`2026-02-30` is not a day"));
    assert!(error(&waiver("o", "soon")).contains("`soon` is not a day"));
    assert!(error(&waiver(" ", "2026-12-31")).contains("empty `owner`"));
}

#[test]
fn imported_roles_are_named() {
    let config = Config::parse("tollgate.toml", "version = 1\n[catalogue]\nfiles = [\"roles.json\"]\n").unwrap();
    assert_eq!(config.catalogue.files, ["roles.json"]);
    let error = Config::parse("tollgate.toml", "version = 1\n[catalogue]\nfile = [\"roles.json\"]\n").unwrap_err();
    assert_eq!(error.line, 3);
}
