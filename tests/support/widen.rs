//! A document widened by one request that it refused.

use tollgate::access::aws::document::{Document, Effect, Item, Statement, Text};
use tollgate::access::aws::evaluate::{Context, Layer, Principal, Reading, Request, evaluate_document};

/// Requests of services that few policies have all of.
const WANTED: [(&str, &str); 8] = [
    ("iam:CreateUser", "arn:aws:iam::123456789012:user/widened"),
    ("s3:PutBucketPolicy", "arn:aws:s3:::widened"),
    ("kms:Decrypt", "arn:aws:kms:eu-west-1:123456789012:key/widened"),
    ("dynamodb:DeleteTable", "arn:aws:dynamodb:eu-west-1:123456789012:table/widened"),
    ("ec2:TerminateInstances", "arn:aws:ec2:eu-west-1:123456789012:instance/i-widened"),
    ("sns:Publish", "arn:aws:sns:eu-west-1:123456789012:widened"),
    ("lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:123456789012:function:widened"),
    ("braket:CancelJob", "arn:aws:braket:eu-west-1:123456789012:job/widened"),
];

/// The policy with one of its statements widened by a request that the evaluator refuses before and permits after;
/// `None` where it permits them all, or has no statement that can take another action and resource.
pub(crate) fn widened(document: &Document) -> Option<Document> {
    let candidates = document.statements.iter().enumerate().filter(|(_, one)| {
        one.effect == Effect::Allow
            && one.conditions.is_empty()
            && !one.action.negated
            && one.resource.as_ref().is_some_and(|clause| !clause.negated)
    });
    candidates.flat_map(|(at, _)| WANTED.iter().map(move |wanted| (at, wanted))).find_map(|(at, (action, resource))| {
        let mut wide = document.clone();
        add(wide.statements.get_mut(at)?, action, resource);
        let request = Request {
            principal: Principal::Anonymous,
            action: (*action).to_owned(),
            resource: (*resource).to_owned(),
            resource_account: None,
            context: Context::default(),
        };
        let judge = |document| evaluate_document(document, Layer::Identity, &request, Reading::default());
        (judge(document).is_denied() && judge(&wide).is_allowed()).then_some(wide)
    })
}

fn add(statement: &mut Statement, action: &str, resource: &str) {
    statement.action.set.items.push(Item::One(Text::Known(action.to_owned())));
    if let Some(clause) = &mut statement.resource {
        clause.set.items.push(Item::One(Text::Known(resource.to_owned())));
    }
}
