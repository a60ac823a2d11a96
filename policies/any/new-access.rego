package tollgate.any.new_access

import data.tollgate.lib.access
import data.tollgate.lib.change

metadata := {
	"id": "new-access",
	"title": "The change newly permits something",
	"description": "The catch-all: somebody can do something after this change that nobody could do that way before, and a witness proves it. Other rules say how bad it is; this one makes sure that no proved new access passes unseen. A team may lower it.",
	"severity": "low",
	"remediation": "Check that the new access is meant and no wider than needed.",
	"references": ["https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege"],
	"verdicts": ["new"],
}

approve contains change.finding("", text) if {
	access.is_new
	pieces := access.new
	text := sprintf("%s%s", [access.show(pieces[0]), more(count(pieces) - 1)])
}

# The verdict alone is enough, should its pieces be missing.
approve contains change.finding("", "newly permits access that is not itemised") if {
	access.is_new
	count(access.new) == 0
}

more(0) := ""

more(n) := sprintf("; and %d more", [n]) if n > 0
