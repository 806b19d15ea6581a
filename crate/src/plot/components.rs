//! What the spread of a metric is made of.

use super::Figure;
use super::intervals::{Chart, Row};
use crate::error::Result;
use crate::study::{Distribution, Interval};
use crate::train::Metric;

/// One source of variance.
#[derive(Clone, Debug)]
pub struct Component {
    /// What is varied: "training sample".
    pub source: String,
    /// The standard deviation that it causes, in the metric's unit.
    pub standard_deviation: f64,
    /// Its 95 % interval.
    pub interval: Interval,
}

impl Component {
    /// What `source` causes: the spread of a metric over seeds that vary it alone.
    ///
    /// # Errors
    /// As [`Distribution::standard_deviation_interval`].
    pub fn new(source: impl Into<String>, over_seeds: &Distribution) -> Result<Component> {
        Ok(Component {
            source: source.into(),
            standard_deviation: over_seeds.standard_deviation(),
            interval: over_seeds.standard_deviation_interval()?,
        })
    }
}

/// A bar for the standard deviation that each source of variance causes, with its 95 % interval, in the given order.
///
/// ```
/// use hinge::plot::Component;
/// use hinge::prelude::*;
///
/// let interval = Interval { low: 0.015, high: 0.025 };
/// let sample = Component { source: "training sample".into(), standard_deviation: 0.02, interval };
/// let figure: Figure = plot::variance_components(Metric::TestAccuracy, &[sample])?;
/// # Ok::<(), hinge::Error>(())
/// ```
///
/// # Errors
/// [`Error::TooFew`](crate::Error::TooFew) for no component.
pub fn variance_components(metric: Metric, components: &[Component]) -> Result<Figure> {
    let row = |component: &Component| {
        Row::new(&component.source, component.standard_deviation, component.interval)
    };
    let quantity = format!("standard deviation of {metric}");
    let chart = Chart::new(quantity, metric.unit(), components.iter().map(row));
    let alt = format!(
        "Bar chart of the standard deviation of {metric} by its source, with 95 % intervals"
    );
    let caption = format!(
        "Standard deviation of {metric} when only one source varies; dark: its 95 % interval."
    );
    Chart { bars: true, ..chart }.figure(alt, caption)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_begin_at_zero_and_have_their_figures_beside_them() -> Result<()> {
        let interval = Interval { low: 0.015, high: 0.025 };
        let component = Component { source: "order".into(), standard_deviation: 0.02, interval };
        let figure = variance_components(Metric::TestAccuracy, &[component])?;
        let svg = figure.svg;
        for text in [">0</text>", ">order</text>", ">2.0 (1.5 to 2.5)</text>"] {
            assert!(svg.contains(text), "{text} in {svg}");
        }
        Ok(())
    }
}
