//! Which editions are there to subscribe to, and what came last?

use maud::{Markup, html};
use url::form_urlencoded;

use crate::model::{EditionSpec, StoryId};

use super::messages::plural;
use super::view::{Filter, Frame, Index, StoryLine};
use super::{Messages, Place, badge, direction, href, names, page, path, spoken};

/// Formats offered, with the names that readers know them by.
const FORMATS: [(&str, &str); 4] = [("atom", "Atom"), ("rss", "RSS"), ("json", "JSON"), ("opml", "OPML")];

/// The page `/`.
pub fn index(frame: &Frame, view: &Index, messages: &Messages) -> String {
    let first = view.filter.is_empty() && view.filter.before.is_none();
    let main = html! {
        @if first {
            div.hero {
                h1 dir="auto" { (frame.title) }
                p { (messages.tagline) }
                ul.counts {
                    @for (form, count) in messages.counts.iter().zip(view.counts) {
                        li { span.number { (form.replace("{}", &count.to_string())) } }
                    }
                }
            }
            section.section aria-labelledby="editions" {
                h2 #editions { (messages.editions) }
                ul.cards {
                    @for edition in &frame.editions { li.card { (card(frame, edition, messages)) } }
                }
                p.note { (messages.subscribe) }
            }
        }
        section.section aria-labelledby="stories" {
            @if first { h2 #stories { (messages.stories) } } @else { h1 #stories { (messages.stories) } }
            (filter(frame, view, messages))
            @if view.stories.is_empty() {
                p.empty { @if view.filter.is_empty() { (messages.none_yet) } @else { (messages.none_found) } }
            } @else {
                ol.stories {
                    @for story in &view.stories { li.story { (line(frame, story, messages)) } }
                }
            }
            @if let Some(older) = &view.older {
                a.button.more rel="next" href=(older_address(frame, &view.filter, *older)) { (messages.older) }
            }
        }
    };
    page(frame, messages, Place::Index, &frame.title, main)
}

fn card(frame: &Frame, edition: &EditionSpec, messages: &Messages) -> Markup {
    html! {
        h3 dir="auto" { (edition.title) }
        p.note {
            @for (i, language) in edition.languages.iter().enumerate() {
                @if i > 0 { " → " }
                (spoken(Some(language), language.endonym()))
            }
            @if edition.any_language {
                @if !edition.languages.is_empty() { " → " }
                (messages.any_language)
            }
        }
        div.formats {
            @for (ending, name) in FORMATS {
                a href=(path(frame, &format!("{}.{ending}", edition.id))) aria-label={ (edition.title) ", " (name) } { (name) }
            }
        }
    }
}

fn filter(frame: &Frame, view: &Index, messages: &Messages) -> Markup {
    let asked = &view.filter;
    let query = &asked.asked;
    html! {
        form.filter role="search" action=(path(frame, "")) method="get" {
            label.wide { (messages.search) input type="search" name="q" value=(asked.words) maxlength="200"; }
            label {
                (messages.language_label)
                select name="lang" {
                    option value="" { (messages.all_languages) }
                    @for language in &view.languages {
                        option value=(language) selected[query.languages == [language.clone()]] { (messages.name(language)) }
                    }
                }
            }
            label {
                (messages.author_label)
                select name="author" {
                    option value="" { (messages.all_authors) }
                    @for author in &view.authors {
                        option value=(author) selected[query.authors == [author.clone()]] { (author) }
                    }
                }
            }
            label.last {
                (messages.source_label)
                select name="source" {
                    option value="" { (messages.all_sources) }
                    @for (id, title) in &view.sources {
                        option value=(id) selected[query.sources == [id.clone()]] { (title) }
                    }
                }
            }
            @if let Some(include) = query.include { input type="hidden" name="include" value=(include.as_str()); }
            @if let Some(edition) = &asked.edition { input type="hidden" name="edition" value=(edition); }
            div.go {
                button type="submit" { (messages.apply) }
                @if !asked.is_empty() { a href=(path(frame, "")) { (messages.clear) } }
            }
        }
    }
}

fn line(frame: &Frame, story: &StoryLine, messages: &Messages) -> Markup {
    let language = story.shown.language.as_ref();
    let page = path(frame, &format!("story/{}", story.id.0));
    let details = match story.versions.len() {
        0 | 1 => messages.details[0].to_owned(),
        several => messages.details[1].replace("{}", &several.to_string()),
    };
    let others = story.versions.iter().filter(|v| v.listed && v.entry != story.shown.entry && v.language.is_some());
    html! {
        time datetime=(story.date.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)) { (messages.date(story.date)) }
        article {
            h3 lang=[language] dir=(direction(language)) {
                a href=(href(&story.shown).unwrap_or(&page)) rel="noopener" { (story.shown.title) }
            }
            p.byline {
                @if !story.authors.is_empty() { (names(&story.authors)) " · " }
                bdi { (story.shown.source.title) }
            }
            @if !story.excerpt.is_empty() {
                p.excerpt lang=[language] dir=(direction(language)) { (story.excerpt) }
            }
            div.row {
                span.badges {
                    (badge(&story.shown, true, messages))
                    @for version in others { (badge(version, false, messages)) }
                }
                a href=(page) { (details) }
            }
        }
    }
}

fn older_address(frame: &Frame, filter: &Filter, before: StoryId) -> String {
    let mut query = form_urlencoded::Serializer::new(filter.asked.to_string());
    let before = before.0.to_string();
    let given = [
        ("q", Some(filter.words.as_str()).filter(|w| !w.is_empty())),
        ("edition", filter.edition.as_deref()),
        ("before", Some(before.as_str())),
    ];
    for (name, value) in given {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    path(frame, &format!("?{}", query.finish()))
}

/// `4 versions in 3 languages`.
pub(super) fn extent(versions: usize, languages: usize, messages: &Messages) -> String {
    let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    format!("{} {}", plural(&messages.versions, number(versions)), plural(&messages.languages, number(languages)))
}
