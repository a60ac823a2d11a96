//! Whom a member of a policy stands for.

use super::{Request, Truth, World, condition};
use crate::access::worlds::{Object, Val};

/// An entity of an access control list as a member.
pub(super) fn of_entity(entity: &str) -> String {
    match entity.split_once('-') {
        Some(("project", rest)) => match rest.split_once('-') {
            Some(("owners", number)) => format!("projectOwner:{number}"),
            Some(("editors", number)) => format!("projectEditor:{number}"),
            Some((_, number)) => format!("projectViewer:{number}"),
            None => entity.to_owned(),
        },
        Some((kind @ ("user" | "group" | "domain"), who)) => format!("{kind}:{who}"),
        _ => entity.to_owned(),
    }
}

impl World<'_> {
    pub(super) fn is_member(&self, member: &str, request: &Request<'_>) -> Truth {
        self.member(member, request, 0).and(self.alive(member))
    }

    /// A disabled account may do nothing.
    fn alive(&self, member: &str) -> Truth {
        let Some(email) = member.strip_prefix("serviceAccount:") else { return Truth::Yes };
        let disabled = self.of_type("google_service_account").any(|account| {
            account.get("disabled").flag() == Some(true)
                && account.get("email").text().is_some_and(|own| own.eq_ignore_ascii_case(email))
        });
        Truth::of(!disabled)
    }

    fn member(&self, member: &str, request: &Request<'_>, depth: usize) -> Truth {
        let caller = request.principal;
        match member {
            "allUsers" => return Truth::Yes.and(self.open_to_everybody(request)),
            "allAuthenticatedUsers" => {
                let kinds = ["user:", "group:", "serviceAccount:", "domain:"];
                let has_account = kinds.iter().any(|kind| caller.starts_with(kind));
                return Truth::of(has_account).and(self.open_to_everybody(request));
            }
            _ => {}
        }
        if member.starts_with("deleted:") {
            return Truth::No;
        }
        if let Some(at) = member.find("/workloadIdentityPools/") {
            return self.federated(member, at, request);
        }
        match member.split_once(':') {
            Some(("domain", domain)) => {
                let ends = caller.to_lowercase().ends_with(&format!("@{}", domain.to_lowercase()));
                Truth::of(caller.starts_with("user:") && ends || caller.eq_ignore_ascii_case(member))
            }
            Some((kind @ ("projectOwner" | "projectEditor" | "projectViewer"), project)) if depth == 0 => {
                let role = match kind {
                    "projectOwner" => "roles/owner",
                    "projectEditor" => "roles/editor",
                    _ => "roles/viewer",
                };
                Truth::of(caller == member).or(self.holds_basic(role, project, request))
            }
            Some(("group", address)) => {
                Truth::of(caller.eq_ignore_ascii_case(member)).or(self.in_group(address, request, 0))
            }
            Some(("user" | "serviceAccount", _)) => Truth::of(caller.eq_ignore_ascii_case(member)),
            None if member.ends_with(".gserviceaccount.com") => {
                Truth::of(caller.eq_ignore_ascii_case(&format!("serviceAccount:{member}")))
            }
            _ => Truth::of(caller == member),
        }
    }

    /// Whether the caller is in a group by the memberships of the plan, directly or through a group in it.
    pub(super) fn in_group(&self, address: &str, request: &Request<'_>, depth: usize) -> Truth {
        let caller = request.principal.split_once(':').map_or(request.principal, |(_, address)| address);
        let key = |object: &Object, name: &str| {
            let block = object.get(name);
            let block = block.items().first().unwrap_or(block);
            // A namespace is another directory, mapped into this one.
            block.get("id").name().filter(|_| block.get("namespace").text().is_none_or(str::is_empty))
        };
        let called = |group: &str| {
            self.of_type("google_cloud_identity_group").any(|object| {
                let own = [object.get("name").text(), object.get("id").text()].contains(&Some(group));
                let referred =
                    group.strip_prefix("${").is_some_and(|it| it.starts_with(&format!("{}.", object.address)));
                (own || referred) && key(object, "group_key").is_some_and(|own| own.eq_ignore_ascii_case(address))
            })
        };
        let mut found = Truth::No;
        for membership in self.of_type("google_cloud_identity_group_membership") {
            if !membership.get("group").name().is_some_and(|group| called(&group)) {
                continue;
            }
            let member = key(membership, "preferred_member_key").or_else(|| key(membership, "member_key"));
            let who = match member {
                None => Truth::Unknown,
                Some(member) if member.eq_ignore_ascii_case(caller) => Truth::Yes,
                Some(member) if depth < 8 => self.in_group(&member, request, depth + 1),
                Some(_) => Truth::No,
            };
            let roles = membership.get("roles").items().iter().filter(|role| role.get("name").text() == Some("MEMBER"));
            let ends = roles.flat_map(|role| role.get("expiry_detail").items()).map(|expiry| {
                let text = expiry.get("expire_time").text();
                text.map_or(Truth::Unknown, |time| {
                    condition::holds(&format!("request.time < timestamp(\"{time}\")"), request)
                })
            });
            found = found.or(who.and(ends.fold(Truth::Yes, Truth::and)));
        }
        found
    }

    /// Who has a basic role on a project itself.
    fn holds_basic(&self, role: &str, project: &str, request: &Request<'_>) -> Truth {
        let place = self.tree.project(project);
        let kinds = ["google_project_iam_member", "google_project_iam_binding", "google_project_iam_policy"];
        let holders = kinds.iter().flat_map(|kind| self.of_type(kind));
        let here = holders.filter(|object| self.tree.of_family("project", object).as_deref() == Some(&place));
        let bindings = here.flat_map(|object| match super::policy(object.get("policy_data")) {
            Some(policy) => policy.get("bindings").items().to_vec(),
            None => vec![(*object.values).clone()],
        });
        let of_role = bindings.filter(|binding| binding.get("role").text() == Some(role));
        let mut found = Truth::No;
        for binding in of_role {
            let mut members = binding.get("members").names();
            members.extend(binding.get("member").name());
            let condition = binding.get("condition").items().first().and_then(|it| it.get("expression").text());
            let condition = condition.map_or(Truth::Yes, |text| condition::holds(text, request));
            let who = members.iter().map(|one| self.member(one, request, 1)).fold(Truth::No, Truth::or);
            found = found.or(who.and(condition));
        }
        found
    }

    /// A token that a provider of the pool admits, and that it maps to the identity.
    fn federated(&self, member: &str, at: usize, request: &Request<'_>) -> Truth {
        let (head, tail) = member.split_at(at);
        let mut parts = tail.trim_start_matches("/workloadIdentityPools/").splitn(2, '/');
        let (pool, what) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let path = head.split_once("//").map_or(head, |(_, path)| path);
        let number = path.rsplit('/').nth(2).unwrap_or_default();
        let identity = format!("principal://{path}/workloadIdentityPools/{pool}/subject/");
        let Some(subject) = request.principal.strip_prefix(&identity) else { return Truth::No };
        if what.strip_prefix("subject/").is_some_and(|wanted| wanted != subject) {
            return Truth::No;
        }
        let wanted = what.split_once('/').filter(|(kind, _)| *kind != "subject");
        let kind = "google_iam_workload_identity_pool_provider";
        let rows = self.state.rows.iter().flat_map(|row| [row.before.as_ref(), row.after.as_ref()]).flatten();
        let of_pool = |object: &Object| self.of_pool(object, number, pool);
        let provided = rows.filter(|object| *object.type_name == *kind).map(of_pool).fold(Truth::No, Truth::or);
        if provided == Truth::No {
            return wanted.map_or(Truth::Yes, |(attribute, value)| {
                let key = if attribute == "group" { "google.groups" } else { attribute };
                Truth::of(request.key(key) == Some(value))
            });
        }
        let admits = self.of_type(kind).map(|provider| of_pool(provider).and(admits(provider, wanted, request)));
        admits.fold(Truth::No, Truth::or)
    }

    fn of_pool(&self, provider: &Object, number: &str, pool: &str) -> Truth {
        let text = |attribute: &str| provider.get(attribute).text();
        if provider.get("workload_identity_pool_id").has_hole() {
            return Truth::Unknown;
        }
        if text("workload_identity_pool_id") != Some(pool) {
            return Truth::No;
        }
        let project = text("name").and_then(|name| name.split('/').nth(1)).or_else(|| text("project"));
        let (own, other) = (self.tree.project_id(project.unwrap_or_default()), self.tree.project_id(number));
        let digits = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
        match own == other {
            true => Truth::Yes,
            false if digits(own) != digits(other) => Truth::Unknown,
            false => Truth::No,
        }
    }

    /// Whether public access is not prevented, by the bucket or by a policy above it.
    fn open_to_everybody(&self, request: &Request<'_>) -> Truth {
        let prevented = self.of_type("google_storage_bucket").any(|bucket| {
            bucket.get("public_access_prevention").text() == Some("enforced")
                && request.lies_in(&self.tree.bucket(bucket.get("name").text().unwrap_or_default()))
        });
        Truth::of(!prevented).and(self.by_policy("storage.publicAccessPrevention", request).not())
    }
}

fn admits(provider: &Object, wanted: Option<(&str, &str)>, request: &Request<'_>) -> Truth {
    if provider.get("disabled").flag() == Some(true) || provider.get("state").text() == Some("DELETED") {
        return Truth::No;
    }
    let mapping = |attribute: &str| provider.get("attribute_mapping").get(attribute).text();
    // Of the identity's attributes those are known that are claims of the token.
    let unmapped = if provider.get("attribute_mapping").has_hole() { Truth::Unknown } else { Truth::No };
    let claim = |attribute: &str| match mapping(attribute) {
        None => Err(unmapped),
        Some(expression) => {
            let key = format!("{attribute} = {expression}");
            request.key(expression).or_else(|| request.key(&key)).ok_or(Truth::No)
        }
    };
    let attribute = wanted.map_or(Truth::Yes, |(attribute, value)| {
        let key = if attribute == "group" { "google.groups" } else { attribute };
        claim(key).map_or_else(|truth| truth, |own| Truth::of(own == value))
    });
    let condition = match provider.get("attribute_condition") {
        it if it.has_hole() => Truth::Unknown,
        it => it.text().map_or(Truth::Yes, |text| {
            let own = |name: &str| {
                let identity = name.starts_with("attribute.") || name.starts_with("google.");
                if identity { claim(name).ok() } else { request.key(name) }
            };
            condition::evaluate(text, &own, request)
        }),
    };
    let signer = request.key("provider").unwrap_or_default();
    let subject = format!("subject {}", mapping("google.subject").unwrap_or_default());
    let carried = |value: &Val| value.settled() != Val::Null;
    let mut trusted = Truth::No;
    for oidc in provider.get("oidc").items() {
        let issuer = request.key("assertion.iss") == oidc.get("issuer_uri").text();
        let audiences = oidc.get("allowed_audiences").names();
        let audience = request.key("assertion.aud").unwrap_or_default();
        let meant = match audiences.is_empty() {
            true => audience.starts_with("the provider "),
            false => audiences.iter().any(|own| own == audience),
        };
        let keys = match carried(oidc.get("jwks_json")) {
            true if signer.starts_with("keys ") => Truth::Unknown,
            true => Truth::No,
            false => Truth::of(signer == subject),
        };
        trusted = trusted.or(Truth::of(issuer && meant).and(keys));
    }
    for aws in provider.get("aws").items() {
        let account = request.key("aws account") == aws.get("account_id").text();
        trusted = trusted.or(Truth::of(account && signer == subject));
    }
    if (carried(provider.get("saml")) || carried(provider.get("x509"))) && signer != subject {
        trusted = trusted.or(Truth::Unknown);
    }
    let trusts = ["oidc", "aws", "saml", "x509"].map(|kind| provider.get(kind));
    if !trusts.into_iter().any(carried) {
        trusted = Truth::Unknown;
    }
    // What is known only after apply may be any of it.
    let open = trusts.into_iter().any(Val::has_hole) || provider.get("attribute_mapping").has_hole();
    let trusted = if open { trusted.or(Truth::Unknown) } else { trusted };
    attribute.and(condition).and(trusted)
}
