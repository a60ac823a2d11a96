//! Source files and plan archives: no panic, no overflow.
#![no_main]
#![allow(dead_code, unused_imports, unreachable_pub)]

#[path = "../../src/plan/mod.rs"]
mod plan;

use libfuzzer_sys::fuzz_target;
use plan::hcl::{Locator, SourceFile, Sources};

fuzz_target!(|bytes: &[u8]| {
    let _ = plan::archive::read(std::io::Cursor::new(bytes));
    let text = String::from_utf8_lossy(bytes).into_owned();
    let _ = plan::Address::parse(&text).map(|address| {
        assert_eq!(plan::Address::parse(&address.to_string()), Some(address));
    });
    let file = |path: &str| SourceFile { path: path.into(), module: vec!["m".into()], text: text.clone() };
    let sources = Sources::read([file("a.tf"), file("b.tf.json")]);
    assert_eq!(sources.files.len() + sources.undetermined.len(), 2);
    let _ = sources.hidden();
    let _ = Locator::new(&sources);
});
