//! Approval without a forge: grants signed by tollgate and by `ssh-keygen`, and applied with real Terraform.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::site::{configuration, runs, spoken, terraform};

const REASON: &str = "ticket OPS-77, night shift";

struct Desk {
    directory: tempfile::TempDir,
}

impl Desk {
    /// A repository with a planned change by Dave on a branch. Alice and Bob may approve; so might Dave, were it not
    /// his change.
    fn new(more: &str) -> Self {
        let desk = Self { directory: tempfile::tempdir().unwrap() };
        desk.git(&["init", "-q", "-b", "main"]);
        desk.git(&["config", "user.name", "Dave"]);
        desk.git(&["config", "user.email", "dave@example.org"]);
        let mut signers = String::new();
        for (name, kind) in
            [("alice", "ed25519"), ("bob", "ecdsa"), ("carol", "rsa"), ("dave", "ed25519"), ("mallory", "ed25519")]
        {
            let key = desk.path(name).display().to_string();
            let out =
                Command::new("ssh-keygen").args(["-q", "-t", kind, "-N", "", "-C", name, "-f", &key]).output().unwrap();
            assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
            let public = std::fs::read_to_string(desk.path(&format!("{name}.pub"))).unwrap();
            if name != "mallory" {
                signers.push_str(&format!("{name}@example.org {}\n", public.trim()));
            }
        }
        desk.write("signers", &signers);
        let lines: Vec<String> = signers.lines().map(|line| format!("  \"{line}\",\n")).collect();
        let config =
            format!("version = 1\n[offline]\nbase = \"main\"\nallowed_signers = [\n{}]\n{more}", lines.concat());
        desk.write("tollgate.toml", &config);
        desk.write(".gitignore", "*\n!tollgate.toml\n!main.tf\n!.gitignore\n");
        desk.write("main.tf", "");
        desk.git(&["add", "."]);
        desk.git(&["commit", "-q", "-m", "Start"]);
        desk.git(&["checkout", "-q", "-b", "change"]);
        desk.write("main.tf", &configuration("echo x >> applied"));
        desk.git(&["commit", "-q", "-a", "-m", "Change"]);
        desk.terraform(&["init", "-input=false"]);
        desk.terraform(&["plan", "-input=false", "-out", "p.tfplan"]);
        // Somebody else sits here.
        desk.git(&["config", "user.email", "operator@example.org"]);
        desk
    }

    fn standard() -> Self {
        Self::new("contributors = [\"operator@example.org\"]\n")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    fn git(&self, args: &[&str]) {
        let mut git = Command::new("git");
        git.args(args).current_dir(self.directory.path()).env("GIT_CONFIG_GLOBAL", "/dev/null");
        let out = git.output().unwrap();
        assert!(out.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&out.stderr));
    }

    fn terraform(&self, args: &[&str]) {
        let out = Command::new("terraform").args(args).current_dir(self.directory.path()).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    }

    fn run(&self, args: &[&str]) -> (i32, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
        command.args(args).current_dir(self.directory.path()).env("GIT_CONFIG_GLOBAL", "/dev/null");
        for (name, _) in std::env::vars_os().filter(|(name, _)| {
            let name = name.to_string_lossy();
            ["GITHUB_", "TOLLGATE_", "TF_", "CI", "GH_"].iter().any(|prefix| name.starts_with(prefix))
        }) {
            command.env_remove(name);
        }
        spoken(&command.output().unwrap())
    }

    /// Somebody approves the plan; gives the grant's name.
    fn approve(&self, who: &str) -> String {
        let grant = format!("{who}.grant");
        let key = self.path(who).display().to_string();
        let args = ["approve", "p.tfplan", "--for", "1h", "--reason", REASON, "--key", &key, "--output", &grant];
        let (code, said) = self.run(&args);
        assert_eq!(code, 0, "{said}");
        assert!(said.contains("needs approval") && said.contains("risk "), "the true report: {said}");
        grant
    }

    /// Signs a grant with ssh-keygen.
    fn sign(&self, who: &str, grant: &str, namespace: &str) {
        let _ = std::fs::remove_file(self.path(&format!("{grant}.sig")));
        let mut keygen = Command::new("ssh-keygen");
        keygen.args(["-q", "-Y", "sign", "-n", namespace, "-f"]).arg(self.path(who)).arg(self.path(grant));
        let out = keygen.output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    }

    fn apply(&self, grants: &[&str]) -> (i32, String) {
        let mut args = vec!["apply", "p.tfplan", "--offline", "--result", "result.json"];
        grants.iter().for_each(|grant| args.extend(["--approval", grant]));
        self.run(&args)
    }

    fn applied(&self) -> bool {
        self.path("applied").exists()
    }

    fn entries(&self) -> Vec<Value> {
        let url = format!("file://{}", self.path(".tollgate").canonicalize().unwrap().display());
        let (code, said) = self.run(&["audit", "verify", "--ledger", &url]);
        assert_eq!(code, 0, "{said}");
        let (_, text) = self.run(&["audit", "export", "--ledger", &url]);
        text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["entry"].clone()).collect()
    }
}

fn ready() -> bool {
    // ssh-keygen has no option that only says it is there.
    let keygen = Command::new("ssh-keygen").arg("-?").output().is_ok();
    if !keygen {
        eprintln!("skipped: ssh-keygen is not on PATH");
    }
    keygen && terraform() && runs("git", "--version")
}

#[test]
fn a_signed_grant_opens_the_window_once_and_ssh_keygen_verifies_it() {
    if !ready() {
        return;
    }
    let desk = Desk::standard();
    assert_eq!(desk.apply(&[]).0, 12, "nobody has approved");
    let grant = desk.approve("alice");
    // OpenSSH's own tool reads the signature.
    let mut keygen = Command::new("ssh-keygen");
    keygen.args(["-Y", "verify", "-I", "alice@example.org", "-n", "tollgate-grant", "-f"]).arg(desk.path("signers"));
    keygen
        .arg("-s")
        .arg(desk.path("alice.grant.sig"))
        .stdin(Stdio::from(std::fs::File::open(desk.path(&grant)).unwrap()));
    let (code, said) = spoken(&keygen.output().unwrap());
    assert!(code == 0 && said.contains("Good \"tollgate-grant\" signature"), "{said}");
    let (code, said) = desk.apply(&[&grant]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(std::fs::read_to_string(desk.path("applied")).unwrap(), "x\n");
    let (code, said) = desk.apply(&[&grant]);
    assert!(code == 12 && said.contains("check: claim"), "{said}");
    // Deleting the claim revives nothing: the ledger knows.
    std::fs::remove_dir_all(desk.path(".tollgate/claims")).unwrap();
    let (code, said) = desk.apply(&[&grant]);
    assert!(code == 12 && said.contains("was applied"), "{said}");
    let entries = desk.entries();
    let events: Vec<&str> = entries.iter().map(|entry| entry["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["refuse", "claim", "apply_start", "apply_end", "refuse", "refuse"]);
    assert!(entries.iter().all(|entry| entry["time_source"] == "local" && entry["pull_request"].is_null()));
    assert_eq!(entries[1]["approvers"][0]["name"], "alice@example.org");
    assert_eq!(entries[1]["reason"], REASON);
}

#[test]
fn every_kind_of_key_signs_here_or_with_ssh_keygen() {
    if !ready() {
        return;
    }
    let desk = Desk::new("contributors = [\"operator@example.org\"]\ncount = 3\n");
    let alice = desk.approve("alice");
    let (code, said) = desk.apply(&[&alice, &alice]);
    assert!(code == 12 && said.contains("check: approval"), "one person counts once: {said}");
    let bob = desk.approve("bob");
    // An RSA key: ssh-keygen itself signs with it.
    let carol = desk.approve("carol");
    let (code, said) = desk.apply(&[&alice, &carol]);
    assert!(code == 12 && said.contains("more approvals") && !said.contains("does not count"), "{said}");
    std::fs::remove_file(desk.path(&carol)).unwrap();
    // Unsigned, for an agent or a token; signed by ssh-keygen over the same bytes.
    let (code, said) =
        desk.run(&["approve", "p.tfplan", "--for", "30m", "--reason", REASON, "--output", "later.grant"]);
    assert!(code == 0 && said.contains("ssh-keygen -Y sign -n tollgate-grant"), "{said}");
    let (_, said) = desk.apply(&[&alice, "later.grant"]);
    assert!(said.contains("`later.grant` does not count"), "{said}");
    desk.sign("carol", "later.grant", "tollgate-grant");
    assert_eq!(desk.apply(&[&alice, &bob, "later.grant"]).0, 0);
    assert!(desk.applied());
}

#[test]
fn whoever_has_a_hand_in_the_change_does_not_count() {
    if !ready() {
        return;
    }
    let desk = Desk::standard();
    let dave = desk.approve("dave");
    let (code, said) = desk.apply(&[&dave]);
    assert!(code == 12 && said.contains("has a part in commit"), "{said}");
    // Who applies here is taken for the plan's author.
    let alice = desk.approve("alice");
    desk.git(&["config", "user.email", "Alice@Example.org"]);
    let (code, said) = desk.apply(&[&alice]);
    assert!(code == 12 && said.contains("is who applies it here"), "{said}");
    desk.git(&["config", "user.email", "operator@example.org"]);
    // A co-author.
    desk.git(&["commit", "-q", "--allow-empty", "-m", "More\n\nCo-authored-by: Bob <bob@example.org>"]);
    let bob = desk.approve("bob");
    let (code, said) = desk.apply(&[&bob]);
    assert!(code == 12 && said.contains("has a part in commit"), "{said}");
    // The commit moved, so Alice's word was for another one.
    let (code, said) = desk.apply(&[&alice]);
    assert!(code == 12 && said.contains("not this one"), "{said}");
    // Somebody unknown: may be anybody.
    desk.git(&["commit", "-q", "--allow-empty", "--author", "X <x@elsewhere.example>", "-m", "More"]);
    let alice = desk.approve("alice");
    let (code, said) = desk.apply(&[&alice]);
    assert!(code == 12 && said.contains("nobody can approve") && said.contains("x@elsewhere.example"), "{said}");
    assert!(!desk.applied());
}

/// A grant of these times, signed by `who`.
fn forged(desk: &Desk, who: &str, name: &str, change: impl FnOnce(&mut Value)) {
    let text = std::fs::read_to_string(desk.path("alice.grant")).unwrap();
    let mut grant: Value = serde_json::from_str(&text).unwrap();
    change(&mut grant);
    desk.write(name, &grant.to_string());
    desk.sign(who, name, "tollgate-grant");
}

#[test]
fn forged_old_and_foreign_grants_open_nothing() {
    if !ready() {
        return;
    }
    let desk = Desk::standard();
    let grant = desk.approve("alice");
    let at = |seconds: i64| Value::from((Timestamp::now() + SignedDuration::from_secs(seconds)).to_string());
    forged(&desk, "mallory", "mallory.grant", |_| {});
    forged(&desk, "alice", "over.grant", |grant| grant["signed_at"] = at(-3601));
    forged(&desk, "alice", "early.grant", |grant| grant["signed_at"] = at(600));
    forged(&desk, "alice", "harmless.grant", |grant| grant["risk"] = "low/1".into());
    forged(&desk, "alice", "unknown.grant", |grant| grant["more"] = true.into());
    // A week, which the severity's longest window cuts.
    forged(&desk, "alice", "long.grant", |grant| {
        grant["seconds"] = 604_800.into();
        grant["signed_at"] = at(-5 * 3600);
    });
    // Changed after it was signed, and signed for something else.
    let text = std::fs::read_to_string(desk.path(&grant)).unwrap();
    desk.write("changed.grant", &text.replace("3600", "7200"));
    std::fs::copy(desk.path("alice.grant.sig"), desk.path("changed.grant.sig")).unwrap();
    desk.write("git.grant", &text);
    desk.sign("alice", "git.grant", "git");
    desk.write("garbage.grant", &text);
    desk.write("garbage.grant.sig", "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n");
    for (name, why) in [
        ("mallory.grant", "signed by none of"),
        ("over.grant", "it ended at"),
        ("early.grant", "time in the future"),
        ("harmless.grant", "risk"),
        ("unknown.grant", "it is no grant"),
        ("long.grant", "it ended at"),
        ("changed.grant", "not over this grant"),
        ("git.grant", "not over this grant"),
        ("garbage.grant", "no SSH signature"),
    ] {
        let (code, said) = desk.apply(&[name]);
        assert!(code == 12 && said.contains(why), "{name}: {code} {said}");
    }
    assert!(!desk.applied());
    // Another plan of the same commit.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    desk.terraform(&["plan", "-input=false", "-out", "p.tfplan"]);
    let (code, said) = desk.apply(&[&grant]);
    assert!(code == 12 && said.contains("not this one"), "{said}");
    assert!(!desk.applied());
}

#[test]
fn a_passphrase_comes_from_the_environment_and_mistakes_are_said() {
    if !ready() {
        return;
    }
    let desk = Desk::standard();
    let key = desk.path("alice").display().to_string();
    let out =
        Command::new("ssh-keygen").args(["-q", "-p", "-P", "", "-N", "correct horse", "-f", &key]).output().unwrap();
    assert!(out.status.success());
    let args = ["approve", "p.tfplan", "--for", "1h", "--reason", REASON, "--key", &key];
    let (code, said) = desk.run(&args);
    assert!(code == 1 && said.contains("TOLLGATE_KEY_PASSPHRASE"), "{said}");
    assert!(!desk.path("p.tfplan.grant").exists(), "nothing is left behind");
    let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
    command.args(args).current_dir(desk.directory.path()).env("TOLLGATE_KEY_PASSPHRASE", "correct horse");
    let (code, said) = spoken(&command.output().unwrap());
    assert_eq!(code, 0, "{said}");
    assert!(!said.contains("correct horse"));
    assert_eq!(desk.apply(&["p.tfplan.grant"]).0, 0);
    assert_eq!(desk.run(&["approve", "p.tfplan", "--for", "9999h", "--reason", REASON]).0, 2);
    assert_eq!(desk.run(&["approve", "p.tfplan", "--for", "1h", "--reason", "short"]).0, 1);
    assert_eq!(desk.run(&["approve", "p.tfplan", "--for", "1h", "--reason", REASON, "--key", "main.tf"]).0, 1);
}

#[test]
fn a_pipeline_needs_claims_that_others_see() {
    if !ready() {
        return;
    }
    let desk = Desk::standard();
    let grant = desk.approve("alice");
    let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
    command.args(["apply", "p.tfplan", "--approval", &grant]).current_dir(desk.directory.path()).env("CI", "true");
    let (code, said) = spoken(&command.output().unwrap());
    assert!(code == 1 && said.contains("apply.claims"), "{said}");
    assert!(!desk.applied());
}
