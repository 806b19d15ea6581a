//! Logits as numbers: a row for each example.

use tch::{Kind, Tensor};

/// The logits of some examples: for each a row with one number a class.
///
/// Ten numbers an example are soon gone through; as tensors they would cost more in calls than in arithmetic.
#[derive(Clone, Debug, PartialEq)]
pub struct Logits {
    values: Vec<f64>,
    classes: usize,
}

impl Logits {
    /// The rows of a matrix `[n, classes]` of floats.
    pub(crate) fn of(tensor: &Tensor) -> Logits {
        let mut values = vec![0.; tensor.numel()];
        tensor.to_kind(Kind::Double).copy_data(&mut values, tensor.numel());
        Logits::new(values, tensor.size()[1] as usize)
    }

    /// Logits of `classes` classes, a row for each example.
    pub(crate) fn new(values: Vec<f64>, classes: usize) -> Logits {
        Logits { values, classes }
    }

    /// How many classes there are.
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

/// The class with the greatest of an example's logits, the first among equals.
pub(crate) fn prediction(row: &[f64]) -> u8 {
    let greater = |best: usize, class: usize| match row[class] > row[best] {
        true => class,
        false => best,
    };
    (1..row.len()).fold(0, greater) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_are_those_of_the_tensor_however_it_lies_in_memory() {
        let tensor = Tensor::from_slice(&[1f32, 2., 3., 4., 5., 6.]).view([2, 3]);
        let rows = |tensor: &Tensor| Logits::of(tensor).rows().map(<[f64]>::to_vec).collect();
        let (straight, turned): (Vec<Vec<f64>>, Vec<Vec<f64>>) =
            (rows(&tensor), rows(&tensor.tr()));
        assert_eq!(straight, [[1., 2., 3.], [4., 5., 6.]]);
        assert_eq!(turned, [[1., 4.], [2., 5.], [3., 6.]]);
    }

    #[test]
    fn the_first_of_the_greatest_logits_is_predicted() {
        let tensor = Tensor::from_slice(&[0., 2., 2., -1., -3., -2.]).view([2, 3]);
        assert_eq!(Logits::of(&tensor).predictions().collect::<Vec<_>>(), [1, 0]);
    }
}
