//! SSH signatures (`ssh-keygen -Y sign` and `-Y verify`, PROTOCOL.sshsig of OpenSSH).

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use ssh_key::{HashAlg, LineEnding, PrivateKey, PublicKey, SshSig};

use super::private_copy::PrivateCopy;
use super::{environment, files};
use crate::approval::{AllowedSigner, GRANT_NAMESPACE};

/// The variable with the passphrase of a key.
const PASSPHRASE: &str = "TOLLGATE_KEY_PASSPHRASE";

/// Signs with a private key of OpenSSH's format; gives the signature as `ssh-keygen -Y sign` writes it.
///
/// # Errors
/// When the file holds no key that can sign, or its passphrase is not known. No message repeats what was read.
pub fn sign(path: &Path, document: &[u8]) -> Result<String> {
    let shown = path.display();
    let other = format!(
        "\n  help: a key of an agent or a token signs with `ssh-keygen -Y sign -n {GRANT_NAMESPACE} -f KEY GRANT`; leave --key out to get the grant alone"
    );
    let text = files::read_text(path)?.text;
    let key = PrivateKey::from_openssh(&text)
        .map_err(|_| anyhow::anyhow!("`{shown}` is no private key of OpenSSH{other}"))?;
    let key = match (key.is_encrypted(), environment::text(PASSPHRASE)) {
        (false, _) => key,
        (true, Some(passphrase)) => key
            .decrypt(passphrase)
            .map_err(|_| anyhow::anyhow!("the passphrase in {PASSPHRASE} does not fit `{shown}`"))?,
        (true, None) => bail!("`{shown}` has a passphrase\n  help: set {PASSPHRASE}, or sign with ssh-keygen{other}"),
    };
    if key.algorithm().is_rsa() {
        // ssh-key 0.6 hands a wrong prime to the rsa crate; checking signatures of such keys is sound.
        drop(key);
        return by_ssh_keygen(path, document)
            .with_context(|| format!("`{shown}` is an RSA key, which ssh-keygen signs with{other}"));
    }
    let signature = key
        .sign(GRANT_NAMESPACE, HashAlg::Sha512, document)
        .map_err(|error| anyhow::anyhow!("`{shown}` cannot sign: {error}{other}"))?;
    signature.to_pem(LineEnding::LF).context("the signature cannot be written")
}

/// The same by OpenSSH's own program, which never asks: a key with a passphrase has to be in an agent then.
fn by_ssh_keygen(path: &Path, document: &[u8]) -> Result<String> {
    let copy = PrivateCopy::with(document)?;
    let out = Command::new("ssh-keygen")
        .args(["-Y", "sign", "-n", GRANT_NAMESPACE, "-f"])
        .args([path, copy.path()])
        .env("SSH_ASKPASS_REQUIRE", "never")
        .stdin(Stdio::null())
        .output()
        .context("ssh-keygen cannot be started")?;
    if !out.status.success() {
        bail!("ssh-keygen failed: {}", String::from_utf8_lossy(&out.stderr).lines().next().unwrap_or_default());
    }
    let mut beside = copy.path().as_os_str().to_owned();
    beside.push(".sig");
    Ok(files::read_text(Path::new(&beside))?.text)
}

/// The place of the signer whose key made the signature, for a document of ours.
///
/// # Errors
/// When it is no signature of the document, or by none of the signers.
pub fn signer_of(signers: &[AllowedSigner], document: &[u8], signature: &str) -> Result<usize> {
    let signature = SshSig::from_pem(signature).map_err(|error| anyhow::anyhow!("it is no SSH signature: {error}"))?;
    let mut place = None;
    for (at, signer) in signers.iter().enumerate() {
        let key = PublicKey::from_openssh(&signer.key).map_err(|error| {
            anyhow::anyhow!("the key of `{}` in offline.allowed_signers cannot be used: {error}", signer.name())
        })?;
        if key.key_data() == signature.public_key() {
            // Checks the namespace, too.
            key.verify(GRANT_NAMESPACE, document, &signature).map_err(|_| {
                anyhow::anyhow!("the signature by the key of `{}` is not over this grant", signer.name())
            })?;
            place = Some(at);
        }
    }
    place.context("it is signed by none of offline.allowed_signers")
}
