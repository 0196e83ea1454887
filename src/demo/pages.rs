//! What do the sites' pages look like to a reader who follows a link?

use std::fmt::Write as _;

use super::cast::{Shape, Site};
use super::stage::Published;
use super::text::escape;

const STYLE: &str = "body{font:18px/1.6 Georgia,serif;max-width:40em;margin:0 auto;padding:2em 1em;color:#222;background:#fdfcf9}\
    h1{line-height:1.2}nav a,aside a{margin-right:1em}aside,footer,form{font-size:.85em;color:#666}\
    blockquote{border-left:3px solid #ccc;margin-left:0;padding-left:1em}img{max-width:100%;height:auto}";

/// The front page: the posts, newest first, and where the feed is.
pub fn front(site: &Site, base: &str, posts: &[Published]) -> String {
    let mut list = String::new();
    for post in posts {
        let date = post.date.format("%Y-%m-%d");
        let _ =
            writeln!(list, "<li><a href=\"{}\">{}</a> <time>{date}</time></li>", post.path, escape(post.text.title));
    }
    let generator = match site.shape {
        Shape::WordPress => "<meta name=\"generator\" content=\"WordPress 6.8.3\">\n",
        _ => "",
    };
    let head = format!(
        "{generator}<link rel=\"alternate\" type=\"{}\" title=\"{}\" href=\"{base}{}\">",
        feed_type(site.shape),
        escape(site.title),
        site.shape.feed_path(),
    );
    let body = format!("<h1>{}</h1>\n<p>{}</p>\n<ul>\n{list}</ul>", escape(site.title), escape(site.tagline));
    document(site, site.title, &head, &body)
}

/// The page of a post.
pub fn post(site: &Site, base: &str, post: &Published, posts: &[Published]) -> String {
    match site.shape {
        Shape::WordPress => wordpress(site, base, post, posts),
        Shape::Substack => substack(site, base, post),
        Shape::Atom | Shape::Json | Shape::Rss => {
            let body = format!(
                "<header><a href=\"/\">{}</a></header>\n<article>\n<h1>{}</h1>\n<p><time datetime=\"{}\">{}</time></p>\n{}</article>",
                escape(site.title),
                escape(post.text.title),
                post.date.to_rfc3339(),
                post.date.format("%Y-%m-%d"),
                post.html,
            );
            document(site, post.text.title, &canonical(post), &body)
        }
    }
}

/// A picture for a post: bands whose colours and places follow from its slug.
pub fn cover(slug: &str) -> String {
    // FNV-1a (Fowler, Noll, Vo): a stable hash in two lines; it only has to look arbitrary.
    let mut hash =
        slug.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
    let mut take = |below: u64| {
        let value = hash % below;
        hash = hash.rotate_right(9).wrapping_mul(0x100_0000_01b3);
        value
    };
    let hue = take(360);
    let mut bands = String::new();
    for band in 0..6 {
        let (top, lean) = (90 + band * 90, take(160));
        let _ = write!(
            bands,
            "<path d=\"M0 {} Q 400 {} 1200 {} V630 H0 Z\" fill=\"hsl({} 45% {}%)\"/>",
            top + lean / 2,
            top + 160 - lean,
            top + take(90),
            (hue + band * 9) % 360,
            82 - band * 11,
        );
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1200 630\" width=\"1200\" height=\"630\">\
         <rect width=\"1200\" height=\"630\" fill=\"hsl({hue} 40% 92%)\"/>{bands}</svg>"
    )
}

fn feed_type(shape: Shape) -> &'static str {
    match shape {
        Shape::Atom => "application/atom+xml",
        Shape::Json => "application/feed+json",
        Shape::Substack | Shape::WordPress | Shape::Rss => "application/rss+xml",
    }
}

fn canonical(post: &Published) -> String {
    format!("<link rel=\"canonical\" href=\"{}\">", post.url)
}

fn document(site: &Site, title: &str, head: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{}</title>\n{head}\n<style>{STYLE}</style>\n\
         </head>\n<body>\n{body}\n</body>\n</html>\n",
        site.language,
        escape(title),
    )
}

/// Substack's post pages name no feed.
fn substack(site: &Site, base: &str, post: &Published) -> String {
    let head = format!(
        "{}\n<meta property=\"og:type\" content=\"article\">\n<meta property=\"og:title\" content=\"{title}\">\n\
         <meta property=\"og:image\" content=\"{base}/cover/{}.svg\">\n<meta name=\"author\" content=\"{}\">",
        canonical(post),
        post.slug,
        escape(post.text.author),
        title = escape(post.text.title),
    );
    let body = format!(
        "<div class=\"topbar\"><a href=\"/\">{site_title}</a> <button>Subscribe</button> <button>Sign in</button></div>\n\
         <article class=\"post\">\n<h1 class=\"post-title\">{title}</h1>\n<h3 class=\"subtitle\">{summary}</h3>\n\
         <p class=\"byline\">{author} · <time datetime=\"{iso}\">{day}</time></p>\n\
         <div class=\"body markup\"><figure><img src=\"/cover/{slug}.svg\" alt=\"\"></figure>\n{html}</div>\n</article>\n\
         <div class=\"subscribe-widget\"><p>Thanks for reading {site_title}! Subscribe for free to receive new posts.</p>\
         <form><input type=\"email\" placeholder=\"Type your email...\"><button>Subscribe</button></form></div>",
        site_title = escape(site.title),
        title = escape(post.text.title),
        summary = escape(post.text.summary),
        author = escape(post.text.author),
        iso = post.date.to_rfc3339(),
        day = post.date.format("%b %d, %Y"),
        slug = post.slug,
        html = post.html,
    );
    document(site, post.text.title, &head, &body)
}

/// A post within its theme: everything that is not the article, and looks like text.
fn wordpress(site: &Site, base: &str, post: &Published, posts: &[Published]) -> String {
    let mut recent = String::new();
    for other in posts.iter().take(5) {
        let _ = write!(recent, "<li><a href=\"{}\">{}</a></li>", other.url, escape(other.text.title));
    }
    let neighbours = posts.iter().filter(|other| other.url != post.url).take(2);
    let neighbours: String = neighbours
        .map(|other| format!("<a href=\"{}\" rel=\"prev\">{}</a> ", other.url, escape(other.text.title)))
        .collect();
    let head = format!(
        "<meta name=\"generator\" content=\"WordPress 6.8.3\">\n{}\n<meta property=\"og:locale\" content=\"it_IT\">\n\
         <meta property=\"og:site_name\" content=\"{}\">",
        canonical(post),
        escape(site.title),
    );
    let body = format!(
        "<div id=\"page\" class=\"hfeed site\">\n<header class=\"site-header\"><p class=\"site-title\"><a href=\"{base}/\">{site_title}</a></p>\
         <p class=\"site-description\">{tagline}</p>\n<nav class=\"main-navigation\"><a href=\"{base}/\">Home</a> \
         <a href=\"{base}/chi-siamo/\">Chi siamo</a> <a href=\"{base}/contatti/\">Contatti</a></nav></header>\n\
         <main class=\"site-main\">\n<article id=\"post-{slug}\" class=\"post type-post status-publish hentry\">\n\
         <header class=\"entry-header\"><h1 class=\"entry-title\">{title}</h1>\
         <div class=\"entry-meta\">Pubblicato il <time class=\"entry-date published\" datetime=\"{iso}\">{day}</time> \
         da <span class=\"author vcard\">{author}</span></div></header>\n\
         <div class=\"entry-content\">\n{html}\
         <div class=\"sharedaddy sd-sharing-enabled\"><h3 class=\"sd-title\">Condividi:</h3><ul>\
         <li><a href=\"{url}?share=email\">E-mail</a></li><li><a href=\"{url}?share=print\">Stampa</a></li>\
         <li><a href=\"{url}?share=more\">Altro</a></li></ul></div>\n\
         <div class=\"jp-relatedposts\"><h3>Correlati</h3></div>\n</div>\n</article>\n\
         <nav class=\"post-navigation\"><h2 class=\"screen-reader-text\">Navigazione articoli</h2>{neighbours}</nav>\n\
         <div id=\"comments\" class=\"comments-area\"><div id=\"respond\" class=\"comment-respond\">\
         <h3 class=\"comment-reply-title\">Lascia un commento</h3><form class=\"comment-form\">\
         <p>Il tuo indirizzo email non sarà pubblicato. I campi obbligatori sono contrassegnati *</p>\
         <textarea name=\"comment\"></textarea><input name=\"author\"><input type=\"submit\" value=\"Invia commento\">\
         </form></div></div>\n</main>\n\
         <aside class=\"widget-area\"><section class=\"widget widget_recent_entries\"><h2>Articoli recenti</h2><ul>{recent}</ul></section>\
         <section class=\"widget\"><h2>Sponsor</h2><p><a href=\"{base}/sponsor/\">Torrefazione Quattro Vie: il caffè di chi traduce di notte</a></p></section>\
         <section class=\"widget\"><h2>Iscriviti al blog</h2><p>Inserisci il tuo indirizzo e-mail per ricevere i nuovi articoli.</p></section></aside>\n\
         <footer class=\"site-footer\">Creato con WordPress</footer>\n</div>",
        site_title = escape(site.title),
        tagline = escape(site.tagline),
        title = escape(post.text.title),
        author = escape(post.text.author),
        iso = post.date.to_rfc3339(),
        day = post.date.format("%d/%m/%Y"),
        slug = post.slug,
        html = post.html,
        url = post.url,
    );
    document(site, &format!("{} – {}", post.text.title, site.title), &head, &body)
}
