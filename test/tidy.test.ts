// The repository checks itself: who imports whom, who reads the clock, which lists are complete. Every check has a
// twin that plants a violation, because a check that cannot fail proves nothing, and counts what it looked at, because
// neither does one that sees nothing.
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { type Node, parseSync, Visitor } from 'oxc-parser'
import { describe, expect, test } from 'vitest'

const root = posix.resolve(import.meta.dirname, '..')

// --- The arrows -----------------------------------------------------------------------------------------------------

interface Layer {
  /** Files of `src/` by path; `*` is one path segment, `**` any rest. The first layer that matches is a file's own. */
  readonly files: string
  /**
   * What these files may import besides their own layer: paths in `src/`, with the same stars; `type <path>` for
   * `import type` only; `npm:<package>`; `node:<module>` or `node:**`. What is not listed is forbidden.
   */
  readonly imports: readonly string[]
}

/** Everything of ours but the two surfaces: tests build whole servers, but they do not go through the front door. */
const allButHttpAndCli = [
  'checker/**',
  'client/**',
  'compose/**',
  'config/**',
  'definition/**',
  'dialects/**',
  'engine/**',
  'graph/**',
  'forge/**',
  'host/**',
  'model/**',
  'outbound/**',
  'runner/**',
  'samples/**',
  'steps/**',
  'store/**',
  'telemetry/**',
  'upkeep/**',
]

const everything = ['**', 'npm:*', 'node:**']

const layers: readonly Layer[] = [
  // Pure: no I/O, clock or dice.
  { files: 'model/**', imports: [] },
  // One package of pure functions: the checksums that expressions may ask for.
  { files: 'engine/**', imports: ['model/**', 'npm:@noble/hashes'] },
  // What is drawn of a run, here and in a browser.
  { files: 'graph/**', imports: ['model/**'] },

  // The registry of step types is handed in; its interface may be named.
  { files: 'definition/**', imports: ['engine/**', 'model/**', 'type steps/step.ts', 'npm:croner', 'npm:yaml'] },

  {
    files: 'checker/**',
    imports: ['definition/**', 'steps/index.ts', 'steps/outside.ts', 'type steps/step.ts', 'model/**', 'node:**'],
  },

  { files: 'store/store.ts', imports: ['store/ports/**', 'model/**'] },
  { files: 'store/ports/**', imports: ['model/**'] },
  { files: 'store/kit/**', imports: ['store/store.ts', 'model/**', 'node:**'] },
  {
    files: 'store/conformance/**',
    imports: ['store/store.ts', 'model/**', 'testing/**', 'npm:vitest', 'npm:fast-check', 'node:**'],
  },
  { files: 'store/memory/**', imports: ['store/store.ts', 'store/kit/**', 'model/**'] },
  { files: 'store/sqlite/**', imports: ['store/store.ts', 'store/kit/**', 'model/**', 'node:**'] },
  {
    files: 'store/postgres/**',
    imports: ['store/store.ts', 'store/kit/**', 'model/**', 'node:**', 'npm:pg'],
  },

  // A spec says what a step is and is loaded everywhere; run.ts does it and is loaded by the runner only.
  { files: 'steps/step.ts', imports: ['model/**', 'npm:zod'] },
  { files: 'steps/index.ts', imports: ['steps/**', 'model/**'] },
  { files: 'steps/runs.ts', imports: ['steps/**'] },
  {
    files: 'steps/outside.ts',
    imports: [
      'steps/index.ts',
      'steps/step.ts',
      'model/**',
      'npm:zod',
      'node:**',
      'computed:pathToFileURL(module).href',
    ],
  },
  { files: 'steps/*/spec.ts', imports: ['steps/step.ts', 'model/**', 'npm:zod'] },
  // The built-in linter: a program of its own.
  { files: 'steps/check/lint/**', imports: ['steps/check/**', 'steps/kit/**', 'model/**', 'npm:yaml', 'node:**'] },
  // Pure: what a condition over an answer means.
  {
    files: 'steps/http/run.ts',
    imports: ['steps/step.ts', 'steps/kit/**', 'steps/http/**', 'engine/bamboo/bool-rule.ts', 'model/**', 'node:**'],
  },
  {
    files: 'steps/package/**',
    imports: ['steps/step.ts', 'steps/kit/**', 'model/**', 'npm:tar-stream', 'npm:yazl', 'node:**'],
  },
  { files: 'steps/deploy/by-compose.ts', imports: ['steps/**', 'model/**', 'npm:yaml', 'node:**'] },
  { files: 'steps/test/**', imports: ['steps/step.ts', 'steps/kit/**', 'model/**', 'npm:fast-xml-parser', 'node:**'] },
  {
    files: 'steps/notify/**',
    imports: [
      'steps/step.ts',
      'steps/kit/**',
      'model/**',
      'npm:nodemailer',
      'npm:standardwebhooks',
      'npm:zod',
      'node:**',
    ],
  },
  {
    files: 'steps/distribute/**',
    imports: [
      'steps/step.ts',
      'steps/kit/**',
      'model/**',
      'npm:@aws-sdk/client-s3',
      'npm:@aws-sdk/lib-storage',
      'npm:zod',
      'node:**',
    ],
  },
  // What several steps do alike in the runner.
  { files: 'steps/*/**', imports: ['steps/step.ts', 'steps/kit/**', 'model/**', 'npm:zod', 'node:**'] },

  {
    files: 'host/**',
    imports: [
      'engine/**',
      'definition/**',
      'graph/**',
      'forge/**',
      'model/**',
      'store/store.ts',
      'steps/index.ts',
      'steps/step.ts',
      'node:**',
    ],
  },
  // What forges send and want to be sent. Pure: nothing is fetched here.
  { files: 'forge/**', imports: ['engine/glob.ts', 'model/**'] },
  // What leaves the server besides answers.
  {
    files: 'outbound/**',
    imports: [
      'host/notifications/outbound.ts',
      'host/keeping/depot.ts',
      'steps/kit/guard.ts',
      'steps/kit/ssh.ts',
      'npm:@aws-sdk/client-s3',
      'npm:@aws-sdk/lib-storage',
      'npm:nodemailer',
      'node:**',
    ],
  },
  { files: 'runner/**', imports: ['steps/**', 'model/**', 'node:**'] },

  {
    files: 'http/native/**',
    imports: ['type host/app.ts', 'graph/**', 'model/**', 'http/**', 'npm:hono', 'npm:zod', 'node:**'],
  },
  {
    files: 'http/**',
    imports: [
      'type host/app.ts',
      'model/**',
      'dialects/dialect.ts',
      'npm:hono',
      'npm:@hono/node-server',
      'npm:zod',
      'node:**',
    ],
  },

  // A dialect knows the use cases and the views, never the server, the store, the rules or another dialect.
  {
    files: 'dialects/dialect.ts',
    imports: ['type host/app.ts', 'type dialects/kit/endpoints.ts', 'model/**', 'type npm:hono', 'npm:zod'],
  },
  { files: 'dialects/index.ts', imports: ['dialects/**'] },
  { files: 'dialects/conformance.ts', imports: ['dialects/**', 'model/**', 'testing/**', 'npm:vitest', 'node:**'] },
  {
    files: 'dialects/kit/**',
    imports: [
      'dialects/dialect.ts',
      'type host/app.ts',
      'model/**',
      'npm:hono',
      'npm:yaml',
      'npm:zod',
      'node:crypto',
      'node:zlib',
    ],
  },
  {
    files: 'dialects/*/**',
    imports: [
      'dialects/dialect.ts',
      'dialects/kit/**',
      'type host/app.ts',
      'model/**',
      'npm:hono',
      'npm:yaml',
      'npm:zod',
      'node:crypto',
    ],
  },

  // The client also runs in a browser: of the server it knows the types of the wire, which are gone when it is loaded.
  { files: 'client/**', imports: ['model/**', 'type http/native/schema.ts', 'type npm:zod'] },
  {
    files: 'cli/**',
    imports: [
      'client/**',
      'config/**',
      'compose/**',
      'upkeep/**',
      'model/**',
      'samples/**',
      'telemetry/**',
      'npm:commander',
      'node:**',
    ],
  },
  {
    files: 'config/**',
    // What a setting is checked with is what will read it.
    imports: ['model/**', 'definition/suggest.ts', 'steps/kit/guard.ts', 'npm:yaml', 'npm:zod', 'node:**'],
  },
  { files: 'telemetry/**', imports: ['npm:pino', 'npm:prom-client', 'node:**'] },
  // What is done with whole stores, by nobody's server.
  {
    files: 'upkeep/**',
    imports: [
      'type config/store-place.ts',
      'host/doctor.ts',
      'host/secrets/seal-key.ts',
      'model/**',
      'store/**',
      'npm:tar-stream',
      'node:**',
    ],
  },
  { files: 'samples/**', imports: ['host/app.ts', 'model/**', 'definition/**', 'node:**'] },

  { files: 'compose/**', imports: everything },
  { files: 'main.ts', imports: everything },
  { files: 'testing/**', imports: [...allButHttpAndCli, 'npm:*', 'node:**'] },
]

interface Import {
  /** As written. */
  readonly specifier: string
  /** `import type` and `import('…').T`: gone when Node runs the file. */
  readonly typeOnly: boolean
  /** `import('…')` in an expression: not loaded with the file. */
  readonly lazy: boolean
}

interface Source {
  /** Path in `src/`. */
  readonly path: string
  readonly imports: readonly Import[]
  readonly anys: number
  readonly clockReads: readonly string[]
  readonly diceRolls: readonly string[]
}

/** Marks a specifier that is put together at run time: nobody can say where that arrow goes, so no rule allows it. */
const computed = 'computed:'

const rollsDice = /^(?:random(?:UUID|UUIDv7|Bytes|Int|Fill|FillSync)|getRandomValues)$/

function readSource(path: string, text: string): Source {
  const { program, errors } = parseSync(path, text)
  if (errors.length > 0) throw new Error(`${path} does not parse: ${errors[0]!.message}`)
  const imports: Import[] = []
  const clockReads: string[] = []
  const diceRolls: string[] = []
  let anys = 0
  const add = (source: Node | null, typeOnly: boolean, lazy = false): void => {
    if (source === null) return
    const literal = source.type === 'Literal' && typeof source.value === 'string'
    const specifier = literal ? source.value : `${computed}${text.slice(source.start, source.end)}`
    imports.push({ specifier, typeOnly, lazy })
  }
  new Visitor({
    ImportDeclaration: (node) => add(node.source, node.importKind === 'type'),
    ExportAllDeclaration: (node) => add(node.source, node.exportKind === 'type'),
    ExportNamedDeclaration: (node) => add(node.source, node.exportKind === 'type'),
    ImportExpression: (node) => add(node.source, false, true),
    TSImportType: (node) => add(node.source, true),
    TSAnyKeyword: () => {
      anys += 1
    },
    NewExpression: (node) => {
      if (isNamed(node.callee, 'Date') && node.arguments.length === 0) clockReads.push('new Date()')
    },
    CallExpression: (node) => {
      if (isNamed(node.callee, 'Date')) clockReads.push('Date()')
    },
    MemberExpression: (node) => {
      if (node.computed || node.property.type !== 'Identifier') return
      const { name } = node.property
      if (name === 'now' && (isNamed(node.object, 'Date') || isNamed(node.object, 'performance'))) {
        clockReads.push(`${text.slice(node.start, node.end)}`)
      }
      if (name === 'random' && isNamed(node.object, 'Math')) diceRolls.push('Math.random')
      if (rollsDice.test(name)) diceRolls.push(name)
    },
    ImportSpecifier: (node) => {
      if (node.imported.type === 'Identifier' && rollsDice.test(node.imported.name)) diceRolls.push(node.imported.name)
    },
  }).visit(program)
  return { path, imports, anys, clockReads, diceRolls }
}

const isNamed = (node: Node, name: string): boolean => node.type === 'Identifier' && node.name === name

/** `store/*` + `/**`: one star is a segment, two are any rest. */
function matches(pattern: string, path: string): boolean {
  const source = pattern
    .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replace(/\*\*|\*/g, (stars) => (stars === '**' ? '.+' : '[^/]+'))
  return new RegExp(`^${source}$`).test(path)
}

/** `dialects/swr/status.ts` in `dialects/*` is the layer `dialects/swr`: one layer per folder that the star stands for. */
function layerOf(path: string): { layer: Layer; name: string } | undefined {
  const layer = layers.find(({ files }) => matches(files, path))
  if (layer === undefined) return undefined
  const depth = layer.files.replace(/\/\*\*$/, '').split('/').length
  return { layer, name: path.split('/').slice(0, depth).join('/') }
}

/** A relative import as a path in `src/`, a package as `npm:<name>`, and the rest (`node:` modules) as it is. */
function targetOf(from: string, specifier: string): string {
  if (specifier.startsWith('node:') || specifier.startsWith(computed)) return specifier
  if (specifier.startsWith('.')) return posix.join(posix.dirname(from), specifier)
  return `npm:${specifier.match(/^(?:@[^/]+\/)?[^/]+/)?.[0] ?? specifier}`
}

function isAllowed(from: string, { specifier, typeOnly }: Import): boolean {
  const own = layerOf(from)
  if (own === undefined) return false
  // Only one that is named word for word: nobody can tell where it leads.
  if (specifier.startsWith(computed)) return own.layer.imports.includes(specifier)
  const target = targetOf(from, specifier)
  const foreign = /^(?:npm|node):/.test(target)
  if (!foreign && isOwn(from, own.name, target)) return true
  return own.layer.imports.some((rule) => {
    const pattern = rule.replace(/^type /, '')
    if (pattern !== rule && !typeOnly) return false
    // `**` is all of `src/`, and not the packages besides.
    return /^(?:npm|node):/.test(pattern) === foreign && matches(pattern, target)
  })
}

/** A folder is at home with itself; a spec.ts is part of its step's folder although it has a rule of its own. */
function isOwn(from: string, layer: string, target: string): boolean {
  const home = /^steps\/[^/]+\/spec\.ts$/.test(from) ? posix.dirname(from) : layer
  return target === home || target.startsWith(`${home}/`)
}

function wrongArrows(sources: readonly Source[]): string[] {
  return sources.flatMap((source) =>
    source.imports
      .filter((found) => !isAllowed(source.path, found))
      .map((found) => `${source.path} -> ${found.typeOnly ? 'type ' : ''}${targetOf(source.path, found.specifier)}`),
  )
}

// --- The page -------------------------------------------------------------------------------------------------------

const webPackages = [
  '@codemirror/autocomplete',
  '@codemirror/commands',
  '@codemirror/lang-yaml',
  '@codemirror/language',
  '@codemirror/lint',
  '@codemirror/merge',
  '@codemirror/state',
  '@codemirror/view',
  '@lezer/highlight',
  '@mantine/core',
  '@mantine/hooks',
  '@mantine/notifications',
  '@tabler/icons-react',
  '@tanstack/react-query',
  '@tanstack/react-router',
  '@tanstack/react-virtual',
  '@xyflow/react',
  'anser',
  'i18next',
  'react',
  'react-dom',
  'react-i18next',
  'uplot',
]

/** The page sees the client, the vocabulary, and how runs are drawn (src/graph). */
function wrongWebArrows(sources: readonly Source[]): string[] {
  return sources.flatMap(({ path, imports }) =>
    imports.flatMap(({ specifier }) => {
      const target = targetOf(path, specifier)
      const places = ['web/src/', 'src/client/', 'src/graph/', 'src/model/']
      if (places.some((place) => target.startsWith(place))) return []
      if (webPackages.some((name) => target === `npm:${name}`)) return []
      return [`${path} -> ${target}`]
    }),
  )
}

// --- What a step's spec.ts loads ------------------------------------------------------------------------------------

/** From each spec.ts along everything that is loaded with it: `node:` must not come up, nor run.ts. */
function impureSpecs(sources: readonly Source[]): string[] {
  const byPath = new Map(sources.map((source) => [source.path, source]))
  const specs = sources.filter(({ path }) => matches('steps/*/spec.ts', path))
  return specs.flatMap((spec) => {
    const wrong: string[] = []
    const seen = new Set<string>()
    const visit = (path: string): void => {
      if (seen.has(path)) return
      seen.add(path)
      for (const { specifier, typeOnly, lazy } of byPath.get(path)?.imports ?? []) {
        if (typeOnly || lazy) continue
        const target = targetOf(path, specifier)
        if (target.startsWith('node:') || target.endsWith('/run.ts')) wrong.push(`${spec.path}: ${path} -> ${target}`)
        else visit(target)
      }
    }
    visit(spec.path)
    return wrong
  })
}

// --- Clock and dice -------------------------------------------------------------------------------------------------

const timeless = ['src/host', 'src/engine', 'src/model', 'src/definition']

function strayClocksAndDice(sources: readonly Source[]): string[] {
  return sources
    .filter(({ path }) => timeless.some((folder) => `src/${path}`.startsWith(`${folder}/`)))
    .flatMap(({ path, clockReads, diceRolls }) => [
      ...(path === 'host/clock.ts' ? [] : clockReads.map((what) => `${path} reads the clock: ${what}`)),
      ...(path === 'host/entropy.ts' ? [] : diceRolls.map((what) => `${path} rolls dice: ${what}`)),
    ])
}

// --- Written lists --------------------------------------------------------------------------------------------------

function missingFromList(list: Source, folders: readonly string[]): string[] {
  const named = list.imports.map(({ specifier }) => targetOf(list.path, specifier))
  const home = posix.dirname(list.path)
  return folders.filter((folder) => !named.some((target) => target.startsWith(`${home}/${folder}/`)))
}

// --- Links ----------------------------------------------------------------------------------------------------------

const fences = /^(`{3,}|~{3,})[^\n]*\n[\s\S]*?^\1/gm

/** The relative targets of `[text](target)` and `[label]: target`; what stands in code is not a link. */
function relativeLinks(markdown: string): string[] {
  const prose = markdown.replace(fences, '').replace(/(`+)[^`]+?\1/g, '')
  return [...prose.matchAll(/\]\(\s*<?([^)\s>]+)|^\s*\[[^\]]+\]:\s+<?([^\s>]+)/gm)]
    .map(([, inline, reference]) => (inline ?? reference)!)
    .filter((target) => !/^(?:[a-z][a-z0-9+.-]*:|\/\/)/i.test(target))
}

/** The part of a page that `#…` leads to, as GitHub names headings. */
function anchors(markdown: string): readonly string[] {
  return [...markdown.replace(fences, '').matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .trim()
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_\- ]/gu, '')
      .replaceAll(' ', '-'),
  )
}

/** @param read the text of a page, undefined: there is nothing; empty: it is no page */
function brokenLinks(file: string, markdown: string, read: (path: string) => string | undefined): string[] {
  return relativeLinks(markdown).flatMap((target) => {
    const [path = ''] = target.split(/[#?]/)
    const anchor = target.split('#')[1]
    const resolved = path.startsWith('/') ? path.slice(1) : posix.join(posix.dirname(file), decodeURI(path))
    const page = path === '' ? markdown : read(resolved)
    const leads = page !== undefined && (anchor === undefined || page === '' || anchors(page).includes(anchor))
    return leads ? [] : [`${file} -> ${target}`]
  })
}

// --- This repository ------------------------------------------------------------------------------------------------

const isSource = (path: string): boolean => /\.tsx?$/.test(path) && !path.endsWith('.test.ts')

function read(path: string): string {
  return readFileSync(posix.join(root, path), 'utf8')
}

function filesBelow(folder: string): string[] {
  if (!existsSync(posix.join(root, folder))) return []
  return readdirSync(posix.join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => posix.relative(posix.join(root, folder), posix.join(entry.parentPath, entry.name)))
    .toSorted()
}

function foldersIn(folder: string): string[] {
  if (!existsSync(posix.join(root, folder))) return []
  return readdirSync(posix.join(root, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
}

const sourceFiles = filesBelow('src')
const sources = sourceFiles.filter(isSource).map((path) => readSource(path, read(`src/${path}`)))
const webSources = filesBelow('web/src')
  .filter(isSource)
  .map((path) => readSource(`web/src/${path}`, read(`web/src/${path}`)))
/** Once there is something to compose, all the layers are there. */
const isWhole = existsSync(posix.join(root, 'src/compose/works.ts'))
const planted = (path: string, text: string): Source => readSource(path, text)

describe('the arrows', () => {
  test('every import follows them', () => {
    expect(sources.length).toBe(globSync('**/*.ts', { cwd: posix.join(root, 'src') }).filter(isSource).length)
    if (isWhole) {
      expect(sources.length).toBeGreaterThan(80)
      expect(sources.flatMap(({ imports }) => imports).length).toBeGreaterThan(200)
    }
    expect(wrongArrows(sources)).toEqual([])
  })

  test('every file belongs to a layer', () => {
    expect(sources.map(({ path }) => path).filter((path) => layerOf(path) === undefined)).toEqual([])
  })

  test.each([
    ['model/run.ts', "import { z } from 'zod'"],
    ['model/run.ts', "import type { Plan } from '../engine/plan.ts'"],
    ['model/id.ts', "import { randomUUID } from 'node:crypto'"],
    ['engine/advance.ts', "import { createHash } from 'node:crypto'"],
    ['engine/advance.ts', "import type { App } from '../host/app.ts'"],
    ['engine/advance.ts', "import { z } from 'zod'"],
    ['engine/advance.ts', "const dice = await import('node:crypto')"],
    ['engine/advance.ts', "export * from '../host/clock.ts'"],
    ['engine/advance.ts', "export { now } from '../host/clock.ts'"],
    ['engine/advance.ts', "type App = import('../host/app.ts').App"],
    ['definition/parse.ts', "import { readFileSync } from 'node:fs'"],
    ['definition/parse.ts', "import { stepTypes } from '../steps/index.ts'"],
    ['definition/parse.ts', "import { defineStep } from '../steps/step.ts'"],
    ['store/store.ts', "import type { Advance } from '../engine/advance.ts'"],
    ['store/sqlite/commit.ts', "import { advance } from '../../engine/advance.ts'"],
    ['store/sqlite/commit.ts', "import { rows } from '../memory/rows.ts'"],
    ['store/memory/run-store.ts', "import { runs } from '../sqlite/runs.ts'"],
    ['store/conformance/run-store.ts', "import { open } from '../sqlite/index.ts'"],
    ['steps/shell/spec.ts', "import { spawn } from 'node:child_process'"],
    ['steps/shell/run.ts', "import type { App } from '../../host/app.ts'"],
    ['steps/shell/run.ts', "import { request } from '../http/run.ts'"],
    ['steps/step.ts', "import { shell } from './shell/spec.ts'"],
    ['host/app.ts', "import { sqlite } from '../store/sqlite/index.ts'"],
    ['host/app.ts', "import { dialects } from '../dialects/index.ts'"],
    ['host/app.ts', "import { run } from '../steps/shell/run.ts'"],
    ['runner/agent.ts', "import type { App } from '../host/app.ts'"],
    ['runner/agent.ts', "import type { LeaseQueue } from '../store/store.ts'"],
    ['http/server.ts', "import { createApp } from '../host/app.ts'"],
    ['http/server.ts', "import { swr } from '../dialects/swr/index.ts'"],
    ['http/native/runs.ts', "import type { RunStore } from '../../store/store.ts'"],
    ['http/native/runs.ts', "import { swr } from '../../dialects/swr/index.ts'"],
    ['dialects/swr/routes.ts', "import { present } from '../blueking/present.ts'"],
    ['dialects/swr/routes.ts', "import { createApp } from '../../host/app.ts'"],
    ['dialects/swr/routes.ts', "import type { Clock } from '../../host/clock.ts'"],
    ['dialects/swr/routes.ts', "import { problem } from '../../http/errors.ts'"],
    ['dialects/swr/routes.ts', "import { readFile } from 'node:fs/promises'"],
    ['dialects/kit/etag.ts', "import { swr } from '../swr/index.ts'"],
    ['dialects/dialect.ts', "import { swr } from './swr/index.ts'"],
    ['client/client.ts', "import { Agent } from 'node:http'"],
    ['client/client.ts', "import { problem } from '../http/errors.ts'"],
    ['cli/runs.ts', "import type { App } from '../host/app.ts'"],
    ['config/schema.ts', "import { logger } from '../telemetry/logger.ts'"],
    ['telemetry/logger.ts', "import type { Config } from '../config/schema.ts'"],
    ['samples/release.ts', "import { clock } from '../host/clock.ts'"],
    ['testing/world.ts', "import { serve } from '../http/server.ts'"],
    ['testing/world.ts', "import { main } from '../cli/main.ts'"],
    ['utils/format.ts', "import type { Run } from '../model/run.ts'"],
    ['compose/works.ts', 'await import(`../dialects/${name}/index.ts`)'],
  ])('a planted violation is seen: %s with %s', (path, text) => {
    expect(wrongArrows([planted(path, text)])).toHaveLength(1)
  })

  test.each([
    ['model/run.ts', "import type { RunId } from './id.ts'"],
    ['engine/advance.ts', "import type { Run } from '../model/run.ts'"],
    ['definition/parse.ts', "import { parseDocument } from 'yaml'"],
    ['definition/parse.ts', "import type { StepType } from '../steps/step.ts'"],
    ['store/sqlite/worker.ts', "import { DatabaseSync } from 'node:sqlite'"],
    ['store/sqlite/ops/commit.ts', "import type { Row } from '../row.ts'"],
    ['steps/index.ts', "import { shell } from './shell/spec.ts'"],
    ['steps/shell/spec.ts', "const run = () => import('./run.ts')"],
    ['steps/shell/run.ts', "import { spawn } from 'node:child_process'"],
    ['http/native/runs.ts', "import { problem } from '../errors.ts'"],
    ['http/server.ts', "import { serve } from '@hono/node-server'"],
    ['dialects/swr/routes.ts', "import { etag } from '../kit/etag.ts'"],
    ['dialects/swr/routes.ts', "import type { App } from '../../host/app.ts'"],
    ['dialects/swr/routes.ts', "import { Hono } from 'hono/tiny'"],
    ['dialects/index.ts', "import { swr } from './swr/index.ts'"],
    ['cli/serve.ts', "import { open } from '../compose/works.ts'"],
    ['compose/store.ts', "import { open } from '../store/sqlite/index.ts'"],
    ['testing/world.ts', "import { memoryStore } from '../store/memory/index.ts'"],
    ['model/run.ts', "// import { z } from 'zod'\nconst text = \"import { z } from 'zod'\""],
  ])('what is allowed passes: %s with %s', (path, text) => {
    expect(wrongArrows([planted(path, text)])).toEqual([])
  })
})

describe('the page', () => {
  test('every import follows its arrows', () => {
    expect(webSources.length).toBeGreaterThan(20)
    expect(wrongWebArrows(webSources)).toEqual([])
    expect(webSources.filter(({ anys }) => anys > 0).map(({ path }) => path)).toEqual([])
  })

  test.each([
    ['web/src/pages/home.tsx', "import type { App } from '../../../src/host/app.ts'"],
    ['web/src/pages/home.tsx', "import { Run } from '../../../src/http/native/schema.ts'"],
    ['web/src/api/live.ts', "import { z } from 'zod'"],
    ['web/src/api/live.ts', "import { readFile } from 'node:fs/promises'"],
  ])('a planted violation is seen: %s with %s', (path, text) => {
    expect(wrongWebArrows([planted(path, text)])).toHaveLength(1)
  })

  test.each([
    ['web/src/pages/home.tsx', "import { isEnded } from '../../../src/model/status.ts'"],
    ['web/src/pages/home.tsx', "import classes from './home.module.css'"],
    ['web/src/app/router.tsx', "const page = () => import('../pages/home.tsx')"],
    ['web/src/run/graph-view.tsx', "import { layoutRun } from '../../../src/graph/layout.ts'"],
  ])('what is allowed passes: %s with %s', (path, text) => {
    expect(wrongWebArrows([planted(path, text)])).toEqual([])
  })
})

describe('steps', () => {
  test('no spec.ts loads node: or its run.ts, however indirectly', () => {
    expect(sources.filter(({ path }) => matches('steps/*/spec.ts', path)).length).toBe(
      globSync('steps/*/spec.ts', { cwd: posix.join(root, 'src') }).length,
    )
    expect(impureSpecs(sources)).toEqual([])
  })

  test('a planted violation is seen', () => {
    const spec = planted(
      'steps/shell/spec.ts',
      "import { quote } from './quote.ts'\nconst run = () => import('./run.ts')",
    )
    const quote = planted('steps/shell/quote.ts', "import { tmpdir } from 'node:os'")
    const run = planted('steps/shell/run.ts', "import { spawn } from 'node:child_process'")
    expect(impureSpecs([spec, quote, run])).toEqual(['steps/shell/spec.ts: steps/shell/quote.ts -> node:os'])
    expect(impureSpecs([planted('steps/shell/spec.ts', "import { run } from './run.ts'"), run])).toHaveLength(1)
  })
})

describe('clock and dice', () => {
  test('only host/clock.ts reads the clock and only host/entropy.ts rolls dice', () => {
    expect(strayClocksAndDice(sources)).toEqual([])
    for (const [path, reads] of [
      ['host/clock.ts', 'clockReads'],
      ['host/entropy.ts', 'diceRolls'],
    ] as const) {
      // The one place that may is also the proof that the check sees it.
      const source = sources.find((candidate) => candidate.path === path)
      if (source !== undefined) expect(source[reads].length, path).toBeGreaterThan(0)
    }
  })

  test.each([
    ['host/runs/timers.ts', 'const at = Date.now()'],
    ['host/runs/timers.ts', 'const at = new Date()'],
    ['host/runs/timers.ts', 'const read = Date.now'],
    ['host/entropy.ts', 'const at = performance.now()'],
    ['engine/retry.ts', 'const jitter = Math.random()'],
    ['host/clock.ts', "import { randomUUID } from 'node:crypto'"],
    ['host/secrets/secrets.ts', 'const iv = crypto.getRandomValues(new Uint8Array(12))'],
  ])('a planted violation is seen: %s with %s', (path, text) => {
    expect(strayClocksAndDice([planted(path, text)])).toHaveLength(1)
  })

  test('a date made of a given time is no clock', () => {
    expect(strayClocksAndDice([planted('host/runs/live.ts', 'const text = new Date(at).toISOString()')])).toEqual([])
  })
})

describe('written lists', () => {
  test.each([
    { list: 'dialects/index.ts', shared: ['kit'] },
    { list: 'steps/index.ts', shared: ['kit'] },
  ])('$list names every folder beside it', ({ list, shared }) => {
    const source = sources.find(({ path }) => path === list)
    if (source === undefined) return expect(isWhole, `${list} is missing`).toBe(false)
    const folders = foldersIn(posix.dirname(`src/${list}`)).filter((name) => !shared.includes(name))
    if (isWhole) expect(folders.length).toBeGreaterThan(0)
    expect(missingFromList(source, folders)).toEqual([])
  })

  test('a planted gap is seen', () => {
    const list = planted('dialects/index.ts', "import { swr } from './swr/index.ts'")
    expect(missingFromList(list, ['blueking', 'swr'])).toEqual(['blueking'])
  })
})

describe('types', () => {
  test('nothing is any', () => {
    expect(sources.filter(({ anys }) => anys > 0).map(({ path }) => path)).toEqual([])
  })

  test('a planted any is seen, and the word alone is not', () => {
    expect(planted('model/run.ts', 'export const run: Map<string, any> = new Map()').anys).toBe(1)
    expect(planted('model/run.ts', 'export const any = "any: any" // any').anys).toBe(0)
  })
})

describe('files', () => {
  test('no file of src is empty', () => {
    expect(sourceFiles.filter((path) => read(`src/${path}`).trim() === '')).toEqual([])
  })

  test('model and engine are compiled without node or the DOM', () => {
    for (const folder of ['src/model', 'src/engine']) {
      expect(read(`${folder}/tsconfig.json`)).toContain('"types": [], "lib": ["es2024"]')
    }
  })

  test('relative links in Markdown resolve', () => {
    const pages = globSync('**/*.md', {
      cwd: root,
      exclude: (name) => ['node_modules', '.git', 'dist', 'data', 'coverage'].includes(posix.basename(name)),
    })
    const found = (path: string): string | undefined =>
      path.endsWith('.md') && existsSync(posix.join(root, path))
        ? read(path)
        : existsSync(posix.join(root, path))
          ? ''
          : undefined
    if (isWhole) expect(pages).toContain('README.md')
    expect(pages.flatMap((page) => brokenLinks(page, read(page), found))).toEqual([])
  })

  test('a planted broken link is seen', () => {
    const page =
      'See [one](../one.md#a-part), [its end](../one.md#end), [two](two.md), [web](https://example.org), `[no](code.md)`.\n\n[three]: 3.md\n'
    const found = (path: string): string | undefined => (path === 'one.md' ? '# One\n\n## A `part`\n' : undefined)
    expect(brokenLinks('docs/page.md', page, found)).toEqual([
      'docs/page.md -> ../one.md#end',
      'docs/page.md -> two.md',
      'docs/page.md -> 3.md',
    ])
  })
})
