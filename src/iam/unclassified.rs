//! Types that are not in the catalogue but carry attributes that sound like access.
//!
//! Providers grow faster than any inventory, so an unlisted type is looked at by its attribute names. Two errors are
//! possible: a grant that passes unseen, and a gate that cries at every cache policy. The line is drawn so:
//!
//! - A name counts by its words: `policy`, `role`, `principal`, `permission`, `privilege`, `member`, `grant`,
//!   `acl`, `entitlement`, `iam`, `rbac`, a service account, an instance profile, a managed identity, something
//!   assumed or impersonated, an administrator flag.
//! - It does not count where the neighbouring word says that it is no access: `deletion_policy`, `cache_policy`,
//!   `network_acl_id`, `member_count`; nor where the value says so: a `role` of `ACTIVE`, a TLS policy.
//! - It does not count inside maps whose keys are free text: tags, labels, annotations, environment variables.
//! - It does not count when it is empty, or the same and known on both sides: then no access changes through it.
//! - Text that is a policy document counts whatever its attribute is called.
//! - What is left over is decided type by type: the `ordinary` lines of `additions.tsv`.
//! - The type's own name counts too (`keycloak_user_roles`, `acme_api_key`), except for the providers whose every type was looked at
//!   for the catalogue.

use std::collections::HashSet;

use serde_json::Value;

use super::catalogue::is_ordinary;
use super::{Facet, facets};
use crate::plan::{AttrPath, Attribute, Change, Side, Step};

/// Levels of attributes that are looked at.
const MAX_DEPTH: usize = 8;

/// Lower-case text, one of which every row with a signal contains: what to look for before a row is parsed.
const HINTS: [&[u8]; 21] = [
    b"polic",
    b"role",
    b"principal",
    b"permission",
    b"privilege",
    b"member",
    b"grant",
    b"acl",
    b"entitlement",
    b"iam",
    b"rbac",
    b"account",
    b"profile",
    b"identity",
    b"assume",
    b"impersonat",
    b"admin",
    b"superuser",
    b"statement",
    b"bindings",
    b"identities",
];

/// How JSON escapes letters, which no encoder does to honest names.
const ESCAPED_LETTERS: [&[u8]; 4] = [b"\\u004", b"\\u005", b"\\u006", b"\\u007"];

/// Words before `policy` that make it something else than access.
const OTHER_POLICIES: [&str; 87] = [
    "affinity",
    "aggregation",
    "alarm",
    "alert",
    "allocation",
    "archival",
    "archive",
    "autoscaling",
    "backup",
    "buffering",
    "cache",
    "caching",
    "cleanup",
    "completion",
    "compression",
    "concurrency",
    "cors",
    "delete",
    "deletion",
    "delivery",
    "deployment",
    "destroy",
    "disruption",
    "dns",
    "drain",
    "draining",
    "escalation",
    "eviction",
    "expiration",
    "expiry",
    "failover",
    "failure",
    "forwarding",
    "health",
    "host",
    "image",
    "instance",
    "interruption",
    "lifecycle",
    "log",
    "logging",
    "maintenance",
    "maxmemory",
    "memory",
    "mirroring",
    "nat",
    "network",
    "notification",
    "offline",
    "overflow",
    "parallelism",
    "patch",
    "placement",
    "proxying",
    "pull",
    "rate",
    "rebalancing",
    "reclaim",
    "recovery",
    "redrive",
    "refresh",
    "replacement",
    "replication",
    "request",
    "restart",
    "retention",
    "retry",
    "rollback",
    "rollout",
    "rotation",
    "route",
    "routing",
    "sampling",
    "scaling",
    "select",
    "shutdown",
    "snapshot",
    "spread",
    "ssl",
    "sticky",
    "stickiness",
    "throttling",
    "tiering",
    "timeout",
    "tls",
    "traffic",
    "update",
];

/// Words behind `policy` that make it a reference or a label.
const POLICY_LABELS: [&str; 9] = ["id", "ids", "name", "names", "type", "types", "version", "status", "enforcement"];

/// Values of a `role` that say what part a thing plays, not what it may do.
const OTHER_ROLES: [&str; 13] = [
    "active",
    "backup",
    "primary",
    "secondary",
    "replica",
    "standby",
    "master",
    "leader",
    "follower",
    "hub",
    "spoke",
    "server",
    "client",
];

/// Members whose keys are free text.
const FREE_TEXT: [&str; 17] = [
    "annotations",
    "default_tags",
    "effective_annotations",
    "effective_labels",
    "environment",
    "environment_variables",
    "env",
    "keepers",
    "labels",
    "match_labels",
    "metadata_options",
    "tags",
    "tags_all",
    "terraform_labels",
    "triggers",
    "user_labels",
    "variables",
];

/// Providers whose every type was looked at for the catalogue (shared data, `source` of the entries): there the
/// name of a type that is not listed says nothing.
const INVENTORIED: [&str; 5] = ["aws", "google", "google-beta", "azurerm", "azuread"];

/// Whether a row may carry a signal, judged by its JSON text: cheap, and never wrong when it says no.
pub(super) fn may_signal(type_name: &str, provider: &str, text: &[u8]) -> bool {
    if type_signals(type_name, provider) {
        return true;
    }
    let text = text.to_ascii_lowercase();
    HINTS.iter().chain(&ESCAPED_LETTERS).any(|hint| memchr::memmem::find(&text, hint).is_some())
}

/// The facets of an unlisted type; `None` when nothing about it sounds like access.
pub(super) fn facets_of(row: &Change) -> Option<Vec<Facet>> {
    if is_ordinary(&row.type_name, "*") {
        return None;
    }
    let mut signals = Signals::default();
    search(&row.before, None, &mut AttrPath::default(), &mut signals);
    search(&row.after, None, &mut AttrPath::default(), &mut signals);
    search_mask(&row.after_unknown, &mut AttrPath::default(), &mut signals);
    signals.found.retain(|(_, path)| {
        let ordinary = matches!(path.0.first(), Some(Step::Key(key)) if is_ordinary(&row.type_name, key));
        !ordinary && differs(row, path)
    });
    let facets: Vec<Facet> =
        signals.found.iter().filter_map(|(purpose, path)| facets::at(purpose, path, row)).collect();
    let by_name = type_signals(&row.type_name, &row.provider.source()) && anything_differs(row);
    (!facets.is_empty() || by_name).then_some(facets)
}

/// Places that sound like access, each once, in the order they are met.
#[derive(Default)]
struct Signals {
    found: Vec<(&'static str, AttrPath)>,
    seen: HashSet<AttrPath>,
}

impl Signals {
    fn add(&mut self, purpose: &'static str, path: &AttrPath) {
        if self.seen.insert(path.clone()) {
            self.found.push((purpose, path.clone()));
        }
    }
}

fn differs(row: &Change, path: &AttrPath) -> bool {
    let value = |side: Side<'_>| match side.get(path) {
        Attribute::Known(value) if !is_empty(value) => Some(value.clone()),
        _ => None,
    };
    row.after().has_unknown(path) || value(row.before()) != value(row.after())
}

fn anything_differs(row: &Change) -> bool {
    row.before != row.after || row.after().has_unknown(&AttrPath::default())
}

/// Values that stand for "not set".
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::Array(elements) => elements.iter().all(is_empty),
        Value::Object(members) => members.values().all(is_empty),
        Value::Bool(true) => false,
    }
}

fn search(value: &Value, name: Option<&str>, path: &mut AttrPath, signals: &mut Signals) {
    if path.0.len() > MAX_DEPTH {
        return;
    }
    if let Some(purpose) = name.and_then(|name| attribute_signals(name, Some(value))) {
        if !is_empty(value) {
            signals.add(purpose, path);
        }
        return;
    }
    match value {
        Value::String(text) if is_policy_document(text) => signals.add("policy", path),
        Value::Object(members) => {
            for (key, member) in members.iter().filter(|(key, _)| !FREE_TEXT.contains(&key.as_str())) {
                path.0.push(Step::Key(key.clone()));
                search(member, Some(key), path, signals);
                path.0.pop();
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                path.0.push(Step::Index(index));
                search(element, None, path, signals);
                path.0.pop();
            }
        }
        _ => {}
    }
}

fn search_mask(mask: &Value, path: &mut AttrPath, signals: &mut Signals) {
    if path.0.len() > MAX_DEPTH {
        return;
    }
    match mask {
        Value::Object(members) => {
            for (key, member) in members.iter().filter(|(key, _)| !FREE_TEXT.contains(&key.as_str())) {
                path.0.push(Step::Key(key.clone()));
                match attribute_signals(key, None) {
                    // Whether anything below is marked is asked when the sides are compared.
                    Some(purpose) => signals.add(purpose, path),
                    None => search_mask(member, path, signals),
                }
                path.0.pop();
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                path.0.push(Step::Index(index));
                search_mask(element, path, signals);
                path.0.pop();
            }
        }
        _ => {}
    }
}

/// Text that is a policy document of AWS or Google, judged by words that both sides of a grant need.
fn is_policy_document(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with('{')
        && ((text.contains("\"Statement\"") && text.contains("\"Effect\""))
            || (text.contains("\"bindings\"") && text.contains("\"role\"")))
}

/// The purpose of an attribute, judged by its name and, where it is known, its value.
fn attribute_signals(name: &str, value: Option<&Value>) -> Option<&'static str> {
    let words = words(name);
    words.iter().enumerate().find_map(|(at, word)| {
        let before = at.checked_sub(1).and_then(|at| words.get(at)).map_or("", String::as_str);
        let after = words.get(at + 1).map_or("", String::as_str);
        let text = value.and_then(Value::as_str);
        match word.as_str() {
            "policy" | "policies" => {
                let label = POLICY_LABELS.contains(&after) && !matches!(before, "iam" | "access" | "role" | "resource");
                let ciphers = text.is_some_and(|text| {
                    ["TLS", "SSL", "ELBSecurityPolicy"].iter().any(|prefix| text.starts_with(prefix))
                });
                (!label && !ciphers && !OTHER_POLICIES.contains(&before)).then_some("policy")
            }
            "role" | "roles" => {
                let part = text.is_some_and(|text| OTHER_ROLES.contains(&text.to_ascii_lowercase().as_str()));
                (!part).then_some("role")
            }
            "principal" | "principals" | "grantee" | "grantees" => Some("principal"),
            "member" | "members" | "membership" | "memberships" => {
                let other =
                    matches!(after, "count" | "clusters" | "limit" | "type") || matches!(before, "cluster" | "set");
                (!other).then_some("principal")
            }
            "permission" | "permissions" => (!matches!(before, "file" | "directory" | "posix")).then_some("permission"),
            "privilege" | "privileges" | "entitlement" | "entitlements" | "grant" | "grants" | "rbac" => {
                Some("permission")
            }
            "acl" | "acls" => (!matches!(before, "network" | "web" | "ip" | "waf")).then_some("permission"),
            "account" | "accounts" => (before == "service" && after != "count").then_some("pass_role"),
            "profile" => (before == "instance").then_some("pass_role"),
            "identity" => {
                let block =
                    value.is_some_and(|value| first_object(value).is_some_and(|block| block.contains_key("type")));
                (after == "ids" || (words.len() == 1 && block)).then_some("pass_role")
            }
            "iam" | "assume" | "assumed" | "impersonate" | "impersonation" | "impersonated" => Some("pass_role"),
            "admin" | "admins" | "administrator" | "administrators" | "superuser" | "superusers" => {
                let flag = matches!(value, Some(Value::Bool(_) | Value::Array(_)));
                (flag && !matches!(after, "state" | "created" | "status")).then_some("flag")
            }
            _ => None,
        }
    })
}

fn first_object(value: &Value) -> Option<&serde_json::Map<String, Value>> {
    match value {
        Value::Object(members) => Some(members),
        Value::Array(elements) => elements.first()?.as_object(),
        _ => None,
    }
}

/// Whether the name of a type says that it manages access.
fn type_signals(type_name: &str, provider: &str) -> bool {
    if INVENTORIED.contains(&provider.rsplit('/').next().unwrap_or(provider)) {
        return false;
    }
    let words = words(type_name);
    words.iter().enumerate().skip(1).any(|(at, word)| {
        let before = at.checked_sub(1).and_then(|at| words.get(at)).map_or("", String::as_str);
        let after = words.get(at + 1).map_or("", String::as_str);
        match word.as_str() {
            "iam" | "rbac" | "role" | "roles" | "permission" | "permissions" | "grant" | "grants" | "membership"
            | "memberships" | "member" | "members" | "principal" | "entitlement" | "privilege" | "privileges" => true,
            "policy" => {
                let kind = !OTHER_POLICIES.contains(&before) && !matches!(before, "firewall" | "security" | "quota");
                (kind && after.is_empty()) || matches!(after, "attachment" | "assignment" | "binding" | "membership")
            }
            "access" => matches!(after, "policy" | "entry" | "grant" | "key" | "token" | "role" | "control" | "rule"),
            "account" => before == "service",
            "credential" | "credentials" | "token" | "tokens" | "apikey" => true,
            "key" | "keys" => matches!(before, "api" | "access" | "auth" | "ssh"),
            _ => false,
        }
    })
}

/// The words of a name in snake, kebab or camel case, lower case.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut lower = false;
    for c in name.chars() {
        if !c.is_alphanumeric() {
            words.push(String::new());
            lower = false;
            continue;
        }
        if words.is_empty() || (c.is_uppercase() && lower) {
            words.push(String::new());
        }
        lower = c.is_lowercase() || c.is_numeric();
        if let Some(word) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}
