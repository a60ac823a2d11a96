//! The table's format, as `cargo xtask aws-actions` writes it.
//!
//! Two lines of text: a mark, then `package version date licence`. The rest is compressed (raw deflate) text:
//!
//! ```text
//! s3 sqs ...                                  services that take resource control policies
//! s3:prefix s                                 condition keys with the letters of their types
//! (empty line)
//! s3                                          a service
//! =arn:${Partition}:s3:::${BucketName} bucket its resource types, `@` for `arn:..:SERVICE:..:..:`
//! GetObject r9                                its actions: level, indices of resource types;
//! GetObjectAcl                                the same as the line above where nothing follows
//! ```

use std::io::Read as _;

use flate2::bufread::DeflateDecoder;

use super::keys::{KeyType, Keys};
use super::level::Level;
use super::{ActionRow, Actions, ServiceRow, TypeRow};

/// Why bytes are not an action table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The first line is another.
    #[error("not an action table of this version")]
    Mark,
    /// The body cannot be decompressed, or is not UTF-8.
    #[error("the action table's body is damaged: {0}")]
    Body(String),
    /// A line makes no sense.
    #[error("the action table's line {0} makes no sense")]
    Line(usize),
}

const MARK: &str = "tollgate aws actions 1";

/// The largest body that is read; the real one has under 1 MB.
const MAX_BODY: u64 = 16 << 20;

pub(super) fn decode(bytes: &[u8]) -> Result<Actions, DecodeError> {
    let mut lines = bytes.splitn(3, |byte| *byte == b'\n');
    if lines.next() != Some(MARK.as_bytes()) {
        return Err(DecodeError::Mark);
    }
    let head = lines.next().and_then(|line| std::str::from_utf8(line).ok()).ok_or(DecodeError::Mark)?;
    let head: &'static str = Box::leak(head.to_owned().into_boxed_str());
    let mut words = head.splitn(4, ' ');
    let package_and_version =
        words.next().zip(words.next()).map(|(package, version)| package.len() + 1 + version.len());
    let source = package_and_version.and_then(|length| head.get(..length)).ok_or(DecodeError::Mark)?;
    let date = words.next().ok_or(DecodeError::Mark)?;

    let packed = lines.next().unwrap_or_default();
    // A guess that saves growing: names compress to less than a fourth.
    let mut body = String::with_capacity(packed.len().saturating_mul(5));
    DeflateDecoder::new(packed)
        .take(MAX_BODY)
        .read_to_string(&mut body)
        .map_err(|error| DecodeError::Body(error.to_string()))?;
    // The rows point into the text; it lives as long as the program, as the embedded table does.
    Body { text: Box::leak(body.into_boxed_str()) }.read(source, date)
}

struct Body {
    text: &'static str,
}

impl Body {
    fn read(&self, source: &'static str, date: &'static str) -> Result<Actions, DecodeError> {
        let mut lines = self.text.lines().enumerate().map(|(index, line)| (index + 1, line));
        let (_, rcp) = lines.next().ok_or(DecodeError::Line(1))?;
        let rcp: Vec<&str> = rcp.split(' ').collect();
        let mut table = Actions {
            source,
            date,
            services: Vec::with_capacity(512),
            // Nearly every line is an action, of twenty letters or more.
            actions: Vec::with_capacity(self.text.len() / 20),
            types: Vec::new(),
            action_types: Vec::new(),
            keys: Keys::default(),
        };
        let mut keys = Vec::new();
        for (number, line) in lines.by_ref() {
            if line.is_empty() {
                break;
            }
            let row = line.split_once(' ').and_then(|(key, codes)| Some((key, KeyType::from_codes(codes)?)));
            keys.push(row.ok_or(DecodeError::Line(number))?);
        }
        table.keys = Keys::new(keys);

        let mut heading = true;
        let mut payload = None;
        for (number, line) in lines {
            if line.is_empty() {
                heading = true;
            } else if heading {
                heading = false;
                payload = None;
                let (actions, types) = (length(&table.actions), length(&table.types));
                let in_order = table.services.last().is_none_or(|last| last.prefix < line);
                if !in_order {
                    return Err(DecodeError::Line(number));
                }
                table.services.push(ServiceRow {
                    prefix: line,
                    actions: actions..actions,
                    types: types..types,
                    rcp: rcp.binary_search(&line).is_ok(),
                });
            } else {
                table.line(line, &mut payload).ok_or(DecodeError::Line(number))?;
            }
        }
        Ok(table)
    }
}

fn length<T>(rows: &[T]) -> u32 {
    u32::try_from(rows.len()).unwrap_or(u32::MAX)
}

/// Level and resource types of the line above.
type Payload = Option<(Level, std::ops::Range<u32>)>;

impl Actions {
    /// A line below a service: a resource type or an action.
    fn line(&mut self, line: &'static str, payload: &mut Payload) -> Option<()> {
        let number = length(&self.services).checked_sub(1)?;
        let service = self.services.last_mut()?;
        if let Some(line) = line.strip_prefix('=') {
            let (arns, name) = line.split_once(' ')?;
            self.types.push(TypeRow { name, arns });
            service.types.end = length(&self.types);
            return Some(());
        }
        let name = match line.split_once(' ') {
            None => line,
            Some((name, written)) => {
                let mut characters = written.chars();
                let level = match characters.next()? {
                    'l' => Level::List,
                    'r' => Level::Read,
                    'w' => Level::Write,
                    't' => Level::Tagging,
                    'p' => Level::Permissions,
                    _ => return None,
                };
                let start = length(&self.action_types);
                for index in characters.as_str().split(',').filter(|index| !index.is_empty()) {
                    let at = service.types.start + index.parse::<u32>().ok()?;
                    self.action_types.push(Some(at).filter(|at| *at < service.types.end)?);
                }
                *payload = Some((level, start..length(&self.action_types)));
                name
            }
        };
        let (level, types) = payload.clone()?;
        self.actions.push(ActionRow { name, service: number, level, types });
        service.actions.end = length(&self.actions);
        Some(())
    }
}
