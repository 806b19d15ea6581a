//! A study: a sweep that is computed in a folder, part by part.

use super::contents::{Contents, History, Settings};
use super::growing::GrowingCurve;
use super::guard::Guard;
use super::queue::{Planned, Queue};
use super::{Experiment, Runs, Seeds, Sweep, parquet, records};
use crate::data::Digits;
use crate::error::{Error, Result};
use crate::runtime::files;
use crate::runtime::progress::{Curve, Progress, show_seconds};
use crate::train::{Epoch, seconds};
use rayon::{ThreadPool, ThreadPoolBuilder};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::fmt::{self, Display};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;
use std::{fs, thread};

/// A sweep that is computed in a folder. Its runs are divided into shards; what a shard's runs gave is a *part*, a
/// Parquet file in `parts/`. A part is complete or absent, and the same bytes wherever it is computed, so several
/// processes and machines that share the folder may work on it, and any of them may be ended at any time.
///
/// `study.json` has the settings and the guard: code, data, libraries and arithmetic with which the study was begun.
/// A process with others is refused.
pub struct Study {
    pub(super) folder: PathBuf,
    sweep: Sweep,
    guard: Guard,
    shards: Vec<Range<usize>>,
    digits: Option<Digits>,
}

/// The content of `study.json`.
#[derive(Serialize, Deserialize)]
struct Frozen<S> {
    guard: Guard,
    sweep: S,
    /// The number of runs of each shard.
    shards: Vec<usize>,
}

impl Sweep {
    /// Opens the study of this sweep in a folder, which is made if need be.
    ///
    /// # Errors
    /// Invalid settings, [`Error::Study`] if the folder has another study, or one that was begun with other code,
    /// data, libraries or arithmetic, and [`Error::Write`].
    pub fn open(&self, folder: impl AsRef<Path>, digits: &Digits) -> Result<Study> {
        let (folder, path) = (folder.as_ref(), folder.as_ref().join("study.json"));
        if !path.exists() {
            self.validate(digits)?;
        }
        let guard = Guard::new(self, digits)?;
        if !path.exists() {
            let shards = self.shards().iter().map(Range::len).collect();
            let frozen = Frozen { guard: guard.clone(), sweep: self, shards };
            files::write(&path, format!("{:#}\n", json(&frozen)?).as_bytes())?;
        }
        let study = Study::read(folder, Some(self))?;
        guard.check(&study.guard, folder)?;
        Ok(Study { digits: Some(digits.clone()), ..study })
    }
}

fn fault(folder: &Path, expected: &str, found: impl Display, remedy: &str) -> Error {
    Error::Study(format!("{}: expected {expected}, found {found}; {remedy}.", folder.display()))
}

fn json(value: &impl Serialize) -> Result<Value> {
    serde_json::to_value(value).map_err(|error| Error::Study(error.to_string()))
}

impl Study {
    /// Reads a study that was begun, to see how far it is, to submit it or to collect it. Its sweep has to be given if
    /// it has losses or transforms of the user's own, of which the folder has only the names.
    ///
    /// # Errors
    /// [`Error::Study`] if there is none, if it is of another sweep, or if its settings are not known.
    pub fn read(folder: impl AsRef<Path>, sweep: Option<&Sweep>) -> Result<Study> {
        let folder = folder.as_ref();
        let none =
            |found: &dyn Display| fault(folder, "study.json", found, "begin a study with a sweep");
        let text = fs::read(folder.join("study.json")).map_err(|error| none(&error))?;
        let frozen: Frozen<Value> = serde_json::from_slice(&text).map_err(|error| none(&error))?;
        let sweep = match sweep {
            Some(sweep) if json(sweep)? == frozen.sweep => sweep.clone(),
            Some(_) => {
                let (found, remedy) =
                    ("another one", "give a new folder, or the sweep of this one");
                return Err(fault(folder, "the study of this sweep", found, remedy));
            }
            None => serde_json::from_value(frozen.sweep).map_err(|error| {
                let remedy = "losses and transforms of your own need the program that defines them";
                fault(folder, "settings that this program knows", error, remedy)
            })?,
        };
        let mut start = 0;
        let shards = frozen.shards.iter().map(|runs| {
            let shard = start..start + runs;
            start = shard.end;
            shard
        });
        let shards = shards.collect();
        if start != sweep.count() {
            return Err(none(&format_args!("shards of {start} runs instead of {}", sweep.count())));
        }
        Ok(Study { folder: folder.into(), sweep, guard: frozen.guard, shards, digits: None })
    }

    /// The sweep that it was begun with.
    pub fn sweep(&self) -> &Sweep {
        &self.sweep
    }

    /// Whether its bits are those of every x86-64 processor, see [`PORTABLE`](super::PORTABLE).
    pub fn is_portable(&self) -> bool {
        self.guard.portable
    }

    /// The number of shards.
    pub fn shards(&self) -> usize {
        self.shards.len()
    }

    /// The runs of some shards, by index, as settings.
    fn settings(&self, runs: Range<usize>) -> Vec<Settings> {
        let seeds = self.sweep.seeds.len();
        let of = |(index, experiment): (usize, &Experiment)| {
            let of_experiment =
                (index * seeds).max(runs.start)..((index + 1) * seeds).min(runs.end);
            let seeds = of_experiment.map(|run| self.sweep.run(run).1).collect::<Vec<_>>();
            (!seeds.is_empty()).then(|| Settings { experiment: experiment.clone(), seeds })
        };
        self.sweep.experiments.iter().enumerate().filter_map(of).collect()
    }

    /// The contents of a shard's part and, as their hash, its path.
    fn part(&self, shard: usize) -> Result<(Contents, String, PathBuf)> {
        let contents = Contents {
            guard: self.guard.clone(),
            settings: self.settings(self.shards[shard].clone()),
        };
        let text =
            serde_json::to_string(&contents).map_err(|error| Error::Study(error.to_string()))?;
        let name = format!("{:x}.parquet", Sha256::digest(&text));
        Ok((contents, text, self.folder.join("parts").join(name)))
    }

    /// The histories of a shard's runs, if its part is there and undamaged.
    fn histories(&self, shard: usize) -> Result<Option<Vec<History>>> {
        let (contents, text, path) = self.part(shard)?;
        let file = fs::read(path).ok().and_then(parquet::read);
        let rows = file.filter(|(found, _)| *found == text).map(|(_, rows)| rows);
        Ok(rows.map(|rows| contents.histories(rows).collect()))
    }

    /// The shards whose parts are missing or damaged.
    pub(super) fn missing(&self) -> Result<Vec<usize>> {
        let is_missing = |shard: &usize| self.histories(*shard).map(|part| part.is_none());
        (0..self.shards())
            .filter_map(|shard| is_missing(&shard).map(|is| is.then_some(shard)).transpose())
            .collect()
    }

    /// Computes all shards that are missing, on the threads of this machine.
    ///
    /// # Errors
    /// [`Error::Interrupted`], [`Error::Write`] and the errors of a run. The parts that are complete stay.
    pub fn run(&self) -> Result<()> {
        self.compute(&self.missing()?, None)
    }

    /// Computes the missing shards that can be finished within `budget`, by the time that those before them took.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_for(&self, budget: Duration) -> Result<()> {
        self.compute(&self.missing()?, Some(budget))
    }

    /// Computes one shard, counted from 0, unless its part is there.
    ///
    /// # Errors
    /// As [`run`](Self::run); [`Error::Study`] if there is no such shard.
    pub fn run_shard(&self, shard: usize) -> Result<()> {
        let last = self.shards() - 1;
        if shard > last {
            let expected = format!("a shard from 0 to {last}");
            return Err(fault(&self.folder, &expected, shard, "correct the index"));
        }
        if self.histories(shard)?.is_some() { Ok(()) } else { self.compute(&[shard], None) }
    }

    fn digits(&self) -> Result<&Digits> {
        let fault =
            || fault(&self.folder, "an opened study", "one that is only read", "use `Sweep::open`");
        self.digits.as_ref().ok_or_else(fault)
    }

    fn compute(&self, shards: &[usize], budget: Option<Duration>) -> Result<()> {
        let digits = self.digits()?;
        let of_shard = |shard: &usize| {
            let shard = *shard;
            let plan = move |run| Planned { shard, run, cost: seconds(self.sweep.run(run).0) };
            self.shards[shard].clone().map(plan)
        };
        let planned: Vec<_> = shards.iter().flat_map(of_shard).collect();
        let cost = planned.iter().map(|run| run.cost).sum();
        let what = format!("{}, runs", self.folder.display());
        let progress = Progress::weighted(what, planned.len(), cost);
        let pools = pools(planned.len())?;
        let queue = Queue::new(planned, pools.len(), budget);
        let mut unfinished = BTreeMap::new();
        let mut curves: HashMap<usize, GrowingCurve> = HashMap::new();
        let mut outcome = Ok(());
        thread::scope(|scope| {
            let (done, results) = mpsc::channel();
            for pool in &pools {
                let (done, queue) = (done.clone(), &queue);
                scope.spawn(move || pool.install(|| self.work(digits, queue, &done)));
            }
            drop(done);
            for (run, history) in results {
                let received = history
                    .and_then(|history| {
                        let grown = self.curve(&mut curves, run, &history);
                        progress.show(|| grown);
                        self.receive(&mut unfinished, run, history)
                    })
                    .and_then(|()| progress.advance_by(run.cost));
                if let (Err(error), true) = (received, outcome.is_ok()) {
                    queue.stop();
                    outcome = Err(error);
                }
            }
        });
        outcome.map_err(|error| progress.with_position(error))
    }

    /// Computes what the queue has, until it has nothing more.
    fn work(
        &self,
        digits: &Digits,
        queue: &Queue,
        done: &mpsc::Sender<(Planned, Result<History>)>,
    ) {
        while let Some(run) = queue.take() {
            let (experiment, seed) = self.sweep.run(run.run);
            let history = match experiment.run_with(digits, seed, |_| queue.check()) {
                Err(error @ Error::Diverged { .. }) => {
                    println!("{experiment}, seed {seed}: {error}");
                    Ok(History::new())
                }
                other => other.map(|run| run.history().to_vec()),
            };
            queue.finish(run);
            // Nobody receives it after an error.
            let _ = done.send((run, history));
        }
    }

    /// The learning curve of a run's experiment over the seeds that are computed now.
    fn curve(
        &self,
        curves: &mut HashMap<usize, GrowingCurve>,
        run: Planned,
        history: &[Epoch],
    ) -> Option<Curve> {
        let experiment = run.run / self.sweep.seeds.len();
        let curve = curves.entry(experiment).or_default().add(history)?;
        let label = format!("{}: {}", self.sweep.experiments[experiment], curve.label);
        Some(Curve { label, ..curve })
    }

    /// Keeps the history of a run, and writes its shard's part when that was the last one.
    fn receive(&self, unfinished: &mut Unfinished, run: Planned, history: History) -> Result<()> {
        let histories = unfinished.entry(run.shard).or_default();
        histories.insert(run.run, history);
        if histories.len() < self.shards[run.shard].len() {
            return Ok(());
        }
        let histories = unfinished.remove(&run.shard).unwrap_or_default();
        self.write(run.shard, histories.into_values().collect())
    }

    /// Writes a part, unless another process has written it meanwhile.
    fn write(&self, shard: usize, histories: Vec<History>) -> Result<()> {
        let (contents, text, path) = self.part(shard)?;
        if self.histories(shard)?.is_some() {
            return Ok(());
        }
        if path.exists() {
            println!(
                "{} was damaged and is replaced: its shard, {shard}, was computed again.",
                path.display()
            );
        }
        let frame = contents.frame(histories)?;
        let failed = |error: Box<dyn std::error::Error>| Error::Write {
            path: path.clone(),
            reason: error.to_string(),
        };
        files::write(&path, &parquet::bytes(&frame, &text).map_err(failed)?)
    }

    /// The histories of all runs whose parts are there, in the order of experiments, then seeds.
    fn all(&self) -> Result<BTreeMap<usize, History>> {
        let mut all = BTreeMap::new();
        for (shard, runs) in self.shards.iter().enumerate() {
            all.extend(runs.clone().zip(self.histories(shard)?.unwrap_or_default()));
        }
        Ok(all)
    }

    /// The runs of each experiment.
    ///
    /// # Errors
    /// [`Error::Incomplete`] names what is missing; [`Error::Study`] a run that diverged; [`Error::TooFew`] for a
    /// sweep over one seed.
    pub fn runs(&self) -> Result<Vec<Runs>> {
        let source = &self.digits()?.source;
        self.check_complete()?;
        let all = self.all()?;
        if let Some((run, _)) = all.iter().find(|(_, history)| history.is_empty()) {
            let (experiment, seed) = self.sweep.run(*run);
            let found = format_args!("that of {experiment}, seed {seed}, diverged");
            return Err(fault(&self.folder, "all training to end", found, "leave it out"));
        }
        let mut histories = all.into_values();
        let seeds = &self.sweep.seeds;
        let runs = |experiment: &Experiment| {
            let histories = histories.by_ref().take(seeds.len()).collect();
            Runs::new(experiment.clone(), source.clone(), seeds.clone(), histories)
        };
        self.sweep.experiments.iter().map(runs).collect()
    }

    /// Checks that all parts are there.
    ///
    /// # Errors
    /// [`Error::Incomplete`] names what is missing.
    pub fn check_complete(&self) -> Result<()> {
        let status = self.progress()?;
        if status.missing.is_empty() {
            Ok(())
        } else {
            Err(Error::Incomplete(format!("{status}.")))
        }
    }

    /// Writes the scores of all runs that are there to a file, as [`Runs::save`] does with those of one experiment; the
    /// column `experiment` is the experiment's number in the sweep, from 0. Returns a sentence about it.
    ///
    /// # Errors
    /// [`Error::Write`] for a name with another ending, or if the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<String> {
        let path = path.as_ref();
        let mut all = self.all()?;
        let contents =
            Contents { guard: self.guard.clone(), settings: self.settings(0..self.sweep.count()) };
        let histories = (0..self.sweep.count()).map(|run| all.remove(&run).unwrap_or_default());
        let histories: Vec<_> = histories.collect();
        let there = histories.iter().filter(|history| !history.is_empty()).count();
        records::save(path, &contents, &contents.frame(histories)?)?;
        Ok(format!("{} has {there} of {} runs.", path.display(), self.sweep.count()))
    }

    /// Takes the missing parts from a file that [`save`](Self::save) wrote, as far as it has all runs of them. Returns
    /// their number: none if the file is of other code, data, libraries or arithmetic.
    ///
    /// # Errors
    /// [`Error::Study`] if it is not such a file or is damaged, and [`Error::Write`].
    pub fn restore(&self, path: impl AsRef<Path>) -> Result<usize> {
        let (contents, histories) = Contents::read(path.as_ref())?;
        if contents.guard != self.guard {
            return Ok(0);
        }
        let name = |experiment: &Experiment| serde_json::to_string(experiment).unwrap_or_default();
        let of = |settings: &Settings| {
            let experiment = name(&settings.experiment);
            let run = |seed: &Seeds| (experiment.clone(), *seed);
            settings.seeds.iter().map(run).collect::<Vec<_>>()
        };
        let runs = contents.settings.iter().flat_map(of).zip(histories);
        let stored: HashMap<_, _> = runs.filter(|(_, history)| !history.is_empty()).collect();
        let find = |run: usize| {
            let (experiment, seed) = self.sweep.run(run);
            stored.get(&(name(experiment), seed)).cloned()
        };
        let mut restored = 0;
        for shard in self.missing()? {
            if let Some(histories) = self.shards[shard].clone().map(find).collect() {
                self.write(shard, histories)?;
                restored += 1;
            }
        }
        Ok(restored)
    }

    /// How far the study is.
    pub(super) fn progress(&self) -> Result<Missing> {
        let missing = self.missing()?;
        let runs = missing.iter().flat_map(|shard| self.shards[*shard].clone());
        let seconds = runs.map(|run| seconds(self.sweep.run(run).0)).sum();
        Ok(Missing { folder: self.folder.clone(), shards: self.shards(), missing, seconds })
    }
}

/// The histories of the shards under way, by shard and run.
type Unfinished = BTreeMap<usize, BTreeMap<usize, History>>;

/// A pool of threads for each of at most `runs` workers, which share this machine's. A thread that waits for another one
/// of its pool would begin a further run before it ends its own.
fn pools(runs: usize) -> Result<Vec<ThreadPool>> {
    let threads = rayon::current_num_threads();
    let workers = threads.min(runs);
    let pool = |_| ThreadPoolBuilder::new().num_threads(threads / workers).build();
    let pools = (0..workers).map(pool).collect::<std::result::Result<_, _>>();
    pools.map_err(|error| Error::Study(format!("Threads cannot be started: {error}.")))
}

/// The shards of a study that are missing.
pub(super) struct Missing {
    folder: PathBuf,
    shards: usize,
    pub missing: Vec<usize>,
    /// The estimated seconds that one core needs for them.
    seconds: f64,
}

/// "curves: 40 of 48 shards are there, missing are 3 and 41-47, about 80 min of one core"
impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Missing { folder, shards, missing, seconds } = self;
        let folder = folder.display();
        if missing.is_empty() {
            return write!(f, "{folder}: all {shards} shards are there");
        }
        let (there, list, time) =
            (shards - missing.len(), show_ranges(missing), show_seconds(*seconds));
        write!(
            f,
            "{folder}: {there} of {shards} shards are there; {list} are missing, about {time} of one core"
        )
    }
}

/// "0-3,7": ascending numbers, as Slurm and readers take them.
pub(super) fn show_ranges(numbers: &[usize]) -> String {
    let ranges = numbers.chunk_by(|a, b| a + 1 == *b);
    let show = |range: &[usize]| match range {
        [one] => one.to_string(),
        _ => format!("{}-{}", range[0], range[range.len() - 1]),
    };
    ranges.map(show).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::{CustomLoss, Loss, Sgd};
    use tempfile::TempDir;

    fn folder() -> TempDir {
        tempfile::tempdir().expect("there is a folder")
    }

    fn short() -> Experiment {
        Experiment { epochs: 2, train_examples: 20, test_examples: 10, ..Experiment::default() }
    }

    /// Two experiments over three seeds, in a shard for each run.
    fn sweep() -> Sweep {
        let other = Experiment { loss: Loss::CrossEntropy, ..short() };
        Sweep { shard_minutes: 1e-9, ..Sweep::new([short(), other], 4..7) }
    }

    /// The names and contents of all parts.
    fn parts(study: &Study) -> BTreeMap<PathBuf, Vec<u8>> {
        let files = fs::read_dir(study.folder.join("parts")).into_iter().flatten().flatten();
        files.map(|file| (file.path(), fs::read(file.path()).unwrap_or_default())).collect()
    }

    #[test]
    fn a_study_has_the_runs_of_its_experiments_on_any_number_of_threads() -> Result<()> {
        let (digits, sweep) = (Digits::synthetic(0), sweep());
        let mut all = Vec::new();
        for threads in [1, 4, 16] {
            let folder = folder();
            let study = sweep.open(&folder, &digits)?;
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.expect("there are threads").install(|| study.run())?;
            for runs in study.runs()? {
                assert_eq!(runs.records(), runs.experiment.repeat(&digits, 4..7)?.records());
            }
            all.push(parts(&study).into_values().collect::<Vec<_>>());
        }
        assert_eq!(all[0].len(), 6);
        assert!(all.iter().all(|parts| *parts == all[0]));
        Ok(())
    }

    #[test]
    fn a_part_that_is_not_as_it_was_written_is_computed_again() -> Result<()> {
        let (folder, digits) = (folder(), Digits::synthetic(0));
        let study = sweep().open(&folder, &digits)?;
        study.run()?;
        let whole = parts(&study);
        let (_, _, path) = study.part(2)?;
        let (_, _, other) = study.part(3)?;
        let part = &whole[&path];
        let flipped = (0..part.len()).step_by(part.len() / 9).map(|at| {
            let mut flipped = part.clone();
            flipped[at] ^= 1;
            flipped
        });
        let foreign = [vec![], part[..part.len() / 2].to_vec(), whole[&other].clone()];
        for damaged in flipped.chain(foreign) {
            fs::write(&path, damaged).expect("it is written");
            assert_eq!(study.missing()?, [2]);
            study.run()?;
            assert!(parts(&study) == whole);
        }
        Ok(())
    }

    #[test]
    fn two_at_once_give_each_part_once() -> Result<()> {
        let (folder, digits) = (folder(), Digits::synthetic(0));
        let run = || sweep().open(&folder, &digits)?.run();
        let (one, two) = rayon::join(run, run);
        one.and(two)?;
        let study = Study::read(&folder, None)?;
        study.check_complete()?;
        assert_eq!(parts(&study).len(), 6);
        Ok(())
    }

    #[test]
    fn another_study_other_data_and_another_libtorch_are_refused() -> Result<()> {
        let (folder, digits) = (folder(), Digits::synthetic(0));
        sweep().open(&folder, &digits)?;
        let message = |sweep: &Sweep, digits: &Digits| {
            sweep.open(&folder, digits).err().map_or(String::new(), |error| error.to_string())
        };
        let fewer = Sweep { seeds: vec![Seeds::from(4)], ..sweep() };
        assert!(message(&fewer, &digits).contains("found another one"));
        let other = message(&sweep(), &Digits::synthetic(1));
        assert!(other.contains("expected images with SHA-256"), "{other}");

        let path = folder.path().join("study.json");
        let text = fs::read_to_string(&path).expect("it is there");
        let (before, version) = text.split_once("\"libtorch\": \"").expect("it has a version");
        fs::write(&path, format!("{before}\"libtorch\": \"1{version}")).expect("it is written");
        let other = message(&sweep(), &digits);
        assert!(other.contains("expected libtorch 1"), "{other}");
        Ok(())
    }

    #[test]
    fn what_is_missing_is_named() -> Result<()> {
        let (folder, digits) = (folder(), Digits::synthetic(0));
        let study = sweep().open(&folder, &digits)?;
        study.run_for(Duration::ZERO)?;
        assert!(parts(&study).is_empty());
        study.run_shard(1)?;
        let error = study.runs().expect_err("there is one of six").to_string();
        assert!(error.contains("1 of 6 shards are there; 0,2-5 are missing"), "{error}");
        let error = study.run_shard(6).expect_err("there are six").to_string();
        assert!(error.contains("expected a shard from 0 to 5, found 6"), "{error}");
        Ok(())
    }

    #[test]
    fn a_run_that_diverges_is_named_and_has_no_rows() -> Result<()> {
        let (folder, digits) = (folder(), Digits::synthetic(0));
        let sgd = Sgd { learning_rate: 1e38, ..Sgd::default() };
        let wild = Experiment { sgd, loss: Loss::CrossEntropy, ..short() };
        let study = Sweep::new([short(), wild], 0..2).open(folder.path().join("study"), &digits)?;
        study.run()?;
        let error = study.runs().expect_err("it diverged").to_string();
        assert!(error.contains("seed 0, diverged"), "{error}");
        let saved = study.save(folder.path().join("all.csv"))?;
        assert!(saved.ends_with("has 2 of 4 runs."), "{saved}");
        Ok(())
    }

    #[test]
    fn a_study_with_a_loss_of_ones_own_needs_the_program_that_defines_it() -> Result<()> {
        let (folder, digits) = (folder(), Digits::synthetic(0));
        let loss = CustomLoss::new("zero", |_, _| 0., |s, _| vec![0.; s.len()])?.into();
        let sweep = Sweep::new([Experiment { loss, ..short() }], 0..2);
        sweep.open(&folder, &digits)?.run()?;
        Study::read(&folder, Some(&sweep))?.check_complete()?;
        let error =
            Study::read(&folder, None).err().map_or(String::new(), |error| error.to_string());
        assert!(error.contains("need the program that defines them"), "{error}");
        Ok(())
    }
}
