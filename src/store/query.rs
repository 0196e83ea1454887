//! What does the store know of an entry, a story, a source? Every read of records, from a store or from a draft.

use serde::de::DeserializeOwned;
use url::Url;
use uuid::Uuid;

use super::codec::{self, Record};
use super::key::{Key, Tail, hex, kind};
use super::records::{Edges, Job, LogEntry, ProfileRecord, StateRecord, Stored, Waiting};
use super::{Error, Pair, Read, Scan, digest};
use crate::model::graph::EDGES_MAX;
use crate::model::{
    Body, Edge, Entry, EntryId, Evidence, Known, Node, Shown, SourceId, Story, StoryId, Timestamp, Tombstone,
};

/// Tombstones lead to tombstones when stories merge again and again; no real chain is longer than this.
const REDIRECTS_MAX: usize = 32;

/// Reads the record under a key.
fn read<T: Stored>(from: &dyn Read, key: &[u8]) -> Result<Option<T>, Error> {
    from.get(key)?.map(|bytes| T::from_bytes(key, &bytes)).transpose()
}

/// The entry, without its texts.
pub fn entry(from: &dyn Read, id: EntryId) -> Result<Option<Entry>, Error> {
    read(from, &Key::of(kind::ENTRY).entry(id).bytes())
}

/// The texts of an entry.
pub fn body(from: &dyn Read, entry: &Entry) -> Result<Option<Body>, Error> {
    let [now, before] = body_keys(entry);
    // It may move between the two looks.
    for key in [now.clone(), before, now] {
        if let Some(body) = read(from, &key)? {
            return Ok(Some(body));
        }
    }
    Ok(None)
}

/// Where the texts of an entry stand, and where the first format of the store had them.
pub(super) fn body_keys(entry: &Entry) -> [Vec<u8>; 2] {
    let now = Key::of(kind::BODY).time(entry.first_seen).entry(entry.id);
    [now.bytes(), Key::of(kind::BODY_ALONE).entry(entry.id).bytes()]
}

/// What is remembered of an entry that was removed because it is old.
pub fn remembered(from: &dyn Read, id: EntryId) -> Result<Option<Known>, Error> {
    read(from, &Key::of(kind::REMEMBERED).entry(id).bytes())
}

/// The entry with its texts.
pub fn whole_entry(from: &dyn Read, id: EntryId) -> Result<Option<Entry>, Error> {
    let Some(mut entry) = entry(from, id)? else { return Ok(None) };
    entry.body = body(from, &entry)?.unwrap_or_default();
    Ok(Some(entry))
}

/// The records of a kind after that of this id, in the order of ids.
fn after_this<T: Stored>(from: &dyn Read, kind: u8, after: Option<Uuid>, limit: usize) -> Result<Vec<T>, Error> {
    let after = after.map(|id| Key::of(kind).entry(EntryId(id)).bytes());
    let prefix = [kind];
    let pairs = from.scan(&Scan { after: after.as_deref(), ..Scan::prefix(&prefix, limit) })?;
    pairs.iter().map(|(key, bytes)| T::from_bytes(key, bytes)).collect()
}

/// The entries after this one in the order of their ids, without their texts.
pub fn entries(from: &dyn Read, after: Option<EntryId>, limit: usize) -> Result<Vec<Entry>, Error> {
    after_this(from, kind::ENTRY, after.map(|id| id.0), limit)
}

/// The entry that a source knows by one of its names (a guid it had before, a link).
pub fn entry_by_alias(from: &dyn Read, source: &SourceId, alias: &str) -> Result<Option<EntryId>, Error> {
    let key = Key::of(kind::ALIAS).text(source.as_str()).tail(alias).bytes();
    from.get(&key)?.map(|value| Tail::of(&value).entry()).transpose()
}

/// Whether nothing was ever stored of a source.
pub fn is_unseen(from: &dyn Read, source: &SourceId) -> Result<bool, Error> {
    Ok(from.scan(&Scan::prefix(&Key::of(kind::ALIAS).text(source.as_str()).bytes(), 1))?.is_empty())
}

/// The entries whose page this is, whether by http or https, with `www.` or without.
pub fn entries_by_link(from: &dyn Read, link: &Url, limit: usize) -> Result<Vec<EntryId>, Error> {
    ids_under(from, &Key::of(kind::LINK).text(&link_key(link)).bytes(), limit)
}

/// The entries of a source, latest seen first.
pub fn entries_of_source(from: &dyn Read, source: &SourceId, limit: usize) -> Result<Vec<EntryId>, Error> {
    let prefix = Key::of(kind::OF_SOURCE).text(source.as_str()).bytes();
    let pairs = from.scan(&Scan::prefix(&prefix, limit).backwards())?;
    pairs.iter().map(|(key, _)| Tail::of(key).entry()).collect()
}

/// The references: entries that no configured source has, stored under the home of their publication, which no id of a
/// source begins like.
pub fn references(from: &dyn Read, limit: usize) -> Result<Vec<EntryId>, Error> {
    let mut found = Vec::new();
    for scheme in ["http://", "https://"] {
        found.extend(ids_under(from, &Key::of(kind::OF_SOURCE).tail(scheme).bytes(), limit - found.len())?);
    }
    Ok(found)
}

/// The ids that end the keys under a prefix.
fn ids_under(from: &dyn Read, prefix: &[u8], limit: usize) -> Result<Vec<EntryId>, Error> {
    from.scan(&Scan::prefix(prefix, limit))?.iter().map(|(key, _)| Tail::of(key).entry()).collect()
}

/// Under which name a link is found again: without scheme, `www.` and fragment.
pub fn link_key(link: &Url) -> String {
    // Longer than any real address, and short enough that a key stays within a page of sled's.
    const LONGEST: usize = 500;
    let host = link.host_str().unwrap_or_default();
    let host = host.strip_prefix("www.").unwrap_or(host);
    let port = link.port().map(|port| format!(":{port}")).unwrap_or_default();
    let query = link.query().map(|query| format!("?{query}")).unwrap_or_default();
    let key = format!("{host}{port}{}{query}", link.path());
    match key.char_indices().find(|(at, _)| *at >= LONGEST) {
        Some((at, _)) => format!("{}#{:016x}", &key[..at], digest([key.as_bytes()])),
        None => key,
    }
}

/// What is kept of a source between two polls.
pub fn state<T: DeserializeOwned>(from: &dyn Read, source: &SourceId) -> Result<Option<T>, Error> {
    let key = Key::of(kind::STATE).tail(source.as_str()).bytes();
    let Some(bytes) = from.get(&key)? else { return Ok(None) };
    let StateRecord(json) = codec::decode(&key, &bytes)?;
    let failed =
        |e: serde_json::Error| Error::Record { kind: StateRecord::KIND, key: hex(&key), reason: e.to_string() };
    serde_json::from_str(&json).map(Some).map_err(failed)
}

/// The sources that have a state, configured or not.
pub fn sources(from: &dyn Read, limit: usize) -> Result<Vec<SourceId>, Error> {
    let pairs = from.scan(&Scan::prefix(&[kind::STATE], limit))?;
    Ok(pairs.iter().map(|(key, _)| SourceId(String::from_utf8_lossy(&key[1..]).into_owned())).collect())
}

/// The pages that are due, longest due first.
pub fn jobs_due(from: &dyn Read, now: Timestamp, limit: usize) -> Result<Vec<Job>, Error> {
    let end = Key::of(kind::DUE).time(now).bytes();
    let due = from.scan(&Scan::prefix(&[kind::DUE], limit))?;
    let due = due.iter().take_while(|(key, _)| key.get(..end.len()).is_some_and(|at| at <= end.as_slice()));
    due.map(|(key, _)| Tail::of(key).entry()).filter_map(|id| id.and_then(|id| job(from, id)).transpose()).collect()
}

/// How many pages are queued; counted up to `limit`.
pub fn jobs_count(from: &dyn Read, limit: usize) -> Result<usize, Error> {
    Ok(from.scan(&Scan::prefix(&[kind::DUE], limit))?.len())
}

/// When the next page is due.
pub fn next_due(from: &dyn Read) -> Result<Option<Job>, Error> {
    let first = from.scan(&Scan::prefix(&[kind::DUE], 1))?;
    let Some((key, _)) = first.first() else { return Ok(None) };
    job(from, Tail::of(key).entry()?)
}

/// The page that is queued for an entry.
pub fn job(from: &dyn Read, entry: EntryId) -> Result<Option<Job>, Error> {
    read(from, &Key::of(kind::JOB).entry(entry).bytes())
}

/// The place of an entry in the queue of those to judge.
pub fn waiting_of(from: &dyn Read, entry: EntryId) -> Result<Option<Waiting>, Error> {
    read(from, &Key::of(kind::WAITING).entry(entry).bytes())
}

/// The entries to judge that are ready, newest first.
pub fn waiting(from: &dyn Read, now: Timestamp, limit: usize) -> Result<Vec<Waiting>, Error> {
    let mut ready = Vec::new();
    let mut after: Option<Vec<u8>> = None;
    // Those not yet ready wait for a page, at most ten minutes: there are few, and they are passed over.
    while ready.len() < limit {
        let scan = Scan { after: after.as_deref(), ..Scan::prefix(&[kind::NEWEST_WAITING], limit) };
        let keys = from.scan(&scan)?;
        for (key, _) in &keys {
            let Some(waiting) = waiting_of(from, Tail::of(key).entry()?)? else { continue };
            if waiting.ready <= now && ready.len() < limit {
                ready.push(waiting);
            }
        }
        if keys.len() < limit {
            break;
        }
        after = keys.into_iter().last().map(|(key, _)| key);
    }
    Ok(ready)
}

/// The entries to judge, ready or not, newest first.
pub fn all_waiting(from: &dyn Read, limit: usize) -> Result<Vec<Waiting>, Error> {
    let keys = from.scan(&Scan::prefix(&[kind::NEWEST_WAITING], limit))?;
    keys.iter().filter_map(|(key, _)| Tail::of(key).entry().and_then(|id| waiting_of(from, id)).transpose()).collect()
}

/// The pages queued, due or not, longest due first.
pub fn all_jobs(from: &dyn Read, limit: usize) -> Result<Vec<Job>, Error> {
    let keys = from.scan(&Scan::prefix(&[kind::DUE], limit))?;
    keys.iter().filter_map(|(key, _)| Tail::of(key).entry().and_then(|id| job(from, id)).transpose()).collect()
}

/// How many entries are to be judged, ready or not; counted up to `limit`.
pub fn waiting_count(from: &dyn Read, limit: usize) -> Result<usize, Error> {
    Ok(from.scan(&Scan::prefix(&[kind::NEWEST_WAITING], limit))?.len())
}

/// The node of an entry; set its trust from the configuration ([`Node::trust`]).
pub fn node(from: &dyn Read, entry: EntryId) -> Result<Option<Node>, Error> {
    read(from, &Key::of(kind::NODE).entry(entry).bytes())
}

/// The nodes after this one in the order of their entries' ids.
pub fn nodes(from: &dyn Read, after: Option<EntryId>, limit: usize) -> Result<Vec<Node>, Error> {
    after_this(from, kind::NODE, after.map(|id| id.0), limit)
}

/// What `matching` kept of an entry's text.
pub fn profile(from: &dyn Read, entry: EntryId) -> Result<Option<Vec<u8>>, Error> {
    let key = Key::of(kind::PROFILE).entry(entry).bytes();
    from.get(&key)?.map(|bytes| codec::decode::<ProfileRecord>(&key, &bytes).map(|p| p.0)).transpose()
}

/// The entries that have a profile, after this one in the order of ids, with their profiles: for the index of
/// candidates, which is built at every start.
pub fn profiles(from: &dyn Read, after: Option<EntryId>, limit: usize) -> Result<Vec<(EntryId, Vec<u8>)>, Error> {
    let after = after.map(|id| Key::of(kind::PROFILE).entry(id).bytes());
    let prefix = [kind::PROFILE];
    let pairs = from.scan(&Scan { after: after.as_deref(), ..Scan::prefix(&prefix, limit) })?;
    pairs.iter().map(|(k, v)| Ok((Tail::of(k).entry()?, codec::decode::<ProfileRecord>(k, v)?.0))).collect()
}

/// The edges of an entry, with it as their first end, in the order of the other.
pub fn edges_of(from: &dyn Read, entry: EntryId) -> Result<Vec<Edge>, Error> {
    match edges(from, entry)? {
        Some(edges) => Ok(edges),
        None => Ok(edges_alone(from, entry)?.into_iter().map(|(_, edge)| edge).collect()),
    }
}

/// The same where they stand since the third format of the store.
pub(super) fn edges(from: &dyn Read, entry: EntryId) -> Result<Option<Vec<Edge>>, Error> {
    Ok(read::<Edges>(from, &Key::of(kind::EDGES).entry(entry).bytes())?.map(|edges| edges.0))
}

/// The edges of an entry where the store had them before its third format, each under its own key.
pub(super) fn edges_alone(from: &dyn Read, entry: EntryId) -> Result<Vec<(Vec<u8>, Edge)>, Error> {
    let pairs = from.scan(&Scan::prefix(&Key::of(kind::EDGE_ALONE).entry(entry).bytes(), EDGES_MAX))?;
    let seen_from_here = |edge: Edge| if edge.a == entry { edge } else { edge.mirrored() };
    let edge = |(key, bytes): Pair| Edge::from_bytes(&key, &bytes).map(|edge| (key, seen_from_here(edge)));
    pairs.into_iter().map(edge).collect()
}

/// Where the findings about a pair stand.
pub(super) fn evidence_key(a: EntryId, b: EntryId) -> Vec<u8> {
    Key::of(kind::EVIDENCE).entry(a.min(b)).entry(a.max(b)).bytes()
}

/// The findings about a pair, seen from `a`.
pub fn evidence(from: &dyn Read, a: EntryId, b: EntryId) -> Result<Option<Evidence>, Error> {
    let key = evidence_key(a, b);
    let evidence: Option<Evidence> = read(from, &key)?;
    Ok(evidence.map(|e| if a <= b { e } else { e.mirrored() }))
}

/// The story with this very id.
pub fn story(from: &dyn Read, id: StoryId) -> Result<Option<Story>, Error> {
    read(from, &Key::of(kind::STORY).story(id).bytes())
}

/// The story with this id, or the one that it is part of now.
pub fn find_story(from: &dyn Read, mut id: StoryId) -> Result<Option<Story>, Error> {
    for _ in 0..REDIRECTS_MAX {
        if let Some(story) = story(from, id)? {
            return Ok(Some(story));
        }
        match tombstone(from, id)?.and_then(|t| t.into) {
            Some(into) => id = into,
            None => return Ok(None),
        }
    }
    Ok(None)
}

/// The story that an entry is in.
pub fn story_of(from: &dyn Read, entry: EntryId) -> Result<Option<StoryId>, Error> {
    read(from, &Key::of(kind::MEMBERSHIP).entry(entry).bytes())
}

/// The stories after this one in the order of their ids.
pub fn stories(from: &dyn Read, after: Option<StoryId>, limit: usize) -> Result<Vec<Story>, Error> {
    after_this(from, kind::STORY, after.map(|id| id.0), limit)
}

/// The stories by `touched`, newest first, after this one; by their index, so that a thousand cost a thousand reads
/// whatever the store holds.
pub fn newest_stories(from: &dyn Read, after: Option<&Story>, limit: usize) -> Result<Vec<Story>, Error> {
    let after = after.map(|s| Key::of(kind::TOUCHED).time_backwards(s.touched).story(s.id).bytes());
    let prefix = [kind::TOUCHED];
    stories_by(from, &Scan { after: after.as_deref(), ..Scan::prefix(&prefix, limit) })
}

/// The stories by `touched`, oldest first, after this one.
pub fn oldest_stories(from: &dyn Read, after: Option<&Story>, limit: usize) -> Result<Vec<Story>, Error> {
    let after = after.map(|s| Key::of(kind::TOUCHED).time_backwards(s.touched).story(s.id).bytes());
    let prefix = [kind::TOUCHED];
    stories_by(from, &Scan { after: after.as_deref(), ..Scan::prefix(&prefix, limit).backwards() })
}

/// The stories by when they were founded, latest first, after this one.
pub fn latest_founded(from: &dyn Read, after: Option<&Story>, limit: usize) -> Result<Vec<Story>, Error> {
    let after = after.map(|s| Key::of(kind::FOUNDED).time_backwards(s.founded).story(s.id).bytes());
    let prefix = [kind::FOUNDED];
    stories_by(from, &Scan { after: after.as_deref(), ..Scan::prefix(&prefix, limit) })
}

/// The entry of a source that was seen first.
pub fn first_of_source(from: &dyn Read, source: &SourceId) -> Result<Option<EntryId>, Error> {
    let prefix = Key::of(kind::OF_SOURCE).text(source.as_str()).bytes();
    let pairs = from.scan(&Scan::prefix(&prefix, 1))?;
    pairs.first().map(|(key, _)| Tail::of(key).entry()).transpose()
}

fn stories_by(from: &dyn Read, scan: &Scan<'_>) -> Result<Vec<Story>, Error> {
    let keys = from.scan(scan)?;
    keys.iter().filter_map(|(key, _)| Tail::of(key).story().and_then(|id| story(from, id)).transpose()).collect()
}

/// The tombstone of a story.
pub fn tombstone(from: &dyn Read, story: StoryId) -> Result<Option<Tombstone>, Error> {
    read(from, &Key::of(kind::TOMBSTONE).story(story).bytes())
}

/// The newest tombstones since then, latest first.
pub fn tombstones_since(from: &dyn Read, since: Timestamp, limit: usize) -> Result<Vec<Tombstone>, Error> {
    let keys = from.scan(&Scan::prefix(&[kind::GONE], limit))?;
    let found = keys.iter().filter_map(|(k, _)| Tail::of(k).story().and_then(|id| tombstone(from, id)).transpose());
    let mut tombstones = found.collect::<Result<Vec<_>, _>>()?;
    tombstones.retain(|t| t.when >= since);
    Ok(tombstones)
}

/// The history of a story, oldest first; past the limit, its latest lines.
pub fn log(from: &dyn Read, story: StoryId, limit: usize) -> Result<Vec<LogEntry>, Error> {
    let pairs = from.scan(&Scan::prefix(&Key::of(kind::LOG).story(story).bytes(), limit).backwards())?;
    pairs.iter().rev().map(|(key, bytes)| LogEntry::from_bytes(key, bytes)).collect()
}

/// What an edition showed last of a story.
pub fn shown(from: &dyn Read, edition: &str, story: StoryId) -> Result<Option<Shown>, Error> {
    read(from, &Key::of(kind::SHOWN).text(edition).story(story).bytes())
}

/// A small value by its name.
pub fn meta(from: &dyn Read, name: &str) -> Result<Option<Vec<u8>>, Error> {
    from.get(&Key::of(kind::META).tail(name).bytes())
}
