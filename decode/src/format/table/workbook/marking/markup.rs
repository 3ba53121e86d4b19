//! XML that is copied piece by piece, as it stands where nothing has to be otherwise.

use quick_xml::{
    Reader,
    events::{Event, attributes::Attributes},
};

/// Elements within one another.
const DEEPEST: usize = 64;

/// A piece of a document.
pub(super) enum Piece<'a> {
    /// The start of an element; of one without content, too, whose end follows.
    Open(Open<'a>),
    /// The end of an element, by its name as it is written.
    Close(&'a str),
    /// Text as it is written, with its references.
    Text(&'a str),
}

/// The start of an element.
#[derive(Clone, Copy)]
pub(super) struct Open<'a> {
    content: &'a str,
    name: usize,
}

impl<'a> Open<'a> {
    /// As it is written between `<` and `>`.
    pub(super) fn of(content: &'a str) -> Open<'a> {
        let name = content.find(|character: char| character.is_ascii_whitespace() || character == '/');
        Open { content, name: name.unwrap_or(content.len()) }
    }

    /// Its name as it is written.
    pub(super) fn name(&self) -> &'a str {
        &self.content[..self.name]
    }

    /// Its name without a prefix.
    pub(super) fn local(&self) -> &'a str {
        local(self.name())
    }

    /// What stands before a colon in its name, with that.
    pub(super) fn prefix(&self) -> &'a str {
        &self.name()[..self.name().len() - self.local().len()]
    }

    /// Its attributes: names and values as they are written.
    pub(super) fn attributes(&self) -> Vec<(&'a str, String)> {
        let mut attributes = Attributes::new(self.content, self.name);
        let _ = attributes.with_checks(false);
        let known = attributes.map_while(Result::ok);
        known.map(|attribute| (attribute.key.0, attribute.value.replace('"', "&quot;"))).collect()
    }

    /// The value of one, by its name without a prefix.
    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        self.attributes().into_iter().find(|(known, _)| local(known) == name).map(|(_, value)| value)
    }

    /// Whether one says yes, by its name without a prefix.
    pub(super) fn number(&self, name: &str) -> Option<usize> {
        self.attribute(name)?.trim().parse().ok()
    }

    /// The start tag without those attributes, and with others.
    pub(super) fn written(&self, without: &[&str], with: &[(&str, String)]) -> String {
        let mut tag = format!("<{}", self.name());
        let kept = self.attributes().into_iter().filter(|(name, _)| !without.contains(&local(name)));
        for (name, value) in kept {
            tag += &format!(" {name}=\"{value}\"");
        }
        for (name, value) in with {
            tag += &format!(" {name}=\"{value}\"");
        }
        tag.push('>');
        tag
    }
}

fn local(name: &str) -> &str {
    name.split_once(':').map_or(name, |(_, local)| local)
}

/// Goes through a document; none where it is damaged, or its reader says so.
pub(super) fn pieces(xml: &str, mut each: impl FnMut(Piece<'_>) -> Option<()>) -> Option<()> {
    let mut reader = Reader::from_str(xml);
    reader.config_mut().expand_empty_elements = true;
    let mut depth = 0_usize;
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => {
                depth += 1;
                if depth > DEEPEST {
                    return None;
                }
                let name = start.name().0.len();
                each(Piece::Open(Open { content: &start, name }))?;
            }
            Event::End(end) => {
                depth = depth.checked_sub(1)?;
                each(Piece::Close(end.name().0))?;
            }
            Event::Text(text) => each(Piece::Text(&text))?,
            Event::CData(text) => each(Piece::Text(&escaped(&text)))?,
            Event::GeneralRef(reference) => each(Piece::Text(&format!("&{};", &*reference)))?,
            Event::DocType(_) => return None,
            Event::Eof => return (depth == 0).then_some(()),
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
}

/// A text as XML writes it, without what XML cannot hold.
pub(super) fn escaped(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => written.push_str("&amp;"),
            '<' => written.push_str("&lt;"),
            '>' => written.push_str("&gt;"),
            '"' => written.push_str("&quot;"),
            '\n' | '\t' => written.push(character),
            other if other.is_control() || matches!(other, '\u{fffe}' | '\u{ffff}') => {
                written.push('\u{fffd}')
            }
            other => written.push(other),
        }
    }
    written
}

/// The same document in the names that every spreadsheet reads (ISO/IEC 29500's strict form has its own).
pub(super) fn transitional(xml: &str) -> String {
    const OFFICE: &str = "http://schemas.openxmlformats.org";
    const STRICT: [(&str, &str); 3] = [
        ("http://purl.oclc.org/ooxml/spreadsheetml/main", "/spreadsheetml/2006/main"),
        ("http://purl.oclc.org/ooxml/officeDocument/relationships", "/officeDocument/2006/relationships"),
        ("http://purl.oclc.org/ooxml/drawingml/main", "/drawingml/2006/main"),
    ];
    let mut written = xml.to_owned();
    for (strict, name) in STRICT {
        if written.contains(strict) {
            written = written.replace(strict, &format!("{OFFICE}{name}"));
        }
    }
    written
}
