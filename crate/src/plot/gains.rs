//! Gains over a baseline, seed by seed.

use super::Figure;
use super::intervals::{Chart, Row};
use crate::error::Result;
use crate::study::{Gain, Gains};

/// A row for each change: a grey dot for each seed, a blue tick for the mean, a blue bar for its 95 % interval.
///
/// ```
/// use hinge::prelude::*;
///
/// let digits = Digits::synthetic(0);
/// let plain = Experiment { epochs: 3, ..Experiment::default() };
/// let longer = Experiment { epochs: 6, ..plain.clone() }.repeat(&digits, 0..3)?;
/// let gains = Gains::over(&plain.repeat(&digits, 0..3)?, Metric::TestAccuracy, [("twice the epochs", longer)])?;
/// let figure: Figure = plot::gains(&gains)?;
/// # Ok::<(), hinge::Error>(())
/// ```
///
/// # Errors
/// [`Error::Figure`](crate::Error::Figure) if it cannot be drawn.
pub fn gains(gains: &Gains) -> Result<Figure> {
    let Gains { metric, baseline, source, .. } = gains;
    let alt = format!(
        "Dot plot of the gain in {metric} over the baseline, one row a setting, mean and 95 % interval"
    );
    let caption = format!(
        "Gain in {metric} over: {baseline}. Grey: each of {} seeds; blue: mean and its 95 % interval. {source}.",
        gains.seeds()
    );
    chart(gains).figure(alt, caption)
}

fn chart(gains: &Gains) -> Chart {
    let row = |gain: &Gain| Row {
        seeds: gain.by_seed.values().to_vec(),
        ..Row::over_seeds(&gain.name, &gain.by_seed)
    };
    let unit = gains.metric.unit().of_differences();
    Chart::new(format!("gain in {}", gains.metric), unit, gains.all().iter().map(row))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Digits;
    use crate::study::{Experiment, Runs};
    use crate::train::Metric;

    /// Longer training, in a test with few seeds and epochs.
    fn longer(metric: Metric) -> Result<Gains> {
        let runs = |epochs: usize| -> Result<Runs> {
            let short = Experiment { epochs, ..Experiment::default() };
            short.repeat(&Digits::synthetic(0), 0..3)
        };
        Gains::over(&runs(1)?, metric, [("longer", runs(5)?)])
    }

    #[test]
    fn zero_is_on_the_axis() -> Result<()> {
        let figure = super::gains(&longer(Metric::TestLoss)?)?;
        assert!(figure.svg.contains(">0</text>"));
        Ok(())
    }

    #[test]
    fn a_gain_in_accuracy_is_shown_in_points() -> Result<()> {
        let gains = longer(Metric::TestAccuracy)?;
        let chart = chart(&gains);
        let shown = chart.rows[0].figures(chart.unit).replace('\u{2212}', "-");
        let mean: f64 = shown.split(' ').next().unwrap_or_default().parse().unwrap_or(f64::NAN);
        assert!((mean - 100. * gains.all()[0].by_seed.mean()).abs() <= 0.05, "{shown}");
        Ok(())
    }
}
