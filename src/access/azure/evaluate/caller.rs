//! For whom a caller speaks: himself, his groups, and the identities he controls.

use super::{Truth, World, id};
use crate::access::worlds::{Object, Val};

impl World<'_> {
    /// Whether what `who` has is the caller's: directly, by membership, or by control over the identity. Members of
    /// members count only where `nested`.
    pub(super) fn speaks_for(&self, caller: &str, who: &str, nested: bool) -> Truth {
        self.belongs(caller, who, nested, 0)
    }

    fn belongs(&self, caller: &str, who: &str, nested: bool, depth: usize) -> Truth {
        if depth > 16 {
            return Truth::Unknown;
        }
        let group = self.groups.get(who);
        let listed: Vec<String> = group.iter().flat_map(|group| group.get("members").names()).collect();
        let added = self.added.get(who).into_iter().flatten();
        let members: Vec<String> =
            listed.into_iter().chain(added.filter_map(|row| row.get("member_object_id").name())).collect();
        let Some(group) = group else {
            if members.is_empty() {
                return Truth::of(caller.eq_ignore_ascii_case(who) || self.controls(caller, who));
            }
            let itself = caller.eq_ignore_ascii_case(who) && !self.peopled.contains(who);
            return Truth::of(itself).or(self.any_member(caller, &members, nested, depth));
        };
        if depth > 0 && !nested {
            return Truth::No;
        }
        let owners = group.get("owners").names();
        let by_rule = !group.get("dynamic_membership").is_unset()
            || group.get("types").names().iter().any(|kind| kind == "DynamicMembership");
        let nobody = members.is_empty() && owners.is_empty();
        let itself = caller.eq_ignore_ascii_case(who) && (by_rule || nobody || !self.peopled.contains(who));
        Truth::of(itself || owners.iter().any(|owner| owner.eq_ignore_ascii_case(caller)))
            .or(self.any_member(caller, &members, nested, depth))
    }

    fn any_member(&self, caller: &str, members: &[String], nested: bool, depth: usize) -> Truth {
        members.iter().map(|member| self.belongs(caller, member, nested, depth + 1)).fold(Truth::No, Truth::or)
    }

    /// Whether the caller can act as an identity: it runs as it, has a token or a secret that is exchanged for it, or
    /// owns it.
    fn controls(&self, caller: &str, identity: &str) -> bool {
        self.links.iter().any(|object| match &*object.type_name {
            "azurerm_federated_identity_credential" => {
                let parent = ["user_assigned_identity_id", "parent_id"].iter().find_map(|at| object.get(at).name());
                let parent = parent.and_then(|parent| self.user_assigned(&parent));
                parent.as_deref() == Some(identity) && token(object).as_deref() == Some(caller)
            }
            "azuread_application_federated_identity_credential" => {
                self.stands_for(object.get("application_id"), identity) && token(object).as_deref() == Some(caller)
            }
            "azuread_application_owner" => {
                self.stands_for(object.get("application_id"), identity)
                    && object.get("owner_object_id").name().as_deref() == Some(caller)
            }
            "azuread_application" => {
                let own = Val::Text(id(object).into());
                self.stands_for(&own, identity) && object.get("owners").names().iter().any(|owner| owner == caller)
            }
            "azuread_service_principal" => {
                object_id(object, "object_id") == identity
                    && object.get("owners").names().iter().any(|owner| owner == caller)
            }
            "azuread_service_principal_password" | "azuread_application_password" => {
                let of_principal = object.get("service_principal_id").name().is_some_and(|name| {
                    let plain = name.rsplit('/').next().unwrap_or_default();
                    plain == identity || name.replace(".id}", ".object_id}") == identity
                });
                let of_application =
                    !object.get("application_id").is_unset() && self.stands_for(object.get("application_id"), identity);
                (of_principal || of_application) && caller == format!("credential:{}#{identity}", object.address)
            }
            _ => self.runs_as(object, identity) && caller.eq_ignore_ascii_case(&id(object)),
        })
    }

    fn runs_as(&self, machine: &Object, identity: &str) -> bool {
        machine.get("identity").items().iter().any(|block| {
            let own = block
                .get("principal_id")
                .text()
                .map_or_else(|| format!("${{{}.identity[0].principal_id}}", machine.address), str::to_owned);
            let system = block.get("type").text().is_some_and(|kind| kind.contains("SystemAssigned"));
            let mut assigned = block.get("identity_ids").names().into_iter();
            system && own == identity || assigned.any(|name| self.user_assigned(&name).as_deref() == Some(identity))
        })
    }

    fn user_assigned(&self, name: &str) -> Option<String> {
        let found = self
            .of_type("azurerm_user_assigned_identity")
            .find(|it| id(it).eq_ignore_ascii_case(name) || format!("${{{}.id}}", it.address) == name);
        found.map(|object| object_id(object, "principal_id"))
    }

    /// Whether a service principal is that of an application.
    fn stands_for(&self, application: &Val, principal: &str) -> bool {
        let Some(name) = application.name() else { return false };
        let applications = self
            .objects
            .iter()
            .filter(|object| ["azuread_application", "azuread_application_registration"].contains(&&*object.type_name));
        let named = applications.filter(|object| {
            id(object) == name
                || object.get("object_id").text() == Some(name.as_str())
                || name.starts_with(&format!("${{{}.", object.address))
        });
        let clients: Vec<String> = named.map(|object| object_id(object, "client_id")).collect();
        self.of_type("azuread_service_principal").any(|object| {
            object_id(object, "object_id") == principal
                && object.get("client_id").name().is_some_and(|client| clients.contains(&client))
        })
    }
}

/// Whether somebody may act as somebody else by an object.
pub(super) fn links(object: &Object) -> bool {
    let kinds = [
        "azurerm_federated_identity_credential",
        "azuread_application_federated_identity_credential",
        "azuread_application_owner",
        "azuread_application",
        "azuread_service_principal",
        "azuread_service_principal_password",
        "azuread_application_password",
    ];
    kinds.contains(&&*object.type_name) || !object.get("identity").is_unset()
}

/// The group in which an object names somebody. Where the plan names nobody after the change, whoever is in the group
/// is not in the plan, and the group stands for them on both sides.
pub(super) fn group_with_people(object: &Object) -> Option<String> {
    match &*object.type_name {
        "azuread_group" => {
            let named = |list: &str| object.get(list).has_hole() || !object.get(list).names().is_empty();
            (named("members") || named("owners")).then(|| object_id(object, "object_id"))
        }
        "azuread_group_member" => object.get("group_object_id").name(),
        _ => None,
    }
}

/// An id of the directory, or the reference to it.
pub(super) fn object_id(object: &Object, attribute: &str) -> String {
    object.get(attribute).text().map_or_else(|| format!("${{{}.{attribute}}}", object.address), str::to_owned)
}

/// The outside token of a federated credential. A git reference contains no star.
fn token(object: &Object) -> Option<String> {
    let (issuer, subject) = (object.get("issuer").text()?, object.get("subject").text()?);
    if issuer.contains("token.actions.githubusercontent.com") && subject.contains(":ref:") && subject.contains('*') {
        return None;
    }
    let audiences = [object.get("audience"), object.get("audiences")];
    let audiences: Vec<String> = audiences.iter().flat_map(|list| list.names()).collect();
    let usual = audiences.is_empty() || audiences == ["api://AzureADTokenExchange"];
    let audience = if usual { String::new() } else { format!("#{}", audiences.join(",")) };
    Some(format!("federated:{issuer}#{subject}{audience}"))
}
