//! What stands on which site right now?

use std::cmp::Reverse;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{Duration, Timelike as _};

use super::cast::{COPIES_FROM, POSTS, Post, QUEUE, SITES, Site};
use super::text::{self, Text};
use crate::model::Timestamp;

/// Seconds between two releases: long enough to read what changed on the page, short enough to wait for.
pub const INTERVAL_S: i64 = 20;
/// Seconds between two copies at the end of the queue: they are for those who stay.
const COPIES_INTERVAL_S: i64 = 60;

/// When the `n`th post of the queue is due (the first is 1), in seconds from the start.
pub fn due_s(n: usize) -> i64 {
    (1..=n).map(|n| if n > COPIES_FROM { COPIES_INTERVAL_S } else { INTERVAL_S }).sum()
}

/// The sites at their addresses, and how much of the queue they have released.
#[derive(Debug)]
pub struct Stage {
    /// `http://127.0.0.1:PORT` of each site, in the order of [`SITES`].
    bases: Vec<String>,
    started: Timestamp,
    released: AtomicUsize,
}

/// A post as it stands on its site.
#[derive(Debug, Clone)]
pub struct Published {
    /// Its absolute address.
    pub url: String,
    /// Its path on the site.
    pub path: String,
    /// Its text.
    pub text: Text,
    /// Its last part of the address.
    pub slug: &'static str,
    /// The text as HTML, with the lines above and below.
    pub html: String,
    /// When it was published.
    pub date: Timestamp,
}

impl Stage {
    /// A stage whose sites answer at `bases`, with nothing of the queue released.
    pub fn new(bases: Vec<String>, started: Timestamp) -> Self {
        // Feeds date to the second: what they say and what they are compared with must be the same.
        let started = started.with_nanosecond(0).unwrap_or(started);
        Self { bases, started, released: AtomicUsize::new(0) }
    }

    /// `http://127.0.0.1:PORT` of a site.
    pub fn base(&self, site: usize) -> &str {
        self.bases.get(site).map_or("", String::as_str)
    }

    /// Releases the next post of the queue; `None` when it is used up.
    pub fn release(&self) -> Option<&'static Post> {
        let next = |n: usize| (n < QUEUE.len()).then_some(n + 1);
        let n = self.released.fetch_update(Ordering::AcqRel, Ordering::Acquire, next).ok()?;
        QUEUE.get(n)
    }

    /// How many posts are held back.
    pub fn held(&self) -> usize {
        QUEUE.len() - self.released.load(Ordering::Acquire)
    }

    /// What stands on a site, newest first.
    pub fn posts(&self, site: usize) -> Vec<Published> {
        let Some(Site { id, .. }) = SITES.get(site) else { return Vec::new() };
        let released = QUEUE.iter().take(self.released.load(Ordering::Acquire));
        // A post is dated when it is due, so that the same start gives the same bytes.
        let due = (1..).map(|n| self.started + Duration::seconds(due_s(n)));
        let from_queue = released.zip(due);
        let from_start = POSTS.iter().map(|post| (post, self.started));
        let here = from_start.chain(from_queue).filter(|(post, _)| post.site == *id);
        let mut posts: Vec<Published> = here.map(|(post, base)| self.published(post, base)).collect();
        posts.sort_by_key(|post| Reverse(post.date));
        posts
    }

    fn published(&self, post: &Post, base: Timestamp) -> Published {
        let text = Text::read(post.file);
        let body = format!("{}\n\n{}\n\n{}", post.above, text.body, post.below);
        let path = path_of(post);
        Published {
            url: format!("{}{path}", self.base(site_of(post))),
            path,
            html: text::html(&body, |name| self.address(name)),
            text,
            slug: post.slug,
            date: base - Duration::hours(post.hours_ago),
        }
    }

    /// The address of the essay of this name, released or not.
    fn address(&self, name: &str) -> String {
        let named = POSTS.iter().chain(QUEUE).find(|post| post.name == Some(name));
        named.map_or_else(String::new, |post| format!("{}{}", self.base(site_of(post)), path_of(post)))
    }
}

fn site_of(post: &Post) -> usize {
    SITES.iter().position(|site| site.id == post.site).unwrap_or_default()
}

fn path_of(post: &Post) -> String {
    use super::cast::Shape::{Atom, Json, Rss, Substack, WordPress};
    let slug = post.slug;
    match SITES.get(site_of(post)).map(|site| site.shape) {
        Some(Substack) => format!("/p/{slug}"),
        Some(Atom) => format!("/articles/{slug}.html"),
        Some(Json) => format!("/textos/{slug}"),
        Some(WordPress | Rss) | None => format!("/{slug}/"),
    }
}
