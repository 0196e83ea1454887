//! Stories over time: histories against an oracle, and sources that try to rob others.

mod adversaries;
mod histories;
mod world;
