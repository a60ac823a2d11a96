//! What is asked: who, what, on what, under which circumstances.

use super::reading::Reading;

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Who asks.
    pub principal: Principal,
    /// The action, such as `s3:GetObject`.
    pub action: String,
    /// The resource: an ARN, or `*` for actions that act on none.
    pub resource: String,
    /// The account that owns the resource, where the ARN does not say it (S3). Where neither says it, the resource
    /// is taken to be in the caller's account.
    pub resource_account: Option<String>,
    /// The circumstances.
    pub context: Context,
}

impl Request {
    /// The account that owns the resource: as given, or as the ARN says.
    pub fn resource_account(&self) -> Option<&str> {
        let named = self.resource.split(':').nth(4).filter(|account| !account.is_empty());
        self.resource_account.as_deref().or(named)
    }
}

/// Who makes a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// Nobody: an unsigned request.
    Anonymous,
    /// The root user of an account.
    Root {
        /// `arn:aws:iam::ACCOUNT:root`.
        arn: String,
    },
    /// An IAM user.
    User {
        /// `arn:aws:iam::ACCOUNT:user/PATH/NAME`.
        arn: String,
    },
    /// Any session of a role, its name left open.
    Role {
        /// `arn:aws:iam::ACCOUNT:role/PATH/NAME`.
        arn: String,
    },
    /// A session of a role.
    Session {
        /// `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`.
        arn: String,
        /// `arn:aws:iam::ACCOUNT:role/PATH/ROLE`.
        role: String,
    },
    /// A session from `GetFederationToken`.
    FederatedUser {
        /// `arn:aws:sts::ACCOUNT:federated-user/NAME`.
        arn: String,
    },
    /// A service acting for itself.
    Service(String),
    /// Someone known to an identity provider, asking for a role: the provider as trust policies name it.
    Federated(String),
    /// An S3 canonical user id.
    CanonicalUser(String),
}

impl Principal {
    /// The principal of an ARN, or the root user of an account by its number. A session's role is taken to have no
    /// path, which its ARN does not tell; use [`Principal::Session`] where it is known.
    pub fn from_arn(arn: &str) -> Option<Self> {
        if arn.len() == 12 && arn.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(Self::Root { arn: format!("arn:aws:iam::{arn}:root") });
        }
        let mut segments = arn.splitn(6, ':');
        let (Some("arn"), Some(partition), Some(service), Some(""), Some(account), Some(name)) =
            (segments.next(), segments.next(), segments.next(), segments.next(), segments.next(), segments.next())
        else {
            return None;
        };
        let own = arn.to_owned();
        match (service, name.split_once('/')) {
            ("iam", None) if name == "root" => Some(Self::Root { arn: own }),
            ("iam", Some(("user", _))) => Some(Self::User { arn: own }),
            ("iam", Some(("role", _))) => Some(Self::Role { arn: own }),
            ("sts", Some(("federated-user", _))) => Some(Self::FederatedUser { arn: own }),
            ("sts", Some(("assumed-role", rest))) => {
                let role = rest.split('/').next().unwrap_or_default();
                Some(Self::Session { role: format!("arn:{partition}:iam::{account}:role/{role}"), arn: own })
            }
            _ => None,
        }
    }

    /// The ARN, for principals that have one.
    pub fn arn(&self) -> Option<&str> {
        match self {
            Self::Root { arn }
            | Self::User { arn }
            | Self::Role { arn }
            | Self::Session { arn, .. }
            | Self::FederatedUser { arn } => Some(arn),
            Self::Anonymous | Self::Service(_) | Self::Federated(_) | Self::CanonicalUser(_) => None,
        }
    }

    /// The account, for principals that have one.
    pub fn account(&self) -> Option<&str> {
        self.arn()?.split(':').nth(4)
    }

    /// The values of the keys that follow from who it is.
    fn key(&self, key: &str) -> Option<String> {
        let own = |text: &str| Some(text.to_owned());
        match (key, self) {
            ("aws:principalarn", Self::Session { role, .. }) => own(role),
            ("aws:principalarn", _) => self.arn().map(str::to_owned),
            ("aws:principalaccount", _) => self.account().map(str::to_owned),
            ("aws:principaltype", Self::Anonymous) => own("Anonymous"),
            ("aws:principaltype", Self::Root { .. }) => own("Account"),
            ("aws:principaltype", Self::User { .. }) => own("User"),
            ("aws:principaltype", Self::Role { .. } | Self::Session { .. }) => own("AssumedRole"),
            ("aws:principaltype", Self::FederatedUser { .. }) => own("FederatedUser"),
            ("aws:username", Self::User { arn }) => arn.rsplit('/').next().map(str::to_owned),
            ("aws:principalisawsservice", Self::Service(_)) => own("true"),
            ("aws:principalisawsservice", _) if self.arn().is_some() => own("false"),
            ("aws:principalservicename", Self::Service(name)) => own(name),
            _ => None,
        }
    }
}

/// The values of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContextValue {
    /// A key with one value.
    One(String),
    /// A key with several values; with none it counts as missing.
    Many(Vec<String>),
}

impl From<&str> for ContextValue {
    fn from(value: &str) -> Self {
        Self::One(value.to_owned())
    }
}

impl<const N: usize> From<[&str; N]> for ContextValue {
    fn from(values: [&str; N]) -> Self {
        Self::Many(values.into_iter().map(str::to_owned).collect())
    }
}

/// The circumstances of a request: keys with their values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context(Vec<(String, ContextValue)>);

impl Context {
    /// No keys.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a key, whose spelling is kept; an earlier value under the same spelling is replaced.
    pub fn set(&mut self, key: &str, value: impl Into<ContextValue>) {
        self.0.retain(|(name, _)| name != key);
        self.0.push((key.to_owned(), value.into()));
    }

    /// The keys in the order they were set.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ContextValue)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    fn find(&self, key: &str, reading: Reading) -> Option<&ContextValue> {
        let same = |name: &str| match (key.split_once('/'), name.split_once('/')) {
            (Some((key, key_tag)), Some((name, name_tag))) if reading.tag_keys_mind_case => {
                name.eq_ignore_ascii_case(key) && key_tag == name_tag
            }
            _ => name.eq_ignore_ascii_case(key),
        };
        self.0.iter().find(|(name, _)| same(name)).map(|(_, value)| value)
    }
}

impl<K: AsRef<str>, V: Into<ContextValue>> FromIterator<(K, V)> for Context {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(keys: I) -> Self {
        let mut context = Self::new();
        for (key, value) in keys {
            context.set(key.as_ref(), value);
        }
        context
    }
}

/// Where conditions and variables look their keys up.
#[derive(Clone, Copy)]
pub(super) struct Keys<'a> {
    pub(super) request: &'a Request,
    /// Whether keys that follow from principal and resource are filled in where the context lacks them. A document
    /// judged alone sees exactly the context.
    pub(super) derived: bool,
    pub(super) reading: Reading,
}

impl Keys<'_> {
    /// The values of a key; `None` where it is missing.
    pub(super) fn get(&self, key: &str) -> Option<ContextValue> {
        match self.request.context.find(key, self.reading) {
            Some(ContextValue::Many(values)) if values.is_empty() => None,
            Some(value) => Some(value.clone()),
            None if self.derived => {
                let folded = key.to_ascii_lowercase();
                let value = match folded.as_str() {
                    "aws:resourceaccount" => self.request.resource_account().map(str::to_owned),
                    _ => self.request.principal.key(&folded),
                };
                value.map(ContextValue::One)
            }
            None => None,
        }
    }
}
