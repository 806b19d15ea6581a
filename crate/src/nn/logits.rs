//! Logits as numbers: a row for each example.

use super::Number;
use tch::kind::Element;
use tch::{Kind, Tensor};

/// The logits of some examples, `[n, classes]`.
///
/// Plain numbers, as ten an example are too few for tensors: the calls would cost more than the arithmetic.
#[derive(Clone, Debug, PartialEq)]
pub struct Logits {
    values: Vec<f64>,
    classes: usize,
}

impl Logits {
    /// The rows of a matrix `[n, classes]` of floats.
    pub(crate) fn from_tensor(tensor: &Tensor) -> Logits {
        Logits::new(numbers(tensor), tensor.size()[1] as usize)
    }

    /// Logits of `classes` classes, a row for each example.
    pub(crate) fn new(values: Vec<f64>, classes: usize) -> Logits {
        Logits { values, classes }
    }

    /// The number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The logits of each example, in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f64]> {
        self.values.chunks_exact(self.classes)
    }

    /// The class with the greatest logit of each example, the first among equals.
    pub fn predictions(&self) -> impl Iterator<Item = u8> {
        self.rows().map(prediction)
    }

    /// Whether every logit is a finite number.
    pub fn are_finite(&self) -> bool {
        self.values.iter().all(|value| value.is_finite())
    }
}

/// The entries of a tensor as doubles, row by row.
pub(crate) fn numbers(tensor: &Tensor) -> Vec<f64> {
    entries(&tensor.to_kind(Kind::Double))
}

/// The entries of a tensor of type `T`, row by row.
pub(crate) fn entries<T: Element + Copy + Default>(tensor: &Tensor) -> Vec<T> {
    let mut entries = vec![T::default(); tensor.numel()];
    tensor.copy_data(&mut entries, tensor.numel());
    entries
}

/// 1 if the prediction for an example with logits `s` is class `y`, else 0.
#[inline(always)]
pub(crate) fn is_predicted<N: Number>(s: &[N], y: usize) -> N {
    let one = N::from(1.);
    let of = |is_predicted: N, (j, s_j): (usize, &N)| {
        is_predicted * if j < y { one - s_j.is_at_least(s[y]) } else { s[y].is_at_least(*s_j) }
    };
    s.iter().enumerate().fold(one, of)
}

/// The class with the greatest of an example's logits, the first among equals.
pub(crate) fn prediction(row: &[f64]) -> u8 {
    let greater = |best: usize, class: usize| if row[class] > row[best] { class } else { best };
    (1..row.len()).fold(0, greater) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_are_those_of_the_tensor_however_it_lies_in_memory() {
        let tensor = Tensor::from_slice(&[1f32, 2., 3., 4., 5., 6.]).view([2, 3]);
        let rows =
            |tensor: &Tensor| Logits::from_tensor(tensor).rows().map(<[f64]>::to_vec).collect();
        let (straight, turned): (Vec<Vec<f64>>, Vec<Vec<f64>>) =
            (rows(&tensor), rows(&tensor.tr()));
        assert_eq!(straight, [[1., 2., 3.], [4., 5., 6.]]);
        assert_eq!(turned, [[1., 4.], [2., 5.], [3., 6.]]);
    }

    #[test]
    fn the_first_of_the_greatest_logits_is_predicted() {
        let tensor = Tensor::from_slice(&[0., 2., 2., -1., -3., -2.]).view([2, 3]);
        let logits = Logits::from_tensor(&tensor);
        assert_eq!(logits.predictions().collect::<Vec<_>>(), [1, 0]);
        let predicted = |row| [0, 1, 2].map(|class| is_predicted::<f64>(row, class));
        assert_eq!(logits.rows().map(predicted).collect::<Vec<_>>(), [[0., 1., 0.], [1., 0., 0.]]);
    }
}
