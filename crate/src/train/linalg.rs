//! Products and selections of matrices, `[rows, columns]`.

use crate::runtime::threads::side_by_side;
use tch::Tensor;

/// How many rows go through a product at a time: few enough for 5 000 hidden units of each to stay in a
/// processor's cache.
pub(super) const BLOCK: usize = 256;

/// `x w`, `[n, k] x [k, m] -> [n, m]`. With few columns MKL is up to four times faster on contiguous ones.
pub(super) fn product(x: &Tensor, w: &Tensor) -> Tensor {
    const FEW: i64 = 16;
    if w.size()[1] < FEW { w.tr().matmul(&x.tr()).tr() } else { x.matmul(w) }
}

/// The Gram matrix `a b^T`, `[m, k] x [n, k] -> [m, n]`, with blocks of rows in parallel.
pub(super) fn gram(a: &Tensor, b: &Tensor) -> Tensor {
    let blocks = a.split(BLOCK as i64, 0).into_iter();
    let blocks: Vec<(Tensor, Tensor)> = blocks.map(|block| (block, b.tr())).collect();
    let products: Vec<Tensor> = side_by_side(blocks, |(a, b)| a.matmul(&b));
    Tensor::cat(&products, 0)
}

/// The rows at `indices`, which rise; all of them without a copy.
pub(super) fn rows(tensor: &Tensor, indices: &[usize]) -> Tensor {
    if indices.len() as i64 == tensor.size()[0] {
        return tensor.shallow_clone();
    }
    tensor.index_select(0, &index(indices))
}

/// Indices as a tensor.
pub(super) fn index(indices: &[usize]) -> Tensor {
    let indices: Vec<i64> = indices.iter().map(|index| *index as i64).collect();
    Tensor::from_slice(&indices)
}

/// `x`, `[n, inputs]`, with a column of ones, the input of the bias.
pub(super) fn with_one(x: &Tensor) -> Tensor {
    let one = Tensor::ones([x.size()[0], 1], (x.kind(), x.device()));
    Tensor::cat(&[x, &one], 1)
}

/// Numbers row by row as a matrix with the columns, kind and device of `like`.
pub(super) fn matrix(values: &[f64], like: &Tensor) -> Tensor {
    let values = Tensor::from_slice(values).view([-1, like.size()[1]]);
    values.to_kind(like.kind()).to_device(like.device())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_into_few_columns_is_the_same_product() {
        let x = Tensor::from_slice(&[1., 2., 3., 4., 5., 6.]).view([3, 2]);
        let w = Tensor::from_slice(&[1., -1., 2., 0.5]).view([2, 2]);
        assert_eq!(product(&x, &w), x.matmul(&w));
    }
}
