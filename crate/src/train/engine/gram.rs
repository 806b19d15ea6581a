//! SGD of a linear model in kernel form, on the Gram matrix of its images.
//!
//! A linear model `s = x W` that is trained by gradient descent on images `X`, `[n, inputs]`, stays a combination
//! of its start and of these images:
//!
//! ```text
//! W = a * W0 + X^T A
//! ```
//!
//! with coefficients `A`, `[n, classes]`. A minibatch with rows `j` and the gradient `G`, `[batch, classes]`, of its
//! logits has the gradient `X[j]^T G` in `W`. Every quantity linear in `W` then takes the same step of [`Sgd`], with
//! its own gradient:
//!
//! ```text
//! the logits Z = X W of all training images    K[:, j] G      with the Gram matrix K = X X^T
//! A                                            G in rows j
//! a                                            0
//! ```
//!
//! So a minibatch of 32 costs some 10 000 multiplications, too few for tensors to be worth their calls.
//!
//! Scores are computed from a Gram matrix, too: the logits of examples `Y`, `[m, inputs]`, are
//!
//! ```text
//! Y W = [Y X^T, Y W0] [A; a * I]
//! ```
//!
//! Training does not change the first factor, so it is computed once.

use crate::error::Result;
use crate::linalg::{BLOCK, Factor, Job, LANES, Lanes, Real, gram, matrix, product};
use crate::nn::{Layer, Logits, Loss, Network, Sgd, numbers};
use crate::runtime::threads::side_by_side;
use crate::train::examples::Examples;
use crate::train::score::Tally;
use crate::train::step::{Scoring, Step, Training};
use tch::Tensor;

/// A linear model on images that stay the same.
pub(super) struct GramEngine {
    classes: usize,
    /// `[X; W0^T]`, `[n + classes, inputs + 1]`; images have a 1 appended, the input of the bias.
    combined: Tensor,
    /// `K`, row by row.
    gram: Vec<f64>,
    /// `Z`, class by class.
    logits: Stepped,
    /// `A`, class by class.
    coefficients: Stepped,
    /// `a`
    scale: Stepped,
    /// `[Y X^T, Y W0]` of each set of scored examples.
    scored: [Tensor; 2],
    /// Models to score later.
    snapshots: Vec<Coefficients>,
}

/// The gradients of `Z` and `A`, class by class.
struct Gradients {
    logits: Vec<f64>,
    coefficients: Vec<f64>,
}

/// Numbers that take steps of [`Sgd`].
struct Stepped {
    values: Vec<f64>,
    velocities: Vec<f64>,
}

impl GramEngine {
    /// Training of the linear model `network` on the examples `train`.
    pub fn new(network: Network, train: &Examples, scored: &[Examples; 2]) -> Result<GramEngine> {
        let (options, layer) = (network.options(), &network.layers[0]);
        let (n, classes) = (train.count() as i64, layer.bias.size()[0]);
        let images = train.all_with_one(options)?;
        let start = Tensor::cat(&[&layer.weight, &layer.bias.unsqueeze(1)], 1);
        let combined = Tensor::cat(&[&images, &start], 0);
        let of_train = gram(&images, &combined);
        let of_scored = |examples: &Examples| -> Result<Tensor> {
            if examples == train {
                return Ok(of_train.shallow_clone());
            }
            let columns = combined.tr().contiguous();
            let blocks = examples.blocks().map(|block| (block, columns.shallow_clone())).collect();
            let gram = |(block, columns): (Examples, Tensor)| {
                Ok(Factor::new(block.all_with_one(options)?).product(&columns))
            };
            let grams: Result<Vec<Tensor>> = side_by_side(blocks, gram);
            Ok(Tensor::cat(&grams?, 0))
        };
        Ok(GramEngine {
            classes: classes as usize,
            gram: numbers(&of_train.narrow(1, 0, n)),
            logits: Stepped::new(numbers(&of_train.narrow(1, n, classes).tr())),
            coefficients: Stepped::new(vec![0.; (n * classes) as usize]),
            scale: Stepped::new(vec![1.]),
            scored: [of_scored(&scored[0])?, of_scored(&scored[1])?],
            combined,
            snapshots: Vec::new(),
        })
    }

    fn step(&mut self, step: &Step) -> Result<()> {
        let loss_gradient = step.loss_gradient(&self.logits_of(step.indices))?;
        let mut gradients = self.gradients(step.indices, &loss_gradient);
        if let Some(factor) = step.clip_factor(|| gradients.sum_of_squares()) {
            gradients.scale(factor);
        }
        self.logits.step(&gradients.logits, step.sgd());
        self.coefficients.step(&gradients.coefficients, step.sgd());
        self.scale.step(&[0.], step.sgd());
        Ok(())
    }

    /// The gradients, given the gradient `G` of the logits of the training images at `batch`.
    fn gradients(&self, batch: &[usize], loss_gradient: &[f64]) -> Gradients {
        let n = self.logits.values.len() / self.classes;
        let rows = batch.iter().zip(loss_gradient.chunks_exact(self.classes));
        let mut gradients = Gradients {
            logits: vec![0.; n * self.classes],
            coefficients: vec![0.; n * self.classes],
        };
        for (index, row) in rows.clone() {
            for (class, g) in row.iter().enumerate() {
                gradients.coefficients[class * n + index] = *g;
            }
        }
        let terms: Vec<Term> = rows
            .filter(|(_, row)| row.iter().any(|g| *g != 0.))
            .map(|(index, row)| (row, &self.gram[index * n..][..n]))
            .collect();
        f64::run(AddTerms { sums: &mut gradients.logits, n, terms: &terms });
        gradients
    }

    /// The logits of the training images at `indices`.
    fn logits_of(&self, indices: &[usize]) -> Logits {
        let n = self.logits.values.len() / self.classes;
        let mut values = Vec::with_capacity(indices.len() * self.classes);
        for index in indices {
            values.extend((0..self.classes).map(|class| self.logits.values[class * n + index]));
        }
        Logits::new(values, self.classes)
    }

    /// The model as trained so far: a column of weights for each class.
    fn model(&self) -> Coefficients {
        let n = self.coefficients.values.len() / self.classes;
        let mut columns = Vec::with_capacity((n + self.classes) * self.classes);
        for (class, coefficients) in self.coefficients.values.chunks_exact(n).enumerate() {
            columns.extend_from_slice(coefficients);
            let start = columns.len();
            columns.resize(start + self.classes, 0.);
            columns[start + class] = self.scale.values[0];
        }
        columns
    }
}

impl Training for GramEngine {
    fn epoch(&mut self, _: &Examples, steps: &[Step]) -> Result<()> {
        steps.iter().try_for_each(|step| self.step(step))
    }

    fn score(&mut self, set: usize, examples: &Examples, loss: Loss) -> Result<Tally> {
        let models = [self.model()];
        let tallies = tallies(&self.scored[set], &models, self.classes, examples.labels(), loss);
        Ok(tallies.into_iter().sum())
    }

    fn snapshot(&mut self) -> bool {
        self.snapshots.push(self.model());
        true
    }

    fn scoring(&mut self, scored: &[Examples; 2], loss: Loss) -> Scoring {
        let (classes, models) = (self.classes, std::mem::take(&mut self.snapshots));
        let sets =
            [0, 1].map(|set| (self.scored[set].shallow_clone(), scored[set].labels().to_vec()));
        Box::new(move || sets.map(|(gram, labels)| tallies(&gram, &models, classes, &labels, loss)))
    }

    fn network(&self) -> Network {
        let rows = product(&matrix(&self.model(), &self.combined.tr()), &self.combined);
        Network { layers: vec![Layer::from_rows(&rows)] }
    }
}

impl Stepped {
    fn new(values: Vec<f64>) -> Stepped {
        Stepped { velocities: vec![0.; values.len()], values }
    }

    fn step(&mut self, gradient: &[f64], sgd: &Sgd) {
        let each = self.values.iter_mut().zip(&mut self.velocities).zip(gradient);
        each.for_each(|((value, velocity), gradient)| sgd.step(value, *gradient, velocity));
    }
}

impl Gradients {
    /// The squared norm of the weights' gradient `X[j]^T G`: the sum of `G * (K[j, j] G)`.
    fn sum_of_squares(&self) -> f64 {
        self.logits.iter().zip(&self.coefficients).map(|(a, b)| a * b).sum()
    }

    fn scale(&mut self, factor: f64) {
        self.logits.iter_mut().chain(&mut self.coefficients).for_each(|g| *g *= factor);
    }
}

/// The gradient of an image's logits, `[classes]`, and the image's row of the Gram matrix, `[n]`.
type Term<'a> = (&'a [f64], &'a [f64]);

/// Adds `G[j] K[j, :]` of all rows `j` to the sums, class by class.
struct AddTerms<'a> {
    sums: &'a mut [f64],
    n: usize,
    terms: &'a [Term<'a>],
}

impl Job<f64> for AddTerms<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<f64>, const ROWS: usize>(self) {
        let (fours, rest) = self.terms.as_chunks::<4>();
        for terms in fours {
            add(self.sums, self.n, *terms);
        }
        for term in rest {
            add(self.sums, self.n, [*term]);
        }
    }
}

/// Adds those of some rows. A sum is loaded and stored once for all of them.
#[inline(always)]
fn add<const ROWS: usize>(sums: &mut [f64], n: usize, terms: [Term; ROWS]) {
    let gram = terms.map(|(_, row)| &row[..n]);
    for (class, sums) in sums.chunks_exact_mut(n).enumerate() {
        let gradients = terms.map(|(gradients, _)| gradients[class]);
        if gradients == [0.; ROWS] {
            continue;
        }
        for (i, sum) in sums.iter_mut().enumerate() {
            for (gradient, row) in gradients.iter().zip(gram) {
                *sum = gradient.mul_add(row[i], *sum);
            }
        }
    }
}

/// The weights of a model: `[A; a * I]`, `[n + classes, classes]`, column by column.
type Coefficients = Vec<f64>;

/// The tally of examples with the Gram matrix `[Y X^T, Y W0]`, `[m, n + classes]`, and these labels, for each of some
/// models: a block of examples for sixteen models at a time, which share a product, or for a single one.
fn tallies(
    gram: &Tensor,
    models: &[Coefficients],
    classes: usize,
    labels: &[u8],
    loss: Loss,
) -> Vec<Tally> {
    let groups = models.chunks(LANES).flat_map(|group| columns(group, classes, gram));
    let of_group = |columns: Tensor| {
        let blocks = gram.split(BLOCK as i64, 0).into_iter().zip(labels.chunks(BLOCK));
        blocks.map(move |(gram, labels)| (gram, labels, columns.shallow_clone()))
    };
    let of_part = |(gram, labels, columns): (Tensor, &[u8], Tensor)| {
        let logits = product(&gram, &columns);
        if columns.size()[1] as usize == classes {
            return vec![Tally::new(&Logits::from_tensor(&logits), loss, labels)];
        }
        Tally::of_models(&logits, loss, labels).to_vec()
    };
    let tallies: Vec<Vec<Tally>> = side_by_side(groups.flat_map(of_group).collect(), of_part);
    let of_groups = tallies.chunks(labels.len().div_ceil(BLOCK));
    let of_model = |blocks: &[Vec<Tally>], model| blocks.iter().map(|block| block[model]).sum();
    let all =
        of_groups.flat_map(|blocks| (0..blocks[0].len()).map(move |model| of_model(blocks, model)));
    all.take(models.len()).collect()
}

/// The columns of up to sixteen models: of all together, or of each by itself where they are so few that this takes less
/// time.
fn columns(models: &[Coefficients], classes: usize, gram: &Tensor) -> Vec<Tensor> {
    const FEW: usize = 4;
    if models.len() > FEW {
        return vec![class_by_class(models, classes, gram)];
    }
    models.iter().map(|model| matrix(model, gram).tr()).collect()
}

/// The columns of up to sixteen models, `[n + classes, classes * 16]`: for each class those of all models. In the place of
/// models that are missing is the last one, so that losses are computed of models that exist.
fn class_by_class(models: &[Coefficients], classes: usize, gram: &Tensor) -> Tensor {
    let side = models[0].len() / classes;
    let mut columns = Vec::with_capacity(classes * LANES * side);
    for class in 0..classes {
        for model in (0..LANES).map(|index| &models[index.min(models.len() - 1)]) {
            columns.extend_from_slice(&model[class * side..][..side]);
        }
    }
    matrix(&columns, gram).tr().contiguous()
}
