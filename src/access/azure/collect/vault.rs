//! Key vaults: access policies, the mode, and the network rules.

use super::Collector;
use super::lits::{action, below, key, only};
use crate::access::glob::Glob;
use crate::access::literal::{Dim, Lit, Set, Test};
use crate::access::ranges::Ranges;
use crate::access::scalar;
use crate::access::worlds::{Object, Val};

impl<'a> Collector<'a> {
    pub(super) fn vaults(&self) -> impl Iterator<Item = (&'a Object, String)> + '_ {
        self.of_type("azurerm_key_vault").map(|object| {
            let id = object.get("id").text().map_or_else(|| format!("${{{}.id}}", object.address), str::to_owned);
            (object, id)
        })
    }

    pub(super) fn vault_uses_rbac(&self, vault: &str) -> bool {
        self.vaults().any(|(object, id)| id.eq_ignore_ascii_case(vault) && uses_rbac(object))
    }

    /// The vaults whose data roles do not reach.
    pub(super) fn vaults_by_policy(&self) -> Vec<Glob> {
        let vaults = self.vaults().filter(|(object, _)| !uses_rbac(object) && !mode_is_open(object));
        vaults.flat_map(|(_, id)| below(&id)).collect()
    }

    pub(super) fn vault(&mut self, at: usize, object: &'a Object) {
        let id = object.get("id").text().map_or_else(|| format!("${{{}.id}}", object.address), str::to_owned);
        let data = || vec![only("d", "Microsoft.KeyVault/*"), Lit::of(Dim::Resource, false, below(&id).into(), &id)];
        if mode_is_open(object) {
            let message = "whether the vault goes by roles is known only after apply; apply in two steps";
            self.unclear(at, "rbac_authorization_enabled", message.into());
        }
        if !uses_rbac(object) {
            if object.get("access_policy").hole().is_some() {
                let message = "`access_policy` is known only after apply; apply in two steps".to_owned();
                self.unclear(at, "access_policy", message);
            }
            for policy in object.get("access_policy").items() {
                self.access_policy(at, object, &id, policy);
            }
        }
        if object.get("public_network_access_enabled").flag() == Some(false) {
            let mut lits = data();
            lits.push(key("network", true, true, &["private"]));
            self.restrict(object, lits);
        } else {
            for rules in object.get("network_acls").items() {
                if rules.get("default_action").text() != Some("Deny") {
                    continue;
                }
                let (mut v4, mut v6) = (Ranges::default(), Ranges::default());
                for (a, b) in rules.get("ip_rules").names().iter().filter_map(|text| scalar::addresses(text)) {
                    (v4, v6) = (v4.union(&a), v6.union(&b));
                }
                let mut lits = data();
                let test = Test::One { neg: true, absent_ok: true, set: Set::Addresses(v4, v6) };
                lits.push(Lit { dim: Dim::Key("sourceip".into()), test, label: "sourceIp".into() });
                let subnets = rules.get("virtual_network_subnet_ids").names();
                let subnets: Vec<&str> = subnets.iter().map(String::as_str).collect();
                lits.push(key("subnet", true, true, &subnets));
                // A private endpoint is not asked, and neither are trusted services where they are let by.
                lits.push(key("network", true, true, &["private"]));
                if rules.get("bypass").text() == Some("AzureServices") {
                    lits.push(key("service", true, true, &["trusted"]));
                }
                self.restrict(object, lits);
            }
        }
    }

    pub(super) fn access_policy(&mut self, at: usize, object: &Object, vault: &str, policy: &Val) {
        let Some(principal) = policy.get("object_id").name() else { return };
        let mut actions = Vec::new();
        let lists = ["secret_permissions", "key_permissions", "certificate_permissions", "storage_permissions"];
        if lists.iter().any(|list| policy.get(list).has_hole()) {
            let message = "permissions are known only after apply; apply in two steps".to_owned();
            self.unclear(at, "access_policy", message);
        }
        for (list, kind) in [
            ("secret_permissions", "secrets"),
            ("key_permissions", "keys"),
            ("certificate_permissions", "certificates"),
            ("storage_permissions", "storage"),
        ] {
            for permission in policy.get(list).names() {
                let permission = permission.to_ascii_lowercase();
                let name = if permission == "all" { "*" } else { &permission };
                let verb = match (kind, name) {
                    ("secrets", "get") => "getSecret/action",
                    ("secrets", "set") => "setSecret/action",
                    (_, "list") => "readMetadata/action",
                    (_, other) => other,
                };
                actions.push(format!("Microsoft.KeyVault/vaults/{kind}/{verb}"));
            }
        }
        let mut lits = vec![action("d", &actions, false), Lit::of(Dim::Resource, false, below(vault).into(), vault)];
        // With an application, only the principal through that application.
        if let Some(application) = policy.get("application_id").name() {
            lits.push(key("application", false, false, &[&application]));
        }
        self.grant(object, principal, true, "access_policy", lits, actions, vault.to_owned());
    }
}

/// Whether the mode is known only after apply.
fn mode_is_open(vault: &Object) -> bool {
    ["rbac_authorization_enabled", "enable_rbac_authorization"].iter().all(|name| vault.get(name).flag().is_none())
        && ["rbac_authorization_enabled", "enable_rbac_authorization"].iter().any(|name| vault.get(name).has_hole())
}

fn uses_rbac(vault: &Object) -> bool {
    ["rbac_authorization_enabled", "enable_rbac_authorization"].iter().any(|name| vault.get(name).flag() == Some(true))
}
