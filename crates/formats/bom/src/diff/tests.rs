use lw_inventory::{Distribution, HashAlgorithm, Purl};
use proptest::prelude::*;

use super::*;

fn component(name: &str, version: &str) -> Component {
    let mut component = Component::new("npm", name, Some(version.to_owned()));
    component.purl = Some(Purl::new("npm", None, name, Some(version)).unwrap());
    component.source = Source::PublicRegistry;
    component
}

fn document(components: Vec<Component>) -> Document {
    let mut document = Document::default();
    let root = document.inventory.add(Component::new("generic", "product", Some("1".into())));
    document.inventory.set_root(root);
    for component in components {
        document.inventory.add(component);
    }
    document
}

/// What changed, a line each.
fn told(old: Vec<Component>, new: Vec<Component>) -> Vec<String> {
    let (old, new) = (document(old), document(new));
    let result = diff(&old, &new);
    let title = |document: &Document, id| crate::title_of(document.inventory.get(id).unwrap());
    let mut lines: Vec<_> = result.added.iter().map(|id| format!("+ {}", title(&new, *id))).collect();
    lines.extend(result.removed.iter().map(|id| format!("- {}", title(&old, *id))));
    for changed in &result.changed {
        for change in &changed.changes {
            let name = &new.inventory.get(changed.new).unwrap().name;
            let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "?".into());
            lines.push(format!("{name}: {:?} {} {}", change.aspect, text(&change.before), text(&change.now)));
        }
    }
    let all = result.added.len() + result.changed.len() + result.unchanged;
    assert_eq!(all, new.inventory.len());
    assert_eq!(result.removed.len() + result.changed.len() + result.unchanged, old.inventory.len());
    lines
}

#[test]
fn versions_of_one_package_belong_together() {
    let one = |version: &str| vec![component("a", version)];
    assert_eq!(told(one("1.0.0"), one("1.0.0")), Vec::<String>::new());
    assert_eq!(told(one("1.2.0"), one("1.10.0")), ["a: Version(Upgraded) 1.2.0 1.10.0"]);
    assert_eq!(told(one("1.10.0"), one("1.2.0")), ["a: Version(Downgraded) 1.10.0 1.2.0"]);
    assert_eq!(told(one("main"), one("next")), ["a: Version(Changed) main next"]);
    assert_eq!(told(one("1.0.0"), vec![component("b", "1.0.0")]), ["+ b 1.0.0", "- a 1.0.0"]);
    assert_eq!(told(vec![], one("1.0.0")), ["+ a 1.0.0"]);
}

#[test]
fn several_versions_are_told_apart() {
    let all = |versions: &[&str]| versions.iter().map(|version| component("a", version)).collect::<Vec<_>>();
    let cases: [(&[&str], &[&str], &[&str]); 7] = [
        (&["1.0.0", "2.0.0"], &["1.1.0", "2.0.0"], &["a: Version(Upgraded) 1.0.0 1.1.0"]),
        (
            &["1.0.0", "2.0.0"],
            &["2.1.0", "1.1.0"],
            &["a: Version(Upgraded) 1.0.0 1.1.0", "a: Version(Upgraded) 2.0.0 2.1.0"],
        ),
        (&["1.0.0", "2.0.0"], &["2.1.0"], &["- a 1.0.0", "a: Version(Upgraded) 2.0.0 2.1.0"]),
        (&["1.0.0", "2.0.0"], &["3.0.0"], &["- a 1.0.0", "a: Version(Upgraded) 2.0.0 3.0.0"]),
        (&["1.0.0"], &["1.0.0", "2.0.0"], &["+ a 2.0.0"]),
        (&["2.0.0"], &["1.0.0", "3.0.0"], &["+ a 1.0.0", "a: Version(Upgraded) 2.0.0 3.0.0"]),
        (&["1.0.0", "1.1.0"], &["1.0.0", "1.1.0"], &[]),
    ];
    for (old, new, expected) in cases {
        assert_eq!(told(all(old), all(new)), expected, "{old:?} {new:?}");
    }
}

#[test]
fn a_component_that_has_no_package_url_is_found_by_its_name() {
    let mut bare = component("a", "1.0.0");
    bare.purl = None;
    assert_eq!(told(vec![bare.clone()], vec![component("a", "1.0.0")]), Vec::<String>::new());
    let mut later = bare.clone();
    later.version = Some("2.0.0".into());
    assert_eq!(told(vec![bare.clone()], vec![later]), ["a: Version(Upgraded) 1.0.0 2.0.0"]);
    // Qualifiers say where it comes from, not what it is; another namespace is another package.
    let mut git = component("a", "1.0.0");
    git.purl = git.purl.map(|purl| purl.with("vcs_url", "git+https://example.org/a"));
    assert_eq!(told(vec![git], vec![component("a", "1.0.0")]), Vec::<String>::new());
    let mut scoped = component("a", "1.0.0");
    scoped.purl = Some(Purl::new("npm", Some("@evil"), "a", Some("1.0.0")).unwrap());
    scoped.namespace = Some("@evil".into());
    assert_eq!(told(vec![component("a", "1.0.0")], vec![scoped]), ["+ @evil/a 1.0.0", "- a 1.0.0"]);
}

fn suspicious(
    change: impl Fn(&mut Component),
    before: impl Fn(&mut Component),
) -> Vec<(Aspect, String, String)> {
    let (mut old, mut new) = (component("a", "1.0.0"), component("a", "1.0.0"));
    before(&mut old);
    before(&mut new);
    change(&mut new);
    let (old, new) = (document(vec![old]), document(vec![new]));
    let result = diff(&old, &new);
    let all = result.changed.iter().flat_map(Changed::suspicious);
    all.map(|change| (change.aspect, change.before.clone().unwrap(), change.now.clone().unwrap())).collect()
}

fn hash(algorithm: HashAlgorithm, digit: &str) -> Hash {
    Hash::from_hex(algorithm, &digit.repeat(algorithm.hex_digits())).unwrap()
}

fn file(name: &str, digit: &str) -> Distribution {
    Distribution {
        file: Some(name.into()),
        hashes: [hash(HashAlgorithm::Md5, digit)].into(),
        ..Distribution::default()
    }
}

#[test]
fn other_bytes_under_the_same_version_are_suspicious() {
    let (a, b) = ("a".repeat(32), "b".repeat(32));
    let md5 = |digit: &str| hash(HashAlgorithm::Md5, digit);
    let hashed = |component: &mut Component| component.hashes = [md5("a")].into();
    assert_eq!(
        suspicious(|new| new.hashes = [md5("b")].into(), hashed),
        [(Aspect::Hash, a.clone(), b.clone())]
    );
    assert_eq!(
        suspicious(
            |new| {
                new.hashes.insert(hash(HashAlgorithm::Sha1, "c"));
            },
            hashed
        ),
        []
    );
    assert_eq!(
        suspicious(
            |new| {
                new.hashes.insert(md5("b"));
            },
            hashed
        ),
        [],
        "one of several files"
    );
    assert_eq!(suspicious(|new| new.hashes.clear(), hashed), []);
    let with_file = |component: &mut Component| component.distributions = vec![file("a.whl", "a")];
    let told = [(Aspect::Hash, format!("{a} (a.whl)"), format!("{b} (a.whl)"))];
    assert_eq!(suspicious(|new| new.distributions = vec![file("a.whl", "b")], with_file), told);
    assert_eq!(suspicious(|new| new.distributions.push(file("a.tar.gz", "b")), with_file), []);
    // With another version, other bytes are what one expects.
    let upgrade = |new: &mut Component| {
        new.hashes = [md5("b")].into();
        new.version = Some("2.0.0".into());
    };
    assert_eq!(suspicious(upgrade, hashed), []);
}

#[test]
fn another_supplier_or_source_of_the_same_version_is_suspicious() {
    let named = |name: &str| Some(Contact { name: Some(name.into()), ..Contact::default() });
    let supplied = |component: &mut Component| component.supplier = named("Acme");
    let told = [(Aspect::Supplier, "Acme".to_owned(), "Evil".to_owned())];
    assert_eq!(suspicious(|new| new.supplier = named("Evil"), supplied), told);
    assert_eq!(suspicious(|new| new.supplier = named("Evil"), |_| {}), [], "nothing was known before");
    let mirror = |new: &mut Component| new.source = Source::Registry("https://mirror.example".into());
    let told =
        [(Aspect::Source, "the public registry".to_owned(), "registry https://mirror.example".to_owned())];
    assert_eq!(suspicious(mirror, |_| {}), told);
    let git = |revision: &str| Source::Git {
        url: "https://g.example/a".into(),
        revision: Some(revision.into()),
        folder: None,
    };
    assert_eq!(suspicious(|new| new.source = git("b"), |old| old.source = git("a")), []);
}

#[test]
fn a_licence_is_compared_by_what_it_means() {
    let with = |text: &str| {
        let mut component = component("a", "1.0.0");
        component.declared_licence = LicenceText::parse(text);
        vec![component]
    };
    assert_eq!(told(with("MIT/Apache-2.0"), with("MIT OR Apache-2.0")), Vec::<String>::new());
    assert_eq!(told(with("MIT"), with("GPL-3.0-only")), ["a: Licence MIT GPL-3.0-only"]);
    assert_eq!(told(with("MIT"), with("")), ["a: Licence MIT ?"]);
    let mut dev = component("a", "1.0.0");
    dev.scope = Scope::Excluded;
    assert_eq!(told(vec![dev], vec![component("a", "1.0.0")]), ["a: Scope excluded required"]);
}

#[test]
fn the_product_is_told_apart() {
    let (old, mut new) = (document(vec![]), document(vec![]));
    assert!(diff(&old, &new).is_empty());
    let root = new.inventory.root().unwrap();
    new.inventory.get_mut(root).unwrap().version = Some("2".into());
    let result = diff(&old, &new);
    assert_eq!(result.product.unwrap().direction(), Some(Direction::Upgraded));
    assert!(result.added.is_empty() && result.removed.is_empty());
}

fn any() -> impl Strategy<Value = Vec<Component>> {
    let version = prop_oneof!["[0-9]\\.[0-9]", "[a-z]{3}", "[0-9a-f]{40}"];
    proptest::collection::vec((prop_oneof![Just("a"), Just("b")], version, proptest::bool::ANY), 0..8)
        .prop_map(|all| {
            let of = |(name, version, has_purl): (&str, String, bool)| {
                let mut component = component(name, &version);
                component.purl = component.purl.filter(|_| has_purl);
                component
            };
            all.into_iter().map(of).collect()
        })
}

proptest! {
    /// `told` checks that everything is counted once.
    #[test]
    fn everything_is_told_once_and_nothing_is_new_to_itself(old in any(), new in any()) {
        prop_assert_eq!(told(old.clone(), old.clone()), Vec::<String>::new());
        let there = told(old.clone(), new.clone());
        let back = told(new, old);
        let count = |lines: &[String], start: &str| lines.iter().filter(|line| line.starts_with(start)).count();
        prop_assert_eq!(count(&there, "+ "), count(&back, "- "));
        prop_assert_eq!(count(&there, "- "), count(&back, "+ "));
    }
}
