//! Results of the studies as tables and sentences.

use super::display::{Representation, escape, html_and_text, json};
use super::settings::Settings;
use super::{Failure, Show, Table};
use crate::data::{CLASSES, Digits};
use crate::error::Result;
use crate::study::{
    Claims, Comparison, Conclusion, Distribution, Evidence, Gain, Gains, Log, Row, Run, Runs, Unit,
    Verdict,
};
use crate::train::Metric;
use polars::prelude::*;
use serde_json::{Value, json};

impl Show for Run {
    fn representations(&self) -> Vec<Representation> {
        html_and_text(
            format!("<p>{}</p>", escape(&self.to_string())),
            self.to_string(),
        )
    }
}

impl Show for Log {
    fn representations(&self) -> Vec<Representation> {
        html_and_text(
            format!("<pre>{}</pre>", escape(&self.to_string())),
            self.to_string(),
        )
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
        representations.push(json(
            "application/vnd.hinge.comparison+json",
            &comparison_json(self),
        ));
        representations
    }
}

impl Show for Claims {
    fn representations(&self) -> Vec<Representation> {
        let mut representations = vec![
            ("text/html", claims_html(self)),
            ("text/plain", claims_text(self)),
        ];
        representations.push(json(
            "application/vnd.hinge.claims+json",
            &claims_json(self),
        ));
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
        representations.push(json(
            "application/vnd.hinge.defects+json",
            &json!({ "defects": [defect] }),
        ));
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
    let show = |value: f64| match gains.metric.is_accuracy() {
        true => Unit::Points.show(value),
        false => Unit::Number.show(value),
    };
    let column = |value: &dyn Fn(&Distribution) -> f64| -> Vec<String> {
        let shown = |gain: &Gain| show(value(&gain.by_seed));
        gains.all().iter().map(shown).collect()
    };
    let names = gains.all().iter().map(|gain| gain.name.clone());
    let frame = df!(
        "setting" => names.collect::<Vec<_>>(),
        "mean gain" => column(&|gain| gain.mean()),
        "95 % interval of the mean, from" => column(&|gain| gain.confidence_interval().low),
        "to" => column(&|gain| gain.confidence_interval().high),
        "least" => column(&|gain| gain.min()),
        "greatest" => column(&|gain| gain.max()),
    )?;
    let caption = format!(
        "Gain in {} over: {}. {} seeds, in pairs, on {}.",
        gains.metric,
        gains.baseline,
        gains.seeds(),
        gains.source
    );
    let right = [
        "mean gain",
        "95 % interval of the mean, from",
        "to",
        "least",
        "greatest",
    ];
    Ok(Table::new(caption, frame).right(right))
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
        runs.iter()
            .map(|runs| mean_and_spread(runs, metric))
            .collect::<Result<Vec<_>>>()
    };
    let frame = df!(
        "settings" => &settings.own,
        "train loss" => column(Metric::TrainLoss)?,
        "train accuracy" => column(Metric::TrainAccuracy)?,
        "test loss" => column(Metric::TestLoss)?,
        "test accuracy" => column(Metric::TestAccuracy)?,
    )?;
    let caption = match runs.first() {
        Some(runs) => format!(
            "After the last epoch, mean ± standard deviation over {} seeds, on {}.",
            runs.count(),
            runs.source
        ),
        None => "No runs.".to_string(),
    };
    Ok(Table::new(settings.caption(caption), frame)
        .right(Metric::ALL.map(|metric| metric.to_string())))
}

fn mean_and_spread(runs: &Runs, metric: Metric) -> Result<String> {
    let over_seeds = runs.last(metric)?;
    Ok(format!(
        "{} ± {}",
        metric.show(over_seeds.mean()),
        metric.show(over_seeds.standard_deviation())
    ))
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
        format!(
            "How often each digit occurs: {}, 28 x 28 pixels, 8-bit grey.",
            digits.source
        ),
        frame,
    ))
}

fn over_seeds(runs: &Runs) -> Result<Table> {
    let each = Metric::ALL
        .iter()
        .map(|metric| Ok((*metric, runs.last(*metric)?)))
        .collect::<Result<Vec<_>>>()?;
    let column = |value: &dyn Fn(&crate::study::Distribution) -> f64| -> Vec<String> {
        each.iter()
            .map(|(metric, over_seeds)| metric.show(value(over_seeds)))
            .collect()
    };
    let frame = df!(
        "metric" => each.iter().map(|(metric, _)| metric.to_string()).collect::<Vec<_>>(),
        "mean" => column(&|d| d.mean()),
        "sd" => column(&|d| d.standard_deviation()),
        "95 % interval of the mean, from" => column(&|d| d.confidence_interval().low),
        "to" => column(&|d| d.confidence_interval().high),
        "least" => column(&|d| d.min()),
        "greatest" => column(&|d| d.max()),
    )?;
    let caption = format!(
        "{}, after epoch {}, {} seeds, on {}.",
        runs.experiment,
        runs.epochs(),
        runs.count(),
        runs.source
    );
    let right = [
        "mean",
        "sd",
        "95 % interval of the mean, from",
        "to",
        "least",
        "greatest",
    ];
    Ok(Table::new(caption, frame).right(right))
}

fn comparison_table(comparison: &Comparison) -> Result<Table> {
    let text = |value: &dyn Fn(&Row) -> String| -> Vec<String> {
        comparison.rows.iter().map(value).collect()
    };
    let spread = |row: &Row| {
        let (mean, sd) = (row.ours.mean(), row.ours.standard_deviation());
        format!("{} ± {}", row.metric.show(mean), row.metric.show(sd))
    };
    let prediction = |row: &Row| {
        let interval = row.prediction();
        format!(
            "{} to {}",
            row.metric.show(interval.low),
            row.metric.show(interval.high)
        )
    };
    let place = |row: &Row| if row.is_inside() { "inside" } else { "OUTSIDE" }.to_string();
    let settings = Settings::of(text(&|row| row.setting.clone()));
    let frame = df!(
        "settings" => said_once(&settings.own),
        "source" => text(&|row| row.origin.to_string()),
        "epoch" => comparison.rows.iter().map(|row| row.epoch as u64).collect::<Vec<_>>(),
        "metric" => text(&|row| row.metric.to_string()),
        "published" => text(&|row| row.metric.show(row.published)),
        "ours, mean ± sd" => text(&spread),
        "95 % prediction interval" => text(&prediction),
        "published is" => text(&place),
        "off our mean by" => text(&|row| row.deviations().map_or("–".to_string(), |by| format!("{by:+.1} sd"))),
    )?;
    let caption = format!(
        "Part {}: {} of {} published values lie inside the 95 % prediction interval of our {} seeds, on {}.",
        comparison.part,
        comparison.inside(),
        comparison.rows.len(),
        comparison.rows.first().map_or(0, |row| row.ours.count()),
        comparison.source
    );
    let right = [
        "published",
        "ours, mean ± sd",
        "95 % prediction interval",
        "off our mean by",
    ];
    Ok(Table::new(settings.caption(caption), frame).right(right))
}

/// The texts, with those that repeat the one above left empty.
fn said_once(texts: &[String]) -> Vec<String> {
    let repeats = |index: usize| index > 0 && texts[index] == texts[index - 1];
    (0..texts.len())
        .map(|index| {
            if repeats(index) {
                String::new()
            } else {
                texts[index].clone()
            }
        })
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
    const BORDER: &str = "border-bottom:1px solid #8888;padding:.25em .7em;text-align:left";
    let row = |claim: &crate::study::Claim| {
        let (mark, style) = match claim.verdict {
            Verdict::Holds => ("\u{2713} ", ""),
            Verdict::Fails => (
                "\u{2717} ",
                "background:#b00020;color:#fff;font-weight:bold;",
            ),
            Verdict::NotChecked(_) => ("", "font-style:italic;"),
        };
        format!(
            "<tr><td style=\"{BORDER}\">{}</td><td style=\"{BORDER}\">{}</td><td style=\"{BORDER}\">{}</td>\
             <td style=\"{style}{BORDER}\">{mark}{}</td></tr>",
            escape(&claim.sentence),
            escape(&claim.show_figure()),
            escape(&claim.show_required()),
            escape(&claim.verdict.to_string())
        )
    };
    let headings: String = ["claim", "figure", "required", "verdict"]
        .map(|heading| format!("<th scope=\"col\" style=\"{BORDER}\">{heading}</th>"))
        .concat();
    format!(
        "<table style=\"border-collapse:collapse\"><caption style=\"text-align:left;padding:.3em 0\">The claims of the answer, \
         each checked against the results.</caption><thead><tr>{headings}</tr></thead><tbody>{}</tbody></table>",
        claims.all().iter().map(row).collect::<String>()
    )
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
