//! What do the tests of editions, pages and serving publish? A small planet: sources, entries and stories, made by hand.

use std::collections::BTreeMap;
use std::sync::Arc;

use tributary::compose::{Composed, Stock, Work, compose};
use tributary::model::edition::Bump;
use tributary::model::source::Paid;
use tributary::model::story::Member;
use tributary::model::{
    Body, Edition, EditionQuery, EditionSpec, Entry, EntryId, Include, Language, MemberRole, Person, Planet, Role,
    Shown, SourceCard, SourceId, Story, StoryId, Timestamp, Tombstone,
};
use url::Url;

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The moment at which the tests compose.
pub fn now() -> Timestamp {
    at("2026-11-20T12:00:00Z")
}

pub fn lang(tag: &str) -> Language {
    Language::parse(tag).unwrap()
}

pub fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

pub fn card(id: &str, title: &str, language: &str, role: Role) -> SourceCard {
    SourceCard {
        id: SourceId(id.into()),
        title: title.into(),
        link: Some(url(&format!("https://{id}.example/"))),
        feed: Some(url(&format!("https://{id}.example/feed"))),
        since: None,
        feed_id: None,
        language: Some(lang(language)),
        rights: None,
        updated: Some(at("2026-11-19T06:00:00Z")),
        role,
        content: None,
        publish: true,
        paid: Paid::Mark,
    }
}

/// An English original, its reposters in several languages, and one source that is kept to itself.
pub fn planet() -> Planet {
    let mut cards = vec![
        card("rivers", "Rivers & Roads", "en", Role::Original),
        card("fiumi", "Fiumi e strade", "it", Role::Repost),
        card("routes", "Routes <du> monde", "fr", Role::Mixed),
        card("anhar", "أنهار وطرق", "ar", Role::Repost),
        card("reki", "Реки и дороги", "ru", Role::Repost),
        card("copies", "Copies", "en", Role::Repost),
        card("private", "Private", "it", Role::Repost),
    ];
    cards[6].publish = false;
    Planet {
        public_url: url("http://127.0.0.1:8080"),
        hubs: Vec::new(),
        sources: cards.into_iter().map(|c| (c.id.clone(), Arc::new(c))).collect(),
    }
}

pub fn entry(source: &str, key: &str, language: &str, title: &str, date: &str) -> Entry {
    let source = SourceId(source.into());
    let text = format!("<p>{title}, the text of it, as {source} has it.</p><p>A second paragraph.</p>");
    Entry {
        id: EntryId::new(&source, key),
        key: format!("guid:{key}"),
        guid: Some(key.into()),
        link: Some(url(&format!("https://{source}.example/{key}"))),
        title: title.into(),
        authors: vec![Person { name: "Ada Rivers".into(), ..Person::default() }],
        contributors: Vec::new(),
        language: Some(lang(language)),
        language_confidence: 1.0,
        published: Some(at(date)),
        updated: None,
        first_seen: at(date),
        revised: None,
        revision: 1,
        body: Body { summary: None, content: Some(text), page: None },
        categories: Vec::new(),
        enclosures: Vec::new(),
        comments: None,
        rights: None,
        license: None,
        image: None,
        claimed_source: None,
        alternates: Vec::new(),
        via: Vec::new(),
        preview: false,
        reference: false,
        source,
    }
}

/// A story of these entries: the first is its head, and the original unless its source is a reposter's.
pub fn work(entries: Vec<Entry>) -> Work {
    let head = entries[0].clone();
    let planet = planet();
    let role_of = |e: &Entry| planet.sources.get(&e.source).map_or(Role::Mixed, |c| c.role);
    let original = (role_of(&head) == Role::Original || head.reference).then_some(head.id);
    let mut taken: Vec<Language> = Vec::new();
    let members = entries.iter().map(|e| {
        let language = e.language.clone().unwrap();
        let listed = !taken.contains(&language);
        taken.push(language);
        Member {
            entry: e.id,
            role: match () {
                () if entries.len() == 1 => MemberRole::Single,
                () if Some(e.id) == original => MemberRole::Original,
                () if e.language == head.language => MemberRole::Repost,
                () => MemberRole::Translation,
            },
            listed,
            coverage: 1.0,
            score_bits: (e.id != head.id).then_some(12.0),
            because: Vec::new(),
            joined: e.first_seen,
            outdated: None,
        }
    });
    let story = Story {
        id: StoryId::from(head.id),
        original,
        head: head.id,
        members: members.collect(),
        possible: Vec::new(),
        contains: Vec::new(),
        founded: head.first_seen,
        touched: entries.iter().map(Entry::date).max().unwrap(),
    };
    Work { story, entries }
}

/// An essay in five languages, one right to left, with a copy in its own.
pub fn essay() -> Work {
    let mut entries = vec![
        entry("rivers", "dam", "en", "Why the dam was never built", "2026-11-10T07:00:00Z"),
        entry("fiumi", "diga", "it", "Perché la diga non fu mai costruita", "2026-11-12T09:30:00Z"),
        entry("routes", "barrage", "fr", "Pourquoi le barrage n’a jamais été construit", "2026-11-13T18:00:00Z"),
        entry("anhar", "sadd", "ar", "لماذا لم يُبنَ السد قط", "2026-11-14T05:00:00Z"),
        entry("reki", "plotina", "ru", "Почему плотину так и не построили", "2026-11-15T10:00:00Z"),
        entry("copies", "dam-again", "en", "Why the dam was never built (repost)", "2026-11-11T07:00:00Z"),
    ];
    entries[1].authors = vec![Person { name: "Bruna Traduttrice".into(), ..Person::default() }];
    work(entries)
}

/// An edition with its records, composed again and again as time passes.
pub struct Desk {
    pub spec: EditionSpec,
    pub planet: Planet,
    pub records: BTreeMap<StoryId, Shown>,
    pub tombstones: Vec<Tombstone>,
    pub arrivals: Vec<Work>,
}

impl Desk {
    /// `languages` as in feeds.toml: `["it", "en", "*"]`.
    pub fn new(languages: &[&str]) -> Self {
        let mut spec = EditionSpec::new("main", "The main edition");
        spec.languages = languages.iter().filter(|l| **l != "*").map(|l| lang(l)).collect();
        spec.any_language = languages.is_empty() || languages.contains(&"*");
        Self { spec, planet: planet(), records: BTreeMap::new(), tombstones: Vec::new(), arrivals: Vec::new() }
    }

    /// Composes and keeps the records, as a daemon does.
    pub fn publish(&mut self, works: &[Work], now: Timestamp) -> Composed {
        let composed = self.compose(works, now);
        self.records.extend(composed.shown.iter().copied());
        composed
    }

    pub fn compose(&self, works: &[Work], now: Timestamp) -> Composed {
        self.try_compose(works, now).unwrap()
    }

    pub fn try_compose(&self, works: &[Work], now: Timestamp) -> Result<Composed, String> {
        let mut works = works.to_vec();
        works.sort_by_key(|w| std::cmp::Reverse(w.story.touched));
        let stock = Stock {
            body: &|e| e.body.clone(),
            shown: &|story| self.records.get(&story).copied(),
            arrivals: &self.arrivals,
            tombstones: &self.tombstones,
            planet: &self.planet,
        };
        compose(&self.spec, &EditionQuery::default(), works, &stock, now)
    }

    pub fn include(mut self, include: Include) -> Self {
        self.spec.include = include;
        self
    }

    pub fn bump(mut self, bump: Bump) -> Self {
        self.spec.bump = bump;
        self
    }
}

/// Sources of the shown versions, in order.
pub fn shown(edition: &Edition) -> Vec<&str> {
    edition.items.iter().map(|i| i.shown.source.id.as_str()).collect()
}

/// An edition of `items` stories with about `bytes` of text each, in several languages, with all that an item can have.
pub fn large_edition(items: usize, bytes: usize) -> Edition {
    let works: Vec<Work> = (0..items)
        .map(|i| {
            let day = at("2026-11-01T00:00:00Z") + chrono::TimeDelta::minutes(i as i64);
            let date = day.to_rfc3339();
            let mut original = entry("rivers", &format!("essay-{i}"), "en", &format!("Essay {i} & more"), &date);
            let words = ["river", "<em>stone</em>", "bridge", "“water”", "&amp;", "mill", "valley", "strada"];
            let mut text = String::from("<p>");
            let mut n = i;
            while text.len() < bytes {
                n = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                text.push_str(words[(n >> 33) % words.len()]);
                text.push(' ');
            }
            original.body.content = Some(text + "</p>");
            original.categories = vec!["water".into(), "work & play".into()];
            work(vec![original, entry("fiumi", &format!("saggio-{i}"), "it", &format!("Saggio {i}"), &date)])
        })
        .collect();
    Desk::new(&["en"]).compose(&works, now()).edition
}
