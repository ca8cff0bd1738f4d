//! The standalone binary.
lw_cli::main!(lw_image_tags::ImageTags);
