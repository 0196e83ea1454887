//! How is a document fetched, politely and safely? Conditional GET, one request at a time per registrable domain,
//! an address guard, and a limit on everything.

mod error;

pub use error::FetchError;

use std::time::Duration;

use crate::model::{Ask, Document, Timestamp};

/// What a fetcher is told once.
#[derive(Debug, Clone)]
pub struct FetchSettings {
    /// Where the owner of a site can read who polls it: part of the User-Agent.
    pub user_agent_contact: String,
    /// Whether addresses that are not public, and any port, may be asked: for tests and intranets.
    pub allow_private_networks: bool,
    /// Requests in flight at once, all hosts together.
    pub concurrency: usize,
    /// Between two requests to one registrable domain.
    pub pause: Duration,
    /// For one request with all its redirects, from the first byte sent to the last received.
    pub total_timeout: Duration,
    /// For the connection.
    pub connect_timeout: Duration,
    /// Largest body, in bytes: over the wire and decoded.
    pub max_body_bytes: usize,
}

impl Default for FetchSettings {
    fn default() -> Self {
        Self {
            user_agent_contact: String::new(),
            allow_private_networks: false,
            // 128 bodies of up to 2 MiB (larger ones queue for a lane of their own): 256 MiB at the very worst.
            concurrency: 128,
            pause: Duration::from_secs(1),
            total_timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            max_body_bytes: 16 << 20,
        }
    }
}

/// The one HTTP client of the house. Cheap to share: put it in an `Arc`.
pub struct Fetcher {
    settings: FetchSettings,
}

impl Fetcher {
    /// A fetcher with these settings.
    pub fn new(settings: FetchSettings) -> Result<Self, FetchError> {
        Ok(Self { settings })
    }

    /// Fetches a document: waits for the politeness of its domain and for a free slot, then asks, following up to
    /// five redirects. `Ok` is a 2xx or a 304; every other answer is an error that says what to do.
    ///
    /// All due sources may be asked for at once: the waiting is done here, in the order of the calls.
    pub async fn get(&self, ask: &Ask, _now: Timestamp) -> Result<Document, FetchError> {
        todo!("{} {:?}", ask.url, self.settings)
    }

    /// Counts this host to Substack, whose hosts share one limiter: for sources found to be Substack at an earlier
    /// poll. Answers that say so join their host by themselves.
    pub fn join_substack(&self, _host: &str) {}
}
