//! Access levels.

use std::fmt;

/// What kind of access an action gives, as the Service Authorization Reference sorts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// Names of resources.
    List,
    /// Contents of resources.
    Read,
    /// Creating, changing and deleting.
    Write,
    /// Changing tags only.
    Tagging,
    /// Granting and changing permissions.
    Permissions,
}

impl Level {
    /// All of them, from least to most.
    pub const ALL: [Self; 5] = [Self::List, Self::Read, Self::Write, Self::Tagging, Self::Permissions];

    /// The word used in reports: `list`, `read`, `write`, `tagging`, `permissions`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Read => "read",
            Self::Write => "write",
            Self::Tagging => "tagging",
            Self::Permissions => "permissions",
        }
    }

    fn bit(self) -> u8 {
        1 << (self as u8)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of levels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Levels(u8);

impl Levels {
    /// Whether the level is in the set.
    pub fn contains(self, level: Level) -> bool {
        self.0 & level.bit() != 0
    }

    /// Whether the set is empty.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The levels, from least to most.
    pub fn iter(self) -> impl Iterator<Item = Level> {
        Level::ALL.into_iter().filter(move |level| self.contains(*level))
    }
}

impl FromIterator<Level> for Levels {
    fn from_iter<I: IntoIterator<Item = Level>>(levels: I) -> Self {
        let mut set = Self::default();
        for level in levels {
            set.0 |= level.bit();
            // Of the levels of all actions the first few are enough.
            if Level::ALL.into_iter().all(|level| set.contains(level)) {
                break;
            }
        }
        set
    }
}
