//! Which pieces of a vocabulary does a text begin with?
//!
//! A double array (Aoe 1989) whose step is one exclusive or: the child of a node with base `b` by byte `x` stands in
//! cell `b ^ x`. No two nodes share a base, so comparing the byte alone tells whether a cell is that child.
//! 250,000 pieces take 5 MB, where a map of strings would take 25.

/// Set in a cell that holds a value; then the other 31 bits are the value.
const VALUE: u32 = 1 << 31;
/// Set in the cell of a node at which a key ends: its value stands in cell `base ^ 0`.
const ENDS: u32 = 1 << 8;
/// The base stands above the byte and `ENDS`.
const BASE_SHIFT: u32 = 9;
/// Cells a block: a node's children lie within one block, for `b ^ x` changes the lowest 8 bits only.
const BLOCK: usize = 256;
/// How many of the last blocks are searched for room. More packs tighter and takes longer: with 16, nine cells of ten
/// are used after 250,000 keys.
const OPEN_BLOCKS: usize = 16;

/// A set of byte strings, each with a number below 2^31.
pub struct Trie {
    cells: Vec<u32>,
}

impl Trie {
    /// Builds the trie from keys without the byte 0. Of equal keys the one given first counts; empty keys are ignored.
    pub fn new<'a>(keys: impl Iterator<Item = (&'a [u8], u32)>) -> Self {
        let mut keys: Vec<(u64, &[u8], u32)> =
            keys.filter(|(key, _)| !key.is_empty()).map(|(key, value)| (first_eight(key), key, value)).collect();
        // Nearly all comparisons end at the first eight bytes, held in place.
        keys.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.cmp(b.1)));
        let mut building = Building::default();
        building.node(&keys);
        Self { cells: building.cells }
    }

    /// Calls `found(length, value)` for each key that `text` begins with, the shortest first.
    #[inline]
    pub fn prefixes(&self, text: &[u8], mut found: impl FnMut(usize, u32)) {
        let Some(mut cell) = self.cells.first().copied() else { return };
        for (i, &byte) in text.iter().enumerate() {
            let base = cell >> BASE_SHIFT;
            cell = self.at(base ^ u32::from(byte));
            // Byte 0 leads to the value of the node itself, not to a child.
            if cell & (VALUE | 0xFF) != u32::from(byte) || byte == 0 {
                return;
            }
            if cell & ENDS != 0 {
                found(i + 1, self.at(cell >> BASE_SHIFT) & !VALUE);
            }
        }
    }

    #[inline]
    fn at(&self, index: u32) -> u32 {
        self.cells.get(index as usize).copied().unwrap_or(0)
    }
}

fn first_eight(key: &[u8]) -> u64 {
    key.iter().take(8).fold(0, |n, &byte| n << 8 | u64::from(byte)) << (8 * 8usize.saturating_sub(key.len()))
}

/// A run of sorted keys below one node.
struct Run {
    cell: usize,
    depth: usize,
    keys: std::ops::Range<usize>,
}

#[derive(Default)]
struct Building {
    cells: Vec<u32>,
    /// One bit a cell: taken.
    taken: Vec<[u64; 4]>,
    /// One bit a cell: the base of some node.
    bases: Vec<[u64; 4]>,
    /// The first block that is searched for room.
    open: usize,
}

impl Building {
    fn node(&mut self, keys: &[(u64, &[u8], u32)]) {
        self.grow();
        self.take(0);
        let mut runs = vec![Run { cell: 0, depth: 0, keys: 0..keys.len() }];
        let mut children: Vec<(u8, std::ops::Range<usize>)> = Vec::new();
        while let Some(Run { cell, depth, keys: range }) = runs.pop() {
            let (mut start, end) = (range.start, range.end);
            let mut value = None;
            while start < end && keys[start].1.len() == depth {
                value = value.or(Some(keys[start].2));
                start += 1;
            }
            children.clear();
            while start < end {
                let byte = keys[start].1[depth];
                let same = keys[start..end].partition_point(|key| key.1[depth] == byte);
                children.push((byte, start..start + same));
                start += same;
            }
            let base = self.room(value.is_some(), &children);
            self.bases[base / BLOCK][base % BLOCK / 64] |= 1 << (base % 64);
            self.cells[cell] |= (base as u32) << BASE_SHIFT;
            if let Some(value) = value {
                self.cells[cell] |= ENDS;
                self.cells[base] = VALUE | value;
                self.take(base);
            }
            for (byte, range) in children.drain(..) {
                let child = base ^ usize::from(byte);
                self.cells[child] = u32::from(byte);
                self.take(child);
                runs.push(Run { cell: child, depth: depth + 1, keys: range });
            }
        }
    }

    /// A base that is nobody's yet and whose cells for the value and the children are free.
    fn room(&mut self, value: bool, children: &[(u8, std::ops::Range<usize>)]) -> usize {
        let first = if value { 0 } else { children.first().map_or(0, |child| usize::from(child.0)) };
        let start = self.open.max(self.taken.len().saturating_sub(OPEN_BLOCKS));
        self.open = start;
        for block in start..self.taken.len() {
            let mut full = true;
            for word in 0..4 {
                let mut free = !self.taken[block][word];
                full &= free == 0;
                while free != 0 {
                    let cell = block * BLOCK + word * 64 + free.trailing_zeros() as usize;
                    free &= free - 1;
                    let base = cell ^ first;
                    if !is_set(&self.bases, base)
                        && (!value || !is_set(&self.taken, base))
                        && children.iter().all(|child| !is_set(&self.taken, base ^ usize::from(child.0)))
                    {
                        return base;
                    }
                }
            }
            if full && block == self.open {
                self.open += 1;
            }
        }
        self.grow();
        (self.taken.len() - 1) * BLOCK
    }

    fn grow(&mut self) {
        self.taken.push([0; 4]);
        self.bases.push([0; 4]);
        self.cells.resize(self.taken.len() * BLOCK, 0);
    }

    fn take(&mut self, cell: usize) {
        self.taken[cell / BLOCK][cell % BLOCK / 64] |= 1 << (cell % 64);
    }
}

fn is_set(bits: &[[u64; 4]], cell: usize) -> bool {
    bits[cell / BLOCK][cell % BLOCK / 64] >> (cell % 64) & 1 == 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn prefixes(trie: &Trie, text: &[u8]) -> Vec<(usize, u32)> {
        let mut out = Vec::new();
        trie.prefixes(text, |length, value| out.push((length, value)));
        out
    }

    #[test]
    fn it_finds_each_key_that_the_text_begins_with() {
        let keys = ["a", "ab", "abcd", "b", "ж", "же", "ab"];
        let trie = Trie::new(keys.iter().zip(0..).map(|(key, value)| (key.as_bytes(), value)));
        let check = |text: &str, expected: &[(usize, u32)]| assert_eq!(prefixes(&trie, text.as_bytes()), expected);
        check("abcde", &[(1, 0), (2, 1), (4, 2)]);
        check("abc", &[(1, 0), (2, 1)]);
        check("женщина", &[(2, 4), (4, 5)]);
        check("a\0b", &[(1, 0)]);
        check("", &[]);
        check("xyz", &[]);
    }

    #[test]
    fn an_empty_trie_finds_nothing() {
        assert_eq!(prefixes(&Trie::new(std::iter::empty()), b"abc"), []);
    }

    proptest! {
        #[test]
        fn it_agrees_with_a_list(
            keys in proptest::collection::vec("[a-dé-ü]{1,6}", 0..200),
            text in "[a-eé-ü\\x00]{0,8}",
        ) {
            let trie = Trie::new(keys.iter().zip(0..).map(|(key, value)| (key.as_bytes(), value)));
            let mut expected: Vec<(usize, u32)> = Vec::new();
            for length in 1..=text.len() {
                let hit = keys.iter().position(|key| key.as_bytes() == &text.as_bytes()[..length]);
                expected.extend(hit.map(|value| (length, value as u32)));
            }
            prop_assert_eq!(prefixes(&trie, text.as_bytes()), expected);
        }
    }
}
