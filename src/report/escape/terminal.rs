//! Terminals and CI logs: no escape sequence, and nothing a log processor takes for a command.

use std::borrow::Cow;

use super::visible_cut;

/// The longest datum of a terminal report, in characters.
const LONGEST: usize = 4_000;

/// One line of text. `##` is broken up: `##[command]`, `##vso[` and `##teamcity[` are commands of CI systems
/// wherever they stand in a line. (`::command` counts only at the start of a line, where no datum stands.)
pub fn text(text: &str) -> Cow<'_, str> {
    let visible = visible_cut(text, LONGEST);
    if visible.contains("##") { Cow::Owned(visible.replace("##", "#\\u{23}")) } else { visible }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_commands_are_broken_up() {
        let out = text("x###[error]##vso[task]");
        assert!(!out.contains("##"), "{out}");
    }
}
