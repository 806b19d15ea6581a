//! What the machine can do at most: its peak single-precision rate and its memory's bandwidth.

use std::hint::black_box;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

/// Chains of dependent operations: enough to hide an operation's latency, few enough to stay in registers.
const CHAINS: usize = 12;
/// Operations of a chain: some 0.1 s.
const ROUNDS: usize = 20_000_000;
const TRIES: usize = 5;
/// Elements of each of the triad's three arrays, all threads together: 256 MiB, far beyond the caches.
const ELEMENTS: usize = 64 << 20;

/// The rate of multiplications and additions on all cores at once, in FLOP/s: the best of some tries.
pub fn rate(threads: usize) -> f64 {
    let (chains, lanes) = widest();
    let flops = (2 * lanes * CHAINS * ROUNDS * threads) as f64;
    best(flops, || seconds(vec![(); threads], |()| chains(ROUNDS)))
}

/// The bandwidth of `a = b + s * c` on all cores at once, in bytes/s: two arrays read, one written.
pub fn bandwidth(threads: usize) -> f64 {
    let arrays = || [0., 1., 2.].map(|value| vec![value; ELEMENTS / threads]);
    let mut shares: Vec<[Vec<f32>; 3]> = (0..threads).map(|_| arrays()).collect();
    let bytes = (3 * size_of::<f32>() * threads * (ELEMENTS / threads)) as f64;
    best(bytes, || seconds(shares.iter_mut().collect(), triad))
}

fn triad([a, b, c]: &mut [Vec<f32>; 3]) {
    for ((a, b), c) in a.iter_mut().zip(b.iter()).zip(c.iter()) {
        *a = b + 3. * c;
    }
    black_box(a);
}

fn best(amount: f64, seconds: impl FnMut() -> f64) -> f64 {
    let shortest = std::iter::repeat_with(seconds).take(TRIES).fold(f64::INFINITY, f64::min);
    amount / shortest
}

/// How long `work` takes on all shares, each on a thread of its own; they start together.
fn seconds<T: Send>(shares: Vec<T>, work: impl Fn(T) + Sync) -> f64 {
    let (work, start) = (&work, &Barrier::new(shares.len() + 1));
    thread::scope(|scope| {
        let each = shares.into_iter().map(|share| {
            scope.spawn(move || {
                start.wait();
                work(share);
            })
        });
        let threads: Vec<_> = each.collect();
        start.wait();
        let began = Instant::now();
        threads.into_iter().for_each(|thread| drop(thread.join()));
        began.elapsed().as_secs_f64()
    })
}

/// The loop with the widest vectors that the processor has, and their lanes.
fn widest() -> (fn(usize), usize) {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            return (|rounds| unsafe { avx512(rounds) }, 16);
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            return (|rounds| unsafe { avx2(rounds) }, 8);
        }
    }
    (portable, 4)
}

/// Chains of `x = x * factor + term` on vectors.
macro_rules! chains {
    ($rounds:ident, $of:expr, $fma:expr) => {{
        // The compiler must not know the numbers: it would see that the chains are equal and constant.
        let (factor, term) = (black_box($of(0.999)), black_box($of(0.001)));
        let mut chains = black_box([$of(1.); CHAINS]);
        for _ in 0..$rounds {
            for x in &mut chains {
                *x = $fma(*x, factor, term);
            }
        }
        black_box(chains);
    }};
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn avx512(rounds: usize) {
    use std::arch::x86_64::{_mm512_fmadd_ps, _mm512_set1_ps};
    chains!(rounds, _mm512_set1_ps, _mm512_fmadd_ps);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2(rounds: usize) {
    use std::arch::x86_64::{_mm256_fmadd_ps, _mm256_set1_ps};
    chains!(rounds, _mm256_set1_ps, _mm256_fmadd_ps);
}

fn portable(rounds: usize) {
    const FUSED: bool = cfg!(target_arch = "aarch64");
    let fma = |x: [f32; 4], factor: [f32; 4], term: [f32; 4]| -> [f32; 4] {
        std::array::from_fn(|i| match FUSED {
            true => x[i].mul_add(factor[i], term[i]),
            false => x[i] * factor[i] + term[i],
        })
    };
    chains!(rounds, |value: f32| [value; 4], fma);
}
