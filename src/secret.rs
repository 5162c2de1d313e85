//! Secrets: sealing credentials at rest, minting keys and ids, hashing what need only be recognised.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use rand::Rng;
use rand::distr::Alphanumeric;
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Characters of a minted secret after its prefix: 32 of base62 are 190 random bits.
const MINTED: usize = 32;

/// Bytes of nonce before each sealed text.
const NONCE: usize = 24;

/// Seals credentials under the master key (XChaCha20-Poly1305), and signs addresses under a key made from it
/// (HMAC-SHA256). Cheap to clone.
#[derive(Clone)]
pub struct Sealer {
    cipher: XChaCha20Poly1305,
    signer: Hmac<Sha256>,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("sealed under another master key, for another owner, or damaged")]
pub struct SealError;

/// Why there is no master key. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    #[error("{file}: cannot be read or made: {source}", file = .file.display())]
    File { file: PathBuf, source: io::Error },
    #[error(
        "{file}: holds no master key. Restore it from a backup: 32 bytes as hex or base64. Without it the stored \
         provider keys cannot be opened.",
        file = .file.display()
    )]
    Garbled { file: PathBuf },
}

impl Sealer {
    pub fn new(key: [u8; 32]) -> Self {
        let made = hmac(&key).chain_update(b"switchyard signed addresses").finalize().into_bytes();
        Self { cipher: XChaCha20Poly1305::new(&key.into()), signer: hmac(&made.into()) }
    }

    /// Nonce and ciphertext of `plain`. It opens only with the same `bound_to`, the id of what it belongs to.
    pub fn seal(&self, plain: &[u8], bound_to: &str) -> Vec<u8> {
        let nonce: [u8; NONCE] = rand::rng().random();
        let payload = Payload { msg: plain, aad: bound_to.as_bytes() };
        #[expect(clippy::expect_used, reason = "the cipher refuses nothing under 256 GiB")]
        let ciphertext = self.cipher.encrypt(XNonce::from_slice(&nonce), payload).expect("a credential is short");
        [nonce.as_slice(), &ciphertext].concat()
    }

    pub fn open(&self, sealed: &[u8], bound_to: &str) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (nonce, ciphertext) = sealed.split_at_checked(NONCE).ok_or(SealError)?;
        let payload = Payload { msg: ciphertext, aad: bound_to.as_bytes() };
        self.cipher.decrypt(XNonce::from_slice(nonce), payload).map(Zeroizing::new).map_err(|_| SealError)
    }

    /// The signature of `claim`, in hex.
    pub fn sign(&self, claim: &str) -> String {
        let signature = self.signer.clone().chain_update(claim.as_bytes()).finalize().into_bytes();
        signature.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Whether `signature` is that of `claim`. How long it takes does not tell how much of it is right.
    pub fn signed(&self, claim: &str, signature: &str) -> bool {
        self.sign(claim).as_bytes().ct_eq(signature.as_bytes()).into()
    }
}

/// HMAC-SHA256 under a key shorter than its block, which is filled up with zeros.
fn hmac(key: &[u8; 32]) -> Hmac<Sha256> {
    let mut block = Zeroizing::new([0; 64]);
    block[..32].copy_from_slice(key);
    KeyInit::new((&*block).into())
}

/// Its key is not for logs.
impl std::fmt::Debug for Sealer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Sealer")
    }
}

/// SHA-256, for secrets of at least 160 random bits: they need no salt and no slow hash.
pub fn digest(secret: impl AsRef<[u8]>) -> [u8; 32] {
    Sha256::digest(secret).into()
}

/// A new secret: `prefix` and 190 random bits in base62.
pub fn mint(prefix: &str) -> String {
    let random = rand::rng().sample_iter(Alphanumeric).take(MINTED).map(char::from);
    prefix.chars().chain(random).collect()
}

/// A new id: UUIDv7 text of `now`, milliseconds since 1970 UTC.
pub fn id(now: i64) -> String {
    let millis = u64::try_from(now).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(millis, &rand::rng().random()).into_uuid().to_string()
}

/// What may be shown of a credential: `csk-…9f2e`. Of a short one nothing is shown but that it exists.
pub fn hint(credential: &str) -> String {
    let length = credential.chars().count();
    if length < 16 {
        return if length == 0 { String::new() } else { "…".into() };
    }
    let head: String = credential.chars().take(5).collect();
    let prefix = head.find('-').map_or("", |dash| &head[..=dash]);
    format!("{prefix}…{}", last_four(credential))
}

/// Names a secret where its hash is known: the first eight bytes of it.
pub fn mark(hash: &[u8; 32]) -> i64 {
    hash.iter().take(8).fold(0, |mark, byte| (mark << 8) | i64::from(*byte))
}

/// The last four characters, which people tell keys apart by.
pub fn last_four(secret: &str) -> String {
    let skipped = secret.chars().count().saturating_sub(4);
    secret.chars().skip(skipped).collect()
}

/// Reads 32 bytes written as 64 hex digits or as base64 (either alphabet, padded or not).
pub fn master_key_from_text(text: &str) -> Option<[u8; 32]> {
    let text = text.trim();
    if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let mut key = [0; 32];
        for (byte, pair) in key.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        return Some(key);
    }
    let text = text.trim_end_matches('=');
    let bytes = STANDARD_NO_PAD.decode(text).or_else(|_| URL_SAFE_NO_PAD.decode(text)).ok()?;
    bytes.try_into().ok()
}

/// The master key kept in `folder`, made at the first start; its file can be read by its owner alone.
pub fn master_key(folder: &Path) -> Result<[u8; 32], MasterKeyError> {
    let file = folder.join("master.key");
    let failed = |source| MasterKeyError::File { file: file.clone(), source };
    match std::fs::read_to_string(&file) {
        Ok(text) => {
            keep_private(&file).map_err(failed)?;
            master_key_from_text(&text).ok_or(MasterKeyError::Garbled { file })
        }
        Err(error) if error.kind() == ErrorKind::NotFound => make_master_key(&file).map_err(failed),
        Err(error) => Err(failed(error)),
    }
}

fn make_master_key(file: &Path) -> io::Result<[u8; 32]> {
    let key: [u8; 32] = rand::rng().random();
    let mut handle = private_file(file)?;
    let text = Zeroizing::new(STANDARD_NO_PAD.encode(key));
    handle.write_all(text.as_bytes())?;
    handle.sync_all()?;
    Ok(key)
}

fn private_file(file: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)
}

#[cfg(unix)]
fn keep_private(file: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(file)?.permissions().mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn keep_private(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_credential_opens_only_for_its_owner_under_its_key() {
        let sealer = Sealer::new([7; 32]);
        let sealed = sealer.seal(b"csk-secret", "provider-1");
        assert_eq!(sealer.open(&sealed, "provider-1").unwrap().as_slice(), b"csk-secret");
        assert_eq!(sealer.open(&sealed, "provider-2"), Err(SealError));
        assert_eq!(Sealer::new([8; 32]).open(&sealed, "provider-1"), Err(SealError));
        for at in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[at] ^= 1;
            assert_eq!(sealer.open(&damaged, "provider-1"), Err(SealError), "byte {at}");
        }
        assert_eq!(sealer.open(&sealed[..10], "provider-1"), Err(SealError));
    }

    #[test]
    fn a_signature_is_good_for_its_claim_and_key_alone() {
        let sealer = Sealer::new([7; 32]);
        let signature = sealer.sign("export 1");
        assert_eq!(signature.len(), 64);
        assert!(sealer.signed("export 1", &signature));
        assert!(!Sealer::new([8; 32]).signed("export 1", &signature));
        for (claim, signature) in [("export 2", signature.as_str()), ("export 1", ""), ("export 1", &signature[1..])] {
            assert!(!sealer.signed(claim, signature), "{claim} {signature}");
        }
    }

    #[test]
    fn sealing_twice_never_gives_the_same_bytes() {
        let sealer = Sealer::new([7; 32]);
        assert_ne!(sealer.seal(b"same", "p"), sealer.seal(b"same", "p"));
    }

    #[test]
    fn a_hint_shows_the_ends_of_long_credentials_only() {
        for (credential, shown) in [
            ("csk-0123456789abcdef9f2e", "csk-…9f2e"),
            ("sk-proj-0123456789abcdef", "sk-…cdef"),
            ("0123456789abcdef0123", "…0123"),
            ("sk-short", "…"),
            ("", ""),
            ("ключ-ключ-ключ-ключ", "ключ-…ключ"),
        ] {
            assert_eq!(hint(credential), shown, "{credential}");
        }
    }

    #[test]
    fn minted_secrets_are_base62_and_differ() {
        let (one, other) = (mint("sy-"), mint("sy-"));
        assert_ne!(one, other);
        assert!(one.starts_with("sy-") && one.len() == 35);
        assert!(one[3..].bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }

    #[test]
    fn ids_sort_by_time() {
        assert!(id(1_000) < id(2_000));
        assert_eq!(id(1_000).as_bytes()[14], b'7');
    }

    #[test]
    fn a_master_key_is_read_as_hex_or_base64() {
        let hex = "00".repeat(31) + "ff";
        let mut key = [0; 32];
        key[31] = 255;
        for text in [
            hex.as_str(),
            " AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAP8=\n",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAP8",
        ] {
            assert_eq!(master_key_from_text(text), Some(key), "{text}");
        }
        for text in ["", "secret", "00", &"0".repeat(63)] {
            assert_eq!(master_key_from_text(text), None, "{text}");
        }
    }

    #[test]
    fn the_master_key_is_made_once_and_kept_private() {
        let folder = tempfile::tempdir().unwrap();
        let made = master_key(folder.path()).unwrap();
        assert_eq!(master_key(folder.path()).unwrap(), made);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(folder.path().join("master.key")).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        std::fs::write(folder.path().join("master.key"), "nonsense").unwrap();
        assert!(matches!(master_key(folder.path()), Err(MasterKeyError::Garbled { .. })));
    }
}
