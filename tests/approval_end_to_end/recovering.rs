//! `tollgate recover` after an apply that died, and `tollgate status PLANFILE` against forged reports.

use jiff::Timestamp;

use super::*;

impl Site {
    fn printed(&self, args: &[&str]) -> String {
        let out = self.run(args);
        assert_eq!(out.status.code(), Some(0), "{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    }
}

#[test]
fn a_killed_apply_is_explained_and_recorded_as_failed() {
    if !terraform() {
        return;
    }
    let site = Site::new("touch started; sleep 3; echo x >> applied");
    let line = site.publish(&[]);
    assert!(site.printed(&["recover"]).contains("no apply was claimed"));
    site.comment(ALICE, &line);
    let mut child = site.command(&["apply", "p.tfplan"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_for(&site.path("started"), &mut child);
    child.kill().unwrap();
    child.wait().unwrap();
    site.github.state().now = Timestamp::now();
    let said = site.printed(&["recover"]);
    assert!(said.contains("its end is not recorded") && said.contains("force-unlock"), "{said}");
    assert!(said.contains("nothing was written"), "{said}");
    assert_eq!(site.events(), ["request", "claim", "apply_start"]);
    let said = site.printed(&["recover", "--finish"]);
    assert!(said.contains("is recorded as failed"), "{said}");
    assert_eq!(site.events(), ["request", "claim", "apply_start", "recover"]);
    assert_eq!(site.github.state().deployments[0].statuses.last().unwrap()["state"], "failure");
    assert!(site.printed(&["recover"]).contains("nothing to recover"));
    assert_eq!(site.apply(), 12, "a dead apply is over for its subject");
}

#[test]
fn an_interrupted_apply_is_over_and_says_so() {
    if !terraform() {
        return;
    }
    let site = Site::new("touch started; sleep 60");
    let line = site.publish(&[]);
    site.comment(ALICE, &line);
    let mut child = site.command(&["apply", "p.tfplan"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_for(&site.path("started"), &mut child);
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert!(site.path("terraform.tfstate").exists() && !site.path(".terraform.tfstate.lock.info").exists());
    let said = site.printed(&["recover"]);
    assert!(said.contains("ended with a failure") && said.contains("apply_end"), "{said}");
}

#[test]
fn a61_status_of_a_plan_file_tells_a_true_report_from_a_forged_one() {
    if !terraform() {
        return;
    }
    let site = Site::new("echo x >> applied");
    site.publish(&[]);
    let said = site.printed(&["status", "p.tfplan", "--stack", "prod"]);
    assert!(said.contains("the published report is true") && said.contains("risk "), "{said}");
    let config = std::fs::read_to_string(site.path("tollgate.toml")).unwrap();
    std::fs::write(site.path("tollgate.toml"), format!("{config}# another policy\n")).unwrap();
    assert!(site.printed(&["status", "p.tfplan"]).contains("NOT TRUE"));
}

#[test]
fn a_directory_is_no_place_for_claims_in_a_pipeline() {
    if !terraform() {
        return;
    }
    let site = Site::new("echo x >> applied");
    let config = std::fs::read_to_string(site.path("tollgate.toml")).unwrap();
    let claims = site.path("claims");
    let config = format!("{config}[apply]\nclaims = \"file://{}\"\n", claims.display());
    std::fs::write(site.path("tollgate.toml"), config).unwrap();
    let line = site.publish(&[]);
    site.comment(ALICE, &line);
    assert_eq!(site.apply(), 1, "{}", site.result());
    assert!(!site.applied());
}
