//! Plan bytes: no panic, and the ways of reading agree.
#![no_main]
#![allow(dead_code, unused_imports, unreachable_pub)]

#[path = "../../src/plan/mod.rs"]
mod plan;

use libfuzzer_sys::fuzz_target;
use plan::{AttrPath, Keep, Sections, read};
use serde_json::Value;

/// At most seven bytes a read, so that text straddles every border.
struct Trickle<'a>(&'a [u8]);

impl std::io::Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.0.len().min(7).min(buffer.len());
        buffer[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}

fuzz_target!(|bytes: &[u8]| {
    let dropped = read(bytes, &Keep::nothing());
    let strict = read(Trickle(bytes), &Keep::all().strict(true).sections(Sections::All));
    if let Err(error) = &strict {
        assert_eq!(error.to_string().lines().count(), 1);
        return;
    }
    let (Ok(dropped), Ok(strict)) = (dropped, strict) else { panic!("read whole, but not in passing") };
    assert_eq!(dropped.sha256, strict.sha256);
    assert_eq!(dropped.plans.len(), strict.plans.len());
    for (dropped, plan) in dropped.plans.iter().zip(&strict.plans) {
        assert_eq!(dropped.counts, plan.counts);
        if let ([_], Ok(oracle)) = (strict.plans.as_slice(), serde_json::from_slice::<Value>(bytes)) {
            assert_eq!(serde_json::from_str::<Value>(&plan.raw.to_string()).unwrap(), oracle);
        }
        for change in plan.changes.iter().chain(&plan.drift) {
            for side in [change.before(), change.after()] {
                let text = side.redacted().to_string();
                let _ = plan.secrets.redact(&text);
                if let Some(map) = side.value.as_object() {
                    for name in map.keys() {
                        let path = AttrPath::default().member(name);
                        assert_eq!(AttrPath::parse(&path.to_string()).as_ref(), Some(&path));
                        let _ = side.attributes(&path);
                        if let Some(configuration) = &plan.configuration {
                            let _ = configuration.resolve(&change.address, &path);
                        }
                    }
                }
            }
        }
        if let Some(configuration) = &plan.configuration {
            for located in configuration.resources() {
                let _ = configuration.resolve(&located.address(), &AttrPath::default());
            }
        }
    }
});
