//! Storage accounts: public containers and shared keys.

use super::Collector;
use super::lits::{action, below, key};
use crate::access::literal::{Dim, Lit};
use crate::access::point::Point;
use crate::access::worlds::Object;

impl<'a> Collector<'a> {
    pub(super) fn account(&self, id: &str) -> Option<&'a Object> {
        self.of_type("azurerm_storage_account").find(|object| {
            object.get("id").text().is_some_and(|own| own.eq_ignore_ascii_case(id))
                || format!("${{{}.id}}", object.address) == id
                || object.get("name").text() == Some(id)
        })
    }

    pub(super) fn container(&mut self, object: &'a Object) {
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
    pub(super) fn shared_keys(&mut self) {
        let open: Vec<&Object> = self
            .of_type("azurerm_storage_account")
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
}
