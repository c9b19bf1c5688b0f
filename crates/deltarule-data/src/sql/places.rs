//! Files on this machine, and objects in stores and on hosts, by their names.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::prelude::SessionContext;
use futures::TryStreamExt;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::http::HttpBuilder;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{ClientConfigKey, ObjectMeta, ObjectStore, ObjectStoreExt, RetryConfig};
use tempfile::NamedTempFile;
use url::Url;

use super::failure::of_store;
use super::read_once;
use crate::error::{DataError, Result, Spilled};
use crate::files::{find_files, is_url};

/// How many bytes are asked for at a time where an object is copied.
const PART: u64 = 8 << 20;
/// How long a connection may take to come about, and a request to be answered in full.
const CONNECT: &str = "10 seconds";
const ANSWER: &str = "60 seconds";
/// What is asked again, and how long.
const RETRIES: usize = 2;
const RETRY: Duration = Duration::from_secs(20);

/// A file or an object.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// Its path or address, for messages.
    pub(super) name: String,
    /// Its path, if it is on this machine.
    pub(super) path: Option<PathBuf>,
    pub(super) store: Arc<dyn ObjectStore>,
    /// What DataFusion knows the store by.
    pub(super) store_url: ObjectStoreUrl,
    pub(super) meta: ObjectMeta,
}

/// The stores that were opened, each of which DataFusion knows by its number.
#[derive(Debug, Default)]
pub(super) struct Places {
    stores: Vec<(String, ObjectStoreUrl, Arc<dyn ObjectStore>)>,
}

impl Places {
    /// What some names stand for, in their order; what fits a pattern is sorted by its bytes.
    ///
    /// Errors: no name fits, a store cannot be reached, there is no such object.
    pub(super) async fn find(&mut self, context: &SessionContext, names: &[PathBuf]) -> Result<Vec<Place>> {
        let mut found = Vec::new();
        for name in names {
            if is_url(name) {
                found.extend(self.find_url(context, &name.to_string_lossy()).await?);
                continue;
            }
            for path in find_files(std::slice::from_ref(name))? {
                found.push(self.file(context, path).await?);
            }
        }
        Ok(found)
    }

    async fn file(&mut self, context: &SessionContext, path: PathBuf) -> Result<Place> {
        let name = path.display().to_string();
        let (store, store_url) = self.store(context, "file://", |_| Ok(Arc::new(LocalFileSystem::new())))?;
        let io = |error| DataError::Io { file: name.clone(), error };
        let about = path.metadata().map_err(io)?;
        if about.is_dir() {
            return Err(DataError::Folder { file: name });
        }
        if !about.is_file() {
            return Err(read_once(&name));
        }
        let key = Key::from_filesystem_path(&path).map_err(|error| of_store(&name, error.into()))?;
        let meta = store.head(&key).await.map_err(|error| of_store(&name, error))?;
        Ok(Place { name, path: Some(path), store, store_url, meta })
    }

    async fn find_url(&mut self, context: &SessionContext, url: &str) -> Result<Vec<Place>> {
        let refused = |reason: &str, advice: &str| {
            let (name, reason, advice) = (url.to_owned(), reason.to_owned(), advice.to_owned());
            DataError::Place { name, reason, advice }
        };
        let (root, key) = split(url);
        let is_host = root.starts_with("http");
        let (store, store_url) = self.store(context, root, |root| open(root, url))?;
        if key.is_empty() || key.ends_with('/') {
            let advice =
                if is_host { "name a file on it" } else { "name an object in it, or a pattern such as part-*.parquet" };
            return Err(refused("is a folder or a bucket", advice));
        }
        if is_host && key.contains(['?', '#']) {
            let advice = "expected an address that ends with the path; download it first, or use s3://, gs:// or az:// with credentials";
            return Err(refused("has a question mark or a fragment, as addresses with a signature have", advice));
        }
        if !key.contains(['*', '?', '[']) {
            let key = if is_host { Key::from_url_path(key) } else { Key::parse(key) };
            let key = key.map_err(|error| of_store(url, error.into()))?;
            let meta = store.head(&key).await.map_err(|error| of_store(url, error))?;
            return Ok(vec![Place { name: url.to_owned(), path: None, store, store_url, meta }]);
        }
        if is_host {
            return Err(refused("is a pattern, and a host has no list of its files", "name each of them"));
        }
        let pattern = glob::Pattern::new(key)
            .map_err(|error| DataError::Pattern { pattern: url.to_owned(), reason: error.msg })?;
        let folder = key
            .split(['*', '?', '['])
            .next()
            .and_then(|plain| plain.rsplit_once('/'))
            .map(|(folder, _)| Key::from(folder));
        let options = glob::MatchOptions { require_literal_separator: true, ..Default::default() };
        let all: Vec<ObjectMeta> =
            store.list(folder.as_ref()).try_collect().await.map_err(|error| of_store(url, error))?;
        let mut fitting: Vec<ObjectMeta> =
            all.into_iter().filter(|meta| pattern.matches_with(meta.location.as_ref(), options)).collect();
        if fitting.is_empty() {
            let folder = format!("{root}/{}", folder.unwrap_or_default());
            return Err(DataError::NoMatch { pattern: url.to_owned(), folder });
        }
        fitting.sort_by(|a, b| a.location.as_ref().as_bytes().cmp(b.location.as_ref().as_bytes()));
        let place = |meta: ObjectMeta| {
            let name = format!("{root}/{}", meta.location);
            Place { name, path: None, store: Arc::clone(&store), store_url: store_url.clone(), meta }
        };
        Ok(fitting.into_iter().map(place).collect())
    }

    /// The store at an address, which is opened once.
    fn store(
        &mut self,
        context: &SessionContext,
        root: &str,
        open: impl FnOnce(&str) -> Result<Arc<dyn ObjectStore>>,
    ) -> Result<(Arc<dyn ObjectStore>, ObjectStoreUrl)> {
        if let Some((_, url, store)) = self.stores.iter().find(|(known, ..)| known == root) {
            return Ok((Arc::clone(store), url.clone()));
        }
        let store = open(root)?;
        let url = ObjectStoreUrl::parse(format!("store://{}", self.stores.len()));
        let url = url.map_err(|error| unknown(root, &error.to_string()))?;
        context.register_object_store(url.as_ref(), Arc::clone(&store));
        self.stores.push((root.to_owned(), url.clone(), Arc::clone(&store)));
        Ok((store, url))
    }
}

/// An address as that of its store, and what the object is called there.
fn split(url: &str) -> (&str, &str) {
    let after = url.find("://").map_or(0, |place| place + 3);
    match url[after..].find('/') {
        Some(slash) => (&url[..after + slash], &url[after + slash + 1..]),
        None => (url, ""),
    }
}

fn unknown(root: &str, reason: &str) -> DataError {
    DataError::Place {
        name: root.to_owned(),
        reason: reason.to_owned(),
        advice: "expected s3://bucket/…, gs://bucket/…, az://container/…, http://host/… or https://host/…".to_owned(),
    }
}

/// Opens the store of an address with what the environment says of it, such as `AWS_ACCESS_KEY_ID`.
///
/// Errors: there is none of this kind, or what the environment says makes no sense.
fn open(root: &str, url: &str) -> Result<Arc<dyn ObjectStore>> {
    let retry = RetryConfig { max_retries: RETRIES, retry_timeout: RETRY, ..RetryConfig::default() };
    let limits = [(ClientConfigKey::ConnectTimeout, CONNECT), (ClientConfigKey::Timeout, ANSWER)];
    let scheme = root.split("://").next().unwrap_or_default().to_ascii_lowercase();
    Url::parse(root).map_err(|error| unknown(url, &format!("is no address: {error}")))?;
    let store: object_store::Result<Arc<dyn ObjectStore>> = match scheme.as_str() {
        "s3" | "s3a" => {
            let builder = AmazonS3Builder::from_env().with_url(root).with_retry(retry);
            let with = |it: AmazonS3Builder, (key, value)| it.with_config(AmazonS3ConfigKey::Client(key), value);
            limits.into_iter().fold(builder, with).build().map(|store| Arc::new(store) as _)
        }
        "gs" => {
            let builder = GoogleCloudStorageBuilder::from_env().with_url(root).with_retry(retry);
            let with =
                |it: GoogleCloudStorageBuilder, (key, value)| it.with_config(GoogleConfigKey::Client(key), value);
            limits.into_iter().fold(builder, with).build().map(|store| Arc::new(store) as _)
        }
        "az" | "azure" | "adl" | "abfs" | "abfss" => {
            let builder = MicrosoftAzureBuilder::from_env().with_url(root).with_retry(retry);
            let with = |it: MicrosoftAzureBuilder, (key, value)| it.with_config(AzureConfigKey::Client(key), value);
            limits.into_iter().fold(builder, with).build().map(|store| Arc::new(store) as _)
        }
        "http" | "https" => {
            let builder =
                HttpBuilder::new().with_url(root).with_retry(retry).with_config(ClientConfigKey::AllowHttp, "true");
            let with = |it: HttpBuilder, (key, value)| it.with_config(key, value);
            limits.into_iter().fold(builder, with).build().map(|store| Arc::new(store) as _)
        }
        _ => return Err(unknown(url, &format!("found {scheme}, a kind of store that is not known"))),
    };
    store.map_err(|error| of_store(url, error))
}

impl Place {
    /// The first bytes.
    ///
    /// Errors: those of the store.
    pub(super) async fn start(&self) -> Result<Vec<u8>> {
        let end = self.meta.size.min(8);
        if end == 0 {
            return Err(DataError::Empty { file: self.name.clone() });
        }
        self.part(0..end).await
    }

    /// Some of the bytes; a host that gives no parts is asked for all of a small file.
    async fn part(&self, range: std::ops::Range<u64>) -> Result<Vec<u8>> {
        let key = &self.meta.location;
        match self.store.get_range(key, range.clone()).await {
            Ok(bytes) => Ok(bytes.to_vec()),
            Err(object_store::Error::NotSupported { .. }) if self.meta.size <= PART => {
                let whole = async { self.store.get(key).await?.bytes().await }.await;
                let whole = whole.map_err(|error| of_store(&self.name, error))?;
                Ok(whole.get(range.start as usize..range.end as usize).unwrap_or_default().to_vec())
            }
            Err(error) => Err(of_store(&self.name, error)),
        }
    }

    /// A copy in the folder of temporary files.
    ///
    /// Errors: those of the store; it changes on the way; the disk is full.
    pub(super) async fn copy(&self) -> Result<NamedTempFile> {
        let place = std::env::temp_dir().display().to_string();
        let unwritten = |error| DataError::Spill { place: place.clone(), spilled: Spilled::Object, error };
        let mut copy = NamedTempFile::new().map_err(unwritten)?;
        let mut at = 0;
        while at < self.meta.size {
            let part = self.part(at..(at + PART).min(self.meta.size)).await?;
            if part.is_empty() {
                break;
            }
            at += part.len() as u64;
            copy.write_all(&part).map_err(unwritten)?;
        }
        self.is_unchanged().await?;
        Ok(copy)
    }

    /// Errors: it is not as it was when it was found.
    pub(super) async fn is_unchanged(&self) -> Result<()> {
        let now = self.store.head(&self.meta.location).await.map_err(|error| of_store(&self.name, error))?;
        match now.size == self.meta.size && now.e_tag == self.meta.e_tag && now.last_modified == self.meta.last_modified
        {
            true => Ok(()),
            false => Err(DataError::Changed { file: self.name.clone() }),
        }
    }
}
