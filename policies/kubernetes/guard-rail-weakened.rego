package tollgate.kubernetes.guard_rail_weakened

import data.tollgate.lib.access
import data.tollgate.lib.change

metadata := {
	"id": "kubernetes-guard-rail-weakened",
	"title": "Pod security or admission control is weakened",
	"description": "A namespace enforces a lower pod security level, or an admission webhook or policy is removed or lets requests pass when it fails.",
	"severity": "high",
	"remediation": "Keep the level and the webhook; exempt single namespaces or workloads instead.",
	"references": ["https://kubernetes.io/docs/concepts/security/pod-security-admission/"],
	"platforms": ["kubernetes"],
	"kinds": ["boundary_or_guardrail", "other"],
}

approve contains finding if {
	access.guard_by_text
	some finding in weakened
}

levels := {"privileged": 0, "baseline": 1, "restricted": 2}

label := "pod-security.kubernetes.io/enforce"

weakened contains change.finding("metadata", sprintf("enforced pod security `%s` and now enforces %s", [old, new])) if {
	change.remains
	old := enforced(change.before)
	new := object.get({"": "none"}, enforced(change.after), enforced(change.after))
	rank(enforced(change.after)) < rank(old)
}

enforced(side) := level if {
	labels := change.field(change.block(change.field(side, "metadata")), "labels")
	level := change.field(labels, label)
	is_string(level)
}

else := ""

# Without the label, and under a level nobody knows, nothing is enforced.
rank(level) := object.get(levels, level, 0)

guards := {
	"kubernetes_validating_webhook_configuration", "kubernetes_validating_webhook_configuration_v1",
	"kubernetes_mutating_webhook_configuration", "kubernetes_mutating_webhook_configuration_v1",
	"kubernetes_validating_admission_policy_v1",
}

weakened contains change.finding("", "is removed, and checks nothing any more") if {
	input.change.type in guards
	change.gone
}

weakened contains change.finding("webhook", "lets requests pass when it fails") if {
	input.change.type in guards
	change.remains
	some name in failing(change.before)
	not name in failing(change.after)
}

# Webhooks that refuse when they cannot answer.
failing(side) := {change.field(webhook, "name") |
	some webhook in change.values(change.field(side, "webhook"))
	change.field(webhook, "failure_policy") in ["Fail", null]
}
