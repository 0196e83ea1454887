//! How do records and their indexes change together? In a draft: it reads its own writes, and commits as one batch.

use std::collections::BTreeMap;

use serde::Serialize;

use super::codec::{self, Record};
use super::key::{Key, kind};
use super::query;
use super::records::{Edges, Job, LogEntry, ProfileRecord, StateRecord, Stored, Waiting};
use super::{Batch, Error, Pair, Read, Scan, Store};
use crate::model::graph::EDGES_MAX;
use crate::model::{
    Edge, Entry, EntryId, Evidence, Known, Node, Resolution, Shown, SourceId, Story, StoryId, Timestamp, Tombstone,
    Verdict,
};

/// Writes that are being put together.
pub struct Draft<'s> {
    store: &'s dyn Store,
    batch: Batch,
}

impl Read for Draft<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        match self.batch.get(key) {
            Some(written) => Ok(written.map(<[u8]>::to_vec)),
            None => self.store.get(key),
        }
    }

    fn scan(&self, scan: &Scan<'_>) -> Result<Vec<Pair>, Error> {
        let written: Vec<_> = self.batch.within(scan).collect();
        if written.is_empty() {
            return self.store.scan(scan);
        }
        // What the draft removes leaves gaps, so that many more are read from the store.
        let removed = written.iter().filter(|(_, value)| value.is_none()).count();
        let mut pairs: BTreeMap<_, _> =
            self.store.scan(&Scan { limit: scan.limit.saturating_add(removed), ..*scan })?.into_iter().collect();
        for (key, value) in written {
            match value {
                Some(value) => drop(pairs.insert(key.to_vec(), value.to_vec())),
                None => drop(pairs.remove(key)),
            }
        }
        let pairs = pairs.into_iter();
        Ok(if scan.backwards { pairs.rev().take(scan.limit).collect() } else { pairs.take(scan.limit).collect() })
    }
}

impl<'s> Draft<'s> {
    /// An empty draft over a store.
    pub fn new(store: &'s dyn Store) -> Self {
        Self { store, batch: Batch::new() }
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.batch.is_empty()
    }

    /// Writes everything in one durable batch.
    ///
    /// # Errors
    /// The store does not take it; then nothing of it is written.
    pub fn commit(self) -> Result<(), Error> {
        if self.batch.is_empty() { Ok(()) } else { self.store.apply(self.batch) }
    }

    /// Sets one record.
    fn put<T: Stored>(&mut self, key: Vec<u8>, record: &T) -> Result<(), Error> {
        self.batch.put(key, record.to_bytes()?);
        Ok(())
    }

    /// Replaces the index keys of an old record by those of the new one.
    fn reindex(&mut self, old: Vec<Vec<u8>>, new: Vec<Vec<u8>>) {
        for key in old.into_iter().filter(|key| !new.contains(key)) {
            self.batch.delete(key);
        }
        for key in new {
            self.batch.put(key, []);
        }
    }

    /// Writes an entry with its texts, and finds it by link and source from then on.
    pub fn put_entry(&mut self, entry: &Entry) -> Result<(), Error> {
        let old = query::entry(self, entry.id)?;
        self.replace_entry(old.as_ref(), entry)
    }

    /// The same by whoever has just read what the store has of it.
    pub fn replace_entry(&mut self, old: Option<&Entry>, entry: &Entry) -> Result<(), Error> {
        self.reindex(old.map(entry_indexes).unwrap_or_default(), entry_indexes(entry));
        self.put(Key::of(kind::ENTRY).entry(entry.id).bytes(), entry)?;
        old.into_iter().for_each(|old| self.delete_body(old));
        let [body, _] = query::body_keys(entry);
        self.put(body, &entry.body)
    }

    fn delete_body(&mut self, entry: &Entry) {
        query::body_keys(entry).into_iter().for_each(|key| self.batch.delete(key));
    }

    /// Removes an entry with its texts, its node, profile, edges and queued page. Its aliases stay: by them it is
    /// known that the entry was seen. Returns where its edges led; what becomes of its story is found by settling it along
    /// with those.
    pub fn delete_entry(&mut self, id: EntryId) -> Result<Vec<EntryId>, Error> {
        if let Some(entry) = query::entry(self, id)? {
            self.reindex(entry_indexes(&entry), Vec::new());
            self.delete_body(&entry);
        }
        for kind in [kind::ENTRY, kind::NODE, kind::PROFILE] {
            self.batch.delete(Key::of(kind).entry(id).bytes());
        }
        self.delete_waiting(id)?;
        self.delete_job(id)?;
        self.delete_edges(id)
    }

    /// Removes an entry as [`Draft::delete_entry`] does, and remembers what tells it from others: a feed that still gives
    /// it brings nothing new.
    pub fn retire_entry(&mut self, id: EntryId) -> Result<Vec<EntryId>, Error> {
        if let Some(entry) = query::entry(self, id)? {
            self.put(Key::of(kind::REMEMBERED).entry(id).bytes(), &Known::from(&entry))?;
        }
        self.delete_entry(id)
    }

    /// Gives an entry another name in its source.
    pub fn put_alias(&mut self, source: &SourceId, alias: &str, entry: EntryId) {
        let key = Key::of(kind::ALIAS).text(source.as_str()).tail(alias).bytes();
        self.batch.put(key, entry.0.as_bytes().as_slice());
    }

    /// Writes what is kept of a source between two polls: anything that serialises, as JSON.
    pub fn put_state<T: Serialize>(&mut self, source: &SourceId, state: &T) -> Result<(), Error> {
        let failed = |e: serde_json::Error| Error::Record {
            kind: StateRecord::KIND,
            key: source.to_string(),
            reason: e.to_string(),
        };
        let json = serde_json::to_string(state).map_err(failed)?;
        self.batch.put(Key::of(kind::STATE).tail(source.as_str()).bytes(), codec::encode(&StateRecord(json))?);
        Ok(())
    }

    /// Forgets what was kept of a source.
    pub fn delete_state(&mut self, source: &SourceId) {
        self.batch.delete(Key::of(kind::STATE).tail(source.as_str()).bytes());
    }

    /// Queues a page, or changes when it is due.
    pub fn put_job(&mut self, job: &Job) -> Result<(), Error> {
        let due = |job: &Job| Key::of(kind::DUE).time(job.due).entry(job.entry).bytes();
        let old = query::job(self, job.entry)?;
        self.reindex(old.iter().map(due).collect(), vec![due(job)]);
        self.put(Key::of(kind::JOB).entry(job.entry).bytes(), job)
    }

    /// Takes an entry's page off the queue.
    pub fn delete_job(&mut self, entry: EntryId) -> Result<(), Error> {
        if let Some(job) = query::job(self, entry)? {
            self.batch.delete(Key::of(kind::DUE).time(job.due).entry(entry).bytes());
            self.batch.delete(Key::of(kind::JOB).entry(entry).bytes());
        }
        Ok(())
    }

    /// Queues an entry to be judged, or changes when it is ready.
    pub fn put_waiting(&mut self, waiting: &Waiting) -> Result<(), Error> {
        let newest = |w: &Waiting| Key::of(kind::NEWEST_WAITING).time_backwards(w.date).entry(w.entry).bytes();
        let old = query::waiting_of(self, waiting.entry)?;
        self.reindex(old.iter().map(newest).collect(), vec![newest(waiting)]);
        self.put(Key::of(kind::WAITING).entry(waiting.entry).bytes(), waiting)
    }

    /// Takes an entry off the queue of those to judge.
    pub fn delete_waiting(&mut self, entry: EntryId) -> Result<(), Error> {
        if let Some(waiting) = query::waiting_of(self, entry)? {
            self.batch.delete(Key::of(kind::NEWEST_WAITING).time_backwards(waiting.date).entry(entry).bytes());
            self.batch.delete(Key::of(kind::WAITING).entry(entry).bytes());
        }
        Ok(())
    }

    /// Writes the node of an entry, without role and trust.
    pub fn put_node(&mut self, node: &Node) -> Result<(), Error> {
        self.put(Key::of(kind::NODE).entry(node.entry).bytes(), node)
    }

    /// Writes what `matching` keeps of an entry's text.
    pub fn put_profile(&mut self, entry: EntryId, profile: &[u8]) -> Result<(), Error> {
        let bytes = codec::encode(&ProfileRecord(profile.to_vec()))?;
        self.batch.put(Key::of(kind::PROFILE).entry(entry).bytes(), bytes);
        Ok(())
    }

    /// Writes what a comparison came to. Pairs that are simply different are not kept, and what was known of such a
    /// pair goes: almost all comparisons end so.
    pub fn put_edge(&mut self, a: EntryId, b: EntryId, evidence: &Evidence) -> Result<(), Error> {
        let edge = Edge::new(a, b, evidence);
        match edge.verdict == Verdict::NonLink && !edge.is_veto() {
            true => self.delete_edge(a, b),
            false => self.put_edge_whatever(a, b, evidence),
        }
    }

    /// The same, and a pair that is simply different is kept too: it decides between rivals.
    pub fn put_edge_whatever(&mut self, a: EntryId, b: EntryId, evidence: &Evidence) -> Result<(), Error> {
        let edge = Edge::new(a, b, evidence);
        for edge in [edge, edge.mirrored()] {
            self.change_edges(edge.a, |edges| match edges.binary_search_by_key(&edge.b, |e| e.b) {
                Ok(at) => edges[at] = edge,
                // The other end has it.
                Err(_) if edges.len() >= EDGES_MAX => {}
                Err(at) => edges.insert(at, edge),
            })?;
        }
        let evidence = if a <= b { evidence.clone() } else { evidence.mirrored() };
        self.put(query::evidence_key(a, b), &evidence)
    }

    fn delete_edge(&mut self, a: EntryId, b: EntryId) -> Result<(), Error> {
        let evidence = query::evidence_key(a, b);
        if self.get(&evidence)?.is_none() {
            return Ok(());
        }
        self.batch.delete(evidence);
        for (from, to) in [(a, b), (b, a)] {
            self.change_edges(from, |edges| edges.retain(|edge| edge.b != to))?;
        }
        Ok(())
    }

    /// Changes the edges of an entry, all seen from it, in the order of the other.
    fn change_edges(&mut self, of: EntryId, change: impl FnOnce(&mut Vec<Edge>)) -> Result<(), Error> {
        let key = Key::of(kind::EDGES).entry(of).bytes();
        let mut edges = match query::edges(self, of)? {
            Some(edges) => edges,
            None => {
                let alone = query::edges_alone(self, of)?;
                let taken_over = |(key, edge)| {
                    self.batch.delete(key);
                    edge
                };
                alone.into_iter().map(taken_over).collect()
            }
        };
        change(&mut edges);
        match edges.is_empty() {
            true => self.batch.delete(key),
            false => self.put(key, &Edges(edges))?,
        }
        Ok(())
    }

    /// Removes all edges of an entry: its text changed, so that it is compared anew. Returns where they led: what
    /// becomes of those entries can depend on the edge that is gone, so they are settled along with this one.
    pub fn delete_edges(&mut self, entry: EntryId) -> Result<Vec<EntryId>, Error> {
        let edges = query::edges_of(self, entry)?;
        for edge in &edges {
            self.batch.delete(query::evidence_key(entry, edge.b));
            self.change_edges(edge.b, |others| others.retain(|other| other.b != entry))?;
        }
        self.change_edges(entry, Vec::clear)?;
        Ok(edges.iter().map(|edge| edge.b).collect())
    }

    /// Writes a story, its place in the order of stories, and which story its members are in.
    pub fn put_story(&mut self, story: &Story) -> Result<(), Error> {
        let old = query::story(self, story.id)?;
        self.reindex(old.as_ref().map(story_indexes).unwrap_or_default(), story_indexes(story));
        let left = old.iter().flat_map(|old| &old.members).map(|m| m.entry);
        for entry in left.filter(|entry| story.members.iter().all(|m| m.entry != *entry)) {
            self.leave(entry, story.id)?;
        }
        let was_here = |entry| old.iter().flat_map(|old| &old.members).any(|m| m.entry == entry);
        for member in story.members.iter().filter(|m| !was_here(m.entry)) {
            self.put(Key::of(kind::MEMBERSHIP).entry(member.entry).bytes(), &story.id)?;
        }
        self.put(Key::of(kind::STORY).story(story.id).bytes(), story)
    }

    /// Removes a story; its members are in none unless they joined another.
    pub fn delete_story(&mut self, id: StoryId) -> Result<(), Error> {
        let Some(story) = query::story(self, id)? else { return Ok(()) };
        self.reindex(story_indexes(&story), Vec::new());
        for member in &story.members {
            self.leave(member.entry, id)?;
        }
        self.batch.delete(Key::of(kind::STORY).story(id).bytes());
        Ok(())
    }

    fn leave(&mut self, entry: EntryId, story: StoryId) -> Result<(), Error> {
        if query::story_of(self, entry)? == Some(story) {
            self.batch.delete(Key::of(kind::MEMBERSHIP).entry(entry).bytes());
        }
        Ok(())
    }

    /// Writes what became of a part of the graph: stories, tombstones and history.
    pub fn put_resolution(&mut self, resolution: &Resolution, now: Timestamp) -> Result<(), Error> {
        for tombstone in &resolution.gone {
            self.delete_story(tombstone.story)?;
            self.put_tombstone(tombstone)?;
        }
        for story in &resolution.revived {
            self.delete_tombstone(*story)?;
        }
        for story in &resolution.stories {
            self.put_story(story)?;
        }
        resolution.changes.iter().try_for_each(|change| self.put_log(&LogEntry { at: now, change: change.clone() }))
    }

    /// Writes that a story is gone.
    pub fn put_tombstone(&mut self, tombstone: &Tombstone) -> Result<(), Error> {
        self.delete_tombstone(tombstone.story)?;
        self.batch.put(gone_index(tombstone), []);
        self.put(Key::of(kind::TOMBSTONE).story(tombstone.story).bytes(), tombstone)
    }

    /// Removes a tombstone: the story is back.
    pub fn delete_tombstone(&mut self, story: StoryId) -> Result<(), Error> {
        if let Some(old) = query::tombstone(self, story)? {
            self.batch.delete(gone_index(&old));
            self.batch.delete(Key::of(kind::TOMBSTONE).story(story).bytes());
        }
        Ok(())
    }

    /// Adds a line to the history of each story that it is about.
    pub fn put_log(&mut self, line: &LogEntry) -> Result<(), Error> {
        let form = line.form();
        for story in form.stories() {
            let at = Key::of(kind::LOG).story(story).time(line.at).bytes();
            // Several things happen to a story at one time: they are numbered in their order.
            let last = self.scan(&Scan::prefix(&at, 1).backwards())?;
            let number = last.first().and_then(|(key, _)| key.last_chunk::<2>()).map(|n| u16::from_be_bytes(*n));
            let number = number.map_or(0, |n| n.saturating_add(1));
            let key = Key::of(kind::LOG).story(story).time(line.at).number(number).bytes();
            self.batch.put(key, codec::encode(&form)?);
        }
        Ok(())
    }

    /// Removes the history of a story.
    pub fn delete_log(&mut self, story: StoryId, limit: usize) -> Result<(), Error> {
        for (key, _) in self.scan(&Scan::prefix(&Key::of(kind::LOG).story(story).bytes(), limit))? {
            self.batch.delete(key);
        }
        Ok(())
    }

    /// Writes what an edition shows of a story.
    pub fn put_shown(&mut self, edition: &str, story: StoryId, shown: &Shown) -> Result<(), Error> {
        self.put(Key::of(kind::SHOWN).text(edition).story(story).bytes(), shown)
    }

    /// Forgets what an edition showed of a story.
    pub fn delete_shown(&mut self, edition: &str, story: StoryId) {
        self.batch.delete(Key::of(kind::SHOWN).text(edition).story(story).bytes());
    }

    /// Writes a small value under a name.
    pub fn put_meta(&mut self, name: &str, value: &[u8]) {
        self.batch.put(Key::of(kind::META).tail(name).bytes(), value);
    }

    /// Removes a small value.
    pub fn delete_meta(&mut self, name: &str) {
        self.batch.delete(Key::of(kind::META).tail(name).bytes());
    }
}

fn entry_indexes(entry: &Entry) -> Vec<Vec<u8>> {
    let of_source = Key::of(kind::OF_SOURCE).text(entry.source.as_str()).time(entry.first_seen).entry(entry.id);
    let by_link = entry.link.iter().map(|l| Key::of(kind::LINK).text(&query::link_key(l)).entry(entry.id).bytes());
    by_link.chain([of_source.bytes()]).collect()
}

fn story_indexes(story: &Story) -> Vec<Vec<u8>> {
    vec![
        Key::of(kind::TOUCHED).time_backwards(story.touched).story(story.id).bytes(),
        Key::of(kind::FOUNDED).time_backwards(story.founded).story(story.id).bytes(),
    ]
}

fn gone_index(tombstone: &Tombstone) -> Vec<u8> {
    Key::of(kind::GONE).time_backwards(tombstone.when).story(tombstone.story).bytes()
}
