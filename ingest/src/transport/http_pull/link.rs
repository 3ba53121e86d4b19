//! The header `Link` (RFC 8288): where a listing goes on.

/// The address of the link whose relation is `next`, as it is written; none if there is none.
pub(super) fn next<'v>(values: impl IntoIterator<Item = &'v str>) -> Option<String> {
    values.into_iter().find_map(|value| links(value).find(|link| link.is_next).map(|link| link.target))
}

struct Link {
    target: String,
    is_next: bool,
}

/// The links of a header. What is none ends them: nothing is guessed behind it.
fn links(value: &str) -> impl Iterator<Item = Link> + '_ {
    let mut left = value;
    std::iter::from_fn(move || {
        left = left.trim_start_matches([' ', '\t', ',']);
        let (target, rest) = left.strip_prefix('<')?.split_once('>')?;
        left = rest;
        let mut link = Link { target: target.trim().to_owned(), is_next: false };
        let mut has_relation = false;
        loop {
            left = left.trim_start_matches([' ', '\t']);
            let Some(rest) = left.strip_prefix(';') else { break };
            let (name, value, rest) = parameter(rest);
            left = rest;
            // Only the first relation counts (§3.3).
            if name.eq_ignore_ascii_case("rel") && !std::mem::replace(&mut has_relation, true) {
                link.is_next = value.split_ascii_whitespace().any(|word| word.eq_ignore_ascii_case("next"));
            }
        }
        Some(link)
    })
}

/// A parameter's name and value, and what comes behind it.
fn parameter(text: &str) -> (&str, String, &str) {
    let end = text.find(['=', ';', ',']).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let Some(rest) = rest.strip_prefix('=') else { return (name.trim(), String::new(), rest) };
    let rest = rest.trim_start_matches([' ', '\t']);
    let Some(quoted) = rest.strip_prefix('"') else {
        let end = rest.find([';', ',']).unwrap_or(rest.len());
        return (name.trim(), rest[..end].trim().to_owned(), &rest[end..]);
    };
    let mut value = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return (name.trim(), value, &quoted[at + 1..]),
            '\\' => value.extend(letters.next().map(|(_, letter)| letter)),
            letter => value.push(letter),
        }
    }
    // A quote without an end says nothing.
    (name.trim(), String::new(), "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_link_is_found_among_others_and_nothing_in_quotes_is_a_link() {
        let of = |value: &'static str| next([value]);
        assert_eq!(of("</a?page=2>; rel=\"next\", </a?page=9>; rel=\"last\"").as_deref(), Some("/a?page=2"));
        assert_eq!(
            of("</a>;rel=prev,</b,c;d>;title=\"x, <y>; rel=next\";REL=Next").as_deref(),
            Some("/b,c;d")
        );
        assert_eq!(of("<https://h/a>; rel=\"last next\"").as_deref(), Some("https://h/a"));
        assert_eq!(of("<a>; title=\"\\\"\"; rel=next").as_deref(), Some("a"));
        assert_eq!(of("<a>; rel=prev; rel=next"), None, "only the first relation counts");
        assert_eq!(next(["<a>; rel=prev", "<b>; rel=next"]).as_deref(), Some("b"));
        for none in ["", "<", "<a", "a; rel=next", "<a>; rel=\"next", "<a>", "<a>; rel", "<a> rel=next"] {
            assert_eq!(of(none), None, "{none}");
        }
    }
}
