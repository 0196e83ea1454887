//! The binary: arguments, tracing, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    tributary::cli::main()
}
