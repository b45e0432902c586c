//! The compatibility level: which version of Redis the server is to be taken for.
//!
//! One value decides the version reported, the commands and options that exist, the encoding
//! names shown and the file and replication dialects written. Levels are ordered, so code asks
//! `level >= Level::V7_0` and never compares version texts. Everything is derived from one table.

use std::fmt;

/// A version of Redis to be compatible with, oldest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Level {
    /// Redis 4.0.
    V4_0,
    /// Redis 5.0.
    V5_0,
    /// Redis 6.2.
    V6_2,
    /// Redis 7.0.
    V7_0,
    /// Redis 7.2, what the server is unless told otherwise.
    #[default]
    V7_2,
    /// Redis 7.2 and the commands that came after it (hash-field expiry and its relatives).
    Latest,
}

/// The value of `compat-version`, the level, and the version text reported to clients.
const LEVELS: [(&str, Level, &str); 6] = [
    ("4.0", Level::V4_0, "4.0.14"),
    ("5.0", Level::V5_0, "5.0.14"),
    ("6.2", Level::V6_2, "6.2.14"),
    ("7.0", Level::V7_0, "7.0.15"),
    ("7.2", Level::V7_2, "7.2.4"),
    ("latest", Level::Latest, "7.2.4"),
];

impl Level {
    /// Every level, oldest first.
    pub const ALL: [Level; 6] =
        [Level::V4_0, Level::V5_0, Level::V6_2, Level::V7_0, Level::V7_2, Level::Latest];

    /// Reads the value of `compat-version`; case does not matter.
    pub fn parse(text: &[u8]) -> Option<Level> {
        LEVELS.iter().find(|(name, ..)| name.as_bytes().eq_ignore_ascii_case(text)).map(|row| row.1)
    }

    /// The value of `compat-version` that means this level.
    pub const fn name(self) -> &'static str {
        LEVELS[self as usize].0
    }

    /// The `redis_version` reported, for example `7.2.4`.
    pub const fn version(self) -> &'static str {
        LEVELS[self as usize].2
    }

    /// The lowest level that has something introduced in Redis `major.minor`.
    ///
    /// What came between two levels (6.0, 3.2) belongs to the first level that is at least as new.
    pub const fn introduced(major: u8, minor: u8) -> Level {
        match (major, minor) {
            (0..=3, _) | (4, 0) => Level::V4_0,
            (4, _) | (5, 0) => Level::V5_0,
            (5, _) | (6, 0..=2) => Level::V6_2,
            (6, _) | (7, 0) => Level::V7_0,
            (7, 1..=2) => Level::V7_2,
            _ => Level::Latest,
        }
    }

    /// The lowest level that has something since this version ("6.2.0").
    pub fn of_version(version: &str) -> Level {
        let mut parts = version.split('.').map(|part| part.parse::<u8>().unwrap_or(0));
        Level::introduced(parts.next().unwrap_or(0), parts.next().unwrap_or(0))
    }

    /// Whether compact encodings are shown as `listpack`; earlier versions say `ziplist`.
    pub fn says_listpack(self) -> bool {
        self >= Level::V7_0
    }

    /// Whether small sets of texts are listpacks; earlier versions turn them into a hashtable.
    pub fn has_listpack_sets(self) -> bool {
        self >= Level::V7_2
    }
}

impl fmt::Display for Level {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_levels() {
        for (at, level) in Level::ALL.into_iter().enumerate() {
            assert_eq!(LEVELS[at].1, level);
            assert_eq!(Level::parse(level.name().as_bytes()), Some(level));
        }
        assert_eq!(Level::parse(b"LATEST"), Some(Level::Latest));
        assert_eq!(Level::parse(b"7.1"), None);
    }

    #[test]
    fn what_came_between_two_levels_belongs_to_the_newer_one() {
        assert_eq!(Level::introduced(2, 8), Level::V4_0);
        assert_eq!(Level::introduced(6, 0), Level::V6_2);
        assert_eq!(Level::introduced(7, 4), Level::Latest);
        assert_eq!(Level::introduced(8, 0), Level::Latest);
    }
}
