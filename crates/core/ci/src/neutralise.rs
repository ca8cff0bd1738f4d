//! Foreign text made harmless for a log.

use std::borrow::Cow;

/// Prefixes of commands that a CI finds anywhere in a line.
///
/// `##[`: GitHub (`ActionCommand.TryParse`) and the Azure log. `##vso`: Azure (`Command.TryParse`), which
/// warns of the word alone. `##teamcity[`: TeamCity.
const ANYWHERE: [&[u8]; 3] = [b"##[", b"##vso", b"##teamcity["];

/// Foreign text for standard output or error, on any CI.
///
/// - `::` at the start of a line, leading white space apart, gets a zero-width space between its
///   colons; `##[`, `##vso` and `##teamcity[` anywhere become `# #[` and so on.
/// - Control characters (ANSI escapes, a carriage return that hides what stood before it) become
///   their visible pictures; CR LF becomes LF. Tab and LF stay.
/// - Other line ends (NEL, LS, PS), C1 controls, a byte order mark (a reader may drop it and bring the
///   next character to the start of the line) and overrides of the writing direction become U+FFFD.
///
/// The text's start counts as the start of a line, so a whole line is to be passed, not pieces that are
/// joined later. Doing it twice changes nothing more. Takes linear time.
///
/// The runner compares culture-sensitively, where ICU ignores the zero-width space; it still finds no
/// command, because it takes the name from the third character on, which then is a colon.
#[must_use]
pub fn neutralise(text: &str) -> Cow<'_, str> {
    let mut out: Option<String> = None;
    let mut copied = 0;
    let mut at_start = true;
    for (at, found) in text.char_indices() {
        let rest = text.get(at..).unwrap_or_default();
        let instead: Cow<'static, str> = match found {
            '\n' => {
                at_start = true;
                continue;
            }
            '\t' => continue,
            '\r' if rest.starts_with("\r\n") => Cow::Borrowed(""),
            '\0'..='\u{1f}' => picture(u32::from(found)),
            '\u{7f}' => Cow::Borrowed("\u{2421}"),
            _ if is_deceptive(found) => Cow::Borrowed("\u{fffd}"),
            ':' if at_start && rest.starts_with("::") => Cow::Borrowed(":\u{200b}"),
            '#' if starts_command(rest.as_bytes()) => Cow::Borrowed("# "),
            _ => {
                at_start &= found.is_whitespace() || is_zero_width(found);
                continue;
            }
        };
        at_start = false;
        let out = out.get_or_insert_with(|| String::with_capacity(text.len() + 16));
        out.push_str(text.get(copied..at).unwrap_or_default());
        out.push_str(&instead);
        copied = at + found.len_utf8();
    }
    match out {
        None => Cow::Borrowed(text),
        Some(mut out) => {
            out.push_str(text.get(copied..).unwrap_or_default());
            Cow::Owned(out)
        }
    }
}

/// The visible picture of a C0 control character.
fn picture(code: u32) -> Cow<'static, str> {
    Cow::Owned(char::from_u32(0x2400 + code).unwrap_or('\u{fffd}').to_string())
}

/// Characters that end a line for some readers, drive a terminal, or make text read otherwise than it is.
fn is_deceptive(found: char) -> bool {
    matches!(found,
        '\u{80}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}'
        | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn is_zero_width(found: char) -> bool {
    matches!(found, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}')
}

fn starts_command(rest: &[u8]) -> bool {
    ANYWHERE
        .iter()
        .any(|prefix| rest.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn commands_lose_their_force() {
        for (foreign, harmless) in [
            ("::set-output name=verdict::pass", ":\u{200b}:set-output name=verdict::pass"),
            ("ok\n \t::error::x", "ok\n \t:\u{200b}:error::x"),
            ("\u{a0}\u{200b}::error::x", "\u{a0}\u{200b}:\u{200b}:error::x"),
            ("core::fmt::Write", "core::fmt::Write"),
            ("a ##[add-mask]b", "a # #[add-mask]b"),
            ("###[x", "## #[x"),
            ("##VSO[task.complete]", "# #VSO[task.complete]"),
            ("x ##teamcity[buildStop]", "x # #teamcity[buildStop]"),
            ("## Heading", "## Heading"),
            ("one\r\ntwo", "one\ntwo"),
            ("hidden\rshown", "hidden␍shown"),
            ("\r::error::x", "␍::error::x"),
            ("\u{1b}[31mred\u{7}\0", "␛[31mred␇␀"),
            ("\u{feff}::error::x", "\u{fffd}::error::x"),
            ("a\u{2028}::error::x\u{9b}1m", "a\u{fffd}::error::x\u{fffd}1m"),
            ("größe: 3 µs", "größe: 3 µs"),
        ] {
            assert_eq!(neutralise(foreign), harmless, "{foreign:?}");
        }
    }

    #[test]
    fn harmless_text_is_not_copied() {
        assert!(matches!(neutralise("RAM 12 of 34\n\tok: a::b"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn twice_is_once(text in "([:#\\[\\]vso \t\r\n\u{feff}\u{200b}\u{85}a]|##vso\\[|##teamcity\\[){0,40}") {
            let once = neutralise(&text).into_owned();
            prop_assert_eq!(neutralise(&once), once.as_str());
        }

        #[test]
        fn nothing_live_is_left(bytes in proptest::collection::vec(
            prop_oneof![Just(b':'), Just(b'#'), Just(b'['), Just(b'\n'), Just(b'\r'), Just(b' '), any::<u8>()], 0..200,
        )) {
            let text = neutralise(&String::from_utf8_lossy(&bytes)).into_owned();
            prop_assert!(!text.contains("##["));
            prop_assert!(!text.chars().any(|c| c.is_control() && c != '\n' && c != '\t'));
            prop_assert!(text.lines().all(|line| !line.trim_start().starts_with("::")));
        }
    }
}
