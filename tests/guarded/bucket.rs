//! Plan store, ledger and claims in one bucket of a real store of each cloud's kind, with the program and real
//! Terraform.

use std::path::Path;

use age::secrecy::ExposeSecret as _;
use age::x25519::Identity;
use serde_json::Value;

use super::cloud::Cloud;
use super::site::*;

struct Bucket {
    site: Site,
    cloud: Cloud,
    key: Identity,
}

impl Bucket {
    fn new(cloud: Option<Cloud>) -> Option<Self> {
        if !terraform() {
            return None;
        }
        let (cloud, site, key) = (cloud?, Site::new("echo x >> applied"), Identity::generate());
        let config = std::fs::read_to_string(site.path("tollgate.toml")).unwrap();
        site.write("tollgate.toml", &config.replace(&site.ledger(), &cloud.url("log")));
        site.configure(&format!(
            "[apply]\nclaims = \"{}\"\n[plan_store]\nurl = \"{}\"\nrecipients = [\"{}\"]\n",
            cloud.url("taken"),
            cloud.url("kept"),
            key.to_public()
        ));
        Some(Self { site, cloud, key })
    }

    fn run(&self, args: &[&str]) -> (i32, String) {
        let mut command = self.site.command(args);
        command.envs(self.cloud.variables()).env("TOLLGATE_AGE_IDENTITY", self.key.to_string().expose_secret());
        spoken(&command.output().unwrap())
    }

    fn publish(&self) -> String {
        let (code, said) = self.run(&["check", "--publish", "--stack", "prod", "p.tfplan"]);
        assert_eq!(code, 11, "{said}");
        self.site.line()
    }

    fn apply(&self) -> (i32, String) {
        self.run(&["apply", "--from-store", "--result", "result.json"])
    }

    fn refused_by(&self, check: &str) {
        let (code, said) = self.apply();
        assert_eq!((code, self.site.result()["end"]["check"].as_str()), (12, Some(check)), "{said}");
    }

    fn audit(&self, more: &[&str]) -> (i32, String) {
        self.run(&[&["audit"], more, &["--ledger", &self.cloud.url("log")]].concat())
    }

    fn events(&self) -> Vec<(String, Value)> {
        let (code, said) = self.audit(&["export"]);
        assert_eq!(code, 0, "{said}");
        let entry = |line: &str| {
            let entry = serde_json::from_str::<Value>(line).unwrap()["entry"].clone();
            (entry["event"].as_str().unwrap().to_owned(), entry["detail"].clone())
        };
        said.lines().map(entry).collect()
    }
}

fn a_plan_kept_in_a_bucket_is_applied_once_and_recorded_there(cloud: Option<Cloud>) {
    let Some(bucket) = Bucket::new(cloud) else { return };
    let line = bucket.publish();
    std::fs::remove_file(bucket.site.path("p.tfplan")).unwrap();
    bucket.refused_by("approval");
    bucket.site.comment(ALICE, &line);
    let (code, said) = bucket.apply();
    assert_eq!(code, 0, "{said}");
    assert_eq!(std::fs::read_to_string(bucket.site.path("applied")).unwrap(), "x\n");
    bucket.refused_by("claim");
    // The claim's object is what denies: without it, the deployment still does.
    let names: Vec<String> = bucket.events().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["request", "refuse", "claim", "apply_start", "apply_end", "refuse"]);
    let (code, said) = bucket.audit(&["verify"]);
    assert_eq!(code, 0, "{said}");
}

/// Row 63, in a bucket: another plan, encrypted to the same key, under the approved digest.
fn a63_another_plan_in_the_bucket_is_refused_and_recorded(cloud: Option<Cloud>) {
    let Some(bucket) = Bucket::new(cloud) else { return };
    let line = bucket.publish();
    bucket.site.comment(ALICE, &line);
    let plan = std::fs::read(bucket.site.path("p.tfplan")).unwrap();
    let digest = tollgate::approval::Digest::of(&plan);
    let path = format!("kept/plans/{digest}/plan.age");
    bucket.site.write("main.tf", &configuration("echo evil >> applied"));
    bucket.site.plan("evil.tfplan");
    let seal = |name: &str| {
        let bytes = std::fs::read(bucket.site.path(name)).unwrap();
        age::encrypt(&bucket.key.to_public(), &bytes).unwrap()
    };
    bucket.cloud.put(&path, &seal("evil.tfplan"));
    bucket.refused_by("plan_file");
    let (event, detail) = bucket.events().pop().unwrap();
    assert_eq!(event, "refuse");
    assert!(detail.as_str().unwrap().starts_with("plan_file: the plan file has SHA-256"), "{detail}");
    bucket.cloud.delete(&path);
    let (code, said) = bucket.apply();
    assert!(code == 1 && said.contains("has no plan file"), "{said}");
    assert_eq!(bucket.events().pop().unwrap().0, "undecided", "an error before the claim is a record, too");
    assert!(!Path::new(&bucket.site.path("applied")).exists());
    bucket.cloud.put(&path, &seal("p.tfplan"));
    let (code, said) = bucket.apply();
    assert_eq!(code, 0, "{said}");
    assert_eq!(std::fs::read_to_string(bucket.site.path("applied")).unwrap(), "x\n");
}

fn tampering_with_the_bucket_is_found_by_audit_verify(cloud: Option<Cloud>) {
    let Some(bucket) = Bucket::new(cloud) else { return };
    let line = bucket.publish();
    bucket.refused_by("approval");
    bucket.site.comment(ALICE, &line);
    let (code, said) = bucket.apply();
    assert_eq!(code, 0, "{said}");
    // The end of the ledger as the deployment's last status notes it.
    let noted = bucket.site.github.state().deployments[0].statuses.last().unwrap().clone();
    let (code, listed) = bucket.audit(&["verify"]);
    assert_eq!(code, 0, "{listed}");
    let checkpoint = noted["description"].as_str().unwrap().trim_start_matches("ledger ").to_owned();
    assert_eq!(bucket.audit(&["verify", "--checkpoint", &checkpoint]).0, 0);
    let records = bucket.cloud.keys("log/ledger/");
    assert_eq!(records.len(), 5, "{records:?}");
    let second = bucket.cloud.get(&records[1]);
    let verify = |what: &str, expected: i32, more: &[&str]| {
        let (code, said) = bucket.audit(&[&["verify"], more].concat());
        assert_eq!(code, expected, "{what}: {said}");
    };
    // Changed: the refusal becomes something else.
    let path = records[1].clone();
    bucket.cloud.put(&path, second.replace("refuse", "expire").as_bytes());
    verify("changed", 10, &[]);
    bucket.cloud.delete(&path);
    verify("removed", 10, &[]);
    bucket.cloud.put(&path, second.as_bytes());
    verify("whole again", 0, &["--checkpoint", &checkpoint]);
    // Two records change places.
    let third = bucket.cloud.get(&records[2]);
    bucket.cloud.put(&path, third.as_bytes());
    bucket.cloud.put(&records[2], second.as_bytes());
    verify("reordered", 10, &[]);
    bucket.cloud.put(&path, second.as_bytes());
    bucket.cloud.put(&records[2], third.as_bytes());
    // A cut tail shows against what the deployment notes.
    bucket.cloud.delete(&records[4]);
    verify("cut, without a checkpoint", 0, &[]);
    verify("cut", 10, &["--checkpoint", &checkpoint]);
}

mod s3 {
    use super::Cloud;

    #[test]
    fn a_plan_kept_in_a_bucket_is_applied_once_and_recorded_there() {
        super::a_plan_kept_in_a_bucket_is_applied_once_and_recorded_there(Cloud::s3());
    }

    #[test]
    fn a63_another_plan_in_the_bucket_is_refused_and_recorded() {
        super::a63_another_plan_in_the_bucket_is_refused_and_recorded(Cloud::s3());
    }

    #[test]
    fn tampering_with_the_bucket_is_found_by_audit_verify() {
        super::tampering_with_the_bucket_is_found_by_audit_verify(Cloud::s3());
    }
}

mod google_cloud_storage {
    use super::Cloud;

    #[test]
    fn a_plan_kept_in_a_bucket_is_applied_once_and_recorded_there() {
        super::a_plan_kept_in_a_bucket_is_applied_once_and_recorded_there(Cloud::gcs());
    }

    #[test]
    fn a63_another_plan_in_the_bucket_is_refused_and_recorded() {
        super::a63_another_plan_in_the_bucket_is_refused_and_recorded(Cloud::gcs());
    }

    #[test]
    fn tampering_with_the_bucket_is_found_by_audit_verify() {
        super::tampering_with_the_bucket_is_found_by_audit_verify(Cloud::gcs());
    }
}

mod azure {
    use super::Cloud;

    #[test]
    fn a_plan_kept_in_a_bucket_is_applied_once_and_recorded_there() {
        super::a_plan_kept_in_a_bucket_is_applied_once_and_recorded_there(Cloud::azure());
    }

    #[test]
    fn a63_another_plan_in_the_bucket_is_refused_and_recorded() {
        super::a63_another_plan_in_the_bucket_is_refused_and_recorded(Cloud::azure());
    }

    #[test]
    fn tampering_with_the_bucket_is_found_by_audit_verify() {
        super::tampering_with_the_bucket_is_found_by_audit_verify(Cloud::azure());
    }
}
