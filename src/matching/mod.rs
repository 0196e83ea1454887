//! Entry + candidates -> evidence -> verdict -> stories.
