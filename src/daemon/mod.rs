//! One loop over one closed enum of events.

pub mod control;
