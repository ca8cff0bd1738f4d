//! Any three reports, of any formats, merged: in every order the same, and never less than one of them.

use lw_coverage::{Basis, Coverage, MergeError, Metric, read};
use memchr::memmem;

const BETWEEN: &[u8] = b"\n--and--\n";

fn merged(a: &Coverage, b: &Coverage) -> Result<Coverage, MergeError> {
    let mut whole = a.clone();
    let done = whole.merge(b.clone());
    assert!(done.is_ok() || whole == *a, "an error changes nothing");
    done.map(|()| whole)
}

fuzz_target!(|bytes: &[u8]| {
    let mut starts = memmem::find_iter(bytes, BETWEEN);
    let Some(first) = starts.next() else { return };
    let second = starts.next().unwrap_or(bytes.len());
    let part = |from: usize, to: usize| read(bytes.get(from..to).unwrap_or_default());
    let (Ok(a), Ok(b)) = (part(0, first), part(first + BETWEEN.len(), second)) else { return };
    let both = merged(&a, &b);
    assert_eq!(both.is_ok(), merged(&b, &a).is_ok());
    let Ok(both) = both else { return };
    assert_eq!(merged(&b, &a).as_ref(), Ok(&both));
    lw_fuzz::consistent(&both);
    lw_fuzz::written(&both);
    assert_eq!(merged(&both, &Coverage::default()).as_ref(), Ok(&both));
    for (path, file) in a.files.iter().chain(&b.files) {
        let whole = &both.files[path];
        for (line, hits) in file.lines().iter() {
            assert!(whole.lines().get(line).is_some_and(|sum| sum >= hits), "{path}:{line}");
        }
        assert!(
            whole.branches().figure().counts.covered >= file.branches().figure().counts.covered,
            "{path}"
        );
        for metric in Metric::ALL {
            let (part, whole) = (file.figure(metric), whole.figure(metric).counts);
            // What a report only tells is lost or replaced by what another lists.
            let listed = part.basis == Basis::Detailed;
            assert!(!listed || whole.covered >= part.counts.covered, "{path}: {metric}");
            assert!(!listed || whole.total >= part.counts.total, "{path}: {metric}");
        }
    }
    if let Ok(c) = part(second.saturating_add(BETWEEN.len()), bytes.len())
        && let (Ok(left), Ok(last)) = (merged(&both, &c), merged(&b, &c))
    {
        assert_eq!(merged(&a, &last), Ok(left));
    }
});
