//! Conditions to literals.
//!
//! Source: IAM User Guide, "IAM JSON policy elements: Condition operators", "...IfExists", "Set operators for
//! multivalued context keys"; the truth table stands in the type [`Test`].

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::access::aws::actions::Actions;
use crate::access::aws::document::{Base, Condition, Family, Item, Operator, SetPrefix, Text};
use crate::access::glob::{Glob, Symbol, Token};
use crate::access::literal::{Dim, Lit, Set, Test};
use crate::access::ranges::Ranges;
use crate::access::scalar;

use super::text::{self, Style, Variables};
use super::{Contested, Readings};

/// The most alternatives that the conditions of one statement are multiplied out to.
const MAX_ALTERNATIVES: usize = 64;

/// Multiplies the alternatives of a statement by those of one more of its conditions. Where that gets out of hand
/// the condition becomes one that cannot be read.
pub(super) fn both(so_far: &[Vec<Lit>], forms: &[Vec<Lit>], condition: &Condition) -> Vec<Vec<Lit>> {
    let opaque;
    let forms = if forms.len() > 1 && so_far.len() * forms.len() > MAX_ALTERNATIVES {
        opaque = [vec![Lit::opaque(&canonical(condition), false)]];
        &opaque[..]
    } else {
        forms
    };
    so_far.iter().flat_map(|one| forms.iter().map(|more| one.iter().chain(more).cloned().collect())).collect()
}

/// The literals of one condition: alternatives of which one must hold, each a conjunction. Nearly always one
/// alternative of one literal; an empty conjunction where the condition always holds. `unset` collects the keys
/// that its variables cannot do without.
pub(super) fn lits(
    condition: &Condition,
    variables: bool,
    readings: Readings,
    seen: &mut Contested,
    unset: &mut BTreeSet<Arc<str>>,
) -> Vec<Vec<Lit>> {
    let label = label(condition);
    let opaque = || vec![vec![Lit::opaque(&canonical(condition), false)]];
    let (Operator::Known { set, base, if_exists }, Some(key)) = (&condition.operator, condition.key.as_known()) else {
        return opaque();
    };
    let key_dim = Dim::Key(text::key_name(key, readings));
    let lit = |test| Lit { dim: key_dim.clone(), test, label: label.as_str().into() };
    if *base == Base::Null {
        return match null(condition) {
            Some(None) => vec![Vec::new()],
            Some(Some(neg)) => vec![vec![lit(Test::Present { neg })]],
            None => opaque(),
        };
    }
    let own = unset_keys(condition, *base, variables, readings);
    unset.extend(own.iter().cloned());
    seen.arns_have_six_parts |= base.family() == Family::Arn && !condition.values.items.iter().all(is_whole_arn);
    let Some(values) = values(condition, *base, variables, readings) else { return opaque() };
    let neg = base.is_negated();
    let list = Actions::embedded().key_type(key).is_none_or(|kind| kind.multivalued != Some(false));
    let test = match set {
        None => {
            seen.plain_is_any |= list;
            let absent_ok = neg || *if_exists;
            match list && readings.plain_is_any {
                true => Test::Some { neg, absent_ok, set: values },
                false => Test::One { neg, absent_ok, set: values },
            }
        }
        Some(SetPrefix::ForAllValues) => {
            seen.empty_is_missing = true;
            Test::All { neg, set: values }
        }
        Some(SetPrefix::ForAnyValue) => {
            seen.any_if_exists |= *if_exists;
            Test::Some { neg, absent_ok: *if_exists && readings.any_if_exists, set: values }
        }
    };
    // Under one reading nothing but empty values counts as a missing key.
    let all_empty = || lit(Test::All { neg: false, set: Set::Globs(vec![Glob::empty()]) });
    let empty = (matches!(test, Test::All { .. }) && readings.empty_is_missing).then(|| vec![all_empty()]);
    seen.unset_blocks_negated |= neg && !own.is_empty();
    if !neg || own.is_empty() || !readings.unset_blocks_negated {
        return empty.into_iter().chain([vec![lit(test)]]).collect();
    }
    // It holds where all its variables have values, and without them where it does not look at the values.
    let mut out = Vec::new();
    if let Test::All { .. } | Test::One { absent_ok: true, .. } | Test::Some { absent_ok: true, .. } = &test {
        out.push(vec![lit(Test::Present { neg: true })]);
    }
    out.extend(empty);
    out.push(own.iter().map(Lit::one_value).chain([lit(test)]).collect());
    out
}

/// The keys of the condition's variables without default.
fn unset_keys(condition: &Condition, base: Base, variables: bool, readings: Readings) -> BTreeSet<Arc<str>> {
    if !variables || !matches!(base.family(), Family::String | Family::Arn) {
        return BTreeSet::new();
    }
    let keys = |item: &Item| match item {
        Item::One(text) => text::unset_keys(text, Variables::All, readings),
        Item::Many(_) => BTreeSet::new(),
    };
    condition.values.items.iter().flat_map(keys).collect()
}

/// Whether a value is an ARN of six segments, as far as it is known.
fn is_whole_arn(item: &Item) -> bool {
    match item {
        Item::One(text) => text::has_six_segments(text),
        Item::Many(_) => true,
    }
}

/// `Some(None)` where any request satisfies it, `Some(Some(neg))` for one presence, `None` where it cannot be read.
fn null(condition: &Condition) -> Option<Option<bool>> {
    let (mut missing, mut present) = (false, false);
    for item in &condition.values.items {
        match item {
            Item::One(Text::Known(word)) if word.eq_ignore_ascii_case("true") => missing = true,
            Item::One(Text::Known(word)) if word.eq_ignore_ascii_case("false") => present = true,
            _ => return None,
        }
    }
    match (missing, present) {
        (true, true) => Some(None),
        (true, false) => Some(Some(true)),
        (false, true) => Some(Some(false)),
        (false, false) => None,
    }
}

/// The set that the values describe; `None` where some value cannot be read.
fn values(condition: &Condition, base: Base, variables: bool, readings: Readings) -> Option<Set> {
    let items = &condition.values.items;
    let known =
        || items.iter().map(|item| if let Item::One(Text::Known(text)) = item { Some(text.as_str()) } else { None });
    match base.family() {
        Family::String | Family::Arn => strings(items, base, variables, readings),
        Family::Bool | Family::Binary => {
            let fold = base.family() == Family::Bool;
            let literal = |text: &str| {
                let mut glob = Glob::empty();
                text.chars().for_each(|c| glob.push_char(c, fold));
                glob
            };
            // The documentation contradicts itself on variables here.
            let plain = |text: &str| !(variables && text.contains("${"));
            known().map(|text| text.filter(|text| plain(text)).map(literal)).collect::<Option<Vec<_>>>().map(sorted)
        }
        Family::Numeric | Family::Date => {
            let date = base.family() == Family::Date;
            let mut all = Ranges::default();
            for text in known() {
                // Beyond twenty digits a bound could lie outside of what is searched.
                let text = text.filter(|text| text.len() <= 40 && (date || text.len() <= 20))?;
                let point = if date { scalar::date(text) } else { scalar::number(text) }?;
                all = all.union(&compared(base, point));
            }
            Some(if date { Set::Dates(all) } else { Set::Numbers(all) })
        }
        Family::Ip => {
            let (mut v4, mut v6) = (Ranges::default(), Ranges::default());
            for text in known() {
                let (a, b) = scalar::addresses(text?)?;
                (v4, v6) = (v4.union(&a), v6.union(&b));
            }
            Some(Set::Addresses(v4, v6))
        }
        Family::Null => None,
    }
}

fn strings(items: &[Item], base: Base, variables: bool, readings: Readings) -> Option<Set> {
    let (style, fold) = match base {
        Base::StringEquals | Base::StringNotEquals => (Style::Equals, false),
        Base::StringEqualsIgnoreCase | Base::StringNotEqualsIgnoreCase => (Style::Equals, true),
        Base::StringLike | Base::StringNotLike => (Style::Like, false),
        _ => (Style::Segments, false),
    };
    let mut out = Vec::new();
    let arn = base.family() == Family::Arn;
    let replaced = if variables { Variables::All } else { Variables::None };
    for item in items.iter().filter(|item| !(arn && readings.arns_have_six_parts) || is_whole_arn(item)) {
        match item {
            // The value of a variable would have to be compared without case, which symbols cannot say.
            Item::One(text) if fold && (text.has_hole() || (variables && text::has_variables(text))) => return None,
            Item::One(Text::Known(text)) if fold => {
                let text = unescaped(text, variables);
                // How AWS folds letters beyond ASCII is not documented.
                if !text.is_ascii() {
                    return None;
                }
                let mut glob = Glob::empty();
                text.chars().for_each(|c| glob.push_char(c, true));
                out.push(glob);
            }
            Item::One(text) => out.extend(text::globs(text, replaced, style, readings)),
            Item::Many(_) if fold => return None,
            Item::Many(hole) => {
                let mut glob = Glob::empty();
                glob.push(Token::Symbol(Symbol::Hole(format!("{style:?} {}", hole.as_str()).into())));
                out.push(glob);
            }
        }
    }
    Some(sorted(out))
}

/// A text without variables in which the three escapes are replaced.
fn unescaped(text: &str, variables: bool) -> String {
    if !variables {
        return text.to_owned();
    }
    text.replace("${*}", "*").replace("${?}", "?").replace("${$}", "$")
}

fn sorted(mut globs: Vec<Glob>) -> Set {
    globs.sort();
    globs.dedup();
    Set::Globs(globs)
}

/// The points that compare with `point` as the operator says; a negated operator is the complement of its base.
fn compared(base: Base, point: u128) -> Ranges {
    match base {
        Base::NumericLessThan | Base::DateLessThan => match point.checked_sub(1) {
            Some(high) => Ranges::between(0, high),
            None => Ranges::default(),
        },
        Base::NumericLessThanEquals | Base::DateLessThanEquals => Ranges::between(0, point),
        Base::NumericGreaterThan | Base::DateGreaterThan => match point.checked_add(1) {
            Some(low) => Ranges::between(low, u128::MAX),
            None => Ranges::default(),
        },
        Base::NumericGreaterThanEquals | Base::DateGreaterThanEquals => Ranges::between(point, u128::MAX),
        _ => Ranges::between(point, point),
    }
}

fn shown(condition: &Condition) -> Vec<String> {
    condition
        .values
        .items
        .iter()
        .map(|item| match item {
            Item::One(text) => text.display(),
            Item::Many(hole) => format!("<unknown {}>", hole.as_str()),
        })
        .collect()
}

/// The condition in words.
pub(in crate::access::aws) fn label(condition: &Condition) -> String {
    format!("{} {} [{}]", condition.operator, condition.key.display(), shown(condition).join(", "))
}

/// The condition in a form in which equal conditions are equal.
fn canonical(condition: &Condition) -> String {
    let mut values = shown(condition);
    values.sort();
    format!("{} {} {values:?}", condition.operator, condition.key.display().to_ascii_lowercase())
}
