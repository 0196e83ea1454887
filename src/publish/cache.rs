//! Which editions stand ready to be sent, each rendered and compressed once for each of its versions?

use std::collections::HashMap;
use std::io::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use hyper::header::HeaderValue;
use tokio::sync::{Mutex, OnceCell, Semaphore};

use crate::model::{Edition, EditionQuery};

use super::negotiation::Coding;
use super::{Refusal, Server, count};

/// Of gzip's nine; 9 saves one part in a hundred more, for three times the work.
const GZIP_LEVEL: u32 = 6;
/// Of brotli's eleven: smaller than gzip's best, in the time of gzip's 6; from 10 on it takes twenty times as long.
const BROTLI_QUALITY: u32 = 5;
/// Window of brotli, log2 of bytes: 4 MiB, more than most editions have.
const BROTLI_WINDOW: u32 = 22;

/// Editions by address (`main`, `main?lang=it`). Those of the configuration stay; of those asked for by parameters
/// only so many are kept, the least recently asked for go first.
pub(super) struct Cache {
    slots: RwLock<HashMap<String, Arc<Slot>>>,
    editions_max: usize,
    bytes_max: usize,
    /// Counts requests, as a clock of their order.
    tick: AtomicU64,
    /// Editions are composed two at a time, whoever asks.
    composing: Semaphore,
}

/// One address.
#[derive(Default)]
struct Slot {
    issue: RwLock<Option<Arc<Issue>>>,
    /// The site's state in which `issue` was last found to stand.
    state: AtomicU64,
    used: AtomicU64,
    refreshing: Mutex<()>,
}

/// One version of an edition.
struct Issue {
    edition: Arc<Edition>,
    /// In the order of the server's formats.
    forms: Vec<Form>,
    modified: SystemTime,
    modified_header: HeaderValue,
}

/// One version in one format.
#[derive(Default)]
struct Form {
    /// With the tags of all codings, the plain one's first: made once, for most answers are a tag alone.
    plain: OnceCell<(Sent, [HeaderValue; 3])>,
    gzip: OnceCell<Sent>,
    brotli: OnceCell<Sent>,
}

/// Bytes as they are sent.
#[derive(Clone)]
pub(super) struct Sent {
    pub(super) bytes: Bytes,
    /// Strong: its own for each coding (RFC 9110 §8.8.3.3).
    pub(super) tag: HeaderValue,
}

/// A version in one format: what can be sent, and the tags of all its codings.
pub(super) struct Ready {
    pub(super) sent: Sent,
    pub(super) tags: [HeaderValue; 3],
    /// What `Last-Modified` says.
    pub(super) modified: SystemTime,
    pub(super) modified_header: HeaderValue,
    /// Where changes are told (WebSub §4), if anywhere.
    pub(super) link: Option<HeaderValue>,
}

impl Cache {
    pub(super) fn new(editions_max: usize, bytes_max: usize) -> Self {
        Self {
            slots: RwLock::default(),
            editions_max,
            bytes_max,
            tick: AtomicU64::new(0),
            composing: Semaphore::new(2),
        }
    }

    /// The edition at this address, in the format of this index.
    pub(super) async fn ready(
        &self,
        server: &Arc<Server>,
        id: &str,
        query: &EditionQuery,
        format: usize,
        coding: Coding,
    ) -> Result<Ready, Refusal> {
        let issue = self.issue(server, id, query).await?;
        let form = &issue.forms[format];
        let (plain, tags) = form.plain.get_or_try_init(|| render(server, &issue.edition, format)).await?;
        let sent = match coding {
            Coding::Identity => plain,
            Coding::Gzip => form.gzip.get_or_try_init(|| compress(server, plain, gzip, "g")).await?,
            Coding::Brotli => form.brotli.get_or_try_init(|| compress(server, plain, brotli, "b")).await?,
        };
        let sent = sent.clone();
        let tags = tags.clone();
        let link = issue.link(server.formats[format].ending);
        Ok(Ready { link, sent, tags, modified: issue.modified, modified_header: issue.modified_header.clone() })
    }

    /// The version that stands now; composed by one request where it may have moved, while others wait for it.
    async fn issue(&self, server: &Arc<Server>, id: &str, query: &EditionQuery) -> Result<Arc<Issue>, Refusal> {
        let state = server.site.state();
        let plain = query.is_empty();
        let key = if plain { id.to_owned() } else { format!("{id}?{query}") };
        let slot = self.slot(&key);
        slot.used.store(self.tick.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        if let Some(issue) = slot.standing(state) {
            return Ok(issue);
        }
        let _one = slot.refreshing.lock().await;
        if let Some(issue) = slot.standing(state) {
            return Ok(issue);
        }
        let edition = {
            let _turn = self.composing.acquire().await;
            let (server, id, query) = (server.clone(), id.to_owned(), query.clone());
            blocking(move || server.site.edition(&id, &query)).await.flatten()
        };
        let edition = edition.inspect_err(|_| self.drop_empty(&key))?;
        let last = slot.issue.read().ok().and_then(|issue| issue.clone());
        let issue = last
            .filter(|last| Arc::ptr_eq(&last.edition, &edition) || last.edition == edition)
            .unwrap_or_else(|| Arc::new(Issue::new(edition, server.formats.len())));
        if let Ok(mut place) = slot.issue.write() {
            *place = Some(issue.clone());
        }
        slot.state.store(state, Ordering::Release);
        if !plain {
            self.bound();
        }
        Ok(issue)
    }

    /// The slot of an address, made before its first edition is: so that all who ask wait for one composing.
    fn slot(&self, key: &str) -> Arc<Slot> {
        let found = self.slots.read().ok().and_then(|slots| slots.get(key).cloned());
        found.unwrap_or_else(|| match self.slots.write() {
            Ok(mut slots) => slots.entry(key.to_owned()).or_default().clone(),
            Err(_) => Arc::default(),
        })
    }

    /// Forgets an address at which there is nothing: nobody fills the memory with names.
    fn drop_empty(&self, key: &str) {
        let is_empty = |slot: &Slot| slot.issue.read().is_ok_and(|issue| issue.is_none());
        if let Ok(mut slots) = self.slots.write()
            && slots.get(key).is_some_and(|slot| is_empty(slot))
        {
            slots.remove(key);
        }
    }

    /// Lets go of the editions by parameters that are too many.
    fn bound(&self) {
        let Ok(mut slots) = self.slots.write() else { return };
        let mut asked: Vec<(u64, String, usize)> = slots
            .iter()
            .filter(|(key, _)| key.contains('?'))
            .map(|(key, slot)| (slot.used.load(Ordering::Relaxed), key.clone(), slot.bytes()))
            .collect();
        asked.sort();
        let mut bytes: usize = asked.iter().map(|(_, _, bytes)| bytes).sum();
        let mut number = asked.len();
        for (_, key, its) in asked {
            if number <= self.editions_max && bytes <= self.bytes_max {
                break;
            }
            slots.remove(&key);
            number -= 1;
            bytes -= its;
        }
    }
}

impl Slot {
    /// The version at hand, where nothing moved since it was looked at.
    fn standing(&self, state: u64) -> Option<Arc<Issue>> {
        let issue = self.issue.read().ok()?.clone();
        issue.filter(|_| self.state.load(Ordering::Acquire) == state)
    }

    /// Its share of memory, as the cache counts it: the texts, and every body made of them.
    fn bytes(&self) -> usize {
        let Some(issue) = self.issue.read().ok().and_then(|issue| issue.clone()) else { return 0 };
        let texts = issue.edition.items.iter().map(|item| {
            2_048 + item.content.as_ref().map_or(0, String::len) + item.summary.as_ref().map_or(0, String::len)
        });
        let plain = issue.forms.iter().filter_map(|form| form.plain.get()).map(|(sent, _)| sent.bytes.len());
        let packed = issue.forms.iter().flat_map(|form| [&form.gzip, &form.brotli]);
        let packed = packed.filter_map(OnceCell::get).map(|sent| sent.bytes.len());
        texts.chain(plain).chain(packed).sum()
    }
}

impl Issue {
    fn new(edition: Arc<Edition>, formats: usize) -> Self {
        let seconds = u64::try_from(edition.updated.timestamp()).unwrap_or(0);
        let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let date = httpdate::fmt_http_date(modified);
        let modified_header = HeaderValue::from_str(&date).unwrap_or(HeaderValue::from_static("0"));
        let forms = std::iter::repeat_with(Form::default).take(formats).collect();
        Self { edition, forms, modified, modified_header }
    }

    /// The hubs and the topic, as header field.
    fn link(&self, ending: &str) -> Option<HeaderValue> {
        if self.edition.hubs.is_empty() {
            return None;
        }
        let hubs = self.edition.hubs.iter().map(|hub| format!("<{hub}>; rel=\"hub\", "));
        let text = format!("{}<{}>; rel=\"self\"", hubs.collect::<String>(), self.edition.address(ending));
        HeaderValue::from_str(&text).ok()
    }
}

/// Runs on the blocking pool; a panic there is this answer's failure, not the server's.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Refusal> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "failed to prepare an answer");
        Refusal::NotReady
    })
}

async fn render(
    server: &Arc<Server>,
    edition: &Arc<Edition>,
    format: usize,
) -> Result<(Sent, [HeaderValue; 3]), Refusal> {
    let (server, edition) = (server.clone(), edition.clone());
    blocking(move || {
        let (bytes, took) = timed(|| (server.formats[format].render)(&edition));
        count(&server.counts.renders);
        server.counts.render_us.fetch_add(took.as_micros().try_into().unwrap_or(u64::MAX), Ordering::Relaxed);
        let tag = tag(&bytes);
        let tags = [tag.clone(), suffixed(&tag, "g"), suffixed(&tag, "b")];
        (Sent { bytes: Bytes::from(bytes), tag }, tags)
    })
    .await
}

#[expect(clippy::disallowed_methods, reason = "a span for /metrics: no answer depends on it")]
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = std::time::Instant::now();
    let done = work();
    (done, start.elapsed())
}

async fn compress(server: &Arc<Server>, plain: &Sent, how: fn(&[u8]) -> Vec<u8>, mark: &str) -> Result<Sent, Refusal> {
    let (server, tag, bytes) = (server.clone(), suffixed(&plain.tag, mark), plain.bytes.clone());
    blocking(move || {
        count(&server.counts.compressions);
        Sent { bytes: Bytes::from(how(&bytes)), tag }
    })
    .await
}

/// A strong entity tag: the version 5 UUID of the bytes, so that equal bytes have equal tags on every machine.
pub(super) fn tag(bytes: &[u8]) -> HeaderValue {
    let id = uuid::Uuid::new_v5(&crate::model::entry::NAMESPACE, bytes);
    HeaderValue::from_str(&format!("\"{}\"", id.simple())).unwrap_or(HeaderValue::from_static("\"\""))
}

/// The tag of another coding of the same bytes.
fn suffixed(tag: &HeaderValue, mark: &str) -> HeaderValue {
    let text = tag.to_str().unwrap_or_default().trim_matches('"');
    HeaderValue::from_str(&format!("\"{text}-{mark}\"")).unwrap_or_else(|_| tag.clone())
}

/// In memory nothing can fail to be written; were it otherwise, the plain body would go out under the wrong name, so
/// an empty one stands for it and is seen.
pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(GZIP_LEVEL));
    let written = encoder.write_all(bytes);
    written.and_then(|()| encoder.finish()).unwrap_or_default()
}

pub(super) fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    {
        let mut encoder = brotli::CompressorWriter::new(&mut out, 4_096, BROTLI_QUALITY, BROTLI_WINDOW);
        // As above.
        let _ = encoder.write_all(bytes).and_then(|()| encoder.flush());
    }
    out
}
