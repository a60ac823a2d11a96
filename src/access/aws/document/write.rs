//! The document back as text: one normal form.

use serde_json::{Value, json};

use super::{Clause, Condition, Document, Effect, HoleId, Item, List, Part, Principals, Statement, Text};

impl Document {
    /// Normalised JSON on one line: elements in the order of the grammar, every list an array, operators in
    /// canonical spelling, conditions under the same operator together in the order they first occur. Each hole is
    /// written as the string `<unknown IDENTITY>`, so the text of a document with holes is for reading only;
    /// use [`Document::to_parts`] to write one that can be read back.
    pub fn to_json(&self) -> String {
        self.to_parts()
            .into_iter()
            .map(|part| match part {
                Part::Literal(text) => text,
                Part::Hole(id) => escaped(&format!("<unknown {}>", id.as_str())),
            })
            .collect()
    }

    /// Normalised JSON in pieces, the inverse of [`parse_parts`](crate::access::aws::parse::parse_parts).
    pub fn to_parts(&self) -> Vec<Part> {
        let mut out = Writer::default();
        out.document(self);
        match Text::from_parts(out.parts) {
            Text::Known(text) => vec![Part::Literal(text)],
            Text::Partial(parts) => parts,
        }
    }
}

/// The characters of a JSON string for `text`, without the quotes.
fn escaped(text: &str) -> String {
    let quoted = json!(text).to_string();
    quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).map(str::to_owned).unwrap_or_default()
}

#[derive(Default)]
struct Writer {
    parts: Vec<Part>,
}

impl Writer {
    fn raw(&mut self, text: &str) {
        self.parts.push(Part::Literal(text.to_owned()));
    }

    fn hole(&mut self, id: &HoleId) {
        self.parts.push(Part::Hole(id.clone()));
    }

    fn string(&mut self, text: &Text) {
        self.raw("\"");
        match text {
            Text::Known(text) => self.raw(&escaped(text)),
            Text::Partial(parts) => {
                for part in parts {
                    match part {
                        Part::Literal(text) => self.raw(&escaped(text)),
                        Part::Hole(id) => self.hole(id),
                    }
                }
            }
        }
        self.raw("\"");
    }

    /// Writes `items` with commas between them.
    fn separated<T>(&mut self, items: impl IntoIterator<Item = T>, mut write: impl FnMut(&mut Self, T)) {
        for (position, item) in items.into_iter().enumerate() {
            if position > 0 {
                self.raw(",");
            }
            write(self, item);
        }
    }

    fn list(&mut self, list: &List) {
        // A hole for the whole list stands outside brackets; inside them it would be one string.
        if let [Item::Many(id)] = list.items.as_slice() {
            return self.hole(id);
        }
        self.raw("[");
        self.separated(&list.items, |out, item| match item {
            Item::One(text) => out.string(text),
            Item::Many(id) => {
                out.raw("[");
                out.hole(id);
                out.raw("]");
            }
        });
        self.raw("]");
    }

    fn document(&mut self, document: &Document) {
        self.raw("{");
        if let Some(version) = document.version {
            self.raw(&format!("\"Version\":\"{}\",", version.as_str()));
        }
        if let Some(id) = &document.id {
            self.raw("\"Id\":");
            self.string(id);
            self.raw(",");
        }
        self.raw("\"Statement\":");
        match (document.statements.as_slice(), document.unknown_statements.as_slice()) {
            ([], [unknown]) if unknown.many => self.hole(&unknown.hole),
            (statements, unknown) => {
                let mut entries: Vec<(usize, Result<&Statement, &HoleId>)> =
                    statements.iter().map(|statement| (statement.index, Ok(statement))).collect();
                entries.extend(unknown.iter().map(|entry| (entry.index, Err(&entry.hole))));
                entries.sort_by_key(|(index, _)| *index);
                self.raw("[");
                self.separated(entries, |out, (_, entry)| match entry {
                    Ok(statement) => out.statement(statement),
                    Err(hole) => out.hole(hole),
                });
                self.raw("]");
            }
        }
        self.raw("}");
    }

    fn statement(&mut self, statement: &Statement) {
        self.raw("{");
        if let Some(sid) = &statement.sid {
            self.raw("\"Sid\":");
            self.string(sid);
            self.raw(",");
        }
        self.raw("\"Effect\":");
        match &statement.effect {
            Effect::Allow => self.raw("\"Allow\""),
            Effect::Deny => self.raw("\"Deny\""),
            Effect::Unknown(id) => self.hole(id),
        }
        if let Some(principal) = &statement.principal {
            self.name(principal, "Principal");
            self.principals(&principal.set);
        }
        self.name(&statement.action, "Action");
        self.list(&statement.action.set);
        if let Some(resource) = &statement.resource {
            self.name(resource, "Resource");
            self.list(&resource.set);
        }
        self.conditions(&statement.conditions, &statement.unknown_conditions);
        self.raw("}");
    }

    fn name<T>(&mut self, clause: &Clause<T>, name: &str) {
        self.raw(&format!(",\"{}{name}\":", if clause.negated { "Not" } else { "" }));
    }

    fn principals(&mut self, principals: &Principals) {
        match principals {
            Principals::Everyone => self.raw("\"*\""),
            Principals::Unknown(id) => self.hole(id),
            Principals::Listed(entries) => {
                self.raw("{");
                self.separated(entries, |out, entry| {
                    out.raw(&format!("\"{}\":", entry.kind.as_str()));
                    out.list(&entry.ids);
                });
                self.raw("}");
            }
        }
    }

    fn conditions(&mut self, conditions: &[Condition], unknown: &[HoleId]) {
        if conditions.is_empty() && unknown.is_empty() {
            return;
        }
        self.raw(",\"Condition\":");
        if let ([], [only]) = (conditions, unknown) {
            return self.hole(only);
        }
        let mut groups: Vec<(String, Vec<&Condition>)> = Vec::new();
        for condition in conditions {
            let operator = condition.operator.to_string();
            match groups.iter_mut().find(|(name, _)| *name == operator) {
                Some((_, members)) => members.push(condition),
                None => groups.push((operator, vec![condition])),
            }
        }
        self.raw("{");
        self.separated(&groups, |out, (operator, members)| {
            out.raw(&format!("{}:{{", Value::from(operator.as_str())));
            out.separated(members, |out, condition| {
                out.string(&condition.key);
                out.raw(":");
                out.list(&condition.values);
            });
            out.raw("}");
        });
        for (position, id) in unknown.iter().enumerate() {
            if position > 0 || !groups.is_empty() {
                self.raw(",");
            }
            // An operator without a name of its own: all that is known is that a condition stands here.
            self.raw(&format!("\"unknown:{position}\":"));
            self.hole(id);
        }
        self.raw("}");
    }
}
