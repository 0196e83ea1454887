//! Stories over time: histories against an oracle.

mod histories;
mod world;
