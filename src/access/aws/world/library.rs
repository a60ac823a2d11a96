//! Documents of a plan, each text read once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use super::memo::locked;
use super::model::Doc;
use crate::access::Reason;
use crate::access::aws::document::{HoleId, Part};
use crate::access::aws::managed::ManagedPolicies;
use crate::access::aws::parse::{Kind, parse_parts};
use crate::access::facts::Catalogue;
use crate::access::worlds::{Piece, Val};

/// Reads documents and remembers them by their text.
#[derive(Default)]
pub(super) struct Library {
    texts: Mutex<HashMap<(Kind, Vec<Piece>), Doc>>,
    managed: Mutex<HashMap<String, Doc>>,
    /// Policies that the team has imported, by ARN.
    imported: Arc<Catalogue>,
}

impl Library {
    /// A library that also knows what the team has imported.
    pub(super) fn with(imported: &Arc<Catalogue>) -> Self {
        Self { imported: Arc::clone(imported), ..Self::default() }
    }

    /// The document that an attribute holds; `None` when none is set.
    pub(super) fn read(&self, address: &str, path: &str, value: &Val, kind: Kind) -> Option<Doc> {
        let pieces = match value {
            Val::Hole(hole) => {
                return Some(Doc::Unread {
                    id: hole.id.clone(),
                    reason: Reason {
                        code: "unknown_value".into(),
                        path: path.into(),
                        message: format!(
                            "`{address}` `{path}` is known only after apply (`{}`), so what it permits cannot be read; \
                             apply in two steps, or write it so that only parts of it are unknown",
                            hole.id
                        ),
                    },
                });
            }
            Val::Partial(pieces) => pieces.clone(),
            other => vec![Piece::Text(other.text()?.into())],
        };
        let key = (kind, pieces);
        if let Some(doc) = locked(&self.texts).get(&key) {
            return Some(doc.clone());
        }
        let doc = self.parse(address, path, &key.1, kind);
        locked(&self.texts).insert(key, doc.clone());
        Some(doc)
    }

    fn parse(&self, address: &str, path: &str, pieces: &[Piece], kind: Kind) -> Doc {
        let parts: Vec<Part> = pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => Part::Literal(text.to_string()),
                Piece::Hole(hole) => Part::Hole(HoleId::new(&hole.id)),
            })
            .collect();
        match parse_parts(&parts, kind) {
            Ok(document) => Doc::Read(Arc::new(document)),
            Err(error) => Doc::Unread {
                // The same unreadable text means the same on both sides, whatever it means.
                id: format!("unreadable {parts:?}").into(),
                reason: Reason {
                    code: "unreadable_document".into(),
                    path: path.into(),
                    message: format!("`{address}` `{path}` cannot be read: {error}").replace('\n', " "),
                },
            },
        }
    }

    /// Whether the team has imported a policy.
    pub(super) fn is_imported(&self, arn: &str) -> bool {
        self.imported.role("aws", arn).is_some()
    }

    /// The document of a managed policy, as it was imported or as AWS writes it.
    pub(super) fn managed(&self, arn: &str) -> Doc {
        if let Some(doc) = locked(&self.managed).get(arn) {
            return doc.clone();
        }
        if let Some(policy) = self.imported.role("aws", arn).and_then(|policy| policy.blocks.first()) {
            let text = Val::Text(policy.rule.to_string().into());
            let doc = self.read(arn, "", &text, Kind::Identity);
            return locked(&self.managed).entry(arn.to_owned()).or_insert(doc.unwrap_or_else(|| unknown(arn))).clone();
        }
        let known = ManagedPolicies::embedded().by_arn(arn).and_then(|policy| policy.document().ok());
        let doc = match known {
            Some(document) => Doc::Read(Arc::new(document)),
            None => unknown(arn),
        };
        locked(&self.managed).insert(arn.to_owned(), doc.clone());
        doc
    }
}

fn unknown(arn: &str) -> Doc {
    Doc::Unread {
        id: arn.into(),
        reason: Reason {
            code: "unknown_managed_policy".into(),
            path: String::new(),
            message: format!(
                "`{arn}` is not among the managed policies of AWS that this tollgate knows; import it with \
                 `tollgate data import`"
            ),
        },
    }
}
