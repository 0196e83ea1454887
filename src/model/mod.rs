//! The nouns of the house: what flows from a source to a reader. No I/O, and nothing of ours is imported.

mod digest;
pub mod document;
pub mod edition;
pub mod encoder;
pub mod entry;
pub mod evidence;
pub mod graph;
pub mod html;
pub mod language;
pub mod months;
pub mod names;
pub mod phrase;
pub mod poll;
pub mod profile;
pub mod query;
pub mod raw;
pub mod signal;
pub mod source;
pub mod story;

pub use digest::digest;
pub use document::Document;
pub use edition::{Edition, EditionSpec, Format, Include, Item, Planet, Shown, SourceCard, Tombstone, Version};
pub use encoder::Encoder;
pub use entry::{Body, Enclosure, Entry, EntryId, Known, Page, Person};
pub use evidence::{Evidence, Finding, Verdict};
pub use graph::{Edge, Extent, Node};
pub use language::Language;
pub use phrase::Phrase;
pub use poll::{Ask, Failure, FeedFacts, Move, Outcome, PollRecord, Polled, Purpose, SourceState, Validators};
pub use profile::{Code, Mention, Place, Profile, Sentence, Vectors};
pub use query::EditionQuery;
pub use raw::{CutOff, Fault, RawEntry, RawFeed, Reading, Text};
pub use signal::{Alignment, Feature, Pair, Rarity, Signal, Told, stable_hash};
pub use source::{Publication, Role, Source, SourceId, SourceKind};
pub use story::{Change, Member, MemberRole, Resolution, Story, StoryId};

/// A moment in time, UTC. Only `clock` makes one out of the system's time.
pub type Timestamp = chrono::DateTime<chrono::Utc>;
