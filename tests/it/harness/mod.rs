//! What do all black-box tests stand on? A scriptable origin, the program itself, and a client to ask it with.
#![expect(dead_code, reason = "each test takes what it needs of the harness")]

pub mod aggregator;
pub mod feed;
pub mod http;
pub mod origin;

pub use aggregator::{Aggregator, Story, spawn_aggregator};
pub use origin::{Answer, Origin};
