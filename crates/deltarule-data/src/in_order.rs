//! Work on many threads, taken in the order in which it was given out.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::error::Result;

/// Hands every job that `produce` gives to `work`, on so many threads, and every result to `take`, in the order of the jobs.
///
/// No more than two jobs for each thread are under way. The first error, in the order of the jobs, ends it all.
pub(crate) fn map_in_order<J: Send, R: Send>(
    threads: usize,
    mut produce: impl FnMut() -> Result<Option<J>>,
    work: impl Fn(J) -> Result<R> + Sync,
    mut take: impl FnMut(R) -> Result<()>,
) -> Result<()> {
    if threads <= 1 {
        while let Some(job) = produce()? {
            take(work(job)?)?;
        }
        return Ok(());
    }
    let (jobs, queue) = channel::<(J, Sender<Result<R>>)>();
    let (queue, work) = (&Mutex::new(queue), &work);
    thread::scope(|scope| {
        // Dropped on every way out of here, so that the threads end.
        let jobs = jobs;
        for _ in 0..threads {
            scope.spawn(move || {
                while let Some((job, answer)) = next_job(queue) {
                    // No one waits for the answer once an earlier one was an error.
                    let _ = answer.send(work(job));
                }
            });
        }
        let mut pending: VecDeque<Receiver<Result<R>>> = VecDeque::new();
        let mut take_first = |pending: &mut VecDeque<Receiver<Result<R>>>| match pending.pop_front().map(|r| r.recv()) {
            Some(Ok(result)) => take(result?),
            // A thread that panicked takes this one along at the end of the scope.
            _ => Ok(()),
        };
        let ended = loop {
            match produce() {
                Ok(Some(job)) => {
                    let (answer, result) = channel();
                    let _ = jobs.send((job, answer));
                    pending.push_back(result);
                    if pending.len() > 2 * threads {
                        take_first(&mut pending)?;
                    }
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        while !pending.is_empty() {
            take_first(&mut pending)?;
        }
        ended
    })
}

fn next_job<J>(queue: &Mutex<Receiver<J>>) -> Option<J> {
    queue.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}
