//! Products into few columns, such as logits: libtorch's own are several times slower there than into many.

use super::lanes::{Aligned, Job, LANES, Lanes, Real};
use super::matrix::Matrix;
use std::array;

/// The most columns of a product.
pub(super) const COLUMNS: usize = 16;

/// The columns whose sums are in registers at a time, for some rows.
const TOGETHER: usize = 5;

/// `relu(a) b^T` or `a b^T`, `[m, k] x [n, k] -> [m, n]`, row by row. `n` is at most [`COLUMNS`], and the entries of each
/// row are contiguous. A sum is that of [`LANES`] sums, each over every sixteenth product.
pub(super) struct NarrowProduct<'a, T> {
    pub a: Matrix<'a, T>,
    pub b: Matrix<'a, T>,
    pub relu: bool,
}

/// Some rows of `b`, lanes by lanes, filled up with zeros.
type Columns<T> = Vec<[Aligned<T>; TOGETHER]>;

impl<T: Real> Job<T> for NarrowProduct<'_, T> {
    type Output = Vec<T>;

    #[inline(always)]
    fn run<L: Lanes<T>, const ROWS: usize>(self) -> Vec<T> {
        if self.relu { self.product::<L, ROWS, true>() } else { self.product::<L, ROWS, false>() }
    }
}

impl<T: Real> NarrowProduct<'_, T> {
    #[inline(always)]
    fn product<L: Lanes<T>, const ROWS: usize, const RELU: bool>(&self) -> Vec<T> {
        let ([m, inner], n) = (self.a.size, self.b.size[0]);
        let groups: Vec<Columns<T>> = (0..n).step_by(TOGETHER).map(|j| self.columns(j)).collect();
        let mut product = vec![T::default(); m * n];
        for (first, to) in (0..m).step_by(ROWS).zip(product.chunks_mut(ROWS * n)) {
            // Where fewer rows are left the last one is repeated.
            let row = |i: usize| self.a.contiguous_row((first + i).min(m - 1), 0, inner);
            let rows: [&[T]; ROWS] = array::from_fn(row);
            for (group, columns) in groups.iter().enumerate() {
                let sums = sums::<T, L, ROWS, RELU>(rows, columns);
                for (to, sums) in to.chunks_exact_mut(n).zip(sums) {
                    let to = to[group * TOGETHER..].iter_mut().zip(sums);
                    to.for_each(|(to, sum)| *to = total(sum.numbers()));
                }
            }
        }
        product
    }

    /// The rows of `b` from `first` on.
    #[inline(always)]
    fn columns(&self, first: usize) -> Columns<T> {
        let [n, inner] = self.b.size;
        let mut columns = vec![[Aligned::default(); TOGETHER]; inner.div_ceil(LANES)];
        for j in 0..TOGETHER.min(n - first) {
            let (chunks, rest) = self.b.contiguous_row(first + j, 0, inner).as_chunks();
            columns.iter_mut().zip(chunks).for_each(|(to, chunk)| to[j].0 = *chunk);
            if let Some(to) = columns.get_mut(chunks.len()) {
                to[j].0[..rest.len()].copy_from_slice(rest);
            }
        }
        columns
    }
}

#[inline(always)]
fn sums<T: Real, L: Lanes<T>, const ROWS: usize, const RELU: bool>(
    rows: [&[T]; ROWS],
    columns: &Columns<T>,
) -> [[L; TOGETHER]; ROWS] {
    let mut sums = [[L::new([T::default(); LANES]); TOGETHER]; ROWS];
    let rows = rows.map(|row| row.as_chunks::<LANES>());
    let whole = rows[0].0.len();
    for (chunk, columns) in columns[..whole].iter().enumerate() {
        let rows = array::from_fn(|i| L::new(rows[i].0[chunk]));
        add::<T, L, ROWS, RELU>(&mut sums, rows, columns);
    }
    if let Some(columns) = columns.get(whole) {
        let rest = |i: usize| array::from_fn(|k| rows[i].1.get(k).copied().unwrap_or_default());
        add::<T, L, ROWS, RELU>(&mut sums, array::from_fn(|i| L::new(rest(i))), columns);
    }
    sums
}

/// Adds the products of some entries of the rows with those of the columns.
// With loops over indices the compiler keeps the sums in registers.
#[expect(clippy::needless_range_loop)]
#[inline(always)]
fn add<T: Real, L: Lanes<T>, const ROWS: usize, const RELU: bool>(
    sums: &mut [[L; TOGETHER]; ROWS],
    mut rows: [L; ROWS],
    columns: &[Aligned<T>; TOGETHER],
) {
    if RELU {
        for i in 0..ROWS {
            rows[i] = rows[i].relu();
        }
    }
    for j in 0..TOGETHER {
        let column = L::new(columns[j].0);
        for i in 0..ROWS {
            sums[i][j] = sums[i][j].plus_product(rows[i], column);
        }
    }
}

/// The sum of numbers, halves first.
#[inline(always)]
fn total<T: Real>(mut numbers: [T; LANES]) -> T {
    let mut half = LANES / 2;
    while half > 0 {
        for i in 0..half {
            numbers[i] = numbers[i] + numbers[i + half];
        }
        half /= 2;
    }
    numbers[0]
}
