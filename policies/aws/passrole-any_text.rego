# The words of the documents, where the comparison leaves doubt.
package tollgate.aws.passrole_any

import data.tollgate.lib.access
import data.tollgate.lib.aws_text

approve contains aws_text.finding(entry, "newly allows iam:PassRole on any role") if {
	access.by_text
	some entry in aws_text.gaining_identity
	passes(aws_text.actions(entry.is))
	any_role(aws_text.resources(entry.is))
	some resource in aws_text.resources(entry.is)
	wide(resource)
	not aws_text.allowed_before("iam:passrole", resource, entry.is)
}
