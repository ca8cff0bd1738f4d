//! What the Python readers say, against what the managers themselves say.

use std::collections::{BTreeMap, BTreeSet};

use lw_dependencies::{MemoryTree, Problem};
use lw_inventory::{Completeness, Inventory, Scope, Source};
use lw_testkit::shared_fixture;
use serde_json::Value;

use crate::python_common::{
    all_reached, check, data, edges, label, names, of_scope, one, read, read_text, tree,
};

/// Components and edges of an export of uv, without the root that it makes up.
fn export(text: &str) -> (BTreeSet<String>, BTreeSet<(String, String)>) {
    let bom: Value = serde_json::from_str(text).unwrap();
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or("-").to_owned();
    let mut labels = BTreeMap::new();
    for component in bom["components"].as_array().unwrap() {
        let label = format!("{} {}", text(component, "name"), text(component, "version"));
        labels.insert(text(component, "bom-ref"), label);
    }
    let mut edges = BTreeSet::new();
    for entry in bom["dependencies"].as_array().unwrap() {
        let Some(from) = labels.get(&text(entry, "ref")) else { continue };
        for to in entry["dependsOn"].as_array().into_iter().flatten() {
            edges.insert((from.clone(), labels[to.as_str().unwrap()].clone()));
        }
    }
    (labels.into_values().collect(), edges)
}

fn set(lines: &[&str]) -> BTreeSet<String> {
    lines.iter().map(|line| (*line).to_owned()).collect()
}

#[test]
fn uv_is_what_uv_exports() {
    let tree = data("python/uv");
    let inventory = read(&tree, "uv", "uv.lock").unwrap();
    check(&inventory);
    all_reached(&inventory);
    let text = |file: &str| {
        String::from_utf8(lw_dependencies::Tree::read(&tree, file).unwrap().unwrap().into_owned())
    };
    let (components, exported) = export(&text("export.cdx.json").unwrap());
    let root = label(inventory.get(inventory.root().unwrap()).unwrap());
    assert_eq!(root, "fieldlog 0.3.0");
    let mut ours = names(&inventory);
    ours.insert(root);
    assert_eq!(ours, components);
    assert_eq!(edges(&inventory), exported);
    // What uv leaves out without groups and extras is what the product does not need.
    let (required, _) = export(&text("export-no-dev.cdx.json").unwrap());
    assert_eq!(of_scope(&inventory, Scope::Required), required);
    let optional = set(&["rich 15.0.0", "markdown-it-py 4.3.0", "mdurl 0.1.2", "pygments 2.21.0"]);
    assert_eq!(of_scope(&inventory, Scope::Optional), optional);
    let excluded = set(&["pytest 9.2.0", "packaging 26.4", "pluggy 1.7.0", "tomli-w 1.2.0"]);
    assert_eq!(of_scope(&inventory, Scope::Excluded), excluded);

    let direct = one(&inventory, "iniconfig");
    assert!(matches!(&direct.source, Source::Url(url) if url.ends_with("iniconfig-2.1.0-py3-none-any.whl")));
    assert!(
        direct
            .purl
            .as_ref()
            .unwrap()
            .to_string()
            .starts_with("pkg:pypi/iniconfig@2.1.0?download_url=https:%2F%2F")
    );
    for local in ["fieldlog-core", "plain-helper"] {
        let local = one(&inventory, local);
        assert!(
            local.source.is_local() && local.purl.is_none() && local.distributions.is_empty(),
            "{local:?}"
        );
    }
    let anyio = one(&inventory, "anyio");
    assert_eq!(anyio.purl.as_ref().unwrap().to_string(), "pkg:pypi/anyio@4.16.0");
    assert_eq!(anyio.distributions.len(), 2);
    assert_eq!(anyio.distributions.iter().filter(|file| file.is_source).count(), 1);
    assert!(
        anyio
            .distributions
            .iter()
            .all(|file| file.hashes.len() == 1 && file.url.is_some() && file.file.is_some())
    );
    assert_eq!(anyio.dependencies_known, Completeness::Complete);
    assert!(
        one(&inventory, "colorama")
            .properties
            .iter()
            .any(|property| property.value == "sys_platform == 'win32'")
    );
    let licence = inventory.get(inventory.root().unwrap()).unwrap().declared_licence.clone().unwrap();
    assert_eq!(licence.expression(), Some("MIT OR Apache-2.0"));
}

/// `name version` of the first two columns of a listing of Poetry's.
fn listed(text: &str) -> BTreeSet<String> {
    let words = text.lines().map(|line| {
        line.replace("(!)", "").split_whitespace().take(2).map(str::to_owned).collect::<Vec<_>>()
    });
    words.map(|words| words.join(" ").replace("jaraco.classes", "jaraco-classes").replace('_', "-")).collect()
}

/// The edges of `poetry show --tree`, by names: a package that stands there twice is drawn twice.
fn drawn(text: &str) -> BTreeSet<(String, String)> {
    let mut edges = BTreeSet::new();
    let mut above: Vec<String> = Vec::new();
    for line in text.lines() {
        let begin = line.find(|c: char| c.is_ascii_alphanumeric()).unwrap();
        let depth = line[..begin].chars().count() / 4;
        let name = line[begin..].split(' ').next().unwrap().replace(['.', '_'], "-");
        above.truncate(depth);
        if let Some(from) = above.last() {
            edges.insert((from.clone(), name.clone()));
        }
        above.push(name);
    }
    edges
}

fn poetry(version: &str) -> Inventory {
    let tree = data(&format!("python/poetry-{version}"));
    let inventory = read(&tree, "poetry", "poetry.lock").unwrap();
    check(&inventory);
    all_reached(&inventory);
    let text = |file: &str| {
        String::from_utf8(lw_dependencies::Tree::read(&tree, file).unwrap().unwrap().into_owned()).unwrap()
    };
    // Poetry 1.1 leaves out what this machine's markers exclude, also of the list of everything.
    let mut all = listed(&text("show-all.txt"));
    all.insert("colorama 0.4.6".to_owned());
    assert_eq!(names(&inventory), all, "{version}");
    let by_name = |label: &String| label.split(' ').next().unwrap().to_owned();
    let ours: BTreeSet<_> = edges(&inventory).iter().map(|(from, to)| (by_name(from), by_name(to))).collect();
    let (direct, ours): (BTreeSet<_>, BTreeSet<_>) =
        ours.into_iter().partition(|(from, _)| from == "fieldlog");
    assert_eq!(ours, drawn(&text("show-tree.txt")), "{version}");
    let tops = text("show-tree.txt");
    let tops = tops.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_alphanumeric()));
    let tops: BTreeSet<_> =
        tops.map(|line| line.split(' ').next().unwrap().replace(['.', '_'], "-")).collect();
    assert_eq!(direct.into_iter().map(|(_, to)| to).collect::<BTreeSet<_>>(), tops, "{version}");
    // Poetry's own list of the main group leaves out what this machine's markers exclude.
    let mut main = listed(&text("show-main.txt"));
    main.insert("colorama 0.4.6".to_owned());
    let mut ours = of_scope(&inventory, Scope::Required);
    ours.extend(of_scope(&inventory, Scope::Optional));
    assert_eq!(ours, main, "{version}");
    inventory
}

#[test]
fn poetry_is_what_poetry_shows() {
    for version in ["1.1", "2.0", "2.1"] {
        let inventory = poetry(version);
        assert_eq!(one(&inventory, "rich").scope, Scope::Optional);
        assert_eq!(one(&inventory, "pytest").scope, Scope::Excluded);
        assert_eq!(one(&inventory, "httpx").source, Source::PublicRegistry);
        assert_eq!(one(&inventory, "plain-helper").source, Source::Path("vendor/plain-helper".into()));
        assert!(one(&inventory, "plain-helper").purl.is_none());
        for (_, component) in
            inventory.iter().filter(|(_, component)| component.source == Source::PublicRegistry)
        {
            assert!(!component.distributions.is_empty(), "{version} {}", component.name);
            assert!(component.distributions.iter().all(|file| file.hashes.len() == 1 && file.file.is_some()));
        }
        assert!(inventory.unknowns.is_empty(), "{:?}", inventory.unknowns);
    }
}

fn json(tree: &MemoryTree, file: &str) -> Value {
    serde_json::from_slice(&lw_dependencies::Tree::read(tree, file).unwrap().unwrap()).unwrap()
}

#[test]
fn pipenv_is_what_pipenv_lists() {
    let tree = data("python/pipenv");
    let inventory = read(&tree, "pipenv", "Pipfile.lock").unwrap();
    check(&inventory);
    all_reached(&inventory);
    let listed = json(&tree, "graph.json");
    let mut listed: BTreeSet<_> =
        listed.as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect();
    // The lock holds "*" for what this machine's markers exclude, and no version of a folder.
    assert!(listed.remove("colorama 0.4.6") && listed.remove("plain-helper 0.1.0"));
    listed.extend(["colorama -".to_owned(), "plain-helper -".to_owned()]);
    let listed: BTreeSet<_> =
        listed.into_iter().map(|label| label.replace("zope.interface", "zope-interface")).collect();
    assert_eq!(names(&inventory), listed);
    let excluded =
        set(&["iniconfig 2.3.1", "packaging 26.4", "pluggy 1.7.0", "pygments 2.21.0", "pytest 9.2.0"]);
    assert_eq!(of_scope(&inventory, Scope::Excluded), excluded);
    let unknown: Vec<_> = inventory.unknowns.iter().map(|unknown| unknown.what.as_str()).collect();
    assert_eq!(unknown, ["colorama*"]);
    assert_eq!(one(&inventory, "plain-helper").source, Source::Path("vendor/plain-helper".into()));
    assert_eq!(one(&inventory, "anyio").distributions.len(), 2);
    let line = |name: &str| one(&inventory, name).places.first().unwrap().line;
    assert_eq!((line("anyio"), line("iniconfig")), (Some(17), Some(172)));
    assert_eq!(one(&inventory, "anyio").dependencies_known, Completeness::Incomplete);
}

#[test]
fn pylock_is_what_was_exported() {
    let inventory = read(&data("python/pylock"), "pylock", "pylock.toml").unwrap();
    check(&inventory);
    all_reached(&inventory);
    let uv = names(&read(&data("python/uv"), "uv", "uv.lock").unwrap());
    // Folders have no version here, and the project itself is one of them.
    let mut expected: BTreeSet<_> = uv
        .into_iter()
        .filter(|label| !label.starts_with("fieldlog") && !label.starts_with("plain"))
        .collect();
    expected.extend(["fieldlog -", "fieldlog-core -", "plain-helper -"].map(str::to_owned));
    assert_eq!(names(&inventory), expected);
    assert_eq!(one(&inventory, "anyio").distributions.len(), 2);
    assert_eq!(one(&inventory, "anyio").source, Source::PublicRegistry);
    assert!(matches!(one(&inventory, "iniconfig").source, Source::Url(_)));

    let inventory = read(&data("python/pylock-pip"), "pylock", "pylock.toml").unwrap();
    check(&inventory);
    assert_eq!(inventory.len(), 10);
    assert!(inventory.iter().skip(1).all(|(_, component)| component.source == Source::PublicRegistry));
}

#[test]
fn pylock_has_edges_scopes_and_versions_where_they_are_written() {
    let lock = "lock-version = '1.0'\ncreated-by = 'x'\n\
        [[packages]]\nname = 'a'\nversion = '1'\ndependencies = [{ name = 'b' }]\n\
        [[packages]]\nname = 'b'\nmarker = \"'dev' in dependency_groups\"\nwheels = [{ url = 'https://h/b-2.0-py3-none-any.whl', hashes = { sha256 = '0000000000000000000000000000000000000000000000000000000000000000' } }]\n\
        [[packages]]\nname = 'c'\nversion = '3'\nmarker = \"'fast' in extras\"\nvcs = { type = 'git', url = 'https://me@h/c', commit-id = 'abc' }\n\
        [[packages]]\nname = 'd'\n";
    let inventory = read_text("pylock", "pylock.toml", lock).unwrap();
    check(&inventory);
    all_reached(&inventory);
    assert_eq!(of_scope(&inventory, Scope::Excluded), set(&["b 2.0"]));
    assert_eq!(of_scope(&inventory, Scope::Optional), set(&["c 3"]));
    assert!(edges(&inventory).contains(&("a 1".to_owned(), "b 2.0".to_owned())));
    assert_eq!(inventory.dependencies(inventory.root().unwrap()).count(), 3);
    assert_eq!(inventory.unknowns.iter().map(|unknown| unknown.what.as_str()).collect::<Vec<_>>(), ["d"]);
    assert_eq!(one(&inventory, "a").dependencies_known, Completeness::Complete);
    assert_eq!(one(&inventory, "b").dependencies_known, Completeness::Incomplete);
    let error = read_text("pylock", "pylock.toml", &lock.replace("'b' }", "'z' }")).unwrap_err();
    assert_eq!(error.line, Some(3), "{error}");
    let error = read_text("pylock", "pylock.toml", "lock-version = '2.0'\npackages = []\n").unwrap_err();
    assert!(matches!(error.problem, Problem::Version { .. }));
}

#[test]
fn an_environment_is_what_pip_inspects() {
    let tree = data("python/environment");
    let inventory = read(&tree, "python-environment", "env/pyvenv.cfg").unwrap();
    check(&inventory);
    all_reached(&inventory);
    let normal = |name: &str| name.to_lowercase().replace(['_', '.'], "-");
    let listed = json(&tree, "pip-inspect.json");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let listed = listed.as_array().unwrap();
    let expected: BTreeSet<_> = listed
        .iter()
        .map(|one| format!("{} {}", normal(&text(&one["name"])), text(&one["version"])))
        .collect();
    assert_eq!(names(&inventory), expected);
    let name = |label: &str| label.split(' ').next().unwrap().to_owned();
    let root = inventory.root().unwrap();
    let direct: BTreeSet<_> =
        inventory.dependencies(root).map(|id| inventory.get(id).unwrap().name.clone()).collect();
    let mut asked: BTreeSet<_> =
        listed.iter().filter(|one| one["requested"] == true).map(|one| normal(&text(&one["name"]))).collect();
    // What `httpx[http2]` brought, on a command line that stands nowhere.
    asked.insert("h2".to_owned());
    assert_eq!(direct, asked);
    let mut drawn = BTreeSet::new();
    for one in json(&tree, "pipdeptree.json").as_array().unwrap() {
        for to in one[1].as_array().unwrap() {
            drawn.insert((normal(&text(&one[0])), normal(&text(to))));
        }
    }
    let ours = edges(&inventory).into_iter().map(|(from, to)| (name(&from), name(&to)));
    let ours: BTreeSet<_> = ours.filter(|(from, _)| from != "env").collect();
    assert_eq!(ours, drawn);
    let licence = |name: &str| one(&inventory, name).declared_licence.clone().map(|licence| licence.licence);
    use lw_inventory::Licence;
    assert_eq!(licence("h11"), Some(Licence::Id("MIT".into())));
    assert_eq!(licence("certifi"), Some(Licence::Id("MPL-2.0".into())));
    assert_eq!(licence("zope-interface"), Some(Licence::Id("ZPL-2.1".into())));
    let direct = one(&inventory, "iniconfig");
    assert!(matches!(&direct.source, Source::Url(url) if url.ends_with(".whl")));
    assert_eq!(direct.distributions[0].hashes.len(), 1);
    assert_eq!(one(&inventory, "plain-helper").source, Source::Path("plain-helper".into()));
    assert!(!format!("{inventory:?}").contains("someone"));
}

#[test]
fn an_environment_that_lost_something_says_so() {
    let site = "env/lib/python3.12/site-packages";
    let tree = MemoryTree::new([
        ("env/pyvenv.cfg".to_owned(), "version_info = 3.12.1.final.0\n".to_owned()),
        (
            format!("{site}/a-1.dist-info/METADATA"),
            "Name: a\nVersion: 1\nRequires-Dist: b; python_version < \"3.9\"\nRequires-Dist: c[x]\n"
                .to_owned(),
        ),
        (format!("{site}/b-1.dist-info/METADATA"), "Name: b\nVersion: 1\n\nVersion: 2\n".to_owned()),
        (
            format!("{site}/c-1.egg-info/PKG-INFO"),
            "Name: c\nVersion: 1\nRequires-Dist: b; extra == \"x\"\nRequires-Dist: b >= old < form\n"
                .to_owned(),
        ),
        (format!("{site}/d-1.dist-info/RECORD"), "d.py,,\n".to_owned()),
        (format!("{site}/e.egg-info"), "Summary: nothing\n".to_owned()),
    ]);
    let inventory = read(&tree, "python-environment", "env/pyvenv.cfg").unwrap();
    check(&inventory);
    assert_eq!(names(&inventory), set(&["a 1", "b 1", "c 1"]));
    let pair = |from: &str, to: &str| (from.to_owned(), to.to_owned());
    let expected = [pair("a 1", "c 1"), pair("c 1", "b 1"), pair("env -", "a 1")];
    assert_eq!(edges(&inventory), BTreeSet::from(expected));
    assert_eq!(inventory.unknowns.len(), 2);
    assert_eq!(one(&inventory, "c").dependencies_known, Completeness::Incomplete);
    let empty = read_text("python-environment", "env/pyvenv.cfg", "version = 3\n").unwrap_err();
    assert!(empty.to_string().contains("no package"), "{empty}");
}

#[test]
fn a_projects_own_environment_gives_its_packages_licences() {
    let lock = "version = 1\n[[package]]\nname = 'app'\nversion = '1'\nsource = { virtual = '.' }\ndependencies = [{ name = 'a' }]\n\
        [[package]]\nname = 'a'\nversion = '2'\nsource = { registry = 'https://pypi.org/simple' }\n";
    let metadata = |version: &str| {
        format!(
            "Name: A\nVersion: {version}\nLicense-Expression: MIT OR Apache-2.0\nSummary: It\nAuthor-email: An Author <a@b.example>\nProject-URL: Repository, https://me:pass@h/a\n"
        )
    };
    let read_with = |version: &str| {
        let tree = MemoryTree::new([
            ("uv.lock".to_owned(), lock.to_owned()),
            (".venv/pyvenv.cfg".to_owned(), "version_info = 3.12.1\n".to_owned()),
            (".venv/lib/python3.12/site-packages/a-2.dist-info/METADATA".to_owned(), metadata(version)),
        ]);
        read(&tree, "uv", "uv.lock").unwrap()
    };
    let inventory = read_with("2");
    let a = one(&inventory, "a");
    assert_eq!(a.declared_licence.as_ref().unwrap().expression(), Some("MIT OR Apache-2.0"));
    assert_eq!(a.authors[0].email.as_deref(), Some("a@b.example"));
    assert_eq!(a.references.first().unwrap().url, "https://h/a");
    assert_eq!(a.source, Source::PublicRegistry);
    // Another version's licence may be another.
    assert_eq!(one(&read_with("3"), "a").declared_licence, None);
}

/// Reads a lock of a foreign project, when it lies beside the checkout.
fn foreign(reader: &str, folder: &str, file: &str) -> Option<Inventory> {
    let inventory = read(&tree(&shared_fixture(folder)?), reader, file).unwrap();
    check(&inventory);
    Some(inventory)
}

#[test]
fn locks_of_other_projects_have_as_many_components_as_they_have_entries() {
    if let Some(inventory) = foreign("poetry", "sbom/python/poetry2", "poetry.lock") {
        assert_eq!(inventory.len(), 78);
        all_reached(&inventory);
        let root = inventory.get(inventory.root().unwrap()).unwrap();
        assert_eq!(label(root), "poetry 2.5.0.dev0");
        let core = one(&inventory, "poetry-core");
        assert!(matches!(&core.source, Source::Git { url, revision: Some(revision), .. }
            if url == "https://github.com/python-poetry/poetry-core.git" && revision.len() == 40));
        assert!(core.purl.as_ref().unwrap().to_string().contains("?vcs_url=git%2Bhttps:%2F%2Fgithub.com%2F"));
    }
    if let Some(inventory) = foreign("poetry", "sbom/python/poetry1", "poetry.lock") {
        assert_eq!(inventory.len(), 5);
        all_reached(&inventory);
        // No project says what it asks for.
        assert_eq!(
            inventory.get(inventory.root().unwrap()).unwrap().dependencies_known,
            Completeness::Incomplete
        );
    }
    if let Some(inventory) = foreign("uv", "sbom/python/uv-nested-extras", "uv.lock") {
        assert_eq!(inventory.len(), 41);
        all_reached(&inventory);
        assert_eq!(label(inventory.get(inventory.root().unwrap()).unwrap()), "testpkg 0.1.0");
    }
    if let Some(inventory) = foreign("pipenv", "sbom/python/pipenv", "Pipfile.lock") {
        assert_eq!(of_scope(&inventory, Scope::Required).len(), 4);
        assert_eq!(of_scope(&inventory, Scope::Excluded).len(), 2);
        let other = Source::Registry("https://test.pypi.org/simple".into());
        assert_eq!(one(&inventory, "aiodns").source, other);
    }
    if let Some(inventory) = foreign("pylock", "sbom/python/pylock", "pylock.toml") {
        // Ten entries: "ham 3.0.0" stands there twice, for two machines.
        assert_eq!(inventory.len(), 9);
        all_reached(&inventory);
        let ham = edges(&inventory).into_iter().filter(|(from, _)| from == "ham 3.0.0").count();
        assert_eq!(ham, 2);
    }
}

#[test]
fn uv_finds_what_is_nowhere_and_what_is_elsewhere() {
    let lock = |source: &str, more: &str| {
        format!(
            "version = 1\nrequires-python = '>=3'\n\n[[package]]\nname = 'app'\nversion = '1'\nsource = {{ editable = '.' }}\n\
             dependencies = [{{ name = 'a' }}]\n\n[[package]]\nname = 'a'\nversion = '2'\nsource = {{ {source} }}\n{more}"
        )
    };
    let source = |source: &str| {
        let inventory = read_text("uv", "sub/uv.lock", &lock(source, "")).unwrap();
        check(&inventory);
        let a = one(&inventory, "a");
        (a.source.clone(), a.purl.as_ref().map(ToString::to_string))
    };
    let (git, purl) =
        source("git = 'https://me:token@host/o/r.git?rev=v1&subdirectory=x%2Fy#0123456789abcdef'");
    let expected = Source::Git {
        url: "https://host/o/r.git".into(),
        revision: Some("0123456789abcdef".into()),
        folder: Some("x/y".into()),
    };
    assert_eq!(git, expected);
    let vcs = "git%2Bhttps:%2F%2Fhost%2Fo%2Fr.git%400123456789abcdef%23subdirectory%3Dx%2Fy";
    assert_eq!(purl.as_deref(), Some(format!("pkg:pypi/a@2?vcs_url={vcs}").as_str()));
    assert_eq!(source("path = '../wheels/a.whl'"), (Source::Path("wheels/a.whl".into()), None));
    assert_eq!(source("directory = 'lib'"), (Source::Path("sub/lib".into()), None));
    assert_eq!(source("editable = '/home/me/lib'"), (Source::Path("lib".into()), None));
    let (registry, purl) = source("registry = 'https://u:p@corp/simple/'");
    assert_eq!(registry, Source::Registry("https://corp/simple".into()));
    assert_eq!(purl.as_deref(), Some("pkg:pypi/a@2?repository_url=https:%2F%2Fcorp%2Fsimple"));
    let error = read_text(
        "uv",
        "uv.lock",
        &lock("registry = 'https://pypi.org/simple'", "dependencies = [{ name = 'b' }]\n"),
    );
    let error = error.unwrap_err();
    assert_eq!(
        (error.line, error.to_string()),
        (Some(10), "uv.lock:10: b is needed and has no entry".to_owned())
    );
    let error = read_text("uv", "uv.lock", "version = 2\n").unwrap_err();
    assert!(matches!(error.problem, Problem::Version { .. }));
    let error = read_text("uv", "uv.lock", "version = 1\n[[package]]\nname = \n").unwrap_err();
    assert_eq!(error.line, Some(3));
}

#[test]
fn a_workspace_without_a_project_has_its_members() {
    let lock = "version = 1\n[manifest]\nmembers = ['a', 'b']\n[manifest.dependency-groups]\ndev = [{ name = 'tool' }]\n\
        [[package]]\nname = 'a'\nversion = '1'\nsource = { editable = 'a' }\ndependencies = [{ name = 'x', version = '1', source = { registry = 'https://pypi.org/simple' } }]\n\
        [[package]]\nname = 'b'\nversion = '1'\nsource = { virtual = 'b' }\n[package.dev-dependencies]\ndev = [{ name = 'x', version = '2', source = { registry = 'https://pypi.org/simple' } }]\n\
        [[package]]\nname = 'tool'\nversion = '3'\nsource = { registry = 'https://pypi.org/simple' }\n\
        [[package]]\nname = 'x'\nversion = '1'\nsource = { registry = 'https://pypi.org/simple' }\n\
        [[package]]\nname = 'x'\nversion = '2'\nsource = { registry = 'https://pypi.org/simple' }\n";
    let inventory = read_text("uv", "ws/uv.lock", lock).unwrap();
    check(&inventory);
    all_reached(&inventory);
    assert_eq!(inventory.get(inventory.root().unwrap()).unwrap().name, "ws");
    assert_eq!(of_scope(&inventory, Scope::Required), set(&["a 1", "b 1", "x 1"]));
    assert_eq!(of_scope(&inventory, Scope::Excluded), set(&["tool 3", "x 2"]));
}

#[test]
fn requirements_are_what_was_exported() {
    let inventory = read(&data("python"), "requirements", "requirements/requirements.txt").unwrap();
    check(&inventory);
    all_reached(&inventory);
    // Without the development groups, and with the members as folders.
    let uv = read(&data("python/uv"), "uv", "uv.lock").unwrap();
    let mut expected = of_scope(&uv, Scope::Required);
    expected.extend(of_scope(&uv, Scope::Optional));
    expected.retain(|label| !label.starts_with("fieldlog-core") && !label.starts_with("plain-helper"));
    assert_eq!(names(&inventory), expected);
    assert_eq!(one(&inventory, "anyio").distributions.len(), 2);
    // Folders that lie elsewhere have no name here.
    assert_eq!(inventory.unknowns.len(), 2, "{:?}", inventory.unknowns);
    let root = inventory.get(inventory.root().unwrap()).unwrap();
    assert_eq!(root.dependencies_known, Completeness::Incomplete);
    assert!(edges(&inventory).iter().all(|(from, _)| *from == label(root)));
}

#[test]
fn requirements_have_their_whole_grammar() {
    let main = "\u{FEFF}# a comment\n\
        -r more/base.txt\n\
        --constraint=pins.txt\n\
        --index-url https://user:secret@index.example/simple/\n\
        Django[argon2, bcrypt]==5.0.1 ; python_version >= '3.10' \\\n    --hash=sha256:0000000000000000000000000000000000000000000000000000000000000000 \\\n    --hash sha256:1111111111111111111111111111111111111111111111111111111111111111  # why\n\
        loose>=2,<3\n\
        held\n\
        exact===1.0+local\n\
        star==1.*\n\
        name#not-a-comment @ https://x/y\n";
    let tree = |main: &str| {
        MemoryTree::new([
            ("requirements.txt", main),
            ("more/base.txt", "from_base==1.0\n-r ../other.txt\n"),
            (
                "other.txt",
                "url @ git+https://token@host/o/r@0123456789012345678901234567890123456789#subdirectory=s\n\
              https://u:p@host/files/wheel_name-2.0-py3-none-any.whl#sha256=2222222222222222222222222222222222222222222222222222222222222222\n\
              -e git+ssh://git@host/o/q.git@main#egg=Egg_Name\n./lib[extra]\n",
            ),
            ("lib/pyproject.toml", "[project]\nname = 'lib.of.ours'\nversion = '0.1'\n"),
            (
                "pins.txt",
                "held==7 --hash=sha256:3333333333333333333333333333333333333333333333333333333333333333\nunused==1\n",
            ),
        ])
    };
    let error = read(&tree(main), "requirements", "requirements.txt").unwrap_err();
    assert_eq!(error.line, Some(12), "{error}");
    let main = main.replace("name#not-a-comment @ https://x/y\n", "");
    let inventory = read(&tree(&main), "requirements", "requirements.txt").unwrap();
    check(&inventory);
    all_reached(&inventory);
    let expected = [
        "django 5.0.1",
        "egg-name -",
        "exact 1.0+local",
        "from-base 1.0",
        "held 7",
        "lib-of-ours 0.1",
        "loose -",
        "star -",
        "url -",
        "wheel-name 2.0",
    ];
    assert_eq!(names(&inventory), set(&expected));
    assert!(!format!("{inventory:?}").contains("secret") && !format!("{inventory:?}").contains("token"));
    let django = one(&inventory, "django");
    assert_eq!(django.distributions.len(), 2);
    assert_eq!(django.source, Source::Registry("https://index.example/simple".into()));
    let lines: Vec<_> = django.places.iter().map(|place| (place.file.as_str(), place.line)).collect();
    assert_eq!(lines, [("requirements.txt", Some(5))]);
    assert_eq!(one(&inventory, "held").distributions.len(), 1);
    assert_eq!(one(&inventory, "wheel-name").distributions[0].hashes.len(), 1);
    let unknown: Vec<_> = inventory.unknowns.iter().map(|unknown| unknown.what.as_str()).collect();
    assert_eq!(unknown.len(), 3, "{unknown:?}");
    assert!(unknown.contains(&"loose>=2,<3") && unknown.contains(&"star==1.*"));
}

#[test]
fn requirements_that_pip_would_refuse_are_refused_with_their_line() {
    let cases = [
        ("a==1\nb=2\n", 2),
        ("--frobnicate\n", 1),
        ("a\n\n-r missing.txt\n", 3),
        ("-r requirements.txt\n", 1),
        ("-r ../outside.txt\n", 1),
        ("a --hash=sha256:12\n", 1),
        ("-r\n", 1),
        ("a ; no marker\n", 1),
        ("a \\\n  \\\nb\n", 1),
        ("--hash=sha256:0000000000000000000000000000000000000000000000000000000000000000\n", 1),
    ];
    for (text, line) in cases {
        let error = read_text("requirements", "requirements.txt", text).unwrap_err();
        assert_eq!(error.line, Some(line), "{text:?}: {error}");
    }
    let utf16: Vec<u8> = "\u{FEFF}a==1\r\n# ä\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let inventory =
        read(&MemoryTree::new([("requirements.txt", utf16)]), "requirements", "requirements.txt").unwrap();
    assert_eq!(names(&inventory), set(&["a 1"]));
    let latin = b"a==1\n# \xe4\n".to_vec();
    let error = read(&MemoryTree::new([("requirements.txt", latin)]), "requirements", "requirements.txt")
        .unwrap_err();
    assert_eq!(error.line, Some(2));
    let empty = read_text("requirements", "requirements.txt", "\n \n").unwrap_err();
    assert!(matches!(empty.problem, Problem::Malformed { .. }));
}
