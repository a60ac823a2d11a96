//! What AWS requests look like: the action table, the types of condition keys, plausible ARNs.

use std::collections::BTreeMap;
use std::sync::{OnceLock, RwLock};

use crate::access::glob::{Glob, Loop, Token};
use crate::access::literal::Dim;
use crate::access::partition::Universe;
use crate::access::point::Point;
use crate::access::space::{Arity, Space};

use super::actions::{Action, ActionId, Actions, ValueType};
use super::parse::Kind;

/// The requests that a document of a kind is asked about.
#[derive(Clone, Copy, Debug)]
pub struct AwsSpace {
    kind: Kind,
    actions: &'static Actions,
}

/// Actions that everyone understands, for witnesses of wide grants.
const TELLING: &[&str] = &[
    "iam:CreateUser",
    "s3:GetObject",
    "ec2:RunInstances",
    "s3:PutObject",
    "s3:ListBucket",
    "iam:PassRole",
    "sts:AssumeRole",
    "ec2:TerminateInstances",
    "lambda:InvokeFunction",
    "kms:Decrypt",
    "secretsmanager:GetSecretValue",
    "dynamodb:GetItem",
    "sqs:SendMessage",
    "sns:Publish",
];

static TELLING_AT: OnceLock<Vec<usize>> = OnceLock::new();

static RESOURCES: RwLock<BTreeMap<ActionId, Vec<Glob>>> = RwLock::new(BTreeMap::new());

/// The account and region of plausible ARNs: the example account of the AWS documentation.
const ACCOUNT: &str = "123456789012";
const REGION: &str = "us-east-1";

impl AwsSpace {
    /// The space for documents of this kind.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        Self { kind, actions: Actions::embedded() }
    }
}

impl Space for AwsSpace {
    fn actions(&self) -> Option<&Universe> {
        Some(self.actions.names())
    }

    fn domain(&self, dim: &Dim) -> Vec<Glob> {
        match dim {
            Dim::Action => {
                let mut glob = Glob::empty();
                some(&mut glob, Loop::InSegment);
                glob.push_char(':', false);
                some(&mut glob, Loop::Any);
                vec![glob]
            }
            Dim::Principal => ["AWS:?*", "Service:?*", "Federated:?*", "CanonicalUser:?*", "Anonymous:"]
                .map(|shape| Glob::wildcard(shape, false))
                .into(),
            Dim::Key(key) if is(key, ValueType::Bool) => vec![Glob::literal("true"), Glob::literal("false")],
            _ => Vec::new(),
        }
    }

    fn arity(&self, key: &str) -> Arity {
        match Actions::embedded().key_type(key).and_then(|kind| kind.multivalued) {
            Some(false) => Arity::Single,
            // Of a key that no table has, nobody knows.
            Some(true) | None => Arity::List,
        }
    }

    fn is_scalar(&self, key: &str) -> bool {
        [ValueType::Numeric, ValueType::Date, ValueType::Ip].into_iter().any(|kind| is(key, kind))
    }

    fn telling_actions(&self) -> &[usize] {
        TELLING_AT.get_or_init(|| TELLING.iter().filter_map(|name| self.actions.names().position(name)).collect())
    }

    fn shapes(&self, dim: &Dim, fixed: &Point) -> Vec<Glob> {
        match dim {
            Dim::Resource if self.kind == Kind::Trust => {
                vec![Glob::literal(&format!("arn:aws:iam::{ACCOUNT}:role/example"))]
            }
            Dim::Resource => resources(&fixed.action),
            Dim::Principal => [
                "AWS:arn:aws:iam::${Account}:user/${UserName}",
                "AWS:arn:aws:iam::999999999999:user/${UserName}",
                "AWS:arn:aws:iam::${Other}:user/${UserName}",
                "AWS:arn:${Any}:iam::${Other}:user/${UserName}",
                "AWS:arn:${Any}:iam::${Other}:role/${RoleName}",
                "AWS:arn:${Any}:sts::${Other}:assumed-role/${RoleName}/${Session}",
                "AWS:arn:${Any}:iam::${Other}:root",
                "AWS:arn:${Any}:sts::${Other}:federated-user/${UserName}",
                "Service:${Name}.amazonaws.com",
                "Service:${Name}",
                "Federated:${Name}",
            ]
            .map(|format| shape(format, true))
            .into(),
            Dim::Action => ["*:*Future*", "?*:?*"].map(|shape| Glob::wildcard(shape, false)).into(),
            Dim::Key(key) if is(key, ValueType::Arn) => {
                ["arn:aws:iam::123456789012:role/?*", "arn:aws:?*:*:*:?*", "?*"]
                    .map(|shape| Glob::wildcard(shape, false))
                    .into()
            }
            Dim::Key(_) => vec![Glob::wildcard("?*", false)],
            Dim::Opaque(_) => Vec::new(),
        }
    }

    fn names(&self, key: &str) -> Vec<String> {
        let names: &[&str] = match key {
            "aws:username" => &["alice", "zoe7"],
            "aws:userid" => &["AIDAEXAMPLEALICE", "AIDAEXAMPLEZOE"],
            "aws:principalaccount" | "aws:resourceaccount" | "aws:sourceaccount" => &[ACCOUNT, "999999999999"],
            "aws:principalarn" => &["arn:aws:iam::123456789012:user/alice", "arn:aws:iam::123456789012:user/zoe7"],
            _ => &["example", "zq7"],
        };
        names.iter().map(|name| (*name).to_owned()).collect()
    }
}

fn is(key: &str, kind: ValueType) -> bool {
    Actions::embedded().key_type(key).is_some_and(|known| known.values == kind)
}

/// One character or more.
fn some(glob: &mut Glob, many: Loop) {
    glob.push(if many == Loop::Any { Token::One } else { Token::OneInSegment });
    glob.push_many(many);
}

/// The ARNs that an action acts on: with a fixed account and region, then with any. Those of an action are made once:
/// the same few actions make the witnesses of many comparisons.
fn resources(action: &str) -> Vec<Glob> {
    let any = || vec![Glob::wildcard("arn:aws:*:us-east-1:123456789012:?*", false), Glob::literal("*")];
    let Some(action) = Actions::embedded().find(action) else { return any() };
    if action.is_wildcard_only() {
        return vec![Glob::literal("*")];
    }
    let made = RESOURCES.read().ok().and_then(|made| made.get(&action.id()).cloned());
    made.unwrap_or_else(|| {
        let shapes = arns(action);
        if let Ok(mut made) = RESOURCES.write() {
            made.insert(action.id(), shapes.clone());
        }
        shapes
    })
}

fn arns(action: Action<'_>) -> Vec<Glob> {
    let mut formats: Vec<String> = action.resource_types().flat_map(|kind| kind.arn_formats()).collect();
    // The plainest resource first: an object of a bucket before one behind an access point.
    formats.sort_by_key(String::len);
    let strict = formats.iter().map(|format| shape(format, true));
    let loose = formats.iter().map(|format| shape(format, false));
    strict.chain(loose).collect()
}

/// The pattern of an ARN format such as `arn:${Partition}:s3:::${BucketName}/${ObjectName}`.
fn shape(format: &str, strict: bool) -> Glob {
    let mut glob = Glob::empty();
    let mut rest = format;
    while let Some((text, after)) = rest.split_once("${") {
        text.chars().for_each(|c| glob.push_char(c, false));
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        let fixed = match name {
            "Partition" => Some("aws"),
            "Region" if strict => Some(REGION),
            "Account" if strict => Some(ACCOUNT),
            _ => None,
        };
        match fixed {
            Some(text) => text.chars().for_each(|c| glob.push_char(c, false)),
            None => some(&mut glob, Loop::InSegment),
        }
        rest = after;
    }
    rest.chars().for_each(|c| if c == '*' { glob.push_many(Loop::Any) } else { glob.push_char(c, false) });
    glob
}
