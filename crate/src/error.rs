//! The crate's error: every case is a sentence that says what was expected and what was found.

use std::fmt;

/// `std::result::Result` with the crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong in this crate.
#[derive(thiserror::Error)]
pub enum Error {
    /// A file, a folder or an argument with data is not what is expected.
    #[error("{place}: expected {expected}, found {found}; {remedy}.")]
    Data {
        /// The path, or the name of the argument.
        place: String,
        /// What is expected there.
        expected: String,
        /// What is there instead.
        found: String,
        /// How to correct it.
        remedy: String,
    },

    /// A setting is outside its range.
    #[error("{field} must be {allowed}, but it is {found}.")]
    Setting {
        /// The field's name, as in the code.
        field: &'static str,
        /// The allowed range.
        allowed: String,
        /// The value found.
        found: String,
    },

    /// The network's outputs stopped being finite numbers.
    #[error(
        "Training diverged in epoch {epoch}, step {step}: with learning_rate {learning_rate} a logit is no longer \
         a finite number. A smaller learning_rate or weight_decay may help."
    )]
    Diverged {
        /// The epoch, counted from 1.
        epoch: usize,
        /// The step in it, counted from 1.
        step: usize,
        /// The learning rate it happened with.
        learning_rate: f64,
    },

    /// An image has no slant that could be removed.
    #[error(
        "Image {index} cannot be deskewed: expected ink in two rows or more, which have a slant."
    )]
    NoSlant {
        /// Its index, from 0.
        index: usize,
    },

    /// A statistic cannot be computed.
    #[error("The statistic cannot be computed: {0}.")]
    Statistics(String),

    /// Too few seeds, values or runs for what was to be computed.
    #[error("{purpose}: expected {needed} or more {what}, found {found}; give more of them.")]
    TooFew {
        /// What was to be computed.
        purpose: &'static str,
        /// What there are too few of.
        what: &'static str,
        /// The least number of them.
        needed: usize,
        /// The number that there are.
        found: usize,
    },

    /// Two sets of runs cannot be paired.
    #[error(
        "Runs can be paired only over the same seeds, but one has {left} and the other {right}: repeat both over \
         the same seeds, or take the first of the longer with `Runs::first`."
    )]
    Unpaired {
        /// The seeds of the first.
        left: String,
        /// The seeds of the second.
        right: String,
    },

    /// The published values, which are part of the crate, cannot be read.
    #[error("published.json, which is part of the crate, cannot be read: {0}.")]
    Published(String),

    /// The gradient of a custom loss is not that of the loss.
    #[error("The gradient must be that of the loss: {0}.")]
    Gradient(String),

    /// A file could not be written.
    #[error("{} cannot be written: {reason}.", path.display())]
    Write {
        /// The file.
        path: std::path::PathBuf,
        /// The operating system's reason, or what the name must be like.
        reason: String,
    },

    /// A figure could not be drawn.
    #[error("The figure could not be drawn: {0}.")]
    Figure(String),

    /// A value could not be shown while the cell runs.
    #[error("The value could not be shown: {0}.")]
    Notebook(String),

    /// The user interrupted the cell.
    #[error("Interrupted{reached}.")]
    Interrupted {
        /// How far the work came, behind a colon; nothing where that is not known.
        reached: String,
    },

    /// A study cannot be begun, continued or read.
    #[error("{0}")]
    Study(String),

    /// Parts of a study are missing.
    #[error("{0}")]
    Incomplete(String),

    /// A table could not be made.
    #[error("The table could not be made: {0}.")]
    Table(#[from] polars::error::PolarsError),
}

/// The error of a distribution whose parameters are impossible.
pub(crate) fn statistics(error: impl fmt::Display) -> Error {
    Error::Statistics(error.to_string())
}

/// Checks that there are at least `needed` seeds, values or runs for `purpose`.
pub(crate) fn at_least(
    needed: usize,
    what: &'static str,
    found: usize,
    purpose: &'static str,
) -> Result<()> {
    if found >= needed { Ok(()) } else { Err(Error::TooFew { purpose, what, needed, found }) }
}

impl Error {
    pub(crate) fn setting(
        field: &'static str,
        allowed: impl Into<String>,
        found: impl ToString,
    ) -> Error {
        Error::Setting { field, allowed: allowed.into(), found: found.to_string() }
    }
}

/// Checks that a setting `holds`; otherwise it is an [`Error::Setting`].
pub(crate) fn require(
    holds: bool,
    field: &'static str,
    allowed: impl fmt::Display,
    found: impl fmt::Display,
) -> Result<()> {
    if holds { Ok(()) } else { Err(Error::setting(field, allowed.to_string(), found)) }
}

debug_as_display!(Error);
