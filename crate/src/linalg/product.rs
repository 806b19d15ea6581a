//! Products of matrices.

use super::dense::AddDense;
use super::lanes::Real;
use super::matrix::{Matrix, memory_of};
use super::narrow::{self, NarrowProduct};
use tch::kind::Element;
use tch::{Device, Kind, Tensor};

/// `a b`, `[m, k] x [k, n] -> [m, n]`.
pub(crate) fn product(a: &Tensor, b: &Tensor) -> Tensor {
    narrow_product(a, b, false).unwrap_or_else(|| wide_product(a, b))
}

/// `relu(a) b`
pub(crate) fn product_of_relu(a: &Tensor, b: &Tensor) -> Tensor {
    narrow_product(a, b, true).unwrap_or_else(|| wide_product(&a.relu(), b))
}

/// Adds `a b` to a matrix.
pub(crate) fn add_product(to: &mut Tensor, a: &Tensor, b: &Tensor) {
    match (to.device(), to.kind()) {
        _ if a.numel() == 0 || b.numel() == 0 => {}
        (Device::Cpu, _) if to.stride()[1] != 1 && to.stride()[0] == 1 => {
            add_product(&mut to.tr(), &b.tr(), &a.tr());
        }
        _ if to.stride()[1] != 1 => {
            let _ = to.addmm_(a, b);
        }
        (Device::Cpu, Kind::Float) => add_dense::<f32>(to, a, b),
        (Device::Cpu, Kind::Double) => add_dense::<f64>(to, a, b),
        _ => {
            let _ = to.addmm_(a, b);
        }
    }
}

fn wide_product(a: &Tensor, b: &Tensor) -> Tensor {
    let mut product = Tensor::zeros([a.size()[0], b.size()[1]], (a.kind(), a.device()));
    add_product(&mut product, a, b);
    product
}

fn add_dense<T: Real>(to: &mut Tensor, a: &Tensor, b: &Tensor) {
    let stride = to.stride()[0] as usize;
    let (a, b) = (Matrix::of(a), Matrix::of(b));
    T::run(AddDense { to: memory_of(to), stride, a, b });
}

fn narrow_product(a: &Tensor, b: &Tensor, relu: bool) -> Option<Tensor> {
    let is_narrow = b.size()[1] as usize <= narrow::COLUMNS && a.stride()[1] == 1;
    let has_entries = a.numel() > 0 && b.numel() > 0;
    match (a.device(), a.kind()) {
        _ if !(is_narrow && has_entries) => None,
        (Device::Cpu, Kind::Float) => Some(narrow_product_of::<f32>(a, b, relu)),
        (Device::Cpu, Kind::Double) => Some(narrow_product_of::<f64>(a, b, relu)),
        _ => None,
    }
}

fn narrow_product_of<T: Real + Element>(a: &Tensor, b: &Tensor, relu: bool) -> Tensor {
    let rows = b.tr().contiguous();
    let product = T::run(NarrowProduct { a: Matrix::of(a), b: Matrix::of(&rows), relu });
    Tensor::from_slice(&product).view([a.size()[0], b.size()[1]])
}

#[cfg(test)]
mod tests {
    use super::super::testing::whole;
    use super::*;

    #[test]
    fn a_product_of_any_shape_is_that_of_libtorch() {
        for (m, k, n) in [(1, 1, 1), (13, 9, 10), (7, 3, 16), (25, 17, 33), (30, 8, 100), (2, 0, 3)]
        {
            let (a, b) = (whole(m, k), whole(k, n));
            let (a_turned, b_turned) = (whole(k, m).tr(), whole(n, k).tr());
            for (a, b) in [(&a, &b), (&a, &b_turned), (&a_turned, &b), (&a_turned, &b_turned)] {
                for kind in [Kind::Float, Kind::Double] {
                    let (a, b) = (a.to_kind(kind), b.to_kind(kind));
                    assert_eq!(product(&a, &b), a.matmul(&b), "{m} x {k} x {n}");
                    assert_eq!(product_of_relu(&a, &b), a.relu().matmul(&b), "{m} x {k} x {n}");
                }
            }
        }
    }

    #[test]
    fn it_is_added_to_a_matrix_however_that_lies_in_memory() {
        let (a, b) = (whole(40, 9), whole(9, 33));
        let every_second = |matrix: Tensor| matrix.slice(1, 0, None, 2);
        for mut to in [whole(40, 33), whole(33, 40).tr(), every_second(whole(40, 66))] {
            let expected = &to + a.matmul(&b);
            add_product(&mut to, &a, &b);
            assert_eq!(to, expected);
        }
    }

    #[test]
    fn what_is_not_a_number_stays_so() {
        let a = Tensor::from_slice(&[1f32, f32::NAN]).view([2, 1]);
        let product = product_of_relu(&a, &whole(1, 3));
        assert_eq!(
            Vec::<f32>::try_from(product.isnan().any_dim(1, false).to_kind(Kind::Float)).ok(),
            Some(vec![0., 1.])
        );
    }
}
