package tollgate.gcp.guard_rail_weakened

import data.tollgate.lib.access
import data.tollgate.lib.change
import data.tollgate.lib.network

metadata := {
	"id": "gcp-guard-rail-weakened",
	"title": "A deny policy, organisation policy or public access setting is weakened",
	"description": "Something that restricts others (an IAM deny policy, an organisation policy, the prevention of public buckets, an access level or perimeter) is removed, switched off, or gains exceptions, so that grants behind it come into force.",
	"severity": "high",
	"remediation": "Keep the restriction, or have its owner agree to the exception.",
	"references": ["https://cloud.google.com/iam/docs/deny-overview"],
	"platforms": ["gcp"],
	"kinds": ["boundary_or_guardrail", "resource_policy"],
}

approve contains finding if {
	access.guard_by_text
	some finding in weakened
}

# IAM deny policies: what is not denied to somebody any more.
weakened contains change.finding("rules", "no longer deny as much") if {
	input.change.type == "google_iam_deny_policy"
	some rule in deny_rules(change.before)
	not kept(rule)
}

deny_rules(side) := {rule |
	entry := change.values(change.field(side, "rules"))[_]
	block := change.block(change.field(entry, "deny_rule"))
	count(block) > 0
	rule := {
		"permissions": strings(block, "denied_permissions"), "principals": strings(block, "denied_principals"),
		"but_permissions": strings(block, "exception_permissions"), "but_principals": strings(block, "exception_principals"),
		"condition": {change.field(condition, "expression") | some condition in change.values(change.field(block, "denial_condition"))},
	}
}

strings(block, name) := {value | some value in change.values(change.field(block, name))}

kept(old) if {
	change.remains
	missing := [permission | some permission in old.permissions; not denied_after(permission, old)]
	count(missing) == 0
}

denied_after(permission, old) if {
	some new in deny_rules(change.after)
	permission in new.permissions
	count(old.principals - new.principals) == 0
	count(new.but_permissions - old.but_permissions) == 0
	count(new.but_principals - old.but_principals) == 0
	new.condition in [set(), old.condition]
}

# Organisation policies: boolean constraints that are not enforced any more, lists that allow more or deny less.
weakened contains change.finding("spec", "enforced the constraint and no longer enforces it") if {
	input.change.type == "google_org_policy_policy"
	enforces(change.before)
	not enforces(change.after)
}

weakened contains change.finding("spec", sprintf("newly %s %s", [verb, change.show_some(values)])) if {
	input.change.type == "google_org_policy_policy"
	change.remains
	some verb, values in {
		"allows": listed(change.after, "allowed_values") - listed(change.before, "allowed_values"),
		"stops denying": listed(change.before, "denied_values") - listed(change.after, "denied_values"),
	}
	count(values) > 0
	not change.created
}

enforces(side) if {
	some rule in spec_rules(side)
	some name in ["enforce", "deny_all"]
	upper_text(change.field(rule, name)) == "TRUE"
}

upper_text(value) := upper(value) if is_string(value)

else := "TRUE" if value == true

else := ""

spec_rules(side) := [rule |
	spec := change.block(change.field(side, "spec"))
	some rule in change.values(change.field(spec, "rules"))
	is_object(rule)
]

listed(side, name) := {value |
	some rule in spec_rules(side)
	some values in change.values(change.field(rule, "values"))
	some value in change.values(change.field(values, name))
}

# Buckets.
weakened contains change.finding("public_access_prevention", "was enforced and no longer is") if {
	change.remains
	change.field(change.before, "public_access_prevention") == "enforced"
	change.field(change.after, "public_access_prevention") != "enforced"
}

weakened contains change.finding("uniform_bucket_level_access", "is switched off, so that object lists count again") if {
	change.remains
	change.field(change.before, "uniform_bucket_level_access") == true
	change.field(change.after, "uniform_bucket_level_access") != true
}

# Access levels admit more networks or members; perimeters go away.
weakened contains change.finding("basic", sprintf("newly admits %s", [change.show_some(values)])) if {
	input.change.type in {"google_access_context_manager_access_level", "google_access_context_manager_access_level_condition"}
	some name in ["ip_subnetworks", "members", "regions"]
	values := {value | some value in admitted(change.after, name); not admitted_before(value, name)}
	count(values) > 0
	count(admitted(change.before, name)) > 0
}

admitted_before(value, name) if {
	some old in admitted(change.before, name)
	network.holds(old, value)
}

admitted(side, name) := {value |
	basic := change.block(change.field(side, "basic"))
	some condition in change.values(change.field(basic, "conditions"))
	some value in change.values(change.field(condition, name))
}

weakened contains change.finding("", "is removed, and restricts nothing any more") if {
	change.gone
	input.change.type in {
		"google_org_policy_policy", "google_access_context_manager_service_perimeter",
		"google_access_context_manager_service_perimeter_resource", "google_iam_principal_access_boundary_policy",
		"google_project_organization_policy", "google_folder_organization_policy", "google_organization_policy",
	}
}
