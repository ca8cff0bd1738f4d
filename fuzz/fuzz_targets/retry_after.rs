//! Any text as `Retry-After`: it is a wait or refused, and a date is a wait no longer than the time until it.

fuzz_target!(|input: (&str, u64)| {
    let (value, now) = input;
    if let (Ok(early), Ok(late)) = (lw_retry::retry_after(value, 0), lw_retry::retry_after(value, now)) {
        assert!(late <= early);
    }
});
