//! All policies that bear on a request.
//!
//! Sources: IAM User Guide, "Policy evaluation logic" (order, and the table of resource policies against implicit
//! denies), "Cross-account policy evaluation logic", "Permissions boundaries for IAM entities"; Organizations User
//! Guide, "SCP evaluation", "RCP evaluation"; KMS Developer Guide, "Determining access to KMS keys".

use super::document::Verdict;
use super::principal::Grip;
use super::reading::Reading;
use super::request::{Keys, Principal, Request};
use super::truth::Truth;
use super::{Deciding, Layer, Outcome};
use crate::access::aws::document::Document;

/// The policies that bear on a request. The default is none of any type.
#[derive(Clone, Debug, Default)]
pub struct Policies<'a> {
    /// The caller's policies, its groups' included.
    pub identity: Vec<&'a Document>,
    /// The caller's permissions boundary, where it has one.
    pub boundary: Option<&'a Document>,
    /// The session's policies; `None` where the session was made without.
    pub session: Option<Vec<&'a Document>>,
    /// The resource's policy, where it has one.
    pub resource: Option<&'a Document>,
    /// What kind of policy that is.
    pub resource_kind: ResourcePolicyKind,
    /// Service control policies over the caller's account: the policies of the root, of each unit, of the account.
    /// Empty for the management account and outside organisations.
    pub scps: Vec<Vec<&'a Document>>,
    /// Resource control policies over the resource's account, in the same way, `RCPFullAWSAccess` included.
    pub rcps: Vec<Vec<&'a Document>>,
    /// The policy of the VPC endpoint the request comes through, where it does.
    pub vpc_endpoint: Option<&'a Document>,
}

/// Kinds of resource policy that AWS combines in different ways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResourcePolicyKind {
    /// Inside one account it grants beside identity policies: either suffices.
    #[default]
    Ordinary,
    /// A role's trust policy or a KMS key's policy: nothing is permitted that it does not permit. Naming the
    /// account leaves the decision to identity policies.
    Required,
}

/// Decides a request as AWS does. Keys that follow from principal and resource are filled in where the context does
/// not give them.
pub fn evaluate(request: &Request, policies: &Policies<'_>, reading: Reading) -> Outcome {
    // "No permissions are required to perform this operation", not even in the face of a deny (STS API Reference).
    if request.action.eq_ignore_ascii_case("sts:GetCallerIdentity") {
        return Outcome::Allowed { by: Vec::new() };
    }
    let sides = Sides::judge(request, policies, reading);
    let denying = sides.each().flat_map(|(_, verdict)| verdict.denying.clone()).collect::<Vec<_>>();
    if !denying.is_empty() {
        return Outcome::ExplicitDeny { by: denying };
    }
    let answer = sides.allow(request, policies);
    let deny = Truth::any(sides.each().map(|(_, verdict)| verdict.deny));
    match (answer.truth, deny) {
        (Truth::False, _) => Outcome::ImplicitDeny { limit: answer.limit.unwrap_or(Layer::Identity) },
        (Truth::True, Truth::False) => Outcome::Allowed { by: answer.by },
        _ => Outcome::Undetermined { on: sides.each().flat_map(|(_, verdict)| verdict.undetermined.clone()).collect() },
    }
}

/// What each layer says.
struct Sides {
    identity: Verdict,
    boundary: Option<Verdict>,
    session: Option<Verdict>,
    resource: Option<Verdict>,
    /// Control policies and the endpoint's: each must allow.
    limits: Vec<(Layer, Verdict)>,
}

/// A truth with its reasons.
struct Answer {
    truth: Truth,
    by: Vec<Deciding>,
    limit: Option<Layer>,
}

impl Answer {
    fn of(truth: Truth, layer: Layer, by: Vec<Deciding>) -> Self {
        Self { truth, by, limit: (truth != Truth::True).then_some(layer) }
    }

    fn free() -> Self {
        Self { truth: Truth::True, by: Vec::new(), limit: None }
    }

    /// Both are needed; the first that fails is the limit.
    fn and(mut self, other: Self) -> Self {
        self.by.extend(other.by);
        Self {
            limit: if self.truth <= other.truth { self.limit } else { other.limit },
            truth: self.truth.min(other.truth),
            by: self.by,
        }
    }

    /// Either suffices; where neither does, the limit is the first one's.
    fn or(self, other: Self) -> Self {
        if other.truth > self.truth { other } else { self }
    }
}

impl Sides {
    fn judge(request: &Request, policies: &Policies<'_>, reading: Reading) -> Self {
        let keys = Keys { request, derived: true, reading };
        let one = |document: Option<&Document>, layer| document.map(|document| Verdict::of(document, layer, 0, &keys));
        let levels = |levels: &[Vec<&Document>], layer: fn(usize) -> Layer| {
            let level = |(at, documents): (usize, &Vec<&Document>)| {
                (layer(at), Verdict::of_all(documents.iter().copied(), layer(at), &keys))
            };
            levels.iter().enumerate().map(level).collect::<Vec<_>>()
        };
        // Identity-side policies and SCPs bear on principals of accounts only, and not on the root user's identity.
        let has_account = request.principal.account().is_some();
        let is_entity = has_account && !matches!(request.principal, Principal::Root { .. });
        let identity = if is_entity { policies.identity.as_slice() } else { &[] };
        let mut limits = if has_account { levels(&policies.scps, Layer::Scp) } else { Vec::new() };
        limits.extend(levels(&policies.rcps, Layer::Rcp));
        limits.extend(one(policies.vpc_endpoint, Layer::VpcEndpoint).map(|verdict| (Layer::VpcEndpoint, verdict)));
        Self {
            identity: Verdict::of_all(identity.iter().copied(), Layer::Identity, &keys),
            boundary: one(policies.boundary.filter(|_| is_entity), Layer::Boundary),
            session: policies
                .session
                .as_ref()
                .filter(|_| is_entity)
                .map(|session| Verdict::of_all(session.iter().copied(), Layer::Session, &keys)),
            resource: one(policies.resource, Layer::Resource),
            limits,
        }
    }

    fn each(&self) -> impl Iterator<Item = (Layer, &Verdict)> {
        fn optional(layer: Layer, verdict: &Option<Verdict>) -> impl Iterator<Item = (Layer, &Verdict)> {
            verdict.iter().map(move |verdict| (layer, verdict))
        }
        std::iter::once((Layer::Identity, &self.identity))
            .chain(optional(Layer::Boundary, &self.boundary))
            .chain(optional(Layer::Session, &self.session))
            .chain(optional(Layer::Resource, &self.resource))
            .chain(self.limits.iter().map(|(layer, verdict)| (*layer, verdict)))
    }

    fn allow(&self, request: &Request, policies: &Policies<'_>) -> Answer {
        let limits = self.limits.iter().map(|(layer, verdict)| plain(*layer, verdict));
        limits.fold(Answer::free(), Answer::and).and(self.grant(request, policies))
    }

    /// What identity-side and resource policies permit together.
    fn grant(&self, request: &Request, policies: &Policies<'_>) -> Answer {
        let Some(account) = request.principal.account() else {
            // Services, federated and anonymous callers have no identity policies.
            return self.resource(Grip::Direct);
        };
        let crossing = request.resource_account().is_some_and(|owner| owner != account);
        let identity = match request.principal {
            Principal::Root { .. } => Answer::free(),
            _ => plain(Layer::Identity, &self.identity),
        };
        let caps = || self.caps();
        let own = identity.and(caps());
        if crossing {
            // Each account decides for itself; it does not matter how the resource's policy names the caller.
            return own.and(self.resource(Grip::Account));
        }
        let named = self.resource(Grip::Direct).or(self.resource(Grip::Role).and(caps()));
        match policies.resource_kind {
            ResourcePolicyKind::Ordinary => own.or(named),
            ResourcePolicyKind::Required => self.resource(Grip::Account).and(own.or(named)),
        }
    }

    /// What limits identity policies: boundary and session policies, where there are any.
    fn caps(&self) -> Answer {
        let cap = |layer, verdict: &Option<Verdict>| match verdict {
            Some(verdict) => plain(layer, verdict),
            None => Answer::free(),
        };
        cap(Layer::Boundary, &self.boundary).and(cap(Layer::Session, &self.session))
    }

    fn resource(&self, at_least: Grip) -> Answer {
        match &self.resource {
            Some(verdict) => Answer::of(verdict.allow(at_least), Layer::Resource, verdict.allowing(at_least)),
            None => Answer::of(Truth::False, Layer::Resource, Vec::new()),
        }
    }
}

fn plain(layer: Layer, verdict: &Verdict) -> Answer {
    Answer::of(verdict.allow(Grip::Account), layer, verdict.allowing(Grip::Account))
}
