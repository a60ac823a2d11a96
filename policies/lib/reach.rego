# What a piece of computed new access amounts to. The classes are the same on every platform; the words for them are
# tables here. `change.platform` chooses the words, so that a piece is read as its platform means it.
package tollgate.lib.reach

import data.tollgate.lib.access
import data.tollgate.lib.azure
import data.tollgate.lib.change
import data.tollgate.lib.gcp

platform := input.change.platform

# What is newly covered, which can be less than the statement lists.
newly(piece) := {entry.action | some entry in piece.action_levels}

# Everybody, or everybody who has some account of the platform.
everybody := {
	"gcp": {"allUsers", "allAuthenticatedUsers"},
	"azure": {"anonymous"},
	"kubernetes": {
		"Group:system:authenticated", "Group:system:unauthenticated", "Group:system:serviceaccounts",
		"User:system:anonymous",
	},
	"github": {"*"},
}

public(piece) if piece.principal in everybody[platform]

# Administration: the severity that it has.
administers(piece) := "critical" if {
	platform == "gcp"
	count({"roles/owner", "OWNER"} & ({action | some action in piece.actions})) > 0
}

else := "critical" if {
	platform == "azure"
	azure.assigns_roles(piece.witness.action)
}

else := cluster_severity(piece) if {
	platform == "kubernetes"
	everything_in_cluster(piece)
}

else := severity if {
	platform == "github"
	severity := github_administration[piece.witness.action]
}

else := "high" if {
	platform == "github"
	piece.principal == "org-members"
	"write" in access.levels(piece)
}

github_administration := {"org:owner": "critical", "repo:admin": "high", "repo:maintain": "medium"}

# Every verb on every resource; a rule of paths alone is not meant.
everything_in_cluster(piece) if {
	"kubernetes:*" in newly(piece)
	count({"*", "*.*"} & ({resource | some resource in piece.resources})) > 0
	not startswith(piece.witness.resource, "/")
	not names_objects(piece)
}

names_objects(piece) if {
	some condition in piece.conditions
	startswith(condition, "name in ")
}

cluster_severity(piece) := "high" if {
	some condition in piece.conditions
	startswith(condition, "namespace = ")
}

else := "critical"

# Changing who may do what: the severity that it has.
manages_permissions(piece) := severity if {
	not administers(piece)
	severity := managing(piece)
}

managing(piece) := "critical" if {
	platform == "kubernetes"
	count({"kubernetes:escalate", "kubernetes:bind"} & newly(piece)) > 0
}

else := "critical" if {
	platform == "kubernetes"
	cluster_control(piece)
}

else := "high" if {
	platform == "kubernetes"
	some entry in piece.action_levels
	not entry.action in {"kubernetes:impersonate", "sts:AssumeRoleWithWebIdentity", "iam.serviceAccounts.getAccessToken", "azure:federated-token", "node:root"}
	"permissions" in entry.levels
}

else := "high" if {
	platform == "gcp"
	count(gcp.manages_permissions & ({action | some action in piece.actions})) > 0
}

else := "high" if {
	platform == "gcp"
	some permission in newly(piece)
	gcp.manages(permission)
}

else := "high" if {
	platform == "azure"
	some action in newly(piece)
	azure.manages(action)
}

else := "medium" if {
	platform == "github"
	"team:manage-members" in newly(piece)
}

# What leads to the whole cluster although it is no RBAC verb: approving certificates, rewriting what others send,
# and the kubelet behind the API server (Kubernetes documentation, "RBAC Good Practices").
control := {
	"certificatesigningrequests.certificates.k8s.io/approval": {"update", "patch"},
	"nodes/proxy": {"get", "create"},
	"mutatingwebhookconfigurations.admissionregistration.k8s.io": {"create", "update", "patch"},
}

cluster_control(piece) if {
	some resource in piece.resources
	some verb in control[resource]
	takes_verb(piece, verb)
}

takes_verb(piece, verb) if count({"kubernetes:*", sprintf("kubernetes:%s", [verb])} & newly(piece)) > 0

# Becoming somebody else: the severity that it has.
impersonates(piece) := severity if {
	not administers(piece)
	severity := becoming(piece)
}

becoming(piece) := "critical" if {
	platform == "kubernetes"
	"kubernetes:impersonate" in newly(piece)
}

else := "high" if {
	platform == "kubernetes"
	"serviceaccounts/token" in piece.resources
	takes_verb(piece, "create")
}

# A cloud's identity, by annotation of a service account.
else := "high" if {
	platform == "kubernetes"
	count({"sts:AssumeRoleWithWebIdentity", "iam.serviceAccounts.getAccessToken", "azure:federated-token"} & newly(piece)) > 0
}

else := "high" if {
	platform == "gcp"
	count(gcp.impersonates & ({action | some action in piece.actions})) > 0
}

else := "high" if {
	platform == "gcp"
	some permission in newly(piece)
	gcp.becomes(permission)
}

else := "high" if {
	platform == "azure"
	some action in newly(piece)
	azure.becomes(action)
}

# Secrets, keys and tokens of others.
exposes_credentials(piece) if {
	not administers(piece)
	exposing(piece)
}

exposing(piece) if {
	platform == "gcp"
	count(gcp.hands_out_credentials & newly(piece)) > 0
}

exposing(piece) if {
	platform == "azure"
	some action in newly(piece)
	azure.hands_out_credentials(action)
}

exposing(piece) if {
	platform == "kubernetes"
	some resource in piece.resources
	some verb in secrets[resource]
	takes_verb(piece, verb)
}

secrets := {
	"secrets": {"get", "list", "watch"},
	"pods/exec": {"create", "get"},
	"pods/attach": {"create", "get"},
	"pods/ephemeralcontainers": {"update", "patch"},
}

# Somebody whom another organisation answers for.
outside(piece) if {
	platform == "gcp"
	regex.match(`^principal(Set)?://iam\.googleapis\.com/.*/(workloadIdentityPools|workforcePools)/`, piece.principal)
}

outside(piece) if {
	platform == "gcp"
	regex.match(`^(user|group):.*@(gmail|googlemail|googlegroups)\.com$`, lower(piece.principal))
}

outside(piece) if {
	platform == "gcp"
	count(own_domains) > 0
	found := regex.find_all_string_submatch_n(`^(?:user|group|domain):(?:.*@)?([^@]+)$`, lower(piece.principal), 1)
	not found[0][1] in own_domains
}

outside(piece) if {
	platform == "azure"
	startswith(piece.principal, "federated:")
}

outside(piece) if {
	platform == "kubernetes"
	count(own_accounts) > 0
	found := regex.find_all_string_submatch_n(`^arn:aws[a-z-]*:[a-z]+::([0-9]{12}):`, piece.principal, 1)
	not found[0][1] in own_accounts
}

# What the team says of itself in a data document: `organization: {domains: [...], aws_accounts: [...]}`.
own_domains := {lower(domain) | some domain in data.organization.domains}

own_accounts := {account | some account in data.organization.aws_accounts}
