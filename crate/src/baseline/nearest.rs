//! Classification by the nearest training examples.

use crate::error::{Result, require};
use crate::features::{doubles, doubles_in_columns, fill_by_blocks, squared_distances};
use crate::nn::{Logits, accuracy, check_labels, prediction};
use tch::Tensor;

/// `k` nearest neighbours: an example has the class that most of the `k` training examples nearest to it have.
///
/// Among classes with equally many votes the smallest label wins, as in
/// [`sklearn.neighbors.KNeighborsClassifier`](https://scikit-learn.org/stable/modules/generated/sklearn.neighbors.KNeighborsClassifier.html);
/// among equally near examples the first counts.
///
/// ```
/// use hinge::baseline::NearestNeighbours;
/// use tch::Tensor;
///
/// let positions = Tensor::from_slice(&[0., 1., 10.]).view([3, 1]);
/// let nearest = |k| NearestNeighbours::new(k, &positions, &[7, 7, 2]);
/// let near_10 = Tensor::from_slice(&[9.]).view([1, 1]);
/// assert_eq!(nearest(1)?.predict(&near_10)?, [2]);
/// assert_eq!(nearest(3)?.predict(&near_10)?, [7]);
/// assert!(nearest(4).is_err());
/// # Ok::<(), hinge::Error>(())
/// ```
#[derive(Debug)]
pub struct NearestNeighbours {
    k: usize,
    features: Tensor, // [n, d]
    labels: Vec<u8>,
}

impl NearestNeighbours {
    /// Keeps training examples with `features`, `[n, d]`, and `labels`, `[n]`.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) unless `k` is from 1 to `n`, the features are a matrix of finite
    /// numbers, and each of its rows has a label.
    pub fn new(k: usize, features: &Tensor, labels: &[u8]) -> Result<NearestNeighbours> {
        let features = doubles(features)?;
        let n = features.size()[0] as usize;
        check_labels(labels, n, 256)?;
        let allowed = format_args!("from 1 to {n}, the number of examples");
        require((1..=n).contains(&k), "k", allowed, k)?;
        Ok(NearestNeighbours { k, features, labels: labels.to_vec() })
    }

    /// The class of each example with `features`, `[m, d]`.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) for anything but a matrix of finite numbers with the columns of the
    /// training features.
    pub fn predict(&self, features: &Tensor) -> Result<Vec<u8>> {
        let features = doubles_in_columns("features", features, self.features.size()[1] as usize)?;
        let (k, labels) = (self.k, &self.labels);
        Ok(fill_by_blocks(&features, 1, &[&self.features], |x, others, predicted| {
            let distances = Logits::from_tensor(&squared_distances(x, &others[0]));
            for (predicted, row) in predicted.iter_mut().zip(distances.rows()) {
                *predicted = vote(row, labels, k);
            }
        }))
    }

    /// The fraction of examples that are classified correctly, 0 to 1.
    ///
    /// # Errors
    /// As [`predict`](Self::predict), and [`Error::Setting`](crate::Error::Setting) unless there is a label for each
    /// example.
    pub fn accuracy(&self, features: &Tensor, labels: &[u8]) -> Result<f64> {
        accuracy(&self.predict(features)?, labels)
    }
}

/// The most frequent label of the `k` nearest, the smallest of several.
fn vote(distances: &[f64], labels: &[u8], k: usize) -> u8 {
    let mut order: Vec<usize> = (0..labels.len()).collect();
    let nearer = |a: &usize, b: &usize| distances[*a].total_cmp(&distances[*b]).then(a.cmp(b));
    order.select_nth_unstable_by(k - 1, nearer);
    let mut votes = [0.; 256];
    order[..k].iter().for_each(|i| votes[usize::from(labels[*i])] += 1.);
    prediction(&votes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(positions: &[f32]) -> Tensor {
        Tensor::from_slice(positions).view([-1, 1])
    }

    #[test]
    fn the_smallest_label_wins_among_equal_votes() -> Result<()> {
        let neighbours = NearestNeighbours::new(2, &line(&[0., 1.]), &[8, 3])?;
        assert_eq!(neighbours.predict(&line(&[0.1]))?, [3]);
        Ok(())
    }

    #[test]
    fn the_first_counts_among_equally_near_examples() -> Result<()> {
        let neighbours = NearestNeighbours::new(1, &line(&[1., -1.]), &[8, 3])?;
        assert_eq!(neighbours.predict(&line(&[0.]))?, [8]);
        Ok(())
    }

    #[test]
    fn a_training_example_is_its_own_nearest_neighbour() -> Result<()> {
        let data = crate::data::Digits::synthetic(0).sample(&Default::default())?.train;
        let pixels = data.to_tensor();
        assert_eq!(
            NearestNeighbours::new(1, &pixels, data.labels())?.accuracy(&pixels, data.labels())?,
            1.
        );
        Ok(())
    }

    #[test]
    fn k_is_from_1_to_the_number_of_examples() {
        for k in [0, 3] {
            let error = NearestNeighbours::new(k, &line(&[0., 1.]), &[0, 1]).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("k must be from 1 to 2, the number of examples, but it is {k}.")
            );
        }
    }

    #[test]
    fn features_that_do_not_fit_are_rejected() -> Result<()> {
        assert!(NearestNeighbours::new(1, &line(&[0., 1.]), &[0]).is_err());
        let neighbours = NearestNeighbours::new(1, &line(&[0., 1.]), &[0, 1])?;
        assert!(neighbours.predict(&Tensor::from_slice(&[0., 1.]).view([1, 2])).is_err());
        assert!(neighbours.accuracy(&line(&[0.]), &[]).is_err());
        Ok(())
    }
}
