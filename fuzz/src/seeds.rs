//! What every target begins with: the repository's own firmware and fixtures, sorted by the target that reads them.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Larger files make every run slow and teach the fuzzer little.
const MAX_SEED: u64 = 128 * 1024;

/// Small inputs no file of the repository has.
const WRITTEN: &[(&str, &str)] = &[
    (
        "partitions_csv",
        "nvs,data,nvs,0x9000,0x6000\nota,data,ota,,8K\na,app,ota_0,,1M\nb,app,ota_1,,-0x400000,encrypted:readonly\n",
    ),
    (
        "partitions_csv",
        "b,bootloader,primary,,\nt,partition_table,primary,,\nr,bootloader,recovery,,\nx,0x40,7,$A,${A}K\n",
    ),
    (
        "sketches",
        r#"{"commit_hash":"0","boards":[{"board":"arduino:avr:uno","sketches":[{"name":"a/Blink","compilation_success":true,"sizes":[{"name":"flash","maximum":32256,"current":{"absolute":444,"relative":1.38}},{"name":"RAM for global variables","maximum":"N/A","current":{"absolute":9,"relative":"N/A"}}]}]}]}"#,
    ),
    (
        "linker_script",
        "MEMORY { FLASH (rx) : ORIGIN = 0x08000000, LENGTH = 64K  RAM (xrw) : o = 0x20000000, l = 8K + 4 }",
    ),
    ("version_files", "0v1.2.3\n"),
    (
        "version_files",
        "1[package]\nname = \"a\"\nversion = '1.2.3'\n[dependencies]\nb = { path = \"b\", version = \"=1.2.3\" }\n",
    ),
    ("version_files", "2[[package]]\nname = \"a\"\nversion = \"1.2.3\"\ndependencies = [\"a 1.2.3\"]\n"),
    ("version_files", "3[project]\nversion = \"1.2.3rc1\"\n"),
    ("version_files", "5{\"version\":\"1.2.3\",\"packages\":{\"\":{\"version\":\"1.2.3\"}}}"),
    ("version_files", "6#[[ x ]]\nproject(a # b\n VERSION \"1.2.3\")\n"),
    ("version_files", "7version: '1.2.3' # x\n"),
    ("version_files", "9version = 1.2.3\n"),
    ("version_files", ":[env]\ncustom_version = 1.2.3\n"),
    ("version_files", ";/* x */\n#define A_VERSION \"1.2.3\"\n#define A_VERSION_MAJOR (1)\n"),
    ("demangle", "_ZN4core3fmt9Formatter3pad17h0123456789abcdefE"),
    ("demangle", "_RNvNtCs1234_7mycrate3foo3bar"),
    ("demangle", "_ZNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEE9_M_appendEPKcj.constprop.0"),
    ("demangle", "_ZN3net6SocketC2ERKS0_.isra.0.part.1.cold"),
    ("demangle", "libcore-0123456789abcdef.rlib(core-0123456789abcdef.core.0123456789abcdef-cgu.0.rcgu.o)"),
    (
        "diff",
        "diff --git a/old.c \"b/n\\303\\251.c\"\nsimilarity index 90%\nrename from old.c\nrename to \"n\\303\\251.c\"\n--- a/old.c\n+++ \"b/n\\303\\251.c\"\n@@ -3,2 +3,3 @@ f()\n-a\n+b\n \n+c\n\\ No newline at end of file\n",
    ),
    ("diff", "--- old/x.c\t2026-01-02\n+++ new/x.c\t2026-01-02\r\n@@ -1 +1,2 @@\r\n-o\r\n+n\r\n+m\r\n"),
    (
        "diff",
        "diff --git a/sub b/sub\nindex 1..2 160000\n--- a/sub\n+++ b/sub\n@@ -1 +1 @@\n-x\n+y\ndiff --git i/b/x w/b/x\nnew file mode 100644\n--- /dev/null\n+++ w/b/x\n@@ -0,0 +1 @@\n+x\n",
    ),
    (
        "coverage_merge",
        "SF:a.c\nFN:1,f\nFNDA:1,f\nBRDA:1,0,0,1\nBRDA:1,0,x,-\nDA:1,1\nend_of_record\n\n--and--\n<coverage line-rate='1'><packages><class name='a' filename='a.c'><lines><line number='1' hits='1' condition-coverage='50% (1/2)'/></lines></class></packages></coverage>\n--and--\nmode: set\na.c:1.1,2.3 1 1\n",
    ),
    (
        "lock_cargo",
        "version = 4\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\ndependencies = [\"b\"]\n[[package]]\nname = \"b\"\nversion = \"1.0.0\"\nsource = \"git+https://x/b?rev=1#2\"\n--manifest--\n[package]\nname = \"a\"\nversion.workspace = true\n[workspace]\nmembers = [\"x/*\"]\npackage.version = \"1.0.0\"\n[features]\ndefault = [\"dep:b\", \"b?/x\"]\n[target.'cfg(unix)'.dependencies]\nb = { git = \"https://x/b\", optional = true }\n",
    ),
    (
        "lock_yarn",
        "# yarn lockfile v1\n\n\"@a/b@^1\", c@npm:d@1:\n  version \"1.0.0\"\n  resolved \"https://registry.yarnpkg.com/d/-/d-1.0.0.tgz#0\"\n  optionalDependencies:\n    c \"npm:d@1\"\n--manifest--\n{\"dependencies\": {\"c\": \"npm:d@1\"}, \"workspaces\": [\"x/*\"]}",
    ),
    ("cargo_build", "{\"reason\":\"compiler-artifact\",\"package_id\":\"registry+https://x#a@1.0.0\"}\n"),
    ("cargo_build", "a v1.0.0 (proc-macro) (/x)\n"),
    (
        "package_seed",
        r#"{"manifest": {"version": "1", "board": "b", "size": 1, "checksums": {"md5": "93b885adfe0da089cdf634904fd59f71", "sha256": "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"}, "minimum_version": "1.0.0", "release_notes": "\u00fc \ud83d\ude80"}, "firmware": "00"}"#,
    ),
    (
        "package_seed",
        r#" { "x" : [ 1e3, null, "}" ] , "firmware" : "\u0045905" , "manifest" : { "size" : 2 } } "#,
    ),
    (
        "package_lw",
        r#"{"schema":"lw-package/1","version":"1.2.3","sequence":1,"images":[{"board":"a","kind":"esp-app","chip":{"name":"ESP32","id":0},"revisions":{"min":0,"max":399},"file":"images/a.bin","size":5,"sha256":"@0","deltas":[{"format":"bsdiff40","file":"deltas/a/0.bsdiff","size":5,"sha256":"@1","base":{"sha256":"@1","size":9},"target_sha256":"@0"}]}]}
--member--
images/a.bin
image
--member--
deltas/a/0.bsdiff
patch"#,
    ),
    (
        "history_lines",
        r#"{"schema":"lw-history/1","commit":"1111111111111111111111111111111111111111","time":1795249026,"figures":[{"tool":"size-gate","subject":"esp32","name":"image.bytes","value":812032,"unit":"bytes","whole":1048576,"direction":"lower","verdict":"pass","limits":[{"bound":"max","threshold":{"percent":90.0},"on_breach":"fail","outcome":"met"}]}]}
{"schema":"lw-history/1","commit":"2222222222222222222222222222222222222222","time":1795249030,"figures":[{"tool":"size-gate","subject":"esp32","name":"image.bytes","value":812030,"unit":"bytes","direction":"lower","verdict":"not-judged","limits":[{"bound":"max-growth","threshold":{"amount":5},"on_breach":"warn","outcome":"not-judged"}]}]}
"#,
    ),
    (
        "report_json",
        r#"{"schema":"lw-report/1","tool":{"name":"size-gate","version":"0"},"verdict":"pass","summary":"","measures":[{"name":"region.RAM.span","value":1,"unit":"bytes","whole":8,"baseline":0.5,"direction":"lower","limits":[{"bound":"max","threshold":{"percent":"90%"},"on_breach":"fail","outcome":"met","origin":"--max"}]}]}"#,
    ),
    (
        "signature_file",
        "untrusted comment: signature from minisign secret key\nRURD6cDmVWeQgWdL0ypnJEW27Dx4oUegbc38zMiYt2F8+3DC1kGwTmiMCAMg9NiC0/A4cwNYMHyxqQS0KqaUoQtn/A2cneZp5AM=\ntrusted comment: version:1.2.3 board:s3\nDPp7i+ep/FGnFCf/XpFhXGWBZByguU6OIbeDimxfaWoiNwkj6cR95cQbiL2Bdepa0TCygseR+UzqavODr23HBQ==\n",
    ),
    (
        "signature_file",
        "untrusted comment: verify with s.pub\nRWReuMFOuQ3xyDWmkvdkc7d1v8JA+cH9QYrKP6Kre2maMwzWuB66zsplgQjlH3VIfpriEBCSbLYsJVMcTyUY3Q2JQl6uxopjOAY=\n",
    ),
    (
        "signature_file",
        "-----BEGIN SSH SIGNATURE-----\nU1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgcCaKDOuz4inVc9mrE7oWWG4Ur+\nWIi9ukTGo8BxNDLvcAAAAGbHctb3RhAAAAAAAAAAZzaGE1MTIAAABTAAAAC3NzaC1lZDI1\nNTE5AAAAQGk1V2FktEFQmdwX1qqGH4mi48iHzRx4rHDVHD8NHrzBwKVtB2Vaj9WBkEvFdk\nHlpjU9JbDRSRufWETypaShhQ8=\n-----END SSH SIGNATURE-----\n",
    ),
    (
        "dsse",
        r#"{"payloadType":"application/vnd.in-toto+json","payload":"e30=","signatures":[{"keyid":"a","sig":"AAAA"}]}"#,
    ),
    (
        "dsse",
        r#"{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"a","digest":{"sha256":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}}],"predicateType":"https://slsa.dev/provenance/v1","predicate":{"buildDefinition":{"buildType":"https://actions.github.io/buildtypes/workflow/v1","externalParameters":{"workflow":{"repository":"https://example.com/a"}}}}}"#,
    ),
    ("dsse", r#"{"bomFormat":"CycloneDX","version":1}"#),
    ("balena_build", "**/*.log\n!keep.log\n# text\n/target\n"),
    (
        "balena_build",
        "version: '2'\nservices:\n  main:\n    build:\n      context: ./main\n      dockerfile: Dockerfile.%%BALENA_MACHINE_NAME%%\n",
    ),
    (
        "balena_build",
        "[{\"message\":\"\\u001b[36m[main]\\u001b[39m Step 1/2\",\"replace\":true},{\"resource\":\"cursor\",\"value\":\"erase\"},{\"type\":\"metadata\",\"resource\":\"buildLogId\",\"value\":1},{\"message\":\"no\",\"isError\":true}]",
    ),
    (
        "bom_merge",
        "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"version\":1,\"metadata\":{\"component\":{\"type\":\"firmware\",\"bom-ref\":\"a\",\"name\":\"a\",\"version\":\"1\"}},\"components\":[{\"type\":\"library\",\"bom-ref\":\"b\",\"name\":\"b\",\"version\":\"2\",\"purl\":\"pkg:cargo/b@2\",\"licenses\":[{\"license\":{\"id\":\"MIT\"}}]}],\"dependencies\":[{\"ref\":\"a\",\"dependsOn\":[\"b\"]}]}\0{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.5\",\"version\":1,\"metadata\":{\"component\":{\"type\":\"application\",\"bom-ref\":\"c\",\"name\":\"c\"}},\"components\":[]}",
    ),
    (
        "build_environments",
        "[platformio]\ndefault_envs = a\n[env]\nplatform = x\n[env:a]\nboard = b\nextends = env:c\n[env:c]\n",
    ),
    ("build_environments", "[tox]\nenv_list = py3{9,10}-{a,b}, lint\n[testenv:docs]\ndeps = x\n"),
    (
        "build_environments",
        "[package]\nname = \"a\"\nversion = \"1.0.0\"\n[features]\ndefault = [\"b\"]\nb = []\n",
    ),
    ("build_environments", "@nox.session(python=[\"3.9\", \"3.10\"])\ndef tests(session):\n    pass\n"),
    (
        "conventional_message",
        "feat(api)!: a new way\n\nText of it.\n\nBREAKING CHANGE: the old way is gone\nRefs: #12\nReviewed-by: A <a@example.org>\n",
    ),
    (
        "conventional_message",
        "Merge things (#7)\n\n* fix(core): y\n\n* feat!(api): z\n\nBREAKING-CHANGE #x\n",
    ),
    ("figures_gocyclo", "9 main (*T).run cmd/main.go:10:1\n2 main main cmd/main.go:3:1\nAverage: 5.5\n"),
    (
        "figures_jscpd",
        r#"{"statistics": {"total": {"lines": 37, "tokens": 307, "sources": 2, "clones": 1, "duplicatedLines": 4, "duplicatedTokens": 9, "percentage": 10.81, "percentageTokens": 3, "newDuplicatedLines": 0, "newClones": 0}, "formats": {}}, "duplicates": []}"#,
    ),
    (
        "figures_lizard",
        "13,3,88,1,13,\"wheel@5-17@src/palette.cpp\",\"src/palette.cpp\",\"wheel\",\"wheel( uint8_t step)\",5,17\n4,1,61,2,4,\"dimmed@19-22@src/palette.cpp\",\"src/palette.cpp\",\"dimmed\",\"dimmed( Colour colour , uint8_t brightness)\",19,22\n",
    ),
    (
        "figures_metrics",
        r#"{"coverage": 82.5, "binary_size": 1048576, "text": "80", "none": null, "yes": true, "list": [1], "deep": {"ram": 7}, "fell": -3}"#,
    ),
    ("figures_pick", "/totals/a~1b/1\n{\"totals\": {\"percent\": 81.25, \"a/b\": [1, 2], \"text\": \"81\"}}"),
    ("figures_pick", "size=10\nname,size,note\na,10,x\n\"b \"\"c\"\"\",30.5,\"two\nlines\"\nd,20,\n"),
    (
        "figures_radon",
        r#"{"a.py": [{"type": "function", "rank": "A", "lineno": 1, "col_offset": 0, "endline": 4, "name": "f", "complexity": 3, "closures": []}], "b.py": {"mi": 61.5, "rank": "A"}}"#,
    ),
    (
        "figures_scc",
        r#"[{"Name":"Rust","Bytes":120,"CodeBytes":0,"Lines":12,"Code":9,"Comment":1,"Blank":2,"Complexity":3,"Count":1,"WeightedComplexity":0,"Files":[]}]"#,
    ),
    (
        "figures_sonar",
        r#"{"projectStatus":{"status":"OK","conditions":[{"status":"OK","metricKey":"new_coverage","comparator":"LT","errorThreshold":"80","actualValue":"82.50562381034781"},{"status":"NO_VALUE","metricKey":"x","comparator":"GT","errorThreshold":"3"}]}}"#,
    ),
    (
        "figures_sonar",
        r#"{"qualityGate":{"name":"Sonar way","status":"ERROR","conditions":[{"metric":"coverage","operator":"LESS_THAN","value":"0.0","status":"ERROR","errorThreshold":"80"}]}}"#,
    ),
    (
        "purl",
        "pkg:maven/org.apache.commons/io@1.3.4?classifier=sources&repository_url=https%3A%2F%2Fx.org%2Fa#src/main",
    ),
    ("purl", "pkg:npm/%40angular/cli@1.0.0-rc.1"),
    ("purl", "pkg:GitHub/Package-URL/purl-Spec@244fd47e07d1004f0aed9c"),
    (
        "results_quarantine",
        "[[test]]\ntest = \"net::*\"\nsuite = \"unit\"\nowner = \"a@example.org\"\nuntil = \"2027-01-31\"\nreason = \"the router\"\n",
    ),
    (
        "results_store",
        "{\"schema\":\"lw-test-store/1\",\"title\":\"unit\",\"tests\":2}\n00000000000000000000000000000001 p1 12\n00000000000000000000000000000002 f3 0\n",
    ),
    ("retry_after", "120\0\0\0\0\0\0\0\0\u{3}"),
    ("retry_after", "Fri, 31 Dec 1999 23:59:59 GMT\0\0\0\0\0\0\0\0\u{1d}"),
    (
        "rollout_journal",
        "{\"v\":1,\"seq\":0,\"at\":5,\"event\":{\"begun\":{\"command\":\"deploy\",\"release\":\"1\",\"strategy\":\"a\"}}}\n{\"v\":1,\"seq\":1,\"at\":6,\"event\":\"done\"}\n{\"v\":1,\"seq\":2,\"at\":7,\"event\":{\"failed\":\"no\"}}\n{\"v\":1,\"seq\":3,\"at\":8,\"event\":{\"ended\":{\"code\":1}}}\n",
    ),
    (
        "tag_rules",
        "type=semver,pattern={{version}},value=v1.2.3,enable=true\ntype=ref,event=branch,prefix=pr-\ntype=raw,value=x,priority=9\n",
    ),
    (
        "tag_rules",
        "type=match,pattern=v(\\d+).(\\d+),group=1\ntype=schedule,pattern={{date 'YYYYMMDD-hhmmss' tz='Asia/Tokyo'}}\ntype=sha,format=long",
    ),
    ("tag_rules", "latest=auto\nprefix=a-,onlatest=true\nsuffix=-b"),
    ("tag_rules", "name=ghcr.io/org/app,enable={{is_default_branch}}\n/^v(.*)$/i"),
    (
        "vcpkg",
        "{\"name\":\"a\",\"version\":\"1.0.0\",\"dependencies\":[\"fmt\",{\"name\":\"zlib\",\"features\":[\"x\"],\"platform\":\"!windows\"}]}\n--manifest--\nPackage: fmt\nVersion: 10.0.0\nPort-Version: 1\nDepends: vcpkg-cmake:x64-linux\nArchitecture: x64-linux\nMulti-Arch: same\nStatus: install ok installed\n\n",
    ),
    (
        "json",
        "{\"a\":[null,true,-1,18446744073709551615,-0.5e-3,1e400,\"x\\n\\ud83d\\ude00\",{\"b\":{}}],\n\"a\": [[]]}",
    ),
    (
        "tree",
        "a: &x {b: [1, 0x10, ~, 'c'], d: !!str 1}\n<<: [*x, {e: >-\n  f\n}]\n---\n- *x\n- ? g\n  : 1.5\n",
    ),
    ("tree", "a.b = 1\n[c]\nd = [1.5, 0xff, {e = 2024-01-31}]\n[[f]]\n\"g\\n\" = '''\nh'''\n"),
    (
        "workflow_needs",
        r#"{"build":{"result":"success","outputs":{}},"test":{"result":"failure","outputs":{"a":"b"}},"lint":{"result":"skipped","outputs":{}}}"#,
    ),
];

/// The seeds of each target, in the same order each time.
///
/// # Errors
/// A file of the repository cannot be read, or a seed that is computed cannot be made.
pub fn seeds() -> io::Result<BTreeMap<&'static str, Vec<Vec<u8>>>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for part in ["examples", "crates", "schemas"] {
        find(&root.join(part), &mut files)?;
    }
    #[allow(clippy::disallowed_methods, reason = "no binary that is shipped has it")]
    files.sort();
    let mut seeds: BTreeMap<&'static str, Vec<Vec<u8>>> = BTreeMap::new();
    let mut seed = |target: &'static str, bytes: &[u8]| seeds.entry(target).or_default().push(bytes.to_vec());
    for (target, text) in WRITTEN {
        seed(target, text.as_bytes());
    }
    let hex = b":020000040800F2\n:040000006162636472\n:0400000500000100F6\n:00000001FF\n".to_vec();
    for (target, file) in [("esp_image", image()), ("mcuboot", mcuboot()), ("uf2", uf2()), ("intel_hex", hex)]
    {
        seed(target, &file);
        // Pieces of 64 bytes, and no format expected.
        seed("image_stream", &[&[63, 0xFF], &file[..]].concat());
    }
    seed("package_lw", &compressed());
    seed("archive_zip", &zip());
    for (target, bytes) in signed()? {
        seed(target, &bytes);
    }
    for (target, bytes) in deltas() {
        seed(target, &bytes);
    }
    let mut last: Option<Vec<u8>> = None;
    for file in files {
        let bytes = fs::read(&file)?;
        if let Some(target) = coverage(&file) {
            seed(target, &bytes);
            // Neighbours, which often are of one program.
            if let Some(last) = last.take_if(|last| (last.len() + bytes.len()) as u64 <= MAX_SEED) {
                seed("coverage_merge", &[&last[..], b"\n--and--\n", &bytes].concat());
            }
            last = Some(bytes);
            continue;
        }
        for target in targets(&file, &bytes) {
            seed(target, &bytes);
        }
        // An ELF file and the map of the same link, apart by the line the target splits at.
        if let ("elf", Ok(map)) = (extension(&file), fs::read(file.with_extension("map")))
            && (bytes.len() + map.len()) as u64 <= MAX_SEED
        {
            seed("elf_and_map", &[&bytes[..], b"\n--map--\n", &map].concat());
        }
    }
    Ok(seeds)
}

/// The files below a folder that are small enough, build output left out.
fn find(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() && entry.file_name() != "target" {
            find(&entry.path(), files)?;
        } else if kind.is_file() && entry.metadata()?.len() <= MAX_SEED {
            files.push(entry.path());
        }
    }
    Ok(())
}

fn extension(file: &Path) -> &str {
    file.extension().and_then(|extension| extension.to_str()).unwrap_or_default()
}

/// Which target reads this report of coverage, if it is one and not what a test expects of one.
fn coverage(file: &Path) -> Option<&'static str> {
    let name = file.to_string_lossy();
    let is_fixture = file.components().any(|part| part.as_os_str() == "coverage");
    match extension(file) {
        "info" | "lcov" => Some("coverage_lcov"),
        "out" => Some("coverage_text"),
        "xml" if is_fixture => Some("coverage_xml"),
        "json" if is_fixture && !name.ends_with(".expected.json") => Some("coverage_json"),
        _ => None,
    }
}

/// Which targets read such a file.
fn targets(file: &Path, bytes: &[u8]) -> Vec<&'static str> {
    if file.parent().is_some_and(|folder| folder.ends_with("tests/data/keys")) {
        return vec!["key_file"];
    }
    if file.to_string_lossy().replace('\\', "/").contains("formats/results/tests/fixtures") {
        return results(file).into_iter().collect();
    }
    match file.file_name().and_then(|name| name.to_str()) {
        Some("Cargo.lock") => return vec!["lock_cargo"],
        Some("platformio.ini" | "dependencies.lock" | ".gitmodules") => return vec!["lock_firmware"],
        Some("package-lock.json") => return vec!["lock_npm"],
        Some("yarn.lock") => return vec!["lock_yarn"],
        Some("pnpm-lock.yaml") => return vec!["lock_pnpm"],
        Some("uv.lock") => return vec!["lock_uv"],
        Some("poetry.lock") => return vec!["lock_poetry"],
        Some("Pipfile.lock") => return vec!["lock_pipenv"],
        Some("pylock.toml") => return vec!["lock_pylock"],
        Some("requirements.txt") => return vec!["requirements"],
        Some("go.mod") => return vec!["go_mod"],
        Some("conan.lock") => return vec!["conan_lock"],
        Some("conanfile.txt") => return vec!["conanfile"],
        Some("vcpkg.json") => return vec!["vcpkg"],
        Some("METADATA") => return vec!["python_metadata"],
        Some("buildinfo.bin") => return vec!["go_binary"],
        _ => {}
    }
    match extension(file) {
        "elf" => vec!["elf"],
        "map" => vec!["map"],
        "ld" | "x" => vec!["linker_script"],
        "csv" => vec!["partitions_csv"],
        "diff" => vec!["diff"],
        "bin" if bytes.starts_with(&[0xAA, 0x50]) => vec!["partitions_bin"],
        "bin" if bytes.starts_with(&[0xE9]) => vec!["esp_image"],
        "json" if file.components().any(|part| part.as_os_str() == "bom") => vec!["bom"],
        "json" if bytes.windows(12).any(|window| window == b"lw-report/1\"") => vec!["report_json"],
        _ => Vec::new(),
    }
}

/// Which target reads these test results.
fn results(file: &Path) -> Option<&'static str> {
    let name = file.file_name()?.to_str()?;
    Some(match extension(file) {
        "trx" => "results_trx",
        "tap" => "results_tap",
        "list" => "results_expect",
        "xml" if name.starts_with("nunit") => "results_nunit",
        "xml" if name.starts_with("xunit") => "results_xunit",
        "xml" => "results_junit",
        "json" if name.starts_with("go") => "results_go",
        "json" if name.starts_with("libtest") => "results_libtest_json",
        "json" if name.starts_with("platformio") => "results_platformio",
        "json" => "results_twister",
        "log" if name.starts_with("ztest") => "results_ztest",
        "log" => "results_unity",
        "txt" if name.starts_with("pre-commit") => "results_precommit",
        "txt" => "results_libtest_text",
        _ => return None,
    })
}

/// The smallest image: one empty segment, no digest.
fn image() -> Vec<u8> {
    let mut image = vec![0; 48];
    image[..4].copy_from_slice(&[0xE9, 1, 2, 0x20]);
    image[12] = 5;
    image[47] = 0xEF;
    image
}

/// An image whose signature is over itself, so that it needs no hash.
fn mcuboot() -> Vec<u8> {
    let mut image =
        vec![0x3D, 0xB8, 0xF3, 0x96, 0, 0, 0, 0, 32, 0, 12, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 0, 4, 0];
    image.resize(32 + 8, 0);
    image.extend([0x08, 0x69, 12, 0, 0x50, 0, 4, 0, 7, 0, 0, 0]);
    image.extend([0x07, 0x69, 9, 0, 0x25, 0, 1, 0, 1]);
    image
}

/// A sector of two blocks, and an image of MCUboot with two signatures.
fn signed() -> io::Result<Vec<(&'static str, Vec<u8>)>> {
    use lw_signature::secure_boot_v2::{Covered, Limits, assemble, sign_block};
    use lw_signature::{KeyKind, PrivateKey, Signer, mcuboot};
    let p256 = PrivateKey::from_scalar(KeyKind::EcdsaP256, &[9; 32]).map_err(io::Error::other)?;
    let p384 = PrivateKey::from_scalar(KeyKind::EcdsaP384, &[9; 48]).map_err(io::Error::other)?;
    let ed25519 = PrivateKey::from_ed25519_seed(&[9; 32]).map_err(io::Error::other)?;
    let covered = Covered::of(&[]);
    let block = |key| sign_block(key, &covered).map_err(io::Error::other);
    let blocks = [block(&p256)?, block(&p384)?];
    let mut seeds = Vec::new();
    for blocks in [&blocks[..1], &blocks[1..], &blocks] {
        let sector = assemble(blocks, &covered, &Limits::ANY).map_err(io::Error::other)?;
        seeds.push(("signature_sector", sector.to_vec()));
    }
    let parameters = mcuboot::Parameters { header_size: 32, pad_header: true, ..Default::default() };
    let prepared = parameters.prepare(3).map_err(io::Error::other)?;
    let image = prepared.digest(b"abc").map_err(io::Error::other)?.without_tlvs();
    for key_format in [mcuboot::KeyFormat::Hash, mcuboot::KeyFormat::Full] {
        let options = mcuboot::Options { key_format, ..Default::default() };
        let signers: [&dyn Signer; 2] = [&p256, &ed25519];
        let area = mcuboot::sign(&image, &signers, options).map_err(io::Error::other)?;
        let file = [&prepared.header[..], b"abc", &prepared.protected, &area].concat();
        seeds.extend([("mcuboot_signatures", file.clone()), ("mcuboot", file)]);
    }
    Ok(seeds)
}

/// One block for the RP2040.
fn uf2() -> Vec<u8> {
    let words: [u32; 8] = [0x0A32_4655, 0x9E5D_5157, 0x2000, 0x1000_0000, 256, 0, 1, 0xE48B_FF56];
    let mut block: Vec<u8> = words.into_iter().flat_map(u32::to_le_bytes).collect();
    block.resize(508, 7);
    block.extend(0x0AB1_6F30u32.to_le_bytes());
    block
}

/// A package of one image, `abc` in a Zstandard frame, as the target takes packages apart.
fn compressed() -> Vec<u8> {
    let manifest = br#"{"schema":"lw-package/1","version":"1","images":[{"board":"b","kind":"binary",
"file":"images/b.bin.zst","size":3,"sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
"encoding":{"name":"zstd","size":12,"sha256":"@0"}}]}"#;
    let frame = b"\x28\xB5\x2F\xFD\x00\x58\x19\x00\x00abc";
    [&manifest[..], b"\n--member--\nimages/b.bin.zst\n", frame].concat()
}

/// An archive of one file, `abc`, as it is.
fn zip() -> Vec<u8> {
    // From the version that is needed to the length of what follows the name: no flags, stored, 1980, CRC-32 and both sizes.
    let header = b"\x14\0\0\0\0\0\0\0\x21\0\xC2\x41\x24\x35\x03\0\0\0\x03\0\0\0\x01\0\0\0";
    let local = [b"PK\x03\x04", &header[..], b"aabc"].concat();
    let central = [b"PK\x01\x02\x14\0", &header[..], &[0; 14], b"a"].concat();
    let end = b"PK\x05\x06\0\0\0\0\x01\0\x01\0\x2F\0\0\0\x22\0\0\0\0\0";
    [&local[..], &central, end].concat()
}

/// Patches of every encoding to the base of their target, and what they were made of.
fn deltas() -> Vec<(&'static str, Vec<u8>)> {
    use lw_delta::{Encoding, create, detools::Compression};
    let base: Vec<u8> = (0..2048u32).map(|place| ((place * place) >> 4) as u8).collect();
    let mut target = [&base[700..1400], b"something new", &base[..700], &[0; 100]].concat();
    target.iter_mut().step_by(97).for_each(|byte| *byte = byte.wrapping_add(3));
    let encodings = [
        Encoding::Detools(Compression::None),
        Encoding::Detools(Compression::Crle),
        Encoding::Detools(Compression::Heatshrink(Default::default())),
        Encoding::esp_delta([0xE5; 32]),
        Encoding::Bsdiff40,
    ];
    let patches = encodings.iter().map(|encoding| create(&base, &target, encoding).unwrap_or_default());
    let mut seeds: Vec<_> = patches.map(|patch| ("delta_apply", patch)).collect();
    seeds.push(("delta_roundtrip", [&base[..], b"--to--", &target].concat()));
    seeds.push(("delta_roundtrip", [&[0; 300][..], b"--to--", &[0; 200], b"x", &[0; 99]].concat()));
    seeds
}
