//! Access control lists of buckets and objects.

use std::sync::Arc;

use super::{Collector, Grant, Role, origin};
use crate::access::gcp::principal;
use crate::access::worlds::Object;

impl Collector<'_> {
    pub(super) fn acl(&mut self, object: &Object, role: &str, entity: &str, at: usize) {
        let place = self.tree.bucket(&object.get("bucket").name().unwrap_or_default());
        if self.uniform.contains(&place) {
            return;
        }
        let member = match entity.split_once('-') {
            Some(("project", rest)) => match rest.split_once('-') {
                Some(("owners", number)) => format!("projectOwner:{number}"),
                Some(("editors", number)) => format!("projectEditor:{number}"),
                Some((_, number)) => format!("projectViewer:{number}"),
                None => entity.to_owned(),
            },
            Some((kind @ ("user" | "group" | "domain"), who)) => format!("{kind}:{who}"),
            _ => entity.to_owned(),
        };
        let on_objects = object.type_name.contains("object");
        let permissions: &[&str] = match (on_objects, role) {
            (true, "READER") => &["storage.objects.get"],
            (true, _) => &[
                "storage.objects.get",
                "storage.objects.getIamPolicy",
                "storage.objects.setIamPolicy",
                "storage.objects.update",
            ],
            (false, "READER") => &["storage.objects.list"],
            (false, "WRITER") => &["storage.objects.list", "storage.objects.create", "storage.objects.delete"],
            (false, _) => &[
                "storage.objects.list",
                "storage.objects.create",
                "storage.objects.delete",
                "storage.buckets.getIamPolicy",
                "storage.buckets.setIamPolicy",
                "storage.buckets.update",
            ],
        };
        let name = object.get("object").text().or_else(|| object.get("name").text());
        let place = match (name, on_objects && !object.type_name.contains("default")) {
            (Some(name), true) => format!("{place}/object:{name}"),
            _ => place,
        };
        let who = principal::member(&member);
        let member = principal::normal(&member);
        self.model.grants.push(Grant {
            member,
            who,
            role: Role::Listed(Arc::new(permissions.iter().map(|it| (*it).to_owned()).collect())),
            role_name: role.to_owned(),
            place,
            condition: vec![Vec::new()],
            condition_text: None,
            except: Vec::new(),
            origin: origin(object, "role_entity", at),
        });
    }
}
