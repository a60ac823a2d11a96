//! Approval without a forge: grants that people sign with their SSH keys.
//!
//! The state is derived as it is from a forge: afresh, from grants whose signatures were checked, from everybody who
//! had a hand in the change, and from earlier applies. Time is the local clock's; whoever sets that clock or holds
//! the cloud's credentials is not kept from anything.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::clock::{MAX_SKEW, after};
use super::decide::{Judgement, State, recorded, window};
use super::snapshot::{Account, AccountKind, ApplyRecord, UserId};
use super::votes::{Counted, NotCounted, Rejected, Source};
use super::{ApprovalSettings, BanReason, Digest, Doubt, Now, Requirements, Risk, RuleNeed, Subject, Unattributed};

/// The namespace of the signatures (`ssh-keygen -Y sign -n`): a signature for anything else is no approval.
pub const GRANT_NAMESPACE: &str = "tollgate-grant";
/// The host that a subject without a forge names.
pub const LOCAL_HOST: &str = "local";
const SCHEMA_VERSION: u64 = 1;
/// A grant is a few lines.
const MAX_GRANT: usize = 16 * 1024;

/// The `[offline]` table of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OfflineSettings {
    /// Who may approve, as lines of OpenSSH's `allowed_signers` (ssh-keygen(1)): e-mail addresses of one person,
    /// separated by commas, perhaps `namespaces="tollgate-grant"`, and a public key. Without any, nobody can.
    pub allowed_signers: Vec<AllowedSigner>,
    /// E-mail addresses of people without a key who may have commits: they are none of the signers.
    pub contributors: BTreeSet<String>,
    /// How many different signers have to approve.
    pub count: usize,
    /// The branch or commit that the change starts from; everybody with a commit after it has a hand in the change.
    pub base: String,
}

impl Default for OfflineSettings {
    fn default() -> Self {
        Self {
            allowed_signers: Vec::new(),
            contributors: BTreeSet::new(),
            count: 1,
            base: "refs/remotes/origin/HEAD".to_owned(),
        }
    }
}

/// One person with one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedSigner {
    /// E-mail addresses, lower case; the first is the name.
    pub principals: Vec<String>,
    /// The key, `ssh-ed25519 AAAA…`, without a comment.
    pub key: String,
}

impl std::str::FromStr for AllowedSigner {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let wrong = |why: &str| Err(format!("this is no line of allowed_signers: {why}"));
        let words: Vec<&str> = line.split_whitespace().collect();
        let (principals, options, key) = match words.as_slice() {
            [principals, kind, key, ..] if is_key(kind) => (principals, None, format!("{kind} {key}")),
            [principals, options, kind, key, ..] if is_key(kind) => {
                (principals, Some(options), format!("{kind} {key}"))
            }
            _ => return wrong("write `EMAIL[,EMAIL] ssh-ed25519 AAAA...`"),
        };
        let principals: Vec<String> = principals.split(',').map(str::to_ascii_lowercase).collect();
        if principals.iter().any(|one| !one.contains('@') || one.contains(['*', '?', '!', '"'])) {
            return wrong("name e-mail addresses, without patterns: commits are told apart by them");
        }
        match options {
            None => {}
            Some(options) => {
                let named = options.strip_prefix("namespaces=\"").and_then(|rest| rest.strip_suffix('"'));
                let Some(named) = named else { return wrong("only the option `namespaces` is known") };
                if !named.split(',').any(|name| name == GRANT_NAMESPACE) {
                    return wrong("its namespaces do not hold `tollgate-grant`");
                }
            }
        }
        Ok(Self { principals, key })
    }
}

fn is_key(word: &str) -> bool {
    ["ssh-", "ecdsa-", "sk-ssh-", "sk-ecdsa-"].iter().any(|prefix| word.starts_with(prefix))
}

impl<'de> Deserialize<'de> for AllowedSigner {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl OfflineSettings {
    /// The first mistake.
    pub fn mistake(&self) -> Option<String> {
        if self.count == 0 {
            return Some("offline.count has to be 1 or more".to_owned());
        }
        let mut seen = BTreeSet::new();
        let twice = self.allowed_signers.iter().find(|signer| {
            let key = !seen.insert(signer.key.as_str());
            let mail = signer.principals.iter().any(|principal| !seen.insert(principal.as_str()));
            key || mail
        });
        twice.map(|signer| format!("a key or an address of `{}` is there twice; a person is one line", signer.name()))
    }
}

impl AllowedSigner {
    /// The first address.
    pub fn name(&self) -> &str {
        self.principals.first().map_or("", String::as_str)
    }
}

/// What is signed: one line of JSON. Everything an approval binds is in the subject; the rest is for people, and for
/// the window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    schema_version: u64,
    /// What is approved.
    pub subject: Digest,
    /// SHA-256 of the plan file.
    pub plan_sha256: Digest,
    /// Severity and number of findings that the approver saw.
    pub risk: String,
    /// When it was made, by the approver's clock.
    #[serde(with = "moment")]
    pub signed_at: Timestamp,
    /// How long the window may be, in seconds.
    pub seconds: u64,
    /// Why.
    pub reason: String,
}

impl Grant {
    /// A grant for a subject; `None` for one that asks for no approval.
    pub fn new(subject: &Subject, signed_at: Timestamp, length: super::WindowLength, reason: &str) -> Option<Self> {
        Some(Self {
            schema_version: SCHEMA_VERSION,
            subject: subject.digest(),
            plan_sha256: subject.parts().plan_sha256,
            risk: subject.parts().requirements.risk()?.to_string(),
            signed_at,
            seconds: length.duration().as_secs(),
            reason: reason.to_owned(),
        })
    }

    /// The bytes to sign.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn document(&self) -> Result<String, String> {
        serde_json::to_string(self).map(|text| text + "\n").map_err(|error| error.to_string())
    }

    /// Reads what was signed, after the signature was checked.
    ///
    /// # Errors
    /// Anything that is no grant of this version.
    pub fn from_document(bytes: &[u8]) -> Result<Self, String> {
        if bytes.len() > MAX_GRANT {
            return Err("it is larger than any grant".to_owned());
        }
        let grant: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if grant.schema_version == SCHEMA_VERSION { Ok(grant) } else { Err("it is of another version".to_owned()) }
    }
}

/// RFC 3339.
mod moment {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(moment: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(moment)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A grant and the number of the signer whose key made its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedGrant {
    /// The grant.
    pub grant: Grant,
    /// The place in [`OfflineSettings::allowed_signers`].
    pub signer: usize,
}

/// Who had a hand in the change: e-mail addresses, each with what the person did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hands(BTreeMap<String, BanReason>);

impl Hands {
    /// Somebody, by address.
    pub fn add(&mut self, email: &str, reason: BanReason) {
        self.0.entry(email.trim().to_ascii_lowercase()).or_insert(reason);
    }
}

/// Derives the state without a forge. Total, like [`super::decide`].
pub fn decide_offline(
    (settings, offline): (&ApprovalSettings, &OfflineSettings),
    subject: &Subject,
    grants: &[SignedGrant],
    hands: &Hands,
    records: &[ApplyRecord],
    now: Now,
) -> Judgement {
    let asked = &subject.parts().requirements;
    if let Some(state) = recorded(records, subject.digest()) {
        return Judgement::bare(state);
    }
    if asked.blocks() {
        return Judgement::bare(State::Blocked);
    }
    if asked.is_empty() {
        return Judgement::bare(State::NotRequired);
    }
    let judged = judge(settings, offline, subject, grants, hands, now);
    judged.unwrap_or_else(|doubt| Judgement::bare(State::Undecided(doubt)))
}

fn judge(
    settings: &ApprovalSettings,
    offline: &OfflineSettings,
    subject: &Subject,
    grants: &[SignedGrant],
    hands: &Hands,
    now: Now,
) -> Result<Judgement, Doubt> {
    let known = |email: &String| {
        offline.contributors.iter().any(|one| one.eq_ignore_ascii_case(email))
            || offline.allowed_signers.iter().any(|signer| signer.principals.contains(email))
    };
    let unknown: Vec<&String> = hands.0.keys().filter(|email| !known(email)).collect();
    let (extra, nobody) = match (unknown.first(), settings.unattributed_commits) {
        (None, _) => (0, None),
        (Some(_), Unattributed::RaiseByOne) => (1, None),
        (Some(email), Unattributed::Deny) => {
            let why = format!(
                "`{email}` has a hand in it and is neither a signer nor in offline.contributors, so may be one of the approvers"
            );
            (0, Some(why))
        }
    };
    let cap = settings.cap_for(asked_of(subject).entries());
    let mut counted: Vec<Counted> = Vec::new();
    let mut lapsed: Vec<Counted> = Vec::new();
    let mut rejected = Vec::new();
    // A person's newest grant wins; of two at the same time the later file.
    let mut newest: BTreeMap<usize, (Timestamp, usize)> = BTreeMap::new();
    for (at, signed) in grants.iter().enumerate().filter(|(_, signed)| signed.grant.subject == subject.digest()) {
        let entry = newest.entry(signed.signer).or_insert((signed.grant.signed_at, at));
        *entry = (*entry).max((signed.grant.signed_at, at));
    }
    for (at, SignedGrant { grant, signer }) in grants.iter().enumerate() {
        let source = Source::Grant(at as u64 + 1);
        let Some(person) = offline.allowed_signers.get(*signer) else { continue };
        let by = Account { id: UserId(*signer as u64), login: person.name().to_owned(), kind: AccountKind::User };
        let length = Duration::from_secs(grant.seconds).min(cap);
        let until = after(grant.signed_at, length)?;
        let ahead = Duration::try_from(grant.signed_at.duration_since(now.timestamp())).unwrap_or_default();
        let why = if grant.subject != subject.digest() {
            Some(NotCounted::OtherSubject(grant.subject))
        } else if let Some(difference) = risk_differs(grant, subject) {
            Some(difference)
        } else if newest.get(signer).is_some_and(|(_, newest)| *newest != at) {
            Some(NotCounted::Newer)
        } else if let Some(reason) = person.principals.iter().find_map(|email| hands.0.get(email)) {
            Some(NotCounted::Banned(reason.clone()))
        } else if let Some(nobody) = &nobody {
            Some(NotCounted::Nobody(nobody.clone()))
        } else if ahead > MAX_SKEW {
            Some(NotCounted::NotYet)
        } else {
            None
        };
        let vote = Counted { source, by: by.clone(), at: grant.signed_at, until, reason: grant.reason.clone() };
        let why = match why {
            None if until <= now.timestamp() => {
                lapsed.push(vote);
                Some(NotCounted::Lapsed(until))
            }
            None => {
                counted.push(vote);
                None
            }
            why => why,
        };
        rejected.extend(why.map(|why| Rejected { source, by: Some(by), at: grant.signed_at, why }));
    }
    let needed = offline.count.max(1) + extra;
    let enough = |votes: &[&Counted]| Ok::<bool, Doubt>(people(votes) >= needed);
    let all: Vec<&Counted> = counted.iter().collect();
    let with_lapsed: Vec<&Counted> = counted.iter().chain(&lapsed).collect();
    let have = people(&all);
    let state = if enough(&all)? {
        State::Open(window(&counted, subject.digest(), enough)?)
    } else if enough(&with_lapsed)? {
        State::Expired
    } else if counted.is_empty() {
        State::Pending
    } else {
        State::Partial
    };
    let mut notes: Vec<String> = nobody.into_iter().collect();
    if extra > 0 {
        notes.push("one approval more is needed, because somebody unknown had a hand in the change".to_owned());
    }
    let needs = vec![RuleNeed { rule: "offline".to_owned(), needed, have, satisfied: have >= needed, who: Vec::new() }];
    let mut judgement = Judgement::bare(state);
    (judgement.counted, judgement.rejected) = (counted, rejected);
    (judgement.needs, judgement.notes) = (needs, notes);
    Ok(judgement)
}

fn asked_of(subject: &Subject) -> &Requirements {
    &subject.parts().requirements
}

fn people(votes: &[&Counted]) -> usize {
    votes.iter().map(|vote| vote.by.id).collect::<BTreeSet<_>>().len()
}

fn risk_differs(grant: &Grant, subject: &Subject) -> Option<NotCounted> {
    let is = asked_of(subject).risk()?;
    match grant.risk.parse::<Risk>() {
        Ok(said) if said == is => None,
        Ok(said) => Some(NotCounted::RiskDiffers { said, is }),
        Err(_) => Some(NotCounted::OtherSubject(grant.subject)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_lines_of_allowed_signers() {
        let signer: AllowedSigner = "Alice@example.org,alice@home.example ssh-ed25519 AAAAC3 laptop".parse().unwrap();
        assert_eq!(signer.principals, ["alice@example.org", "alice@home.example"]);
        assert_eq!(signer.key, "ssh-ed25519 AAAAC3");
        assert!("a@b namespaces=\"git,tollgate-grant\" ecdsa-sha2-nistp256 AAAA".parse::<AllowedSigner>().is_ok());
        for line in [
            "",
            "a@b",
            "a@b ssh-ed25519",
            "alice ssh-ed25519 AAAA",
            "*@example.org ssh-ed25519 AAAA",
            "a@b cert-authority ssh-ed25519 AAAA",
            "a@b namespaces=\"git\" ssh-ed25519 AAAA",
            "a@b valid-before=\"20300101\" ssh-ed25519 AAAA",
        ] {
            assert!(line.parse::<AllowedSigner>().is_err(), "{line}");
        }
    }

    #[test]
    fn a_person_is_one_line() {
        let lines = |lines: &[&str]| OfflineSettings {
            allowed_signers: lines.iter().map(|line| line.parse().unwrap()).collect(),
            ..OfflineSettings::default()
        };
        assert_eq!(lines(&["a@b ssh-ed25519 AAAA", "c@d ssh-ed25519 BBBB"]).mistake(), None);
        assert!(lines(&["a@b ssh-ed25519 AAAA", "c@d ssh-ed25519 AAAA"]).mistake().is_some());
        assert!(lines(&["a@b ssh-ed25519 AAAA", "c@d,a@b ssh-ed25519 BBBB"]).mistake().is_some());
        assert!(OfflineSettings { count: 0, ..lines(&[]) }.mistake().is_some());
    }
}
