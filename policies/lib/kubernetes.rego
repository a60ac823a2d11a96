# Kubernetes RBAC objects as text, whether a typed resource writes them in blocks or a manifest in the API's own words.
package tollgate.lib.kubernetes

import data.tollgate.lib.change

# The object of a manifest resource; undefined for a typed one.
manifest(side) := object if {
	object := change.field(side, "manifest")
	is_object(object)
	not change.unknown(object)
}

else := object if {
	text := change.field(side, "yaml_body")
	is_string(text)
	yaml.is_valid(text)
	object := yaml.unmarshal(text)
	is_object(object)
}

# A member of the object under its block name or its API name.
part(side, block, name) := change.field(manifest(side), name) if manifest(side)

else := change.field(side, block)

# Role rules in one shape, one for each combination: {group, resource, verb, names}.
permissions(side) := {permission |
	some rule in change.values(part(side, "rule", "rules"))
	some group in texts(rule, "api_groups", "apiGroups")
	some resource in texts(rule, "resources", "resources")
	some verb in texts(rule, "verbs", "verbs")
	permission := {
		"group": group, "resource": resource, "verb": verb,
		"names": {name | some name in texts(rule, "resource_names", "resourceNames")},
	}
}

texts(rule, block, name) := [text |
	some member in [block, name]
	some text in change.values(change.field(rule, member))
	is_string(text)
]

before_permissions := permissions(change.before)

after_permissions := permissions(change.after) if change.remains

else := set()

new_permissions := {permission |
	some permission in after_permissions
	not covered(permission)
}

covered(permission) if {
	some old in before_permissions
	old.group in [permission.group, "*"]
	reaches(old.resource, permission.resource)
	old.verb in [permission.verb, "*"]
	names_cover(old.names, permission.names)
}

reaches(pattern, resource) if pattern == resource

reaches(pattern, _) if pattern == "*"

# `*/scale` is that subresource of everything.
reaches(pattern, resource) if {
	startswith(pattern, "*/")
	endswith(resource, trim_prefix(pattern, "*"))
}

# No names are all names.
names_cover(old, _) if count(old) == 0

names_cover(old, new) if {
	count(new) > 0
	count(new - old) == 0
}

# Whether a permission is about a verb on a resource of a group.
matches(permission, group, resource, verb) if {
	permission.group in [group, "*"]
	reaches(permission.resource, resource)
	permission.verb in [verb, "*"]
}

show(permission) := sprintf("`%s` on `%s`", [permission.verb, concat("/", [word | some word in [permission.group, permission.resource]; word != ""])])

# The role of a binding: {kind, name}.
role_ref(side) := {"kind": change.field(block, "kind"), "name": change.field(block, "name")} if {
	block := change.block(part(side, "role_ref", "roleRef"))
}

# Subjects of a binding: {kind, name, namespace}.
subjects(side) := {subject |
	some block in change.values(part(side, "subject", "subjects"))
	is_object(block)
	kind := change.field(block, "kind")
	subject := {"kind": kind, "name": change.field(block, "name"), "namespace": namespace(kind, block)}
}

# Only service accounts live in a namespace; a provider fills in `default` for others.
namespace(kind, block) := change.field(block, "namespace") if kind == "ServiceAccount"

else := null

# Subjects that the binding did not give this role before.
new_subjects := subjects(change.after) if {
	change.remains
	not same_reach
}

else := subjects(change.after) - subjects(change.before) if change.remains

else := set()

# The same role for the whole cluster or the same namespace.
same_reach if {
	role_ref(change.before) == role_ref(change.after)
	place(change.before) in [place(change.after), null]
}

# A binding's namespace; null for a cluster role binding.
place(side) := change.field(change.block(part(side, "metadata", "metadata")), "namespace")

who(subjects_) := change.show_some({name |
	some subject in subjects_
	name := subject_name(subject)
})

subject_name(subject) := subject.name if change.unknown(subject.name)

else := sprintf("%s %s", [change.word(subject.kind), change.word(subject.name)])
