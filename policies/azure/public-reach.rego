package tollgate.azure.public_reach

import data.tollgate.lib.access

metadata := {
	"id": "azure-public-reach",
	"title": "Everyone can newly reach something",
	"description": "The comparison found a request that anybody on the internet may newly make, without signing in.",
	"severity": "high",
	"remediation": "Keep containers private; hand out access by role or by a short-lived user delegation signature.",
	"references": ["https://learn.microsoft.com/azure/storage/blobs/anonymous-read-access-prevent"],
	"platforms": ["azure"],
	"verdicts": ["new"],
}

approve contains finding if {
	pieces := [piece | some piece in access.new; piece.principal == "anonymous"]
	some finding in access.findings(pieces, "reach it without signing in")
}
