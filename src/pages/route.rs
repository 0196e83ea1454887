//! Which page stands at a path?

use crate::model::StoryId;

/// A page of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// `/`.
    Index,
    /// `/story/ID`.
    Story(StoryId),
    /// `/sources`.
    Sources,
    /// `/status.atom`.
    Status,
    /// `/editions.opml`.
    EditionsOpml,
    /// `/sources.opml`.
    SourcesOpml,
    /// `/metrics`.
    Metrics,
    /// `/healthz`: the process answers.
    Health,
    /// `/readyz`: the store takes what is written.
    Ready,
    /// `/style.css`.
    Style,
    /// `/feed.css`.
    FeedStyle,
    /// `/robots.txt`.
    Robots,
    /// `/icon.svg`, and where browsers look for it unasked.
    Icon,
}

/// First parts of our paths that are no edition's to take; those with an ending cannot be one.
pub const RESERVED: &[&str] = &["story", "sources", "metrics", "healthz", "readyz"];

impl Route {
    /// The page at this path, if there is one.
    pub fn of(path: &str) -> Option<Self> {
        Some(match path {
            "/" => Self::Index,
            "/sources" => Self::Sources,
            "/status.atom" => Self::Status,
            "/editions.opml" => Self::EditionsOpml,
            "/sources.opml" => Self::SourcesOpml,
            "/metrics" => Self::Metrics,
            "/healthz" => Self::Health,
            "/readyz" => Self::Ready,
            "/style.css" => Self::Style,
            "/feed.css" => Self::FeedStyle,
            "/robots.txt" => Self::Robots,
            "/icon.svg" | "/favicon.ico" => Self::Icon,
            _ => Self::Story(path.strip_prefix("/story/").filter(|id| id.len() <= 64)?.parse().ok()?),
        })
    }
}

/// A person's pages may be searched; questions to them and the feeds need not be.
pub const ROBOTS: &str = "User-agent: *\nDisallow: /*?\nDisallow: /metrics\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let id = "0188d0c4-1f6a-5d5e-8d5e-0123456789ab";
        assert_eq!(Route::of(&format!("/story/{id}")), Some(Route::Story(id.parse().unwrap())));
        for path in ["", "/story/", "/story/x", "/story/../metrics", "/Sources", "/sources/", "//"] {
            assert_eq!(Route::of(path), None, "{path}");
        }
    }
}
