//! Which entries came where too many others are linked for all of them to be looked at, until the reader says where they
//! belong?

use super::{Error, House};
use crate::matching::settle::COMPONENT_MAX;
use crate::model::{Change, EntryId, Resolution, StoryId};
use crate::store::{Draft, query};

/// Under which name the store keeps them, latest last.
const CROWDS: &str = "crowds";
/// Entries that are kept: who has more of them needs no longer list to see it.
const MOST: usize = 16;

impl House {
    /// What the person has to know of each, latest first. Those are left out of which an override says something since,
    /// and those that are gone.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn crowds(&self) -> Result<Vec<String>, Error> {
        let overrides = self.overrides()?.0;
        let mut told = Vec::new();
        for entry in kept(&*self.store)?.into_iter().rev().filter(|entry| !overrides.name(*entry)) {
            if let Some(story) = query::story_of(&*self.store, entry)? {
                told.extend(self.tell_crowd(story, entry)?);
            }
        }
        Ok(told)
    }

    pub(super) fn tell_crowd(&self, story: StoryId, entry: EntryId) -> Result<Option<String>, Error> {
        let Some(entry) = query::entry(&*self.store, entry)? else { return Ok(None) };
        let page = entry.link.as_ref().map_or_else(|| entry.id.to_string(), ToString::to_string);
        Ok(Some(format!(
            "“{}” ({page}) is linked with more than {COMPONENT_MAX} entries, of which only the nearest were looked at; \
             it stands in {story} until an override says otherwise",
            entry.title
        )))
    }
}

/// Keeps those that a resolution tells of.
pub(super) fn keep(draft: &mut Draft<'_>, resolution: &Resolution) -> Result<(), Error> {
    let is_new = |change: &Change| if let Change::Capped { entry, .. } = change { Some(*entry) } else { None };
    let new: Vec<EntryId> = resolution.changes.iter().filter_map(is_new).collect();
    if new.is_empty() {
        return Ok(());
    }
    let mut all = kept(draft)?;
    all.retain(|entry| !new.contains(entry));
    all.extend(new);
    all.drain(..all.len().saturating_sub(MOST));
    draft.put_meta(CROWDS, &serde_json::to_vec(&all).unwrap_or_default());
    Ok(())
}

fn kept(from: &dyn crate::store::Read) -> Result<Vec<EntryId>, Error> {
    let kept = query::meta(from, CROWDS)?;
    Ok(kept.and_then(|kept| serde_json::from_slice(&kept).ok()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::DateTime;
    use url::Url;

    use super::*;
    use crate::matching::archive::Line;
    use crate::matching::overrides::OverrideUrls;
    use crate::model::{EditionSpec, Entry, Evidence, Node, Verdict};
    use crate::pipeline::Plan;
    use crate::store::{MemoryStore, Store};

    fn entry(n: usize) -> Entry {
        let line = serde_json::json!({
            "doc_id": n.to_string(), "lang": "en", "title": format!("Page {n}"), "author": "Ada Rivers",
            "source": format!("source{n}"), "url": format!("https://source{n}.example/page"), "text": "A text.",
        });
        serde_json::from_value::<Line>(line).unwrap().entry()
    }

    fn house(store: &Arc<dyn Store>, overrides: Vec<OverrideUrls>) -> House {
        let home = Url::parse("https://planet.example/").unwrap();
        let plan = Plan::new(Vec::new(), vec![EditionSpec::new("main", "Main")], home, Vec::new(), overrides);
        House::new(Arc::clone(store), plan).unwrap()
    }

    #[test]
    fn a_crowd_is_told_until_an_override_names_its_entry() {
        let now = DateTime::from_timestamp(1_763_800_000, 0).unwrap();
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let evidence = Evidence {
            findings: Vec::new(),
            total_bits: 20.0,
            threshold_bits: 8.0,
            coverage_a: 1.0,
            coverage_b: 1.0,
            verdict: Verdict::Link,
        };
        let mut draft = Draft::new(&*store);
        let entries: Vec<Entry> = (0..COMPONENT_MAX + 10).map(entry).collect();
        for entry in &entries {
            draft.put_entry(entry).unwrap();
            draft.put_node(&Node::new(entry, None)).unwrap();
        }
        for entry in &entries[1..] {
            draft.put_edge(entries[0].id, entry.id, &evidence).unwrap();
        }
        draft.commit().unwrap();
        let open = house(&store, Vec::new());
        assert_eq!(open.crowds().unwrap(), Vec::<String>::new());
        let notices = open.settle_anew(&[entries[0].id], now).unwrap().notices;
        assert!(notices[0].contains("“Page 0” (https://source0.example/page) is linked with more than"), "{notices:?}");
        assert_eq!(open.crowds().unwrap(), notices);
        let different = [0, 1].map(|n| Url::parse(&format!("https://source{n}.example/page")).unwrap());
        let overrides = vec![OverrideUrls { same: Vec::new(), different: different.to_vec() }];
        assert_eq!(house(&store, overrides).crowds().unwrap(), Vec::<String>::new());
    }
}
