//! Role assignments: standing, active and eligible.

use super::{Request, Truth, World, abac, by_roles, id, lies_in, like};
use crate::access::azure::roles::{self, Block};
use crate::access::scalar;
use crate::access::worlds::{Object, Val};

/// Data that control operations of the same name do not reach.
const DATA: [&str; 4] = [
    "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/*",
    "Microsoft.Storage/storageAccounts/queueServices/queues/messages/*",
    "Microsoft.Storage/storageAccounts/tableServices/tables/entities/*",
    "Microsoft.Storage/storageAccounts/fileServices/fileshares/files/*",
];

impl World<'_> {
    pub(super) fn assigned(&self, object: &Object, request: &Request<'_>) -> Truth {
        let scope = object.get("scope").name().unwrap_or_default();
        if !matches!(request.plane, 'c' | 'd') || !self.reaches(&scope, request.resource, 0) {
            return Truth::No;
        }
        let who = object.get("principal_id").name().unwrap_or_default();
        let who = self.speaks_for(request.principal, &who, true);
        if who == Truth::No {
            return Truth::No;
        }
        let condition = match object.get("condition") {
            Val::Null => Truth::Yes,
            Val::Text(text) if text.is_empty() => Truth::Yes,
            Val::Text(text) => abac::holds(text, request),
            _ => Truth::Unknown,
        };
        let eligible = match &*object.type_name {
            "azurerm_pim_eligible_role_assignment" => self.activated(object, request),
            _ => Truth::Yes,
        };
        who.and(condition).and(eligible).and(scheduled(object, request)).and(self.role(object, request))
    }

    /// What the role of an assignment says of an operation.
    fn role(&self, object: &Object, request: &Request<'_>) -> Truth {
        // Roles do not reach the data of a vault that goes by access policies.
        if request.plane != 'd' || !like("Microsoft.KeyVault/*", request.action) {
            return self.defined(object, request);
        }
        let vaults = self.of_type("azurerm_key_vault").filter(|vault| lies_in(&id(vault), request.resource));
        vaults.map(by_roles).fold(self.defined(object, request), Truth::and)
    }

    /// What the definition of an assignment's role says of an operation.
    fn defined(&self, object: &Object, request: &Request<'_>) -> Truth {
        let guid = |text: &str| {
            let text = text.split('|').next().unwrap_or_default();
            text.rsplit('/').next().unwrap_or_default().to_lowercase()
        };
        let by_id = object.get("role_definition_id").text().map(guid);
        let by_name = object.get("role_definition_name").text().map(str::to_lowercase).filter(|_| by_id.is_none());
        let by_reference = |definition: &Object| {
            let names = ["role_definition_id", "role_definition_name"].map(|at| object.get(at));
            names
                .iter()
                .any(|value| value.hole().is_some_and(|hole| hole.id.starts_with(&format!("{}.", definition.address))))
        };
        let mut found = Truth::No;
        let mut defined = false;
        for definition in self.of_type("azurerm_role_definition") {
            let ids = ["role_definition_resource_id", "role_definition_id"].map(|at| definition.get(at).text());
            let same_id = ids.iter().flatten().any(|id| by_id.as_deref() == Some(&guid(id)));
            let same_name = definition.get("name").text().map(str::to_lowercase) == by_name && by_name.is_some();
            let referred = by_id.is_none() && by_name.is_none() && by_reference(definition);
            if same_id || same_name || referred {
                defined = true;
                let permissions = definition.get("permissions");
                let blocks = permissions.items().iter().map(|block| {
                    let list = |name: &str| block.get(name).names();
                    let hole = block.has_hole();
                    let block = Block {
                        actions: list("actions"),
                        not_actions: list("not_actions"),
                        data: list("data_actions"),
                        not_data: list("not_data_actions"),
                        condition: None,
                    };
                    if hole { Truth::Unknown } else { permits(&block, request) }
                });
                found = found.or(blocks.fold(Truth::No, Truth::or));
                if permissions.hole().is_some() {
                    found = found.or(Truth::Unknown);
                }
            }
        }
        let builtin = by_id.as_deref().or(by_name.as_deref()).and_then(roles::builtin);
        let known = |key: &str| {
            let imported = self.state.catalogue.roles.get("azure")?;
            let by_title =
                || imported.values().find(|it| it.title.as_ref().is_some_and(|t| t.eq_ignore_ascii_case(key)));
            imported.get(key).or_else(by_title)
        };
        let imported = builtin.map(|role| role.id.to_lowercase()).or(by_id).or(by_name);
        if let Some(definition) = imported.as_deref().and_then(known).filter(|_| !defined) {
            let blocks = definition.blocks.iter().map(|block| {
                let condition = block.condition.as_ref().map_or(Truth::Yes, |text| abac::holds(text, request));
                let block = Block {
                    actions: block.actions.clone(),
                    not_actions: block.not_actions.clone(),
                    data: block.data_actions.clone(),
                    not_data: block.not_data_actions.clone(),
                    condition: None,
                };
                permits(&block, request).and(condition)
            });
            return blocks.fold(Truth::No, Truth::or);
        }
        match builtin {
            Some(role) => match roles::patterns(role.id) {
                Some(block) => found.or(permits(&block, request)),
                // Of the others only a sample is known.
                None => found.or(permits(&role.sample(), request).or(Truth::Unknown)),
            },
            None if defined => found,
            None => Truth::Unknown,
        }
    }

    /// What the role management policy of the assignment's scope and role asks before it is used.
    fn activated(&self, object: &Object, request: &Request<'_>) -> Truth {
        let mut holds = Truth::of(request.has("activated", "true"));
        for policy in self.of_type("azurerm_role_management_policy") {
            let same = |name: &str| match (policy.get(name).name(), object.get(name).name()) {
                (Some(a), Some(b)) if name == "scope" => a.eq_ignore_ascii_case(&b),
                (Some(a), Some(b)) => {
                    a.rsplit('/').next().map(str::to_lowercase) == b.rsplit('/').next().map(str::to_lowercase)
                }
                _ => false,
            };
            if !same("scope") || !same("role_definition_id") {
                continue;
            }
            for rules in policy.get("activation_rules").items() {
                let asks = |name: &str| rules.get(name).flag() == Some(true);
                if asks("require_approval") {
                    // Who gave the approval is not part of a request.
                    holds = holds.and(Truth::of(request.has("approved", "true"))).and(Truth::Unknown);
                }
                if asks("require_multifactor_authentication") {
                    holds = holds.and(Truth::of(request.has("mfa", "true")));
                }
                if let Some(context) = rules.get("required_conditional_access_authentication_context").text() {
                    holds = holds.and(Truth::of(request.has("authenticationContext", context)));
                }
                if let Some(longest) = rules.get("maximum_duration").text().and_then(minutes) {
                    let asked = request.key("duration").and_then(|text| text.parse::<f64>().ok());
                    holds = holds.and(Truth::of(asked.is_some_and(|asked| (0.0..=longest).contains(&asked))));
                }
            }
        }
        holds
    }
}

/// Operations without the excluded ones, of the request's plane alone.
fn permits(block: &Block, request: &Request<'_>) -> Truth {
    let any = |list: &[String]| list.iter().any(|pattern| like(pattern, request.action));
    Truth::of(match request.plane {
        'c' => any(&block.actions) && !any(&block.not_actions) && !DATA.iter().any(|data| like(data, request.action)),
        _ => any(&block.data) && !any(&block.not_data),
    })
}

/// Whether the assignment lasts at the time of the request.
fn scheduled(object: &Object, request: &Request<'_>) -> Truth {
    let mut holds = Truth::Yes;
    let schedules = object.get("schedule").items().iter();
    for (schedule, end) in schedules.flat_map(|it| it.get("expiration").items().iter().map(move |end| (it, end))) {
        if let Some(last) = end.get("end_date_time").text().filter(|text| !text.is_empty()) {
            let at = request.key("time").and_then(scalar::date);
            holds = holds.and(match (at, scalar::date(last)) {
                (Some(at), Some(last)) => Truth::of(at <= last),
                (None, Some(_)) => Truth::No,
                _ => Truth::Unknown,
            });
        }
        for (unit, hours) in [("duration_days", 24.0), ("duration_hours", 1.0)] {
            let Val::Number(count) = end.get(unit) else { continue };
            let Some(lasts) = count.parse::<f64>().ok().map(|count| count * hours) else {
                holds = holds.and(Truth::Unknown);
                continue;
            };
            if lasts > 0.0 {
                holds = holds.and(still_lasts(schedule.get("start_date_time"), lasts, request));
            }
        }
        if end.has_hole() {
            holds = holds.and(Truth::Unknown);
        }
    }
    if object.get("schedule").items().iter().any(|schedule| schedule.get("expiration").hole().is_some()) {
        holds = holds.and(Truth::Unknown);
    }
    holds
}

/// Whether an assignment of so many hours lasts at the time of the request: counted from its start, or where the plan
/// does not show that, by its age.
fn still_lasts(start: &Val, hours: f64, request: &Request<'_>) -> Truth {
    match start.text().and_then(|text| text.parse::<jiff::Timestamp>().ok()) {
        Some(start) => {
            let at = request.key("time").and_then(|text| text.parse::<jiff::Timestamp>().ok());
            Truth::of(at.is_some_and(|at| (at.as_second() - start.as_second()) as f64 <= hours * 3600.0))
        }
        None => {
            let age = request.key("age").and_then(|text| text.parse::<f64>().ok());
            Truth::of(age.is_some_and(|age| age <= hours))
        }
    }
}

/// Minutes of `P1D`, `PT8H`, `PT30M`.
fn minutes(text: &str) -> Option<f64> {
    let (days, hours) = text.strip_prefix('P')?.split_once('T').unwrap_or((text.strip_prefix('P')?, ""));
    let mut total = 0.0;
    for (part, units) in [(days, [('D', 1440.0), ('W', 10080.0)]), (hours, [('H', 60.0), ('M', 1.0)])] {
        let mut number = String::new();
        for c in part.chars() {
            match units.iter().find(|(unit, _)| *unit == c) {
                Some((_, minutes)) => total += number.parse::<f64>().ok()? * minutes,
                None => {
                    number.push(c);
                    continue;
                }
            }
            number.clear();
        }
        if !number.is_empty() {
            return None;
        }
    }
    Some(total)
}
