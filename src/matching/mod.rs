//! Entry + candidates -> evidence -> verdict -> stories.

pub mod overrides;
pub mod partition;
pub mod settle;
pub mod stories;
