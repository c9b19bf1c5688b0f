//! The same for a step over several records.

use deltarule_core::{Loss, Parameters, WorkedBatch};

use super::Worked;
use crate::sheet::{Line, Sheet};

impl Worked<'_> {
    /// E, the sum over records and outputs.
    pub(crate) fn error_of_records(&self) -> &'static str {
        match (self.loss, self.n_outputs) {
            (Loss::Squared, 1) => r"E = \frac{1}{2} \sum (y - \hat y)^2",
            (Loss::Squared, _) => r"E = \frac{1}{2} \sum \sum_j (y_j - \hat y_j)^2",
            (_, 1) => r"E = \sum L",
            (..) => r"E = \sum \sum_j L_j",
        }
    }

    /// The records: names, inputs and targets.
    pub(crate) fn records_table<'r>(
        &self,
        sheet: &mut Sheet,
        outputs: &[String],
        records: impl Iterator<Item = (String, &'r [f64], &'r [f64])>,
    ) {
        let mut head = vec![Line::words("record")];
        head.extend((0..self.inputs.len()).map(|i| self.input(i)));
        head.extend(outputs.iter().enumerate().map(|(j, name)| match name.is_empty() {
            true => Line::math(self.of("y", j)),
            false => Line::words(format!("{name}, ")).and_math(self.of("y", j)),
        }));
        let rows = records.map(|(name, x, y)| {
            let mut cells = vec![Line::words(name)];
            cells.extend(x.iter().chain(y).map(|&value| Line::math(self.numbers.given(value))));
            cells
        });
        sheet.table(head, rows.collect());
    }

    /// h, ŷ, errors and δ of output j of every record, and the sums.
    pub(crate) fn errors_table(&self, sheet: &mut Sheet, batch: &WorkedBatch, names: &[String], j: usize) {
        let numbers = self.numbers;
        let is_squared = self.loss == Loss::Squared;
        let last = if is_squared { r"(y - \hat y)^2" } else { "L" };
        let mut head = vec![Line::words("record")];
        head.extend(["h", r"\hat y", "y", r"y - \hat y", last, r"\delta"].map(Line::math));
        let of_record = |(name, row): (&String, &deltarule_core::WorkedRecord)| {
            let mut cells = vec![Line::words(name.as_str())];
            cells.extend([row.net_input[j], row.output[j]].map(|x| Line::math(numbers.found(x))));
            cells.push(Line::math(numbers.given(row.target[j])));
            let error = if is_squared { row.squared(j) } else { row.loss[j] };
            cells.extend([row.residual[j], error, row.delta[j]].map(|x| Line::math(numbers.found(x))));
            cells
        };
        let mut rows: Vec<Vec<Line>> = names.iter().zip(&batch.records).map(of_record).collect();
        let mut sums = vec![Line::words("sum"), Line::default(), Line::default(), Line::default()];
        let error = if is_squared { batch.squared_sum[j] } else { batch.loss_sum(j) };
        sums.extend([batch.residual_sum[j], error, batch.delta_sum(j)].map(|x| Line::math(numbers.found(x))));
        rows.push(sums);
        sheet.table(head, rows);
    }

    /// The change of the weights of output j by one step.
    pub(crate) fn batch_step(&self, sheet: &mut Sheet, old: &Parameters, batch: &WorkedBatch, j: usize) {
        let numbers = self.numbers;
        let row = |name: Line, of: &dyn Fn(&Parameters) -> f64| {
            let mut cells = vec![name, Line::math(numbers.given(of(old)))];
            let found = [&batch.descent, &batch.step, &batch.new_parameters].map(of);
            cells.extend(found.map(|x| Line::math(numbers.found(x))));
            cells
        };
        let mut rows: Vec<Vec<Line>> =
            (0..self.inputs.len()).map(|i| row(self.weight_name(i, j), &|p| p.weights(j)[i])).collect();
        if old.has_bias() {
            rows.push(row(Line::words("bias ").and_math(self.w(None, j)), &|p| p.bias(j)));
        }
        let mut head = vec![Line::words("weight")];
        head.extend(["w", r"\sum \delta x = -\partial E / \partial w", r"\Delta w", r"w + \Delta w"].map(Line::math));
        sheet.table(head, rows);
    }
}
