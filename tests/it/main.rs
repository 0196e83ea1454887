//! The one test binary: black-box tests, polling, recovery, properties, the house test.

mod feeds;
mod harness;
mod house;
mod stories;
