//! May this address be asked at all? No feed may make us talk to the machine or the network we run in.
//!
//! Two checks, as neither is enough: the literal host of every hop (a client resolves no literal, so its resolver is
//! never asked about `http://2130706433/`), and every address a name resolves to, in the lookup that is then used for
//! the connection, so that a second lookup cannot give another answer.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::FetchError;

/// Ports on which feeds are served: those of HTTP, and the usual alternatives. All others belong to services that
/// an HTTP request may do harm to (mail, databases, consoles).
const PORTS: [u16; 6] = [80, 443, 8000, 8080, 8443, 8888];

/// Ranges of IPv4 that are not the public internet (IANA special-purpose registry, RFC 6890), as network and prefix.
const NOT_PUBLIC_V4: [(Ipv4Addr, u32, &str); 15] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8, "this network"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "private"),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "carrier-grade NAT"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "loopback"),
    (Ipv4Addr::new(169, 254, 0, 0), 16, "link-local"),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "private"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "protocol assignments"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "documentation"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "6to4 relay"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "private"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "benchmarking"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "documentation"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "documentation"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "multicast"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "reserved"),
];

/// Ranges inside the global unicast of IPv6 (2000::/3) that are not the public internet, or that carry an IPv4 address
/// which is. All outside of 2000::/3 is refused: loopback, mapped (`::ffff:0:0/96`), NAT64 (`64:ff9b::/96` and
/// `64:ff9b:1::/48`), unique local, link-local, site-local, multicast.
const NOT_PUBLIC_V6: [(Ipv6Addr, u32, &str); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, "Teredo and protocol assignments"),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, "documentation"),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, "6to4"),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, "documentation"),
];

/// An address that is not asked, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refused {
    /// The address.
    pub address: IpAddr,
    /// The range it is in.
    pub range: &'static str,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not a public address ({})", self.address, self.range)
    }
}

impl std::error::Error for Refused {}

/// Checks the scheme, the port and a literal host. Every hop of a chain of redirects goes through it.
pub(super) fn check_url(url: &Url, allow_private: bool) -> Result<(), FetchError> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(FetchError::Scheme(url.scheme().to_owned()));
    }
    let port = url.port_or_known_default().unwrap_or_default();
    if !allow_private && !PORTS.contains(&port) {
        return Err(FetchError::Port(port));
    }
    // The parser has already read `0x7f.1`, `2130706433`, `0177.0.0.1` and full-width digits as what they are.
    let literal = match url.host() {
        Some(Host::Ipv4(v4)) => IpAddr::V4(v4),
        Some(Host::Ipv6(v6)) => IpAddr::V6(v6),
        Some(Host::Domain(name)) if !name.is_empty() => return Ok(()),
        _ => return Err(FetchError::NoHost),
    };
    match refusal(literal, allow_private) {
        Some(refused) => Err(FetchError::Refused { host: literal.to_string(), reason: refused.to_string() }),
        None => Ok(()),
    }
}

/// Why this address is not asked, if it is not. With `allow_private` only multicast is refused, which no server has.
pub(super) fn refusal(address: IpAddr, allow_private: bool) -> Option<Refused> {
    let range = match address {
        _ if allow_private => address.is_multicast().then_some("multicast"),
        IpAddr::V4(v4) => NOT_PUBLIC_V4
            .iter()
            .find(|(network, prefix, _)| (v4.to_bits() ^ network.to_bits()).leading_zeros() >= *prefix)
            .map(|(_, _, range)| *range),
        IpAddr::V6(v6) if v6.segments()[0] & 0xe000 != 0x2000 => Some("not global unicast"),
        IpAddr::V6(v6) => NOT_PUBLIC_V6
            .iter()
            .find(|(network, prefix, _)| (v6.to_bits() ^ network.to_bits()).leading_zeros() >= *prefix)
            .map(|(_, _, range)| *range),
    };
    range.map(|range| Refused { address, range })
}

/// The resolver of the client: one address that is not public refuses the whole lookup, as whoever answers with one
/// tries to rebind.
pub(super) struct GuardedResolver {
    /// Whether addresses that are not public may be asked.
    pub allow_private: bool,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_private = self.allow_private;
        Box::pin(async move {
            let addresses: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            admitted(addresses, allow_private)
        })
    }
}

/// The addresses of a lookup if all of them may be asked.
fn admitted(
    addresses: Vec<SocketAddr>,
    allow_private: bool,
) -> Result<Addrs, Box<dyn std::error::Error + Send + Sync>> {
    if addresses.is_empty() {
        return Err("the name has no address".into());
    }
    match addresses.iter().find_map(|a| refusal(a.ip(), allow_private)) {
        Some(refused) => Err(Box::new(refused)),
        None => Ok(Box::new(addresses.into_iter())),
    }
}

/// Whether this is our own machine, as tests and the demo use it.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(v4)) => v4.is_loopback(),
        Some(Host::Ipv6(v6)) => v6.is_loopback() || v6.to_ipv4_mapped().is_some_and(|v4| v4.is_loopback()),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever way the host is written, it is refused unless private networks are allowed.
    #[test]
    fn no_spelling_reaches_the_inside() {
        for host in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f.1",
            "0x7f000001",
            "0177.0.0.1",
            "017700000001",
            "127.0.0.1.",
            "１２７.０.０.１",
            "127。0。0。1",
            "①②⑦.0.0.1",
            "0",
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "[::]",
            "[::1]",
            "[0:0:0:0:0:0:0:1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[::ffff:8.8.8.8]",
            "[::127.0.0.1]",
            "[64:ff9b::7f00:1]",
            "[64:ff9b::8.8.8.8]",
            "[64:ff9b:1::1]",
            "[100::1]",
            "[2001::1]",
            "[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
            "[2001:10::1]",
            "[2001:20::1]",
            "[2001:db8::1]",
            "[2002:7f00:1::]",
            "[2002:c0a8:101::1]",
            "[3fff::1]",
            "[fc00::1]",
            "[fd12:3456::1]",
            "[fe80::1]",
            "[fec0::1]",
            "[ff02::1]",
        ] {
            let url = Url::parse(&format!("http://{host}/feed")).unwrap();
            let refused = check_url(&url, false);
            assert!(matches!(refused, Err(FetchError::Refused { .. })), "{host} gave {refused:?}");
        }
        for host in
            ["8.8.8.8", "100.63.255.255", "172.32.0.1", "192.0.1.1", "198.20.0.1", "[2606:4700::1]", "[2a00::1]"]
        {
            let url = Url::parse(&format!("http://{host}/feed")).unwrap();
            assert_eq!(check_url(&url, false), Ok(()), "{host}");
        }
        let inside = Url::parse("http://127.0.0.1:9/").unwrap();
        assert_eq!(check_url(&inside, true), Ok(()));
        assert!(check_url(&Url::parse("http://224.0.0.1/").unwrap(), true).is_err());
    }

    #[test]
    fn schemes_and_ports() {
        let check = |s: &str| check_url(&Url::parse(s).unwrap(), false);
        assert_eq!(check("https://example.org/"), Ok(()));
        assert_eq!(check("https://example.org:8443/"), Ok(()));
        assert_eq!(check("http://example.org:25/"), Err(FetchError::Port(25)));
        assert_eq!(check("http://example.org:6379/"), Err(FetchError::Port(6379)));
        assert_eq!(check("ftp://example.org/feed"), Err(FetchError::Scheme("ftp".into())));
        assert_eq!(check("file:///etc/passwd"), Err(FetchError::Scheme("file".into())));
        assert_eq!(check_url(&Url::parse("http://localhost:25/").unwrap(), true), Ok(()));
    }

    /// One private answer among public ones refuses the lookup.
    #[test]
    fn a_lookup_that_rebinds_is_refused() {
        let at = |ip: &str| SocketAddr::new(ip.parse().unwrap(), 0);
        assert!(admitted(vec![at("8.8.8.8"), at("2606:4700::1")], false).is_ok());
        assert!(admitted(vec![at("8.8.8.8"), at("127.0.0.1")], false).is_err());
        assert!(admitted(vec![at("2606:4700::1"), at("::ffff:10.0.0.1")], false).is_err());
        assert!(admitted(vec![at("10.0.0.1")], true).is_ok());
        assert!(admitted(vec![], false).is_err());
    }
}
