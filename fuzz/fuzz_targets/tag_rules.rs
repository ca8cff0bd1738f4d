//! Any text as the inputs that name images: what is read is shown and matched without breaking, and what comes out is a tag.

use lw_tag_rules::{
    Pattern, Template, format_time, joined, lines, parse_entries, parse_flavor, parse_images, tag, zone,
};

fuzz_target!(|text: &str| {
    let values = [text.to_owned()];
    for input in ["tags", "flavor", "images", "labels"] {
        let Ok(items) = lines(input, &values) else { continue };
        assert!(items.iter().all(|item| !item.is_empty() && !item.contains('\n')));
        match input {
            "tags" => {
                let entries = parse_entries(&items).unwrap_or_default();
                assert!(entries.windows(2).all(|pair| pair[0].priority >= pair[1].priority));
                for entry in entries {
                    if let Some(pattern) = entry.regex {
                        let _ = pattern.find("v1.2.3-rc.1");
                    }
                }
            }
            "flavor" => drop(parse_flavor(&items)),
            "images" => {
                for image in parse_images(&items).unwrap_or_default() {
                    assert!(lw_tag_rules::image::check(&image.name).is_ok());
                }
            }
            _ => items.iter().for_each(|item| drop(joined(item))),
        }
    }
    if let Ok(template) = Template::parse(text) {
        let shown = template.render(true, |call| Ok::<_, ()>(call.name.clone()));
        assert!(shown.is_ok());
    }
    if let Ok(pattern) = Pattern::with_flags(text) {
        let _ = pattern.find(text);
    }
    if let Ok(utc) = zone("UTC") {
        assert!(format_time(1_700_000_000, &utc, text).is_ok());
    }
    if !text.is_empty() {
        assert!(tag::is_valid(&tag::mended(text)) && tag::is_valid(&tag::distinct(text)));
    }
});
