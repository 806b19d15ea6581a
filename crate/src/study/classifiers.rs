//! Trained classifiers for the report's page "Try it", with digits to try them on.

use crate::data::{CLASSES, Digits, Images};
use crate::error::{Result, require};
use crate::features::{Hog, Representation};
use crate::nn::Network;

/// Trained classifiers. Shown by a notebook, they are what the report's page "Try it" runs on.
///
/// ```
/// use hinge::prelude::*;
///
/// let digits = Digits::synthetic(0);
/// let run = Experiment { epochs: 20, ..Experiment::default() }.run(&digits, 42)?;
/// let mut classifiers = Classifiers::new(&digits, run.split.train.len());
/// classifiers.add("linear SVM", Representation::Pixels, run.network())?;
///
/// let exact = Svm::default().fit(&run.split.train.to_tensor(), run.split.train.labels())?;
/// classifiers.add("exact linear SVM", Representation::Pixels, &exact.network()?)?;
/// # Ok::<(), hinge::Error>(())
/// ```
#[derive(Debug)]
pub struct Classifiers {
    /// The number of images that each was trained on.
    pub(crate) training_images: usize,
    /// The first test images; the page's predictions are compared with those made here.
    pub(crate) tested: Images,
    pub(crate) all: Vec<Classifier>,
}

/// A network on a representation of images.
#[derive(Debug)]
pub(crate) struct Classifier {
    pub name: String,
    pub sees: Representation,
    pub network: Network,
    /// The classes of the tested images.
    pub predictions: Vec<u8>,
}

impl Classifiers {
    /// The number of test images, the first of the data, that predictions are made of.
    pub const TESTED: usize = 200;

    /// The most bytes that the weights of all classifiers may take, two for each.
    pub const MOST_BYTES: usize = 600_000;

    /// No classifiers yet. All are trained on `training_images` images of `digits`.
    pub fn new(digits: &Digits, training_images: usize) -> Classifiers {
        let tested: Vec<usize> = (0..digits.test.len().min(Self::TESTED)).collect();
        Classifiers { training_images, tested: digits.test.copies(&tested), all: Vec::new() }
    }

    /// Adds a network that was trained on a representation of images.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) for a network that does not map the representation to ten logits, for
    /// HOG with other settings than the default, which the page does not know, and for more weights than
    /// [`MOST_BYTES`](Self::MOST_BYTES); [`Error::NoSlant`](crate::Error::NoSlant) for a test image that cannot be
    /// deskewed.
    pub fn add(&mut self, name: &str, sees: Representation, network: &Network) -> Result<()> {
        if let Representation::Hog(hog) | Representation::DeskewedHog(hog) = sees {
            let allowed = format_args!("{:?}, which the page computes", Hog::default());
            require(hog == Hog::default(), "representation", allowed, format_args!("{hog:?}"))?;
        }
        let (allowed, found) = (format_args!("of {CLASSES} classes"), network.classes());
        require(found == CLASSES, "network", allowed, format_args!("of {found}"))?;
        let networks = self.all.iter().map(|one| &one.network).chain([network]);
        let bytes = networks.map(weight_bytes).sum::<usize>();
        let allowed = format_args!("of at most {} bytes of weights", Self::MOST_BYTES);
        require(bytes <= Self::MOST_BYTES, "classifiers", allowed, format_args!("of {bytes}"))?;
        let logits = network.logits(&sees.extract(&self.tested)?)?;
        let predictions = logits.predictions().collect();
        let (name, network) = (name.to_string(), network.copy());
        self.all.push(Classifier { name, sees, network, predictions });
        Ok(())
    }

    /// The test images to choose from: the first of each digit that all classifiers predict correctly, three that the
    /// first classifier misclassifies and another does not, and three that all misclassify.
    pub(crate) fn examples(&self) -> Vec<usize> {
        let Classifiers { tested, all, .. } = self;
        let correct = |one: &Classifier, i: usize| one.predictions[i] == tested.label(i);
        let count = |i: usize| all.iter().filter(|one| correct(one, i)).count();
        let easy = |digit: u8| {
            (0..tested.len()).find(|i| tested.label(*i) == digit && count(*i) == all.len())
        };
        let is_first_wrong = |i: &usize| all.first().is_some_and(|first| !correct(first, *i));
        let wrong = || (0..tested.len()).filter(is_first_wrong);
        let some = wrong().filter(|i| count(*i) > 0).take(3);
        let none = wrong().filter(|i| count(*i) == 0).take(3);
        (0..CLASSES as u8).filter_map(easy).chain(some).chain(none).collect()
    }

    /// How many of the tested images a classifier predicts correctly.
    pub(crate) fn correct(&self, classifier: &Classifier) -> usize {
        let pairs = classifier.predictions.iter().zip(self.tested.labels());
        pairs.filter(|(prediction, label)| prediction == label).count()
    }
}

/// The bytes that a network's weights take in the page.
pub(crate) fn weight_bytes(network: &Network) -> usize {
    network.layers().iter().map(|layer| 2 * layer.weight.numel()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::Layer;
    use tch::{Kind, Tensor};

    /// Ten logits for `inputs` numbers, all zero but that of `class`.
    fn always(class: i64, inputs: i64) -> Network {
        let weight = Tensor::zeros([10, inputs], (Kind::Float, tch::Device::Cpu));
        let bias = Tensor::zeros([10], (Kind::Float, tch::Device::Cpu));
        let _ = bias.get(class).fill_(1.);
        Network::new(vec![Layer { weight, bias }]).expect("one layer")
    }

    #[test]
    fn examples_are_those_that_all_read_then_those_that_some_and_that_none_do() -> Result<()> {
        let digits = Digits::synthetic(0);
        let mut classifiers = Classifiers::new(&digits, 150);
        classifiers.add("always 3", Representation::Pixels, &always(3, 784))?;
        classifiers.add("always 5", Representation::Hog(Hog::default()), &always(5, 1_296))?;
        let labels: Vec<u8> =
            classifiers.examples().iter().map(|i| digits.test.label(*i)).collect();
        let (some, none) = labels.split_at(3);
        assert_eq!(some, [5, 5, 5]);
        assert!(none.len() == 3 && none.iter().all(|label| ![3, 5].contains(label)), "{none:?}");
        Ok(())
    }

    #[test]
    fn a_network_that_the_page_cannot_run_is_rejected() {
        let mut classifiers = Classifiers::new(&Digits::synthetic(0), 150);
        let mut error = |sees, network: &Network| {
            let added = classifiers.add("a", sees, network);
            added.expect_err("it does not fit").to_string()
        };
        let coarse = Hog { cell_side: 7, ..Hog::default() };
        assert!(error(Representation::Hog(coarse), &always(0, 324)).starts_with("representation"));
        assert!(error(Representation::Deskewed, &always(0, 1_296)).starts_with("x must be"));
        assert_eq!(
            error(Representation::Pixels, &always(0, 50_000)),
            "classifiers must be of at most 600000 bytes of weights, but it is of 1000000."
        );
    }
}
