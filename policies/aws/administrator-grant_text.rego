# The words of the documents, where the comparison leaves doubt.
package tollgate.aws.administrator_grant

import data.tollgate.lib.access
import data.tollgate.lib.aws_text

approve contains aws_text.finding(entry, "newly allows every action on every resource") if {
	access.by_text
	some entry in aws_text.gaining_identity
	"*" in aws_text.actions(entry.is)
	"*" in aws_text.resources(entry.is)
	not aws_text.allowed_before("*", "*", entry.is)
}
