//! The core against its specification.

mod activation;
mod check;
mod descent;
mod gradient;
mod hard_tables;
mod kinks;
mod losses;
mod optimizers;
mod oracle;
mod rare;
mod sparse;
mod surface;
mod tables;
mod tidy;
mod walk;
mod weights;
mod worked;
