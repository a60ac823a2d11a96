//! AWS policy documents against each other: no two make the comparison panic, hang, or contradict the evaluator.
//!
//! A line `---` of the input separates the document before from the one after; a text without it is compared with
//! itself.
#![no_main]
#![allow(dead_code, unused_imports, unreachable_pub)]

#[path = "."]
mod access {
    #[path = "../../src/access/budget.rs"]
    pub mod budget;
    #[path = "../../src/access/compare.rs"]
    pub mod compare;
    #[path = "../../src/access/glob.rs"]
    pub mod glob;
    #[path = "../../src/access/literal.rs"]
    pub mod literal;
    #[path = "../../src/access/partition.rs"]
    pub mod partition;
    #[path = "../../src/access/point.rs"]
    pub mod point;
    #[path = "../../src/access/ranges.rs"]
    pub mod ranges;
    #[path = "../../src/access/rule.rs"]
    pub mod rule;
    #[path = "../../src/access/scalar.rs"]
    pub mod scalar;
    #[path = "../../src/access/space.rs"]
    pub mod space;
    #[path = "../../src/access/cancel.rs"]
    mod cancel;
    #[path = "../../src/access/hash.rs"]
    mod hash;
    #[path = "../../src/access/product.rs"]
    mod product;
    #[path = "../../src/access/relation.rs"]
    mod relation;
    #[path = "../../src/access/sample.rs"]
    mod sample;
    #[path = "../../src/access/scope.rs"]
    mod scope;
    #[path = "../../src/access/search.rs"]
    mod search;
    #[path = "../../src/access/standing.rs"]
    mod standing;
    #[path = "../../src/access/symbols.rs"]
    mod symbols;
    #[path = "../../src/access/tree.rs"]
    mod tree;
    #[path = "../../src/access/verdict.rs"]
    mod verdict;
    #[path = "../../src/access/witness.rs"]
    mod witness;
    #[path = "../../src/access/table/mod.rs"]
    mod table;

    /// What the plan's verdicts carry beside; not part of a comparison of documents.
    pub mod worlds {
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct Resolved;
    }

    #[path = "."]
    pub mod aws {
        #[path = "../../src/access/aws/actions/mod.rs"]
        pub mod actions;
        #[path = "../../src/access/aws/compile/mod.rs"]
        pub mod compile;
        #[path = "../../src/access/aws/document/mod.rs"]
        pub mod document;
        #[path = "../../src/access/aws/evaluate/mod.rs"]
        pub mod evaluate;
        #[path = "../../src/access/aws/parse/mod.rs"]
        pub mod parse;
        #[path = "../../src/access/aws/diff.rs"]
        pub mod diff;
        #[path = "../../src/access/aws/space.rs"]
        pub mod space;
        #[path = "../../src/access/aws/explain.rs"]
        mod explain;
        #[path = "../../src/access/aws/replay.rs"]
        mod replay;
    }

    pub use verdict::{
        Access, ActionAccess, Guardrail, GuardrailEffect, NewAccess, PlanAccess, Reason, RemovedAccess, StatementRef,
        Verdict, Witness,
    };
}

use access::Verdict;
use access::aws::diff::Diff;
use access::aws::document::Document;
use access::aws::evaluate::{Context, Layer, Principal, Reading, Request, evaluate_document};
use access::aws::parse::{Kind, guess_kind, parse};
use access::compare::Options;
use libfuzzer_sys::fuzz_target;

/// Requests by what a document spells out.
fn requests(document: &Document) -> Vec<Request> {
    let mut out = Vec::new();
    for statement in document.statements.iter().take(4) {
        let actions = statement.action.set.known_items().take(2);
        let plain = |text: &str, fill: &str| text.replace('*', fill).replace('?', "q");
        for action in actions {
            let resources = statement.resource.iter().flat_map(|clause| clause.set.known_items().take(2));
            for resource in resources.chain(["arn:aws:s3:::b/k"]) {
                let names = [("aws:username", "k"), ("s3:max-keys", "10"), ("aws:SourceIp", "10.0.0.1")];
                for context in [Context::default(), names.into_iter().collect()] {
                    out.push(Request {
                        principal: Principal::Anonymous,
                        action: plain(action, "GetObject"),
                        resource: plain(resource, "x"),
                        resource_account: None,
                        context,
                    });
                }
            }
        }
    }
    out
}

fuzz_target!(|text: &str| {
    let (before, after) = text.split_once("\n---\n").unwrap_or((text, text));
    let (Ok(one), Ok(two)) = (guess_kind(before), guess_kind(after)) else { return };
    let kind = one.max(two);
    let (Ok(before), Ok(after)) = (parse(before, kind), parse(after, kind)) else { return };
    let options = Options { states: 100_000, ..Options::default() };
    for (before, after) in [(&before, &after), (&after, &before)] {
        let access = Diff { options, ..Diff::new(before, after, kind) }.gained();
        assert_eq!(access.verdict == Verdict::New, !access.new.is_empty());
        assert!(access.verdict != Verdict::Possible || !access.reasons.is_empty());
        assert!(before != after || access.verdict == Verdict::None);
        if access.verdict == Verdict::None {
            let layer = if kind == Kind::Identity { Layer::Identity } else { Layer::Resource };
            let judge = |document: &Document, request: &Request| {
                evaluate_document(document, layer, request, Reading::default())
            };
            for request in requests(after) {
                assert!(!(judge(after, &request).is_allowed() && judge(before, &request).is_denied()), "{request:?}");
            }
        }
    }
});
