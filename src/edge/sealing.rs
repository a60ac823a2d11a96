//! Encryption of plan files to people and jobs, in the age format (<https://age-encryption.org/v1>).

use std::fmt;
use std::io::{Read, Write};
use std::path::Path;

use age::x25519;
use anyhow::{Context, Result, bail};

use super::{environment, files};

/// The variable that holds a secret key.
pub const IDENTITY_VARIABLE: &str = "TOLLGATE_AGE_IDENTITY";
/// No plan file is larger.
const MAX_BYTES: u64 = 1 << 30;

/// Public keys; whoever has one of the secret keys can read.
#[derive(Clone, Debug)]
pub struct Recipients(Vec<x25519::Recipient>);

/// Secret keys. They show nowhere.
pub struct Identities(Vec<x25519::Identity>);

impl fmt::Debug for Identities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identities({})", self.0.len())
    }
}

impl Recipients {
    /// Reads public keys (`age1…`).
    ///
    /// # Errors
    /// When there is none, or one is no public key: nothing is kept in clear text.
    pub fn parse(keys: &[String]) -> Result<Self> {
        if keys.is_empty() {
            bail!(
                "there is nobody to encrypt the plan file to, and it holds secrets in clear text\n  help: make a key with `age-keygen`, name its public part in `plan_store.recipients`, and give the secret part to the apply job alone"
            );
        }
        let key = |text: &String| -> Result<x25519::Recipient> {
            text.parse().map_err(|why: &str| anyhow::anyhow!("a recipient of the plan store cannot be used: {why}"))
        };
        keys.iter().map(key).collect::<Result<_>>().map(Self)
    }

    /// Encrypts.
    ///
    /// # Errors
    /// When the encryption fails.
    pub fn seal(&self, bytes: &[u8]) -> Result<Vec<u8>> {
        let failed = "the plan file cannot be encrypted";
        let recipients = self.0.iter().map(|recipient| recipient as &dyn age::Recipient);
        let encryptor = age::Encryptor::with_recipients(recipients).context(failed)?;
        let mut sealed = Vec::with_capacity(bytes.len() + 1024);
        let mut writer = encryptor.wrap_output(&mut sealed).context(failed)?;
        writer.write_all(bytes).context(failed)?;
        writer.finish().context(failed)?;
        Ok(sealed)
    }
}

impl Identities {
    /// The secret keys of a file as `age-keygen` writes it (`#` starts a comment), else of the variable
    /// `TOLLGATE_AGE_IDENTITY`.
    ///
    /// # Errors
    /// When there is none, or something else than keys. No message repeats what was read.
    pub fn read(file: Option<&Path>) -> Result<Self> {
        let text = match file {
            Some(path) => files::read_text(path)?.text,
            None => environment::text(IDENTITY_VARIABLE).context(
                "there is no key to decrypt the plan file with\n  help: give --identity FILE, or set TOLLGATE_AGE_IDENTITY to the secret key, in the apply job alone",
            )?,
        };
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let keys: Result<Vec<x25519::Identity>, _> = lines.map(str::parse).collect();
        match keys {
            Ok(keys) if !keys.is_empty() => Ok(Self(keys)),
            _ => bail!(
                "what was given as the key to decrypt with is none\n  help: it is a line `AGE-SECRET-KEY-1…`, as `age-keygen` writes it"
            ),
        }
    }

    /// Decrypts.
    ///
    /// # Errors
    /// When it is not encrypted to one of these keys, was changed, or is larger than any plan file.
    pub fn open(&self, sealed: &[u8]) -> Result<Vec<u8>> {
        let identities = self.0.iter().map(|identity| identity as &dyn age::Identity);
        // Messages of the library are for terminals and in its reader's language.
        let reader = age::Decryptor::new(sealed)
            .and_then(|decryptor| decryptor.decrypt(identities))
            .map_err(|error| anyhow::anyhow!("it is not encrypted to this key, or not encrypted at all ({error})"))?;
        let mut bytes = Vec::new();
        reader.take(MAX_BYTES + 1).read_to_end(&mut bytes).context("it was changed after it was encrypted")?;
        if bytes.len() as u64 > MAX_BYTES {
            bail!("it is larger than 1 GiB");
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use age::secrecy::ExposeSecret;

    fn identities(keys: &[&x25519::Identity]) -> Identities {
        Identities(keys.iter().map(|key| key.to_string().expose_secret().parse().unwrap()).collect())
    }

    #[test]
    fn only_a_recipient_can_read_and_a_changed_byte_is_noticed() {
        let [one, two, other] = [(); 3].map(|()| x25519::Identity::generate());
        let keys: Vec<String> = [&one, &two].map(|key| key.to_public().to_string()).to_vec();
        let sealed = Recipients::parse(&keys).unwrap().seal(b"secret plan").unwrap();
        assert!(!sealed.windows(6).any(|window| window == b"secret"));
        for key in [&one, &two] {
            assert_eq!(identities(&[key]).open(&sealed).unwrap(), b"secret plan");
        }
        assert!(identities(&[&other]).open(&sealed).is_err());
        assert_eq!(identities(&[&other, &two]).open(&sealed).unwrap(), b"secret plan");
        for at in [sealed.len() - 1, sealed.len() - 20, 40] {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(identities(&[&one]).open(&changed).is_err(), "byte {at}");
        }
        for cut in [0, 10, sealed.len() - 1] {
            assert!(identities(&[&one]).open(&sealed[..cut]).is_err(), "{cut} bytes");
        }
        assert!(identities(&[&one]).open(b"PK\x03\x04 a plan in clear text").is_err());
    }

    #[test]
    fn nobody_to_encrypt_to_is_an_error_and_secrets_show_nowhere() {
        assert!(Recipients::parse(&[]).unwrap_err().to_string().contains("nobody to encrypt"));
        let key = x25519::Identity::generate();
        assert_eq!(format!("{:?}", identities(&[&key])), "Identities(1)");
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("key");
        let text = format!("# created: today\n{}\n", key.to_string().expose_secret());
        std::fs::write(&file, &text).unwrap();
        assert_eq!(Identities::read(Some(&file)).unwrap().0.len(), 1);
        std::fs::write(&file, format!("{text}AGE-SECRET-KEY-1BROKEN\n")).unwrap();
        let error = Identities::read(Some(&file)).unwrap_err().to_string();
        assert!(!error.contains("BROKEN"), "{error}");
        std::fs::write(&file, "# nothing\n").unwrap();
        assert!(Identities::read(Some(&file)).is_err());
    }
}
