//! What refuses a request whoever has the permission: deny policies, organisation policies and perimeters.

use super::{Request, Truth, World, condition};
use crate::access::gcp::place;
use crate::access::scalar;
use crate::access::wildcard;
use crate::access::worlds::{Object, Val};

/// A permission of a deny policy, as roles write it.
fn plain(text: &str) -> String {
    match text.split_once(".googleapis.com/") {
        Some(("cloudresourcemanager", rest)) => format!("resourcemanager.{rest}"),
        Some((service, rest)) => format!("{service}.{rest}"),
        None => text.to_owned(),
    }
}

impl World<'_> {
    pub(super) fn denied(&self, request: &Request<'_>) -> Truth {
        let policies = self.of_type("google_iam_deny_policy").map(|policy| self.by_deny_policy(policy, request));
        let perimeters = self.of_type("google_access_context_manager_service_perimeter");
        let perimeters = perimeters.map(|perimeter| self.by_perimeter(perimeter, request));
        let keys = match request.permission == "iam.serviceAccountKeys.create" {
            true => self.by_policy("iam.disableServiceAccountKeyCreation", request),
            false => Truth::No,
        };
        policies.chain(perimeters).fold(keys, Truth::or)
    }

    /// Whether the resource lies in a container; where the plan does not place it, that is not known.
    fn inside(&self, container: Option<&str>, request: &Request<'_>) -> Truth {
        match container {
            Some(path) if request.lies_in(path) => Truth::Yes,
            Some(path) if place::may_lie_in(request.path, path) => Truth::Unknown,
            _ => Truth::No,
        }
    }

    fn by_deny_policy(&self, policy: &Object, request: &Request<'_>) -> Truth {
        let parent = policy.get("parent").text().unwrap_or_default().replace("%2F", "/").replace("%2f", "/");
        let inside = self.inside(self.tree.parent(&parent).as_deref(), request);
        if inside == Truth::No {
            return Truth::No;
        }
        let rule = |rule: &Val| {
            let block = rule.get("deny_rule");
            let rule = block.items().first().unwrap_or(block);
            let named = |list: &str| rule.get(list).names();
            let meant = |list: &str| named(list).iter().any(|own| wildcard::matches(&plain(own), request.permission));
            let among = |list: &str| {
                named(list).iter().map(|principal| self.is_denied(principal, request)).fold(Truth::No, Truth::or)
            };
            let condition = match rule.get("denial_condition").items().first() {
                None => Truth::Yes,
                Some(block) => {
                    block.get("expression").text().map_or(Truth::Unknown, |it| condition::holds(it, request))
                }
            };
            Truth::of(meant("denied_permissions") && !meant("exception_permissions"))
                .and(among("denied_principals"))
                .and(among("exception_principals").not())
                .and(condition)
        };
        inside.and(policy.get("rules").items().iter().map(rule).fold(Truth::No, Truth::or))
    }

    /// Whether a principal of a deny policy is the caller.
    fn is_denied(&self, principal: &str, request: &Request<'_>) -> Truth {
        let caller = request.principal;
        let same = |kind: &str, address: &str| Truth::of(caller.eq_ignore_ascii_case(&format!("{kind}:{address}")));
        if principal == "principalSet://goog/public:all" {
            Truth::Yes
        } else if let Some(address) = principal.strip_prefix("principal://goog/subject/") {
            same("user", address)
        } else if let Some(address) = principal.strip_prefix("principalSet://goog/group/") {
            // Who else is in a group is not in the plan.
            same("group", address).or(self.in_group(address, request, 0)).or(Truth::Unknown)
        } else if let Some(address) =
            principal.strip_prefix("principal://iam.googleapis.com/projects/-/serviceAccounts/")
        {
            same("serviceAccount", address)
        } else if principal.contains("/workloadIdentityPools/") {
            self.is_member(principal, request)
        } else {
            Truth::Unknown
        }
    }

    /// Whether the nearest policy of a constraint above the resource enforces it.
    pub(super) fn by_policy(&self, constraint: &str, request: &Request<'_>) -> Truth {
        let end = format!("/policies/{constraint}");
        let policies = self.of_type("google_org_policy_policy");
        let policies = policies.filter(|policy| policy.get("name").text().is_some_and(|name| name.ends_with(&end)));
        let mut nearest: Option<(usize, Truth)> = None;
        let mut perhaps = Truth::No;
        for policy in policies {
            let parent = policy.get("parent").text().and_then(|parent| self.tree.parent(parent));
            let on = enforced(policy);
            match self.inside(parent.as_deref(), request) {
                Truth::Yes => {
                    let depth = parent.unwrap_or_default().len();
                    if nearest.is_none_or(|(other, _)| depth > other) {
                        nearest = Some((depth, on));
                    }
                }
                Truth::Unknown => perhaps = perhaps.or(on.and(Truth::Unknown)),
                Truth::No => {}
            }
        }
        nearest.map_or(Truth::No, |(_, on)| on).or(perhaps)
    }

    /// A call from outside to a restricted service of a project inside, that no level admits.
    fn by_perimeter(&self, perimeter: &Object, request: &Request<'_>) -> Truth {
        let Some(address) = request.key("source.ip") else { return Truth::No };
        let Some(status) = perimeter.get("status").items().first() else { return Truth::No };
        let resources = status.get("resources").names();
        let inside = resources.iter().map(|name| self.inside(self.tree.parent(name).as_deref(), request));
        let inside = inside.fold(Truth::No, Truth::or);
        let service = request.permission.split('.').next().unwrap_or_default();
        let restricted = status.get("restricted_services").names();
        let restricted = restricted.iter().any(|name| name.strip_suffix(".googleapis.com") == Some(service));
        let levels = status.get("access_levels").names();
        let admitted = levels.iter().map(|level| self.level(level, address)).fold(Truth::No, Truth::or);
        inside.and(Truth::of(restricted)).and(admitted.not())
    }

    /// Whether an access level of networks alone admits an address.
    fn level(&self, name: &str, address: &str) -> Truth {
        let mut levels = self.of_type("google_access_context_manager_access_level");
        let level = levels.find(|level| level.get("name").text() == Some(name));
        let basic = level.and_then(|level| level.get("basic").items().first());
        let (Some(basic), Some((own, _))) = (basic, scalar::addresses(address)) else { return Truth::Unknown };
        let one = |condition: &Val| {
            let Val::Map(members) = condition else { return Truth::Unknown };
            if members.iter().any(|(name, value)| &**name != "ip_subnetworks" && value.settled() != Val::Null) {
                return Truth::Unknown;
            }
            let networks = condition.get("ip_subnetworks").names();
            let within = |network: &String| {
                scalar::addresses(network).is_some_and(|(all, _)| own.iter().all(|(low, _)| all.contains(low)))
            };
            Truth::of(networks.iter().any(within))
        };
        let conditions = basic.get("conditions").items().iter().map(one);
        match basic.get("combining_function").text() {
            Some("OR") => conditions.fold(Truth::No, Truth::or),
            _ => conditions.fold(Truth::Yes, Truth::and),
        }
    }
}

/// Whether the live part of a policy enforces a boolean constraint.
fn enforced(policy: &Object) -> Truth {
    let Some(spec) = policy.get("spec").items().first() else { return Truth::No };
    // Back to the constraint's own default, which enforces neither of those that are asked for.
    if spec.get("reset").flag() == Some(true) {
        return Truth::No;
    }
    match spec.get("rules").items() {
        [] => Truth::No,
        [rule] if rule.get("condition").settled() == Val::Null => {
            let enforce = rule.get("enforce");
            let on = enforce.flag() == Some(true) || enforce.text().is_some_and(|it| it.eq_ignore_ascii_case("true"));
            if enforce.has_hole() { Truth::Unknown } else { Truth::of(on) }
        }
        _ => Truth::Unknown,
    }
}
