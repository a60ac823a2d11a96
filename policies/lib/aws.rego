# Names of AWS: patterns of actions, accounts, managed policies, and condition keys that hold everyone somewhere.
package tollgate.lib.aws

import data.tollgate.lib.change

# `wider` matches all that `narrower` matches. Only a single trailing `*` is understood; else the words must agree.
covers(wider, narrower) if wider == narrower

covers(wider, narrower) if {
	endswith(wider, "*")
	prefix := trim_suffix(wider, "*")
	not regex.match(`[*?]`, prefix)
	startswith(narrower, prefix)
}

# The listed actions that a pattern reaches; a set lookup unless it has a wildcard.
touched(pattern, list) := {pattern} if pattern in list

else := list if pattern == "*"

else := {action |
	some action in list
	startswith(action, substring(pattern, 0, indexof(pattern, ":")))
	covers(pattern, action)
} if {
	contains(pattern, "*")
}

else := set()

# Whether one of the patterns reaches a listed action of some services. Patterns of others are not looked at: a managed
# policy of AWS has thousands.
reaches_any(patterns, list, services) if {
	some pattern in patterns
	low := lower(pattern)
	split(low, ":")[0] in services
	count(touched(low, list)) > 0
}

# Conditions that hold a `*` principal within an organisation, account, network, or one named caller.
limiting_keys := {
	"aws:principalorgid", "aws:principalorgpaths", "aws:principalaccount", "aws:principalarn",
	"aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths", "aws:sourceowner",
	"aws:sourcevpc", "aws:sourcevpce", "aws:vpcsourceip", "aws:userid", "aws:username",
	"kms:calleraccount", "s3:dataaccesspointaccount", "lambda:functionurlauthtype",
}

# An operator under which an absent key does not pass.
positive(operator) if {
	not contains(operator, "not")
	not contains(operator, "ifexists")
	not startswith(operator, "forallvalues:")
	operator != "null"
}

# The account in an ARN or a principal; undefined where there is none.
account(arn) := parts[4] if {
	is_string(arn)
	parts := split(arn, ":")
	parts[0] == "arn"
	regex.match(`^[0-9]{12}$`, parts[4])
}

# The accounts the change's own ARN names.
own_accounts := {id |
	some side in [change.before, change.after]
	some name in ["arn", "topic_arn", "secret_arn", "queue_arn"]
	id := account(change.field(side, name))
} | {id |
	some side in [change.before, change.after]
	some name in ["registry_id", "owner_id"]
	id := change.field(side, name)
	is_string(id)
}

# Administrator names among AWS managed policies: each allows everything, or rewriting anybody's permissions.
administrator_policies := {
	"AdministratorAccess", "AdministratorAccess-Amplify", "AdministratorAccess-AWSElasticBeanstalk",
	"IAMFullAccess", "AmazonEKSClusterAdminPolicy",
}

# Managed policies that allow nearly everything but permissions.
power_policies := {"PowerUserAccess", "SystemAdministrator", "AWSCloudFormationFullAccess", "AmazonEKSAdminPolicy"}

policy_name(arn) := regex.replace(arn, `^.*[/]`, "") if is_string(arn)
