//! Google Cloud, type by type.

use serde_json::{Value, json};
use tollgate::access::Verdict;

use super::plan::{Plan, with};
use super::table::{self, Case};

/// Grants that make what the types restrain worth something: on the project, to many kinds of members.
fn world() -> Plan {
    let grant = |member: &str, role: &str| json!({"project": "acme", "role": role, "member": member, "condition": []});
    Plan::default()
        .stays(
            "google_project_iam_custom_role.all",
            json!({"project": "acme", "role_id": "all", "stage": "GA", "permissions": [
                "iam.serviceAccountKeys.create", "storage.buckets.delete", "storage.objects.get"]}),
        )
        .stays("google_project_iam_member.ann", grant("user:ann@acme.example", ALL))
        .stays("google_project_iam_member.group", grant("group:ops@acme.example", ALL))
        .stays("google_project_iam_member.run", grant("serviceAccount:run@acme.iam.gserviceaccount.com", ALL))
        .stays("google_project_iam_member.custom", grant("user:bob@acme.example", "projects/acme/roles/own"))
        .stays("google_project_iam_member.tokens", grant(&format!("principalSet://{POOL}/*"), "roles/viewer"))
        .stays(
            "google_project_iam_member.repository",
            grant(&format!("principalSet://{POOL}/attribute.repository/acme/app"), ALL),
        )
        .stays(
            "google_project_iam_member.subject",
            grant(&format!("principal://{POOL}/subject/repo:acme/app:ref"), "roles/pubsub.publisher"),
        )
        .stays(
            "google_storage_bucket_iam_member.all",
            json!({"bucket": "b", "role": "roles/storage.objectViewer", "member": "allUsers", "condition": []}),
        )
        .stays(
            "google_project_iam_member.level",
            with(
                &grant("user:eve@acme.example", "roles/pubsub.editor"),
                "condition",
                json!([{"title": "t", "expression":
                    "\"accessPolicies/1/accessLevels/office\" in request.auth.access_levels"}]),
            ),
        )
}

const ALL: &str = "projects/acme/roles/all";
const POOL: &str = "iam.googleapis.com/projects/100/locations/global/workloadIdentityPools/ci";

fn provider() -> Value {
    json!({"project": "acme", "name": "projects/100/locations/global/workloadIdentityPools/ci/providers/gh",
        "workload_identity_pool_id": "ci", "workload_identity_pool_provider_id": "gh", "disabled": null,
        "display_name": "", "description": "", "state": "ACTIVE", "aws": [], "saml": [], "x509": [],
        "attribute_condition": "assertion.repository_owner == \"acme\"",
        "attribute_mapping": {"google.subject": "assertion.sub", "attribute.repository": "assertion.repository"},
        "oidc": [{"issuer_uri": "https://token.actions.githubusercontent.com", "allowed_audiences": ["sts"],
            "jwks_json": ""}]})
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn cases() -> Vec<Case> {
    let deny = json!({"denied_principals": ["principalSet://goog/public:all"],
        "exception_principals": ["principal://goog/subject/root@acme.example"],
        "denied_permissions": ["iam.googleapis.com/serviceAccountKeys.create", "storage.googleapis.com/buckets.delete"],
        "exception_permissions": [], "denial_condition": []});
    let policy = |parent: &str| {
        json!({"parent": format!("cloudresourcemanager.googleapis.com%2F{parent}"), "name": "d", "display_name": "",
            "rules": [{"description": "", "deny_rule": [deny]}]})
    };
    let deny_raises = || {
        vec![
            ("parent", json!("cloudresourcemanager.googleapis.com%2Fprojects%2Fother")),
            ("rules", json!([])),
            ("rules.0.deny_rule.0.denied_principals", json!(["principal://goog/subject/cyd@acme.example"])),
            ("rules.0.deny_rule.0.denied_principals", json!(["principalSet://goog/group/ops@acme.example"])),
            (
                "rules.0.deny_rule.0.exception_principals",
                json!(["principal://goog/subject/root@acme.example", "principal://goog/subject/ann@acme.example"]),
            ),
            (
                "rules.0.deny_rule.0.exception_principals",
                json!(["principal://goog/subject/root@acme.example", "principalSet://goog/group/other@acme.example"]),
            ),
            (
                "rules.0.deny_rule.0.exception_principals",
                json!(["principal://goog/subject/root@acme.example", "principalSet://goog/cloudIdentityCustomerId/C0"]),
            ),
            (
                "rules.0.deny_rule.0.exception_principals",
                // Whether the user is one of the operations' is not in the plan.
                json!(["principal://goog/subject/root@acme.example", "principal://goog/subject/fay@acme.example"]),
            ),
            ("rules.0.deny_rule.0.denied_permissions", json!(["storage.googleapis.com/buckets.delete"])),
            ("rules.0.deny_rule.0.exception_permissions", json!(["storage.googleapis.com/buckets.delete"])),
            (
                "rules.0.deny_rule.0.denial_condition",
                json!([{"title": "t", "expression": "!resource.matchTag('1/env', 'dev')"}]),
            ),
        ]
    };
    vec![
        Case {
            address: "google_project_iam_member.changed",
            base: json!({"project": "acme", "role": "roles/viewer", "member": "user:cyd@acme.example", "etag": "1",
                "condition": [{"title": "t", "description": "", "expression": "resource.name == \"x\""}]}),
            raises: vec![
                ("project", json!("other")),
                ("role", json!("roles/editor")),
                ("role", json!("projects/acme/roles/unheard")),
                ("member", json!("user:dan@acme.example")),
                ("member", json!("allUsers")),
                ("condition", json!([])),
                ("condition.0.expression", json!("resource.name == \"y\"")),
                ("condition.0.expression", json!("resource.name.extract(\"x\") == \"y\"")),
            ],
            silent: vec![("etag", json!("2")), ("condition.0.title", json!("u"))],
        },
        Case {
            address: "google_healthcare_dicom_store_iam_member.changed",
            base: json!({"dicom_store_id": "projects/acme/locations/l/datasets/one/dicomStores/s",
                "role": "roles/viewer", "member": "user:cyd@acme.example", "etag": "1", "condition": []}),
            raises: vec![("dicom_store_id", json!("projects/acme/locations/l/datasets/two/dicomStores/s"))],
            silent: vec![],
        },
        Case {
            address: "google_kms_crypto_key_iam_member.changed",
            base: json!({"crypto_key_id": "acme/global/one/k", "role": "roles/viewer",
                "member": "user:cyd@acme.example", "etag": "1", "condition": []}),
            raises: vec![("crypto_key_id", json!("acme/global/two/k"))],
            silent: vec![],
        },
        Case {
            address: "google_iap_web_iam_member.changed",
            base: json!({"project": "one", "role": "roles/iap.httpsResourceAccessor",
                "member": "user:cyd@acme.example", "etag": "1", "condition": []}),
            raises: vec![("project", json!("two"))],
            silent: vec![],
        },
        Case {
            address: "google_compute_subnetwork_iam_member.changed",
            base: json!({"subnetwork": "projects/acme/regions/one/subnetworks/s", "project": null, "region": null,
                "role": "roles/compute.networkUser", "member": "user:cyd@acme.example", "condition": []}),
            raises: vec![("subnetwork", json!("projects/acme/regions/two/subnetworks/s"))],
            silent: vec![],
        },
        Case {
            address: "google_project_iam_policy.changed",
            base: json!({"project": "solo", "etag": "1", "policy_data": json!({"bindings": [
                {"role": "roles/viewer", "members": ["user:cyd@acme.example"],
                    "condition": {"title": "t", "expression": "resource.name == \"x\""}}],
                "auditConfigs": [{"service": "allServices"}]}).to_string()}),
            raises: vec![
                (
                    "policy_data",
                    json!(
                        json!({"bindings": [{"role": "roles/viewer", "members": ["user:cyd@acme.example"]}]})
                            .to_string()
                    ),
                ),
                (
                    "policy_data",
                    json!(
                        json!({"bindings": [{"role": "roles/viewer", "members": ["user:cyd@acme.example"],
                        "condition": {"title": "t", "expression": "resource.name == \"y\""}}]})
                        .to_string()
                    ),
                ),
                ("policy_data", json!("{")),
            ],
            silent: vec![(
                "policy_data",
                json!(
                    json!({"bindings": [{"role": "roles/viewer", "members": ["user:cyd@acme.example"],
                    "condition": {"title": "other", "expression": "resource.name == \"x\""}}]})
                    .to_string()
                ),
            )],
        },
        Case {
            address: "google_project_iam_custom_role.own",
            base: json!({"project": "acme", "role_id": "own", "stage": "DISABLED", "title": "t", "description": "",
                "permissions": ["pubsub.topics.get"], "name": "projects/acme/roles/own"}),
            raises: vec![("stage", json!("GA"))],
            silent: vec![
                ("title", json!("u")),
                ("description", json!("d")),
                ("permissions", json!(["pubsub.topics.get", "pubsub.topics.publish"])),
            ],
        },
        Case {
            address: "google_project_iam_custom_role.own",
            base: json!({"project": "acme", "role_id": "own", "stage": "GA", "title": "t", "description": "",
                "permissions": ["pubsub.topics.get"], "name": "projects/acme/roles/own"}),
            raises: vec![("permissions", json!(["pubsub.topics.get", "pubsub.topics.publish"]))],
            silent: vec![("permissions", json!([])), ("stage", json!("DISABLED"))],
        },
        Case {
            address: "google_iam_deny_policy.d",
            base: policy("projects%2Facme"),
            raises: deny_raises(),
            silent: vec![
                ("display_name", json!("d")),
                ("rules.0.description", json!("d")),
                ("rules.0.deny_rule.0.exception_principals", json!([])),
            ],
        },
        // By number, or on a folder: whether the project lies there is not in the plan.
        Case {
            address: "google_iam_deny_policy.number",
            base: policy("projects%2F100"),
            raises: deny_raises().into_iter().skip(1).collect(),
            silent: vec![],
        },
        Case {
            address: "google_iam_deny_policy.folder",
            base: policy("folders%2F7"),
            raises: deny_raises().into_iter().skip(1).collect(),
            silent: vec![],
        },
        Case {
            address: "google_access_context_manager_access_level.office",
            base: json!({"parent": "accessPolicies/1", "name": "accessPolicies/1/accessLevels/office", "title": "office",
                "description": "", "custom": [], "basic": [{"combining_function": "AND", "conditions": [
                    {"ip_subnetworks": ["10.0.0.0/8"], "members": [], "regions": [], "negate": false,
                     "required_access_levels": [], "device_policy": [], "vpc_network_sources": []}]}]}),
            raises: vec![
                ("basic.0.conditions.0.ip_subnetworks", json!(["0.0.0.0/0"])),
                ("basic.0.conditions.0.ip_subnetworks", json!([])),
                ("basic.0.conditions.0.members", json!(["user:ann@acme.example"])),
                ("basic.0.conditions.0.regions", json!(["CH"])),
                ("basic.0.conditions.0.negate", json!(true)),
                ("basic.0.conditions.0.required_access_levels", json!(["accessPolicies/1/accessLevels/other"])),
                ("basic.0.conditions.0.device_policy", json!([{"require_corp_owned": true}])),
                ("basic.0.combining_function", json!("OR")),
                ("basic", json!([])),
                ("custom", json!([{"expr": [{"expression": "true"}]}])),
            ],
            silent: vec![("title", json!("t")), ("description", json!("d"))],
        },
        Case {
            address: "google_access_context_manager_service_perimeter.p",
            base: json!({"parent": "accessPolicies/1", "name": "accessPolicies/1/servicePerimeters/p", "title": "p",
                "description": "", "perimeter_type": "PERIMETER_TYPE_REGULAR", "use_explicit_dry_run_spec": false,
                "spec": [], "status": [{"resources": ["projects/100"], "restricted_services": ["storage.googleapis.com"],
                    "access_levels": ["accessPolicies/1/accessLevels/a"],
                    "vpc_accessible_services": [{"enable_restriction": true, "allowed_services": []}],
                    "ingress_policies": [], "egress_policies": []}]}),
            raises: vec![
                ("status", json!([])),
                ("status.0.resources", json!([])),
                ("status.0.restricted_services", json!([])),
                (
                    "status.0.access_levels",
                    json!(["accessPolicies/1/accessLevels/a", "accessPolicies/1/accessLevels/b"]),
                ),
                ("status.0.ingress_policies", json!([{"ingress_from": [{"identity_type": "ANY_IDENTITY"}]}])),
                ("status.0.egress_policies", json!([{"egress_from": [{"identity_type": "ANY_IDENTITY"}]}])),
                ("status.0.vpc_accessible_services", json!([])),
                ("perimeter_type", json!("PERIMETER_TYPE_BRIDGE")),
            ],
            silent: vec![("title", json!("t")), ("description", json!("d"))],
        },
        Case {
            address: "google_iam_workload_identity_pool_provider.gh",
            base: provider(),
            raises: vec![
                ("attribute_condition", json!(null)),
                ("attribute_condition", json!("assertion.repository_owner == \"evil\"")),
                ("attribute_condition", json!("assertion.x.contains(assertion.y)")),
                ("attribute_mapping.google.subject", json!(null)),
                ("oidc.0.issuer_uri", json!("https://gitlab.com")),
                ("oidc.0.allowed_audiences", json!(["sts", "other"])),
                ("oidc.0.allowed_audiences", json!([])),
                ("oidc.0.jwks_json", json!("{\"keys\": []}")),
                ("oidc", json!([])),
                ("saml", json!([{"idp_metadata_xml": "<x/>"}])),
                ("aws", json!([{"account_id": "123456789012"}])),
                ("x509", json!([{"trust_store": [{"trust_anchors": [{"pem_certificate": "x"}]}]}])),
                ("attribute_mapping", json!({"google.subject": "assertion.sub", "attribute.repository": "'acme/app'"})),
                (
                    "attribute_mapping",
                    json!({"google.subject": "assertion.sub", "attribute.repository": "assertion.actor"}),
                ),
                (
                    "attribute_mapping",
                    json!({"google.subject": "assertion.actor", "attribute.repository": "assertion.repository"}),
                ),
            ]
            .into_iter()
            .filter(|(path, _)| !path.starts_with("attribute_mapping."))
            .collect(),
            silent: vec![("display_name", json!("d")), ("description", json!("d")), ("disabled", json!(true))],
        },
        Case {
            address: "google_iam_workload_identity_pool_provider.gh",
            base: with(&provider(), "disabled", json!(true)),
            raises: vec![("disabled", json!(false))],
            silent: vec![],
        },
        Case {
            address: "google_iam_workload_identity_pool.ci",
            base: json!({"project": "acme", "workload_identity_pool_id": "ci", "disabled": true, "display_name": "",
                "description": "", "state": "ACTIVE", "name": "projects/100/locations/global/workloadIdentityPools/ci"}),
            raises: vec![
                ("disabled", json!(false)),
                ("inline_trust_config", json!([{"additional_trust_bundles": [{"trust_domain": "x"}]}])),
            ],
            silent: vec![("display_name", json!("d"))],
        },
        Case {
            address: "google_service_account.run",
            base: json!({"account_id": "run", "project": "acme", "email": "run@acme.iam.gserviceaccount.com",
                "member": "serviceAccount:run@acme.iam.gserviceaccount.com", "disabled": true, "display_name": "",
                "description": ""}),
            raises: vec![("disabled", json!(false))],
            silent: vec![("display_name", json!("d")), ("description", json!("d"))],
        },
        // What the account may do is not in the plan.
        Case {
            address: "google_service_account.idle",
            base: json!({"account_id": "idle", "project": "acme", "email": "idle@acme.iam.gserviceaccount.com",
                "disabled": true, "display_name": ""}),
            raises: vec![("disabled", json!(false))],
            silent: vec![("display_name", json!("d"))],
        },
        Case {
            address: "google_storage_bucket.b",
            base: json!({"name": "b", "project": "acme", "public_access_prevention": "enforced",
                "uniform_bucket_level_access": true, "labels": {}, "location": "EU", "versioning": [],
                "lifecycle_rule": [], "retention_policy": [{"retention_period": "10", "is_locked": false}],
                "ip_filter": [{"mode": "Enabled"}], "default_event_based_hold": true, "encryption": [{"default_kms_key_name": "k"}]}),
            raises: vec![
                ("public_access_prevention", json!("inherited")),
                ("uniform_bucket_level_access", json!(false)),
                ("ip_filter", json!([])),
                ("ip_filter", json!([{"mode": "Disabled"}])),
                ("retention_policy", json!([])),
                ("default_event_based_hold", json!(false)),
                ("encryption", json!([])),
            ],
            silent: vec![("labels", json!({"a": "b"})), ("versioning", json!([{"enabled": true}]))],
        },
        Case {
            address: "google_storage_bucket_acl.a",
            base: json!({"bucket": "other", "role_entity": ["READER:user-ann@acme.example"], "predefined_acl": "",
                "default_acl": ""}),
            raises: vec![
                ("bucket", json!("another")),
                ("role_entity", json!(["OWNER:user-ann@acme.example"])),
                ("role_entity", json!(["READER:allUsers"])),
                ("predefined_acl", json!("publicRead")),
                ("predefined_acl", json!("projectPrivate")),
                ("default_acl", json!("publicRead")),
            ],
            silent: vec![("role_entity", json!([]))],
        },
        Case {
            address: "google_storage_default_object_acl.a",
            base: json!({"bucket": "other", "role_entity": ["READER:user-ann@acme.example"]}),
            raises: vec![("bucket", json!("another")), ("role_entity", json!(["READER:allUsers"]))],
            silent: vec![],
        },
        Case {
            address: "google_storage_object_acl.a",
            base: json!({"bucket": "other", "object": "o", "role_entity": ["READER:user-ann@acme.example"],
                "predefined_acl": ""}),
            raises: vec![
                ("bucket", json!("another")),
                ("object", json!("p")),
                ("role_entity", json!(["READER:allUsers"])),
                ("predefined_acl", json!("bucketOwnerFullControl")),
                ("predefined_acl", json!("authenticatedRead")),
            ],
            silent: vec![],
        },
        Case {
            address: "google_storage_bucket_access_control.a",
            base: json!({"bucket": "other", "role": "READER", "entity": "user-ann@acme.example"}),
            raises: vec![("bucket", json!("another")), ("role", json!("OWNER")), ("entity", json!("allUsers"))],
            silent: vec![],
        },
        Case {
            address: "google_storage_object_access_control.a",
            base: json!({"bucket": "other", "object": "o", "role": "READER", "entity": "user-ann@acme.example"}),
            raises: vec![("object", json!("p")), ("role", json!("OWNER")), ("entity", json!("allUsers"))],
            silent: vec![],
        },
        Case {
            address: "google_bigquery_dataset.d",
            base: json!({"dataset_id": "d", "project": "acme", "labels": {}, "description": "",
                "default_encryption_configuration": [{"kms_key_name": "k"}], "resource_tags": {},
                "access": [{"role": "READER", "user_by_email": "cyd@acme.example", "group_by_email": "", "domain": "",
                    "special_group": "", "iam_member": "", "view": [], "dataset": [], "routine": [],
                    "condition": [{"expression": "resource.name == \"x\"", "title": ""}]}]}),
            raises: vec![
                ("access.0.role", json!("OWNER")),
                ("access.0.user_by_email", json!("dan@acme.example")),
                ("access.0.condition", json!([])),
                ("access.0.condition.0.expression", json!("resource.name == \"y\"")),
                ("access", json!([{"role": "READER", "special_group": "allAuthenticatedUsers"}])),
                ("access", json!([{"role": "READER", "domain": "acme.example"}])),
                ("access", json!([{"role": "READER", "iam_member": "allUsers"}])),
                ("access", json!([{"view": [{"project_id": "o", "dataset_id": "o", "table_id": "v"}]}])),
                ("access", json!([{"routine": [{"project_id": "o", "dataset_id": "o", "routine_id": "v"}]}])),
                ("access", json!([{"dataset": [{"target_types": ["VIEWS"]}]}])),
                ("default_encryption_configuration", json!([])),
                ("resource_tags", json!({"1/env": "prod"})),
            ],
            silent: vec![("labels", json!({"a": "b"})), ("description", json!("d")), ("access", json!([]))],
        },
        Case {
            address: "google_bigquery_dataset_access.d",
            base: json!({"dataset_id": "e", "project": "acme", "role": "READER", "user_by_email": "cyd@acme.example"}),
            raises: vec![
                ("dataset_id", json!("f")),
                ("role", json!("WRITER")),
                ("user_by_email", json!("dan@acme.example")),
            ],
            silent: vec![],
        },
        Case {
            address: "google_project.acme",
            base: json!({"project_id": "acme", "number": "100", "folder_id": "1", "org_id": null, "tags": {},
                "name": "a", "labels": {}, "billing_account": "B"}),
            raises: vec![("folder_id", json!("2")), ("org_id", json!("3")), ("tags", json!({"1/env": "prod"}))],
            silent: vec![("name", json!("b")), ("labels", json!({"a": "b"}))],
        },
        Case {
            address: "google_folder.f",
            base: json!({"folder_id": "1", "name": "folders/1", "parent": "organizations/1", "display_name": "f",
                "tags": {}}),
            raises: vec![("parent", json!("organizations/2")), ("tags", json!({"1/env": "prod"}))],
            silent: vec![("display_name", json!("g"))],
        },
        Case {
            address: "google_org_policy_policy.keys",
            base: json!({"name": "projects/acme/policies/iam.disableServiceAccountKeyCreation",
                "parent": "projects/acme", "dry_run_spec": [], "spec": [{"inherit_from_parent": false, "reset": false,
                "rules": [{"enforce": "TRUE", "condition": [], "parameters": "", "values": []}]}]}),
            raises: vec![
                ("spec.0.rules.0.enforce", json!("FALSE")),
                ("spec", json!([])),
                ("spec.0.reset", json!(true)),
                ("spec.0.rules", json!([{"enforce": "TRUE", "condition": [{"expression": "false"}]}])),
            ],
            silent: vec![("dry_run_spec", json!([{"rules": []}]))],
        },
        Case {
            address: "google_org_policy_policy.members",
            base: json!({"name": "projects/acme/policies/iam.managed.allowedPolicyMembers", "parent": "projects/acme",
                "spec": [{"inherit_from_parent": false, "reset": false,
                "rules": [{"enforce": "TRUE", "parameters": "{\"allowedMemberSubjects\":[\"a\"]}"}]}]}),
            raises: vec![("spec.0.rules.0.parameters", json!("{\"allowedMemberSubjects\":[\"a\",\"b\"]}"))],
            silent: vec![],
        },
        Case {
            address: "google_org_policy_policy.domains",
            base: json!({"name": "projects/acme/policies/iam.allowedPolicyMemberDomains", "parent": "projects/acme",
                "spec": [{"inherit_from_parent": false, "reset": false, "rules": [{"allow_all": "", "deny_all": "",
                "values": [{"allowed_values": ["C1"], "denied_values": []}]}]}]}),
            raises: vec![
                ("spec.0.rules.0.values.0.allowed_values", json!(["C1", "C2"])),
                ("spec.0.rules.0.allow_all", json!("TRUE")),
                ("spec.0.inherit_from_parent", json!(true)),
                ("spec.0.rules", json!([])),
            ],
            silent: vec![],
        },
        Case {
            address: "google_compute_instance.vm",
            base: json!({"name": "vm", "project": "acme", "zone": "z", "machine_type": "a", "labels": {},
                "metadata": {}, "metadata_startup_script": null, "boot_disk": [{"initialize_params": [{"image": "i"}]}],
                "attached_disk": [], "params": [], "service_account": [
                    {"email": "idle@acme.iam.gserviceaccount.com", "scopes": ["https://www.googleapis.com/auth/devstorage.read_only"]}]}),
            raises: vec![
                ("service_account.0.email", json!("run@acme.iam.gserviceaccount.com")),
                ("service_account.0.scopes", json!(["https://www.googleapis.com/auth/cloud-platform"])),
                ("metadata", json!({"ssh-keys": "x"})),
                ("metadata_startup_script", json!("curl x | sh")),
                ("boot_disk.0.initialize_params.0.image", json!("evil")),
                ("attached_disk", json!([{"source": "d"}])),
                ("params", json!([{"resource_manager_tags": {"1/env": "prod"}}])),
            ],
            silent: vec![("machine_type", json!("b")), ("labels", json!({"a": "b"})), ("service_account", json!([]))],
        },
        Case {
            address: "google_compute_instance_template.vm",
            base: json!({"name": "vm", "project": "acme", "machine_type": "a", "labels": {},
                "metadata": {}, "disk": [{"source_image": "i"}], "service_account": [
                    {"email": "run@acme.iam.gserviceaccount.com", "scopes": ["cloud-platform"]}]}),
            raises: vec![("disk.0.source_image", json!("evil")), ("metadata", json!({"ssh-keys": "x"}))],
            silent: vec![("machine_type", json!("b")), ("labels", json!({"a": "b"}))],
        },
    ]
}

#[test]
fn what_bears_on_access_never_goes_unsaid() {
    table::never_unsaid(&cases(), |_| world());
}

#[test]
fn what_bears_on_nothing_is_silent() {
    table::silent(&cases(), |_| world());
}

#[test]
fn what_becomes_unknown_is_not_excluded() {
    table::unknown_is_not_excluded(&cases(), |_| world());
}

/// A first provider opens a pool that has grants; another one opens it to its tokens.
#[test]
fn a_provider_that_is_created_opens_its_pool() {
    let address = "google_iam_workload_identity_pool_provider.gh";
    let mut fresh = provider();
    fresh.as_object_mut().unwrap().remove("name");
    let first = world().unknown(address, Value::Null, fresh.clone(), json!({"name": true, "state": true}));
    assert_ne!(first.verdict(), Verdict::None, "the first provider");
    let second = with(&fresh, "workload_identity_pool_provider_id", json!("other"));
    let both = world().stays(address, provider()).unknown(
        "google_iam_workload_identity_pool_provider.other",
        Value::Null,
        with(&second, "oidc", json!([{"issuer_uri": "https://evil.example"}])),
        json!({"name": true, "state": true}),
    );
    assert_ne!(both.verdict(), Verdict::None, "another issuer");
}

/// Grants that are only written otherwise.
#[test]
fn the_same_grants_in_other_resources_are_silent() {
    let member = |who: &str| json!({"project": "shop", "role": "roles/viewer", "member": who, "condition": []});
    let binding = json!({"project": "shop", "role": "roles/viewer", "condition": [],
        "members": ["user:bob@acme.example", "user:ann@acme.example"]});
    let policy = json!({"project": "shop", "policy_data":
        "{\"bindings\":[{\"members\":[\"user:bob@acme.example\",\"user:ann@acme.example\"],\"role\":\"roles/viewer\"}]}"});
    let gone = |plan: Plan| {
        plan.changes("google_project_iam_member.ann", member("user:ann@acme.example"), Value::Null).changes(
            "google_project_iam_member.bob",
            member("user:bob@acme.example"),
            Value::Null,
        )
    };
    let into = |address: &str, after: &Value| gone(world()).changes(address, Value::Null, after.clone()).verdict();
    assert_eq!(into("google_project_iam_binding.all", &binding), Verdict::None);
    assert_eq!(into("google_project_iam_policy.all", &policy), Verdict::None);
    let renamed = gone(world())
        .changes("google_project_iam_member.a", Value::Null, member("user:Ann@acme.example"))
        .changes("google_project_iam_member.b", Value::Null, member("user:bob@acme.example"));
    assert_eq!(renamed.verdict(), Verdict::None);
    let other = with(&binding, "role", json!("roles/editor"));
    assert_eq!(into("google_project_iam_binding.all", &other), Verdict::New);
    let one_more = with(&binding, "members", json!(["user:ann@acme.example", "user:eve@acme.example"]));
    assert_eq!(into("google_project_iam_binding.all", &one_more), Verdict::New);
}

/// A condition that goes with its binding, while the grant comes back without.
#[test]
fn a_condition_is_lost_between_two_resources() {
    let grant = |condition: Value| json!({"project": "shop", "role": "roles/editor", "member": "user:ann@acme.example", "condition": condition});
    let until = json!([{"title": "t", "expression": "request.time < timestamp(\"2026-01-01T00:00:00Z\")"}]);
    let later = json!([{"title": "t", "expression": "request.time < timestamp(\"2027-01-01T00:00:00Z\")"}]);
    for (new, verdict) in [(json!([]), Verdict::New), (later, Verdict::New), (until.clone(), Verdict::None)] {
        let plan = world().changes("google_project_iam_member.old", grant(until.clone()), Value::Null).changes(
            "google_project_iam_member.new",
            Value::Null,
            grant(new),
        );
        assert_eq!(plan.verdict(), verdict);
    }
}

/// A pool that was there before may have grants that the plan does not show; one that the plan makes has none.
#[test]
fn a_provider_of_a_pool_without_grants_is_not_excluded() {
    let address = "google_iam_workload_identity_pool_provider.p";
    let alone = Plan::default().changes(address, Value::Null, provider());
    assert_eq!(alone.verdict(), Verdict::Possible);
    let wider = with(&provider(), "attribute_condition", json!(null));
    assert_eq!(Plan::default().changes(address, provider(), wider).verdict(), Verdict::Possible);
    let pool = json!({"project": "acme", "workload_identity_pool_id": "ci", "disabled": false});
    let made = Plan::default().changes("google_iam_workload_identity_pool.ci", Value::Null, pool);
    assert_eq!(made.changes(address, Value::Null, provider()).verdict(), Verdict::None);
}

#[test]
fn a_denial_lifted_from_nobody_is_said_to_be() {
    let policy = |denied: Value| {
        json!({"parent": "cloudresourcemanager.googleapis.com%2Fprojects%2Facme", "name": "d", "rules": [{"deny_rule": [{
            "denied_principals": ["principalSet://goog/public:all"], "exception_principals": [],
            "denied_permissions": denied, "exception_permissions": [], "denial_condition": []}]}]})
    };
    let (one, two) = (json!(["iam.googleapis.com/roles.update"]), json!(["iam.googleapis.com/roles.*"]));
    let run = |old: Value, new: Value| Plan::default().changes("google_iam_deny_policy.d", old, new).judged().0;
    let lifted = run(policy(one.clone()), Value::Null);
    assert_eq!(lifted.verdict, Verdict::None);
    assert!(lifted.changes[0].reasons.iter().any(|reason| reason.code == "outside_plan"));
    assert!(run(policy(one), policy(two)).changes[0].reasons.is_empty(), "it denies more");
}

/// Two groups, `ops` and `team`, and what the tests grant to them.
fn groups() -> Plan {
    let group = |name: &str, address: &str| {
        json!({"name": name, "id": name, "parent": "customers/C1", "group_key": [{"id": address, "namespace": ""}],
            "labels": {"cloudidentity.googleapis.com/groups.discussion_forum": ""}})
    };
    Plan::default()
        .stays("google_cloud_identity_group.ops", group("groups/1", "Ops@acme.example"))
        .stays("google_cloud_identity_group.team", group("groups/2", "team@acme.example"))
}

fn granted(member: &str) -> Value {
    json!({"project": "acme", "role": "roles/storage.objectViewer", "member": member, "condition": []})
}

fn joined(group: &str, who: &str) -> Value {
    json!({"group": group, "preferred_member_key": [{"id": who, "namespace": ""}], "member_key": [],
        "roles": [{"name": "MEMBER", "expiry_detail": []}], "type": "USER", "name": "groups/1/memberships/2"})
}

const ANN: &str = "google_cloud_identity_group_membership.ann";
const DIRECT: &str = "google_project_iam_member.ann";

#[test]
fn whoever_moves_between_a_group_and_an_equal_grant_gains_nothing() {
    let (in_group, own) = (joined("groups/1", "Ann@acme.example"), granted("user:ann@acme.example"));
    let world = || groups().stays("google_project_iam_member.ops", granted("group:ops@acme.example"));
    let out = world().changes(ANN, in_group.clone(), Value::Null).changes(DIRECT, Value::Null, own.clone());
    assert_eq!(out.verdict(), Verdict::None, "out of the group");
    let into = world().changes(ANN, Value::Null, in_group.clone()).changes(DIRECT, own.clone(), Value::Null);
    assert_eq!(into.verdict(), Verdict::None, "into the group");
    let wider = with(&own, "role", json!("roles/storage.admin"));
    let out = world().changes(ANN, in_group.clone(), Value::Null).changes(DIRECT, Value::Null, wider.clone());
    assert_eq!(out.verdict(), Verdict::New, "to more than the group has");
    let into = world().changes(ANN, Value::Null, in_group).changes(DIRECT, wider, Value::Null);
    assert_eq!(into.verdict(), Verdict::None, "to less than she had");
    let other = world().changes(ANN, joined("groups/1", "bob@acme.example"), Value::Null);
    assert_eq!(other.changes(DIRECT, Value::Null, own.clone()).verdict(), Verdict::New, "somebody else leaves");
    let mut foreign = joined("groups/1", "ann@acme.example");
    foreign["preferred_member_key"][0]["namespace"] = json!("identitysources/1");
    let other = world().changes(ANN, foreign, Value::Null).changes(DIRECT, Value::Null, own);
    assert_eq!(other.verdict(), Verdict::New, "a namesake of another directory leaves");
}

#[test]
fn whoever_gets_into_a_group_gets_what_it_has() {
    let world = || groups().stays("google_project_iam_member.ops", granted("group:ops@acme.example"));
    let (access, recognition) = world().changes(ANN, Value::Null, joined("groups/1", "ann@acme.example")).judged();
    let new = recognition
        .changes
        .iter()
        .zip(&access.changes)
        .flat_map(|(c, it)| it.new.iter().map(|new| (c.row.address.clone(), new.principal.clone())));
    assert_eq!(new.collect::<Vec<_>>(), [(ANN.to_owned(), "user:ann@acme.example".to_owned())]);
    let unresolved = world().changes(ANN, Value::Null, joined("groups/9", "ann@acme.example"));
    assert_eq!(unresolved.verdict(), Verdict::Possible, "a group that the plan does not show");
    let idle = world().changes(ANN, Value::Null, joined("groups/2", "ann@acme.example"));
    assert_eq!(idle.verdict(), Verdict::Possible, "a group that the plan grants nothing");
    let leaves = world().changes(ANN, joined("groups/1", "ann@acme.example"), Value::Null);
    assert_eq!(leaves.verdict(), Verdict::None, "out of it");
    let owner = with(&joined("groups/1", "ann@acme.example"), "roles", json!([{"name": "MEMBER"}, {"name": "OWNER"}]));
    let rises = world().changes(ANN, joined("groups/1", "ann@acme.example"), owner);
    assert_eq!(rises.verdict(), Verdict::Possible, "she may take others in");
}

#[test]
fn groups_in_groups_hand_on_what_the_outer_has() {
    let nested = with(&joined("groups/1", "team@acme.example"), "type", json!("GROUP"));
    let world = |nested_before: Value| {
        groups().stays("google_project_iam_member.ops", granted("group:ops@acme.example")).changes(
            "google_cloud_identity_group_membership.team",
            nested_before,
            nested.clone(),
        )
    };
    let member = joined("groups/2", "ann@acme.example");
    assert_eq!(world(nested.clone()).changes(ANN, Value::Null, member.clone()).verdict(), Verdict::New);
    assert_eq!(world(Value::Null).stays(ANN, member.clone()).verdict(), Verdict::New);
    let moved = world(nested.clone()).changes(ANN, member, Value::Null);
    let moved = moved.changes(DIRECT, Value::Null, granted("user:ann@acme.example"));
    assert_eq!(moved.verdict(), Verdict::None);
}

#[test]
fn a_membership_ends_when_it_says() {
    let until = |time: &str| {
        let roles = json!([{"name": "MEMBER", "expiry_detail": [{"expire_time": time}]}]);
        with(&joined("groups/1", "ann@acme.example"), "roles", roles)
    };
    let run = |before: Value, after: Value| {
        let world = groups().stays("google_project_iam_member.ops", granted("group:ops@acme.example"));
        world.changes(ANN, before, after).verdict()
    };
    let forever = joined("groups/1", "ann@acme.example");
    assert_eq!(run(until("2026-01-01T00:00:00Z"), until("2027-01-01T00:00:00Z")), Verdict::New);
    assert_eq!(run(until("2027-01-01T00:00:00Z"), until("2026-01-01T00:00:00Z")), Verdict::None);
    assert_eq!(run(until("2027-01-01T00:00:00Z"), forever.clone()), Verdict::New);
    assert_eq!(run(forever, until("2027-01-01T00:00:00Z")), Verdict::None);
}

#[test]
fn whoever_leaves_a_group_that_is_denied_something_gains_it() {
    let policy = |denied: &str, exempt: Value| {
        json!({"parent": "cloudresourcemanager.googleapis.com%2Fprojects%2Facme", "name": "d", "rules": [{"deny_rule": [{
            "denied_principals": [denied], "exception_principals": exempt,
            "denied_permissions": ["storage.googleapis.com/objects.get"], "exception_permissions": [],
            "denial_condition": []}]}]})
    };
    let member = joined("groups/1", "ann@acme.example");
    let world = |policy: Value| {
        groups()
            .stays("google_iam_deny_policy.d", policy)
            .stays("google_project_iam_member.ops", granted("group:ops@acme.example"))
            .stays(DIRECT, granted("user:ann@acme.example"))
    };
    let group = "principalSet://goog/group/ops@acme.example";
    let denied = || world(policy(group, json!([])));
    assert_ne!(denied().changes(ANN, member.clone(), Value::Null).verdict(), Verdict::None);
    assert_eq!(denied().changes(ANN, Value::Null, member.clone()).verdict(), Verdict::None);
    let exempt = || world(policy("principalSet://goog/public:all", json!([group])));
    assert_ne!(exempt().changes(ANN, Value::Null, member.clone()).verdict(), Verdict::None);
    assert_eq!(exempt().changes(ANN, member, Value::Null).verdict(), Verdict::None);
}

/// A role that goes leaves its holders with what nobody knows; other changes have no part in that.
#[test]
fn what_cannot_be_told_is_said_of_the_changes_that_bear_on_it() {
    let role = |id: &str, permissions: Value| json!({"project": "acme", "role_id": id, "stage": "GA", "permissions": permissions});
    let [a, b] = ["a", "b"].map(|id| role(id, json!(["storage.objects.get", "storage.objects.list"])));
    let grant = |id: &str| with(&granted("user:ann@acme.example"), "role", json!(format!("projects/acme/roles/{id}")));
    let plan = Plan::default()
        .stays("google_project_iam_member.a", grant("a"))
        .stays("google_project_iam_member.b", grant("b"))
        .changes("google_project_iam_custom_role.a", a, Value::Null)
        .changes("google_project_iam_custom_role.b", b, role("b", json!(["storage.objects.get"])));
    let (access, recognition) = plan.judged();
    let said = recognition.changes.iter().zip(&access.changes);
    let said: Vec<_> = said.map(|(change, it)| (change.row.address.as_str(), it.verdict)).collect();
    let [a, b] = ["google_project_iam_custom_role.a", "google_project_iam_custom_role.b"];
    assert_eq!(said, [(a, Verdict::Possible), (b, Verdict::None)]);
}
