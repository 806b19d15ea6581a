//! Matrices of features: checks and products.

use crate::data::PIXELS;
use crate::error::{Result, require};
use crate::nn::numbers;
use crate::runtime::threads::side_by_side;
use rayon::prelude::*;
use tch::{Device, Kind, Tensor};

/// How many rows one thread multiplies at a time.
const BLOCK: usize = 256;

/// `features`, `[n, d]`, as doubles in the main memory.
///
/// # Errors
/// [`Error::Setting`](crate::Error::Setting) for anything but a matrix of finite numbers, at least one.
pub(crate) fn doubles(features: &Tensor) -> Result<Tensor> {
    let allowed = "a matrix of finite numbers, a row for each example";
    let (shape, kind) = (features.size(), features.kind());
    let is_matrix = matches!(shape[..], [rows, columns] if rows * columns > 0)
        && matches!(kind, Kind::Float | Kind::Double);
    require(is_matrix, "features", allowed, format_args!("{kind:?} of shape {shape:?}"))?;
    let features = features.detach().to_device(Device::Cpu).to_kind(Kind::Double).contiguous();
    let are_finite = features.isfinite().all().int64_value(&[]) == 1;
    require(are_finite, "features", allowed, "not finite everywhere")?;
    Ok(features)
}

/// [`doubles`] of a matrix that must have this number of columns.
///
/// # Errors
/// Those of [`doubles`], and [`Error::Setting`](crate::Error::Setting) for `field` with another number of columns.
pub(crate) fn doubles_in_columns(
    field: &'static str,
    matrix: &Tensor,
    columns: usize,
) -> Result<Tensor> {
    let matrix = doubles(matrix)?;
    let (allowed, found) = (format_args!("a matrix of {columns} columns"), matrix.size()[1]);
    require(found == columns as i64, field, allowed, format_args!("of {found}"))?;
    Ok(matrix)
}

/// A matrix of `columns` columns with a row for each row of `x`: `fill` computes the rows of a block of `x` from it and
/// `others`. Blocks are computed in the pool, each by one thread: the same bits on any number of them.
pub(crate) fn fill_by_blocks<T: Copy + Default + Send>(
    x: &Tensor,
    columns: usize,
    others: &[&Tensor],
    fill: impl Fn(&Tensor, &[Tensor], &mut [T]) + Sync + Send,
) -> Vec<T> {
    let mut filled = vec![T::default(); x.size()[0] as usize * columns];
    let parts = filled.chunks_mut(BLOCK * columns);
    let share = || others.iter().map(|other| other.shallow_clone()).collect::<Vec<_>>();
    let blocks = x.split(BLOCK as i64, 0).into_iter().zip(parts);
    let blocks: Vec<_> = blocks.map(|(x, part)| (x, share(), part)).collect();
    side_by_side::<_, (), Vec<()>>(blocks, |(x, others, part)| fill(&x, &others, part));
    filled
}

/// Writes all numbers of `matrix`, row by row.
pub(crate) fn write(matrix: &Tensor, to: &mut [f64]) {
    let count = to.len();
    matrix.copy_data(to, count);
}

/// `||x_i - z_j||^2` for all rows of `x` and `z`, `[m, n]`.
pub(crate) fn squared_distances(x: &Tensor, z: &Tensor) -> Tensor {
    let squares = |rows: &Tensor| rows.square().sum_dim_intlist(1, true, Kind::Double); // [n, 1]
    // Rounding can push the distance of equal rows below 0.
    (squares(x) + squares(z).tr() - x.matmul(&z.tr()) * 2.).clamp_min(0.)
}

/// `of(index, image)` for each image, `[n, 784]`: the rows of the result, in the kind of `pixels`.
pub(super) fn map_images(
    pixels: &Tensor,
    of: impl Fn(usize, &[f64]) -> Result<Vec<f64>> + Sync + Send,
) -> Result<Tensor> {
    let values = numbers(&doubles_in_columns("pixels", pixels, PIXELS)?);
    let rows = values.par_chunks_exact(PIXELS).enumerate();
    let rows = rows.map(|(index, image)| of(index, image)).collect::<Result<Vec<_>>>()?;
    let matrix = Tensor::from_slice(&rows.concat()).view([rows.len() as i64, -1]);
    Ok(matrix.to_kind(pixels.kind()))
}
