//! Results ranked by a metric.

use super::Figure;
use super::intervals::{Chart, Row};
use super::style::{Colour, SERIES};
use crate::error::Result;
use crate::study::Distribution;
use crate::train::Metric;

/// What a ranked result varies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// The training images: more of them.
    Data,
    /// The model, its loss or its regularisation.
    Model,
    /// What the model sees of an image.
    Representation,
    /// Random changes of the training images.
    Augmentation,
}

/// A result to be ranked.
#[derive(Clone, Debug)]
pub struct Ranked {
    /// Its name: "linear SVM on HOG features".
    pub name: String,
    /// What it varies.
    pub group: Group,
    /// The metric over seeds.
    pub over_seeds: Distribution,
    /// What was published for it.
    pub published: Vec<f64>,
}

impl Group {
    const ALL: [Group; 4] = [Group::Data, Group::Model, Group::Representation, Group::Augmentation];

    fn name(self) -> &'static str {
        match self {
            Group::Data => "data",
            Group::Model => "model",
            Group::Representation => "representation",
            Group::Augmentation => "augmentation",
        }
    }

    fn colour(self) -> Colour {
        SERIES[self as usize]
    }
}

impl Ranked {
    /// A result without a published value.
    pub fn new(name: impl Into<String>, group: Group, over_seeds: Distribution) -> Ranked {
        Ranked { name: name.into(), group, over_seeds, published: Vec::new() }
    }

    /// The same result with the values that were published for it.
    pub fn published(self, published: impl IntoIterator<Item = f64>) -> Ranked {
        Ranked { published: published.into_iter().collect(), ..self }
    }
}

/// A row for each result, the best first: a tick for the mean over seeds, a bar for its 95 % interval, a thin line for
/// the 95 % prediction interval of one more run, diamonds for published values (at the end of the axis, with their numbers,
/// if they are far from all of ours). Colours tell the groups apart.
///
/// ```
/// use hinge::plot::{Group, Ranked};
/// use hinge::prelude::*;
///
/// let pixels = Ranked::new("pixels", Group::Model, Distribution::new(vec![0.76, 0.78])?).published([0.785]);
/// let hog = Ranked::new("HOG", Group::Representation, Distribution::new(vec![0.89, 0.91])?);
/// let figure: Figure = plot::ranking(Metric::TestAccuracy, &[pixels, hog])?;
/// # Ok::<(), hinge::Error>(())
/// ```
///
/// # Errors
/// [`Error::TooFew`](crate::Error::TooFew) for no result.
pub fn ranking(metric: Metric, results: &[Ranked]) -> Result<Figure> {
    let alt = format!(
        "Dot plot of {metric}, one row for each result, the best first, mean and 95 % interval of the mean"
    );
    let caption = format!(
        "Mean {metric} over seeds (tick) and its 95 % interval (bar); thin: the 95 % prediction interval of one more run."
    );
    chart(metric, results).figure(alt, caption)
}

fn chart(metric: Metric, results: &[Ranked]) -> Chart {
    let mut ranked: Vec<&Ranked> = results.iter().collect();
    ranked.sort_by(|a, b| a.over_seeds.mean().total_cmp(&b.over_seeds.mean()));
    if metric.is_accuracy() {
        ranked.reverse();
    }
    let row = |result: &Ranked| Row {
        colour: result.group.colour(),
        interval: result.over_seeds.confidence_interval().possible(metric),
        spread: Some(result.over_seeds.prediction_interval().possible(metric)),
        published: result.published.clone(),
        ..Row::over_seeds(&result.name, &result.over_seeds)
    };
    let occurring = |group: &Group| results.iter().any(|result| result.group == *group);
    let groups = Group::ALL.into_iter().filter(occurring);
    let chart = Chart::new(metric.to_string(), metric.unit(), ranked.into_iter().map(row));
    Chart { key: groups.map(|group| (group.colour(), group.name())).collect(), ..chart }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results() -> Result<[Ranked; 2]> {
        let pixels = Ranked::new("pixels", Group::Model, Distribution::new(vec![0.76, 0.78])?);
        let hog = Ranked::new("HOG", Group::Representation, Distribution::new(vec![0.89, 0.91])?);
        Ok([pixels.published([0.785]), hog])
    }

    #[test]
    fn the_best_result_comes_first() -> Result<()> {
        let names = |metric| -> Result<Vec<String>> {
            Ok(chart(metric, &results()?).rows.into_iter().map(|row| row.name).collect())
        };
        assert_eq!(names(Metric::TestAccuracy)?, ["HOG", "pixels"]);
        assert_eq!(names(Metric::TestLoss)?, ["pixels", "HOG"]);
        Ok(())
    }

    #[test]
    fn the_key_names_the_groups_that_occur_and_published_values() -> Result<()> {
        let figure = ranking(Metric::TestAccuracy, &results()?)?;
        let svg = figure.svg;
        let named = ["data", "model", "representation", "augmentation", "published"]
            .map(|name| svg.contains(&format!(">{name}</text>")));
        assert_eq!(named, [false, true, true, false, true]);
        Ok(())
    }

    #[test]
    fn a_published_value_far_from_all_of_ours_is_at_the_end_of_the_axis_with_its_number()
    -> Result<()> {
        let [pixels, hog] = results()?;
        let figure = ranking(Metric::TestAccuracy, &[pixels.published([0.082]), hog])?;
        let svg = figure.svg;
        assert!(svg.contains(">8.2</text>") && !svg.contains(">10</text>"), "{svg}");
        Ok(())
    }

    #[test]
    fn nothing_to_rank_is_an_error() {
        let error = ranking(Metric::TestAccuracy, &[]).err().map(|error| error.to_string());
        assert!(error.is_some_and(|text| text.contains("1 or more results, found 0")));
    }

    #[test]
    fn the_alternative_text_gives_the_figures() -> Result<()> {
        assert!(chart(Metric::TestAccuracy, &results()?).sentence().starts_with("HOG 90.0 ("));
        Ok(())
    }
}
