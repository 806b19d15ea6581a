//! Computes studies: many experiments over many seeds, on one machine or on many.

use std::process::ExitCode;

fn main() -> ExitCode {
    hinge_study::main(None)
}
