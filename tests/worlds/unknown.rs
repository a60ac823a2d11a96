//! Values that are known only after apply: what is new stays new, and what cannot be excluded is possible, never
//! nothing. One case for each attribute that a grant is made from.

use crate::plan::{World, allow, arn, document, group, role, user};
use serde_json::{Value, json};
use tollgate::access::Verdict;

/// The verdict at the last address when `attribute` of an object becomes unknown.
fn becomes_unknown(world: World, address: &str, object: &Value, attribute: &str) -> (Verdict, Vec<String>) {
    let mut after = object.clone();
    after.as_object_mut().unwrap().remove(attribute);
    let said = world.change_unknown(address, object.clone(), after, json!({ attribute: true })).judge();
    (said.verdict(address), said.story())
}

fn each(address: &str, object: &Value, attributes: &[&str]) {
    for attribute in attributes {
        let (verdict, story) = becomes_unknown(World::new(), address, object, attribute);
        assert_ne!(verdict, Verdict::None, "{address} {attribute}: {story:#?}");
    }
}

#[test]
fn an_attribute_of_a_lambda_permission_becomes_unknown() {
    let object = json!({"function_name": "f", "principal": "events.amazonaws.com", "action": "lambda:InvokeFunction",
        "source_arn": "arn:aws:events:us-east-1:111122223333:rule/r", "source_account": "111122223333",
        "principal_org_id": "o-1234567890", "event_source_token": "t", "function_url_auth_type": "AWS_IAM"});
    let attributes = [
        "function_name",
        "principal",
        "action",
        "source_arn",
        "source_account",
        "principal_org_id",
        "event_source_token",
        "function_url_auth_type",
    ];
    each("aws_lambda_permission.p", &object, &attributes);
}

#[test]
fn an_attribute_of_a_key_grant_becomes_unknown() {
    let object = json!({"key_id": "1234", "grantee_principal": arn("role/app"), "operations": ["Decrypt"],
        "constraints": [{"encryption_context_equals": {"app": "a"}, "encryption_context_subset": null}]});
    each("aws_kms_grant.g", &object, &["key_id", "grantee_principal", "operations", "constraints"]);
    let mut after = object.clone();
    after["constraints"][0]["encryption_context_equals"] = Value::Null;
    let unknown = json!({"constraints": [{"encryption_context_equals": true}]});
    let said = World::new().change_unknown("aws_kms_grant.g", object.clone(), after.clone(), unknown).judge();
    assert_eq!(said.verdict("aws_kms_grant.g"), Verdict::Possible, "{:#?}", said.story());
    after["constraints"][0]["encryption_context_equals"] = json!({});
    let unknown = json!({"constraints": [{"encryption_context_equals": {"app": true}}]});
    let said = World::new().change_unknown("aws_kms_grant.g", object.clone(), after, unknown).judge();
    assert_ne!(said.verdict("aws_kms_grant.g"), Verdict::None, "{:#?}", said.story());
    let mut after = object.clone();
    after["operations"] = json!(["Decrypt", null]);
    let unknown = json!({"operations": [false, true]});
    let said = World::new().change_unknown("aws_kms_grant.g", object, after, unknown).judge();
    assert_eq!(said.verdict("aws_kms_grant.g"), Verdict::Possible, "{:#?}", said.story());
}

#[test]
fn an_attribute_of_a_cluster_access_policy_becomes_unknown() {
    let object = json!({"cluster_name": "c", "principal_arn": arn("role/app"),
        "policy_arn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
        "access_scope": [{"type": "namespace", "namespaces": ["web"]}]});
    each(
        "aws_eks_access_policy_association.a",
        &object,
        &["cluster_name", "principal_arn", "policy_arn", "access_scope"],
    );
    for (scope, unknown) in [
        (json!([{"namespaces": ["web"]}]), json!([{"type": true}])),
        (json!([{"type": "namespace"}]), json!([{"namespaces": true}])),
        (json!([{"type": "namespace", "namespaces": [null]}]), json!([{"namespaces": [true]}])),
    ] {
        let mut after = object.clone();
        after["access_scope"] = scope;
        let address = "aws_eks_access_policy_association.a";
        let said =
            World::new().change_unknown(address, object.clone(), after, json!({"access_scope": unknown})).judge();
        assert_ne!(said.verdict(address), Verdict::None, "{:#?}", said.story());
    }
}

/// An unknown source that is the attribute of another object is a value, whichever it is.
#[test]
fn a_permission_for_an_unknown_source_of_the_plan_is_told() {
    let after = json!({"function_name": "f", "principal": "events.amazonaws.com", "action": "lambda:InvokeFunction"});
    let address = "aws_lambda_permission.p";
    let said = World::new()
        .change_unknown("aws_cloudwatch_event_rule.r", Value::Null, json!({"name": "r"}), json!({"arn": true}))
        .change_unknown(address, Value::Null, after, json!({"source_arn": true}))
        .configured(
            address,
            json!({"function_name": {}, "principal": {}, "action": {},
            "source_arn": {"references": ["aws_cloudwatch_event_rule.r.arn", "aws_cloudwatch_event_rule.r"]}}),
        )
        .configured("aws_cloudwatch_event_rule.r", json!({"name": {}}))
        .judge();
    assert_ne!(said.verdict(address), Verdict::None, "{:#?}", said.story());
}

/// The name of a created cluster or function does not turn into a policy variable that nothing fulfils.
#[test]
fn a_grant_on_a_resource_whose_name_is_unknown_is_new() {
    for (address, object, named) in [
        (
            "aws_lambda_permission.p",
            json!({"principal": "arn:aws:iam::999999999999:root", "action": "lambda:InvokeFunction"}),
            "function_name",
        ),
        (
            "aws_eks_access_policy_association.a",
            json!({"principal_arn": arn("role/app"),
            "policy_arn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
            "access_scope": [{"type": "cluster"}]}),
            "cluster_name",
        ),
        ("aws_kms_grant.g", json!({"grantee_principal": arn("role/app"), "operations": ["Decrypt"]}), "key_id"),
    ] {
        let said = World::new().change_unknown(address, Value::Null, object, json!({ named: true })).judge();
        assert_eq!(said.verdict(address), Verdict::New, "{address}: {:#?}", said.story());
        let (access, new) = (&said.at[address], &said.at[address].new[0]);
        assert!(access.new.iter().all(|new| !new.witness.resource.contains("${")), "{new:?}");
    }
}

/// A condition on the caller's name cannot be decided while the name is not known.
#[test]
fn a_denial_by_name_does_not_hold_back_a_role_whose_name_is_unknown() {
    let statements = [
        allow("s3:*", "*"),
        json!({"Effect": "Deny", "Action": "s3:*", "Resource": "*",
        "Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/allowed-*"}}}),
    ];
    let mut object = role("x");
    object.as_object_mut().unwrap().retain(|key, _| key == "assume_role_policy" || key == "path");
    object["name_prefix"] = json!("allowed-");
    object["inline_policy"] = json!([{"name": "p", "policy": document(&statements)}]);
    let said = World::new()
        .change_unknown("aws_iam_role.r", Value::Null, object, json!({"name": true, "arn": true, "id": true}))
        .configured("aws_iam_role.r", json!({"inline_policy": {}, "assume_role_policy": {}, "name_prefix": {}}))
        .judge();
    let access = &said.at["aws_iam_role.r"];
    let gains = access.new.iter().any(|new| new.actions.contains(&"s3:*".to_owned()));
    assert!(gains || !access.reasons.is_empty(), "{:#?}", said.story());
}

/// A user who joins a group that is not known, or not in the plan, may gain anything.
#[test]
fn a_membership_of_a_group_that_is_not_shown_is_possible() {
    let address = "aws_iam_user_group_membership.m";
    let world = || World::new().stays("aws_iam_user.u", user("u"));
    let before = json!({"user": "u", "groups": []});
    let said = world().change_unknown(address, before.clone(), json!({"user": "u"}), json!({"groups": true})).judge();
    assert_eq!(said.verdict(address), Verdict::Possible, "{:#?}", said.story());
    let said = world().change(address, before.clone(), json!({"user": "u", "groups": ["elsewhere"]})).judge();
    assert_eq!(said.verdict(address), Verdict::Possible, "{:#?}", said.story());
    // One that the plan shows gives what it has.
    let said = world()
        .stays("aws_iam_group.g", group("g"))
        .change(address, before, json!({"user": "u", "groups": ["g"]}))
        .judge();
    assert_eq!(said.verdict(address), Verdict::None, "{:#?}", said.story());
}

/// A token's audience that is not known may be any.
#[test]
fn an_unknown_client_id_of_a_provider_is_possible() {
    let provider = arn("oidc-provider/issuer.example");
    let object = json!({"arn": provider, "url": "https://issuer.example", "client_id_list": ["a"]});
    let mut trusting = role("r");
    trusting["assume_role_policy"] =
        json!(document(&[json!({"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": provider}})]));
    let address = "aws_iam_openid_connect_provider.p";
    for (after, unknown) in [
        (json!({"arn": provider, "url": "https://issuer.example"}), json!({"client_id_list": true})),
        (
            json!({"arn": provider, "url": "https://issuer.example", "client_id_list": ["a", null]}),
            json!({"client_id_list": [false, true]}),
        ),
    ] {
        let said = World::new()
            .stays("aws_iam_role.r", trusting.clone())
            .change_unknown(address, object.clone(), after, unknown)
            .judge();
        assert_ne!(said.verdict(address), Verdict::None, "{:#?}", said.story());
    }
}

/// Code that runs with a role which the plan does not show may do anything.
#[test]
fn code_that_runs_with_an_unseen_role_is_possible() {
    let address = "aws_lambda_function.f";
    let before = json!({"function_name": "f", "role": arn("role/app"), "arn": "arn:aws:lambda:us-east-1:111122223333:function:f"});
    let mut after = before.clone();
    after["role"] = json!(arn("role/elsewhere"));
    let said =
        World::new().stays("aws_iam_role.app", role("app")).change(address, before.clone(), after.clone()).judge();
    assert_eq!(said.verdict(address), Verdict::Possible, "{:#?}", said.story());
    after.as_object_mut().unwrap().remove("role");
    let said = World::new().change_unknown(address, before, after, json!({"role": true})).judge();
    assert_eq!(said.verdict(address), Verdict::Possible, "{:#?}", said.story());
}

/// What AWS refuses in place of a role runs nothing; a role of another account or partition is none that it refuses.
#[test]
fn code_runs_with_nothing_that_is_no_role() {
    let address = "aws_lambda_function.f";
    let verdict = |role: &str| {
        let function = json!({"function_name": "f", "role": role});
        let said = World::new().change(address, Value::Null, function).judge();
        (said.verdict(address), said.at[address].reasons.first().map(|reason| reason.code.clone()))
    };
    for text in
        ["aws_iam_role.app.arn", "app", "arn:aws:lambda:us-east-1:account-id:resource-id", "arn:aws:iam::1:role/x"]
    {
        assert_eq!(verdict(text), (Verdict::None, Some("outside_plan".into())), "{text}");
    }
    for text in
        ["arn:aws:iam::999999999999:role/x", "arn:aws-cn:iam::999999999999:role/a/b", "arn::iam::999999999999:rolex"]
    {
        assert_eq!(verdict(text).0, Verdict::Possible, "{text}");
    }
}

/// Terraform before 1.0 names the resource that an expression refers to and not its attribute.
#[test]
fn a_reference_to_a_whole_resource_is_followed() {
    let address = "aws_iam_role_policy_attachment.a";
    let verdict = |reference: &str, action: &str| {
        let mut app = role("app");
        app["inline_policy"] = json!([{"name": "p", "policy": document(&[allow("s3:*", "*")])}]);
        let policy = |action: &str| json!({"name_prefix": "p", "path": "/", "policy": document(&[allow(action, "*")])});
        let unknown = json!({"arn": true, "id": true, "name": true});
        let said = World::new()
            .stays("aws_iam_role.app", app)
            .configured("aws_iam_role.app", json!({"name": {}, "inline_policy": {}}))
            .change_unknown("aws_iam_policy.p", Value::Null, policy(action), unknown)
            .change_unknown(address, Value::Null, json!({"role": "app"}), json!({"policy_arn": true}))
            .configured(address, json!({"role": {"constant_value": "app"}, "policy_arn": {"references": [reference]}}))
            .configured("aws_iam_policy.p", json!({"name_prefix": {}, "policy": {}}))
            .judge();
        said.verdict(address)
    };
    assert_eq!(verdict("aws_iam_policy.p", "s3:GetObject"), Verdict::None);
    assert_eq!(verdict("aws_iam_policy.p", "ec2:*"), Verdict::New);
    assert_eq!(verdict("aws_iam_policy.q", "s3:GetObject"), Verdict::Possible);
    assert_eq!(verdict("var.policy", "s3:GetObject"), Verdict::Possible);
}
