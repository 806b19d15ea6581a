//! The contract with the Python layer: the messages that results leave in a notebook beside what readers see, each
//! under a media type of its own.
//!
//! `crate/tests/golden/wire.json` holds every media type and an example of every message. A test of this file
//! compares it with what is written here, a test in `jupyter/` reads it.

use super::display::Representation;
use crate::data::Source;
use crate::nn::{Layer, numbers};
use crate::original::{
    Answer, ComparedRun, ComparedValue, Comparison, Conclusion, Evidence, Place,
};
use crate::study::{Claim, Claims, Classifier, Classifiers, Judged, Mode, Verdict};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// `message!("session", { "quick": true })`: the media type of a message and its JSON.
macro_rules! message {
    ($kind:literal, $content:tt) => {
        (concat!("application/vnd.hinge.", $kind, "+json"), json!($content).to_string())
    };
}

/// What a notebook runs with. `judged`: published values are compared, claims and conclusions checked.
pub(crate) fn session(libtorch: &str, source: &Source, mode: Mode) -> Representation {
    let kind = match source {
        Source::Mnist { .. } => "mnist",
        Source::Own { .. } => "own",
        Source::Synthetic { .. } => "synthetic",
    };
    message!("session", {
        "hinge": crate::VERSION,
        "libtorch": libtorch,
        "data": { "kind": kind, "description": source.to_string() },
        "quick": mode == Mode::Quick,
        "judged": Judged::new(source, mode) == Judged::Yes,
    })
}

/// The published values of a part of the report beside ours.
pub(crate) fn comparison(comparison: &Comparison) -> Representation {
    let rows = |run: &ComparedRun| run.values.each_ref().map(|value| row(run, value));
    let rows: Vec<Value> = comparison.runs.iter().flat_map(rows).collect();
    message!("comparison", { "part": comparison.part.to_string(), "rows": rows })
}

/// One published value; an accuracy is a fraction. `low` and `high` are the ends of the 95 % prediction interval;
/// `inside` is `null` for a value that is not compared.
fn row(run: &ComparedRun, value: &ComparedValue) -> Value {
    let prediction = value.prediction();
    let inside = match value.place() {
        Place::Inside => Some(true),
        Place::Outside => Some(false),
        Place::NotCompared => None,
    };
    json!({
        "setting": run.experiment.to_string(),
        "source": run.origin.to_string(),
        "epoch": run.epoch,
        "quantity": value.metric.to_string(),
        "published": value.published,
        "mean": value.ours.mean(),
        "sd": value.ours.standard_deviation(),
        "low": prediction.low,
        "high": prediction.high,
        "inside": inside,
        "seeds": value.ours.count(),
    })
}

/// The claims of an answer; a `verdict` is `holds`, `fails`, `not confirmed` or `not checked`; the session says why not.
pub(crate) fn claims(claims: &Claims) -> Representation {
    let verdict = |verdict: Verdict| match verdict {
        Verdict::NotChecked(_) => "not checked".to_string(),
        verdict => verdict.to_string(),
    };
    let claim = |claim: &Claim| {
        json!({
            "sentence": claim.sentence,
            "figure": claim.show_figure(),
            "required": claim.show_required(),
            "verdict": verdict(claim.verdict),
        })
    };
    message!("claims", { "claims": claims.all().iter().map(claim).collect::<Vec<_>>() })
}

/// A defect of the original.
pub(crate) fn defects(Evidence { defect, sentence }: &Evidence) -> Representation {
    let defect = json!({ "number": *defect as u8, "title": defect.title(), "evidence": sentence });
    message!("defects", { "defects": [defect] })
}

/// Conclusions of the original; a `verdict` is a word of [`Support`](crate::original::Support).
pub(crate) fn conclusions(conclusions: &[Conclusion]) -> Representation {
    let conclusion = |conclusion: &Conclusion| {
        json!({
            "part": conclusion.part,
            "statement": conclusion.statement,
            "verdict": conclusion.verdict(),
            "evidence": conclusion.evidence(),
        })
    };
    message!("conclusions", { "conclusions": conclusions.iter().map(conclusion).collect::<Vec<_>>() })
}

/// Trained classifiers, and test images to try them on. `labels` and `predictions` are a digit for each tested image,
/// pixels 784 bytes in base64.
pub(crate) fn classifiers(shown: &Classifiers) -> Representation {
    let Classifiers { training_images, tested, all } = shown;
    let text = |classes: &[u8]| classes.iter().map(u8::to_string).collect::<String>();
    let classifier = |one: &Classifier| {
        json!({
            "name": one.name,
            "sees": one.sees.to_string(),
            "layers": one.network.layers().iter().map(layer).collect::<Vec<_>>(),
            "predictions": text(&one.predictions),
        })
    };
    let image = |index: usize| {
        let pixels = STANDARD.encode(tested.image(index));
        json!({ "index": index, "label": tested.label(index), "pixels": pixels })
    };
    message!("classifiers", {
        "training_images": training_images,
        "labels": text(tested.labels()),
        "classifiers": all.iter().map(classifier).collect::<Vec<_>>(),
        "images": shown.examples().into_iter().map(image).collect::<Vec<_>>(),
    })
}

/// A layer. Its weights are multiples of `step`, which are 16-bit whole numbers, little-endian in base64, a row for
/// each output.
fn layer(layer: &Layer) -> Value {
    let weights = numbers(&layer.weight);
    let greatest = weights.iter().fold(f64::MIN_POSITIVE, |most, weight| most.max(weight.abs()));
    let step = greatest / f64::from(i16::MAX);
    let bytes = |weight: &f64| ((weight / step).round() as i16).to_le_bytes();
    json!({
        "step": step,
        "weights": STANDARD.encode(weights.iter().flat_map(bytes).collect::<Vec<u8>>()),
        "biases": numbers(&layer.bias),
    })
}

/// Answers to the questions of the assignment; a `verdict` is a word of [`Support`](crate::original::Support) on the
/// original's answer.
pub(crate) fn answers(answers: &[Answer]) -> Representation {
    let answer = |answer: &Answer| {
        let Answer { measured, original, .. } = answer;
        json!({
            "part": original.part,
            "question": answer.question,
            "answer": answer.text(),
            "quantity": measured.quantity,
            "mean": measured.mean(),
            "interval": measured.interval(),
            "seeds": measured.over_seeds.count(),
            "original": original.statement,
            "verdict": original.verdict(),
            "evidence": original.evidence(),
        })
    };
    message!("answers", { "answers": answers.iter().map(answer).collect::<Vec<_>>() })
}

/// Why a cell failed, in the fields of Jupyter's error messages; the kernel launcher turns it into an error.
pub(crate) fn failure(name: &str, reason: &str) -> Representation {
    let traceback = [format!("\u{1b}[31m{name}\u{1b}[0m: {reason}")];
    message!("failure", { "ename": name, "evalue": reason, "traceback": traceback })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Digits, Images};
    use crate::error::Result;
    use crate::features;
    use crate::nn::{Network, Sgd};
    use crate::original::{Defect, Measured, Origin, Part};
    use crate::study::{Distribution, Experiment, Required, Unit};
    use crate::train::Metric;
    use serde_json::Map;
    use tch::Tensor;

    const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/wire.json");

    /// Media types and an example of every message, by the names of messages.
    #[derive(Default)]
    struct Contract {
        mime: Map<String, Value>,
        messages: Map<String, Value>,
    }

    impl Contract {
        fn with(mut self, name: &str, message: &Representation) -> Contract {
            self.mime.insert(name.into(), message.0.into());
            self.messages.insert(name.into(), parsed(message));
            self
        }
    }

    fn parsed((_, json): &Representation) -> Value {
        serde_json::from_str(json).unwrap_or_default()
    }

    /// Values inside and outside our interval, which has no width, and two that are not compared.
    fn compared() -> Result<Comparison> {
        let ours = Distribution::new(vec![0.5, 0.5])?;
        let judged = [Judged::Yes, Judged::Yes, Judged::No("own images"), Judged::No("quick mode")];
        let values = [0, 1, 2, 3].map(|index| {
            let published = [0.5, 0.75, 0.5, 0.75][index];
            ComparedValue::example(Metric::ALL[index], published, ours.clone(), judged[index])
        });
        let sgd = Sgd { weight_decay: 0.1, ..Sgd::default() };
        let experiment = Experiment { sgd, ..Experiment::default() };
        let runs = vec![ComparedRun { experiment, origin: Origin::Report, epoch: 100, values }];
        let source = Source::Synthetic { seed: 0 };
        Ok(Comparison { part: Part::WeightDecay, source, judged: Judged::Yes, runs })
    }

    fn checked(judged: Judged, required: &[f64]) -> Claims {
        let mut claims = Claims::new(judged);
        for value in required {
            claims.check("It is two", 2., Unit::Count, Required::Exactly(*value));
        }
        claims
    }

    /// A conclusion for each verdict.
    fn concluded() -> Result<Vec<Conclusion>> {
        let judge = |judged: Judged, values: [f64; 2]| -> Result<Conclusion> {
            let gain = Distribution::new(values.into())?;
            let excess = Measured::new("gain", &gain, Unit::Points);
            Ok(Conclusion::judge(judged, "2c", "It is better", excess))
        };
        Ok(vec![
            judge(Judged::Yes, [0.03, 0.03])?,
            judge(Judged::Yes, [0.03, -0.03])?,
            judge(Judged::Yes, [-0.03, -0.03])?,
            Conclusion::not_testable("2c", "It is better", "the report does not say than what"),
            judge(Judged::No("quick mode"), [0.03, 0.03])?,
        ])
    }

    /// A classifier of two inputs, which is wrong on the first of two images.
    fn trained() -> Result<Classifiers> {
        let weight = Tensor::from_slice(&[1., -0.5, 0.25, 0.]).view([2, 2]);
        let network = Network::new(vec![Layer { weight, bias: Tensor::from_slice(&[0.5, 0.]) }])?;
        let (name, sees) = ("linear SVM".to_string(), features::Representation::Pixels);
        let classifier = Classifier { name, sees, network, predictions: vec![1, 0] };
        let tested = Images::new(vec![0; 2 * 784], vec![7, 0])?;
        Ok(Classifiers { training_images: 150, tested, all: vec![classifier] })
    }

    /// An answer for each verdict on the original's.
    fn answered() -> Result<Vec<Answer>> {
        let gain = Distribution::new(vec![0.03, 0.03])?;
        let answer = |original: Conclusion| Answer {
            question: "Is it better?".to_string(),
            text: "It is, by three points.".to_string(),
            measured: Measured::new("gain in test accuracy", &gain, Unit::Points),
            original,
        };
        Ok(concluded()?.into_iter().map(answer).collect())
    }

    fn contract() -> Result<Contract> {
        let mnist = Source::Mnist { folder: "data/mnist".into() };
        let reason = "It is two: it is 2, required is exactly 3";
        let unchecked = parsed(&claims(&checked(Judged::No("quick mode"), &[4.])));
        let mut decided = checked(Judged::Yes, &[2., 3.]);
        decided.check_not_confirmed("It is two", 2., Unit::Count, Required::Exactly(5.));
        let mut contract = Contract::default()
            .with("session", &session("2.13.0", &mnist, Mode::Full))
            .with("comparison", &comparison(&compared()?))
            .with("claims", &claims(&decided))
            .with("defects", &defects(&Defect::NeverTrained.shown_by("It stays at 8.5 %.")))
            .with("conclusions", &conclusions(&concluded()?))
            .with("classifiers", &classifiers(&trained()?))
            .with("answers", &answers(&answered()?))
            .with("failure", &failure("FalseClaim", reason));
        if let Some(claims) = contract.messages["claims"]["claims"].as_array_mut() {
            claims.push(unchecked["claims"][0].clone());
        }
        Ok(contract)
    }

    /// With `HINGE_GOLDEN=write` in the environment it writes the file first.
    #[test]
    fn messages_are_those_of_the_golden_file() -> Result<()> {
        let read = || -> Value {
            let text = std::fs::read_to_string(GOLDEN).unwrap_or_default();
            serde_json::from_str(&text).unwrap_or_default()
        };
        let Contract { mime, messages } = contract()?;
        let mut expected = read();
        expected["mime"] = mime.into();
        expected["messages"] = messages.into();
        if std::env::var_os("HINGE_GOLDEN").is_some_and(|value| value == "write") {
            crate::runtime::files::write(GOLDEN.as_ref(), format!("{expected:#}\n").as_bytes())?;
        }
        assert_eq!(read(), expected);
        Ok(())
    }

    #[test]
    fn on_synthetic_digits_no_published_value_is_inside_or_outside() -> Result<()> {
        let runs = Experiment::default().scored_last().repeat(&Digits::synthetic(0), 0..2)?;
        let message = parsed(&comparison(&Comparison::new(Part::LinearSvm, &[&runs], Mode::Full)?));
        let rows = message["rows"].as_array().map_or(&[][..], Vec::as_slice);
        assert!(rows.len() > 1 && rows.iter().all(|row| row["inside"].is_null()), "{message}");
        Ok(())
    }
}
