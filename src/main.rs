//! The binary: arguments, tracing, exit code.

fn main() {}
