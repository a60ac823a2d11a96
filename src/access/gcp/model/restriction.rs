//! What takes access away: deny policies, organisation policies and perimeters.

use super::{Collector, Denial, origin, truthy};
use crate::access::gcp::place::{reach, within};
use crate::access::gcp::{cel, principal};
use crate::access::literal::{Dim, Lit, Set, Test};
use crate::access::ranges::Ranges;
use crate::access::scalar;
use crate::access::worlds::{Object, Val};

impl Collector<'_> {
    pub(super) fn deny(&mut self, row: usize, object: &Object) {
        let parent = object.get("parent").text().unwrap_or_default().replace("%2F", "/").replace("%2f", "/");
        let place = self.tree.parent(&parent).unwrap_or_else(|| format!("/?/unknown:{parent}"));
        let places = reach(&place);
        self.hole(row, object, "rules");
        for (at, rule) in object.get("rules").items().iter().enumerate() {
            let block = rule.get("deny_rule");
            let rule = block.items().first().unwrap_or(block);
            let condition = match rule.get("denial_condition").items().first() {
                Some(block) => match block.get("expression").text() {
                    Some(text) => cel::clauses(text),
                    None => vec![vec![Lit::opaque(&format!("condition {at} of {}", object.address), false)]],
                },
                None => vec![Vec::new()],
            };
            let mut common = Vec::new();
            for exception in rule.get("exception_principals").names() {
                // An exception is exempt: none of its alternatives holds. What takes several literals is one opaque
                // set.
                let mut exempt = principal::denied(&exception);
                exempt.extend(self.denied_by_group(&exception));
                common.extend(exempt.iter().map(|clause| match clause.as_slice() {
                    [Lit { dim, test: Test::One { neg, absent_ok, set }, label }] => Lit {
                        dim: dim.clone(),
                        test: Test::One { neg: !neg, absent_ok: *absent_ok, set: set.clone() },
                        label: label.clone(),
                    },
                    _ => Lit::opaque(&principal::among(&exception), true),
                }));
            }
            let denied = rule.get("denied_principals").names();
            let named =
                denied.iter().flat_map(|who| principal::denied(who).into_iter().chain(self.denied_by_group(who)));
            for who in named.collect::<Vec<_>>() {
                for (clause, place) in condition.iter().flat_map(|clause| places.iter().map(move |p| (clause, p))) {
                    self.model.denials.push(Denial {
                        lits: [place, &common, &who, clause].into_iter().flatten().cloned().collect(),
                        permissions: rule.get("denied_permissions").names().iter().map(|p| permission(p)).collect(),
                        exceptions: rule.get("exception_permissions").names().iter().map(|p| permission(p)).collect(),
                        kind: "deny_policy",
                        origin: origin(object, "rules", at),
                    });
                }
            }
        }
    }

    /// The policy against keys of service accounts, where it is the nearest one.
    pub(super) fn keys_policy(&mut self, object: &Object) {
        let name = object.get("name").text().unwrap_or_default();
        if !name.ends_with("/policies/iam.disableServiceAccountKeyCreation") || enforced(object) != Some(true) {
            return;
        }
        let Some(place) = object.get("parent").text().and_then(|parent| self.tree.parent(parent)) else { return };
        let below = self.keys_lifted.iter().filter(|lifted| lifted.starts_with(&format!("{place}/")));
        let below: Vec<Lit> = below.map(|lifted| within(lifted, true)).collect();
        for place in reach(&place) {
            self.model.denials.push(Denial {
                lits: place.into_iter().chain(below.iter().cloned()).collect(),
                permissions: vec!["iam.serviceAccountKeys.create".into()],
                exceptions: Vec::new(),
                kind: "org_policy",
                origin: origin(object, "spec", 0),
            });
        }
    }

    pub(super) fn perimeter(&mut self, object: &Object) {
        let Some(status) = object.get("status").items().first() else { return };
        let mut outside = vec![Lit {
            dim: Dim::Key("source.ip".into()),
            test: Test::Present { neg: false },
            label: "the call comes from outside the perimeter".into(),
        }];
        for level in status.get("access_levels").names() {
            match self.levels.get(&level) {
                Some(Some(ranges)) => outside.push(Lit {
                    dim: Dim::Key("source.ip".into()),
                    test: Test::One {
                        neg: true,
                        absent_ok: false,
                        set: Set::Addresses(ranges.clone(), Ranges::default()),
                    },
                    label: format!("not from a network of {level}").into(),
                }),
                _ => {
                    let text = self.level_texts.get(&level).cloned().unwrap_or_default();
                    outside.push(Lit::opaque(&format!("{level} admits the call: {text}"), true));
                }
            }
        }
        let services = status.get("restricted_services").names();
        for resource in status.get("resources").names() {
            let Some(place) = self.tree.parent(&resource) else { continue };
            for place in reach(&place) {
                self.model.denials.push(Denial {
                    lits: outside.iter().cloned().chain(place).collect(),
                    permissions: services
                        .iter()
                        .filter_map(|service| service.strip_suffix(".googleapis.com"))
                        .map(|service| format!("{service}.*"))
                        .collect(),
                    exceptions: Vec::new(),
                    kind: "service_perimeter",
                    origin: origin(object, "status", 0),
                });
            }
        }
    }
}

/// Whether an organisation policy is enforced by its live part; `None` where that cannot be told.
pub(in crate::access::gcp) fn enforced(object: &Object) -> Option<bool> {
    let spec = object.get("spec").items().first()?;
    if spec.get("reset").has_hole() {
        return None;
    }
    // Back to the constraint's own default, which enforces neither of those that are compared
    // (https://cloud.google.com/resource-manager/docs/organization-policy/org-policy-constraints).
    if spec.get("reset").flag() == Some(true) {
        return Some(false);
    }
    match spec.get("rules").items() {
        [rule] if rule.get("condition").is_unset() && rule.get("parameters").is_unset() => {
            let enforce = rule.get("enforce");
            (!enforce.is_unset() && !enforce.has_hole()).then(|| truthy(enforce))
        }
        _ => None,
    }
}

/// A permission of a deny policy in IAM's spelling.
fn permission(text: &str) -> String {
    let Some((service, rest)) = text.split_once(".googleapis.com/") else { return text.to_owned() };
    let service = if service == "cloudresourcemanager" { "resourcemanager" } else { service };
    format!("{service}.{rest}")
}

/// The networks an access level admits, where it asks for nothing else.
pub(super) fn networks(object: &Object) -> Option<Ranges> {
    let basic = object.get("basic").items().first()?;
    let all = basic.get("combining_function").text() != Some("OR");
    let mut out: Option<Ranges> = None;
    for condition in basic.get("conditions").items() {
        let Val::Map(members) = condition else { return None };
        let other = members
            .iter()
            .any(|(name, value)| &**name != "ip_subnetworks" && !value.is_unset() && value.flag() != Some(false));
        if other {
            return None;
        }
        let mut ranges = Ranges::default();
        for network in condition.get("ip_subnetworks").items() {
            let (v4, v6) = scalar::addresses(network.text()?)?;
            if !v6.is_empty() {
                return None;
            }
            ranges = ranges.union(&v4);
        }
        out = Some(match out {
            None => ranges,
            Some(before) if all => before.intersection(&ranges),
            Some(before) => before.union(&ranges),
        });
    }
    out
}
