//! Queries as the API reads them (OData 4 as far as pinejs knows it).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stays as it is in the value of an option: what is no delimiter there, so that a request can still be read.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'$')
    .remove(b',')
    .remove(b'(')
    .remove(b')')
    .remove(b'=')
    .remove(b';')
    .remove(b':')
    .remove(b'/')
    .remove(b'\'');

/// A resource with its options: `/v7/device?$filter=id%20in%20(1,2)`.
pub(crate) fn query(resource: &str, options: &[(&str, &str)]) -> String {
    let mut text = format!("/v7/{}", utf8_percent_encode(resource, KEPT));
    for (index, (name, value)) in options.iter().enumerate() {
        text.push(if index == 0 { '?' } else { '&' });
        text.push_str(name);
        text.push('=');
        text.extend(utf8_percent_encode(value, KEPT));
    }
    text
}

/// A text as a literal: nothing in it ends it.
pub(crate) fn text(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

/// A list of numbers: `(1,2)`.
pub(crate) fn list(ids: impl IntoIterator<Item = u64>) -> String {
    let ids: Vec<String> = ids.into_iter().map(|id| id.to_string()).collect();
    format!("({})", ids.join(","))
}

/// A number, or `null`.
pub(crate) fn number(id: Option<u64>) -> String {
    id.map_or_else(|| "null".to_owned(), |id| id.to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn queries_are_encoded_and_texts_do_not_end_early() {
        assert_eq!(
            query("device", &[("$filter", "id in (1,2) and x eq null"), ("$top", "5")]),
            "/v7/device?$filter=id%20in%20(1,2)%20and%20x%20eq%20null&$top=5"
        );
        assert_eq!(text("a' or '1' eq '1"), "'a'' or ''1'' eq ''1'");
        assert_eq!(query("application(slug='a''b&c#d?')", &[]), "/v7/application(slug='a''b%26c%23d%3F')");
        assert_eq!(
            (list([1, 2]), number(None), number(Some(7))),
            ("(1,2)".into(), "null".into(), "7".into())
        );
    }

    proptest! {
        #[test]
        fn no_value_brings_another_option(value in any::<String>()) {
            let made = query("device", &[("$filter", &text(&value))]);
            prop_assert_eq!(made.matches('&').count() + made.matches('#').count(), 0);
            prop_assert_eq!(made.matches('?').count(), 1);
            prop_assert!(made.bytes().all(|byte| byte.is_ascii_graphic()));
        }
    }
}
