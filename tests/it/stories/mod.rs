//! Stories over time: histories against an oracle, sources that try to rob others, and what is recorded of it.

mod adversaries;
mod histories;
mod press;
mod record;
mod retention;
mod trust;
mod world;
