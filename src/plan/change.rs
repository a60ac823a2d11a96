//! One row of `resource_changes[]` (or of `resource_drift[]`).

use serde_json::Value;

use super::address::Address;
use super::value::Side;

/// `mode` of a row. A word tollgate does not know is kept and makes the row undetermined.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// A managed resource.
    Managed,
    /// A data source read during apply.
    Data,
    /// An ephemeral resource (OpenTofu 1.11 lists them).
    Ephemeral,
    /// A word this version does not know.
    Other(String),
}

/// One word of `change.actions`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// `no-op`
    NoOp,
    /// `create`
    Create,
    /// `read`
    Read,
    /// `update`
    Update,
    /// `delete`
    Delete,
    /// `forget`: dropped from state, the object stays.
    Forget,
    /// `open`: an ephemeral resource (OpenTofu 1.11).
    Open,
    /// A word this version does not know.
    Other(String),
}

/// `change.actions`, in the plan's order.
///
/// Lists that Terraform and OpenTofu emit: `no-op`, `create`, `read`, `update`, `delete`, `forget`, `open`,
/// `delete,create`, `create,delete`, `create,forget`, `forget,create`
/// (`internal/command/jsonplan/plan.go`). Any other list is [`Actions::is_known`] = false.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Actions(pub Vec<Action>);

/// A provider's name: `registry.terraform.io/hashicorp/aws`, or `aws` before Terraform 0.13.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Provider(pub String);

/// One row: one instance of one resource, with its values on both sides.
#[derive(Clone, Debug)]
pub struct Change {
    /// Absolute address with instance keys; an opaque, hostile string.
    pub address: String,
    /// Where the object was before a move; may name another type.
    pub previous_address: Option<String>,
    /// The module instance, `None` in the root module.
    pub module_address: Option<String>,
    /// Managed, data or ephemeral.
    pub mode: Mode,
    /// The resource type, such as `aws_iam_role`.
    pub type_name: String,
    /// The resource's name in its module.
    pub name: String,
    /// `count` or `for_each` key.
    pub index: Option<Value>,
    /// The provider that serves the type.
    pub provider: Provider,
    /// Key of a deposed object; such a row stands beside the row of the current object.
    pub deposed: Option<String>,
    /// What will be done.
    pub actions: Actions,
    /// Values before (refreshed state), `Null` when there is no object.
    pub before: Value,
    /// Values after; unknown members are missing, unknown elements `null`.
    pub after: Value,
    /// Mask of `after`: `true` where a value is known only after apply.
    pub after_unknown: Value,
    /// Mask of `before`: `true` where a value is sensitive.
    pub before_sensitive: Value,
    /// Mask of `after`: `true` where a value is sensitive.
    pub after_sensitive: Value,
    /// Attribute paths that force a replacement.
    pub replace_paths: Vec<Value>,
    /// Present when the object is imported; its content is a hint only.
    pub importing: Option<Value>,
    /// Terraform's display hint for the action.
    pub action_reason: Option<String>,
    /// HCL that `-generate-config-out` made; such a resource is not in the configuration.
    pub generated_config: Option<String>,
    /// Resource identity before (Terraform 1.12), `Null` when there is none.
    pub before_identity: Value,
    /// Resource identity after (Terraform 1.12), `Null` when there is none.
    pub after_identity: Value,
}

impl Default for Change {
    /// A row that says nothing: no address, no type, no action (so [`Actions::is_known`] is false), no values.
    /// For rows that are made from the configuration, and for tests.
    fn default() -> Self {
        Self {
            address: String::new(),
            previous_address: None,
            module_address: None,
            mode: Mode::Managed,
            type_name: String::new(),
            name: String::new(),
            index: None,
            provider: Provider::default(),
            deposed: None,
            actions: Actions::default(),
            before: Value::Null,
            after: Value::Null,
            after_unknown: Value::Null,
            before_sensitive: Value::Null,
            after_sensitive: Value::Null,
            replace_paths: Vec::new(),
            importing: None,
            action_reason: None,
            generated_config: None,
            before_identity: Value::Null,
            after_identity: Value::Null,
        }
    }
}

impl Mode {
    /// Reads `mode`; without one, the address tells.
    pub(super) fn of(word: Option<&str>, address: &str) -> Self {
        match word {
            Some("managed") => Self::Managed,
            Some("data") => Self::Data,
            Some("ephemeral") => Self::Ephemeral,
            Some(word) if !word.is_empty() => Self::Other(word.to_owned()),
            _ => Address::parse(address).map_or(Self::Managed, |address| address.mode),
        }
    }

    /// The word of the plan.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Managed => "managed",
            Self::Data => "data",
            Self::Ephemeral => "ephemeral",
            Self::Other(word) => word,
        }
    }
}

impl Change {
    /// The values before, with their masks.
    pub fn before(&self) -> Side<'_> {
        Side { value: &self.before, unknown: &Value::Null, sensitive: &self.before_sensitive }
    }

    /// The values after, with their masks.
    pub fn after(&self) -> Side<'_> {
        Side { value: &self.after, unknown: &self.after_unknown, sensitive: &self.after_sensitive }
    }

    /// A `no-op` row that is neither moved nor imported: part of both worlds, but no change.
    pub fn is_plain_no_op(&self) -> bool {
        self.actions.0 == [Action::NoOp] && self.previous_address.is_none() && self.importing.is_none()
    }
}

impl Action {
    /// The word of the plan.
    pub fn as_str(&self) -> &str {
        match self {
            Self::NoOp => "no-op",
            Self::Create => "create",
            Self::Read => "read",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Forget => "forget",
            Self::Open => "open",
            Self::Other(word) => word,
        }
    }

    /// Reads one word; never fails.
    pub fn parse(word: &str) -> Self {
        match word {
            "no-op" => Self::NoOp,
            "create" => Self::Create,
            "read" => Self::Read,
            "update" => Self::Update,
            "delete" => Self::Delete,
            "forget" => Self::Forget,
            "open" => Self::Open,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl Actions {
    /// Reads `change.actions`; anything but a list of strings gives an unknown list.
    pub(super) fn of(words: Option<&Value>) -> Self {
        let Some(Value::Array(words)) = words else { return Self::default() };
        let read = |word: &Value| match word {
            Value::String(word) => Action::parse(word),
            other => Action::Other(other.to_string()),
        };
        Self(words.iter().map(read).collect())
    }

    /// One word for the list: `replace` for every replacement, `other` for a list that is not known.
    pub fn summary(&self) -> &'static str {
        match self.0.as_slice() {
            [Action::NoOp] => "no-op",
            [Action::Create] => "create",
            [Action::Read] => "read",
            [Action::Update] => "update",
            [Action::Delete] => "delete",
            [Action::Forget] => "forget",
            [Action::Open] => "open",
            _ if self.is_known() => "replace",
            _ => "other",
        }
    }
    /// Whether Terraform or OpenTofu is known to emit this list.
    pub fn is_known(&self) -> bool {
        use Action::{Create, Delete, Forget, NoOp, Open, Read, Update};
        matches!(
            self.0.as_slice(),
            [NoOp | Create | Read | Update | Delete | Forget | Open]
                | [Delete | Forget, Create]
                | [Create, Delete | Forget]
        )
    }

    /// Whether the row makes a new object (create or replace).
    pub fn creates(&self) -> bool {
        self.0.contains(&Action::Create)
    }

    /// Whether the row destroys an object (delete or replace).
    pub fn deletes(&self) -> bool {
        self.0.contains(&Action::Delete)
    }

    /// Whether the row leaves an object behind, outside the state (forget).
    pub fn forgets(&self) -> bool {
        self.0.contains(&Action::Forget)
    }
}

impl Provider {
    /// `namespace/type`, whatever the registry host: `hashicorp/aws`. A bare name of Terraform 0.12 is taken as
    /// `hashicorp/NAME`.
    pub fn source(&self) -> String {
        let mut parts = self.0.rsplit('/');
        match (parts.next(), parts.next()) {
            (Some(kind), Some(namespace)) => format!("{namespace}/{kind}"),
            _ => format!("hashicorp/{}", self.0),
        }
    }
}
