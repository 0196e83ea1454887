//! Which versions has a work, and why are they one story?

use std::collections::BTreeSet;

use maud::{Markup, html};

use crate::model::edition::Version;
use crate::model::{MemberRole, StoryId};

use super::index::extent;
use super::view::{Frame, HistoryLine, PossiblePage, StoryPage, VersionPage};
use super::{Messages, Place, badge, direction, href, names, page, path, reasons, spoken};

/// The page `/story/ID`.
pub fn story(frame: &Frame, view: &StoryPage, messages: &Messages) -> String {
    let Some(head) = view.versions.first() else { return super::not_found(frame, messages) };
    let language = head.version.language.as_ref();
    let languages: BTreeSet<_> = view.versions.iter().filter_map(|v| v.version.language.as_ref()).collect();
    let judged: Vec<&VersionPage> =
        view.versions.iter().filter(|v| v.evidence.is_some() || v.overridden || !v.because.is_empty()).collect();
    let main = html! {
        div.hero {
            h1 lang=[language] dir=(direction(language)) { (head.version.title) }
            p {
                @if !head.authors.is_empty() { (names(&head.authors)) " · " }
                (extent(view.versions.len(), languages.len().max(1), messages))
            }
        }
        ul.versions {
            @for version in &view.versions { (card(version, head, messages)) }
        }
        @if !judged.is_empty() {
            section.section aria-labelledby="why" {
                h2 #why { (messages.why) }
                p.note { (messages.bits_note) }
                @for version in judged { (why(version, head, messages)) }
            }
        }
        @if !view.contains.is_empty() {
            section.section aria-labelledby="contains" {
                h2 #contains { (messages.contains) }
                ul {
                    @for (id, title, language) in &view.contains {
                        li { a href=(path(frame, &format!("story/{}", id.0))) { (spoken(language.as_ref(), title)) } }
                    }
                }
            }
        }
        @if !view.possible.is_empty() {
            section.section aria-labelledby="possible" {
                h2 #possible { (messages.possible) }
                p.note { (messages.possible_note) }
                @for possible in &view.possible { (perhaps(frame, possible, head, messages)) }
            }
        }
        @if !view.history.is_empty() { (history(frame, &view.history, messages)) }
    };
    page(frame, messages, Place::Elsewhere, &head.version.title, main)
}

/// When it was founded, who joined and why, what was split or overruled.
fn history(frame: &Frame, lines: &[HistoryLine], messages: &Messages) -> Markup {
    html! {
        section.section aria-labelledby="history" {
            h2 #history { (messages.history) }
            ol.events {
                @for line in lines {
                    li {
                        time datetime=(line.at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)) { (messages.date(line.at)) }
                        " · "
                        @match messages.happened[line.what as usize].split_once("{}") {
                            Some((before, after)) => { (before) bdi { (line.name) } (after) }
                            None => { (messages.happened[line.what as usize]) }
                        }
                        @if let Some(other) = line.other {
                            " (" a href=(path(frame, &format!("story/{}", other.0))) { (short(other)) } ")"
                        }
                        @if let Some(because) = line.because.first() { ": " span dir="auto" { (messages.say(because)) } }
                    }
                }
            }
        }
    }
}

/// The first digits of an id: enough to tell two stories apart on one page.
fn short(id: StoryId) -> String {
    id.0.simple().to_string().chars().take(8).collect()
}

fn card(view: &VersionPage, head: &VersionPage, messages: &Messages) -> Markup {
    let version = &view.version;
    let language = version.language.as_ref();
    let is_head = version.entry == head.version.entry;
    html! {
        li.card.head[is_head] {
            div.row {
                (badge(version, is_head, messages))
                span { (messages.role(version.role)) }
            }
            h2 lang=[language] dir=(direction(language)) { (version.title) }
            p.byline {
                bdi { (version.source.title) }
                @if let Some(published) = version.published {
                    " · " time datetime=(published.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)) { (messages.date(published)) }
                }
            }
            (credits(view, messages))
            @if !is_head {
                @if let (Some(first), Some(then)) = (head.version.published, version.published) {
                    p.byline { (messages.lag((then - first).num_minutes())) }
                }
                p.byline.covers {
                    @let percent = percent(version.coverage);
                    @let words = messages.covers.replace("{}", &percent.to_string());
                    meter min="0" max="100" value=(percent) aria-label=(words) { }
                    span { (words) }
                }
            }
            (edits(view, messages))
            @if view.preview { p.byline { (messages.preview) } }
            @if !view.excerpt.is_empty() {
                p.text lang=[language] dir=(direction(language)) { (view.excerpt) }
            }
            @if let Some(href) = href(version) {
                p.read { a href=(href) hreflang=[language] rel="noopener" { (messages.read_at.replace("{}", host(version))) } }
            }
        }
    }
}

fn credits(view: &VersionPage, messages: &Messages) -> Markup {
    let line = |form: &str, people: &[String]| {
        let (before, after) = form.split_once("{}").unwrap_or((form, ""));
        html! { p.byline { (before) (names(people)) (after) } }
    };
    html! {
        @if !view.authors.is_empty() { (line(messages.by, &view.authors)) }
        @if !view.contributors.is_empty() { (line(messages.translated_by, &view.contributors)) }
    }
}

/// What changed after the fact: a translation can be older than the text that it translates.
fn edits(view: &VersionPage, messages: &Messages) -> Markup {
    html! {
        @if let Some(revised) = view.revised { p.byline { (messages.edited.replace("{}", &messages.date(revised))) } }
        @if let Some(edited) = view.outdated {
            p { span.badge.bad { (messages.edited_after.replace("{}", &messages.date(edited))) } }
        }
    }
}

fn host(version: &Version) -> &str {
    version.link.as_ref().and_then(|l| l.host_str()).unwrap_or(&version.source.title).trim_start_matches("www.")
}

fn percent(share: f32) -> u32 {
    // A share of at most one.
    (share.clamp(0.0, 1.0) * 100.0).round() as u32
}

fn why(view: &VersionPage, head: &VersionPage, messages: &Messages) -> Markup {
    html! {
        div.why {
            h3 {
                (messages.why_version) ": "
                (spoken(view.version.language.as_ref(), &view.version.title)) " (" bdi { (view.version.source.title) } ")"
            }
            @if view.overridden { p { (messages.why_override) } }
            @if let Some(evidence) = &view.evidence {
                (reasons::findings(evidence, messages))
                @if !view.overridden {
                    h4 { (messages.would_change) }
                    (reasons::would_change(evidence, messages))
                }
            } @else if !view.overridden {
                p { (messages.why_other) }
                ul { @for reason in &view.because { li dir="auto" { (messages.say(reason)) } } }
            }
            (correction(messages.not_same, "different", view, head, messages))
        }
    }
}

/// The override to paste, which is the only way to correct a verdict: administration never goes over HTTP.
fn correction(question: &str, word: &str, view: &VersionPage, head: &VersionPage, messages: &Messages) -> Markup {
    override_of(question, word, &view.version, &head.version, messages)
}

fn override_of(question: &str, word: &str, one: &Version, other: &Version, messages: &Messages) -> Markup {
    let name = |v: &Version| v.link.as_ref().map_or_else(|| v.entry.to_string(), ToString::to_string);
    // A TOML basic string: an address holds no quotes or backslashes, url has percent-encoded or refused them.
    let quoted = |v: &Version| format!("\"{}\"", name(v).replace('\\', "%5C").replace('"', "%22"));
    let text = format!("[[override]]\n{word} = [{}, {}]\n", quoted(other), quoted(one));
    html! {
        details {
            summary { (question) }
            p { (messages.paste) }
            pre tabindex="0" { (text) }
        }
    }
}

fn perhaps(frame: &Frame, view: &PossiblePage, head: &VersionPage, messages: &Messages) -> Markup {
    let version = &view.version;
    let language = version.language.as_ref();
    html! {
        div.why {
            h3 {
                a href=(path(frame, &format!("story/{}", view.story.0))) { (spoken(language, &version.title)) }
                " (" bdi { (version.source.title) } ")"
            }
            div.row {
                (badge(version, false, messages))
                @if version.role == MemberRole::Original { span { (messages.role(version.role)) } }
                @if let Some(published) = version.published { time { (messages.date(published)) } }
            }
            @if view.overridden { p { (messages.apart_override) } }
            @if let Some(evidence) = &view.evidence {
                (reasons::findings(evidence, messages))
                @if !view.overridden { (reasons::would_change(evidence, messages)) }
            }
            (override_of(messages.same, "same", version, &head.version, messages))
        }
    }
}
