package tollgate.azure.public_storage_test

import data.tollgate.azure.public_storage as rule
import data.tollgate.lib.fixture

row(before, after) := fixture.text({"type": "azurerm_storage_container", "before": before, "after": after})

test_fires_on_a_public_container if {
	findings := rule.approve with input as row({"container_access_type": "private"}, {"container_access_type": "blob"})
	findings == {{"msg": "`example.this`: `container_access_type` is newly `blob`", "path": "container_access_type"}}
	count(rule.approve) == 1 with input as row({"container_access_type": "blob"}, {"container_access_type": "container"})
}

test_fires_on_an_account_that_allows_it if {
	count(rule.approve) == 1 with input as row({"allow_nested_items_to_be_public": false}, {"allow_nested_items_to_be_public": true})
}

test_quiet_on_narrowing_and_removal if {
	count(rule.approve) == 0 with input as row({"container_access_type": "container"}, {"container_access_type": "blob"})
	count(rule.approve) == 0 with input as row({"container_access_type": "blob"}, {"container_access_type": "private"})
	count(rule.approve) == 0 with input as row({"container_access_type": "blob"}, null)
	count(rule.approve) == 0 with input as row({"allow_nested_items_to_be_public": true}, {"allow_nested_items_to_be_public": true})
}

test_unknown_level_is_left_to_not_compared if {
	count(rule.approve) == 0 with input as row(null, {"container_access_type": fixture.unknown})
}
