//! Plans read as the gate reads them.

use tollgate::iam::{Interest, Recognition};
use tollgate::plan::{self, Keep, Plan, ReadError};

/// The plans of a text with their IAM changes, keeping of them what recognition and the worlds ask for.
pub(crate) fn read(text: &[u8]) -> Result<Vec<(Plan, Recognition)>, ReadError> {
    let interest = Interest::default();
    let rows = |head: &plan::RowHead<'_>| interest.row(head);
    let prior = |head: &plan::StateHead<'_>| interest.state(head);
    let configuration = |head: &plan::ConfigHead<'_>| interest.configuration(head);
    let keep = Keep::nothing().rows(&rows).prior(&prior).configuration(&configuration);
    let plans = plan::read(text, &keep)?.plans.into_iter();
    Ok(plans.map(|plan| (interest.recognise(&plan), plan)).map(|(found, plan)| (plan, found)).collect())
}
