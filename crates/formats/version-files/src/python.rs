//! Versions as Python spells them (<https://packaging.python.org/en/latest/specifications/version-specifiers/>), so far as versions
//! of other schemes mean something there.

/// The normal form of a version; `None` when it is none in Python.
pub(crate) fn normal(text: &str) -> Option<String> {
    let text = text.to_ascii_lowercase();
    let (rest, local) =
        text.split_once('+').map_or((text.as_str(), None), |(rest, local)| (rest, Some(local)));
    let (epoch, rest) = rest.split_once('!').map_or((None, rest), |(epoch, rest)| (Some(epoch), rest));
    if epoch.is_some_and(|epoch| epoch.is_empty() || !is_number(epoch)) {
        return None;
    }
    let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
    let (mut numbers, mut rest) = rest.split_at_checked(end)?;
    // The dot before a label is a separator, and no part of the numbers.
    if !rest.is_empty() && numbers.ends_with('.') {
        numbers = numbers.strip_suffix('.')?;
    }
    let mut parts = Vec::new();
    for number in numbers.split('.') {
        parts.push(without_zeros(number)?);
    }
    let mut out = match epoch.and_then(without_zeros) {
        Some(epoch) if epoch != "0" => format!("{epoch}!"),
        _ => String::new(),
    };
    out += &parts.join(".");
    // In this order, each at most once.
    let kinds: [&[(&str, &str)]; 3] = [
        &[
            ("alpha", "a"),
            ("a", "a"),
            ("beta", "b"),
            ("b", "b"),
            ("preview", "rc"),
            ("pre", "rc"),
            ("rc", "rc"),
            ("c", "rc"),
        ],
        &[("post", ".post"), ("rev", ".post"), ("r", ".post")],
        &[("dev", ".dev")],
    ];
    for kind in kinds {
        let bare = rest.trim_start_matches(['-', '_', '.']);
        if rest.len() - bare.len() > 1 {
            return None;
        }
        let Some((name, short)) = kind.iter().find(|(name, _)| bare.starts_with(name)) else { continue };
        let after = bare.strip_prefix(name)?;
        let number = after.strip_prefix(['-', '_', '.']).unwrap_or(after);
        let digits = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
        if digits == 0 {
            rest = after;
            out += &format!("{short}0");
            continue;
        }
        let (number, behind) = number.split_at_checked(digits)?;
        out += &format!("{short}{}", without_zeros(number)?);
        rest = behind;
    }
    if !rest.is_empty() {
        return None;
    }
    if let Some(local) = local {
        let mut parts = Vec::new();
        for part in local.split(['-', '_', '.']) {
            if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                return None;
            }
            parts.push(if is_number(part) { without_zeros(part)? } else { part });
        }
        out += &format!("+{}", parts.join("."));
    }
    Some(out)
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn without_zeros(number: &str) -> Option<&str> {
    if number.is_empty() || !is_number(number) {
        return None;
    }
    let short = number.trim_start_matches('0');
    Some(if short.is_empty() { "0" } else { short })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_that_mean_the_same_are_the_same() {
        for (text, expected) in [
            ("1.2.3", Some("1.2.3")),
            ("1.2.3-rc.1", Some("1.2.3rc1")),
            ("1.2.3rc1", Some("1.2.3rc1")),
            ("1.2.3-alpha.2", Some("1.2.3a2")),
            ("1.2.3-beta", Some("1.2.3b0")),
            ("1.2.3-dev.7", Some("1.2.3.dev7")),
            ("1.2.3.dev7", Some("1.2.3.dev7")),
            ("1.2.3-rc.1.dev.2", Some("1.2.3rc1.dev2")),
            ("1.2.3.post1", Some("1.2.3.post1")),
            ("1.2.3+b.07-x", Some("1.2.3+b.7.x")),
            ("2!01.2", Some("2!1.2")),
            ("1.2.3-canary.1", None),
            ("1.2.3-rc.x", None),
            ("1.2.3--rc1", None),
            ("1.2.", None),
            ("1..2", None),
            ("1.2.3+", None),
            ("", None),
        ] {
            assert_eq!(normal(text).as_deref(), expected, "{text}");
        }
    }
}
