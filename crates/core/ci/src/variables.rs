//! Which environment variables later steps may be given.

/// What a name must not begin with: variables that decide which program runs, what it loads, whom it trusts, or what a runner does.
/// Compared without regard to case, since some systems have none in their variables.
const BEGINNINGS: &[&str] = &[
    "ACTIONS_",
    "AGENT_",
    "APT_",
    "AWS_",
    "AZURE_",
    "BASH",
    "BITBUCKET_",
    "BUILDKITE",
    "BUNDLE_",
    "CARGO",
    "CCACHE_",
    "CI_",
    "CIRCLE",
    "CLASSPATH",
    "CMAKE_",
    "COMPOSER_",
    "CORECLR_",
    "CURL_",
    "DENO_",
    "DOCKER_",
    "DOTNET_",
    "DYLD_",
    "ENDPOINT_",
    "FORGEJO_",
    "GCC_",
    "GCONV_",
    "GEM_",
    "GITEA_",
    "GITHUB_",
    "GITLAB_",
    "GIT_",
    "GLIBC_",
    "GNUPG",
    "GOBIN",
    "GOCACHE",
    "GOENV",
    "GOFLAGS",
    "GOINSECURE",
    "GOMOD",
    "GONO",
    "GOPATH",
    "GOPR",
    "GOROOT",
    "GOSUM",
    "GOTOOL",
    "GRADLE_",
    "HTTP",
    "IDF_",
    "INPUT_",
    "JAVA",
    "JDK_",
    "JENKINS_",
    "KUBE",
    "LC_",
    "LD_",
    "LESS",
    "LUA_",
    "LW_",
    "MAKE",
    "MALLOC_",
    "MAVEN_",
    "MSYS",
    "NODE",
    "NO_PROXY",
    "NPM_",
    "OPENSSL_",
    "PERL",
    "PHP",
    "PIP_",
    "PLATFORMIO_",
    "PS1",
    "PS4",
    "PYTHON",
    "RUBY",
    "RUNNER_",
    "RUST",
    "SCCACHE_",
    "SSH_",
    "SSL_",
    "SYSTEM",
    "TEAMCITY_",
    "TF_",
    "UV_",
    "VIRTUAL_ENV",
    "VSTS_",
    "YARN_",
    "_",
];

/// What a name must not end in: lists of folders and files to load from, options of programs, programs.
const ENDINGS: &[&str] = &[
    "PATH",
    "PATHEXT",
    "OPTIONS",
    "OPTS",
    "PRELOAD",
    "_PROXY",
    "HOME",
    "ASKPASS",
    "EDITOR",
    "PAGER",
    "SHELL",
    "STARTUP",
    "_COMMAND",
    "_TOKEN",
    "_KEY",
    "_SECRET",
    "_PASSWORD",
];

/// Names that are taken as a whole.
const WHOLE: &[&str] = &[
    "AR",
    "AS",
    "ARFLAGS",
    "BROWSER",
    "CC",
    "CDPATH",
    "CFLAGS",
    "CI",
    "COMSPEC",
    "CPP",
    "CPPFLAGS",
    "CXX",
    "CXXFLAGS",
    "DISPLAY",
    "ENV",
    "FC",
    "HOSTALIASES",
    "IFS",
    "INPUTRC",
    "LANG",
    "LANGUAGE",
    "LD",
    "LDFLAGS",
    "LIB",
    "LIBS",
    "LOCALDOMAIN",
    "LOGNAME",
    "NM",
    "OBJCOPY",
    "PATH",
    "PWD",
    "OLDPWD",
    "SDKROOT",
    "TEMP",
    "TERM",
    "TERMINFO",
    "TMP",
    "TMPDIR",
    "TZ",
    "TZDIR",
    "USER",
    "USERNAME",
    "USERPROFILE",
    "VISUAL",
    "WINDIR",
];

/// Names that the rules above would refuse, and that change nothing but what they are for: the macros of a build with PlatformIO.
const ALLOWED: &[&str] = &["PLATFORMIO_BUILD_FLAGS"];

/// Whether later steps may be given a variable of this name: an identifier that decides nothing but what its user makes of it.
#[must_use]
pub fn may_be_set(name: &str) -> bool {
    let is_identifier = name.len() <= 100
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_identifier {
        return false;
    }
    if ALLOWED.contains(&name) {
        return true;
    }
    let name = name.to_ascii_uppercase();
    !WHOLE.contains(&name.as_str())
        && !BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
        && !ENDINGS.iter().any(|ending| name.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_decide_something_are_refused() {
        for good in [
            "BUILD_VERSION",
            "BUILD_TIME",
            "APP_COMMIT",
            "v",
            "Firmware_Tag",
            "PLATFORMIO_BUILD_FLAGS",
            "IMAGE_TAG",
        ] {
            assert!(may_be_set(good), "{good}");
        }
        for bad in [
            "PATH",
            "Path",
            "LD_PRELOAD",
            "ld_library_path",
            "DYLD_INSERT_LIBRARIES",
            "NODE_OPTIONS",
            "GITHUB_TOKEN",
            "GITHUB_ENV",
            "RUNNER_TEMP",
            "BASH_ENV",
            "ENV",
            "IFS",
            "PYTHONPATH",
            "PYTHONSTARTUP",
            "PERL5OPT",
            "RUBYOPT",
            "GIT_SSH_COMMAND",
            "JAVA_TOOL_OPTIONS",
            "_JAVA_OPTIONS",
            "MAVEN_OPTS",
            "CC",
            "CXX",
            "RUSTC_WRAPPER",
            "CARGO_HOME",
            "LW_BIN",
            "INPUT_MAX",
            "ACTIONS_RUNTIME_TOKEN",
            "HTTPS_PROXY",
            "all_proxy",
            "PROMPT_COMMAND",
            "APP_PATH",
            "CMAKE_TOOLCHAIN_FILE",
            "MAKEFLAGS",
            "GOFLAGS",
            "TMPDIR",
            "PLATFORMIO_CORE_DIR",
            "",
            "1A",
            "A B",
            "A=B",
            "A<<B",
            "A\nB",
            "A\rB",
            "\u{e4}",
            "A-B",
            "A.B",
            "A\0",
        ] {
            assert!(!may_be_set(bad), "{bad:?}");
        }
    }
}
