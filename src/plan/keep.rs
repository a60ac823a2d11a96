//! What a caller wants of a plan.

use std::collections::BTreeSet;

use super::change::{Action, Actions, Mode, Provider};

/// The head of a row of `resource_changes[]` or `resource_drift[]`, seen before the row is parsed.
///
/// A part that the plan leaves out is empty, or worked out as in [`super::Change`].
#[derive(Clone, Copy, Debug)]
pub struct RowHead<'a> {
    /// Absolute address.
    pub address: &'a str,
    /// Where the object was before a move.
    pub previous_address: Option<&'a str>,
    /// Managed, data, ephemeral or a word tollgate does not know.
    pub mode: &'a Mode,
    /// The resource type.
    pub type_name: &'a str,
    /// The provider.
    pub provider: &'a Provider,
    /// What will be done.
    pub actions: &'a Actions,
    /// Whether the object is imported.
    pub importing: bool,
    /// Whether the row is about a deposed object.
    pub deposed: bool,
    pub(super) text: &'a [u8],
}

impl RowHead<'_> {
    /// Whether the row's JSON text holds these bytes: a fast way to rule out an attribute name. Text that is escaped
    /// in JSON is not found.
    pub fn mentions(&self, text: &str) -> bool {
        memchr::memmem::find(self.text, text.as_bytes()).is_some()
    }

    /// The row's JSON text.
    pub fn text(&self) -> &[u8] {
        self.text
    }

    /// A `no-op` row that is neither moved nor imported.
    pub fn is_plain_no_op(&self) -> bool {
        self.actions.0 == [Action::NoOp] && self.previous_address.is_none() && !self.importing
    }
}

/// The head of a resource of `prior_state`.
#[derive(Clone, Copy, Debug)]
pub struct StateHead<'a> {
    /// Absolute address.
    pub address: &'a str,
    /// Managed or data.
    pub mode: &'a Mode,
    /// The resource type.
    pub type_name: &'a str,
    /// Whether a row of `resource_changes` with the same address was kept, which then holds the same values. False
    /// where the state comes first.
    pub shown: bool,
}

/// The head of a resource of `configuration`.
#[derive(Clone, Copy, Debug)]
pub struct ConfigHead<'a> {
    /// Managed, data or ephemeral.
    pub mode: &'a Mode,
    /// The resource type.
    pub type_name: &'a str,
    /// Whether it has provisioners.
    pub has_provisioners: bool,
}

/// Top-level sections that are given as raw values as well, for policies that read the plan itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Sections {
    /// None.
    #[default]
    None,
    /// Those named.
    These(BTreeSet<String>),
    /// The whole plan.
    All,
}

impl Sections {
    /// Whether a section is wanted.
    pub fn wants(&self, name: &str) -> bool {
        match self {
            Self::None => false,
            Self::These(names) => names.contains(name),
            Self::All => true,
        }
    }
}

/// Decides on a row of the plan.
pub type RowFilter<'a> = &'a dyn Fn(&RowHead<'_>) -> bool;
/// Decides on a resource of the prior state.
pub type StateFilter<'a> = &'a dyn Fn(&StateHead<'_>) -> bool;
/// Decides on a resource of the configuration.
pub type ConfigFilter<'a> = &'a dyn Fn(&ConfigHead<'_>) -> bool;

/// What to materialise. Everything else is checked and dropped.
///
/// ```
/// use tollgate::plan::{Keep, read};
///
/// let text = br#"{"format_version":"1.2","resource_changes":[]}"#;
/// let input = read(text.as_slice(), &Keep::all().rows(&|row| row.type_name.starts_with("aws_iam_")))?;
/// assert_eq!(input.plans.len(), 1);
/// # Ok::<(), tollgate::plan::ReadError>(())
/// ```
#[derive(Clone)]
pub struct Keep<'a> {
    pub(super) rows: RowFilter<'a>,
    pub(super) drift: RowFilter<'a>,
    pub(super) prior: Option<StateFilter<'a>>,
    pub(super) configuration: ConfigFilter<'a>,
    pub(super) sections: Sections,
    pub(super) raw_rows: RowFilter<'a>,
    pub(super) strict: bool,
    pub(super) hashed: bool,
}

impl<'a> Keep<'a> {
    /// Every row, every resource of the prior state and of the configuration, no raw section.
    pub fn all() -> Self {
        Self {
            rows: &|_| true,
            drift: &|_| true,
            prior: Some(&|_| true),
            configuration: &|_| true,
            sections: Sections::None,
            raw_rows: &|_| true,
            strict: false,
            hashed: true,
        }
    }

    /// Only the facts about the plan: no row, no state, no resource of the configuration.
    pub fn nothing() -> Self {
        Self {
            rows: &|_| false,
            drift: &|_| false,
            prior: None,
            configuration: &|_| false,
            sections: Sections::None,
            raw_rows: &|_| true,
            strict: false,
            hashed: true,
        }
    }

    /// Rows of `resource_changes[]` (and of `deferred_changes[]`) to keep.
    pub fn rows(mut self, filter: RowFilter<'a>) -> Self {
        self.rows = filter;
        self
    }

    /// Rows of `resource_drift[]` to keep.
    pub fn drift(mut self, filter: RowFilter<'a>) -> Self {
        self.drift = filter;
        self
    }

    /// Resources of `prior_state` to keep.
    pub fn prior(mut self, filter: StateFilter<'a>) -> Self {
        self.prior = Some(filter);
        self
    }

    /// Resources of `configuration` to keep; modules, calls, variables and outputs are always kept.
    pub fn configuration(mut self, filter: ConfigFilter<'a>) -> Self {
        self.configuration = filter;
        self
    }

    /// Sections to give as raw values in [`super::Plan::raw`].
    pub fn sections(mut self, sections: Sections) -> Self {
        self.sections = sections;
        self
    }

    /// Rows of `resource_changes[]` to give in the raw section of that name, where it is asked for.
    pub fn raw_rows(mut self, filter: RowFilter<'a>) -> Self {
        self.raw_rows = filter;
        self
    }

    /// Whether to check the grammar and the keys of what is dropped too (`--strict-json`).
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// Whether to compute the digest of the input; on unless said otherwise. It takes longer than reading, and is not
    /// needed where the digest of a binary plan file is what counts. Without it [`super::Input::sha256`] is zero.
    pub fn hashed(mut self, hashed: bool) -> Self {
        self.hashed = hashed;
        self
    }
}
