//! In which form are stories, their history, and what editions showed of them stored?

use serde::{Deserialize, Serialize};

use super::{Id, LogEntry, Millis, Stored};
use crate::model::{Change, EntryId, Member, MemberRole, Phrase, Shown, Story, StoryId, Tombstone};
use crate::store::codec::Record;

/// A member.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MemberForm {
    entry: Id,
    role: u8,
    listed: bool,
    coverage: f32,
    score_bits: Option<f32>,
    because: Vec<String>,
    joined: Millis,
    outdated: Option<Millis>,
}

/// A story.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StoryRecord {
    id: Id,
    original: Option<Id>,
    head: Id,
    members: Vec<MemberForm>,
    possible: Vec<Id>,
    contains: Vec<Id>,
    founded: Millis,
    touched: Millis,
}

impl Record for StoryRecord {
    const KIND: &'static str = "story";
    const VERSION: u8 = 2;

    fn migrate(version: u8, bytes: &[u8]) -> Result<Self, String> {
        match version {
            1 => postcard::from_bytes::<first::StoryRecord>(bytes).map(Self::from).map_err(|e| e.to_string()),
            _ => Err(format!("version {version} was never written")),
        }
    }
}

/// The first version: it did not say of a member that it is outdated.
mod first {
    use super::{Deserialize, Id, MemberForm, Millis};

    #[derive(Deserialize)]
    struct Member {
        entry: Id,
        role: u8,
        listed: bool,
        coverage: f32,
        score_bits: Option<f32>,
        because: Vec<String>,
        joined: Millis,
    }

    #[derive(Deserialize)]
    pub(super) struct StoryRecord {
        id: Id,
        original: Option<Id>,
        head: Id,
        members: Vec<Member>,
        possible: Vec<Id>,
        contains: Vec<Id>,
        founded: Millis,
        touched: Millis,
    }

    impl From<StoryRecord> for super::StoryRecord {
        fn from(form: StoryRecord) -> Self {
            let member = |m: Member| MemberForm {
                entry: m.entry,
                role: m.role,
                listed: m.listed,
                coverage: m.coverage,
                score_bits: m.score_bits,
                because: m.because,
                joined: m.joined,
                outdated: None,
            };
            Self {
                id: form.id,
                original: form.original,
                head: form.head,
                members: form.members.into_iter().map(member).collect(),
                possible: form.possible,
                contains: form.contains,
                founded: form.founded,
                touched: form.touched,
            }
        }
    }
}

fn stored(phrases: &[Phrase]) -> Vec<String> {
    phrases.iter().map(|p| p.stored().to_owned()).collect()
}

fn phrases(stored: Vec<String>) -> Vec<Phrase> {
    stored.into_iter().map(Phrase::from_stored).collect()
}

fn role_number(role: MemberRole) -> u8 {
    match role {
        MemberRole::Original => 0,
        MemberRole::Translation => 1,
        MemberRole::Repost => 2,
        MemberRole::Single => 3,
    }
}

fn role_of(number: u8) -> Result<MemberRole, String> {
    match number {
        0 => Ok(MemberRole::Original),
        1 => Ok(MemberRole::Translation),
        2 => Ok(MemberRole::Repost),
        3 => Ok(MemberRole::Single),
        other => Err(format!("{other} is no role")),
    }
}

impl Stored for Story {
    type Form = StoryRecord;

    fn form(&self) -> StoryRecord {
        let member = |m: &Member| MemberForm {
            entry: m.entry.0.into(),
            role: role_number(m.role),
            listed: m.listed,
            coverage: m.coverage,
            score_bits: m.score_bits,
            because: stored(&m.because),
            joined: m.joined.into(),
            outdated: m.outdated.map(Millis::from),
        };
        StoryRecord {
            id: self.id.0.into(),
            original: self.original.map(|id| id.0.into()),
            head: self.head.0.into(),
            members: self.members.iter().map(member).collect(),
            possible: self.possible.iter().map(|id| id.0.into()).collect(),
            contains: self.contains.iter().map(|id| id.0.into()).collect(),
            founded: self.founded.into(),
            touched: self.touched.into(),
        }
    }

    fn of(form: StoryRecord) -> Result<Self, String> {
        let member = |m: MemberForm| {
            Ok::<_, String>(Member {
                entry: EntryId(m.entry.into()),
                role: role_of(m.role)?,
                listed: m.listed,
                coverage: m.coverage,
                score_bits: m.score_bits,
                because: phrases(m.because),
                joined: m.joined.time()?,
                outdated: Millis::maybe(m.outdated)?,
            })
        };
        Ok(Self {
            id: StoryId(form.id.into()),
            original: form.original.map(|id| EntryId(id.into())),
            head: EntryId(form.head.into()),
            members: form.members.into_iter().map(member).collect::<Result<_, _>>()?,
            possible: form.possible.into_iter().map(|id| EntryId(id.into())).collect(),
            contains: form.contains.into_iter().map(|id| StoryId(id.into())).collect(),
            founded: form.founded.time()?,
            touched: form.touched.time()?,
        })
    }
}

/// Which story an entry is in.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct MembershipRecord {
    story: Id,
}

impl Record for MembershipRecord {
    const KIND: &'static str = "membership";
    const VERSION: u8 = 1;
}

impl Stored for StoryId {
    type Form = MembershipRecord;

    fn form(&self) -> MembershipRecord {
        MembershipRecord { story: self.0.into() }
    }

    fn of(form: MembershipRecord) -> Result<Self, String> {
        Ok(Self(form.story.into()))
    }
}

/// A story that is gone.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TombstoneRecord {
    story: Id,
    into: Option<Id>,
    when: Millis,
}

impl Record for TombstoneRecord {
    const KIND: &'static str = "tombstone";
    const VERSION: u8 = 1;
}

impl Stored for Tombstone {
    type Form = TombstoneRecord;

    fn form(&self) -> TombstoneRecord {
        TombstoneRecord { story: self.story.0.into(), into: self.into.map(|id| id.0.into()), when: self.when.into() }
    }

    fn of(form: TombstoneRecord) -> Result<Self, String> {
        Ok(Self {
            story: StoryId(form.story.into()),
            into: form.into.map(|id| StoryId(id.into())),
            when: form.when.time()?,
        })
    }
}

/// A line of a story's history: which change, about which ids, in the order of the fields in `model`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChangeRecord {
    at: Millis,
    change: u8,
    ids: Vec<Id>,
    because: Vec<String>,
}

impl Record for ChangeRecord {
    const KIND: &'static str = "line of history";
    const VERSION: u8 = 1;
}

impl ChangeRecord {
    /// The stories in whose history the line stands: for a merger and a split, both.
    pub fn stories(&self) -> Vec<StoryId> {
        let about: &[usize] = match self.change {
            3 => &[0, 1],
            4 => &[0, 2],
            _ => &[0],
        };
        about.iter().filter_map(|i| self.ids.get(*i)).map(|id| StoryId((*id).into())).collect()
    }
}

impl Stored for LogEntry {
    type Form = ChangeRecord;

    fn form(&self) -> ChangeRecord {
        let (change, ids, because) = match &self.change {
            Change::NewStory { story, entry } => (0, vec![story.0, entry.0], &[][..]),
            Change::Joined { story, entry, because } => (1, vec![story.0, entry.0], &because[..]),
            Change::Headed { story, entry } => (2, vec![story.0, entry.0], &[][..]),
            Change::Merged { story, gone, because } => (3, vec![story.0, gone.0], &because[..]),
            Change::Split { story, entry, to, because } => (4, vec![story.0, entry.0, to.0], &because[..]),
            Change::Revised { story, entry } => (5, vec![story.0, entry.0], &[][..]),
            Change::Capped { story, entry } => (6, vec![story.0, entry.0], &[][..]),
        };
        ChangeRecord {
            at: self.at.into(),
            change,
            ids: ids.into_iter().map(Id::from).collect(),
            because: stored(because),
        }
    }

    fn of(form: ChangeRecord) -> Result<Self, String> {
        let id = |i: usize| form.ids.get(i).map(|id| (*id).into()).ok_or_else(|| "an id is missing".to_owned());
        let (story, entry) = (StoryId(id(0)?), EntryId(id(1)?));
        let change = match form.change {
            0 => Change::NewStory { story, entry },
            1 => Change::Joined { story, entry, because: phrases(form.because) },
            2 => Change::Headed { story, entry },
            3 => Change::Merged { story, gone: StoryId(id(1)?), because: phrases(form.because) },
            4 => Change::Split { story, entry, to: StoryId(id(2)?), because: phrases(form.because) },
            5 => Change::Revised { story, entry },
            6 => Change::Capped { story, entry },
            other => return Err(format!("{other} is no change")),
        };
        Ok(Self { at: form.at.time()?, change })
    }
}

/// What an edition showed of a story.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct ShownRecord {
    entry: Id,
    hash: u64,
    published: Millis,
    updated: Millis,
}

impl Record for ShownRecord {
    const KIND: &'static str = "shown version";
    const VERSION: u8 = 1;
}

impl Stored for Shown {
    type Form = ShownRecord;

    fn form(&self) -> ShownRecord {
        ShownRecord {
            entry: self.entry.0.into(),
            hash: self.hash,
            published: self.published.into(),
            updated: self.updated.into(),
        }
    }

    fn of(form: ShownRecord) -> Result<Self, String> {
        Ok(Self {
            entry: EntryId(form.entry.into()),
            hash: form.hash,
            published: form.published.time()?,
            updated: form.updated.time()?,
        })
    }
}
