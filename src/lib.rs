//! tributary: one merged feed in which every work stands once.
//!
//! The rooms, in reading order.

pub mod cli;
pub mod clock;
pub mod compose;
pub mod config;
pub mod daemon;
pub mod demo;
pub mod encoders;
pub mod enrich;
pub mod explain;
pub mod fetch;
pub mod formats;
pub mod markup;
pub mod matching;
pub mod model;
pub mod normalise;
pub mod pages;
pub mod parse;
pub mod pipeline;
pub mod publish;
pub mod schedule;
pub mod signals;
pub mod sources;
pub mod store;
