//! In which words does the interface speak? One file a language; the compiler sees to it that none lacks a line.

mod en;
mod it;

use crate::model::{Language, MemberRole, Phrase, Timestamp};

pub(super) use en::EN;
pub(super) use it::IT;

/// All that the pages say. `{}` stands for what is put in.
#[derive(Debug)]
pub struct Messages {
    /// Tag of the language.
    pub language: &'static str,
    /// Months, January first, as they stand within a date.
    pub months: [&'static str; 12],
    /// Navigation, and the parts of pages.
    pub stories: &'static str,
    /// See `stories`.
    pub sources: &'static str,
    /// See `stories`.
    pub editions: &'static str,
    /// What the planet is, in one sentence.
    pub tagline: &'static str,
    /// `sources, entries, stories, folded`, each with its number.
    pub counts: [&'static str; 4],
    /// Under the editions: how to subscribe.
    pub subscribe: &'static str,
    /// An edition in any language.
    pub any_language: &'static str,
    /// Labels of the filter.
    pub search: &'static str,
    /// See `search`.
    pub all_languages: &'static str,
    /// See `search`.
    pub all_authors: &'static str,
    /// See `search`.
    pub all_sources: &'static str,
    /// See `search`.
    pub language_label: &'static str,
    /// See `search`.
    pub author_label: &'static str,
    /// See `search`.
    pub source_label: &'static str,
    /// See `search`.
    pub apply: &'static str,
    /// See `search`.
    pub clear: &'static str,
    /// Nothing was found.
    pub none_found: &'static str,
    /// Nothing is there yet.
    pub none_yet: &'static str,
    /// To older stories.
    pub older: &'static str,
    /// Other versions of a story.
    pub also_in: &'static str,
    /// To the page of a story: one version, several.
    pub details: [&'static str; 2],
    /// Roles of versions: original, translation, repost, alone.
    pub roles: [&'static str; 4],
    /// How many versions: one, several.
    pub versions: [&'static str; 2],
    /// In how many languages: one, several.
    pub languages: [&'static str; 2],
    /// By whom.
    pub by: &'static str,
    /// Translated or posted by.
    pub translated_by: &'static str,
    /// How long after the original: minutes, hours, days; one and several of each.
    pub after: [[&'static str; 2]; 3],
    /// At the same time as the original.
    pub at_once: &'static str,
    /// Share of the original that is covered.
    pub covers: &'static str,
    /// To the page of a version.
    pub read_at: &'static str,
    /// The original was edited after this translation.
    pub edited_after: &'static str,
    /// Edited since first seen.
    pub edited: &'static str,
    /// Only a preview is public.
    pub preview: &'static str,
    /// Heading of the reasons.
    pub why: &'static str,
    /// Why a version belongs here.
    pub why_version: &'static str,
    /// It was compared with another version than the head.
    pub why_other: &'static str,
    /// An override put it here.
    pub why_override: &'static str,
    /// An override keeps it out.
    pub apart_override: &'static str,
    /// Heading of the works that a page holds.
    pub contains: &'static str,
    /// Heading of the history.
    pub history: &'static str,
    /// What happened, in the order of [`super::Happened`]; `{}` is the entry.
    pub happened: [&'static str; 9],
    /// Heading of what is wrong with overrides.
    pub notices: &'static str,
    /// Columns: finding, in words, bits.
    pub finding: [&'static str; 3],
    /// All that was not seen, in one sentence.
    pub unseen: &'static str,
    /// What is missing where a signal sees nothing, by the name of the signal.
    pub absences: &'static [(&'static str, &'static str)],
    /// What signals are called, by their names; one that is not here is called by its name.
    pub signals: &'static [(&'static str, &'static str)],
    /// Reasons, by their English forms; one that is not here is said in English.
    pub reasons: &'static [(&'static str, &'static str)],
    /// Sum and threshold.
    pub total: &'static str,
    /// What a bit is.
    pub bits_note: &'static str,
    /// Heading of what speaks against.
    pub against: &'static str,
    /// Nothing speaks against it.
    pub nothing_against: &'static str,
    /// Heading of what would have changed the verdict.
    pub would_change: &'static str,
    /// Without this finding it would not have been folded.
    pub without: &'static str,
    /// No single finding decides.
    pub robust: &'static str,
    /// So many bits more were missing.
    pub missing: &'static str,
    /// Heading of the possible links.
    pub possible: &'static str,
    /// What possible links are.
    pub possible_note: &'static str,
    /// The correction to paste: not the same, the same.
    pub not_same: &'static str,
    /// See `not_same`.
    pub same: &'static str,
    /// What to do with it.
    pub paste: &'static str,
    /// Facts of a source: state, last poll, next poll, last change, entries, saved, bytes, history, faults.
    pub source_facts: [&'static str; 9],
    /// States of a source: answers, fails, gone, not yet polled.
    pub states: [&'static str; 4],
    /// Never.
    pub never: &'static str,
    /// Publications that are not configured: title, what they are.
    pub publications: &'static str,
    /// See `publications`.
    pub publications_note: &'static str,
    /// How many stories have their original from one: one, several.
    pub publication_stories: [&'static str; 2],
    /// Lists to import elsewhere: of the editions, of the sources.
    pub opml: [&'static str; 2],
    /// A feed of failures.
    pub status_feed: &'static str,
    /// The configuration was edited and is broken.
    pub config_fault: &'static str,
    /// No such page.
    pub not_found: &'static str,
    /// No such page: what to do.
    pub not_found_note: &'static str,
    /// Past the navigation.
    pub skip: &'static str,
    /// Roles of sources: original, repost, mixed.
    pub source_roles: [&'static str; 3],
}

impl Messages {
    /// Those of the first of the reader's languages that there are, English otherwise.
    pub fn for_reader(languages: &[Language]) -> &'static Self {
        let known = |l: &Language| match l.primary() {
            "en" => Some(&EN),
            "it" => Some(&IT),
            _ => None,
        };
        languages.iter().find_map(known).unwrap_or(&EN)
    }

    /// The word for a version's role.
    pub(super) fn role(&self, role: MemberRole) -> &'static str {
        self.roles[match role {
            MemberRole::Original => 0,
            MemberRole::Translation => 1,
            MemberRole::Repost => 2,
            MemberRole::Single => 3,
        }]
    }

    /// What is missing where a signal sees nothing; its name, where it is one of an older version.
    pub fn absence<'a>(&self, signal: &'a str) -> &'a str {
        self.absences.iter().find(|(name, _)| *name == signal).map_or(signal, |(_, words)| words)
    }

    /// What a signal is called.
    pub fn signal<'a>(&self, name: &'a str) -> &'a str {
        self.signals.iter().find(|(english, _)| *english == name).map_or(name, |(_, called)| called)
    }

    /// A reason in words.
    pub fn say(&self, reason: &Phrase) -> String {
        let form = self.reasons.iter().find(|(english, _)| *english == reason.form());
        reason.fill(form.map_or(reason.form(), |(_, own)| own))
    }

    /// `19 December 2025`.
    pub(super) fn date(&self, when: Timestamp) -> String {
        let date = when.date_naive();
        let month = usize::try_from(chrono::Datelike::month0(&date)).ok().and_then(|m| self.months.get(m));
        format!("{} {} {}", chrono::Datelike::day(&date), month.unwrap_or(&""), chrono::Datelike::year(&date))
    }

    /// What a language is called in the interface.
    pub(super) fn name(&self, language: &Language) -> String {
        let own = Language::parse(self.language);
        own.and_then(|own| language.name_in(&own)).unwrap_or(language.as_str()).to_owned()
    }

    /// `3 days after the original`.
    pub(super) fn lag(&self, minutes: i64) -> String {
        const HOUR: i64 = 60;
        const DAY: i64 = 24 * HOUR;
        let (row, number) = match minutes {
            ..=0 => return self.at_once.to_owned(),
            1..HOUR => (0, minutes),
            HOUR..DAY => (1, minutes / HOUR),
            // Up to two days in hours: "1 day" for 47 hours would say too little.
            DAY..=2_879 => (1, minutes / HOUR),
            _ => (2, minutes / DAY),
        };
        plural(&self.after[row], number)
    }
}

/// One or several, with the number put in.
pub(super) fn plural(forms: &[&str; 2], number: i64) -> String {
    forms[usize::from(number != 1)].replace("{}", &number.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_language_that_is_spoken_here() {
        let read = |tags: &[&str]| {
            Messages::for_reader(&tags.iter().filter_map(|t| Language::parse(t)).collect::<Vec<_>>()).language
        };
        assert_eq!(read(&["it-CH", "en"]), "it");
        assert_eq!(read(&["fr", "it"]), "it");
        assert_eq!(read(&["fr"]), "en");
        assert_eq!(read(&[]), "en");
    }

    #[test]
    fn lags_in_the_unit_that_fits() {
        let check = |minutes, expected: &str| assert_eq!(EN.lag(minutes), expected);
        check(-5, "at the same time as the original");
        check(1, "1 minute after the original");
        check(90, "1 hour after the original");
        check(47 * 60, "47 hours after the original");
        check(72 * 60, "3 days after the original");
        assert_eq!(IT.lag(72 * 60), "3 giorni dopo l’originale");
    }
}
