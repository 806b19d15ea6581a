//! The scores of runs as data frames, and as files for other programs.

use super::{Experiment, Record, Run, Runs, Seeds, parquet};
use crate::data::Source;
use crate::error::{Error, Result};
use crate::runtime::files;
use crate::train::Epoch;
use polars::prelude::{AnyValue, Column, DataFrame};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::iter;
use std::path::Path;

impl Run {
    /// The scores after each epoch that was scored.
    pub fn records(&self) -> Vec<Record> {
        records(self.seed, self.history()).collect()
    }

    /// A row for each epoch that was scored: seed, epoch, losses, and accuracies as fractions.
    ///
    /// # Errors
    /// [`Error::Table`] if polars cannot make a frame of them.
    pub fn frame(&self) -> Result<DataFrame> {
        Record::frame(&self.records())
    }

    /// Writes the scores to a file, as [`Runs::save`] does.
    ///
    /// # Errors
    /// [`Error::Write`] for a name with another ending, or if the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let settings = settings(&self.experiment, &self.split.source);
        save(path.as_ref(), &settings, &self.frame()?)
    }
}

impl Runs {
    /// The scores of each seed after each epoch that was scored.
    pub fn records(&self) -> Vec<Record> {
        let seeds = self.seeds.iter().zip(self.histories());
        seeds.flat_map(|(seed, history)| records(*seed, history)).collect()
    }

    /// A row for each seed and epoch that was scored: seed, epoch, losses, and accuracies as fractions.
    ///
    /// # Errors
    /// [`Error::Table`] if polars cannot make a frame of them.
    pub fn frame(&self) -> Result<DataFrame> {
        Record::frame(&self.records())
    }

    /// Writes the scores to a file: `NAME.csv` has a line for each seed and epoch, `NAME.parquet` the same in
    /// columns, both with the settings beside it in `NAME.settings.json`; `NAME.json` has both. Reading the numbers
    /// gives the same bits.
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
    /// [`Error::Write`] for a name with another ending, or if the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        save(path.as_ref(), &settings(&self.experiment, &self.source), &self.frame()?)
    }
}

pub(super) fn records(seed: Seeds, history: &[Epoch]) -> impl Iterator<Item = Record> {
    history.iter().map(move |scores| Record { seed, scores: *scores })
}

fn settings(experiment: &Experiment, source: &Source) -> Value {
    let data = source.to_string();
    json!({ "experiment": experiment, "data": data, "hinge": crate::VERSION })
}

/// Writes a frame and the settings that it came from.
pub(super) fn save(path: &Path, settings: &impl Serialize, frame: &DataFrame) -> Result<()> {
    let failed = |reason: String| Error::Write { path: path.into(), reason };
    let settings = serde_json::to_value(settings).map_err(|error| failed(error.to_string()))?;
    let scores = match path.extension().and_then(|ending| ending.to_str()) {
        Some("csv") => csv(frame)?.into_bytes(),
        Some("parquet") => parquet::bytes(frame, &settings.to_string())
            .map_err(|error| failed(error.to_string()))?,
        Some("json") => {
            let named = |column: &Column, row| Ok((column.name().to_string(), cell(column, row)?));
            let row = |row| frame.columns().iter().map(|column| named(column, row)).collect();
            let scores =
                (0..frame.height()).map(row).collect::<Result<Vec<Map<String, Value>>>>()?;
            let content = pretty(&json!({ "settings": settings, "scores": scores }));
            return files::write(path, content.as_bytes());
        }
        _ => return Err(failed("expected a name that ends in .csv, .json or .parquet".into())),
    };
    files::write(&path.with_extension("settings.json"), pretty(&settings).as_bytes())?;
    files::write(path, &scores)
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

/// The number in a row; as JSON writes it, reading it gives the same bits.
fn cell(column: &Column, row: usize) -> Result<Value> {
    Ok(match column.get(row)? {
        AnyValue::UInt64(count) => count.into(),
        AnyValue::Float64(score) => score.into(),
        other => other.to_string().into(),
    })
}

/// A line of names, then one for each row; numbers and names need no quotes.
fn csv(frame: &DataFrame) -> Result<String> {
    let line = |cell: &dyn Fn(&Column) -> Result<String>| -> Result<String> {
        Ok(frame.columns().iter().map(cell).collect::<Result<Vec<_>>>()?.join(",") + "\n")
    };
    let row = |row: usize| line(&|column| Ok(cell(column, row)?.to_string()));
    let names = line(&|column| Ok(column.name().to_string()));
    iter::once(names).chain((0..frame.height()).map(row)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Digits;
    use crate::train::Score;
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
    fn a_frame_has_a_row_for_each_seed_and_epoch() -> Result<()> {
        assert_eq!(runs()?.frame()?.shape(), (6, 6));
        Ok(())
    }

    #[test]
    fn csv_has_a_line_for_each_seed_and_epoch_and_the_settings_beside_it() -> Result<()> {
        let [text, settings] = saved("svm.csv", "svm.settings.json")?;
        let fields: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
        assert_eq!(fields.len(), 1 + 2 * 3);
        assert_eq!(fields[4][..2], ["5", "1"]);
        let loss: f64 = fields[4][2].parse().unwrap_or(f64::NAN);
        assert_eq!(loss, runs()?.records()[3].scores.train.loss);
        assert!(settings.contains("\"epochs\": 3"), "{settings}");
        Ok(())
    }

    #[test]
    fn json_has_the_settings_and_the_scores() -> Result<()> {
        let [text, none] = saved("svm.json", "svm.settings.json")?;
        assert_eq!(none, "");
        let value: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        assert_eq!(value["settings"]["experiment"]["loss"], "multi_margin");
        let last = runs()?.records()[5];
        assert_eq!(value["scores"][5]["seed"], last.seed.order);
        assert_eq!(value["scores"][5]["test_loss"], last.scores.test.loss);
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
        assert_eq!(names.join(","), csv(&Record::frame(&[])?)?.trim());

        let record = |row: Read<Row>| -> Read<Record> {
            let row = row?;
            let score = |loss: usize| -> Read<Score> {
                Ok(Score { loss: row.get_double(loss)?, accuracy: row.get_double(loss + 1)? })
            };
            let scores =
                Epoch { number: row.get_ulong(1)? as usize, train: score(2)?, test: score(4)? };
            Ok(Record { seed: row.get_ulong(0)?.into(), scores })
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
