package tollgate.any.unranked_access

import data.tollgate.lib.access

metadata := {
	"id": "unranked-access",
	"title": "New access on a platform whose permissions are not ranked",
	"description": "Something is newly permitted on a platform that tollgate compares by the catalogue alone (GitLab, Vault, Okta, Snowflake and the like). That it is new is proved; how far it reaches is not known, because no rule knows the platform's roles and permissions. So it counts as more than the least.",
	"severity": "medium",
	"remediation": "Look the role or permission up in the platform's documentation, and check that the new access is meant and no wider than needed.",
	"references": ["https://csrc.nist.gov/glossary/term/least_privilege"],
	"verdicts": ["new"],
	"platforms": ["gitlab", "other"],
}

approve contains finding if {
	access.is_new
	some finding in access.findings(access.new, "do what no rule ranks")
}
