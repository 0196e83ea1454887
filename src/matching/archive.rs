//! How is a whole archive judged at once? Every entry is read, then compared with its candidates, on all cores.
//!
//! The result is a function of the set of entries: nothing here depends on the order in which they stand.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;
use serde::Deserialize;
use url::Url;

use crate::encoders;
use crate::markup::language;
use crate::model::{
    Body, Edge, Encoder, Entry, EntryId, Evidence, Language, MemberRole, Node, Person, Phrase, Profile, Role, SourceId,
    StoryId, Timestamp, Verdict,
};

use super::candidates::Index;
use super::overrides::Overrides;
use super::stories::Scene;
use super::text::blocks;
use super::{Context, judge, partition, profile, rarity, rivals, stories};

/// One line of an archive. Other fields of the line are not read: they can influence nothing.
#[derive(Debug, Clone, Deserialize)]
pub struct Line {
    /// Names the document in this archive.
    pub doc_id: String,
    /// BCP 47.
    pub lang: Option<String>,
    /// Title, as text.
    pub title: Option<String>,
    /// Author, as text.
    pub author: Option<String>,
    /// ISO 8601 date, with or without a time.
    pub published: Option<String>,
    /// Its page.
    pub url: Option<String>,
    /// Where it was published.
    pub source: Option<String>,
    /// `original`, `repost` or `mixed` (the default).
    pub role: Option<String>,
    /// Body as HTML.
    pub html: Option<String>,
    /// Body as text, paragraphs separated by empty lines.
    pub text: Option<String>,
}

impl Line {
    /// The role that its source is trusted with.
    pub fn trust(&self) -> Role {
        match self.role.as_deref() {
            Some("original") => Role::Original,
            Some("repost") => Role::Repost,
            _ => Role::Mixed,
        }
    }

    /// The entry that the line stands for.
    ///
    /// It counts as first seen when it was published, so that the order of lines decides nothing.
    pub fn entry(&self) -> Entry {
        let link = self.url.as_deref().and_then(|u| Url::parse(u).ok());
        let host = link.as_ref().and_then(|l| l.host_str()).unwrap_or("archive");
        let source = SourceId(self.source.clone().unwrap_or_else(|| host.to_owned()));
        let published = self.published.as_deref().and_then(date);
        let text = self.html.as_deref().filter(|h| !h.trim().is_empty()).or(self.text.as_deref()).unwrap_or_default();
        let declared = self.lang.as_deref().and_then(Language::parse).map(|language| (language, 1.0));
        let (language, confidence) = declared.or_else(|| language_of(text)).unzip();
        let author = self.author.iter().flat_map(|a| a.split([',', ';', '&'])).map(str::trim).filter(|a| !a.is_empty());
        Entry {
            id: EntryId::new(&source, &format!("guid:{}", self.doc_id)),
            key: format!("guid:{}", self.doc_id),
            source,
            guid: Some(self.doc_id.clone()),
            link,
            title: self.title.clone().unwrap_or_default(),
            authors: author.map(|name| Person { name: name.to_owned(), ..Person::default() }).collect(),
            contributors: Vec::new(),
            language,
            language_confidence: confidence.unwrap_or_default(),
            published,
            updated: None,
            first_seen: published.unwrap_or_default(),
            revised: None,
            revision: 0,
            body: Body { summary: None, content: Some(text.to_owned()), page: None },
            categories: Vec::new(),
            enclosures: Vec::new(),
            comments: None,
            rights: None,
            license: None,
            image: None,
            claimed_source: None,
            alternates: Vec::new(),
            via: Vec::new(),
            preview: false,
            reference: false,
        }
    }
}

/// The language of a text that declares none.
fn language_of(text: &str) -> Option<(Language, f32)> {
    let plain: Vec<String> = blocks::blocks(text).into_iter().map(|b| b.text).collect();
    language::detect("", &plain.join(" "))
}

fn date(given: &str) -> Option<Timestamp> {
    let given = given.trim();
    let whole = chrono::DateTime::parse_from_rfc3339(given).ok().map(|d| d.to_utc());
    let day = || given.get(..10)?.parse::<chrono::NaiveDate>().ok()?.and_hms_opt(0, 0, 0).map(|d| d.and_utc());
    whole.or_else(day)
}

/// How far the work has come: `(what is done, how many of, how many)`.
pub type Progress<'a> = &'a (dyn Fn(&'static str, usize, usize) + Sync);

/// An archive with everything that was found out about its pairs.
pub struct Judged {
    /// Profiles, in the order of the entries.
    pub profiles: Vec<Profile>,
    /// What was counted over all.
    pub context: Context,
    /// Pairs that were compared: places in `profiles`. Of those that are different works, only such as
    /// decide between rivals, without findings.
    pub pairs: Vec<Pair>,
}

/// What a document turned out to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// Its story.
    pub story: StoryId,
    /// What it is there.
    pub role: MemberRole,
    /// Evidence that it belongs there, in bits; `None` for the head and for what stands alone.
    pub score_bits: Option<f32>,
    /// Why, strongest reason first.
    pub because: Vec<String>,
}

impl Judged {
    /// The pairs as edges of the graph that is cut into stories, rival claims settled.
    pub fn edges(&self) -> Vec<Edge> {
        let edge = |(a, b, e): &Pair| Edge::new(self.profiles[*a].entry, self.profiles[*b].entry, e);
        let mut edges: Vec<Edge> = self.pairs.iter().map(edge).collect();
        rivals::settle(&mut edges);
        edges
    }

    /// Cuts the archive into stories: what each entry is, in their order. `trust` says the same of their sources.
    pub fn stories(&self, entries: &[Entry], trust: &[Role], now: Timestamp) -> Vec<Placed> {
        let nodes: Vec<Node> =
            entries.iter().zip(&self.profiles).zip(trust).map(|((e, p), r)| node(e, p, *r)).collect();
        let edges = self.edges();
        let reasons: HashMap<(EntryId, EntryId), &Evidence> =
            self.pairs.iter().map(|(a, b, e)| ((self.profiles[*a].entry, self.profiles[*b].entry), e)).collect();
        let because = |a: EntryId, b: EntryId| {
            let found = reasons.get(&(a, b)).or_else(|| reasons.get(&(b, a)));
            found.map(|e| reasons_for(e)).unwrap_or_default()
        };
        let overrides = Overrides::default();
        let cut = partition::partition(&nodes, &edges, &overrides);
        let resolution = stories::resolve(&Scene {
            changed: &BTreeSet::new(),
            nodes: &nodes,
            edges: &edges,
            partition: &cut,
            previous: &[],
            overrides: &overrides,
            standing: &|_| stories::Standing::Free,
            because: &because,
            now,
        });
        let mut placed: HashMap<EntryId, Placed> = HashMap::new();
        for story in resolution.stories {
            for m in story.members {
                let it = Placed {
                    story: story.id,
                    role: m.role,
                    score_bits: m.score_bits,
                    because: m.because.iter().map(Phrase::to_string).collect(),
                };
                placed.insert(m.entry, it);
            }
        }
        let alone =
            |e: &Entry| Placed { story: e.id.into(), role: MemberRole::Single, score_bits: None, because: Vec::new() };
        entries.iter().map(|e| placed.remove(&e.id).unwrap_or_else(|| alone(e))).collect()
    }
}

/// The strongest reasons for a link, in words.
fn reasons_for(evidence: &Evidence) -> Vec<Phrase> {
    let speaks = |f: &&crate::model::Finding| f.is_observed() && f.weight_bits >= 0.3 && f.signal != "prior";
    let told = evidence.findings.iter().filter(speaks).take(5);
    told.map(|f| Phrase::from(&*format!("{}: {} ({:+.1} bits)", f.signal, f.because, f.weight_bits))).collect()
}

/// An entry as the partition sees it.
pub fn node(entry: &Entry, profile: &Profile, role: Role) -> Node {
    let mut node = Node::new(entry, None);
    node.role = role;
    node.trusted = role == Role::Original;
    node.language.clone_from(&profile.language);
    node.authors = profile.authors.iter().map(|a| a.join(" ")).collect();
    node.text_len = profile.length;
    node.extent = profile.extent;
    node
}

/// Pairs whose windows are less alike than this are not worth a sentence encoder, unless they share a key.
/// Figures: the 0.1st percentile of pairs of one work on the corpus (docs/MATCHING.md).
const HOPELESS: f32 = 0.04;

/// How often the versions of an entry's versions are compared with it. Once reaches all kept versions of a story
/// through any of its members; a second time found nothing more on the corpus.
const CLOSED_TIMES: usize = 1;

/// Reads all entries and judges the candidates among them, on the threads of the calling pool.
pub fn resolve(entries: &[Entry], progress: Progress) -> Judged {
    let reading = Counter::new(progress, "reading", entries.len());
    let read = |e: &Entry| {
        let profile = profile(e);
        reading.tick();
        profile
    };
    let profiles: Vec<Profile> = entries.par_iter().with_max_len(16).map(read).collect();
    let context = Context { rarity: rarity::snapshot(&profiles) };
    let first = pairs(&profiles, &context);
    judge_from(first, profiles, context, entries, progress)
}

impl Judged {
    /// The same with every pair compared, not candidates only: what the candidates lose is seen by it.
    /// Quadratic in the number of entries.
    pub fn exhaustively(self, entries: &[Entry], progress: Progress) -> Self {
        let Self { profiles, context, .. } = self;
        let every = (0..profiles.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
        let first = every.map(|(i, j)| ordered(&profiles, i, j)).collect();
        judge_from(first, profiles, context, entries, progress)
    }
}

/// Judges pairs, and then what lies between versions of what they link.
fn judge_from(
    first: Vec<(usize, usize)>,
    mut profiles: Vec<Profile>,
    context: Context,
    entries: &[Entry],
    progress: Progress,
) -> Judged {
    let mut compared = BTreeSet::new();
    let mut found = Vec::new();
    let mut next = first;
    for _ in 0..=CLOSED_TIMES {
        found.extend(compare(&next, entries, &mut profiles, &context, progress));
        compared.extend(next);
        next = between_versions(&found, &compared, &profiles);
    }
    Judged { profiles, context, pairs: worth_keeping(found) }
}

/// A pair that was compared: places in the list of profiles, that of the smaller id first.
pub type Pair = (usize, usize, Evidence);

/// Judges pairs, after the sentence vectors that are missing were made.
fn compare(
    pairs: &[(usize, usize)],
    entries: &[Entry],
    profiles: &mut [Profile],
    context: &Context,
    progress: Progress,
) -> Vec<Pair> {
    for (encoder, wanted) in wanted(profiles, pairs, context) {
        let encoding = Counter::new(progress, "encoding", wanted.len());
        // One by one: what is wanted lies anywhere, and a half without it would leave a core idle.
        let wanting = profiles.par_iter_mut().enumerate().with_max_len(1).filter(|(i, _)| wanted.contains(i));
        wanting.for_each(|(i, p)| {
            super::encode(p, &entries[i], encoder);
            encoding.tick();
        });
    }
    let judging = Counter::new(progress, "judging", pairs.len());
    let judged = |&(a, b): &(usize, usize)| {
        let mut evidence = judge(&profiles[a], &profiles[b], context);
        if evidence.verdict == Verdict::NonLink {
            // Nobody asks why most pairs have nothing to do with one another.
            evidence.findings = Vec::new();
        }
        judging.tick();
        (a, b, evidence)
    };
    pairs.par_iter().with_max_len(256).map(judged).collect()
}

/// Pairs not compared yet of entries that are linked with a third one: a translation that the candidates of another
/// missed is found by way of the original. The strongest links of each entry only, as many as a story keeps versions.
fn between_versions(found: &[Pair], compared: &BTreeSet<(usize, usize)>, profiles: &[Profile]) -> Vec<(usize, usize)> {
    let mut links: HashMap<usize, Vec<(f32, usize)>> = HashMap::new();
    for (a, b, e) in found.iter().filter(|(_, _, e)| e.verdict == Verdict::Link) {
        let margin = e.total_bits - e.threshold_bits;
        links.entry(*a).or_default().push((margin, *b));
        links.entry(*b).or_default().push((margin, *a));
    }
    for of in links.values_mut() {
        of.sort_by(|x, y| y.0.total_cmp(&x.0).then(x.1.cmp(&y.1)));
        of.truncate(partition::KEPT_VERSIONS);
    }
    let mut out = BTreeSet::new();
    for (entry, of) in &links {
        for (_, third) in of.iter().flat_map(|(_, version)| links.get(version)).flatten() {
            out.insert(ordered(profiles, *entry, *third));
        }
    }
    out.into_iter().filter(|(a, b)| a != b && !compared.contains(&(*a, *b))).collect()
}

/// What links or may, and of the rest what lies between entries that have links: that decides between rivals.
fn worth_keeping(mut found: Vec<Pair>) -> Vec<Pair> {
    let links = found.iter().filter(|(_, _, e)| e.verdict == Verdict::Link);
    let linked: HashSet<usize> = links.flat_map(|(a, b, _)| [*a, *b]).collect();
    found.retain(|(a, b, e)| e.verdict != Verdict::NonLink || linked.contains(a) && linked.contains(b));
    found
}

/// Tells how far a step has come.
struct Counter<'a> {
    progress: Progress<'a>,
    what: &'static str,
    done: AtomicUsize,
    of: usize,
}

impl<'a> Counter<'a> {
    fn new(progress: Progress<'a>, what: &'static str, of: usize) -> Self {
        Self { progress, what, done: AtomicUsize::new(0), of }
    }

    fn tick(&self) {
        (self.progress)(self.what, self.done.fetch_add(1, Ordering::Relaxed) + 1, self.of);
    }
}

/// All pairs of candidates, the smaller id first.
pub fn pairs(profiles: &[Profile], _context: &Context) -> Vec<(usize, usize)> {
    let mut index = Index::new();
    let mut place: HashMap<EntryId, usize> = HashMap::new();
    for (i, p) in profiles.iter().enumerate() {
        index.insert(p.entry, p);
        place.insert(p.entry, i);
    }
    let found: BTreeSet<(usize, usize)> = profiles
        .par_iter()
        .enumerate()
        .flat_map_iter(|(i, p)| {
            let candidates = index.candidates(p.entry, p);
            candidates.into_iter().filter_map(|c| place.get(&c).copied()).map(move |j| (i, j)).collect::<Vec<_>>()
        })
        .map(|(i, j)| ordered(profiles, i, j))
        .collect();
    found.into_par_iter().filter(|(i, j)| is_worth_it(&profiles[*i], &profiles[*j])).collect()
}

fn ordered(profiles: &[Profile], i: usize, j: usize) -> (usize, usize) {
    if profiles[i].entry <= profiles[j].entry { (i, j) } else { (j, i) }
}

fn is_worth_it(a: &Profile, b: &Profile) -> bool {
    let (parallel, anywhere) = super::align::windows(a, b);
    // Texts without windows are left to the other signals.
    parallel.is_nan() || parallel.max(anywhere) >= HOPELESS
}

/// Which entries need vectors of which encoder.
fn wanted(
    profiles: &[Profile],
    pairs: &[(usize, usize)],
    context: &Context,
) -> Vec<(&'static Encoder, BTreeSet<usize>)> {
    let needs = |&(a, b): &(usize, usize)| super::needs(&profiles[a], &profiles[b], context).map(|e| (e.name, a, b));
    let needed: Vec<(&str, usize, usize)> = pairs.par_iter().filter_map(needs).collect();
    let mut by_name: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for (name, a, b) in needed {
        by_name.entry(name).or_default().extend([a, b]);
    }
    encoders::ALL.iter().filter_map(|e| by_name.remove(e.name).map(|w| (e, w))).collect()
}
