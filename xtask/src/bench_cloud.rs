//! `cargo xtask bench-cloud`: a plan of any size for one platform, for measurements.
//!
//! A fifth of the rows change access, a third of those to somebody's gain; as many rows give access and stay; the rest
//! has no part in it. What scopes, names and groups refer to grows with the plan, as it does in large real plans. The
//! same arguments give the same bytes.

use std::io::{BufWriter, Write};
use std::path::PathBuf;

use anyhow::Result;
use serde_json::{Value, json};

/// Arguments of `bench-cloud`.
#[derive(clap::Args)]
pub(crate) struct BenchCloud {
    /// Whose resources.
    #[arg(long)]
    platform: Platform,
    /// Rows of `resource_changes`; a fifth of them change access.
    #[arg(long, default_value_t = 10_000)]
    rows: u32,
    /// Where to write it.
    #[arg(long)]
    out: PathBuf,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Platform {
    Gcp,
    Azure,
    Kubernetes,
    Github,
}

/// Writes the plan.
pub(crate) fn run(options: &BenchCloud) -> Result<()> {
    let mut out = BufWriter::new(std::fs::File::create(&options.out)?);
    write!(out, r#"{{"format_version":"1.2","terraform_version":"1.11.4","complete":true,"errored":false,"#)?;
    write!(out, r#""applyable":true,"configuration":{{"root_module":{{}}}},"resource_changes":["#)?;
    for at in 0..options.rows {
        let comma = if at == 0 { "" } else { "," };
        write!(out, "{comma}{}", change(options.platform, at))?;
    }
    writeln!(out, "]}}")?;
    Ok(out.flush()?)
}

/// A number that looks random and is not; `salt` tells several of a row apart.
fn noise(row: u32, salt: u32) -> u32 {
    let mut x = row.wrapping_mul(0x9e37_79b9) ^ salt.wrapping_mul(0x85eb_ca6b);
    x = (x ^ x >> 16).wrapping_mul(0x7feb_352d);
    x = (x ^ x >> 15).wrapping_mul(0x846c_a68b);
    x ^ x >> 16
}

fn change(platform: Platform, at: u32) -> Value {
    let (kind, mut less, mut more) = match (at % 5, platform) {
        (0 | 1, Platform::Gcp) => gcp(at),
        (0 | 1, Platform::Azure) => azure(at),
        (0 | 1, Platform::Kubernetes) => kubernetes(at),
        (0 | 1, Platform::Github) => github(at),
        (_, Platform::Gcp) => ("google_compute_address", json!({"name": format!("a{at}")}), Value::Null),
        (_, Platform::Azure) => ("azurerm_public_ip", json!({"name": format!("a{at}")}), Value::Null),
        (_, Platform::Kubernetes) => {
            let metadata = json!([{"name": format!("s{at}"), "namespace": format!("ns{}", at / 50)}]);
            ("kubernetes_service_v1", json!({"metadata": metadata}), Value::Null)
        }
        (_, Platform::Github) => ("github_issue_label", json!({"name": format!("l{at}")}), Value::Null),
    };
    // A change is one in five; a third of them widen, a third narrow, and the rest come or go.
    let (before, after) = match (at % 5, noise(at, 1) % 6) {
        (0, 0 | 1) => (less, more),
        (0, 2 | 3) => (more, less),
        (0, 4) => (Value::Null, less),
        (0, _) => (more, Value::Null),
        _ => {
            more = less.take();
            (more.clone(), more)
        }
    };
    let actions = match (before.is_null(), after.is_null()) {
        (true, _) => "create",
        (_, true) => "delete",
        _ if before == after => "no-op",
        _ => "update",
    };
    let name = format!("r{at}");
    let provider = kind.split('_').next().unwrap_or_default();
    let owner = if provider == "github" { "integrations" } else { "hashicorp" };
    json!({"address": format!("{kind}.{name}"), "mode": "managed", "type": kind, "name": name,
        "provider_name": format!("registry.terraform.io/{owner}/{provider}"),
        "change": {"actions": [actions], "before": before, "after": after, "after_unknown": {},
            "before_sensitive": {}, "after_sensitive": {}}})
}

type Pair = (&'static str, Value, Value);

fn gcp(at: u32) -> Pair {
    let project = format!("p{}", at / 100);
    let member = format!("user:u{}@acme.example", noise(at, 2) % 300);
    let roles = ["roles/viewer", "roles/storage.objectViewer", "roles/pubsub.publisher", "roles/logging.viewer"];
    let role = roles[noise(at, 3) as usize % roles.len()];
    let until = |year: u32| {
        let expression = format!("request.time < timestamp(\"{year}-01-01T00:00:00Z\")");
        json!([{"title": "t", "expression": expression}])
    };
    match (at % 100, noise(at, 4) % 3) {
        (0, _) => {
            let of = |permissions: Value| json!({"project": project, "role_id": format!("c{}", at / 100), "stage": "GA", "permissions": permissions});
            let wide = json!(["storage.objects.get", "storage.objects.list", "storage.objects.delete"]);
            ("google_project_iam_custom_role", of(json!(["storage.objects.get"])), of(wide))
        }
        (_, 1) => {
            let of =
                |members: Value| json!({"bucket": format!("b{at}"), "role": role, "members": members, "condition": []});
            let few = json!([member]);
            ("google_storage_bucket_iam_binding", of(few), of(json!([member, "domain:acme.example"])))
        }
        (_, 2) => {
            let custom = format!("projects/{project}/roles/c{}", at / 100);
            let of = |role: &str| json!({"project": project, "role": role, "member": member, "condition": []});
            ("google_project_iam_member", of(&custom), of("roles/storage.admin"))
        }
        _ => {
            let of =
                |condition: Value| json!({"project": project, "role": role, "member": member, "condition": condition});
            ("google_project_iam_member", of(until(2027)), of(until(2028)))
        }
    }
}

fn azure(at: u32) -> Pair {
    let subscription = format!("/subscriptions/s{}", at / 500);
    let group = format!("{subscription}/resourceGroups/g{}", at / 50);
    let principal = format!("u{}", noise(at, 2) % 300);
    let roles = ["Reader", "Contributor", "Storage Blob Data Reader", "Key Vault Secrets User"];
    let role = roles[noise(at, 3) as usize % roles.len()];
    match (at % 50, noise(at, 4) % 2) {
        (0, _) => {
            let of = |actions: Value| {
                json!({"role_definition_id": format!("d{}", at / 50), "name": format!("d{}", at / 50),
                    "scope": subscription, "permissions": [{"actions": actions, "not_actions": ["*/delete"],
                    "data_actions": [], "not_data_actions": []}]})
            };
            let wide = json!(["Microsoft.Compute/*/read", "Microsoft.Network/*"]);
            ("azurerm_role_definition", of(json!(["Microsoft.Compute/*/read"])), of(wide))
        }
        (5, _) => {
            let of = |members: Value| json!({"object_id": format!("g{}", at / 50), "members": members, "owners": []});
            ("azuread_group", of(json!([principal])), of(json!([principal, format!("v{}", noise(at, 5) % 300)])))
        }
        (_, 0) => {
            let id = format!("/roleDefinitions/d{}", at / 50);
            let of = |scope: &str| json!({"principal_id": format!("g{}", at / 50), "scope": scope, "role_definition_id": id, "condition": null});
            ("azurerm_role_assignment", of(&group), of(&subscription))
        }
        _ => {
            let of = |scope: &str| json!({"principal_id": principal, "scope": scope, "role_definition_name": role, "condition": null});
            ("azurerm_role_assignment", of(&group), of(&subscription))
        }
    }
}

fn kubernetes(at: u32) -> Pair {
    let namespace = format!("ns{}", at / 50);
    let metadata =
        |name: String, inside: bool| json!([{"name": name, "namespace": inside.then_some(&namespace), "labels": {}}]);
    let reference =
        |kind: &str, name: String| json!([{"api_group": "rbac.authorization.k8s.io", "kind": kind, "name": name}]);
    match (at % 25, noise(at, 4) % 4) {
        (0, _) => {
            let of = |verbs: Value| {
                let rule = json!([{"api_groups": [""], "resources": ["secrets", "configmaps"], "verbs": verbs}]);
                json!({"metadata": metadata(format!("r{}", at / 25), true), "rule": rule})
            };
            ("kubernetes_role_v1", of(json!(["get"])), of(json!(["get", "list", "watch"])))
        }
        (_, 0) => {
            let of = |account: &str| {
                let pod = json!([{"service_account_name": account, "automount_service_account_token": true,
                    "container": [{"name": "c", "image": "i"}], "volume": []}]);
                json!({"metadata": metadata(format!("d{at}"), true), "spec": [{"template": [{"spec": pod}]}]})
            };
            ("kubernetes_deployment_v1", of("default"), of(&format!("a{}", noise(at, 5) % 4)))
        }
        _ => {
            let of = |role: Value| {
                let subject = match noise(at, 6) % 2 {
                    0 => json!([{"kind": "Group", "name": format!("team{}", noise(at, 2) % 300)}]),
                    _ => {
                        json!([{"kind": "ServiceAccount", "name": format!("a{}", noise(at, 2) % 4), "namespace": namespace}])
                    }
                };
                json!({"metadata": metadata(format!("b{at}"), true), "role_ref": role, "subject": subject})
            };
            let (own, edit) = (reference("Role", format!("r{}", at / 25)), reference("ClusterRole", "edit".to_owned()));
            ("kubernetes_role_binding_v1", of(own), of(edit))
        }
    }
}

fn github(at: u32) -> Pair {
    let repository = format!("app{}", at / 20);
    let user = format!("u{}", noise(at, 2) % 300);
    match noise(at, 4) % 4 {
        0 => {
            let of =
                |level: &str| json!({"repository": repository, "team_id": format!("{}", at / 50), "permission": level});
            ("github_team_repository", of("pull"), of("maintain"))
        }
        1 => {
            let of = |role: &str| json!({"team_id": format!("{}", at / 50), "username": user, "role": role});
            ("github_team_membership", of("member"), of("maintainer"))
        }
        2 => {
            let of = |bypass: Value| {
                json!({"name": "main", "repository": repository, "target": "branch", "enforcement": "active",
                    "conditions": [], "rules": [{"deletion": true}], "bypass_actors": bypass})
            };
            let actor = json!([{"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "always"}]);
            ("github_repository_ruleset", of(json!([])), of(actor))
        }
        _ => {
            let of = |level: &str| json!({"repository": repository, "username": user, "permission": level});
            ("github_repository_collaborator", of("pull"), of("admin"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fifth_of_the_rows_change_access() {
        for platform in [Platform::Gcp, Platform::Azure, Platform::Kubernetes, Platform::Github] {
            let rows: Vec<Value> = (0..1000).map(|at| change(platform, at)).collect();
            let changed = rows.iter().filter(|row| row["change"]["actions"] != json!(["no-op"])).count();
            assert_eq!(changed, 200, "{platform:?}");
        }
    }
}
