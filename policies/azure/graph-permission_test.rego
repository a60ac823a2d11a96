package tollgate.azure.graph_permission_test

import data.tollgate.azure.graph_permission as rule
import data.tollgate.lib.fixture

row(before, after) := fixture.text({"type": "azuread_app_role_assignment", "kind": "role_binding", "before": before, "after": after})

grant(id) := {"app_role_id": id, "principal_object_id": "p", "resource_object_id": "graph"}

roles := "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8"

test_fires_on_a_tenant_permission if {
	findings := rule.approve with input as row(null, grant(roles))
	findings == {{"msg": "`example.this`: `app_role_id` newly grants `RoleManagement.ReadWrite.Directory` to `p`", "path": "app_role_id"}}
	count(rule.approve) == 1 with input as row(grant(roles), object.union(grant(roles), {"principal_object_id": "q"}))
}

test_fires_on_consent_for_users if {
	consent := {"type": "azuread_service_principal_delegated_permission_grant", "before": {"claim_values": ["openid"]}, "after": {"claim_values": ["openid", "Directory.ReadWrite.All"]}}
	count(rule.approve) == 1 with input as fixture.text(consent)
}

test_quiet_on_other_permissions_and_removal if {
	count(rule.approve) == 0 with input as row(null, grant("7ab1d382-f21e-4acd-a863-ba3e13f7da61"))
	count(rule.approve) == 0 with input as row(grant(roles), null)
	count(rule.approve) == 0 with input as row(grant(roles), grant(roles))
}

test_unknown_permission_is_left_to_not_compared if count(rule.approve) == 0 with input as row(null, grant(fixture.unknown))
