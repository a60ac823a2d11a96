//! The plan as conftest policies see it: the selected rows and sections, as JSON text.

use super::Selection;

/// Collects the raw input of conftest policies while a plan is read.
#[derive(Debug)]
pub struct RawInput<'s> {
    selection: &'s Selection,
    rows: String,
    sections: String,
    has_rows: bool,
}

impl<'s> RawInput<'s> {
    /// An empty input for a selection.
    pub fn new(selection: &'s Selection) -> Self {
        Self { selection, rows: String::new(), sections: String::new(), has_rows: false }
    }

    /// Offers a row of `resource_changes` with its JSON text; true when it was taken.
    pub fn row<'t>(
        &mut self,
        text: &str,
        type_name: &str,
        mode: &str,
        actions: impl Iterator<Item = &'t str> + Clone,
    ) -> bool {
        let wanted = self.selection.wants_row(type_name, mode, actions);
        if wanted {
            if !self.rows.is_empty() {
                self.rows.push(',');
            }
            self.rows.push_str(text);
        }
        wanted
    }

    /// Tells that the plan has the member `resource_changes`, whether or not a row of it is selected.
    pub fn has_rows(&mut self) {
        self.has_rows = true;
    }

    /// Offers another top-level member with its JSON text; true when it was taken.
    pub fn section(&mut self, name: &str, text: &str) -> bool {
        let wanted = self.selection.wants_section(name);
        if wanted {
            self.sections.push_str(&format!("{}:{text},", serde_json::Value::from(name)));
        }
        wanted
    }

    /// The document; `None` when no conftest policy is loaded.
    pub fn finish(self) -> Option<String> {
        if *self.selection == Selection::Nothing {
            return None;
        }
        if self.rows.is_empty() && !self.has_rows {
            return Some(format!("{{{}}}", self.sections.trim_end_matches(',')));
        }
        Some(format!("{{{}\"resource_changes\":[{}]}}", self.sections, self.rows))
    }
}
