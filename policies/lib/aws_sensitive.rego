# AWS actions that manage permissions, and actions that hand out credentials, in lower case. A short list of what
# matters most while text is judged; computed access carries AWS's own access levels.
# Facts: AWS service authorization reference; pathfinding.cloud (Apache-2.0).
package tollgate.lib.aws_sensitive

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

# Each returns a credential, or something that works like one.
credential_exposure := {
	"iam:createaccesskey", "iam:updateaccesskey", "iam:createloginprofile", "iam:updateloginprofile",
	"iam:createservicespecificcredential", "iam:resetservicespecificcredential", "iam:uploadsshpublickey",
	"iam:deactivatemfadevice", "iam:resyncmfadevice",
	"sts:assumerole", "sts:assumerolewithsaml", "sts:assumerolewithwebidentity", "sts:getfederationtoken",
	"secretsmanager:getsecretvalue", "secretsmanager:batchgetsecretvalue", "ssm:getparameter", "ssm:getparameters",
	"ssm:getparametersbypath", "ec2:getpassworddata", "ec2-instance-connect:sendsshpublickey",
	"ec2-instance-connect:sendserialconsolesshpublickey", "ecr:getauthorizationtoken",
	"codeartifact:getauthorizationtoken", "rds-db:connect", "redshift:getclustercredentials",
	"redshift-serverless:getcredentials", "lightsail:getinstanceaccessdetails", "lightsail:downloaddefaultkeypair",
	"cognito-identity:getcredentialsforidentity", "cognito-identity:getopenidtokenfordeveloperidentity",
	"sso:getrolecredentials", "sso-directory:updatepassword", "sagemaker:createpresigneddomainurl",
	"sagemaker:createpresignednotebookinstanceurl", "gamelift:requestuploadcredentials",
	"chime:createapikey", "apigateway:get", "codebuild:importsourcecredentials",
}
