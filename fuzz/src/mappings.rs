//! Mappings themselves: whatever a file of the pack says, it is refused with its line or it runs to an end.

use std::fs;

use ioc_mapping::{Failed, Input, LONGEST_TEXT, Mapping, Told};

use crate::{files_of, repository};

const TOLD: Told<'_> = Told { address: "ioc/x", received_at: "2026-01-01T00:00:00Z" };
/// What each is run on.
const MESSAGES: [&str; 3] = [
    "null",
    r#"{"a":[1,2.5,"x",null,true],"t":"2026-01-01T00:00:00Z","b":{"c":"AQI="}}"#,
    "[[1e300],[\"20/11/2026\"]]",
];

pub(crate) fn mapping(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let mapping = match Mapping::compile(text) {
        Ok(mapping) => mapping,
        Err(wrongs) => {
            assert!(!wrongs.is_empty(), "refused for nothing");
            let lines = text.matches('\n').count() + 1;
            for wrong in wrongs {
                assert!((1..=lines).contains(&wrong.line), "line {} of {lines}", wrong.line);
                assert!(!wrong.message.vi.is_empty() && !wrong.message.en.is_empty());
            }
            return;
        }
    };
    assert!(text.len() <= LONGEST_TEXT);
    for message in MESSAGES {
        let run = || mapping.run(message.len(), TOLD, [Input::Json(message)].into_iter());
        let made = run();
        assert_eq!(made, run(), "another run made something else");
        assert!(!matches!(made, Err(Failed::NotJson(_))), "the message is JSON");
    }
}

pub(crate) fn texts() -> Vec<Vec<u8>> {
    let files = files_of(&repository("decode/cases/pack/mappings"));
    let mut texts: Vec<Vec<u8>> =
        files.iter().map(|path| fs::read(path).expect("a mapping can be read")).collect();
    for text in [
        "def f: f; f",
        "def f: 1 + f; f",
        "[range(1e9)]",
        "\"x\" * 1e9",
        "reduce range(60) as $i ([0]; [., .])",
        ".a[1] |= . + 1 | del(.b) | to_entries",
        "try error({a: 1}) catch .a",
        "label $f | .a[] | if . == 2.5 then break $f else . end",
        ".t | fromdate | todate | capture(\"(?<y>[0-9]+)\")",
        "[paths] | group_by(length) | map(.[0]) | tojson | fromjson",
        "now",
        "import \"a\" as $a; .",
    ] {
        texts.push(text.as_bytes().to_vec());
    }
    texts
}
