//! One request against one document: permitted, refused, or not known, and which statement decides.

use std::collections::BTreeMap;

use serde::Serialize;

use super::actions::Actions;
use super::compile::Readings;
use super::document::Document;
use super::evaluate::{ContextValue, Deciding, Layer, Outcome, Principal, Reading, Request, evaluate_document};
use super::parse::Kind;
use super::replay::reading;

/// A request as a person writes it down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// The action.
    pub action: String,
    /// The resource.
    pub resource: String,
    /// An ARN, an account number, a service (`lambda.amazonaws.com`), an identity provider, a canonical user id or
    /// `anonymous`; `None` for whoever an identity policy is attached to.
    pub principal: Option<String>,
    /// Context keys; a key with one value may belong to a key that takes lists, the action table says which.
    pub context: BTreeMap<String, Vec<String>>,
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Permitted under every reading of the documentation.
    Allowed,
    /// Refused under every reading.
    Denied,
    /// It depends on a reading, or on what the document does not say.
    Undetermined,
}

/// The answer with what it rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Allows {
    /// The answer.
    pub answer: Answer,
    /// Positions of the statements that decide; empty where no statement matches.
    pub statements: Vec<usize>,
    /// In words.
    pub explanation: String,
}

/// Why a request cannot be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no principal; give an ARN, an account number, a service such as `lambda.amazonaws.com`, or `anonymous`"
)]
pub struct UnknownPrincipal(String);

/// Decides a request by one document.
///
/// # Errors
/// When the principal is not of a form that exists.
pub fn allows(document: &Document, kind: Kind, asked: &Asked) -> Result<Allows, UnknownPrincipal> {
    let request = Request {
        principal: match &asked.principal {
            Some(text) => principal(text).ok_or_else(|| UnknownPrincipal(text.clone()))?,
            None => Principal::Anonymous,
        },
        action: asked.action.clone(),
        resource: asked.resource.clone(),
        resource_account: None,
        context: asked.context.iter().map(|(key, values)| (key.as_str(), value(key, values))).collect(),
    };
    let layer = if kind == Kind::Identity { Layer::Identity } else { Layer::Resource };
    let judge = |reading: Reading| evaluate_document(document, layer, &request, reading);
    let plain = judge(reading(Readings::default()));
    let differs = Reading::each_alone().into_iter().any(|other| {
        let other = judge(other);
        (other.is_allowed(), other.is_denied()) != (plain.is_allowed(), plain.is_denied())
    });
    Ok(if differs { under_dispute(&plain) } else { told(&plain) })
}

fn principal(text: &str) -> Option<Principal> {
    if text == "anonymous" {
        return Some(Principal::Anonymous);
    }
    if let Some(known) = Principal::from_arn(text) {
        return Some(known);
    }
    let hex = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let provider = text.contains(":saml-provider/") || text.contains(":oidc-provider/");
    let web = ["accounts.google.com", "graph.facebook.com", "www.amazon.com", "cognito-identity.amazonaws.com"];
    if hex {
        Some(Principal::CanonicalUser(text.to_owned()))
    } else if provider || web.contains(&text) {
        Some(Principal::Federated(text.to_owned()))
    } else {
        (text.contains(".amazonaws.com")).then(|| Principal::Service(text.to_owned()))
    }
}

fn value(key: &str, values: &[String]) -> ContextValue {
    let list = Actions::embedded().key_type(key).is_some_and(|kind| kind.multivalued == Some(true));
    match values {
        [one] if !list => ContextValue::One(one.clone()),
        many => ContextValue::Many(many.to_vec()),
    }
}

fn told(outcome: &Outcome) -> Allows {
    let (answer, by, verb): (_, &[Deciding], _) = match outcome {
        Outcome::Allowed { by } => (Answer::Allowed, by, "allowed by"),
        Outcome::ExplicitDeny { by } => (Answer::Denied, by, "denied by"),
        Outcome::ImplicitDeny { .. } => (Answer::Denied, &[], "denied: no statement allows it"),
        Outcome::Undetermined { on } => (Answer::Undetermined, on, "not known: depends on what cannot be read in"),
    };
    Allows {
        answer,
        statements: by.iter().map(|one| one.statement).collect(),
        explanation: if by.is_empty() { verb.to_owned() } else { format!("{verb} {}", named(by)) },
    }
}

fn under_dispute(plain: &Outcome) -> Allows {
    let told = told(plain);
    Allows {
        answer: Answer::Undetermined,
        explanation: format!(
            "not known: the documentation allows several readings, and they differ here; by the plain one {}",
            told.explanation
        ),
        statements: told.statements,
    }
}

fn named(by: &[Deciding]) -> String {
    let one = |deciding: &Deciding| match &deciding.sid {
        Some(sid) => format!("statement {} (`{sid}`)", deciding.statement),
        None => format!("statement {}", deciding.statement),
    };
    by.iter().map(one).collect::<Vec<_>>().join(", ")
}
