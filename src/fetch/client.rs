//! With which client? One whose idle connections are bounded in all, and whose TLS sessions outlive it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::Client;
use reqwest::redirect::Policy;
use rustls::client::Resumption;
use rustls::crypto::aws_lc_rs;
use rustls_platform_verifier::BuilderVerifierExt;

use super::FetchError;
use super::guard::GuardedResolver;

/// Requests made with one client before it is replaced. A client keeps a connection for every host it was used on,
/// at 19 KiB each (190 MiB were measured with 10,000 feeds), and has no bound over all hosts: dropping it closes them.
/// So at most this many are idle: 10 MiB.
const REQUESTS_PER_CLIENT: u32 = 512;

/// Idle connections to one host: we make one request at a time.
const IDLE_PER_HOST: usize = 1;

/// How long a connection waits for the next request: longer than the pause between two requests of a group, far
/// shorter than the time between two polls.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);

/// TLS sessions kept for resumption: a session costs about 2 KiB and saves the server's certificate chain and us its
/// verification at the next poll.
const SESSIONS: usize = 2048;

/// The client in use.
pub(super) struct Clients {
    tls: rustls::ClientConfig,
    allow_private: bool,
    connect_timeout: Duration,
    current: Mutex<(Client, u32)>,
    /// Whether this machine has no root certificates, so that no https works.
    pub no_roots: bool,
}

impl Clients {
    pub(super) fn new(allow_private: bool, connect_timeout: Duration) -> Result<Self, FetchError> {
        let (mut tls, no_roots) = tls()?;
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        tls.resumption = Resumption::in_memory_sessions(SESSIONS);
        let first = build(&tls, allow_private, connect_timeout)?;
        Ok(Self { tls, allow_private, connect_timeout, current: Mutex::new((first, 0)), no_roots })
    }

    /// The client for the next request.
    pub(super) fn get(&self) -> Result<Client, FetchError> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.1 >= REQUESTS_PER_CLIENT {
            *current = (build(&self.tls, self.allow_private, self.connect_timeout)?, 0);
        }
        current.1 += 1;
        Ok(current.0.clone())
    }
}

fn build(tls: &rustls::ClientConfig, allow_private: bool, connect_timeout: Duration) -> Result<Client, FetchError> {
    Client::builder()
        .tls_backend_preconfigured(tls.clone())
        .dns_resolver(Arc::new(GuardedResolver { allow_private }))
        // A proxy would do the lookup for us, past the guard; the environment is not asked for one.
        .no_proxy()
        .redirect(Policy::none())
        .referer(false)
        .pool_max_idle_per_host(IDLE_PER_HOST)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .connect_timeout(connect_timeout)
        .http2_max_header_list_size(super::MOST_HEADER_BYTES as u32)
        .build()
        .map_err(|e| FetchError::Client(e.to_string()))
}

/// The trust of this machine. Without root certificates plain http still works, and https says what is missing.
fn tls() -> Result<(rustls::ClientConfig, bool), FetchError> {
    let failed = |e: rustls::Error| FetchError::Client(e.to_string());
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = || {
        rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(failed)
    };
    match builder()?.with_platform_verifier() {
        Ok(verified) => Ok((verified.with_no_client_auth(), false)),
        Err(_) => {
            let nobody = rustls::RootCertStore::empty();
            Ok((builder()?.with_root_certificates(nobody).with_no_client_auth(), true))
        }
    }
}
