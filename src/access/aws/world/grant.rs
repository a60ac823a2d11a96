//! Grants that are no documents of their own, written as ones: a statement as the arguments of a policy document
//! data source would give it, so that what is unknown stays a hole in its place.

use super::collect::Collector;
use super::late;
use super::resource::add_arns;
use crate::access::aws::parse::Kind;
use crate::access::worlds::{Hole, Object, Piece, Val};

/// One statement that allows, by the arguments of `aws_iam_policy_document`.
#[derive(Default)]
struct Statement {
    principals: Val,
    actions: Val,
    resources: Vec<Val>,
    conditions: Vec<Val>,
    /// A condition that is not known, or whether there is one.
    open: Option<Hole>,
}

/// Where a grant takes effect.
struct On {
    /// The resource's key in the model.
    key: String,
    /// Its ARNs, where they are known.
    arns: Vec<String>,
    /// Whether nothing but resource policies counts.
    explicit: bool,
}

/// <https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html>
pub(super) fn lambda_permission(to: &mut Collector<'_>, at: usize, object: &Object) {
    let function = to.resource_name(object.get("function_name")).unwrap_or_else(|| object.address.to_string());
    let name = function.rsplit(":function:").next().unwrap_or(&function).to_owned();
    let arn = match is_reference(&name) {
        true => None,
        false => Some(format!("arn:{}:lambda:*:{}:function:{name}", to.account.partition, to.account.id)),
    };
    let mut statement = Statement {
        principals: match object.get("principal") {
            Val::Text(all) if &**all == "*" => block("*", [text("*")]),
            Val::Text(service) if service.ends_with(".amazonaws.com") || service.ends_with(".amazonaws.com.cn") => {
                block("Service", [Val::Text(service.clone())])
            }
            Val::Text(other) => block("AWS", [Val::Text(other.clone())]),
            other => to
                .principal(other)
                .map_or_else(|| Val::Hole(gap(object, "principal", other)), |arn| block("AWS", [arn])),
        },
        actions: match object.get("action") {
            Val::Null => list([text("lambda:InvokeFunction")]),
            action => action.clone(),
        },
        // Unknown or not, the function is the one that the grant stands on.
        resources: match &arn {
            Some(arn) => vec![text(arn), text(&format!("{arn}:*"))],
            None => vec![text("*")],
        },
        ..Statement::default()
    };
    for (attribute, operator, key) in [
        ("source_arn", "ArnLike", "AWS:SourceArn"),
        ("source_account", "StringEquals", "AWS:SourceAccount"),
        ("principal_org_id", "StringEquals", "aws:PrincipalOrgID"),
        ("event_source_token", "StringEquals", "lambda:EventSourceToken"),
        ("function_url_auth_type", "StringEquals", "lambda:FunctionUrlAuthType"),
    ] {
        statement.condition(object, operator, key, object.get(attribute));
    }
    let on = On { key: format!("lambda {name}"), arns: arn.into_iter().collect(), explicit: false };
    statement.stand(to, at, object, on);
}

/// <https://docs.aws.amazon.com/kms/latest/developerguide/grants.html>
pub(super) fn kms_grant(to: &mut Collector<'_>, at: usize, object: &Object) {
    let key = to.resource_name(object.get("key_id")).unwrap_or_else(|| object.address.to_string());
    let id = key.rsplit('/').next().unwrap_or(&key).to_owned();
    let grantee = object.get("grantee_principal");
    let operations = object.get("operations");
    if grantee.is_unset() || operations.is_unset() {
        return;
    }
    let mut statement = Statement {
        principals: block("AWS", [to.principal(grantee).unwrap_or_else(|| grantee.clone())]),
        actions: match operations {
            Val::List(items) => list(items.iter().map(|one| after("kms:", one))),
            other => other.clone(),
        },
        resources: vec![text("*")],
        ..Statement::default()
    };
    let constraints = object.get("constraints");
    statement.open = constraints.hole().cloned();
    for constraint in constraints.items() {
        for attribute in ["encryption_context_equals", "encryption_context_subset"] {
            match constraint.get(attribute) {
                Val::Map(pairs) => {
                    for (name, value) in pairs {
                        statement.condition(object, "StringEquals", &format!("kms:EncryptionContext:{name}"), value);
                    }
                }
                other => statement.open = statement.open.take().or_else(|| other.hole().cloned()),
            }
        }
    }
    let arns = if key.starts_with("arn:") { vec![key.clone()] } else { Vec::new() };
    statement.stand(to, at, object, On { key: format!("kms {id}"), arns, explicit: true });
}

/// Access policies of EKS, from the widest. <https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html>
pub(super) fn eks_association(to: &mut Collector<'_>, at: usize, object: &Object) {
    let cluster = to.resource_name(object.get("cluster_name")).unwrap_or_else(|| object.address.to_string());
    let principal = object.get("principal_arn");
    if principal.is_unset() {
        return;
    }
    let policy = object.get("policy_arn");
    let read = ["get", "list", "watch"].as_slice();
    let edit = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"].as_slice();
    let (verbs, kinds): (&[&str], &str) = match policy.text().and_then(|arn| arn.rsplit('/').next()).unwrap_or_default()
    {
        "AmazonEKSViewPolicy" => (read, "resources"),
        "AmazonEKSAdminViewPolicy" => (read, "*"),
        "AmazonEKSEditPolicy" => (edit, "resources"),
        "AmazonEKSAdminPolicy" => (edit, "resources*"),
        // The cluster administrator, and policies that are not known here: everything.
        _ => (&["*"], "*"),
    };
    // Unknown or not, the cluster is the one that the grant stands on.
    let place = if is_reference(&cluster) { "*" } else { cluster.as_str() };
    let scope = object.get("access_scope");
    let scope = scope.items().first().unwrap_or(scope);
    let resources = match (scope.get("type"), scope.get("namespaces")) {
        (Val::Text(kind), Val::List(names)) if &**kind == "namespace" => {
            names.iter().map(|name| around(&format!("{place}/namespace/"), name, &format!("/{kinds}"))).collect()
        }
        (Val::Text(kind), Val::Hole(names)) if &**kind == "namespace" => vec![Val::Hole(names.clone())],
        (Val::Hole(kind), _) => vec![Val::Hole(kind.clone())],
        _ => vec![text(&format!("{place}/*/{kinds}")), text(&format!("{place}/{kinds}"))],
    };
    let statement = Statement {
        principals: block("AWS", [to.principal(principal).unwrap_or_else(|| principal.clone())]),
        actions: match policy {
            Val::Hole(hole) => Val::Hole(hole.clone()),
            _ => list(verbs.iter().map(|verb| text(&format!("kubernetes:{verb}")))),
        },
        resources,
        ..Statement::default()
    };
    statement.stand(to, at, object, On { key: format!("eks {cluster}"), arns: Vec::new(), explicit: true });
}

impl Statement {
    /// Adds a condition. An unknown value that comes from an attribute of another object is a value; any other may
    /// turn out to be null, and the condition not to be there.
    fn condition(&mut self, object: &Object, operator: &str, key: &str, value: &Val) {
        if value.is_unset() {
            return;
        }
        if let Some(hole) = value.hole().filter(|hole| hole.id.starts_with(&format!("{}.", object.address))) {
            self.open = Some(hole.clone());
            return;
        }
        let pairs = [("test", text(operator)), ("variable", text(key)), ("values", list([value.clone()]))];
        self.conditions.push(map(pairs));
    }

    fn stand(self, to: &mut Collector<'_>, at: usize, object: &Object, on: On) {
        let condition = match self.open {
            Some(hole) => Val::Hole(hole),
            None => Val::List(self.conditions),
        };
        let statement = map([
            ("actions", self.actions),
            ("resources", Val::List(self.resources)),
            ("principals", self.principals),
            ("condition", condition),
        ]);
        let arguments = map([("statement", list([statement]))]);
        let value = late::rebuild("aws_iam_policy_document", "json", &arguments).unwrap_or_default();
        let Some(mut used) = to.document_at(at, object, "", &value, Kind::Resource) else { return };
        if &*object.type_name == "aws_eks_access_policy_association"
            && let Some(entry) = to.eks_entries.get(&object.get("principal_arn").name().unwrap_or_default())
        {
            used.rows.push(*entry);
        }
        let policy = to.model.resources.entry(on.key).or_default();
        policy.docs.push(used);
        policy.explicit |= on.explicit;
        add_arns(policy, on.arns);
    }
}

/// The hole in place of a value that must be known to be read.
fn gap(object: &Object, path: &str, value: &Val) -> Hole {
    let own = || Hole { id: format!("{}.{path}", object.address).into(), path: path.into() };
    match value {
        Val::Hole(hole) => hole.clone(),
        Val::Partial(pieces) => pieces
            .iter()
            .find_map(|piece| match piece {
                Piece::Hole(hole) => Some(hole.clone()),
                Piece::Text(_) => None,
            })
            .unwrap_or_else(own),
        _ => own(),
    }
}

/// Whether a name only says which object of the plan has it.
fn is_reference(name: &str) -> bool {
    name.starts_with("${")
}

fn text(text: &str) -> Val {
    Val::Text(text.into())
}

fn list(items: impl IntoIterator<Item = Val>) -> Val {
    Val::List(items.into_iter().collect())
}

fn map<const N: usize>(members: [(&str, Val); N]) -> Val {
    Val::Map(members.into_iter().map(|(name, value)| (name.into(), value)).collect())
}

/// A `principals` block.
fn block<const N: usize>(kind: &str, identifiers: [Val; N]) -> Val {
    list([map([("type", text(kind)), ("identifiers", list(identifiers))])])
}

fn after(prefix: &str, value: &Val) -> Val {
    around(prefix, value, "")
}

/// The value between two texts.
fn around(prefix: &str, value: &Val, suffix: &str) -> Val {
    match value {
        Val::Text(inner) => text(&format!("{prefix}{inner}{suffix}")),
        Val::Hole(hole) => Val::Partial(
            [Piece::Text(prefix.into()), Piece::Hole(hole.clone()), Piece::Text(suffix.into())]
                .into_iter()
                .filter(|piece| !matches!(piece, Piece::Text(text) if text.is_empty()))
                .collect(),
        ),
        other => other.clone(),
    }
}
