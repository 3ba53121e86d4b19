//! Columns: from rows to Arrow arrays, each of the kind its type in the tables is read from.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, BooleanArray, Date32Array, DictionaryArray, Float64Array, Int8Array, Int32Array,
    Int64Array, ListArray, StringArray, TimestampMillisecondArray, UInt8Array, UInt16Array, UInt32Array,
    UInt64Array, builder::StringDictionaryBuilder, types::Int32Type,
};
use arrow_buffer::OffsetBuffer;
use arrow_schema::Field;
use ioc_model::{calendar::Calendar, name::Name, place::Date, position::Arrival};

/// Named columns of the same length.
pub(super) type Columns = Vec<(&'static str, ArrayRef)>;

/// Names travel as dictionaries.
pub(super) fn names<'a>(values: impl Iterator<Item = &'a str>) -> ArrayRef {
    let mut builder = StringDictionaryBuilder::<Int32Type>::new();
    for value in values {
        builder.append_value(value);
    }
    Arc::new(builder.finish())
}

/// Names of the process's table: found again by their number, not by their text.
pub(super) fn known_names(values: impl Iterator<Item = Name>) -> ArrayRef {
    const UNSEEN: i32 = -1;
    let mut places: Vec<i32> = Vec::new();
    let mut dictionary: Vec<Name> = Vec::new();
    let mut key = |name: Name| {
        let number = name.number() as usize;
        if number >= places.len() {
            places.resize(number + 1, UNSEEN);
        }
        if places[number] == UNSEEN {
            places[number] = i32::try_from(dictionary.len()).expect("a block has fewer than 2^31 rows");
            dictionary.push(name);
        }
        places[number]
    };
    let keys: Int32Array = values.map(|name| Some(key(name))).collect();
    let texts: ArrayRef = Arc::new(StringArray::from_iter_values(dictionary));
    Arc::new(DictionaryArray::new(keys, texts))
}

pub(super) fn texts<'a>(values: impl Iterator<Item = &'a str>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}

/// Milliseconds since 1970.
pub(super) fn times(values: impl Iterator<Item = i64>) -> ArrayRef {
    Arc::new(TimestampMillisecondArray::from_iter_values(values).with_timezone("UTC"))
}

/// Milliseconds since 1970, where there are any.
pub(super) fn optional_times(values: impl Iterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(values.collect::<TimestampMillisecondArray>().with_timezone("UTC"))
}

pub(super) fn floats(values: impl Iterator<Item = f64>) -> ArrayRef {
    Arc::new(Float64Array::from_iter_values(values))
}

pub(super) fn optional_floats(values: impl Iterator<Item = Option<f64>>) -> ArrayRef {
    Arc::new(values.collect::<Float64Array>())
}

pub(super) fn optional_integers(values: impl Iterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(values.collect::<Int64Array>())
}

pub(super) fn flags(values: impl Iterator<Item = bool>) -> ArrayRef {
    Arc::new(values.map(Some).collect::<BooleanArray>())
}

pub(super) fn bytes(values: impl Iterator<Item = u8>) -> ArrayRef {
    Arc::new(UInt8Array::from_iter_values(values))
}

pub(super) fn shorts(values: impl Iterator<Item = u16>) -> ArrayRef {
    Arc::new(UInt16Array::from_iter_values(values))
}

pub(super) fn numbers(values: impl Iterator<Item = u32>) -> ArrayRef {
    Arc::new(UInt32Array::from_iter_values(values))
}

pub(super) fn optional_shorts(values: impl Iterator<Item = Option<u16>>) -> ArrayRef {
    Arc::new(values.collect::<UInt16Array>())
}

pub(super) fn optional_counts(values: impl Iterator<Item = Option<u64>>) -> ArrayRef {
    Arc::new(values.collect::<UInt64Array>())
}

/// Days since 1970, where there are any.
pub(super) fn dates(values: impl Iterator<Item = Option<Date>>) -> ArrayRef {
    let days = |date: Date| Calendar::number(date).0;
    Arc::new(values.map(|date| date.map(days)).collect::<Date32Array>())
}

pub(super) fn counts(values: impl Iterator<Item = u64>) -> ArrayRef {
    Arc::new(UInt64Array::from_iter_values(values))
}

/// The model's numbers of an enumeration are those of the tables' `Enum8`.
pub(super) fn enums(values: impl Iterator<Item = u8>) -> ArrayRef {
    Arc::new(Int8Array::from_iter_values(values.map(|number| number as i8)))
}

/// One list a row: `items` are those of all rows, one after the other, `lengths` how many are each row's. The
/// lengths add up to the number of items.
pub(super) fn lists(lengths: impl Iterator<Item = usize>, items: ArrayRef) -> ArrayRef {
    let item = Arc::new(Field::new("item", items.data_type().clone(), false));
    Arc::new(ListArray::new(item, OffsetBuffer::from_lengths(lengths), items, None))
}

/// As [`lists`], of items some of which may be none.
pub(super) fn optional_lists(lengths: impl Iterator<Item = usize>, items: ArrayRef) -> ArrayRef {
    let item = Arc::new(Field::new("item", items.data_type().clone(), true));
    Arc::new(ListArray::new(item, OffsetBuffer::from_lengths(lengths), items, None))
}

/// Where and when a row arrived.
pub(super) fn arrivals<'a>(arrivals: impl Iterator<Item = &'a Arrival> + Clone) -> Columns {
    let positions = arrivals.clone().map(|arrival| arrival.position);
    let partitions = UInt16Array::from_iter_values(positions.clone().map(|position| position.partition.0));
    vec![
        ("received_at", times(arrivals.clone().map(|arrival| arrival.received_at.0))),
        ("log", Arc::new(UInt16Array::from_iter_values(positions.clone().map(|position| position.log.0)))),
        ("partition", Arc::new(partitions)),
        ("offset", counts(positions.map(|position| position.offset.0))),
        ("row", numbers(arrivals.map(|arrival| arrival.row))),
    ]
}
