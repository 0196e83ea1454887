//! Which sources failed, and which recovered, as a feed?

use std::sync::Arc;

use url::Url;
use uuid::Uuid;

use crate::model::edition::Version;
use crate::model::entry::NAMESPACE;
use crate::model::html::escape;
use crate::model::{Edition, EntryId, Item, Language, MemberRole, Person, Planet, SourceCard, StoryId, Timestamp};

use super::item::join;

/// A source that failed for a day, or came back after that.
#[derive(Debug, Clone, PartialEq)]
pub struct StatusEvent {
    /// Which.
    pub source: Arc<SourceCard>,
    /// When it was told: part of the event's identity.
    pub when: Timestamp,
    /// The fault and what to do; `None` for a recovery.
    pub fault: Option<String>,
}

/// The feed of `/status.atom`: the events given, newest first. The identity of an event is a function of the source
/// and the moment.
pub fn status(planet: &Planet, mut events: Vec<StatusEvent>) -> Edition {
    events.sort_by(|a, b| (b.when, &a.source.id).cmp(&(a.when, &b.source.id)));
    let page = join(&planet.public_url, "sources");
    let items: Vec<Item> = events.iter().map(|event| item(event, &page)).collect();
    Edition {
        id: "status".to_owned(),
        title: "Sources: failures and recoveries".to_owned(),
        stem: join(&planet.public_url, "status"),
        query: None,
        home: planet.public_url.clone(),
        language: Language::parse("en"),
        updated: items.iter().map(|i| i.updated).max().unwrap_or(Timestamp::UNIX_EPOCH),
        items,
        tombstones: Vec::new(),
        hubs: Vec::new(),
        sources: Vec::new(),
    }
}

fn item(event: &StatusEvent, page: &Url) -> Item {
    let card = &event.source;
    let word = if event.fault.is_some() { "failed" } else { "recovered" };
    let id = Uuid::new_v5(&NAMESPACE, format!("status\0{}\0{word}\0{}", card.id, event.when.to_rfc3339()).as_bytes());
    let title = if event.fault.is_some() {
        format!("{} has been failing for a day", card.title)
    } else {
        format!("{} answers again", card.title)
    };
    let shown = Version {
        entry: EntryId(id),
        role: MemberRole::Single,
        link: Some(page.clone()),
        title,
        language: Language::parse("en"),
        source: card.clone(),
        published: Some(event.when),
        coverage: 1.0,
        listed: true,
    };
    Item {
        story: StoryId(id),
        versions: vec![shown.clone()],
        authors: vec![Person { name: "tributary".to_owned(), ..Person::default() }],
        contributors: Vec::new(),
        content: event.fault.as_ref().map(|fault| format!("<p>{}</p>", escape(fault))),
        summary: None,
        published: event.when,
        updated: event.when,
        categories: vec![word.to_owned()],
        enclosures: Vec::new(),
        image: None,
        rights: None,
        license: None,
        comments: None,
        via: None,
        preview: false,
        page: page.clone(),
        shown,
    }
}
