//! Entry + candidates -> evidence -> verdict -> stories.
//!
//! [`profile()`] takes an entry apart once. [`candidates`] finds the entries worth comparing it with, [`needs`] says
//! which sentence vectors a pair still lacks, and [`judge`] weighs all signals. Nothing here reads the store.

pub mod align;
pub mod archive;
pub mod calibration;
pub mod candidates;
pub mod corpus;
pub mod evaluation;
mod judge;
pub mod overrides;
pub mod partition;
pub mod profile;
pub mod rarity;
pub mod rivals;
pub mod settle;
pub mod stories;
pub mod text;
pub mod trees;

pub use judge::{Context, Figures, PRIOR, WINDOWS_ONLY, band, best_matches, figures, judge, needs, score, verdict};
pub use profile::{Profile, encode, profile};
