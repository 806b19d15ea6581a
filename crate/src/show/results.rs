//! Results of the studies as tables and sentences.

use super::display::{Representation, capitalised, escape, html_and_text, json};
use super::html::{self, Cell, Heading, Side};
use super::settings::Settings;
use super::{Failure, Show, Table};
use crate::data::{CLASSES, Digits};
use crate::error::Result;
use crate::original::{ComparedRun, ComparedValue, Comparison, Conclusion, Evidence, Log, Place};
use crate::study::{Claims, Distribution, Gain, Gains, Interval, Judged, Run, Runs, Unit, Verdict};
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
                "verdict": conclusion.verdict().to_string(),
                "evidence": conclusion.evidence(),
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
        "our seeds" => column(&|conclusion| conclusion.evidence()),
        "verdict" => column(&|conclusion| conclusion.verdict().to_string()),
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
    metric.unit().label(metric)
}

/// A value in the unit that [`quantity`] names.
fn bare(metric: Metric, value: f64) -> String {
    metric.unit().cell(value)
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
    Unit::Difference.digits(value, decimals)
}

fn comparison_table(comparison: &Comparison) -> Result<Table> {
    let rows: Vec<(&ComparedRun, &ComparedValue)> = rows(comparison).collect();
    let text = |value: &dyn Fn(&ComparedRun, &ComparedValue) -> String| -> Vec<String> {
        rows.iter().map(|(run, compared)| value(run, compared)).collect()
    };
    let prediction = |_: &ComparedRun, value: &ComparedValue| {
        from_to(value.prediction(), |end| bare(value.metric, end))
    };
    let off = |_: &ComparedRun, value: &ComparedValue| {
        value.z_score().map_or("–".to_string(), |by| signed(by, 1))
    };
    let settings = Settings::of(text(&|run, _| run.experiment.to_string()));
    let frame = df!(
        "settings" => said_once(&settings.own),
        "source" => text(&|run, _| run.origin.to_string()),
        "epoch" => rows.iter().map(|(run, _)| run.epoch as u64).collect::<Vec<_>>(),
        "metric" => text(&|_, value| quantity(value.metric)),
        "published" => text(&|_, value| bare(value.metric, value.published)),
        "ours, mean ± sd" => text(&|_, value| mean_and_spread(&value.ours, value.metric)),
        "95 % prediction interval" => text(&prediction),
        "published is" => text(&|_, value| value.place().to_string()),
        "z-score" => text(&off),
    )?;
    let seeds = comparison.values().next().map_or(0, |value| value.ours.count());
    let caption = match comparison.judged {
        Judged::Yes => format!(
            "Part {}: {} of {} published values lie inside the 95 % prediction interval of our {seeds} seeds, on {}.",
            comparison.part,
            comparison.inside(),
            rows.len(),
            comparison.source
        ),
        Judged::No(reason) => format!(
            "Part {}: {} published values, not compared ({reason}) with the 95 % prediction interval of our {seeds} \
             seeds, on {}.",
            comparison.part,
            rows.len(),
            comparison.source
        ),
    };
    let numbers = ["published", "ours, mean ± sd", "95 % prediction interval", "z-score"];
    let table = match settings.only() {
        Some(setting) => {
            Table::new(format!("{caption} All with: {setting}."), frame.drop("settings")?)
        }
        None => Table::new(settings.caption(caption), frame),
    };
    Ok(table.right(numbers))
}

fn rows(comparison: &Comparison) -> impl Iterator<Item = (&ComparedRun, &ComparedValue)> {
    comparison.runs.iter().flat_map(|run| run.values.iter().map(move |value| (run, value)))
}

/// The texts, with those that repeat the one above left empty.
fn said_once(texts: &[String]) -> Vec<String> {
    let repeats = |index: usize| index > 0 && texts[index] == texts[index - 1];
    (0..texts.len())
        .map(|index| if repeats(index) { String::new() } else { texts[index].clone() })
        .collect()
}

fn comparison_json(comparison: &Comparison) -> Value {
    let row = |(run, value): (&ComparedRun, &ComparedValue)| {
        json!({
            "quantity": value.metric.to_string(),
            "setting": run.experiment.to_string(),
            "epoch": run.epoch,
            "source": run.origin.to_string(),
            "published": value.published,
            "mean": value.ours.mean(),
            "sd": value.ours.standard_deviation(),
            "low": value.prediction().low,
            "high": value.prediction().high,
            "inside": match value.place() {
                Place::Inside => Some(true),
                Place::Outside => Some(false),
                Place::NotCompared => None,
            },
            "seeds": value.ours.count(),
        })
    };
    json!({
        "part": comparison.part.to_string(),
        "judged": comparison.judged,
        "rows": rows(comparison).map(row).collect::<Vec<_>>(),
    })
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
