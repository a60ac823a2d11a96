package tollgate.azure.federation_subject

import data.tollgate.lib.change

metadata := {
	"id": "azure-federation-subject",
	"title": "A federated credential admits pull requests or a pattern of subjects",
	"description": "An application or managed identity newly trusts tokens of pull requests, so that whoever can open one from a branch runs as it before any review; or it matches subjects by a pattern instead of one subject.",
	"severity": "high",
	"remediation": "Trust one branch or, better, one environment with reviewers: `repo:OWNER/NAME:environment:prod`.",
	"references": ["https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations"],
	"platforms": ["azure"],
	"kinds": ["federation"],
}

approve contains change.finding("subject", sprintf("newly trusts pull requests (%s)", [change.show(subject)])) if {
	change.remains
	subject := change.field(change.after, "subject")
	is_string(subject)
	regex.match(`:pull_request$|:ref_type:|merge_request`, subject)
	change.field(change.before, "subject") != subject
}

approve contains change.finding(path, sprintf("newly matches subjects by %s", [change.show(expression)])) if {
	change.remains
	path := "claims_matching_expression"
	some expression in expressions(change.after) - expressions(change.before)
	contains(expression, "matches")
}

expressions(side) := {text |
	some block in change.values(change.field(side, "claims_matching_expression"))
	text := value_of(block)
	is_string(text)
}

value_of(block) := change.field(block, "value") if is_object(block)

else := block
