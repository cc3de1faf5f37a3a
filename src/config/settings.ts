import { availableParallelism } from 'node:os'
import { KEPT_AT_LEAST_MS } from '../model/retention.ts'
import { parseDuration } from '../model/time.ts'
import { CONTAINER_CHOICES, type ContainerChoice } from '../model/executor.ts'
import { guard } from '../steps/kit/guard.ts'

/** One thing that can be set. The table below is the only place that knows it: flags, variables, docs come from it. */
export interface Setting<Value> {
  readonly env: `MILLRACE_${string}`
  readonly flag: `--${string}`
  /** What the value looks like in `--help`. */
  readonly placeholder: string
  readonly doc: string
  /** What holds without it, in words. */
  readonly standard: string
  readonly fallback: () => Value
  /** Completes "expected ..., found ...". */
  readonly expected: string
  /** What was found may hold a password, and is not told. */
  readonly secret?: boolean
  /** undefined: it is not what was expected. */
  readonly parse: (text: string) => Value | undefined
}

const setting = <Value>(fields: Setting<Value>): Setting<Value> => fields

export const METRICS_CHOICES = ['token', 'open', 'off'] as const
export type MetricsChoice = (typeof METRICS_CHOICES)[number]
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

const MIB = 1_024 * 1_024
const GIB = 1_024 * MIB
const TIB = 1_024 * GIB
const PORT_MAX = 65_535
const SLOTS_MAX = 1_024
const BODY_MIN_BYTES = 1_024
const BODY_MAX_BYTES = 256 * MIB

export const settings = {
  host: setting({
    env: 'MILLRACE_HOST',
    flag: '--host',
    placeholder: '<address>',
    doc: 'Address to listen on. Others can reach the server only when this is not a loopback address: `0.0.0.0` is every IPv4 address of the machine, `::` every address.',
    standard: '`127.0.0.1`',
    fallback: () => '127.0.0.1',
    expected: 'a host name or an IP address',
    parse: (text) => (/^[A-Za-z0-9._:%-]{1,255}$/.test(text) ? text : undefined),
  }),
  port: setting({
    env: 'MILLRACE_PORT',
    flag: '--port',
    placeholder: '<number>',
    doc: 'Port to listen on; `0` takes any free one.',
    standard: '`8080`',
    fallback: () => 8_080,
    expected: `a port, 0 to ${PORT_MAX}`,
    parse: wholeNumber(0, PORT_MAX),
  }),
  baseUrl: setting<string | null>({
    env: 'MILLRACE_BASE_URL',
    flag: '--base-url',
    placeholder: '<url>',
    doc: 'What links to this server begin with, when that is not the address it listens on: behind a proxy, for example.',
    standard: '`http://<host>:<port>`',
    fallback: () => null,
    expected: 'an http or https URL without user, query and fragment',
    parse: parseBaseUrl,
  }),
  dataDirectory: setting({
    env: 'MILLRACE_DATA_DIR',
    flag: '--data-dir',
    placeholder: '<directory>',
    doc: 'Where everything is kept: the store, logs, workspaces, keys. Made when it is not there; held by one server at a time.',
    standard: '`./data`',
    fallback: () => './data',
    expected: 'the path of a directory',
    parse: (text) => (text.includes('\0') ? undefined : text),
  }),
  databaseUrl: setting<string | null>({
    env: 'MILLRACE_DATABASE_URL',
    flag: '--database-url',
    placeholder: '<url>',
    doc: 'Keeps runs, pipelines and keys in PostgreSQL (13 or later, UTF8), in the schema `millrace`, instead of the data directory; workspaces stay there. Several servers may be given the same database: they are one Millrace, and share a directory of files (`MILLRACE_FILES_DIR`). Give the password in the variable, or in `PGPASSWORD`: flags are seen by everyone on the machine.',
    standard: 'SQLite in the data directory',
    fallback: () => null,
    expected: 'postgres://user:password@host:port/database',
    secret: true,
    parse: parseDatabaseUrl,
  }),
  databasePool: setting({
    env: 'MILLRACE_DATABASE_POOL',
    flag: '--database-pool',
    placeholder: '<number>',
    doc: 'How many connections a server has to PostgreSQL at once, besides one or two of its own that stay open.',
    standard: '`8`',
    fallback: () => 8,
    expected: 'a whole number, 2 to 200',
    parse: wholeNumber(2, 200),
  }),
  databaseTimeoutMs: setting({
    env: 'MILLRACE_DATABASE_TIMEOUT',
    flag: '--database-timeout',
    placeholder: '<duration>',
    doc: 'How long a statement in PostgreSQL may take before the database gives it up; what asked for it is refused and changes nothing.',
    standard: '`30s`',
    fallback: () => 30_000,
    expected: 'a duration of 1s to 10m, such as 30s',
    parse: parseStatementTimeout,
  }),
  filesDirectory: setting<string | null>({
    env: 'MILLRACE_FILES_DIR',
    flag: '--files-dir',
    placeholder: '<directory>',
    doc: 'Where logs, reports, artifacts and the key of secrets are kept. Servers of one database are given the same directory, on a file system that all of them see.',
    standard: 'the data directory',
    fallback: () => null,
    expected: 'the path of a directory',
    parse: (text) => (text === '' || text.includes('\0') ? undefined : text),
  }),
  filesStorage: setting<string | null>({
    env: 'MILLRACE_FILES_STORAGE',
    flag: '--files-storage',
    placeholder: '<url>',
    doc: 'S3-compatible storage that logs, reports and artifacts are moved to when their run has ended, such as `s3://bucket/millrace?region=eu-central-1`; for storage of others `endpoint=https://host:port` besides. Keys come from `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, a profile or the machine.',
    standard: 'they stay where they are',
    fallback: () => null,
    expected: 's3://bucket, with a prefix, and region and endpoint as parameters',
    parse: parseFilesStorage,
  }),
  slots: setting({
    env: 'MILLRACE_SLOTS',
    flag: '--slots',
    placeholder: '<number>',
    doc: 'How many tasks the runner does at once: the server’s own, or the one that `millrace runner` is.',
    standard: 'as many as the machine has cores',
    fallback: () => availableParallelism(),
    expected: `a whole number, 1 to ${SLOTS_MAX}`,
    parse: wholeNumber(1, SLOTS_MAX),
  }),
  labels: setting<readonly string[]>({
    env: 'MILLRACE_LABELS',
    flag: '--labels',
    placeholder: '<a,b>',
    doc: 'Labels of the runner, joined by commas: tasks with `runs_on` go to runners that have all labels they ask for.',
    standard: 'platform and processor, such as `linux,x64`',
    fallback: () => [process.platform, process.arch],
    expected: 'labels of letters, digits and _ . : / = -, each at most 64 characters, joined by commas',
    parse: parseLabels,
  }),
  containers: setting<ContainerChoice>({
    env: 'MILLRACE_CONTAINERS',
    flag: '--containers',
    placeholder: '<engine>',
    doc: 'What runs the tasks that ask for a container: `podman`, `docker`, `auto` (the one that works) or `off`. It is tried at the start.',
    standard: '`auto`',
    fallback: () => 'auto',
    expected: 'auto, podman, docker or off',
    parse: (text) => CONTAINER_CHOICES.find((word) => word === text),
  }),
  containerPaths: setting<readonly string[]>({
    env: 'MILLRACE_CONTAINER_PATHS',
    flag: '--container-paths',
    placeholder: '<a,b>',
    doc: 'Directories of the machine that volumes of containers may name, with all in them, joined by commas. Their workspace they always have.',
    standard: 'none',
    fallback: () => [],
    expected: 'absolute paths, joined by commas',
    parse: parsePaths,
  }),
  stepDirectories: setting<readonly string[]>({
    env: 'MILLRACE_STEPS',
    flag: '--steps',
    placeholder: '<a,b>',
    doc: "Directories of step types of one's own: a folder for each, with step.json and a module. A runner on another machine needs them, too.",
    standard: 'none',
    fallback: () => [],
    expected: 'absolute paths, joined by commas',
    parse: parsePaths,
  }),
  keepRuns: setting<number | null>({
    env: 'MILLRACE_KEEP_RUNS',
    flag: '--keep-runs',
    placeholder: '<number>',
    doc: 'How many runs of each pipeline are kept, with logs and artifacts: the newest. The last that succeeded stays, too. `keep` of a definition says something else.',
    standard: 'any number',
    fallback: () => null,
    expected: 'a whole number, 1 to 2000000',
    parse: wholeNumber(1, 2_000_000),
  }),
  keepForMs: setting<number | null>({
    env: 'MILLRACE_KEEP_FOR',
    flag: '--keep-for',
    placeholder: '<duration>',
    doc: 'How long runs are kept from their end, with logs and artifacts. The newest run of a pipeline and the last that succeeded stay.',
    standard: 'for ever',
    fallback: () => null,
    expected: 'a duration of 1d to 366d, such as 30d',
    parse: parseKeptFor,
  }),
  cacheMaxBytes: setting({
    env: 'MILLRACE_CACHE_MAX',
    flag: '--cache-max',
    placeholder: '<size>',
    doc: 'How much the caches of tasks may take together; what was not used for longest goes first.',
    standard: '`10GiB`',
    fallback: () => 10 * GIB,
    expected: 'a size of 1MiB to 16TiB: a number of bytes, or one with MiB, GiB or TiB',
    parse: parseLargeSize,
  }),
  zoneOffsetMinutes: setting({
    env: 'MILLRACE_TIME_ZONE',
    flag: '--time-zone',
    placeholder: '<offset>',
    doc: 'Zone of the times that some vendors write without a zone. The native API always speaks UTC.',
    standard: '`+08:00`',
    fallback: () => 480,
    expected: '`Z` or an offset from UTC such as +08:00, -12:00 to +14:00',
    parse: parseOffset,
  }),
  laterApps: setting<readonly string[]>({
    env: 'MILLRACE_BLUEKING_ENGINE_2',
    flag: '--blueking-engine-2',
    placeholder: '<a,b>',
    doc: 'Codes of the BlueKing apps that get task states as its later engine tells them (bk-sops V3.6.46 and later), joined by commas; `*` is every app.',
    standard: 'none: the earlier engine’s',
    fallback: () => [],
    expected: 'codes of apps, joined by commas, or *',
    parse: parseAppCodes,
  }),
  bodyMaxBytes: setting({
    env: 'MILLRACE_BODY_MAX',
    flag: '--body-max',
    placeholder: '<size>',
    doc: 'Longest body of a request: a number of bytes, or one with `KiB` or `MiB`.',
    standard: '`4MiB`',
    fallback: () => 4 * MIB,
    expected: 'a size of 1KiB to 256MiB: a number of bytes, or one with KiB or MiB',
    parse: parseSize,
  }),
  caFile: setting<string | null>({
    env: 'MILLRACE_CA_FILE',
    flag: '--ca-file',
    placeholder: '<file>',
    doc: 'Certificates of authorities (PEM) that are trusted besides those that Node trusts, for every TLS connection that Millrace itself opens: of a runner to its server, of commands to theirs, of `http` and `distribute` steps, of notifications.',
    standard: 'none',
    fallback: () => null,
    expected: 'the name of a file',
    parse: (text) => (text.includes('\0') ? undefined : text),
  }),
  httpAllow: setting<string | null>({
    env: 'MILLRACE_HTTP_ALLOW',
    flag: '--http-allow',
    placeholder: '<list>',
    doc: 'What steps of type `http`, notifications and commit statuses may reach although its address is not public, joined by commas: `host:port`, an address, or a CIDR block.',
    standard: 'nothing',
    fallback: () => null,
    expected: 'host:port, addresses or CIDR blocks, joined by commas',
    parse: parseHttpAllow,
  }),
  smtp: setting<string | null>({
    env: 'MILLRACE_SMTP',
    flag: '--smtp',
    placeholder: '<url>',
    doc: 'SMTP server that notifications go by, such as `smtp://user:password@mail.example.com:587`, or `smtps:`. As a variable of the environment: flags can be seen by others.',
    standard: 'none: no e-mail is sent',
    fallback: () => null,
    expected: 'an address that begins with smtp:// or smtps://',
    secret: true,
    parse: (text) => (/^smtps?:\/\/[^\s/?#]+\/?$/.test(text) && URL.canParse(text) ? text : undefined),
  }),
  mailFrom: setting<string | null>({
    env: 'MILLRACE_MAIL_FROM',
    flag: '--mail-from',
    placeholder: '<address>',
    doc: 'Whom e-mail of notifications comes from.',
    standard: 'none: no e-mail is sent',
    fallback: () => null,
    expected: 'an e-mail address',
    parse: (text) => (/^[^\s@<>]+@[^\s@<>]+$/.test(text) ? text : undefined),
  }),
  distributeTo: setting<readonly string[] | null>({
    env: 'MILLRACE_DISTRIBUTE_TO',
    flag: '--distribute-to',
    placeholder: '<a:b>',
    doc: 'Directories that steps of type `distribute` may put files below, absolute and joined by colons; paths without a root are below the first.',
    standard: '`distributed` in the data directory',
    fallback: () => null,
    expected: 'absolute paths joined by colons',
    parse: (text) => {
      const paths = text.split(':')
      return paths.every((path) => path.startsWith('/')) ? paths : undefined
    },
  }),
  samples: setting({
    env: 'MILLRACE_SAMPLES',
    flag: '--samples',
    placeholder: '<true|false>',
    doc: 'Whether the first start on an empty data directory makes five sample pipelines, runs them and writes `quickstart.json`.',
    standard: '`true`',
    fallback: () => true,
    expected: 'true or false',
    parse: parseBoolean,
  }),
  metrics: setting<MetricsChoice>({
    env: 'MILLRACE_METRICS',
    flag: '--metrics',
    placeholder: '<who>',
    doc: 'Who may read `/metrics`, in the format of Prometheus: `token`, whoever has a token of a user of all projects; `open`, everybody who reaches the port; `off`, nobody.',
    standard: '`token`',
    fallback: () => 'token',
    expected: `one of ${METRICS_CHOICES.join(', ')}`,
    parse: (text) => METRICS_CHOICES.find((word) => word === text),
  }),
  logLevel: setting<LogLevel>({
    env: 'MILLRACE_LOG_LEVEL',
    flag: '--log-level',
    placeholder: '<level>',
    doc: `What the server says about itself on stderr: ${LOG_LEVELS.map((level) => `\`${level}\``).join(', ')}.`,
    standard: '`info`',
    fallback: () => 'info',
    expected: `one of ${LOG_LEVELS.join(', ')}`,
    parse: (text) => LOG_LEVELS.find((level) => level === text.toLowerCase()),
  }),
} as const

export type SettingName = keyof typeof settings
export type Config = {
  readonly [Name in SettingName]: (typeof settings)[Name] extends Setting<infer Value> ? Value : never
}

/** In the order of the reference. */
export const settingNames = Object.keys(settings) as readonly SettingName[]

function wholeNumber(min: number, max: number): (text: string) => number | undefined {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN
    return value >= min && value <= max ? value : undefined
  }
}

/** Without user and password: the address is shown to admins. */
function parseFilesStorage(text: string): string | undefined {
  if (
    !/^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:\/(?!\.{1,2}(?:[/?]|$))[\w.-]{1,64}){0,8}\/?(?:\?[^\s#]*)?$/.test(text)
  )
    return undefined
  const { searchParams } = new URL(text)
  for (const name of searchParams.keys()) if (name !== 'region' && name !== 'endpoint') return undefined
  const endpoint = searchParams.get('endpoint')
  if (endpoint !== null && parseBaseUrl(endpoint) === undefined) return undefined
  return /^[a-z0-9-]{1,64}$/.test(searchParams.get('region') ?? 'none') ? text : undefined
}

function parseDatabaseUrl(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url?.protocol === 'postgres:' || url?.protocol === 'postgresql:' ? text : undefined
}

function parseBaseUrl(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) return undefined
  if (url.username !== '' || url.password !== '' || /[?#]/.test(text)) return undefined
  return url.href.replace(/(?<!\/)\/+$/, '')
}

/** The same words that `runs_on` takes in a definition. */
const LARGE_UNITS: Readonly<Record<string, number>> = { '': 1, MiB: MIB, GiB: GIB, TiB: TIB }

function parseLargeSize(text: string): number | undefined {
  const [, digits, unit = ''] = /^(\d{1,14})(MiB|GiB|TiB)?$/.exec(text) ?? []
  if (digits === undefined) return undefined
  const bytes = Number(digits) * (LARGE_UNITS[unit] ?? 1)
  return bytes >= MIB && bytes <= 16 * TIB ? bytes : undefined
}

function parseKeptFor(text: string): number | undefined {
  const ms = parseDuration(text)
  return ms !== undefined && ms >= KEPT_AT_LEAST_MS ? ms : undefined
}

function parseStatementTimeout(text: string): number | undefined {
  const ms = parseDuration(text)
  return ms !== undefined && ms >= 1_000 && ms <= 600_000 ? ms : undefined
}

function parsePaths(text: string): readonly string[] | undefined {
  const paths = text.split(',').map((path) => path.trim())
  return paths.every((path) => path.startsWith('/') && !path.includes('\0')) ? paths : undefined
}

function parseLabels(text: string): readonly string[] | undefined {
  const labels = text.split(',').map((label) => label.trim())
  return labels.every((label) => /^[A-Za-z0-9_.:/=-]{1,64}$/.test(label)) ? [...new Set(labels)] : undefined
}

function parseAppCodes(text: string): readonly string[] | undefined {
  const codes = text.split(',').map((code) => code.trim())
  return codes.every((code) => code === '*' || /^[\w.-]{1,128}$/.test(code)) ? [...new Set(codes)] : undefined
}

function parseOffset(text: string): number | undefined {
  if (text === 'Z' || text === 'UTC') return 0
  const [, sign, hours, minutes] = /^([+-])(\d{2}):([0-5]\d)$/.exec(text) ?? []
  if (sign === undefined) return undefined
  const offset = Number(`${sign}1`) * (Number(hours) * 60 + Number(minutes))
  return offset >= -12 * 60 && offset <= 14 * 60 ? offset : undefined
}

function parseSize(text: string): number | undefined {
  const [, amount, unit] = /^(\d{1,12}) ?(KiB|MiB)?$/.exec(text) ?? []
  if (amount === undefined) return undefined
  const bytes = Number(amount) * (unit === 'MiB' ? MIB : unit === 'KiB' ? 1_024 : 1)
  return bytes >= BODY_MIN_BYTES && bytes <= BODY_MAX_BYTES ? bytes : undefined
}

function parseHttpAllow(text: string): string | undefined {
  try {
    guard(text)
    return text
  } catch {
    return undefined
  }
}

function parseBoolean(text: string): boolean | undefined {
  if (/^(?:true|yes|on|1)$/i.test(text)) return true
  return /^(?:false|no|off|0)$/i.test(text) ? false : undefined
}
