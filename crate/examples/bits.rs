//! Prints the scores of a short run with all their digits: a kernel has to print the same.

use hinge::prelude::*;

fn main() -> hinge::Result<()> {
    let hidden: Experiment =
        Experiment { model: Model::hidden(600), epochs: 3, ..Experiment::default() };
    let run: Run = hidden.run(&Digits::synthetic(0), 5)?;
    println!("{:?}", run.records());
    Ok(())
}
