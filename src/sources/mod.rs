//! What kinds of source are there, and what does one poll ask of each?

use crate::model::{Ask, Document, Failure, Polled, Source, SourceKind, SourceState, Timestamp};

/// All kinds, in the order in which they are tried.
pub const ALL: &[&SourceKind] = &[];

/// One poll of one source, without I/O: ask [`Poll::next`], fetch, give the answer to [`Poll::answer`], until there is
/// nothing more to ask; then [`Poll::finish`].
///
/// ```ignore
/// let mut poll = Poll::new(&source, state, now);
/// while let Some(ask) = poll.next() {
///     let answer = fetcher.get(&ask, clock.now()).await.map_err(|e| e.failure());
///     poll.answer(answer);
/// }
/// let polled = poll.finish();
/// ```
pub struct Poll<'a> {
    source: &'a Source,
    state: SourceState,
}

impl<'a> Poll<'a> {
    /// Starts a poll of `source`, of which `state` was kept.
    pub fn new(source: &'a Source, state: SourceState, _now: Timestamp) -> Self {
        Self { source, state }
    }

    /// The next request to make.
    #[expect(clippy::should_implement_trait, reason = "the answer to one decides the next: it is no iterator")]
    pub fn next(&mut self) -> Option<Ask> {
        todo!("{}", self.source.url)
    }

    /// The answer to the request that [`Poll::next`] gave last. Parsing happens here: it is CPU work.
    pub fn answer(&mut self, answer: Result<Document, Failure>) {
        todo!("{answer:?}")
    }

    /// The entries and the new state.
    pub fn finish(self) -> Polled {
        todo!("{:?}", self.state)
    }
}
