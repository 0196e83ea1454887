//! What went wrong with a request, and what can be done about it?

use std::error::Error;
use std::io::ErrorKind;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, SERVER};

use super::guard::Refused;
use crate::model::{Failure, Timestamp};

/// Why there is no document. The messages are lower case and fit "failed to fetch …: …".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// Neither http nor https.
    #[error("`{0}:` addresses are not fetched: write one that begins with https:// or http://")]
    Scheme(String),
    /// An address without a host.
    #[error("the address names no host")]
    NoHost,
    /// A port that no feed is served on.
    #[error("port {0} is not asked, as it belongs to other services (allow_private_networks lifts the limit)")]
    Port(u16),
    /// The address guard.
    #[error("refused to ask {host}: {reason}; set allow_private_networks only where all sources are trusted")]
    Refused {
        /// The host as written.
        host: String,
        /// The address and its range.
        reason: String,
    },
    /// The name has no address.
    #[error("the name {host} cannot be resolved ({detail}): check its spelling, or the DNS of this machine")]
    Dns {
        /// The host.
        host: String,
        /// What the resolver said.
        detail: String,
    },
    /// No connection.
    #[error("cannot connect to {host} ({detail}): the server is down, or a firewall is between")]
    Connect {
        /// Host and port.
        host: String,
        /// What the system said.
        detail: String,
    },
    /// No trust.
    #[error("no secure connection to {host} ({detail}): {advice}")]
    Tls {
        /// The host.
        host: String,
        /// What was wrong with the certificate or the handshake.
        detail: String,
        /// Whose it is to mend.
        advice: &'static str,
    },
    /// Too slow.
    #[error("{host} {did} within {} s: it is overloaded, or holds us up", .within.as_secs_f32())]
    Timeout {
        /// The host.
        host: String,
        /// What it did in that time.
        did: String,
        /// The limit.
        within: Duration,
    },
    /// The body passes the limit, over the wire or decoded.
    #[error("the answer is larger than {}: raise `max_body_mib` of [polling] if it is wanted", bytes(*.limit))]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The header passes the limit.
    #[error("the header of the answer is larger than {}: no feed needs that", bytes(*.limit))]
    HeaderTooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The content encoding cannot be undone.
    #[error("the answer cannot be decoded: {0}")]
    Encoding(String),
    /// The connection ended early.
    #[error("the connection broke after {received} bytes of the answer ({detail}): it is asked again later")]
    Cut {
        /// Bytes of the body so far.
        received: u64,
        /// What the system said.
        detail: String,
    },
    /// Something else than HTTP.
    #[error("{host} does not speak HTTP as it should ({detail})")]
    Protocol {
        /// The host.
        host: String,
        /// What was wrong.
        detail: String,
    },
    /// A redirect to nowhere.
    #[error("the server redirects ({status}) without a usable address: `{location}`")]
    BadRedirect {
        /// Its status code.
        status: u16,
        /// What it gave.
        location: String,
    },
    /// A redirect to an address that was already asked.
    #[error("the redirects go round in a circle, back to {0}")]
    RedirectLoop(String),
    /// Too long a chain of redirects.
    #[error("more than {0} redirects in a row: write the last address into feeds.toml, if it is the right one")]
    TooManyRedirects(usize),
    /// The server answered, but not with a document.
    #[error("{message}")]
    Status {
        /// Its status code.
        status: u16,
        /// What it means here.
        message: String,
        /// Until when it asked not to be asked again.
        retry_after: Option<Timestamp>,
    },
    /// The site does not want programs to read this.
    #[error("{0}")]
    Robots(String),
    /// Too many failures in a row.
    #[error("{host} failed {failures} times or more in a row and is left alone until {}", .until.format("%F %T UTC"))]
    Resting {
        /// Host and port.
        host: String,
        /// How many.
        failures: u32,
        /// Until when.
        until: Timestamp,
    },
    /// The limiter that this host shares with others asked for a pause.
    #[error("the limiter that {host} shares with others asked to be left alone until {}", .until.format("%F %T UTC"))]
    Held {
        /// The host.
        host: String,
        /// Until when.
        until: Timestamp,
    },
    /// A header field of the configuration that cannot be sent.
    #[error("the header `{0}` cannot be sent: check `headers` of the source")]
    Header(String),
    /// The client itself.
    #[error("the HTTP client cannot work: {0}")]
    Client(String),
}

impl FetchError {
    /// What `sources` needs to know of it.
    pub fn failure(&self) -> Failure {
        let (status, retry_after) = match self {
            Self::Status { status, retry_after, .. } => (Some(*status), *retry_after),
            Self::Held { until, .. } => (None, Some(*until)),
            _ => (None, None),
        };
        Failure { message: self.to_string(), status, retry_after }
    }

    /// Whether it says that the host is in trouble, rather than this one address on it.
    pub(super) fn blames_the_host(&self) -> bool {
        match self {
            Self::Dns { .. } | Self::Connect { .. } | Self::Tls { .. } | Self::Timeout { .. } => true,
            Self::Status { status, .. } => matches!(status, 502..=504),
            _ => false,
        }
    }

    /// What a status code other than 2xx, 3xx means.
    pub(super) fn status(status: u16, headers: &HeaderMap, substack: bool, retry_after: Option<Timestamp>) -> Self {
        let field = |name| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let html = field(CONTENT_TYPE).to_ascii_lowercase().contains("html");
        let cloudflare = headers.contains_key("cf-mitigated") || field(SERVER).eq_ignore_ascii_case("cloudflare");
        let wait = retry_after.map(|until| format!(", not before {}", until.format("%F %T UTC"))).unwrap_or_default();
        let message = match status {
            401 | 407 => format!("it wants a login ({status}): give a key under `headers`, or remove it"),
            402 => "it wants to be paid for (402)".to_owned(),
            403 if substack => "substack refused this machine (403): it does so to the addresses of data centres; \
                                poll from another address, and less often"
                .to_owned(),
            403 | 503 if html && cloudflare => format!(
                "blocked ({status}): cloudflare answered with a challenge for browsers instead of a feed; \
                 ask the site to let feed readers through"
            ),
            403 | 503 if html => format!(
                "blocked ({status}): it answered with a web page instead of a feed; poll less often, \
                 or ask the site to let feed readers through"
            ),
            403 => "it refuses to answer us (403): ask the site why, or give a key under `headers`".to_owned(),
            404 => {
                "there is nothing at this address (404): check it; `tributary add` finds the feed of a site".to_owned()
            }
            406 => "it has no format that we read (406)".to_owned(),
            408 | 504 => format!("it took too long by its own account ({status}): it is asked again later"),
            410 => "gone for good (410): it is not asked again; remove it, or write its new address".to_owned(),
            429 => format!("it asks to slow down (429): it is asked again later{wait}"),
            451 => "not available for legal reasons (451)".to_owned(),
            500..=599 => format!("the server is in trouble ({status}): it is asked again later{wait}"),
            300..=399 => format!("it answered with {status}, which leads nowhere"),
            200..=299 => format!("it answered with {status}, which has no document"),
            _ => format!("it does not answer this request ({status}): check the address"),
        };
        Self::Status { status, message, retry_after }
    }

    /// What an error of the client means. `received`: bytes of the body so far, `None` before the header was read.
    pub(super) fn of(error: &reqwest::Error, host: &str, received: Option<u64>, no_roots: bool) -> Self {
        let host = host.to_owned();
        let mut detail = error.to_string();
        let mut texts = String::new();
        let mut chain: Option<&(dyn Error + 'static)> = Some(error);
        let mut io_kind = None;
        while let Some(cause) = chain {
            detail = cause.to_string();
            texts.push_str(&detail.to_ascii_lowercase());
            texts.push('\n');
            if let Some(refused) = find::<Refused>(cause) {
                return Self::Refused { host, reason: refused.to_string() };
            }
            if let Some(tls) = find::<rustls::Error>(cause) {
                let advice = match tls {
                    _ if no_roots => "this machine has no root certificates: install ca-certificates",
                    rustls::Error::InvalidCertificate(_) => {
                        "its certificate is wrong, or the clock or the ca-certificates of this machine are"
                    }
                    _ => "the server's settings are to be mended",
                };
                return Self::Tls { host, detail: tls.to_string(), advice };
            }
            io_kind = cause.downcast_ref::<std::io::Error>().map(std::io::Error::kind).or(io_kind);
            chain = cause.source();
        }
        if texts.contains("message head is too large") || texts.contains("header list too large") {
            return Self::HeaderTooLarge { limit: super::MOST_HEADER_BYTES };
        }
        if texts.contains("dns error") || texts.contains("the name has no address") {
            return Self::Dns { host, detail };
        }
        if error.is_connect() {
            return match io_kind {
                // TLS was spoken to a port that does not, or was broken off in the middle.
                Some(ErrorKind::InvalidData | ErrorKind::UnexpectedEof) => {
                    Self::Tls { host, detail, advice: "the server's settings are to be mended" }
                }
                _ => Self::Connect { host, detail },
            };
        }
        match received {
            _ if texts.contains("invalid http") || texts.contains("parse") => Self::Protocol { host, detail },
            Some(received) => Self::Cut { received, detail },
            None => Self::Cut { received: 0, detail },
        }
    }
}

/// An error of this type, or one wrapped in an `io::Error`, which hides it from its sources.
fn find<'a, E: Error + 'static>(cause: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let wrapped = || cause.downcast_ref::<std::io::Error>()?.get_ref()?.downcast_ref::<E>();
    cause.downcast_ref::<E>().or_else(wrapped)
}

/// A size for people.
fn bytes(n: usize) -> String {
    match n {
        _ if n >= 1 << 20 && n.is_multiple_of(1 << 20) => format!("{} MiB", n >> 20),
        _ if n >= 1 << 10 && n.is_multiple_of(1 << 10) => format!("{} KiB", n >> 10),
        _ => format!("{n} bytes"),
    }
}
