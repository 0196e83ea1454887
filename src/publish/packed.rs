//! Which pages stand compressed, each once for each of its versions?

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use hyper::header::HeaderValue;

use super::negotiation::Coding;

/// Bytes of compressed pages kept: some thousand, at 3 to 10 KB each.
const BYTES_MAX: usize = 8 << 20;
/// What one page costs beside its body: its tag, its cell and its place in the table.
const PLACE_BYTES: usize = 200;

/// One body, or none before it was made. Who makes it lets the others wait for it.
type Cell = Arc<OnceLock<Bytes>>;

/// Compressed pages by the tag of what they say: one more than there is room for, and all begin anew.
#[derive(Default)]
pub(super) struct Packed(Mutex<Shelf>);

#[derive(Default)]
struct Shelf {
    cells: HashMap<(HeaderValue, Coding), Cell>,
    bytes: usize,
}

impl Packed {
    /// The page of this tag in this coding; `pack` makes it where it is not there.
    pub(super) fn get(&self, tag: &HeaderValue, coding: Coding, pack: impl FnOnce() -> Vec<u8>) -> Bytes {
        let cell = self.with(|shelf| shelf.cells.entry((tag.clone(), coding)).or_default().clone());
        let mut is_new = false;
        let body = cell.get_or_init(|| {
            is_new = true;
            Bytes::from(pack())
        });
        if is_new {
            self.with(|shelf| {
                shelf.bytes += body.len() + PLACE_BYTES;
                if shelf.bytes > BYTES_MAX {
                    *shelf = Shelf::default();
                }
            });
        }
        body.clone()
    }

    fn with<T>(&self, work: impl FnOnce(&mut Shelf) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_packed_once_within_bounds() {
        let packed = Packed::default();
        let tag = HeaderValue::from_static;
        assert_eq!(packed.get(&tag("a"), Coding::Gzip, || vec![1]), vec![1]);
        assert_eq!(packed.get(&tag("a"), Coding::Gzip, || vec![2]), vec![1]);
        assert_eq!(packed.get(&tag("a"), Coding::Brotli, || vec![3]), vec![3]);
        assert_eq!(packed.get(&tag("b"), Coding::Gzip, || vec![0; BYTES_MAX]).len(), BYTES_MAX);
        assert_eq!(packed.with(|shelf| (shelf.cells.len(), shelf.bytes)), (0, 0), "too many: all begin anew");
        assert_eq!(packed.get(&tag("a"), Coding::Gzip, || vec![4]), vec![4]);
    }
}
