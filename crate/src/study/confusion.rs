//! Which digits are taken for which.

use super::Run;
use crate::data::CLASSES;

/// How often each digit was taken for each: `counts[label][prediction]` over the test images of a run.
///
/// ```
/// use hinge::prelude::*;
///
/// let mut confusion = Confusion { counts: [[0; 10]; 10] };
/// confusion.counts[1][1] = 6;
/// confusion.counts[7][7] = 1;
/// confusion.counts[7][1] = 3; // sevens taken for ones
/// assert_eq!(confusion.accuracy(), 7. / 10.);
/// let mistake = confusion.most_frequent_mistake();
/// assert_eq!((mistake.label, mistake.prediction, mistake.count), (7, 1, 3));
///
/// // Of a run: Confusion::of(&run)
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confusion {
    /// Rows are true labels, columns predictions.
    pub counts: [[usize; CLASSES]; CLASSES],
}

/// One kind of mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The true label.
    pub label: usize,
    /// The class predicted in its place.
    pub prediction: usize,
    /// How often.
    pub count: usize,
}

impl Confusion {
    /// Counts the predictions of `run` on its test images.
    pub fn of(run: &Run) -> Confusion {
        let mut counts = [[0; CLASSES]; CLASSES];
        let predictions = run.predict(&run.split.test);
        for (label, prediction) in run.split.test.labels().iter().zip(predictions) {
            counts[usize::from(*label)][usize::from(prediction)] += 1;
        }
        Confusion { counts }
    }

    /// The fraction classified rightly, 0 to 1: the sum of the diagonal over the sum of all counts.
    pub fn accuracy(&self) -> f64 {
        let right: usize = (0..CLASSES).map(|class| self.counts[class][class]).sum();
        right as f64 / self.counts.iter().flatten().sum::<usize>() as f64
    }

    /// The mistake made most often.
    pub fn most_frequent_mistake(&self) -> Mistake {
        let mistake = |label: usize, prediction: usize| Mistake {
            label,
            prediction,
            count: self.counts[label][prediction],
        };
        (0..CLASSES)
            .flat_map(|label| {
                (0..CLASSES).filter(move |prediction| *prediction != label).map(move |p| (label, p))
            })
            .map(|(label, prediction)| mistake(label, prediction))
            .fold(mistake(0, 1), |most, next| if next.count > most.count { next } else { most })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_mistake_is_off_the_diagonal() {
        let mut counts = [[0; CLASSES]; CLASSES];
        counts[4][4] = 90;
        counts[4][9] = 7;
        counts[9][4] = 3;
        let confusion = Confusion { counts };
        assert_eq!(
            confusion.most_frequent_mistake(),
            Mistake { label: 4, prediction: 9, count: 7 }
        );
        assert_eq!(confusion.accuracy(), 0.9);
    }
}
