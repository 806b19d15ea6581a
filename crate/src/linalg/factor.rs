//! A matrix that several others are multiplied by.

use super::lanes::Real;
use super::matrix::{Matrix, memory_of};
use super::product::{self, product};
use super::sparse::{AddProduct, Sparse};
use std::sync::Arc;
use tch::{Device, Kind, Tensor};

/// The left factor of products, on several threads. If most of its entries are equal, as the paper's in images are, only
/// the others are multiplied.
pub(crate) struct Factor {
    matrix: Tensor,
    entries: Entries,
}

#[derive(Clone)]
enum Entries {
    All,
    Floats(Arc<Sparse<f32>>),
    Doubles(Arc<Sparse<f64>>),
}

impl Factor {
    /// A factor that may have many equal entries.
    pub fn new(matrix: Tensor) -> Factor {
        let entries = match (matrix.device(), matrix.kind()) {
            _ if matrix.numel() == 0 => None,
            (Device::Cpu, Kind::Float) => sparse(&matrix).map(Entries::Floats),
            (Device::Cpu, Kind::Double) => sparse(&matrix).map(Entries::Doubles),
            _ => None,
        };
        Factor { matrix, entries: entries.unwrap_or(Entries::All) }
    }

    /// A factor with few equal entries.
    pub fn dense(matrix: Tensor) -> Factor {
        Factor { matrix, entries: Entries::All }
    }

    /// The product with `b`, `[m, k] x [k, n] -> [m, n]`.
    pub fn product(&self, b: &Tensor) -> Tensor {
        if let Entries::All = self.entries {
            return product(&self.matrix, b);
        }
        let size = [self.matrix.size()[0], b.size()[1]];
        let mut product = Tensor::zeros(size, (b.kind(), b.device()));
        self.add_product(&mut product, b);
        product
    }

    /// Adds the product with `b` to a matrix with contiguous rows.
    pub fn add_product(&self, to: &mut Tensor, b: &Tensor) {
        match &self.entries {
            Entries::Floats(a) => add_product(to, a, b),
            Entries::Doubles(a) => add_product(to, a, b),
            Entries::All => product::add_product(to, &self.matrix, b),
        }
    }
}

impl Clone for Factor {
    /// Another handle to the same memory.
    fn clone(&self) -> Factor {
        Factor { matrix: self.matrix.shallow_clone(), entries: self.entries.clone() }
    }
}

fn sparse<T: Real>(matrix: &Tensor) -> Option<Arc<Sparse<T>>> {
    Sparse::new(Matrix::of(matrix)).map(Arc::new)
}

fn add_product<T: Real>(to: &mut Tensor, a: &Sparse<T>, b: &Tensor) {
    if b.numel() == 0 {
        return;
    }
    let stride = to.stride()[0] as usize;
    T::run(AddProduct { to: memory_of(to), stride, a, b: Matrix::of(&b.contiguous()) });
}

#[cfg(test)]
mod tests {
    use super::super::testing::whole;
    use super::*;
    use crate::data::Digits;

    /// Whole numbers, so that sums are exact.
    fn digits() -> Tensor {
        Digits::synthetic(0).train.copies(&[0, 1, 2, 3, 4]).to_tensor() * 255
    }

    fn assert_products_are_those_of_libtorch(images: &Tensor) {
        for kind in [Kind::Float, Kind::Double] {
            let (images, weights) = (images.to_kind(kind), whole(784, 150).to_kind(kind));
            let factor = Factor::new(images.shallow_clone());
            assert!(!matches!(factor.entries, Entries::All));
            assert_eq!(factor.product(&weights), images.matmul(&weights));

            let (columns, gradient) = (images.tr(), whole(5, 150).to_kind(kind));
            let mut weights = weights;
            let expected = &weights + columns.matmul(&gradient);
            Factor::new(columns).add_product(&mut weights, &gradient);
            assert_eq!(weights, expected);
        }
    }

    #[test]
    fn the_product_of_images_is_that_of_libtorch() {
        assert_products_are_those_of_libtorch(&digits());
    }

    #[test]
    fn so_is_that_of_images_on_paper_that_is_not_zero() {
        assert_products_are_those_of_libtorch(&(digits() - 3));
    }

    #[test]
    fn so_is_that_of_images_each_on_paper_of_its_own() {
        let paper = Tensor::from_slice(&[0., 3., 0., 5., -1.]).view([5, 1]);
        assert_products_are_those_of_libtorch(&(digits() - paper));
    }

    #[test]
    fn to_part_of_a_matrix_it_is_added_there_alone() {
        let images = digits();
        let all = whole(7, 40);
        let expected = all.copy();
        let product = images.matmul(&whole(784, 20));
        let _ = expected.narrow(0, 1, 5).narrow(1, 8, 20).g_add_(&product);
        let mut part = all.narrow(0, 1, 5).narrow(1, 8, 20);
        Factor::new(images).add_product(&mut part, &whole(784, 20));
        assert_eq!(all, expected);
    }

    #[test]
    fn of_a_matrix_with_few_equal_entries_all_are_multiplied() {
        let factor = Factor::new(whole(5, 784));
        assert!(matches!(factor.entries, Entries::All));
        assert_eq!(factor.product(&whole(784, 3)), whole(5, 784).matmul(&whole(784, 3)));
    }
}
