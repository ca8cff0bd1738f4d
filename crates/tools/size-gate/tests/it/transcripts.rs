//! Command transcripts: each file in `cmd/` is a call and what it prints. `TRYCMD=overwrite cargo test` accepts new output.

#[test]
fn transcripts() {
    lw_testkit::tool::transcripts();
}
