# AWS actions that hand out credentials, in lower case.
# Facts: AWS service authorization reference; pathfinding.cloud (Apache-2.0).
package tollgate.lib.aws_sensitive

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

# Their services.
credential_services := {
	"apigateway", "chime", "codeartifact", "codebuild", "cognito-identity", "ec2", "ec2-instance-connect", "ecr",
	"gamelift", "iam", "lightsail", "rds-db", "redshift", "redshift-serverless", "sagemaker", "secretsmanager",
	"ssm", "sso", "sso-directory", "sts",
}
