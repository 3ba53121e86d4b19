//! A part's XML, from above to below, without what a workbook does not need.
//!
//! A document type is refused (what it defines can grow without end or name other files), and so are other entities than
//! XML's own; depth, and the length of tags and texts, are bounded (SAFE, BOUND). Prefixes are left out: programs write
//! `<row>` and `<x:row>` for the same, and what else is called `row` stands elsewhere.

use std::borrow::Cow;

use ioc_model::form::Finding;
use quick_xml::{
    Reader, XmlVersion,
    escape::resolve_xml_entity,
    events::{BytesDecl, BytesRef, Event, attributes::Attributes},
};

use super::{
    archive::{Part, PartFault},
    refusal::{self, Limit},
};

/// Elements within one another. A worksheet has eight.
const DEEPEST: usize = 64;

/// A part that is being read.
pub(super) struct Xml<'a> {
    reader: Reader<Part<'a>>,
    buffer: Vec<u8>,
    /// Elements that are open.
    depth: usize,
    /// What the last start tag says, and how long its name is.
    tag: String,
    tag_name: usize,
    /// Of the part.
    name: String,
}

/// The start of an element.
pub(super) struct Tag<'b> {
    content: &'b str,
    name: usize,
}

/// What was met.
enum Step {
    Opened,
    Closed,
    Text,
    /// The part ended, with nothing open.
    Ended,
}

impl<'a> Xml<'a> {
    /// Reads a part with such a root element, to within it.
    ///
    /// # Errors
    /// If the part is no such document.
    pub(super) fn open(part: Part<'a>, name: &str, root: &str) -> Result<Xml<'a>, Finding> {
        let mut reader = Reader::from_reader(part);
        reader.config_mut().expand_empty_elements = true;
        let (buffer, tag) = (Vec::new(), String::new());
        let mut xml = Xml { reader, buffer, depth: 0, tag, tag_name: 0, name: name.to_owned() };
        let found = xml.child()?.is_some_and(|tag| tag.name() == root);
        if found { Ok(xml) } else { Err(xml.damaged()) }
    }

    /// Reads to the end of the part, whose root element has ended.
    ///
    /// # Errors
    /// If something else follows, or the part is not what its archive says.
    pub(super) fn end(mut self) -> Result<(), Finding> {
        loop {
            match self.step(None)? {
                Step::Ended => return Ok(()),
                Step::Text => {}
                Step::Opened | Step::Closed => return Err(self.damaged()),
            }
        }
    }

    /// That the part is not what it has to be.
    pub(super) fn damaged(&self) -> Finding {
        refusal::damaged(&self.name)
    }

    /// The start of the element that was opened last.
    pub(super) fn last_tag(&self) -> Tag<'_> {
        Tag { content: &self.tag, name: self.tag_name }
    }

    /// The next element within the one that is open, which must then be gone through by this, [`Xml::text`] or
    /// [`Xml::skip`]; none once the open one has ended.
    pub(super) fn child(&mut self) -> Result<Option<Tag<'_>>, Finding> {
        loop {
            match self.step(None)? {
                Step::Text => {}
                Step::Opened => break,
                Step::Closed => return Ok(None),
                Step::Ended => return Err(self.damaged()),
            }
        }
        Ok(Some(self.last_tag()))
    }

    /// Goes to behind the end of the element that is open.
    pub(super) fn skip(&mut self) -> Result<(), Finding> {
        let within = self.depth;
        while self.depth >= within {
            let _ = self.step(None)?;
        }
        Ok(())
    }

    /// Appends the text of the element that is open, without its children's, and goes to behind its end.
    pub(super) fn text(&mut self, into: &mut String) -> Result<(), Finding> {
        let within = self.depth;
        while self.depth >= within {
            let into = (self.depth == within).then_some(&mut *into);
            let _ = self.step(into)?;
        }
        Ok(())
    }

    /// Meets the next tag or text.
    fn step(&mut self, into: Option<&mut String>) -> Result<Step, Finding> {
        loop {
            self.buffer.clear();
            self.reader.get_mut().taken_since = 0;
            let event = match self.reader.read_event_into(&mut self.buffer) {
                Ok(event) => event,
                Err(_) => return Err(self.told()),
            };
            let text = match event {
                Event::Start(start) => {
                    self.tag.clear();
                    self.tag.push_str(&start);
                    self.tag_name = start.name().0.len();
                    self.depth += 1;
                    if self.depth > DEEPEST {
                        return Err(self.damaged());
                    }
                    return Ok(Step::Opened);
                }
                Event::End(_) => {
                    self.depth -= 1;
                    return Ok(Step::Closed);
                }
                Event::Text(text) => text.xml10_content(),
                Event::CData(text) => text.xml10_content(),
                Event::GeneralRef(reference) => match resolved(&reference) {
                    Some(text) => text,
                    None => return Err(self.damaged()),
                },
                Event::DocType(_) => return Err(refusal::document_type(&self.name)),
                Event::Decl(declared) if !is_utf_8(&declared) => return Err(self.damaged()),
                Event::Eof if self.depth == 0 => return Ok(Step::Ended),
                Event::Eof => return Err(self.damaged()),
                Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => continue,
            };
            if let Some(into) = into {
                into.push_str(&text);
            }
            return Ok(Step::Text);
        }
    }

    fn told(&self) -> Finding {
        match self.reader.get_ref().fault {
            Some(PartFault::TooMuch) => refusal::too_large(Limit::Inflated),
            Some(PartFault::TooLong) => refusal::too_large(Limit::Token),
            Some(PartFault::Damaged) | None => self.damaged(),
        }
    }
}

/// What a reference stands for: a character by its number, or one of the five names that XML knows by itself.
fn resolved(reference: &BytesRef<'_>) -> Option<Cow<'static, str>> {
    match reference.resolve_char_ref() {
        Ok(Some(character)) => Some(Cow::Owned(character.to_string())),
        Ok(None) => resolve_xml_entity(reference).map(Cow::Borrowed),
        Err(_) => None,
    }
}

fn is_utf_8(declared: &BytesDecl<'_>) -> bool {
    match declared.encoding() {
        None => true,
        Some(Ok(encoding)) => {
            ["utf-8", "utf8", "us-ascii"].iter().any(|known| encoding.eq_ignore_ascii_case(known))
        }
        Some(Err(_)) => false,
    }
}

impl<'b> Tag<'b> {
    /// Its name without a prefix.
    pub(super) fn name(&self) -> &'b str {
        without_prefix(&self.content[..self.name])
    }

    /// Its attributes, by name without a prefix. What follows one that cannot be read is left out.
    pub(super) fn attributes(&self) -> impl Iterator<Item = (&'b str, Cow<'b, str>)> {
        let mut attributes = Attributes::new(self.content, self.name);
        // Looking for those that are there twice takes a list of them all.
        let _ = attributes.with_checks(false);
        attributes.map_while(Result::ok).filter_map(|attribute| {
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).ok()?;
            Some((without_prefix(attribute.key.0), value))
        })
    }

    /// The value of one.
    pub(super) fn attribute(&self, name: &str) -> Option<Cow<'b, str>> {
        self.attributes().find(|(called, _)| *called == name).map(|(_, value)| value)
    }

    /// Whether one says yes.
    pub(super) fn says(&self, name: &str) -> bool {
        self.attribute(name).is_some_and(|value| is_true(&value))
    }

    /// The whole number that one says.
    pub(super) fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.attribute(name)?.trim().parse().ok()
    }
}

/// As XML Schema writes it.
pub(super) fn is_true(value: &str) -> bool {
    matches!(value.trim(), "1" | "true" | "on")
}

fn without_prefix(name: &str) -> &str {
    name.split_once(':').map_or(name, |(_, local)| local)
}
