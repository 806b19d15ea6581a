//! Products of examples with what a model's weights are combined of.
//!
//! With weights `W = X^T A + a * W0`, a combination of training images `X`, `[n, inputs]`, and of a start, the
//! logits of examples `Y`, `[m, inputs]`, are
//!
//! ```text
//! Y W = [Y X^T, Y W0] [A; a * I]
//! ```
//!
//! The first factor stays the same while the model is trained, so that it is computed once.

use super::sharded::{product, with_one};
use crate::error::Result;
use crate::nn::Logits;
use crate::nn::Loss;
use crate::runtime::threads::side_by_side;
use crate::train::examples::{Examples, Options};
use crate::train::score::Tally;
use crate::train::trainer::{BLOCK, matrix};
use tch::Tensor;

/// The weights of a model: `[A; a * I]`, `[n + classes, classes]`, column by column.
pub(super) type Combination = Vec<f64>;

/// `[Y X^T, Y W0]`, `[m, n + classes]`, block by block of rows.
pub(super) struct Products(Vec<Tensor>);

impl Products {
    /// The products of `examples` with `combined`, `[X; W0^T]`; all have a 1 appended, the input of the bias.
    pub fn new(examples: &Examples, combined: &Tensor, options: Options) -> Result<Products> {
        let blocks = examples.blocks(BLOCK);
        let blocks: Vec<(Examples, Tensor)> =
            blocks.map(|block| (examples.part(block), combined.tr())).collect();
        let products = |(block, combined): (Examples, Tensor)| {
            Ok(with_one(&block.all(options)?).matmul(&combined))
        };
        Ok(Products(side_by_side::<_, _, Result<_>>(blocks, products)?))
    }

    /// All rows.
    pub fn whole(&self) -> Tensor {
        Tensor::cat(&self.0, 0)
    }

    /// What the examples, which have these labels, count with each of some combinations. One product for
    /// several is faster than one for each, and the groups can be shared out among threads.
    pub fn tallies(&self, combinations: &[Combination], labels: &[u8], loss: Loss) -> Vec<Tally> {
        const TOGETHER: usize = 8;
        let groups = combinations.chunks(TOGETHER);
        let groups: Vec<_> = groups.map(|group| (self.share(), group)).collect();
        let tallies = |(products, group): (Products, &[Combination])| {
            products.tallies_together(group, labels, loss)
        };
        side_by_side::<_, _, Vec<_>>(groups, tallies).concat()
    }

    fn tallies_together(
        &self,
        combinations: &[Combination],
        labels: &[u8],
        loss: Loss,
    ) -> Vec<Tally> {
        let mut tallies = vec![Tally::default(); combinations.len()];
        let columns = matrix(&combinations.concat(), &self.0[0]).tr();
        for (block, labels) in self.0.iter().zip(labels.chunks(BLOCK)) {
            let logits = Logits::of(&product(block, &columns));
            for (row, label) in logits.rows().zip(labels) {
                // One combination's logits lie behind the other's.
                let rows = row.chunks_exact(row.len() / combinations.len());
                let each = tallies.iter_mut().zip(rows);
                each.for_each(|(tally, row)| tally.count(row, loss, *label));
            }
        }
        tallies
    }

    /// The same products, for another thread.
    pub fn share(&self) -> Products {
        Products(self.0.iter().map(Tensor::shallow_clone).collect())
    }
}
