//! A matrix where it is in memory.

use tch::Tensor;

/// Entry `(i, j)` is `entries[i * strides[0] + j * strides[1]]`.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a, T> {
    pub entries: &'a [T],
    pub size: [usize; 2],
    pub strides: [usize; 2],
}

impl<'a, T: Copy> Matrix<'a, T> {
    /// The matrix of a tensor on the CPU with at least one entry, all of type `T`.
    pub fn of(tensor: &'a Tensor) -> Matrix<'a, T> {
        let [size, strides] =
            [tensor.size(), tensor.stride()].map(|pair| [pair[0] as usize, pair[1] as usize]);
        let count = (size[0] - 1) * strides[0] + (size[1] - 1) * strides[1] + 1;
        // SAFETY: this is the tensor's memory from its first entry to its last.
        let entries = unsafe { std::slice::from_raw_parts(tensor.data_ptr().cast::<T>(), count) };
        Matrix { entries, size, strides }
    }

    /// The entries of row `i` from column `first` on.
    #[inline(always)]
    pub fn row(self, i: usize, first: usize) -> impl Iterator<Item = T> + 'a {
        let [row, column] = self.strides;
        let entries = self.entries[i * row + first * column..].iter().step_by(column);
        entries.take(self.size[1] - first).copied()
    }

    /// `count` entries of row `i` from column `first` on, where rows are contiguous.
    #[inline(always)]
    pub fn contiguous_row(self, i: usize, first: usize, count: usize) -> &'a [T] {
        &self.entries[i * self.strides[0] + first..][..count]
    }
}

/// The memory of a matrix from its first entry to its last, with contiguous rows and at least one entry, all of type `T`.
pub(crate) fn memory_of<T>(matrix: &mut Tensor) -> &mut [T] {
    let (size, strides) = (matrix.size(), matrix.stride());
    let count = (size[0] - 1) * strides[0] + size[1];
    // SAFETY: this is the tensor's memory, and the tensor is borrowed as long as the slice is.
    unsafe { std::slice::from_raw_parts_mut(matrix.data_ptr().cast::<T>(), count as usize) }
}
