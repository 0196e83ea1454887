//! Which entries need their page, and what is taken from it?
