//! feeds.toml -> Config, or every fault at once, each with its line.
