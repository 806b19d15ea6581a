//! The program `hinge-study`, which computes studies on one machine or on many.
//!
//! A study with a loss or a transform of your own needs a program of your own, as functions cannot be written to a
//! file: it calls [`main`] with its sweep and has the same commands. See `examples/custom_loss.rs`.

use clap::error::ErrorKind;
use clap::{Arg, ArgMatches, Command, value_parser};
use hinge::prelude::*;
use hinge::study::{PORTABLE, is_portable};
use hinge::{Error, Result};
use std::env;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{self, ExitCode};
use std::time::Duration;

const HELP: &str = "\
Examples:
  hinge-study run studies/sizes --sweep sizes.json     begin a study and compute it on this machine
  hinge-study run studies/sizes --time-budget 30m      go on for half an hour
  hinge-study submit studies/sizes -- --partition=cpu --constraint=icelake
  hinge-study status studies/sizes
  hinge-study wait studies/sizes
  hinge-study collect studies/sizes --out sizes.parquet

MNIST_DIR names the folder with MNIST. Exit status: 0 if all is there, 3 if something is missing, 2 for wrong use.";

const MISSING: u8 = 3;
const WRONG: u8 = 2;

/// Where job arrays put a task's index: Slurm, HyperQueue, Kubernetes.
const INDICES: [&str; 3] = ["SLURM_ARRAY_TASK_ID", "HQ_TASK_ID", "JOB_COMPLETION_INDEX"];

/// Runs the program: with `sweep`, for the studies of that sweep alone.
pub fn main(sweep: Option<Sweep>) -> ExitCode {
    let outcome = match command(sweep.is_some()).try_get_matches() {
        Ok(matches) => run(sweep, &matches),
        Err(error) => {
            // To a closed output nothing can be said.
            let _ = error.print();
            let is_help =
                [ErrorKind::DisplayHelp, ErrorKind::DisplayVersion].contains(&error.kind());
            return if is_help { ExitCode::SUCCESS } else { WRONG.into() };
        }
    };
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    eprintln!("{error}");
    match error {
        Error::Study(_) | Error::Setting { .. } | Error::TooFew { .. } | Error::Data { .. } => {
            WRONG.into()
        }
        _ => MISSING.into(),
    }
}

fn command(has_sweep: bool) -> Command {
    let path = |name: &'static str| Arg::new(name).value_parser(value_parser!(PathBuf));
    let folder = || path("FOLDER").required(true).help("The folder of the study");
    let sweep = || {
        path("sweep")
            .long("sweep")
            .value_name("FILE")
            .hide(has_sweep)
            .help("Begin a new study of this sweep, a JSON file")
    };
    let portable = || {
        Arg::new("portable")
            .long("portable")
            .num_args(0)
            .help("Begin it with the same bits on every x86-64 processor, slower")
    };
    let threads = || {
        Arg::new("threads")
            .long("threads")
            .value_name("N")
            .value_parser(value_parser!(u16).range(1..))
    };
    let budget = Arg::new("budget")
        .long("time-budget")
        .value_name("TIME")
        .value_parser(humantime::parse_duration);
    let from = path("from").long("from").value_name("FILE");
    let from = from.help("Take the parts that this Parquet file has of it, which `collect` wrote");
    let index = Arg::new("index").long("index").value_name("N").value_parser(value_parser!(usize));
    let options = Arg::new("options")
        .last(true)
        .num_args(0..)
        .value_name("SBATCH_ARGS")
        .help("Options of sbatch");
    let out = path("out")
        .long("out")
        .value_name("FILE")
        .required(true)
        .help("A name that ends in .parquet, .csv or .json");
    Command::new("hinge-study")
        .version(hinge::VERSION)
        .about("Computes studies: many experiments over many seeds, on one machine or on many.")
        .after_help(HELP)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands([
            Command::new("run")
                .about("Computes what is missing on this machine; ended at any time, it goes on from there")
                .args([folder(), sweep(), portable()])
                .arg(from)
                .arg(budget.help("Compute only what can be finished in this time, as in 30m or 2h"))
                .arg(threads().help("Number of threads [default: one for each processor]")),
            Command::new("shard")
                .about("Computes one shard, unless it is there: a task of a job array")
                .arg(folder())
                .arg(index.help(format!("The shard's index, from 0 [default: {}]", INDICES.join(", "))))
                .arg(threads().help("Number of threads [default: SLURM_CPUS_PER_TASK, otherwise 1]")),
            Command::new("submit")
                .about("Submits what is missing to Slurm, as a job array")
                .args([folder(), sweep(), portable(), options]),
            Command::new("status").about("Says how far a study is, and whether Slurm works on it").arg(folder()),
            Command::new("wait").about("Waits until Slurm has computed all of a study").arg(folder()),
            Command::new("collect").about("Writes the scores of all runs to one file").args([folder(), out]),
        ])
}

fn run(sweep: Option<Sweep>, matches: &ArgMatches) -> Result<()> {
    let Some((name, matches)) = matches.subcommand() else { return Ok(()) };
    let Some(folder) = matches.get_one::<PathBuf>("FOLDER") else { return Ok(()) };
    // Only some commands have this argument.
    let file = matches.try_get_one::<PathBuf>("sweep").ok().flatten();
    let sweep = match file {
        Some(file) => Some(Sweep::read(file)?),
        None => sweep,
    };
    let read = || Study::read(folder, sweep.as_ref());
    let wants_portable =
        matches.try_contains_id("portable").is_ok_and(|has| has && matches.get_flag("portable"));
    let threads = matches.try_get_one::<u16>("threads").ok().flatten().copied();
    match name {
        "status" => {
            let status = read()?.status()?;
            if status.is_complete() {
                println!("{status}");
                return Ok(());
            }
            return Err(Error::Incomplete(status.to_string()));
        }
        "wait" => {
            let study = read()?;
            study.wait()?;
            println!("{}", study.status()?);
            return Ok(());
        }
        "collect" => {
            let study = read()?;
            if let Some(out) = matches.get_one::<PathBuf>("out") {
                println!("{}", study.save(out)?);
            }
            return study.check_complete();
        }
        _ => {}
    }
    let is_begun = name == "shard" || folder.join("study.json").exists();
    let begun = if is_begun { Some(read()?) } else { None };
    if begun.as_ref().map_or(wants_portable, Study::is_portable) && !is_portable() {
        return Err(start_portable());
    }
    let open = || match sweep.as_ref().or(begun.as_ref().map(Study::sweep)) {
        Some(sweep) => sweep.open(folder, &Digits::load()?),
        None => read(),
    };
    match name {
        "shard" => {
            use_threads(threads.or(variable("SLURM_CPUS_PER_TASK")?).or(Some(1)))?;
            let index = match matches.get_one::<usize>("index") {
                Some(index) => *index,
                None => index_of_task()?,
            };
            open()?.run_shard(index)
        }
        "submit" => {
            let study = open()?;
            let options = matches.get_many::<String>("options").unwrap_or_default().cloned();
            let program = env::current_exe()
                .map_err(|error| Error::Study(format!("This program has no path: {error}.")))?;
            println!("{}", study.submit(&Slurm { program, ..Slurm::new(options) })?);
            Ok(())
        }
        _ => {
            use_threads(threads)?;
            let study = open()?;
            if let Some(stored) = matches.get_one::<PathBuf>("from") {
                println!(
                    "{}: {} shards are taken from it.",
                    stored.display(),
                    study.restore(stored)?
                );
            }
            match matches.get_one::<Duration>("budget") {
                Some(budget) => study.run_for(*budget)?,
                None => study.run()?,
            }
            study.check_complete()?;
            println!("{}", study.status()?);
            Ok(())
        }
    }
}

/// Starts the program once more, with the variables that libtorch reads when it is loaded. Returns only if it fails.
fn start_portable() -> Error {
    let mut again = process::Command::new(
        env::current_exe().unwrap_or_else(|_| env::args_os().next().unwrap_or_default().into()),
    );
    Error::Study(format!(
        "The program cannot start itself: {}.",
        again.args(env::args_os().skip(1)).envs(PORTABLE).exec()
    ))
}

fn use_threads(threads: Option<u16>) -> Result<()> {
    let Some(threads) = threads else { return Ok(()) };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.into()).build_global();
    pool.map_err(|error| Error::Study(format!("{threads} threads cannot be used: {error}.")))
}

/// The number in an environment variable, if it is set.
fn variable<T: std::str::FromStr>(name: &str) -> Result<Option<T>> {
    let Ok(text) = env::var(name) else { return Ok(None) };
    let number = text
        .parse()
        .map_err(|_| Error::Study(format!("{name}: expected a number, found \"{text}\".")))?;
    Ok(Some(number))
}

fn index_of_task() -> Result<usize> {
    for name in INDICES {
        if let Some(index) = variable(name)? {
            return Ok(index);
        }
    }
    let expected = format!(
        "Which shard? Expected --index, or one of {} in a task of a job array",
        INDICES.join(", ")
    );
    Err(Error::Study(format!("{expected}; `hinge-study run` computes all of them.")))
}
