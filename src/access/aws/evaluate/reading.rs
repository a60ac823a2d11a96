//! Points that the documentation leaves open.

/// How contested points are read. The default is the plain reading; `docs/evaluator.md` has a source for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Reading {
    /// Wildcards in the first five segments of a `Resource` do not match `:`, except a `*` at the very end of a
    /// pattern with fewer segments. Otherwise they match any character. The documentation says both.
    pub segments: bool,
    /// A variable without value and default in `NotResource` keeps the whole statement from matching; otherwise
    /// only that pattern matches nothing.
    pub unset_blocks_not: bool,
    /// The same for negated conditions: with a listed value whose variable is unset the condition does not hold;
    /// otherwise nothing equals that value and the condition may hold.
    pub unset_blocks_negated: bool,
    /// A variable without value and default anywhere in a statement keeps it from matching, even where other
    /// entries of the list would match: "this might cause the entire statement to be invalid".
    pub unset_invalidates: bool,
    /// An ARN of a condition with fewer than six segments matches nothing, whatever wildcard it ends in; otherwise
    /// a `*` at its end matches the rest.
    pub arns_have_six_parts: bool,
    /// `ForAnyValue:...IfExists` holds for a missing key; otherwise it does not.
    pub any_if_exists: bool,
    /// Variables before the fifth colon of a `Resource` are literal text; otherwise they are replaced. The
    /// documentation allows variables after the fifth colon only, without saying what happens elsewhere.
    pub late_variables: bool,
    /// A condition without set operator on a key with several values holds if it does for one of them; otherwise
    /// it never holds, negated or not.
    pub plain_is_any: bool,
    /// The tag's name in keys such as `aws:ResourceTag/Team` minds case; otherwise all of a key is compared without
    /// case.
    pub tag_keys_mind_case: bool,
    /// `NotPrincipal` excepts a caller only if its account is listed too (for a session: also its role), as the
    /// documentation warns some services do; otherwise any entry that names the caller excepts it.
    pub not_principal_needs_account: bool,
    /// A key whose one value is the empty string counts as missing under `ForAllValues`, as the documentation has
    /// it in a subordinate clause; otherwise it is a value like any other.
    pub empty_is_missing: bool,
}

impl Reading {
    /// The plain reading, and each contested point turned alone.
    pub fn each_alone() -> [Self; 12] {
        let plain = Self::default();
        [
            plain,
            Self { segments: true, ..plain },
            Self { unset_blocks_not: true, ..plain },
            Self { unset_blocks_negated: true, ..plain },
            Self { unset_invalidates: true, ..plain },
            Self { arns_have_six_parts: true, ..plain },
            Self { any_if_exists: true, ..plain },
            Self { late_variables: true, ..plain },
            Self { plain_is_any: true, ..plain },
            Self { tag_keys_mind_case: true, ..plain },
            Self { not_principal_needs_account: true, ..plain },
            Self { empty_is_missing: true, ..plain },
        ]
    }
}
