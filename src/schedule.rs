//! When is a source polled next, and why then? Cron, Cache-Control, Retry-After, backoff, jitter (pure).
