//! Condition operators: 27 base operators, two set prefixes, one suffix.
//!
//! Source: IAM User Guide, "IAM JSON policy elements: Condition operators" and "Set operators for multivalued
//! context keys".

use std::fmt;

/// A condition operator as a document writes it, read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// An operator of the language.
    Known {
        /// `ForAllValues:` or `ForAnyValue:`.
        set: Option<SetPrefix>,
        /// The comparison.
        base: Base,
        /// The suffix `IfExists`; never with [`Base::Null`].
        if_exists: bool,
    },
    /// Anything else, as written. What it means is not known: it may hold or not, for each request.
    Unknown(String),
}

impl Operator {
    /// Reads an operator's name without regard to case. Total: what is not of the language is
    /// [`Operator::Unknown`]. So are `NullIfExists` and `Null` under a set prefix, which the language excludes.
    pub fn read(written: &str) -> Self {
        let (set, rest) = match written.split_once(':') {
            None => (None, written),
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case("ForAllValues") => {
                (Some(SetPrefix::ForAllValues), rest)
            }
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case("ForAnyValue") => (Some(SetPrefix::ForAnyValue), rest),
            Some(_) => return Self::Unknown(written.to_owned()),
        };
        let folded = rest.to_ascii_lowercase();
        let (name, if_exists) = match folded.strip_suffix("ifexists") {
            Some(name) => (name, true),
            None => (folded.as_str(), false),
        };
        match Base::ALL.into_iter().find(|base| base.as_str().eq_ignore_ascii_case(name)) {
            Some(Base::Null) if if_exists || set.is_some() => Self::Unknown(written.to_owned()),
            Some(base) => Self::Known { set, base, if_exists },
            None => Self::Unknown(written.to_owned()),
        }
    }
}

impl fmt::Display for Operator {
    /// The canonical spelling; an unknown operator as written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known { set, base, if_exists } => {
                if let Some(set) = set {
                    write!(f, "{}:", set.as_str())?;
                }
                write!(f, "{}{}", base.as_str(), if *if_exists { "IfExists" } else { "" })
            }
            Self::Unknown(written) => f.write_str(written),
        }
    }
}

/// How the values of a multi-valued key are quantified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SetPrefix {
    /// Every value of the request; true when there is none.
    ForAllValues,
    /// At least one value of the request; false when there is none.
    ForAnyValue,
}

impl SetPrefix {
    /// As written, without the colon.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ForAllValues => "ForAllValues",
            Self::ForAnyValue => "ForAnyValue",
        }
    }
}

/// What kind of value an operator compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    /// Text.
    String,
    /// Decimal numbers.
    Numeric,
    /// Points in time.
    Date,
    /// `true` and `false`.
    Bool,
    /// Base64.
    Binary,
    /// Addresses and CIDR ranges.
    Ip,
    /// Amazon resource names.
    Arn,
    /// Presence of the key.
    Null,
}

/// Makes the enum, its spelling and its table from one list.
macro_rules! base_operators {
    ($($name:ident, $family:ident, $negated:literal, $doc:literal;)*) => {
        /// The base operators of the language.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Base {
            $(#[doc = $doc] $name,)*
        }

        impl Base {
            /// All of them.
            pub const ALL: [Self; 27] = [$(Self::$name),*];

            /// As the documentation spells it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }

            /// What it compares.
            pub fn family(self) -> Family {
                match self {
                    $(Self::$name => Family::$family,)*
                }
            }

            /// Whether it is one of the negated operators, which hold for a missing key and need *every* listed
            /// value to differ.
            pub fn is_negated(self) -> bool {
                match self {
                    $(Self::$name => $negated,)*
                }
            }
        }
    };
}

base_operators! {
    StringEquals, String, false, "Equal, with regard to case.";
    StringNotEquals, String, true, "Not equal, with regard to case.";
    StringEqualsIgnoreCase, String, false, "Equal, without regard to case.";
    StringNotEqualsIgnoreCase, String, true, "Not equal, without regard to case.";
    StringLike, String, false, "Matches a pattern with `*` and `?`, with regard to case.";
    StringNotLike, String, true, "Does not match a pattern.";
    NumericEquals, Numeric, false, "Equal numbers.";
    NumericNotEquals, Numeric, true, "Unequal numbers.";
    NumericLessThan, Numeric, false, "The request's number is less.";
    NumericLessThanEquals, Numeric, false, "The request's number is less or equal.";
    NumericGreaterThan, Numeric, false, "The request's number is greater.";
    NumericGreaterThanEquals, Numeric, false, "The request's number is greater or equal.";
    DateEquals, Date, false, "The same instant.";
    DateNotEquals, Date, true, "Another instant.";
    DateLessThan, Date, false, "The request's instant is before.";
    DateLessThanEquals, Date, false, "The request's instant is before or the same.";
    DateGreaterThan, Date, false, "The request's instant is after.";
    DateGreaterThanEquals, Date, false, "The request's instant is after or the same.";
    Bool, Bool, false, "The same truth value.";
    BinaryEquals, Binary, false, "The same bytes, in base64.";
    IpAddress, Ip, false, "Inside the address range.";
    NotIpAddress, Ip, true, "Outside the address range.";
    ArnEquals, Arn, false, "Matches an ARN pattern, segment by segment; the same as `ArnLike`.";
    ArnLike, Arn, false, "Matches an ARN pattern, segment by segment.";
    ArnNotEquals, Arn, true, "Does not match an ARN pattern; the same as `ArnNotLike`.";
    ArnNotLike, Arn, true, "Does not match an ARN pattern.";
    Null, Null, false, "`true`: the key is missing; `false`: it is present and not null.";
}
