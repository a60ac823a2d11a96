//! Workload identity pools: which tokens their providers admit.
//!
//! <https://cloud.google.com/iam/docs/workload-identity-federation>. A provider admits a token of its issuer for one of
//! its audiences whose claims satisfy its condition; its mapping says which identity of the pool the token is. A
//! grant to identities of the pool is a grant to the tokens that some provider maps to them.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash as _, Hasher as _};

use super::Collector;
use crate::access::gcp::cel::{self, Clause};
use crate::access::gcp::place::Tree;
use crate::access::glob::Glob;
use crate::access::literal::{Dim, Lit, Set};
use crate::access::worlds::{Object, Side, State, Val};

/// A provider of a pool.
pub(super) struct Admission {
    /// What it asks of a token, as alternatives.
    condition: Vec<Clause>,
    /// Who signs the token, and for whom, as alternatives.
    trust: Vec<Clause>,
    /// Expressions by the attribute of the identity.
    mapping: BTreeMap<String, String>,
}

/// A pool by the id of its project, where the plan ties its number to it, and its own id.
pub(super) type Pool = (String, String);

const PROVIDER: &str = "google_iam_workload_identity_pool_provider";

/// Pools that have a provider.
pub(in crate::access::gcp) type Provided = BTreeSet<Pool>;

/// The pools that have a provider on either side. Of others nothing is known, and their members exist.
pub(in crate::access::gcp) fn provided(state: &State, tree: &Tree) -> Provided {
    let sides = state.rows.iter().flat_map(|row| [row.object(Side::Before), row.object(Side::After)]);
    sides.flatten().filter(|object| *object.type_name == *PROVIDER).map(|object| pool_of(object, tree)).collect()
}

fn pool_of(object: &Object, tree: &Tree) -> Pool {
    let text = |attribute| object.get(attribute).text();
    let project = text("name").and_then(|name| name.split('/').nth(1)).or_else(|| text("project")).unwrap_or_default();
    (tree.project_id(project).to_owned(), text("workload_identity_pool_id").unwrap_or_default().to_owned())
}

fn digest(text: &str) -> String {
    let mut hash = std::hash::DefaultHasher::new();
    text.hash(&mut hash);
    format!("{:x}", hash.finish())
}

fn one_of(key: &str, values: &[String]) -> Lit {
    cel::one(key, true, Set::Globs(values.iter().map(|value| Glob::literal(value)).collect()))
}

impl Collector<'_> {
    /// Reads a provider.
    pub(super) fn provider(&mut self, object: &Object) {
        let pool = pool_of(object, self.tree);
        let known = self.pools.entry(pool.clone()).or_default();
        if object.get("disabled").flag() == Some(true) || object.get("state").text() == Some("DELETED") {
            return;
        }
        let condition = match object.get("attribute_condition") {
            it if it.has_hole() => vec![vec![Lit::opaque(&format!("condition of {}", object.address), false)]],
            it => it.text().map_or_else(|| vec![Vec::new()], cel::clauses),
        };
        let mut mapping = BTreeMap::new();
        if let Val::Map(entries) = object.get("attribute_mapping") {
            for (key, value) in entries {
                mapping.extend(value.text().map(|value| (key.to_string(), value.to_owned())));
            }
        }
        let subject = mapping.get("google.subject").map_or("", String::as_str);
        let by = |anchor: &str| one_of("provider", &[format!("{anchor}subject {subject}")]);
        let mut trust = Vec::new();
        for oidc in object.get("oidc").items() {
            let issuer = one_of("assertion.iss", &oidc.get("issuer_uri").names());
            let mut audiences = oidc.get("allowed_audiences").names();
            if audiences.is_empty() {
                let id = object.get("workload_identity_pool_provider_id").text().unwrap_or_default();
                audiences.push(format!("the provider {}/{}/{id}", pool.0, pool.1));
            }
            trust.push(vec![issuer, one_of("assertion.aud", &audiences), by(&keys(oidc.get("jwks_json"), "keys"))]);
        }
        for aws in object.get("aws").items() {
            trust.push(vec![one_of("aws account", &aws.get("account_id").names()), by("")]);
        }
        for (attribute, what) in [("saml", "saml metadata"), ("x509", "trust store")] {
            let anchor = keys(object.get(attribute), what);
            trust.extend((!anchor.is_empty()).then(|| vec![by(&anchor)]));
        }
        if trust.is_empty() {
            trust.push(vec![by("unread ")]);
        }
        known.push(Admission { condition, trust, mapping });
    }

    /// Federated principals that a provider of their pool admits.
    pub(super) fn admitted(&self, pool: &str, clauses: &[Clause]) -> Vec<Clause> {
        let (number, name) = pool.split_once('/').unwrap_or((pool, ""));
        let project = self.tree.project_id(number);
        let is_number = |project: &str| project.starts_with(|c: char| c.is_ascii_digit());
        let mut out = Vec::new();
        let mut provided = false;
        for (other, id) in self.provided.iter().filter(|(_, id)| id == name) {
            // A number on one side and an id on the other may be the same project.
            let tie = match other == project {
                true => None,
                false if is_number(other) != is_number(project) => {
                    Some(Lit::opaque(&format!("project {other} is {project}"), false))
                }
                false => continue,
            };
            provided = true;
            for admission in self.pools.get(&(other.clone(), id.clone())).into_iter().flatten() {
                let admitted = clauses.iter().flat_map(|clause| admission.admits(clause));
                out.extend(admitted.map(|clause| clause.into_iter().chain(tie.clone()).collect::<Clause>()));
            }
        }
        if provided { out } else { clauses.to_vec() }
    }
}

/// Keys that the provider itself carries, by their digest.
fn keys(value: &Val, what: &str) -> String {
    match value.settled() {
        Val::Null => String::new(),
        value => format!("{what} {}, ", digest(&format!("{value:?}"))),
    }
}

impl Admission {
    /// The tokens that are the identities of a clause.
    fn admits(&self, clause: &Clause) -> Vec<Clause> {
        let identity =
            |condition: &Clause| clause.iter().chain(condition).map(|lit| self.mapped(lit)).collect::<Option<Clause>>();
        let identities: Vec<Clause> = self.condition.iter().filter_map(identity).collect();
        let signed = |trust: &Clause| {
            let trust = trust.clone();
            identities.iter().map(move |identity| identity.iter().chain(&trust).cloned().collect::<Clause>())
        };
        self.trust.iter().flat_map(signed).collect()
    }

    /// A test on the identity as a test on the token. An attribute that is not mapped is an error, which is not
    /// true.
    fn mapped(&self, lit: &Lit) -> Option<Lit> {
        let of_identity = |text: &str| text.contains("attribute.") || text.contains("google.");
        match &lit.dim {
            Dim::Key(key) if key.starts_with("attribute.") || key.starts_with("google.") => {
                let expression = self.mapping.get(&**key)?;
                let key = match expression.strip_prefix("assertion.").is_some_and(plain) {
                    true => expression.clone(),
                    false => format!("{key} = {expression}"),
                };
                Some(Lit { dim: Dim::Key(key.into()), ..lit.clone() })
            }
            Dim::Opaque(text) if of_identity(text) => {
                let text = format!("{text} with {:?}", self.mapping);
                Some(Lit { dim: Dim::Opaque(text.into()), ..lit.clone() })
            }
            _ => Some(lit.clone()),
        }
    }
}

fn plain(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.')
}
