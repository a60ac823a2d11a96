//! Why a plan was refused.

use std::fmt;

/// A place in the decoded text of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Line, from 1.
    pub line: u64,
    /// Column in bytes, from 1.
    pub column: u64,
    /// Offset in bytes, from 0.
    pub offset: u64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {} (byte {})", self.line, self.column, self.offset)
    }
}

/// Well-formed documents that are not a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookalike {
    /// `terraform show -json` without a plan file, or a state file.
    State,
    /// `terraform plan -json`: a log stream without values.
    LogStream,
    /// The redacted or sanitized plan of HCP Terraform.
    Redacted,
    /// An OpenTofu plan that is encrypted.
    Encrypted,
    /// `terraform providers schema -json`.
    Schemas,
    /// `terraform validate -json`.
    Validation,
    /// A document whose root is not an object.
    NotAnObject,
    /// An object without `format_version`.
    NoFormatVersion,
    /// A format version, but neither `planned_values` nor `resource_changes`.
    NoChanges,
}

impl fmt::Display for Lookalike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::State => {
                "this is a state, not a plan; give the plan file: `terraform plan -out=PLANFILE`, then \
                 `terraform show -json PLANFILE`"
            }
            Self::LogStream => {
                "this is the log of `terraform plan -json`, which holds no values; use `terraform plan -out=PLANFILE`, \
                 then `terraform show -json PLANFILE`"
            }
            Self::Redacted => {
                "this is the redacted plan of HCP Terraform, which lacks configuration and secrets; fetch \
                 `json-output` instead of `json-output-redacted`"
            }
            Self::Encrypted => {
                "this is an encrypted OpenTofu plan; give the output of `tofu show -json PLANFILE`, run with the key"
            }
            Self::Schemas => {
                "this is the output of `providers schema -json`, not a plan; give the output of `terraform show -json \
                 PLANFILE`"
            }
            Self::Validation => {
                "this is the output of `validate -json`, not a plan; give the output of `terraform show -json PLANFILE`"
            }
            Self::NotAnObject => {
                "the document is not a JSON object and so not a plan; give the output of `terraform show -json \
                 PLANFILE`"
            }
            Self::NoFormatVersion => {
                "the document has no `format_version` and so is not a plan; give the unchanged output of `terraform \
                 show -json PLANFILE`"
            }
            Self::NoChanges => {
                "the document has neither `planned_values` nor `resource_changes` and so is not a plan; give the \
                 unchanged output of `terraform show -json PLANFILE`"
            }
        })
    }
}

/// Why a plan was refused: what, where, and what to do. One line each.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The reader failed.
    #[error("cannot read the plan: {0}; check the file or the command that writes it")]
    Io(#[from] std::io::Error),
    /// No bytes, or only white space.
    #[error("the plan is empty; check that `terraform show -json PLANFILE` succeeded")]
    Empty,
    /// gzip magic.
    #[error("the plan is compressed with gzip; decompress it first, for example with `gzip -dc`")]
    Gzip,
    /// zip magic: a binary plan where JSON is expected.
    #[error("this is a binary plan file, not JSON; convert it with `terraform show -json PLANFILE`")]
    BinaryPlan,
    /// UTF-16 or UTF-32 without a byte order mark.
    #[error(
        "the plan is UTF-16 or UTF-32 without a byte order mark; write it as UTF-8, in PowerShell with `| Out-File \
         -Encoding utf8`"
    )]
    WideWithoutMark,
    /// Bytes that are not text in the encoding the file starts with.
    #[error("the plan is not valid {encoding} at byte {offset}; write it again with `terraform show -json PLANFILE`")]
    Encoding {
        /// The encoding, by its byte order mark.
        encoding: &'static str,
        /// Offset in bytes in the file, from 0.
        offset: u64,
    },
    /// The text ends inside the document.
    #[error("the plan is cut off at {at}: {what}; write it again and check that the disk was not full")]
    Truncated {
        /// What was open.
        what: &'static str,
        /// Where the text ends.
        at: Position,
    },
    /// Not JSON.
    #[error("the plan is not valid JSON at {at}: {what}; write it again with `terraform show -json PLANFILE`")]
    Syntax {
        /// What is wrong.
        what: &'static str,
        /// Where.
        at: Position,
    },
    /// An object names a member twice, so that two readers could see two plans.
    #[error(
        "duplicate key `{key}` at {at}: which of the two counts is not defined; give the unchanged output of `terraform show -json PLANFILE`"
    )]
    DuplicateKey {
        /// The key, made printable and cut to length.
        key: String,
        /// Where the second one stands.
        at: Position,
    },
    /// Deeper nesting than any plan has.
    #[error("the plan is nested deeper than {limit} levels at {at}; no plan of Terraform is, so it is refused")]
    TooDeep {
        /// The limit.
        limit: usize,
        /// Where it is passed.
        at: Position,
    },
    /// A member that tollgate reads has another type than every version of Terraform writes.
    #[error("`{member}` is not {expected} at {at}; give the unchanged output of `terraform show -json PLANFILE`")]
    Shape {
        /// The member, such as `resource_changes[].address`.
        member: &'static str,
        /// What it has to be.
        expected: &'static str,
        /// Where.
        at: Position,
    },
    /// A document, but no plan.
    #[error("{0}")]
    NotAPlan(Lookalike),
    /// A format major that this version does not know.
    #[error("plan format `{version}` is not known (0.x and 1.x are); update tollgate")]
    UnknownFormat {
        /// `format_version`, made printable and cut to length.
        version: String,
    },
    /// Text that is no wrapper's stands before the document.
    #[error(
        "text that is not JSON stands before the plan at {at}; give only the output of `terraform show -json PLANFILE`"
    )]
    TextBefore {
        /// Where.
        at: Position,
    },
    /// Text that is no wrapper's stands after the document.
    #[error("text stands after the plan at {at}; give only the output of `terraform show -json PLANFILE`")]
    TextAfter {
        /// Where.
        at: Position,
    },
    /// The same error in one document of several.
    #[error("document {number}: {error}")]
    InDocument {
        /// Number of the document, from 1.
        number: usize,
        /// What is wrong with it.
        error: Box<ReadError>,
    },
}

/// Makes hostile text fit for a one-line message: control and format characters escaped, backticks replaced, at
/// most 80 characters.
pub fn printable(text: &str) -> String {
    let mut out = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == 80 {
            out.push('…');
            break;
        }
        match c {
            '`' => out.push('\''),
            c if c.is_control() || is_format(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

/// Characters that change how a line is laid out without being seen.
fn is_format(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_stays_on_one_line() {
        assert_eq!(printable("a`b\nc\u{202e}d"), "a'b\\u{a}c\\u{202e}d");
        assert_eq!(printable(&"x".repeat(200)).chars().count(), 81);
    }
}
