//! `check --publish --plan-store` and `apply --from-store`.

use std::process::Command;

use age::secrecy::ExposeSecret as _;
use age::x25519::Identity;

use super::site::*;

/// A site with a plan store, and the secret key for it.
fn keeping(script: &str) -> (Site, String) {
    let site = Site::new(script);
    let key = Identity::generate();
    let url = format!("file://{}", site.path("kept").display());
    site.configure(&format!("[plan_store]\nurl = \"{url}\"\nrecipients = [\"{}\"]\n", key.to_public()));
    (site, key.to_string().expose_secret().to_owned())
}

/// The files of the store with this ending.
fn kept(site: &Site, ending: &str) -> Vec<std::path::PathBuf> {
    let pattern = format!("{}/**/*{ending}", site.path("kept").display());
    glob::glob(&pattern).unwrap().map(Result::unwrap).collect()
}

fn apply(site: &Site, key: &str, more: &[&str]) -> (i32, String) {
    let args = [&["apply", "--from-store", "--result", "result.json"], more].concat();
    spoken(&site.command(&args).env("TOLLGATE_AGE_IDENTITY", key).output().unwrap())
}

#[test]
fn a_kept_plan_is_fetched_decrypted_and_applied_once() {
    if !terraform() {
        return;
    }
    let (site, key) = keeping("echo x >> applied");
    let line = site.publish(&[]);
    let files = kept(&site, "plan.age");
    assert_eq!(files.len(), 1);
    let sealed = std::fs::read(&files[0]).unwrap();
    assert!(sealed.starts_with(b"age-encryption.org/v1\n"), "nothing is kept in clear text");
    assert_eq!(kept(&site, ".json").len(), 1, "the subject lies beside it");
    // The file that the workflow had is gone: the store is the only way.
    std::fs::remove_file(site.path("p.tfplan")).unwrap();
    let (code, said) = apply(&site, &key, &[]);
    assert_eq!((code, site.result()["end"]["check"].as_str()), (12, Some("approval")), "{said}");
    site.comment(ALICE, &line);
    let (code, said) = spoken(&site.run(&["apply", "--from-store"]));
    assert!(code == 1 && said.contains("TOLLGATE_AGE_IDENTITY"), "without a key: {said}");
    let other = Identity::generate().to_string().expose_secret().to_owned();
    let (code, said) = apply(&site, &other, &[]);
    assert!(code == 1 && said.contains("cannot be decrypted"), "{said}");
    assert!(!said.contains(&other), "no secret is shown");
    assert!(!site.applied());
    let (code, said) = apply(&site, &key, &[]);
    assert_eq!(code, 0, "{said}");
    assert!(!said.contains(&key));
    assert_eq!(std::fs::read_to_string(site.path("applied")).unwrap(), "x\n");
    assert_eq!(apply(&site, &key, &[]).0, 12, "a plan is applied once");
}

/// Row 63: whoever can write to the store puts another plan, encrypted to the same key, under the approved digest.
#[test]
fn a63_another_plan_in_the_store_is_refused() {
    if !terraform() {
        return;
    }
    let (site, key) = keeping("echo x >> applied");
    let line = site.publish(&[]);
    site.comment(ALICE, &line);
    let file = kept(&site, "plan.age").pop().unwrap();
    site.write("main.tf", &configuration("echo evil >> applied"));
    site.plan("evil.tfplan");
    let recipient = key.parse::<Identity>().unwrap().to_public();
    let genuine = std::fs::read(&file).unwrap();
    let evil = std::fs::read(site.path("evil.tfplan")).unwrap();
    std::fs::write(&file, age::encrypt(&recipient, &evil).unwrap()).unwrap();
    let (code, said) = apply(&site, &key, &[]);
    assert_eq!((code, site.result()["end"]["check"].as_str()), (12, Some("plan_file")), "{said}");
    // In clear text, cut, or gone.
    for bytes in [evil, genuine[..genuine.len() / 2].to_vec(), Vec::new()] {
        std::fs::write(&file, bytes).unwrap();
        assert_eq!(apply(&site, &key, &[]).0, 1);
    }
    std::fs::remove_file(&file).unwrap();
    let (code, said) = apply(&site, &key, &[]);
    assert!(code == 1 && said.contains("has no plan file"), "{said}");
    assert!(!site.applied());
    std::fs::write(&file, genuine).unwrap();
    assert_eq!(apply(&site, &key, &[]).0, 0);
}

#[test]
fn without_recipients_nothing_is_kept_and_nothing_published() {
    if !terraform() {
        return;
    }
    let site = Site::new("echo x >> applied");
    let url = format!("file://{}", site.path("plans").display());
    let (code, said) = site.said(&["check", "--publish", "--plan-store", &url, "--stack", "prod", "p.tfplan"]);
    assert!(code == 1 && said.contains("nobody to encrypt the plan file to"), "{said}");
    assert!(site.github.state().checks.is_empty(), "no approval is asked for what could not be applied");
    assert!(!site.path("plans").exists());
    let (code, said) = site.said(&["apply", "--from-store"]);
    assert!(code == 1 && said.contains("there is no plan store"), "{said}");
    assert_eq!(site.said(&["apply"]).0, 2, "neither a file nor a store");
    assert_eq!(site.said(&["apply", "p.tfplan", "--from-store"]).0, 2, "both");
}

/// A blocked plan is not kept; that it is blocked is what has to be said about it.
#[test]
fn a_blocked_plan_is_refused_before_it_is_looked_for() {
    if !terraform() {
        return;
    }
    let (site, key) = keeping("echo x >> applied");
    site.configure("[thresholds]\nlow = \"deny\"\nmedium = \"deny\"\nhigh = \"deny\"\ncritical = \"deny\"\n");
    let (code, said) = site.said(&["check", "--publish", "--stack", "prod", "p.tfplan"]);
    assert_eq!(code, 10, "{said}");
    assert!(kept(&site, "plan.age").is_empty());
    let (code, said) = apply(&site, &key, &[]);
    assert_eq!((code, site.result()["end"]["check"].as_str()), (10, Some("policy")), "{said}");
    assert_eq!(site.events(), ["request", "refuse"]);
}

/// Two plans of one stack for one head: the approved one is meant, whichever is newer.
#[test]
fn of_several_reports_the_approved_one_is_fetched() {
    if !terraform() {
        return;
    }
    let (site, key) = keeping("echo first >> applied");
    let line = site.publish(&[]);
    site.comment(ALICE, &line);
    site.write("main.tf", &configuration("echo second >> applied"));
    site.plan("p.tfplan");
    site.publish(&[]);
    assert_eq!(kept(&site, "plan.age").len(), 2);
    // A report about another stack has to be told apart by name.
    site.plan("other.tfplan");
    let (code, said) = site.said(&["check", "--publish", "--stack", "dev", "other.tfplan"]);
    assert_eq!(code, 11, "{said}");
    let (code, said) = apply(&site, &key, &[]);
    assert!(code == 1 && said.contains("--stack"), "{said}");
    // The folder holds the second configuration by now; the plan file brings its own.
    let (code, said) = apply(&site, &key, &["--stack", "prod"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(std::fs::read_to_string(site.path("applied")).unwrap(), "first\n");
}

/// What the official `age` writes and reads, where it is installed.
#[test]
fn age_itself_reads_what_is_kept() {
    if !terraform() || !runs("age", "--version") {
        return;
    }
    let (site, key) = keeping("echo x >> applied");
    site.publish(&[]);
    site.write("key", &format!("{key}\n"));
    let file = kept(&site, "plan.age").pop().unwrap();
    let out = Command::new("age").args(["-d", "-i"]).arg(site.path("key")).arg(file).output().unwrap();
    assert_eq!(out.stdout, std::fs::read(site.path("p.tfplan")).unwrap());
}
