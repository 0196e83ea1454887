//! A house with a few sources, into which tests publish: real texts, the real judge, no network.

use std::sync::Arc;

use tributary::matching::corpus;
use tributary::matching::overrides::OverrideUrls;
use tributary::model::{
    EditionSpec, EntryId, Evidence, Outcome, Person, Polled, RawEntry, Reading, Role, Source, SourceId, SourceState,
    Story, StoryId, Text, Timestamp,
};
use tributary::pipeline::{House, Judged, Plan};
use tributary::store::{LogEntry, MemoryStore, query};
use url::Url;

use super::world::at;

/// An essay of 10 KB in English, its Spanish translation, and two others.
pub const ESSAY: &str = "osg-code-of-conduct-en";
pub const ESSAY_ES: &str = "osg-code-of-conduct-es";
pub const LETTER: &str = "optech-nl-2025-08-15-en";

/// The text of a document of the corpus, as HTML.
pub fn text(id: &str) -> String {
    let lines = include_str!("../../corpus/pairs/works.jsonl").lines();
    let document = lines.filter_map(|line| corpus::read(line, "works")).find(|d| d.line.doc_id == id);
    let line = document.unwrap_or_else(|| panic!("the corpus has no {id}")).line;
    line.html.or(line.text.map(|text| text.split("\n\n").map(|p| format!("<p>{p}</p>")).collect())).unwrap_or_default()
}

/// An entry as a feed gives it.
pub fn entry(guid: &str, link: &str, title: &str, html: &str) -> RawEntry {
    RawEntry {
        id: Some(guid.to_owned()),
        link: Some(link.to_owned()),
        title: Text { value: title.to_owned(), ..Text::default() },
        content: Text { value: html.to_owned(), html: true, ..Text::default() },
        authors: vec![Person { name: "Ada Rivers".to_owned(), ..Person::default() }],
        ..RawEntry::default()
    }
}

/// A source at `https://NAME.example/`.
pub fn source(name: &str, role: Role) -> Source {
    let url = Url::parse(&format!("https://{name}.example/")).expect("an address");
    Source { role, full_text: Some(false), ..Source::new(SourceId(name.to_owned()), url) }
}

pub struct Press {
    pub house: House,
    store: Arc<MemoryStore>,
    sources: Vec<Source>,
    minute: i64,
}

impl Press {
    pub fn new(sources: Vec<Source>) -> Self {
        let store = Arc::new(MemoryStore::new());
        let house = House::new(Arc::<MemoryStore>::clone(&store), plan(&sources, Vec::new())).expect("threads");
        Self { house, store, sources, minute: 0 }
    }

    /// The process ends, and another begins on the same store.
    pub fn restart(&mut self) {
        let store = Arc::<MemoryStore>::clone(&self.store);
        self.house = House::new(store, plan(&self.sources, Vec::new())).expect("threads");
    }

    /// The person writes these overrides and no others.
    pub fn overrule(&mut self, overrides: Vec<OverrideUrls>) -> Judged {
        self.minute += 1;
        self.house.reconfigure(plan(&self.sources, overrides), self.now()).expect("taken over");
        self.house.apply_overrides(self.now()).expect("settled")
    }

    pub fn now(&self) -> Timestamp {
        at(self.minute * 60)
    }

    /// A source publishes an entry, or one that it has anew, and it is judged.
    pub fn publish(&mut self, source: &str, raw: RawEntry) -> EntryId {
        self.minute += 1;
        let source = self.sources.iter().find(|s| s.id.as_str() == source).expect("configured");
        let polled = Polled {
            reading: Reading { entries: vec![raw.clone()], ..Reading::default() },
            state: SourceState { feed: Some(source.url.clone()), entries: 1, ..SourceState::default() },
            outcome: Outcome::Changed,
        };
        self.house.take_poll(source, polled, self.now()).expect("taken");
        self.judge();
        let own = query::entries_of_source(self.house.store(), &source.id, 99).expect("read").into_iter();
        let mut own = own.filter_map(|id| query::entry(self.house.store(), id).expect("read"));
        own.find(|entry| entry.guid == raw.id).expect("it was taken").id
    }

    pub fn judge(&self) {
        while self.house.judge(self.now()).expect("judged").entries > 0 {}
    }

    /// The story that an entry is in.
    pub fn story(&self, entry: EntryId) -> Story {
        let id = query::story_of(self.house.store(), entry).expect("read").expect("in a story");
        query::story(self.house.store(), id).expect("read").expect("a story")
    }

    pub fn evidence(&self, a: EntryId, b: EntryId) -> Option<Evidence> {
        query::evidence(self.house.store(), a, b).expect("read")
    }

    pub fn log(&self, story: StoryId) -> Vec<LogEntry> {
        query::log(self.house.store(), story, 99).expect("read")
    }
}

fn plan(sources: &[Source], overrides: Vec<OverrideUrls>) -> Plan {
    let home = Url::parse("https://planet.example/").expect("an address");
    Plan::new(sources.to_vec(), vec![EditionSpec::new("main", "Main")], home, Vec::new(), overrides)
}

fn urls(links: &[&str]) -> Vec<Url> {
    links.iter().map(|link| Url::parse(link).expect("an address")).collect()
}

/// `same = [...]`.
pub fn same(links: &[&str]) -> OverrideUrls {
    OverrideUrls { same: urls(links), ..OverrideUrls::default() }
}

/// `different = [...]`.
pub fn different(links: &[&str]) -> OverrideUrls {
    OverrideUrls { different: urls(links), ..OverrideUrls::default() }
}

/// The members of a story.
pub fn members(story: &Story) -> Vec<EntryId> {
    story.members.iter().map(|m| m.entry).collect()
}
