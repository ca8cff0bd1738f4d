#[test]
fn second_time_lucky() {
    let attempt = std::env::var("NEXTEST_ATTEMPT").unwrap_or_default();
    assert_ne!(attempt, "1", "first time");
}

#[test]
fn aborts() {
    if std::env::var_os("SUITE_ABORT").is_some() {
        std::process::abort();
    }
}
