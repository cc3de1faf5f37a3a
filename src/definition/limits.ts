/** Every bound on what a definition may ask for, in one place; docs/reference/definition.md lists them too. */

/** Longest text, in UTF-16 units. */
export const TEXT_MAX = 1_048_576
/** Of a text that is plain JSON, which programs write, and which is read so much faster. */
export const JSON_TEXT_MAX = 8_388_608
/** Deepest nesting of maps and lists, aliases followed. */
export const DEPTH_MAX = 64
/** Most YAML tokens: what a text may cost to parse. 20,000 tasks of five keys each have 600,000. */
export const LEXEMES_MAX = 700_000
/** Most values with every alias followed. */
export const VALUES_MAX = 400_000
/** Syntax errors after which a text is not looked at any further. */
export const SYNTAX_ERRORS_MAX = 50
/** Most errors that are listed; the last one then says how many more there are. */
export const ERRORS_MAX = 1_000

export const NAME_MAX = 128
export const KEY_MAX = 64
export const DESCRIPTION_MAX = 4_096
export const STAGES_MAX = 1_000
/** In all stages together. */
export const TASKS_MAX = 20_000
/** Of one flow. */
export const EDGES_MAX = 40_000
export const LOOPS_MAX = 1_000
export const VARIABLES_MAX = 1_000
export const NEEDS_MAX = 1_000
export const PARAMS_MAX = 200
export const OPTIONS_MAX = 200
export const ENV_MAX = 200
export const ENV_VALUE_MAX = 32_768
/** Of one task, stage or pipeline. */
export const SECRETS_MAX = 50
export const LABELS_MAX = 20
export const LABEL_MAX = 64
export const TRIGGERS_MAX = 20
export const SCHEDULE_MAX = 256
/** Which secret calls are signed with, and sealed texts in its place: as many as a vendor's document has triggers. */
export const SIGNED_NAME_MAX = 64
export const SIGNED_MAX = 131_072
export const CHANNEL_MAX = 128
/** Longest glob of branches, tags or paths, and how many of a kind a trigger may have. */
export const GLOB_MAX = 255
export const GLOBS_MAX = 50
export const URL_MAX = 2_048
export const PARAM_VALUE_MAX = 8_192
export const CONCURRENCY_MAX = 1_000
export const ANNOTATIONS_MAX = 100
/** A foreign document may be kept in one. */
export const ANNOTATION_VALUE_MAX = 262_144
export const RETRIES_MAX = 100
export const RESTARTS_MAX = 100

/** Runs of a pipeline that are kept. */
export const KEPT_RUNS_MAX = 2_000_000
/** Of a container: its image's name, its volumes, its processes, processors and memory. */
export const IMAGE_MAX = 512
export const VOLUMES_MAX = 20
export const PIDS_MAX = 1_000_000
export const CPUS_MAX = 1_024
export const MEMORY_MIN_BYTES = 6 * 1024 ** 2
export const MEMORY_MAX_BYTES = 16 * 1024 ** 4
