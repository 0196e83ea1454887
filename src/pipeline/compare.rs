//! Which entries is a fresh one compared with, and what do the comparisons come to? Its candidates, and the versions
//! of what it is linked with.

use std::collections::{BTreeSet, HashMap, HashSet};

use rayon::prelude::*;

use super::judge::{Bench, PAGE, read_profile};
use super::{Error, House};
use crate::encoders;
use crate::matching::candidates::Index;
use crate::matching::partition::KEPT_VERSIONS;
use crate::matching::{self, Context, Profile, calibration, rarity};
use crate::model::{Entry, EntryId, Evidence, Rarity, Verdict};
use crate::store::{Draft, query};

/// Profiles that the counts of what is rare are taken over: the counts of more change no decision.
const COUNTED_MAX: usize = 20_000;
/// The counts are taken anew when the store has grown by this share since; rarity is a logarithm.
const GROWN: f64 = 1.25;

/// Under which name the store keeps the counts.
const RARITY: &str = "rarity";

/// A pair that was compared, the smaller id first.
pub(super) type Compared = (EntryId, EntryId, Evidence);

/// What comparing the fresh entries came to.
pub(super) struct Comparisons {
    pub(super) judged: Vec<Compared>,
    /// Pairs that share a link: where such a pair is different works, that is kept too, because it decides between
    /// rivals.
    pub(super) around: BTreeSet<(EntryId, EntryId)>,
}

fn pair(a: EntryId, b: EntryId) -> (EntryId, EntryId) {
    (a.min(b), a.max(b))
}

impl House {
    /// Finds the candidates of the given profiles, and the versions of those that are linked, and judges each pair
    /// once. Adds to `profiles` and `entries` those that it had to read, and to profiles the vectors that were missing.
    pub(super) fn compare(
        &self,
        bench: &mut Bench,
        entries: &mut HashMap<EntryId, Entry>,
        profiles: &mut HashMap<EntryId, Profile>,
    ) -> Result<Comparisons, Error> {
        let fresh: BTreeSet<EntryId> = profiles.keys().copied().collect();
        let index = bench.index.get_or_insert_with(Index::new);
        for id in &fresh {
            if let Some(profile) = profiles.get(id) {
                index.insert(*id, profile);
            }
        }
        let mut pairs = BTreeSet::new();
        for id in &fresh {
            let Some(profile) = profiles.get(id) else { continue };
            pairs.extend(index.candidates(*id, profile).into_iter().map(|other| pair(*id, other)));
        }
        self.read_missing(&pairs, profiles)?;
        if bench.index.as_ref().map_or(0, Index::len) as f64 > bench.counted as f64 * GROWN {
            self.count_anew(bench, profiles)?;
        }
        let mut judged = self.judge_pairs(&pairs, &bench.context, entries, profiles)?;
        let around = self.around(&fresh, &judged)?;
        let more: BTreeSet<_> = around.difference(&pairs).copied().collect();
        self.read_missing(&more, profiles)?;
        judged.extend(self.judge_pairs(&more, &bench.context, entries, profiles)?);
        Ok(Comparisons { judged, around })
    }

    /// Reads the profiles of pairs that are not at hand.
    fn read_missing(
        &self,
        pairs: &BTreeSet<(EntryId, EntryId)>,
        profiles: &mut HashMap<EntryId, Profile>,
    ) -> Result<(), Error> {
        for id in pairs.iter().flat_map(|(a, b)| [*a, *b]) {
            if let std::collections::hash_map::Entry::Vacant(place) = profiles.entry(id)
                && let Some(profile) = self.stored_profile(id)?
            {
                place.insert(profile);
            }
        }
        Ok(())
    }

    fn judge_pairs(
        &self,
        pairs: &BTreeSet<(EntryId, EntryId)>,
        context: &Context,
        entries: &mut HashMap<EntryId, Entry>,
        profiles: &mut HashMap<EntryId, Profile>,
    ) -> Result<Vec<Compared>, Error> {
        self.encode_missing(pairs, context, entries, profiles)?;
        let profiles = &*profiles;
        let judged = |&(a, b): &(EntryId, EntryId)| {
            let (pa, pb) = (profiles.get(&a)?, profiles.get(&b)?);
            Some((a, b, matching::judge(pa, pb, context)))
        };
        Ok(self.pool.install(|| pairs.par_iter().filter_map(judged).collect()))
    }

    /// Pairs of the fresh entries' versions: each with what its links are linked with, and its links with one
    /// another, the strongest only. What the candidates missed is found so, and rivals are told apart by it.
    fn around(&self, fresh: &BTreeSet<EntryId>, judged: &[Compared]) -> Result<BTreeSet<(EntryId, EntryId)>, Error> {
        let mut new: HashMap<EntryId, Vec<(f32, EntryId)>> = HashMap::new();
        for (a, b, evidence) in judged.iter().filter(|(_, _, e)| e.verdict == Verdict::Link) {
            let margin = evidence.total_bits - evidence.threshold_bits;
            new.entry(*a).or_default().push((margin, *b));
            new.entry(*b).or_default().push((margin, *a));
        }
        let strongest = |entry: EntryId| -> Result<Vec<EntryId>, Error> {
            let mut links = new.get(&entry).cloned().unwrap_or_default();
            if !fresh.contains(&entry) {
                let kept = query::edges_of(&*self.store, entry)?.into_iter();
                let kept = kept.filter(|edge| edge.verdict == Verdict::Link && !fresh.contains(&edge.other(entry)));
                links.extend(kept.map(|edge| (edge.margin_bits(), edge.other(entry))));
            }
            links.sort_by(|x, y| y.0.total_cmp(&x.0).then(x.1.cmp(&y.1)));
            Ok(links.into_iter().take(KEPT_VERSIONS).map(|(_, other)| other).collect())
        };
        let mut around = BTreeSet::new();
        for entry in fresh {
            let versions = strongest(*entry)?;
            for (n, version) in versions.iter().enumerate() {
                around.extend(versions[n + 1..].iter().map(|other| pair(*version, *other)));
                around.extend(strongest(*version)?.iter().filter(|third| *third != entry).map(|t| pair(*entry, *t)));
            }
        }
        Ok(around)
    }

    /// The profile kept of an entry, or a new one where another version of the matching made it.
    fn stored_profile(&self, id: EntryId) -> Result<Option<Profile>, Error> {
        if let Some(profile) = query::profile(&*self.store, id)?.as_deref().and_then(read_profile) {
            return Ok(Some(profile));
        }
        Ok(query::whole_entry(&*self.store, id)?.as_ref().map(matching::profile))
    }

    /// Counts what is rare over a sample of profiles (in the order of ids, which are hashes) and those at hand.
    fn count_anew(&self, bench: &mut Bench, fresh: &HashMap<EntryId, Profile>) -> Result<(), Error> {
        let mut count = rarity::Count::default();
        let mut after = None;
        while count.len() < COUNTED_MAX {
            let page = query::profiles(&*self.store, after, PAGE)?;
            page.iter().filter_map(|(_, bytes)| read_profile(bytes)).for_each(|profile| count.add(&profile));
            match page.last() {
                Some((id, _)) if page.len() == PAGE => after = Some(*id),
                _ => break,
            }
        }
        fresh.values().for_each(|profile| count.add(profile));
        bench.context = Context { rarity: count.snapshot() };
        bench.counted = bench.index.as_ref().map_or(0, Index::len);
        // Kept, so that a pair is judged after a restart as before it.
        let counts = (calibration::get().version, bench.counted as u64, &bench.context.rarity);
        let _writing = self.writer();
        let mut draft = Draft::new(&*self.store);
        postcard::to_stdvec(&counts).iter().for_each(|bytes| draft.put_meta(RARITY, bytes));
        draft.commit()
    }

    /// Takes up the counts that were kept, unless there are some. Those of another version of the matching are nothing.
    pub(super) fn recall_counts(&self, bench: &mut Bench) -> Result<(), Error> {
        if bench.counted > 0 {
            return Ok(());
        }
        let kept = query::meta(&*self.store, RARITY)?;
        let kept = kept.and_then(|bytes| postcard::from_bytes::<(u32, u64, Rarity)>(&bytes).ok());
        if let Some((_, counted, rarity)) = kept.filter(|(version, ..)| *version == calibration::get().version) {
            (bench.context, bench.counted) = (Context { rarity }, counted as usize);
        }
        Ok(())
    }

    /// Adds the sentence vectors that some pair needs: only of texts that have a candidate.
    fn encode_missing(
        &self,
        pairs: &BTreeSet<(EntryId, EntryId)>,
        context: &Context,
        entries: &mut HashMap<EntryId, Entry>,
        profiles: &mut HashMap<EntryId, Profile>,
    ) -> Result<(), Error> {
        let known = &*profiles;
        let needs = |(a, b): &(EntryId, EntryId)| {
            let (pa, pb) = (known.get(a)?, known.get(b)?);
            matching::needs(pa, pb, context).map(|encoder| (encoder.name, [pa, pb]))
        };
        let needed: Vec<_> = self.pool.install(|| pairs.par_iter().filter_map(needs).collect());
        let mut missing: HashMap<EntryId, HashSet<&'static str>> = HashMap::new();
        for (encoder, both) in needed {
            for profile in both.into_iter().filter(|profile| profile.vectors_of(encoder).is_none()) {
                missing.entry(profile.entry).or_default().insert(encoder);
            }
        }
        for id in missing.keys() {
            if !entries.contains_key(id)
                && let Some(entry) = query::whole_entry(&*self.store, *id)?
            {
                entries.insert(*id, entry);
            }
        }
        let entries = &*entries;
        let encode = |profile: &mut Profile| {
            let (Some(names), Some(entry)) = (missing.get(&profile.entry), entries.get(&profile.entry)) else { return };
            for encoder in encoders::ALL.iter().filter(|e| names.contains(e.name)) {
                matching::encode(profile, entry, encoder);
            }
        };
        let mut lacking: Vec<&mut Profile> = profiles.values_mut().filter(|p| missing.contains_key(&p.entry)).collect();
        // One by one: texts differ in length.
        self.pool.install(|| lacking.par_iter_mut().with_max_len(1).for_each(|profile| encode(profile)));
        Ok(())
    }
}
