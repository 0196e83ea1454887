//! What a browser is shown: views -> HTML. Server-rendered, no script, nothing from another host.
//!
//! Everything from a source passes maud's escaping; the pages republish titles and first words as text, never markup.

mod index;
mod messages;
mod metrics;
mod reasons;
mod route;
mod sources;
mod story;
mod view;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::model::edition::Version;
use crate::model::{Language, MemberRole};

pub use index::index;
pub use messages::Messages;
pub use metrics::{MEDIA_TYPE as METRICS_MEDIA_TYPE, Metric, metrics};
pub use route::{RESERVED, ROBOTS, Route};
pub use sources::sources;
pub use story::story;
pub use view::{
    Filter, Frame, Happened, HistoryLine, Index, PossiblePage, SourceLine, StoryLine, StoryPage, VersionPage,
};

/// The stylesheet of the pages, at `/style.css`.
pub const STYLE: &str = include_str!("style.css");
/// The stylesheet of feeds that are opened in a browser, at `/feed.css`.
pub const FEED_STYLE: &str = include_str!("feed.css");

macro_rules! streams {
    () => {
        " viewBox=\"0 0 32 32\" fill=\"none\" stroke-width=\"2.6\" stroke-linecap=\"round\"><path d=\"M5 4c0 9 11 8 11 17v7\"/>\
         <path d=\"M16 4v17\"/><path d=\"M27 4c0 9-11 8-11 17\"/></svg>"
    };
}

/// Three streams that become one: on pages in the colour of the text.
const LOGO: &str = concat!("<svg aria-hidden=\"true\" stroke=\"currentColor\"", streams!());
/// The same as a file, at `/icon.svg`, in a colour that shows on light and dark.
pub const ICON: &str = concat!("<svg xmlns=\"http://www.w3.org/2000/svg\" stroke=\"#1b8a99\"", streams!());

/// Which entry of the navigation is the current page.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Index,
    Sources,
    Elsewhere,
}

/// The page for a path at which there is nothing.
pub fn not_found(frame: &Frame, messages: &Messages) -> String {
    let main = html! {
        div.hero {
            h1 { (messages.not_found) }
            p { (messages.not_found_note) }
        }
        p { a href=(path(frame, "")) { (messages.stories) } }
    };
    page(frame, messages, Place::Elsewhere, messages.not_found, main)
}

fn page(frame: &Frame, messages: &Messages, place: Place, title: &str, main: Markup) -> String {
    let current = |here: Place| (place == here).then_some("page");
    let heading = if title == frame.title { title.to_owned() } else { format!("{title} · {}", frame.title) };
    let markup = html! {
        (DOCTYPE)
        html lang=(messages.language) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (heading) }
                link rel="stylesheet" href=(path(frame, "style.css"));
                link rel="icon" type="image/svg+xml" href=(path(frame, "icon.svg"));
                @for edition in &frame.editions {
                    link rel="alternate" type="application/atom+xml" title=(edition.title)
                        href=(path(frame, &format!("{}.atom", edition.id)));
                    link rel="alternate" type="application/rss+xml" title={ (edition.title) " (RSS)" }
                        href=(path(frame, &format!("{}.rss", edition.id)));
                    link rel="alternate" type="application/feed+json" title={ (edition.title) " (JSON)" }
                        href=(path(frame, &format!("{}.json", edition.id)));
                }
            }
            body {
                a.skip href="#main" { (messages.skip) }
                header.top {
                    div.wrap {
                        a.brand href=(path(frame, "")) { (PreEscaped(LOGO)) span dir="auto" { (frame.title) } }
                        nav {
                            a href=(path(frame, "")) aria-current=[current(Place::Index)] { (messages.stories) }
                            a href=(path(frame, "sources")) aria-current=[current(Place::Sources)] { (messages.sources) }
                        }
                    }
                }
                main #main .wrap {
                    @if let Some(fault) = &frame.config_fault {
                        p.alert role="alert" { (messages.config_fault) " " (fault) }
                    }
                    (main)
                }
                footer.bottom {
                    div.wrap {
                        span { "tributary " (env!("CARGO_PKG_VERSION")) }
                        a href=(path(frame, "status.atom")) { (messages.status_feed) }
                        a href=(path(frame, "editions.opml")) { (messages.opml[0]) }
                        a href=(path(frame, "sources.opml")) { (messages.opml[1]) }
                    }
                }
            }
        }
    };
    markup.into_string()
}

/// A path of ours, below that of the planet.
fn path(frame: &Frame, rest: &str) -> String {
    format!("{}/{rest}", frame.home.path().trim_end_matches('/'))
}

/// The direction of a text: that of its language, and where that is unknown, of its first letters.
fn direction(language: Option<&Language>) -> &'static str {
    match language {
        Some(language) if language.is_right_to_left() => "rtl",
        Some(_) => "ltr",
        None => "auto",
    }
}

/// A text of a source, in its language and direction.
fn spoken(language: Option<&Language>, text: &str) -> Markup {
    html! { span lang=[language] dir=(direction(language)) { (text) } }
}

/// The address of a version's page, if it is one that a browser may follow.
fn href(version: &Version) -> Option<&str> {
    version.link.as_ref().filter(|l| matches!(l.scheme(), "http" | "https")).map(url::Url::as_str)
}

/// A version as a badge with its language's own name; the tooltip and the accessible name say more.
fn badge(version: &Version, shown: bool, messages: &Messages) -> Markup {
    let language = version.language.as_ref();
    let name = language.map_or("?", Language::endonym);
    let class = match (shown, version.role) {
        (true, _) => "badge shown",
        (_, MemberRole::Original) => "badge original",
        _ => "badge",
    };
    let about = format!("{} · {}", messages.role(version.role), version.source.title);
    html! {
        @if let Some(href) = href(version).filter(|_| !shown) {
            a class=(class) href=(href) hreflang=[language] rel="noopener" title=(about) { (spoken(language, name)) }
        } @else {
            span class=(class) title=(about) { (spoken(language, name)) }
        }
    }
}

/// Names with commas between.
fn names(people: &[String]) -> Markup {
    html! {
        @for (i, name) in people.iter().enumerate() {
            @if i > 0 { ", " }
            bdi { (name) }
        }
    }
}
