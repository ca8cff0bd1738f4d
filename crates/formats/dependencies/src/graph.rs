//! Packages and what needs them how, from which scopes follow.

use std::collections::{BTreeSet, VecDeque};

use lw_inventory::{Completeness, Component, Inventory, Place, Scope, Unknown};
use lw_model::lists::{filled, sort_by_key};

/// How something is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Need {
    Required,
    /// May be missing.
    Optional,
    /// To build or test it.
    Development,
}

#[derive(Default)]
pub(crate) struct Graph {
    nodes: Vec<Node>,
    root: Option<usize>,
    /// The project's own packages, whose needs are the product's.
    members: BTreeSet<usize>,
    pub(crate) unknowns: BTreeSet<Unknown>,
}

struct Node {
    component: Component,
    needs: Vec<(usize, Need)>,
    /// What a file says of its scope itself, which is never widened.
    most: Scope,
    is_left_out: bool,
}

impl Graph {
    pub(crate) fn add(&mut self, component: Component) -> usize {
        self.nodes.push(Node { component, needs: Vec::new(), most: Scope::Required, is_left_out: false });
        self.nodes.len() - 1
    }

    pub(crate) fn set_root(&mut self, index: usize) {
        self.root = Some(index);
        self.members.insert(index);
    }

    pub(crate) fn add_member(&mut self, index: usize) {
        self.members.insert(index);
    }

    pub(crate) fn at_most(&mut self, index: usize, scope: Scope) {
        if let Some(node) = self.nodes.get_mut(index) {
            node.most = scope;
        }
    }

    pub(crate) fn depend(&mut self, from: usize, to: usize, need: Need) {
        if let Some(node) = self.nodes.get_mut(from) {
            node.needs.push((to, need));
        }
    }

    /// Leaves out what another node stands for.
    pub(crate) fn leave_out(&mut self, index: usize) {
        if let Some(node) = self.nodes.get_mut(index) {
            node.is_left_out = true;
        }
    }

    /// Hangs what nothing needs on a root, where nothing says what the root needs.
    pub(crate) fn hang_all_under(&mut self, root: Component) {
        let needed: BTreeSet<usize> =
            filled(self.nodes.iter().flat_map(|node| node.needs.iter().map(|(to, _)| *to)));
        let loose: Vec<usize> = (0..self.nodes.len()).filter(|index| !needed.contains(index)).collect();
        let root = self.add(root);
        self.set_root(root);
        for index in loose {
            self.depend(root, index, Need::Required);
        }
    }

    pub(crate) fn component(&self, index: usize) -> Option<&Component> {
        self.nodes.get(index).map(|node| &node.component)
    }

    pub(crate) fn component_mut(&mut self, index: usize) -> Option<&mut Component> {
        self.nodes.get_mut(index).map(|node| &mut node.component)
    }

    /// Says that something is needed and not there.
    pub(crate) fn unknown(
        &mut self,
        what: impl Into<String>,
        why: impl Into<String>,
        file: &str,
        line: Option<u32>,
    ) {
        let place = Some(Place { file: file.to_owned(), line });
        self.unknowns.insert(Unknown { what: what.into(), why: why.into(), place });
    }

    /// Which nodes are reached from some along needs of some sorts.
    fn reach(&self, from: impl IntoIterator<Item = usize>, is_followed: impl Fn(Need) -> bool) -> Vec<bool> {
        let mut reached = vec![false; self.nodes.len()];
        let mut next: VecDeque<usize> = from.into_iter().collect();
        while let Some(index) = next.pop_front() {
            let (Some(mark), Some(node)) = (reached.get_mut(index), self.nodes.get(index)) else { continue };
            if !std::mem::replace(mark, true) {
                next.extend(node.needs.iter().filter(|(_, need)| is_followed(*need)).map(|(to, _)| *to));
            }
        }
        reached
    }

    /// The inventory: scopes follow from what is needed how, and what nothing needs hangs on the root, and is said.
    pub(crate) fn finish(mut self, file: &str) -> Inventory {
        let Some(root) = self.root else { return Inventory::new() };
        let members = || self.members.iter().copied();
        let required = self.reach(members(), |need| need == Need::Required);
        let optional = self.reach(members(), |need| need != Need::Development);
        let all = self.reach(members(), |_| true);
        let mut loose = Vec::new();
        let mut covered = all.clone();
        let needed: BTreeSet<usize> =
            filled(self.nodes.iter().flat_map(|node| node.needs.iter().map(|(to, _)| *to)));
        // First what nothing needs, then what needs itself in a circle.
        let mut order: Vec<usize> = (0..self.nodes.len())
            .filter(|index| !covered.get(*index).is_some_and(|c| *c))
            .filter(|index| self.nodes.get(*index).is_some_and(|node| !node.is_left_out))
            .collect();
        sort_by_key(&mut order, |index| needed.contains(index));
        for index in order {
            if covered.get(index).is_some_and(|covered| *covered) {
                continue;
            }
            loose.push(index);
            let mut next = vec![index];
            while let Some(at) = next.pop() {
                if let (Some(mark), Some(node)) = (covered.get_mut(at), self.nodes.get(at))
                    && !std::mem::replace(mark, true)
                {
                    next.extend(node.needs.iter().map(|(to, _)| *to));
                }
            }
        }
        let is = |set: &[bool], index: usize| set.get(index).is_some_and(|is| *is);
        for (index, node) in self.nodes.iter_mut().enumerate() {
            let scope = match () {
                () if is(&required, index) => Scope::Required,
                () if is(&optional, index) => Scope::Optional,
                () => Scope::Excluded,
            };
            node.component.scope = scope.min(node.most);
        }
        for index in &loose {
            let Some(component) = self.component(*index) else { continue };
            let what = format!("{} {}", component.name, component.version.as_deref().unwrap_or_default());
            let line = component.places.iter().next().and_then(|place| place.line);
            self.unknown(
                what.trim_end().to_owned(),
                "it is locked, and nothing is seen to need it",
                file,
                line,
            );
        }
        let mut inventory = Inventory::new();
        inventory.unknowns = self.unknowns;
        let mut needs = Vec::with_capacity(self.nodes.len());
        let mut ids = Vec::with_capacity(self.nodes.len());
        for node in self.nodes {
            ids.push((!node.is_left_out).then(|| inventory.add(node.component)));
            needs.push(node.needs);
        }
        let id = |index: usize| ids.get(index).copied().flatten();
        for (from, needs) in needs.iter().enumerate() {
            for (to, _) in needs {
                if let (Some(from), Some(to)) = (id(from), id(*to)) {
                    inventory.depend(from, to);
                }
            }
        }
        if let Some(root) = id(root) {
            inventory.set_root(root);
            for member in self.members.iter().chain(&loose).filter_map(|index| id(*index)) {
                inventory.depend(root, member);
            }
        }
        inventory
    }
}

/// Hangs on the root what nothing leads to: nobody says that it is not needed, and an old or changed lock may have such
/// entries. What the root needs is then not known completely.
pub(crate) fn hang_what_nothing_leads_to(inventory: &mut Inventory) {
    let reached = inventory.reachable();
    let lost: Vec<_> = inventory.iter().map(|(id, _)| id).filter(|id| !reached.contains(id)).collect();
    let Some(root) = inventory.root().filter(|_| !lost.is_empty()) else { return };
    for id in lost {
        inventory.depend(root, id);
    }
    if let Some(root) = inventory.get_mut(root) {
        root.dependencies_known = Completeness::Incomplete;
    }
}
