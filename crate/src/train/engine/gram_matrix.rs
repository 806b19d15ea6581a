//! The Gram matrix that scores a linear model.
//!
//! With weights `W = X^T A + a * W0`, a combination of training images `X`, `[n, inputs]`, and of a start, the
//! logits of examples `Y`, `[m, inputs]`, are
//!
//! ```text
//! Y W = [Y X^T, Y W0] [A; a * I]
//! ```
//!
//! The first factor is the Gram matrix of `Y` and `[X; W0^T]`. Training does not change it, so it is computed once.

use crate::error::Result;
use crate::nn::{Logits, Loss};
use crate::runtime::threads::side_by_side;
use crate::train::examples::{Examples, Options};
use crate::train::linalg::{BLOCK, matrix, product, with_one};
use crate::train::score::Tally;
use tch::Tensor;

/// The weights of a model: `[A; a * I]`, `[n + classes, classes]`, column by column.
pub(super) type Coefficients = Vec<f64>;

/// `[Y X^T, Y W0]`, `[m, n + classes]`, block by block of rows.
pub(super) struct GramMatrix(Vec<Tensor>);

impl GramMatrix {
    /// The Gram matrix of `examples` and `combined`, `[X; W0^T]`; all have a 1 appended, the input of the bias.
    pub fn new(examples: &Examples, combined: &Tensor, options: Options) -> Result<GramMatrix> {
        let blocks: Vec<(Examples, Tensor)> =
            examples.blocks().map(|block| (block, combined.tr())).collect();
        let gram = |(block, combined): (Examples, Tensor)| {
            Ok(with_one(&block.all(options)?).matmul(&combined))
        };
        Ok(GramMatrix(side_by_side::<_, _, Result<_>>(blocks, gram)?))
    }

    /// All rows.
    pub fn whole(&self) -> Tensor {
        Tensor::cat(&self.0, 0)
    }

    /// The tally of the examples, which have these labels, for each of some models. One product for several
    /// models is faster than one for each, and groups of models can be scored in parallel.
    pub fn tallies(&self, models: &[Coefficients], labels: &[u8], loss: Loss) -> Vec<Tally> {
        const TOGETHER: usize = 8;
        let groups: Vec<_> = models.chunks(TOGETHER).map(|group| (self.share(), group)).collect();
        let tallies = |(gram, group): (GramMatrix, &[Coefficients])| {
            gram.tallies_together(group, labels, loss)
        };
        side_by_side::<_, _, Vec<_>>(groups, tallies).concat()
    }

    fn tallies_together(&self, models: &[Coefficients], labels: &[u8], loss: Loss) -> Vec<Tally> {
        let mut tallies = vec![Tally::default(); models.len()];
        let columns = matrix(&models.concat(), &self.0[0]).tr();
        for (block, labels) in self.0.iter().zip(labels.chunks(BLOCK)) {
            let logits = Logits::from_tensor(&product(block, &columns));
            for (row, label) in logits.rows().zip(labels) {
                // The models' logits lie one behind the other.
                let rows = row.chunks_exact(row.len() / models.len());
                for (tally, row) in tallies.iter_mut().zip(rows) {
                    tally.count(row, loss, *label);
                }
            }
        }
        tallies
    }

    /// Another handle to the same matrix, for another thread.
    pub fn share(&self) -> GramMatrix {
        GramMatrix(self.0.iter().map(Tensor::shallow_clone).collect())
    }
}
