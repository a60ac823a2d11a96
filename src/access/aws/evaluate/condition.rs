//! Whether a condition holds.
//!
//! Sources: IAM User Guide, "IAM JSON policy elements: Condition operators" (operators, `IfExists`, `Null`), "Set
//! operators for multivalued context keys", "Evaluation logic for multiple context keys or values".

use std::cmp::Ordering;

use super::pattern::{Pattern, Variables};
use super::request::{ContextValue, Keys};
use super::truth::Truth;
use super::value::{Number, Range, instant};
use crate::access::aws::document::{Base, Condition, Family, Item, Operator, SetPrefix, Text};

/// Whether `condition` holds for the request behind `keys`.
pub(super) fn holds(condition: &Condition, variables: bool, keys: &Keys<'_>) -> Truth {
    let (Operator::Known { set, base, if_exists }, Some(key)) = (&condition.operator, condition.key.as_known()) else {
        return Truth::Unknown;
    };
    let value = keys.get(key);
    if *base == Base::Null {
        return null(condition, value.is_none());
    }
    let test = Test { condition, base: *base, variables, keys };
    match (set, value) {
        (None, None) => Truth::from(base.is_negated() || *if_exists),
        (None, Some(ContextValue::One(value))) => test.holds_for(&value),
        (None, Some(ContextValue::Many(values))) if keys.reading.plain_is_any => {
            Truth::any(values.iter().map(|value| test.holds_for(value)))
        }
        (None, Some(ContextValue::Many(_))) => Truth::False,
        (Some(SetPrefix::ForAllValues), None) => Truth::True,
        (Some(SetPrefix::ForAllValues), Some(value)) => {
            let values = values(value);
            if keys.reading.empty_is_missing && values.iter().all(String::is_empty) {
                return Truth::True;
            }
            Truth::all(values.iter().map(|value| test.holds_for(value)))
        }
        (Some(SetPrefix::ForAnyValue), None) => Truth::from(*if_exists && keys.reading.any_if_exists),
        (Some(SetPrefix::ForAnyValue), Some(value)) => {
            Truth::any(values(value).iter().map(|value| test.holds_for(value)))
        }
    }
}

/// Whether a listed value has a variable without value and default.
pub(super) fn has_unset(condition: &Condition, variables: bool, keys: &Keys<'_>) -> bool {
    let Operator::Known { base, .. } = condition.operator else { return false };
    let replaced = variables && matches!(base.family(), Family::String | Family::Arn);
    replaced && condition.values.known_items().any(|listed| Pattern::new(listed, Variables::All, keys).is_none())
}

fn values(value: ContextValue) -> Vec<String> {
    match value {
        ContextValue::One(value) => vec![value],
        ContextValue::Many(values) => values,
    }
}

fn null(condition: &Condition, missing: bool) -> Truth {
    Truth::any(condition.values.items.iter().map(|item| match item {
        Item::One(Text::Known(word)) if word.eq_ignore_ascii_case("true") => Truth::from(missing),
        Item::One(Text::Known(word)) if word.eq_ignore_ascii_case("false") => Truth::from(!missing),
        _ => Truth::Unknown,
    }))
}

/// A condition at work on one value of the request.
struct Test<'a> {
    condition: &'a Condition,
    base: Base,
    variables: bool,
    keys: &'a Keys<'a>,
}

impl Test<'_> {
    /// One listed value suffices for a positive operator; none may match for a negated one.
    fn holds_for(&self, value: &str) -> Truth {
        if self.base.is_negated()
            && self.keys.reading.unset_blocks_negated
            && has_unset(self.condition, self.variables, self.keys)
        {
            return Truth::False;
        }
        let matched = Truth::any(self.condition.values.items.iter().map(|item| match item {
            Item::One(Text::Known(listed)) => self.matches(listed, value),
            Item::One(Text::Partial(_)) | Item::Many(_) => Truth::Unknown,
        }));
        matched.negated_if(self.base.is_negated())
    }

    /// Whether the request's value is, or lies in, what one listed value says, whatever the operator's sign.
    fn matches(&self, listed: &str, value: &str) -> Truth {
        match self.base.family() {
            Family::String | Family::Arn => {
                let variables = if self.variables { Variables::All } else { Variables::None };
                // A variable without value makes a value that nothing equals.
                let Some(pattern) = Pattern::new(listed, variables, self.keys) else { return Truth::False };
                Truth::from(match self.base {
                    Base::StringEquals | Base::StringNotEquals => pattern.equals(value, false),
                    Base::StringEqualsIgnoreCase | Base::StringNotEqualsIgnoreCase => pattern.equals(value, true),
                    Base::StringLike | Base::StringNotLike => pattern.like(value),
                    _ if self.keys.reading.arns_have_six_parts && !pattern.has_six_segments() => false,
                    _ => pattern.like_in_segments(value),
                })
            }
            // The documentation contradicts itself on variables here.
            Family::Bool | Family::Binary if self.variables && listed.contains("${") => Truth::Unknown,
            Family::Bool => Truth::from(listed.eq_ignore_ascii_case(value)),
            Family::Binary => Truth::from(listed == value),
            Family::Numeric => match (Number::read(value), Number::read(listed)) {
                (Some(value), Some(listed)) => self.ordered(value.compare(&listed)),
                _ => Truth::Unknown,
            },
            Family::Date => match (instant(value), instant(listed)) {
                (Some(value), Some(listed)) => self.ordered(value.cmp(&listed)),
                _ => Truth::Unknown,
            },
            Family::Ip => match (Range::read(value), Range::read(listed)) {
                (Some(value), Some(listed)) => Truth::from(listed.contains(&value)),
                _ => Truth::Unknown,
            },
            Family::Null => Truth::Unknown,
        }
    }

    fn ordered(&self, order: Ordering) -> Truth {
        Truth::from(match self.base {
            Base::NumericLessThan | Base::DateLessThan => order.is_lt(),
            Base::NumericLessThanEquals | Base::DateLessThanEquals => order.is_le(),
            Base::NumericGreaterThan | Base::DateGreaterThan => order.is_gt(),
            Base::NumericGreaterThanEquals | Base::DateGreaterThanEquals => order.is_ge(),
            _ => order.is_eq(),
        })
    }
}
