//! How sure each weight is: standard errors, and the directions that the data cannot tell apart.
//!
//! At a minimum of E that is −ln of a likelihood (squared error with the identity, log with sigmoid or softmax, Poisson with exp) weights are
//! maximum likelihood estimates, and their covariance is the inverse of the information A = Σ c x xᵀ, c = ∂²L/∂h². Neither A nor its inverse is
//! formed: rows √c·x are reflected into a triangle R with RᵀR = A, whose condition number is the root of that of A.
//!
//! Sources: McCullagh, Nelder 1989, Generalized Linear Models, 2.5 and 5.4; White 1980 and MacKinnon, White 1985 for the robust ones.

mod determined;
mod information;

pub use determined::{Direction, Estimate, OutputSummary, Summary, Weight};
pub use information::{Information, Robust, Theory};
