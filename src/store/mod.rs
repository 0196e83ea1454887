//! Changes -> Store, in one flushed batch; records with versions.
