//! Rows of `resource_changes[]`: looked at first, built only when they are wanted.

use std::io::Read;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::change::{Action, Actions, Change, Mode, Provider};
use super::document::Plan;
use super::error::{ReadError, printable};
use super::keep::{Keep, RowFilter, RowHead};
use super::raw::RawRows;
use super::scan::{Scanner, keys};
use super::secrets::Secrets;
use super::unbuilt;
use super::undetermined::Undetermined;

type Result<T> = std::result::Result<T, ReadError>;

/// Takes members out of an object that was built.
pub(super) trait Field {
    /// The member, `Null` when it is missing.
    fn take(&mut self, name: &str) -> Value;
    /// The member when it is a string.
    fn take_text(&mut self, name: &str) -> Option<String>;
}

impl Field for Map<String, Value> {
    fn take(&mut self, name: &str) -> Value {
        self.remove(name).unwrap_or_default()
    }

    fn take_text(&mut self, name: &str) -> Option<String> {
        match self.remove(name) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        }
    }
}

keys! {
    Row {
        Address = "address",
        PreviousAddress = "previous_address",
        Mode = "mode",
        Type = "type",
        Provider = "provider_name",
        Deposed = "deposed",
        Change = "change",
        // Not looked at here, but two of them would make two readers disagree.
        ModuleAddress = "module_address",
        Name = "name",
        Index = "index",
        ActionReason = "action_reason",
    }
}

keys! {
    ChangeKey {
        Actions = "actions",
        Importing = "importing",
        Before = "before",
        After = "after",
        AfterUnknown = "after_unknown",
        BeforeSensitive = "before_sensitive",
        AfterSensitive = "after_sensitive",
        ReplacePaths = "replace_paths",
    }
}

/// The parts of a row that are looked at before it is built. One is used for all rows: most of them are dropped,
/// and should not cost memory.
#[derive(Default)]
struct Head {
    address: String,
    previous_address: Option<String>,
    mode: String,
    type_name: String,
    provider: Provider,
    deposed: bool,
    importing: bool,
    actions: Actions,
}

impl Head {
    fn clear(&mut self) {
        self.address.clear();
        self.previous_address = None;
        self.mode.clear();
        self.type_name.clear();
        self.provider.0.clear();
        (self.deposed, self.importing) = (false, false);
        self.actions.0.clear();
    }
}

/// Reads `resource_changes`; whether there is such a list.
pub(super) fn changes<R: Read>(scanner: &mut Scanner<R>, keep: &Keep<'_>, plan: &mut Plan) -> Result<bool> {
    let raw = keep.sections.wants("resource_changes");
    let Some(mut items) = scanner.array()? else {
        if scanner.null()? {
            if raw {
                plan.raw.add_section("resource_changes", "null");
            }
            return Ok(false);
        }
        return scanner.shape("resource_changes", "a list");
    };
    let mut head = Head::default();
    if raw {
        plan.raw.rows_mut();
    }
    while scanner.next_item(&mut items)? {
        let rows =
            raw.then(|| Unbuilt { filter: keep.raw_rows, rows: plan.raw.rows_mut(), secrets: &mut plan.secrets });
        let change = one(scanner, &mut head, keep.rows, rows, &mut plan.undetermined)?;
        plan.counts.rows += 1;
        *plan.counts.by_action.entry(head.actions.summary()).or_default() += 1;
        plan.changes.extend(change.map(Arc::new));
    }
    Ok(true)
}

/// Reads `resource_drift`.
pub(super) fn drift<R: Read>(scanner: &mut Scanner<R>, keep: &Keep<'_>, plan: &mut Plan) -> Result<()> {
    let Some(mut items) = scanner.array()? else {
        return if scanner.null()? { Ok(()) } else { scanner.shape("resource_drift", "a list") };
    };
    let mut head = Head::default();
    while scanner.next_item(&mut items)? {
        let change = one(scanner, &mut head, keep.drift, None, &mut plan.undetermined)?;
        plan.counts.drift += 1;
        plan.drift.extend(change.map(Arc::new));
    }
    Ok(())
}

/// Where the rows go that policies are given as text, and the secrets in them.
struct Unbuilt<'a> {
    filter: RowFilter<'a>,
    rows: &'a mut RawRows,
    secrets: &'a mut Secrets,
}

/// Reads one row.
fn one<R: Read>(
    scanner: &mut Scanner<R>,
    head: &mut Head,
    filter: RowFilter<'_>,
    raw: Option<Unbuilt<'_>>,
    undetermined: &mut Vec<Undetermined>,
) -> Result<Option<Change>> {
    scanner.next_token()?;
    let mark = scanner.mark();
    head.clear();
    peek(scanner, head)?;
    let mode = Mode::of(Some(&head.mode), &head.address);
    if head.type_name.is_empty() {
        head.type_name = type_of(&head.address);
    }
    if head.provider.0.is_empty() {
        head.provider = provider(None, &head.type_name);
    }
    let seen = RowHead {
        address: &head.address,
        previous_address: head.previous_address.as_deref(),
        mode: &mode,
        type_name: &head.type_name,
        provider: &head.provider,
        actions: &head.actions,
        importing: head.importing,
        deposed: head.deposed,
        text: scanner.since(&mark),
    };
    let wanted = filter(&seen);
    let raw = raw.filter(|raw| (raw.filter)(&seen));
    let odd = !head.actions.is_known() || matches!(mode, Mode::Other(_)) || head.type_name.is_empty();
    if !wanted && !odd {
        match raw {
            Some(raw) => {
                scanner.rewind(&mark);
                unbuilt::read(scanner, &mut raw.rows.text, raw.secrets)?;
                raw.rows.end();
            }
            None => scanner.release(&mark),
        }
        return Ok(None);
    }
    let secrets = raw.map(|raw| {
        raw.rows.push(&String::from_utf8_lossy(seen.text));
        raw.secrets
    });
    scanner.rewind(&mark);
    let value = scanner.value()?;
    if let Some(secrets) = secrets {
        unbuilt::add(&value, secrets);
    }
    let mut notes = Vec::new();
    // A row that is odd leaves a note whether it is wanted or not.
    let change = (wanted || odd).then(|| build(value, &mut notes));
    if odd && !wanted {
        notes.retain(|note| matches!(note.code.as_str(), "unknown_action" | "unknown_mode" | "unreadable_row"));
    }
    undetermined.append(&mut notes);
    Ok(change.filter(|_| wanted))
}

/// Reads the head of a row, over its whole length.
fn peek<R: Read>(scanner: &mut Scanner<R>, head: &mut Head) -> Result<()> {
    let Some(mut row) = scanner.object()? else { return scanner.shape("resource_changes[]", "an object") };
    while let Some(key) = scanner.next_key(&mut row)? {
        match key {
            Row::Address => into(scanner, &mut head.address, "resource_changes[].address")?,
            Row::Type => into(scanner, &mut head.type_name, "resource_changes[].type")?,
            Row::Provider => into(scanner, &mut head.provider.0, "resource_changes[].provider_name")?,
            Row::Mode => into(scanner, &mut head.mode, "resource_changes[].mode")?,
            Row::PreviousAddress => head.previous_address = text(scanner, "resource_changes[].previous_address")?,
            Row::Deposed => head.deposed = text(scanner, "resource_changes[].deposed")?.is_some(),
            Row::Change => peek_change(scanner, head)?,
            Row::ModuleAddress | Row::Name | Row::Index | Row::ActionReason => scanner.skip()?,
        }
    }
    Ok(())
}

/// Reads a string or null into a buffer that is there already.
fn into<R: Read>(scanner: &mut Scanner<R>, buffer: &mut String, member: &'static str) -> Result<()> {
    if let Some(text) = scanner.string()? {
        buffer.push_str(text);
        return Ok(());
    }
    if scanner.null()? { Ok(()) } else { scanner.shape(member, "a string") }
}

fn peek_change<R: Read>(scanner: &mut Scanner<R>, head: &mut Head) -> Result<()> {
    let Some(mut change) = scanner.object()? else {
        return if scanner.null()? { Ok(()) } else { scanner.shape("resource_changes[].change", "an object") };
    };
    while let Some(key) = scanner.next_key(&mut change)? {
        match key {
            ChangeKey::Actions => {
                let Some(mut items) = scanner.array()? else {
                    scanner.skip()?;
                    continue;
                };
                while scanner.next_item(&mut items)? {
                    match scanner.string()? {
                        Some(word) => head.actions.0.push(Action::parse(word)),
                        None => return scanner.shape("resource_changes[].change.actions", "a list of strings"),
                    }
                }
            }
            ChangeKey::Importing => {
                head.importing = !scanner.null()?;
                if head.importing {
                    scanner.skip()?;
                }
            }
            _ => scanner.skip()?,
        }
    }
    Ok(())
}

fn text<R: Read>(scanner: &mut Scanner<R>, member: &'static str) -> Result<Option<String>> {
    if scanner.null()? {
        return Ok(None);
    }
    match scanner.string()? {
        Some(text) => Ok(Some(text.to_owned())),
        None => scanner.shape(member, "a string"),
    }
}

/// Makes a [`Change`] of a row, and notes what the row leaves open.
pub(super) fn build(row: Value, undetermined: &mut Vec<Undetermined>) -> Change {
    let mut row = match row {
        Value::Object(row) => row,
        _ => Map::new(),
    };
    let address = row.take_text("address");
    let type_name = row.take_text("type").unwrap_or_else(|| type_of(address.as_deref().unwrap_or_default()));
    let name = row.take_text("name").unwrap_or_default();
    let module_address = row.take_text("module_address");
    let index = row.remove("index");
    let mode = Mode::of(row.take_text("mode").as_deref(), address.as_deref().unwrap_or_default());
    let address = address
        .filter(|address| !address.is_empty())
        .unwrap_or_else(|| made_up(module_address.as_deref(), &mode, &type_name, &name, index.as_ref()));
    let mut change = match row.remove("change") {
        Some(Value::Object(change)) => Some(change),
        _ => None,
    };
    let shown = printable(&address);
    let mut note = |code, message| undetermined.push(Undetermined::at(&address, code, message));
    if change.is_none() || type_name.is_empty() {
        note(
            "unreadable_row",
            format!("`{shown}` lacks its type or its change, so what it does cannot be seen; give the unchanged plan"),
        );
    }
    let mut change = change.take().unwrap_or_default();
    let actions = Actions::of(change.get("actions"));
    if !actions.is_known() {
        let words = actions.0.iter().map(Action::as_str).collect::<Vec<_>>().join(", ");
        note(
            "unknown_action",
            format!("`{shown}` has the actions `{}`, which no known version plans; update tollgate", printable(&words)),
        );
    }
    if let Mode::Other(word) = &mode {
        note(
            "unknown_mode",
            format!("`{shown}` has the mode `{}`, which no known version writes; update tollgate", printable(word)),
        );
    }
    for gap in gaps(&change, &actions) {
        let (code, message) = match gap {
            Gap::Before => ("missing_values", "the values before"),
            Gap::After => ("missing_values", "the values after"),
            Gap::Mask => ("missing_mask", "which values are unknown"),
        };
        note(code, format!("`{shown}` does not say {message}; give the unchanged output of `terraform show -json`"));
    }
    Change {
        previous_address: row.take_text("previous_address"),
        module_address,
        provider: provider(row.take_text("provider_name"), &type_name),
        deposed: row.take_text("deposed"),
        action_reason: row.take_text("action_reason"),
        before: change.take("before"),
        after: change.take("after"),
        after_unknown: change.take("after_unknown"),
        before_sensitive: change.take("before_sensitive"),
        after_sensitive: change.take("after_sensitive"),
        replace_paths: match change.take("replace_paths") {
            Value::Array(paths) => paths,
            _ => Vec::new(),
        },
        importing: change.remove("importing").filter(|hint| !hint.is_null()),
        generated_config: change.take_text("generated_config"),
        before_identity: change.take("before_identity"),
        after_identity: change.take("after_identity"),
        address,
        mode,
        type_name,
        name,
        index,
        actions,
    }
}

/// A part that a row should have.
enum Gap {
    Before,
    After,
    Mask,
}

/// The parts that are missing from a row, given what it does.
fn gaps(change: &Map<String, Value>, actions: &Actions) -> Vec<Gap> {
    if !actions.is_known() {
        return Vec::new();
    }
    let has = |side: &str| change.get(side).is_some_and(|value| !value.is_null());
    let (mut before, mut after) = (false, false);
    for action in &actions.0 {
        match action {
            Action::Create | Action::Read => after = true,
            Action::Delete | Action::Forget => before = true,
            Action::Update | Action::NoOp => (before, after) = (true, true),
            Action::Open | Action::Other(_) => {}
        }
    }
    let settled = actions.0 == [Action::NoOp];
    // `after` may be left out when all of it is unknown.
    let all_unknown = change.get("after_unknown") == Some(&Value::Bool(true));
    let mut gaps = Vec::new();
    if before && !has("before") {
        gaps.push(Gap::Before);
    }
    if after && !has("after") && !all_unknown {
        gaps.push(Gap::After);
    }
    if after && !settled && !change.contains_key("after_unknown") {
        gaps.push(Gap::Mask);
    }
    gaps
}

/// The provider's name; without one, the namesake of the type's first word, as Terraform implies it.
pub(super) fn provider(name: Option<String>, type_name: &str) -> Provider {
    match name {
        Some(name) if !name.is_empty() => Provider(name),
        _ => Provider(type_name.split('_').next().unwrap_or_default().to_owned()),
    }
}

/// The resource type within an address.
fn type_of(address: &str) -> String {
    super::address::Address::parse(address).map(|address| address.type_name).unwrap_or_default()
}

/// An address for a row that has none.
fn made_up(module: Option<&str>, mode: &Mode, type_name: &str, name: &str, index: Option<&Value>) -> String {
    let mut address = String::new();
    if let Some(module) = module {
        address.push_str(module);
        address.push('.');
    }
    if *mode == Mode::Data {
        address.push_str("data.");
    }
    let name = if name.is_empty() { "(unnamed)" } else { name };
    let type_name = if type_name.is_empty() { "(untyped)" } else { type_name };
    address.push_str(&format!("{type_name}.{name}"));
    if let Some(index) = index {
        address.push_str(&format!("[{index}]"));
    }
    address
}
