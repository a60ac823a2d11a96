//! What was found, in the words of a report.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::compile::{Dim, Statement};
use super::family::{Family, Member};
use super::ways::{self, UNSET, Way};
use crate::access::{ActionAccess, NewAccess, Reason, RemovedAccess, StatementRef, Witness};
use crate::iam::{IamChange, Kind};
use crate::plan::AttrPath;

/// What stands for a secret.
const SECRET: &str = "(sensitive)";

/// Whether a statement refuses something, by one of its words.
pub(super) fn denies(statement: &Statement) -> bool {
    statement.iter().any(|cell| cell.words.iter().any(|word| ways::denies(word)))
}

/// One request, in words.
struct Told {
    principal: String,
    action: String,
    resource: String,
    conditions: Vec<String>,
    path: String,
}

fn is_secret(dim: &Dim, change: &IamChange) -> bool {
    let first = dim.path.split(['.', '[', '{']).next().unwrap_or_default();
    let path = AttrPath::default().member(first);
    dim.purpose == "credential" || change.row.before().has_sensitive(&path) || change.row.after().has_sensitive(&path)
}

fn shown<'a>(dim: &Dim, word: &'a str, change: &IamChange) -> &'a str {
    match word {
        _ if is_secret(dim, change) => SECRET,
        word => word.trim_start_matches('\u{1}'),
    }
}

/// Words of a purpose: alone where one attribute has it, with the attribute's name where several do.
fn of_purpose(
    family: &Family<'_>,
    words: &BTreeMap<Arc<str>, String>,
    purpose: &str,
    change: &IamChange,
) -> Option<String> {
    let dims: Vec<&Dim> = family.shape.dims.iter().filter(|dim| dim.purpose == purpose).collect();
    let set = dims.iter().filter_map(|dim| Some((*dim, words.get(&dim.path).filter(|word| **word != *UNSET)?)));
    let texts: Vec<String> = set
        .map(|(dim, word)| match dims.len() {
            1 => shown(dim, word, change).to_owned(),
            _ => format!("{}={}", dim.path, shown(dim, word, change)),
        })
        .collect();
    (!texts.is_empty()).then(|| texts.join(","))
}

fn told(family: &Family<'_>, words: &BTreeMap<Arc<str>, String>, change: &IamChange) -> Told {
    let of = |purpose: &str| of_purpose(family, words, purpose, change);
    let first = |purposes: &[&str]| purposes.iter().find_map(|purpose| of(purpose));
    let address = &change.row.address;
    let kind = family.shape.kind;
    let passed = of("pass_role");
    let name = || of("name").unwrap_or_else(|| address.clone());
    let principal = match (kind, first(&["principal", "owner"])) {
        (_, Some(who)) => who,
        (Kind::RoleDefinition | Kind::IdentityPolicy, None) => {
            format!("whoever has {}", of("role").unwrap_or_else(name))
        }
        (Kind::BoundaryOrGuardrail, None) => format!("whoever {address} holds back"),
        (_, None) if passed.is_some() => address.clone(),
        (Kind::Credential, None) => format!("whoever holds {address}"),
        (_, None) => first(&["group", "trust"]).unwrap_or_else(name),
    };
    let action = match (kind, &passed) {
        (_, Some(_)) => "act-as".to_owned(),
        (Kind::GroupMembership, _) => of("role").map_or("member".to_owned(), |role| format!("member:{role}")),
        (Kind::Ownership, _) => "own".to_owned(),
        _ => first(&["permission"])
            .or_else(|| first(&["role", "policy_id", "policy_arn"]).map(|role| format!("role:{role}")))
            .or_else(|| (kind == Kind::Credential).then(|| of("scope").unwrap_or_else(|| "authenticate".to_owned())))
            .unwrap_or_else(|| "access".to_owned()),
    };
    let resource = passed
        .or_else(|| first(&["resource", "scope"]))
        .or_else(|| of("group").filter(|group| *group != principal))
        .unwrap_or_else(|| address.clone());
    let conditions = ["condition", "trust", "expiry", "flag"];
    let conditions = family.shape.dims.iter().filter(|dim| conditions.contains(&dim.purpose)).filter_map(|dim| {
        let word = words.get(&dim.path).filter(|word| **word != *UNSET)?;
        Some(format!("{}={}", dim.path, shown(dim, word, change)))
    });
    let telling = [
        "permission",
        "role",
        "policy_id",
        "policy_arn",
        "pass_role",
        "principal",
        "group",
        "owner",
        "resource",
        "scope",
    ];
    let path = telling.iter().find_map(|purpose| family.shape.dims.iter().find(|dim| dim.purpose == *purpose));
    let path = path.map(|dim| dim.path.to_string()).unwrap_or_default();
    Told { principal, action, resource, conditions: conditions.collect(), path }
}

/// The access levels that a word names.
fn levels(action: &str) -> Vec<String> {
    let lower = action.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let names: &[&str] =
        if has(&["admin", "owner", "manage", "grant", "all", "sudo", "root", "maintainer", "act-as", "own"]) {
            &["write", "permissions"]
        } else if has(&["read", "view", "select", "get", "list", "guest", "reporter", "usage"]) {
            &["read"]
        } else {
            &["write"]
        };
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// The new access of a statement, by the request that proves it.
pub(super) fn new_access(family: &Family<'_>, words: &BTreeMap<Arc<str>, String>, change: &IamChange) -> NewAccess {
    let told = told(family, words, change);
    let address = change.row.address.clone();
    let mut context: BTreeMap<String, Vec<String>> = BTreeMap::new();
    if family.shape.kind == Kind::Credential {
        context.insert("tollgate:credential".to_owned(), vec![address.clone()]);
    }
    for (path, word) in words.iter().filter(|(_, word)| **word != *UNSET) {
        let dim = family.shape.dims.iter().find(|dim| dim.path == *path && dim.purpose != "rest");
        if let Some(dim) = dim {
            context.insert(dim.path.to_string(), vec![shown(dim, word, change).to_owned()]);
        }
    }
    NewAccess {
        explanation: format!(
            "`{}` can now `{}` on `{}`, by `{address}`; nothing of this type permitted it before",
            told.principal, told.action, told.resource
        ),
        principal: told.principal.clone(),
        actions: vec![told.action.clone()],
        action_levels: vec![ActionAccess { action: told.action.clone(), levels: levels(&told.action) }],
        resources: vec![told.resource.clone()],
        conditions: told.conditions,
        statement: StatementRef { address, path: told.path, index: 0, sid: None },
        witness: Witness { principal: told.principal, action: told.action, resource: told.resource, context },
    }
}

/// What a statement of the before side permitted.
pub(super) fn removed(family: &Family<'_>, statement: &Statement, change: &IamChange) -> RemovedAccess {
    let all = family.shape.dims.iter().zip(statement);
    let words = all.map(|(dim, cell)| {
        let words: Vec<&str> = cell.words.iter().map(|word| &**word).collect();
        (dim.path.clone(), words.join(", "))
    });
    let told = told(family, &words.collect(), change);
    RemovedAccess {
        explanation: format!("`{}` can no longer `{}` on `{}` by this", told.principal, told.action, told.resource),
        principal: told.principal,
        actions: vec![told.action],
        resources: vec![told.resource],
        conditions: told.conditions,
        statement: StatementRef { address: change.row.address.clone(), path: told.path, index: 0, sid: None },
    }
}

/// Why a statement may permit something new.
pub(super) fn doubts(
    family: &Family<'_>,
    member: &Member<'_>,
    statement: &Statement,
    change: &IamChange,
) -> Vec<Reason> {
    let type_name = family.shape.type_name;
    let dims = || family.shape.dims.iter().zip(statement);
    let mut reasons: Vec<Reason> = dims()
        .filter(|(_, cell)| cell.unknown)
        .map(|(dim, _)| {
            let text = format!("`{}` is known only after apply; give it a value that the plan can show", dim.path);
            super::reason("unknown_value", dim.path.trim_end_matches('.'), text)
        })
        .collect();
    if !reasons.is_empty() {
        return reasons;
    }
    if member.row.before.is_none() {
        let text = match family.shape.kind {
            Kind::Credential => "a secret is stored; whoever reads it may use it, and what it opens is not in the plan",
            Kind::RoleDefinition | Kind::IdentityPolicy => {
                "who has it is not in the plan; read what refers to it by name"
            }
            Kind::Federation | Kind::NetworkOfTrust | Kind::TrustPolicy => {
                "it trusts somebody outside, and what that opens is not in the plan; read what refers to it"
            }
            Kind::CodeExecution => "the code it runs is not judged; read it",
            Kind::BoundaryOrGuardrail => "it may take the place of something that held back more; read the change",
            _ => "what it gives to whom is not in the plan; read the change",
        };
        return vec![super::reason("outside_plan", "", format!("`{type_name}` is created: {text}"))];
    }
    let before: Vec<&Statement> = member.before.iter().flatten().collect();
    for (at, (dim, cell)) in dims().enumerate() {
        if before.iter().any(|old| old.get(at) == Some(cell)) {
            continue;
        }
        let text = match dim.way {
            Way::Swap | Way::Set | Way::Order(_) => {
                "takes the place of another value, and which permits more is not known"
            }
            Way::Later => "changes, and the two values cannot be ordered",
            _ => "changes, and what that permits cannot be compared",
        };
        let path = dim.path.trim_end_matches('.');
        reasons.push(super::reason("unordered", path, format!("`{path}` of `{type_name}` {text}; read the change")));
    }
    if reasons.is_empty() {
        let text =
            format!("the combination of values of `{type_name}` changes for `{}`; read the change", change.row.address);
        reasons.push(super::reason("unordered", "", text));
    }
    reasons
}
