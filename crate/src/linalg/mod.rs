//! Products and selections of matrices, `[rows, columns]`.

mod dense;
mod factor;
mod lanes;
mod matrix;
mod narrow;
mod pixels;
mod product;
mod rows;
mod sparse;

pub(crate) use factor::Factor;
pub(crate) use lanes::{Job, LANES, Lanes, Real};
pub(crate) use matrix::memory_of;
pub(crate) use pixels::{from_pixels, prefetch};
pub(crate) use product::{add_product, product, product_of_relu};
pub(crate) use rows::Rows;

use crate::runtime::threads::side_by_side;
use tch::Tensor;

/// How many rows go through a product at a time: few enough for 5 000 hidden units of each to stay in a
/// processor's cache.
pub(crate) const BLOCK: usize = 256;

/// The Gram matrix `a b^T`, `[m, k] x [n, k] -> [m, n]`, with blocks of rows in parallel.
pub(crate) fn gram(a: &Tensor, b: &Tensor) -> Tensor {
    let blocks = a.split(BLOCK as i64, 0).into_iter();
    let blocks: Vec<(Tensor, Tensor)> = blocks.map(|block| (block, b.tr())).collect();
    let products: Vec<Tensor> = side_by_side(blocks, |(a, b)| product(&a, &b));
    Tensor::cat(&products, 0)
}

/// The rows at `indices`, which rise; all of them without a copy.
pub(crate) fn rows(tensor: &Tensor, indices: &[usize]) -> Tensor {
    if indices.len() as i64 == tensor.size()[0] {
        return tensor.shallow_clone();
    }
    tensor.index_select(0, &index(indices))
}

/// Indices as a tensor.
pub(crate) fn index(indices: &[usize]) -> Tensor {
    let indices: Vec<i64> = indices.iter().map(|index| *index as i64).collect();
    Tensor::from_slice(&indices)
}

/// `x`, `[n, inputs]`, with a column of ones, the input of the bias.
pub(crate) fn with_one(x: &Tensor) -> Tensor {
    let one = Tensor::ones([x.size()[0], 1], (x.kind(), x.device()));
    Tensor::cat(&[x, &one], 1)
}

/// Numbers row by row as a matrix with the columns, kind and device of `like`.
pub(crate) fn matrix(values: &[f64], like: &Tensor) -> Tensor {
    let values = Tensor::from_slice(values).view([-1, like.size()[1]]);
    values.to_kind(like.kind()).to_device(like.device())
}

#[cfg(test)]
mod testing {
    use tch::{Device, Kind, Tensor};

    /// An `m x n` matrix of small whole numbers, of which sums are exact.
    pub fn whole(m: i64, n: i64) -> Tensor {
        let numbers = Tensor::arange(m * n, (Kind::Float, Device::Cpu));
        (numbers * 7).remainder(11).g_sub_scalar_(5).view([m, n])
    }
}
