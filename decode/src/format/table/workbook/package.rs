//! How the parts of an XLSX workbook are found: by relationships, never by their customary names (ECMA-376 part 2, 6.5).

use std::collections::HashMap;

use ioc_model::form::Finding;

use super::{archive::Archive, budget::one_more, refusal, xml::Xml};

/// What another part is to one.
#[derive(Debug)]
pub(super) struct Relationship {
    /// The last word of its type: `worksheet`, `sharedStrings`.
    pub(super) kind: String,
    /// The part's name, or where something outside of the file lies.
    pub(super) target: String,
}

/// All that a part has, by identifier.
#[derive(Debug, Default)]
pub(super) struct Relationships(HashMap<String, Relationship>);

impl Relationships {
    /// Of a part, or of the package where the name is empty.
    ///
    /// # Errors
    /// If they cannot be read.
    pub(super) fn of(archive: &Archive<'_>, part: &str) -> Result<Relationships, Finding> {
        let (folder, file) = part.rsplit_once('/').unwrap_or(("", part));
        let name = format!("{folder}/_rels/{file}.rels");
        let Some(bytes) = archive.part(&name)? else { return Ok(Relationships::default()) };
        let mut xml = Xml::open(bytes, &name, "Relationships")?;
        let mut all = HashMap::new();
        while let Some(tag) = xml.child()? {
            let said = |name| tag.attribute(name).map(String::from).unwrap_or_default();
            let (id, kind, target) = (said("Id"), said("Type"), said("Target"));
            let is_outside = said("TargetMode").eq_ignore_ascii_case("External");
            let kind = kind.rsplit('/').next().unwrap_or_default().to_owned();
            let target = if is_outside { target } else { within(folder, &target) };
            one_more(all.len())?;
            let _ = all.insert(id, Relationship { kind, target });
            xml.skip()?;
        }
        xml.end()?;
        Ok(Relationships(all))
    }

    /// The one of that identifier.
    pub(super) fn by_id(&self, id: &str) -> Option<&Relationship> {
        self.0.get(id)
    }

    /// The one of that kind, of those of which there is one.
    pub(super) fn by_kind(&self, kind: &str) -> Option<&Relationship> {
        self.0
            .values()
            .filter(|relationship| relationship.kind == kind)
            .min_by(|one, other| one.target.cmp(&other.target))
    }
}

/// The name of the part that a relationship leads to. Nothing lies above the package.
fn within(folder: &str, target: &str) -> String {
    let target = target.replace('\\', "/");
    let mut path: Vec<&str> = match target.strip_prefix('/') {
        Some(_) => Vec::new(),
        None => folder.split('/').filter(|step| !step.is_empty()).collect(),
    };
    for step in target.split('/') {
        match step {
            "" | "." => {}
            ".." => {
                let _ = path.pop();
            }
            other => path.push(other),
        }
    }
    path.join("/")
}

/// A part's XML.
///
/// # Errors
/// If it is not there, or not such a document.
pub(super) fn document<'a>(archive: &'a Archive<'_>, name: &str, root: &str) -> Result<Xml<'a>, Finding> {
    let part = archive.part(name)?.ok_or_else(|| refusal::damaged(name))?;
    Xml::open(part, name, root)
}

/// The name of another workbook, without the folders it lies in: they may be somebody's name.
pub(super) fn file_name(target: &str) -> String {
    let decoded = percent_decoded(target);
    decoded.rsplit(['/', '\\']).next().unwrap_or_default().chars().take(255).collect()
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let digits = after.first_chunk::<2>().and_then(|digits| std::str::from_utf8(digits).ok());
        let escaped =
            digits.filter(|digits| byte == b'%' && digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(value) => {
                bytes.push(value);
                rest = &after[2..];
            }
            None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_stays_within_the_package() {
        for (folder, target, part) in [
            ("xl", "worksheets/sheet1.xml", "xl/worksheets/sheet1.xml"),
            ("xl", "/xl/worksheets/sheet1.xml", "xl/worksheets/sheet1.xml"),
            ("xl/worksheets", "../sharedStrings.xml", "xl/sharedStrings.xml"),
            ("xl", "../../../../etc/passwd", "etc/passwd"),
            ("xl", "./a//b", "xl/a/b"),
            ("", "xl\\workbook.xml", "xl/workbook.xml"),
        ] {
            assert_eq!(within(folder, target), part);
        }
    }

    #[test]
    fn another_workbook_is_named_without_its_folders() {
        for (target, name) in [
            ("thang9.xlsx", "thang9.xlsx"),
            ("file:///C:\\Users\\lan\\B%C3%A1o%20c%C3%A1o.xlsx", "Báo cáo.xlsx"),
            ("/Users/lan/T9.xls", "T9.xls"),
            ("100%.xlsx", "100%.xlsx"),
            ("%ff.xlsx", "%ff.xlsx"),
            ("a%", "a%"),
        ] {
            assert_eq!(file_name(target), name);
        }
    }
}
