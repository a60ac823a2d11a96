//! Who can act as an identity: machines, applications and outside tokens.

use super::{Collector, identity};
use crate::access::worlds::{Object, Row, Val};

impl<'a> Collector<'a> {
    /// Machines that carry an identity act as it.
    pub(super) fn attach(&mut self, at: usize, row: &Row, object: &Object) {
        let identity = object.get("identity");
        let side = |side: &Option<Object>| side.as_ref().map(|object| object.get("identity").settled());
        let changes = side(&row.before) != side(&row.after);
        let kinds = identity.items().iter().map(|block| block.get("type"));
        if changes && (identity.hole().is_some() || kinds.into_iter().any(Val::has_hole)) {
            self.unclear(at, "identity", "`identity` is known only after apply; apply in two steps".into());
        }
        if let Val::List(blocks) = identity {
            for block in blocks {
                let machine =
                    object.get("id").text().map_or_else(|| format!("${{{}.id}}", object.address), str::to_owned);
                for id in block.get("identity_ids").names() {
                    let owner = self.user_assigned(&id);
                    match owner {
                        Some(principal) => self.control.entry(principal).or_default().push(machine.clone()),
                        None if !changes => {}
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

    pub(super) fn application_owner(&mut self, at: usize, object: &Object) {
        self.settled_application(at, object);
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
        let principal = identity(object, "object_id");
        self.control.entry(principal).or_default().extend(object.get("owners").names());
    }

    pub(super) fn service_principal_password(&mut self, at: usize, object: &Object) {
        let known = object.get("service_principal_id").name().is_some_and(|name| self.resolves(&name, object));
        if !known {
            let message = "the service principal is known only after apply; apply in two steps";
            self.unclear(at, "service_principal_id", message.into());
        }
        let target = object
            .get("service_principal_id")
            .name()
            .map(|id| id.rsplit('/').next().filter(|_| !id.starts_with('$')).map_or_else(|| id.clone(), str::to_owned));
        if let Some(target) = target {
            let target = target.replace(".id}", ".object_id}");
            self.control.entry(target.clone()).or_default().push(format!("credential:{}#{target}", object.address));
        }
    }

    pub(super) fn application_password(&mut self, at: usize, object: &Object) {
        self.settled_application(at, object);
        for target in self.principals_of_application(object.get("application_id")) {
            self.control.entry(target.clone()).or_default().push(format!("credential:{}#{target}", object.address));
        }
    }

    /// What an application may do is known from its service principal. One that the plan makes has none besides.
    fn settled_application(&mut self, at: usize, object: &Object) {
        let application = object.get("application_id");
        if !self.principals_of_application(application).is_empty() {
            return;
        }
        let made = application.hole().is_some_and(|hole| {
            let own = |address: &str| hole.id.starts_with(&format!("{address}."));
            let all = self.objects.values().flatten();
            all.into_iter().any(|(_, row, it)| row.before.is_none() && own(&it.address))
        });
        if !made {
            let message = "no service principal of the application is in the plan, so what it may do is not known";
            self.unclear(at, "application_id", message.into());
        }
    }

    /// The principal of a user-assigned identity.
    pub(super) fn user_assigned(&self, id: &str) -> Option<String> {
        let same = |object: &Object| {
            object.get("id").text().is_some_and(|own| own.eq_ignore_ascii_case(id))
                || format!("${{{}.id}}", object.address) == id
        };
        let found = self.of_type("azurerm_user_assigned_identity").find(|object| same(object));
        found.map(|object| identity(object, "principal_id"))
    }

    /// The service principals of an application.
    pub(super) fn principals_of_application(&self, application: &Val) -> Vec<String> {
        let Some(id) = application.name() else { return Vec::new() };
        let apps = self.of_type("azuread_application").chain(self.of_type("azuread_application_registration"));
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
        let of = |object: &&Object| object.get("client_id").name().is_some_and(|client| clients.contains(&client));
        self.of_type("azuread_service_principal").filter(of).map(|object| identity(object, "object_id")).collect()
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
        let audiences = ["audience", "audiences"].map(|name| object.get(name));
        if audiences.iter().any(|list| list.has_hole()) {
            self.unclear(at, "audience", "the audience is known only after apply; apply in two steps".into());
        }
        let audiences: Vec<String> = audiences.iter().flat_map(|list| list.names()).collect();
        let audience = match audiences.as_slice() {
            [] => String::new(),
            [one] if one == "api://AzureADTokenExchange" => String::new(),
            other => format!("#{}", other.join(",")),
        };
        if targets.is_empty() {
            self.unclear(at, "parent_id", "the identity is not in the plan, so what it may do is not known".into());
        }
        for target in targets {
            self.control.entry(target).or_default().push(format!("federated:{issuer}#{subject}{audience}"));
        }
    }
}
