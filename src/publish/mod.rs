//! Bytes -> readers, over HTTP: ETag, 304, compressed once.
