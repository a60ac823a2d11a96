//! An independent evaluator: whether one concrete request is permitted on one side of the plan.
//!
//! It exists to contradict the comparison: every witness is replayed here before it is shown. It reads the objects of
//! the plan itself, in the words of Microsoft Learn ("How Azure RBAC determines if a user has access to a resource",
//! "Azure role assignment conditions", "Lock your resources", "Conditional Access"), and shares no code with the
//! collector; only the facts about built-in roles are the same.

mod abac;
mod caller;
mod deny;
mod role;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::access::point::{KeyValue, Point};
pub(super) use crate::access::truth::Truth;
use crate::access::wildcard;
use crate::access::worlds::{Object, Side, State, Val};

/// One side of the plan.
pub(super) struct World<'a> {
    objects: Vec<&'a Object>,
    /// Of each object its scope in lower case, where that alone tells what it is about.
    scopes: Vec<Option<String>>,
    kinds: BTreeMap<&'a str, Vec<&'a Object>>,
    /// The groups by their ids, and the rows that add members to them.
    groups: HashMap<String, &'a Object>,
    added: HashMap<String, Vec<&'a Object>>,
    /// By which somebody can act as somebody else.
    links: Vec<&'a Object>,
    /// Groups in which the plan names somebody after the change.
    peopled: BTreeSet<String>,
    state: &'a State,
}

/// A request in words.
pub(super) struct Request<'a> {
    principal: &'a str,
    /// The plane: control, data, Entra, Graph or sign-in.
    plane: char,
    action: &'a str,
    resource: &'a str,
    keys: &'a BTreeMap<Arc<str>, KeyValue>,
}

impl<'a> Request<'a> {
    fn of(point: &'a Point) -> Option<Self> {
        let (plane, action) = point.action.split_once(':')?;
        let plane = plane.chars().next()?.to_ascii_lowercase();
        Some(Self { principal: &point.principal, plane, action, resource: &point.resource, keys: &point.keys })
    }

    fn key(&self, name: &str) -> Option<&str> {
        self.keys.get(name).and_then(KeyValue::single)
    }

    fn has(&self, name: &str, value: &str) -> bool {
        self.key(name).is_some_and(|own| own == value)
    }
}

/// Text with `*` for anything, without regard to case.
fn like(pattern: &str, text: &str) -> bool {
    wildcard::matches(&pattern.to_lowercase(), &text.to_lowercase())
}

/// Whether an id is a scope or lies below it; ids ignore case.
fn lies_in(scope: &str, resource: &str) -> bool {
    let (scope, resource) = (scope.trim_end_matches('/').to_lowercase(), resource.to_lowercase());
    resource == scope || resource.strip_prefix(&scope).is_some_and(|rest| rest.starts_with('/'))
}

/// An object's id, or the reference to it.
fn id(object: &Object) -> String {
    object.get("id").text().map_or_else(|| format!("${{{}.id}}", object.address), str::to_owned)
}

impl<'a> World<'a> {
    /// A side of the plan.
    pub(super) fn on(state: &'a State, side: Side) -> Self {
        let objects: Vec<&Object> = state.rows.iter().filter_map(|row| row.object(side)).collect();
        let mut kinds: BTreeMap<&str, Vec<&Object>> = BTreeMap::new();
        for object in &objects {
            kinds.entry(&*object.type_name).or_default().push(object);
        }
        let nested = kinds.contains_key("azurerm_management_group");
        let scope = |object: &&Object| {
            let text = object.get("scope").text().filter(|_| object.type_name.ends_with("_role_assignment"))?;
            let text = text.trim_end_matches('/').to_lowercase();
            (!nested && !text.is_empty()).then_some(text)
        };
        let scopes = objects.iter().map(scope).collect();
        let of = |kind: &str| kinds.get(kind).into_iter().flatten().copied();
        let groups = of("azuread_group").map(|group| (caller::object_id(group, "object_id"), group));
        let mut added: HashMap<String, Vec<&Object>> = HashMap::new();
        for row in of("azuread_group_member") {
            if let Some(group) = row.get("group_object_id").name() {
                added.entry(group).or_default().push(row);
            }
        }
        // Of two objects of one id the first counts.
        let groups = groups.collect::<Vec<_>>().into_iter().rev().collect();
        let links = objects.iter().copied().filter(|object| caller::links(object)).collect();
        let after = state.rows.iter().filter_map(|row| row.after.as_ref());
        let peopled = after.filter_map(caller::group_with_people).collect();
        Self { objects, scopes, kinds, groups, added, links, peopled, state }
    }

    /// Whether the request is permitted on this side.
    pub(super) fn permits(&self, point: &Point) -> Truth {
        let Some(request) = Request::of(point) else { return Truth::Unknown };
        self.granted(&request).and(self.denied(&request).not())
    }

    fn of_type(&self, name: &str) -> impl Iterator<Item = &'a Object> + use<'_, 'a> {
        self.kinds.get(name).into_iter().flatten().copied()
    }

    /// Whether a scope reaches a resource, by its name or by the management groups of the plan.
    fn reaches(&self, scope: &str, resource: &str, depth: usize) -> bool {
        if lies_in(scope, resource) || scope == "/" {
            return true;
        }
        let groups = || self.of_type("azurerm_management_group");
        depth < 8
            && groups().any(|group| {
                let own = id(group).eq_ignore_ascii_case(scope);
                let below = group.get("subscription_ids").names();
                let below = below.iter().map(|name| name.rsplit('/').next().unwrap_or(name).to_owned());
                let mut below = below.map(|name| format!("/subscriptions/{name}"));
                let child = group.get("parent_management_group_id").name();
                own && below.any(|one| lies_in(&one, resource))
                    || child.is_some_and(|parent| parent.eq_ignore_ascii_case(scope))
                        && self.reaches(&id(group), resource, depth + 1)
            })
    }

    fn granted(&self, request: &Request<'_>) -> Truth {
        if request.plane == 's' {
            return Truth::Yes;
        }
        self.granted_by_objects(request).or(self.by_shared_key(request))
    }

    fn granted_by_objects(&self, request: &Request<'_>) -> Truth {
        let resource = request.resource.to_lowercase();
        let about = |scope: &str| resource.strip_prefix(scope).is_some_and(|it| it.is_empty() || it.starts_with('/'));
        let all = self.objects.iter().zip(&self.scopes);
        let all = all.filter(|(_, scope)| scope.as_deref().is_none_or(about));
        all.map(|(object, _)| self.grants(object, request)).fold(Truth::No, Truth::or)
    }

    fn grants(&self, object: &Object, request: &Request<'_>) -> Truth {
        match &*object.type_name {
            "azurerm_role_assignment"
            | "azurerm_pim_active_role_assignment"
            | "azurerm_pim_eligible_role_assignment" => self.assigned(object, request),
            "azurerm_key_vault" => {
                let vault = id(object);
                let policies = object.get("access_policy").items().iter();
                let permits = policies.map(|policy| self.by_policy(policy, &vault, request)).fold(Truth::No, Truth::or);
                permits.and(by_roles(object).not())
            }
            "azurerm_key_vault_access_policy" => {
                let vault = object.get("key_vault_id").name().unwrap_or_default();
                let open = self.vault(&vault).map_or(Truth::Yes, |vault| by_roles(vault).not());
                self.by_policy(&object.values, &vault, request).and(open)
            }
            "azurerm_storage_container" => self.public(object, request),
            "azuread_directory_role_assignment" if request.plane == 'e' => {
                let role = object.get("role_id").name().unwrap_or_default();
                let role = role.rsplit('/').next().unwrap_or_default().to_lowercase();
                let permits = role == "62e90394-69f5-4237-9190-012177145e10"
                    || request.action.eq_ignore_ascii_case(&format!("microsoft.directory/role/{role}"));
                let unit = object.get("directory_scope_id").text();
                let inside = match (unit, object.get("app_scope_id").text().filter(|app| *app != "/")) {
                    (Some("/"), _) | (None, None) => true,
                    (Some(unit), _) => lies_in(unit, request.resource),
                    (None, Some(app)) => lies_in(&format!("app:{app}"), request.resource),
                };
                let known =
                    |truth: bool, attributes: &[&str]| match attributes.iter().any(|it| object.get(it).has_hole()) {
                        true => Truth::Unknown,
                        false => Truth::of(truth),
                    };
                let role = known(permits, &["role_id"]);
                let scope = known(inside, &["directory_scope_id", "app_scope_id"]);
                let who = object.get("principal_object_id").name().unwrap_or_default();
                role.and(scope).and(self.speaks_for(request.principal, &who, false))
            }
            "azuread_app_role_assignment" if request.plane == 'g' => {
                let same = |attribute: &str, text: &str| {
                    object.get(attribute).name().is_some_and(|own| own.eq_ignore_ascii_case(text))
                };
                let permits = same("app_role_id", request.action) && same("resource_object_id", request.resource);
                let who = object.get("principal_object_id").name().unwrap_or_default();
                Truth::of(permits).and(self.speaks_for(request.principal, &who, false))
            }
            _ => Truth::No,
        }
    }

    fn vault(&self, name: &str) -> Option<&'a Object> {
        self.of_type("azurerm_key_vault").find(|vault| id(vault).eq_ignore_ascii_case(name))
    }

    /// An entry of a vault's access policies.
    fn by_policy(&self, policy: &crate::access::worlds::Val, vault: &str, request: &Request<'_>) -> Truth {
        if request.plane != 'd' || !lies_in(vault, request.resource) {
            return Truth::No;
        }
        let lists = [
            ("secret_permissions", "secrets"),
            ("key_permissions", "keys"),
            ("certificate_permissions", "certificates"),
            ("storage_permissions", "storage"),
        ];
        let named = lists.iter().any(|(list, kind)| {
            policy.get(list).names().iter().any(|name| {
                let name = name.to_lowercase();
                let verb = match (*kind, name.as_str()) {
                    (_, "all") => "*",
                    ("secrets", "get") => "getSecret/action",
                    ("secrets", "set") => "setSecret/action",
                    (_, "list") => "readMetadata/action",
                    (_, other) => other,
                };
                like(&format!("Microsoft.KeyVault/vaults/{kind}/{verb}"), request.action)
            })
        });
        let through = policy.get("application_id").name();
        let through = through.is_none_or(|application| request.has("application", &application));
        let who = policy.get("object_id").name().unwrap_or_default();
        Truth::of(named && through).and(self.speaks_for(request.principal, &who, true))
    }

    fn account(&self, name: &str) -> Option<&'a Object> {
        self.of_type("azurerm_storage_account")
            .find(|account| id(account).eq_ignore_ascii_case(name) || account.get("name").text() == Some(name))
    }

    /// A container that anonymous readers may read, unless its account forbids it.
    fn public(&self, container: &Object, request: &Request<'_>) -> Truth {
        let kind = container.get("container_access_type");
        let open = kind.hole().is_some() || kind.text().is_some_and(|kind| kind != "private");
        let parent = ["storage_account_id", "storage_account_name"].iter().find_map(|at| container.get(at).name());
        let closed = parent
            .and_then(|parent| self.account(&parent))
            .is_some_and(|account| account.get("allow_nested_items_to_be_public").flag() == Some(false));
        let blobs = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read";
        let lists = "Microsoft.Storage/storageAccounts/blobServices/containers/read";
        let reads = request.action.eq_ignore_ascii_case(blobs)
            || request.action.eq_ignore_ascii_case(lists) && kind.text() != Some("blob");
        let anonymous = request.principal == "anonymous" && request.plane == 'd';
        Truth::of(open && !closed && reads && anonymous && lies_in(&id(container), request.resource))
    }

    /// Whoever may list an account's keys has its data with them, while they are accepted.
    fn by_shared_key(&self, request: &Request<'_>) -> Truth {
        if request.plane != 'd' || !request.has("auth", "sharedKey") || !like("Microsoft.Storage/*", request.action) {
            return Truth::No;
        }
        let accounts = self.of_type("azurerm_storage_account");
        let open = accounts.filter(|account| {
            account.get("shared_access_key_enabled").flag() != Some(false) && lies_in(&id(account), request.resource)
        });
        open.map(|account| {
            let resource = id(account);
            let listing = Request {
                plane: 'c',
                action: "Microsoft.Storage/storageAccounts/listKeys/action",
                resource: &resource,
                ..*request
            };
            self.granted_by_objects(&listing)
        })
        .fold(Truth::No, Truth::or)
    }
}

/// Whether the data of a vault goes by roles.
fn by_roles(vault: &Object) -> Truth {
    let modes = ["rbac_authorization_enabled", "enable_rbac_authorization"].map(|name| vault.get(name));
    let one = |mode: &Val| if mode.has_hole() { Truth::Unknown } else { Truth::of(mode.flag() == Some(true)) };
    modes.into_iter().map(one).fold(Truth::No, Truth::or)
}
