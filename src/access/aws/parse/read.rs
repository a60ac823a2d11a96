//! The JSON tree to a document: names, types, and what excludes what.

use super::Kind;
use super::error::{DocumentPath, Fault, ParseError, shown};
use super::scan::{Member, Node, Source, Value};
use crate::access::aws::document::{
    Clause, Condition, Document, Effect, Item, List, Operator, Part, PrincipalEntry, PrincipalKind, Principals, Span,
    Statement, Text, UnknownStatement, Version,
};

type Read<T> = Result<T, ParseError>;

const DOCUMENT_ELEMENTS: [&str; 3] = ["Version", "Id", "Statement"];
const STATEMENT_ELEMENTS: [&str; 9] =
    ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];

/// The members of an object under the names of the language, each taken out once.
struct Elements {
    members: Vec<Member>,
}

impl Elements {
    fn take(&mut self, name: &str) -> Option<Node> {
        let at = self.members.iter().position(|member| member.key.as_known() == Some(name))?;
        Some(self.members.swap_remove(at).value)
    }
}

/// Whether a statement of the document has `Principal` or `NotPrincipal`.
pub(super) fn names_principal(document: &Node) -> bool {
    fn members(node: &Node) -> &[Member] {
        if let Value::Object(members) = &node.value { members } else { &[] }
    }
    let named = |statement: &Node| {
        members(statement).iter().any(|member| matches!(member.key.as_known(), Some("Principal" | "NotPrincipal")))
    };
    members(document).iter().filter(|member| member.key.as_known() == Some("Statement")).any(|member| {
        match &member.value.value {
            Value::Array(items) => items.iter().any(named),
            _ => named(&member.value),
        }
    })
}

pub(super) struct Reader<'a> {
    source: &'a Source,
    kind: Kind,
}

impl<'a> Reader<'a> {
    pub(super) fn new(source: &'a Source, kind: Kind) -> Self {
        Self { source, kind }
    }

    fn fail<T>(&self, path: &DocumentPath, span: Span, fault: Fault) -> Read<T> {
        Err(self.source.error(path, span.start, fault))
    }

    fn wrong_type<T>(&self, path: &DocumentPath, node: &Node, expected: &'static str) -> Read<T> {
        let fault = match node.value {
            Value::Hole(_) => Fault::UnknownShape,
            _ => Fault::WrongType { expected, found: node.value.type_name() },
        };
        self.fail(path, node.span, fault)
    }

    /// The members of an object whose names are all in `known`.
    fn elements(
        &self,
        path: &DocumentPath,
        node: Node,
        known: &[&'static str],
        expected: &'static str,
    ) -> Read<Elements> {
        let Value::Object(members) = node.value else { return self.wrong_type(path, &node, expected) };
        for member in &members {
            if !member.key.as_known().is_some_and(|key| known.contains(&key)) {
                let found = member.key.display();
                let meant = known.iter().find(|name| name.eq_ignore_ascii_case(&found)).copied();
                let fault = Fault::UnknownElement { found: shown(&found), meant };
                return self.fail(&path.key(&found), member.key_span, fault);
            }
        }
        Ok(Elements { members })
    }

    pub(super) fn document(&self, node: Node) -> Read<Document> {
        let root = DocumentPath::root();
        let span = node.span;
        let mut elements = self.elements(&root, node, &DOCUMENT_ELEMENTS, "an object")?;
        let version = elements.take("Version").map(|node| self.version(&root.key("Version"), &node)).transpose()?;
        let id = elements.take("Id").map(|node| self.label(&root.key("Id"), node)).transpose()?;
        let Some(list) = elements.take("Statement") else { return self.fail(&root, span, Fault::Missing("Statement")) };
        let mut document = Document { version, id, statements: Vec::new(), unknown_statements: Vec::new() };
        let path = root.key("Statement");
        match list.value {
            Value::Hole(hole) => document.unknown_statements.push(UnknownStatement { index: 0, hole, many: true }),
            Value::Object(_) => document.statements.push(self.statement(&path, 0, list)?),
            Value::Array(items) => {
                for (index, item) in items.into_iter().enumerate() {
                    match item.value {
                        Value::Hole(hole) => {
                            document.unknown_statements.push(UnknownStatement { index, hole, many: false });
                        }
                        _ => document.statements.push(self.statement(&path.index(index), index, item)?),
                    }
                }
            }
            _ => return self.wrong_type(&path, &list, "a statement or an array of statements"),
        }
        Ok(document)
    }

    fn version(&self, path: &DocumentPath, node: &Node) -> Read<Version> {
        let expected = "`2012-10-17` or `2008-10-17`";
        match &node.value {
            Value::String(Text::Known(text)) => {
                match [Version::V2008, Version::V2012].into_iter().find(|v| v.as_str() == text) {
                    Some(version) => Ok(version),
                    None => self.fail(path, node.span, Fault::WrongValue { expected, found: shown(text) }),
                }
            }
            // Whether variables are replaced hangs on it.
            Value::String(Text::Partial(_)) => self.fail(path, node.span, Fault::UnknownShape),
            _ => self.wrong_type(path, node, "a string"),
        }
    }

    /// A string without meaning for access, which may be unknown.
    fn label(&self, path: &DocumentPath, node: Node) -> Read<Text> {
        match node.value {
            Value::String(text) => Ok(text),
            Value::Hole(id) => Ok(Text::Partial(vec![Part::Hole(id)])),
            _ => self.wrong_type(path, &node, "a string"),
        }
    }

    fn statement(&self, path: &DocumentPath, index: usize, node: Node) -> Read<Statement> {
        let span = node.span;
        let mut elements = self.elements(path, node, &STATEMENT_ELEMENTS, "a statement (an object)")?;
        let sid = elements.take("Sid").map(|node| self.label(&path.key("Sid"), node)).transpose()?;
        let Some(effect) = elements.take("Effect") else { return self.fail(path, span, Fault::Missing("Effect")) };
        let effect = self.effect(&path.key("Effect"), effect)?;

        let principal = self.clause(path, span, &mut elements, "Principal", "NotPrincipal", Self::principals)?;
        match (self.kind, &principal) {
            (Kind::Identity, Some(clause)) => {
                let element = if clause.negated { "NotPrincipal" } else { "Principal" };
                return self.fail(&path.key(element), span, Fault::NotInKind { element, kind: self.kind });
            }
            (Kind::Trust, Some(Clause { negated: true, .. })) => {
                let fault = Fault::NotInKind { element: "NotPrincipal", kind: self.kind };
                return self.fail(&path.key("NotPrincipal"), span, fault);
            }
            (Kind::Resource | Kind::Trust, None) => return self.fail(path, span, Fault::Missing("Principal")),
            _ => {}
        }

        let action = self.clause(path, span, &mut elements, "Action", "NotAction", Self::actions)?;
        let Some(action) = action else { return self.fail(path, span, Fault::Missing("Action")) };

        let resource = self.clause(path, span, &mut elements, "Resource", "NotResource", Self::strings)?;
        match (self.kind, &resource) {
            (Kind::Identity, None) => return self.fail(path, span, Fault::Missing("Resource")),
            (Kind::Trust, Some(clause)) => {
                let element = if clause.negated { "NotResource" } else { "Resource" };
                return self.fail(&path.key(element), span, Fault::NotInKind { element, kind: self.kind });
            }
            _ => {}
        }

        let mut statement = Statement {
            index,
            sid,
            effect,
            principal,
            action,
            resource,
            conditions: Vec::new(),
            unknown_conditions: Vec::new(),
            span,
        };
        if let Some(block) = elements.take("Condition") {
            self.conditions(&path.key("Condition"), block, &mut statement)?;
        }
        Ok(statement)
    }

    fn effect(&self, path: &DocumentPath, node: Node) -> Read<Effect> {
        match node.value {
            Value::String(Text::Known(text)) => match text.as_str() {
                "Allow" => Ok(Effect::Allow),
                "Deny" => Ok(Effect::Deny),
                _ => {
                    let fault = Fault::WrongValue { expected: "`Allow` or `Deny`", found: shown(&text) };
                    self.fail(path, node.span, fault)
                }
            },
            Value::String(Text::Partial(parts)) => match parts.as_slice() {
                [Part::Hole(id)] => Ok(Effect::Unknown(id.clone())),
                _ => self.fail(path, node.span, Fault::UnknownShape),
            },
            Value::Hole(id) => Ok(Effect::Unknown(id)),
            _ => self.wrong_type(path, &node, "a string"),
        }
    }

    /// An element or its `Not` form, not both.
    fn clause<T>(
        &self,
        path: &DocumentPath,
        span: Span,
        elements: &mut Elements,
        positive: &'static str,
        negative: &'static str,
        read: impl Fn(&Self, &DocumentPath, Node) -> Read<T>,
    ) -> Read<Option<Clause<T>>>
    where
        T: IsEmpty,
    {
        match (elements.take(positive), elements.take(negative)) {
            (None, None) => Ok(None),
            (Some(_), Some(_)) => self.fail(path, span, Fault::Both(positive, negative)),
            (Some(node), None) => Ok(Some(Clause { negated: false, set: read(self, &path.key(positive), node)? })),
            (None, Some(node)) => {
                let path = path.key(negative);
                let span = node.span;
                let set = read(self, &path, node)?;
                if set.is_empty() {
                    return self.fail(&path, span, Fault::EmptyNegation);
                }
                Ok(Some(Clause { negated: true, set }))
            }
        }
    }

    fn principals(&self, path: &DocumentPath, node: Node) -> Read<Principals> {
        let expected = "`\"*\"` or an object such as `{\"AWS\": [...]}`";
        match node.value {
            Value::Hole(id) => Ok(Principals::Unknown(id)),
            Value::String(Text::Known(text)) if text == "*" => Ok(Principals::Everyone),
            Value::String(Text::Known(text)) => {
                self.fail(path, node.span, Fault::WrongValue { expected, found: shown(&text) })
            }
            Value::String(Text::Partial(_)) => self.fail(path, node.span, Fault::UnknownShape),
            Value::Object(_) => {
                let names = PrincipalKind::ALL.map(PrincipalKind::as_str);
                let Elements { members } = self.elements(path, node, &names, expected)?;
                let mut entries = Vec::new();
                for member in members {
                    let name = member.key.display();
                    if let Some(kind) = PrincipalKind::ALL.into_iter().find(|kind| kind.as_str() == name) {
                        entries.push(PrincipalEntry { kind, ids: self.strings(&path.key(&name), member.value)? });
                    }
                }
                Ok(Principals::Listed(entries))
            }
            _ => self.wrong_type(path, &node, expected),
        }
    }

    fn actions(&self, path: &DocumentPath, node: Node) -> Read<List> {
        let span = node.span;
        let list = self.strings(path, node)?;
        for action in list.known_items() {
            let all = !action.is_empty() && action.bytes().all(|byte| byte == b'*');
            let named = action.split_once(':').is_some_and(|(service, name)| !service.is_empty() && !name.is_empty());
            if !all && !named {
                return self.fail(path, span, Fault::Action(shown(action)));
            }
        }
        Ok(list)
    }

    fn strings(&self, path: &DocumentPath, node: Node) -> Read<List> {
        self.list(path, node, "a string or an array of strings", |value| match value {
            Value::String(text) => Ok(text),
            other => Err(other),
        })
    }

    /// A scalar or an array of scalars.
    fn list(
        &self,
        path: &DocumentPath,
        node: Node,
        expected: &'static str,
        scalar: impl Fn(Value) -> Result<Text, Value>,
    ) -> Read<List> {
        let span = node.span;
        let one = |path: &DocumentPath, node: Node| match scalar(node.value) {
            Ok(text) => Ok(Item::One(text)),
            Err(value) => self.wrong_type(path, &Node { value, span: node.span }, expected),
        };
        let items = match node.value {
            Value::Hole(id) => vec![Item::Many(id)],
            Value::Array(nodes) => {
                let mut items = Vec::with_capacity(nodes.len());
                for (index, node) in nodes.into_iter().enumerate() {
                    items.push(match node.value {
                        Value::Hole(id) => Item::One(Text::Partial(vec![Part::Hole(id)])),
                        // A list inside the list is how the writer marks an unknown number of entries among known ones.
                        Value::Array(inner) if matches!(inner.as_slice(), [Node { value: Value::Hole(_), .. }]) => {
                            match inner.into_iter().next().map(|node| node.value) {
                                Some(Value::Hole(id)) => Item::Many(id),
                                _ => continue,
                            }
                        }
                        value => one(&path.index(index), Node { value, span: node.span })?,
                    });
                }
                items
            }
            value => vec![one(path, Node { value, span })?],
        };
        Ok(List { items, span })
    }

    fn conditions(&self, path: &DocumentPath, node: Node, statement: &mut Statement) -> Read<()> {
        let operators = match node.value {
            Value::Hole(id) => {
                statement.unknown_conditions.push(id);
                return Ok(());
            }
            Value::Object(members) => members,
            _ => return self.wrong_type(path, &node, "an object of operators"),
        };
        let mut seen: Vec<String> = Vec::new();
        for Member { key: written, key_span, value: block } in operators {
            let Some(written) = written.as_known() else { return self.fail(path, key_span, Fault::UnknownShape) };
            let path = path.key(written);
            self.once(&path, key_span, written, &mut seen)?;
            let keys = match block.value {
                Value::Hole(id) => {
                    statement.unknown_conditions.push(id);
                    continue;
                }
                Value::Object(members) => members,
                _ => return self.wrong_type(&path, &block, "an object of condition keys"),
            };
            let operator = Operator::read(written);
            let mut seen_keys: Vec<String> = Vec::new();
            for Member { key, key_span, value } in keys {
                let path = path.key(&key.display());
                self.once(&path, key_span, &key.display(), &mut seen_keys)?;
                if key.as_known().is_some_and(str::is_empty) {
                    let fault = Fault::WrongValue { expected: "a condition key", found: String::new() };
                    return self.fail(&path, key_span, fault);
                }
                let values =
                    self.list(&path, value, "a string, number or boolean, or an array of them", |value| match value {
                        Value::String(text) => Ok(text),
                        Value::Number(text) => Ok(Text::Known(text)),
                        Value::Bool(value) => Ok(Text::Known(value.to_string())),
                        other => Err(other),
                    })?;
                statement.conditions.push(Condition { operator: operator.clone(), key, values, span: key_span });
            }
        }
        Ok(())
    }

    /// Refuses a name that occurred before in another case.
    fn once(&self, path: &DocumentPath, span: Span, name: &str, seen: &mut Vec<String>) -> Read<()> {
        let folded = name.to_lowercase();
        if seen.contains(&folded) {
            return self.fail(path, span, Fault::Duplicate(shown(name)));
        }
        seen.push(folded);
        Ok(())
    }
}

/// Whether a negated element would except nothing.
trait IsEmpty {
    fn is_empty(&self) -> bool;
}

impl IsEmpty for List {
    fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

impl IsEmpty for Principals {
    fn is_empty(&self) -> bool {
        match self {
            Self::Listed(entries) => entries.iter().all(|entry| entry.ids.items.is_empty()),
            Self::Everyone | Self::Unknown(_) => false,
        }
    }
}
