//! May a program read this page, and how fast? robots.txt by RFC 9309, and the Crawl-delay that it leaves out.

use std::borrow::Cow;
use std::time::Duration;

/// The name that sites know us by in their robots.txt.
pub(super) const PRODUCT: &str = "tributary";

/// As much of a robots.txt as is read (RFC 9309 §2.5 asks for at least 500 KiB).
pub(super) const MOST_BYTES: usize = 512 << 10;

/// Rules kept of one file, and the longest: what more there is was not written by hand.
const MOST_RULES: usize = 2000;
const LONGEST_RULE: usize = 1024;

/// The longest Crawl-delay obeyed: a queue of a site's twenty new pages is then read in twenty minutes.
const LONGEST_DELAY: Duration = Duration::from_secs(60);

/// What a robots.txt says to us.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Robots {
    rules: Vec<Rule>,
    /// Seconds between two requests.
    pub crawl_delay: Option<Duration>,
}

#[derive(Debug, Clone, PartialEq)]
struct Rule {
    allow: bool,
    pattern: String,
}

impl Robots {
    /// The rules for us: those of our product, or else those for all (§2.2.1).
    pub(super) fn parse(text: &str) -> Self {
        let mut ours: Option<Self> = None;
        let mut all = Self::default();
        // Which of the two the lines belong to, and whether we are still in the lines that name the group.
        let (mut for_us, mut for_all, mut naming) = (false, false, false);
        for line in text.lines() {
            let line = line.split('#').next().unwrap_or_default();
            let Some((key, value)) = line.split_once(':') else { continue };
            let (key, value) = (key.trim().trim_start_matches('\u{feff}').to_ascii_lowercase(), value.trim());
            if key == "user-agent" {
                if !naming {
                    (for_us, for_all) = (false, false);
                }
                naming = true;
                for_all |= value == "*";
                if product(value).eq_ignore_ascii_case(PRODUCT) {
                    for_us = true;
                    ours.get_or_insert_default();
                }
                continue;
            }
            let rules = [for_us.then_some(ours.as_mut()).flatten(), for_all.then_some(&mut all)];
            for group in rules.into_iter().flatten() {
                group.take(&key, value);
            }
            // Lines that belong to no group (`Sitemap`) do not end the naming of one (§2.2.4).
            naming &= !matches!(key.as_str(), "allow" | "disallow" | "crawl-delay");
        }
        ours.unwrap_or(all)
    }

    fn take(&mut self, key: &str, value: &str) {
        match key {
            "allow" | "disallow"
                if !value.is_empty() && value.len() <= LONGEST_RULE && self.rules.len() < MOST_RULES =>
            {
                self.rules.push(Rule { allow: key == "allow", pattern: normal(value).into_owned() });
            }
            "crawl-delay" => {
                let seconds = value.parse::<f64>().ok().filter(|s| s.is_finite() && *s >= 0.0);
                self.crawl_delay = seconds.map(|s| Duration::from_secs_f64(s.min(LONGEST_DELAY.as_secs_f64())));
            }
            _ => {}
        }
    }

    /// Whether a path (with its query) may be read: the longest rule that matches decides, `allow` where two are equal
    /// (§2.2.2).
    pub(super) fn allows(&self, path: &str) -> bool {
        let path = normal(path);
        if path == "/robots.txt" {
            return true;
        }
        let matching = self.rules.iter().filter(|r| matches(r.pattern.as_bytes(), path.as_bytes()));
        matching.max_by_key(|r| (r.pattern.len(), r.allow)).is_none_or(|r| r.allow)
    }
}

/// The product of a user-agent line: letters, `-` and `_`; what follows (a version) says nothing.
fn product(value: &str) -> &str {
    let end = value.find(|c: char| !(c.is_ascii_alphabetic() || c == '-' || c == '_')).unwrap_or(value.len());
    &value[..end]
}

/// One spelling for what is the same: escapes of unreserved characters undone, all others in capitals, everything
/// outside of ASCII escaped.
fn normal(path: &str) -> Cow<'_, str> {
    if path.is_ascii() && !path.contains('%') {
        return Cow::Borrowed(path);
    }
    let bytes = path.as_bytes();
    let mut out = String::with_capacity(path.len() + 16);
    let mut i = 0;
    while i < bytes.len() {
        let escaped = (bytes[i] == b'%').then(|| path.get(i + 1..i + 3)).flatten();
        let value = escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        let (byte, width) = value.map_or((bytes[i], 1), |v| (v, 3));
        let unreserved = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if unreserved || (width == 1 && byte.is_ascii()) {
            out.push(byte as char);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        i += width;
    }
    Cow::Owned(out)
}

/// Whether a pattern with `*` (anything) and a final `$` (the end) matches the beginning of a path. Steps back to
/// the last star only, so it is quadratic at worst.
fn matches(pattern: &[u8], path: &[u8]) -> bool {
    let (pattern, to_the_end) = match pattern {
        [start @ .., b'$'] => (start, true),
        _ => (pattern, false),
    };
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    loop {
        if p == pattern.len() && (!to_the_end || t == path.len()) {
            return true;
        }
        if pattern.get(p) == Some(&b'*') {
            star = Some((p + 1, t));
            p += 1;
        } else if p < pattern.len() && pattern.get(p) == path.get(t) {
            p += 1;
            t += 1;
        } else if let Some((after, from)) = star
            && from < path.len()
        {
            star = Some((after, from + 1));
            (p, t) = (after, from + 1);
        } else {
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, path: &str, expected: bool) {
        assert_eq!(Robots::parse(text).allows(path), expected, "{path} by\n{text}");
    }

    #[test]
    fn rules() {
        let all = |rules: &str| format!("User-agent: *\n{rules}");
        check("", "/p/x", true);
        check("<html>not found</html>", "/p/x", true);
        check(&all("Disallow: /"), "/p/x", false);
        check(&all("Disallow: /"), "/robots.txt", true);
        check(&all("Disallow:"), "/p/x", true);
        check(&all("Disallow: /p\nAllow: /p/free"), "/p/free/x", true);
        check(&all("Disallow: /p\nAllow: /p/free"), "/p/paid", false);
        check(&all("Allow: /p\nDisallow: /p"), "/p", true);
        check(&all("Disallow: /*.php$"), "/x/index.php", false);
        check(&all("Disallow: /*.php$"), "/x/index.php?a=1", true);
        check(&all("Disallow: /*?replytocom"), "/p/x?replytocom=5", false);
        check(&all("Disallow: /a*b*c"), "/aXbYd", true);
        check(&all("Disallow: /a*b*c"), "/aXbYc/d", false);
        check(&all("Disallow: /caf%C3%A9"), "/café", false);
        check(&all("Disallow: /café"), "/caf%c3%a9/x", false);
        check(&all("Disallow: /%61b"), "/ab", false);
        check(&all("disallow : /p # private"), "/p", false);
        check("Disallow: /", "/p", true);
    }

    #[test]
    fn groups() {
        let text = "User-agent: GPTBot\nDisallow: /\n\nUser-agent: Tributary/1.0\nUser-agent: other\nDisallow: /no\n\n\
                    Sitemap: https://example.org/sitemap.xml\nUser-agent: *\nDisallow: /all\nCrawl-delay: 5";
        check(text, "/no", false);
        check(text, "/all", true);
        check("User-agent: GPTBot\nDisallow: /", "/x", true);
        // Two groups for the same name are one (§2.2.1).
        let twice =
            "User-agent: tributary\nDisallow: /a\nUser-agent: *\nDisallow: /\nUser-agent: tributary\nDisallow: /b";
        check(twice, "/a", false);
        check(twice, "/b", false);
        check(twice, "/c", true);
    }

    #[test]
    fn crawl_delay() {
        let delay = |value: &str| Robots::parse(&format!("User-agent: *\nCrawl-delay: {value}")).crawl_delay;
        assert_eq!(delay("10"), Some(Duration::from_secs(10)));
        assert_eq!(delay("0.5"), Some(Duration::from_millis(500)));
        assert_eq!(delay("86400"), Some(LONGEST_DELAY));
        assert_eq!(delay("-1"), None);
        assert_eq!(delay("inf"), None);
        assert_eq!(delay("soon"), None);
    }

    /// The slow oracle: all ways to split the path at the stars.
    fn slow(pattern: &[u8], path: &[u8]) -> bool {
        match pattern {
            [] => true,
            [b'$'] => path.is_empty(),
            [b'*', rest @ ..] => (0..=path.len()).any(|i| slow(rest, &path[i..])),
            [c, rest @ ..] => path.first() == Some(c) && slow(rest, &path[1..]),
        }
    }

    proptest! {
        #[test]
        fn matches_as_the_slow_way(pattern in "[ab*]{0,8}[$]?", path in "[ab]{0,10}") {
            prop_assert_eq!(matches(pattern.as_bytes(), path.as_bytes()), slow(pattern.as_bytes(), path.as_bytes()));
        }

        #[test]
        fn never_panics(text in "\\PC{0,200}", path in "/\\PC{0,40}") {
            Robots::parse(&text).allows(&path);
        }
    }
}
