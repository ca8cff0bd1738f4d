//! The floors of the house: what each knows, what it must never know, and which crate is on which. The test and the page
//! `ARCHITECTURE.md` are made from this one table.

/// A group of crates.
pub(crate) struct Floor {
    /// Its height; a crate imports lower floors only.
    pub(crate) number: u8,
    /// What its folder begins with; of several rows the first that fits counts.
    prefix: &'static str,
    /// The folder as people write it.
    pub(crate) folder: &'static str,
    /// What its crates know.
    pub(crate) knows: &'static str,
    /// What they must never know.
    pub(crate) never: &'static str,
}

/// The tools' floor.
pub(crate) const TOOLS: u8 = 5;

/// The floor of what nobody downloads.
pub(crate) const NEVER_SHIPPED: u8 = 7;

/// Every group of crates, from below.
pub(crate) const FLOORS: &[Floor] = &[
    Floor {
        number: 0,
        prefix: "crates/core/model",
        folder: "`crates/core/model`",
        knows: "what a report is; exact arithmetic of sizes, shares and limits; lines of large texts on their way to an output",
        never: "files, environment, clock, printing",
    },
    Floor {
        number: 0,
        prefix: "crates/core/rsa-constants",
        folder: "`crates/core/rsa-constants`",
        knows: "the two numbers a chip's multiplier needs beside an RSA modulus",
        never: "any format, any key",
    },
    Floor {
        number: 0,
        prefix: "crates/core/hashed",
        folder: "`crates/core/hashed`",
        knows: "maps and sets that are found by hash",
        never: "what is in them",
    },
    Floor {
        number: 0,
        prefix: "crates/core/inventory",
        folder: "`crates/core/inventory`",
        knows: "components, where they come from, which needs which; package URLs and licence expressions",
        never: "any file format, any package manager's files",
    },
    Floor {
        number: 0,
        prefix: "crates/core/syntax",
        folder: "`crates/core/syntax`",
        knows: "places in a text; XML element by element, without entities and of bounded depth; what is wrong with JSON; JSON, YAML and TOML as one tree for serde, within bounds",
        never: "what any element means",
    },
    Floor {
        number: 0,
        prefix: "crates/core/retry",
        folder: "`crates/core/retry`",
        knows: "whether, when and how often something that failed is tried again",
        never: "what is tried; sleeping, the clock, where randomness comes from",
    },
    Floor {
        number: 1,
        prefix: "crates/core/render",
        folder: "`crates/core/render`",
        knows: "how each format is written and escaped",
        never: "any CI, any tool",
    },
    Floor {
        number: 1,
        prefix: "crates/core/ci",
        folder: "`crates/core/ci`",
        knows: "each CI's outputs, annotations, summary, limits, escaping",
        never: "any report or tool; it returns *effects* and does nothing",
    },
    Floor {
        number: 1,
        prefix: "crates/core/secret",
        folder: "`crates/core/secret`",
        knows: "what a secret is, the names of its sources, every form it may leak in",
        never: "files, environment, printing, any key format",
    },
    Floor {
        number: 1,
        prefix: "crates/core/rollout",
        folder: "`crates/core/rollout`",
        knows: "what a rollout does next, given what its target looks like and what time it is",
        never: "any target, network, clock, files",
    },
    Floor {
        number: 1,
        prefix: "crates/core/",
        folder: "`crates/core/*`, a new one",
        knows: "arithmetic that several tools share: of versions, of times, of statistics",
        never: "files, environment, clock, printing",
    },
    Floor {
        number: 1,
        prefix: "crates/formats/history",
        folder: "`crates/formats/history`",
        knows: "of all formats the one that is a folder: it reads a repository, and only that",
        never: "the environment, a running git, anything that writes",
    },
    Floor {
        number: 1,
        prefix: "crates/formats/",
        folder: "`crates/formats/*`",
        knows: "bytes to a model, or a typed error with its position",
        never: "files, environment, other formats' crates",
    },
    Floor {
        number: 2,
        prefix: "crates/cli",
        folder: "`crates/cli`",
        knows: "environment, arguments, `lw.toml`, files, signals, clock, printing, exit codes",
        never: "what any tool does",
    },
    Floor {
        number: 2,
        prefix: "crates/signed",
        folder: "`crates/signed`",
        knows: "which signatures inside images and packages hold, and whose they are: formats and keys meet here",
        never: "files, environment, any tool",
    },
    Floor {
        number: 2,
        prefix: "crates/releases",
        folder: "`crates/releases`",
        knows: "what a release holds and asks of the next version: history, versions and messages meet here",
        never: "files, environment, any tool",
    },
    Floor {
        number: 2,
        prefix: "crates/project",
        folder: "`crates/project`",
        knows: "which parts a repository has, by the files of build tools, and what configuration and workflow fit them",
        never: "files, environment, any tool's code",
    },
    Floor {
        number: 2,
        prefix: "crates/services/http",
        folder: "`crates/services/http`",
        knows: "requests, their time limits and repetitions, and what may be sent where",
        never: "what a service means by its answer",
    },
    Floor {
        number: 2,
        prefix: "crates/loopback",
        folder: "`crates/loopback`",
        knows: "how a server talks on this machine, and how badly it can",
        never: "what any service means by its answer",
    },
    Floor {
        number: 3,
        prefix: "crates/balena-stub",
        folder: "`crates/balena-stub`",
        knows: "what Balena answers and what its devices do, from recordings of the real one",
        never: "files, environment, the client that is tested against it",
    },
    Floor {
        number: 3,
        prefix: "crates/github-stub",
        folder: "`crates/github-stub`",
        knows: "what GitHub answers, by its documentation and its OpenAPI description",
        never: "files, environment, the client that is tested against it",
    },
    Floor {
        number: 3,
        prefix: "crates/connect",
        folder: "`crates/connect`",
        knows: "which proxy, certificates and clock of a run are those of a client, and what CIs call them",
        never: "any service, any tool",
    },
    Floor {
        number: 3,
        prefix: "crates/services/",
        folder: "`crates/services/*`, a new one",
        knows: "one service each: its requests, its answers, its limits",
        never: "any tool, another service",
    },
    Floor {
        number: 4,
        prefix: "crates/github-client",
        folder: "`crates/github-client`",
        knows: "which repository, token and client of GitHub a run has, and what to do where one is missing",
        never: "what is asked of GitHub, any tool",
    },
    Floor {
        number: TOOLS,
        prefix: "crates/tools/",
        folder: "`crates/tools/*`",
        knows: "model and limits to a report",
        never: "`std::env`, printing, ending the process, another tool",
    },
    Floor {
        number: 6,
        prefix: "crates/lw",
        folder: "`crates/lw`",
        knows: "which tools there are, and the commands that are about them: what a machine lacks, how a repository begins",
        never: "how they work",
    },
    Floor {
        number: NEVER_SHIPPED,
        prefix: "crates/xtask",
        folder: "`crates/xtask`, `tests`, `benches`, `fuzz`",
        knows: "everything",
        never: "(never shipped)",
    },
    Floor { number: NEVER_SHIPPED, prefix: "tests", folder: "", knows: "", never: "" },
    Floor { number: NEVER_SHIPPED, prefix: "benches", folder: "", knows: "", never: "" },
    Floor { number: NEVER_SHIPPED, prefix: "fuzz", folder: "", knows: "", never: "" },
];

/// Where the testkit lies: it may know everything below the tools, and only tests may know it.
pub(crate) const TESTKIT: &str = "crates/testkit";

/// The floor of a crate, from the folder it lies in.
pub(crate) fn floor(folder: &str) -> Option<u8> {
    FLOORS.iter().find(|floor| folder.starts_with(floor.prefix)).map(|floor| floor.number)
}

/// What is wrong with one crate importing another, each named by its folder; `for_tests` is a dev-dependency.
pub(crate) fn problem(importer: &str, imported: &str, for_tests: bool) -> Option<String> {
    if for_tests {
        return None;
    }
    if imported == TESTKIT {
        return Some(format!("{importer} needs the testkit outside its tests"));
    }
    let own = if importer == TESTKIT { Some(TOOLS) } else { floor(importer) };
    match (own, floor(imported)) {
        (Some(own), Some(other)) if other < own || own == NEVER_SHIPPED => None,
        (None, _) => Some(format!("{importer} is on no floor: add it to crates/xtask/src/floors.rs")),
        _ => Some(format!("{importer} imports {imported}, which is on no lower floor")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_imports_lower_floors_only() {
        let allowed = [
            ("crates/core/render", "crates/core/model"),
            ("crates/formats/coverage", "crates/core/model"),
            ("crates/core/statistics", "crates/core/model"),
            ("crates/cli", "crates/formats/history"),
            ("crates/services/http", "crates/core/model"),
            ("crates/services/github", "crates/services/http"),
            ("crates/services/github", "crates/cli"),
            ("crates/tools/size-gate", "crates/services/github"),
            ("crates/tools/size-gate", "crates/cli"),
            ("crates/connect", "crates/cli"),
            ("crates/connect", "crates/services/http"),
            ("crates/github-client", "crates/services/github"),
            ("crates/github-client", "crates/connect"),
            ("crates/tools/size-gate", "crates/github-client"),
            ("crates/lw", "crates/tools/size-gate"),
            ("crates/xtask", "crates/lw"),
            ("tests", "crates/lw"),
            ("tests", "crates/xtask"),
            (TESTKIT, "crates/core/model"),
            (TESTKIT, "crates/balena-stub"),
            ("crates/balena-stub", "crates/loopback"),
            ("crates/github-stub", "crates/loopback"),
            ("crates/lw", "crates/balena-stub"),
        ];
        for (importer, imported) in allowed {
            assert_eq!(problem(importer, imported, false), None);
        }
        let forbidden = [
            ("crates/core/model", "crates/core/render"),
            ("crates/core/ci", "crates/core/render"),
            ("crates/formats/coverage", "crates/formats/history"),
            ("crates/core/ci", "crates/cli"),
            ("crates/cli", "crates/services/http"),
            ("crates/services/http", "crates/cli"),
            ("crates/services/github", "crates/services/registry"),
            ("crates/services/http", "crates/services/github"),
            ("crates/services/github", "crates/tools/size-gate"),
            ("crates/services/balena", "crates/balena-stub"),
            ("crates/balena-stub", "crates/services/balena"),
            ("crates/github-stub", "crates/services/github"),
            ("crates/services/github", "crates/github-client"),
            ("crates/connect", "crates/services/github"),
            ("crates/cli", "crates/tools/size-gate"),
            ("crates/tools/size-gate", "crates/tools/coverage-gate"),
            ("crates/tools/size-gate", "crates/lw"),
            ("crates/tools/size-gate", TESTKIT),
            (TESTKIT, "crates/tools/size-gate"),
            ("crates/elsewhere", "crates/core/model"),
            ("crates/cli", "crates/elsewhere"),
        ];
        for (importer, imported) in forbidden {
            assert!(problem(importer, imported, false).is_some(), "{importer} imports {imported}");
        }
        // What only tests need is never shipped.
        assert_eq!(problem("crates/core/model", "crates/cli", true), None);
    }
}
