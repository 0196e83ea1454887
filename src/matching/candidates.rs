//! Which of a million entries are worth comparing with this one? Codes of its quarters, and rare keys.
//!
//! Codes stand in lists around fixed centres (an inverted file): a query looks at the lists whose centres are
//! nearest to its own codes, a few hundredths of all. Keys stand in one open-addressed table. The answer is a
//! function of the set of entries: ties are broken by id, and keys that too many share are ignored altogether.

use crate::model::{Code, EntryId, Place, Profile, stable_hash};

use super::calibration;

/// Lists looked at for each code. Figures: docs/MATCHING.md, candidates.
const PROBES: usize = 48;
/// Codes looked at for each code, at the least: so many take a millisecond, and a store of up to 16,000 entries has no
/// more, so all of it is searched.
const SCANNED: usize = 65_536;

/// How far a query by codes reaches.
#[derive(Clone, Copy)]
struct Reach {
    /// Two codes as far apart as this or further have nothing to do with each other. Of 256 bits, unrelated ones
    /// differ in 128 ± 8: one in 700 of them comes nearer than 104, one in 40 nearer than 112.
    near: u32,
    /// Candidates, at the most.
    most: usize,
}

/// Of an essay.
const ESSAY: Reach = Reach { near: 104, most: 64 };
/// Of a teaser or a fragment: its quarters are a few words, so a translation's codes are further away and among those
/// of more strangers; and comparing two of them costs little. Figures: docs/MATCHING.md, candidates.
const SHORT: Reach = Reach { near: 112, most: 192 };
/// Characters of a text that is short.
const SHORT_TEXT: u32 = 600;

/// Candidates by keys, at the most.
const MOST_BY_KEY: usize = 16;
/// Keys of one entry that are kept of each kind: those of the smallest hash, so that two texts that share many
/// things keep the same ones.
const KEPT: usize = 3;
/// Characters of a title or sentence that two texts share by copying, not by chance.
const TELLING: u16 = 15;
/// A key that this many entries have is no longer rare.
const COMMON: usize = 48;

/// An entry's place in the index.
type Slot = u32;

/// One list: slots and codes side by side, so that a scan runs through memory once.
#[derive(Default)]
struct List {
    slots: Vec<Slot>,
    codes: Vec<Code>,
}

impl List {
    fn push(&mut self, slot: Slot, code: Code) {
        // Doubling would leave half of a million entries' memory empty.
        if self.slots.len() == self.slots.capacity() {
            let more = (self.slots.len() / 8).max(4);
            self.slots.reserve_exact(more);
            self.codes.reserve_exact(more);
        }
        self.slots.push(slot);
        self.codes.push(code);
    }
}

/// A near code: from the high bits to the low its slot, the number of the code that was asked for, and how far it is
/// away. In order, the first of each slot and number is the nearest.
type Hit = u64;

/// Collects what of a list lies near. A type, not a closure, so that all of it is compiled for the
/// processor's own instructions.
struct Scan<'a> {
    list: &'a List,
    number: usize,
    code: &'a Code,
    near: u32,
    hits: &'a mut Vec<Hit>,
}

impl pulp::NullaryFnOnce for Scan<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for (slot, other) in self.list.slots.iter().zip(&self.list.codes) {
            let apart = distance(self.code, other);
            if apart < self.near {
                self.hits.push(u64::from(*slot) << 32 | (self.number as u64) << 16 | u64::from(apart));
            }
        }
    }
}

/// An index in memory over profiles.
pub struct Index {
    entries: Vec<EntryId>,
    /// Slots by entry: open addressing, the entry itself stands in `entries`.
    by_entry: Vec<Slot>,
    lists: Vec<List>,
    keys: Vec<(u32, Slot)>,
    keys_used: usize,
    live: usize,
}

const EMPTY: Slot = Slot::MAX;
/// In `entries`: the slot's entry was removed.
const GONE: EntryId = EntryId(uuid::Uuid::nil());

impl Default for Index {
    fn default() -> Self {
        Self::new()
    }
}

impl Index {
    /// An empty index.
    pub fn new() -> Self {
        let lists = calibration::get().centres.len().max(1);
        Self {
            entries: Vec::new(),
            by_entry: vec![EMPTY; 16],
            lists: (0..lists).map(|_| List::default()).collect(),
            keys: vec![(0, EMPTY); 64],
            keys_used: 0,
            live: 0,
        }
    }

    /// How many entries are in it.
    pub fn len(&self) -> usize {
        self.live
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// Bytes of memory that it takes.
    pub fn memory_bytes(&self) -> usize {
        let lists: usize =
            self.lists.iter().map(|l| l.slots.capacity() * 4 + l.codes.capacity() * size_of::<Code>() + 48).sum();
        lists + self.entries.capacity() * 16 + self.by_entry.capacity() * 4 + self.keys.capacity() * 8
    }

    /// Puts an entry in; one that is in already is replaced.
    pub fn insert(&mut self, entry: EntryId, profile: &Profile) {
        self.insert_keys(entry, &profile.codes, &kept_keys(profile));
    }

    /// The same from codes and keys alone.
    fn insert_keys(&mut self, entry: EntryId, codes: &[Code], keys: &[u32]) {
        self.remove(entry);
        let slot = self.entries.len() as Slot;
        if self.entries.len() == self.entries.capacity() {
            self.entries.reserve_exact((self.entries.len() / 8).max(16));
        }
        self.entries.push(entry);
        self.live += 1;
        if self.live * 4 > self.by_entry.len() * 3 {
            let room = self.by_entry.len() * 2;
            self.rehash_entries(room);
        } else {
            place(&mut self.by_entry, entry, slot);
        }
        for code in codes {
            self.lists[nearest(code)].push(slot, *code);
        }
        for &key in keys {
            self.insert_key(key, slot);
        }
    }

    /// Takes an entry out.
    pub fn remove(&mut self, entry: EntryId) {
        self.remove_all(&[entry]);
    }

    /// Takes entries out: the table of all is made anew once for all of them.
    pub fn remove_all(&mut self, gone: &[EntryId]) {
        // All are looked for before the first goes: a search compares with what stands in `entries`.
        let slots: Vec<Slot> = gone.iter().filter_map(|entry| self.slot_of(*entry)).collect();
        if slots.is_empty() {
            return;
        }
        for slot in slots {
            self.live -= usize::from(self.entries[slot as usize] != GONE);
            self.entries[slot as usize] = GONE;
        }
        // Its codes and keys are skipped from now on, and swept out when a fourth of the index is such.
        if self.entries.len() > 64 && self.live * 4 < self.entries.len() * 3 {
            self.sweep();
        } else {
            let room = self.by_entry.len();
            self.rehash_entries(room);
        }
    }

    fn slot_of(&self, entry: EntryId) -> Option<Slot> {
        let mask = self.by_entry.len() - 1;
        let mut at = stable_hash(entry.0.as_bytes()) as usize & mask;
        loop {
            match self.by_entry[at] {
                EMPTY => return None,
                slot if self.entries[slot as usize] == entry => return Some(slot),
                _ => at = (at + 1) & mask,
            }
        }
    }

    fn rehash_entries(&mut self, room: usize) {
        let mut table = vec![EMPTY; room];
        for (slot, &entry) in self.entries.iter().enumerate().filter(|(_, e)| **e != GONE) {
            place(&mut table, entry, slot as Slot);
        }
        self.by_entry = table;
    }

    fn sweep(&mut self) {
        let mut moved = vec![EMPTY; self.entries.len()];
        let mut entries = Vec::with_capacity(self.live);
        for (slot, &entry) in self.entries.iter().enumerate().filter(|(_, e)| **e != GONE) {
            moved[slot] = entries.len() as Slot;
            entries.push(entry);
        }
        self.entries = entries;
        for list in &mut self.lists {
            let old = std::mem::take(list);
            for (slot, code) in old.slots.into_iter().zip(old.codes).filter(|(s, _)| moved[*s as usize] != EMPTY) {
                list.push(moved[slot as usize], code);
            }
        }
        let old = std::mem::take(&mut self.keys);
        self.keys = vec![(0, EMPTY); old.len()];
        self.keys_used = 0;
        for (key, slot) in old.into_iter().filter(|(_, s)| *s != EMPTY && moved[*s as usize] != EMPTY) {
            self.insert_key(key, moved[slot as usize]);
        }
        let room = self.by_entry.len();
        self.rehash_entries(room);
    }

    fn insert_key(&mut self, key: u32, slot: Slot) {
        if (self.keys_used + 1) * 8 > self.keys.len() * 7 {
            let room = self.keys.len() + (self.keys.len() / 16).max(16);
            let old = std::mem::replace(&mut self.keys, vec![(0, EMPTY); room]);
            self.keys_used = 0;
            for (key, slot) in old.into_iter().filter(|(_, s)| *s != EMPTY) {
                self.insert_key(key, slot);
            }
        }
        let mut same = 0;
        let mut at = self.home(key);
        while self.keys[at].1 != EMPTY {
            same += usize::from(self.keys[at].0 == key);
            if same > COMMON {
                return;
            }
            at = self.after(at);
        }
        self.keys[at] = (key, slot);
        self.keys_used += 1;
    }

    /// Where the search for a key begins: its share of the table, which so may have any length. Kept keys are small
    /// ones: multiplied (Knuth's multiplicative hashing) they lie anywhere.
    fn home(&self, key: u32) -> usize {
        ((u64::from(key.wrapping_mul(0x9e37_79b1)) * self.keys.len() as u64) >> 32) as usize
    }

    fn after(&self, at: usize) -> usize {
        if at + 1 == self.keys.len() { 0 } else { at + 1 }
    }

    /// The slots of a key.
    fn slots_of(&self, key: u32) -> impl Iterator<Item = Slot> + '_ {
        std::iter::successors(Some(self.home(key)), |at| Some(self.after(*at)))
            .map(|at| self.keys[at])
            .take_while(|(_, slot)| *slot != EMPTY)
            .filter(move |(other, _)| *other == key)
            .map(|(_, slot)| slot)
    }

    /// Entries worth comparing with `profile`, the most promising first; `entry` itself is not among them.
    pub fn candidates(&self, entry: EntryId, profile: &Profile) -> Vec<EntryId> {
        let searched_whole = self.live * 4 <= SCANNED;
        let reach = match profile.length < SHORT_TEXT {
            true if searched_whole => SHORT,
            // Among a million, so many strangers come as near that it takes 20 ms to sort them.
            true => Reach { near: ESSAY.near, ..SHORT },
            false => ESSAY,
        };
        let mut out = self.by_codes(entry, &profile.codes, reach);
        for found in self.by_keys(entry, profile) {
            if !out.contains(&found) {
                out.push(found);
            }
        }
        out
    }

    fn by_codes(&self, entry: EntryId, codes: &[Code], Reach { near, most }: Reach) -> Vec<EntryId> {
        let mut hits: Vec<Hit> = Vec::new();
        for (number, code) in codes.iter().enumerate() {
            let mut scanned = 0;
            for (probed, list) in by_distance(code).into_iter().enumerate() {
                if probed >= PROBES && scanned >= SCANNED {
                    break;
                }
                let list = &self.lists[list];
                scanned += list.slots.len();
                pulp::Arch::new().dispatch(Scan { list, number, code, near, hits: &mut hits });
            }
        }
        hits.sort_unstable();
        hits.dedup_by_key(|hit| *hit >> 16);
        let points = |hit: Hit| ((hit >> 32) as Slot, near - (hit & 0xffff) as u32);
        self.top(entry, hits.into_iter().map(points), most)
    }

    fn by_keys(&self, entry: EntryId, profile: &Profile) -> Vec<EntryId> {
        let mut found = Vec::new();
        for key in all_keys(profile) {
            let slots: Vec<Slot> = self.slots_of(key).take(COMMON).collect();
            if slots.len() < COMMON {
                found.extend(slots);
            }
        }
        found.sort_unstable();
        self.top(entry, found.into_iter().map(|slot| (slot, 1)), MOST_BY_KEY)
    }

    /// The entries of the slots with the most points in sum, out of points in the order of slots.
    fn top(&self, entry: EntryId, points: impl Iterator<Item = (Slot, u32)>, most: usize) -> Vec<EntryId> {
        let mut sums: Vec<(Slot, u32)> = Vec::new();
        for (slot, points) in points {
            match sums.last_mut() {
                Some((last, sum)) if *last == slot => *sum += points,
                _ => sums.push((slot, points)),
            }
        }
        let with_entry = |(slot, sum): (Slot, u32)| (sum, self.entries[slot as usize]);
        let mut found: Vec<(u32, EntryId)> =
            sums.into_iter().map(with_entry).filter(|(_, e)| *e != GONE && *e != entry).collect();
        let first = |x: &(u32, EntryId), y: &(u32, EntryId)| y.0.cmp(&x.0).then(x.1.cmp(&y.1));
        if found.len() > most {
            found.select_nth_unstable_by(most, first);
            found.truncate(most);
        }
        found.sort_unstable_by(first);
        found.into_iter().map(|(_, e)| e).collect()
    }
}

fn place(table: &mut [Slot], entry: EntryId, slot: Slot) {
    let mask = table.len() - 1;
    let mut at = stable_hash(entry.0.as_bytes()) as usize & mask;
    while table[at] != EMPTY {
        at = (at + 1) & mask;
    }
    table[at] = slot;
}

#[inline(always)]
fn distance(a: &Code, b: &Code) -> u32 {
    let mut apart = 0;
    for (x, y) in a.iter().zip(b) {
        apart += (x ^ y).count_ones();
    }
    apart
}

/// The list of the nearest centre.
fn nearest(code: &Code) -> usize {
    apart(code).into_iter().min().map_or(0, |(_, list)| list as usize)
}

/// All lists, that of the nearest centre first.
fn by_distance(code: &Code) -> Vec<usize> {
    let mut lists = apart(code);
    lists.sort_unstable();
    lists.into_iter().map(|(_, list)| list as usize).collect()
}

/// How far the centre of each list lies from a code.
fn apart(code: &Code) -> Vec<(u32, u32)> {
    let centres = &calibration::get().centres;
    let mut out: Vec<(u32, u32)> = (0..centres.len().max(1)).map(|list| (0, list as u32)).collect();
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || {
            for ((apart, _), centre) in out.iter_mut().zip(centres) {
                *apart = distance(code, centre);
            }
        },
    );
    out
}

/// Things that are rare by their form, as keys, by kind.
fn rare(profile: &Profile) -> [Vec<u32>; 3] {
    let key = |kind: char, thing: &str| (crate::model::Rarity::key(kind, thing) >> 16) as u32;
    let figures = profile
        .numbers
        .iter()
        .filter(|n| n.len() >= 4 && !(n.len() == 4 && (n.starts_with("19") || n.starts_with("20"))))
        .map(|n| key('n', n))
        .chain(profile.identifiers.iter().map(|i| key('i', i)))
        .collect();
    let names = profile.names.iter().filter(|n| n.len() >= 5).map(|n| key('m', n)).collect();
    let links = profile.mentions.iter().map(|m| key('l', &m.target)).collect();
    [figures, names, links]
}

/// The keys that stand in the index for an entry: its addresses, its title (or first sentence), and the smallest of each kind.
fn kept_keys(profile: &Profile) -> Vec<u32> {
    let mut out: Vec<u32> = Vec::new();
    for mut keys in rare(profile) {
        keys.sort_unstable();
        keys.dedup();
        out.extend(keys.into_iter().take(KEPT));
    }
    out.extend(addresses(profile));
    // A text and its beginning in one language, or a copy under a header with both titles: their codes can be far apart.
    out.extend(lines(profile).next());
    out.sort_unstable();
    out.dedup();
    out
}

fn all_keys(profile: &Profile) -> Vec<u32> {
    let mut out: Vec<u32> =
        rare(profile).into_iter().flatten().chain(addresses(profile)).chain(lines(profile)).collect();
    out.sort_unstable();
    out.dedup();
    out
}

/// Its own address and those it names as its source, under one kind: each finds the other.
fn addresses(profile: &Profile) -> impl Iterator<Item = u32> + '_ {
    let named = profile.mentions.iter().filter(|m| m.place <= Place::Edge).take(3).map(|m| &m.target);
    let all = profile.link.iter().chain(named).chain(profile.claims.iter().take(3));
    all.map(|a| (crate::model::Rarity::key('u', a) >> 16) as u32)
}

/// Its title and its sentences, to the letter.
fn lines(profile: &Profile) -> impl Iterator<Item = u32> + '_ {
    let title = (profile.title.chars().count() >= usize::from(TELLING)).then_some(profile.title_hash);
    let sentences = profile.sentences.iter().filter(|s| s.length >= TELLING).map(|s| s.hash);
    title.into_iter().chain(sentences).map(|hash| (crate::model::Rarity::key('s', "") as u32) ^ hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u128) -> EntryId {
        EntryId(uuid::Uuid::from_u128(n + 1))
    }

    /// Codes that look random: a multiplicative generator, seeded.
    fn code(seed: u64) -> Code {
        let mut x = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        std::array::from_fn(|_| {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            x
        })
    }

    fn flipped(mut code: Code, bits: usize) -> Code {
        for i in 0..bits {
            code[i % 4] ^= 1 << ((i * 7) % 64);
        }
        code
    }

    #[test]
    fn near_codes_are_found_and_removed_entries_are_not() {
        let mut index = Index::new();
        for n in 0..500_u64 {
            let codes: Vec<Code> = (0..4).map(|q| code(n * 4 + q)).collect();
            index.insert_keys(id(u128::from(n)), &codes, &[n as u32]);
        }
        let query: Vec<Code> = (0..4).map(|q| flipped(code(77 * 4 + q), 40)).collect();
        assert_eq!(index.by_codes(id(9999), &query, ESSAY).first(), Some(&id(77)));
        assert!(!index.by_codes(id(77), &query, ESSAY).contains(&id(77)));
        for n in 0..400_u128 {
            index.remove(id(n));
        }
        assert_eq!(index.len(), 100);
        assert!(!index.by_codes(id(9999), &query, ESSAY).contains(&id(77)));
        let query: Vec<Code> = (0..4).map(|q| flipped(code(450 * 4 + q), 40)).collect();
        assert_eq!(index.by_codes(id(9999), &query, ESSAY).first(), Some(&id(450)));
    }
}
