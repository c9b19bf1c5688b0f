//! The lesson's own picture: one record that was typed, and one weight.

use anyhow::{Result, bail};
use deltarule_core::{
    Column, Dataset, Layer, Loss, Penalty, Reduction, Scaling, Slice, SurfaceAxis, Targets, Threads, WeightUnits,
};
use deltarule_plot::{Bowl, MarkKind, Words};

use super::bowl::View;
use super::names::Names;
use super::names::figure;
use crate::cli::plot::{BowlArgs, UnitsArg};
use crate::commands::explain;
use crate::report;

/// E of the record along one of its weights, the others held.
pub(super) fn typed(args: &BowlArgs, x: &str) -> Result<Bowl> {
    if args.surface.units == UnitsArg::Original {
        bail!("--units: found original with --x, whose numbers are as they are; leave --units out");
    }
    let typed = &args.typed;
    let given = explain::given(&explain::Typed {
        x,
        w: typed.w.as_deref(),
        y: typed.y.as_deref(),
        bias: typed.bias.as_deref(),
        activation: typed.activation.as_ref(),
        loss: typed.loss,
    })?;
    let eta = match args.surface.eta {
        None => 0.1,
        Some(deltarule_core::Eta::Given(eta)) => eta,
        Some(deltarule_core::Eta::Auto) => bail!("--eta: found auto with --x, expected a number"),
    };
    let explain::Given { loss, layer, inputs, targets } = given;
    let names = Names {
        inputs: (1..=inputs.len()).map(|i| format!("x{i}")).collect(),
        outputs: match targets.len() {
            1 => vec!["output".to_owned()],
            n => (1..=n).map(|j| format!("output {j}")).collect(),
        },
        has_bias: layer.parameters().has_bias(),
    };
    let first = if names.outputs.len() > 1 { "output 1/x1" } else { "x1" };
    let at = names.find("--weight", args.weight.as_deref().unwrap_or(first))?;
    let columns: Vec<Column<'_, f64>> = inputs.iter().map(|x| Column::Numbers(vec![*x].into())).collect();
    let of_record = Targets::Numbers(targets.iter().map(|y| vec![*y].into()).collect());
    let source = Dataset::from_columns(&columns, &of_record)?;
    let threads = Threads::one();
    let scaling = Scaling::from_columns(columns.iter().map(|_| deltarule_core::ColumnScaling::NONE));
    let slice = Slice {
        source: &source,
        scaling: &scaling,
        layer: &layer,
        loss,
        penalty: Penalty::NONE,
        units: WeightUnits::Scaled,
        threads: &threads,
    };
    let objective = slice.surface(&[SurfaceAxis { weight: at, values: vec![slice.position(at)?] }])?.objective[0];
    let name = names.text(at);
    let list = |values: &[f64]| values.iter().map(|x| figure(*x)).collect::<Vec<_>>().join(", ");
    let view = View {
        at,
        eta,
        reduction: Reduction::Sum,
        one_record: true,
        objective,
        rise: 0.0,
        words: Words {
            title: format!("E of one record along the weight of {name}"),
            lines: vec![format!("x = ({}), y = {}, f = {}", list(&inputs), list(&targets), layer.activation())],
            notes: Vec::new(),
        },
        weight_label: match at.feature {
            Some(_) => format!("weight of {name}"),
            None => "the bias b".to_owned(),
        },
        error_label: format!("E = {}", one_record_text(loss, &layer, targets.len())),
        standing: Some((MarkKind::Here, "the weight")),
        held: if layer.parameters().values().count() == 1 {
            "E".to_owned()
        } else {
            "the other weights held".to_owned()
        },
    };
    view.draw(&slice, Vec::new(), None, None)
}

/// The formula of E of one record.
fn one_record_text(loss: Loss, layer: &Layer, n_outputs: usize) -> String {
    let text = report::sum_text(loss, layer.activation(), false);
    let text = text.replacen("ΣΣ", "Σ", 1);
    if n_outputs == 1 { text.replacen('Σ', "", 1) } else { text }
}
