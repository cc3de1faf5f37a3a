import { execFileSync } from 'node:child_process'
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { Deployment } from 'kubernetes-models/apps/v1'
import { Ingress } from 'kubernetes-models/networking.k8s.io/v1'
import { Namespace, PersistentVolumeClaim, Service } from 'kubernetes-models/v1'
import { describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { settings } from '../src/config/settings.ts'

/** Recipes of deploy/, as far as there are tools that can say whether they are well. */

const root = join(import.meta.dirname, '..')
const read = (path: string): string => readFileSync(join(root, 'deploy', path), 'utf8')

/** Variables that are no settings of the server. */
const OTHERS = ['MILLRACE_SECRET_KEY', 'MILLRACE_RUNNER_TOKEN', 'MILLRACE_URL']
const known = new Set<string>([...Object.values(settings).map(({ env }) => env), ...OTHERS])

test('every variable that a recipe names is one', () => {
  const files = globSync('deploy/**/*', { cwd: root }).filter((path) => /\.[a-z]+$|Containerfile/.test(path))
  const named = files.flatMap((path) => readFileSync(join(root, path), 'utf8').match(/MILLRACE_[A-Z_]+/g) ?? [])
  expect(named.length).toBeGreaterThan(15)
  expect(named.filter((name) => !known.has(name))).toEqual([])
})

describe('the Containerfile', () => {
  const lines = read('Containerfile')
    .replaceAll(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => /^[A-Z]/.test(line))

  test('copies what is there, and what is not left out of what is built', () => {
    const left = readFileSync(join(root, '.dockerignore'), 'utf8').trim().split('\n')
    const sources = lines.flatMap((line) => {
      const [, from, words = ''] = /^COPY (--from=\S+ )?(.+)$/.exec(line) ?? []
      return from === undefined ? words.split(' ').slice(0, -1) : []
    })
    expect(sources.length).toBeGreaterThan(6)
    for (const source of sources) {
      expect(existsSync(join(root, source)), source).toBe(true)
      expect(left, source).not.toContain(source)
    }
  })

  test('has instructions only that there are, stages that are named, and a user who is not root', () => {
    const words = lines.map((line) => line.split(' ')[0])
    const instructions = 'ARG FROM WORKDIR COPY RUN USER ENV VOLUME EXPOSE ENTRYPOINT CMD'.split(' ')
    expect(words.filter((word) => !instructions.includes(word ?? ''))).toEqual([])
    expect(lines.filter((line) => line.startsWith('FROM'))).toEqual(['FROM ${BASE} AS build', 'FROM ${BASE}'])
    expect(lines.some((line) => /^USER 10001$/.test(line))).toBe(true)
    const scripts = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object }).scripts
    expect(scripts).toHaveProperty('build:web')
  })

  test('builds with the bundler of the platform, and its user may write into the volume', () => {
    const runs = lines.filter((line) => line.startsWith('RUN'))
    // Vite's bundler is an optional package.
    expect(runs.find((line) => line.includes('npm ci'))).not.toContain('optional')
    const [, volume = ''] = /^VOLUME (\S+)$/m.exec(lines.join('\n')) ?? []
    // One that is not in the image is made by the engine, for root.
    expect(runs.join('\n')).toMatch(new RegExp(`install --directory .*--owner=millrace .*${volume}( |$)`, 'm'))
  })
})

/** systemd of the machine checks units where it is; its words and values are checked by it, programs are put in its reach. */
test('systemd takes the units', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-units-'))
  try {
    const units = globSync('deploy/systemd/*', { cwd: root }).map((path) => join(root, path))
    expect(units).toHaveLength(4)
    const copies = units.map((path) => {
      const copy = join(folder, basename(path))
      // Node is wherever it is, and this machine has no such user.
      const text = readFileSync(path, 'utf8').replaceAll('/usr/bin/node', process.execPath)
      writeFileSync(copy, text.replaceAll('User=millrace', 'User=nobody'))
      return copy
    })
    const verify = (...paths: readonly string[]): string =>
      execFileSync('systemd-analyze', ['verify', '--man=no', '--recursive-errors=no', ...paths], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      })
    verify(...copies)
    const wrong = join(folder, 'wrong.service')
    writeFileSync(wrong, '[Service]\nExecStart=relative/path\n')
    expect(() => verify(wrong)).toThrow()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

describe('the manifests of Kubernetes', () => {
  const kinds = { Deployment, Ingress, Namespace, PersistentVolumeClaim, Service }
  type Manifest = { readonly kind: keyof typeof kinds; readonly metadata: { readonly name: string } }
  const manifests = parseAllDocuments(read('kubernetes/millrace.yaml')).map((each) => each.toJS() as Manifest)
  /** Against the schemas of the API that the package has. */
  const check = (manifest: Manifest): void => new kinds[manifest.kind](manifest).validate()

  test.each(manifests.map((each) => [`${each.kind} ${each.metadata.name}`, each] as const))('%s is one', (_, each) => {
    check(each)
  })

  test('and what is none is refused', () => {
    expect(manifests).toHaveLength(7)
    const [first] = manifests.filter(({ kind }) => kind === 'Deployment')
    const wrong = JSON.parse(JSON.stringify(first).replace('"replicas":3', '"replicas":"one"')) as Manifest
    expect(() => check(wrong)).toThrow()
  })

  test('services lead to the pods that there are', () => {
    const text = JSON.stringify(manifests)
    expect(text).toContain('"matchLabels":{"app":"millrace","part":"server"}')
    expect(text).toContain('"selector":{"app":"millrace","part":"server"}')
  })
})
