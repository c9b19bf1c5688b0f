//! Work on many threads, taken in the order in which it was given out.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::error::Result;

/// Hands every job that `produce` gives to `work`, on so many threads, and every result to `take`, in the order of the jobs.
///
/// Each thread, of which the caller's is one, asks for its next job itself, so that what `produce` read is in its cache; the
/// caller's takes the results between its own jobs. No more than three jobs for each thread are under way. The first error, in the
/// order of the jobs, ends it all.
pub(crate) fn map_in_order<J, R: Send>(
    threads: usize,
    mut produce: impl FnMut() -> Result<Option<J>> + Send,
    work: impl Fn(J) -> Result<R> + Sync,
    mut take: impl FnMut(R) -> Result<()>,
) -> Result<()> {
    if threads <= 1 {
        while let Some(job) = produce()? {
            take(work(job)?)?;
        }
        return Ok(());
    }
    let shop = Shop {
        source: Mutex::new(Source { produce, n_given: 0, ended: false }),
        counter: Mutex::new(Counter { results: BTreeMap::new(), n_open: 0, n_jobs: None, closed: false }),
        changed: Condvar::new(),
        work,
        most: 3 * threads,
    };
    thread::scope(|scope| {
        let _closing = Closing(&shop);
        for _ in 1..threads {
            scope.spawn(|| {
                let closing = Closing(&shop);
                while shop.wait_for_room() && shop.do_next() {}
                // Only a panic closes the shop from here: then the others need not wait for this thread's result.
                std::mem::forget(closing);
            });
        }
        for index in 0.. {
            let Some(result) = shop.result(index) else { break };
            take(result?)?;
            shop.count(|counter| counter.n_open -= 1);
        }
        Ok(())
    })
}

/// What the threads share.
struct Shop<P, W, R> {
    source: Mutex<Source<P>>,
    counter: Mutex<Counter<R>>,
    /// Told whenever the counter changes.
    changed: Condvar,
    work: W,
    /// How many jobs may be under way.
    most: usize,
}

struct Source<P> {
    produce: P,
    n_given: usize,
    ended: bool,
}

struct Counter<R> {
    /// Those that were not taken yet, by the number of their job.
    results: BTreeMap<usize, Result<R>>,
    /// How many jobs are under way, from before they are asked for until their result was taken.
    n_open: usize,
    /// How many jobs there are, once that is known.
    n_jobs: Option<usize>,
    /// Whether nothing further is wanted.
    closed: bool,
}

impl<J, R, P: FnMut() -> Result<Option<J>>, W: Fn(J) -> Result<R>> Shop<P, W, R> {
    /// Takes up the next job and does it; there must be room for it. False if there is none.
    fn do_next(&self) -> bool {
        let (index, job) = {
            let mut source = lock(&self.source);
            let job = if source.ended { Ok(None) } else { (source.produce)() };
            let index = source.n_given;
            source.ended |= !matches!(job, Ok(Some(_)));
            if let Ok(None) = job {
                self.count(|counter| (counter.n_jobs, counter.n_open) = (Some(index), counter.n_open - 1));
                return false;
            }
            source.n_given += 1;
            (index, job)
        };
        let result = job.and_then(|job| job.map(&self.work).transpose());
        self.count(|counter| {
            if let Some(result) = result.transpose() {
                counter.results.insert(index, result);
            }
        });
        true
    }

    /// Waits until a further job may be taken up; false if nothing further is wanted.
    fn wait_for_room(&self) -> bool {
        let mut counter = lock(&self.counter);
        while counter.n_open >= self.most && !counter.closed {
            counter = self.changed.wait(counter).unwrap_or_else(PoisonError::into_inner);
        }
        counter.n_open += 1;
        !counter.closed
    }

    /// The result of a job, for which other jobs are done as long as it is not there; `None` if there is no such job.
    fn result(&self, index: usize) -> Option<Result<R>> {
        loop {
            let mut counter = lock(&self.counter);
            loop {
                if let Some(result) = counter.results.remove(&index) {
                    return Some(result);
                }
                if counter.closed || counter.n_jobs.is_some_and(|n| n <= index) {
                    return None;
                }
                if counter.n_jobs.is_none() && counter.n_open < self.most {
                    break;
                }
                counter = self.changed.wait(counter).unwrap_or_else(PoisonError::into_inner);
            }
            counter.n_open += 1;
            drop(counter);
            self.do_next();
        }
    }
}

impl<P, W, R> Shop<P, W, R> {
    fn count(&self, change: impl FnOnce(&mut Counter<R>)) {
        change(&mut lock(&self.counter));
        self.changed.notify_all();
    }
}

/// Closes the shop when it goes, also by a panic.
struct Closing<'s, P, W, R>(&'s Shop<P, W, R>);

impl<P, W, R> Drop for Closing<'_, P, W, R> {
    fn drop(&mut self) {
        self.0.count(|counter| counter.closed = true);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::DataError;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn error(number: usize) -> DataError {
        DataError::Empty { file: number.to_string() }
    }

    /// What is taken of `n` jobs, and the error if there was one; those in `bad` fail.
    fn taken(threads: usize, n: usize, bad: &[usize]) -> (Vec<usize>, Option<String>) {
        let (mut next, mut taken) = (0, Vec::new());
        let produce = || {
            next += 1;
            Ok((next <= n).then_some(next - 1))
        };
        let work = |job: usize| {
            (0..(job * 7919) % 13).for_each(|_| thread::yield_now());
            if bad.contains(&job) { Err(error(job)) } else { Ok(2 * job) }
        };
        let result = map_in_order(threads, produce, work, |result| {
            taken.push(result);
            Ok(())
        });
        (taken, result.err().map(|error| error.to_string()))
    }

    #[test]
    fn results_come_in_order_and_the_first_error_ends_it() {
        for threads in [1, 2, 3, 8] {
            for n in [0, 1, 2, 5, 200] {
                assert_eq!(taken(threads, n, &[]), ((0..n).map(|job| 2 * job).collect(), None), "{threads} threads");
            }
            let expected = ((0..50).map(|job| 2 * job).collect(), Some(error(50).to_string()));
            assert_eq!(taken(threads, 200, &[51, 50, 120]), expected, "{threads} threads");
        }
    }

    #[test]
    fn an_error_of_the_source_comes_after_the_results_before_it() {
        for threads in [1, 2, 8] {
            let (mut next, mut taken) = (0, 0);
            let produce = || {
                next += 1;
                if next > 20 { Err(error(next)) } else { Ok(Some(next)) }
            };
            let result = map_in_order(threads, produce, Ok, |_| {
                taken += 1;
                Ok(())
            });
            assert_eq!((taken, result.unwrap_err().to_string()), (20, error(21).to_string()));
        }
    }

    #[test]
    fn no_more_jobs_are_under_way_than_three_for_each_thread() {
        let (open, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let mut next = 0;
        let produce = || {
            next += 1;
            most.fetch_max(open.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            Ok((next <= 300).then_some(next))
        };
        let take = |_| {
            thread::yield_now();
            open.fetch_sub(1, Ordering::SeqCst);
            Ok(())
        };
        map_in_order(4, produce, Ok, take).unwrap();
        assert!((1..=12).contains(&most.into_inner()));
    }

    #[test]
    fn a_panic_in_a_job_does_not_leave_the_others_waiting() {
        for bad in [0, 1, 30] {
            let run = || {
                let mut next = 0;
                let produce = || {
                    next += 1;
                    Ok((next <= 60).then_some(next - 1))
                };
                let work = |job: usize| {
                    assert_ne!(job, bad);
                    Ok(job)
                };
                map_in_order(3, produce, work, |_| Ok(()))
            };
            assert!(std::panic::catch_unwind(run).is_err());
        }
    }
}
