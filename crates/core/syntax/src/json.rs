//! What readers of JSON share.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::SHOWN;

/// What `serde_json` says is wrong, without the line and column it ends with: an error of ours tells its place by itself.
#[must_use]
pub fn json_reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    text.strip_suffix(&place).unwrap_or(&text).to_owned()
}

/// A value of JSON in which no object has two members of one name. RFC 8259, section 4, leaves open which of the two counts,
/// so that what one program checks another might read differently.
///
/// Nesting is bounded by what `serde_json` allows, 128.
pub struct UniqueJson(pub Value);

impl<'de> Deserialize<'de> for UniqueJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueVisitor).map(Self)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value of JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(UniqueJson(value)) = items.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if object.contains_key(&name) {
                let shown: String = name.chars().take(SHOWN).collect();
                return Err(A::Error::custom(format_args!("the member {shown:?} is there twice")));
            }
            let UniqueJson(value) = members.next_value()?;
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_of_json_has_no_place_but_keeps_foreign_text() {
        let reason = |text: &str| json_reason(&serde_json::from_str::<u8>(text).unwrap_err());
        assert_eq!(reason("["), "invalid type: sequence, expected u8");
        assert_eq!(reason("\n\n{"), "invalid type: map, expected u8");
        assert_eq!(
            reason(r#"" at line 1 column 2""#),
            r#"invalid type: string " at line 1 column 2", expected u8"#
        );
        let error = Error::custom("it stands at line 3 column 4 of another file");
        assert_eq!(json_reason(&error), "it stands at line 3 column 4 of another file");
    }

    #[test]
    fn a_name_is_there_once_at_every_depth() {
        let read = |text: &str| serde_json::from_str::<UniqueJson>(text).map(|UniqueJson(value)| value);
        let good = r#"{"a":[null,true,-1,18446744073709551615,0.5,"x\n",{"a":{}}],"b":{"a":1}}"#;
        assert_eq!(read(good).unwrap(), serde_json::from_str::<Value>(good).unwrap());
        for twice in [r#"{"a":1,"a":1}"#, r#"[{"b":[{"a":1,"\u0061":2}]}]"#] {
            assert_eq!(json_reason(&read(twice).unwrap_err()), r#"the member "a" is there twice"#);
        }
        let long = format!("{{\"{0}\":1,\"{0}\":1}}", "n".repeat(1000));
        assert!(read(&long).unwrap_err().to_string().len() < 150);
        assert!(read(&"[".repeat(100_000)).is_err());
    }
}
