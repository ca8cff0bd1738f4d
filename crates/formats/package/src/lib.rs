//! OTA packages: the `lw` package, the JSON package, and what an update server publishes.
