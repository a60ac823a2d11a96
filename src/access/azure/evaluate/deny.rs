//! What refuses a request whoever has the permission: locks, policies, networks and conditional access.

use super::{Request, Truth, World, id, lies_in, like};
use crate::access::scalar;
use crate::access::worlds::{Object, Val};

impl World<'_> {
    pub(super) fn denied(&self, request: &Request<'_>) -> Truth {
        self.objects.iter().map(|object| self.refuses(object, request)).fold(Truth::No, Truth::or)
    }

    fn refuses(&self, object: &Object, request: &Request<'_>) -> Truth {
        match &*object.type_name {
            "azurerm_management_lock" if request.plane == 'c' => {
                let scope = object.get("scope").name().unwrap_or_default();
                let refused = match object.get("lock_level").text() {
                    Some("ReadOnly") => !like("*/read", request.action),
                    _ => like("*/delete", request.action),
                };
                Truth::of(refused && lies_in(&scope, request.resource))
            }
            "azurerm_key_vault" if request.plane == 'd' && like("Microsoft.KeyVault/*", request.action) => {
                Truth::of(lies_in(&id(object), request.resource) && !reachable(object, request))
            }
            "azuread_conditional_access_policy" if request.plane == 's' => self.stops(object, request),
            name if name.starts_with("azurerm_") && name.ends_with("_policy_assignment") && request.plane == 'c' => {
                self.forbids(object, request)
            }
            _ => Truth::No,
        }
    }

    /// A policy whose effect is to deny refuses what violates it.
    fn forbids(&self, object: &Object, request: &Request<'_>) -> Truth {
        if object.get("enforce").flag() == Some(false) {
            return Truth::No;
        }
        let ids = ["subscription_id", "resource_group_id", "management_group_id", "resource_id"];
        let scope = ids.iter().find_map(|at| object.get(at).name()).unwrap_or_default();
        let Some(name) = object.get("policy_definition_id").name() else { return Truth::Unknown };
        let definition = self.of_type("azurerm_policy_definition").find(|it| id(it).eq_ignore_ascii_case(&name));
        let rule = definition.and_then(|it| it.get("policy_rule").text());
        let rule = rule.and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok());
        let effect = rule.as_ref().and_then(|rule| rule.pointer("/then/effect")?.as_str()).map(str::to_lowercase);
        let violates = request.has(&format!("violates {}", name.to_lowercase()), "true");
        let inside = match self.reaches(&scope, request.resource, 0) {
            true => Truth::Yes,
            // What lies below a management group need not be in the plan.
            false if scope.to_lowercase().contains("/managementgroups/") || scope.starts_with('$') => Truth::Unknown,
            false => Truth::No,
        };
        let quiet = ["audit", "auditifnotexists", "disabled", "append", "modify", "deployifnotexists"];
        match effect.as_deref() {
            Some(effect) if quiet.contains(&effect) => Truth::No,
            Some("deny") => {
                let field = rule
                    .as_ref()
                    .and_then(|rule| rule.get("if"))
                    .filter(|it| it.get("field").and_then(serde_json::Value::as_str) == Some("type"));
                let kind = field.and_then(|it| it.get("equals")?.as_str()).unwrap_or("*");
                Truth::of(violates && like(&format!("{kind}/write"), request.action)).and(inside)
            }
            _ => Truth::of(violates).and(Truth::Unknown).and(inside),
        }
    }

    /// A policy that is enabled, applies to the sign-in and is not satisfied.
    fn stops(&self, object: &Object, request: &Request<'_>) -> Truth {
        if object.get("state").text().is_some_and(|state| state != "enabled") {
            return Truth::No;
        }
        let applies = |conditions: &Val| self.applies(conditions, request);
        let applies = object.get("conditions").items().iter().map(applies).fold(Truth::No, Truth::or);
        let lacks = |controls: &Val| {
            let lists = [
                "built_in_controls",
                "authentication_strength_policy_id",
                "custom_authentication_factors",
                "terms_of_use",
            ];
            let asked: Vec<String> = lists.iter().flat_map(|list| controls.get(list).names()).collect();
            let given = |name: &String| request.has(&format!("control:{}", name.to_lowercase()), "true");
            let passed = match controls.get("operator").text() {
                _ if asked.iter().any(|name| name == "block") => false,
                Some("OR") => asked.is_empty() || asked.iter().any(given),
                _ => asked.iter().all(given),
            };
            !passed
        };
        applies.and(Truth::of(object.get("grant_controls").items().iter().any(lacks)))
    }

    fn applies(&self, conditions: &Val, request: &Request<'_>) -> Truth {
        let mut open = Truth::Yes;
        if let Val::Map(members) = conditions {
            let read = ["users", "applications", "client_applications"];
            for (_, value) in members.iter().filter(|(name, _)| !read.contains(&&***name)) {
                let value = value.settled();
                if value != Val::Null && value.names() != ["all"] {
                    open = Truth::Unknown;
                }
            }
        }
        let other = |block: &Val, read: &[&str]| match block {
            Val::Map(members) => {
                members.iter().any(|(name, value)| !read.contains(&&**name) && value.settled() != Val::Null)
            }
            _ => false,
        };
        let people = |users: &Val| {
            let among = |which: &str| {
                let named = users.get(&format!("{which}_users")).names();
                let direct = named.iter().any(|name| name == "All" || name.eq_ignore_ascii_case(request.principal));
                let sets = ["groups", "roles"].map(|list| users.get(&format!("{which}_{list}")).names());
                let by_set = sets.iter().flatten().map(|set| self.speaks_for(request.principal, set, true));
                by_set.fold(Truth::of(direct), Truth::or)
            };
            let read = ["users", "groups", "roles"];
            let names: Vec<String> =
                ["included", "excluded"].iter().flat_map(|it| read.map(|list| format!("{it}_{list}"))).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let stated = among("included").and(among("excluded").not());
            if other(users, &names) {
                stated.or(Truth::Unknown).and(among("excluded").not()).min(Truth::Unknown)
            } else {
                stated
            }
        };
        let mut who = conditions.get("users").items().iter().map(people).fold(Truth::No, Truth::or);
        if conditions.get("client_applications").settled() != Val::Null {
            who = who.or(Truth::Unknown);
        }
        let target = |apps: &Val| {
            let among = |list: &str| {
                apps.get(list).names().iter().any(|name| name == "All" || name.eq_ignore_ascii_case(request.resource))
            };
            let stated = match request.action.to_lowercase().as_str() {
                "useraction" => among("included_user_actions"),
                "signin" => among("included_applications") && !among("excluded_applications"),
                _ => false,
            };
            let read = ["included_applications", "excluded_applications", "included_user_actions"];
            Truth::of(stated).and(if other(apps, &read) { Truth::Unknown } else { Truth::Yes })
        };
        let what = conditions.get("applications").items().iter().map(target).fold(Truth::No, Truth::or);
        open.and(who).and(what)
    }
}

/// Whether a vault's network lets the call through.
fn reachable(vault: &Object, request: &Request<'_>) -> bool {
    let private = request.has("network", "private");
    if vault.get("public_network_access_enabled").flag() == Some(false) {
        return private;
    }
    let mut closed =
        vault.get("network_acls").items().iter().filter(|it| it.get("default_action").text() == Some("Deny"));
    closed.all(|rules| {
        let address = request.key("sourceip").and_then(scalar::addresses);
        let ranges = rules.get("ip_rules").names();
        let mut ranges = ranges.iter().filter_map(|range| scalar::addresses(range));
        let by_address = address.is_some_and(|(v4, v6)| {
            ranges.any(|(a, b)| {
                let inside = |one: &crate::access::ranges::Ranges, all: &crate::access::ranges::Ranges| {
                    !one.is_empty() && one.iter().all(|(low, high)| all.contains(low) && all.contains(high))
                };
                inside(&v4, &a) || inside(&v6, &b)
            })
        });
        let subnets = rules.get("virtual_network_subnet_ids").names();
        let by_subnet = subnets.iter().any(|subnet| request.has("subnet", subnet));
        let trusted = rules.get("bypass").text() == Some("AzureServices") && request.has("service", "trusted");
        private || by_address || by_subnet || trusted
    })
}
