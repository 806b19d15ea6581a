//! The scores of linear models from a Gram matrix.
//!
//! With weights `W = X^T A + a * W0`, a combination of training images `X`, `[n, inputs]`, and of a start, the
//! logits of examples `Y`, `[m, inputs]`, are
//!
//! ```text
//! Y W = [Y X^T, Y W0] [A; a * I]
//! ```
//!
//! The first factor is the Gram matrix of `Y` and `[X; W0^T]`. Training does not change it, so it is computed once.

use crate::nn::{Logits, Loss};
use crate::runtime::threads::side_by_side;
use crate::train::linalg::{BLOCK, matrix, product};
use crate::train::score::Tally;
use tch::Tensor;

/// The weights of a model: `[A; a * I]`, `[n + classes, classes]`, column by column.
pub(super) type Coefficients = Vec<f64>;

/// The tally of examples with the Gram matrix `[Y X^T, Y W0]`, `[m, n + classes]`, and these labels, for each of some
/// models. One product for several models is faster than one for each, and groups of models can be scored in parallel.
pub(super) fn tallies(
    gram: &Tensor,
    models: &[Coefficients],
    labels: &[u8],
    loss: Loss,
) -> Vec<Tally> {
    const TOGETHER: usize = 8;
    let groups = models.chunks(TOGETHER).map(|group| (gram.shallow_clone(), group)).collect();
    let tallies = |(gram, group): (Tensor, &[Coefficients])| of_group(&gram, group, labels, loss);
    side_by_side::<_, _, Vec<_>>(groups, tallies).concat()
}

fn of_group(gram: &Tensor, models: &[Coefficients], labels: &[u8], loss: Loss) -> Vec<Tally> {
    let mut tallies = vec![Tally::default(); models.len()];
    let columns = matrix(&models.concat(), gram).tr();
    for (block, labels) in gram.split(BLOCK as i64, 0).iter().zip(labels.chunks(BLOCK)) {
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
