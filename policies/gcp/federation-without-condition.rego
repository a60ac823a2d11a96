package tollgate.gcp.federation_without_condition

import data.tollgate.lib.change
import data.tollgate.lib.gcp

metadata := {
	"id": "gcp-federation-without-condition",
	"title": "A workload identity federation admits too many",
	"description": "A provider of a workload identity pool newly admits every token of an issuer that serves everybody (no attribute condition), or a role is granted to a whole pool or a whole owner instead of one repository or subject.",
	"severity": "high",
	"remediation": "Set attribute_condition on the owner, and grant to `principalSet://…/attribute.repository/OWNER/NAME` or to one subject.",
	"references": ["https://cloud.google.com/iam/docs/workload-identity-federation-with-deployment-pipelines#conditions"],
	"platforms": ["gcp"],
}

# Issuers whose tokens anybody can get; their provider needs a condition.
shared := {
	"https://token.actions.githubusercontent.com", "https://gitlab.com", "https://app.terraform.io",
	"https://agent.buildkite.com", "https://accounts.google.com",
}

approve contains change.finding("attribute_condition", sprintf("admits any token of %s", [change.show(issuer)])) if {
	input.change.type == "google_iam_workload_identity_pool_provider"
	issuer := admits_all(change.after)
	not admits_all(change.before)
}

approve contains change.finding("attribute_condition", sprintf("is dropped (before: %s)", [change.show(old)])) if {
	input.change.type == "google_iam_workload_identity_pool_provider"
	change.remains
	not admits_all(change.after)
	old := change.field(change.before, "attribute_condition")
	not old in [null, ""]
	change.field(change.after, "attribute_condition") in [null, ""]
}

admits_all(side) := issuer if {
	change.field(side, "attribute_condition") in [null, ""]
	change.field(side, "disabled") != true
	oidc := change.block(change.field(side, "oidc"))
	uri := change.field(oidc, "issuer_uri")
	is_string(uri)
	issuer := trim_right(uri, "/")
	issuer in shared
}

approve contains change.finding(grant.path, sprintf("newly grants %s to %s", [change.show(grant.role), change.show(grant.member)])) if {
	some grant in gcp.new_grants
	is_string(grant.member)
	regex.match(`/workloadIdentityPools/[^/]+/(\*|attribute\.(repository_owner|repository_owner_id|namespace_path|aud)/.*)$`, grant.member)
}
