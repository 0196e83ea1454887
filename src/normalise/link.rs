//! Which address is it, once what tracks its reader is gone?

use url::Url;

/// Parameters that say where a reader came from, never what is shown. From the lists of the browsers that strip
/// them (Firefox's query stripping, Brave) and of the mailing tools that add them; `ref` is Ghost's.
const TRACKING: [&str; 47] = [
    "fbclid",
    "gclid",
    "gclsrc",
    "gbraid",
    "wbraid",
    "dclid",
    "msclkid",
    "yclid",
    "ysclid",
    "twclid",
    "ttclid",
    "igshid",
    "igsh",
    "li_fat_id",
    "srsltid",
    "mkt_tok",
    "vero_id",
    "vero_conv",
    "_hsenc",
    "_hsmi",
    "__hssc",
    "__hstc",
    "__hsfp",
    "hsctatracking",
    "oly_anon_id",
    "oly_enc_id",
    "rb_clickid",
    "s_cid",
    "ml_subscriber",
    "ml_subscriber_hash",
    "wickedid",
    "_openstat",
    "ncid",
    "cmpid",
    "spm",
    "ref",
    "ref_src",
    "ref_url",
    "fb_action_ids",
    "fb_action_types",
    "fb_ref",
    "fb_source",
    "action_object_map",
    "xtor",
    "piwik_campaign",
    "sfnsn",
    "triedredirect",
];

/// Beginnings of names of such parameters. `mc_`: Mailchimp; `pk_`, `mtm_`: Matomo; `at_`: Piano (its own names).
const TRACKING_PREFIXES: [&str; 8] = ["utm_", "mc_", "pk_", "mtm_", "hsa_", "at_custom", "at_campaign", "at_medium"];

/// Substack adds these to links in its mails and feeds; elsewhere `r` and `s` can mean anything.
const SUBSTACK: [&str; 7] =
    ["r", "s", "isfreemail", "publication_id", "post_id", "triedredirect", "showwelcomeonshare"];

/// The address without tracking parameters and without the fragment's text directive: what identifies a page, and
/// what is published.
pub fn canonical(url: &Url) -> Url {
    let mut url = url.clone();
    let substack = url.host_str().is_some_and(|host| host.ends_with(".substack.com")) || url.path().starts_with("/p/");
    if let Some(query) = url.query() {
        let kept: Vec<&str> =
            query.split('&').filter(|pair| !pair.is_empty() && !is_tracking(pair, substack)).collect();
        if kept.len() < query.split('&').count() {
            let kept = kept.join("&");
            url.set_query(Some(kept.as_str()).filter(|query| !query.is_empty()));
        }
    }
    // `#:~:text=` and `#xtor=` name no place in the page of their own.
    if url
        .fragment()
        .is_some_and(|fragment| fragment.is_empty() || fragment.starts_with(":~:") || fragment.starts_with("xtor="))
    {
        url.set_fragment(None);
    }
    url
}

fn is_tracking(pair: &str, substack: bool) -> bool {
    let name = pair.split('=').next().unwrap_or_default().to_ascii_lowercase();
    let name = name.trim_start_matches("amp;");
    TRACKING.contains(&name)
        || TRACKING_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        || substack && SUBSTACK.contains(&name)
}

/// What two addresses of one page have in common: host without `www.`, path without a closing `/` or an index
/// file, query in order of its names. No scheme: a site that moves to https keeps its pages.
pub fn key(url: &Url) -> String {
    let url = canonical(url);
    let host = url.host_str().unwrap_or_default().trim_end_matches('.');
    let host = host.strip_prefix("www.").unwrap_or(host);
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let path = url.path();
    let path =
        ["index.html", "index.htm", "index.php"].iter().find_map(|index| path.strip_suffix(index)).unwrap_or(path);
    let path = path.trim_end_matches('/');
    let mut pairs: Vec<&str> = url.query().map(|query| query.split('&').collect()).unwrap_or_default();
    pairs.sort_unstable();
    let query = if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) };
    // Old sites kept each page behind a fragment (`/#!/page`, `/#/page`).
    let fragment =
        url.fragment().filter(|fragment| fragment.starts_with(['!', '/'])).map(|f| format!("#{f}")).unwrap_or_default();
    format!("{host}{port}{path}{query}{fragment}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tracking_parameters_are_stripped() {
        let check = |given: &str, expected: &str| {
            assert_eq!(canonical(&Url::parse(given).unwrap()).as_str(), expected, "{given}")
        };
        check("https://a.example/p?utm_source=x&id=7&utm_medium=y", "https://a.example/p?id=7");
        check("https://a.example/p?fbclid=x", "https://a.example/p");
        check("https://a.example/p?mc_cid=1&mc_eid=2&a=%20b", "https://a.example/p?a=%20b");
        check("https://a.example/x/?ref=b.example", "https://a.example/x/");
        check("https://a.substack.com/p/x?r=1ab&s=w", "https://a.substack.com/p/x");
        check("https://a.example/search?s=w", "https://a.example/search?s=w");
        check("https://a.example/p?a=b+c&d", "https://a.example/p?a=b+c&d");
        check("https://a.example/p#:~:text=x", "https://a.example/p");
        check("https://a.example/p#part", "https://a.example/p#part");
    }

    #[test]
    fn one_page_has_one_key() {
        let key = |given: &str| super::key(&Url::parse(given).unwrap());
        assert_eq!(key("http://www.a.example/x/"), key("https://a.example/x?utm_source=y"));
        assert_eq!(key("https://a.example/?b=2&a=1"), key("http://a.example/index.php?a=1&b=2"));
        assert_ne!(key("https://a.example/?p=1"), key("https://a.example/?p=2"));
        assert_ne!(key("https://a.example:8080/x"), key("https://a.example:8081/x"));
    }
}
