//! The objects of an SDMX-JSON message, as far as they are read. A field that is null is one that is not there.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use sonic_rs::LazyValue;

#[derive(Deserialize)]
pub(super) struct Message<'m> {
    #[serde(borrow)]
    pub(super) data: Data<'m>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Data<'m> {
    #[serde(borrow, default, deserialize_with = "or_nothing")]
    pub(super) structures: Vec<SaidStructure<'m>>,
    #[serde(borrow, default, deserialize_with = "or_nothing")]
    pub(super) data_sets: Vec<DataSet<'m>>,
}

#[derive(Deserialize)]
pub(super) struct SaidStructure<'m> {
    #[serde(borrow, default, deserialize_with = "or_nothing")]
    pub(super) links: Vec<Link<'m>>,
    #[serde(borrow, default, deserialize_with = "or_nothing")]
    pub(super) dimensions: Levels<'m>,
    #[serde(borrow, default)]
    pub(super) measures: Option<Levels<'m>>,
    #[serde(borrow, default, deserialize_with = "or_nothing")]
    pub(super) attributes: Levels<'m>,
}

#[derive(Deserialize)]
pub(super) struct Link<'m> {
    #[serde(borrow, default, deserialize_with = "or_nothing")]
    pub(super) urn: Cow<'m, str>,
}

/// Components by where they are presented.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Levels<'m> {
    #[serde(borrow, default, deserialize_with = "or_nothing")]
    pub(super) data_set: Vec<SaidComponent<'m>>,
    #[serde(borrow, default, deserialize_with = "or_nothing")]
    pub(super) dimension_group: Vec<SaidComponent<'m>>,
    #[serde(borrow, default, deserialize_with = "or_nothing")]
    pub(super) series: Vec<SaidComponent<'m>>,
    #[serde(borrow, default, deserialize_with = "or_nothing")]
    pub(super) observation: Vec<SaidComponent<'m>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SaidComponent<'m> {
    #[serde(borrow)]
    pub(super) id: Cow<'m, str>,
    #[serde(default)]
    pub(super) key_position: Option<usize>,
    #[serde(borrow, default)]
    pub(super) values: Option<Vec<SaidCode<'m>>>,
    #[serde(borrow, default)]
    pub(super) default: Option<LazyValue<'m>>,
}

#[derive(Deserialize)]
pub(super) struct SaidCode<'m> {
    #[serde(borrow, default)]
    pub(super) id: Option<Cow<'m, str>>,
    #[serde(borrow, default)]
    pub(super) value: Option<LazyValue<'m>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DataSet<'m> {
    #[serde(default, deserialize_with = "or_nothing")]
    pub(super) structure: usize,
    #[serde(borrow, default, deserialize_with = "or_nothing")]
    pub(super) action: Cow<'m, str>,
    #[serde(borrow, default, deserialize_with = "or_nothing")]
    pub(super) attributes: Vec<LazyValue<'m>>,
    #[serde(borrow, default, deserialize_with = "or_nothing")]
    pub(super) dimension_group_attributes: Pairs<'m, Vec<LazyValue<'m>>>,
    #[serde(borrow, default, deserialize_with = "or_nothing")]
    pub(super) series: Pairs<'m, Series<'m>>,
    #[serde(borrow, default, deserialize_with = "or_nothing")]
    pub(super) observations: Pairs<'m, Vec<LazyValue<'m>>>,
}

#[derive(Deserialize)]
pub(super) struct Series<'m> {
    #[serde(borrow, default, deserialize_with = "or_nothing")]
    pub(super) attributes: Vec<LazyValue<'m>>,
    #[serde(borrow, default, deserialize_with = "or_nothing")]
    pub(super) observations: Pairs<'m, Vec<LazyValue<'m>>>,
}

/// What is there, or nothing where it is null.
fn or_nothing<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// The pairs of an object in their order, also those that are there twice.
pub(super) struct Pairs<'m, T>(pub(super) Vec<(Cow<'m, str>, T)>);

impl<T> Default for Pairs<'_, T> {
    fn default() -> Self {
        Pairs(Vec::new())
    }
}

impl<'de: 'm, 'm, T: Deserialize<'de>> Deserialize<'de> for Pairs<'m, T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Object<'m, T>(PhantomData<(&'m (), T)>);

        #[derive(Deserialize)]
        struct Key<'m>(#[serde(borrow)] Cow<'m, str>);

        impl<'de: 'm, 'm, T: Deserialize<'de>> Visitor<'de> for Object<'m, T> {
            type Value = Pairs<'m, T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some((Key(key), value)) = object.next_entry::<Key<'de>, T>()? {
                    pairs.push((key, value));
                }
                Ok(Pairs(pairs))
            }
        }

        from.deserialize_map(Object(PhantomData))
    }
}
