//! The input `images`, and the names of images.

use crate::error::{Problem, RuleError};
use crate::fields::{attribute, strict};

/// An image that gets the tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Its name in lower case, perhaps with a registry; never with a tag.
    pub name: String,
    /// Whether it gets them.
    pub enable: bool,
}

/// Reads the items of `images`. A single item may list several names with commas between them.
///
/// # Errors
/// When one cannot be used, or is no name of an image.
pub fn parse_images(items: &[String]) -> Result<Vec<Image>, RuleError> {
    if let [only] = items {
        let wrong = |problem| RuleError::new("images", 1, only, problem);
        let fields = strict(only).map_err(wrong)?;
        if fields.iter().all(|field| attribute(field).0.is_none()) {
            let names = fields.iter().filter(|field| !field.is_empty());
            return names.map(|name| image(name, true).map_err(wrong)).collect();
        }
    }
    (1..)
        .zip(items)
        .map(|(number, item)| read(item).map_err(|problem| RuleError::new("images", number, item, problem)))
        .collect()
}

fn read(item: &str) -> Result<Image, Problem> {
    let (mut name, mut enable) = (String::new(), true);
    for field in strict(item)? {
        match attribute(&field) {
            (None, word) => name = word,
            (Some(key), value) => match (key.as_str(), value.as_str()) {
                ("name", _) => name = value,
                ("enable", "true") => enable = true,
                ("enable", "false") => enable = false,
                ("enable", _) => {
                    return Err(Problem::Invalid { attribute: key, value, expected: "true or false" });
                }
                _ => return Err(Problem::UnknownAttribute(key)),
            },
        }
    }
    image(&name, enable)
}

fn image(name: &str, enable: bool) -> Result<Image, Problem> {
    let name = name.to_lowercase();
    match check(&name) {
        Ok(()) => Ok(Image { name, enable }),
        Err(why) => Err(Problem::ImageName { name, why }),
    }
}

/// The most characters of a name (`NameTotalLengthMax` of github.com/distribution/reference).
pub const MAX_NAME: usize = 255;

/// Whether a text is the name of an image without a tag, by the grammar of github.com/distribution/reference.
///
/// # Errors
/// With the reason, when it is not.
pub fn check(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("it is empty".to_owned());
    }
    if name.len() > MAX_NAME {
        return Err(format!("it has more than {MAX_NAME} characters"));
    }
    let (first, rest) = name.split_once('/').map_or((name, None), |(first, rest)| (first, Some(rest)));
    let is_domain = rest.is_some() && (first.contains(['.', ':', '[']) || first == "localhost");
    if is_domain {
        domain(first)?;
    }
    let path = if is_domain { rest.unwrap_or_default() } else { name };
    for part in path.split('/') {
        component(part)?;
    }
    Ok(())
}

fn domain(text: &str) -> Result<(), String> {
    let (host, port) = match text.strip_prefix('[').and_then(|text| text.split_once(']')) {
        Some((host, after)) => {
            let is_address =
                !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':');
            if !is_address {
                return Err(format!("`{text}` is no address of a registry"));
            }
            match after {
                "" => return Ok(()),
                after => (
                    None,
                    after.strip_prefix(':').ok_or_else(|| format!("`{text}` is no address of a registry"))?,
                ),
            }
        }
        None => match text.split_once(':') {
            Some((host, port)) => (Some(host), port),
            None => (Some(text), "0"),
        },
    };
    let label = |part: &str| {
        !part.is_empty()
            && !part.starts_with('-')
            && !part.ends_with('-')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    if host.is_some_and(|host| !host.split('.').all(label)) {
        return Err(format!("`{text}` is no address of a registry"));
    }
    if port.is_empty() || !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("`{port}` is no port"));
    }
    Ok(())
}

/// Letters and digits, with `.`, `_`, `__` or any number of `-` between them.
fn component(part: &str) -> Result<(), String> {
    if part.is_empty() {
        return Err("nothing stands between two `/`, or at an end".to_owned());
    }
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    if let Some(odd) =
        part.chars().find(|next| !next.is_ascii() || !(is_plain(*next as u8) || "._-".contains(*next)))
    {
        let tag = if odd == ':' { ", and a tag does not belong to it" } else { "" };
        return Err(format!("`{odd}` may not be in it{tag}"));
    }
    let ends = [part.bytes().next(), part.bytes().last()];
    if !ends.into_iter().flatten().all(is_plain) {
        return Err(format!("`{part}` does not begin and end with a letter or a digit"));
    }
    let between = part.split(|next: char| is_plain(next as u8)).filter(|between| !between.is_empty());
    for between in between {
        if !matches!(between, "." | "_" | "__") && !between.bytes().all(|byte| byte == b'-') {
            return Err(format!("`{between}` may not stand between letters"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn images(items: &[&str]) -> Result<Vec<(String, bool)>, RuleError> {
        let items: Vec<String> = items.iter().map(|item| (*item).to_owned()).collect();
        Ok(parse_images(&items)?.into_iter().map(|image| (image.name, image.enable)).collect())
    }

    #[test]
    fn images_are_read_in_both_forms() {
        let on = |name: &str| (name.to_owned(), true);
        assert_eq!(images(&["org/app,GHCR.io/User/App"]).unwrap(), [on("org/app"), on("ghcr.io/user/app")]);
        assert_eq!(images(&["name=org/app,enable=false"]).unwrap(), [("org/app".to_owned(), false)]);
        assert_eq!(images(&["a", "name=b"]).unwrap(), [on("a"), on("b")]);
        for wrong in ["name=", "enable=true", "a,enable=yes", "a,colour=red", "a:1.0", "a b", "a//b", "-a"] {
            assert!(images(&[wrong]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_are_those_a_registry_takes() {
        for good in [
            "app",
            "org/app",
            "docker.io/library/app",
            "localhost/app",
            "localhost:5000/a/b",
            "[2001:db8::1]:5000/a",
            "[::1]/a",
            "org/a-b.c_d__e/f---g",
            "registry.example:443/x1",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "App",
            "a___b",
            "a..b",
            "a._b",
            "_a",
            "a-",
            "/a",
            "a/",
            "a:1",
            "a@sha256:0",
            "exa mple/a",
            "-x.y/a",
            "x.y:/a",
            "x.y:a/b",
            "[::1/a",
            "[g]/a",
            "ä/b",
            "x..y/a",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
        assert!(check(&"a".repeat(256)).is_err() && check(&"a".repeat(255)).is_ok());
    }

    proptest! {
        #[test]
        fn any_name_is_good_or_said_to_be_none(name in ".{0,40}") {
            if check(&name).is_ok() {
                prop_assert!(!name.contains(char::is_whitespace) && !name.contains("//") && !name.ends_with(':'));
            }
        }
    }
}
