//! What does the reader say is one work, or is not? Overrides win over all evidence.

use std::collections::{BTreeMap, BTreeSet};

use url::Url;

use crate::model::EntryId;

/// One `[[override]]` as it is written: addresses of entries.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OverrideUrls {
    /// All of these are one work.
    pub same: Vec<Url>,
    /// No two of these are.
    pub different: Vec<Url>,
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
}

impl Overrides {
    /// Overrides of entries: each set of `same` is one work, no two entries within a set of `different` are.
    pub fn new(same: Vec<Vec<EntryId>>, different: &[Vec<EntryId>]) -> Self {
        let mut overrides = Self { same, ..Self::default() };
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

    /// The overrides of `feeds.toml`, with what is wrong with them, for `check` and the log. `find` names the entries
    /// of an address (`store::query::entries_by_link`): one page can stand in several feeds, and is then meant in all.
    pub fn resolve(written: &[OverrideUrls], mut find: impl FnMut(&Url) -> Vec<EntryId>) -> (Self, Vec<String>) {
        let (mut same, mut different, mut notices) = (Vec::new(), Vec::new(), Vec::new());
        let mut known = |url: &Url, notices: &mut Vec<String>| {
            let entries = find(url);
            if entries.is_empty() {
                notices.push(format!("an override names {url}, which is no entry of any source (yet)"));
            }
            entries
        };
        for one in written {
            let entries: Vec<_> = one.same.iter().flat_map(|url| known(url, &mut notices)).collect();
            if entries.len() > 1 {
                same.push(entries);
            }
            let pages: Vec<_> = one.different.iter().map(|url| known(url, &mut notices)).collect();
            for (i, page) in pages.iter().enumerate() {
                let others = pages[i + 1..].iter().flatten();
                different.extend(others.flat_map(|b| page.iter().map(move |a| vec![*a, *b])));
            }
        }
        let overrides = Self::new(same, &different);
        notices.extend(overrides.contradictions());
        (overrides, notices)
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

    /// Pairs that are said to be one work and also not to be: they are kept apart, since a wrong split hides nothing.
    pub fn contradictions(&self) -> Vec<String> {
        let mut root: BTreeMap<EntryId, EntryId> = BTreeMap::new();
        let find = |root: &BTreeMap<EntryId, EntryId>, mut id: EntryId| {
            while let Some(up) = root.get(&id).filter(|up| **up != id) {
                id = *up;
            }
            id
        };
        for set in &self.same {
            for pair in set.windows(2) {
                let (a, b) = (find(&root, pair[0]), find(&root, pair[1]));
                root.insert(a.max(b), a.min(b));
            }
        }
        let contradicted = self.different.iter().filter(|(a, b)| find(&root, *a) == find(&root, *b));
        contradicted
            .map(|(a, b)| {
                format!("overrides say that {a} and {b} are one work, and that they are not; they are kept apart")
            })
            .collect()
    }
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
        assert!(notices[0].contains("https://example.org/lost"), "{notices:?}");
        assert!(notices[1].contains("kept apart"), "{notices:?}");
        assert_eq!(overrides.joined_with(id(2)).collect::<Vec<_>>(), [id(1), id(3)]);
        assert!(overrides.are_different(id(4), id(1)) && overrides.are_different(id(3), id(4)));
        assert!(!overrides.are_different(id(1), id(2)));
    }

    #[test]
    fn a_page_that_stands_in_two_feeds_is_not_different_from_itself() {
        let written = [OverrideUrls { same: Vec::new(), different: vec![page("both"), page("3")] }];
        let find = |url: &Url| if url.path() == "/both" { vec![id(1), id(2)] } else { vec![id(3)] };
        let (overrides, notices) = Overrides::resolve(&written, find);
        assert_eq!(notices, Vec::<String>::new());
        assert_eq!(overrides.different().count(), 2);
        assert!(!overrides.are_different(id(1), id(2)));
    }
}
