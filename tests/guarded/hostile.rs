//! Plans with hostile names, and very many findings: what is published stays what tollgate says.

use super::site::*;

/// A configuration whose instances are called so.
fn instances(site: &Site, keys: &str) {
    site.write(
        "main.tf",
        &format!(
            "resource \"terraform_data\" \"x\" {{\n  for_each = toset({keys})\n  provisioner \"local-exec\" {{\n    command = \"true\"\n  }}\n}}\n"
        ),
    );
    site.plan("p.tfplan");
}

/// What is neither in a span or block of code nor between `<code>` and `</code>`, where GitHub finds no mentions.
fn outside_of_code(text: &str) -> String {
    let (first, rest) = text.split_once("<code>").unwrap_or((text, ""));
    let after = rest.split("<code>").map(|part| part.split_once("</code>").map_or("", |(_, rest)| rest));
    let mut text: String = std::iter::once(first).chain(after).collect();
    for mark in ["````", "```", "`"] {
        text = text.split(mark).step_by(2).collect();
    }
    text
}

#[test]
fn a32_a33_a34_hostile_names_end_nothing_and_call_nobody() {
    if !terraform() {
        return;
    }
    let site = Site::new("true");
    instances(
        &site,
        "[\"\\n::error::pwned\", \"\\n::stop-commands::x\", \"</details></code> @org/admins **allowed** ```\", \"x\\nEOF\\ndecision=allow\"]",
    );
    let (outputs, summary) = (site.path("outputs"), site.path("summary"));
    let mut command =
        site.command(&["check", "--publish", "--ci-outputs", "--format=github", "--stack", "prod", "p.tfplan"]);
    command.env("GITHUB_ACTIONS", "true").env("GITHUB_OUTPUT", &outputs).env("GITHUB_STEP_SUMMARY", &summary);
    let (code, said) = spoken(&command.output().unwrap());
    assert_eq!(code, 11, "{said}");
    // The log: no line of the plan's own is a command.
    assert!(!said.lines().any(|line| line.contains("::error::pwned") && line.trim_start().starts_with("::error::p")));
    assert!(!said.lines().any(|line| line.trim_start().starts_with("::stop-commands::x")), "{said}");
    // The step's outputs: one decision, and it is the true one.
    let outputs = std::fs::read_to_string(outputs).unwrap();
    assert!(outputs.contains("needs_approval") && !outputs.contains("decision=allow"), "{outputs}");
    // The comment, the check run, the summary: nobody is called, nothing is closed.
    let state = site.github.state();
    let comment = state.comments.last().unwrap().body.clone();
    let check = state.checks.last().unwrap()["output"]["summary"].as_str().unwrap().to_owned();
    for text in [comment, check, std::fs::read_to_string(summary).unwrap()] {
        let outside = outside_of_code(&text);
        assert!(!outside.contains("@org"), "a mention: {outside}");
        assert!(!outside.contains("</details></code>") && !outside.contains("**allowed**"), "{outside}");
    }
}

#[test]
fn a35_a_flood_of_findings_leaves_the_line_to_paste() {
    if !terraform() {
        return;
    }
    let site = Site::new("true");
    instances(&site, "[for n in range(500) : \"a-rather-long-name-of-an-instance-${n}\"]");
    let line = site.publish(&[]);
    assert!(line.contains("/1000 because"), "the line counts all of them: {line}");
    let state = site.github.state();
    let length = |text: &str| text.chars().count();
    assert!(length(&state.comments.last().unwrap().body) <= 65_536);
    let check = &state.checks.last().unwrap()["output"];
    assert!(length(check["summary"].as_str().unwrap()) <= 65_535 && length(check["text"].as_str().unwrap()) <= 65_535);
}
