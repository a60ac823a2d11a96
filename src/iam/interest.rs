//! What recognition wants of a plan, asked row by row while it is read.

use std::cell::RefCell;

use super::provisioners::only_runs_provisioners;
use super::recognise::Lookup;
use super::unclassified;
use crate::plan::{Action, ConfigHead, Mode, RowHead, StateHead};

/// The predicates for [`crate::plan::Keep`], and what they notice about the rows they let pass.
///
/// ```
/// use tollgate::iam::Interest;
/// use tollgate::plan::{Keep, read};
///
/// let text = br#"{"format_version":"1.2","resource_changes":[]}"#;
/// let interest = Interest::default();
/// let keep = Keep::nothing();
/// let input = read(
///     text.as_slice(),
///     &keep
///         .rows(&|head| interest.row(head))
///         .prior(&|head| interest.state(head))
///         .configuration(&|head| interest.configuration(head)),
/// )?;
/// for plan in &input.plans {
///     assert!(interest.recognise(plan).changes.is_empty());
/// }
/// # Ok::<(), tollgate::plan::ReadError>(())
/// ```
///
/// Whoever wants further rows asks this first and adds the own wish afterwards (`interest.row(head) | mine`, not
/// `||` the other way round), so that no row goes unnoticed. One value serves one input.
#[derive(Debug, Default)]
pub struct Interest {
    lookup: RefCell<Lookup>,
    passed: RefCell<Vec<Passed>>,
}

/// A row that is not kept but makes or destroys an object, or is read at apply: provisioners run with it, and a
/// provider block may depend on it. The configuration, which tells, comes after the rows.
#[derive(Clone, Debug)]
pub(super) struct Passed {
    pub(super) address: String,
    /// Whether an object is made.
    pub(super) made: bool,
    /// Whether an object is destroyed.
    pub(super) destroyed: bool,
}

impl Interest {
    /// Whether recognition needs a row: catalogued types, unchanged ones included; objects that were kept as such a
    /// type; changed rows of other types that may carry access-like attributes.
    pub fn row(&self, head: &RowHead<'_>) -> bool {
        let wanted = self.wants(head);
        let read = *head.mode == Mode::Data && head.actions.0.contains(&Action::Read);
        let (made, destroyed) = (head.actions.creates(), head.actions.deletes());
        if !wanted && (made || destroyed || read) {
            self.passed.borrow_mut().push(Passed { address: head.address.to_owned(), made, destroyed });
        }
        wanted
    }

    fn wants(&self, head: &RowHead<'_>) -> bool {
        let mut lookup = self.lookup.borrow_mut();
        if lookup.of_mode(head.mode, head.type_name).1.is_some() {
            return true;
        }
        if head.is_plain_no_op() || *head.mode == Mode::Data {
            return false;
        }
        head.previous_address.is_some()
            || unclassified::may_signal(head.type_name, &head.provider.source(), head.text())
    }

    /// Whether recognition, or the worlds built on it, need a resource of the prior state: catalogued types. They
    /// are documents that were read at plan, and what a targeted plan leaves out. The account, partition and region
    /// stand in many a name.
    pub fn state(&self, head: &StateHead<'_>) -> bool {
        let told = head.shown && *head.mode == Mode::Managed;
        let place = matches!(head.type_name, "aws_caller_identity" | "aws_partition" | "aws_region");
        let catalogued = !told && self.lookup.borrow_mut().of_mode(head.mode, head.type_name).1.is_some();
        catalogued || (place && *head.mode == Mode::Data)
    }

    /// Whether recognition needs a resource of the configuration: catalogued types, ephemeral resources, and
    /// whatever has provisioners.
    pub fn configuration(&self, head: &ConfigHead<'_>) -> bool {
        self.code(head) || self.lookup.borrow_mut().of_mode(head.mode, head.type_name).1.is_some()
    }

    /// Whether recognition itself needs a resource of the configuration, where no worlds are built: ephemeral
    /// resources, what has provisioners, and what is nothing without them.
    pub fn code(&self, head: &ConfigHead<'_>) -> bool {
        let entry = || self.lookup.borrow_mut().of_mode(head.mode, head.type_name).1;
        head.has_provisioners || *head.mode == Mode::Ephemeral || entry().is_some_and(|it| only_runs_provisioners(&it))
    }

    pub(super) fn passed(&self) -> Vec<Passed> {
        self.passed.borrow().clone()
    }
}
