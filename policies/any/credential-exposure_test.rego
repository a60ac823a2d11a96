package tollgate.any.credential_exposure_test

import data.tollgate.any.credential_exposure as rule
import data.tollgate.lib.fixture

fires(platform, piece) if count(rule.approve) == 1 with input as fixture.computed({"platform": platform}, [piece])

test_fires_on_each_platform if {
	fires("gcp", fixture.piece("user:a", ["secretmanager.versions.access"], ["read"], ["p"]))
	fires("azure", fixture.piece("a", ["Microsoft.Storage/storageAccounts/listKeys/action"], ["write"], ["/"]))
	fires("azure", fixture.piece("a", ["Microsoft.KeyVault/vaults/secrets/getSecret/action"], ["write"], ["/"]))
	fires("azure", fixture.piece("a", ["Microsoft.KeyVault/vaults/*"], ["write"], ["/"]))
	fires("kubernetes", fixture.piece("User:a", ["kubernetes:list"], ["list"], ["secrets"]))
	fires("kubernetes", fixture.piece("User:a", ["kubernetes:create"], ["write"], ["pods/exec"]))
}

test_quiet_on_others if {
	not fires("gcp", fixture.piece("user:a", ["secretmanager.secrets.list"], ["list"], ["p"]))
	not fires("azure", fixture.piece("a", ["Microsoft.Storage/storageAccounts/read"], ["read"], ["/"]))
	not fires("kubernetes", fixture.piece("User:a", ["kubernetes:create"], ["write"], ["secrets"]))
	not fires("kubernetes", fixture.piece("User:a", ["kubernetes:*"], ["permissions"], ["*.*", "secrets"]))
}

test_unknown_role_is_left_to_other_rules if {
	count(rule.approve) == 0 with input as fixture.possible({"platform": "kubernetes", "unknown": ["rule"]}, "unknown_value")
}
