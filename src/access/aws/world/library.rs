//! Documents of a plan, each text read once.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use super::memo::locked;
use super::model::Doc;
use crate::access::Reason;
use crate::access::aws::document::{HoleId, Part};
use crate::access::aws::managed::ManagedPolicies;
use crate::access::aws::parse::{Kind, parse_parts};
use crate::access::facts::Catalogue;
use crate::access::parts::in_parts;
use crate::access::worlds::{Piece, Row, State, Val};
use crate::iam::catalogue::{self, Entry};
use crate::iam::{self, Origin};

/// Fewer rows than this are not worth a thread that reads their documents.
const PART: usize = 256;

/// What the catalogue says of a type, by the attributes that are asked for.
pub(super) struct Listed {
    pub(super) entry: Entry,
    /// Where its documents stand.
    pub(super) policies: Vec<&'static str>,
    /// What names the resource that they are about.
    pub(super) resource: Option<&'static str>,
    /// The roles that it hands to compute.
    pub(super) roles: Vec<&'static str>,
}

impl Listed {
    fn of(type_name: &str) -> Option<Self> {
        let (entry, _) = catalogue::find(Origin::Resource, type_name)?;
        let paths = |purpose| entry.attributes().filter(move |(known, _)| *known == purpose).map(|(_, path)| path);
        // Nested documents belong to types that nobody compares yet.
        let policies = match entry.kind {
            iam::Kind::ResourcePolicy => paths("policy").filter(|path| !path.contains('[')).collect(),
            _ => Vec::new(),
        };
        Some(Self { policies, resource: paths("resource").next(), roles: paths("pass_role").collect(), entry })
    }
}

/// The text of a document.
#[derive(PartialEq, Eq, Hash)]
enum Text {
    Known(Arc<str>),
    Partial(Vec<Piece>),
}

/// Reads documents and remembers them by their text.
#[derive(Default)]
pub(super) struct Library {
    texts: Mutex<HashMap<(Kind, Text), Doc>>,
    managed: Mutex<HashMap<String, Doc>>,
    /// The types of the plan that the catalogue lists.
    listed: HashMap<Arc<str>, Listed>,
    /// Policies that the team has imported, by ARN.
    imported: Arc<Catalogue>,
}

impl Library {
    /// A library for a plan, which also knows what the team has imported, and has read most of the plan's documents.
    pub(super) fn of(state: &State) -> Self {
        let objects = state.rows.iter().flat_map(|row| [&row.before, &row.after]).flatten();
        let types: HashSet<&Arc<str>> = objects.map(|object| &object.type_name).collect();
        let listed = types.into_iter().filter_map(|name| Some((Arc::clone(name), Listed::of(name)?))).collect();
        let this = Self { imported: Arc::clone(&state.catalogue), listed, ..Self::default() };
        if state.rows.len() > PART {
            in_parts(&state.rows, PART, super::THREADS, |part| part.iter().for_each(|row| this.read_all(row)));
        }
        this
    }

    /// What the catalogue says of a type of the plan.
    pub(super) fn listed(&self, type_name: &str) -> Option<&Listed> {
        self.listed.get(type_name)
    }

    /// Reads the documents of a row where they usually stand, so that they are there when they are asked for.
    fn read_all(&self, row: &Row) {
        for object in [&row.before, &row.after].into_iter().flatten() {
            let read = |path: &str, kind| drop(self.read(&object.address, path, object.get(path), kind));
            match &*object.type_name {
                "aws_iam_role" => read("assume_role_policy", Kind::Trust),
                "aws_iam_policy" | "aws_iam_role_policy" | "aws_iam_user_policy" | "aws_iam_group_policy" => {
                    read("policy", Kind::Identity);
                }
                other => {
                    let paths = self.listed(other).into_iter().flat_map(|listed| &listed.policies);
                    paths.for_each(|path| read(path, Kind::Resource));
                }
            }
        }
    }

    /// The document that an attribute holds; `None` when none is set.
    pub(super) fn read(&self, address: &str, path: &str, value: &Val, kind: Kind) -> Option<Doc> {
        let text = match value {
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
            Val::Partial(pieces) => Text::Partial(pieces.clone()),
            Val::Text(text) if !text.is_empty() => Text::Known(Arc::clone(text)),
            _ => return None,
        };
        let key = (kind, text);
        if let Some(doc) = locked(&self.texts).get(&key) {
            return Some(doc.clone());
        }
        let doc = parse(address, path, &key.1, kind);
        // Why a text cannot be read names where it stands, so nobody else is told the same.
        match doc {
            // Who was first is kept: equal documents are one.
            Doc::Read(_) => Some(locked(&self.texts).entry(key).or_insert(doc).clone()),
            Doc::Unread { .. } => Some(doc),
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

fn parse(address: &str, path: &str, text: &Text, kind: Kind) -> Doc {
    let parts: Vec<Part> = match text {
        Text::Known(text) => vec![Part::Literal(text.to_string())],
        Text::Partial(pieces) => pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => Part::Literal(text.to_string()),
                Piece::Hole(hole) => Part::Hole(HoleId::new(&hole.id)),
            })
            .collect(),
    };
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
