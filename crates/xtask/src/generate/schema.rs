//! The JSON schema of `lw-report/1`.

use lw_model::Report;

/// The schema as it is committed.
pub(crate) fn report() -> anyhow::Result<String> {
    let schema = schemars::schema_for!(Report);
    Ok(format!("{}\n", serde_json::to_string_pretty(&schema)?))
}
