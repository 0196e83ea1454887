//! What does the house hold: how many entries in how many stories, and which?

use std::fmt::{self, Display};
use std::sync::PoisonError;

use chrono::TimeDelta;
use serde::{Serialize, Serializer};

use super::{Error, House, Plan};
use crate::model::{Entry, EntryId, Language, Member, MemberRole, Node, Phrase, SourceId, Story, StoryId, Timestamp};
use crate::store::query;

/// Stories or nodes read at once.
const PAGE: usize = 256;
/// So few entries are counted at every change.
const SMALL: usize = 1_000;

/// The counts of the summary line. References are not counted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// Configured sources.
    pub sources: usize,
    /// Entries of configured sources that stand in stories.
    pub entries: usize,
    /// Stories that have one.
    pub stories: usize,
    /// Of the entries folded into the story of another, those in another language than its original.
    pub translations: usize,
    /// And those in its own.
    pub reposts: usize,
    /// Address of the first edition's Atom feed.
    pub feed: String,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sources, entries, stories, feed, .. } = self;
        let folded = entries.saturating_sub(*stories);
        write!(f, "{sources} sources, {entries} entries, {stories} stories, {folded} folded -> {feed}")
    }
}

/// A story as it is listed, by `stories --json` in this very shape.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Listed {
    /// The published id, as it stands in the feeds.
    #[serde(serialize_with = "as_published")]
    pub id: StoryId,
    /// Title of its head.
    pub title: String,
    /// The original: the trusted one, or else the one that the others are versions of.
    #[serde(serialize_with = "as_published_if_any")]
    pub original: Option<EntryId>,
    /// Its members, the head first.
    pub members: Vec<ListedMember>,
}

/// A member of a [`Listed`] story.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ListedMember {
    /// Id of the entry.
    #[serde(serialize_with = "as_published")]
    pub id: EntryId,
    /// What feeds.toml calls its source.
    pub source: SourceId,
    /// Its page.
    pub link: Option<String>,
    /// Its title.
    pub title: String,
    /// Its language.
    pub language: Option<Language>,
    /// What it is in the story.
    pub role: MemberRole,
    /// When it was published.
    pub published: Option<Timestamp>,
    /// Why it is here; empty for the head.
    #[serde(skip)]
    pub because: Vec<Phrase>,
    /// Whether its source is not configured: it was fetched because another member names it.
    #[serde(skip)]
    pub reference: bool,
}

/// `urn:uuid:…`: in a record an id is its bytes alone.
fn as_published<S: Serializer>(id: &impl Display, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(id)
}

fn as_published_if_any<S: Serializer>(id: &Option<EntryId>, to: S) -> Result<S::Ok, S::Error> {
    match id {
        Some(id) => to.collect_str(id),
        None => to.serialize_none(),
    }
}

impl House {
    /// Counts entries and stories: once for each version of the house.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn summary(&self) -> Result<Summary, Error> {
        let version = self.version();
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        match &*counted {
            Some((at, summary)) if *at == version => Ok(summary.clone()),
            _ => {
                let summary = self.count()?;
                *counted = Some((version, summary.clone()));
                Ok(summary)
            }
        }
    }

    /// The counts as they were a short while ago, for pages. Counting reads every node and story, at some µs each: after a
    /// count of n entries the next one waits n milliseconds, so that it takes a fiftieth of the time at the most.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn recent_summary(&self, now: Timestamp) -> Result<Summary, Error> {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, summary)) = &*recent {
            let rests = TimeDelta::milliseconds(i64::try_from(summary.entries).unwrap_or(i64::MAX));
            if summary.entries >= SMALL && (*at..*at + rests).contains(&now) {
                return Ok(summary.clone());
            }
        }
        let summary = self.summary()?;
        *recent = Some((now, summary.clone()));
        Ok(summary)
    }

    fn count(&self) -> Result<Summary, Error> {
        let plan = self.plan();
        let feed = plan.editions.first().map(|e| format!("{}{}.atom", plan.public_url, e.id)).unwrap_or_default();
        let mut summary = Summary { sources: plan.sources().count(), feed, ..Summary::default() };
        let ours = self.entries_of_sources(&plan)?;
        let mut after = None;
        loop {
            let page = query::stories(&*self.store, after, PAGE)?;
            for story in &page {
                let ours = || story.members.iter().filter(|member| ours.binary_search(&member.entry).is_ok());
                let folded = |role| ours().skip(1).filter(|member| member.role == role).count();
                summary.stories += usize::from(ours().next().is_some());
                summary.entries += ours().count();
                summary.translations += folded(MemberRole::Translation);
                summary.reposts += folded(MemberRole::Repost);
            }
            match page.last() {
                Some(story) if page.len() == PAGE => after = Some(story.id),
                _ => return Ok(summary),
            }
        }
    }

    /// The judged entries of configured sources, references left out, in the order of ids. Their nodes are read in that
    /// order: to look up each member's entry would read and unpack a page of the store for each.
    fn entries_of_sources(&self, plan: &Plan) -> Result<Vec<EntryId>, Error> {
        let mut ours = Vec::new();
        let mut after = None;
        loop {
            let page = query::nodes(&*self.store, after, PAGE)?;
            let is_ours = |node: &&Node| !node.reference && plan.source(&node.source).is_some();
            ours.extend(page.iter().filter(is_ours).map(|node| node.entry));
            match page.last() {
                Some(node) if page.len() == PAGE => after = Some(node.entry),
                _ => return Ok(ours),
            }
        }
    }

    /// Calls `each` with every story that has an entry of a configured source, in the order of ids. Members of other
    /// sources are left out, references excepted.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn each_story(&self, each: &mut dyn FnMut(Listed)) -> Result<(), Error> {
        let plan = self.plan();
        let mut after = None;
        loop {
            let page = query::stories(&*self.store, after, PAGE)?;
            for story in &page {
                if let Some(listed) = self.listed(story, &plan)? {
                    each(listed);
                }
            }
            match page.last() {
                Some(story) if page.len() == PAGE => after = Some(story.id),
                _ => return Ok(()),
            }
        }
    }

    /// A story as it is listed; `None` where no configured source has a version of it.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn listed(&self, story: &Story, plan: &Plan) -> Result<Option<Listed>, Error> {
        let mut members = Vec::with_capacity(story.members.len());
        let mut configured = false;
        for member in &story.members {
            let Some(entry) = query::entry(&*self.store, member.entry)? else { continue };
            let of_ours = plan.source(&entry.source).is_some() && !entry.reference;
            configured |= of_ours;
            if of_ours || entry.reference {
                members.push(listed_member(member, entry, plan));
            }
        }
        let title = members.first().map(|m: &ListedMember| m.title.clone()).unwrap_or_default();
        let original = story.original.filter(|id| members.iter().any(|m| m.id == *id));
        // Where nobody is trusted, the one that the others are versions of.
        let first = || members.iter().find(|m| m.role == MemberRole::Original).map(|m| m.id);
        let original = original.or_else(first);
        Ok(configured.then_some(Listed { id: story.id, title, original, members }))
    }
}

fn listed_member(member: &Member, entry: Entry, plan: &Plan) -> ListedMember {
    ListedMember {
        id: entry.id,
        source: plan.name(&entry.source).clone(),
        link: entry.link.map(|link| link.to_string()),
        title: entry.title,
        language: entry.language,
        role: member.role,
        published: entry.published,
        because: member.because.clone(),
        reference: entry.reference,
    }
}
