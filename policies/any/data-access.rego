package tollgate.any.data_access

import data.tollgate.lib.access

metadata := {
	"id": "data-access",
	"title": "Data can newly be read or changed",
	"description": "Says, by access levels, whether the new access reads or changes things, so that an approver sees at a glance what it is about. It informs; the approval is asked by `new-access`.",
	"severity": "info",
	"remediation": "Check that the data's owner agrees.",
	"references": ["https://csrc.nist.gov/glossary/term/least_privilege"],
	"platforms": ["gcp", "azure", "kubernetes", "github"],
	"verdicts": ["new"],
}

warn contains finding if {
	some level, words in {"read": "read data", "write": "change or delete data"}
	pieces := [piece | some piece in access.new; level in access.levels(piece)]
	some finding in access.graded({"info": pieces}, words)
}
