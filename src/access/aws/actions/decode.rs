//! The table's format, as `cargo xtask aws-actions` writes it.
//!
//! ```text
//! tollgate aws actions 2                         a mark
//! PACKAGE VERSION DATE LICENCE
//! s3 sqs ...                                     services that take resource control policies
//! s3:prefix s                                    condition keys, lower case and in order, with the letters of
//! (empty line)                                   their types
//! s3 2 1                                         a service, the numbers of its actions and resource types
//! =arn:${Partition}:s3:::${BucketName} bucket    a resource type, `@` for `arn:..:SERVICE:..:..:`
//! r0 .                                           of each action: level, indices of resource types; a dot for
//! (empty line)                                   the same as before
//! s3:GetBucketAcl                                the actions of all services, in order
//! s3:GetObject
//! ```

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::OnceLock;

use super::level::Level;
use super::{Actions, ServiceRow};
use crate::access::partition::Universe;

/// Why a text is not an action table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The first line is another.
    #[error("not an action table of this version")]
    Mark,
    /// A line makes no sense.
    #[error("`{0}` makes no sense in the action table")]
    Line(&'static str),
    /// The names have other lengths.
    #[error("the lengths of the names are not those of the action table")]
    Lengths,
    /// The services have more or fewer actions than there are.
    #[error("the services of the action table have {told} actions, and there are {found}")]
    Count {
        /// What the services say.
        told: u32,
        /// The lines.
        found: usize,
    },
}

const MARK: &str = "tollgate aws actions 2";

/// What actions of a service do.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) actions: Vec<ActionRow>,
    pub(super) types: Vec<TypeRow>,
    /// Indices into `types`, in runs that `actions` point at.
    pub(super) action_types: Vec<usize>,
}

#[derive(Debug)]
pub(super) struct ActionRow {
    pub(super) level: Level,
    pub(super) types: Range<usize>,
}

#[derive(Debug)]
pub(super) struct TypeRow {
    pub(super) name: &'static str,
    /// Separated by commas, with `@` for the service's usual beginning.
    pub(super) arns: &'static str,
}

/// The order of services: that of their actions, which have a colon behind the prefix.
pub(super) fn order(left: &str, right: &str) -> Ordering {
    left.bytes().chain([b':']).cmp(right.bytes().chain([b':']))
}

/// Finds the lines of a table, by the lengths of its actions' names; what they say of actions is read later.
pub(super) fn index(text: &'static str, lengths: &[u8]) -> Result<Actions, DecodeError> {
    let mut rest = text;
    if line(&mut rest) != Some(MARK) {
        return Err(DecodeError::Mark);
    }
    let head = line(&mut rest).unwrap_or_default();
    let mut words = head.splitn(4, ' ');
    let package_and_version =
        words.next().zip(words.next()).map(|(package, version)| package.len() + 1 + version.len());
    let source = package_and_version.and_then(|length| head.get(..length)).ok_or(DecodeError::Line(head))?;
    let date = words.next().ok_or(DecodeError::Line(head))?;
    let rcp: Vec<&str> = line(&mut rest).unwrap_or_default().split(' ').collect();

    let end = memchr::memmem::find(rest.as_bytes(), b"\n\n").ok_or(DecodeError::Line(head))?;
    let (keys, after) = (rest.get(..end).unwrap_or_default(), rest.get(end + 2..).unwrap_or_default());
    rest = after;

    let mut services: Vec<ServiceRow> = Vec::with_capacity(512);
    let mut start = 0_u32;
    while let Some(heading) = line(&mut rest).filter(|line| !line.is_empty()) {
        let (prefix, actions, types) = counts(heading).ok_or(DecodeError::Line(heading))?;
        let whole = rest;
        (0..=types).for_each(|_| _ = line(&mut rest));
        let facts = whole.get(..whole.len() - rest.len()).unwrap_or_default();
        let in_order = services.last().is_none_or(|last| order(last.prefix, prefix) == Ordering::Less);
        if !in_order {
            return Err(DecodeError::Line(heading));
        }
        let actions = start..start.saturating_add(actions);
        start = actions.end;
        let rcp = rcp.binary_search(&prefix).is_ok();
        services.push(ServiceRow { prefix, actions, rcp, text: facts, facts: OnceLock::new() });
    }
    if u32::try_from(lengths.len()) != Ok(start) {
        return Err(DecodeError::Count { told: start, found: lengths.len() });
    }
    let names = Universe::of_lines(rest, lengths).ok_or(DecodeError::Lengths)?;
    Ok(Actions { source, date, services, names, keys: OnceLock::new(), keys_text: keys })
}

/// Takes the first line.
fn line(rest: &mut &'static str) -> Option<&'static str> {
    let end = memchr::memchr(b'\n', rest.as_bytes())?;
    let (line, after) = (rest.get(..end)?, rest.get(end + 1..)?);
    *rest = after;
    Some(line)
}

/// `PREFIX ACTIONS TYPES`.
fn counts(heading: &'static str) -> Option<(&'static str, u32, usize)> {
    let (rest, types) = heading.rsplit_once(' ')?;
    let (prefix, actions) = rest.rsplit_once(' ')?;
    Some((prefix, actions.parse().ok()?, types.parse().ok()?))
}

impl Facts {
    /// Reads the lines of a service that has so many actions.
    pub(super) fn read(text: &'static str, actions: usize) -> Option<Self> {
        let mut facts = Self { actions: Vec::with_capacity(actions), types: Vec::new(), action_types: Vec::new() };
        let mut lines = text.lines();
        let payloads = loop {
            let line = lines.next()?;
            let Some(line) = line.strip_prefix('=') else { break line };
            let (arns, name) = line.split_once(' ')?;
            facts.types.push(TypeRow { name, arns });
        };
        let mut last: Option<(Level, Range<usize>)> = None;
        for payload in payloads.split_ascii_whitespace() {
            if payload != "." {
                last = Some(facts.payload(payload)?);
            }
            let (level, types) = last.clone()?;
            facts.actions.push(ActionRow { level, types });
        }
        (facts.actions.len() == actions).then_some(facts)
    }

    fn payload(&mut self, written: &str) -> Option<(Level, Range<usize>)> {
        let mut characters = written.chars();
        let level = match characters.next()? {
            'l' => Level::List,
            'r' => Level::Read,
            'w' => Level::Write,
            't' => Level::Tagging,
            'p' => Level::Permissions,
            _ => return None,
        };
        let start = self.action_types.len();
        for index in characters.as_str().split(',').filter(|index| !index.is_empty()) {
            let at = index.parse().ok();
            self.action_types.push(at.filter(|at| *at < self.types.len())?);
        }
        Some((level, start..self.action_types.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::aws::actions::keys::Keys;

    const HEAD: &str = "tollgate aws actions 2\npackage 1.0 2026-09-26 MIT\ns3\ns3:prefix s\n\n";

    fn table(services: &str) -> Result<Actions, DecodeError> {
        let text = format!("{HEAD}{services}");
        let lengths: Vec<u8> = text.rsplit("\n\n").next().unwrap().lines().map(|name| name.len() as u8).collect();
        index(Box::leak(text.into_boxed_str()), &lengths)
    }

    #[test]
    fn a_table_is_read() {
        let table = table("s3-x 1 0\nw\ns3 3 1\n=@b bucket\nr0 . l\n\ns3-x:Do\ns3:A\ns3:B\ns3:C\n").unwrap();
        let told = |name: &str| {
            let action = table.find(name).unwrap();
            (action.full_name(), action.level(), action.resource_types().map(|kind| kind.name()).collect::<Vec<_>>())
        };
        assert_eq!(told("S3-X:do"), ("s3-x:Do".into(), Level::Write, vec![]));
        assert_eq!(told("s3:b"), ("s3:B".into(), Level::Read, vec!["bucket"]));
        assert_eq!(told("s3:c"), ("s3:C".into(), Level::List, vec![]));
        assert!(table.service("s3").unwrap().takes_rcp() && !table.service("s3-x").unwrap().takes_rcp());
    }

    #[test]
    fn what_is_no_table_is_refused() {
        assert_eq!(index("tollgate aws actions 1\n", &[]).unwrap_err(), DecodeError::Mark);
        for (services, wrong) in [("s3 1\nr\n\ns3:A\n", "s3 1"), ("s3 0 0\n\nec2 0 0\n\n\n", "ec2 0 0")] {
            assert_eq!(table(services).unwrap_err(), DecodeError::Line(wrong));
        }
        assert_eq!(table("s3 2 0\nr r\n\ns3:A\n").unwrap_err(), DecodeError::Count { told: 2, found: 1 });
        for wrong in ["x", ".", "r0", "r r", "", "=@"] {
            assert!(Facts::read(wrong, 1).is_none(), "{wrong}");
        }
    }

    #[test]
    fn every_line_of_the_embedded_table_makes_sense() {
        let table = Actions::embedded();
        assert!(Keys::read(table.keys_text).is_some());
        let in_order = |at: usize| {
            let name = |at| table.names().name(at).unwrap().to_ascii_lowercase();
            at == 0 || name(at - 1) < name(at)
        };
        assert!((0..table.len()).all(in_order));
        for service in table.services() {
            assert!(Facts::read(service.row.text, service.row.actions.len()).is_some(), "{}", service.prefix());
            assert!(
                service
                    .actions()
                    .all(|action| { table.names().name(action.id().index()) == Some(action.full_name().as_str()) })
            );
        }
    }
}
