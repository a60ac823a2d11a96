//! The folder listing is the pipeline: each stage uses only those before it, and only the edge is impure.

#![expect(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail, read fixtures and say that it skips"
)]

use std::collections::BTreeSet;

/// The stages in order. Each may use itself and those before it.
const PIPELINE: &[&str] = &["plan", "iam", "access", "graph", "policy", "decision", "approval", "apply"];

/// Modules outside the pipeline, and what each may use beside itself.
const OTHERS: &[(&str, &[&str])] = &[
    ("config", &["plan", "iam", "access", "policy", "decision", "approval", "apply"]),
    ("ledger", &["plan", "iam", "access", "policy", "decision", "approval", "apply"]),
    ("report", &["plan", "iam", "access", "graph", "policy", "decision", "approval", "apply", "ledger"]),
    ("exit", &[]),
    ("cli", &["exit", "report", "command", "approval"]),
    (
        "edge",
        &["plan", "iam", "access", "graph", "policy", "decision", "approval", "apply", "ledger", "report", "config"],
    ),
    (
        "command",
        &[
            "plan", "iam", "access", "graph", "policy", "decision", "approval", "apply", "ledger", "report", "config",
            "edge", "cli", "exit",
        ],
    ),
];

fn allowed(module: &str) -> BTreeSet<&'static str> {
    if let Some(at) = PIPELINE.iter().position(|stage| *stage == module) {
        // The exit-code table is below all of them.
        return PIPELINE[..=at].iter().copied().chain(["exit"]).collect();
    }
    let found = OTHERS.iter().find(|(name, _)| *name == module);
    let (name, uses) = found.unwrap_or_else(|| panic!("`src/{module}` is not in the layering: add it here"));
    uses.iter().copied().chain([*name]).collect()
}

/// Every source file with its module's name and its text.
fn sources() -> Vec<(String, String, String)> {
    glob::glob("src/**/*.rs")
        .unwrap()
        .map(|path| {
            let path = path.unwrap();
            let text = std::fs::read_to_string(&path).unwrap();
            let path = path.to_string_lossy().replace('\\', "/");
            let module = path.strip_prefix("src/").unwrap().split('/').next().unwrap().trim_end_matches(".rs");
            (path.clone(), module.to_owned(), text)
        })
        .collect()
}

#[test]
fn each_stage_uses_only_those_before_it() {
    let mut wrong = Vec::new();
    let sources = sources();
    assert!(sources.len() > 20, "only {} files were looked at", sources.len());
    for (path, module, text) in sources.iter().filter(|(_, module, _)| module != "main" && module != "lib") {
        let allowed = allowed(module);
        // A doc comment may name any module.
        let code = text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
        for (number, line) in code {
            for used in line.split("crate::").skip(1) {
                let used: String = used.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let is_module = PIPELINE.contains(&used.as_str()) || OTHERS.iter().any(|(name, _)| *name == used);
                if is_module && !allowed.contains(used.as_str()) {
                    wrong.push(format!("{path}:{}: `{module}` uses `{used}`", number + 1));
                }
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// Files that are compiled for tests alone.
const TESTS: [&str; 1] = ["src/access/gcp/imported.rs"];

#[test]
fn only_the_edge_may_touch_the_outside() {
    let outside: Vec<_> = sources()
        .into_iter()
        .filter(|(path, module, text)| {
            module != "edge" && !TESTS.contains(&path.as_str()) && text.contains("clippy::disallowed_methods")
        })
        .map(|(path, ..)| path)
        .collect();
    assert_eq!(outside, Vec::<String>::new());
}
