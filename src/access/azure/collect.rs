//! The objects of one side to grants and restrictions.
//!
//! Actions carry their plane in front: `c:` control operations, `d:` data operations, `e:` Entra operations, `g:`
//! Graph permissions, `s:` sign-in. A pattern of one plane never reaches another.

use std::collections::{BTreeMap, BTreeSet};

use crate::access::Reason;
use crate::access::glob::Glob;
use crate::access::literal::{Dim, Lit, Set, Test};
use crate::access::point::Point;
use crate::access::ranges::Ranges;
use crate::access::rule::{Decision, Origin, Rule, RuleSet};
use crate::access::scalar;
use crate::access::worlds::{Object, Row, Side, State, Val};

use super::condition;
use super::roles::{self, Block};

/// What a grant says, for the report.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    pub(super) actions: Vec<String>,
    pub(super) resources: Vec<String>,
    pub(super) conditions: Vec<String>,
}

/// One side.
pub(super) struct World {
    pub(super) decision: Decision,
    /// Rows that carry what cannot be followed.
    pub(super) unknown: Vec<(usize, Reason)>,
    /// By the index of a rule's origin.
    pub(super) facts: Vec<Facts>,
    /// Ids of resources, for plausible requests.
    pub(super) resources: Vec<String>,
}

/// Whether objects of a type only restrain.
pub(super) fn restrains(type_name: &str) -> bool {
    matches!(
        type_name,
        "azurerm_management_lock" | "azuread_conditional_access_policy" | "azurerm_role_management_policy"
    ) || type_name.ends_with("_policy_assignment")
}

struct Grant {
    principal: String,
    /// Whether members of members have it too.
    nested: bool,
    lits: Vec<Lit>,
    address: String,
    path: &'static str,
    facts: Facts,
}

/// Reads one side.
pub(super) struct Collector<'a> {
    objects: Vec<(usize, &'a Row, &'a Object)>,
    grants: Vec<Grant>,
    deny: Vec<Rule>,
    groups: BTreeMap<String, Vec<String>>,
    /// Who can act as an identity.
    control: BTreeMap<String, Vec<String>>,
    custom: BTreeMap<String, (Vec<Block>, bool)>,
    unknown: Vec<(usize, Reason)>,
    roles: BTreeSet<&'static str>,
}

fn action(plane: &str, patterns: &[String], neg: bool) -> Lit {
    let globs = patterns.iter().map(|text| Glob::wildcard(&format!("{plane}:{text}"), true)).collect();
    Lit::of(Dim::Action, neg, globs, &patterns.join(", "))
}

fn only(plane: &str, pattern: &str) -> Lit {
    action(plane, &[pattern.to_owned()], false)
}

fn key(name: &str, neg: bool, absent_ok: bool, values: &[&str]) -> Lit {
    let globs = values.iter().map(|text| Glob::literal(text)).collect();
    let test = Test::One { neg, absent_ok, set: Set::Globs(globs) };
    Lit { dim: Dim::Key(name.into()), test, label: format!("{name}: {}", values.join(", ")).into() }
}

fn ranged(name: &str, set: Set, label: String) -> Lit {
    Lit { dim: Dim::Key(name.into()), test: Test::One { neg: false, absent_ok: false, set }, label: label.into() }
}

fn literal(text: &str) -> Glob {
    let mut glob = Glob::empty();
    text.chars().for_each(|c| glob.push_char(c, true));
    glob
}

/// A scope and everything below it.
fn below(scope: &str) -> [Glob; 2] {
    let scope = scope.trim_end_matches('/');
    let mut deep = literal(&format!("{scope}/"));
    Glob::any().tokens().iter().for_each(|token| deep.push(token.clone()));
    deep.push_many(Glob::any().loop_at(0));
    [literal(scope), deep]
}

/// The last segment of an id, in lower case.
fn tail(id: &str) -> String {
    id.rsplit('/').next().unwrap_or(id).to_ascii_lowercase()
}

/// The address in a reference `${address.attribute}`.
fn referred(name: &str) -> Option<String> {
    let inside = name.strip_prefix("${")?.strip_suffix('}')?;
    inside.rsplit_once('.').map(|(address, _)| format!("${{{address}}}"))
}

/// What identifies an object that a value names: its id in lower case, or `${address}`.
fn named(value: &Val) -> Option<String> {
    let name = value.name()?;
    Some(referred(&name).unwrap_or_else(|| tail(&name)))
}

impl<'a> Collector<'a> {
    /// The world in which each row stands as on the side that `pick` gives.
    pub(super) fn collect(state: &'a State, pick: &dyn Fn(usize) -> Side) -> World {
        let objects =
            state.rows.iter().enumerate().filter_map(|(at, row)| Some((at, row, row.object(pick(at))?))).collect();
        let mut it = Self {
            objects,
            grants: Vec::new(),
            deny: Vec::new(),
            groups: BTreeMap::new(),
            control: BTreeMap::new(),
            custom: BTreeMap::new(),
            unknown: Vec::new(),
            roles: BTreeSet::new(),
        };
        // Both sides, so that what a role contains is said on both.
        for object in state.rows.iter().flat_map(|row| [&row.before, &row.after]).flatten() {
            if object.type_name.ends_with("_role_assignment") {
                let names = ["role_definition_id", "role_definition_name"];
                let name = names.iter().find_map(|at| object.get(at).text());
                let role = name.and_then(|name| roles::builtin(name.rsplit('/').next().unwrap_or(name)));
                it.roles.extend(role.filter(|role| roles::patterns(role.id).is_none()).map(|role| role.id));
            }
        }
        let objects = std::mem::take(&mut it.objects);
        for (_, _, object) in &objects {
            it.declare(object);
        }
        it.objects = objects;
        let objects: Vec<(usize, &Object)> = it.objects.iter().map(|(at, _, object)| (*at, *object)).collect();
        for (at, object) in objects {
            it.object(at, object);
        }
        it.shared_keys();
        it.finish()
    }

    fn unclear(&mut self, at: usize, path: &str, message: String) {
        self.unknown.push((at, Reason { code: "unknown_value".into(), path: path.into(), message }));
    }

    fn declare(&mut self, object: &Object) {
        let own = format!("${{{}}}", object.address);
        match &*object.type_name {
            "azurerm_role_definition" => {
                let mut whole = !object.get("permissions").has_hole();
                let excluded =
                    |block: &&Val| ["not_actions", "not_data_actions"].iter().all(|name| !block.get(name).has_hole());
                let blocks = object.get("permissions").items().iter().filter(excluded).map(|block| {
                    let list = |name: &str| -> Vec<String> {
                        let items = block.get(name).items().iter();
                        items.filter_map(|one| one.text().map(str::to_owned)).collect()
                    };
                    Block {
                        actions: list("actions"),
                        not_actions: list("not_actions"),
                        data: list("data_actions"),
                        not_data: list("not_data_actions"),
                    }
                });
                let blocks: Vec<Block> = blocks.collect();
                whole &= object.get("permissions").hole().is_none();
                let ids = ["role_definition_resource_id", "role_definition_id", "name"];
                let keys = ids.iter().filter_map(|id| object.get(id).text().map(tail)).chain([own]);
                let keys: Vec<String> = keys.collect();
                for key in keys {
                    self.custom.insert(key, (blocks.clone(), whole));
                }
            }
            "azuread_group" => {
                let key = self.identity(object, "object_id");
                let mut members = object.get("members").names();
                members.sort();
                self.groups.entry(key.clone()).or_default().extend(members);
                self.control.entry(key).or_default().extend(object.get("owners").names());
            }
            _ => {}
        }
    }

    /// The object id of a directory object, or the reference to it while it is not known.
    fn identity(&self, object: &Object, attribute: &str) -> String {
        object.get(attribute).text().map_or_else(|| format!("${{{}.{attribute}}}", object.address), str::to_owned)
    }

    /// Whether a name is an object's own attribute or leads to an object that is managed in the plan.
    fn resolves(&self, name: &str, object: &Object) -> bool {
        match referred(name) {
            None => true,
            Some(own) => {
                own != format!("${{{}}}", object.address)
                    && self.objects.iter().any(|(_, _, other)| own == format!("${{{}}}", other.address))
            }
        }
    }

    fn object(&mut self, at: usize, object: &'a Object) {
        if let Val::List(blocks) = object.get("identity") {
            for block in blocks {
                let machine =
                    object.get("id").text().map_or_else(|| format!("${{{}.id}}", object.address), str::to_owned);
                for id in block.get("identity_ids").names() {
                    let owner = self.user_assigned(&id);
                    match owner {
                        Some(principal) => self.control.entry(principal).or_default().push(machine.clone()),
                        None => self.unclear(
                            at,
                            "identity",
                            format!("identity `{id}` is not in the plan, so what it may do is not known"),
                        ),
                    }
                }
                let system = block.get("type").text().is_some_and(|kind| kind.contains("SystemAssigned"));
                if system {
                    let principal = block
                        .get("principal_id")
                        .text()
                        .map_or_else(|| format!("${{{}.identity[0].principal_id}}", object.address), str::to_owned);
                    self.control.entry(principal).or_default().push(machine.clone());
                }
            }
        }
        match &*object.type_name {
            "azurerm_role_assignment" => {
                let alternatives = match object.get("condition") {
                    Val::Null => vec![Vec::new()],
                    Val::Text(text) if text.is_empty() => vec![Vec::new()],
                    Val::Text(text) => condition::alternatives(text),
                    _ => {
                        let message = "`condition` is known only after apply; apply in two steps".to_owned();
                        self.unclear(at, "condition", message);
                        vec![Vec::new()]
                    }
                };
                for lits in &alternatives {
                    self.assignment(at, object, lits);
                }
            }
            "azurerm_pim_active_role_assignment" => {
                let lits = schedule(object);
                self.assignment(at, object, &lits);
            }
            "azurerm_pim_eligible_role_assignment" => {
                let mut lits = schedule(object);
                lits.push(key("activated", false, false, &["true"]));
                lits.extend(self.activation(object));
                self.assignment(at, object, &lits);
            }
            "azurerm_key_vault" => self.vault(object),
            "azurerm_key_vault_access_policy" => {
                let Some(vault) = object.get("key_vault_id").name() else { return };
                if !self.vault_uses_rbac(&vault) {
                    self.access_policy(object, &vault, &object.values);
                }
            }
            "azurerm_federated_identity_credential" => {
                let parent = ["user_assigned_identity_id", "parent_id"].iter().find_map(|a| object.get(a).name());
                let target = parent.and_then(|parent| self.user_assigned(&parent));
                self.federation(at, object, target.into_iter().collect());
            }
            "azuread_application_federated_identity_credential" => {
                let targets = self.principals_of_application(object.get("application_id"));
                self.federation(at, object, targets);
            }
            "azuread_application_owner" => {
                for principal in self.principals_of_application(object.get("application_id")) {
                    self.control.entry(principal).or_default().extend(object.get("owner_object_id").name());
                }
            }
            "azuread_application" => {
                let own = Val::Text(format!("${{{}.id}}", object.address).into());
                let id = if object.get("id").text().is_some() { object.get("id") } else { &own };
                for principal in self.principals_of_application(id) {
                    self.control.entry(principal).or_default().extend(object.get("owners").names());
                }
            }
            "azuread_service_principal" => {
                let principal = self.identity(object, "object_id");
                self.control.entry(principal).or_default().extend(object.get("owners").names());
            }
            "azuread_service_principal_password" => {
                let target = object.get("service_principal_id").name().map(|id| {
                    id.rsplit('/').next().filter(|_| !id.starts_with('$')).map_or_else(|| id.clone(), str::to_owned)
                });
                if let Some(target) = target {
                    let target = target.replace(".id}", ".object_id}");
                    self.control
                        .entry(target.clone())
                        .or_default()
                        .push(format!("credential:{}#{target}", object.address));
                }
            }
            "azuread_application_password" => {
                for target in self.principals_of_application(object.get("application_id")) {
                    self.control
                        .entry(target.clone())
                        .or_default()
                        .push(format!("credential:{}#{target}", object.address));
                }
            }
            "azuread_group_member" => {
                let (Some(group), Some(member)) =
                    (object.get("group_object_id").name(), object.get("member_object_id").name())
                else {
                    return;
                };
                if !self.resolves(&group, object) || !self.resolves(&member, object) {
                    self.unclear(
                        at,
                        "member_object_id",
                        "the group or the member is known only after apply; apply in two steps".into(),
                    );
                }
                self.groups.entry(group).or_default().push(member);
            }
            "azurerm_storage_container" => self.container(object),
            "azurerm_management_lock" => {
                let Some(scope) = object.get("scope").name() else { return };
                let mut lits = vec![Lit::of(Dim::Resource, false, below(&scope).into(), &scope)];
                match object.get("lock_level").text() {
                    Some("ReadOnly") => {
                        lits.push(only("c", "*"));
                        lits.push(action("c", &["*/read".to_owned()], true));
                    }
                    _ => lits.push(only("c", "*/delete")),
                }
                self.restrict(object, lits);
            }
            "azurerm_subscription_policy_assignment"
            | "azurerm_resource_group_policy_assignment"
            | "azurerm_management_group_policy_assignment"
            | "azurerm_resource_policy_assignment" => self.policy(at, object),
            "azuread_directory_role_assignment" => {
                let Some(principal) = self.principal(at, object, "principal_object_id") else { return };
                let Some(role) = object.get("role_id").name() else { return };
                let scope = object.get("directory_scope_id").text().unwrap_or("/").to_owned();
                let resource = match scope.as_str() {
                    "/" => vec![Glob::any()],
                    other => below(other).into(),
                };
                // Global Administrator, by the id of its template, may do everything in the directory.
                let pattern = match role.as_str() {
                    "62e90394-69f5-4237-9190-012177145e10" => "*".to_owned(),
                    other => format!("microsoft.directory/role/{}", tail(other)),
                };
                let lits = vec![only("e", &pattern), Lit::of(Dim::Resource, false, resource, &scope)];
                self.grant(object, principal, false, "role_id", lits, vec![pattern], scope);
            }
            "azuread_app_role_assignment" => {
                let Some(principal) = self.principal(at, object, "principal_object_id") else { return };
                let (Some(role), Some(target)) =
                    (object.get("app_role_id").name(), object.get("resource_object_id").name())
                else {
                    return;
                };
                let lits = vec![only("g", &role), Lit::of(Dim::Resource, false, vec![literal(&target)], &target)];
                self.grant(object, principal, false, "app_role_id", lits, vec![role], target);
            }
            "azuread_conditional_access_policy" => self.conditional_access(object),
            _ => {}
        }
    }

    fn principal(&mut self, at: usize, object: &Object, attribute: &'static str) -> Option<String> {
        let name = object.get(attribute).name()?;
        if self.resolves(&name, object) {
            return Some(name);
        }
        self.unclear(
            at,
            attribute,
            format!("`{attribute}` is known only after apply; apply in two steps, or name the principal"),
        );
        None
    }

    #[expect(clippy::too_many_arguments, reason = "a grant has these parts")]
    fn grant(
        &mut self,
        object: &Object,
        principal: String,
        nested: bool,
        path: &'static str,
        lits: Vec<Lit>,
        actions: Vec<String>,
        scope: String,
    ) {
        let conditions = lits.iter().filter(|lit| !matches!(lit.dim, Dim::Action | Dim::Resource | Dim::Principal));
        let conditions = conditions.map(|lit| lit.label.to_string()).collect();
        let facts = Facts { actions, resources: vec![scope], conditions };
        self.grants.push(Grant { principal, nested, lits, address: object.address.to_string(), path, facts });
    }

    fn restrict(&mut self, object: &Object, lits: Vec<Lit>) {
        let origin = Origin { address: object.address.to_string(), ..Origin::default() };
        self.deny.push(Rule { lits, origin });
    }

    /// A scope with what the plan's management groups put below it.
    fn reach(&self, scope: &str) -> Vec<Glob> {
        let mut open = vec![scope.trim_end_matches('/').to_owned()];
        let mut seen: Vec<String> = Vec::new();
        while let Some(one) = open.pop() {
            if seen.iter().any(|known| known.eq_ignore_ascii_case(&one)) {
                continue;
            }
            for (_, _, object) in self.objects.iter().filter(|(_, _, it)| &*it.type_name == "azurerm_management_group")
            {
                let id = object.get("id").text().map_or_else(|| format!("${{{}.id}}", object.address), str::to_owned);
                if id.eq_ignore_ascii_case(&one) {
                    open.extend(
                        object.get("subscription_ids").names().iter().map(|id| format!("/subscriptions/{}", tail(id))),
                    );
                } else if object
                    .get("parent_management_group_id")
                    .text()
                    .is_some_and(|it| it.eq_ignore_ascii_case(&one))
                {
                    open.push(id);
                }
            }
            seen.push(one);
        }
        seen.iter().flat_map(|one| below(one)).collect()
    }

    fn assignment(&mut self, at: usize, object: &'a Object, conditions: &[Lit]) {
        let Some(principal) = self.principal(at, object, "principal_id") else { return };
        let Some(scope) = object.get("scope").name() else { return };
        if !self.resolves(&scope, object) || object.get("scope").has_hole() && object.get("scope").hole().is_none() {
            self.unclear(at, "scope", "`scope` is known only after apply; apply in two steps".into());
        }
        let reach = Lit::of(Dim::Resource, false, self.reach(&scope), &scope);
        let name = ["role_definition_id", "role_definition_name"].iter().find_map(|a| object.get(a).text());
        let name = name.map(tail).or_else(|| named(object.get("role_definition_id")));
        let Some(name) = name else {
            self.unclear(at, "role_definition_id", "the role is known only after apply; apply in two steps".into());
            return;
        };
        let mut opaque = Vec::new();
        let blocks = match (self.custom.get(&name).cloned(), roles::builtin(&name)) {
            (Some((blocks, whole)), _) => {
                if !whole {
                    opaque.push((name.clone(), true));
                    self.role_unclear(&name);
                }
                blocks
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
                opaque.push((name.clone(), true));
                Vec::new()
            }
        };
        let common = |first: Vec<Lit>| -> Vec<Lit> {
            first.into_iter().chain([reach.clone()]).chain(conditions.iter().cloned()).collect()
        };
        for block in blocks {
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
                self.grant(
                    object,
                    principal.clone(),
                    true,
                    "role_definition_id",
                    common(first),
                    all.clone(),
                    scope.clone(),
                );
            }
        }
        for (role, data) in opaque {
            let planes: &[&str] = if data { &["c", "d"] } else { &["c"] };
            for plane in planes {
                let first = vec![only(plane, "*"), Lit::opaque(&format!("what role `{role}` permits"), false)];
                self.grant(
                    object,
                    principal.clone(),
                    true,
                    "role_definition_id",
                    common(first),
                    vec![format!("role {role}")],
                    scope.clone(),
                );
            }
        }
    }

    fn role_unclear(&mut self, name: &str) {
        let found: Vec<usize> = self
            .objects
            .iter()
            .filter(|(_, _, object)| &*object.type_name == "azurerm_role_definition")
            .filter(|(_, _, object)| {
                object.get("permissions").has_hole()
                    && (name == format!("${{{}}}", object.address)
                        || ["role_definition_resource_id", "role_definition_id", "name"]
                            .iter()
                            .any(|at| object.get(at).text().map(tail).as_deref() == Some(name)))
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
    fn within(&self, outer: &str) -> Vec<(String, bool)> {
        let inner = self.roles.iter().filter(|id| **id != outer).filter_map(|id| roles::builtin(id));
        inner.filter(|role| role.is_within(outer)).map(|role| (role.id.to_owned(), role.has_data)).collect()
    }

    /// What the role management policy asks before an eligible assignment is activated.
    fn activation(&self, object: &Object) -> Vec<Lit> {
        let same = |policy: &Object, name: &str| match (policy.get(name).name(), object.get(name).name()) {
            (Some(a), Some(b)) => a.eq_ignore_ascii_case(&b) || (name != "scope" && tail(&a) == tail(&b)),
            _ => false,
        };
        let mut lits = Vec::new();
        for (_, _, policy) in
            self.objects.iter().filter(|(_, _, it)| &*it.type_name == "azurerm_role_management_policy")
        {
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

    fn vaults(&self) -> impl Iterator<Item = (&'a Object, String)> + '_ {
        self.objects.iter().filter(|(_, _, it)| &*it.type_name == "azurerm_key_vault").map(|(_, _, object)| {
            let id = object.get("id").text().map_or_else(|| format!("${{{}.id}}", object.address), str::to_owned);
            (*object, id)
        })
    }

    fn vault_uses_rbac(&self, vault: &str) -> bool {
        self.vaults().any(|(object, id)| id.eq_ignore_ascii_case(vault) && uses_rbac(object))
    }

    fn vault(&mut self, object: &'a Object) {
        let id = object.get("id").text().map_or_else(|| format!("${{{}.id}}", object.address), str::to_owned);
        let data = || vec![only("d", "Microsoft.KeyVault/*"), Lit::of(Dim::Resource, false, below(&id).into(), &id)];
        if uses_rbac(object) {
            let mut lits = data();
            lits.push(key("auth", false, false, &["accessPolicy"]));
            self.restrict(object, lits);
        } else {
            let mut lits = data();
            lits.push(key("auth", true, true, &["accessPolicy"]));
            self.restrict(object, lits);
            for policy in object.get("access_policy").items() {
                self.access_policy(object, &id, policy);
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
                self.restrict(object, lits);
            }
        }
    }

    fn access_policy(&mut self, object: &Object, vault: &str, policy: &Val) {
        let Some(principal) = policy.get("object_id").name() else { return };
        let mut actions = Vec::new();
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
        let lits = vec![
            action("d", &actions, false),
            Lit::of(Dim::Resource, false, below(vault).into(), vault),
            key("auth", false, false, &["accessPolicy"]),
        ];
        self.grant(object, principal, true, "access_policy", lits, actions, vault.to_owned());
    }

    /// The principal of a user-assigned identity.
    fn user_assigned(&self, id: &str) -> Option<String> {
        let found = self.objects.iter().filter(|(_, _, it)| &*it.type_name == "azurerm_user_assigned_identity");
        let same = |object: &Object| {
            object.get("id").text().is_some_and(|own| own.eq_ignore_ascii_case(id))
                || format!("${{{}.id}}", object.address) == id
        };
        found
            .map(|(_, _, object)| *object)
            .find(|object| same(object))
            .map(|object| self.identity(object, "principal_id"))
    }

    /// The service principals of an application.
    fn principals_of_application(&self, application: &Val) -> Vec<String> {
        let Some(id) = application.name() else { return Vec::new() };
        let kinds = ["azuread_application", "azuread_application_registration"];
        let apps =
            self.objects.iter().filter(|(_, _, it)| kinds.contains(&&*it.type_name)).map(|(_, _, object)| *object);
        let mut clients = Vec::new();
        for app in apps {
            let own = format!("${{{}.", app.address);
            if app.get("id").text() == Some(id.as_str())
                || app.get("object_id").text() == Some(id.as_str())
                || id.starts_with(&own)
            {
                clients.push(app.get("client_id").text().map_or_else(|| format!("{own}client_id}}"), str::to_owned));
            }
        }
        let principals = self.objects.iter().filter(|(_, _, it)| &*it.type_name == "azuread_service_principal");
        let of =
            principals.filter(|(_, _, it)| it.get("client_id").name().is_some_and(|client| clients.contains(&client)));
        of.map(|(_, _, object)| self.identity(object, "object_id")).collect()
    }

    fn federation(&mut self, at: usize, object: &Object, targets: Vec<String>) {
        let (Some(issuer), Some(subject)) = (object.get("issuer").text(), object.get("subject").text()) else {
            self.unclear(at, "subject", "issuer or subject is known only after apply; apply in two steps".into());
            return;
        };
        // A plain subject is compared literally, and a git reference contains no star (git-check-ref-format).
        if issuer.contains("token.actions.githubusercontent.com") && subject.contains(":ref:") && subject.contains('*')
        {
            return;
        }
        if targets.is_empty() {
            self.unclear(at, "parent_id", "the identity is not in the plan, so what it may do is not known".into());
        }
        for target in targets {
            self.control.entry(target).or_default().push(format!("federated:{issuer}#{subject}"));
        }
    }

    fn account(&self, id: &str) -> Option<&'a Object> {
        let accounts = self.objects.iter().filter(|(_, _, it)| &*it.type_name == "azurerm_storage_account");
        accounts.map(|(_, _, object)| *object).find(|object| {
            object.get("id").text().is_some_and(|own| own.eq_ignore_ascii_case(id))
                || format!("${{{}.id}}", object.address) == id
                || object.get("name").text() == Some(id)
        })
    }

    fn container(&mut self, object: &'a Object) {
        let open = object.get("container_access_type");
        if open.text().is_none_or(|kind| kind == "private") && open.hole().is_none() {
            return;
        }
        let parent = ["storage_account_id", "storage_account_name"].iter().find_map(|at| object.get(at).name());
        let account = parent.and_then(|id| self.account(&id));
        if account.is_some_and(|account| account.get("allow_nested_items_to_be_public").flag() == Some(false)) {
            return;
        }
        let id = object.get("id").text().map_or_else(|| format!("${{{}.id}}", object.address), str::to_owned);
        let mut actions = vec!["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read".to_owned()];
        if open.text() != Some("blob") {
            actions.push("Microsoft.Storage/storageAccounts/blobServices/containers/read".to_owned());
        }
        let lits = vec![action("d", &actions, false), Lit::of(Dim::Resource, false, below(&id).into(), &id)];
        self.grant(object, "anonymous".into(), false, "container_access_type", lits, actions, id);
    }

    /// Whoever may list the keys of an account has its data while shared keys are on.
    fn shared_keys(&mut self) {
        let open: Vec<&Object> = self
            .objects
            .iter()
            .filter(|(_, _, it)| &*it.type_name == "azurerm_storage_account")
            .map(|(_, _, object)| *object)
            .filter(|object| object.get("shared_access_key_enabled").flag() != Some(false))
            .collect();
        for account in open {
            let id = account.get("id").text().map_or_else(|| format!("${{{}.id}}", account.address), str::to_owned);
            let point = Point {
                action: "c:Microsoft.Storage/storageAccounts/listKeys/action".into(),
                resource: id.clone(),
                ..Point::default()
            };
            let holders: Vec<(String, Vec<Lit>, bool)> = self
                .grants
                .iter()
                .filter(|grant| {
                    let request = |lit: &&Lit| matches!(lit.dim, Dim::Action | Dim::Resource);
                    grant.lits.iter().filter(request).all(|lit| lit.holds(&point))
                })
                .map(|grant| {
                    let rest = grant.lits.iter().filter(|lit| !matches!(lit.dim, Dim::Action | Dim::Resource));
                    (grant.principal.clone(), rest.cloned().collect(), grant.nested)
                })
                .collect();
            for (principal, mut lits, nested) in holders {
                let actions = vec!["Microsoft.Storage/*".to_owned()];
                lits.push(action("d", &actions, false));
                lits.push(Lit::of(Dim::Resource, false, below(&id).into(), &id));
                lits.push(key("auth", false, false, &["sharedKey"]));
                self.grant(account, principal, nested, "shared_access_key_enabled", lits, actions, id.clone());
            }
        }
    }

    fn policy(&mut self, at: usize, object: &Object) {
        if object.get("enforce").flag() == Some(false) {
            return;
        }
        let ids = ["subscription_id", "resource_group_id", "management_group_id", "resource_id"];
        let (Some(scope), Some(definition)) =
            (ids.iter().find_map(|id| object.get(id).name()), object.get("policy_definition_id").name())
        else {
            return self.unclear(at, "policy_definition_id", "the policy is known only after apply".into());
        };
        let found = self.objects.iter().filter(|(_, _, it)| &*it.type_name == "azurerm_policy_definition").find(
            |(_, _, it)| {
                it.get("id").text().is_some_and(|id| id.eq_ignore_ascii_case(&definition))
                    || format!("${{{}.id}}", it.address) == definition
            },
        );
        let rule = found.and_then(|(_, _, it)| it.get("policy_rule").text());
        let rule: Option<serde_json::Value> = rule.and_then(|text| serde_json::from_str(text).ok());
        let reach = Lit::of(Dim::Resource, false, self.reach(&scope), &scope);
        let effect = rule.as_ref().and_then(|rule| rule.pointer("/then/effect")?.as_str().map(str::to_ascii_lowercase));
        let violates = |lits: Vec<Lit>| {
            let name = format!("violates {}", definition.to_ascii_lowercase());
            lits.into_iter().chain([key(&name, false, false, &["true"]), reach.clone()]).collect::<Vec<Lit>>()
        };
        match effect.as_deref() {
            Some("audit" | "auditifnotexists" | "disabled" | "append" | "modify" | "deployifnotexists") => {}
            Some("deny") => {
                let condition = rule.as_ref().and_then(|rule| rule.get("if"));
                let kind = condition
                    .filter(|it| it.get("field").and_then(|f| f.as_str()) == Some("type"))
                    .and_then(|it| it.get("equals")?.as_str());
                let operation = kind.map_or_else(|| "*/write".to_owned(), |kind| format!("{kind}/write"));
                self.restrict(object, violates(vec![only("c", &operation)]));
            }
            _ => {
                let unread = Lit::opaque(&format!("what policy `{definition}` denies"), false);
                self.restrict(object, violates(vec![only("c", "*"), unread]));
            }
        }
    }

    fn conditional_access(&mut self, object: &Object) {
        if object.get("state").text().is_some_and(|state| state != "enabled") {
            return;
        }
        for conditions in object.get("conditions").items() {
            let mut lits = vec![only("s", "signin")];
            for users in conditions.get("users").items() {
                let included = self.people(users, "included");
                let excluded = self.people(users, "excluded");
                lits.push(Lit::of(Dim::Principal, false, included, "included users"));
                lits.push(Lit::of(Dim::Principal, true, excluded, "excluded users"));
            }
            for apps in conditions.get("applications").items() {
                let list = |name: &str| -> Vec<Glob> {
                    let names = apps.get(name).names();
                    names.iter().map(|name| if name == "All" { Glob::any() } else { literal(name) }).collect()
                };
                lits.push(Lit::of(Dim::Resource, false, list("included_applications"), "included applications"));
                lits.push(Lit::of(Dim::Resource, true, list("excluded_applications"), "excluded applications"));
            }
            // The remaining conditions narrow the policy; equal ones are the same truth value.
            if let Val::Map(members) = conditions {
                for (name, value) in members.iter().filter(|(name, _)| !matches!(&***name, "users" | "applications")) {
                    let everything = value.is_unset() || value.names() == ["all"];
                    if !everything {
                        lits.push(Lit::opaque(&format!("{name} {value:?}"), false));
                    }
                }
            }
            for controls in object.get("grant_controls").items() {
                let mut asked = controls.get("built_in_controls").names();
                for more in ["authentication_strength_policy_id", "custom_authentication_factors", "terms_of_use"] {
                    asked.extend(controls.get(more).names());
                }
                let lacks =
                    |name: &String| key(&format!("control:{}", name.to_ascii_lowercase()), true, true, &["true"]);
                if asked.iter().any(|name| name == "block") {
                    self.restrict(object, lits.clone());
                } else if controls.get("operator").text() == Some("OR") {
                    let all = lits.iter().cloned().chain(asked.iter().map(lacks)).collect();
                    self.restrict(object, all);
                } else {
                    for name in &asked {
                        let one = lits.iter().cloned().chain([lacks(name)]).collect();
                        self.restrict(object, one);
                    }
                }
            }
        }
    }

    /// The principals that a policy includes or excludes.
    fn people(&self, users: &Val, which: &str) -> Vec<Glob> {
        let mut all: Vec<Glob> = Vec::new();
        for name in users.get(&format!("{which}_users")).names() {
            all.push(if name == "All" { Glob::any() } else { literal(&name) });
        }
        for list in ["groups", "roles"] {
            for name in users.get(&format!("{which}_{list}")).names() {
                all.extend(self.expand(&name, true).iter().map(|one| literal(one)));
            }
        }
        all
    }

    /// A principal, or the members of a group that the plan shows.
    fn expand(&self, principal: &str, nested: bool) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let mut open = vec![(principal.to_owned(), 0)];
        while let Some((one, depth)) = open.pop() {
            match self.groups.get(&one) {
                Some(_) if !seen.insert(one.clone()) || (depth > 0 && !nested) => {}
                Some(members) => {
                    open.extend(members.iter().map(|member| (member.clone(), depth + 1)));
                    // An owner of the group may add a member.
                    all.extend(self.control.get(&one).into_iter().flatten().cloned());
                }
                None => {
                    all.insert(one);
                }
            }
        }
        let direct: Vec<String> = all.iter().cloned().collect();
        for one in direct {
            all.extend(self.control.get(&one).into_iter().flatten().cloned());
        }
        all
    }

    fn finish(mut self) -> World {
        let grants = std::mem::take(&mut self.grants);
        let mut allow = Vec::new();
        let mut facts = Vec::new();
        for grant in grants {
            for principal in self.expand(&grant.principal, grant.nested) {
                let mut lits = vec![Lit::of(Dim::Principal, false, vec![literal(&principal)], &principal)];
                lits.extend(grant.lits.iter().cloned());
                let origin =
                    Origin { address: grant.address.clone(), path: grant.path.into(), index: facts.len(), sid: None };
                allow.push(Rule { lits, origin });
            }
            facts.push(grant.facts);
        }
        let signin =
            Rule { lits: vec![only("s", "signin")], origin: Origin { index: facts.len(), ..Origin::default() } };
        facts.push(Facts { actions: vec!["signin".into()], resources: vec!["*".into()], conditions: Vec::new() });
        allow.push(signin);
        let resources = self.objects.iter().filter_map(|(_, _, object)| object.get("id").text());
        let resources = resources.filter(|id| id.starts_with("/subscriptions/")).map(str::to_owned).collect();
        World { decision: Decision::Rules(RuleSet { allow, deny: self.deny }), unknown: self.unknown, facts, resources }
    }
}

/// Data operations that no control operation of the same name exists for.
const DATA_ONLY: [&str; 4] = [
    "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/*",
    "Microsoft.Storage/storageAccounts/queueServices/queues/messages/*",
    "Microsoft.Storage/storageAccounts/tableServices/tables/entities/*",
    "Microsoft.Storage/storageAccounts/fileServices/fileshares/files/*",
];

fn uses_rbac(vault: &Object) -> bool {
    ["rbac_authorization_enabled", "enable_rbac_authorization"].iter().any(|name| vault.get(name).flag() == Some(true))
}

/// Start and end of an assignment, as conditions on the time.
fn schedule(object: &Object) -> Vec<Lit> {
    let mut lits = Vec::new();
    for schedule in object.get("schedule").items() {
        if schedule.get("expiration").hole().is_some() {
            lits.push(Lit::opaque(&format!("schedule of {}", object.address), false));
        }
        for end in schedule.get("expiration").items() {
            if let Some(text) = end.get("end_date_time").text() {
                match scalar::date(text) {
                    Some(last) => {
                        let first = scalar::date("0001-01-01T00:00:00Z").unwrap_or_default();
                        lits.push(ranged("time", Set::Dates(Ranges::between(first, last)), format!("until {text}")));
                    }
                    None => lits.push(Lit::opaque(&format!("until {text}"), false)),
                }
            }
            if end.get("end_date_time").text().is_none() && end.has_hole() {
                lits.push(Lit::opaque(&format!("schedule of {}", object.address), false));
            }
            for unit in ["duration_days", "duration_hours"] {
                if let Val::Number(count) = end.get(unit)
                    && count != "0"
                {
                    lits.push(Lit::opaque(&format!("within {unit} {count}"), false));
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
