//! Does an address, or a redirect, lead the fetcher where it must not go?

use tributary::fetch::{FetchSettings, Fetcher};
use tributary::model::{Ask, Purpose};

use super::Expected::Says;
use super::{Row, rows};
use crate::harness::{Answer, Origin};
use crate::planet::now;

/// What the real fetcher says of an address.
fn ask(url: &str, allow_private_networks: bool) -> String {
    let Ok(url) = url::Url::parse(url) else { return "not an address".to_owned() };
    let fetcher = Fetcher::new(FetchSettings { allow_private_networks, ..FetchSettings::default() }).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    match runtime.block_on(fetcher.get(&Ask::new(url, Purpose::Feed), &now)) {
        Ok(document) => format!("reached {}", document.url),
        Err(error) => error.to_string(),
    }
}

fn guarded(url: &str) -> String {
    ask(url, false)
}

/// What becomes of a redirect to this target, from an origin that may be asked.
fn redirected(target: &str) -> String {
    let origin = Origin::start();
    origin.serve("/feed", Answer::redirect(301, target));
    ask(&origin.url("/feed"), true)
}

/// Addresses of what is not the public internet, in every spelling that a resolver or a parser of addresses takes.
const INSIDE: &[(&str, &str)] = &[
    ("loopback", "127.0.0.1"),
    ("loopback, last of its range", "127.255.255.254"),
    ("loopback in two parts", "127.1"),
    ("loopback in three parts", "127.0.1"),
    ("loopback as one number", "2130706433"),
    ("loopback as hexadecimal", "0x7f000001"),
    ("loopback, a part in hexadecimal", "0x7f.1"),
    ("loopback in upper-case hexadecimal", "0X7F.0X0.0X0.0X1"),
    ("loopback in octal", "0177.0.0.1"),
    ("loopback as one octal number", "017700000001"),
    ("loopback with zeros in front", "0000177.0.0.01"),
    ("loopback with a final dot", "127.0.0.1."),
    ("loopback in full-width digits", "１２７.０.０.１"),
    ("loopback with ideographic dots", "127。0。0。1"),
    ("loopback in circled digits", "①②⑦.0.0.1"),
    ("loopback with percent signs", "%31%32%37.0.0.1"),
    ("loopback with a soft hyphen", "127.0\u{ad}.0.1"),
    ("this network", "0.0.0.0"),
    ("this network as one digit", "0"),
    ("private 10/8", "10.1.2.3"),
    ("private 172.16/12", "172.31.255.255"),
    ("private 192.168/16", "192.168.1.1"),
    ("carrier-grade NAT", "100.64.0.1"),
    ("cloud metadata", "169.254.169.254"),
    ("cloud metadata as one number", "2852039166"),
    ("protocol assignments", "192.0.0.8"),
    ("documentation", "203.0.113.9"),
    ("benchmarking", "198.19.255.255"),
    ("6to4 relay", "192.88.99.1"),
    ("multicast", "224.0.0.1"),
    ("broadcast", "255.255.255.255"),
    ("IPv6 unspecified", "[::]"),
    ("IPv6 loopback", "[::1]"),
    ("IPv6 loopback written out", "[0000:0000:0000:0000:0000:0000:0000:0001]"),
    ("mapped loopback", "[::ffff:127.0.0.1]"),
    ("mapped loopback in hexadecimal", "[::ffff:7f00:1]"),
    ("compatible loopback", "[::127.0.0.1]"),
    ("NAT64 of loopback", "[64:ff9b::7f00:1]"),
    ("local NAT64", "[64:ff9b:1::a00:1]"),
    ("6to4 of a private address", "[2002:c0a8:101::1]"),
    ("Teredo", "[2001:0:4136:e378:8000:63bf:3fff:fdd2]"),
    ("IPv6 documentation", "[2001:db8::1]"),
    ("unique local", "[fd12:3456::1]"),
    ("IPv6 link-local", "[fe80::1]"),
    ("site-local", "[fec0::1]"),
    ("IPv6 multicast", "[ff02::1]"),
    ("cloud metadata by IPv6", "[fd00:ec2::254]"),
];

/// Other addresses that nobody has a feed at.
const ODD: &[(&str, &str, &str)] = &[
    ("a name of this machine", "http://localhost/", "refused to ask localhost"),
    ("a name of this machine in capitals", "http://LOCALHOST/", "refused to ask localhost"),
    ("a user that looks like the host", "http://example.org@127.0.0.1/", "refused to ask 127.0.0.1"),
    ("a backslash before the host", "http:\\\\127.0.0.1\\feed", "refused to ask 127.0.0.1"),
    ("blanks within the address", "ht\ntp://127.0.\t0.1/", "refused to ask 127.0.0.1"),
    ("a file", "file:///etc/passwd", "`file:` addresses are not fetched"),
    ("gopher", "gopher://127.0.0.1:70/_x", "`gopher:` addresses are not fetched"),
    ("data", "data:text/xml,<rss/>", "`data:` addresses are not fetched"),
    ("javascript", "javascript:alert(1)", "`javascript:` addresses are not fetched"),
    ("a mail server", "http://example.org:25/", "port 25 is not asked"),
    ("a Redis", "http://example.org:6379/", "port 6379 is not asked"),
    ("an SSH server", "https://example.org:22/", "port 22 is not asked"),
    ("port 0", "http://example.org:0/", "port 0 is not asked"),
    ("a port that is none", "http://example.org:99999/", "not an address"),
    ("a number too large for an address", "http://4294967296/", "not an address"),
    ("no host", "http:///", "not an address"),
    ("a NUL in the host", "http://exa\0mple.org/", "not an address"),
];

/// Where a redirect leads that must not be followed.
const REDIRECTS: &[(&str, &str, &str)] = &[
    ("redirect to a file", "file:///etc/passwd", "without a usable address"),
    ("redirect to ftp", "ftp://example.org/feed", "without a usable address"),
    ("redirect to a script", "javascript:alert(1)", "without a usable address"),
    ("redirect to data", "data:text/xml,<rss/>", "without a usable address"),
    ("redirect to multicast", "http://224.0.0.1/", "without a usable address"),
    ("redirect to itself", "/feed", "round in a circle"),
    ("redirect to itself with a fragment", "/feed#x", "round in a circle"),
    ("redirect to nowhere", "http://", "redirect"),
];

pub fn table() -> Vec<Row> {
    let inside = INSIDE.iter().map(|(attack, host)| (*attack, format!("http://{host}/feed"), Says("refused to ask")));
    let odd = ODD.iter().map(|(attack, url, says)| (*attack, *url, Says(says)));
    let redirects = REDIRECTS.iter().map(|(attack, target, says)| (*attack, *target, Says(says)));
    let mut table = rows("fetcher", guarded, inside);
    table.extend(rows("fetcher", guarded, odd));
    table.extend(rows("fetcher", redirected, redirects));
    table
}
