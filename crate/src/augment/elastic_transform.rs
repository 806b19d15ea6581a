//! Elastic distortion: a smooth random displacement of every pixel.

use super::gaussian_blur::{blur, check_kernel_fits};
use super::grid::{Interpolation, sample};
use super::transform::*;

/// Moves every pixel of each image by its own displacement: uniform noise in -1..1, smoothed by a Gaussian,
/// times `alpha` half pixels.
///
/// Source: [torchvision's `v2.ElasticTransform`](https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.v2.ElasticTransform.html).
///
/// ```
/// use hinge::augment::{Compose, ElasticTransform};
/// use hinge::rng::{Stream, random};
/// use tch::Tensor;
///
/// let unmoved = ElasticTransform { alpha: 0., sigma: 0., ..ElasticTransform::default() };
/// let ramp = (Tensor::arange(16, (tch::Kind::Float, tch::Device::Cpu)) / 16.).view([1, 4, 4]);
/// let same = Compose::new([unmoved.into()]).apply(&ramp, &mut random(0, Stream::Augmentation))?;
/// assert!(same.allclose(&ramp, 0., 1e-5, false)); // displacements of 0 leave the image as it is
/// # Ok::<(), hinge::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ElasticTransform {
    /// The magnitude of the displacements before smoothing, in half pixels, in 0..=1e6. Defaults to 50.
    pub alpha: f64,
    /// The standard deviation of the smoothing Gaussian in pixels, from 0 (no smoothing) to a quarter of the
    /// image's shorter side: the kernel of 8 `sigma` + 1 weights is reflected at the border. Defaults to 5.
    pub sigma: f64,
    /// Defaults to bilinear.
    pub interpolation: Interpolation,
}

impl Default for ElasticTransform {
    fn default() -> ElasticTransform {
        ElasticTransform { alpha: 50.0, sigma: 5.0, interpolation: Interpolation::Bilinear }
    }
}

impl ElasticTransform {
    fn kernel_size(&self) -> usize {
        (8.0 * self.sigma + 1.0) as usize | 1
    }

    /// Displaces the images by `noise` in -1..1, `[images, 2, height, width]` (all x, then all y).
    fn displace(&self, images: &Tensor, noise: &Tensor) -> Tensor {
        let size = Size::of(images);
        let [height, width] = [size.height as i64, size.width as i64];
        let mut displacement = noise.view([-1, height, width]);
        if self.sigma > 0.0 {
            displacement = blur(&displacement, [self.kernel_size(); 2], [&[self.sigma]; 2]);
        }
        // In units of the grid: half a side.
        let reach = [self.alpha / width as f64, self.alpha / height as f64].map(|half| half as f32);
        let displacement =
            displacement.view([-1, 2, height, width]) * Tensor::from_slice(&reach).view([2, 1, 1]);
        let centres = |side: i64| {
            let last = (side as f64 - 1.0) / side as f64;
            Tensor::linspace(-last, last, side, (Kind::Float, images.device()))
        };
        let identity = Tensor::meshgrid_indexing(&[centres(height), centres(width)], "ij");
        let grid = Tensor::stack(&[&identity[1], &identity[0]], 0) + displacement;
        sample(images, &grid, self.interpolation)
    }
}

impl RandomTransform for ElasticTransform {
    fn validate(&self) -> Result<()> {
        check("ElasticTransform: alpha", 0.0..=1e6, self.alpha)?;
        check("ElasticTransform: sigma", 0.0..=1e6, self.sigma)
    }

    fn check_size(&self, size: Size) -> Result<()> {
        check_kernel_fits("ElasticTransform: sigma", self.kernel_size(), size)
    }

    fn transform(&self, images: &Tensor, sources: &mut Sources) -> Tensor {
        let Size { height, width, .. } = Size::of(images);
        let mut noise = Vec::with_capacity(2 * images.numel());
        for random in sources.iter_mut() {
            noise.extend((0..2 * height * width).map(|_| 2.0 * random.random::<f32>() - 1.0));
        }
        self.displace(images, &Tensor::from_slice(&noise))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{apply, assert_pixels, distance, noise, small_image};
    use super::*;

    /// Expected: torchvision 0.28, `ElasticTransform(6.0, 0.5)` with this noise instead of `torch.rand`.
    #[test]
    fn an_elastic_distortion_is_torchvisions() {
        let noise: Vec<f32> = [(5, 1), (11, 3)]
            .iter()
            .flat_map(|(factor, start)| {
                (0..20).map(move |i| ((i * factor + start) % 16) as f32 / 8.0 - 1.0)
            })
            .collect();
        let expected = [
            0.0, 0.225087, 0.358341, 0.077585, 0.656734, 0.414421, 0.474404, 0.010891, 0.725698,
            0.0, 0.000366, 0.743255, 0.573801, 0.432211, 0.519508, 0.482366, 0.086347, 0.0,
            0.325673, 0.461028,
        ];
        let elastic = ElasticTransform { alpha: 6.0, sigma: 0.5, ..ElasticTransform::default() };
        let displaced = elastic.displace(&small_image(), &Tensor::from_slice(&noise));
        assert_pixels(&displaced, &expected);
    }

    #[test]
    fn an_elastic_distortion_of_magnitude_0_changes_nothing() -> Result<()> {
        let images = noise(2, 28, 28);
        let still = ElasticTransform { alpha: 0.0, ..ElasticTransform::default() };
        assert!(distance(&apply(still, &images)?, &images) < 2e-6);
        Ok(())
    }
}
