//! Which ids groups get, from stories and groups that are written down here.

use chrono::DateTime;

use super::*;
use crate::model::{Extent, Language, SourceId};

fn at(minutes: i64) -> Timestamp {
    DateTime::from_timestamp(1_763_800_000 + minutes * 60, 0).unwrap()
}

fn id(name: &str) -> EntryId {
    EntryId::new(&SourceId(name.to_owned()), "1")
}

/// The node of a source that nobody is trusted with, `first_seen` and `revised` in minutes.
fn node(name: &str, first_seen: i64, revised: Option<i64>) -> Node {
    Node {
        entry: id(name),
        source: SourceId(name.to_owned()),
        role: Role::Mixed,
        trusted: false,
        reference: false,
        first_seen: at(first_seen),
        revised: revised.map(at),
        published: None,
        language: Language::parse("en"),
        authors: Vec::new(),
        text_len: 5000,
        extent: Extent::Whole,
    }
}

/// The story that the first of these founded; all joined when it was founded.
fn story(members: &[&str], founded: i64) -> Story {
    let member = |name: &&str| Member {
        entry: id(name),
        role: MemberRole::Repost,
        listed: false,
        coverage: 1.0,
        score_bits: None,
        because: Vec::new(),
        joined: at(founded),
        outdated: None,
    };
    Story {
        id: id(members[0]).into(),
        original: None,
        head: id(members[0]),
        members: members.iter().map(member).collect(),
        possible: Vec::new(),
        contains: Vec::new(),
        founded: at(founded),
        touched: at(founded),
    }
}

/// The names that the groups get, and into which of the groups the stories went that are gone.
fn names(nodes: &[Node], previous: &[Story], groups: &[&[&str]]) -> (Vec<StoryId>, Vec<(StoryId, StoryId)>) {
    let tied = |names: &&[&str]| {
        let mut members: Vec<_> = names.iter().map(|name| (id(name), None)).collect();
        members.sort_by_key(|(entry, _)| *entry);
        Group { members, ..Group::default() }
    };
    let groups = groups.iter().map(tied).collect();
    let taken: BTreeSet<StoryId> = previous.iter().map(|story| story.id).collect();
    let resolution = resolve(&Scene {
        changed: &nodes.iter().map(|node| node.entry).collect(),
        nodes,
        edges: &[],
        partition: &Partition { groups },
        previous,
        overrides: &Overrides::default(),
        standing: &|id| if taken.contains(&id) { Standing::Taken } else { Standing::Free },
        because: &|_, _| Vec::new(),
        now: at(100),
    });
    let gone = resolution.gone.iter().filter_map(|gone| Some((gone.story, gone.into?))).collect();
    (resolution.stories.iter().map(|story| story.id).collect(), gone)
}

#[test]
fn what_is_split_off_is_not_taken_over_by_a_story_that_an_edit_made() {
    // The first entry of a story turns out to be of another work. What is left of it stands with an entry that was about
    // something else until it was edited.
    let left_with_bait = |edited: Option<i64>, left: &[&'static str]| {
        let nodes = [node("founder", 1, None), node("one", 2, None), node("two", 3, None), node("bait", 0, edited)];
        let previous = [story(&["founder", "one", "two"], 1), story(&["bait"], 0)];
        let (ids, gone) = names(&nodes, &previous, &[&["founder"], left]);
        assert!(ids.contains(&id("founder").into()));
        let other = ids.into_iter().find(|story| *story != id("founder").into()).unwrap();
        (other, gone)
    };
    let bait: StoryId = id("bait").into();
    let own: StoryId = id("one").into();
    assert_eq!(left_with_bait(Some(50), &["one", "two", "bait"]), (own, vec![(bait, own)]));
    // A story that was always about this work keeps its id, and so does one that a single entry joins.
    assert_eq!(left_with_bait(None, &["one", "two", "bait"]), (bait, vec![]));
    assert_eq!(left_with_bait(Some(50), &["one", "bait"]).0, bait);
}
