//! What does the reader say is one work, or is not? Overrides win over all evidence.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use url::Url;

use crate::model::EntryId;

/// One `[[override]]` as it is written: addresses of entries.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct OverrideUrls {
    /// All of these are one work.
    pub same: Vec<Url>,
    /// No two of these are.
    pub different: Vec<Url>,
}

/// What is wrong with an override: for `check`, the log and the page of the sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Which of those written, from 0.
    pub rule: usize,
    /// What, as a sentence without its full stop.
    pub message: String,
}

/// What the reader says of two entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// They are one work: named together, or by way of others.
    Same,
    /// They are not.
    Different,
}

/// All overrides, as entries.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Overrides {
    /// Sets of entries that are one work each.
    same: Vec<Vec<EntryId>>,
    /// Pairs that are not, the smaller id first.
    different: BTreeSet<(EntryId, EntryId)>,
    /// In which sets an entry is.
    sets_of: BTreeMap<EntryId, Vec<usize>>,
    /// One entry for all that are joined with each other.
    root_of: BTreeMap<EntryId, EntryId>,
}

impl Overrides {
    /// Overrides of entries: each set of `same` is one work, no two entries within a set of `different` are.
    pub fn new(same: Vec<Vec<EntryId>>, different: &[Vec<EntryId>]) -> Self {
        let mut overrides = Self { root_of: roots(&same), same, ..Self::default() };
        for (set, entries) in overrides.same.iter().enumerate() {
            entries.iter().for_each(|entry| overrides.sets_of.entry(*entry).or_default().push(set));
        }
        for entries in different {
            for (i, a) in entries.iter().enumerate() {
                overrides.different.extend(entries[i + 1..].iter().filter(|b| a != *b).map(|b| (*a.min(b), *a.max(b))));
            }
        }
        overrides
    }

    /// Whether the reader says anything of an entry.
    pub fn name(&self, entry: EntryId) -> bool {
        self.sets_of.contains_key(&entry) || self.different.iter().any(|(a, b)| *a == entry || *b == entry)
    }

    /// The overrides of `feeds.toml`, with what is wrong with them. `find` names the entries of an address
    /// (`store::query::entries_by_link`): one page can stand in several feeds, and is then meant in all.
    pub fn resolve(written: &[OverrideUrls], mut find: impl FnMut(&Url) -> Vec<EntryId>) -> (Self, Vec<Notice>) {
        let (mut same, mut different, mut notices) = (Vec::new(), Vec::new(), Vec::new());
        let mut apart: Vec<(usize, [&Url; 2], EntryId, EntryId)> = Vec::new();
        for (rule, one) in written.iter().enumerate() {
            let mut known = |url: &Url| {
                let entries = find(url);
                if entries.is_empty() {
                    let message = format!("the override names {url}, which is no entry of any source (yet)");
                    notices.push(Notice { rule, message });
                }
                entries
            };
            let entries: Vec<_> = one.same.iter().flat_map(&mut known).collect();
            if entries.len() > 1 {
                same.push(entries);
            }
            let pages: Vec<_> = one.different.iter().map(|url| (url, known(url))).collect();
            for (i, (url, page)) in pages.iter().enumerate() {
                for (other_url, other) in &pages[i + 1..] {
                    let pairs = other.iter().flat_map(|b| page.iter().map(move |a| (*a, *b)));
                    apart.extend(pairs.map(|(a, b)| (rule, [*url, *other_url], a, b)));
                }
            }
        }
        different.extend(apart.iter().map(|(_, _, a, b)| vec![*a, *b]));
        let overrides = Self::new(same, &different);
        for (rule, [one, other], a, b) in apart {
            let message = format!(
                "the override says that {one} and {other} are different works, and another (or several together) that \
                 they are the same; they are kept apart"
            );
            let notice = Notice { rule, message };
            if overrides.root(a) == overrides.root(b) && !notices.contains(&notice) {
                notices.push(notice);
            }
        }
        notices.sort_by_key(|notice| notice.rule);
        (overrides, notices)
    }

    /// What the reader says of two entries. Where he says both, they are kept apart: a wrong split hides nothing.
    pub fn says(&self, a: EntryId, b: EntryId) -> Option<Said> {
        match () {
            () if self.are_different(a, b) => Some(Said::Different),
            () if a != b && self.root(a) == self.root(b) => Some(Said::Same),
            () => None,
        }
    }

    fn root(&self, entry: EntryId) -> EntryId {
        self.root_of.get(&entry).copied().unwrap_or(entry)
    }

    /// Sets of entries that are one work.
    pub fn same(&self) -> &[Vec<EntryId>] {
        &self.same
    }

    /// Whether these two are not one work.
    pub fn are_different(&self, a: EntryId, b: EntryId) -> bool {
        self.different.contains(&(a.min(b), a.max(b)))
    }

    /// All pairs that are not one work, the smaller id first.
    pub fn different(&self) -> impl Iterator<Item = (EntryId, EntryId)> {
        self.different.iter().copied()
    }

    /// The entries that an entry is joined with.
    pub fn joined_with(&self, entry: EntryId) -> impl Iterator<Item = EntryId> {
        let sets = self.sets_of.get(&entry).into_iter().flatten();
        sets.flat_map(|set| self.same[*set].iter().copied()).filter(move |other| *other != entry)
    }
}

/// For each entry of these sets the smallest of all that it is joined with, directly or by way of others.
fn roots(same: &[Vec<EntryId>]) -> BTreeMap<EntryId, EntryId> {
    let mut up: BTreeMap<EntryId, EntryId> = BTreeMap::new();
    let find = |up: &BTreeMap<EntryId, EntryId>, mut id: EntryId| {
        while let Some(next) = up.get(&id).filter(|next| **next != id) {
            id = *next;
        }
        id
    };
    for set in same {
        for pair in set.windows(2) {
            let (a, b) = (find(&up, pair[0]), find(&up, pair[1]));
            up.insert(a.max(b), a.min(b));
        }
    }
    same.iter().flatten().map(|id| (*id, find(&up, *id))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SourceId;

    fn id(n: u32) -> EntryId {
        EntryId::new(&SourceId("s".into()), &n.to_string())
    }

    fn page(path: &str) -> Url {
        Url::parse("https://example.org/").unwrap().join(path).unwrap()
    }

    #[test]
    fn unknown_addresses_and_contradictions_are_told_and_the_rest_counts() {
        let written = [
            OverrideUrls { same: vec![page("1"), page("2"), page("lost")], different: Vec::new() },
            OverrideUrls { same: vec![page("2"), page("3")], different: Vec::new() },
            OverrideUrls { same: Vec::new(), different: vec![page("1"), page("3"), page("4")] },
        ];
        let find = |url: &Url| url.path()[1..].parse().map(|n| vec![id(n)]).unwrap_or_default();
        let (overrides, notices) = Overrides::resolve(&written, find);
        assert_eq!(notices.len(), 2, "{notices:?}");
        assert!(notices[0].message.contains("https://example.org/lost") && notices[0].rule == 0, "{notices:?}");
        assert_eq!(notices[1].rule, 2);
        for words in ["https://example.org/1 and https://example.org/3", "kept apart"] {
            assert!(notices[1].message.contains(words), "{notices:?}");
        }
        assert_eq!(overrides.joined_with(id(2)).collect::<Vec<_>>(), [id(1), id(3)]);
        assert!(overrides.are_different(id(4), id(1)) && overrides.are_different(id(3), id(4)));
        assert!(!overrides.are_different(id(1), id(2)));
        assert_eq!(overrides.says(id(2), id(1)), Some(Said::Same));
        assert_eq!(overrides.says(id(1), id(3)), Some(Said::Different), "said both ways");
        assert_eq!((overrides.says(id(2), id(4)), overrides.says(id(1), id(1))), (None, None));
    }

    #[test]
    fn a_page_that_stands_in_two_feeds_is_not_different_from_itself() {
        let written = [OverrideUrls { same: Vec::new(), different: vec![page("both"), page("3")] }];
        let find = |url: &Url| if url.path() == "/both" { vec![id(1), id(2)] } else { vec![id(3)] };
        let (overrides, notices) = Overrides::resolve(&written, find);
        assert_eq!(notices, []);
        assert_eq!(overrides.different().count(), 2);
        assert!(!overrides.are_different(id(1), id(2)));
    }
}
