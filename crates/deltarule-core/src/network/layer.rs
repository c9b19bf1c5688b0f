//! A layer: ŷ_j = f(Σ_i w_ij x_i + b_j).

use super::{Activation, Parameters, WorkingWeights};
use crate::data::{Block, Scaling, Shape};
use crate::error::{Error, Result};
use crate::kernel::net_input;

/// One layer of weighted sums and an activation. It knows nothing of targets.
///
/// ```
/// use deltarule_core::{Activation, Layer, Parameters};
/// let layer = Layer::new(Parameters::new(2, vec![0.6, 0.1], Some(vec![0.2]), 1)?, Activation::Sigmoid);
/// assert!((layer.net_inputs(&[1.0, -2.0])[0] - 0.6).abs() < 1e-15);
/// assert!((layer.outputs(&[1.0, -2.0])[0] - 0.6456563062257954).abs() < 1e-15);
/// # Ok::<(), deltarule_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    parameters: Parameters,
    activation: Activation,
}

impl Layer {
    /// A layer with these weights.
    pub fn new(parameters: Parameters, activation: Activation) -> Self {
        Self { parameters, activation }
    }

    /// The weights and biases.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The weights and biases, to change them.
    pub fn parameters_mut(&mut self) -> &mut Parameters {
        &mut self.parameters
    }

    /// f.
    pub fn activation(&self) -> &Activation {
        &self.activation
    }

    /// h_j = Σ_i w_ij x_i + b_j of one record: the terms in the lanes that number columns have in every pass, and the bias last.
    ///
    /// Shapes: `x` (d,), result (J,). Features beyond the shorter of the two do not count.
    pub fn net_inputs(&self, x: &[f64]) -> Vec<f64> {
        (0..self.parameters.n_outputs())
            .map(|j| {
                let weights = self.parameters.weights(j);
                let n = weights.len().min(x.len());
                net_input(&weights[..n], |i| x[i]) + self.parameters.bias(j)
            })
            .collect()
    }

    /// ŷ_j = f(h_j) of one record. Shapes: `x` (d,), result (J,).
    pub fn outputs(&self, x: &[f64]) -> Vec<f64> {
        let mut outputs = self.net_inputs(x);
        self.outputs_of(&mut outputs, 1);
        outputs
    }

    /// ŷ for every record of a block, output by output: ŷ_j of row `r` is `into[j·rows + r]`.
    ///
    /// Errors: a block or a scaling with other columns than the layer has weights for.
    pub fn outputs_into(&self, block: &Block<'_, f64>, scaling: &Scaling, into: &mut Vec<f64>) -> Result<()> {
        self.net_inputs_into(block, scaling, into)?;
        self.outputs_of(into, block.n_records());
        Ok(())
    }

    /// ŷ of net inputs, in their place. Shape: (J, rows), output by output.
    pub fn outputs_of(&self, net_inputs: &mut [f64], n_rows: usize) {
        outputs_of(&self.activation, net_inputs, n_rows);
    }

    /// h for every record of a block, output by output: h_j of row `r` is `into[j·rows + r]`.
    ///
    /// Errors: a block or a scaling with other columns than the layer has weights for.
    pub fn net_inputs_into(&self, block: &Block<'_, f64>, scaling: &Scaling, into: &mut Vec<f64>) -> Result<()> {
        let shape = block.shape();
        self.check(&shape, scaling)?;
        WorkingWeights::of(&self.parameters, &shape, scaling).net_inputs_of_block(block, &shape, scaling, into);
        Ok(())
    }

    /// Works out once what every pass over blocks of this shape needs: for a service, which goes over a few rows at a time, again and again.
    ///
    /// Errors: a shape or a scaling with other columns than the layer has weights for.
    pub fn prepare(&self, shape: &Shape, scaling: &Scaling) -> Result<PreparedLayer> {
        self.check(shape, scaling)?;
        let (shape, scaling) = (shape.clone(), scaling.clone());
        let working = WorkingWeights::of(&self.parameters, &shape, &scaling);
        Ok(PreparedLayer { activation: self.activation.clone(), shape, scaling, working })
    }

    fn check(&self, shape: &Shape, scaling: &Scaling) -> Result<()> {
        let n_features = self.parameters.n_features();
        if shape.n_features() != n_features {
            let what = "features of a block".to_owned();
            return Err(Error::Shape { what, found: shape.n_features(), expected: n_features });
        }
        if scaling.columns().len() != shape.columns().len() {
            let (found, expected) = (scaling.columns().len(), shape.columns().len());
            return Err(Error::Shape { what: "columns of a scaling".to_owned(), found, expected });
        }
        for (index, kind) in shape.columns().iter().enumerate() {
            let (found, expected) = (scaling.sparse(index).len(), kind.n_features());
            if found != expected && found != 0 {
                let what = format!("scaled features of sparse column {}", index + 1);
                return Err(Error::Shape { what, found, expected });
            }
        }
        Ok(())
    }
}

/// A layer that is ready for blocks of one shape in one scaling; [`Layer::prepare`] makes it. It gives the bits that the layer does.
///
/// ```
/// use deltarule_core::*;
/// let layer = Layer::new(Parameters::new(1, vec![2.0], Some(vec![0.5]), 1)?, Activation::Identity);
/// let block = Block::new(vec![Column::Numbers(vec![1.0, 3.0].into())], Targets::Numbers(vec![vec![0.0; 2].into()]))?;
/// let scaling = Scaling::identity(block.shape().columns());
/// let mut outputs = Vec::new();
/// layer.prepare(&block.shape(), &scaling)?.outputs_into(&block, &mut outputs)?;
/// assert_eq!(outputs, [2.5, 6.5]);
/// # Ok::<(), deltarule_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct PreparedLayer {
    activation: Activation,
    shape: Shape,
    scaling: Scaling,
    working: WorkingWeights<f64>,
}

impl PreparedLayer {
    /// ŷ for every record of a block, output by output: ŷ_j of row `r` is `into[j·rows + r]`.
    ///
    /// Errors: a block of another shape.
    pub fn outputs_into(&self, block: &Block<'_, f64>, into: &mut Vec<f64>) -> Result<()> {
        let (found, expected) = (block.columns().len(), self.shape.columns().len());
        if found != expected {
            return Err(Error::Shape { what: "columns of a block".to_owned(), found, expected });
        }
        for (index, (column, kind)) in block.columns().iter().zip(self.shape.columns()).enumerate() {
            if column.kind() != *kind {
                let what = format!("features of column {} of a block", index + 1);
                return Err(Error::Shape { what, found: column.kind().n_features(), expected: kind.n_features() });
            }
        }
        self.working.net_inputs_of_block(block, &self.shape, &self.scaling, into);
        outputs_of(&self.activation, into, block.n_records());
        Ok(())
    }
}

fn outputs_of(activation: &Activation, net_inputs: &mut [f64], n_rows: usize) {
    activation.couple(net_inputs, n_rows);
    net_inputs.iter_mut().for_each(|h| *h = activation.value(*h));
}
