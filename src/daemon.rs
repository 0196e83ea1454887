//! One loop over one closed enum of events.
