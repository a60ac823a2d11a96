//! AWS policy documents: any text is read or refused, in one line; what is read can be written and read again; and
//! no document makes the evaluator panic or hang.
//!
//! A zero byte of the input is a hole.
#![no_main]
#![allow(dead_code, unused_imports, unreachable_pub)]

#[path = "."]
mod access {
    #[path = "."]
    pub mod aws {
        #[path = "../../src/access/aws/document/mod.rs"]
        pub mod document;
        #[path = "../../src/access/aws/evaluate/mod.rs"]
        pub mod evaluate;
        #[path = "../../src/access/aws/parse/mod.rs"]
        pub mod parse;
    }
}

use access::aws::document::{HoleId, Part};
use access::aws::evaluate::{Context, Layer, Principal, Reading, Request, evaluate_document};
use access::aws::parse::{Kind, guess_kind, parse, parse_parts};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut parts = Vec::new();
    for (index, piece) in text.split('\0').enumerate() {
        if index > 0 {
            parts.push(Part::Hole(HoleId::new(["a", "b"][index % 2])));
        }
        parts.push(Part::Literal(piece.to_owned()));
    }
    let _ = guess_kind(text);
    for kind in [Kind::Identity, Kind::Resource, Kind::Trust] {
        let document = match parse_parts(&parts, kind) {
            Ok(document) => document,
            Err(error) => {
                let message = error.to_string();
                assert!(message.chars().all(|character| !character.is_control()), "{message:?}");
                continue;
            }
        };
        let written = document.to_parts();
        assert_eq!(parse_parts(&written, kind).as_ref(), Ok(&document));
        if parts.len() == 1 {
            assert!(serde_json::from_str::<serde_json::Value>(text).is_ok());
            assert_eq!(parse(&document.to_json(), kind).as_ref(), Ok(&document));
        }
        for reading in [Reading::default(), Reading { segments: true, unset_blocks_not: true, ..Reading::default() }] {
            let request = Request {
                principal: Principal::Anonymous,
                action: "s3:GetObject".to_owned(),
                resource: "arn:aws:s3:::bucket/key".to_owned(),
                resource_account: None,
                context: [("aws:username", "ann"), ("s3:max-keys", "10"), ("aws:CurrentTime", "2020-01-01T00:00:00Z")]
                    .into_iter()
                    .collect::<Context>(),
            };
            let outcome = evaluate_document(&document, Layer::Identity, &request, reading);
            assert!(parts.len() == 1 || !document.has_holes() || !written.is_empty());
            assert!(!(outcome.is_allowed() && outcome.is_denied()));
        }
    }
});
