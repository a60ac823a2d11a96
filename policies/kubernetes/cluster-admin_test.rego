package tollgate.kubernetes.cluster_admin_test

import data.tollgate.kubernetes.cluster_admin as rule
import data.tollgate.lib.fixture

binding(role, subjects) := {
	"metadata": [{"name": "b", "namespace": null}],
	"role_ref": [{"api_group": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}], "subject": subjects,
}

namespaced(role, subjects) := object.union(binding(role, subjects), {"metadata": [{"name": "b", "namespace": "shop"}]})

alice := {"kind": "User", "name": "alice", "namespace": "default"}

robot := {"kind": "ServiceAccount", "name": "robot", "namespace": "ci"}

row(before, after) := fixture.text({"type": "kubernetes_cluster_role_binding_v1", "kind": "role_binding", "before": before, "after": after})

aws_auth(roles) := {"data": {"mapRoles": json.marshal(roles)}}

node := {"rolearn": "arn:aws:iam::1:role/node", "groups": ["system:nodes"]}

admin := {"rolearn": "arn:aws:iam::1:role/admin", "groups": ["system:masters"]}

test_fires_on_a_binding if {
	findings := rule.approve with input as row(null, binding("cluster-admin", [alice]))
	findings == {{"msg": "`example.this`: `role_ref` newly binds cluster-admin to `User alice`", "path": "role_ref", "severity": "critical"}}
}

test_fires_on_another_subject_or_role if {
	findings := rule.approve with input as row(binding("cluster-admin", [alice]), binding("cluster-admin", [alice, robot]))
	{finding.msg | some finding in findings} == {"`example.this`: `role_ref` newly binds cluster-admin to `ServiceAccount robot`"}
	count(rule.approve) == 1 with input as row(binding("view", [alice]), binding("cluster-admin", [alice]))
}

test_fires_in_a_namespace_as_high if {
	findings := rule.approve with input as row(null, namespaced("cluster-admin", [alice]))
	findings == {{
		"msg": "`example.this`: `role_ref` newly binds cluster-admin to `User alice` in namespace `shop`",
		"path": "role_ref", "severity": "high",
	}}
	count(rule.approve) == 1 with input as row(namespaced("cluster-admin", [alice]), binding("cluster-admin", [alice]))
}

test_fires_on_a_manifest if {
	object := {
		"kind": "ClusterRoleBinding", "metadata": {"name": "b"}, "roleRef": {"kind": "ClusterRole", "name": "cluster-admin"},
		"subjects": [{"kind": "User", "name": "alice"}],
	}
	count(rule.approve) == 1 with input as row(null, {"manifest": object})
	count(rule.approve) == 1 with input as row(null, {"yaml_body": json.marshal(object)})
}

test_fires_on_system_masters if {
	findings := rule.approve with input as row(aws_auth([node]), aws_auth([node, admin]))
	findings == {{"msg": "`example.this`: `data` newly puts `arn:aws:iam::1:role/admin` into system:masters", "path": "data"}}
}

test_quiet_on_other_roles_removal_and_no_change if {
	count(rule.approve) == 0 with input as row(null, binding("view", [alice]))
	count(rule.approve) == 0 with input as row(binding("cluster-admin", [alice, robot]), binding("cluster-admin", [alice]))
	count(rule.approve) == 0 with input as row(binding("cluster-admin", [alice]), null)
	count(rule.approve) == 0 with input as row(binding("cluster-admin", [alice]), namespaced("cluster-admin", [alice]))
	count(rule.approve) == 0 with input as row(aws_auth([node, admin]), aws_auth([admin]))
}

test_quiet_on_the_group_that_has_it if {
	masters := {"kind": "Group", "name": "system:masters", "namespace": ""}
	count(rule.approve) == 0 with input as row(null, binding("cluster-admin", [masters]))
}

test_unknown_subject_still_fires if {
	findings := rule.approve with input as row(null, binding("cluster-admin", [{"kind": "User", "name": fixture.unknown}]))
	{finding.msg | some finding in findings} == {"`example.this`: `role_ref` newly binds cluster-admin to (known after apply)"}
}

test_unknown_role_is_left_to_not_compared if {
	count(rule.approve) == 0 with input as row(null, binding(fixture.unknown, [alice]))
	count(rule.approve) == 0 with input as row(null, {"manifest": fixture.unknown})
}
