//! The embedded server's child process alone, as the tests of this crate start it. The product's own binary has the
//! same behind a hidden subcommand.

use std::process::ExitCode;

fn main() -> ExitCode {
    ioc_storage::embedded::serve(std::env::args().skip(1))
}
