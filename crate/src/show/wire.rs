//! The contract with the Python layer: the messages that results leave in a notebook beside what readers see, each
//! under a media type of its own.
//!
//! `crate/tests/golden/wire.json` holds every media type and an example of every message. A test of this file
//! compares it with what is serialised here, a test in `jupyter/` reads it.

use super::display::Representation;
use crate::original::{ComparedRun, ComparedValue, Conclusion, Evidence, Place};
use crate::study::{Claim, Verdict};
use serde::Serialize;

/// A message for programs.
pub(crate) trait Message: Serialize {
    /// Its media type.
    const MIME: &'static str;

    /// The message as a notebook holds it.
    fn representation(&self) -> Representation {
        match serde_json::to_string(self) {
            Ok(json) => (Self::MIME, json),
            Err(error) => ("text/plain", format!("A message was not serialised: {error}.")),
        }
    }
}

/// `messages! { Session: "session" }` names the media type of a message.
macro_rules! messages {
    ($($message:ident: $name:literal),*) => {
        $(impl Message for $message {
            const MIME: &'static str = concat!("application/vnd.hinge.", $name, "+json");
        })*
    };
}

messages! {
    Session: "session",
    Comparison: "comparison",
    Claims: "claims",
    Defects: "defects",
    Conclusions: "conclusions",
    Failure: "failure"
}

/// What a notebook runs with.
#[derive(Debug, Serialize)]
pub(crate) struct Session {
    pub hinge: &'static str,
    pub libtorch: &'static str,
    pub data: Data,
    pub quick: bool,
    /// Whether its results are judged: published values are compared, claims and conclusions checked.
    pub judged: bool,
}

/// The images of a session.
#[derive(Debug, Serialize)]
pub(crate) struct Data {
    /// `mnist`, `own` or `synthetic`.
    pub kind: &'static str,
    pub description: String,
}

/// The published values of a part of the report beside ours.
#[derive(Debug, Serialize)]
pub(crate) struct Comparison {
    part: String,
    rows: Vec<Row>,
}

/// One published value; an accuracy is a fraction.
#[derive(Debug, Serialize)]
struct Row {
    setting: String,
    source: String,
    epoch: usize,
    quantity: String,
    published: f64,
    mean: f64,
    sd: f64,
    /// The ends of the 95 % prediction interval.
    low: f64,
    high: f64,
    /// `null` for a value that is not compared.
    inside: Option<bool>,
    seeds: usize,
}

/// The claims of an answer.
#[derive(Debug, Serialize)]
pub(crate) struct Claims {
    claims: Vec<CheckedClaim>,
}

#[derive(Debug, Serialize)]
struct CheckedClaim {
    sentence: String,
    figure: String,
    required: String,
    /// `holds`, `fails` or `not checked`.
    verdict: String,
}

/// Defects of the original.
#[derive(Debug, Serialize)]
pub(crate) struct Defects {
    defects: Vec<Defect>,
}

#[derive(Debug, Serialize)]
struct Defect {
    number: u8,
    title: &'static str,
    evidence: String,
}

/// Conclusions of the original.
#[derive(Debug, Serialize)]
pub(crate) struct Conclusions {
    conclusions: Vec<JudgedConclusion>,
}

#[derive(Debug, Serialize)]
struct JudgedConclusion {
    part: String,
    statement: String,
    /// A word of [`Support`](crate::original::Support).
    verdict: String,
    evidence: String,
}

/// Why a cell failed, in the fields of Jupyter's error messages.
#[derive(Debug, Serialize)]
pub(crate) struct Failure {
    pub ename: &'static str,
    pub evalue: String,
    pub traceback: Vec<String>,
}

impl From<&crate::original::Comparison> for Comparison {
    fn from(comparison: &crate::original::Comparison) -> Comparison {
        let rows = |run: &ComparedRun| run.values.each_ref().map(|value| Row::new(run, value));
        Comparison {
            part: comparison.part.to_string(),
            rows: comparison.runs.iter().flat_map(rows).collect(),
        }
    }
}

impl Row {
    fn new(run: &ComparedRun, value: &ComparedValue) -> Row {
        let prediction = value.prediction();
        Row {
            setting: run.experiment.to_string(),
            source: run.origin.to_string(),
            epoch: run.epoch,
            quantity: value.metric.to_string(),
            published: value.published,
            mean: value.ours.mean(),
            sd: value.ours.standard_deviation(),
            low: prediction.low,
            high: prediction.high,
            inside: match value.place() {
                Place::Inside => Some(true),
                Place::Outside => Some(false),
                Place::NotCompared => None,
            },
            seeds: value.ours.count(),
        }
    }
}

impl From<&crate::study::Claims> for Claims {
    fn from(claims: &crate::study::Claims) -> Claims {
        Claims { claims: claims.all().iter().map(CheckedClaim::from).collect() }
    }
}

impl From<&Claim> for CheckedClaim {
    fn from(claim: &Claim) -> CheckedClaim {
        CheckedClaim {
            sentence: claim.sentence.clone(),
            figure: claim.show_figure(),
            required: claim.show_required(),
            verdict: match claim.verdict {
                // The session says why.
                Verdict::NotChecked(_) => "not checked".to_string(),
                verdict => verdict.to_string(),
            },
        }
    }
}

impl From<&Evidence> for Defects {
    fn from(evidence: &Evidence) -> Defects {
        let (number, title) = (evidence.defect as u8, evidence.defect.title());
        Defects { defects: vec![Defect { number, title, evidence: evidence.sentence.clone() }] }
    }
}

impl From<&[Conclusion]> for Conclusions {
    fn from(conclusions: &[Conclusion]) -> Conclusions {
        let conclusion = |conclusion: &Conclusion| JudgedConclusion {
            part: conclusion.part.clone(),
            statement: conclusion.statement.clone(),
            verdict: conclusion.verdict().to_string(),
            evidence: conclusion.evidence(),
        };
        Conclusions { conclusions: conclusions.iter().map(conclusion).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Digits;
    use crate::error::Result;
    use crate::original::{Part, Support};
    use crate::study::{Experiment, Judged, Mode, Required, Unit};
    use serde_json::{Map, Value, json};

    const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/wire.json");

    /// Media types and an example of every message, by the names of messages.
    #[derive(Default)]
    struct Contract {
        mime: Map<String, Value>,
        messages: Map<String, Value>,
    }

    impl Contract {
        fn with<M: Message>(mut self, name: &str, message: &M) -> Contract {
            self.mime.insert(name.into(), M::MIME.into());
            self.messages.insert(name.into(), json!(message));
            self
        }
    }

    fn session() -> Session {
        let data = Data { kind: "mnist", description: "MNIST".into() };
        Session { hinge: "0.1.0", libtorch: "2.13.0", data, quick: false, judged: true }
    }

    /// A value inside our interval, one outside, and one that is not compared.
    fn comparison() -> Comparison {
        let row = |quantity: &str, inside| Row {
            quantity: quantity.into(),
            setting: "linear model, multi-margin loss, weight decay 0.1".into(),
            epoch: 100,
            source: "report".into(),
            published: 0.75,
            mean: 0.5,
            sd: 0.125,
            low: 0.25,
            high: 0.875,
            inside,
            seeds: 20,
        };
        let places =
            [("test accuracy", Some(true)), ("test loss", Some(false)), ("train loss", None)];
        let rows = places.map(|(quantity, inside)| row(quantity, inside)).into();
        Comparison { part: "1c".into(), rows }
    }

    /// A claim for each verdict.
    fn claims() -> Claims {
        let all = [(Judged::Yes, 2.), (Judged::Yes, 3.), (Judged::No("quick mode"), 4.)];
        let claims = all.map(|(judged, required)| {
            let mut claims = crate::study::Claims::new(judged);
            claims.check("It is two", 2., Unit::Count, Required::Exactly(required));
            Claims::from(&claims).claims
        });
        Claims { claims: claims.into_iter().flatten().collect() }
    }

    /// A conclusion for each verdict.
    fn conclusions() -> Conclusions {
        use Support::*;
        let all = [Supported, NotSupported, Reversed, NotTestable, NotChecked];
        let conclusion = |support: Support| JudgedConclusion {
            part: "2c".into(),
            statement: "It is better".into(),
            verdict: support.to_string(),
            evidence: "+3.0 points".into(),
        };
        Conclusions { conclusions: all.map(conclusion).into() }
    }

    fn contract() -> Contract {
        let defect = crate::original::Defect::NeverTrained.shown_by("It stays at 8.5 %.");
        let reason = "It is two: it is 2, required is exactly 3";
        Contract::default()
            .with("session", &session())
            .with("comparison", &comparison())
            .with("claims", &claims())
            .with("defects", &Defects::from(&defect))
            .with("conclusions", &conclusions())
            .with("failure", &super::super::Failure::FalseClaim(reason.into()).message())
    }

    /// With `HINGE_GOLDEN=write` in the environment it writes the file first.
    #[test]
    fn messages_are_those_of_the_golden_file() -> Result<()> {
        let read = || -> Value {
            let text = std::fs::read_to_string(GOLDEN).unwrap_or_default();
            serde_json::from_str(&text).unwrap_or_default()
        };
        let Contract { mime, messages } = contract();
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
        let comparison = crate::original::Comparison::new(Part::LinearSvm, &[&runs], Mode::Full)?;
        let message = Comparison::from(&comparison);
        assert!(message.rows.len() > 1 && message.rows.iter().all(|row| row.inside.is_none()));
        Ok(())
    }
}
