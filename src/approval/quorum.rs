//! Whether enough of the right people approve.

use super::snapshot::{Account, Snapshot};
use super::{ApprovalSettings, ApproverRule, Doubt, RequiredFinding, RequiredPeople, Requirements, Who};

/// What one approver rule still needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleNeed {
    /// The rule.
    pub rule: String,
    /// How many different people it needs.
    pub needed: usize,
    /// How many of those who approve fit it.
    pub have: usize,
    /// Whether it is satisfied.
    pub satisfied: bool,
    /// Whom it looks for.
    pub who: Vec<Who>,
}

/// Which approver rules apply, and which findings none of them is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage<'a> {
    /// The rules that apply.
    pub rules: Vec<&'a ApproverRule>,
    /// Findings that no rule covers: nobody can approve them.
    pub uncovered: Vec<RequiredFinding>,
}

/// The rules that these requirements and changed files call for.
///
/// A rule covers a finding that its `severity` and `rules` fit while its `paths` hold, or that asks for it by
/// name. A rule that only names paths applies to the pull request but covers no finding.
pub fn needs_of<'a>(settings: &'a ApprovalSettings, asked: &Requirements, changed: &[String]) -> Coverage<'a> {
    let mut coverage = Coverage { rules: Vec::new(), uncovered: Vec::new() };
    let mut covered = vec![false; asked.entries().len()];
    for rule in &settings.rules {
        let when = &rule.when;
        let paths = when.paths.is_empty() || changed.iter().any(|path| when.paths.iter().any(|p| p.matches(path)));
        let about_findings = !when.severity.is_empty() || !when.rules.is_empty();
        let only_paths = !when.paths.is_empty() && !about_findings;
        let mut applies = paths && !about_findings;
        for (finding, covered) in asked.entries().iter().zip(&mut covered) {
            let named = finding.approvers.as_deref() == Some(rule.name.as_str());
            let severity = when.severity.is_empty() || when.severity.contains(&finding.severity);
            let id = when.rules.is_empty() || when.rules.iter().any(|pattern| pattern.matches(&finding.rule));
            // A finding that names a group is the business of that group; other rules may apply besides.
            let fits = paths && !only_paths && severity && id;
            if named || fits {
                applies = true;
                *covered |= named || finding.approvers.is_none();
            }
        }
        if applies {
            coverage.rules.push(rule);
        }
    }
    coverage.uncovered =
        asked.entries().iter().zip(covered).filter(|(_, covered)| !covered).map(|(entry, _)| entry.clone()).collect();
    coverage
}

/// What is known about somebody for the selectors.
pub(super) struct Candidate<'a> {
    pub(super) account: &'a Account,
    pub(super) snapshot: &'a Snapshot,
}

impl Candidate<'_> {
    /// Whether the selector describes this person.
    ///
    /// # Errors
    /// [`Doubt::UnknownPerson`] if rights are needed that nobody read.
    pub(super) fn is(&self, who: &Who, rule: &ApproverRule) -> Result<bool, Doubt> {
        let person = || self.snapshot.people.get(&self.account.id).ok_or(Doubt::UnknownPerson(self.account.id.0));
        Ok(match who {
            Who::UserId(id) => self.account.id.0 == *id,
            Who::Login(login) => self.account.login.eq_ignore_ascii_case(login),
            Who::Team(team) => person()?.teams.contains(team),
            Who::Role(name) => person()?.role.is_at_least(name),
            Who::CodeOwner => {
                let teams = &person()?.teams;
                let about = |path: &&String| {
                    rule.when.paths.is_empty() || rule.when.paths.iter().any(|pattern| pattern.matches(path))
                };
                let mut files = self.snapshot.changed_files.iter().filter(about).peekable();
                let owns = |path: &String| {
                    self.snapshot.code_owners.is_owner(path, &self.account.login, teams.iter().map(String::as_str))
                };
                files.peek().is_some() && files.all(owns)
            }
        })
    }

    /// Whether any selector of the rule describes this person.
    pub(super) fn fits(&self, rule: &ApproverRule) -> Result<bool, Doubt> {
        for who in rule.requires.any_of.iter().chain(&rule.requires.all_of) {
            if self.is(who, rule)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// What a rule needs of these people, who are all different. `extra` people more are needed because somebody
/// unknown had a hand in the change.
pub(super) fn need(rule: &ApproverRule, people: &[Candidate<'_>], extra: usize) -> Result<RuleNeed, Doubt> {
    let RequiredPeople { count, any_of, all_of } = &rule.requires;
    let mut have = 0;
    let mut seats: Vec<Vec<usize>> = vec![Vec::new(); all_of.len()];
    for (at, person) in people.iter().enumerate() {
        if person.fits(rule)? {
            have += 1;
        }
        for (who, seat) in all_of.iter().zip(&mut seats) {
            if person.is(who, rule)? {
                seat.push(at);
            }
        }
    }
    let needed = (*count).max(all_of.len()).max(1).saturating_add(extra);
    let satisfied = have >= needed && all_seated(&seats, people.len());
    let who = any_of.iter().chain(all_of).cloned().collect();
    Ok(RuleNeed { rule: rule.name.clone(), needed, have, satisfied, who })
}

/// Whether each seat gets a person of its own: bipartite matching by augmenting paths.
fn all_seated(seats: &[Vec<usize>], people: usize) -> bool {
    let mut seat_of: Vec<Option<usize>> = vec![None; people];
    (0..seats.len()).all(|seat| seated(seat, seats, &mut seat_of, &mut vec![false; people]))
}

fn seated(seat: usize, seats: &[Vec<usize>], seat_of: &mut Vec<Option<usize>>, tried: &mut Vec<bool>) -> bool {
    for &person in seats.get(seat).into_iter().flatten() {
        if tried.get(person).copied().unwrap_or(true) {
            continue;
        }
        if let Some(tried) = tried.get_mut(person) {
            *tried = true;
        }
        let free = match seat_of.get(person).copied().flatten() {
            None => true,
            Some(other) => seated(other, seats, seat_of, tried),
        };
        if free {
            if let Some(taken) = seat_of.get_mut(person) {
                *taken = Some(seat);
            }
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_seat_needs_a_person_of_its_own() {
        assert!(all_seated(&[], 0));
        assert!(all_seated(&[vec![0, 1], vec![0]], 2), "the first seat gives way");
        assert!(!all_seated(&[vec![0], vec![0]], 2), "one person fills one seat");
        assert!(!all_seated(&[vec![]], 3));
    }
}
