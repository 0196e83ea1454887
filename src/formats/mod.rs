//! Edition -> bytes: one file a format.
