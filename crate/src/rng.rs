//! The one source of randomness.
//!
//! Everything random in this crate comes from a [ChaCha8] generator that is made here from an explicit
//! seed. There is no global generator and no call to `torch.manual_seed`: the same seed gives the same bits
//! in a test, in a notebook cell and in a second run.
//!
//! [ChaCha8]: https://cr.yp.to/chacha.html

pub use rand::RngExt;
use rand::SeedableRng;
pub use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;

/// What random numbers are used for. Each purpose draws from a stream of its own, so that, for example,
/// another number of test examples does not change the initial weights of the same seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Which examples are drawn from a data set.
    Sampling,
    /// The initial weights and biases.
    Initialisation,
    /// The order of the examples in each epoch.
    Order,
    /// The random parameters of image augmentations.
    Augmentation,
    /// The shapes of the synthetic digits.
    Digits,
}

/// The generator of `stream` for `seed`.
///
/// ```
/// use hinge::rng::{RngExt, Stream, random};
///
/// let number = |seed, stream| random(seed, stream).random::<u64>();
/// assert_eq!(number(1, Stream::Order), number(1, Stream::Order));
/// assert_ne!(number(1, Stream::Order), number(2, Stream::Order));
/// assert_ne!(number(1, Stream::Order), number(1, Stream::Sampling));
/// ```
pub fn random(seed: u64, stream: Stream) -> ChaCha8Rng {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(stream as u64);
    random
}

/// A uniformly random order of `0..n`.
pub fn permutation(n: usize, random: &mut ChaCha8Rng) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    order.shuffle(random);
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_and_stream_give_the_same_numbers() {
        let draw = || permutation(50, &mut random(7, Stream::Order));
        assert_eq!(draw(), draw());
    }

    #[test]
    fn another_seed_or_stream_gives_other_numbers() {
        let orders = permutation(50, &mut random(7, Stream::Order));
        assert_ne!(orders, permutation(50, &mut random(8, Stream::Order)));
        assert_ne!(orders, permutation(50, &mut random(7, Stream::Sampling)));
    }

    #[test]
    fn a_permutation_holds_every_index_once() {
        let mut order = permutation(1_000, &mut random(0, Stream::Order));
        order.sort_unstable();
        assert_eq!(order, (0..1_000).collect::<Vec<_>>());
    }
}
