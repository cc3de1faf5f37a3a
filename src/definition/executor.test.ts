import { describe, expect, test } from 'vitest'
import type { TaskSpec } from '../model/definition.ts'
import { stepSpecs } from '../steps/index.ts'
import { parseDefinition } from './parse-definition.ts'

const read = (fields: string) =>
  parseDefinition(`name: x\nparams: {v: ''}\ntasks:\n  - {key: t, ${fields}}\n`, 'f', stepSpecs)

function task(fields: string): TaskSpec {
  const result = read(fields)
  if (!result.ok) throw new Error(JSON.stringify(result.errors))
  return result.definition.stages[0]!.tasks[0]!
}

const errors = (fields: string): readonly string[] => {
  const result = read(fields)
  return result.ok ? [] : result.errors.map(({ path, message }) => `${path}: ${message}`)
}

describe('what outlives a run', () => {
  test('a cache has a key and paths, and may be one of a list', () => {
    expect(task("script: make, cache: {key: 'npm-${{ params.v }}', paths: ~/.npm}").caches).toEqual([
      { key: 'npm-${{ params.v }}', files: [], restore: [], paths: ['~/.npm'] },
    ])
    expect(
      task('script: make, cache: [{key: a, files: x/lock, restore: [a-, b-], paths: [m, n]}, {key: 1.10, paths: o}]')
        .caches,
    ).toEqual([
      { key: 'a', files: ['x/lock'], restore: ['a-', 'b-'], paths: ['m', 'n'] },
      { key: '1.10', files: [], restore: [], paths: ['o'] },
    ])
    expect(task('script: make')).not.toHaveProperty('caches')
  })

  test.each<readonly [string, RegExp]>([
    ['noop: , cache: {key: a, paths: b}', /only for work of a runner/],
    ['script: make, cache: {key: a}', /expected `paths`/],
    ['script: make, cache: {paths: a}', /expected `key`/],
    ['script: make, cache: []', /1 to 10 items/],
    ...['/etc', '../x', 'a/../../b', '..', '~root/x', '-rf', '~', ''].map(
      (path) => [`script: make, cache: {key: a, paths: '${path}'}`, /expected a path in the workspace/] as const,
    ),
  ])('is refused: %s', (fields, message) => {
    expect(errors(fields).join('\n')).toMatch(message)
  })

  test('a pipeline may say how many of its runs are kept, and how long', () => {
    const keep = (text: string): unknown => {
      const result = parseDefinition(`name: x\nkeep: ${text}\ntasks: [{key: t, script: make}]\n`, 'f', stepSpecs)
      return result.ok ? result.definition.retention : result.errors[0]?.message
    }
    expect(keep('{runs: 50, for: 30d}')).toEqual({ runs: 50, forMs: 30 * 86_400_000 })
    expect(keep('{for: 2d}')).toEqual({ forMs: 2 * 86_400_000 })
    expect(keep('{runs: 0}')).toContain('whole number from 1')
  })

  test('a workspace is kept when it is said, for as long as it is said', () => {
    const policy = (text: string): unknown => {
      const result = parseDefinition(`name: x\n${text}\ntasks: [{key: t, script: make}]\n`, 'f', stepSpecs)
      return result.ok ? result.definition.workspace : result.errors[0]?.message
    }
    expect(policy('')).toBeUndefined()
    expect(policy('workspace: always')).toEqual({ keep: 'always', forMs: 86_400_000 })
    expect(policy('workspace: {keep: never}')).toMatchObject({ keep: 'never' })
    expect(policy('workspace: {for: 2h}')).toEqual({ keep: 'on-failure', forMs: 7_200_000 })
    expect(policy('workspace: sometimes')).toContain('expected one of never, on-failure or always')
  })
})

describe('where the programs of a task run', () => {
  test('without a word it is the host, and nothing is stored of it', () => {
    expect(task('script: make')).not.toHaveProperty('executor')
    expect(task('script: make').labels).toEqual([])
    expect(task('script: make, sandbox: false')).not.toHaveProperty('executor')
  })

  test('the name of an image is a container without network, and needs a runner that has containers', () => {
    const { executor, labels } = task('script: make, container: docker.io/library/node:22, runs_on: linux')
    expect(executor).toEqual({
      kind: 'container',
      image: 'docker.io/library/node:22',
      user: null,
      network: 'none',
      memoryBytes: null,
      cpus: null,
      pidsMax: 4_096,
      volumes: [],
    })
    expect(labels).toEqual(['linux', 'executor:container'])
  })

  test('a container says all that it may', () => {
    const fields =
      "script: make, container: {image: 'a:${{ params.v }}', user: '1000:1000', network: bridge, memory: 512m, cpus: 1.5, pids: 9, volumes: ['out:/out', '/srv/c:/c:ro']}"
    expect(task(fields).executor).toEqual({
      kind: 'container',
      image: 'a:${{ params.v }}',
      user: '1000:1000',
      network: 'bridge',
      memoryBytes: 512 * 1024 ** 2,
      cpus: 1.5,
      pidsMax: 9,
      volumes: [
        { source: 'out', target: '/out', readOnly: false },
        { source: '/srv/c', target: '/c', readOnly: true },
      ],
    })
  })

  test('a sandbox has no network unless it is asked for', () => {
    expect(task('script: make, sandbox: true').executor).toEqual({ kind: 'sandbox', network: false })
    expect(task('script: make, sandbox: true').labels).toEqual(['executor:sandbox'])
    expect(task('script: make, sandbox: {network: true}').executor).toEqual({ kind: 'sandbox', network: true })
  })

  test('what a step needs is asked of the runner, or expected in the image', () => {
    expect(task('git: https://example.com/a.git').labels).toEqual(['tool:git'])
    expect(task('git: https://example.com/a.git, sandbox: true').labels).toEqual(['executor:sandbox', 'tool:git'])
    expect(task('git: https://example.com/a.git, container: a').labels).toEqual(['executor:container'])
    expect(task('script: make, rollback: {git: https://example.com/a.git}').labels).toEqual(['tool:git'])
  })

  test.each([
    ['script: make, container: a, sandbox: true', /expected either `container` or `sandbox`, found both/],
    ['noop: , container: a', /only for work of a runner/],
    ['approval: Go?, sandbox: true', /only for work of a runner/],
    ["script: make, container: '--privileged'", /expected the name of an image/],
    ["script: make, container: 'a b'", /expected the name of an image/],
    ["script: make, container: 'a:${{ params.nobody }}'", /nobody/],
    ['script: make, container: {}', /expected `image` in a container/],
    ['script: make, container: {image: a, network: wlan0}', /expected one of none, bridge or host|none/],
    ['script: make, container: {image: a, memory: 1k}', /expected an amount of memory/],
    ['script: make, container: {image: a, memory: much}', /expected an amount of memory/],
    ["script: make, container: {image: a, user: '-x'}", /expected a user/],
    ["script: make, container: {image: a, volumes: ['a']}", /expected source:\/target/],
    ["script: make, container: {image: a, volumes: ['a:b']}", /expected source:\/target/],
    ["script: make, container: {image: a, volumes: ['a:/b:ro,exec']}", /expected source:\/target/],
    ['script: make, container: {image: a, privileged: true}', /unknown key/],
    ['script: make, container: {image: a, cpus: 0}', /number from/],
    ['script: make, container: {image: a, pids: 0}', /number from/],
    ['script: make, sandbox: maybe', /true or false/],
  ])('is refused: %s', (fields, message) => {
    expect(errors(fields).join('\n')).toMatch(message)
  })
})
