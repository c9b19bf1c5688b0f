//! Losses as LaTeX, for worksheets; with the same care for Markdown as the activations.

use super::Loss;
use crate::network::Activation;

impl Loss {
    /// L(y, ŷ) as LaTeX.
    ///
    /// ```
    /// use deltarule_core::{Activation, Loss};
    /// assert_eq!(Loss::Squared.formula_latex(&Activation::Identity), r"\frac{1}{2} (y - \hat y)^2");
    /// ```
    pub fn formula_latex(self, activation: &Activation) -> String {
        match self {
            Loss::Log if *activation == Activation::Softmax => r"-y \ln \hat y".to_owned(),
            Loss::Squared => r"\frac{1}{2} (y - \hat y)^2".to_owned(),
            Loss::Log => r"-y \ln \hat y - (1 - y) \ln(1 - \hat y)".to_owned(),
            Loss::Huber { threshold: t } => format!(
                r"\frac{{1}}{{2}} r^2 \text{{ for }} \lvert r\rvert \le {t}\text{{, }} {t} \lvert r\rvert - \frac{{1}}{{2}} \cdot {t}^2 \text{{ beyond, }} r = y - \hat y"
            ),
            Loss::Poisson => r"\hat y - y + y \ln(y / \hat y)".to_owned(),
            Loss::Quantile { level } => {
                format!(
                    r"{level} r \text{{ for }} r > 0\text{{, }} ({level} - 1) r \text{{ otherwise, }} r = y - \hat y"
                )
            }
            Loss::Hinge => r"\max(0, 1 - y \hat y)".to_owned(),
        }
    }

    /// −∂L/∂ŷ as LaTeX.
    pub fn slope_latex(self, activation: &Activation) -> String {
        match self {
            Loss::Log if *activation == Activation::Softmax => r"\frac{y}{\hat y}".to_owned(),
            Loss::Squared => r"y - \hat y".to_owned(),
            Loss::Log => r"\frac{y - \hat y}{\hat y (1 - \hat y)}".to_owned(),
            Loss::Huber { threshold: t } => format!(r"y - \hat y \text{{, but not beyond }} \pm {t}"),
            Loss::Poisson => r"\frac{y}{\hat y} - 1".to_owned(),
            Loss::Quantile { level } => {
                format!(r"{level} \text{{ for }} y > \hat y\text{{, }} {level} - 1 \text{{ otherwise}}")
            }
            Loss::Hinge => r"y \text{ for } y \hat y < 1\text{, } 0 \text{ otherwise}".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_loss_has_balanced_braces_and_nothing_that_markdown_takes_for_its_own() {
        for loss in Loss::ALL {
            for activation in [Activation::Identity, Activation::Softmax] {
                for text in [loss.formula_latex(&activation), loss.slope_latex(&activation)] {
                    assert_eq!(text.matches('{').count(), text.matches('}').count(), "{text}");
                    for bad in ["&", r"\\", "*", "}_", r"\,", r"\;", r"\!", "$"] {
                        assert!(!text.contains(bad), "{bad} in {text}");
                    }
                }
            }
        }
    }
}
