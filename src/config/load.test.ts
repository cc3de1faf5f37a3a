import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { describe, expect, test } from 'vitest'
import { loadConfig } from './load.ts'
import { configurationPage } from './reference.ts'
import { settingNames, settings } from './settings.ts'

function config(env: Record<string, string>, flags: Parameters<typeof loadConfig>[1] = {}) {
  const loaded = loadConfig(env, flags)
  if (!loaded.ok) throw new Error(loaded.errors.join('; '))
  return loaded.config
}

function errors(env: Record<string, string>): readonly string[] {
  const loaded = loadConfig(env)
  return loaded.ok ? [] : loaded.errors
}

test('without flags and variables the defaults hold', () => {
  expect(config({})).toEqual({
    host: '127.0.0.1',
    port: 8080,
    baseUrl: null,
    dataDirectory: './data',
    databaseUrl: null,
    databasePool: 8,
    metrics: 'token',
    databaseTimeoutMs: 30_000,
    filesDirectory: null,
    filesStorage: null,
    slots: availableParallelism(),
    labels: [process.platform, process.arch],
    zoneOffsetMinutes: 480,
    laterApps: [],
    bodyMaxBytes: 4_194_304,
    caFile: null,
    httpAllow: null,
    smtp: null,
    stepDirectories: [],
    mailFrom: null,
    containers: 'auto',
    containerPaths: [],
    cacheMaxBytes: 10_737_418_240,
    keepRuns: null,
    keepForMs: null,
    distributeTo: null,
    samples: true,
    logLevel: 'info',
  })
})

test('a flag counts before its variable, a variable before the default', () => {
  expect(config({ MILLRACE_PORT: '1' }, { port: '2' }).port).toBe(2)
  expect(config({ MILLRACE_PORT: '1' }).port).toBe(1)
})

test('a variable that is set to nothing counts as not set, a flag does not', () => {
  expect(config({ MILLRACE_PORT: '' }).port).toBe(8080)
  expect(loadConfig({}, { port: '' })).toMatchObject({
    ok: false,
    errors: ['--port: expected a port, 0 to 65535, found ""'],
  })
})

test('everything that is wrong is told at once: where it was set, what was expected, what was found', () => {
  expect(loadConfig({ MILLRACE_PORT: '80a', MILLRACE_SAMPLES: 'maybe' }, { slots: '0' })).toMatchObject({
    ok: false,
    errors: [
      'MILLRACE_PORT: expected a port, 0 to 65535, found "80a"',
      '--slots: expected a whole number, 1 to 1024, found "0"',
      'MILLRACE_SAMPLES: expected true or false, found "maybe"',
    ],
  })
})

test('an unknown variable of ours gives a warning that knows what was meant', () => {
  const { warnings } = loadConfig({ MILLRACE_PROT: '1', MILLRACE_ZZZZZZZZZ: '1', PATH: '/bin' })
  expect(warnings).toEqual([
    'MILLRACE_PROT is set, but there is no such setting (did you mean "MILLRACE_PORT"?)',
    'MILLRACE_ZZZZZZZZZ is set, but there is no such setting',
  ])
})

test('variables of the command line and of the bench are no mistakes', () => {
  expect(loadConfig({ MILLRACE_URL: 'x', MILLRACE_TOKEN: 'x', MILLRACE_BENCH_DIR: 'x' }).warnings).toEqual([])
})

describe('values', () => {
  test.each([
    ['MILLRACE_PORT', '0', 'port', 0],
    ['MILLRACE_PORT', ' 65535 ', 'port', 65_535],
    ['MILLRACE_HOST', '::', 'host', '::'],
    ['MILLRACE_BASE_URL', 'https://ci.example.com/', 'baseUrl', 'https://ci.example.com'],
    ['MILLRACE_BASE_URL', 'http://ci.example.com:81/m/', 'baseUrl', 'http://ci.example.com:81/m'],
    ['MILLRACE_LABELS', 'linux, gpu ,linux', 'labels', ['linux', 'gpu']],
    ['MILLRACE_BLUEKING_ENGINE_2', 'cron-job, web', 'laterApps', ['cron-job', 'web']],
    ['MILLRACE_BLUEKING_ENGINE_2', '*', 'laterApps', ['*']],
    ['MILLRACE_TIME_ZONE', 'Z', 'zoneOffsetMinutes', 0],
    ['MILLRACE_TIME_ZONE', '-03:30', 'zoneOffsetMinutes', -210],
    ['MILLRACE_TIME_ZONE', '+14:00', 'zoneOffsetMinutes', 840],
    ['MILLRACE_BODY_MAX', '2048', 'bodyMaxBytes', 2_048],
    ['MILLRACE_BODY_MAX', '16MiB', 'bodyMaxBytes', 16_777_216],
    ['MILLRACE_CONTAINERS', 'podman', 'containers', 'podman'],
    ['MILLRACE_KEEP_RUNS', '50', 'keepRuns', 50],
    ['MILLRACE_KEEP_FOR', '30d', 'keepForMs', 2_592_000_000],
    ['MILLRACE_CACHE_MAX', '2GiB', 'cacheMaxBytes', 2_147_483_648],
    ['MILLRACE_CONTAINER_PATHS', '/srv/cache, /opt', 'containerPaths', ['/srv/cache', '/opt']],
    ['MILLRACE_HTTP_ALLOW', '127.0.0.1:9000,10.0.0.0/8', 'httpAllow', '127.0.0.1:9000,10.0.0.0/8'],
    ['MILLRACE_SAMPLES', 'No', 'samples', false],
    ['MILLRACE_LOG_LEVEL', 'WARN', 'logLevel', 'warn'],
  ] as const)('%s=%s', (env, text, name, value) => {
    expect(config({ [env]: text })[name]).toEqual(value)
  })

  test.each([
    ['MILLRACE_PORT', '65536'],
    ['MILLRACE_PORT', '-1'],
    ['MILLRACE_PORT', '1e3'],
    ['MILLRACE_HOST', 'a b'],
    ['MILLRACE_BASE_URL', 'ci.example.com'],
    ['MILLRACE_BASE_URL', 'ftp://ci.example.com'],
    ['MILLRACE_BASE_URL', 'https://user:secret@ci.example.com'],
    ['MILLRACE_BASE_URL', 'https://ci.example.com/?a=b'],
    ['MILLRACE_DATABASE_URL', 'somewhere'],
    ['MILLRACE_DATA_DIR', 'a\0b'],
    ['MILLRACE_DATA_DIR', '   '],
    ['MILLRACE_SLOTS', '1.5'],
    ['MILLRACE_LABELS', 'linux,,gpu'],
    ['MILLRACE_LABELS', 'two words'],
    ['MILLRACE_TIME_ZONE', '8'],
    ['MILLRACE_TIME_ZONE', '+14:01'],
    ['MILLRACE_TIME_ZONE', '-12:01'],
    ['MILLRACE_BODY_MAX', '1GiB'],
    ['MILLRACE_BODY_MAX', '1023'],
    ['MILLRACE_CONTAINERS', 'lxc'],
    ['MILLRACE_CONTAINER_PATHS', 'cache,/opt'],
    ['MILLRACE_CACHE_MAX', '1023'],
    ['MILLRACE_KEEP_RUNS', '0'],
    ['MILLRACE_KEEP_FOR', '1h'],
    ['MILLRACE_CACHE_MAX', 'lots'],
    ['MILLRACE_HTTP_ALLOW', 'everything'],
    ['MILLRACE_HTTP_ALLOW', '10.0.0.0/99'],
    ['MILLRACE_LOG_LEVEL', 'loud'],
  ])('%s=%j is refused', (env, text) => {
    expect(errors({ [env]: text })).toEqual([expect.stringMatching(`^${env}: expected .+, found `)])
  })

  test('a password in what was found is not told', () => {
    expect(errors({ MILLRACE_DATABASE_URL: 'mysql://li:hunter2@db/millrace' })).toEqual([
      'MILLRACE_DATABASE_URL: expected postgres://user:password@host:port/database, found something else',
    ])
  })

  test('what was found is cut when it is long', () => {
    expect(errors({ MILLRACE_PORT: '1'.repeat(10_000) })[0]?.length).toBeLessThan(200)
  })
})

test('every setting has a flag, a variable and a default of its own', () => {
  for (const key of ['env', 'flag'] as const) {
    const all = settingNames.map((name) => settings[name][key])
    expect(new Set(all).size).toBe(all.length)
  }
})

test('docs/reference/configuration.md is fresh (npm run gen:docs)', () => {
  const page = readFileSync(new URL('../../docs/reference/configuration.md', import.meta.url), 'utf8')
  expect(page).toBe(configurationPage())
})

test.each([
  ['s3://bucket', true],
  ['s3://bucket/a/b-c?region=eu-central-1', true],
  ['s3://bucket/?endpoint=http://127.0.0.1:9000', true],
  ['s3://bucket?endpoint=https://user:secret@host', false],
  ['s3://bucket?endpoint=ftp://host', false],
  ['s3://bucket/a/../b', false],
  ['s3://bucket?colour=red', false],
  ['s3://bucket?region=EU', false],
  ['s3://Bucket', false],
  ['s3://user:secret@bucket', false],
  ['https://bucket', false],
])('storage of files at %s: %s', (text, isTaken) => {
  const loaded = loadConfig({ MILLRACE_FILES_STORAGE: text }, {})
  expect(loaded.ok).toBe(isTaken)
})
