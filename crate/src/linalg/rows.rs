//! Matrices for steps with so little arithmetic that a tensor's calls and new memory would take most of the time.

use super::dense::AddDense;
use super::lanes::{LANES, Real};
use super::matrix::Matrix;
use super::narrow::{COLUMNS, NarrowProduct};
use super::pixels::FromPixels;

/// A matrix `[count, columns]`; each row is filled up with zeros to a multiple of [`LANES`].
#[derive(Clone)]
pub(crate) struct Rows<T> {
    entries: Vec<T>,
    width: usize,
}

impl<T: Real> Rows<T> {
    /// The most rows of a factor `b` in [`product`](Self::product).
    pub const MOST: usize = COLUMNS;

    /// A matrix of zeros.
    pub fn zeros(count: usize, columns: usize) -> Rows<T> {
        let width = columns.next_multiple_of(LANES);
        Rows { entries: vec![T::default(); count * width], width }
    }

    /// The rows, filled up.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut [T]> {
        self.entries.chunks_exact_mut(self.width)
    }

    /// The rows, filled up.
    pub fn iter(&self) -> impl Iterator<Item = &[T]> {
        self.entries.chunks_exact(self.width)
    }

    /// Writes the images at `indices` to the first rows and returns how many these are.
    pub fn read<const N: usize>(&mut self, images: &[[u8; N]], indices: &[usize]) {
        T::run(FromPixels { to: &mut self.entries, inputs: self.width, images, indices });
    }

    /// `a b^T`, `[m, k] x [n, k] -> [m, n]`, of its first `m` rows with at most [`MOST`](Self::MOST) others.
    pub fn product(&self, m: usize, b: &Rows<T>) -> Vec<T> {
        T::run(NarrowProduct { a: self.first(m), b: b.all(), relu: false })
    }

    /// Adds `a^T b` to it, with the matrix `[k, m]` in `a` and the first `k` rows of `b`.
    pub fn add_product(&mut self, a: &[T], b: &Rows<T>) {
        let m = self.entries.len() / self.width;
        let a = Matrix { entries: a, size: [m, a.len() / m], strides: [1, m] };
        let b = b.first(a.size[1]);
        T::run(AddDense { to: &mut self.entries, stride: self.width, a, b });
    }

    fn all(&self) -> Matrix<'_, T> {
        self.first(self.entries.len() / self.width)
    }

    fn first(&self, rows: usize) -> Matrix<'_, T> {
        Matrix { entries: &self.entries, size: [rows, self.width], strides: [self.width, 1] }
    }
}
