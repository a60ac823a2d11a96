package tollgate.aws.federation_without_subject

import data.tollgate.lib.access
import data.tollgate.lib.aws
import data.tollgate.lib.aws_text
import data.tollgate.lib.change

metadata := {
	"id": "aws-federation-without-subject",
	"title": "A federation trust does not pin the subject",
	"description": "A role newly trusts an OpenID Connect provider without a condition on the token's subject, or with one that admits any repository, account or organisation of that provider. Providers such as GitHub Actions serve everybody, so anybody's workflow can take the role.",
	"severity": "high",
	"remediation": "Add StringEquals on `ISSUER:sub` with the exact repository and branch or environment, and on `ISSUER:aud`.",
	"references": ["https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html"],
	"platforms": ["aws"],
	"kinds": ["trust_policy", "resource_policy"],
}

approve contains aws_text.finding(entry, sprintf("newly trusts %s %s", [change.show_some(providers(entry.is)), flaw(entry.is)])) if {
	some entry in aws_text.gaining_resource
	access.gives(entry)
	count(providers(entry.is)) > 0
	flaw(entry.is)
	not as_open_before(entry.is)
}

providers(statement) := {id |
	id := statement.Principal.Federated[_]
	is_string(id)
	not contains(id, ":saml-provider/")
}

# What the subject condition lacks; undefined where it is good.
flaw(statement) := "without a condition on the subject" if {
	not pinned(statement)
	not audience_is_identity(statement)
}

else := sprintf("for any subject like %s", [change.show_some(loose(statement))]) if count(loose(statement)) > 0

pinned(statement) if count(subjects(statement)) > 0

# Values that a token's subject has to match, under an operator that an absent subject fails.
subjects(statement) := {value |
	wanted := statement.Condition[operator][key]
	endswith(lower(key), ":sub")
	aws.positive(lower(operator))
	some value in change.values(wanted)
}

loose(statement) := {value |
	some value in subjects(statement)
	is_string(value)
	some pattern in too_wide
	regex.match(pattern, value)
}

# Everything; any owner or any repository of an owner (GitHub); any project (GitLab); any namespace (Kubernetes).
too_wide := {
	`^[*?]`, `^repo:[^/]*[*?]`, `^repo:[^/]+/[*]`, `^project_path:[^/]*[*?]`, `^project_path:[^/:]+/[*]`,
	`^organization:[*?]`, `^organization:[^:]+:project:[*]`, `^system:serviceaccount:[^:]*[*?]`,
}

# Providers whose audience names one application of the owner's own.
audience_is_identity(statement) if {
	every id in providers(statement) { id in {"cognito-identity.amazonaws.com", "accounts.google.com", "www.amazon.com", "graph.facebook.com"} }
	wanted := statement.Condition[operator][key]
	regex.match(`:(aud|app_id|oaud)$`, lower(key))
	aws.positive(lower(operator))
	not "*" in change.values(wanted)
}

# The old document had the same hole, as wide.
as_open_before(statement) if {
	some old in aws_text.before_statements
	aws_text.allows(old.is)
	count(providers(statement) - providers(old.is)) == 0
	flaw(old.is)
	aws_text.asks_no_more(old.is, statement)
}
