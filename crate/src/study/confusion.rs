//! Which digits are mistaken for which.

use super::Run;
use crate::data::CLASSES;
use crate::error::{Result, at_least};
use std::array::from_fn;

/// The confusion matrix: `counts[label][prediction]` test images with this label and this prediction.
///
/// ```
/// use hinge::prelude::*;
///
/// let mut counts = [[0; 10]; 10];
/// counts[1][1] = 6;
/// counts[7][7] = 1;
/// counts[7][1] = 3; // sevens that are mistaken for ones
/// let confusion = Confusion::from_counts(counts)?; // of a run: Confusion::new(&run)?
/// assert_eq!(confusion.accuracy(), 7. / 10.);
/// assert_eq!((confusion.recall(7), confusion.recall(2)), (Some(1. / 4.), None));
/// let mistake = confusion.most_frequent_mistake().unwrap();
/// assert_eq!((mistake.label, mistake.prediction, mistake.count), (7, 1, 3));
/// # Ok::<(), hinge::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confusion {
    counts: [[usize; CLASSES]; CLASSES],
}

/// One kind of mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The true label.
    pub label: usize,
    /// The class that is predicted instead.
    pub prediction: usize,
    /// The number of images.
    pub count: usize,
}

impl Confusion {
    /// Counts the predictions of `run` on its test images.
    ///
    /// # Errors
    /// As [`Run::evaluate`].
    pub fn new(run: &Run) -> Result<Confusion> {
        let mut counts = [[0; CLASSES]; CLASSES];
        let evaluation = run.evaluate(&run.split.test)?;
        for (label, prediction) in evaluation.labels().iter().zip(evaluation.predictions()) {
            counts[usize::from(*label)][usize::from(prediction)] += 1;
        }
        Confusion::from_counts(counts)
    }

    /// A matrix of these counts: rows are labels, columns predictions.
    ///
    /// # Errors
    /// [`Error::TooFew`](crate::Error::TooFew) if all counts are 0.
    pub fn from_counts(counts: [[usize; CLASSES]; CLASSES]) -> Result<Confusion> {
        at_least(1, "images", counts.as_flattened().iter().sum(), "Confusion matrix")?;
        Ok(Confusion { counts })
    }

    /// The sum of several matrices, such as those of all seeds.
    ///
    /// # Errors
    /// [`Error::TooFew`](crate::Error::TooFew) for no matrix.
    pub fn pooled(confusions: &[Confusion]) -> Result<Confusion> {
        let cell =
            |label: usize, class: usize| confusions.iter().map(move |one| one.counts[label][class]);
        Confusion::from_counts(from_fn(|label| from_fn(|class| cell(label, class).sum())))
    }

    /// The counts: rows are labels, columns predictions.
    pub fn counts(&self) -> &[[usize; CLASSES]; CLASSES] {
        &self.counts
    }

    /// The fraction classified correctly, 0 to 1: the sum of the diagonal over the sum of all counts.
    pub fn accuracy(&self) -> f64 {
        let correct: usize = (0..CLASSES).map(|class| self.counts[class][class]).sum();
        correct as f64 / self.counts.as_flattened().iter().sum::<usize>() as f64
    }

    /// The fraction of the images of `class` that is classified correctly, 0 to 1; `None` if there are none.
    pub fn recall(&self, class: usize) -> Option<f64> {
        let row = self.counts.get(class)?;
        let images: usize = row.iter().sum();
        (images > 0).then(|| row[class] as f64 / images as f64)
    }

    /// The most frequent mistake, of equals the first; `None` if every image is classified correctly.
    pub fn most_frequent_mistake(&self) -> Option<Mistake> {
        let mistake = |cell: usize| {
            let (label, prediction) = (cell / CLASSES, cell % CLASSES);
            Mistake { label, prediction, count: self.counts[label][prediction] }
        };
        let cells = (0..CLASSES * CLASSES).rev().map(mistake);
        cells.filter(|m| m.label != m.prediction && m.count > 0).max_by_key(|m| m.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_mistake_is_off_the_diagonal() -> Result<()> {
        let mut counts = [[0; CLASSES]; CLASSES];
        counts[4][4] = 90;
        counts[4][9] = 7;
        counts[9][4] = 3;
        let confusion = Confusion::from_counts(counts)?;
        let expected = Mistake { label: 4, prediction: 9, count: 7 };
        assert_eq!(confusion.most_frequent_mistake(), Some(expected));
        assert_eq!(confusion.accuracy(), 0.9);
        Ok(())
    }

    #[test]
    fn where_all_is_correct_there_is_no_mistake() -> Result<()> {
        let mut counts = [[0; CLASSES]; CLASSES];
        counts[3][3] = 5;
        assert_eq!(Confusion::from_counts(counts)?.most_frequent_mistake(), None);
        Ok(())
    }

    #[test]
    fn pooled_matrices_are_added_cell_by_cell() -> Result<()> {
        let matrix = |count| {
            let mut counts = [[0; CLASSES]; CLASSES];
            counts[4][9] = count;
            Confusion::from_counts(counts)
        };
        assert_eq!(Confusion::pooled(&[matrix(2)?, matrix(3)?])?, matrix(5)?);
        assert!(Confusion::pooled(&[]).is_err());
        Ok(())
    }

    #[test]
    fn rejects_a_matrix_of_no_images() {
        let error = Confusion::from_counts([[0; CLASSES]; CLASSES]).expect_err("it is empty");
        assert!(error.to_string().contains("1 or more images, found 0"), "{error}");
    }
}
