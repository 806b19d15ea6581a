//! The labels of examples, and the predictions that match them.

use crate::error::{Result, require};

/// Checks that there is a label for each of `n` examples, and each is one of `classes` classes.
///
/// # Errors
/// [`Error::Setting`](crate::Error::Setting) with the number of labels, or with the first beyond the classes.
pub(crate) fn check_labels(labels: &[u8], n: usize, classes: usize) -> Result<()> {
    let one_each = format_args!("one for each of {n} examples");
    require(labels.len() == n, "labels", one_each, labels.len())?;
    let is_class = |label: &u8| usize::from(*label) < classes;
    let check = |label| require(is_class(label), "labels", format_args!("below {classes}"), label);
    labels.iter().try_for_each(check)
}

/// The fraction of predictions that are the label, 0 to 1.
///
/// # Errors
/// [`Error::Setting`](crate::Error::Setting) unless there is a label for each prediction.
pub(crate) fn accuracy(predictions: &[u8], labels: &[u8]) -> Result<f64> {
    check_labels(labels, predictions.len(), 256)?;
    let correct = predictions.iter().zip(labels).filter(|(prediction, label)| prediction == label);
    Ok(correct.count() as f64 / labels.len() as f64)
}
