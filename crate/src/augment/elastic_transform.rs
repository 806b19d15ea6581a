//! Elastic distortion: a smooth random displacement of every pixel.

use super::gaussian_blur::{blur, check_kernel_fits};
use super::grid::{Grid, Interpolation, sample};
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

    /// Displaces the pixels by noise in -1..1, `[height * width]` for x and for y.
    fn displace(&self, image: &mut Image, noise: [Vec<f32>; 2]) {
        let Size { height, width } = image.size;
        let sides = [width, height].map(|side| side as f32);
        let mut grid = Grid::new(image.size, [0.5, 0.5], |x, y| {
            [2.0 * x / sides[0] - 1.0, 2.0 * y / sides[1] - 1.0]
        });
        for ((points, mut noise), side) in
            [&mut grid.x, &mut grid.y].into_iter().zip(noise).zip(sides)
        {
            if self.sigma > 0.0 {
                let mut noise = Image { pixels: &mut noise, size: image.size };
                blur(&mut noise, [self.kernel_size(); 2], [self.sigma; 2]);
            }
            let reach = self.alpha as f32 / side; // in units of the grid: half a side
            points.iter_mut().zip(noise).for_each(|(point, noise)| *point += reach * noise);
        }
        sample(image, &grid, self.interpolation);
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

    fn transform(&self, image: &mut Image, random: &mut ChaCha8Rng) {
        let mut number = || 2.0 * random.random::<f32>() - 1.0;
        let noise = [(); 2].map(|_| (0..image.size.area()).map(|_| number()).collect());
        self.displace(image, noise);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{apply, assert_pixels, changed, distance, noise, small_image};
    use super::*;

    /// Expected: torchvision 0.28, `ElasticTransform(6.0, 0.5)` with this noise instead of `torch.rand`.
    #[test]
    fn an_elastic_distortion_is_torchvisions() {
        let noise = |(factor, start)| {
            (0..20).map(|i| ((i * factor + start) % 16) as f32 / 8.0 - 1.0).collect()
        };
        let expected = [
            0.0, 0.225087, 0.358341, 0.077585, 0.656734, 0.414421, 0.474404, 0.010891, 0.725698,
            0.0, 0.000366, 0.743255, 0.573801, 0.432211, 0.519508, 0.482366, 0.086347, 0.0,
            0.325673, 0.461028,
        ];
        let elastic = ElasticTransform { alpha: 6.0, sigma: 0.5, ..ElasticTransform::default() };
        let noise = || [(5, 1), (11, 3)].map(noise);
        let displaced = changed(&small_image(), |image| elastic.displace(image, noise()));
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
