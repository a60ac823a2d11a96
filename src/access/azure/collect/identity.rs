//! Who can act as an identity: machines, applications and outside tokens.

use super::Collector;
use crate::access::worlds::{Object, Val};

impl<'a> Collector<'a> {
    /// Machines that carry an identity act as it.
    pub(super) fn attach(&mut self, at: usize, object: &Object) {
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
    }

    pub(super) fn federated_identity(&mut self, at: usize, object: &Object) {
        let parent = ["user_assigned_identity_id", "parent_id"].iter().find_map(|a| object.get(a).name());
        let target = parent.and_then(|parent| self.user_assigned(&parent));
        self.federation(at, object, target.into_iter().collect());
    }

    pub(super) fn federated_application(&mut self, at: usize, object: &Object) {
        let targets = self.principals_of_application(object.get("application_id"));
        self.federation(at, object, targets);
    }

    pub(super) fn application_owner(&mut self, object: &Object) {
        for principal in self.principals_of_application(object.get("application_id")) {
            self.control.entry(principal).or_default().extend(object.get("owner_object_id").name());
        }
    }

    pub(super) fn application(&mut self, object: &Object) {
        let own = Val::Text(format!("${{{}.id}}", object.address).into());
        let id = if object.get("id").text().is_some() { object.get("id") } else { &own };
        for principal in self.principals_of_application(id) {
            self.control.entry(principal).or_default().extend(object.get("owners").names());
        }
    }

    pub(super) fn service_principal(&mut self, object: &Object) {
        let principal = self.identity(object, "object_id");
        self.control.entry(principal).or_default().extend(object.get("owners").names());
    }

    pub(super) fn service_principal_password(&mut self, object: &Object) {
        let target = object
            .get("service_principal_id")
            .name()
            .map(|id| id.rsplit('/').next().filter(|_| !id.starts_with('$')).map_or_else(|| id.clone(), str::to_owned));
        if let Some(target) = target {
            let target = target.replace(".id}", ".object_id}");
            self.control.entry(target.clone()).or_default().push(format!("credential:{}#{target}", object.address));
        }
    }

    pub(super) fn application_password(&mut self, object: &Object) {
        for target in self.principals_of_application(object.get("application_id")) {
            self.control.entry(target.clone()).or_default().push(format!("credential:{}#{target}", object.address));
        }
    }

    /// The principal of a user-assigned identity.
    pub(super) fn user_assigned(&self, id: &str) -> Option<String> {
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
    pub(super) fn principals_of_application(&self, application: &Val) -> Vec<String> {
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

    pub(super) fn federation(&mut self, at: usize, object: &Object, targets: Vec<String>) {
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
}
