//! Are these bytes the ones of before? One digest for all that is stored: bodies, batches, archives.

/// A 64-bit digest of parts, for finding damage (not for secrets): the same on every machine and in every version.
///
/// Each part's length is digested too, so that no two lists of parts run together. Eight bytes at a time are folded
/// in by a multiplication whose high half is kept (as wyhash does): about 1 byte per cycle is what FNV reaches, and a
/// verification reads the whole store.
pub fn digest<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> u64 {
    // Odd constants from the fractional parts of the square roots of 2 and 3: no structure of their own.
    const A: u64 = 0x6a09_e667_f3bc_c909;
    const B: u64 = 0xbb67_ae85_84ca_a73b;
    let fold = |state: u64, word: u64| {
        let product = u128::from(state ^ word ^ A) * u128::from(B ^ word.rotate_left(32));
        (product as u64) ^ ((product >> 64) as u64)
    };
    let mut state = B;
    for part in parts {
        let mut words = part.chunks_exact(8);
        for word in &mut words {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(word);
            // Adding the old state keeps what a zero product would forget.
            state = fold(state, u64::from_le_bytes(bytes)).wrapping_add(state.rotate_left(29));
        }
        let mut last = [0; 8];
        last[..words.remainder().len()].copy_from_slice(words.remainder());
        state = fold(state, u64::from_le_bytes(last)).wrapping_add(state.rotate_left(29));
        state = fold(state, part.len() as u64).wrapping_add(state.rotate_left(29));
    }
    fold(state, A.rotate_left(17))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_sees_every_bit_and_every_boundary() {
        let text = b"a text of some length, longer than eight bytes";
        let whole = digest([&text[..]]);
        for i in 0..text.len() * 8 {
            let mut flipped = *text;
            flipped[i / 8] ^= 1 << (i % 8);
            assert_ne!(digest([&flipped[..]]), whole, "bit {i}");
        }
        assert_ne!(digest([&text[..10], &text[10..]]), whole);
        assert_ne!(digest([&b"ab"[..], b"c"]), digest([&b"a"[..], b"bc"]));
        assert_ne!(digest([&b"a\0"[..]]), digest([&b"a"[..]]));
    }
}
