//! What do `[server]`, `[store]`, `[polling]` and `[[override]]` say?

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use chrono_tz::Tz;
use url::Url;

use super::table::{Fault, Table};
use super::{Environment, OverrideRule, Polling, Server, StoreConfig};
use crate::schedule::Schedule;

/// Default address to listen at: loopback only, so that nothing is public by accident.
const BIND: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
/// Default schedule: hourly, at a minute when few others poll.
const SCHEDULE: &str = "0 7 * * * *";
/// Default and largest cap of a body, in MiB: feeds above 6 MiB were not seen; 256 bounds what one source can hold.
const MAX_BODY_MIB: u64 = 16;
const MAX_BODY_MIB_LIMIT: u64 = 256;

/// Shortest `keep`: a page is asked for over a day and a half (`pipeline/pages.rs`), and no entry goes before that.
const KEEP_S_LEAST: u64 = 2 * 86_400;

pub(super) fn server(table: Table<'_, '_>, environment: &Environment) -> Option<Server> {
    let bind = table.parsed_or_env("bind", "TRIBUTARY_BIND", environment.bind.as_deref(), parse_bind);
    let bind = bind.unwrap_or(BIND);
    let public_url =
        table.parsed_or_env("public_url", "TRIBUTARY_PUBLIC_URL", environment.public_url.as_deref(), parse_base);
    let hubs = table.all_parsed("hubs", parse_http).unwrap_or_default();
    table.finish();
    let public_url = public_url.or_else(|| Url::parse(&format!("http://{}/", reachable(bind))).ok())?;
    Some(Server { bind, public_url, hubs })
}

/// An address that a client can connect to: an unspecified one is reached over loopback.
pub fn reachable(bind: SocketAddr) -> SocketAddr {
    let ip = match bind.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, bind.port())
}

pub(super) fn store(table: Table<'_, '_>, file: &Path, environment: &Environment) -> StoreConfig {
    let written = table.string("path").map(|(path, _)| path);
    let keep_s = table.parsed("keep", parse_keep);
    table.finish();
    let path = match (&environment.store, written) {
        (Some(path), _) => PathBuf::from(path),
        (None, path) => {
            let folder = file.parent().unwrap_or(Path::new(""));
            folder.join(path.as_deref().unwrap_or("data"))
        }
    };
    StoreConfig { path, keep_s }
}

pub(super) fn polling(table: Table<'_, '_>, warnings: &mut Vec<Fault>) -> Polling {
    let timezone = table
        .parsed("timezone", |name| {
            name.parse::<Tz>()
                .map_err(|_| format!("{name:?} is not a time zone; write one such as \"UTC\" or \"Europe/Rome\""))
        })
        .unwrap_or(Tz::UTC);
    let schedule = read_schedule(&table, timezone, warnings).unwrap_or_else(|| SCHEDULE.to_owned());
    let polling = Polling {
        schedule,
        timezone,
        user_agent_contact: table.parsed("user_agent_contact", parse_contact),
        allow_private_networks: table.boolean("allow_private_networks").unwrap_or(false),
        max_body_bytes: table.integer("max_body_mib", 1..=MAX_BODY_MIB_LIMIT).unwrap_or(MAX_BODY_MIB) << 20,
    };
    table.finish();
    polling
}

/// The `schedule` of a table, checked; more often than hourly is warned of, because servers count it as abuse.
pub(super) fn read_schedule(table: &Table<'_, '_>, timezone: Tz, warnings: &mut Vec<Fault>) -> Option<String> {
    let (text, span) = table.string("schedule")?;
    match Schedule::parse(&text, timezone.name()) {
        Err(e) => table.fault(span, format!("`schedule`: {e}")),
        Ok(schedule) if schedule.is_more_than_hourly() => warnings.push(Fault {
            line: table.line(&span),
            message: format!("`schedule` {text:?} polls more than hourly, for which sites block readers"),
        }),
        Ok(_) => {}
    }
    Some(text)
}

pub(super) fn overrides(root: &Table<'_, '_>) -> Vec<OverrideRule> {
    let mut rules = Vec::new();
    for table in root.tables("override") {
        let line = table.line(&table.span());
        let mut count = 0;
        for (key, same) in [("same", true), ("different", false)] {
            let Some(urls) = table.all_parsed(key, parse_http) else { continue };
            count += 1;
            if urls.len() < 2 {
                table.fault(table.span(), format!("`{key}` has to list two addresses or more"));
            }
            rules.push(OverrideRule { same, urls, line });
        }
        if count == 0 {
            table.fault(table.span(), "[[override]] needs `same = [addresses]` or `different = [addresses]`");
        }
        table.finish();
    }
    rules
}

/// An http or https address.
pub(super) fn parse_http(text: &str) -> Result<Url, String> {
    let wrong = |hint: &str| format!("{text:?} is not an http or https address{hint}");
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
        Ok(_) => Err(wrong("")),
        Err(_) => {
            let with_scheme = Url::parse(&format!("https://{text}")).is_ok_and(|u| u.has_host());
            Err(wrong(&if with_scheme { format!("; write \"https://{text}\"") } else { String::new() }))
        }
    }
}

/// An address to build others on: it ends with a slash and has no query.
fn parse_base(text: &str) -> Result<Url, String> {
    let mut url = parse_http(text)?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(format!("{text:?} has a query or a fragment; write only scheme, host and path"));
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

fn parse_contact(text: &str) -> Result<Url, String> {
    match text.strip_prefix("mailto:") {
        Some(address) if address.contains('@') => Url::parse(text).map_err(|e| format!("{text:?}: {e}")),
        _ => parse_http(text).map_err(|e| format!("{e}; a page about you, or mailto:you@example.org")),
    }
}

fn parse_bind(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| format!("{text:?} is not an address to listen at; write one such as \"127.0.0.1:8080\""))
}

/// How long entries are kept, in seconds.
pub(super) fn parse_keep(text: &str) -> Result<u64, String> {
    match parse_duration(text)? {
        seconds if seconds >= KEEP_S_LEAST => Ok(seconds),
        _ => Err(format!("{text:?} is too short; write two days or more, such as \"30d\" or \"2y\"")),
    }
}

/// A length of time such as `90s`, `24h`, `30d`, `2y` (of 365 days), in seconds.
pub(super) fn parse_duration(text: &str) -> Result<u64, String> {
    let wrong = || format!("{text:?} is not a length of time; write one such as \"90s\", \"24h\", \"30d\" or \"2y\"");
    let split = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(split);
    let seconds = match unit.trim() {
        "s" => 1,
        "m" | "min" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 7 * 86_400,
        "y" => 365 * 86_400,
        _ => return Err(wrong()),
    };
    number.parse::<u64>().ok().and_then(|n| n.checked_mul(seconds)).ok_or_else(wrong)
}
