//! Document -> RawEntry + Faults: what can be read is read.
