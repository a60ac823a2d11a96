//! The policy document as a tree: exactly what the JSON says, nothing interpreted.
//!
//! Patterns, policy variables and escapes are kept as written; an evaluator and a compiler read them each in
//! their own way. Sources of the shape: IAM User Guide, "IAM JSON policy elements reference" and "Grammar of the
//! IAM JSON policy language".
//!
//! # Holes
//!
//! A plan often knows a document only in part. What is missing is a *hole* with an identity ([`HoleId`]): the
//! same identity stands for the same value wherever it occurs, on either side of a comparison. A hole can stand
//! for
//!
//! | what is unknown | how it is kept |
//! |---|---|
//! | part of a string (`arn:aws:s3:::` then a hole) | [`Text::Partial`] with several parts |
//! | one whole string | [`Text::Partial`] with the hole alone |
//! | a whole list of actions, resources, principals or condition values, of any length | [`Item::Many`] |
//! | a whole `Principal` | [`Principals::Unknown`] |
//! | an `Effect` | [`Effect::Unknown`] |
//! | a whole `Condition` block, or all keys under one operator | [`Statement::unknown_conditions`] |
//! | a whole statement, or the whole list of statements | [`Document::unknown_statements`] |
//!
//! A document that came from [`parse`](super::parse::parse) has no holes.

mod operator;
mod text;
mod write;

pub use operator::{Base, Family, Operator, SetPrefix};
pub use text::{HoleId, Item, List, Part, Span, Text};

/// A policy document.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Document {
    /// The `Version` element. Absent means [`Version::V2008`] to AWS; see [`Document::has_variables`].
    pub version: Option<Version>,
    /// The `Id` element: free text without meaning for access.
    pub id: Option<Text>,
    /// The statements, in order; [`Statement::index`] is their position in the text.
    pub statements: Vec<Statement>,
    /// Statements known to be possible but not what they say.
    pub unknown_statements: Vec<UnknownStatement>,
}

/// The version of the policy language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Version {
    /// `2008-10-17`: policy variables such as `${aws:username}` are literal text.
    V2008,
    /// `2012-10-17`: policy variables are replaced.
    V2012,
}

impl Version {
    /// As written in a document.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V2008 => "2008-10-17",
            Self::V2012 => "2012-10-17",
        }
    }
}

/// A place in the list of statements whose content is unknown.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UnknownStatement {
    /// The position in the list of statements.
    pub index: usize,
    /// What is missing.
    pub hole: HoleId,
    /// Whether it stands for any number of statements (the whole list is unknown) or for exactly one.
    pub many: bool,
}

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Statement {
    /// The position in the document, from 0.
    pub index: usize,
    /// The `Sid` element; without meaning for access.
    pub sid: Option<Text>,
    /// Allow or deny.
    pub effect: Effect,
    /// `Principal` or `NotPrincipal`; present exactly in resource and trust policies.
    pub principal: Option<Clause<Principals>>,
    /// `Action` or `NotAction`.
    pub action: Clause<List>,
    /// `Resource` or `NotResource`. Absent in trust policies, and in the resource policies of services that do
    /// not take it (ECR repositories): it then means the resource that carries the document.
    pub resource: Option<Clause<List>>,
    /// The conditions; all of them must hold. In the order of the text.
    pub conditions: Vec<Condition>,
    /// Further conditions of which nothing is known; each may restrict in any way, or not at all.
    pub unknown_conditions: Vec<HoleId>,
    /// Where the statement stands in the text.
    pub span: Span,
}

/// What a matching statement does.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Permits.
    Allow,
    /// Forbids, whatever else permits.
    Deny,
    /// Known only after apply.
    Unknown(HoleId),
}

/// An element or its `Not` form: `Action` and `NotAction`, `Resource` and `NotResource`, `Principal` and
/// `NotPrincipal`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Clause<T> {
    /// Whether it is the `Not` form, which matches what none of the entries matches.
    pub negated: bool,
    /// The entries.
    pub set: T,
}

/// Who a statement of a resource or trust policy is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Principals {
    /// `"*"`: everyone, anonymous callers included. `{"AWS": "*"}` means the same and stays [`Self::Listed`].
    Everyone,
    /// `{"AWS": [...], "Service": [...]}`, in the order of the text; each type occurs once.
    Listed(Vec<PrincipalEntry>),
    /// Known only after apply.
    Unknown(HoleId),
}

/// The principals of one type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PrincipalEntry {
    /// The type.
    pub kind: PrincipalKind,
    /// The identifiers; not patterns, except that `*` alone is everyone of the type.
    pub ids: List,
}

/// The types of principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PrincipalKind {
    /// Accounts, users, roles and sessions.
    Aws,
    /// AWS services, such as `lambda.amazonaws.com`.
    Service,
    /// Identity providers: SAML, OIDC, and the built-in web identity providers.
    Federated,
    /// S3 canonical user ids.
    CanonicalUser,
}

impl PrincipalKind {
    /// All types, in the order of the grammar.
    pub const ALL: [Self; 4] = [Self::Aws, Self::Service, Self::Federated, Self::CanonicalUser];

    /// As written in a document.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "AWS",
            Self::Service => "Service",
            Self::Federated => "Federated",
            Self::CanonicalUser => "CanonicalUser",
        }
    }
}

/// One key under one operator of a `Condition` block.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Condition {
    /// The operator; [`Operator::Unknown`] where it is not one of the language.
    pub operator: Operator,
    /// The context key as written; keys compare without regard to case.
    pub key: Text,
    /// The values; numbers and booleans of the text as strings.
    pub values: List,
    /// Where the key stands in the text.
    pub span: Span,
}

impl Document {
    /// Whether `${...}` is a policy variable here: only under `2012-10-17`, which is not the default.
    pub fn has_variables(&self) -> bool {
        self.version == Some(Version::V2012)
    }

    /// Whether anything in the document is unknown.
    pub fn has_holes(&self) -> bool {
        !self.unknown_statements.is_empty()
            || self.id.as_ref().is_some_and(Text::has_hole)
            || self.statements.iter().any(Statement::has_holes)
    }

    /// Whether a condition uses an operator that the language does not have.
    pub fn has_unknown_operators(&self) -> bool {
        self.statements.iter().flat_map(|s| &s.conditions).any(|c| matches!(c.operator, Operator::Unknown(_)))
    }
}

impl Statement {
    /// Whether anything that bears on access is unknown (the `Sid` does not).
    pub fn has_holes(&self) -> bool {
        matches!(self.effect, Effect::Unknown(_))
            || self.principal.as_ref().is_some_and(|p| p.set.has_holes())
            || self.action.set.has_holes()
            || self.resource.as_ref().is_some_and(|r| r.set.has_holes())
            || !self.unknown_conditions.is_empty()
            || self.conditions.iter().any(|c| c.key.has_hole() || c.values.has_holes())
    }

    /// The path of the statement inside its document, such as `Statement[2]`.
    pub fn path(&self) -> String {
        format!("Statement[{}]", self.index)
    }
}

impl Principals {
    /// Whether anything in it is unknown.
    pub fn has_holes(&self) -> bool {
        match self {
            Self::Everyone => false,
            Self::Listed(entries) => entries.iter().any(|entry| entry.ids.has_holes()),
            Self::Unknown(_) => true,
        }
    }
}
