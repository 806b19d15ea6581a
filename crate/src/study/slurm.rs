//! Studies on a cluster with Slurm.

use super::Study;
use super::study::{Missing, show_ranges};
use crate::error::{Error, Result};
use crate::runtime::{files, interrupt};
use sha2::{Digest, Sha256};
use std::fmt::{self, Display};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
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
    /// The tasks in Slurm that run and that wait; `None` without Slurm.
    tasks: Option<[usize; 2]>,
}

impl Status {
    /// Whether all parts are there.
    pub fn is_complete(&self) -> bool {
        self.missing.missing.is_empty()
    }

    /// Whether shards are missing and Slurm has no task for them.
    pub fn is_abandoned(&self) -> bool {
        !self.is_complete() && self.tasks == Some([0, 0])
    }
}

/// "curves: 40 of 48 shards are there; 3,41-47 are missing, about 80 min of one core. Slurm runs 2 tasks of it, and 6
/// wait."
impl Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.", self.missing)?;
        match self.tasks {
            _ if self.is_complete() => Ok(()),
            None => Ok(()),
            Some([0, 0]) => {
                write!(f, " Slurm has no task for them: submit it again, or run it here.")
            }
            Some([running, waiting]) => {
                write!(f, " Slurm runs {running} tasks of it, and {waiting} wait.")
            }
        }
    }
}

impl Study {
    /// Submits the missing shards as a job array. It writes `study.sbatch` and, while tasks run, `logs/`. Returns a
    /// sentence about it.
    ///
    /// # Errors
    /// [`Error::Study`] if `sbatch` is not there or refuses, and [`Error::Write`].
    pub fn submit(&self, slurm: &Slurm) -> Result<String> {
        let missing = self.missing()?;
        if missing.is_empty() {
            return Ok(format!("{}.", self.progress()?));
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
            .args(["--parsable", &name, "--array", &show_ranges(&missing)])
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
        Ok(format!(
            "Slurm has {} shards of {} as job {}.",
            missing.len(),
            folder.display(),
            job.trim()
        ))
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
        let tasks = self.tasks();
        Ok(Status { missing: self.progress()?, tasks })
    }

    fn tasks(&self) -> Option<[usize; 2]> {
        let name = format!("--name={}", self.job_name());
        let options = ["--noheader", "--array", "--format=%T", &name];
        let output = Command::new("squeue").args(options).output().ok()?;
        let states = String::from_utf8_lossy(&output.stdout);
        let count = |of: fn(&str) -> bool| states.lines().filter(|state| of(state.trim())).count();
        let is_waiting =
            |state: &str| ["PENDING", "REQUEUED", "REQUEUE_HOLD", "SUSPENDED"].contains(&state);
        let waiting = count(is_waiting);
        output.status.success().then(|| [count(|_| true) - waiting, waiting])
    }

    /// Waits until all parts are there.
    ///
    /// # Errors
    /// [`Error::Incomplete`] if shards are missing and Slurm has no task for them, and [`Error::Interrupted`].
    pub fn wait(&self) -> Result<()> {
        const BETWEEN: Duration = Duration::from_secs(2);
        const STEP: Duration = Duration::from_millis(100);
        let mut was_abandoned = false;
        let mut last = String::new();
        loop {
            let status = self.status()?;
            if status.is_complete() {
                return Ok(());
            }
            // Twice, as a shared disk may show a part some seconds after it was written.
            if status.is_abandoned() && was_abandoned {
                return Err(Error::Incomplete(status.to_string()));
            }
            was_abandoned = status.is_abandoned();
            let sentence = status.to_string();
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
