//! How does every source fare?

use maud::{Markup, html};

use crate::model::poll::{Outcome, PollRecord, SourceState};
use crate::model::{Publication, Role, Timestamp};

use super::view::{Frame, SourceLine};
use super::{Messages, Place, page, path};

/// The page `/sources`.
pub fn sources(frame: &Frame, lines: &[SourceLine], found: &[Publication], messages: &Messages) -> String {
    let main = html! {
        div.hero {
            h1 { (messages.sources) }
            p { a href=(path(frame, "status.atom")) { (messages.status_feed) } }
        }
        @if !frame.notices.is_empty() {
            div.alert {
                p { (messages.notices) }
                ul { @for notice in &frame.notices { li { (notice) } } }
            }
        }
        @for line in lines { (source(line, messages)) }
        @if !found.is_empty() {
            h2 { (messages.publications) }
            p { (messages.publications_note) }
            @for publication in found { (publication_card(publication, messages)) }
        }
    };
    page(frame, messages, Place::Sources, messages.sources, main)
}

/// A publication that could be a source.
fn publication_card(publication: &Publication, messages: &Messages) -> Markup {
    let stories = &messages.publication_stories[usize::from(publication.stories != 1)];
    html! {
        section.card.source {
            header {
                h3 { a href=(publication.home) rel="noopener" { bdi { (publication.title) } } }
                span.badge { (stories.replace("{}", &publication.stories.to_string())) }
            }
            p { (messages.paste) }
            pre { (publication.block) }
        }
    }
}

fn source(line: &SourceLine, messages: &Messages) -> Markup {
    let card = &line.card;
    let fresh = SourceState::default();
    let state = line.state.as_ref().unwrap_or(&fresh);
    let [answers, fails, gone, unpolled] = messages.states;
    let (word, bad) = match () {
        () if state.gone.is_some() => (gone, true),
        () if state.last_error.is_some() => (fails, true),
        () if state.last_poll.is_none() => (unpolled, false),
        () => (answers, false),
    };
    let role = messages.source_roles[match card.role {
        Role::Original => 0,
        Role::Repost => 1,
        Role::Mixed => 2,
    }];
    let home = card.link.as_ref().unwrap_or(&line.url);
    html! {
        section.card.source id=(card.id) {
            header {
                h2 { a href=(home) rel="noopener" { bdi { (card.title) } } }
                span.badge.bad[bad].original[!bad] { (word) }
                span.badge { (role) }
                @if let Some(language) = &card.language { span.badge { (messages.name(language)) } }
            }
            p.byline { code { (line.url) } @if let Some(kind) = &state.kind { " · " (kind) } }
            @if let Some(error) = &state.last_error { p.alert { (error) } }
            (facts(line, state, messages))
            @if !state.faults.is_empty() {
                details {
                    summary { (messages.source_facts[8]) " (" (state.faults.len()) ")" }
                    ul { @for fault in state.faults.iter().take(FAULTS_SHOWN) { li { (fault.message) } } }
                }
            }
        }
    }
}

/// Faults of a document listed on the page: enough to see what is wrong with it.
const FAULTS_SHOWN: usize = 20;

fn facts(line: &SourceLine, state: &SourceState, messages: &Messages) -> Markup {
    let [_, last, next, change, entries, saved, bytes, history, _] = messages.source_facts;
    let when = |at: Option<Timestamp>| at.map_or(messages.never.to_owned(), |at| moment(at, messages));
    html! {
        dl.facts {
            div { dt { (last) } dd { (when(state.last_poll)) } }
            div {
                dt { (next) }
                dd { (when(state.next_poll)) @if !state.next_because.is_empty() { br; span.note { (messages.say(&state.next_because)) } } }
            }
            div { dt { (change) } dd { (when(state.last_change)) } }
            div { dt { (entries) } dd.number { (line.entries) } }
            div { dt { (saved) } dd.number { (state.unchanged) " / " (state.polls) } }
            div { dt { (bytes) } dd.number { (size(state.bytes)) } }
            @if !state.history.is_empty() {
                div {
                    dt { (history) }
                    dd { ol.history { @for poll in state.history.iter().rev().take(HISTORY_SHOWN) { (record(poll, messages)) } } }
                }
            }
        }
    }
}

/// Polls listed on the page: one line of them.
const HISTORY_SHOWN: usize = 12;

fn record(poll: &PollRecord, messages: &Messages) -> Markup {
    let bad = matches!(poll.outcome, Outcome::Failed(_) | Outcome::Gone(_));
    let status = poll.status.map_or("–".to_owned(), |status| status.to_string());
    html! { li.bad[bad] title=(moment(poll.at, messages)) { (status) } }
}

/// Date and time of day, in UTC as the schedules are.
fn moment(at: Timestamp, messages: &Messages) -> String {
    format!("{}, {} UTC", messages.date(at), at.format("%H:%M"))
}

/// `1.3 MB`.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}
