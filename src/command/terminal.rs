//! Standard output and standard error.

use std::io::{ErrorKind, IsTerminal, Write};

use anyhow::{Context, Result};

use crate::cli::Color;
use crate::edge::environment;

/// Prints text to standard output. A reader that went away (a closed pipe) is no error.
pub(super) fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        done => done.context("cannot write to standard output"),
    }
}

/// Prints one line to standard error.
pub(super) fn note(line: &str) {
    // Nothing is left to tell if standard error is gone.
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Prints an error, so that nobody takes it for a verdict.
pub(super) fn error(message: &str) {
    note(&format!("tollgate: no decision was made: {message}"));
}

/// Whether to colour standard output. In order: the flag, `NO_COLOR`, `FORCE_COLOR` and `CLICOLOR_FORCE`, CI, the
/// terminal. <https://no-color.org>
pub(super) fn colored(color: Color) -> bool {
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto if environment::is_set("NO_COLOR") => false,
        Color::Auto => {
            ["FORCE_COLOR", "CLICOLOR_FORCE", "CI"].iter().any(|name| environment::is_set(name))
                || std::io::stdout().is_terminal()
        }
    }
}

/// The width for tables: the terminal's, or 100 columns where there is none.
pub(super) fn width() -> u16 {
    let columns = environment::text("COLUMNS").and_then(|text| text.parse().ok());
    columns.filter(|columns| (40..=400).contains(columns)).unwrap_or(100)
}

/// Whether somebody watches standard error.
pub(super) fn watched() -> bool {
    std::io::stderr().is_terminal()
}
