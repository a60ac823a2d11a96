//! Role assignments: standing, active and eligible, with what an activation asks.

use jiff::{Timestamp, ToSpan};

use super::Collector;
use super::lits::{action, key, only, ranged, tail};
use super::role::RoleKey;
use crate::access::azure::roles::Block;
use crate::access::azure::{condition, roles};
use crate::access::glob::Glob;
use crate::access::literal::{Dim, Lit, Set};
use crate::access::ranges::Ranges;
use crate::access::scalar;
use crate::access::worlds::{Object, Val};

impl<'a> Collector<'a> {
    pub(super) fn standing(&mut self, at: usize, object: &'a Object) {
        let alternatives = match object.get("condition") {
            Val::Null => vec![Vec::new()],
            Val::Text(text) if text.is_empty() => vec![Vec::new()],
            Val::Text(text) => condition::alternatives(text),
            _ => {
                let message = "`condition` is known only after apply; apply in two steps".to_owned();
                self.unclear(at, "condition", message);
                vec![vec![Lit::opaque(&format!("the condition of {}", object.address), false)]]
            }
        };
        for lits in &alternatives {
            self.assignment(at, object, lits);
        }
    }

    pub(super) fn assignment(&mut self, at: usize, object: &'a Object, conditions: &[Lit]) {
        let Some(principal) = self.principal(at, object, "principal_id") else { return };
        let Some(scope) = object.get("scope").name() else {
            return self.unclear(at, "scope", "`scope` cannot be read".into());
        };
        if !self.resolves(&scope, object) || object.get("scope").has_hole() && object.get("scope").hole().is_none() {
            return self.unclear(at, "scope", "`scope` is known only after apply; apply in two steps".into());
        }
        let reach = Lit::of(Dim::Resource, false, self.reach(&scope), &scope);
        let Some(name) = RoleKey::of(object) else {
            self.unclear(at, "role_definition_id", "the role is known only after apply; apply in two steps".into());
            return;
        };
        let mut opaque = Vec::new();
        let blocks = match (self.custom.get(&name).cloned(), name.builtin()) {
            (Some((mut blocks, whole)), builtin) => {
                if !whole || builtin.is_some() {
                    opaque.push((name.text().to_owned(), true));
                    self.role_unclear(&name);
                }
                blocks.extend(builtin.and_then(|role| roles::patterns(role.id)));
                blocks
            }
            (None, role) if self.imported(&name, role).is_some() => {
                opaque.extend(role.into_iter().flat_map(|role| self.within(role.id)));
                self.imported(&name, role).unwrap_or_default()
            }
            (None, Some(role)) => match roles::patterns(role.id) {
                Some(block) => {
                    // Roles that are known by facts only and lie within this one.
                    opaque.extend(self.within(role.id));
                    vec![block]
                }
                None => {
                    opaque.push((role.id.to_owned(), role.has_data));
                    opaque.extend(self.within(role.id));
                    vec![role.sample()]
                }
            },
            (None, None) => {
                opaque.push((name.text().to_owned(), true));
                Vec::new()
            }
        };
        let common = |first: Vec<Lit>| -> Vec<Lit> {
            first.into_iter().chain([reach.clone()]).chain(conditions.iter().cloned()).collect()
        };
        let vaults = self.vaults_by_policy();
        for block in blocks {
            let asked = match &block.condition {
                Some(text) => condition::alternatives(text),
                None => vec![Vec::new()],
            };
            let all: Vec<String> = block.actions.iter().chain(&block.data).cloned().collect();
            for (plane, yes, no) in [("c", &block.actions, &block.not_actions), ("d", &block.data, &block.not_data)] {
                if yes.is_empty() {
                    continue;
                }
                let mut first = vec![action(plane, yes, false)];
                if !no.is_empty() {
                    first.push(action(plane, no, true));
                }
                if plane == "c" {
                    // Data operations that a list of control operations names permit nothing.
                    first.push(action("c", &DATA_ONLY.map(str::to_owned), true));
                }
                for first in asked.iter().flat_map(|lits| beside(plane, &first, lits, &vaults)) {
                    let principal = principal.clone();
                    self.grant(object, principal, true, ROLE, common(first), all.clone(), scope.clone());
                }
            }
        }
        for (role, data) in opaque {
            let planes: &[&str] = if data { &["c", "d"] } else { &["c"] };
            for plane in planes {
                let first = vec![only(plane, "*"), Lit::opaque(&format!("what role `{role}` permits"), false)];
                for first in beside(plane, &first, &[], &vaults) {
                    let actions = vec![format!("role {role}")];
                    self.grant(object, principal.clone(), true, ROLE, common(first), actions, scope.clone());
                }
            }
        }
    }

    /// The definition that the team has imported.
    fn imported(&self, name: &RoleKey, builtin: Option<roles::Facts>) -> Option<Vec<Block>> {
        let by_id = builtin.and_then(|role| self.catalogue.titled("azure", role.id));
        let found = by_id.or_else(|| match name {
            RoleKey::Id(text) | RoleKey::Name(text) => self.catalogue.titled("azure", text),
            RoleKey::Of(_) => None,
        })?;
        Some(roles::imported(found))
    }

    fn role_unclear(&mut self, name: &RoleKey) {
        let found: Vec<usize> = self
            .seen("azurerm_role_definition")
            .filter(|(_, _, object)| {
                object.get("permissions").has_hole() && RoleKey::of_definition(object).contains(name)
            })
            .map(|(at, _, _)| *at)
            .collect();
        for at in found {
            self.unclear(
                at,
                "permissions",
                "the role's permissions are known only after apply; apply in two steps".into(),
            );
        }
    }

    /// Roles of the plan that a role contains, for which no patterns are known.
    pub(super) fn within(&self, outer: &str) -> Vec<(String, bool)> {
        let inner = self.roles.iter().filter(|id| **id != outer).filter_map(|id| roles::builtin(id));
        inner.filter(|role| role.is_within(outer)).map(|role| (role.id.to_owned(), role.has_data)).collect()
    }

    /// What the role management policy asks before an eligible assignment is activated.
    pub(super) fn activation(&self, object: &Object) -> Vec<Lit> {
        let same = |policy: &Object, name: &str| match (policy.get(name).name(), object.get(name).name()) {
            (Some(a), Some(b)) => a.eq_ignore_ascii_case(&b) || (name != "scope" && tail(&a) == tail(&b)),
            _ => false,
        };
        let mut lits = Vec::new();
        for policy in self.of_type("azurerm_role_management_policy") {
            if !same(policy, "scope") || !same(policy, "role_definition_id") {
                continue;
            }
            for rules in policy.get("activation_rules").items() {
                let asks = |name: &str| rules.get(name).flag() == Some(true);
                if asks("require_approval") {
                    lits.push(key("approved", false, false, &["true"]));
                    // Who may approve is compared as text: another set of approvers is another condition.
                    let stage = format!("approvers {:?}", rules.get("approval_stage"));
                    lits.push(Lit::opaque(&stage, false));
                }
                if asks("require_multifactor_authentication") {
                    lits.push(key("mfa", false, false, &["true"]));
                }
                if let Some(context) = rules.get("required_conditional_access_authentication_context").text() {
                    lits.push(key("authenticationContext", false, false, &[context]));
                }
                if let Some(minutes) = rules.get("maximum_duration").text().and_then(minutes)
                    && let Some(top) = scalar::number(&minutes.to_string())
                {
                    let zero = scalar::number("0").unwrap_or_default();
                    lits.push(ranged(
                        "duration",
                        Set::Numbers(Ranges::between(zero, top)),
                        format!("duration up to {minutes} minutes"),
                    ));
                }
            }
        }
        lits
    }
}

const ROLE: &str = "role_definition_id";

/// Roles do not reach the data of vaults that go by access policies: the literals of a grant, with what keeps it out
/// of them.
fn beside(plane: &str, first: &[Lit], more: &[Lit], vaults: &[Glob]) -> Vec<Vec<Lit>> {
    let with = |last: Option<Lit>| first.iter().chain(more).cloned().chain(last).collect::<Vec<Lit>>();
    if plane != "d" || vaults.is_empty() {
        return vec![with(None)];
    }
    vec![
        with(Some(action("d", &["Microsoft.KeyVault/*".to_owned()], true))),
        with(Some(Lit::of(Dim::Resource, true, vaults.to_vec(), "vaults with access policies"))),
    ]
}

/// Data operations that no control operation of the same name exists for.
const DATA_ONLY: [&str; 4] = [
    "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/*",
    "Microsoft.Storage/storageAccounts/queueServices/queues/messages/*",
    "Microsoft.Storage/storageAccounts/tableServices/tables/entities/*",
    "Microsoft.Storage/storageAccounts/fileServices/fileshares/files/*",
];

/// The end of an assignment, as a condition on the time; one that is a duration from a start that the plan does not
/// show, on the hours since then.
pub(super) fn schedule(object: &Object) -> Vec<Lit> {
    let mut lits = Vec::new();
    for schedule in object.get("schedule").items() {
        if schedule.get("expiration").hole().is_some() {
            lits.push(Lit::opaque(&format!("schedule of {}", object.address), false));
        }
        for end in schedule.get("expiration").items() {
            let until = |last: u128, text: &str| {
                let first = scalar::date("0001-01-01T00:00:00Z").unwrap_or_default();
                ranged("time", Set::Dates(Ranges::between(first, last)), format!("until {text}"))
            };
            if let Some(text) = end.get("end_date_time").text().filter(|text| !text.is_empty()) {
                lits.push(match scalar::date(text) {
                    Some(last) => until(last, text),
                    None => Lit::opaque(&format!("until {text}"), false),
                });
            }
            if end.get("end_date_time").text().is_none() && end.has_hole() {
                lits.push(Lit::opaque(&format!("schedule of {}", object.address), false));
            }
            for (unit, hours) in [("duration_days", 24), ("duration_hours", 1)] {
                let Val::Number(count) = end.get(unit) else { continue };
                let lasts = count.parse::<i64>().ok().and_then(|count| count.checked_mul(hours));
                let start = schedule.get("start_date_time").text().and_then(|text| text.parse::<Timestamp>().ok());
                let end = lasts.zip(start).and_then(|(hours, start)| start.checked_add(hours.hours()).ok());
                let end = end.map(|end| end.to_string()).and_then(|text| Some((scalar::date(&text)?, text)));
                match (lasts, end) {
                    (Some(0), _) => {}
                    (_, Some((last, text))) => lits.push(until(last, &text)),
                    (Some(hours), None) => {
                        let [zero, top] = ["0".to_owned(), hours.to_string()].map(|text| scalar::number(&text));
                        let set = Ranges::between(zero.unwrap_or_default(), top.unwrap_or_default());
                        lits.push(ranged("age", Set::Numbers(set), format!("for {hours} hours")));
                    }
                    (None, None) => lits.push(Lit::opaque(&format!("within {unit} {count}"), false)),
                }
            }
        }
    }
    lits
}

/// Minutes of a duration such as `PT8H`, `PT30M`, `P1D`.
fn minutes(text: &str) -> Option<u64> {
    let (mut total, mut number, mut time) = (0u64, 0u64, false);
    for c in text.strip_prefix('P')?.chars() {
        match c {
            'T' => time = true,
            '0'..='9' => number = number.checked_mul(10)?.checked_add(u64::from(c) - u64::from('0'))?,
            unit => {
                let factor = match (unit, time) {
                    ('D', _) => 1440,
                    ('H', true) => 60,
                    ('M', true) => 1,
                    _ => return None,
                };
                total = total.checked_add(number.checked_mul(factor)?)?;
                number = 0;
            }
        }
    }
    Some(total)
}
