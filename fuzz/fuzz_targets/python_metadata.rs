//! Any bytes as the metadata of an installed Python package, and after a line `--manifest--` as its direct_url.json.

use lw_dependencies::{MemoryTree, Options, Places, READERS};
use lw_fuzz::sound;

fuzz_target!(|bytes: &[u8]| {
    let split = b"\n--manifest--\n";
    let at = bytes.windows(split.len()).position(|window| window == split);
    let site = "lib/python3.12/site-packages/a-1.dist-info";
    let mut files = vec![
        ("pyvenv.cfg".to_owned(), b"version = 3.12.1\n".to_vec()),
        (format!("{site}/METADATA"), at.map_or(bytes, |at| &bytes[..at]).to_vec()),
    ];
    files.extend(at.map(|at| (format!("{site}/direct_url.json"), bytes[at + split.len()..].to_vec())));
    let tree = MemoryTree::new(files);
    let reader =
        READERS.iter().find(|reader| reader.files.contains(&"pyvenv.cfg")).expect("a reader of environments");
    if let Ok(inventory) = (reader.read)(&Places::of(&tree), "pyvenv.cfg", &Options::default()) {
        sound(&inventory);
    }
});
