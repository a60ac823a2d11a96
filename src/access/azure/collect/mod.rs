//! The objects of one side to grants and restrictions.
//!
//! Actions carry their plane in front: `c:` control operations, `d:` data operations, `e:` Entra operations, `g:`
//! Graph permissions, `s:` sign-in. A pattern of one plane never reaches another.

mod assignment;
mod entra;
mod guard;
mod identity;
mod lits;
mod role;
mod sign_in;
mod storage;
mod vault;

use std::collections::{BTreeMap, BTreeSet};

use crate::access::Reason;
use crate::access::glob::Glob;
use crate::access::literal::{Dim, Lit};
use crate::access::rule::{Decision, Origin, Rule, RuleSet};
use crate::access::worlds::{Object, Row, Side, State, Val};

use crate::access::azure::roles::{self, Block};
use crate::access::facts::Catalogue;
use assignment::schedule;
pub(in crate::access::azure) use lits::tail;
use lits::{below, key, literal, only, referred};
pub(in crate::access::azure) use role::RoleKey;

/// What a grant says, for the report.
#[derive(Clone, Debug, Default)]
pub(in crate::access::azure) struct Facts {
    pub(in crate::access::azure) actions: Vec<String>,
    pub(in crate::access::azure) resources: Vec<String>,
    pub(in crate::access::azure) conditions: Vec<String>,
}

/// One side.
pub(in crate::access::azure) struct World {
    pub(in crate::access::azure) decision: Decision,
    /// Rows that carry what cannot be followed.
    pub(in crate::access::azure) unknown: Vec<(usize, Reason)>,
    /// By the index of a rule's origin.
    pub(in crate::access::azure) facts: Vec<Facts>,
    /// Ids of resources, for plausible requests.
    pub(in crate::access::azure) resources: Vec<String>,
    /// Members and owners of groups.
    pub(in crate::access::azure) people: BTreeMap<String, BTreeSet<String>>,
    /// Groups that some grant of the plan reaches, by themselves or as members of others.
    pub(in crate::access::azure) reached: BTreeSet<String>,
}

/// Whether objects of a type only restrain.
pub(in crate::access::azure) fn restrains(type_name: &str) -> bool {
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

/// An object with its row.
type Seen<'a> = (usize, &'a Row, &'a Object);

/// Reads one side.
pub(in crate::access::azure) struct Collector<'a> {
    /// By type.
    objects: BTreeMap<&'a str, Vec<Seen<'a>>>,
    addresses: BTreeSet<&'a str>,
    grants: Vec<Grant>,
    deny: Vec<Rule>,
    groups: BTreeMap<String, Vec<String>>,
    /// Groups for which somebody outside of the plan may stand on both sides.
    open: &'a BTreeSet<String>,
    /// Who can act as an identity.
    control: BTreeMap<String, Vec<String>>,
    /// Groups whose members a rule decides.
    dynamic: BTreeSet<String>,
    /// Roles of the plan by id, by name and by reference; whether all of the role is known.
    custom: BTreeMap<RoleKey, (Vec<Block>, bool)>,
    catalogue: &'a Catalogue,
    unknown: Vec<(usize, Reason)>,
    roles: &'a BTreeSet<&'static str>,
}

/// What is read, with what holds on both sides.
pub(in crate::access::azure) struct Source<'a> {
    pub(in crate::access::azure) state: &'a State,
    /// Groups for which somebody outside of the plan may stand on both sides.
    open: BTreeSet<String>,
    /// Roles of the plan for which no patterns are known: what a role contains is said on both sides.
    roles: BTreeSet<&'static str>,
}

impl<'a> Source<'a> {
    pub(in crate::access::azure) fn of(state: &'a State) -> Self {
        let mut roles = BTreeSet::new();
        for object in state.rows.iter().flat_map(|row| [&row.before, &row.after]).flatten() {
            if object.type_name.ends_with("_role_assignment") {
                let key = RoleKey::of(object);
                let named = key.as_ref().filter(|key| state.catalogue.titled("azure", key.text()).is_none());
                let role = named.and_then(RoleKey::builtin);
                roles.extend(role.filter(|role| roles::patterns(role.id).is_none()).map(|role| role.id));
            }
        }
        Self { state, open: Collector::open(state), roles }
    }
}

impl<'a> Collector<'a> {
    /// The world of some rows, in which each stands as on the side that `pick` gives.
    pub(in crate::access::azure) fn collect(
        source: &'a Source<'a>,
        rows: impl IntoIterator<Item = usize>,
        pick: &dyn Fn(usize) -> Side,
    ) -> World {
        let seen = |at: usize| {
            let row = source.state.rows.get(at)?;
            Some((at, row, row.object(pick(at))?))
        };
        let all: Vec<Seen<'a>> = rows.into_iter().filter_map(seen).collect();
        let mut objects: BTreeMap<&str, Vec<Seen<'a>>> = BTreeMap::new();
        for seen in &all {
            objects.entry(&*seen.2.type_name).or_default().push(*seen);
        }
        let mut it = Self {
            objects,
            addresses: all.iter().map(|(_, _, object)| &*object.address).collect(),
            open: &source.open,
            grants: Vec::new(),
            deny: Vec::new(),
            groups: BTreeMap::new(),
            control: BTreeMap::new(),
            dynamic: BTreeSet::new(),
            catalogue: &source.state.catalogue,
            custom: BTreeMap::new(),
            unknown: Vec::new(),
            roles: &source.roles,
        };
        for (_, _, object) in &all {
            it.declare(object);
        }
        for (at, row, object) in &all {
            it.object(*at, row, object);
        }
        it.shared_keys();
        // Whom a policy means is known once everybody who acts as somebody is.
        for object in it.of_type("azuread_conditional_access_policy").collect::<Vec<&Object>>() {
            it.conditional_access(object);
        }
        it.finish(&all)
    }

    /// Groups whose members after the change are not in the plan: the group stands for them on both sides, so that
    /// nobody seems to gain where the last member that the plan names leaves.
    fn open(state: &State) -> BTreeSet<String> {
        let mut open = BTreeSet::new();
        let mut peopled = BTreeSet::new();
        for row in &state.rows {
            for (side, object) in [(Side::Before, &row.before), (Side::After, &row.after)] {
                let Some(object) = object else { continue };
                let (group, people) = match &*object.type_name {
                    "azuread_group" => {
                        let lists = ["members", "owners"].map(|list| object.get(list));
                        let people = lists.iter().any(|list| list.has_hole() || !list.names().is_empty());
                        (Some(identity(object, "object_id")), people)
                    }
                    "azuread_group_member" => (object.get("group_object_id").name(), true),
                    _ => continue,
                };
                let Some(group) = group else { continue };
                if side == Side::After && people {
                    peopled.insert(group.clone());
                }
                open.insert(group);
            }
        }
        open.retain(|group| !peopled.contains(group));
        open
    }

    /// The objects of a type.
    fn of_type(&self, name: &str) -> impl Iterator<Item = &'a Object> + use<'_, 'a> {
        self.seen(name).map(|(_, _, object)| *object)
    }

    fn seen(&self, name: &str) -> impl Iterator<Item = &Seen<'a>> + use<'_, 'a> {
        self.objects.get(name).into_iter().flatten()
    }

    fn unclear(&mut self, at: usize, path: &str, message: String) {
        self.unknown.push((at, Reason { code: "unknown_value".into(), path: path.into(), message }));
    }

    fn declare(&mut self, object: &Object) {
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
                        condition: None,
                    }
                });
                let blocks: Vec<Block> = blocks.collect();
                whole &= object.get("permissions").hole().is_none();
                for key in RoleKey::of_definition(object) {
                    // Two definitions of one name are both meant.
                    let known = self.custom.entry(key).or_insert((Vec::new(), whole));
                    known.1 &= whole && known.0.is_empty();
                    known.0.extend(blocks.iter().cloned());
                }
            }
            "azuread_group" => {
                let key = identity(object, "object_id");
                let mut members = object.get("members").names();
                members.sort();
                self.groups.entry(key.clone()).or_default().extend(members);
                let by_rule = object.get("types").names().iter().any(|kind| kind == "DynamicMembership");
                if by_rule || !object.get("dynamic_membership").is_unset() {
                    self.dynamic.insert(key.clone());
                }
                self.control.entry(key).or_default().extend(object.get("owners").names());
            }
            _ => {}
        }
    }

    /// Whether a name is an object's own attribute or leads to an object that is managed in the plan.
    fn resolves(&self, name: &str, object: &Object) -> bool {
        match referred(name) {
            None => true,
            Some(own) => {
                let own = own.trim_start_matches("${").trim_end_matches('}');
                *own != *object.address && self.addresses.contains(own)
            }
        }
    }

    fn object(&mut self, at: usize, row: &Row, object: &'a Object) {
        self.attach(at, row, object);
        match &*object.type_name {
            "azurerm_role_assignment" => self.standing(at, object),
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
            "azurerm_key_vault" => self.vault(at, object),
            "azurerm_key_vault_access_policy" => {
                let Some(vault) = object.get("key_vault_id").name() else { return };
                if !self.vault_uses_rbac(&vault) {
                    self.access_policy(at, object, &vault, &object.values);
                }
            }
            "azurerm_federated_identity_credential" => self.federated_identity(at, object),
            "azuread_application_federated_identity_credential" => self.federated_application(at, object),
            "azuread_application_owner" => self.application_owner(at, object),
            "azuread_application" => self.application(object),
            "azuread_service_principal" => self.service_principal(object),
            "azuread_service_principal_password" => self.service_principal_password(at, object),
            "azuread_application_password" => self.application_password(at, object),
            "azuread_group_member" => self.group_member(at, object),
            "azurerm_storage_container" => self.container(object),
            "azurerm_management_lock" => self.lock(object),
            "azurerm_subscription_policy_assignment"
            | "azurerm_resource_group_policy_assignment"
            | "azurerm_management_group_policy_assignment"
            | "azurerm_resource_policy_assignment" => self.policy(at, object),
            "azuread_directory_role_assignment" => self.directory_role(at, object),
            "azuread_app_role_assignment" => self.app_role(at, object),
            "azuread_group" => self.group(at, row, object),
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
            for object in self.of_type("azurerm_management_group") {
                let id = object.get("id").text().map_or_else(|| format!("${{{}.id}}", object.address), str::to_owned);
                if id.eq_ignore_ascii_case(&one) {
                    open.extend(
                        object.get("subscription_ids").names().iter().map(|id| format!("/subscriptions/{}", tail(id))),
                    );
                } else if object
                    .get("parent_management_group_id")
                    .name()
                    .is_some_and(|it| it.eq_ignore_ascii_case(&one))
                {
                    open.push(id);
                }
            }
            seen.push(one);
        }
        seen.iter().flat_map(|one| below(one)).collect()
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
                    // Whom a rule makes a member, and who will be one of an empty group, is not in the plan.
                    let owned = self.control.get(&one).is_some_and(|owners| !owners.is_empty());
                    if self.dynamic.contains(&one) || members.is_empty() && !owned || self.open.contains(&one) {
                        all.insert(one.clone());
                    }
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

    fn finish(mut self, all: &[Seen<'a>]) -> World {
        let grants = std::mem::take(&mut self.grants);
        let reached = self.reached(&grants);
        let mut people: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (group, members) in &self.groups {
            let owners = self.control.get(group).into_iter().flatten();
            people.insert(group.clone(), members.iter().chain(owners).cloned().collect());
        }
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
        let signin = Rule { lits: vec![only("s", "*")], origin: Origin { index: facts.len(), ..Origin::default() } };
        facts.push(Facts { actions: vec!["signin".into()], resources: vec!["*".into()], conditions: Vec::new() });
        allow.push(signin);
        let resources = all.iter().filter_map(|(_, _, object)| object.get("id").text());
        let resources = resources.filter(|id| id.starts_with("/subscriptions/")).map(str::to_owned).collect();
        let decision = Decision::Rules(RuleSet { allow, deny: self.deny });
        World { decision, unknown: self.unknown, facts, resources, people, reached }
    }

    /// The groups that some grant of the plan reaches, by themselves or as members of others.
    fn reached(&self, grants: &[Grant]) -> BTreeSet<String> {
        let mut seen = BTreeSet::new();
        let mut open: Vec<&String> = grants.iter().map(|grant| &grant.principal).collect();
        while let Some(one) = open.pop() {
            if let Some(members) = self.groups.get(one)
                && seen.insert(one.clone())
            {
                open.extend(members);
            }
        }
        seen
    }
}

/// The object id of a directory object, or the reference to it while it is not known.
fn identity(object: &Object, attribute: &str) -> String {
    object.get(attribute).text().map_or_else(|| format!("${{{}.{attribute}}}", object.address), str::to_owned)
}
