//! Access blocks of BigQuery datasets.

use super::Collector;
use crate::access::worlds::{Object, Val};

impl Collector<'_> {
    pub(super) fn dataset_access(&mut self, row: usize, object: &Object, block: &Val, at: usize) {
        let text = |attribute| block.get(attribute).name();
        let project = object.get("project").name().unwrap_or_default();
        let dataset = object.get("dataset_id").name().unwrap_or_default();
        let place =
            format!("{}/dataset:{}", self.tree.project(&project), dataset.rsplit('/').next().unwrap_or_default());
        let member = if let Some(user) = text("user_by_email") {
            match user.ends_with(".gserviceaccount.com") {
                true => format!("serviceAccount:{user}"),
                false => format!("user:{user}"),
            }
        } else if let Some(group) = text("group_by_email") {
            format!("group:{group}")
        } else if let Some(domain) = text("domain") {
            format!("domain:{domain}")
        } else if let Some(special) = text("special_group") {
            match special.as_str() {
                "projectOwners" => format!("projectOwner:{project}"),
                "projectWriters" => format!("projectEditor:{project}"),
                "projectReaders" => format!("projectViewer:{project}"),
                other => other.to_owned(),
            }
        } else if let Some(member) = text("iam_member") {
            member
        } else {
            let other =
                ["view", "dataset", "routine"].map(|kind| block.get(kind)).into_iter().find(|it| !it.is_unset());
            let Some(other) = other else { return };
            format!("authorized:{other:?}")
        };
        let role = match text("role").as_deref() {
            Some("READER") | None => "roles/bigquery.dataViewer".to_owned(),
            Some("WRITER") => "roles/bigquery.dataEditor".to_owned(),
            Some("OWNER") => "roles/bigquery.dataOwner".to_owned(),
            Some(other) => other.to_owned(),
        };
        let value = Val::Map(
            [
                ("role".into(), Val::Text(role.into())),
                ("member".into(), Val::Text(member.into())),
                ("condition".into(), block.get("condition").clone()),
            ]
            .into(),
        );
        self.binding(row, object, &place, &value, "access", at);
    }
}
