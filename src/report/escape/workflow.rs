//! GitHub workflow commands: `::error file=F,line=N,title=T::MESSAGE`. The runner decodes `%25`, `%0D` and `%0A`
//! in the message, and `%3A` and `%2C` too in properties (`actions/toolkit`, `packages/core/src/command.ts`).

use super::terminal;

/// The message of a command: always one line.
pub fn message(text: &str) -> String {
    terminal::text(text).replace('%', "%25")
}

/// The value of a property.
pub fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

/// The line break inside a message that stands for our own layout.
pub const BREAK: &str = "%0A";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_command_early() {
        assert_eq!(message("100%\n::set-output name=x::y"), "100%25\\n::set-output name=x::y");
        assert_eq!(property("a,line=1::b%0A"), "a%2Cline=1%3A%3Ab%250A");
        assert!(!message("##[add-mask]x").contains("##["));
    }
}
