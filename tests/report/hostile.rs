//! Hostile names never break out of a format.

use tollgate::report::{Format, escape};

use crate::formats::{FORMATS, text};
use crate::reports;

/// What holds for any report in any format.
pub(crate) fn assert_contained(report: &tollgate::report::Report) {
    for (format, word) in FORMATS {
        let out = text(report, format);
        assert!(out.ends_with('\n'), "{word}");
        if let Some(c) = out.chars().find(|c| *c != '\n' && escape::is_hidden(*c)) {
            panic!("{word}: raw {c:?} in {out}");
        }
        match format {
            Format::Human | Format::Github => assert_log_is_inert(&out, format == Format::Github),
            Format::Markdown => crate::markdown::assert_inert(&out),
            Format::Json | Format::Sarif | Format::Gitlab => {
                serde_json::from_str::<serde_json::Value>(&out).unwrap();
            }
            Format::Junit => {
                roxmltree::Document::parse(&out).unwrap();
            }
        }
    }
}

/// What the runner would do with each line of a log. `TrimStart` and the search for `##[` anywhere are those of
/// `actions/runner`, `ActionCommand.cs`.
fn assert_log_is_inert(log: &str, annotates: bool) {
    for line in log.lines() {
        assert!(!line.contains("##"), "{line}");
        let start = line.trim_start();
        if !start.starts_with("::") {
            continue;
        }
        assert!(annotates, "a command in a plain log: {line}");
        let (head, _) = start.strip_prefix("::").unwrap().split_once("::").unwrap();
        let (command, properties) = head.split_once(' ').unwrap();
        assert!(["error", "warning", "notice"].contains(&command), "{line}");
        let names: Vec<_> = properties.split(',').map(|property| property.split_once('=').unwrap().0).collect();
        assert!(names == ["title"] || names == ["file", "line", "title"], "{line}");
    }
}

#[test]
fn hostile_names_are_contained() {
    assert_contained(&reports::hostile());
    for text in [
        "::error::x",
        "##[error]x",
        "%0A::error::x",
        "```\n",
        "~~~",
        "</details>",
        "</code>",
        "</summary>",
        "-->",
        "]]>",
        "\n- x",
        "\r",
        "@a",
        "`",
        "``",
        "` `",
        " ",
        "",
        "\\",
        "\\`",
        "|",
        "<",
        "&lt;",
        "&#64;a",
        "http://a.b",
        "www.a.b",
        "$`a`$",
        "* x",
        "1. x",
        "> x",
        "# x",
        "/approve",
        "---",
        "===",
        "[x]: y",
        "![x](y)",
        "\t",
        "\u{202e}",
        "\u{0}",
        "\u{85}",
        "\u{feff}",
        "\u{10ffff}",
        "{0}",
        "[a](b)",
    ] {
        assert_contained(&reports::everywhere(text));
    }
}

#[test]
fn very_long_names_are_cut_with_a_note() {
    let report = reports::everywhere(&"A".repeat(100_000));
    assert_contained(&report);
    for format in [Format::Human, Format::Markdown, Format::Junit, Format::Github, Format::Gitlab, Format::Sarif] {
        let out = text(&report, format);
        assert!(out.contains("more characters)"), "{format:?}");
        assert!(out.len() < 400_000, "{format:?}: {}", out.len());
    }
}
