//! Which version of a work does a reader of this edition see?

use std::sync::Arc;

use chrono::TimeDelta;

use crate::model::source::Paid;
use crate::model::{
    EditionSpec, Entry, EntryId, Include, Language, Member, MemberRole, Planet, Role, Shown, SourceCard, Timestamp,
};

use super::Work;

/// A version that covers less of the original is linked, not shown: whoever reads it has not read the work.
pub const COVERAGE_SHOWN: f32 = 0.6;

/// What becomes of a work in an edition.
#[derive(Debug, Clone, Copy)]
pub enum Choice<'a> {
    /// This version stands for it.
    Show(Showable<'a>),
    /// Not before then: a version in the first language may still come.
    Hold(Timestamp),
    /// It does not stand in the edition.
    Nothing,
}

/// A version that may be shown.
#[derive(Debug, Clone, Copy)]
pub struct Showable<'a> {
    /// Its place in the story.
    pub member: &'a Member,
    /// What it says.
    pub entry: &'a Entry,
    /// Where it was seen.
    pub card: &'a Arc<SourceCard>,
    /// How near its language is to what the edition wants; 0 is the first language of the list.
    pub language_rank: usize,
}

/// Chooses: the first language that has a version; within it original, repost, mixed; then coverage, then first
/// seen. What was shown stays, except before a better language and before the original itself: neither can come
/// twice, so nothing flips back and forth.
///
/// `elsewhere` are versions that this edition showed under ids that are merged into the story now. Readers have them
/// still, for hardly any of them heeds tombstones: shown again under this id they would stand there twice.
pub fn choose<'a>(
    spec: &EditionSpec,
    work: &'a Work,
    planet: &'a Planet,
    shown: Option<&Shown>,
    elsewhere: &[EntryId],
    now: Timestamp,
) -> Choice<'a> {
    if spec.include == Include::Untranslated && has_first_language(spec, work) {
        return Choice::Nothing;
    }
    let mut all = showable(spec, work, planet);
    let is_own = |v: &Showable<'_>| !elsewhere.contains(&v.entry.id) || shown.is_some_and(|s| s.entry == v.entry.id);
    if all.iter().any(|v| is_own(v) && is_included(spec.include, v)) {
        all.retain(is_own);
    }
    all.sort_by(|a, b| order(a).partial_cmp(&order(b)).unwrap_or(std::cmp::Ordering::Equal));
    let Some(best) = all.first().copied() else { return Choice::Nothing };
    let last = shown.and_then(|s| all.iter().find(|v| v.entry.id == s.entry)).copied();
    let is_original = |v: &Showable<'_>| v.member.role == MemberRole::Original;
    let chosen = match last {
        Some(last) if last.language_rank == best.language_rank && (is_original(&last) || !is_original(&best)) => last,
        _ => best,
    };
    let wants_first = !spec.languages.is_empty() && spec.include != Include::Untranslated;
    if shown.is_none() && wants_first && chosen.language_rank > 0 {
        let hold = TimeDelta::try_seconds(i64::try_from(spec.hold_s).unwrap_or(i64::MAX)).unwrap_or(TimeDelta::MAX);
        let until = chosen.entry.date().checked_add_signed(hold).unwrap_or(Timestamp::MAX_UTC);
        if until > now {
            return Choice::Hold(until);
        }
    }
    if is_included(spec.include, &chosen) { Choice::Show(chosen) } else { Choice::Nothing }
}

/// Whether the work has a whole version in the edition's first language anywhere, published by us or not.
fn has_first_language(spec: &EditionSpec, work: &Work) -> bool {
    let Some(first) = spec.languages.first() else { return false };
    work.versions().any(|(member, entry)| {
        member.coverage >= COVERAGE_SHOWN && entry.language.as_ref().is_some_and(|l| first.serves(l))
    })
}

fn showable<'a>(spec: &EditionSpec, work: &'a Work, planet: &'a Planet) -> Vec<Showable<'a>> {
    let head_language = work.entry(work.story.head).and_then(|head| head.language.as_ref());
    let stands = |(member, entry): (&'a Member, &'a Entry)| {
        let card = planet.sources.get(&entry.source)?;
        let whole = member.coverage >= COVERAGE_SHOWN || member.entry == work.story.head;
        let wanted = spec.sources.is_empty() || spec.sources.contains(&entry.source);
        let given = card.publish && !entry.reference && !(entry.preview && card.paid == Paid::Drop);
        let language_rank = language_rank(spec, entry.language.as_ref(), head_language)?;
        (whole && wanted && given).then_some(Showable { member, entry, card, language_rank })
    };
    work.versions().filter_map(stands).collect()
}

/// The place of a language in the list; behind the list, where any will do, that of the original before all others.
fn language_rank(spec: &EditionSpec, language: Option<&Language>, head: Option<&Language>) -> Option<usize> {
    let listed = language.and_then(|l| spec.languages.iter().position(|wanted| wanted.serves(l)));
    // What a translator looks for is in a language that is not the first: without a second in the list, in any.
    let any = spec.any_language || (spec.include == Include::Untranslated && spec.languages.len() < 2);
    let behind = || any.then_some(spec.languages.len() + usize::from(language != head));
    listed.or_else(behind)
}

/// What decides, in order; the id last, so that equals have an order too.
fn order<'a>(v: &Showable<'a>) -> (usize, u8, f32, Timestamp, &'a uuid::Uuid) {
    let trust = match (v.member.role, v.card.role) {
        (MemberRole::Original, _) => 0,
        (_, Role::Original) => 1,
        (_, Role::Repost) => 2,
        (_, Role::Mixed) => 3,
    };
    (v.language_rank, trust, -v.member.coverage, v.entry.first_seen, &v.entry.id.0)
}

fn is_included(include: Include, v: &Showable<'_>) -> bool {
    match include {
        Include::All | Include::Untranslated => true,
        Include::Translations => v.member.role == MemberRole::Translation,
        // Alone in its story, the post of a reposter is most likely a copy of a work whose original we do not read.
        Include::Originals => match v.member.role {
            MemberRole::Original => true,
            MemberRole::Single => v.card.role != Role::Repost,
            MemberRole::Translation | MemberRole::Repost => false,
        },
    }
}
