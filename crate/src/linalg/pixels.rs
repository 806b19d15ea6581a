//! Images as floats.

use super::lanes::{Job, Lanes, Real};
use tch::{Device, Kind, Tensor};

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

/// The images at `indices` as floats from 0 to 1, perhaps with a 1 appended, `[indices, N]` or `[indices, N + 1]`: all in
/// one pass, as a linear model has little more arithmetic than that.
pub(crate) fn from_pixels<const N: usize>(
    images: &[[u8; N]],
    indices: &[usize],
    with_one: bool,
) -> Tensor {
    let inputs = N + usize::from(with_one);
    let tensor = Tensor::ones([indices.len() as i64, inputs as i64], (Kind::Float, Device::Cpu));
    if !indices.is_empty() {
        let count = indices.len() * inputs;
        // SAFETY: this is the tensor's memory, which nothing else uses yet.
        let to = unsafe { std::slice::from_raw_parts_mut(tensor.data_ptr().cast(), count) };
        f32::run(FromPixels { to, inputs, images, indices });
    }
    tensor
}

/// Has the processor read the images at `indices` into its cache while it does other things: from so many images that they
/// fit in no cache, reading them takes as long as a linear model's arithmetic.
pub(crate) fn prefetch<const N: usize>(images: &[[u8; N]], indices: &[usize]) {
    for line in indices.iter().flat_map(|index| images[*index].chunks(64)) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a hint, which changes nothing.
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast());
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = line;
    }
}

/// Writes the images at `indices` to rows of `inputs` numbers.
pub(super) struct FromPixels<'a, T, const N: usize> {
    pub to: &'a mut [T],
    pub inputs: usize,
    pub images: &'a [[u8; N]],
    pub indices: &'a [usize],
}

impl<T: Real, const N: usize> Job<T> for FromPixels<'_, T, N> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>, const ROWS: usize>(self) {
        for (inputs, index) in self.to.chunks_exact_mut(self.inputs).zip(self.indices) {
            for (x, pixel) in inputs.iter_mut().zip(&self.images[*index]) {
                *x = T::of_pixel(*pixel);
            }
        }
    }
}
