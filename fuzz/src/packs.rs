//! Packs: what operators write, who may err but not end the process.

use ioc_model::pack::Pack;

use crate::decoders::cases_pack;

/// An input is the number of the file it takes the place of, and that file's text.
pub(crate) fn pack(input: &[u8]) {
    let Some((&file, text)) = input.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let mut files = cases_pack();
    for name in ["limits.toml", "rules.toml", "successions.csv", "holidays.csv", "map.topo.json"] {
        let _ = files.entry(name.to_owned()).or_default();
    }
    let name = files.keys().nth(usize::from(file) % files.len()).cloned().unwrap_or_default();
    files.retain(|_, text| !text.is_empty());
    let _ = files.insert(name, text.to_owned());
    match Pack::parse(&files) {
        Ok(pack) => {
            let again = Pack::parse(&files).unwrap_or_else(|faults| panic!("{faults}"));
            assert_eq!(format!("{pack:?}"), format!("{again:?}"), "the same files are the same pack");
        }
        Err(faults) => {
            let words = faults.to_string();
            assert!(!words.trim().is_empty() && words.len() < 1_000 * (text.len() + 1_000));
            let again = Pack::parse(&files).err().map(|faults| faults.to_string());
            assert_eq!(Some(words), again, "the same files have the same faults");
        }
    }
}

pub(crate) fn files() -> Vec<Vec<u8>> {
    let mut files = cases_pack();
    for (name, text) in [
        (
            "rules.toml",
            "[pm25-day]\nname = { vi = \"a\", en = \"a\" }\nstep = { vi = \"a\", en = \"a\" }\npriority = \"high\"\n\
             index = \"vn_aqi\"\nraise = 150\nclear = 100\n",
        ),
        (
            "limits.toml",
            "[qcvn-05]\nname = { vi = \"a\", en = \"a\" }\nindicator = \"pm25\"\nwindow = \"day\"\nmax = 50\n",
        ),
        ("successions.csv", "old_code,new_code,date\n80,80,2025-07-01\n"),
        ("holidays.csv", "date,name_vi,name_en\n2026-01-01,Tết,New Year\n"),
        ("map.topo.json", "{\"type\":\"Topology\",\"objects\":{},\"arcs\":[]}"),
    ] {
        let _ = files.insert(name.to_owned(), text.to_owned());
    }
    (0u8..).zip(files.values()).map(|(at, text)| [&[at], text.as_bytes()].concat()).collect()
}
