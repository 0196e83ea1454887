//! What on a page belongs to the site and not to the article?
//!
//! Every rule takes out little at a time: an element that holds a good part of the text is never boilerplate,
//! whatever its class says.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use dom_query::{NodeData, NodeId, NodeRef};

/// Elements that hold no text of an article.
const ELEMENTS: [&str; 9] = ["nav", "aside", "footer", "header", "button", "dialog", "script", "style", "select"];

/// Words of class names and ids (`post-share-bar` has three) that mark what belongs to the site. Names of themes and
/// plugins of WordPress, Ghost, Blogger, Drupal and Substack.
const WORDS: [&str; 87] = [
    "share",
    "sharing",
    "shares",
    "sharedaddy",
    "social",
    "socials",
    "addtoany",
    "addthis",
    "a2a",
    "shareaholic",
    "ssba",
    "heateor",
    "comments",
    "comment",
    "respond",
    "disqus",
    "commentlist",
    "reply",
    "related",
    "relatedposts",
    "yarpp",
    "crp",
    "recommended",
    "recommendations",
    "recirc",
    "newsletter",
    "subscribe",
    "subscription",
    "signup",
    "optin",
    "mailchimp",
    "mailpoet",
    "sidebar",
    "widget",
    "widgets",
    "breadcrumb",
    "breadcrumbs",
    "pagination",
    "pager",
    "paging",
    "nav",
    "navigation",
    "navbar",
    "navlinks",
    "menu",
    "authorbox",
    "bio",
    "byline",
    "dateline",
    "postmeta",
    "tags",
    "tagcloud",
    "taglist",
    "categories",
    "ad",
    "ads",
    "adsbygoogle",
    "advert",
    "advertisement",
    "sponsor",
    "sponsors",
    "sponsored",
    "promo",
    "cookie",
    "cookies",
    "consent",
    "gdpr",
    "popup",
    "modal",
    "printfriendly",
    "likes",
    "rating",
    "ratings",
    "donate",
    "donation",
    "donations",
    "paypal",
    "patreon",
    "paywall",
    "outbrain",
    "taboola",
    "skiplink",
    "followus",
    "readtime",
    "toolbar",
    "metadata",
    "readnext",
];

/// Neighbouring words of class names and ids that mark it only together: the end of one, the start of the next.
const PARTS: [(&str, &str); 31] = [
    ("recent", "posts"),
    ("latest", "posts"),
    ("latest", "comments"),
    ("more", "posts"),
    ("post", "navigation"),
    ("post", "nav"),
    ("read", "next"),
    ("also", "like"),
    ("author", "box"),
    ("author", "bio"),
    ("about", "author"),
    ("author", "info"),
    ("author", "card"),
    ("entry", "meta"),
    ("post", "meta"),
    ("article", "meta"),
    ("meta", "info"),
    ("entry", "footer"),
    ("post", "footer"),
    ("article", "footer"),
    ("entry", "header"),
    ("post", "header"),
    ("screen", "reader"),
    ("sr", "only"),
    ("visually", "hidden"),
    ("button", "wrapper"),
    ("post", "labels"),
    ("cat", "links"),
    ("tag", "links"),
    ("blog", "pager"),
    ("reading", "time"),
];

/// Beginnings of lines after which only the site speaks, in lower case: headings of lists of other posts, of share
/// bars, of comment forms. In the languages in which reposts were seen.
const TAILS: [&str; 88] = [
    "recent posts",
    "related posts",
    "related articles",
    "related:",
    "related",
    "you may also like",
    "you might also like",
    "more from",
    "read next",
    "read also",
    "see also:",
    "share this",
    "share:",
    "share on",
    "like this",
    "leave a reply",
    "leave a comment",
    "post a comment",
    "comments",
    "no comments",
    "sponsor",
    "advertisement",
    "subscribe to",
    "sign up for",
    "tags:",
    "filed under",
    "about the author",
    "articoli recenti",
    "articoli correlati",
    "articoli simili",
    "potrebbe interessarti",
    "potrebbero interessarti",
    "leggi anche",
    "condividi",
    "mi piace",
    "lascia un commento",
    "lascia una risposta",
    "commenti",
    "correlati",
    "iscriviti",
    "sponsor:",
    "informazioni sull'autore",
    "articles récents",
    "articles similaires",
    "articles liés",
    "à lire aussi",
    "lire aussi",
    "partager",
    "laisser un commentaire",
    "commentaires",
    "j'aime ça",
    "sur le même sujet",
    "abonnez-vous",
    "entradas recientes",
    "artículos relacionados",
    "entradas relacionadas",
    "relacionado",
    "te puede interesar",
    "también te puede",
    "compartir",
    "comparte",
    "deja una respuesta",
    "deja un comentario",
    "comentarios",
    "me gusta",
    "suscríbete",
    "neueste beiträge",
    "ähnliche beiträge",
    "verwandte artikel",
    "das könnte",
    "teilen mit",
    "teilen:",
    "gefällt mir",
    "schreibe einen kommentar",
    "kommentare",
    "posts recentes",
    "artigos relacionados",
    "leia também",
    "compartilhe",
    "deixe um comentário",
    "поделиться",
    "похожие записи",
    "читайте также",
    "свежие записи",
    "комментарии",
    "добавить комментарий",
    "оставить комментарий",
    "метки:",
];

/// Beginnings of lines that name a source: never taken out, wherever they stand.
const SOURCES: [&str; 30] = [
    "fonte",
    "fonti",
    "source",
    "sources",
    "original",
    "originally",
    "first published",
    "link",
    "articolo originale",
    "testo originale",
    "originale",
    "tradotto da",
    "traduzione",
    "traduction",
    "traducción",
    "translated",
    "translation",
    "fuente",
    "quelle",
    "originalartikel",
    "article original",
    "artículo original",
    "texte original",
    "texto original",
    "источник",
    "оригинал",
    "перевод",
    "źródło",
    "kaynak",
    "bron",
];

/// Share of the text around it from which on nothing is boilerplate.
const MAX_SHARE: f64 = 0.3;
/// Characters of a line that can head a list of the site's.
const MAX_HEADING: usize = 60;

/// Text of an element without what its own boilerplate says: for comparing candidates before any is changed.
pub fn own_text(node: &NodeRef<'_>) -> String {
    let mut out = String::new();
    collect(node, &mut out);
    out
}

// Recursion is bounded by the depth that `tidy` leaves.
fn collect(node: &NodeRef<'_>, out: &mut String) {
    for child in node.children_it(false) {
        if child.is_element() {
            if !is_marked(&child) {
                collect(&child, out);
                out.push(' ');
            }
        } else {
            with_text(&child, |text| out.push_str(text));
        }
    }
}

/// Hands on the text of a text node without a copy of it.
fn with_text(node: &NodeRef<'_>, mut read: impl FnMut(&str)) {
    node.query(|node| {
        if let NodeData::Text { contents } = &node.data {
            read(contents);
        }
    });
}

/// Takes out of an article what belongs to the site.
pub fn remove(article: &NodeRef<'_>, title: Option<&str>, byline: Option<&str>) {
    let lengths = Lengths::of(article);
    let all = lengths.get(article);
    let is_small = |lengths: &Lengths, node: &NodeRef<'_>| (lengths.get(node) as f64) < MAX_SHARE * all as f64;
    for node in article.descendants() {
        if node.is_element() && is_marked(&node) && is_small(&lengths, &node) && !names_source(&node) {
            node.remove_from_parent();
        }
    }
    let lengths = Lengths::of(article);
    for node in article.descendants() {
        if lengths.get(&node) <= MAX_HEADING && is_tail_heading(&node) && node.parent().is_some() {
            remove_from(&node, &|node| is_small(&lengths, node));
        }
    }
    remove_lead(article, title, byline);
    remove_trailing_lists(article);
}

/// How much text every element holds, counted once: asking each for its own would cost the depth over and over.
struct Lengths(HashMap<NodeId, usize>);

impl Lengths {
    fn of(article: &NodeRef<'_>) -> Self {
        let mut lengths = Self(HashMap::new());
        lengths.count(article);
        lengths
    }

    // Recursion is bounded by the depth that `tidy` leaves.
    fn count(&mut self, node: &NodeRef<'_>) -> usize {
        let mut length = 0;
        with_text(node, |text| length = letters_of(text));
        for child in node.children_it(false) {
            length += self.count(&child);
        }
        self.0.insert(node.id, length);
        length
    }

    /// Characters other than blanks; none of what was taken out meanwhile.
    fn get(&self, node: &NodeRef<'_>) -> usize {
        self.0.get(&node.id).copied().unwrap_or(0)
    }
}

fn length(node: &NodeRef<'_>) -> usize {
    letters_of(&node.text())
}

fn letters_of(text: &str) -> usize {
    text.chars().filter(|c| !c.is_whitespace()).count()
}

fn is_marked(node: &NodeRef<'_>) -> bool {
    let Some(element) = node.element_ref() else { return false };
    let name: &str = &element.name.local;
    if ELEMENTS.contains(&name) {
        return true;
    }
    let may_be_named = !matches!(name, "body" | "html" | "main" | "article");
    element.attrs.iter().any(|attribute| match &*attribute.name.local {
        "hidden" => true,
        "style" => attribute.value.replace(' ', "").to_ascii_lowercase().contains("display:none"),
        "class" | "id" => may_be_named && names_site(&attribute.value),
        _ => false,
    })
}

/// Whether a class or id is one that software gives to what belongs to the site.
fn names_site(value: &str) -> bool {
    static KNOWN: LazyLock<HashSet<&str>> = LazyLock::new(|| HashSet::from(WORDS));
    let value = value.to_ascii_lowercase();
    if value.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| KNOWN.contains(word)) {
        return true;
    }
    value.split_ascii_whitespace().any(|class| {
        let mut before = "";
        class.split(['-', '_']).filter(|word| !word.is_empty()).any(|word| {
            let found = PARTS.iter().any(|(first, second)| before.ends_with(first) && word.starts_with(second));
            before = word;
            found
        })
    })
}

/// Whether a block's text starts as lines do that name a source, or is nothing but an address.
fn names_source(node: &NodeRef<'_>) -> bool {
    let text = node.text().trim().to_lowercase();
    let bare = text.starts_with("http") && !text.contains(char::is_whitespace);
    bare || text.chars().count() < 300 && text.contains("http") && SOURCES.iter().any(|source| text.starts_with(source))
}

fn is_tail_heading(node: &NodeRef<'_>) -> bool {
    let Some(name) = node.node_name() else { return false };
    if !matches!(
        name.as_ref(),
        "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "p" | "strong" | "b" | "div" | "span" | "legend"
    ) {
        return false;
    }
    let text = node.text();
    if text.len() > MAX_HEADING * 4 {
        return false;
    }
    let text = text.trim().to_lowercase();
    let characters = text.chars().count();
    if characters == 0 || characters > MAX_HEADING {
        return false;
    }
    TAILS.iter().any(|tail| {
        let Some(rest) = text.strip_prefix(tail) else { return false };
        // A sentence that starts with the word is none: "Related to this is the question …".
        let ends = rest.trim_start_matches([
            ':', '.', '!', '?', '…', ' ', '(', ')', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9',
        ]);
        rest.is_empty() || ends.is_empty() || (name.starts_with('h') && !rest.starts_with(char::is_alphabetic))
    })
}

/// Takes out a heading with all that follows it in its element, but for lines that name a source.
fn remove_from(heading: &NodeRef<'_>, small: &dyn Fn(&NodeRef<'_>) -> bool) {
    let mut doomed = vec![*heading];
    let mut next = heading.next_sibling();
    while let Some(node) = next {
        next = node.next_sibling();
        // A long block after it is the article going on.
        if node.is_element() && (!small(&node) || is_paragraph(&node)) {
            break;
        }
        if !names_source(&node) {
            doomed.push(node);
        }
    }
    doomed.iter().for_each(NodeRef::remove_from_parent);
}

/// A paragraph of prose: long, and not one link.
fn is_paragraph(node: &NodeRef<'_>) -> bool {
    node.has_name("p") && length(node) > 200 && link_length(node) * 2 < length(node)
}

fn link_length(node: &NodeRef<'_>) -> usize {
    node.descendants_it().filter(|inner| inner.has_name("a")).map(|link| length(&link)).sum()
}

/// What stands above the text and is not part of it: the title once more, the byline alone, how long it takes to read.
fn remove_lead(article: &NodeRef<'_>, title: Option<&str>, byline: Option<&str>) {
    let letters =
        |text: &str| text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    let (title, byline) = (letters(title.unwrap_or_default()), letters(byline.unwrap_or_default()));
    // Title, subtitle, byline, date: no article has more above its text.
    for _ in 0..4 {
        let Some(block) = first_block(article) else { return };
        let text = block.text();
        if text.trim().chars().count() > MAX_LEAD {
            return;
        }
        let own = letters(&text);
        // Page titles go on with the name of the site.
        let is_title = own == title || title.starts_with(&own) && own.len() * 2 > title.len();
        let is_byline = !byline.is_empty() && (own == byline || own.ends_with("minread") && own.starts_with(&byline));
        if own.is_empty() || !(is_title || is_byline) {
            return;
        }
        block.remove_from_parent();
    }
}

/// Characters of a line above the text: the longest titles of the corpora have 200.
const MAX_LEAD: usize = 250;

/// The innermost element that holds the whole of the first line of text.
fn first_block<'a>(article: &NodeRef<'a>) -> Option<NodeRef<'a>> {
    let first = article.descendants_it().find(|node| node.is_text() && !node.text().trim().is_empty())?;
    let mut block = first.parent()?;
    // Out of the inline elements: the line is that of the block around them.
    while INLINE.iter().any(|name| block.has_name(name)) {
        match block.parent() {
            Some(around) if around.id != article.id && length(&around) <= MAX_LEAD => block = around,
            _ => break,
        }
    }
    (block.id != article.id).then_some(block)
}

/// Elements within a line.
const INLINE: [&str; 8] = ["a", "b", "strong", "span", "font", "em", "i", "time"];

/// Lists of links to the site itself at the end: tags, other posts. A list of sources leads elsewhere.
fn remove_trailing_lists(article: &NodeRef<'_>) {
    let all = length(article);
    let mut around = *article;
    for _ in 0..32 {
        let Some(last) = last_block(&around) else { return };
        let links: Vec<NodeRef<'_>> = last.descendants_it().filter(|node| node.has_name("a")).collect();
        let inside = links.iter().filter(|link| link.attr("href").is_some_and(|href| !href.contains("://"))).count();
        let own = length(&last);
        // A text that stands in a link as a whole is still the text.
        let all_links = link_length(&last) * 10 >= own * 9 && (own as f64) < MAX_SHARE * all as f64;
        let is_list = links.len() >= 3 && inside == links.len() && all_links;
        let is_empty = length(&last) == 0 && links.is_empty() && !has_media(&last);
        if is_list || is_empty {
            last.remove_from_parent();
        } else if matches!(last.node_name().as_deref(), Some("div" | "section" | "article" | "main")) {
            around = last;
        } else {
            return;
        }
    }
}

fn has_media(node: &NodeRef<'_>) -> bool {
    let is_media =
        |node: &NodeRef<'_>| ["img", "video", "audio", "picture", "figure"].iter().any(|name| node.has_name(name));
    is_media(node) || node.descendants_it().any(|inner| is_media(&inner))
}

/// The last element, if no text stands after it.
fn last_block<'a>(node: &NodeRef<'a>) -> Option<NodeRef<'a>> {
    let mut last = node.last_child();
    while let Some(child) = last {
        if child.is_element() {
            return Some(child);
        }
        if child.is_text() && !child.text().trim().is_empty() {
            return None;
        }
        last = child.prev_sibling();
    }
    None
}
