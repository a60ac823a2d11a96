# Names of roles and permissions that lead to control of a tenant or subscription. Names only, so that the list can be
# replaced as a whole; from emiliensocchi/azure-tiering. Ids of built-in roles: Azure documentation.
package tollgate.lib.azure_tier0

builtin_roles := {
	"0f37683f-2463-46b6-9ce7-9b788b988ba2": "App Compliance Automation Administrator",
	"f353d9bd-d4a6-484e-a77a-8050b599b867": "Automation Contributor",
	"92b92042-07d9-4307-87f7-36a593fc5850": "Azure File Sync Administrator",
	"b78c5d69-af96-48a3-bf8d-a8b4d589de94": "Azure AI Administrator",
	"18ab4d3d-a1bf-4477-8ad9-8359bc988f69": "Azure Kubernetes Fleet Manager RBAC Cluster Admin",
	"0ab0b1a8-8aac-4efd-b8c2-3ee1fb270be8": "Azure Kubernetes Service Cluster Admin Role",
	"4abbcc35-e782-43d8-92c5-2d3f1bd2253f": "Azure Kubernetes Service Cluster User Role",
	"ed7f3fbd-7b88-4dd4-9017-9adb7ce333f8": "Azure Kubernetes Service Contributor Role",
	"3498e952-d568-435e-9b2c-8d77e338d7f7": "Azure Kubernetes Service RBAC Admin",
	"b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b": "Azure Kubernetes Service RBAC Cluster Admin",
	"a7ffa36f-339b-4b5c-8bdf-e2c188b2c0eb": "Azure Kubernetes Service RBAC Writer",
	"ef318e2a-8334-4a05-9e4a-295a196c6a6e": "Azure Red Hat OpenShift Federated Credential",
	"25fbc0a9-bd7c-42a3-aa1a-3b75d497ee68": "Cognitive Services Contributor",
	"a001fd3d-188f-4b5d-821b-7da978bf7442": "Cognitive Services OpenAI Contributor",
	"f3bd1b5c-91fa-40e7-afe7-0c11d331232c": "Container Apps Operator",
	"b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
	"86240b0e-9422-4c43-887b-b61143f32ba8": "Desktop Virtualization Application Group Contributor",
	"082f0a83-3be5-4ba1-904c-961cca79b387": "Desktop Virtualization Contributor",
	"2ad6aaab-ead9-4eaa-8ac5-da422f562408": "Desktop Virtualization Session Host Operator",
	"a959dbd1-f747-45e3-8ba6-dd80f235f97c": "Desktop Virtualization Virtual Machine Contributor",
	"87a39d53-fc1b-424a-814c-f7e04687dc9e": "Logic App Contributor",
	"e40ec5ca-96e0-45a2-b4ff-59039f2c2b59": "Managed Identity Contributor",
	"7e559ce2-48d7-4b27-9128-fa1b247f1308": "Managed Identity Federated Identity Credential Contributor",
	"f1a07417-d97a-45cb-824c-7a7467783830": "Managed Identity Operator",
	"8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
	"36243c78-bf99-498c-9df9-86d9f8d28608": "Resource Policy Contributor",
	"f58310d9-a9f6-439a-9e8d-f62e7b41a168": "Role Based Access Control Administrator",
	"fb1c8493-542b-48eb-b624-b4c8fea62acd": "Security Admin",
	"18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
	"1c0163c0-47e6-4577-8991-ea5c82e286e4": "Virtual Machine Administrator Login",
	"9980e02c-c2be-4d73-94e8-173b1dc7cf3c": "Virtual Machine Contributor",
	"fb879df8-f326-4884-b1cf-06f3ad86be52": "Virtual Machine User Login",
	"de139f84-1756-47ae-9be6-808fbbe84772": "Website Contributor",
}

# Entra directory roles by template id (Microsoft Entra built-in roles reference).
entra_roles := {
	"62e90394-69f5-4237-9190-012177145e10": "Global Administrator",
	"e8611ab8-c189-46e8-94e1-60213ab1f814": "Privileged Role Administrator",
	"7be44c8a-adaf-4e2a-84d6-ab2649e08a13": "Privileged Authentication Administrator",
	"9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3": "Application Administrator",
	"158c047a-c907-4556-b7ef-446551a6b5f7": "Cloud Application Administrator",
	"b1be1c3e-b65d-4f19-8427-f6fa0d97feb9": "Conditional Access Administrator",
	"194ae4cb-b126-40b2-bd5b-6091b380977d": "Security Administrator",
	"fe930be7-5e62-47db-91af-98c3a49a38b1": "User Administrator",
	"729827e3-9c14-49f7-bb1b-9608f156bbb8": "Helpdesk Administrator",
	"966707d0-3269-4727-9be2-8c3a10f19b9d": "Password Administrator",
	"c4e39bd9-1100-46d3-8c65-fb160da0071f": "Authentication Administrator",
	"29232cdf-9323-42fd-ade2-1d097af3e4de": "Exchange Administrator",
	"f28a1f50-f6e7-4571-818b-6a12f2af6b6c": "SharePoint Administrator",
	"3a2c62db-5318-420d-8d74-23affee5d9d5": "Intune Administrator",
}

# Microsoft Graph application permissions by app role id (Microsoft Graph permissions reference).
graph_permissions := {
	"9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8": "RoleManagement.ReadWrite.Directory",
	"06b708a9-e830-4db3-a914-8e69da51d44f": "AppRoleAssignment.ReadWrite.All",
	"1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9": "Application.ReadWrite.All",
	"19dbc75e-c2e2-444c-a770-ec69d8559fc7": "Directory.ReadWrite.All",
	"dbaae8cf-10b5-4b86-a4a1-f871c94c6695": "GroupMember.ReadWrite.All",
	"62a82d76-70ea-41e2-9197-370581804d09": "Group.ReadWrite.All",
	"741f803b-c850-494e-b5df-cde7c675a1ca": "User.ReadWrite.All",
}
