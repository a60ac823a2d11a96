//! Buckets as stores: S3, Google Cloud Storage and Azure Blob Storage, through the crate `object_store`.

use object_store::path::Path;
use object_store::{Error, GetOptions, ObjectStore as Bucket, PutMode, PutOptions, PutPayload};
use tokio::runtime::{Builder, Runtime};

use super::{Created, ObjectStore, StoreError, check_key, without_credentials};

/// Objects larger than this are not ours.
const MAX_BYTES: u64 = 1 << 30;
/// Variables that configure a bucket; nothing else of the environment is read.
const VARIABLES: [&str; 3] = ["AWS_", "GOOGLE_", "AZURE_"];

/// A bucket, or a folder of one, whose objects are written once.
#[derive(Debug)]
pub struct CloudStore {
    bucket: Box<dyn Bucket>,
    root: Path,
    name: String,
    runtime: Runtime,
}

impl CloudStore {
    /// The store behind `s3://BUCKET/PATH`, `gs://BUCKET/PATH` or `az://CONTAINER/PATH`, with credentials and
    /// endpoint from variables such as `AWS_REGION` and `AZURE_STORAGE_ACCOUNT_NAME`, as the cloud's own tools read
    /// them.
    ///
    /// # Errors
    /// [`StoreError::Url`] for anything else, and for addresses with credentials or a query;
    /// [`StoreError::Io`] if the client cannot start.
    pub fn open(url: &str, variables: impl IntoIterator<Item = (String, String)>) -> Result<Self, StoreError> {
        let wrong = || StoreError::Url(without_credentials(url));
        let known = ["s3://", "gs://", "az://"].iter().any(|scheme| url.starts_with(scheme));
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:".contains(&byte);
        if !known || !url.bytes().all(plain) || url.contains("..") {
            return Err(wrong());
        }
        let failed =
            |error: String| StoreError::Io { action: "open", key: String::new(), store: url.to_owned(), error };
        // Whoever installed a provider before has installed this one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let variables = variables.into_iter().filter(|(name, _)| VARIABLES.iter().any(|known| name.starts_with(known)));
        // Of the three, `object_store` alone lets Google's be asked over plain HTTP without having been told to.
        let variables = [("GOOGLE_ALLOW_HTTP".to_owned(), "false".to_owned())].into_iter().chain(variables);
        let parsed = url.parse().map_err(|_| wrong())?;
        let (bucket, root) =
            object_store::parse_url_opts(&parsed, variables).map_err(|error| failed(one_line(&error)))?;
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| failed(error.to_string()))?;
        Ok(Self { bucket, root, name: url.to_owned(), runtime })
    }

    fn path(&self, key: &str) -> Result<Path, StoreError> {
        check_key(key)?;
        let whole = if self.root.as_ref().is_empty() { key.to_owned() } else { format!("{}/{key}", self.root) };
        Path::parse(whole).map_err(|_| StoreError::Name(key.to_owned()))
    }

    fn error(&self, action: &'static str, key: &str, error: &Error) -> StoreError {
        StoreError::Io { action, key: key.to_owned(), store: self.name(), error: one_line(error) }
    }
}

impl ObjectStore for CloudStore {
    /// A creation whose answer was lost is tried again and finds its own object: [`Created::Existed`], which denies
    /// a claim and makes the ledger take the next number.
    fn create(&self, key: &str, bytes: &[u8]) -> Result<Created, StoreError> {
        let path = self.path(key)?;
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        let payload = PutPayload::from(bytes.to_vec());
        match self.runtime.block_on(self.bucket.put_opts(&path, payload, options)) {
            Ok(_) => Ok(Created::New),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(Created::Existed),
            Err(error) => Err(self.error("create", key, &error)),
        }
    }

    fn read(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.path(key)?;
        let answer = self.runtime.block_on(async {
            let found = self.bucket.get_opts(&path, GetOptions::default()).await?;
            if found.meta.size > MAX_BYTES {
                return Ok(None);
            }
            found.bytes().await.map(Some)
        });
        match answer {
            Ok(Some(bytes)) => Ok(Some(bytes.to_vec())),
            Ok(None) => Err(StoreError::Io {
                action: "read",
                key: key.to_owned(),
                store: self.name(),
                error: "larger than 1 GiB".to_owned(),
            }),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.error("read", key, &error)),
        }
    }

    fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let bare = prefix.strip_suffix('/').unwrap_or(prefix);
        let path = self.path(bare)?;
        let listed = self.runtime.block_on(self.bucket.list_with_delimiter(Some(&path)));
        let listed = listed.map_err(|error| self.error("list", prefix, &error))?;
        let mut names: Vec<String> = listed
            .objects
            .iter()
            .filter_map(|object| object.location.filename().map(|name| format!("{bare}/{name}")))
            .collect();
        names.sort();
        Ok(names)
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

/// One line, without what follows a question mark: a query may hold a signature.
fn one_line(error: &Error) -> String {
    let text = error.to_string();
    let words: Vec<&str> = text.split_whitespace().map(|word| word.split('?').next().unwrap_or_default()).collect();
    words.join(" ").chars().take(400).collect()
}
