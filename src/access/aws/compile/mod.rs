//! Policy documents to rules.
//!
//! One statement becomes one allow or deny rule; a few become several (unknown actions, an unknown effect). What
//! the platform's documentation leaves open is compiled by [`Readings`]: the caller compiles and compares once
//! under each combination of the readings that [`Contested`] says make a difference, and believes a result only
//! where all agree.

mod condition;
mod principal;
mod text;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::access::aws::document::{Clause, Document, Effect, Item, List, Principals, Statement, Text};
use crate::access::aws::parse::Kind;
use crate::access::glob::{Glob, Symbol, Token};
use crate::access::literal::{Dim, Lit};
use crate::access::rule::{Origin, Rule, RuleSet};

use text::{Style, Variables};

pub use principal::account as own_account;

pub(super) use condition::label as condition_label;

/// Where a document stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The resource that carries it; empty for a bare document.
    pub address: String,
    /// The attribute path; empty for a bare document.
    pub path: String,
}

/// How contested points are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Readings {
    /// Wildcards in the first five segments of a resource ARN do not match `:` (M2); otherwise they do (M1). The
    /// documentation says both.
    pub segments: bool,
    /// A variable without value and default in `NotResource` keeps the whole statement from matching; otherwise
    /// only that pattern does not match. The documentation is silent.
    pub unset_blocks_not: bool,
    /// The same in a negated condition: it does not hold for any value; otherwise nothing equals that pattern.
    pub unset_blocks_negated: bool,
    /// A variable without value and default anywhere in a statement keeps it from matching; otherwise only the
    /// pattern that it stands in does not match. The documentation says "might".
    pub unset_invalidates: bool,
    /// In a condition on ARNs a pattern of fewer than six segments matches nothing; otherwise a `*` at its end
    /// matches the rest. The documentation is silent.
    pub arns_have_six_parts: bool,
    /// `ForAnyValue:...IfExists` is true for a missing key; otherwise false. The documentation is silent.
    pub any_if_exists: bool,
    /// Variables before the fifth colon of a resource ARN are literal text; otherwise they are variables. The
    /// documentation restricts variables to the last part without saying what happens elsewhere.
    pub late_variables: bool,
    /// A condition without set operator on a key with several values holds if it does for one of them; otherwise it
    /// never holds. The documentation only advises against it.
    pub plain_is_any: bool,
    /// The tag's name in keys such as `aws:ResourceTag/Team` minds case; otherwise all of a key is compared without
    /// case. The documentation says both.
    pub tag_keys_mind_case: bool,
    /// `NotPrincipal` excepts a caller only if its account is listed too; otherwise any entry that names the caller
    /// excepts it. The documentation warns that it depends on the service.
    pub not_principal_needs_account: bool,
    /// An empty value counts as missing under `ForAllValues`; otherwise it is a value like any other.
    pub empty_is_missing: bool,
}

/// Which contested points a document depends on: those that are `true`. [`Readings::tag_keys_mind_case`] depends on
/// all documents that are compared, so the caller sets it.
pub type Contested = Readings;

impl Readings {
    /// Adds the points of another.
    pub(in crate::access::aws) fn merge(&mut self, other: Self) {
        let Self {
            segments,
            unset_blocks_not,
            unset_blocks_negated,
            unset_invalidates,
            arns_have_six_parts,
            any_if_exists,
            late_variables,
            plain_is_any,
            tag_keys_mind_case,
            not_principal_needs_account,
            empty_is_missing,
        } = other;
        self.segments |= segments;
        self.unset_blocks_not |= unset_blocks_not;
        self.unset_blocks_negated |= unset_blocks_negated;
        self.unset_invalidates |= unset_invalidates;
        self.arns_have_six_parts |= arns_have_six_parts;
        self.any_if_exists |= any_if_exists;
        self.late_variables |= late_variables;
        self.plain_is_any |= plain_is_any;
        self.tag_keys_mind_case |= tag_keys_mind_case;
        self.not_principal_needs_account |= not_principal_needs_account;
        self.empty_is_missing |= empty_is_missing;
    }

    /// Of contested points, every combination of readings that could make a difference. The plain one comes first,
    /// and before it its variant by segments where that matters: witnesses found under it are plausible ARNs.
    #[must_use]
    pub fn readings(self) -> Vec<Self> {
        let mut all = vec![Self::default()];
        let mut fork = |on: bool, set: fn(&mut Self)| {
            if on {
                let mut more = all.clone();
                more.iter_mut().for_each(set);
                all.extend(more);
            }
        };
        fork(self.unset_blocks_not, |r| r.unset_blocks_not = true);
        fork(self.unset_blocks_negated, |r| r.unset_blocks_negated = true);
        fork(self.unset_invalidates, |r| r.unset_invalidates = true);
        fork(self.arns_have_six_parts, |r| r.arns_have_six_parts = true);
        fork(self.any_if_exists, |r| r.any_if_exists = true);
        fork(self.late_variables, |r| r.late_variables = true);
        fork(self.plain_is_any, |r| r.plain_is_any = true);
        fork(self.tag_keys_mind_case, |r| r.tag_keys_mind_case = true);
        fork(self.not_principal_needs_account, |r| r.not_principal_needs_account = true);
        fork(self.empty_is_missing, |r| r.empty_is_missing = true);
        // A statement with an unset variable matches nothing, whatever its parts would do.
        all.retain(|r| !(r.unset_invalidates && (r.unset_blocks_not || r.unset_blocks_negated)));
        let segmented = |reading| Self { segments: true, ..reading };
        all.into_iter()
            .flat_map(|reading| self.segments.then(|| segmented(reading)).into_iter().chain([reading]))
            .collect()
    }
}

/// Compiles a document. `seen` collects the contested points it depends on.
#[must_use]
pub fn compile(document: &Document, kind: Kind, place: &Place, readings: Readings, seen: &mut Contested) -> RuleSet {
    let mut set = RuleSet::default();
    for statement in &document.statements {
        let (variables, mut unset) = (document.has_variables(), BTreeSet::new());
        let mut lits = Vec::new();
        if let Some(clause) = statement.principal.as_ref().filter(|_| kind != Kind::Identity) {
            lits.push(principal(clause, readings, seen));
        }
        if let Some(clause) = &statement.resource {
            lits.extend(resource(clause, variables, readings, seen, &mut unset));
        }
        let mut alternatives = vec![Vec::new()];
        for one in &statement.conditions {
            let forms = condition::lits(one, variables, readings, seen, &mut unset);
            alternatives = condition::both(&alternatives, &forms, one);
        }
        lits.extend(
            statement
                .unknown_conditions
                .iter()
                .map(|hole| Lit::opaque(&format!("conditions {}", hole.as_str()), false)),
        );
        for key in unset {
            let set = Lit::one_value(&key);
            let needed = |forms: &Vec<Lit>| lits.iter().chain(forms).any(|lit| lit.needs(&key));
            seen.unset_invalidates |= !alternatives.iter().all(needed);
            lits.extend(readings.unset_invalidates.then_some(set));
        }
        let origin = origin(statement, place);
        for (action, conditions) in
            actions(&statement.action).iter().flat_map(|a| alternatives.iter().map(move |c| (a, c)))
        {
            let all: Vec<Lit> = action.iter().chain(&lits).chain(conditions).cloned().collect();
            let rule = |lits| Rule { lits, origin: origin.clone() };
            match &statement.effect {
                Effect::Allow => set.allow.push(rule(all)),
                Effect::Deny => set.deny.push(rule(all)),
                Effect::Unknown(hole) => {
                    let effect = format!("effect {}", hole.as_str());
                    let with = |neg| all.iter().cloned().chain([Lit::opaque(&effect, neg)]).collect();
                    set.allow.push(rule(with(false)));
                    set.deny.push(rule(with(true)));
                }
            }
        }
    }
    for unknown in &document.unknown_statements {
        let place =
            Origin { address: place.address.clone(), path: place.path.clone(), index: unknown.index, sid: None };
        let rule = |side: &str| {
            let lit = Lit::opaque(&format!("{side} of unknown statements {}", unknown.hole.as_str()), false);
            Rule { lits: vec![lit], origin: place.clone() }
        };
        set.allow.push(rule("grants"));
        set.deny.push(rule("denials"));
    }
    set
}

fn origin(statement: &Statement, place: &Place) -> Origin {
    Origin {
        address: place.address.clone(),
        path: place.path.clone(),
        index: statement.index,
        sid: statement.sid.as_ref().map(Text::display),
    }
}

fn principal(clause: &Clause<Principals>, readings: Readings, seen: &mut Contested) -> Lit {
    seen.not_principal_needs_account |= clause.negated && principal::is_contested(&clause.set);
    let mut globs = match clause.negated {
        true => principal::exceptions(&clause.set, readings.not_principal_needs_account),
        false => principal::globs(&clause.set),
    };
    globs.sort();
    globs.dedup();
    Lit::of(Dim::Principal, clause.negated, globs, if clause.negated { "NotPrincipal" } else { "Principal" })
}

/// Whether an allow statement is open to everyone, whatever its conditions.
#[must_use]
pub fn is_open(statement: &Statement) -> bool {
    statement.effect == Effect::Allow
        && statement.principal.as_ref().is_some_and(|clause| {
            let lit = principal(clause, Readings::default(), &mut Contested::default());
            lit.globs().iter().any(Glob::is_any)
        })
        && statement.conditions.is_empty()
}

/// The action literals of a statement, one list per alternative. Known patterns stay in one literal. An unknown
/// one may match anything of its known frame, so it is the frame together with a truth value that is the same
/// wherever the same unknown stands: for `Action` an alternative of its own, for `NotAction` a condition that
/// splits what is left.
fn actions(clause: &Clause<List>) -> Vec<Vec<Lit>> {
    let label = listed(if clause.negated { "NotAction" } else { "Action" }, &clause.set);
    let mut known = Vec::new();
    let mut unknown: Vec<(Glob, String)> = Vec::new();
    for item in &clause.set.items {
        match item {
            Item::One(Text::Known(text)) => known.extend(text::action(text)),
            Item::One(text @ Text::Partial(_)) => {
                let frame = text::globs(text, Variables::None, Style::Like, Readings::default())
                    .first()
                    .map(Glob::widened)
                    .unwrap_or_default();
                unknown.push((frame, format!("action {}", text.display())));
            }
            Item::Many(hole) => unknown.push((Glob::any(), format!("actions {}", hole.as_str()))),
        }
    }
    known.sort();
    known.dedup();
    let lit = |neg, globs| Lit::of(Dim::Action, neg, globs, &label);
    if !clause.negated {
        let mut out: Vec<Vec<Lit>> = Vec::new();
        if !known.is_empty() || unknown.is_empty() {
            out.push(vec![lit(false, known)]);
        }
        out.extend(unknown.into_iter().map(|(frame, text)| vec![lit(false, vec![frame]), Lit::opaque(&text, false)]));
        return out;
    }
    let mut out = vec![vec![lit(true, known)]];
    for (frame, text) in unknown {
        let mut split = Vec::new();
        for lits in out {
            let outside = lits.iter().cloned().chain([lit(true, vec![frame.clone()])]).collect();
            let inside = lits.into_iter().chain([Lit::opaque(&text, true)]).collect();
            split.extend([outside, inside]);
        }
        out = split;
    }
    out
}

/// The literals of `Resource` or `NotResource`. `unset` collects the keys that its variables cannot do without.
fn resource(
    clause: &Clause<List>,
    variables: bool,
    readings: Readings,
    seen: &mut Contested,
    unset: &mut BTreeSet<Arc<str>>,
) -> Vec<Lit> {
    let variables = match (variables, readings.late_variables) {
        (false, _) => Variables::None,
        (true, false) => Variables::All,
        (true, true) => Variables::Late,
    };
    let mut globs = Vec::new();
    let mut own = BTreeSet::new();
    for item in &clause.set.items {
        match item {
            Item::Many(hole) => {
                let mut glob = Glob::empty();
                glob.push(Token::Symbol(Symbol::Hole(format!("resources {}", hole.as_str()).into())));
                globs.push(glob);
            }
            Item::One(text) => {
                if let Some(glob) = text::plain(text) {
                    globs.push(glob);
                    continue;
                }
                seen.late_variables |= variables != Variables::None && text::has_early_variables(text);
                own.extend(text::unset_keys(text, variables, readings));
                let whole = text::globs(text, variables, Style::Like, readings);
                if text::is_wild_at_the_end(text) {
                    globs.extend(whole);
                    continue;
                }
                let parts = text::globs(text, variables, Style::Segments, readings);
                let same = |(a, b): (&Glob, &Glob)| {
                    a.tokens() == b.tokens() && (0..=a.tokens().len()).all(|i| a.loop_at(i) == b.loop_at(i))
                };
                seen.segments |= !text.has_hole() && !whole.iter().zip(&parts).all(same);
                globs.extend(if readings.segments { parts } else { whole });
            }
        }
    }
    globs.sort();
    globs.dedup();
    let label = listed(if clause.negated { "NotResource" } else { "Resource" }, &clause.set);
    let mut out = Vec::new();
    if clause.negated {
        seen.unset_blocks_not |= !own.is_empty();
        out.extend(own.iter().filter(|_| readings.unset_blocks_not).map(Lit::one_value));
    }
    unset.extend(own);
    out.push(Lit::of(Dim::Resource, clause.negated, globs, &label));
    out
}

/// A list in words, shortened.
fn listed(element: &str, list: &List) -> String {
    let shown: Vec<String> = list
        .items
        .iter()
        .take(4)
        .map(|item| match item {
            Item::One(text) => text.display(),
            Item::Many(hole) => format!("<unknown {}>", hole.as_str()),
        })
        .collect();
    let more = list.items.len().saturating_sub(4);
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    format!("{element} [{}{more}]", shown.join(", "))
}
