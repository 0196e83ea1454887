//! Bytes -> readers, over HTTP: who is answered, and how long may it take?
//!
//! This room knows no other: what there is to read comes from a [`Site`]. It stands on hyper alone: two kinds of address
//! need no router, and each layer between costs a share of what a 304 costs.

mod answer;
mod cache;
mod conditional;
mod negotiation;
mod pace;
mod packed;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use hyper::header::HeaderValue;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::model::{Edition, EditionQuery, Format, Language};

use pace::Paced;
use packed::Packed;

/// What there is to read. Its methods are called on threads that may block.
pub trait Site: Send + Sync + 'static {
    /// A number that moves whenever an edition may have moved. Called at every request: an atomic load.
    fn state(&self) -> u64;

    /// The edition that stands now.
    ///
    /// # Errors
    /// Why there is none.
    fn edition(&self, id: &str, query: &EditionQuery) -> Result<Arc<Edition>, Refusal>;

    /// Any other page; `None` where there is nothing at this path.
    fn page(&self, ask: &Ask) -> Option<Page>;
}

/// Why an edition cannot be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// No edition has this name: 404.
    Unknown,
    /// The query asks for what the edition does not have, in a sentence: 400.
    Bad(String),
    /// Not yet: 503.
    NotReady,
}

/// A request for a page.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ask {
    /// The path, decoded, with its leading slash.
    pub path: String,
    /// The query, decoded, in order.
    pub query: Vec<(String, String)>,
    /// Languages of the reader, the dearest first.
    pub languages: Vec<Language>,
}

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Status code.
    pub status: u16,
    /// Media type, with charset.
    pub media_type: &'static str,
    /// The body.
    pub body: Bytes,
    /// For how many seconds it may be kept without asking again.
    pub max_age_s: u32,
    /// Where to go instead, for a status of 3xx.
    pub location: Option<String>,
}

impl Page {
    /// A page that a browser asks for again each time.
    pub fn html(body: String) -> Self {
        Self::new(200, "text/html; charset=utf-8", body)
    }

    /// A page of any kind, to be asked for again each time.
    pub fn new(status: u16, media_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self { status, media_type, body: body.into(), max_age_s: 0, location: None }
    }
}

/// How much anybody may take.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections at a time; further ones wait in the listener's queue.
    pub connections: usize,
    /// For a request's headers, and for a connection without a request.
    pub header_timeout: Duration,
    /// A reader must take [`Limits::write_bytes_min`] in each such span.
    pub write_window: Duration,
    /// See `write_window`.
    pub write_bytes_min: u64,
    /// For answers under way when the server stops.
    pub drain: Duration,
    /// Editions kept that were asked for by parameters.
    pub editions: usize,
    /// Bytes of such editions kept.
    pub edition_bytes: usize,
    /// Seconds for which a feed may be kept without asking again.
    pub feed_max_age_s: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // A connection costs about 20 KiB: 40 MiB at the most.
            connections: 2_048,
            header_timeout: Duration::from_secs(10),
            // 1 KiB/s: a tenth of what the slowest mobile network in use gives.
            write_window: Duration::from_secs(20),
            write_bytes_min: 20 << 10,
            // Below the ten seconds that a container runtime grants after SIGTERM.
            drain: Duration::from_secs(8),
            editions: 128,
            edition_bytes: 32 << 20,
            // Readers that obey it ask no more than this; none asks more often in earnest.
            feed_max_age_s: 300,
        }
    }
}

/// What was done since the start, for `/metrics`.
#[derive(Debug, Default)]
pub struct Counts {
    /// Answers by class of status: 1xx at 0 to 5xx at 4.
    pub answers: [AtomicU64; 5],
    /// Answers of 304.
    pub not_modified: AtomicU64,
    /// Editions rendered.
    pub renders: AtomicU64,
    /// Microseconds spent rendering.
    pub render_us: AtomicU64,
    /// Bodies compressed.
    pub compressions: AtomicU64,
    /// Connections open.
    pub connections: AtomicU64,
}

/// One more.
fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Bytes that wait in the kernel for one reader, at the most (Linux doubles it for its own bookkeeping).
const SEND_BUFFER_BYTES: usize = 256 << 10;

/// What all connections share.
struct Server {
    site: Arc<dyn Site>,
    formats: &'static [Format],
    limits: Limits,
    counts: Arc<Counts>,
    cache: cache::Cache,
    /// What `Cache-Control` says of a feed.
    feeds_kept_for: HeaderValue,
    packed: Packed,
    /// Pages are made on the blocking pool, so many at a time.
    pages: Semaphore,
}

/// Serves until `shutdown` resolves; then answers what is under way, for [`Limits::drain`] at the most.
pub async fn serve(
    listener: TcpListener,
    site: Arc<dyn Site>,
    formats: &'static [Format],
    limits: Limits,
    counts: Arc<Counts>,
    shutdown: impl Future<Output = ()>,
) {
    // Connections inherit it. The kernel would let the buffer of each slow reader grow to 4 MiB of its own memory; this
    // takes a usual edition whole, and a thousand of them are bounded.
    if let Err(error) = socket2::SockRef::from(&listener).set_send_buffer_size(SEND_BUFFER_BYTES) {
        tracing::debug!(%error, "the size of send buffers is the system's");
    }
    let places = Arc::new(Semaphore::new(limits.connections));
    let drain = limits.drain;
    let cache = cache::Cache::new(limits.editions, limits.edition_bytes);
    let feeds_kept_for = answer::kept_for(limits.feed_max_age_s);
    let packed = Packed::default();
    let pages = Semaphore::new(4);
    let server = Arc::new(Server { site, formats, limits, counts, cache, feeds_kept_for, packed, pages });
    let (stop, stopped) = watch::channel(false);
    let mut connections = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        let next = async {
            // Closed by nobody: an error cannot come.
            let place = places.clone().acquire_owned().await.ok();
            (listener.accept().await, place)
        };
        tokio::select! {
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => {}
            (accepted, place) = next => match accepted {
                Ok((stream, _)) => {
                    let (server, stopped) = (server.clone(), stopped.clone());
                    connections.spawn(async move {
                        connection(server, stream, stopped).await;
                        drop(place);
                    });
                }
                Err(error) => refused(&error).await,
            },
        }
    }
    drop(listener);
    let _ = stop.send(true);
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(drain, all).await.is_err() {
        tracing::info!(readers = connections.len(), "stopped without waiting for slow readers");
        connections.shutdown().await;
    }
}

/// A connection that was not taken: mostly one that its client gave up; but where files run out, asking again at once
/// would only burn the processor.
async fn refused(error: &io::Error) {
    if !matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) {
        tracing::warn!(%error, "failed to accept a connection");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn connection(server: Arc<Server>, stream: TcpStream, mut stopped: watch::Receiver<bool>) {
    let _ = stream.set_nodelay(true);
    let limits = &server.limits;
    let io = Paced::new(stream, limits.write_window, limits.write_bytes_min);
    server.counts.connections.fetch_add(1, Ordering::Relaxed);
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(limits.header_timeout).max_buf_size(16 << 10);
    let service = service_fn(|request| answer::answer(&server, request));
    let connection = builder.serve_connection(TokioIo::new(io), service);
    tokio::pin!(connection);
    // The guard of the watched value must not live on while the connection is waited for.
    let stop = async { stopped.wait_for(|stopped| *stopped).await.map(drop) };
    let ended = tokio::select! {
        ended = &mut connection => ended,
        _ = stop => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // A client's fault, and nothing that its operator could mend.
        tracing::debug!(%error, "a connection ended early");
    }
    server.counts.connections.fetch_sub(1, Ordering::Relaxed);
}
