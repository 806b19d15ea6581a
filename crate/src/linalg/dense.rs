//! Products of matrices with any entries.
//!
//! Libtorch's have the bits of the library that it calls, which differ between kinds of processors, and on AMD's they
//! leave half of the registers unused. These add up in the order of the inner index, with one rounding for each term,
//! so they have the same bits wherever there is a fused multiply-add, and use the widest registers.

use super::lanes::{Aligned, Job, LANES, Lanes, Real};
use super::matrix::Matrix;
use std::array;

/// The columns whose sums are in registers at a time are so many times [`LANES`].
const REGISTERS: usize = 2;
const COLUMNS: usize = REGISTERS * LANES;

/// The rows of `b` that are added at a time, and how many times [`COLUMNS`] of their columns are copied at a time: so many
/// that they stay in a core's own cache, and that what is read of a row is long enough for the processor to foresee it.
const DEPTH: usize = 160;
const TILES: usize = 4;

/// How many times `ROWS` rows have their sums in registers at a time.
const GROUPS: usize = 3;

/// Adds `a b`, `[m, k] x [k, n]`, to the matrix in `to`, with rows `stride` apart.
pub(super) struct AddDense<'a, T> {
    pub to: &'a mut [T],
    pub stride: usize,
    pub a: Matrix<'a, T>,
    pub b: Matrix<'a, T>,
}

/// Some columns of a row of `b`; what lies beyond its last is not used.
type Row<T> = [Aligned<T>; REGISTERS];

/// Where a tile begins: a row of `a` and `to`, an inner index, and a column of `b` and `to`.
#[derive(Clone, Copy)]
struct Place {
    row: usize,
    inner: usize,
    column: usize,
}

impl<T: Real> Job<T> for AddDense<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>, const ROWS: usize>(mut self) {
        let ([m, k], n) = (self.a.size, self.b.size[1]);
        let most = DEPTH.min(k);
        let mut tiles = vec![Row::default(); TILES * most];
        for left in (0..n).step_by(TILES * COLUMNS) {
            for inner in (0..k).step_by(DEPTH) {
                let depth = DEPTH.min(k - inner);
                for i in 0..depth {
                    let rows = tiles.chunks_exact_mut(most).map(|tile| &mut tile[i]);
                    self.copy(rows, inner + i, left);
                }
                for (column, tile) in (left..n).step_by(COLUMNS).zip(tiles.chunks_exact(most)) {
                    let mut row = 0;
                    while row < m {
                        let place = Place { row, inner, column };
                        row += if m - row > (GROUPS - 1) * ROWS {
                            self.add::<L, ROWS, GROUPS>(place, &tile[..depth])
                        } else {
                            self.add::<L, ROWS, 1>(place, &tile[..depth])
                        };
                    }
                }
            }
        }
    }
}

impl<T: Real> AddDense<'_, T> {
    /// Copies a part of row `inner` of `b` to a row of each tile.
    #[inline(always)]
    fn copy<'t>(&self, rows: impl Iterator<Item = &'t mut Row<T>>, inner: usize, left: usize)
    where
        T: 't,
    {
        let width = (TILES * COLUMNS).min(self.b.size[1] - left);
        if self.b.strides[1] != 1 {
            let to = rows.flatten().flat_map(|lanes| &mut lanes.0);
            to.zip(self.b.row(inner, left)).for_each(|(to, entry)| *to = entry);
            return;
        }
        let row = self.b.contiguous_row(inner, left, width);
        for (to, row) in rows.zip(row.chunks(COLUMNS)) {
            let (chunks, rest) = row.as_chunks();
            for (to, chunk) in to.iter_mut().zip(chunks) {
                to.0 = *chunk;
            }
            if let Some(to) = to.get_mut(chunks.len()) {
                to.0[..rest.len()].copy_from_slice(rest);
            }
        }
    }

    /// Adds a tile's product to some rows of `to`, and returns how many these are.
    // With loops over indices the compiler keeps the sums in registers.
    #[inline(always)]
    fn add<L: Lanes<T>, const ROWS: usize, const GROUPS: usize>(
        &mut self,
        place: Place,
        tile: &[Row<T>],
    ) -> usize {
        let ([m, _], [down, right]) = (self.a.size, self.a.strides);
        // Where fewer rows are left the last one is repeated.
        let start = |row: usize| (place.row + row).min(m - 1) * down + place.inner * right;
        let starts: [[usize; ROWS]; GROUPS] =
            array::from_fn(|group| array::from_fn(|i| start(group * ROWS + i)));
        let mut sums = [[[L::new([T::default(); LANES]); REGISTERS]; ROWS]; GROUPS];
        for (inner, row) in tile.iter().enumerate() {
            let row = row.each_ref().map(|lanes| L::new(lanes.0));
            for group in 0..GROUPS {
                for i in 0..ROWS {
                    // SAFETY: row and column are those of an entry of the matrix `a`.
                    let entry =
                        unsafe { self.a.entries.get_unchecked(starts[group][i] + inner * right) };
                    let factor = L::new([*entry; LANES]);
                    for j in 0..REGISTERS {
                        sums[group][i][j] = sums[group][i][j].plus_product(factor, row[j]);
                    }
                }
            }
        }
        let rows = (GROUPS * ROWS).min(m - place.row);
        let width = COLUMNS.min(self.b.size[1] - place.column);
        for (row, sums) in (place.row..).zip(sums.as_flattened()).take(rows) {
            let to = &mut self.to[row * self.stride + place.column..][..width];
            let sums = sums.map(L::numbers);
            to.iter_mut().zip(sums.as_flattened()).for_each(|(to, sum)| *to = *to + *sum);
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Stream, random};
    use rand::RngExt;

    #[test]
    fn the_bits_are_the_same_whatever_the_registers_hold() {
        let (m, k, n) = (29, 2 * DEPTH + 3, 3 * COLUMNS + 7);
        let mut random = random(0, Stream::Order);
        let mut numbers = |count| (0..count).map(|_| random.random()).collect::<Vec<f32>>();
        let (a, b) = (numbers(m * k), numbers(k * n));
        let matrix = |entries, rows, columns| Matrix {
            entries,
            size: [rows, columns],
            strides: [columns, 1],
        };
        let [mut narrow, mut wide] = [(); 2].map(|()| vec![0f32; m * n]);
        let product = |to| AddDense { to, stride: n, a: matrix(&a, m, k), b: matrix(&b, k, n) };
        product(&mut narrow).run::<[f32; LANES], 1>();
        f32::run(product(&mut wide));
        assert_eq!(narrow, wide);
    }
}
