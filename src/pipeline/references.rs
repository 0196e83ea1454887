//! Which originals are fetched though no configured source has them, and what becomes of each?
//!
//! A repost whose source line names an original that is not in the store (it is older than the feed, or its
//! publication is not configured) makes us fetch it once, so that the story has its original. It joins on the evidence
//! of its text, as every entry does: one that is something else than the repost says is in no story and seen by nobody.

use std::collections::BTreeMap;

use url::Url;

use super::pages::{Fetched, failed, is_final};
use super::{Error, House, Plan, waiting};
use crate::matching::Profile;
use crate::matching::text::address;
use crate::model::{Document, Entry, EntryId, Failure, Place, Publication, Reading, Role, Source, SourceId, Timestamp};
use crate::normalise::{self, link};
use crate::parse;
use crate::sources::references::{self, Budget};
use crate::store::{Draft, Job, Read, query};

/// More source lines than this are a list of links, which names no source (as for the signal `source link`).
const MOST_NAMED: usize = 3;
/// References that are looked at for the publications found: those of some years.
const MOST_FOUND: usize = 5_000;

impl House {
    /// Queues the originals that an entry names which was just judged, where its story has none: in the batch of the
    /// judgement, so that they are fetched once and after it.
    pub(super) fn queue_references(
        &self,
        draft: &mut Draft<'_>,
        plan: &Plan,
        entry: &Entry,
        profile: &Profile,
        now: Timestamp,
    ) -> Result<(), Error> {
        let Some(source) = plan.source(&entry.source).filter(|_| !entry.reference) else { return Ok(()) };
        let mut unknown = Vec::new();
        for url in named(entry, profile) {
            if !is_known(draft, plan, &url)? {
                unknown.push(url);
            }
        }
        if unknown.is_empty() || has_original(draft, entry.id)? {
            return Ok(());
        }
        let spent = format!("references/{}", source.id);
        let mut budget = Budget::from_bytes(&query::meta(draft, &spent)?.unwrap_or_default());
        for (url, due) in references::choose(source, &mut budget, &unknown, now) {
            let (publication, alias) = (references::publication(&url), alias(&url));
            let entry = EntryId::new(&publication, &alias);
            // The alias outlives the job: by it the address is known to have been asked for.
            draft.put_alias(&publication, &alias, entry);
            draft.put_job(&Job { entry, url, due, attempts: 0, queued: now, reference: true, revision: 0 })?;
        }
        draft.put_meta(&spent, &budget.to_bytes());
        Ok(())
    }

    /// Commits what became of a reference: one batch, as of a page.
    pub(super) fn take_reference(
        &self,
        job: &Job,
        answer: Result<&Document, &Failure>,
        now: Timestamp,
    ) -> Result<Fetched, Error> {
        let unreadable = |message| Failure { message, status: Some(200), retry_after: None };
        let read = match answer {
            Ok(document) => references::read(&job.url, document, parse::page::read)
                .map(|reading| (reading, &document.url))
                .map_err(unreadable),
            Err(failure) => Err(failure.clone()),
        };
        let _writing = self.writer();
        let mut draft = Draft::new(&*self.store);
        let fetched = match read {
            Ok((reading, at)) => {
                draft.delete_job(job.entry)?;
                // It may have come meanwhile, or stand under the address that it was redirected to.
                let plan = self.plan();
                if has_entry(&draft, &plan, &job.url)? || has_entry(&draft, &plan, at)? {
                    Fetched::Stale
                } else {
                    put(&mut draft, job, &reading, at, now)?
                }
            }
            Err(failure) if is_final(&failure) && references::has_another_way(&job.url, job.attempts) => {
                draft.put_job(&Job { attempts: job.attempts + 1, due: now, ..job.clone() })?;
                Fetched::Later(failure.message)
            }
            Err(failure) => failed(&mut draft, job, failure, now)?,
        };
        draft.commit()?;
        Ok(fetched)
    }

    /// The publications that are not configured and have the originals of stories, most stories first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn publications(&self) -> Result<Vec<Publication>, Error> {
        let plan = self.plan();
        let mut found: BTreeMap<SourceId, (String, Url, usize)> = BTreeMap::new();
        for id in query::references(&*self.store, MOST_FOUND)? {
            let Some(entry) = query::entry(&*self.store, id)? else { continue };
            let Some(home) = entry.link.as_ref().and_then(|link| link.join("/").ok()) else { continue };
            let of_ours = plan.sources().any(|source| is_of(source, &home));
            if of_ours || query::story_of(&*self.store, id)?.is_none() {
                continue;
            }
            let title = entry.claimed_source.clone().or_else(|| home.host_str().map(str::to_owned));
            found.entry(entry.source).or_insert_with(|| (title.unwrap_or_default(), home, 0)).2 += 1;
        }
        let mut taken: Vec<String> = plan.sources().map(|source| plan.name(&source.id).to_string()).collect();
        let mut publications: Vec<Publication> = found
            .into_values()
            .map(|(title, home, stories)| {
                let (id, block) = references::block(&home, |id| taken.iter().any(|taken| taken == id));
                taken.push(id);
                Publication { title, home, stories, block }
            })
            .collect();
        publications.sort_by_key(|publication| std::cmp::Reverse(publication.stories));
        Ok(publications)
    }
}

/// Takes the references out of the store whose page an entry of a configured source is, which was just judged. Returns
/// the entries that they were linked with. An entry that only claims to be that page takes nothing out.
pub(super) fn replace(draft: &mut Draft<'_>, plan: &Plan, entry: &Entry) -> Result<Vec<EntryId>, Error> {
    let mut linked = Vec::new();
    let owns = !entry.reference && is_at_home(plan, entry);
    let Some(link) = entry.link.as_ref().filter(|_| owns) else { return Ok(linked) };
    for other in query::entries_by_link(draft, link, super::SAME_LINK_MAX)? {
        if query::entry(draft, other)?.is_some_and(|other| other.reference) {
            linked.extend(draft.delete_entry(other)?);
        }
    }
    Ok(linked)
}

/// Stores the work that a reference led to.
fn put(draft: &mut Draft<'_>, job: &Job, reading: &Reading, at: &Url, now: Timestamp) -> Result<Fetched, Error> {
    let Some(raw) = reading.entries.first() else {
        return Ok(Fetched::GivenUp("there is no article in it".to_owned()));
    };
    let source = Source::new(references::publication(&job.url), job.url.clone());
    let (mut entry, _) = normalise::normalise(raw, &reading.feed, &source, at, now);
    let site = normalise::text::line(&reading.feed.title.value, reading.feed.title.html);
    (entry.id, entry.key, entry.reference) = (job.entry, alias(&job.url), true);
    entry.claimed_source = Some(site).filter(|site| !site.is_empty());
    draft.put_entry(&entry)?;
    draft.put_waiting(&waiting(&entry, None, now))?;
    Ok(Fetched::Read)
}

/// The addresses that the source lines of an entry name.
fn named(entry: &Entry, profile: &Profile) -> Vec<Url> {
    let lines = profile.mentions.iter().filter(|mention| mention.place <= Place::LastLine);
    let mut targets: Vec<&str> = lines.map(|mention| mention.target.as_str()).collect();
    let mut urls = Vec::new();
    if targets.len() > MOST_NAMED {
        return urls;
    }
    // A mention is kept in the form in which addresses are compared; the text has it as it can be asked for.
    for url in addresses(entry.body.fullest()) {
        let Some(comparable) = address::comparable(url.as_str()) else { continue };
        if let Some(at) = targets.iter().position(|target| *target == comparable) {
            targets.swap_remove(at);
            urls.push(link::canonical(&url));
        }
    }
    urls
}

/// The addresses in a text of clean HTML, in attributes and written out.
fn addresses(html: &str) -> impl Iterator<Item = Url> + '_ {
    let starts = html.match_indices("http").map(|(at, _)| &html[at..]);
    let starts = starts.filter(|rest| rest.starts_with("http://") || rest.starts_with("https://"));
    starts.filter_map(|rest| {
        let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '(' | ')');
        let whole = rest.split(ends).next().unwrap_or_default();
        Url::parse(&whole.trim_end_matches(['.', ',']).replace("&amp;", "&")).ok()
    })
}

/// Whether the page of this address is in the store, or was asked for before, with or without success.
fn is_known(from: &dyn Read, plan: &Plan, url: &Url) -> Result<bool, Error> {
    Ok(has_entry(from, plan, url)?
        || query::entry_by_alias(from, &references::publication(url), &alias(url))?.is_some())
}

/// Whether the page of this address is in the store, with a slash at its end or without: that a source claims it to be
/// its own does not put it there.
fn has_entry(from: &dyn Read, plan: &Plan, url: &Url) -> Result<bool, Error> {
    let has = |url: &Url| -> Result<bool, Error> {
        for id in query::entries_by_link(from, url, super::SAME_LINK_MAX)? {
            if query::entry(from, id)?.is_some_and(|entry| is_at_home(plan, &entry)) {
                return Ok(true);
            }
        }
        Ok(false)
    };
    let mut other = link::canonical(url);
    if has(&other)? {
        return Ok(true);
    }
    let path = match other.path().strip_suffix('/') {
        Some(bare) => bare.to_owned(),
        None => format!("{}/", other.path()),
    };
    other.set_path(&path);
    has(&other)
}

/// Whether an entry stands on the site that it gives as its address: it was fetched there, or its source is that site, or
/// the person calls it one of originals (its posts may stand on a domain of its own). Anybody can give any address.
pub(super) fn is_at_home(plan: &Plan, entry: &Entry) -> bool {
    let is_home = |source: &Source, link: &Url| source.role == Role::Original || is_of(source, link);
    let of_site = |link: &Url| plan.source(&entry.source).is_some_and(|source| is_home(source, link));
    entry.reference || entry.link.as_ref().is_some_and(of_site)
}

fn has_original(draft: &Draft<'_>, entry: EntryId) -> Result<bool, Error> {
    let Some(id) = query::story_of(draft, entry)? else { return Ok(false) };
    Ok(query::story(draft, id)?.is_some_and(|story| story.original.is_some()))
}

/// The name of a reference in its publication.
fn alias(url: &Url) -> String {
    format!("link:{}", query::link_key(url))
}

/// Whether a configured source is of this site.
fn is_of(source: &Source, home: &Url) -> bool {
    let bare = |host: &str| host.strip_prefix("www.").unwrap_or(host).to_ascii_lowercase();
    let Some(host) = home.host_str().map(bare) else { return false };
    let own = source.url.host_str().map(bare) == Some(host.clone()) && source.url.port() == home.port();
    own || source.hosts.iter().any(|other| bare(other) == host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_a_text() {
        let html = "<p>From <a href=\"https://a.example/p/x?a=1&amp;b=2\">http</a> (https://b.example/y).</p>\
                    <p>https://c.example/z, httpsomething</p>";
        let found: Vec<String> = addresses(html).map(String::from).collect();
        assert_eq!(found, ["https://a.example/p/x?a=1&b=2", "https://b.example/y", "https://c.example/z"]);
    }

    #[test]
    fn a_publication_is_one_that_is_configured() {
        let url = |s: &str| Url::parse(s).unwrap();
        let mut source = Source::new(SourceId("a".to_owned()), url("https://www.a.example/feed"));
        source.hosts = vec!["b.example".to_owned()];
        for (home, expected) in [
            ("https://a.example/", true),
            ("http://www.a.example/", true),
            ("https://a.example:8443/", false),
            ("https://www.b.example/", true),
            ("https://c.a.example/", false),
        ] {
            assert_eq!(is_of(&source, &url(home)), expected, "{home}");
        }
    }
}
