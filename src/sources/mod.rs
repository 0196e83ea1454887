//! What kinds of source are there, and what does one poll ask of each?
//!
//! To add a kind: one file with its [`SourceKind`], and its line in [`ALL`].

mod feed;
mod page;
mod poll;
mod substack;
mod wordpress;

pub use poll::{Poll, id_of, references};

use crate::model::SourceKind;

/// All kinds, in the order in which a document is shown to them: the first that recognises it has it.
pub const ALL: &[&SourceKind] = &[&substack::KIND, &wordpress::KIND, &feed::KIND, &page::KIND];

/// The kind of this name.
fn named(name: &str) -> Option<&'static SourceKind> {
    ALL.iter().copied().find(|kind| kind.name == name)
}
