# The words of the documents, where the comparison leaves doubt.
package tollgate.aws.credential_exposure

import data.tollgate.lib.access
import data.tollgate.lib.aws_sensitive
import data.tollgate.lib.aws_text

approve contains aws_text.finding(entry, sprintf("newly allows %s", [access.listed(sort(newly))])) if {
	access.by_text
	some entry in aws_text.gaining_identity
	not "*" in aws_text.actions(entry.is)
	newly := aws_text.added_of(entry, aws_sensitive.credential_exposure)
	count(newly) > 0
}
