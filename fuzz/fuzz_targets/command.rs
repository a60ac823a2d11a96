//! Comments: any text is a command, a near miss or nothing, and nothing but the exact line approves.
//!
//! What is read as an approval can be written again, and is read the same; its first line shows everything it says.
#![no_main]
#![allow(dead_code, unused_imports, unreachable_pub)]

#[path = "."]
mod policy {
    #[path = "../../src/policy/finding.rs"]
    mod finding;
    pub use finding::Severity;
}

#[path = "."]
mod approval {
    #[path = "../../src/approval/command.rs"]
    pub mod command;
    #[path = "../../src/approval/digest.rs"]
    mod digest;
    #[path = "../../src/approval/length.rs"]
    mod length;
    #[path = "../../src/approval/risk.rs"]
    mod risk;
    #[path = "../../src/approval/stack.rs"]
    mod stack;
    pub use digest::{Digest, DigestError};
    pub use length::{LengthError, WindowLength};
    pub use risk::{Risk, RiskError};
    pub use stack::{Stack, StackError};
}

use approval::command::{Approve, Command, Parsed, parse};
use libfuzzer_sys::fuzz_target;

fn written(approve: &Approve) -> String {
    let stack = approve.stack.as_ref().map_or_else(String::new, |stack| format!(" stack={stack}"));
    let Approve { length, plan, risk, reason, .. } = approve;
    format!("/tollgate approve {length}{stack} plan:{plan} risk:{risk} because {reason}")
}

fuzz_target!(|body: &str| {
    let parsed = parse(body);
    let first = body.split('\n').next().unwrap_or_default();
    match &parsed {
        Parsed::Command(command) => {
            assert!(first.starts_with("/tollgate "), "{first:?}");
            let line = first.strip_suffix('\r').unwrap_or(first);
            assert!(!line.chars().any(char::is_control), "{line:?}");
            // What follows the first line is free text, as long as it is no second command.
            assert_eq!(parse(line), parsed);
            if let Command::Approve(approve) = command {
                let minutes = approve.length.duration().as_secs() / 60;
                assert!((5..=168 * 60).contains(&minutes));
                assert!(approve.reason.chars().count() >= 10);
                assert!(line.contains(&approve.plan.to_string()), "the digest is there in whole");
                assert_eq!(parse(&written(approve)), parsed);
                // Anything before it makes it none.
                for before in [" ", "\n", "> ", "\u{feff}", "\u{200b}", "`"] {
                    assert!(!matches!(parse(&format!("{before}{body}")), Parsed::Command(_)), "{before:?}");
                }
            }
        }
        Parsed::NearMiss(miss) => {
            let message = miss.to_string();
            assert!(message.chars().all(|character| !character.is_control()), "{message:?}");
        }
        Parsed::Nothing => {}
    }
});
