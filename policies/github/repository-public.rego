package tollgate.github.repository_public

import data.tollgate.lib.access
import data.tollgate.lib.change

metadata := {
	"id": "github-repository-public",
	"title": "A repository is made public",
	"description": "Everybody can newly read the repository with its whole history, fork it, and open pull requests that its workflows may act on.",
	"severity": "high",
	"remediation": "Check the history for secrets and the workflows for pull_request_target first; or publish a copy.",
	"references": ["https://docs.github.com/repositories/managing-your-repositorys-settings-and-features/managing-repository-settings/setting-repository-visibility"],
	"platforms": ["github"],
}

approve contains change.finding("visibility", sprintf("was %s and is `public`", [change.show(change.field(change.before, "visibility"))])) if {
	access.undecided
	input.change.type == "github_repository"
	change.remains
	not change.created
	change.field(change.after, "visibility") == "public"
	change.field(change.before, "visibility") != "public"
}

warn contains change.severe("visibility", "low", "is created public") if {
	access.undecided
	input.change.type == "github_repository"
	change.created
	change.field(change.after, "visibility") == "public"
}
