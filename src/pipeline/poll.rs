//! One poll of one source: what is asked, in which order, until there is nothing more to ask?

use crate::fetch::{Fetcher, Place};
use crate::model::{Failure, Polled, Source, SourceState, Timestamp};
use crate::sources::Poll;

/// Asks a source all it has to be asked and reads the answers. Nothing is stored.
///
/// Waits inside [`Fetcher::get_to_work`] for the politeness of its domain. The place among the documents at work is to be
/// held until the poll is stored. Parsing is CPU work: it blocks the calling worker
/// and hands that worker's other tasks on (so a runtime with several threads is needed).
pub async fn poll(
    fetcher: &Fetcher,
    source: &Source,
    state: SourceState,
    now: &(dyn Fn() -> Timestamp + Send + Sync),
) -> (Polled, Option<Place>) {
    let mut poll = Poll::new(source, state, now());
    let mut place = None;
    while let Some(ask) = poll.next() {
        // Who waits for a document holds no place: else all could wait for one another.
        drop(place.take());
        let answer = match fetcher.get_to_work(&ask, now).await {
            Ok((document, held)) => {
                place = held;
                Ok(document)
            }
            Err(error) => Err(error.failure()),
        };
        match &answer {
            Ok(document) if !document.body.is_empty() => tokio::task::block_in_place(|| poll.answer(answer)),
            // There is nothing to read: to hand the worker's other tasks on would cost more than all the rest.
            _ => poll.answer(answer),
        }
    }
    (poll.finish(), place)
}

/// A poll that asked nothing and failed.
pub fn failed(source: &Source, state: SourceState, failure: &Failure, now: Timestamp) -> Polled {
    let mut poll = Poll::new(source, state, now);
    while poll.next().is_some() {
        poll.answer(Err(failure.clone()));
    }
    poll.finish()
}
