//! CycloneDX 1.2 to 1.7 in JSON: of what the schemas allow, what the suite writes or reads.

use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// A value that may be `null` or missing, which are the same here.
fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(from: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

fn is_empty<T>(list: &[T]) -> bool {
    list.is_empty()
}

/// The whole file. Its first four fields stand first: Dependency-Track finds out what a file is from its beginning.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Bom {
    pub(crate) bom_format: Option<String>,
    pub(crate) spec_version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) serial_number: Option<String>,
    pub(crate) version: Option<u32>,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) metadata: Metadata,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) components: Vec<Component>,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) dependencies: Vec<Dependency>,
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "is_empty")]
    pub(crate) compositions: Vec<Composition>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Metadata {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) timestamp: Option<String>,
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "is_empty")]
    pub(crate) lifecycles: Vec<Lifecycle>,
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Tools::is_empty")]
    pub(crate) tools: Tools,
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "is_empty")]
    pub(crate) authors: Vec<Person>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) component: Option<Component>,
    /// Up to 1.5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) manufacture: Option<Organisation>,
    /// From 1.6.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) manufacturer: Option<Organisation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) supplier: Option<Organisation>,
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "is_empty")]
    pub(crate) licenses: Vec<LicenceChoice>,
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "is_empty")]
    pub(crate) properties: Vec<Property>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Lifecycle {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) phase: Option<String>,
}

/// The programs that made a bill: components from 1.5, a list of their own before.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Tools {
    pub(crate) components: Vec<Component>,
}

impl Tools {
    fn is_empty(&self) -> bool {
        self.components.is_empty()
    }
}

impl<'de> Deserialize<'de> for Tools {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Tools;

            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("a list of tools, or an object with \"components\"")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Tools, A::Error> {
                let mut components = Vec::new();
                while let Some(tool) = list.next_element()? {
                    components.push(tool);
                }
                Ok(Tools { components })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Tools, A::Error> {
                #[derive(Deserialize)]
                struct Object {
                    #[serde(default, deserialize_with = "or_default")]
                    components: Vec<Component>,
                }
                let object = Object::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(Tools { components: object.components })
            }
        }
        from.deserialize_any(Either)
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Person {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) email: Option<String>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Organisation {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(default, deserialize_with = "one_or_more", skip_serializing_if = "is_empty")]
    pub(crate) url: Vec<String>,
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "is_empty")]
    pub(crate) contact: Vec<Person>,
}

/// A list of texts, or one text where some write that.
fn one_or_more<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    struct Either;

    impl<'de> Visitor<'de> for Either {
        type Value = Vec<String>;

        fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            out.write_str("a list of texts")
        }

        fn visit_unit<E>(self) -> Result<Vec<String>, E> {
            Ok(Vec::new())
        }

        fn visit_str<E>(self, text: &str) -> Result<Vec<String>, E> {
            Ok(vec![text.to_owned()])
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<String>, A::Error> {
            let mut texts = Vec::new();
            while let Some(text) = list.next_element()? {
                texts.push(text);
            }
            Ok(texts)
        }
    }
    from.deserialize_any(Either)
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Component {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<String>,
    #[serde(rename = "bom-ref", skip_serializing_if = "Option::is_none")]
    pub(crate) bom_ref: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) supplier: Option<Organisation>,
    /// From 1.6.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) manufacturer: Option<Organisation>,
    /// From 1.6.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "is_empty")]
    pub(crate) authors: Vec<Person>,
    /// Up to 1.5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) author: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) publisher: Option<String>,
    /// Of a tool up to 1.4.
    #[serde(skip_serializing)]
    pub(crate) vendor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) group: Option<String>,
    #[serde(default)]
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scope: Option<String>,
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "is_empty")]
    pub(crate) hashes: Vec<Hash>,
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "is_empty")]
    pub(crate) licenses: Vec<LicenceChoice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) copyright: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cpe: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) purl: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pedigree: Option<Pedigree>,
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "is_empty")]
    pub(crate) external_references: Vec<ExternalReference>,
    /// Parts of it; the suite writes none.
    #[serde(default, deserialize_with = "or_default", skip_serializing)]
    pub(crate) components: Vec<Self>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) evidence: Option<Evidence>,
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "is_empty")]
    pub(crate) properties: Vec<Property>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Hash {
    pub(crate) alg: String,
    pub(crate) content: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LicenceChoice {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) license: Option<Licence>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expression: Option<String>,
    /// Of an expression, from 1.6.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) acknowledgement: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Licence {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// From 1.6.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) acknowledgement: Option<String>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Pedigree {
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "is_empty")]
    pub(crate) patches: Vec<Patch>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Patch {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) diff: Option<Diff>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Diff {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct ExternalReference {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) comment: Option<String>,
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "is_empty")]
    pub(crate) hashes: Vec<Hash>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Evidence {
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "is_empty")]
    pub(crate) occurrences: Vec<Occurrence>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Occurrence {
    #[serde(default)]
    pub(crate) location: String,
    /// From 1.6.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Property {
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) value: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Dependency {
    #[serde(rename = "ref")]
    pub(crate) of: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) depends_on: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Composition {
    pub(crate) aggregate: String,
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "is_empty")]
    pub(crate) assemblies: Vec<String>,
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "is_empty")]
    pub(crate) dependencies: Vec<String>,
}
