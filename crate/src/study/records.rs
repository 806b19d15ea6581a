//! The numbers of runs, to be used elsewhere.

use super::{Experiment, Run, Runs};
use crate::error::{Error, Result};
use crate::runtime::files;
use crate::train::Epoch;
use serde::Serialize;
use serde_json::json;
use std::path::Path;

/// The scores of one seed after one epoch; accuracies are fractions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Record {
    /// The seed of the run.
    pub seed: u64,
    /// The epoch, counted from 1.
    pub epoch: usize,
    /// The mean loss on the training images.
    pub train_loss: f64,
    /// The fraction of the training images classified rightly.
    pub train_accuracy: f64,
    /// The mean loss on the test images.
    pub test_loss: f64,
    /// The fraction of the test images classified rightly.
    pub test_accuracy: f64,
}

impl Record {
    fn new(seed: u64, epoch: &Epoch) -> Record {
        Record {
            seed,
            epoch: epoch.number,
            train_loss: epoch.train.loss,
            train_accuracy: epoch.train.accuracy,
            test_loss: epoch.test.loss,
            test_accuracy: epoch.test.accuracy,
        }
    }
}

impl Run {
    /// The scores after each epoch that was scored.
    pub fn records(&self) -> Vec<Record> {
        let record = |epoch| Record::new(self.seed, epoch);
        self.history().iter().map(record).collect()
    }

    /// Writes the scores to a file, as [`Runs::save`] does.
    ///
    /// # Errors
    /// [`Error::Write`] for a name with another ending, or if it cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let source = self.split.source.to_string();
        save(path.as_ref(), &self.experiment, &source, &self.records())
    }
}

impl Runs {
    /// The scores of each seed after each epoch that was scored.
    pub fn records(&self) -> Vec<Record> {
        let seeds = self.seeds.iter().zip(self.histories());
        let records = |(seed, history): (&u64, &Vec<Epoch>)| {
            let record = |epoch| Record::new(*seed, epoch);
            history.iter().map(record).collect::<Vec<_>>()
        };
        seeds.flat_map(records).collect()
    }

    /// Writes the scores to a file: to `NAME.csv` a line for each seed and epoch, with the settings beside it in
    /// `NAME.settings.json`; to `NAME.parquet` the same, in columns; to `NAME.json` both. Floats are written so that
    /// reading gives the same bits.
    ///
    /// ```
    /// use hinge::prelude::*;
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let results = folder.path();
    /// let runs = Experiment { epochs: 3, ..Experiment::default() }.repeat(&Digits::synthetic(0), 0..2)?;
    /// runs.save(results.join("svm.csv"))?;
    /// let text = std::fs::read_to_string(results.join("svm.csv")).unwrap();
    /// assert!(text.starts_with("seed,epoch,train_loss,train_accuracy,test_loss,test_accuracy\n0,1,"));
    /// assert!(results.join("svm.settings.json").exists());
    /// # Ok::<(), hinge::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Write`] for a name with another ending, or if it cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let source = self.source.to_string();
        save(path.as_ref(), &self.experiment, &source, &self.records())
    }
}

fn save(path: &Path, experiment: &Experiment, source: &str, records: &[Record]) -> Result<()> {
    let settings = json!({
        "experiment": experiment,
        "data": source,
        "hinge": crate::VERSION,
    });
    let with_settings_beside = |scores: &[u8]| {
        let beside = path.with_extension("settings.json");
        files::write(&beside, pretty(&settings).as_bytes())?;
        files::write(path, scores)
    };
    let failed = |reason: String| Error::Write { path: path.into(), reason };
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("csv") => with_settings_beside(csv(records).as_bytes()),
        Some("parquet") => {
            let scores = super::parquet::bytes(records);
            with_settings_beside(&scores.map_err(|error| failed(error.to_string()))?)
        }
        Some("json") => {
            let all = json!({ "settings": settings, "scores": records });
            files::write(path, pretty(&all).as_bytes())
        }
        _ => Err(failed("expected a name that ends in .csv, .json or .parquet".into())),
    }
}

fn pretty(value: &serde_json::Value) -> String {
    format!("{value:#}\n")
}

/// Numbers alone: there is nothing to quote.
fn csv(records: &[Record]) -> String {
    let line = |record: &Record| {
        let Record { seed, epoch, train_loss, train_accuracy, test_loss, test_accuracy } = record;
        format!("{seed},{epoch},{train_loss},{train_accuracy},{test_loss},{test_accuracy}\n")
    };
    let heading = "seed,epoch,train_loss,train_accuracy,test_loss,test_accuracy\n";
    heading.to_string() + &records.iter().map(line).collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Digits;
    use std::fs;

    fn runs() -> Result<Runs> {
        let short = Experiment { epochs: 3, ..Experiment::default() };
        short.repeat(&Digits::synthetic(0), 4..6)
    }

    /// The text of a file that runs were saved to, and of another one beside it.
    fn saved(name: &str, beside: &str) -> Result<[String; 2]> {
        let folder = tempfile::tempdir().expect("there is a folder");
        let folder = folder.path().join("results");
        runs()?.save(folder.join(name))?;
        Ok([name, beside].map(|name| fs::read_to_string(folder.join(name)).unwrap_or_default()))
    }

    #[test]
    fn csv_has_a_line_for_each_seed_and_epoch_and_the_settings_beside_it() -> Result<()> {
        let [text, settings] = saved("svm.csv", "svm.settings.json")?;
        let fields: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
        assert_eq!(fields.len(), 1 + 2 * 3);
        assert_eq!(fields[4][..2], ["5", "1"]);
        let loss: f64 = fields[4][2].parse().unwrap_or(f64::NAN);
        assert_eq!(loss, runs()?.records()[3].train_loss);
        assert!(settings.contains("\"epochs\": 3"), "{settings}");
        Ok(())
    }

    #[test]
    fn json_has_the_settings_and_the_scores() -> Result<()> {
        let [text, none] = saved("svm.json", "svm.settings.json")?;
        assert_eq!(none, "");
        let value: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        assert_eq!(value["settings"]["experiment"]["loss"], "multi_margin");
        assert_eq!(value["scores"][5]["seed"], 5);
        Ok(())
    }

    #[test]
    fn parquet_has_the_same_numbers_under_their_names_and_the_settings_beside_it() -> Result<()> {
        use ::parquet::errors::Result as Read;
        use ::parquet::file::reader::{FileReader, SerializedFileReader};
        use ::parquet::record::{Row, RowAccessor};

        let folder = tempfile::tempdir().expect("there is a folder");
        runs()?.save(folder.path().join("svm.parquet"))?;
        assert!(folder.path().join("svm.settings.json").exists());

        let file = fs::File::open(folder.path().join("svm.parquet")).expect("it is there");
        let reader = SerializedFileReader::new(file).expect("it is Parquet");
        let schema = reader.metadata().file_metadata().schema_descr_ptr();
        let names: Vec<&str> = schema.columns().iter().map(|column| column.name()).collect();
        assert_eq!(names.join(","), csv(&[]).trim());

        let record = |row: Read<Row>| {
            let row = row?;
            Ok(Record {
                seed: row.get_ulong(0)?,
                epoch: row.get_ulong(1)? as usize,
                train_loss: row.get_double(2)?,
                train_accuracy: row.get_double(3)?,
                test_loss: row.get_double(4)?,
                test_accuracy: row.get_double(5)?,
            })
        };
        let rows = reader.get_row_iter(None).expect("it has rows");
        let records: Read<Vec<Record>> = rows.map(record).collect();
        assert_eq!(records.expect("they are numbers"), runs()?.records());
        Ok(())
    }

    #[test]
    fn another_ending_is_an_error_that_says_which_are_known() -> Result<()> {
        let error = runs()?.save("svm.xlsx").expect_err("it is not known");
        for ending in [".csv", ".json", ".parquet"] {
            assert!(error.to_string().contains(ending), "{error}");
        }
        Ok(())
    }
}
