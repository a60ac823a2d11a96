package tollgate.azure.public_storage

import data.tollgate.lib.change

metadata := {
	"id": "azure-public-storage",
	"title": "Storage is opened to everyone",
	"description": "A container's blobs can newly be read (or listed) by everybody on the internet, or an account newly lets its containers be public.",
	"severity": "high",
	"remediation": "Keep containers private; hand out access by role or by a short-lived user delegation signature.",
	"references": ["https://learn.microsoft.com/azure/storage/blobs/anonymous-read-access-prevent"],
	"platforms": ["azure"],
}

approve contains change.finding("container_access_type", sprintf("is newly %s", [change.show(level)])) if {
	change.remains
	level := change.field(change.after, "container_access_type")
	level in {"blob", "container"}
	not change.field(change.before, "container_access_type") in [level, "container"]
}

approve contains change.severe("allow_nested_items_to_be_public", "medium", "newly lets containers be public") if {
	change.remains
	change.field(change.after, "allow_nested_items_to_be_public") == true
	change.field(change.before, "allow_nested_items_to_be_public") == false
}
