//! One poll of one source: what is asked, in which order, until there is nothing more to ask?

use crate::fetch::Fetcher;
use crate::model::{Polled, Source, SourceState, Timestamp};
use crate::sources::Poll;

/// Asks a source all it has to be asked and reads the answers. Nothing is stored.
///
/// Waits inside [`Fetcher::get`] for the politeness of its domain. Parsing is CPU work: it blocks the calling worker
/// and hands that worker's other tasks on (so a runtime with several threads is needed).
pub async fn poll(
    fetcher: &Fetcher,
    source: &Source,
    state: SourceState,
    now: &(dyn Fn() -> Timestamp + Send + Sync),
) -> Polled {
    let mut poll = Poll::new(source, state, now());
    while let Some(ask) = poll.next() {
        let answer = fetcher.get(&ask, now).await.map_err(|error| error.failure());
        tokio::task::block_in_place(|| poll.answer(answer));
    }
    poll.finish()
}
