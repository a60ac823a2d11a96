//! The binary plan file: a zip with the configuration it was made of.
//!
//! Layout (`internal/plans/planfile` and `internal/configs/configload` of hashicorp/terraform): `tfplan`, `tfstate`,
//! `tfstate-prev`, `.terraform.lock.hcl`, `tfconfig/modules.json`, and `tfconfig/m-KEY/…` with the `.tf` and
//! `.tf.json` files of the module with that key (`m-` is the root, `m-a.b` is module `b` called in module `a`).

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};

use serde::Deserialize;
use zip::ZipArchive;

use super::error::printable;
use super::hcl::{SourceFile, Sources};
use super::undetermined::Undetermined;

/// Entries that are accepted.
const MAX_ENTRIES: usize = 20_000;
/// Bytes of one entry that are accepted, after decompression.
const MAX_ENTRY: u64 = 16 << 20;
/// Bytes of all entries that are read, after decompression.
const MAX_TOTAL: u64 = 256 << 20;
/// Compression that no configuration reaches, for entries above [`RATIO_FROM`].
const MAX_RATIO: u64 = 200;
const RATIO_FROM: u64 = 1 << 20;

/// What the archive says beside the plan itself.
#[derive(Clone, Debug, Default)]
pub struct Archive {
    /// The configuration's files; those that cannot be read are among its undetermined entries.
    pub sources: Sources,
    /// `tfconfig/modules.json`: the modules by key, the root's key is empty.
    pub modules: BTreeMap<String, ModuleManifest>,
    /// `.terraform.lock.hcl`.
    pub lock: Option<String>,
}

/// One module of the manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModuleManifest {
    /// Where it came from; `None` for the root.
    pub source: Option<String>,
    /// The version that was chosen, for modules of a registry.
    pub version: Option<String>,
    /// Its folder in the working directory.
    pub dir: String,
}

/// Why an archive was refused.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The reader failed.
    #[error("cannot read the plan file: {0}")]
    Io(#[from] std::io::Error),
    /// No zip.
    #[error(
        "this is not a plan file of Terraform or OpenTofu (it is no zip archive); give the file that `terraform plan \
         -out=PLANFILE` wrote"
    )]
    NotAnArchive,
    /// OpenTofu's encryption: JSON around the sealed archive.
    #[error("the plan file is encrypted by OpenTofu; give the output of `tofu show -json PLANFILE`, run with the key")]
    Encrypted,
    /// A damaged zip.
    #[error("the plan file is damaged ({0}); plan again")]
    Damaged(String),
    /// A zip without a plan in it.
    #[error(
        "the archive holds no `tfplan` and so is no plan file; give the file that `terraform plan -out=PLANFILE` wrote"
    )]
    NoPlan,
    /// Beyond what any plan needs: a zip bomb.
    #[error("the plan file is refused: {what}; no plan of Terraform is like that")]
    TooLarge {
        /// Which limit was passed.
        what: &'static str,
    },
    /// Two entries with one name, so that two readers could see two configurations.
    #[error("the plan file names an entry twice; plan again")]
    DuplicateEntry,
}

/// Whether bytes start like a binary plan file, and not like JSON.
pub fn is_archive(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06")
}

/// Reads the configuration out of a binary plan file.
///
/// # Errors
///
/// What is no plan file, is damaged, or passes a limit. A file of the configuration that cannot be read is not an
/// error but an undetermined entry: the plan's JSON can still be judged.
pub fn read(mut reader: impl Read + Seek) -> Result<Archive, ArchiveError> {
    let mut head = [0; 4096];
    let count = read_up_to(&mut reader, &mut head)?;
    let head = head.get(..count).unwrap_or_default();
    if !is_archive(head) {
        let sealed = memchr::memmem::find(head, b"\"encrypted_data\"").is_some();
        return Err(if sealed { ArchiveError::Encrypted } else { ArchiveError::NotAnArchive });
    }
    let recorded = recorded_entries(&mut reader)?;
    reader.rewind()?;
    let mut zip = ZipArchive::new(reader).map_err(|error| ArchiveError::Damaged(printable(&error.to_string())))?;
    if zip.len() > MAX_ENTRIES || recorded.is_some_and(|recorded| recorded > MAX_ENTRIES) {
        return Err(ArchiveError::TooLarge { what: "it has more than 20,000 entries" });
    }
    if recorded.is_some_and(|recorded| recorded != zip.len()) {
        return Err(ArchiveError::DuplicateEntry);
    }
    let mut archive = Archive::default();
    let mut files = Vec::new();
    let (mut plan, mut total, mut manifest) = (false, 0, None);
    for index in 0..zip.len() {
        let mut entry = zip.by_index(index).map_err(|error| ArchiveError::Damaged(printable(&error.to_string())))?;
        let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        plan |= name == "tfplan";
        let wanted = name == ".terraform.lock.hcl" || name == "tfconfig/modules.json" || source_of(&name).is_some();
        if !wanted {
            continue;
        }
        if entry.size() > RATIO_FROM && entry.size() / entry.compressed_size().max(1) > MAX_RATIO {
            return Err(ArchiveError::TooLarge { what: "an entry is compressed more than 200 to 1" });
        }
        let mut bytes = Vec::new();
        (&mut entry)
            .take(MAX_ENTRY + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| ArchiveError::Damaged(printable(&error.to_string())))?;
        total += bytes.len() as u64;
        if bytes.len() as u64 > MAX_ENTRY {
            return Err(ArchiveError::TooLarge { what: "an entry is larger than 16 MiB" });
        }
        if total > MAX_TOTAL {
            return Err(ArchiveError::TooLarge { what: "its configuration is larger than 256 MiB" });
        }
        let Ok(text) = String::from_utf8(bytes) else {
            archive.sources.undetermined.push(unreadable(&name, "it is not UTF-8"));
            continue;
        };
        match source_of(&name) {
            Some((key, file)) => files.push((key.to_owned(), file.to_owned(), text)),
            None if name == ".terraform.lock.hcl" => archive.lock = Some(text),
            None => manifest = Some(text),
        }
    }
    if !plan {
        return Err(ArchiveError::NoPlan);
    }
    match manifest.map(|text| modules(&text)) {
        Some(Ok(modules)) => archive.modules = modules,
        Some(Err(())) => {
            archive.sources.undetermined.push(unreadable("tfconfig/modules.json", "it is not a module list"))
        }
        None => {}
    }
    let files = files.into_iter().map(|(key, file, text)| {
        let dir = archive.modules.get(&key).map_or("", |module| module.dir.as_str());
        let path = match dir {
            "" | "." if key.is_empty() || archive.modules.contains_key(&key) => file,
            "" => format!("tfconfig/m-{key}/{file}"),
            dir => format!("{}/{file}", dir.trim_end_matches('/')),
        };
        let module = key.split('.').filter(|name| !name.is_empty()).map(str::to_owned).collect();
        SourceFile { path, module, text }
    });
    let mut read = Sources::read(files);
    archive.sources.files.append(&mut read.files);
    archive.sources.undetermined.append(&mut read.undetermined);
    Ok(archive)
}

/// The module's key and the file's name, when an entry is a file of the configuration.
fn source_of(entry: &str) -> Option<(&str, &str)> {
    let (key, file) = entry.strip_prefix("tfconfig/m-")?.split_once('/')?;
    let tofu = [".tofu", ".tofu.json"];
    let terraform = [".tf", ".tf.json"];
    terraform.iter().chain(&tofu).any(|end| file.ends_with(end)).then_some((key, file))
}

fn unreadable(name: &str, what: &str) -> Undetermined {
    Undetermined::of_plan(
        "unreadable_source",
        format!(
            "`{}` in the plan file cannot be read ({what}), so code that it hides from the plan is not known; plan again",
            printable(name)
        ),
    )
}

/// One entry of a module list.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    key: String,
    source: Option<String>,
    version: Option<String>,
    #[serde(default)]
    dir: String,
}

/// Reads the archive's `modules.json`.
fn modules(text: &str) -> Result<BTreeMap<String, ModuleManifest>, ()> {
    serde_json::from_str(text).map(by_key).map_err(|_| ())
}

/// Reads the `.terraform/modules/modules.json` that `terraform init` writes (`internal/modsdir` of
/// hashicorp/terraform); `None` where it is no such list.
pub fn installed_modules(text: &str) -> Option<BTreeMap<String, ModuleManifest>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Manifest {
        modules: Vec<Entry>,
    }
    serde_json::from_str::<Manifest>(text).ok().map(|manifest| by_key(manifest.modules))
}

fn by_key(entries: Vec<Entry>) -> BTreeMap<String, ModuleManifest> {
    let module =
        |entry: Entry| (entry.key, ModuleManifest { source: entry.source, version: entry.version, dir: entry.dir });
    entries.into_iter().map(module).collect()
}

fn read_up_to(reader: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut count = 0;
    while let Some(space) = buffer.get_mut(count..).filter(|space| !space.is_empty()) {
        match reader.read(space)? {
            0 => break,
            more => count += more,
        }
    }
    Ok(count)
}

/// The number of entries that the end of the central directory records; `None` where it needs 64 bits.
///
/// The zip library joins entries of one name, so the numbers tell whether there were any.
fn recorded_entries(reader: &mut (impl Read + Seek)) -> Result<Option<usize>, ArchiveError> {
    const LONGEST: u64 = 22 + 65_535;
    let size = reader.seek(SeekFrom::End(0))?;
    reader.seek(SeekFrom::Start(size.saturating_sub(LONGEST)))?;
    let mut tail = Vec::new();
    reader.take(LONGEST).read_to_end(&mut tail)?;
    let Some(at) = memchr::memmem::rfind(&tail, b"PK\x05\x06") else {
        return Err(ArchiveError::Damaged("its end is missing".into()));
    };
    let field = tail.get(at + 10..at + 12).and_then(|field| <[u8; 2]>::try_from(field).ok());
    let count = field.map(u16::from_le_bytes).ok_or_else(|| ArchiveError::Damaged("its end is cut off".into()))?;
    Ok((count != u16::MAX).then_some(usize::from(count)))
}
