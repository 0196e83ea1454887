//! Which kinds of evidence are there that two entries are one work?
