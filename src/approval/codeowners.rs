//! The `CODEOWNERS` file of the base branch.
//!
//! Syntax: GitHub documentation, "About code owners": gitignore patterns without `!`, `[ ]` and `\#`; the last
//! matching line wins; a line without owners takes ownership away.

use super::paths::segments_match;

/// Larger files are ignored by GitHub, so nobody owns anything.
const MAX_BYTES: usize = 3 * 1024 * 1024;

/// Who owns which path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodeOwners {
    lines: Vec<Line>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    pattern: Vec<String>,
    anchored: bool,
    owners: Vec<String>,
}

impl CodeOwners {
    /// Reads the file. A line whose pattern uses what GitHub does not support owns nothing, as on GitHub.
    pub fn parse(text: &str) -> Self {
        if text.len() > MAX_BYTES {
            return Self::default();
        }
        let lines = text.lines().filter_map(|line| {
            let line = line.split_once(" #").map_or(line, |(line, _)| line).trim();
            if line.is_empty() || line.starts_with('#') || line.starts_with('!') || line.contains(['[', ']', '\\']) {
                return None;
            }
            let mut words = line.split_ascii_whitespace();
            let word = words.next()?;
            let inner = word.trim_end_matches('/');
            let anchored = inner.contains('/');
            let mut pattern: Vec<String> = inner.trim_start_matches('/').split('/').map(str::to_owned).collect();
            if word.ends_with('/') {
                pattern.push("**".to_owned());
            }
            if pattern.iter().filter(|segment| *segment == "**").count() > 4 {
                return None;
            }
            Some(Line { pattern, anchored, owners: words.map(str::to_ascii_lowercase).collect() })
        });
        Self { lines: lines.collect() }
    }

    /// The owners of a path as written, lower-cased: `@user`, `@org/team` or an e-mail address.
    pub fn owners_of(&self, path: &str) -> &[String] {
        let path: Vec<&str> = path.split('/').collect();
        self.lines.iter().rev().find(|line| line.matches(&path)).map_or(&[], |line| line.owners.as_slice())
    }

    /// Whether somebody with this login, or in one of these teams (`org/slug`), owns the path.
    pub fn is_owner<'a>(&self, path: &str, login: &str, teams: impl IntoIterator<Item = &'a str> + Clone) -> bool {
        self.owners_of(path).iter().any(|owner| match owner.strip_prefix('@') {
            Some(name) if name.contains('/') => teams.clone().into_iter().any(|team| team.eq_ignore_ascii_case(name)),
            Some(name) => name.eq_ignore_ascii_case(login),
            None => false,
        })
    }

    /// The teams (`org/slug`) that own any of these paths.
    pub fn teams_of<'a>(&self, paths: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        let mut teams: Vec<String> = paths
            .into_iter()
            .flat_map(|path| self.owners_of(path))
            .filter_map(|owner| owner.strip_prefix('@'))
            .filter(|name| name.contains('/'))
            .map(str::to_owned)
            .collect();
        teams.sort();
        teams.dedup();
        teams
    }
}

impl Line {
    fn matches(&self, path: &[&str]) -> bool {
        let pattern: Vec<&str> = self.pattern.iter().map(String::as_str).collect();
        // `docs/*` owns the files of the directory, not those further down.
        let files_only = self.anchored && pattern.last() == Some(&"*");
        let fits = |path: &[&str]| {
            segments_match(&pattern, path)
                || (!files_only
                    && (1..path.len()).any(|end| path.get(..end).is_some_and(|p| segments_match(&pattern, p))))
        };
        if self.anchored { fits(path) } else { (0..path.len()).any(|start| path.get(start..).is_some_and(fits)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_match_wins_and_an_empty_line_takes_away() {
        let owners = CodeOwners::parse(
            "# comment\n*  @all\n*.js @js # inline\n/build/logs/ @docs\ndocs/* @flat\napps/ @Org/Team\n/apps/github\n",
        );
        let cases: [(&str, &[&str]); 8] = [
            ("main.tf", &["@all"]),
            ("x/y.js", &["@js"]),
            ("build/logs/a/b", &["@docs"]),
            ("x/build/logs/a", &["@all"]),
            ("docs/a.md", &["@flat"]),
            ("docs/b/a.md", &["@all"]),
            ("x/apps/a", &["@org/team"]),
            ("apps/github/x", &[]),
        ];
        for (path, expected) in cases {
            assert_eq!(owners.owners_of(path), expected, "{path}");
        }
        assert!(owners.is_owner("apps/x", "nobody", ["org/team"]));
        assert!(!owners.is_owner("apps/x", "org/team", []));
        assert!(owners.is_owner("main.tf", "ALL", []));
    }
}
