//! Which entries are one work, and under which identity do readers know it?

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::edition::Tombstone;
use super::{EntryId, Phrase, Timestamp};

/// A story's published id: that of its founding entry. Once published it never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StoryId(pub Uuid);

impl From<EntryId> for StoryId {
    fn from(id: EntryId) -> Self {
        Self(id.0)
    }
}

impl fmt::Display for StoryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "urn:uuid:{}", self.0)
    }
}

impl FromStr for StoryId {
    type Err = uuid::Error;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Uuid::parse_str(s.trim()).map(Self)
    }
}

/// What an entry is in its story.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MemberRole {
    /// The work as first published.
    Original,
    /// In another language than the original.
    Translation,
    /// In the language of the original.
    Repost,
    /// Alone in its story.
    Single,
}

impl MemberRole {
    /// The word used in all output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::Translation => "translation",
            Self::Repost => "repost",
            Self::Single => "single",
        }
    }
}

/// An entry in its story.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// Which entry.
    pub entry: EntryId,
    /// What it is here.
    pub role: MemberRole,
    /// Listed as an alternate (at most one for each language), or folded without being listed.
    pub listed: bool,
    /// Share of the head's text that it covers, 0 to 1; 1 for the head.
    pub coverage: f32,
    /// Evidence in bits that it belongs here; `None` for the head and for what an override put here.
    pub score_bits: Option<f32>,
    /// Why it belongs here, strongest reason first.
    pub because: Vec<Phrase>,
    /// When it joined.
    pub joined: Timestamp,
    /// When the original was edited, where that was after this version came and was itself last edited.
    pub outdated: Option<Timestamp>,
}

/// One work with all its versions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Story {
    /// Its published id.
    pub id: StoryId,
    /// The original, where it is known to be one: trusted, or named as such by the others.
    pub original: Option<EntryId>,
    /// Who stands for the work: the original, else the earliest seen.
    pub head: EntryId,
    /// All members, the head first, then by first seen.
    pub members: Vec<Member>,
    /// Entries that may be the same work; shown, never folded.
    pub possible: Vec<EntryId>,
    /// Stories whose whole texts this one contains (pages with several works).
    pub contains: Vec<StoryId>,
    /// When the story was founded.
    pub founded: Timestamp,
    /// Date of the newest thing that happened to it, for the order of editions.
    pub touched: Timestamp,
}

/// What becomes of a part of the graph that was solved anew: what `matching` decides and the store writes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Resolution {
    /// Stories that are new or changed.
    pub stories: Vec<Story>,
    /// Stories that are gone; each has a tombstone.
    pub gone: Vec<Tombstone>,
    /// Stories that were gone and are back under their id: their tombstones go.
    pub revived: Vec<StoryId>,
    /// What happened, in this order.
    pub changes: Vec<Change>,
}

impl Resolution {
    /// Adds what became of another part.
    pub fn append(&mut self, mut other: Self) {
        self.stories.append(&mut other.stories);
        self.gone.append(&mut other.gone);
        self.revived.append(&mut other.revived);
        self.changes.append(&mut other.changes);
    }
}

/// What happened to a story; recorded, and shown by `tributary log`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "lowercase")]
pub enum Change {
    /// A first entry came.
    NewStory {
        /// The story.
        story: StoryId,
        /// Its founding entry.
        entry: EntryId,
    },
    /// An entry was recognised as a version of the work.
    Joined {
        /// The story.
        story: StoryId,
        /// Who joined.
        entry: EntryId,
        /// Why, strongest reason first.
        because: Vec<Phrase>,
    },
    /// Another member stands for the work now.
    Headed {
        /// The story.
        story: StoryId,
        /// The new head.
        entry: EntryId,
    },
    /// Two published stories turned out to be one.
    Merged {
        /// The story that stays: the older published one.
        story: StoryId,
        /// The one that went; it gets a tombstone, and its page redirects.
        gone: StoryId,
        /// Why, strongest reason first.
        because: Vec<Phrase>,
    },
    /// A member left: the join was wrong, or was overruled.
    Split {
        /// The story that it left.
        story: StoryId,
        /// Who left.
        entry: EntryId,
        /// The story it founds or joins now.
        to: StoryId,
        /// Why, where more is known than that the evidence is no longer there.
        because: Vec<Phrase>,
    },
    /// A member's text was edited at its source.
    Revised {
        /// The story.
        story: StoryId,
        /// The edited member.
        entry: EntryId,
    },
    /// It came into a part of the graph that is past its cap, so that not all was looked at that it is linked with.
    Capped {
        /// The story that it is in.
        story: StoryId,
        /// Who came.
        entry: EntryId,
    },
}
