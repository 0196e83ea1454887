//! Which poll is started next? Those of one group one after the other, and not more at once than there is use for.
//!
//! A thousand publications of one platform wait for one another anyway: in this line they take no memory for it, and no
//! place from sources of other sites.

use std::collections::{HashMap, HashSet, VecDeque};

/// Polls under way at once: as many as requests.
const MOST: usize = 128;

/// What waits to be started, and which groups have something under way.
#[derive(Debug)]
pub(super) struct Line<T> {
    waiting: HashMap<String, VecDeque<T>>,
    /// Groups that have something waiting and nothing under way.
    ready: VecDeque<String>,
    busy: HashSet<String>,
}

impl<T> Default for Line<T> {
    fn default() -> Self {
        Self { waiting: HashMap::new(), ready: VecDeque::new(), busy: HashSet::new() }
    }
}

impl<T> Line<T> {
    /// Puts something at the end of its group's line.
    pub(super) fn push(&mut self, group: String, what: T) {
        let line = self.waiting.entry(group.clone()).or_default();
        if line.is_empty() && !self.busy.contains(&group) {
            self.ready.push_back(group);
        }
        line.push_back(what);
    }

    /// What may be started now, with its group; say when it has [ended](Line::ended).
    pub(super) fn next(&mut self) -> Option<(String, T)> {
        if self.busy.len() >= MOST {
            return None;
        }
        let group = self.ready.pop_front()?;
        let line = self.waiting.get_mut(&group)?;
        let what = line.pop_front()?;
        if line.is_empty() {
            self.waiting.remove(&group);
        }
        self.busy.insert(group.clone());
        Some((group, what))
    }

    /// Hears that what was started of this group has ended.
    pub(super) fn ended(&mut self, group: &str) {
        self.busy.remove(group);
        if self.waiting.contains_key(group) {
            self.ready.push_back(group.to_owned());
        }
    }

    /// Whether nothing waits or is under way.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.busy.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_a_group_at_a_time_and_no_group_waits_for_another() {
        let mut line = Line::default();
        for (group, n) in [("a", 1), ("a", 2), ("b", 3), ("a", 4)] {
            line.push(group.to_owned(), n);
        }
        let mut next = |ended: Option<&str>| {
            ended.into_iter().for_each(|group| line.ended(group));
            std::iter::from_fn(|| line.next()).map(|(_, n)| n).collect::<Vec<_>>()
        };
        assert_eq!(next(None), [1, 3]);
        assert_eq!(next(Some("b")), Vec::<i32>::new());
        assert_eq!(next(Some("a")), [2]);
        assert_eq!(next(Some("a")), [4]);
        assert_eq!(next(Some("a")), Vec::<i32>::new());
        assert!(line.is_empty());
    }

    #[test]
    fn not_all_at_once() {
        let mut line = Line::default();
        (0..1_000).for_each(|n| line.push(n.to_string(), n));
        let started = std::iter::from_fn(|| line.next()).count();
        assert_eq!(started, MOST);
        line.ended("0");
        assert_eq!(line.next().map(|(_, n)| n), Some(MOST));
        assert!(line.next().is_none() && !line.is_empty());
    }
}
