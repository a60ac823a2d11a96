//! Workload identity pools: which tokens their providers admit.

use super::Collector;
use crate::access::gcp::cel::Clause;
use crate::access::literal::{Dim, Lit};

impl Collector<'_> {
    /// Federated principals that a provider of their pool admits.
    pub(super) fn admitted(&self, pool: &str, clauses: &[Clause]) -> Vec<Clause> {
        let Some(providers) = self.pools.get(pool) else { return clauses.to_vec() };
        let mut out = Vec::new();
        for (condition, mapping) in providers {
            let mapped = |lit: &Lit| match &lit.dim {
                Dim::Key(key) if key.starts_with("attribute.") || key.starts_with("google.") => {
                    match mapping.get(&**key) {
                        Some(expression) if expression.strip_prefix("assertion.").is_some_and(plain) => {
                            Lit { dim: Dim::Key(expression.as_str().into()), ..lit.clone() }
                        }
                        _ => lit.clone(),
                    }
                }
                _ => lit.clone(),
            };
            for clause in clauses {
                for admitted in condition {
                    out.push(clause.iter().chain(admitted).map(mapped).collect());
                }
            }
        }
        out
    }
}

fn plain(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.')
}
