//! Exit codes, and the one place where an error becomes a message.

use std::process::ExitCode;

use deltarule_data::DataError;

use crate::output;

/// Ran, but failed: diverged, a check that failed.
pub(crate) const FAILED: u8 = 1;
/// Usage or input.
const INPUT: u8 = 2;
/// Interrupted by the user.
pub(crate) const INTERRUPTED: u8 = 130;

/// Keeps silent about panics of Arrow's decoders at damaged files, and of DataFusion: the reader makes errors of them.
pub(crate) fn quieten_decoders() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let decodes = |file: &str| ["arrow-", "datafusion-", "parquet-"].iter().any(|name| file.contains(name));
        if !panic.location().is_some_and(|place| decodes(place.file())) {
            usual(panic);
        }
    }));
}

/// Prints an error and gives its exit code.
pub(crate) fn report(error: &anyhow::Error) -> ExitCode {
    if is_broken_pipe(error) {
        return ExitCode::SUCCESS;
    }
    output::tell(format_args!("error: {error:#}"));
    match error.downcast_ref::<DataError>() {
        Some(DataError::Interrupted { .. }) => ExitCode::from(INTERRUPTED),
        _ => ExitCode::from(INPUT),
    }
}

/// Whether the reader of our output went away, as `head` does: no error of ours.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    })
}
