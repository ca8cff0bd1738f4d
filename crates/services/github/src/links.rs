//! The header `Link` (RFC 8288), as far as pages need it.

/// The query of the link to the next page: what is before it in the link is the server's view of its own address, which behind a proxy is
/// another, and of the path, which GitHub writes with numbers (`/repositories/1/…`). The token goes where it went before.
pub(crate) fn next_query(header: &str) -> Option<&str> {
    let mut rest = header;
    while let Some((_, begins)) = rest.split_once('<') {
        let (target, after) = begins.split_once('>')?;
        // The parameters end where the next link begins.
        let (parameters, others) = until(after, ',');
        let mut left = parameters;
        let mut is_next = false;
        while !left.is_empty() {
            let (parameter, more) = until(left, ';');
            is_next |= is_rel_next(parameter);
            left = more;
        }
        if is_next {
            return target.split_once('?').map(|(_, query)| query);
        }
        rest = others;
    }
    None
}

/// What is before a separator and what is behind it; inside of quotes it is none.
fn until(text: &str, separator: char) -> (&str, &str) {
    let mut is_quoted = false;
    let end = text.char_indices().find(|(_, c)| {
        is_quoted ^= *c == '"';
        *c == separator && !is_quoted
    });
    match end {
        Some((at, _)) => (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default()),
        None => (text, ""),
    }
}

fn is_rel_next(parameter: &str) -> bool {
    parameter.split_once('=').is_some_and(|(name, value)| {
        name.trim().eq_ignore_ascii_case("rel")
            && value.trim().trim_matches('"').split_whitespace().any(|rel| rel == "next")
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_next_page_is_found_among_others() {
        let github = "<https://api.github.com/repositories/1/issues/2/comments?per_page=100&page=3>; rel=\"next\", \
            <https://api.github.com/repositories/1/issues/2/comments?per_page=100&page=9>; rel=\"last\"";
        for (header, query) in [
            (github, Some("per_page=100&page=3")),
            ("<https://x/?a=1>; rel=\"prev\", <https://x/?a=3>; rel=\"next\"", Some("a=3")),
            ("<https://x/?a=1>; title=\"a, <b>; rel=next\"; rel=prev,</y?a=2>;rel=next", Some("a=2")),
            ("<https://x/?a=1,2>; rel=\"last next\"", Some("a=1,2")),
            ("<https://x/?a=1>; rel=\"last\"", None),
            ("<https://x/>; rel=\"next\"", None),
            ("<https://x/?a=1", None),
            ("rel=next", None),
            ("", None),
        ] {
            assert_eq!(next_query(header), query, "{header}");
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_is_part_of_the_header(header in "[<>;,=\" a-z?&]{0,60}") {
            if let Some(query) = next_query(&header) {
                prop_assert!(header.contains(query));
            }
        }
    }
}
