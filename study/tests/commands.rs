//! The commands of `hinge-study`, as a shell and as a job array call them.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

/// Two linear models over three seeds, in a shard for each run.
const SWEEP: &str = r#"{
    "experiments": [{"epochs": 2, "train_examples": 20}, {"epochs": 2, "train_examples": 30}],
    "seeds": [4, 5, 6],
    "shard_minutes": 1e-9
}"#;

struct Folder(TempDir);

impl Folder {
    /// A folder with the sweep.
    fn new() -> Folder {
        let folder = Folder(tempfile::tempdir().expect("there is a folder"));
        fs::write(folder.path("sweep.json"), SWEEP).expect("it is written");
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The exit status of a command in the folder, and what it printed.
    fn run(&self, arguments: &str, variables: &[(&str, &str)]) -> (i32, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_hinge-study"))
            .args(arguments.split_whitespace())
            .current_dir(self.0.path())
            .env("PATH", "")
            .envs(variables.iter().copied())
            .output()
            .expect("it starts");
        let text = String::from_utf8([output.stdout, output.stderr].concat());
        (output.status.code().unwrap_or(-1), text.expect("it is text"))
    }
}

#[test]
fn a_study_is_run_shard_by_shard_collected_and_continued() {
    let folder = Folder::new();
    let (status, text) = folder.run("run s --sweep sweep.json --time-budget 0s", &[]);
    assert!(status == 3 && text.contains("0 of 6 shards are there; 0-5 are missing"), "{text}");
    assert_eq!(folder.run("shard s --index 0", &[]), (0, String::new()));
    for (name, index) in
        [("SLURM_ARRAY_TASK_ID", "2"), ("HQ_TASK_ID", "3"), ("JOB_COMPLETION_INDEX", "4")]
    {
        assert_eq!(folder.run("shard s", &[(name, index)]), (0, String::new()));
    }
    let (status, text) = folder.run("status s", &[]);
    assert!(status == 3 && text.contains("4 of 6 shards are there; 1,5 are missing"), "{text}");
    let (status, text) = folder.run("wait s", &[]);
    assert!(status == 3 && text.contains("There is no Slurm here: run it here"), "{text}");
    let (status, text) = folder.run("collect s --out some.parquet", &[]);
    assert!(status == 3 && text.contains("some.parquet has 4 of 6 runs."), "{text}");

    let (status, text) = folder.run("run s --threads 1", &[]);
    assert!(status == 0 && text.contains("s: all 6 shards are there."), "{text}");
    let (status, text) = folder.run("wait s", &[]);
    assert!(status == 0 && text.contains("s: all 6 shards are there."), "{text}");
    assert_eq!(
        folder.run("collect s --out all.csv", &[]),
        (0, "all.csv has 6 of 6 runs.\n".into())
    );
    let csv = fs::read_to_string(folder.path("all.csv")).expect("it is there");
    assert!(csv.starts_with("experiment,seed,epoch,train_loss"), "{csv}");
    assert_eq!(csv.lines().count(), 1 + 2 * 3 * 2);

    let (status, text) = folder.run("run again --sweep sweep.json --from some.parquet", &[]);
    assert!(status == 0 && text.contains("4 shards are taken from it"), "{text}");
}

#[test]
fn a_shard_that_slurm_has_already_is_not_submitted_again() {
    let folder = Folder::new();
    let with = |squeue: &str| {
        for (name, script) in [("squeue", squeue), ("sbatch", "echo $4 > array; echo 7")] {
            let path = folder.path(name);
            fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("it is written");
            fs::set_permissions(&path, Permissions::from_mode(0o755)).expect("it is ours");
        }
        let path = folder.0.path().display().to_string();
        let (_, text) = folder.run("submit s --sweep sweep.json", &[("PATH", &path)]);
        let array = fs::read_to_string(folder.path("array")).unwrap_or_default();
        let _ = fs::remove_file(folder.path("array"));
        (array, text)
    };
    let (array, text) = with("echo 0 RUNNING; echo 3 PENDING");
    assert!(array == "1-2,4-5\n" && text.contains("had 2 others already"), "{array}{text}");
    let (array, text) = with("for task in 0 1 2 3 4 5; do echo $task PENDING; done");
    assert!(array.is_empty() && text.contains("6 wait. There is nothing to submit"), "{text}");
    let (array, text) = with("echo the controller is away >&2; exit 1");
    assert!(array.is_empty() && text.contains("the controller is away; submit again"), "{text}");
}

#[test]
fn wrong_use_is_a_sentence_with_the_remedy() {
    let folder = Folder::new();
    let wrong = |arguments: &str, part: &str| {
        let (status, text) = folder.run(arguments, &[]);
        assert!(status == 2 && text.contains(part), "{arguments}: {status}, {text}");
    };
    wrong("run s", "expected study.json, found");
    wrong("run s --sweep none.json", "none.json: expected a sweep in JSON");
    fs::write(folder.path("typo.json"), r#"{"experiments": [{"epoch": 3}], "seeds": [1]}"#)
        .expect("it is written");
    wrong("run s --sweep typo.json", "unknown field `epoch`");
    folder.run("run s --sweep sweep.json --time-budget 0s", &[]);
    wrong("shard s", "Expected --index, or one of SLURM_ARRAY_TASK_ID");
    wrong("shard s --index 6", "expected a shard from 0 to 5, found 6");
    wrong("submit s", "expected Slurm's sbatch, found");
    fs::write(folder.path("other.json"), SWEEP.replace("30", "40")).expect("it is written");
    wrong("run s --sweep other.json", "found another one");
    fs::write(folder.path("file"), "").expect("it is written");
    let (status, text) = folder.run("run file/s --sweep sweep.json", &[]);
    assert!(status == 3 && text.contains("study.json cannot be written"), "{text}");
}

#[test]
fn a_portable_study_sets_its_variables_and_refuses_no_other_processor() {
    let folder = Folder::new();
    folder.run("run s --sweep sweep.json --portable", &[]);
    let (status, text) = folder.run("status s", &[]);
    assert_eq!(status, 0, "{text}");
    // The variables with which MKL takes this processor for an older one change nothing.
    let (status, text) = folder.run("shard s --index 0", &[("MKL_ENABLE_INSTRUCTIONS", "SSE4_2")]);
    assert_eq!(status, 0, "{text}");
}

#[test]
#[cfg(target_arch = "x86_64")]
fn another_arithmetic_is_refused() {
    let folder = Folder::new();
    folder.run("run s --sweep sweep.json", &[]);
    // The C library's functions then round otherwise; libtorch's products, which MKL_CBWR limits, have no part in scores.
    let (status, text) = folder.run("run s", &[("GLIBC_TUNABLES", "glibc.cpu.hwcaps=-FMA")]);
    assert!(status == 2 && text.contains("use processors of the same kind"), "{text}");
}
