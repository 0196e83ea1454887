//! Source -> Document: conditional GET, politeness per host, address guard, limits.
