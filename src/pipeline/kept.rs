//! What is made once for each state of the house, whoever asks?

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

/// One value, or none before it was made. Who makes it holds the lock, so that the others wait for it.
type Cell<V> = Arc<Mutex<Option<Arc<V>>>>;

/// Values by key, all of one state of the house: another state forgets them.
pub struct Kept<K, V> {
    most: usize,
    cells: Mutex<(u64, HashMap<K, Cell<V>>)>,
}

impl<K: Eq + Hash, V> Kept<K, V> {
    /// Room for `most` values; one more, and all begin anew.
    pub fn new(most: usize) -> Self {
        Self { most, cells: Mutex::new((0, HashMap::new())) }
    }

    /// The value of a key in this state; made where it is not there. What cannot be made is not kept.
    pub fn get<E>(&self, state: u64, key: K, make: impl FnOnce() -> Result<V, E>) -> Result<Arc<V>, E> {
        let cell = {
            let mut cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
            if cells.0 != state || (cells.1.len() >= self.most && !cells.1.contains_key(&key)) {
                *cells = (state, HashMap::new());
            }
            Arc::clone(cells.1.entry(key).or_default())
        };
        let mut place = cell.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = &*place {
            return Ok(Arc::clone(value));
        }
        let value = Arc::new(make()?);
        *place = Some(Arc::clone(&value));
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_made_once_for_each_state_and_a_failure_is_not_kept() {
        let kept: Kept<&str, u32> = Kept::new(2);
        let get = |state, key, made: Result<u32, ()>| kept.get(state, key, || made).map(|value| *value);
        assert_eq!(get(1, "a", Err(())), Err(()));
        assert_eq!(get(1, "a", Ok(1)), Ok(1));
        assert_eq!(get(1, "a", Ok(2)), Ok(1));
        assert_eq!(get(2, "a", Ok(3)), Ok(3));
        assert_eq!((get(2, "b", Ok(4)), get(2, "c", Ok(5))), (Ok(4), Ok(5)));
        assert_eq!(get(2, "a", Ok(6)), Ok(6), "there is room for two");
    }
}
