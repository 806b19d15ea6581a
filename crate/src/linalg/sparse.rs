//! Products of matrices with one value in most places, such as images: four of five pixels of MNIST are paper.

use super::lanes::{Job, LANES, Lanes, Real};
use super::matrix::Matrix;

/// A matrix `[m, k]` of which only the entries that differ from the background of their image are stored, some columns
/// after the others. An image is a row, or a column if that is what is contiguous in memory; its background is its first
/// entry, so images with and without normalised paper can be mixed.
pub(super) struct Sparse<T> {
    /// What each row of the other matrix is multiplied by in the sum that stands for all backgrounds; `None` if they are
    /// zero.
    background: Option<Vec<T>>,
    segments: Vec<Segment<T>>,
}

/// The entries of some columns, row by row.
struct Segment<T> {
    /// Where each row ends in `entries`.
    ends: Vec<usize>,
    /// Columns, counted from the segment's first, and by how much they differ from the background. The factor of the
    /// backgrounds' sum, unless it is zero, is the entry of one more column, [`DEPTH`].
    entries: Vec<(u32, T)>,
}

/// The columns of a segment: with so many rows a tile of the other factor stays in a core's own cache.
const DEPTH: usize = 127;

/// The columns of a tile are so many times [`LANES`].
const REGISTERS: usize = 8;
const COLUMNS: usize = REGISTERS * LANES;

impl<T: Real> Sparse<T> {
    /// The matrix, if that makes at most half of its entries: else the usual product is as fast.
    pub fn new(matrix: Matrix<T>) -> Option<Sparse<T>> {
        let ([m, k], [down, right]) = (matrix.size, matrix.strides);
        let (by_row, zero) = (right == 1, T::default());
        let (images, stride) = if by_row { (m, down) } else { (k, right) };
        let backgrounds: Vec<T> = (0..images).map(|image| matrix.entries[image * stride]).collect();
        let has_background = backgrounds.iter().any(|background| *background != zero);
        let mut segments = Vec::with_capacity(k.div_ceil(DEPTH));
        let mut most = m * k / 2;
        for first in (0..k).step_by(DEPTH) {
            let mut segment = Segment { ends: Vec::with_capacity(m), entries: Vec::new() };
            let width = DEPTH.min(k - first);
            let mut differences = [zero; DEPTH];
            for i in 0..m {
                if by_row {
                    let row = matrix.contiguous_row(i, first, width);
                    let each = differences.iter_mut().zip(row);
                    each.for_each(|(to, entry)| *to = *entry - backgrounds[i]);
                } else {
                    let row = matrix.row(i, first).zip(&backgrounds[first..]);
                    let each = differences.iter_mut().zip(row);
                    each.for_each(|(to, (entry, background))| *to = entry - *background);
                }
                segment.push(&differences[..width]);
                let factor = if by_row { backgrounds[i] } else { T::from(1) };
                if has_background && factor != zero {
                    segment.entries.push((DEPTH as u32, factor));
                }
                if segment.entries.len() > most {
                    return None;
                }
                segment.ends.push(segment.entries.len());
            }
            most -= segment.entries.len();
            segments.push(segment);
        }
        let weights = if by_row { vec![T::from(1); k] } else { backgrounds };
        Some(Sparse { background: has_background.then_some(weights), segments })
    }
}

impl<T: Real> Segment<T> {
    /// Appends the entries of a row that are not zero.
    // Which these are no processor can guess: so every entry of some that lie side by side is written, and the next one over
    // it unless it counts.
    fn push(&mut self, row: &[T]) {
        let (zero, mut count) = (T::default(), 0);
        let mut entries = [(0, zero); DEPTH];
        for (first, chunk) in (0..).step_by(LANES).zip(row.chunks(LANES)) {
            if chunk.iter().fold(true, |all, entry| all & (*entry == zero)) {
                continue;
            }
            for (column, entry) in (first..).zip(chunk) {
                entries[count] = (column, *entry);
                count += usize::from(*entry != zero);
            }
        }
        self.entries.extend_from_slice(&entries[..count]);
    }
}

impl<T> Segment<T> {
    /// The entries of each row.
    #[inline(always)]
    fn rows(&self) -> impl Iterator<Item = &[(u32, T)]> {
        let starts = [0].into_iter().chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.entries[start..*end])
    }
}

/// Adds `a b`, `[m, k] x [k, n]`, to the matrix in `to` with rows `stride` apart. The rows of `b` are contiguous.
pub(super) struct AddProduct<'a, T> {
    pub to: &'a mut [T],
    pub stride: usize,
    pub a: &'a Sparse<T>,
    pub b: Matrix<'a, T>,
}

/// Some columns of a row of `b`.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Row<T>([[T; LANES]; REGISTERS]);

/// Some rows of `b`, and their sum.
type Tile<T> = [Row<T>; DEPTH + 1];

impl<T: Real> Job<T> for AddProduct<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>, const ROWS: usize>(self) {
        let [k, n] = self.b.size;
        let empty = Row([[T::default(); LANES]; REGISTERS]);
        let mut tile = [empty; DEPTH + 1];
        for left in (0..n).step_by(COLUMNS) {
            let width = COLUMNS.min(n - left);
            for (first, segment) in (0..k).step_by(DEPTH).zip(&self.a.segments) {
                let rows = first..k.min(first + DEPTH);
                for (row, to) in rows.clone().zip(&mut tile) {
                    let row = self.b.contiguous_row(row, left, width);
                    to.0.as_flattened_mut()[..width].copy_from_slice(row);
                }
                if let Some(weights) = &self.a.background {
                    tile[DEPTH] = sum::<T, L>(&tile, &weights[rows]);
                }
                for (row, to) in segment.rows().zip(self.to.chunks_mut(self.stride)) {
                    add::<T, L>(&mut to[left..][..width], row, &tile);
                }
            }
        }
    }
}

/// The sum of rows with these weights.
#[inline(always)]
fn sum<T: Real, L: Lanes<T>>(tile: &Tile<T>, weights: &[T]) -> Row<T> {
    let mut sums = [L::new([T::default(); LANES]); REGISTERS];
    for (row, weight) in tile.iter().zip(weights) {
        add_row(&mut sums, *weight, row);
    }
    Row(sums.map(L::numbers))
}

/// Adds a row's product with the tile.
#[inline(always)]
fn add<T: Real, L: Lanes<T>>(to: &mut [T], row: &[(u32, T)], tile: &Tile<T>) {
    match to.as_chunks_mut::<LANES>().0.first_chunk_mut() {
        Some(to) => add_to_whole::<T, L>(to, row, tile),
        None => {
            let mut sums = [[T::default(); LANES]; REGISTERS];
            sums.as_flattened_mut()[..to.len()].copy_from_slice(to);
            add_to_whole::<T, L>(&mut sums, row, tile);
            to.copy_from_slice(&sums.as_flattened()[..to.len()]);
        }
    }
}

#[inline(always)]
fn add_to_whole<T: Real, L: Lanes<T>>(
    to: &mut [[T; LANES]; REGISTERS],
    row: &[(u32, T)],
    tile: &Tile<T>,
) {
    let mut sums = to.map(L::new);
    for (column, value) in row {
        add_row(&mut sums, *value, &tile[*column as usize % (DEPTH + 1)]);
    }
    *to = sums.map(L::numbers);
}

/// Adds a multiple of a row.
// With loops over indices the compiler keeps the sums in registers.
#[inline(always)]
fn add_row<T: Real, L: Lanes<T>>(sums: &mut [L; REGISTERS], factor: T, row: &Row<T>) {
    let factor = L::new([factor; LANES]);
    for j in 0..REGISTERS {
        sums[j] = sums[j].plus_product(factor, L::new(row.0[j]));
    }
}
