//! The requests that a focus is asked about.

use std::collections::BTreeSet;

use super::account::Account;
use super::collect::is_known_name;
use super::focus::Focus;
use super::model::Model;
use crate::access::aws::parse::Kind;
use crate::access::aws::space::AwsSpace;
use crate::access::glob::Glob;
use crate::access::literal::Dim;
use crate::access::partition::Universe;
use crate::access::point::Point;
use crate::access::space::{Arity, Space};

/// The requests of AWS, narrowed to what a focus is about.
pub(super) struct WorldSpace {
    aws: AwsSpace,
    /// Actions of another service than those of the table: Kubernetes, through EKS.
    own_actions: Option<Universe>,
    /// ARNs of the resource or role, where the focus is one.
    arns: Vec<Glob>,
    principals: Vec<Glob>,
}

/// <https://kubernetes.io/docs/reference/access-authn-authz/authorization/#determine-the-request-verb>
const KUBERNETES_VERBS: [&str; 11] = [
    "get",
    "list",
    "watch",
    "create",
    "update",
    "patch",
    "delete",
    "deletecollection",
    "escalate",
    "bind",
    "impersonate",
];

impl WorldSpace {
    pub(super) fn of(focus: &Focus, after: &Model, before: &Model, account: &Account) -> Self {
        let kind = match focus {
            Focus::Trust(_) => Kind::Trust,
            Focus::Resource(_) | Focus::Endpoint(_) => Kind::Resource,
            _ => Kind::Identity,
        };
        let of = |model: &Model| match focus {
            Focus::Resource(key) => model.resources.get(key).map(|policy| policy.arns.clone()).unwrap_or_default(),
            // Where the account is not shown, neither is the ARN.
            Focus::Trust(key) if account.is_shown() => {
                let arn = model.identities.get(key).and_then(|role| role.arn.clone());
                arn.into_iter().filter(|arn| is_known_name(arn)).collect()
            }
            _ => Vec::new(),
        };
        let arns: BTreeSet<String> = of(after).into_iter().chain(of(before)).collect();
        let arns = arns.iter().map(|arn| Glob::wildcard(arn, false)).collect();
        let own_actions = match focus {
            Focus::Resource(key) if key.starts_with("eks ") => {
                Some(Universe::new(KUBERNETES_VERBS.map(|verb| format!("kubernetes:{verb}"))))
            }
            _ => None,
        };
        let own = format!("AWS:arn:{}:iam::{}:user/?*", account.partition, account.id);
        Self { aws: AwsSpace::new(kind), own_actions, arns, principals: vec![Glob::wildcard(&own, false)] }
    }
}

impl Space for WorldSpace {
    fn actions(&self) -> Option<&Universe> {
        self.own_actions.as_ref().or_else(|| self.aws.actions())
    }

    fn domain(&self, dim: &Dim) -> Vec<Glob> {
        match dim {
            Dim::Resource if !self.arns.is_empty() => self.arns.clone(),
            _ => self.aws.domain(dim),
        }
    }

    fn arity(&self, key: &str) -> Arity {
        self.aws.arity(key)
    }

    fn telling_actions(&self) -> &[usize] {
        match self.own_actions {
            Some(_) => &[],
            None => self.aws.telling_actions(),
        }
    }

    fn shapes(&self, dim: &Dim, fixed: &Point) -> Vec<Glob> {
        let mut shapes = self.aws.shapes(dim, fixed);
        if *dim == Dim::Principal {
            shapes.splice(0..0, self.principals.iter().cloned());
        }
        shapes
    }

    fn names(&self, key: &str) -> Vec<String> {
        self.aws.names(key)
    }
}
