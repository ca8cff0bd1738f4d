//! Command transcripts: each file in `cmd/` is a call and what it prints. `TRYCMD=overwrite cargo test` accepts new output.

#[test]
fn transcripts() {
    trycmd::TestCases::new().env("COLUMNS", "110").env("NO_COLOR", "1").case("tests/cmd/*.toml").run();
}
