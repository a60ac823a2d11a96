//! Ways to gain access that no single document shows. Each must be new, or at least not nothing.

use serde_json::{Value, json};
use tollgate::access::Verdict;

use crate::plan::{ACCOUNT, World, allow, arn, deny, document, group, role, user};

fn is(world: &World, address: &str, expected: Verdict) {
    let said = world.judge();
    assert_eq!(said.verdict(address), expected, "{:#?}\n{}", said.story(), world.changes());
}

fn is_new(world: &World, address: &str) {
    is(world, address, Verdict::New);
}

fn inline(statements: &[Value]) -> Value {
    json!({"name": "p", "role": "app", "policy": document(statements)})
}

fn managed(name: &str, statements: &[Value]) -> Value {
    json!({"name": name, "path": "/", "arn": arn(&format!("policy/{name}")), "policy": document(statements)})
}

fn with(mut object: Value, member: &str, value: Value) -> Value {
    object[member] = value;
    object
}

fn app() -> World {
    World::new().stays("aws_iam_role.app", role("app"))
}

#[test]
fn a_control_policy_excepts_more() {
    let limit = |excepted: &[&str]| {
        let statement = json!({"Effect": "Deny", "NotAction": excepted, "Resource": "*"});
        json!({"id": "p-1", "name": "limit", "type": "SERVICE_CONTROL_POLICY", "content": document(&[statement])})
    };
    let world = World::new()
        .stays("aws_organizations_policy_attachment.a", json!({"policy_id": "p-1", "target_id": ACCOUNT}))
        .change("aws_organizations_policy.limit", limit(&["s3:*"]), limit(&["s3:*", "iam:*"]));
    is_new(&world, "aws_organizations_policy.limit");
}

#[test]
fn a_boundary_spares_another_resource() {
    let limit = |spared: &str| {
        managed(
            "limit",
            &[json!({"Effect": "Allow", "Action": "*", "NotResource": format!("arn:aws:s3:::{spared}/*")})],
        )
    };
    let world = World::new()
        .stays("aws_iam_role.app", with(role("app"), "permissions_boundary", json!(arn("policy/limit"))))
        .stays("aws_iam_role_policy.app", inline(&[allow("*", "*")]))
        .change("aws_iam_policy.limit", limit("secret"), limit("other"));
    is_new(&world, "aws_iam_policy.limit");
}

#[test]
fn a_role_may_take_the_next_one() {
    let trust = |who: &[String]| {
        let statement = json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": who}});
        with(role("strong"), "assume_role_policy", json!(document(&[statement])))
    };
    let world =
        app().change("aws_iam_role.strong", trust(&[arn("role/other")]), trust(&[arn("role/other"), arn("role/app")]));
    is_new(&world, "aws_iam_role.strong");
}

#[test]
fn an_attachment_of_a_policy_gains_a_role_or_a_group() {
    let attachment = |roles: Value, groups: Value| json!({"name": "a", "policy_arn": arn("policy/wide"), "roles": roles, "users": [], "groups": groups});
    let world = app().stays("aws_iam_policy.wide", managed("wide", &[allow("ec2:*", "*")])).change(
        "aws_iam_policy_attachment.a",
        attachment(json!([]), json!([])),
        attachment(json!(["app"]), json!([])),
    );
    is_new(&world, "aws_iam_policy_attachment.a");
    let world = World::new()
        .stays("aws_iam_policy.wide", managed("wide", &[allow("ec2:*", "*")]))
        .stays("aws_iam_user.u", user("u"))
        .stays("aws_iam_group.g", group("g"))
        .stays("aws_iam_user_group_membership.u", json!({"user": "u", "groups": ["g"]}))
        .change("aws_iam_policy_attachment.a", attachment(json!([]), json!([])), attachment(json!([]), json!(["g"])));
    is_new(&world, "aws_iam_policy_attachment.a");
}

#[test]
fn an_exclusive_list_drops_a_denial() {
    let listed = |arns: Value| with(role("app"), "managed_policy_arns", arns);
    let world = World::new()
        .stays("aws_iam_policy.hold", managed("hold", &[deny("iam:*", "*")]))
        .stays("aws_iam_role_policy.app", inline(&[allow("*", "*")]))
        .change("aws_iam_role.app", listed(json!([arn("policy/hold")])), listed(json!([])))
        .configured("aws_iam_role.app", json!({"managed_policy_arns": {}, "assume_role_policy": {}, "name": {}}));
    is_new(&world, "aws_iam_role.app");
    let blocks = |blocks: Value| with(role("app"), "inline_policy", blocks);
    let hold = json!([{"name": "hold", "policy": document(&[deny("iam:*", "*")])}]);
    let world = World::new()
        .stays("aws_iam_policy.wide", managed("wide", &[allow("*", "*")]))
        .stays("aws_iam_role_policy_attachment.app", json!({"role": "app", "policy_arn": arn("policy/wide")}))
        .change("aws_iam_role.app", blocks(hold), blocks(json!([])))
        .configured("aws_iam_role.app", json!({"inline_policy": {}, "assume_role_policy": {}, "name": {}}));
    is_new(&world, "aws_iam_role.app");
}

#[test]
fn a_user_moves_to_another_group_or_leaves_one() {
    let world = || {
        World::new()
            .stays("aws_iam_user.u", user("u"))
            .stays("aws_iam_group.admins", group("admins"))
            .stays("aws_iam_group.held", group("held"))
            .stays(
                "aws_iam_user_policy.u",
                json!({"name": "p", "user": "u", "policy": document(&[allow("s3:*", "*")])}),
            )
            .stays(
                "aws_iam_group_policy.admins",
                json!({"name": "p", "group": "admins", "policy": document(&[allow("iam:*", "*")])}),
            )
            .stays(
                "aws_iam_group_policy.held",
                json!({"name": "p", "group": "held", "policy": document(&[deny("s3:Delete*", "*")])}),
            )
    };
    let of = |groups: Value| json!({"user": "u", "groups": groups});
    let address = "aws_iam_user_group_membership.u";
    is_new(&world().change(address, of(json!(["held"])), of(json!(["held", "admins"]))), address);
    is_new(&world().change(address, of(json!(["held"])), of(json!([]))), address);
    is_new(&world().change(address, of(json!(["held"])), Value::Null), address);
}

#[test]
fn a_bucket_opens_by_each_of_its_locks() {
    let block = json!({"bucket": "b", "block_public_acls": true, "block_public_policy": true,
        "ignore_public_acls": true, "restrict_public_buckets": true});
    let open = json!({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"});
    let open = json!({"bucket": "b", "policy": document(&[open])});
    let lifted = World::new().stays("aws_s3_bucket_policy.b", open).change(
        "aws_s3_bucket_public_access_block.b",
        block.clone(),
        Value::Null,
    );
    is_new(&lifted, "aws_s3_bucket_public_access_block.b");
    let weaker = with(block.clone(), "ignore_public_acls", json!(false));
    let said = World::new().change("aws_s3_bucket_public_access_block.b", block, weaker).judge();
    assert_ne!(said.verdict("aws_s3_bucket_public_access_block.b"), Verdict::None, "{:#?}", said.story());
    let acl = |acl: &str| json!({"bucket": "b", "acl": acl});
    let said = World::new().change("aws_s3_bucket_acl.b", acl("private"), acl("public-read")).judge();
    assert_ne!(said.verdict("aws_s3_bucket_acl.b"), Verdict::None, "{:#?}", said.story());
}

#[test]
fn a_bucket_loses_the_policy_that_denied() {
    let hold = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"});
    let policy = json!({"bucket": "b", "policy": document(&[hold])});
    let address = "aws_s3_bucket_policy.b";
    let stays = json!({"bucket": "b", "arn": "arn:aws:s3:::b"});
    is_new(&World::new().change(address, policy.clone(), Value::Null), address);
    is_new(&World::new().stays("aws_s3_bucket.b", stays.clone()).change(address, policy.clone(), Value::Null), address);
    // Nobody gains by a bucket that goes away, or by one that is made with a denial.
    let gone = World::new().change("aws_s3_bucket.b", stays, Value::Null).change(address, policy.clone(), Value::Null);
    is(&gone, address, Verdict::None);
    is(&World::new().change(address, Value::Null, policy), address, Verdict::None);
}

#[test]
fn a_policy_of_one_bucket_denies_nothing_on_another() {
    let hold = json!({"Effect": "Deny", "Principal": {"AWS": arn("role/app")}, "Action": "s3:*", "Resource": "*"});
    let world = app().stays("aws_s3_bucket_policy.b", json!({"bucket": "b", "policy": document(&[hold])})).change(
        "aws_iam_role_policy.app",
        inline(&[allow("s3:ListAllMyBuckets", "*")]),
        inline(&[allow("s3:*", "*")]),
    );
    is_new(&world, "aws_iam_role_policy.app");
}

#[test]
fn a_denial_of_the_role_held_back_what_the_bucket_grants() {
    let given = json!({"Effect": "Allow", "Principal": {"AWS": arn("role/app")}, "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::b/*"});
    let world = || {
        app().stays("aws_s3_bucket_policy.b", json!({"bucket": "b", "policy": document(std::slice::from_ref(&given))}))
    };
    is_new(
        &world().change("aws_iam_role_policy.app", inline(&[deny("s3:*", "*")]), Value::Null),
        "aws_iam_role_policy.app",
    );
    let bounded = with(role("app"), "permissions_boundary", json!(arn("policy/limit")));
    let world = World::new()
        .stays("aws_iam_policy.limit", managed("limit", &[allow("ec2:*", "*")]))
        .stays("aws_s3_bucket_policy.b", json!({"bucket": "b", "policy": document(std::slice::from_ref(&given))}))
        .change("aws_iam_role.app", bounded, role("app"));
    is_new(&world, "aws_iam_role.app");
}

#[test]
fn a_key_hands_the_decision_to_the_account() {
    let key = |statements: &[Value]| json!({"arn": format!("arn:aws:kms:us-east-1:{ACCOUNT}:key/1"), "key_id": "1", "policy": document(statements)});
    let named =
        json!({"Effect": "Allow", "Principal": {"AWS": arn("role/keeper")}, "Action": "kms:*", "Resource": "*"});
    let root = json!({"Effect": "Allow", "Principal": {"AWS": arn("root")}, "Action": "kms:Decrypt", "Resource": "*"});
    let world = app().stays("aws_iam_role_policy.app", inline(&[allow("kms:Decrypt", "*")])).change(
        "aws_kms_key.k",
        key(std::slice::from_ref(&named)),
        key(&[named, root]),
    );
    is_new(&world, "aws_kms_key.k");
}

#[test]
fn a_tag_opens_what_is_handed_to_the_account() {
    let tagged = |team: &str| with(role("app"), "tags", json!({"team": team}));
    let app = |granted: &str| {
        World::new().stays("aws_iam_role_policy.app", inline(&[allow(granted, "*")])).change(
            "aws_iam_role.app",
            tagged("web"),
            tagged("security"),
        )
    };
    let condition = json!({"StringEquals": {"aws:PrincipalTag/team": "security"}});
    let root = json!({"AWS": arn("root")});
    let handed = |action: &str| json!({"Effect": "Allow", "Principal": root, "Action": action, "Condition": condition});
    let mut trusting = role("admin");
    trusting["assume_role_policy"] = json!(document(&[handed("sts:AssumeRole")]));
    is_new(&app("sts:AssumeRole").stays("aws_iam_role.admin", trusting), "aws_iam_role.app");
    let policy = document(&[with(handed("kms:Decrypt"), "Resource", json!("*"))]);
    let key = json!({"arn": format!("arn:aws:kms:us-east-1:{ACCOUNT}:key/1"), "key_id": "1", "policy": policy});
    is_new(&app("kms:Decrypt").stays("aws_kms_key.k", key), "aws_iam_role.app");
}

#[test]
fn what_a_role_newly_may_is_told_beside_what_a_bucket_no_longer_denies() {
    let denial = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"});
    let given =
        json!({"Effect": "Allow", "Principal": {"AWS": arn("role/other")}, "Action": "s3:GetObject", "Resource": "*"});
    let bucket = |statements: &[Value]| json!({"bucket": "b", "policy": document(statements)});
    let world = app()
        .stays("aws_s3_bucket.b", json!({"bucket": "b", "arn": "arn:aws:s3:::b"}))
        .change(
            "aws_iam_role_policy.app",
            inline(&[allow("s3:*", "*")]),
            inline(&[allow("s3:*", "*"), allow("kms:Decrypt", "*")]),
        )
        .change("aws_s3_bucket_policy.b", bucket(&[denial, given.clone()]), bucket(&[given]));
    is_new(&world, "aws_iam_role_policy.app");
    is_new(&world, "aws_s3_bucket_policy.b");
}

#[test]
fn a_session_policy_is_widened_or_dropped() {
    let profile = |session: Value| json!({"name": "p", "role_arns": [arn("role/app")], "enabled": true, "session_policy": session});
    let cut = json!(document(&[allow("s3:GetObject", "*")]));
    let world = || app().stays("aws_iam_role_policy.app", inline(&[allow("s3:*", "*")]));
    let wider = json!(document(&[allow("s3:*", "*")]));
    let address = "aws_rolesanywhere_profile.p";
    is_new(&world().change(address, profile(cut.clone()), profile(wider)), address);
    is_new(&world().change(address, profile(cut), profile(Value::Null)), address);
}

#[test]
fn what_is_forgotten_still_stands() {
    let world = |actions: &[&str]| {
        app().stays("aws_iam_role_policy.wide", inline(&[allow("s3:*", "*")])).row(
            "aws_iam_role_policy.hold",
            actions,
            with(inline(&[deny("s3:*", "*")]), "name", json!("hold")),
            Value::Null,
            json!({}),
        )
    };
    is_new(&world(&["delete"]), "aws_iam_role_policy.hold");
    is(&world(&["forget"]), "aws_iam_role_policy.hold", Verdict::None);
}

#[test]
fn a_deposed_denial_goes_away() {
    let hold = with(inline(&[deny("s3:*", "*")]), "name", json!("hold"));
    let world = app()
        .stays("aws_iam_role_policy.wide", inline(&[allow("s3:*", "*")]))
        .row("aws_iam_role_policy.hold", &["delete"], hold, Value::Null, json!({}))
        .with("deposed", json!("abcd1234"));
    is_new(&world, "aws_iam_role_policy.hold");
}

#[test]
fn a_replacement_brings_more() {
    for actions in [["create", "delete"], ["delete", "create"]] {
        let after = with(inline(&[allow("s3:*", "*")]), "name", json!("q"));
        let world =
            app().row("aws_iam_role_policy.p", &actions, inline(&[allow("s3:GetObject", "*")]), after, json!({}));
        is_new(&world, "aws_iam_role_policy.p");
    }
}

#[test]
fn a_targeted_plan_leaves_out_what_wakes_up() {
    let world = World::new()
        .prior("aws_iam_role_policy.app", inline(&[allow("iam:*", "*")]))
        .prior("aws_iam_policy.limit", managed("limit", &[allow("s3:*", "*")]))
        .change(
            "aws_iam_role.app",
            with(role("app"), "permissions_boundary", json!(arn("policy/limit"))),
            with(role("app"), "permissions_boundary", Value::Null),
        );
    is_new(&world, "aws_iam_role.app");
}

#[test]
fn a_permission_set_loses_its_boundary() {
    let set = "arn:aws:sso:::permissionSet/ssoins-1/ps-1";
    let boundary = json!({"permission_set_arn": set, "instance_arn": "arn:aws:sso:::instance/ssoins-1",
        "permissions_boundary": [{"managed_policy_arn": "arn:aws:iam::aws:policy/ReadOnlyAccess",
            "customer_managed_policy_reference": []}]});
    let address = "aws_ssoadmin_permissions_boundary_attachment.b";
    let world = World::new()
        .stays("aws_ssoadmin_permission_set.s", json!({"arn": set, "name": "s"}))
        .stays(
            "aws_ssoadmin_permission_set_inline_policy.s",
            json!({"permission_set_arn": set, "inline_policy": document(&[allow("*", "*")])}),
        )
        .stays(
            "aws_ssoadmin_account_assignment.a",
            json!({"permission_set_arn": set, "principal_id": "g-1",
            "principal_type": "GROUP", "target_id": ACCOUNT, "target_type": "AWS_ACCOUNT"}),
        )
        .change(address, boundary, Value::Null);
    is_new(&world, address);
}

#[test]
fn an_endpoint_lets_more_through() {
    let policy = |action: &str| {
        let statement = json!({"Effect": "Allow", "Principal": "*", "Action": action, "Resource": "*"});
        json!({"vpc_endpoint_id": "vpce-1", "policy": document(&[statement])})
    };
    let address = "aws_vpc_endpoint_policy.e";
    is_new(&World::new().change(address, policy("s3:GetObject"), policy("s3:*")), address);
    is_new(&World::new().change(address, policy("s3:GetObject"), Value::Null), address);
}

#[test]
fn a_queue_policy_that_moves_to_its_own_resource_is_not_new() {
    let given = json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::999999999999:root"},
        "Action": "sqs:SendMessage", "Resource": "*"});
    let queue = |policy: Value| {
        json!({"name": "q", "arn": format!("arn:aws:sqs:us-east-1:{ACCOUNT}:q"), "id": "https://sqs/q",
            "url": "https://sqs/q", "policy": policy})
    };
    let text = json!(document(&[given]));
    let address = "aws_sqs_queue_policy.q";
    let world = World::new()
        .change("aws_sqs_queue.q", queue(text.clone()), queue(Value::Null))
        .configured("aws_sqs_queue.q", json!({"name": {}, "policy": {}}))
        .change(address, Value::Null, json!({"queue_url": "https://sqs/q", "policy": text}));
    is(&world, address, Verdict::None);
}

/// The role shows what it has; nothing says whether it sets it itself.
fn showing(limit: bool, inline: &[Value], attached: &[&str]) -> Value {
    let blocks: Vec<Value> = match inline.is_empty() {
        true => Vec::new(),
        false => vec![json!({"name": "own", "policy": document(inline)})],
    };
    let object = with(role("app"), "inline_policy", json!(blocks));
    let object = with(object, "managed_policy_arns", json!(attached));
    with(object, "permissions_boundary", if limit { json!(arn("policy/limit")) } else { Value::Null })
}

#[test]
fn what_a_role_shows_wakes_up_without_a_configuration() {
    let limit = || World::new().stays("aws_iam_policy.limit", managed("limit", &[allow("s3:GetObject", "*")]));
    let freed = |inline: &[Value], attached: &[&str]| {
        limit().change("aws_iam_role.app", showing(true, inline, attached), showing(false, inline, attached))
    };
    is_new(&freed(&[allow("iam:*", "*")], &[]), "aws_iam_role.app");
    is_new(&freed(&[], &["arn:aws:iam::aws:policy/AdministratorAccess"]), "aws_iam_role.app");
    is(&freed(&[], &[&arn("policy/elsewhere")]), "aws_iam_role.app", Verdict::Possible);
    is(&freed(&[allow("s3:GetObject", "*")], &[]), "aws_iam_role.app", Verdict::None);
}

#[test]
fn what_a_role_shows_goes_with_the_row_that_has_it() {
    let denies = [deny("s3:*", "*")];
    let own = |policy: &[Value]| json!({"name": "own", "role": "app", "policy": document(policy)});
    let other = json!({"name": "other", "role": "app", "policy": document(&[allow("s3:*", "*")])});
    let world = World::new()
        .stays("aws_iam_role.app", showing(false, &denies, &[]))
        .stays("aws_iam_role_policy.other", other)
        .change("aws_iam_role_policy.own", own(&denies), Value::Null);
    is_new(&world, "aws_iam_role_policy.own");
    let admin = "arn:aws:iam::aws:policy/AWSDenyAll";
    let world = World::new().stays("aws_iam_role.app", showing(false, &[allow("s3:*", "*")], &[admin])).change(
        "aws_iam_role_policy_attachment.d",
        json!({"role": "app", "policy_arn": admin}),
        Value::Null,
    );
    is_new(&world, "aws_iam_role_policy_attachment.d");
}

#[test]
fn what_a_bucket_shows_goes_with_the_row_that_has_it() {
    let given = |effect: &str| {
        document(&[json!({"Effect": effect, "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*"})])
    };
    let bucket = |policy: &str| json!({"bucket": "b", "arn": "arn:aws:s3:::b", "policy": policy});
    let restricted = |on: bool| json!({"bucket": "b", "restrict_public_buckets": on});
    let open = World::new().stays("aws_s3_bucket.b", bucket(&given("Allow")));
    let address = "aws_s3_bucket_public_access_block.b";
    is_new(&open.change(address, restricted(true), restricted(false)), address);
    let inline = inline(&[allow("s3:*", "arn:aws:s3:::b/*")]);
    let world = app().stays("aws_iam_role_policy.p", inline).stays("aws_s3_bucket.b", bucket(&given("Deny"))).change(
        "aws_s3_bucket_policy.b",
        json!({"bucket": "b", "policy": given("Deny")}),
        Value::Null,
    );
    is_new(&world, "aws_s3_bucket_policy.b");
}
