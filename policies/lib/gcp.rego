# Google Cloud grants as text: who has which role on what, whatever resource type says so.
package tollgate.lib.gcp

import data.tollgate.lib.change

# One grant: {role, member, path, scope, conditions}.
grants(side, documents) := direct(side) | of_policies(documents) | of_bindings(side) | of_access(side) | of_acl(side)

# `_iam_member`, `_iam_binding`, and access control entries with one entity.
direct(side) := {grant |
	some name in ["member", "members", "entity", "user_by_email", "group_by_email", "special_group", "iam_member", "domain"]
	some member in change.values(change.field(side, name))
	not member in ["", null]
	grant := {
		"role": change.field(side, "role"), "member": member, "path": name,
		"scope": scope(side), "conditions": expressions(change.field(side, "condition")),
	}
}

# `_iam_policy`: a JSON document of bindings.
of_policies(documents) := {grant |
	document := documents[path]
	is_object(document)
	binding := document.bindings[_]
	some member in change.values(object.get(binding, "members", null))
	grant := {
		"role": object.get(binding, "role", null), "member": member, "path": path, "scope": set(),
		"conditions": expressions(object.get(binding, "condition", null)),
	}
}

# The data source `google_iam_policy`.
of_bindings(side) := {grant |
	binding := change.values(change.field(side, "binding"))[_]
	is_object(binding)
	some member in change.values(change.field(binding, "members"))
	grant := {
		"role": change.field(binding, "role"), "member": member, "path": "binding", "scope": set(),
		"conditions": expressions(change.field(binding, "condition")),
	}
}

# BigQuery datasets carry a list of entries.
of_access(side) := {object.union(grant, {"path": "access", "scope": set()}) |
	entry := change.values(change.field(side, "access"))[_]
	is_object(entry)
	some grant in direct(entry)
}

# `ROLE:ENTITY` lists of storage.
of_acl(side) := {grant |
	entry := change.values(change.field(side, "role_entity"))[_]
	is_string(entry)
	parts := split(entry, ":")
	grant := {
		"role": parts[0], "member": concat(":", array.slice(parts, 1, count(parts))), "path": "role_entity",
		"scope": set(), "conditions": set(),
	}
}

expressions(value) := {expression |
	condition := change.values(value)[_]
	is_object(condition)
	expression := object.get(condition, "expression", "")
}

# What the grant is on; a provider may write `b/name` or `projects/name` for `name`.
scope(side) := {last(value) |
	some name in ["project", "folder", "org_id", "organization", "bucket", "service_account_id"]
	value := change.field(side, name)
	is_string(value)
}

last(value) := regex.replace(value, `^.*/`, "")

before_grants := grants(change.before, object.get(input.change, ["documents", "before"], {}))

after_grants := grants(change.after, object.get(input.change, ["documents", "after"], {})) if change.remains

else := set()

# Grants that the row did not carry before: not with these conditions, nor with fewer.
new_grants := {grant |
	some grant in after_grants
	not carried(grant)
}

carried(grant) if {
	some old in before_grants
	includes(old.role, grant.role)
	old.member == grant.member
	old.scope == grant.scope
	count(old.conditions - grant.conditions) == 0
}

# Of the basic roles each includes the next.
includes(wide, narrow) if wide == narrow

includes(wide, narrow) if [wide, narrow] in [
	["roles/owner", "roles/editor"], ["roles/owner", "roles/viewer"], ["roles/editor", "roles/viewer"],
]

everyone := {"allUsers", "allAuthenticatedUsers", "projectReaders:allUsers"}

# Roles by what they let their holder do; from the predefined roles' permissions.
manages_permissions := {
	"roles/iam.securityAdmin", "roles/iam.admin", "roles/iam.roleAdmin", "roles/iam.organizationRoleAdmin",
	"roles/iam.denyAdmin", "roles/iam.workloadIdentityPoolAdmin", "roles/iam.workforcePoolAdmin",
	"roles/iam.serviceAccountAdmin", "roles/iam.databasesAdmin", "roles/iam.mlEngineer",
	"roles/iam.principalAccessBoundaryAdmin",
	"roles/resourcemanager.folderAdmin", "roles/resourcemanager.folderIamAdmin",
	"roles/resourcemanager.organizationAdmin", "roles/resourcemanager.projectIamAdmin", "roles/orgpolicy.policyAdmin",
	"roles/accesscontextmanager.policyAdmin", "roles/privilegedaccessmanager.admin", "roles/securityposture.admin",
	"roles/assuredworkloads.admin", "roles/bigquery.admin", "roles/storage.admin", "roles/cloudkms.admin",
	"roles/secretmanager.admin", "roles/run.admin", "roles/cloudfunctions.admin", "roles/compute.admin",
	"roles/container.admin", "roles/deploymentmanager.editor", "roles/cloudbuild.builds.editor",
}

# A basic role, or one that administers something.
powerful(role) if {
	is_string(role)
	regex.match(`^(roles/(owner|editor|.*[aA]dmin)|OWNER|WRITER)$`, role)
}

impersonates := {
	"roles/iam.serviceAccountTokenCreator", "roles/iam.serviceAccountOpenIdTokenCreator",
	"roles/iam.workloadIdentityUser", "roles/iam.serviceAccountUser", "roles/iam.serviceAccountKeyAdmin",
}

# Single permissions that raise their holder; the list of escalation paths.
escalates := {
	"iam.roles.create", "iam.roles.update", "iam.serviceAccountKeys.create", "iam.serviceAccounts.actAs",
	"iam.serviceAccounts.getAccessToken", "iam.serviceAccounts.getOpenIdToken",
	"iam.serviceAccounts.implicitDelegation", "iam.serviceAccounts.signBlob", "iam.serviceAccounts.signJwt",
	"cloudbuild.builds.create", "deploymentmanager.deployments.create", "deploymentmanager.deployments.update",
	"orgpolicy.policy.set", "storage.hmacKeys.create", "serviceusage.apiKeys.create", "apikeys.keys.create",
	"apikeys.keys.getKeyString", "secretmanager.versions.access", "container.secrets.get", "container.secrets.list",
	"container.clusterRoles.bind", "container.clusterRoles.escalate", "container.roles.bind",
	"container.roles.escalate", "container.serviceAccounts.createToken", "container.pods.exec",
	"compute.instances.setMetadata", "compute.instances.setServiceAccount",
	"compute.projects.setCommonInstanceMetadata", "compute.instances.osAdminLogin",
	"cloudfunctions.functions.sourceCodeSet", "cloudfunctions.functions.update",
}

# Permissions with which their holder changes who may do what.
manages(permission) if endswith(permission, ".setIamPolicy")

manages(permission) if permission in {
	"iam.roles.create", "iam.roles.update", "iam.denypolicies.update", "iam.denypolicies.delete", "orgpolicy.policy.set",
	"iam.workloadIdentityPoolProviders.create", "iam.workloadIdentityPoolProviders.update",
}

# Permissions with which their holder becomes a service account.
becomes(permission) if permission in {
	"iam.serviceAccounts.actAs", "iam.serviceAccounts.getAccessToken", "iam.serviceAccounts.getOpenIdToken",
	"iam.serviceAccounts.implicitDelegation", "iam.serviceAccounts.signBlob", "iam.serviceAccounts.signJwt",
	"iam.serviceAccountKeys.create", "container.serviceAccounts.createToken",
}

# Permissions that return a credential, or something that works like one.
hands_out_credentials := {
	"secretmanager.versions.access", "container.secrets.get", "container.secrets.list", "apikeys.keys.getKeyString",
	"storage.hmacKeys.create", "serviceusage.apiKeys.create", "apikeys.keys.create",
}

raises(permission) if permission in escalates

raises(permission) if endswith(permission, ".setIamPolicy")
