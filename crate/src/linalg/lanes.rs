//! Sixteen numbers side by side in the registers of the processor.

use std::array;
use std::ops::{Add, Mul, Sub};

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;
#[cfg(target_arch = "x86_64")]
use std::mem::transmute;

/// How many numbers there are.
pub(crate) const LANES: usize = 16;

/// Numbers in memory in one line of the cache, or two for doubles: where they lay in more, loading them would take twice as
/// long.
#[derive(Clone, Copy, Default)]
#[repr(align(64))]
pub(super) struct Aligned<T>(pub [T; LANES]);

/// Numbers that one or two instructions multiply and add.
pub(crate) trait Lanes<T>: Copy {
    fn new(numbers: [T; LANES]) -> Self;

    fn numbers(self) -> [T; LANES];

    /// `self + a * b`, rounded once: so the result does not depend on the processor's registers.
    fn plus_product(self, a: Self, b: Self) -> Self;

    /// `max(0, self)`; what is not a number stays so.
    fn relu(self) -> Self;
}

/// What can be computed with any lanes. Implementations are `#[inline(always)]`, so that they are compiled for those
/// that the processor has.
pub(crate) trait Job<T> {
    type Output;

    /// `ROWS` is how many rows of lanes, times a few, fit into the registers.
    fn run<L: Lanes<T>, const ROWS: usize>(self) -> Self::Output;
}

/// Floats that lanes can hold.
pub(crate) trait Real:
    Copy
    + Default
    + PartialEq
    + From<u8>
    + Into<f64>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
{
    /// The number nearest to this one.
    fn of(number: f64) -> Self;

    /// A pixel as a float from 0 to 1, with the digits of a single-precision number.
    fn of_pixel(pixel: u8) -> Self;

    /// Does the job with the widest registers of this processor.
    fn run<J: Job<Self>>(job: J) -> J::Output;
}

impl Real for f32 {
    #[inline(always)]
    fn of(number: f64) -> f32 {
        number as f32
    }

    #[inline(always)]
    fn of_pixel(pixel: u8) -> f32 {
        // The quotient by 255, without a division, which takes several times as long: an estimate that is corrected.
        const PART: f32 = 1. / 255.;
        let pixel = f32::from(pixel);
        let estimate = pixel * PART;
        estimate.mul_add(-255., pixel).mul_add(PART, estimate)
    }

    fn run<J: Job<f32>>(job: J) -> J::Output {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") {
                // SAFETY: the processor has the instructions.
                return unsafe { with_avx512::<f32, Avx512, J, 4>(job) };
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                // SAFETY: the processor has the instructions.
                return unsafe { with_avx2::<f32, Avx2, J>(job) };
            }
        }
        job.run::<[f32; LANES], 1>()
    }
}

/// Doubles have little to do: the compiler finds the instructions.
impl Real for f64 {
    #[inline(always)]
    fn of(number: f64) -> f64 {
        number
    }

    #[inline(always)]
    fn of_pixel(pixel: u8) -> f64 {
        f32::of_pixel(pixel).into()
    }

    fn run<J: Job<f64>>(job: J) -> J::Output {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") {
                // SAFETY: the processor has the instructions.
                return unsafe { with_avx512::<f64, [f64; LANES], J, 1>(job) };
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                // SAFETY: the processor has the instructions.
                return unsafe { with_avx2::<f64, [f64; LANES], J>(job) };
            }
        }
        job.run::<[f64; LANES], 1>()
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn with_avx512<T, L: Lanes<T>, J: Job<T>, const ROWS: usize>(job: J) -> J::Output {
    job.run::<L, ROWS>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn with_avx2<T, L: Lanes<T>, J: Job<T>>(job: J) -> J::Output {
    job.run::<L, 1>()
}

macro_rules! lanes_without_instructions {
    ($number:ty) => {
        impl Lanes<$number> for [$number; LANES] {
            #[inline(always)]
            fn new(numbers: [$number; LANES]) -> Self {
                numbers
            }

            #[inline(always)]
            fn numbers(self) -> [$number; LANES] {
                self
            }

            #[inline(always)]
            fn plus_product(self, a: Self, b: Self) -> Self {
                array::from_fn(|i| a[i].mul_add(b[i], self[i]))
            }

            #[inline(always)]
            fn relu(self) -> Self {
                self.map(|number| if number < 0. { 0. } else { number })
            }
        }
    };
}

lanes_without_instructions!(f32);
lanes_without_instructions!(f64);

#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
struct Avx512(__m512);

#[cfg(target_arch = "x86_64")]
impl Lanes<f32> for Avx512 {
    #[inline(always)]
    fn new(numbers: [f32; LANES]) -> Avx512 {
        // SAFETY: both are 16 floats.
        Avx512(unsafe { transmute::<[f32; LANES], __m512>(numbers) })
    }

    #[inline(always)]
    fn numbers(self) -> [f32; LANES] {
        // SAFETY: both are 16 floats.
        unsafe { transmute::<__m512, [f32; LANES]>(self.0) }
    }

    #[inline(always)]
    fn plus_product(self, a: Avx512, b: Avx512) -> Avx512 {
        // SAFETY: `Real::run` has asked the processor for AVX-512.
        Avx512(unsafe { _mm512_fmadd_ps(a.0, b.0, self.0) })
    }

    #[inline(always)]
    fn relu(self) -> Avx512 {
        // SAFETY: `Real::run` has asked the processor for AVX-512. Of a number and what is none, the second is taken.
        Avx512(unsafe { _mm512_max_ps(_mm512_setzero_ps(), self.0) })
    }
}

#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
struct Avx2([__m256; 2]);

#[cfg(target_arch = "x86_64")]
impl Lanes<f32> for Avx2 {
    #[inline(always)]
    fn new(numbers: [f32; LANES]) -> Avx2 {
        // SAFETY: both are 16 floats.
        Avx2(unsafe { transmute::<[f32; LANES], [__m256; 2]>(numbers) })
    }

    #[inline(always)]
    fn numbers(self) -> [f32; LANES] {
        // SAFETY: both are 16 floats.
        unsafe { transmute::<[__m256; 2], [f32; LANES]>(self.0) }
    }

    #[inline(always)]
    fn plus_product(self, a: Avx2, b: Avx2) -> Avx2 {
        let Avx2([first, second]) = self;
        // SAFETY: `Real::run` has asked the processor for FMA.
        Avx2(unsafe {
            [_mm256_fmadd_ps(a.0[0], b.0[0], first), _mm256_fmadd_ps(a.0[1], b.0[1], second)]
        })
    }

    #[inline(always)]
    fn relu(self) -> Avx2 {
        // SAFETY: `Real::run` has asked the processor for AVX2. Of a number and what is none, the second is taken.
        Avx2(self.0.map(|half| unsafe { _mm256_max_ps(_mm256_setzero_ps(), half) }))
    }
}

#[cfg(test)]
#[cfg(target_arch = "x86_64")]
mod tests {
    use super::*;
    use crate::rng::{Stream, random};
    use rand::RngExt;

    /// A sum of products of the same numbers, different in each lane.
    struct Sum(Vec<f32>);

    impl Job<f32> for Sum {
        type Output = [f32; LANES];

        #[inline(always)]
        fn run<L: Lanes<f32>, const ROWS: usize>(self) -> [f32; LANES] {
            let mut sum = L::new([0.; LANES]);
            for window in self.0.windows(LANES) {
                sum = sum.plus_product(
                    L::new([window[0]; LANES]),
                    L::new(array::from_fn(|i| window[i])),
                );
            }
            sum.relu().numbers()
        }
    }

    #[test]
    fn a_pixel_is_divided_by_255() {
        for pixel in 0..=255 {
            assert_eq!(f32::of_pixel(pixel), f32::from(pixel) / 255.);
        }
    }

    #[test]
    fn the_width_of_the_registers_changes_no_bit() {
        let mut random = random(0, Stream::Order);
        let numbers: Vec<f32> = (0..1_000).map(|_| 2. * random.random::<f32>() - 1.).collect();
        let expected = Sum(numbers.clone()).run::<[f32; LANES], 1>();
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: the processor has the instructions.
            let found = unsafe { with_avx2::<f32, Avx2, Sum>(Sum(numbers.clone())) };
            assert_eq!(found, expected);
        }
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the processor has the instructions.
            assert_eq!(unsafe { with_avx512::<f32, Avx512, Sum, 4>(Sum(numbers)) }, expected);
        }
    }
}
