//! Binary deltas: detools patches, the header of `esp_delta_ota`, BSDIFF40.
