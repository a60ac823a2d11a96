# The words of the documents, where the comparison leaves doubt.
package tollgate.aws.permissions_management

import data.tollgate.lib.access
import data.tollgate.lib.aws_text

approve contains aws_text.finding(entry, sprintf("newly allows %s", [access.listed(sort(newly))])) if {
	access.by_text
	some entry in aws_text.gaining_identity
	not "*" in aws_text.actions(entry.is)
	newly := aws_text.added_of(entry, permissions_management)
	count(newly) > 0
}

# Actions that manage permissions, in lower case: a short list of what matters most; computed access carries AWS's own
# access levels. Facts: AWS service authorization reference; pathfinding.cloud (Apache-2.0).
permissions_management := {
	"iam:addusertogroup", "iam:attachgrouppolicy", "iam:attachrolepolicy", "iam:attachuserpolicy",
	"iam:createpolicyversion", "iam:setdefaultpolicyversion", "iam:putgrouppolicy", "iam:putrolepolicy",
	"iam:putuserpolicy", "iam:updateassumerolepolicy", "iam:createrole",
	"iam:deletegrouppolicy", "iam:deleterolepolicy", "iam:deleteuserpolicy",
	"iam:detachgrouppolicy", "iam:detachrolepolicy", "iam:detachuserpolicy",
	"iam:deleterolepermissionsboundary", "iam:deleteuserpermissionsboundary",
	"iam:putrolepermissionsboundary", "iam:putuserpermissionsboundary",
	"iam:addroletoinstanceprofile", "iam:updatesamlprovider", "iam:createopenidconnectprovider",
	"iam:updateopenidconnectproviderthumbprint", "iam:addclientidtoopenidconnectprovider",
	"organizations:attachpolicy", "organizations:detachpolicy", "organizations:updatepolicy",
	"organizations:deletepolicy", "organizations:leaveorganization",
	"sso:attachmanagedpolicytopermissionset", "sso:attachcustomermanagedpolicyreferencetopermissionset",
	"sso:createaccountassignment", "sso:createpermissionset", "sso:provisionpermissionset",
	"sso:putinlinepolicytopermissionset", "sso:deletepermissionsboundaryfrompermissionset",
	"identitystore:creategroupmembership", "cognito-identity:setidentitypoolroles",
	"kms:creategrant", "kms:putkeypolicy", "s3:putbucketpolicy", "s3:deletebucketpolicy", "s3:putbucketacl",
	"s3:putobjectacl", "s3:putaccesspointpolicy", "s3:putbucketpublicaccessblock", "s3:putaccountpublicaccessblock",
	"lambda:addpermission", "lambda:addlayerversionpermission", "sns:addpermission", "sns:settopicattributes",
	"sqs:addpermission", "sqs:setqueueattributes", "secretsmanager:putresourcepolicy", "ecr:setrepositorypolicy",
	"ecr:putregistrypolicy", "dynamodb:putresourcepolicy", "events:putpermission", "glue:putresourcepolicy",
	"es:updatedomainconfig", "backup:putbackupvaultaccesspolicy", "eks:createaccessentry",
	"eks:associateaccesspolicy", "ram:createresourceshare", "ram:associateresourceshare",
	"ec2:modifysnapshotattribute", "ec2:modifyimageattribute", "rds:modifydbsnapshotattribute",
}
