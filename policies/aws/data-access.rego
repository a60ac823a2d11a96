package tollgate.aws.data_access

import data.tollgate.lib.access

metadata := {
	"id": "aws-data-access",
	"title": "Data can newly be read or changed",
	"description": "Says, by AWS's own access levels, whether the new access reads or changes things, so that an approver sees at a glance what it is about. It informs; the approval is asked by `new-access`.",
	"severity": "info",
	"remediation": "Check that the data's owner agrees.",
	"references": ["https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_understand-policy-summary-access-level-summaries.html"],
	"platforms": ["aws"],
	"verdicts": ["new"],
}

warn contains finding if {
	some level, words in {"read": "read data", "write": "change or delete data"}
	pieces := [piece | some piece in access.new; level in access.levels(piece)]
	some finding in access.findings(pieces, words)
}
