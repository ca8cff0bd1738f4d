//! Trees read by serde. Whatever does not depend on the type that is read is in functions that are there once.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserializer;
use serde::de::value::U32Deserializer;
use serde::de::{
    Deserialize, DeserializeSeed, EnumAccess, Error as _, Expected, MapAccess, SeqAccess, Unexpected,
    VariantAccess, Visitor,
};

use super::{Fault, Items, Kind, Node, Pairs, Value};

/// The name by which [`Placed`] asks for its place; no type of a document has it.
const PLACED: &str = "$lw_syntax::Placed";

impl serde::de::Error for Fault {
    fn custom<T: fmt::Display>(reason: T) -> Self {
        Self::somewhere(reason.to_string())
    }
}

impl Fault {
    #[inline(never)]
    fn somewhere(reason: String) -> Self {
        Self(Box::new(super::Inner { at: None, reason, is_too_large: false, is_cut_off: false }))
    }
}

/// A value with its place in the text: its key's, or its own where it has no key.
///
/// Made by [`Node`] alone; within what serde keeps before it knows the type (`untagged`, `flatten`) it is an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Placed<T> {
    /// The byte.
    pub at: usize,
    /// The value.
    pub value: T,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Placed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(PLACED, PlacedVisitor(PhantomData))
    }
}

struct PlacedVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for PlacedVisitor<T> {
    type Value = Placed<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value whose place is known")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Placed<T>, A::Error> {
        let missing = || A::Error::invalid_length(0, &"a place and a value");
        let at: u32 = parts.next_element()?.ok_or_else(missing)?;
        let value = parts.next_element()?.ok_or_else(missing)?;
        Ok(Placed { at: at as usize, value })
    }
}

/// The two parts of a [`Placed`].
struct Parts<'t> {
    node: Node<'t>,
    is_placed: bool,
}

impl<'de> SeqAccess<'de> for Parts<'de> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        if std::mem::replace(&mut self.is_placed, true) {
            seed.deserialize(self.node).map(Some)
        } else {
            seed.deserialize(U32Deserializer::new(self.node.key)).map(Some)
        }
    }
}

impl<'t> Node<'t> {
    /// Reads it as what a program asks for. Texts are borrowed where the type borrows them.
    ///
    /// # Errors
    /// When it is something else, with the place of what is in the way.
    pub fn read<T: Deserialize<'t>>(self) -> Result<T, Fault> {
        T::deserialize(self).map_err(|fault| fault.or_at(self.at))
    }

    /// Notes that nobody asks for it.
    #[inline(never)]
    fn ignore(self) {
        if let Some(ignored) = self.tree.ignored.borrow_mut().get_mut(self.index as usize) {
            *ignored = true;
        }
    }

    /// That something else is expected.
    #[inline(never)]
    fn wrong(self, expected: &dyn Expected) -> Fault {
        let fault = match self.value() {
            Ok(value) => Fault::invalid_type(unexpected(&value), expected),
            Err(fault) => fault,
        };
        fault.or_at(self.at)
    }

    #[inline(never)]
    fn wanted_text(self, expected: &dyn Expected) -> Result<&'t str, Fault> {
        self.text().ok_or_else(|| self.wrong(expected))
    }

    /// A word or number, which may stand in quotes where the format is not strict about it.
    #[inline(never)]
    fn wanted_word(self, expected: &dyn Expected) -> Result<Value<'t>, Fault> {
        let entry = self.entry();
        if self.tree.is_loose && matches!(entry.kind, Kind::Plain | Kind::Text) {
            let word = crate::yaml::word(self.tree.text(entry)).map_err(|()| self.beyond())?;
            return word.ok_or_else(|| self.wrong(expected));
        }
        self.value()
    }

    #[inline(never)]
    fn wanted_items(self, expected: &dyn Expected) -> Result<Items<'t>, Fault> {
        self.items().ok_or_else(|| self.wrong(expected))
    }

    #[inline(never)]
    fn wanted_pairs(self, expected: &dyn Expected) -> Result<Pairs<'t>, Fault> {
        self.pairs().ok_or_else(|| self.wrong(expected))
    }

    /// The name of a variant and what stands in it.
    #[inline(never)]
    fn wanted_variant(self, expected: &dyn Expected) -> Result<(Node<'t>, Option<Node<'t>>), Fault> {
        if self.text().is_some() {
            return Ok((self, None));
        }
        let mut pairs = self.wanted_pairs(expected)?;
        match (pairs.next(), pairs.next()) {
            (Some((name, value)), None) => Ok((name, Some(value))),
            _ => Err(Fault::new(self.at(), "expected one name with a value (`name: …`)")),
        }
    }
}

fn unexpected<'u>(value: &Value<'u>) -> Unexpected<'u> {
    match *value {
        Value::Null => Unexpected::Other("null"),
        Value::Bool(value) => Unexpected::Bool(value),
        Value::Integer(value) => Unexpected::Signed(value),
        Value::Unsigned(value) => Unexpected::Unsigned(value),
        Value::Float(value) => Unexpected::Float(value),
        Value::Text(value) => Unexpected::Str(value),
        Value::List(_) => Unexpected::Seq,
        Value::Map(_) => Unexpected::Map,
    }
}

/// The methods for numbers, whose visitors check the range themselves.
macro_rules! words {
    ($($method:ident)*) => {
        $(
            fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
                match self.wanted_word(&visitor)? {
                    Value::Bool(value) => visitor.visit_bool(value),
                    Value::Integer(value) => visitor.visit_i64(value),
                    Value::Unsigned(value) => visitor.visit_u64(value),
                    Value::Float(value) => visitor.visit_f64(value),
                    _ => Err(self.wrong(&visitor)),
                }
            }
        )*
    };
}

macro_rules! texts {
    ($($method:ident)*) => {
        $(
            fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
                let text = self.wanted_text(&visitor)?;
                visitor.visit_borrowed_str(text)
            }
        )*
    };
}

impl<'de> Deserializer<'de> for Node<'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.value()? {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(value),
            Value::Integer(value) => visitor.visit_i64(value),
            Value::Unsigned(value) => visitor.visit_u64(value),
            Value::Float(value) => visitor.visit_f64(value),
            Value::Text(value) => visitor.visit_borrowed_str(value),
            Value::List(items) => visitor.visit_seq(items),
            Value::Map(mut pairs) => visitor.visit_map(&mut pairs).map_err(|fault| pairs.blamed(fault)),
        }
    }

    words!(
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32
        deserialize_f64
    );

    texts!(deserialize_char deserialize_str deserialize_string deserialize_identifier);

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_any(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.is_null() { visitor.visit_unit() } else { Err(self.wrong(&visitor)) }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        if name == PLACED {
            visitor.visit_seq(Parts { node: self, is_placed: false })
        } else {
            visitor.visit_newtype_struct(self)
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let items = self.wanted_items(&visitor)?;
        visitor.visit_seq(items)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Fault> {
        let items = self.wanted_items(&visitor)?;
        let has = items.count();
        if has == len { visitor.visit_seq(items) } else { Err(Fault::invalid_length(has, &visitor)) }
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let mut pairs = self.wanted_pairs(&visitor)?;
        visitor.visit_map(&mut pairs).map_err(|fault| pairs.blamed(fault))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let mut pairs = self.wanted_pairs(&visitor)?;
        visitor.visit_map(&mut pairs).map_err(|fault| pairs.blamed(fault))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let (name, value) = self.wanted_variant(&visitor)?;
        visitor.visit_enum(Variant { name, value })
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.ignore();
        visitor.visit_unit()
    }
}

impl Pairs<'_> {
    /// What is wrong without a place is wrong with the key at which serde is, as when it is there twice.
    #[inline(never)]
    fn blamed(&self, fault: Fault) -> Fault {
        match self.reached {
            Some(at) => fault.or_at(at),
            None => fault,
        }
    }
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        match self.next() {
            Some(node) => seed.deserialize(node).map(Some).map_err(|fault| fault.or_at(node.at)),
            None => Ok(None),
        }
    }
}

impl<'de> MapAccess<'de> for Pairs<'de> {
    type Error = Fault;

    fn next_key_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        match self.next() {
            Some((key, value)) => {
                (self.pending, self.reached) = (Some(value), Some(key.at));
                seed.deserialize(key).map(Some).map_err(|fault| fault.or_at(key.at))
            }
            None => {
                self.reached = None;
                Ok(None)
            }
        }
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Fault> {
        match self.pending.take() {
            Some(node) => seed.deserialize(node).map_err(|fault| fault.or_at(node.at)),
            None => Err(Fault::somewhere("a value without its key".to_owned())),
        }
    }
}

/// A variant of an enum: its name, and perhaps what stands in it.
struct Variant<'t> {
    name: Node<'t>,
    value: Option<Node<'t>>,
}

impl<'t> Variant<'t> {
    #[inline(never)]
    fn wanted(&self) -> Result<Node<'t>, Fault> {
        self.value.ok_or_else(|| Fault::new(self.name.at(), "expected a value with this name"))
    }
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Fault;
    type Variant = Self;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Self), Fault> {
        let name = seed.deserialize(self.name).map_err(|fault| fault.or_at(self.name.at))?;
        Ok((name, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'de> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        match self.value.filter(|value| !value.is_null()) {
            Some(value) => Err(value.wrong(&"nothing with this name")),
            None => Ok(()),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Fault> {
        let value = self.wanted()?;
        seed.deserialize(value).map_err(|fault| fault.or_at(value.at))
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Fault> {
        self.wanted()?.deserialize_tuple(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.wanted()?.deserialize_map(visitor)
    }
}
