//! The fraction of examples that are classified correctly.

use crate::error::{Error, Result};

/// The fraction of predictions that are the label, 0 to 1.
///
/// # Errors
/// [`Error::Setting`] unless there is a label for each prediction.
pub(crate) fn accuracy(predictions: &[u8], labels: &[u8]) -> Result<f64> {
    if predictions.len() != labels.len() {
        return Err(Error::setting(
            "labels",
            format!("one for each of {} examples", predictions.len()),
            labels.len(),
        ));
    }
    let correct = predictions.iter().zip(labels).filter(|(prediction, label)| prediction == label);
    Ok(correct.count() as f64 / labels.len() as f64)
}
