//! Which vocabulary is an element of? By its namespace's address, as feeds really write it, else by its prefix.

/// The vocabularies that the reader knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ns {
    /// No namespace, any of RSS's, or an unknown one that the root takes for its own.
    Core,
    /// Atom 0.3 and 1.0.
    Atom,
    /// RDF.
    Rdf,
    /// `content:encoded` and `content:items`.
    Content,
    /// Dublin Core, elements and terms.
    Dc,
    /// Apple's and Google's podcast elements.
    Itunes,
    /// Media RSS.
    Media,
    /// FeedBurner.
    Feedburner,
    /// `thr:` and `slash:`, `wfw:`: comments.
    Comments,
    /// Creative Commons licences.
    License,
    /// `sy:`: how often a feed changes.
    Syndication,
    /// XHTML.
    Xhtml,
    /// `xml:`.
    Xml,
    /// Anything else.
    Other,
}

/// The vocabulary of a namespace name. Case, scheme, `www.`, and a closing `/` or `#` make no difference: feeds
/// get all of them wrong.
pub fn by_address(address: &str) -> Option<Ns> {
    let address = address.trim().to_ascii_lowercase();
    let address = address.trim_start_matches("https://").trim_start_matches("http://").trim_start_matches("www.");
    Some(match address.trim_end_matches(['/', '#']) {
        "w3.org/2005/atom" | "purl.org/atom/ns" | "purl.org/net/rss1.1" => {
            if address.contains("rss1.1") {
                Ns::Core
            } else {
                Ns::Atom
            }
        }
        "w3.org/1999/02/22-rdf-syntax-ns" => Ns::Rdf,
        ""
        | "purl.org/rss/1.0"
        | "my.netscape.com/rdf/simple/0.9"
        | "channel.netscape.com/rdf/simple/0.9"
        | "my.netscape.com/publish/formats/rss-0.91.dtd"
        | "purl.org/net/rss1.0"
        | "purl.org/rss/2.0"
        | "rssboard.org/rss-specification" => Ns::Core,
        a if a.starts_with("backend.userland.com/rss")
            || a.starts_with("blogs.law.harvard.edu/tech/rss")
            || a.starts_with("cyber.law.harvard.edu/rss") =>
        {
            Ns::Core
        }
        "purl.org/rss/1.0/modules/content" | "purl.org/rss/modules/content" => Ns::Content,
        "purl.org/dc/elements/1.1" | "purl.org/dc/elements/1.0" | "purl.org/dc/terms" | "purl.org/dc/dcmitype" => {
            Ns::Dc
        }
        a if a.starts_with("itunes.com/dtds/podcast")
            || a.starts_with("itunes.com/dtd/podcast")
            || a.starts_with("example.com/dtds/podcast")
            || a.starts_with("google.com/schemas/play-podcasts") =>
        {
            Ns::Itunes
        }
        a if a.starts_with("search.yahoo.com/mrss")
            || a.starts_with("tools.search.yahoo.com/mrss")
            || a == "video.search.yahoo.com/mrss" =>
        {
            Ns::Media
        }
        a if a.starts_with("rssnamespace.org/feedburner") => Ns::Feedburner,
        "purl.org/syndication/thread/1.0" | "purl.org/rss/1.0/modules/slash" | "wellformedweb.org/commentapi" => {
            Ns::Comments
        }
        "backend.userland.com/creativecommonsrssmodule"
        | "cyber.law.harvard.edu/rss/creativecommonsrssmodule.html"
        | "web.resource.org/cc"
        | "creativecommons.org/ns" => Ns::License,
        "purl.org/rss/1.0/modules/syndication" => Ns::Syndication,
        "w3.org/1999/xhtml" => Ns::Xhtml,
        "w3.org/xml/1998/namespace" => Ns::Xml,
        _ => return None,
    })
}

/// The vocabulary that a prefix usually stands for: where its namespace is undeclared or unknown.
pub fn by_prefix(prefix: &str) -> Ns {
    match prefix.to_ascii_lowercase().as_str() {
        "" | "rss" | "rss10" => Ns::Core,
        "atom" | "atom10" | "atom03" | "a10" => Ns::Atom,
        "rdf" => Ns::Rdf,
        "content" => Ns::Content,
        "dc" | "dcterms" | "dct" => Ns::Dc,
        "itunes" | "googleplay" => Ns::Itunes,
        "media" => Ns::Media,
        "feedburner" => Ns::Feedburner,
        "thr" | "slash" | "wfw" => Ns::Comments,
        "cc" | "creativecommons" => Ns::License,
        "sy" => Ns::Syndication,
        "xhtml" | "html" => Ns::Xhtml,
        "xml" => Ns::Xml,
        _ => Ns::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_known_as_they_are_really_written() {
        let check = |address: &str, expected: Option<Ns>| assert_eq!(by_address(address), expected, "{address}");
        check("http://www.w3.org/2005/Atom", Some(Ns::Atom));
        check("https://www.w3.org/2005/atom/", Some(Ns::Atom));
        check("http://purl.org/atom/ns#", Some(Ns::Atom));
        check("http://my.netscape.com/rdf/simple/0.9/", Some(Ns::Core));
        check("http://www.itunes.com/DTDs/PodCast-1.0.dtd", Some(Ns::Itunes));
        check("http://search.yahoo.com/mrss", Some(Ns::Media));
        check("http://purl.org/dc/terms/", Some(Ns::Dc));
        check("http://example.org/", None);
    }
}
