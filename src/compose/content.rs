//! How much of a text is republished?

use crate::model::Body;
use crate::model::html::{escape, excerpt};
use crate::model::source::Content;

/// Characters of a summary made by us: what a reader's list shows of an entry, about three lines.
const SUMMARY_CHARS: usize = 300;
/// Characters of a source's own summary that are still one; some feeds put the whole text there.
const SUMMARY_CHARS_MAX: usize = 1_000;

/// The content and the summary that the policy gives away, as clean HTML.
pub fn allowed(policy: Content, body: &Body) -> (Option<String>, Option<String>) {
    let kept = |html: Option<&str>| html.filter(|h| !h.trim().is_empty()).map(str::to_owned);
    let content = match policy {
        Content::Link => return (None, None),
        Content::Summary => return (None, summary(body)),
        Content::Feed => kept(body.content.as_deref()),
        Content::Full => kept(Some(body.fullest())),
    };
    let summary = kept(body.summary.as_deref()).filter(|s| Some(s) != content.as_ref());
    (content, summary)
}

/// The source's own summary where it is one, else the beginning of the text that its feed gave away.
fn summary(body: &Body) -> Option<String> {
    let own = body.summary.as_deref().filter(|s| !s.trim().is_empty());
    if let Some(own) = own.filter(|s| s.chars().count() <= SUMMARY_CHARS_MAX) {
        return Some(own.to_owned());
    }
    let text = excerpt(body.given(), SUMMARY_CHARS);
    (!text.is_empty()).then(|| format!("<p>{}</p>", escape(&text)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Page;

    #[test]
    fn no_policy_gives_more_than_its_name_says() {
        let page = Page { html: "<p>feed text and the page's rest</p>".into(), ..Page::default() };
        let body =
            Body { summary: Some("<p>sum</p>".into()), content: Some("<p>feed text</p>".into()), page: Some(page) };
        let check = |policy, content: Option<&str>, summary: Option<&str>| {
            let (c, s) = allowed(policy, &body);
            assert_eq!((c.as_deref(), s.as_deref()), (content, summary), "{policy:?}");
        };
        check(Content::Link, None, None);
        check(Content::Summary, None, Some("<p>sum</p>"));
        check(Content::Feed, Some("<p>feed text</p>"), Some("<p>sum</p>"));
        check(Content::Full, Some("<p>feed text and the page's rest</p>"), Some("<p>sum</p>"));
    }

    #[test]
    fn a_feed_of_summaries_stays_one_whatever_its_page_told() {
        let page = Page { html: "<p>the whole text</p>".into(), ..Page::default() };
        let body = Body { summary: Some("<p>sum</p>".into()), content: None, page: Some(page) };
        assert_eq!(allowed(Content::Feed, &body), (None, Some("<p>sum</p>".into())));
    }

    #[test]
    fn a_whole_text_in_the_summary_is_cut() {
        let body = Body { summary: Some(format!("<p>{}</p>", "word ".repeat(500))), ..Body::default() };
        let (_, summary) = allowed(Content::Summary, &body);
        let summary = summary.unwrap();
        assert!(summary.chars().count() < 320 && summary.ends_with("…</p>"), "{summary}");
    }
}
