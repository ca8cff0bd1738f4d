//! Work on several processors, with as many threads as the system gives: with too few it is slower, and as right.

use std::panic::resume_unwind;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, Builder};

/// Does the same work for many items; the results are in the order of the items.
pub fn map<I: Sync, T: Send>(items: &[I], work: impl Fn(&I) -> T + Sync) -> Vec<T> {
    map_with(items, || (), |(), item| work(item))
}

/// The same with something that each thread makes once and uses for all its items, such as memory to read into.
pub fn map_with<I: Sync, S, T: Send>(
    items: &[I],
    start: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, &I) -> T + Sync,
) -> Vec<T> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(items.len());
    if threads <= 1 {
        let mut own = start();
        return items.iter().map(|item| work(&mut own, item)).collect();
    }
    let next = AtomicUsize::new(0);
    let results: Vec<Mutex<Option<T>>> = items.iter().map(|_| Mutex::new(None)).collect();
    let take = || {
        let mut own = start();
        while let at = next.fetch_add(1, Ordering::Relaxed)
            && let (Some(item), Some(result)) = (items.get(at), results.get(at))
        {
            let done = work(&mut own, item);
            if let Ok(mut result) = result.lock() {
                *result = Some(done);
            }
        }
    };
    thread::scope(|scope| {
        // This thread is one of them, so there is always one.
        for _ in 1..threads {
            if Builder::new().spawn_scoped(scope, take).is_err() {
                break;
            }
        }
        take();
    });
    // Each has a result: a panic of a thread is one of the scope.
    results.into_iter().filter_map(|result| result.into_inner().ok().flatten()).collect()
}

/// Does two things, the first of them beside the second where the system gives a thread for it.
pub fn both<A: Send, B>(first: impl Fn() -> A + Sync, second: impl FnOnce() -> B) -> (A, B) {
    thread::scope(|scope| match Builder::new().spawn_scoped(scope, &first) {
        Ok(beside) => {
            let second = second();
            (beside.join().unwrap_or_else(|panic| resume_unwind(panic)), second)
        }
        Err(_) => (first(), second()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_keep_their_order() {
        let items: Vec<u32> = (0..1000).collect();
        assert_eq!(map(&items, |item| item * 2), items.iter().map(|item| item * 2).collect::<Vec<_>>());
        assert!(map(&[] as &[u32], |item| *item).is_empty());
        let reused = map_with(&items, Vec::new, |seen, item| {
            seen.push(*item);
            (*item, seen.len())
        });
        assert!(reused.iter().zip(&items).all(|((item, times), at)| item == at && *times > 0));
        assert!(reused.iter().any(|(_, times)| *times > 1));
        assert_eq!(both(|| 1, || "b"), (1, "b"));
    }
}
