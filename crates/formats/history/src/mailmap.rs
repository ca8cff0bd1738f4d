//! `.mailmap`: who is meant by the names and addresses in commits (gitmailmap(5)).

use lw_hashed::HashMap;

/// The name and the address that are meant, where a line tells them.
type Meant = (Option<String>, Option<String>);

/// Names and addresses to replace.
#[derive(Clone, Debug, Default)]
pub struct Mailmap {
    /// By address, and by address and name, both in lower case.
    entries: HashMap<(String, Option<String>), Meant>,
}

impl Mailmap {
    /// Reads the text of the file. A line that is none of its four forms says nothing, as in git.
    #[must_use]
    pub fn parse(text: &[u8]) -> Self {
        let mut map = Self::default();
        for line in String::from_utf8_lossy(text).lines() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let Some((name, mail, rest)) = person(line) else { continue };
            let (new_name, new_mail, old_name, old_mail) = match person(rest) {
                Some((old_name, old_mail, _)) => (name, Some(mail), old_name, old_mail),
                None => (name, None, None, mail),
            };
            let key = (old_mail.to_lowercase(), old_name.map(str::to_lowercase));
            let entry = map.entries.entry(key).or_default();
            // The last line wins, each for what it tells.
            if let Some(name) = new_name {
                entry.0 = Some(name.to_owned());
            }
            if let Some(mail) = new_mail {
                entry.1 = Some(mail.to_owned());
            }
        }
        map
    }

    /// The name and address that are meant.
    #[must_use]
    pub fn resolve(&self, name: &str, mail: &str) -> (String, String) {
        if self.entries.is_empty() {
            return (name.to_owned(), mail.to_owned());
        }
        let mail_key = mail.to_lowercase();
        let exact = self.entries.get(&(mail_key.clone(), Some(name.to_lowercase())));
        let entry = exact.or_else(|| self.entries.get(&(mail_key, None)));
        let (new_name, new_mail) = entry.cloned().unwrap_or_default();
        (new_name.unwrap_or_else(|| name.to_owned()), new_mail.unwrap_or_else(|| mail.to_owned()))
    }
}

/// `Name <mail>` at the start of a text, and what follows.
fn person(text: &str) -> Option<(Option<&str>, &str, &str)> {
    let (name, rest) = text.split_once('<')?;
    let (mail, rest) = rest.split_once('>')?;
    let name = name.trim();
    Some(((!name.is_empty()).then_some(name), mail.trim(), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_forms_are_read() {
        let map = Mailmap::parse(
            b"# people\nProper Name <commit@x>\n<proper@x> <Old@x>\nBoth <both@x> <one@x>\nBoth <both@x> Nick <two@x>\nnonsense\n",
        );
        for (name, mail, expected) in [
            ("p", "COMMIT@x", ("Proper Name", "COMMIT@x")),
            ("p", "old@x", ("p", "proper@x")),
            ("p", "one@x", ("Both", "both@x")),
            ("nick", "two@x", ("Both", "both@x")),
            ("other", "two@x", ("other", "two@x")),
        ] {
            let (found_name, found_mail) = map.resolve(name, mail);
            assert_eq!((found_name.as_str(), found_mail.as_str()), expected, "{name} <{mail}>");
        }
    }
}
