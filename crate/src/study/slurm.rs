//! Studies on a cluster with Slurm.

use super::Study;
use super::study::{Missing, show_ranges};
use crate::error::{Error, Result};
use crate::runtime::{files, interrupt};
use sha2::{Digest, Sha256};
use std::fmt::{self, Display};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use std::{fs, io, thread};

/// How to submit a study to Slurm: as a job array with a task for each shard that is missing.
///
/// ```no_run
/// use hinge::prelude::*;
///
/// let digits = Digits::load()?;
/// let study = Sweep::new([Experiment::default()], 0..100).open("studies/svm", &digits)?;
/// let slurm = Slurm::new(["--partition=cpu", "--constraint=icelake"]);
/// println!("{}", study.submit(&slurm)?);
/// study.wait()?;
/// let runs = study.runs()?;
/// # Ok::<(), hinge::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slurm {
    /// The program that computes a shard; it needs libtorch and the digits on every node. Defaults to `hinge-study` on
    /// the `PATH`.
    pub program: PathBuf,
    /// Further options of `sbatch`.
    pub options: Vec<String>,
}

impl Slurm {
    /// With these options of `sbatch`.
    pub fn new<S: Into<String>>(options: impl IntoIterator<Item = S>) -> Slurm {
        let options = options.into_iter().map(Into::into).collect();
        Slurm { program: "hinge-study".into(), options }
    }
}

/// How far a study is.
pub struct Status {
    pub(super) missing: Missing,
    queue: SlurmQueue,
}

/// The tasks that Slurm has of a study.
enum SlurmQueue {
    NoSlurm,
    /// `squeue` fails, with its message: for example while the controller restarts.
    Unknown(String),
    Tasks(Vec<Task>),
}

/// A task that waits or runs.
struct Task {
    shard: usize,
    is_waiting: bool,
}

impl SlurmQueue {
    /// The tasks of the jobs of this name.
    fn read(job_name: &str) -> SlurmQueue {
        let name = format!("--name={job_name}");
        let options = ["--noheader", "--array", "--format=%K %T", &name];
        match Command::new("squeue").args(options).output() {
            Ok(output) if output.status.success() => {
                let text = String::from_utf8_lossy(&output.stdout);
                SlurmQueue::Tasks(text.lines().filter_map(Task::read).collect())
            }
            Ok(output) => {
                SlurmQueue::Unknown(String::from_utf8_lossy(&output.stderr).trim().into())
            }
            Err(_) => SlurmQueue::NoSlurm,
        }
    }

    fn has(&self, shard: usize) -> bool {
        matches!(self, SlurmQueue::Tasks(tasks) if tasks.iter().any(|task| task.shard == shard))
    }
}

impl Task {
    /// Reads "3 RUNNING": the index in the array, which is the shard, and the state.
    fn read(line: &str) -> Option<Task> {
        let (shard, state) = line.trim().split_once(' ')?;
        let is_waiting =
            ["PENDING", "REQUEUED", "REQUEUE_HOLD", "SUSPENDED"].contains(&state.trim());
        Some(Task { shard: shard.parse().ok()?, is_waiting })
    }
}

impl Status {
    /// Whether all parts are there.
    pub fn is_complete(&self) -> bool {
        self.missing.missing.is_empty()
    }

    /// Whether shards are missing and Slurm has no task for any of them.
    pub fn is_abandoned(&self) -> bool {
        let is_known = !matches!(self.queue, SlurmQueue::Unknown(_));
        !self.is_complete() && is_known && self.left().len() == self.missing.missing.len()
    }

    /// How long to wait for parts while nobody is known to compute them.
    fn patience(&self) -> Duration {
        match self.queue {
            SlurmQueue::NoSlurm => Duration::ZERO,
            SlurmQueue::Unknown(_) => Duration::from_mins(10),
            // A shared disk may show a part some seconds after it was written.
            SlurmQueue::Tasks(_) if self.is_abandoned() => Duration::from_secs(2),
            SlurmQueue::Tasks(_) => Duration::MAX,
        }
    }

    /// The missing shards for which Slurm has no task.
    fn left(&self) -> Vec<usize> {
        let missing = self.missing.missing.iter().copied();
        missing.filter(|shard| !self.queue.has(*shard)).collect()
    }
}

/// "curves: 40 of 48 shards are there; 3,41-47 are missing, about 80 min of one core. Slurm runs 2 tasks of it, and 6
/// wait."
impl Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.", self.missing)?;
        if self.is_complete() {
            return Ok(());
        }
        match &self.queue {
            SlurmQueue::NoSlurm => {
                write!(f, " There is no Slurm here: run it here, or submit it on a cluster.")
            }
            SlurmQueue::Unknown(reason) => write!(f, " Slurm does not say what it has: {reason}."),
            SlurmQueue::Tasks(_) if self.is_abandoned() => {
                write!(f, " Slurm has no task for them: submit it again, or run it here.")
            }
            SlurmQueue::Tasks(tasks) => {
                let waiting = tasks.iter().filter(|task| task.is_waiting).count();
                let running = tasks.len() - waiting;
                write!(f, " Slurm runs {running} tasks of it, and {waiting} wait.")
            }
        }
    }
}

impl Study {
    /// Submits the shards that are missing and for which Slurm has no task yet, as a job array. It writes
    /// `study.sbatch` and, while tasks run, `logs/`. Returns a sentence about it.
    ///
    /// # Errors
    /// [`Error::Study`] if Slurm is not there, does not say which tasks it has, or refuses, and [`Error::Write`].
    pub fn submit(&self, slurm: &Slurm) -> Result<String> {
        let status = self.status()?;
        let shards = status.left();
        if shards.is_empty() {
            return Ok(format!("{status} There is nothing to submit."));
        }
        if let SlurmQueue::Unknown(reason) = &status.queue {
            return Err(Error::Study(format!(
                "Slurm does not say whether it has tasks of the study: {reason}; submit again later."
            )));
        }
        let failed = |path: &Path, error: io::Error| Error::Write {
            path: path.into(),
            reason: error.to_string(),
        };
        let folder = fs::canonicalize(&self.folder).map_err(|error| failed(&self.folder, error))?;
        let (logs, script) = (folder.join("logs"), folder.join("study.sbatch"));
        fs::create_dir_all(&logs).map_err(|error| failed(&logs, error))?;
        let quoted =
            |path: &Path| format!("'{}'", path.display().to_string().replace('\'', r"'\''"));
        let text = format!(
            "#!/bin/sh\n#SBATCH --requeue\n#SBATCH --output=\"{}/%A_%a.out\"\nexec {} shard {}\n",
            logs.display(),
            quoted(&slurm.program),
            quoted(&folder),
        );
        files::write(&script, text.as_bytes())?;
        let name = format!("--job-name={}", self.job_name());
        let mut sbatch = Command::new("sbatch");
        sbatch
            .args(&slurm.options)
            .args(["--parsable", &name, "--array", &show_ranges(&shards)])
            .arg(&script);
        let remedy = "submit on a cluster with Slurm, or run the study here";
        let output = sbatch.output().map_err(|error| {
            Error::Study(format!("expected Slurm's sbatch, found: {error}; {remedy}."))
        })?;
        if !output.status.success() {
            let reason = String::from_utf8_lossy(&output.stderr);
            return Err(Error::Study(format!("sbatch refuses the study: {}", reason.trim())));
        }
        let job = String::from_utf8_lossy(&output.stdout);
        let (job, folder) = (job.trim(), folder.display());
        let before = match status.missing.missing.len() - shards.len() {
            0 => String::new(),
            queued => format!(", and had {queued} others already"),
        };
        Ok(format!("Slurm has {} shards of {folder} as job {job}{before}.", shards.len()))
    }

    /// The name of the study's jobs: one for each folder.
    fn job_name(&self) -> String {
        let folder = fs::canonicalize(&self.folder).unwrap_or(self.folder.clone());
        format!(
            "hinge-{:.12}",
            format!("{:x}", Sha256::digest(folder.as_os_str().as_encoded_bytes()))
        )
    }

    /// How far the study is.
    ///
    /// # Errors
    /// [`Error::Study`] for settings that cannot be written.
    pub fn status(&self) -> Result<Status> {
        // In this order, as a task that ends in between has written its part.
        let queue = SlurmQueue::read(&self.job_name());
        Ok(Status { missing: self.progress()?, queue })
    }

    /// Waits until all parts are there.
    ///
    /// # Errors
    /// [`Error::Incomplete`] if shards are missing and Slurm has no task for them, is not there, or does not answer for
    /// ten minutes, and [`Error::Interrupted`].
    pub fn wait(&self) -> Result<()> {
        const BETWEEN: Duration = Duration::from_secs(2);
        const STEP: Duration = Duration::from_millis(100);
        let mut last_work = Instant::now();
        let mut last = String::new();
        loop {
            let status = self.status()?;
            if status.is_complete() {
                return Ok(());
            }
            let sentence = status.to_string();
            if last_work.elapsed() >= status.patience() {
                return Err(Error::Incomplete(sentence));
            }
            if matches!(status.queue, SlurmQueue::Tasks(_)) && !status.is_abandoned() {
                last_work = Instant::now();
            }
            if sentence != last {
                println!("{sentence}");
                last = sentence;
            }
            for _ in 0..BETWEEN.as_millis() / STEP.as_millis() {
                interrupt::check()?;
                thread::sleep(STEP);
            }
        }
    }
}
