package tollgate.kubernetes.everyone_subject_test

import data.tollgate.kubernetes.everyone_subject as rule
import data.tollgate.lib.fixture

binding(role, subjects) := {"role_ref": [{"kind": "ClusterRole", "name": role}], "subject": subjects}

all := {"kind": "Group", "name": "system:authenticated", "namespace": "default"}

alice := {"kind": "User", "name": "alice"}

row(before, after) := fixture.text({"type": "kubernetes_cluster_role_binding_v1", "kind": "role_binding", "before": before, "after": after})

test_fires_on_everyone if {
	findings := rule.approve with input as row(binding("view", [alice]), binding("view", [alice, all]))
	findings == {{"msg": "`example.this`: `subject` newly binds role `view` to `Group system:authenticated`", "path": "subject"}}
}

test_fires_and_blocks_administration_for_everyone if {
	count(rule.deny) == 1 with input as row(null, binding("cluster-admin", [all]))
	count(rule.approve) == 0 with input as row(null, binding("cluster-admin", [all]))
}

test_quiet_on_others_removal_and_no_change if {
	count(rule.approve) == 0 with input as row(null, binding("view", [alice]))
	count(rule.approve) == 0 with input as row(binding("view", [alice, all]), binding("view", [alice]))
	count(rule.approve) == 0 with input as row(binding("view", [all]), binding("view", [all]))
}

test_unknown_role_for_everyone_fires if {
	findings := rule.approve with input as row(null, binding(fixture.unknown, [all]))
	{finding.msg | some finding in findings} == {"`example.this`: `subject` newly binds role (known after apply) to `Group system:authenticated`"}
}

test_unknown_subject_is_left_to_not_compared if {
	count(rule.approve) == 0 with input as row(null, binding("view", [{"kind": "Group", "name": fixture.unknown}]))
}
