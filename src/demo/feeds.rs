//! What do the sites' feeds look like, down to the habits of the software that writes them?

use std::fmt::Write as _;

use serde_json::json;

use super::cast::{Shape, Site};
use super::stage::Published;
use super::text::{beginning, escape};
use crate::model::Timestamp;

/// WordPress shows 55 words of a post where its feed is set to summaries (`excerpt_length`).
const EXCERPT_WORDS: usize = 55;

/// The feed of a site at `base`.
pub fn render(site: &Site, base: &str, posts: &[Published]) -> String {
    match site.shape {
        Shape::Substack => substack(site, base, posts),
        Shape::WordPress => wordpress(site, base, posts),
        Shape::Atom => atom(site, base, posts),
        Shape::Json => json_feed(site, base, posts),
        Shape::Rss => rss(site, base, posts),
    }
}

fn newest(posts: &[Published]) -> Timestamp {
    posts.iter().map(|post| post.date).max().unwrap_or_default()
}

/// A date of RFC 5322 in the zone's obsolete name, as Substack and HTTP write it.
pub fn gmt(date: Timestamp) -> String {
    date.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

fn cdata(text: &str) -> String {
    format!("<![CDATA[{}]]>", text.replace("]]>", "]]]]><![CDATA[>"))
}

fn substack(site: &Site, base: &str, posts: &[Published]) -> String {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><rss xmlns:dc=\"http://purl.org/dc/elements/1.1/\" \
         xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" xmlns:atom=\"http://www.w3.org/2005/Atom\" \
         version=\"2.0\" xmlns:itunes=\"http://www.itunes.com/dtds/podcast-1.0.dtd\" \
         xmlns:googleplay=\"http://www.google.com/schemas/play-podcasts/1.0\"><channel><title>{title}</title>\
         <description>{tagline}</description><link>{base}</link><image><url>{base}/cover/logo.svg</url>\
         <title>{plain}</title><link>{base}</link></image><generator>Substack</generator>\
         <lastBuildDate>{built}</lastBuildDate>\
         <atom:link href=\"{base}/feed\" rel=\"self\" type=\"application/rss+xml\"/>\
         <copyright>{title}</copyright><language>{title_language}</language>\
         <webMaster><![CDATA[{id}@example.org]]></webMaster>",
        title = cdata(site.title),
        plain = escape(site.title),
        tagline = cdata(site.tagline),
        title_language = cdata(site.language),
        built = gmt(newest(posts)),
        id = site.id,
    );
    for post in posts {
        let cover = format!("{base}/cover/{}.svg", post.slug);
        let figure = format!(
            "<div class=\"captioned-image-container\"><figure><img src=\"{cover}\" width=\"1200\" height=\"630\" \
             alt=\"\"></figure></div>"
        );
        let content = format!("{figure}{}", post.html.replace('\n', ""));
        let _ = write!(
            out,
            "<item><title>{}</title><description>{}</description><link>{url}</link>\
             <guid isPermaLink=\"false\">{url}</guid><dc:creator>{}</dc:creator><pubDate>{}</pubDate>\
             <enclosure url=\"{cover}\" length=\"0\" type=\"image/svg+xml\"/>\
             <content:encoded>{}</content:encoded></item>",
            cdata(post.text.title),
            cdata(post.text.summary),
            cdata(post.text.author),
            gmt(post.date),
            cdata(&content),
            url = post.url,
        );
    }
    out.push_str("</channel></rss>");
    out
}

fn wordpress(site: &Site, base: &str, posts: &[Published]) -> String {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><rss version=\"2.0\"\n\
         \txmlns:content=\"http://purl.org/rss/1.0/modules/content/\"\n\
         \txmlns:wfw=\"http://wellformedweb.org/CommentAPI/\"\n\
         \txmlns:dc=\"http://purl.org/dc/elements/1.1/\"\n\
         \txmlns:atom=\"http://www.w3.org/2005/Atom\"\n\
         \txmlns:sy=\"http://purl.org/rss/1.0/modules/syndication/\"\n\
         \txmlns:slash=\"http://purl.org/rss/1.0/modules/slash/\"\n\t>\n\n<channel>\n\
         \t<title>{title}</title>\n\
         \t<atom:link href=\"{base}/feed/\" rel=\"self\" type=\"application/rss+xml\" />\n\
         \t<link>{base}</link>\n\t<description>{tagline}</description>\n\
         \t<lastBuildDate>{built}</lastBuildDate>\n\t<language>{language}</language>\n\
         \t<generator>https://wordpress.org/?v=6.8.3</generator>\n",
        title = escape(site.title),
        tagline = escape(site.tagline),
        built = newest(posts).to_rfc2822(),
        language = site.language,
    );
    for (number, post) in posts.iter().enumerate() {
        let _ = write!(
            out,
            "\t<item>\n\t\t<title>{title}</title>\n\t\t<link>{url}</link>\n\
             \t\t<comments>{url}#respond</comments>\n\t\t<dc:creator>{author}</dc:creator>\n\
             \t\t<pubDate>{date}</pubDate>\n\t\t<category>{category}</category>\n\
             \t\t<guid isPermaLink=\"false\">{base}/?p={number}</guid>\n\
             \t\t<description>{excerpt}</description>\n\
             \t\t<wfw:commentRss>{url}feed/</wfw:commentRss>\n\t\t<slash:comments>0</slash:comments>\n\t</item>\n",
            title = escape(post.text.title),
            author = cdata(post.text.author),
            category = cdata("Traduzioni"),
            date = post.date.to_rfc2822(),
            // Posts are numbered from the oldest, so that a new one renumbers none.
            number = 100 + posts.len() - number,
            excerpt = cdata(&format!("<p>{} [&#8230;]</p>\n", escape(&beginning(post.text.body, EXCERPT_WORDS)))),
            url = post.url,
        );
    }
    out.push_str("</channel>\n</rss>\n");
    out
}

fn atom(site: &Site, base: &str, posts: &[Published]) -> String {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"{}\">\n\
         \t<title>{}</title>\n\t<subtitle>{}</subtitle>\n\t<link href=\"{base}/\"/>\n\
         \t<link rel=\"self\" href=\"{base}/atom.xml\"/>\n\t<id>{base}/</id>\n\t<updated>{}</updated>\n",
        site.language,
        escape(site.title),
        escape(site.tagline),
        newest(posts).to_rfc3339(),
    );
    for post in posts {
        let _ = write!(
            out,
            "\t<entry>\n\t\t<title>{}</title>\n\t\t<link href=\"{url}\"/>\n\t\t<id>{url}</id>\n\
             \t\t<published>{date}</published>\n\t\t<updated>{date}</updated>\n\
             \t\t<author><name>{}</name></author>\n\t\t<content type=\"html\">{}</content>\n\t</entry>\n",
            escape(post.text.title),
            escape(post.text.author),
            escape(&post.html),
            url = post.url,
            date = post.date.to_rfc3339(),
        );
    }
    out.push_str("</feed>\n");
    out
}

fn json_feed(site: &Site, base: &str, posts: &[Published]) -> String {
    let items: Vec<_> = posts
        .iter()
        .map(|post| {
            json!({
                "id": post.url,
                "url": post.url,
                "title": post.text.title,
                "authors": [{ "name": post.text.author }],
                "content_html": post.html,
                "date_published": post.date.to_rfc3339(),
            })
        })
        .collect();
    let feed = json!({
        "version": "https://jsonfeed.org/version/1.1",
        "title": site.title,
        "description": site.tagline,
        "home_page_url": format!("{base}/"),
        "feed_url": format!("{base}/feed.json"),
        "language": site.language,
        "items": items,
    });
    format!("{feed:#}\n")
}

fn rss(site: &Site, base: &str, posts: &[Published]) -> String {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<rss version=\"2.0\" \
         xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\">\n\
         <channel>\n<title>{}</title>\n<link>{base}/</link>\n<description>{}</description>\n\
         <language>{}</language>\n<pubDate>{}</pubDate>\n",
        escape(site.title),
        escape(site.tagline),
        site.language,
        newest(posts).to_rfc2822(),
    );
    for post in posts {
        let _ = write!(
            out,
            "<item>\n<title>{}</title>\n<link>{url}</link>\n<guid>{url}</guid>\n<dc:creator>{}</dc:creator>\n\
             <pubDate>{}</pubDate>\n<content:encoded>{}</content:encoded>\n</item>\n",
            escape(post.text.title),
            escape(post.text.author),
            post.date.to_rfc2822(),
            cdata(&post.html),
            url = post.url,
        );
    }
    out.push_str("</channel>\n</rss>\n");
    out
}
