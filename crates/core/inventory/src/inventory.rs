//! Components and the edges between them.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Component, Identity, Place, Scope};

/// How much of something is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Completeness {
    /// Nobody says.
    #[default]
    Unknown,
    /// Some of it is missing.
    Incomplete,
    /// All of it.
    Complete,
}

/// A component of one [`Inventory`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ComponentId(u32);

/// Something that is known to be missing: a library that was not found, an entry without version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unknown {
    /// What is missing, as its file names it.
    pub what: String,
    /// Why it could not be had, and what to do.
    pub why: String,
    /// Where it is named.
    pub place: Option<Place>,
}

/// What a product is made of.
///
/// The root is the product itself and one of the components. No two components have one [`Identity`].
#[derive(Clone, Debug, Default)]
pub struct Inventory {
    components: Vec<Component>,
    by_identity: BTreeMap<Identity, ComponentId>,
    edges: BTreeSet<(ComponentId, ComponentId)>,
    root: Option<ComponentId>,
    /// What is known to be missing.
    pub unknowns: BTreeSet<Unknown>,
}

impl Inventory {
    /// Nothing, without a root.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a component, or what is new about one that is there already.
    pub fn add(&mut self, component: Component) -> ComponentId {
        let identity = component.identity();
        if let Some(&id) = self.by_identity.get(&identity) {
            if let Some(known) = self.components.get_mut(id.0 as usize) {
                known.absorb(component);
            }
            return id;
        }
        // Four billion components do not fit in memory.
        let id = ComponentId(u32::try_from(self.components.len()).unwrap_or(u32::MAX));
        self.by_identity.insert(identity, id);
        self.components.push(component);
        id
    }

    /// Says that one component needs another. What needs itself is left out.
    pub fn depend(&mut self, from: ComponentId, to: ComponentId) {
        if from != to {
            self.edges.insert((from, to));
        }
    }

    /// Says which component is the product.
    pub fn set_root(&mut self, id: ComponentId) {
        self.root = Some(id);
    }

    /// The product.
    #[must_use]
    pub fn root(&self) -> Option<ComponentId> {
        self.root
    }

    /// A component by its id.
    #[must_use]
    pub fn get(&self, id: ComponentId) -> Option<&Component> {
        self.components.get(id.0 as usize)
    }

    /// A component by its id, to add to it. What makes its [`Identity`] must stay as it is.
    pub fn get_mut(&mut self, id: ComponentId) -> Option<&mut Component> {
        self.components.get_mut(id.0 as usize)
    }

    /// The component of an identity.
    #[must_use]
    pub fn find(&self, identity: &Identity) -> Option<ComponentId> {
        self.by_identity.get(identity).copied()
    }

    /// All components with their ids, the root among them, in the order they were added.
    pub fn iter(&self) -> impl Iterator<Item = (ComponentId, &Component)> {
        self.components.iter().zip(0u32..).map(|(component, index)| (ComponentId(index), component))
    }

    /// How many components there are besides the root.
    #[must_use]
    pub fn len(&self) -> usize {
        self.components.len() - usize::from(self.root.is_some())
    }

    /// Whether there is no component besides the root.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All edges, from what needs to what is needed, in order of ids.
    pub fn edges(&self) -> impl Iterator<Item = (ComponentId, ComponentId)> {
        self.edges.iter().copied()
    }

    /// What a component needs directly.
    pub fn dependencies(&self, of: ComponentId) -> impl Iterator<Item = ComponentId> {
        self.edges.range((of, ComponentId(0))..=(of, ComponentId(u32::MAX))).map(|&(_, to)| to)
    }

    /// What can be reached from the root, the root among it.
    #[must_use]
    pub fn reachable(&self) -> BTreeSet<ComponentId> {
        let mut reached = BTreeSet::new();
        let mut next: Vec<_> = self.root.into_iter().collect();
        while let Some(id) = next.pop() {
            if reached.insert(id) {
                next.extend(self.dependencies(id));
            }
        }
        reached
    }

    /// Takes over another inventory, and hangs its root on `under`. Returns what its root has become.
    pub fn absorb(&mut self, other: Self, under: Option<ComponentId>) -> Option<ComponentId> {
        let Self { components, edges, root, unknowns, .. } = other;
        let ids: Vec<_> = components.into_iter().map(|component| self.add(component)).collect();
        let new = |old: ComponentId| ids.get(old.0 as usize).copied();
        for (from, to) in edges {
            if let (Some(from), Some(to)) = (new(from), new(to)) {
                self.depend(from, to);
            }
        }
        self.unknowns.extend(unknowns);
        let root = root.and_then(new);
        if let (Some(under), Some(root)) = (under, root) {
            self.depend(under, root);
        }
        root
    }

    /// The same without the components that `keep` refuses, and without edges from or to them. The root is always kept.
    #[must_use]
    pub fn filtered(self, mut keep: impl FnMut(&Component) -> bool) -> Self {
        let Self { components, edges, root, unknowns, .. } = self;
        let mut kept = Self { unknowns, ..Self::default() };
        let mut ids = Vec::with_capacity(components.len());
        for (index, component) in components.into_iter().enumerate() {
            let is_root = root.is_some_and(|root| root.0 as usize == index);
            ids.push((is_root || keep(&component)).then(|| kept.add(component)));
        }
        let new = |old: ComponentId| ids.get(old.0 as usize).copied().flatten();
        for (from, to) in edges {
            if let (Some(from), Some(to)) = (new(from), new(to)) {
                kept.depend(from, to);
            }
        }
        kept.root = root.and_then(new);
        kept
    }

    /// The same without what is not shipped.
    #[must_use]
    pub fn without_excluded(self) -> Self {
        self.filtered(|component| component.scope != Scope::Excluded)
    }
}
