//! The same for a step over several records.

use deltarule_core::{Loss, Parameters, WorkedBatch};

use super::Worked;
use crate::sheet::{Line, Sheet};

/// A sum of so many numbers with signs, or 0 where it is no more than rounding can have made of a sum that is 0; `size` is the sum of their sizes.
pub(crate) fn but_for_rounding(sum: f64, size: f64, n: usize) -> f64 {
    if sum.abs() <= n as f64 * f64::EPSILON * size { 0.0 } else { sum }
}

impl Worked<'_> {
    /// E, the sum over records and outputs, in which records may count more than once.
    pub(crate) fn error_of_records(&self, is_weighted: bool) -> String {
        let v = if is_weighted { "v " } else { "" };
        match (self.loss, self.n_outputs) {
            (Loss::Squared, 1) => format!(r"E = \frac{{1}}{{2}} \sum {v}(y - \hat y)^2"),
            (Loss::Squared, _) => format!(r"E = \frac{{1}}{{2}} \sum \sum_j {v}(y_j - \hat y_j)^2"),
            (_, 1) => format!(r"E = \sum {v}L"),
            (..) => format!(r"E = \sum \sum_j {v}L_j"),
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
        let is_weighted = batch.is_weighted();
        head.extend(is_weighted.then(|| Line::math("v")));
        let of_record = |(name, row): (&String, &deltarule_core::WorkedRecord)| {
            let mut cells = vec![Line::words(name.as_str())];
            cells.extend([row.net_input[j], row.output[j]].map(|x| Line::math(numbers.found(x))));
            cells.push(Line::math(numbers.given(row.target[j])));
            let error = if is_squared { row.squared(j) } else { row.loss[j] };
            cells.extend([row.residual[j], error, row.delta[j]].map(|x| Line::math(numbers.found(x))));
            cells.extend(is_weighted.then(|| Line::math(numbers.given(row.weight))));
            cells
        };
        let mut rows: Vec<Vec<Line>> = names.iter().zip(&batch.records).map(of_record).collect();
        let name = if is_weighted { Line::words("sum, times ").and_math("v") } else { Line::words("sum") };
        let mut sums = vec![name, Line::default(), Line::default(), Line::default()];
        let error = if is_squared { batch.squared_sum[j] } else { batch.loss_sum(j) };
        let n = batch.records.len();
        let residual_sum = but_for_rounding(batch.residual_sum[j], batch.residual_size(j), n);
        let delta_sum = but_for_rounding(batch.delta_sum(j), batch.delta_size(j), n);
        sums.extend([residual_sum, error, delta_sum].map(|x| Line::math(numbers.found(x))));
        sums.extend(is_weighted.then(|| Line::math(numbers.given(batch.n))));
        rows.push(sums);
        sheet.table(head, rows);
    }

    /// The change of the weights of output j by one step.
    pub(crate) fn batch_step(&self, sheet: &mut Sheet, old: &Parameters, batch: &WorkedBatch, j: usize) {
        let numbers = self.numbers;
        let (is_weighted, penalty) = (batch.is_weighted(), batch.rule.penalty);
        let row = |name: Line, of: &dyn Fn(&Parameters) -> f64| {
            let mut cells = vec![name, Line::math(numbers.given(of(old)))];
            let mut found = vec![of(&batch.descent)];
            found.extend((penalty.l2 > 0.0).then(|| of(&batch.pull)));
            found.extend((penalty.l1 > 0.0).then(|| of(&batch.shrunk)));
            found.extend([&batch.step, &batch.new_parameters].map(of));
            cells.extend(found.into_iter().map(|x| Line::math(numbers.found(x))));
            cells
        };
        let mut rows: Vec<Vec<Line>> =
            (0..self.inputs.len()).map(|i| row(self.weight_name(i, j), &|p| p.weights(j)[i])).collect();
        if old.has_bias() {
            rows.push(row(Line::words("bias ").and_math(self.w(None, j)), &|p| p.bias(j)));
        }
        let mut head = vec![Line::words("weight")];
        let (sum, n) = if is_weighted { (r"\sum v \delta x", r"\sum v") } else { (r"\sum \delta x", "N") };
        head.extend([Line::math("w"), Line::math(format!(r"{sum} = -\partial E / \partial w"))]);
        head.extend((penalty.l2 > 0.0).then(|| Line::math(format!(r"-{n} \lambda_2 w"))));
        head.extend((penalty.l1 > 0.0).then(|| Line::words("the part of ").and_math(r"\lambda_1")));
        head.extend([r"\Delta w", r"w + \Delta w"].map(Line::math));
        sheet.table(head, rows);
    }
}
