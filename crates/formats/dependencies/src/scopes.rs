//! How far from the product something is needed.

use lw_inventory::Scope;

/// Nodes and the edges between them, each needed always, at will, or for development.
#[derive(Default)]
pub(crate) struct Needs {
    edges: Vec<Vec<(usize, Scope)>>,
}

impl Needs {
    /// Nodes without edges.
    pub(crate) fn new(nodes: usize) -> Self {
        Self { edges: vec![Vec::new(); nodes] }
    }

    /// Says that one node needs another.
    pub(crate) fn add(&mut self, from: usize, to: usize, scope: Scope) {
        if let Some(edges) = self.edges.get_mut(from) {
            edges.push((to, scope));
        }
    }

    /// What a node needs.
    pub(crate) fn of(&self, node: usize) -> &[(usize, Scope)] {
        self.edges.get(node).map(Vec::as_slice).unwrap_or_default()
    }

    /// The scope of every node that can be reached: that of its best way, and a way is as good as its worst edge.
    pub(crate) fn scopes(&self, starts: impl IntoIterator<Item = usize>) -> Vec<Option<Scope>> {
        let mut scopes = vec![None; self.edges.len()];
        let mut waiting: [Vec<usize>; 3] = [starts.into_iter().collect(), Vec::new(), Vec::new()];
        for (index, scope) in [Scope::Required, Scope::Optional, Scope::Excluded].into_iter().enumerate() {
            while let Some(node) = waiting.get_mut(index).and_then(Vec::pop) {
                match scopes.get_mut(node) {
                    Some(known @ None) => *known = Some(scope),
                    _ => continue,
                }
                for &(to, edge) in self.of(node) {
                    let later = match edge.min(scope) {
                        Scope::Required => 0,
                        Scope::Optional => 1,
                        Scope::Excluded => 2,
                    };
                    if let Some(waiting) = waiting.get_mut(later) {
                        waiting.push(to);
                    }
                }
            }
        }
        scopes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn required_wins_and_a_way_is_as_good_as_its_worst_edge() {
        let mut needs = Needs::new(6);
        needs.add(0, 1, Scope::Excluded);
        needs.add(1, 2, Scope::Required);
        needs.add(0, 3, Scope::Optional);
        needs.add(3, 2, Scope::Required);
        needs.add(0, 4, Scope::Required);
        needs.add(4, 4, Scope::Required);
        let expected = [
            Some(Scope::Required),
            Some(Scope::Excluded),
            Some(Scope::Optional),
            Some(Scope::Optional),
            Some(Scope::Required),
            None,
        ];
        assert_eq!(needs.scopes([0]), expected);
    }
}
