//! Any bytes as a report of Arduino's compile-sketches action.

use lw_size_gate::sketches::Sketches;

fuzz_target!(|bytes: &[u8]| {
    let _ = Sketches::looks_like(bytes);
    match Sketches::parse(bytes) {
        Ok(sketches) => {
            let all = || sketches.boards.iter().flat_map(|board| &board.sketches);
            assert!(all().any(|sketch| sketch.flash().is_some() || sketch.ram().is_some()));
            // A path finds its own sketch or, in doubt, none.
            for sketch in all() {
                let flash = sketches.flash(Some(&sketch.name));
                assert!(
                    flash.is_none() || all().any(|other| other.flash().map(|size| size.current) == flash)
                );
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
