//! Answers to the questions of the assignment as a table.

use super::display::Representation;
use super::{Show, Table, wire};
use crate::error::Result;
use crate::original::Answer;

impl Show for Vec<Answer> {
    fn representations(&self) -> Vec<Representation> {
        [table(self).representations(), vec![wire::answers(self)]].concat()
    }
}

fn table(answers: &[Answer]) -> Result<Table> {
    let caption = "The questions of the assignment: our answer and the figure it rests on, with the 95 % interval of its \
                   mean, beside the original's answer and our verdict on it.";
    Table::of_texts(
        caption,
        answers,
        &[
            ("question", &|answer| answer.question.clone()),
            ("answer", &Answer::text),
            ("figure", &|Answer { measured, .. }| {
                format!("{}: {} ({})", measured.quantity, measured.mean(), measured.interval())
            }),
            ("the original", &|answer| answer.original.statement.clone()),
            ("verdict", &|answer| answer.original.verdict().to_string()),
        ],
    )
}
