//! Synthetic digits: strokes like a pen's, distorted at random and rendered to 28 x 28 pixels.
//!
//! Each digit has a few templates, lists of points that the pen passes through. A smooth random field displaces
//! a template's points, which are then slanted, rotated, scaled and shifted. A smooth curve through them is drawn
//! with a pen of random thickness and slightly blurred.
//!
//! Only `+ - * /` and square roots are used, which IEEE 754 defines to the last bit: the images are the same on
//! every machine.

use super::idx::{CLASSES, PIXELS, SIDE};
use super::images::Images;
use crate::rng::{ChaCha8Rng, RngExt, Stream, random};
use std::ops::Range;

/// Training images of a set of synthetic digits.
pub(super) const TRAIN: usize = 6_000;
/// Test images of a set of synthetic digits.
pub(super) const TEST: usize = 2_000;

/// Random 32-bit words reserved for an image; it needs about 400.
const WORDS_PER_IMAGE: u128 = 4_096;

/// Height of an undistorted digit, in pixels, as in MNIST.
const HEIGHT: f64 = 20.0;
/// Greatest height and width of a distorted one.
const LARGEST: f64 = 23.0;

/// A position: x to the right, y down.
type Point = (f64, f64);
/// A pen stroke through its points, in hundredths of a unit square. A point given twice is a corner.
type Stroke = &'static [(u8, u8)];
/// The strokes of one way to write a digit.
type Template = &'static [Stroke];

/// Draws the images of `indices`. Image `i` depends only on the seed and `i`.
pub(super) fn draw(seed: u64, indices: Range<usize>) -> Images {
    let mut rng = random(seed, Stream::Digits);
    let mut pixels = Vec::with_capacity(indices.len() * PIXELS);
    let mut labels = Vec::with_capacity(indices.len());
    for i in indices {
        rng.set_word_pos(i as u128 * WORDS_PER_IMAGE);
        let digit = rng.random_range(0..CLASSES);
        labels.push(digit as u8);
        pixels.extend(image(digit, &mut rng));
    }
    Images::of(pixels, labels)
}

/// Draws one digit, `[784]`, row by row.
fn image(digit: usize, rng: &mut ChaCha8Rng) -> [u8; PIXELS] {
    let ways: Vec<Template> =
        TEMPLATES.iter().filter(|way| way.0 == digit).map(|way| way.1).collect();
    let template = ways[rng.random_range(0..ways.len())];
    let strokes = place(distort(template, rng), rng);
    // A round pen: it may be pressed more at one end of the stroke than at the other.
    let radius = rng.random_range(0.75..1.65);
    let change = 0.12 * bell(rng);
    let radii = (radius * (1.0 - change), radius * (1.0 + change));
    let mut ink = [0.0; PIXELS];
    for stroke in &strokes {
        draw_line(&spline(stroke), radii, &mut ink);
    }
    let share = rng.random_range(0.0..0.22);
    let blurred = smooth(&smooth(&ink, share, 1), share, SIDE);
    // Above 1 the ink saturates, as it does in most of MNIST's images.
    let strength = rng.random_range(0.8..1.25);
    blurred.map(|value: f64| (255.0 * (strength * value).min(1.0)).round() as u8)
}

/// Displaces the template's points by a smooth random field, then slants, rotates and scales them to pixels,
/// around an arbitrary centre.
fn distort(template: Template, rng: &mut ChaCha8Rng) -> Vec<Vec<Point>> {
    let field = Field::random(rng);
    let slant = 0.22 * bell(rng) + 0.1;
    // Sine and cosine of an angle from the tangent of its half.
    let half = 0.065 * bell(rng);
    let (sin, cos) = (2.0 * half / (1.0 + half * half), (1.0 - half * half) / (1.0 + half * half));
    let height = HEIGHT * (1.0 + 0.09 * bell(rng));
    let width = HEIGHT * 0.85 * (1.0 + 0.13 * bell(rng));
    let distorted = |&(x, y): &(u8, u8)| {
        let (x, y) = field.displace((f64::from(x) / 100.0, f64::from(y) / 100.0));
        let (x, y) = (width * (x - slant * (y - 0.5)), height * y);
        (cos * x - sin * y, sin * x + cos * y)
    };
    template.iter().map(|stroke| stroke.iter().map(distorted).collect()).collect()
}

/// Moves the strokes near the middle of the image, and shrinks them if they would touch its edges.
fn place(mut strokes: Vec<Vec<Point>>, rng: &mut ChaCha8Rng) -> Vec<Vec<Point>> {
    let (left, right) = extent(&strokes, |point| point.0);
    let (top, bottom) = extent(&strokes, |point| point.1);
    let scale = (LARGEST / (right - left).max(bottom - top)).min(1.0);
    let centre = SIDE as f64 / 2.0;
    let (centre_x, centre_y) = (centre + 0.8 * bell(rng), centre + 0.8 * bell(rng));
    for (x, y) in strokes.iter_mut().flatten() {
        *x = centre_x + scale * (*x - (left + right) / 2.0);
        *y = centre_y + scale * (*y - (top + bottom) / 2.0);
    }
    strokes
}

/// The least and the greatest value of one coordinate.
fn extent(strokes: &[Vec<Point>], coordinate: fn(&Point) -> f64) -> (f64, f64) {
    let values = || strokes.iter().flatten().map(coordinate);
    (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max))
}

/// Random displacements at the nodes of a grid over the unit square, bilinear in between.
struct Field([[Point; Field::NODES]; Field::NODES]);

impl Field {
    const NODES: usize = 4;
    /// Standard deviation of a displacement, in heights of a digit.
    const STRENGTH: f64 = 0.06;

    fn random(rng: &mut ChaCha8Rng) -> Field {
        let mut node = || (Field::STRENGTH * bell(rng), Field::STRENGTH * bell(rng));
        Field([(); Field::NODES].map(|()| [(); Field::NODES].map(|()| node())))
    }

    fn displace(&self, (x, y): Point) -> Point {
        let (column, right) = Field::cell(x);
        let (row, down) = Field::cell(y);
        let upper = mix(self.0[row][column], self.0[row][column + 1], right);
        let lower = mix(self.0[row + 1][column], self.0[row + 1][column + 1], right);
        let (dx, dy) = mix(upper, lower, down);
        (x + dx, y + dy)
    }

    /// The node before a coordinate of 0 to 1, and the coordinate's distance from it, 0 to 1.
    fn cell(coordinate: f64) -> (usize, f64) {
        let cells = Field::NODES - 1;
        let scaled = coordinate.clamp(0.0, 1.0) * cells as f64;
        let node = (scaled as usize).min(cells - 1);
        (node, scaled - node as f64)
    }
}

fn mix(a: Point, b: Point, share: f64) -> Point {
    (a.0 + share * (b.0 - a.0), a.1 + share * (b.1 - a.1))
}

/// Draws a smooth curve through the points (a Catmull-Rom spline), as a polyline. Points given twice are corners.
fn spline(points: &[Point]) -> Vec<Point> {
    const STEPS: usize = 6;
    let last = points.len() - 1;
    let mut line = vec![points[0]];
    for i in (0..last).filter(|&i| points[i] != points[i + 1]) {
        let [a, b, c, d] = [i.saturating_sub(1), i, i + 1, (i + 2).min(last)].map(|i| points[i]);
        for step in 1..=STEPS {
            let t = step as f64 / STEPS as f64;
            let along = |a: f64, b: f64, c: f64, d: f64| {
                let (square, cube) = (2.0 * a - 5.0 * b + 4.0 * c - d, 3.0 * (b - c) + d - a);
                b + 0.5 * t * (c - a + t * (square + t * cube))
            };
            line.push((along(a.0, b.0, c.0, d.0), along(a.1, b.1, c.1, d.1)));
        }
    }
    line
}

/// Draws a polyline with a pen; `ink` is the covered share of each pixel, 0 to 1.
fn draw_line(line: &[Point], (start, end): (f64, f64), ink: &mut [f64; PIXELS]) {
    for (i, ends) in line.windows(2).enumerate() {
        let radius = start + (end - start) * i as f64 / line.len() as f64;
        segment(ends[0], ends[1], radius, ink);
    }
}

/// Draws a straight line with round ends, its edges smoothed over one pixel.
fn segment(a: Point, b: Point, radius: f64, ink: &mut [f64; PIXELS]) {
    let reach = radius + 0.5;
    for row in span(a.1, b.1, reach) {
        for column in span(a.0, b.0, reach) {
            let pixel = (column as f64 + 0.5, row as f64 + 0.5);
            let covered = (reach - distance(pixel, a, b)).clamp(0.0, 1.0);
            let value = &mut ink[row * SIDE + column];
            *value = value.max(covered);
        }
    }
}

/// The rows or columns of the image within reach of an interval.
fn span(a: f64, b: f64, reach: f64) -> Range<usize> {
    // `as` saturates, which clamps negative numbers to 0.
    let first = (a.min(b) - reach) as usize;
    let end = (a.max(b) + reach + 1.0) as usize;
    first.min(SIDE)..end.min(SIDE)
}

/// The distance of a point from the line between `a` and `b`.
fn distance(point: Point, a: Point, b: Point) -> f64 {
    let (abx, aby) = (b.0 - a.0, b.1 - a.1);
    let (apx, apy) = (point.0 - a.0, point.1 - a.1);
    let (dot, squared_length) = (apx * abx + apy * aby, abx * abx + aby * aby);
    let along = if squared_length > 0.0 { (dot / squared_length).clamp(0.0, 1.0) } else { 0.0 };
    let (dx, dy) = (apx - along * abx, apy - along * aby);
    (dx * dx + dy * dy).sqrt()
}

/// Mixes pixels with the neighbours `step` before and after; beyond the ends is paper.
fn smooth(ink: &[f64; PIXELS], share: f64, step: usize) -> [f64; PIXELS] {
    let at = |i: Option<usize>| i.and_then(|i| ink.get(i)).copied().unwrap_or(0.0);
    std::array::from_fn(|i| {
        let neighbours = at(i.checked_sub(step)) + at(i.checked_add(step));
        (1.0 - 2.0 * share) * ink[i] + share * neighbours
    })
}

/// Draws a number with mean 0 and standard deviation 1, within -3..=3: a sum of three uniform numbers, as the
/// normal distribution needs functions that differ between machines.
fn bell(rng: &mut ChaCha8Rng) -> f64 {
    (0..3).map(|_| rng.random_range(-1.0..1.0)).sum()
}

/// A digit and one of its ways to be written, in hundredths of the unit square; the ways of a digit stand together.
#[rustfmt::skip]
const TEMPLATES: [(usize, Template); 25] = [
    (0, &[&[(50, 0), (24, 12), (14, 50), (24, 88), (50, 100), (76, 88), (86, 50), (76, 12), (50, 0), (40, 3)]]),
    (0, &[&[(68, 10), (42, 2), (16, 30), (12, 70), (36, 100), (70, 84), (86, 44), (76, 8), (52, 6)]]),
    (1, &[&[(50, 0), (50, 50), (50, 100)]]),
    (1, &[&[(50, 0), (50, 100)]]),
    (1, &[&[(26, 24), (52, 0), (52, 0), (52, 100)]]),
    (1, &[&[(26, 22), (52, 0), (52, 0), (52, 100)], &[(22, 100), (82, 100)]]),
    (2, &[&[(14, 24), (32, 3), (62, 2), (80, 22), (68, 50), (40, 78), (12, 100), (12, 100), (90, 97)]]),
    (2, &[&[(14, 20), (42, 0), (74, 14), (66, 46), (34, 84), (14, 96), (12, 80), (32, 78), (58, 94), (92, 94)]]),
    (3, &[&[(16, 12), (44, 0), (74, 14), (66, 38), (40, 47), (40, 47), (74, 58), (80, 82), (50, 100), (12, 90)]]),
    (3, &[&[(14, 3), (80, 2), (80, 2), (42, 40), (42, 40), (76, 54), (80, 82), (48, 100), (10, 90)]]),
    (4, &[&[(22, 2), (14, 54), (14, 54), (90, 50)], &[(72, 0), (68, 100)]]),
    (4, &[&[(20, 4), (14, 38), (32, 54), (74, 42)], &[(78, 2), (74, 50), (72, 100)]]),
    (4, &[&[(62, 0), (10, 64), (10, 64), (94, 64)], &[(62, 0), (62, 100)]]),
    (5, &[&[(84, 0), (28, 3), (28, 3), (22, 44), (22, 44), (52, 38), (80, 56), (74, 88), (42, 100), (10, 92)]]),
    (5, &[&[(86, 3), (46, 4), (24, 26), (48, 46), (76, 66), (62, 94), (14, 98)]]),
    (6, &[&[(72, 2), (38, 20), (14, 62), (26, 94), (56, 100), (80, 80), (64, 57), (36, 60), (18, 78)]]),
    (6, &[&[(46, 0), (22, 44), (16, 80), (42, 100), (72, 84), (66, 60), (40, 58), (18, 76)]]),
    (7, &[&[(12, 5), (86, 3), (86, 3), (52, 50), (38, 100)]]),
    (7, &[&[(12, 5), (86, 3), (86, 3), (52, 50), (38, 100)], &[(30, 52), (76, 48)]]),
    (7, &[&[(14, 22), (16, 4), (16, 4), (84, 6), (84, 6), (60, 48), (56, 100)]]),
    (8, &[&[(78, 12), (48, 0), (22, 18), (44, 44), (76, 74), (50, 100), (20, 80), (44, 50), (74, 26), (76, 8)]]),
    (8, &[&[(50, 0), (24, 20), (48, 46), (74, 22), (50, 0), (42, 2)],
        &[(48, 46), (18, 72), (46, 100), (80, 74), (48, 46), (40, 48)]]),
    (9, &[&[(74, 16), (48, 0), (20, 18), (22, 44), (50, 48), (74, 20), (74, 20), (70, 100)]]),
    (9, &[&[(76, 14), (48, 0), (20, 22), (40, 46), (74, 20), (74, 20), (72, 56), (48, 100)]]),
    (9, &[&[(74, 12), (46, 0), (20, 20), (34, 46), (64, 38), (76, 14), (78, 56), (58, 96), (20, 94)]]),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn squared_distance(image: &[u8], mean: &[f64]) -> f64 {
        image.iter().zip(mean).map(|(&pixel, mean)| (f64::from(pixel) - mean).powi(2)).sum()
    }

    /// The mean image of each class.
    fn centroids(images: &Images) -> Vec<Vec<f64>> {
        let mut sums = vec![vec![0.0; PIXELS]; CLASSES];
        for i in 0..images.len() {
            for (sum, &pixel) in sums[usize::from(images.label(i))].iter_mut().zip(images.image(i))
            {
                *sum += f64::from(pixel);
            }
        }
        let means = sums.iter().zip(images.class_counts());
        means.map(|(sum, count)| sum.iter().map(|pixel| pixel / count as f64).collect()).collect()
    }

    /// The share of `test` that is closest to the mean training image of its own class.
    fn nearest_centroid_accuracy(train: &Images, test: &Images) -> f64 {
        let centroids = centroids(train);
        let nearest = |image: &[u8]| {
            (0..CLASSES).min_by(|&a, &b| {
                squared_distance(image, &centroids[a])
                    .total_cmp(&squared_distance(image, &centroids[b]))
            })
        };
        let correct = |&i: &usize| nearest(test.image(i)) == Some(usize::from(test.label(i)));
        (0..test.len()).filter(correct).count() as f64 / test.len() as f64
    }

    #[test]
    fn a_seed_draws_its_digits_and_another_seed_others() {
        assert_eq!(draw(3, 0..50), draw(3, 0..50));
        assert_ne!(draw(3, 0..50), draw(4, 0..50));
    }

    #[test]
    fn an_image_depends_on_its_index_alone() {
        let later: Vec<usize> = (20..50).collect();
        assert_eq!(draw(3, 20..50), draw(3, 0..50).copies(&later));
    }

    #[test]
    fn no_two_images_are_the_same() {
        let images = draw(0, 0..500);
        let different: std::collections::HashSet<&[u8]> =
            (0..500).map(|i| images.image(i)).collect();
        assert_eq!(different.len(), 500);
    }

    #[test]
    fn every_class_has_about_its_share() {
        // 100 each on average with a standard deviation of 9.5: five of them either way.
        let counts = draw(0, 0..1_000).class_counts();
        assert!(counts.iter().all(|count| (53..147).contains(count)), "{counts:?}");
    }

    #[test]
    fn uses_the_full_range_from_paper_to_ink() {
        let images = draw(0, 0..100);
        let pixels = images.pixels();
        assert_eq!((pixels.iter().min(), pixels.iter().max()), (Some(&0), Some(&255)));
    }

    #[test]
    fn the_edge_of_the_images_stays_nearly_white() {
        let images = draw(0, 0..500);
        let edge = |i: usize| [i / SIDE, i % SIDE].iter().any(|&at| at == 0 || at == SIDE - 1);
        let on_edge = (0..PIXELS).filter(|&i| edge(i)).count() * images.len();
        let inked = images.pixels().iter().enumerate();
        let inked = inked.filter(|&(i, &pixel)| edge(i % PIXELS) && pixel > 127).count();
        assert!((inked as f64) < 0.002 * on_edge as f64, "{inked} of {on_edge}");
    }

    #[test]
    fn the_digits_can_be_learned_but_not_by_their_mean_images_alone() {
        let accuracy = nearest_centroid_accuracy(&draw(0, 0..1_000), &draw(0, 1_000..1_500));
        assert!((0.6..0.95).contains(&accuracy), "{accuracy}");
    }

    #[test]
    fn draws_the_same_bytes_on_every_machine() {
        use sha2::{Digest, Sha256};
        let digest = Sha256::digest(draw(0, 0..100).pixels());
        assert_eq!(
            format!("{digest:x}"),
            "4140c64a064ab3923573a3d5e5adbd2e8204d81980d75503033abcbfcee79382"
        );
    }

    #[test]
    fn a_spline_passes_through_its_points() {
        let points = [(0.0, 0.0), (1.0, 2.0), (3.0, 1.0)];
        let line = spline(&points);
        assert!(points.iter().all(|point| line.contains(point)), "{line:?}");
    }

    #[test]
    fn a_line_covers_the_pixels_within_the_pen_s_radius() {
        let mut ink = [0.0; PIXELS];
        segment((5.0, 10.5), (20.0, 10.5), 1.0, &mut ink);
        let column: Vec<f64> = (7..15).map(|row| ink[row * SIDE + 12]).collect();
        assert_eq!(column, [0.0, 0.0, 0.5, 1.0, 0.5, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn blur_keeps_the_amount_of_ink() {
        let mut ink = [0.0; PIXELS];
        ink[14 * SIDE + 14] = 1.0;
        let blurred = smooth(&smooth(&ink, 0.25, 1), 0.25, SIDE);
        assert_eq!((blurred[14 * SIDE + 14], blurred.iter().sum()), (0.25, 1.0));
    }
}
