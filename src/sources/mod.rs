//! Which kinds of source are there, and how is each recognised, addressed and read?
