import { createHash } from 'node:crypto'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { registerHooks, stripTypeScriptTypes } from 'node:module'
import { basename, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Mutant } from '@stryker-mutator/api/core'
import { declareClassPlugin, declareValuePlugin, PluginKind } from '@stryker-mutator/api/plugin'
import {
  determineHitLimitReached,
  DryRunStatus,
  MutantRunStatus,
  TestStatus,
  toMutantRunResult,
  type DryRunResult,
  type MutantRunOptions,
  type MutantRunResult,
  type TestResult,
  type TestRunner,
} from '@stryker-mutator/api/test-runner'
import fc from 'fast-check'
import { collect, type CollectedTest } from './collect.ts'

/** Where instrumented code keeps which mutant is active, and what it has counted. */
interface Instrumentation {
  activeMutant?: string | undefined
  currentTestId?: string | undefined
  hitCount?: number | undefined
  hitLimit?: number | undefined
  mutantCoverage?: Coverage
}

interface Coverage {
  readonly static: Record<string, number>
  readonly perTest: Record<string, Record<string, number>>
}

const TESTS = {
  include: [
    'src/engine/**/*.test.ts',
    'src/testing/engine-laws.test.ts',
    // What is told of runs, and runs of earlier releases.
    'src/http/native/run-text.test.ts',
    'test/histories.test.ts',
  ],
  // Searches and properties at length: engine-laws.test.ts has a short round of them. One reads a page of the docs, one
  // begins a process.
  exclude: [
    'src/engine/laws.test.ts',
    'src/engine/explore.test.ts',
    'src/engine/expression/page.test.ts',
    'src/engine/bamboo/stack.test.ts',
  ],
}

/**
 * Long properties that hold what is kept of views against what would be made anew: they come to all of the engine, and
 * say something of what is kept.
 */
const ABOUT_VIEWS = {
  tests: ['src/http/native/run-text.test.ts', 'src/testing/engine-laws.test.ts > what is kept of views'],
  files: ['view.ts', 'task-views.ts', 'edge-views.ts', 'render.ts', 'scope.ts', 'table.ts'],
}

const isAbout = (test: CollectedTest, fileName: string): boolean =>
  ABOUT_VIEWS.files.includes(basename(fileName)) || !ABOUT_VIEWS.tests.some((name) => test.id.startsWith(name))

/** What a test costs without a mutant, and how often it comes to each: what comes much oftener will not end. */
interface Cost {
  readonly ms: number
  /** How often it comes to any of them. */
  readonly steps: number
  readonly hits: Readonly<Record<string, number>>
}

/** In the sandbox, for the processes after the first. */
const COSTS = 'mutate-costs.json'

/** What a test may come oftener to a mutant than without it. */
const hitsMax = (hits: number): number => 20 * hits + 10_000
/** The same of all code that is instrumented: a loop need not come to the mutant that it has no end for. */
const stepsMax = (steps: number): number => 4 * steps + 100_000

/** Counts the steps of instrumented code, which asks for its counters at each, and lets it take no more than `max`. */
class Steps implements Coverage {
  readonly #counted: Coverage = { static: {}, perTest: {} }
  max = Number.POSITIVE_INFINITY
  taken = 0

  get static(): Record<string, number> {
    this.taken += 1
    if (this.isEndless) throw new Error('this will not end')
    return this.#counted.static
  }

  get perTest(): Record<string, Record<string, number>> {
    return this.#counted.perTest
  }

  get isEndless(): boolean {
    return this.taken > this.max
  }

  begin(max: number): void {
    this.taken = 0
    this.max = max
  }

  /** Without steps. */
  get counted(): Coverage {
    return this.#counted
  }
}

/**
 * Plays the tests of the engine in this process, as often as there are mutants: a mutant costs the time of its tests,
 * most of them a few milliseconds. For mutants of what is made at import all modules are made anew, under other URLs.
 */
class EngineTestRunner implements TestRunner {
  static readonly inject = [] as const
  readonly #stryker: Instrumentation
  readonly #steps = new Steps()
  #costs: Readonly<Record<string, Cost>> = {}
  #tests: readonly CollectedTest[] | undefined

  constructor() {
    const global = globalThis as { __stryker__?: Instrumentation }
    this.#stryker = global.__stryker__ ??= {}
    this.#stryker.mutantCoverage = this.#steps
    // Drawn once and for all, and the first thing that fails will do.
    fc.configureGlobal({ seed: 1, endOnFailure: true })
  }

  capabilities() {
    return { reloadEnvironment: true }
  }

  async dryRun(): Promise<DryRunResult> {
    const tests = await this.#load()
    const results: TestResult[] = []
    const costs: [string, Cost][] = []
    const { counted: mutantCoverage } = this.#steps
    for (const test of tests) {
      this.#stryker.currentTestId = test.id
      this.#steps.begin(Number.POSITIVE_INFINITY)
      const result = await played(test)
      this.#stryker.currentTestId = undefined
      results.push(result)
      const hits = mutantCoverage.perTest[test.id] ?? {}
      costs.push([test.id, { ms: result.timeSpentMs, steps: this.#steps.taken, hits }])
    }
    writeFileSync(COSTS, JSON.stringify(Object.fromEntries(costs)))
    this.#learn(tests)
    return { status: DryRunStatus.Complete, tests: results, mutantCoverage }
  }

  async mutantRun(options: MutantRunOptions): Promise<MutantRunResult> {
    const { activeMutant, mutantActivation, reloadEnvironment, sandboxFileName, disableBail } = options
    const stryker = this.#stryker
    if (!isInSample(activeMutant)) return { status: MutantRunStatus.Error, errorMessage: 'left out of the sample' }
    if (reloadEnvironment) this.#tests = undefined
    stryker.hitLimit = undefined
    if (mutantActivation === 'static') stryker.activeMutant = activeMutant.id
    let tests: readonly CollectedTest[]
    try {
      tests = await this.#load()
    } catch (error) {
      const failureMessage = `the tests cannot be imported: ${String(error)}`
      // They could without it: a file of tests that plays runs as it is imported is red.
      if (mutantActivation === 'static')
        return { status: MutantRunStatus.Killed, killedBy: [], nrOfTests: 0, failureMessage }
      return { status: MutantRunStatus.Error, errorMessage: failureMessage }
    }
    const testFilter = options.testFilter ?? this.#testsOf(sandboxFileName)
    const wanted = testFilter && new Set(testFilter)
    const results: TestResult[] = []
    let endless: DryRunResult | undefined
    for (const test of tests) {
      if (wanted?.has(test.id) === false || !isAbout(test, activeMutant.fileName)) continue
      stryker.activeMutant = activeMutant.id
      stryker.hitCount = 0
      const { hits = {}, steps = 0 } = this.#costs[test.id] ?? {}
      stryker.hitLimit = hitsMax(hits[activeMutant.id] ?? 0)
      this.#steps.begin(stepsMax(steps))
      const result = await played(test)
      results.push(result)
      endless ??= determineHitLimitReached(stryker.hitCount, stryker.hitLimit)
      if (this.#steps.isEndless) endless ??= { status: DryRunStatus.Timeout, reason: 'Hit limit reached by all steps' }
      stryker.hitLimit = undefined
      this.#steps.begin(Number.POSITIVE_INFINITY)
      if (endless === undefined && result.status !== TestStatus.Failed) continue
      if (mutantActivation === 'runtime') await this.#playWithout(test)
      if (!disableBail) break
    }
    stryker.activeMutant = undefined
    return toMutantRunResult(endless ?? { status: DryRunStatus.Complete, tests: results })
  }

  /**
   * What has failed with the mutant must pass without it: else the mutant before has left something behind in this
   * process, and says nothing of this one. Stryker then tries again in another.
   */
  async #playWithout(test: CollectedTest): Promise<void> {
    this.#stryker.activeMutant = undefined
    const { status } = await played(test)
    if (status === TestStatus.Failed) throw new Error(`${test.id} fails without a mutant`)
  }

  /**
   * Of a mutant of what is made at import Stryker cannot tell which tests it matters to: those that come to anything else
   * of its file, and all of them where none does.
   */
  #testsOf(sandboxFileName: string): readonly string[] | undefined {
    const source = readFileSync(sandboxFileName, 'utf8')
    const ids = new Set(Array.from(source.matchAll(/\bstryMutAct_\w+\("(\d+)"\)/g), ([, id]) => id!))
    const tests = Object.entries(this.#costs).filter(([, { hits }]) => Object.keys(hits).some((id) => ids.has(id)))
    return tests.length === 0 ? undefined : tests.map(([test]) => test)
  }

  async #load(): Promise<readonly CollectedTest[]> {
    if (this.#tests !== undefined) return this.#tests
    generation += 1
    const found: CollectedTest[] = []
    for (const file of globSync(TESTS.include, { exclude: TESTS.exclude }).toSorted())
      found.push(...(await collect(file, pathToFileURL(join(process.cwd(), file)).href)))
    return this.#learn(found)
  }

  #learn(tests: readonly CollectedTest[]): readonly CollectedTest[] {
    const costs = costsBefore()
    const ms = ({ id }: CollectedTest): number => costs[id]?.ms ?? 0
    this.#costs = costs
    this.#tests = tests.toSorted((left, right) => ms(left) - ms(right))
    return this.#tests
  }
}

/** `MUTATE_SAMPLE=0.1` tries one mutant of ten, always the same ones; others with another `MUTATE_SEED`. */
const SAMPLE = Number(process.env['MUTATE_SAMPLE'] ?? 1)
const SEED = process.env['MUTATE_SEED'] ?? '1'

function isInSample({ fileName, mutatorName, replacement, location }: Mutant): boolean {
  const name = JSON.stringify([SEED, basename(fileName), mutatorName, replacement, location.start, location.end])
  return createHash('sha256').update(name).digest().readUInt32BE() < SAMPLE * 2 ** 32
}

function costsBefore(): Readonly<Record<string, Cost>> {
  try {
    return JSON.parse(readFileSync(COSTS, 'utf8')) as Record<string, Cost>
  } catch {
    return {}
  }
}

async function played({ id, name, file, play }: CollectedTest): Promise<TestResult> {
  const begin = performance.now()
  const of = () => ({ id, name, fileName: file, timeSpentMs: performance.now() - begin })
  try {
    await play()
    return { ...of(), status: TestStatus.Success }
  } catch (error) {
    return { ...of(), status: TestStatus.Failed, failureMessage: String(error) }
  }
}

/** How often the modules of the sandbox were made: part of their URLs. */
let generation = 0
const stripped = new Map<string, string>()
const isOurs = (url: string): boolean =>
  ['src', 'test'].some((folder) => url.startsWith(`${pathToFileURL(process.cwd()).href}/${folder}/`))

// The tests are those of `npm test`, unchanged: what they import as vitest is collect.ts.
registerHooks({
  resolve: (specifier, context, next) => {
    if (specifier === 'vitest' && context.parentURL !== undefined && isOurs(context.parentURL))
      return { url: new URL('./collect.ts', import.meta.url).href, shortCircuit: true, format: 'module-typescript' }
    const found = next(specifier, context)
    return isOurs(found.url) ? { ...found, url: `${found.url.replace(/\?.*/, '')}?${generation}` } : found
  },
  load: (url, context, next) => {
    if (!isOurs(url)) return next(url, context)
    const path = fileURLToPath(url.replace(/\?.*/, ''))
    const source = stripped.get(path) ?? stripTypeScriptTypes(readFileSync(path, 'utf8'))
    stripped.set(path, source)
    return { format: 'module', source, shortCircuit: true }
  },
})

/** What babel tells of a place in the source, as far as it is looked at. */
interface Place {
  readonly node?: {
    readonly type: string
    readonly value?: unknown
    readonly quasis?: readonly { readonly value: { readonly raw: string } }[]
  }
}

/** Texts with a blank are sentences for people: no test should hold their words. Words alone are kinds and keys. */
const sentences = {
  shouldIgnore({ node }: Place): string | undefined {
    const isSentence =
      (node?.type === 'StringLiteral' && String(node.value).includes(' ')) ||
      (node?.type === 'TemplateLiteral' && node.quasis?.some(({ value }) => value.raw.includes(' ')) === true)
    return isSentence ? 'a sentence' : undefined
  },
}

export const strykerPlugins = [
  declareClassPlugin(PluginKind.TestRunner, 'engine', EngineTestRunner),
  declareValuePlugin(PluginKind.Ignore, 'sentences', sentences),
]
