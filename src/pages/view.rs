//! What is told to the pages? Plain facts; the words are theirs.

use std::sync::Arc;

use url::Url;

use crate::model::edition::Version;
use crate::model::poll::SourceState;
use crate::model::{EditionQuery, EditionSpec, Evidence, Language, Phrase, SourceCard, SourceId, StoryId, Timestamp};

/// What stands on every page.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Name of the planet: the title of its first edition.
    pub title: String,
    /// Where it stands; links begin with its path.
    pub home: Url,
    /// Its editions, for autodiscovery.
    pub editions: Vec<EditionSpec>,
    /// Why an edited `feeds.toml` is not in force.
    pub config_fault: Option<String>,
    /// What is wrong with its overrides; told on the page of the sources.
    pub notices: Vec<String>,
}

/// `/`.
#[derive(Debug, Clone)]
pub struct Index {
    /// Sources, entries, stories, folded.
    pub counts: [u64; 4],
    /// The stories that meet the filter, newest first.
    pub stories: Vec<StoryLine>,
    /// What was asked for.
    pub filter: Filter,
    /// Languages to choose from.
    pub languages: Vec<Language>,
    /// Authors to choose from.
    pub authors: Vec<String>,
    /// Sources to choose from, with their titles.
    pub sources: Vec<(SourceId, String)>,
    /// The last story listed (`before=` of the next page), where there are older ones.
    pub older: Option<StoryId>,
}

/// The parameters of `/`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// `q`: words of titles.
    pub words: String,
    /// `lang`, `include`, `author` and `source`, as any edition answers them.
    pub asked: EditionQuery,
    /// `edition`: the stories as this edition shows them.
    pub edition: Option<String>,
    /// `before`: the stories after this one in the list.
    pub before: Option<StoryId>,
}

impl Filter {
    /// Reads a query; what is empty asks for nothing, as an untouched field of the form does.
    ///
    /// # Errors
    /// A sentence, where a value cannot be meant.
    pub fn read(query: &[(String, String)]) -> Result<Self, String> {
        // Longer than any title or name in use.
        const CHARS_MAX: usize = 200;
        let value = |name: &str| {
            let given = query.iter().rev().find(|(n, _)| n == name).map(|(_, v)| v.trim());
            match given.filter(|value| !value.is_empty()) {
                Some(long) if long.chars().count() > CHARS_MAX => {
                    Err(format!("{name}: at most {CHARS_MAX} characters"))
                }
                given => Ok(given.map(str::to_owned)),
            }
        };
        let story = |id: String| id.parse().map_err(|_| format!("before: {id:?} is not the id of a story"));
        let filled = query.iter().filter(|(_, value)| !value.trim().is_empty());
        Ok(Self {
            words: value("q")?.unwrap_or_default(),
            asked: EditionQuery::read(filled.map(|(name, value)| (name.as_str(), value.as_str())))?,
            edition: value("edition")?,
            before: value("before")?.map(story).transpose()?,
        })
    }

    /// Whether a title holds all the words asked for, in any case.
    pub fn finds(&self, title: &str) -> bool {
        let title = title.to_lowercase();
        self.words.to_lowercase().split_whitespace().all(|word| title.contains(word))
    }

    /// Whether it asks for anything beside an edition and a page.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty() && self.asked.is_empty()
    }
}

/// A story in a list.
#[derive(Debug, Clone)]
pub struct StoryLine {
    /// Its id.
    pub id: StoryId,
    /// The version that stands for it.
    pub shown: Version,
    /// The date it is listed under.
    pub date: Timestamp,
    /// Authors of the work.
    pub authors: Vec<String>,
    /// First words of what may be republished, as text.
    pub excerpt: String,
    /// All versions, the shown one too.
    pub versions: Vec<Version>,
}

/// `/story/ID`.
#[derive(Debug, Clone)]
pub struct StoryPage {
    /// Its id.
    pub id: StoryId,
    /// Its versions, the head first, then by date.
    pub versions: Vec<VersionPage>,
    /// Entries that may be the same work.
    pub possible: Vec<PossiblePage>,
    /// For a page with several works: their stories, each with its title and language.
    pub contains: Vec<(StoryId, String, Option<Language>)>,
    /// What happened to it, oldest first.
    pub history: Vec<HistoryLine>,
}

/// Something that happened to a story.
#[derive(Debug, Clone)]
pub struct HistoryLine {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: Happened,
    /// The entry that it happened with, as a person would name it; of a story that was taken over, its founder.
    pub name: String,
    /// The source of that entry, where it is still known.
    pub source: Option<SourceId>,
    /// The other story, where there is one.
    pub other: Option<StoryId>,
    /// Why, strongest reason first.
    pub because: Vec<Phrase>,
}

/// What can happen to a story, in the order of [`super::Messages::happened`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happened {
    /// Its first entry came.
    Founded,
    /// An entry joined it.
    Joined,
    /// Another version stands for the work.
    Headed,
    /// Another story turned out to be this one.
    TookOver,
    /// It is part of another one now.
    WasTakenOver,
    /// A member left for another story.
    Left,
    /// A member came from another story.
    Came,
    /// A member was edited.
    Edited,
    /// More entries are linked with the one that came than are looked at together.
    Capped,
}

/// One version of a story.
#[derive(Debug, Clone)]
pub struct VersionPage {
    /// What it is.
    pub version: Version,
    /// Authors of the work.
    pub authors: Vec<String>,
    /// Who else its page names: translators, and who posted it.
    pub contributors: Vec<String>,
    /// First words of what may be republished, as text.
    pub excerpt: String,
    /// When its text was last seen to change.
    pub revised: Option<Timestamp>,
    /// When the original was edited, where that was after this version.
    pub outdated: Option<Timestamp>,
    /// Only a preview is public.
    pub preview: bool,
    /// What was seen of it and the head; `None` for the head, and where they were not compared.
    pub evidence: Option<Evidence>,
    /// Why it belongs here where it was compared with another version: the strongest reason first.
    pub because: Vec<Phrase>,
    /// Whether an override put it here.
    pub overridden: bool,
}

/// An entry that may be the same work.
#[derive(Debug, Clone)]
pub struct PossiblePage {
    /// What it is.
    pub version: Version,
    /// The story that it stands in.
    pub story: StoryId,
    /// What was seen of it and the head.
    pub evidence: Option<Evidence>,
    /// Whether an override keeps them apart.
    pub overridden: bool,
}

/// One source on `/sources`.
#[derive(Debug, Clone)]
pub struct SourceLine {
    /// Its title, page, role.
    pub card: Arc<SourceCard>,
    /// Its address in `feeds.toml`.
    pub url: Url,
    /// What is kept of it; `None` before its first poll.
    pub state: Option<SourceState>,
    /// Entries stored.
    pub entries: u64,
}
