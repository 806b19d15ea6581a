//! Results of the studies as tables and sentences.

use super::display::{Representation, capitalised, escape, html_and_text, json};
use super::html::{self, Cell, Heading, Side};
use super::settings::Settings;
use super::{Failure, Show, Table};
use crate::data::{CLASSES, Digits};
use crate::error::Result;
use crate::original::{Comparison, Conclusion, Evidence, Row};
use crate::study::{Claims, Distribution, Gain, Gains, Interval, Log, Run, Runs, Verdict};
use crate::train::Metric;
use polars::prelude::*;
use serde_json::{Value, json};

impl Show for Run {
    fn representations(&self) -> Vec<Representation> {
        let sentence = capitalised(self);
        html_and_text(format!("<p>{}.</p>", escape(&sentence)), format!("{sentence}."))
    }
}

impl Show for Log {
    fn representations(&self) -> Vec<Representation> {
        html_and_text(format!("<pre>{}</pre>", escape(&self.to_string())), self.to_string())
    }
}

impl Show for Digits {
    fn representations(&self) -> Vec<Representation> {
        shown(characteristics(self))
    }
}

impl Show for Runs {
    fn representations(&self) -> Vec<Representation> {
        shown(over_seeds(self))
    }
}

impl Show for Comparison {
    fn representations(&self) -> Vec<Representation> {
        let mut representations = shown(comparison_table(self));
        representations.push(json("application/vnd.hinge.comparison+json", &comparison_json(self)));
        representations
    }
}

impl Show for Claims {
    fn representations(&self) -> Vec<Representation> {
        let mut representations =
            vec![("text/html", claims_html(self)), ("text/plain", claims_text(self))];
        representations.push(json("application/vnd.hinge.claims+json", &claims_json(self)));
        if let Some(claim) = self.first_false() {
            let reason = format!(
                "{}: it is {}, required is {}",
                claim.sentence,
                claim.show_figure(),
                claim.show_required()
            );
            representations.push(Failure::FalseClaim(reason).for_the_kernel());
        }
        representations
    }
}

impl Show for Evidence {
    fn representations(&self) -> Vec<Representation> {
        let (number, title) = (self.defect as u8, self.defect.title());
        let html = format!(
            "<p><strong>Defect {number}: {}.</strong> {}</p>",
            escape(title),
            escape(&self.sentence)
        );
        let defect = json!({ "number": number, "title": title, "evidence": self.sentence });
        let mut representations =
            html_and_text(html, format!("Defect {number}: {title}. {}", self.sentence));
        representations
            .push(json("application/vnd.hinge.defects+json", &json!({ "defects": [defect] })));
        representations
    }
}

impl Show for Vec<Conclusion> {
    fn representations(&self) -> Vec<Representation> {
        let mut representations = shown(conclusions_table(self));
        let conclusion = |conclusion: &Conclusion| {
            json!({
                "part": conclusion.part,
                "statement": conclusion.statement,
                "verdict": conclusion.verdict.to_string(),
                "evidence": conclusion.evidence,
            })
        };
        let conclusions: Vec<Value> = self.iter().map(conclusion).collect();
        representations.push(json(
            "application/vnd.hinge.conclusions+json",
            &json!({ "conclusions": conclusions }),
        ));
        representations
    }
}

fn conclusions_table(conclusions: &[Conclusion]) -> Result<Table> {
    let column =
        |text: &dyn Fn(&Conclusion) -> String| conclusions.iter().map(text).collect::<Vec<_>>();
    let frame = df!(
        "part" => column(&|conclusion| conclusion.part.clone()),
        "the original concludes" => column(&|conclusion| conclusion.statement.clone()),
        "our seeds" => column(&|conclusion| conclusion.evidence.clone()),
        "verdict" => column(&|conclusion| conclusion.verdict.to_string()),
    )?;
    Ok(Table::new(
        "The original's conclusions, judged by the 95 % interval of the mean over our seeds.",
        frame,
    ))
}

impl Show for Gains {
    fn representations(&self) -> Vec<Representation> {
        shown(gains_table(self))
    }
}

fn gains_table(gains: &Gains) -> Result<Table> {
    let (unit, scale, decimals) = match gains.metric.is_accuracy() {
        true => (" (points)", 100., 1),
        false => ("", 1., 4),
    };
    let show = |value: f64| signed(scale * value, decimals);
    let column = |text: &dyn Fn(&Distribution) -> String| -> Vec<String> {
        gains.all().iter().map(|gain| text(&gain.by_seed)).collect()
    };
    let names = gains.all().iter().map(|gain: &Gain| gain.name.clone());
    let frame = df!(
        "setting" => names.collect::<Vec<_>>(),
        format!("mean gain{unit}") => column(&|gain| show(gain.mean())),
        INTERVAL_OF_MEAN => column(&|gain| from_to(gain.confidence_interval(), show)),
        "least" => column(&|gain| show(gain.min())),
        "greatest" => column(&|gain| show(gain.max())),
    )?;
    let caption = format!(
        "Gain in {} over: {}. {} seeds, in pairs, on {}.",
        gains.metric,
        gains.baseline,
        gains.seeds(),
        gains.source
    );
    Ok(Table::new(caption, frame).right_but_first())
}

/// The scores of several runs after their last epochs, a row each.
///
/// # Errors
/// [`Error::Table`](crate::Error::Table) if polars cannot make a frame of them.
pub fn final_results(runs: &[&Run]) -> Result<Table> {
    let settings = runs.iter().map(|run| run.experiment.to_string());
    let settings = Settings::of(settings.collect());
    let column =
        |metric: Metric| -> Vec<f64> { runs.iter().map(|run| run.last().get(metric)).collect() };
    let frame = df!(
        "settings" => &settings.own,
        "train loss" => column(Metric::TrainLoss),
        "train accuracy" => column(Metric::TrainAccuracy),
        "test loss" => column(Metric::TestLoss),
        "test accuracy" => column(Metric::TestAccuracy),
    )?;
    let caption = match runs.first() {
        Some(run) => format!(
            "After the last epoch, one run each with seed {}, on {}.",
            run.seed, run.split.source
        ),
        None => "No runs.".to_string(),
    };
    Ok(Table::new(settings.caption(caption), frame)
        .percent("train accuracy")
        .percent("test accuracy"))
}

/// The scores of several experiments after their last epochs as mean ± standard deviation, a row each.
///
/// # Errors
/// [`Error::Table`](crate::Error::Table) if polars cannot make a frame of them.
pub fn final_results_over_seeds(runs: &[&Runs]) -> Result<Table> {
    let settings = runs.iter().map(|runs| runs.experiment.to_string());
    let settings = Settings::of(settings.collect());
    let column = |metric: Metric| {
        let shown = |runs: &&Runs| Ok(mean_and_spread(&runs.last(metric)?, metric));
        runs.iter().map(shown).collect::<Result<Vec<_>>>()
    };
    let mut frame = df!("settings" => &settings.own)?;
    for metric in Metric::ALL {
        frame.with_column(Column::new(quantity(metric).into(), column(metric)?))?;
    }
    let caption = match runs.first() {
        Some(runs) => format!(
            "After the last epoch, mean ± standard deviation over {} seeds, on {}.",
            runs.count(),
            runs.source
        ),
        None => "No runs.".to_string(),
    };
    Ok(Table::new(settings.caption(caption), frame).right_but_first())
}

const INTERVAL_OF_MEAN: &str = "95 % interval of the mean";

/// A metric with its unit: "test accuracy (%)".
fn quantity(metric: Metric) -> String {
    match metric.is_accuracy() {
        true => format!("{metric} (%)"),
        false => metric.to_string(),
    }
}

/// A value in the unit that [`quantity`] names.
fn bare(metric: Metric, value: f64) -> String {
    match metric.is_accuracy() {
        true => format!("{:.2}", 100. * value),
        false => format!("{value:.4}"),
    }
}

fn mean_and_spread(over_seeds: &Distribution, metric: Metric) -> String {
    let (mean, sd) = (over_seeds.mean(), over_seeds.standard_deviation());
    format!("{} ± {}", bare(metric, mean), bare(metric, sd))
}

fn from_to(interval: Interval, show: impl Fn(f64) -> String) -> String {
    format!("{} to {}", show(interval.low), show(interval.high))
}

fn shown(table: Result<Table>) -> Vec<Representation> {
    match table {
        Ok(table) => table.representations(),
        Err(error) => Failure::Error(error.to_string()).representations(),
    }
}

fn characteristics(digits: &Digits) -> Result<Table> {
    let counts = |counts: [usize; CLASSES]| counts.map(|count| count as u64).to_vec();
    let frame = df!(
        "digit" => (0..CLASSES).map(|class| class.to_string()).collect::<Vec<_>>(),
        "training images" => counts(digits.train.class_counts()),
        "test images" => counts(digits.test.class_counts()),
    )?;
    Ok(Table::new(
        format!("How often each digit occurs: {}, 28 x 28 pixels, 8-bit grey.", digits.source),
        frame,
    ))
}

fn over_seeds(runs: &Runs) -> Result<Table> {
    let each = Metric::ALL
        .iter()
        .map(|metric| Ok((*metric, runs.last(*metric)?)))
        .collect::<Result<Vec<_>>>()?;
    let column = |text: &dyn Fn(&Distribution, Metric) -> String| -> Vec<String> {
        each.iter().map(|(metric, over_seeds)| text(over_seeds, *metric)).collect()
    };
    let interval = |over_seeds: &Distribution, metric: Metric| {
        let interval = over_seeds.confidence_interval().possible(metric);
        from_to(interval, |value| bare(metric, value))
    };
    let frame = df!(
        "metric" => column(&|_, metric| quantity(metric)),
        "mean" => column(&|d, metric| bare(metric, d.mean())),
        "sd" => column(&|d, metric| bare(metric, d.standard_deviation())),
        INTERVAL_OF_MEAN => column(&interval),
        "least" => column(&|d, metric| bare(metric, d.min())),
        "greatest" => column(&|d, metric| bare(metric, d.max())),
    )?;
    let caption = format!(
        "{}, after epoch {}, {} seeds, on {}.",
        capitalised(&runs.experiment),
        runs.epochs(),
        runs.count(),
        runs.source
    );
    Ok(Table::new(caption, frame).right_but_first())
}

/// A number with its sign.
fn signed(value: f64, decimals: usize) -> String {
    let scale = 10f64.powi(decimals as i32);
    // What is rounded to nothing is not below it: -0.0 + 0.0 is 0.0.
    let rounded = (scale * value).round() / scale + 0.;
    format!("{rounded:+.decimals$}")
}

fn comparison_table(comparison: &Comparison) -> Result<Table> {
    let text = |value: &dyn Fn(&Row) -> String| -> Vec<String> {
        comparison.rows.iter().map(value).collect()
    };
    let prediction = |row: &Row| from_to(row.prediction(), |value| bare(row.metric, value));
    let place = |row: &Row| if row.is_inside() { "inside" } else { "OUTSIDE" }.to_string();
    let off = |row: &Row| row.deviations().map_or("–".to_string(), |by| signed(by, 1));
    let settings = Settings::of(text(&|row| row.setting.clone()));
    let frame = df!(
        "settings" => said_once(&settings.own),
        "source" => text(&|row| row.origin.to_string()),
        "epoch" => comparison.rows.iter().map(|row| row.epoch as u64).collect::<Vec<_>>(),
        "metric" => text(&|row| quantity(row.metric)),
        "published" => text(&|row| bare(row.metric, row.published)),
        "ours, mean ± sd" => text(&|row| mean_and_spread(&row.ours, row.metric)),
        "95 % prediction interval" => text(&prediction),
        "published is" => text(&place),
        "off our mean by (sd)" => text(&off),
    )?;
    let caption = format!(
        "Part {}: {} of {} published values lie inside the 95 % prediction interval of our {} seeds, on {}.",
        comparison.part,
        comparison.inside(),
        comparison.rows.len(),
        comparison.rows.first().map_or(0, |row| row.ours.count()),
        comparison.source
    );
    let numbers =
        ["published", "ours, mean ± sd", "95 % prediction interval", "off our mean by (sd)"];
    let table = match settings.only() {
        Some(setting) => {
            Table::new(format!("{caption} All with: {setting}."), frame.drop("settings")?)
        }
        None => Table::new(settings.caption(caption), frame),
    };
    Ok(table.right(numbers))
}

/// The texts, with those that repeat the one above left empty.
fn said_once(texts: &[String]) -> Vec<String> {
    let repeats = |index: usize| index > 0 && texts[index] == texts[index - 1];
    (0..texts.len())
        .map(|index| if repeats(index) { String::new() } else { texts[index].clone() })
        .collect()
}

fn comparison_json(comparison: &Comparison) -> Value {
    let row = |row: &Row| {
        json!({
            "quantity": row.metric.to_string(),
            "setting": row.setting,
            "epoch": row.epoch,
            "source": row.origin.to_string(),
            "published": row.published,
            "mean": row.ours.mean(),
            "sd": row.ours.standard_deviation(),
            "low": row.prediction().low,
            "high": row.prediction().high,
            "inside": row.is_inside(),
            "seeds": row.ours.count(),
        })
    };
    json!({ "part": comparison.part.to_string(), "rows": comparison.rows.iter().map(row).collect::<Vec<_>>() })
}

fn claims_html(claims: &Claims) -> String {
    let row = |claim: &crate::study::Claim| {
        let (mark, style) = match claim.verdict {
            Verdict::Holds => ("\u{2713} ", ""),
            Verdict::Fails => ("\u{2717} ", ";background:#b00020;color:#fff;font-weight:bold"),
            Verdict::NotChecked(_) => ("", ";font-style:italic"),
        };
        let verdict = Cell { text: format!("{mark}{}", claim.verdict), style };
        let texts = [claim.sentence.clone(), claim.show_figure(), claim.show_required()];
        texts.map(Cell::from).into_iter().chain([verdict]).collect()
    };
    let headings = [
        ("claim", Side::Left),
        ("figure", Side::Right),
        ("required", Side::Left),
        ("verdict", Side::Left),
    ]
    .map(|(text, side)| Heading::new(text, side));
    let rows: Vec<Vec<Cell>> = claims.all().iter().map(row).collect();
    html::table("The claims of the answer, each checked against the results.", &headings, &rows)
}

fn claims_text(claims: &Claims) -> String {
    let line = |claim: &crate::study::Claim| {
        format!(
            "{}: {} (required: {}) {}",
            claim.sentence,
            claim.show_figure(),
            claim.show_required(),
            claim.verdict
        )
    };
    claims.all().iter().map(line).collect::<Vec<_>>().join("\n")
}

fn claims_json(claims: &Claims) -> Value {
    let claim = |claim: &crate::study::Claim| {
        let verdict = match &claim.verdict {
            Verdict::NotChecked(_) => "not checked".to_string(),
            checked => checked.to_string(),
        };
        json!({
            "sentence": claim.sentence,
            "figure": claim.show_figure(),
            "required": claim.show_required(),
            "verdict": verdict,
        })
    };
    json!({ "claims": claims.all().iter().map(claim).collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_rounded_to_zero_is_not_negative() {
        let signed = [-0.04, -0.06, 0.04, 12.34].map(|value| signed(value, 1));
        assert_eq!(signed, ["+0.0", "-0.1", "+0.0", "+12.3"]);
    }
}
