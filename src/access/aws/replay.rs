//! Every witness is replayed through the independent evaluator before it is believed.

use crate::access::point::{KeyValue, Point};

use super::compile::Readings;
use super::document::Document;
use super::evaluate::{Context, ContextValue, Layer, Principal, Reading, Request, evaluate_document};
use super::parse::Kind;

/// What the evaluator makes of a request that is said to be new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Replay {
    /// Permitted for certain after, refused for certain before.
    Stands,
    /// It cannot tell on one side or both.
    Open,
    /// It is not new.
    Falls,
}

/// Judges the request under `before` and under `after`.
pub(super) fn replay(before: &Document, after: &Document, kind: Kind, point: &Point, readings: Readings) -> Replay {
    let Some(request) = request(point, kind) else { return Replay::Falls };
    let layer = if kind == Kind::Identity { Layer::Identity } else { Layer::Resource };
    let judge = |document| evaluate_document(document, layer, &request, reading(readings));
    let (after, before) = (judge(after), judge(before));
    if after.is_allowed() && before.is_denied() {
        Replay::Stands
    } else if after.is_denied() || before.is_allowed() {
        Replay::Falls
    } else {
        Replay::Open
    }
}

/// The request of a point; `None` where its principal is none that exists.
pub(super) fn request(point: &Point, kind: Kind) -> Option<Request> {
    let principal = match point.principal.split_once(':') {
        _ if kind == Kind::Identity => Principal::Anonymous,
        Some(("AWS", arn)) => Principal::from_arn(arn)?,
        Some(("Service", name)) => Principal::Service(name.to_owned()),
        Some(("Federated", provider)) => Principal::Federated(provider.to_owned()),
        Some(("CanonicalUser", id)) => Principal::CanonicalUser(id.to_owned()),
        Some(("Anonymous", _)) => Principal::Anonymous,
        _ => return None,
    };
    let context: Context = point
        .keys
        .iter()
        .map(|(key, value)| {
            let value = match value {
                KeyValue::One(value) => ContextValue::One(value.clone()),
                KeyValue::Many(values) => ContextValue::Many(values.clone()),
            };
            (key.to_string(), value)
        })
        .collect();
    let (action, resource) = (point.action.clone(), point.resource.clone());
    Some(Request { principal, action, resource, resource_account: None, context })
}

/// The evaluator's word for the readings.
pub(super) fn reading(readings: Readings) -> Reading {
    Reading {
        segments: readings.segments,
        unset_blocks_not: readings.unset_blocks_not,
        any_if_exists: readings.any_if_exists,
        late_variables: readings.late_variables,
        plain_is_any: readings.plain_is_any,
        tag_keys_mind_case: readings.tag_keys_mind_case,
        not_principal_needs_account: readings.not_principal_needs_account,
        empty_is_missing: readings.empty_is_missing,
        unset_blocks_negated: readings.unset_blocks_negated,
        unset_invalidates: readings.unset_invalidates,
        arns_have_six_parts: readings.arns_have_six_parts,
        // The trees of documents fork on the account instead.
    }
}
