//! A plan as its JSON text, for policies that read it as it is.

use std::collections::BTreeMap;
use std::fmt;

/// The sections of a plan that were asked for, and the rows of `resource_changes` that were, each as it stands in the
/// plan. Nothing of it is built: who needs it builds what it needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawPlan {
    pub(super) sections: BTreeMap<String, String>,
    pub(super) rows: Option<RawRows>,
}

/// Rows of `resource_changes`, in one text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawRows {
    pub(super) text: String,
    ends: Vec<usize>,
}

impl RawPlan {
    /// Adds a section other than a list of rows.
    pub fn add_section(&mut self, name: &str, text: &str) {
        self.sections.insert(name.to_owned(), text.to_owned());
    }

    /// The rows, of which there may be none yet: with this, `resource_changes` is a list.
    pub fn rows_mut(&mut self) -> &mut RawRows {
        self.rows.get_or_insert_default()
    }

    /// The sections, without a list of rows, by name.
    pub fn sections(&self) -> impl Iterator<Item = (&str, &str)> {
        self.sections.iter().map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// The rows of `resource_changes`; `None` where the plan has no such list, or nobody asked for it.
    pub fn rows(&self) -> Option<&RawRows> {
        self.rows.as_ref()
    }
}

/// The document that the parts make up.
impl fmt::Display for RawPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |name: &str| serde_json::Value::from(name).to_string();
        let sections = self.sections().map(|(section, text)| format!("{}:{text}", name(section)));
        let rows = self.rows().map(|rows| {
            let rows: Vec<&str> = rows.range(0..rows.len()).collect();
            format!("{}:[{}]", name("resource_changes"), rows.join(","))
        });
        write!(f, "{{{}}}", sections.chain(rows).collect::<Vec<_>>().join(","))
    }
}

impl RawRows {
    /// Adds a row.
    pub fn push(&mut self, row: &str) {
        self.text.push_str(row);
        self.end();
    }

    /// Ends a row whose text was appended.
    pub(super) fn end(&mut self) {
        self.ends.push(self.text.len());
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Bytes of all rows together.
    pub fn size(&self) -> usize {
        self.text.len()
    }

    /// The rows at these positions, in order.
    pub fn range(&self, range: std::ops::Range<usize>) -> impl Iterator<Item = &str> {
        let start = |row: usize| row.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        range.filter_map(move |row| self.text.get(start(row)..*self.ends.get(row)?))
    }
}
