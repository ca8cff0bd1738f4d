//! The resources the stub holds, with the fields of v7 in the order the real API gives them.

/// A kind of field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A value.
    Plain,
    /// A point in time: milliseconds or a date go in, a date comes out.
    Time,
    /// The id of another resource's row.
    Link(&'static str),
    /// What the server works out, and nobody writes.
    Computed,
    /// A link the server works out.
    ComputedLink(&'static str),
}

/// A field.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
}

/// A resource.
#[derive(Debug)]
pub(crate) struct Resource {
    pub(crate) name: &'static str,
    pub(crate) fields: &'static [Field],
    /// Names by which others that link to this one are reached: the name, the resource, its link.
    pub(crate) reverse: &'static [(&'static str, &'static str, &'static str)],
    /// What must be unique together.
    pub(crate) unique: &'static [&'static str],
}

impl Resource {
    pub(crate) fn field(&self, name: &str) -> Option<Field> {
        self.fields.iter().find(|field| field.name == name).copied()
    }
}

const fn plain(name: &'static str) -> Field {
    Field { name, kind: Kind::Plain }
}

const fn time(name: &'static str) -> Field {
    Field { name, kind: Kind::Time }
}

const fn link(name: &'static str, to: &'static str) -> Field {
    Field { name, kind: Kind::Link(to) }
}

const fn computed(name: &'static str) -> Field {
    Field { name, kind: Kind::Computed }
}

const CREATED: Field = time("created_at");
const MODIFIED: Field = time("modified_at");

/// Every resource.
pub(crate) const RESOURCES: &[Resource] = &[
    Resource {
        name: "user",
        fields: &[CREATED, MODIFIED, plain("id"), plain("username")],
        reverse: &[],
        unique: &[],
    },
    Resource {
        name: "organization",
        fields: &[CREATED, MODIFIED, plain("id"), plain("name"), plain("handle")],
        reverse: &[("application", "application", "organization")],
        unique: &[],
    },
    Resource {
        name: "device_type",
        fields: &[CREATED, MODIFIED, plain("id"), plain("slug"), plain("name")],
        reverse: &[],
        unique: &[],
    },
    Resource {
        name: "application_type",
        fields: &[CREATED, MODIFIED, plain("id"), plain("name"), plain("slug")],
        reverse: &[],
        unique: &[],
    },
    Resource {
        name: "application",
        fields: &[
            CREATED,
            MODIFIED,
            plain("id"),
            link("actor", "actor"),
            plain("should_track_latest_release"),
            plain("is_of__class"),
            link("organization", "organization"),
            plain("app_name"),
            plain("slug"),
            link("is_for__device_type", "device_type"),
            link("should_be_running__release", "release"),
            link("application_type", "application_type"),
            plain("is_host"),
            plain("is_archived"),
            plain("uuid"),
            plain("is_public"),
        ],
        reverse: &[
            ("owns__device", "device", "belongs_to__application"),
            ("owns__release", "release", "belongs_to__application"),
            ("application_tag", "application_tag", "application"),
            ("application_config_variable", "application_config_variable", "application"),
        ],
        unique: &[],
    },
    Resource {
        name: "release",
        fields: &[
            CREATED,
            MODIFIED,
            plain("id"),
            link("belongs_to__application", "application"),
            plain("commit"),
            plain("composition"),
            plain("status"),
            plain("source"),
            plain("build_log"),
            plain("is_invalidated"),
            time("start_timestamp"),
            time("end_timestamp"),
            time("update_timestamp"),
            plain("release_version"),
            plain("contract"),
            plain("is_passing_tests"),
            time("is_finalized_at__date"),
            plain("phase"),
            computed("is_final"),
            computed("semver"),
            plain("semver_major"),
            plain("semver_minor"),
            plain("semver_patch"),
            plain("semver_prerelease"),
            plain("semver_build"),
            plain("variant"),
            plain("revision"),
            computed("raw_version"),
            computed("version"),
            plain("known_issue_list"),
            plain("note"),
            plain("invalidation_reason"),
        ],
        reverse: &[
            ("release_tag", "release_tag", "release"),
            ("is_running_on__device", "device", "is_running__release"),
            ("is_pinned_to__device", "device", "is_pinned_on__release"),
            ("should_be_running_on__application", "application", "should_be_running__release"),
        ],
        unique: &[],
    },
    Resource {
        name: "device",
        fields: &[
            CREATED,
            MODIFIED,
            plain("id"),
            link("actor", "actor"),
            plain("api_heartbeat_state"),
            time("changed_api_heartbeat_state_on__date"),
            plain("uuid"),
            plain("local_id"),
            plain("device_name"),
            plain("note"),
            link("is_of__device_type", "device_type"),
            link("belongs_to__application", "application"),
            plain("is_online"),
            time("last_connectivity_event"),
            plain("is_connected_to_vpn"),
            time("last_vpn_event"),
            time("is_locked_until__date"),
            plain("public_address"),
            plain("ip_address"),
            plain("mac_address"),
            plain("is_web_accessible"),
            plain("memory_usage"),
            plain("memory_total"),
            plain("storage_block_device"),
            plain("storage_usage"),
            plain("storage_total"),
            plain("cpu_usage"),
            plain("cpu_temp"),
            plain("is_undervolted"),
            plain("cpu_id"),
            link("is_running__release", "release"),
            plain("download_progress"),
            plain("status"),
            plain("os_version"),
            plain("os_variant"),
            computed("overall_status"),
            computed("overall_progress"),
            plain("supervisor_version"),
            plain("provisioning_progress"),
            plain("provisioning_state"),
            plain("api_port"),
            plain("api_secret"),
            link("is_managed_by__service_instance", "service_instance"),
            link("is_pinned_on__release", "release"),
            Field { name: "should_be_running__release", kind: Kind::ComputedLink("release") },
            link("should_be_operated_by__release", "release"),
            link("should_be_managed_by__release", "release"),
            plain("update_status"),
            time("last_update_status_event"),
        ],
        reverse: &[
            ("device_tag", "device_tag", "device"),
            ("device_config_variable", "device_config_variable", "device"),
        ],
        unique: &[],
    },
    Resource {
        name: "release_tag",
        fields: &[
            CREATED,
            MODIFIED,
            link("release", "release"),
            plain("tag_key"),
            plain("id"),
            plain("value"),
        ],
        reverse: &[],
        unique: &["release", "tag_key"],
    },
    Resource {
        name: "device_tag",
        fields: &[CREATED, MODIFIED, link("device", "device"), plain("tag_key"), plain("id"), plain("value")],
        reverse: &[],
        unique: &["device", "tag_key"],
    },
    Resource {
        name: "application_tag",
        fields: &[
            CREATED,
            MODIFIED,
            link("application", "application"),
            plain("tag_key"),
            plain("id"),
            plain("value"),
        ],
        reverse: &[],
        unique: &["application", "tag_key"],
    },
    Resource {
        name: "device_config_variable",
        fields: &[CREATED, MODIFIED, plain("id"), link("device", "device"), plain("name"), plain("value")],
        reverse: &[],
        unique: &["device", "name"],
    },
    Resource {
        name: "application_config_variable",
        fields: &[
            CREATED,
            MODIFIED,
            plain("id"),
            link("application", "application"),
            plain("name"),
            plain("value"),
        ],
        reverse: &[],
        unique: &["application", "name"],
    },
];

/// Resources of the real API that the stub does not hold: asked for, they are refused, where a name that nobody knows is answered
/// with 401 as the real API does.
pub(crate) const ELSEWHERE: &[&str] = &[
    "api_key",
    "application_environment_variable",
    "application_membership_role",
    "cpu_architecture",
    "device_environment_variable",
    "device_service_environment_variable",
    "device_type_alias",
    "image",
    "image_environment_variable",
    "image_install",
    "image_label",
    "organization_membership",
    "release_asset",
    "release_image",
    "scheduled_job_run",
    "service",
    "service_environment_variable",
    "service_install",
    "service_instance",
    "service_label",
    "team",
    "user__has__public_key",
    "user_application_membership",
];

/// A resource by its name.
pub(crate) fn resource(name: &str) -> Option<&'static Resource> {
    RESOURCES.iter().find(|resource| resource.name == name)
}
