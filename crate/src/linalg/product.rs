//! Products of matrices.

use super::lanes::Real;
use super::matrix::Matrix;
use super::narrow::{self, NarrowProduct};
use tch::kind::Element;
use tch::{Device, Kind, Tensor};

/// `a b`, `[m, k] x [k, n] -> [m, n]`.
pub(crate) fn product(a: &Tensor, b: &Tensor) -> Tensor {
    narrow_product(a, b, false).unwrap_or_else(|| a.matmul(b))
}

/// `relu(a) b`
pub(crate) fn product_of_relu(a: &Tensor, b: &Tensor) -> Tensor {
    narrow_product(a, b, true).unwrap_or_else(|| a.relu().matmul(b))
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
    fn what_is_not_a_number_stays_so() {
        let a = Tensor::from_slice(&[1f32, f32::NAN]).view([2, 1]);
        let product = product_of_relu(&a, &whole(1, 3));
        assert_eq!(
            Vec::<f32>::try_from(product.isnan().any_dim(1, false).to_kind(Kind::Float)).ok(),
            Some(vec![0., 1.])
        );
    }
}
