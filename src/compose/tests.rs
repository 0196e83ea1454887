//! What stands in an edition, in which version?
