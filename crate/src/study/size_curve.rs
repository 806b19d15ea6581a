//! Learning curves over the number of training images.

use super::{Distribution, Interval, Runs};
use crate::error::{Result, at_least, require};
use crate::train::Metric;

/// A model's learning curve: a metric over seeds for several numbers of training images.
///
/// ```
/// use hinge::prelude::*;
///
/// let over_seeds = |mean: f64| Distribution::new(vec![mean - 0.01, mean + 0.01]);
/// let svm = SizeCurve::new("linear SVM", [(100, over_seeds(0.7)?), (10_000, over_seeds(0.9)?)])?;
/// // Halfway between the two accuracies, and halfway between the logarithms of the two sizes.
/// let worth = svm.worth(&over_seeds(0.8)?);
/// assert!((worth.images - 1_000.).abs() < 1e-6);
/// assert_eq!(worth.texts(), ["1000", "< 100", "> 10000"]); // two seeds say little
/// # Ok::<(), hinge::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct SizeCurve {
    /// The model: "linear SVM".
    pub name: String,
    /// The number of training images, and the metric over seeds.
    pub points: Vec<(usize, Distribution)>,
}

/// What a result is worth in training images, see [`SizeCurve::worth`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Worth {
    /// The number of images at which the curve's mean reaches the mean of the result.
    pub images: f64,
    /// Its interval.
    pub interval: Interval,
    /// The smallest and the largest size of the curve, beyond which it says nothing.
    sizes: [f64; 2],
}

impl SizeCurve {
    /// The curve through `points`, which may have any order.
    ///
    /// # Errors
    /// [`Error::TooFew`] for no point, [`Error::Setting`] for 0 images.
    pub fn new(
        name: impl Into<String>,
        points: impl IntoIterator<Item = (usize, Distribution)>,
    ) -> Result<SizeCurve> {
        let mut points: Vec<(usize, Distribution)> = points.into_iter().collect();
        points.sort_by_key(|(images, _)| *images);
        at_least(1, "points", points.len(), "Learning curve")?;
        require(points[0].0 > 0, "points", "at least 1 training image", 0)?;
        Ok(SizeCurve { name: name.into(), points })
    }

    /// The curve of `metric` after the last epoch, one point for each number of training images.
    ///
    /// # Errors
    /// As [`SizeCurve::new`] and [`Runs::last`].
    pub fn of_runs<'a>(
        name: &str,
        metric: Metric,
        runs: impl IntoIterator<Item = &'a Runs>,
    ) -> Result<SizeCurve> {
        let point = |runs: &Runs| Ok((runs.experiment.train_examples, runs.last(metric)?));
        SizeCurve::new(name, runs.into_iter().map(point).collect::<Result<Vec<_>>>()?)
    }

    /// The number of training images at which the curve first reaches a result, such as an accuracy of another model.
    ///
    /// Between its points the curve is linear in the logarithm of the number of images; a result beyond it counts as
    /// its smallest or largest size. The interval takes the lower end of the result's 95 % interval to the upper ends
    /// of the curve's, and the upper end to the lower ends, so it allows for the uncertainty of both.
    pub fn worth(&self, result: &Distribution) -> Worth {
        let ends = result.confidence_interval();
        Worth {
            images: self.reaches(result.mean(), Distribution::mean),
            interval: Interval {
                low: self.reaches(ends.low, |point| point.confidence_interval().high),
                high: self.reaches(ends.high, |point| point.confidence_interval().low),
            },
            sizes: [0, self.points.len() - 1].map(|i| self.points[i].0 as f64),
        }
    }

    fn reaches(&self, value: f64, height: impl Fn(&Distribution) -> f64) -> f64 {
        let points = self.points.iter().map(|(n, over_seeds)| (*n as f64, height(over_seeds)));
        let points: Vec<(f64, f64)> = points.collect();
        let above = points.iter().position(|(_, height)| value <= *height);
        match above {
            None => points[points.len() - 1].0,
            Some(0) => points[0].0,
            Some(i) => {
                let ((n, from), (next, to)) = (points[i - 1], points[i]);
                n * (next / n).powf((value - from) / (to - from))
            }
        }
    }
}

impl Worth {
    /// The number of images and the ends of its interval, rounded: `["1328", "868", "> 5000"]`.
    pub fn texts(&self) -> [String; 3] {
        let [least, most] = self.sizes;
        [self.images, self.interval.low, self.interval.high].map(|images| match images {
            _ if images <= least => format!("< {least}"),
            _ if images >= most => format!("> {most}"),
            _ => format!("{images:.0}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Means of 0.6, 0.7 and 0.9 at 10, 100 and 1 000 images, with 95 % intervals of ± 0.05.
    fn curve() -> SizeCurve {
        let points = [(1_000, 0.9), (10, 0.6), (100, 0.7)];
        SizeCurve::new("SVM", points.map(|(n, mean)| (n, over_seeds(mean)))).expect("three points")
    }

    /// Two values with this mean and a 95 % interval of ± 0.05: Student's 12.706 times half their distance.
    fn over_seeds(mean: f64) -> Distribution {
        let half = 0.05 / 12.706_204_736;
        Distribution::new(vec![mean - half, mean + half]).expect("two values")
    }

    #[test]
    fn between_two_points_images_are_interpolated_in_their_logarithm() {
        let worth = curve().worth(&over_seeds(0.8));
        assert!((worth.images - 100. * 10f64.sqrt()).abs() < 1e-6, "{worth:?}");
    }

    #[test]
    fn the_interval_allows_for_the_uncertainty_of_result_and_curve() {
        // 0.75 on the curve of upper ends, 0.65, 0.75, 0.95; 0.85 on that of lower ends, 0.55, 0.65, 0.85.
        let worth = curve().worth(&over_seeds(0.8));
        assert!((worth.interval.low - 100.).abs() < 1e-3, "{worth:?}");
        assert!((worth.interval.high - 1_000.).abs() < 1e-3, "{worth:?}");
    }

    #[test]
    fn what_lies_beyond_the_curve_is_worth_less_or_more_than_its_ends() {
        let [below, above] = [0.5, 0.99].map(|mean| curve().worth(&over_seeds(mean)).texts());
        assert_eq!((below[0].as_str(), above[0].as_str()), ("< 10", "> 1000"));
    }

    #[test]
    fn a_curve_needs_points_and_these_need_images() {
        let error = |points: Vec<_>| SizeCurve::new("SVM", points).unwrap_err().to_string();
        assert!(error(vec![]).contains("points"));
        assert!(error(vec![(0, over_seeds(0.1))]).contains("at least 1"));
    }
}
