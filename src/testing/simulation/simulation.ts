import { setImmediate as turn } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import type { Run } from '../../engine/run.ts'
import { createHost, type Host } from '../../host/host.ts'
import type { PipelineDefinition, Work } from '../../model/definition.ts'
import type { RunId } from '../../model/id.ts'
import type { Plan } from '../../model/plan.ts'
import { isEnded } from '../../model/status.ts'
import type { PipelineView, RunView } from '../../model/view.ts'
import type { Instant } from '../../model/time.ts'
import { IDEMPOTENCY_MS } from '../../store/store.ts'
import { FakeClock } from '../clock.ts'
import { below, dice, pickOf } from '../dice.ts'
import { NO_FILES } from '../no-files.ts'
import { seededEntropy } from '../entropy.ts'
import { definitions } from '../random-plans.ts'
import { ADMIN, fire, help, meddle } from './people.ts'
import { SimulatedRunners } from './runners.ts'
import { Shadow } from './shadow.ts'
import { SimulatedStore } from './store.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR
const PIPELINES = 8
/** Commands go to one of so many runs that were heard of last. */
const RECENT = 12
/** What is not over so long after everybody is well again and helps is stuck. */
const END_DAYS = 30
const FOUND_MAX = 20

export interface Simulated {
  readonly seed: number
  readonly days: number
  readonly runs: number
  readonly events: number
  readonly commits: number
  readonly attempts: number
  readonly answers: number
  /** Servers that died, runners that died, and hours in which the disk was full. */
  readonly crashes: number
  readonly runnerCrashes: number
  readonly fullDisks: number
  /** What is wrong, in sentences; empty: nothing. */
  readonly found: readonly string[]
}

/** What can be broken on purpose, to prove that it is found. */
export interface Planted {
  /** Changes the host's store on its way. */
  readonly store?: (store: ReturnType<SimulatedStore['opened']>) => ReturnType<SimulatedStore['opened']>
}

/** So many days of one server's life, with all that befalls it; the same seed gives the same days. */
export async function simulate(seed: number, days: number, planted: Planted = {}): Promise<Simulated> {
  const world = new Simulation(seed, planted)
  await world.open()
  await world.live(days * DAY)
  await world.end()
  return { seed, days, ...world.counts() }
}

class Simulation {
  readonly #seed: number
  readonly #planted: Planted
  readonly #clock = new FakeClock()
  readonly #draw: () => number
  readonly #found: string[] = []
  readonly #plans = new Map<string, Plan>()
  readonly #shadow: Shadow
  readonly #disk: SimulatedStore
  readonly #pipelines: PipelineView[] = []
  readonly #recent: string[] = []
  /** By run: the highest seq that anybody was answered. */
  readonly #answered = new Map<string, number>()
  /** Starts that were not answered yet, by key: asked again until they are. */
  readonly #asked = new Map<string, { readonly pipeline: PipelineView; readonly since: Instant }>()
  readonly #started = new Map<string, string>()
  #host: Host | undefined
  #runners: SimulatedRunners | undefined
  #following = new AbortController()
  #lastSeen = 0
  #life = 0
  #keys = 0
  #isWell = true
  readonly #count = { answers: 0, crashes: 0, runnerCrashes: 0, fullDisks: 0, attempts: 0 }

  constructor(seed: number, planted: Planted) {
    this.#seed = seed
    this.#planted = planted
    this.#draw = dice(seed)
    const found = (what: string): void => this.#find(what)
    this.#shadow = new Shadow((id, version) => this.#plans.get(`${id}/${version}`) as Plan, found)
    this.#disk = new SimulatedStore(this.#clock, this.#draw, (commit, receipt) => this.#shadow.durable(commit, receipt))
  }

  counts() {
    return {
      ...this.#count,
      runs: this.#shadow.runs.size,
      events: this.#shadow.numbers.length,
      commits: this.#shadow.steps,
      found: this.#found,
    }
  }

  async open(): Promise<void> {
    await this.#serve()
    const { app } = this.#running()
    const project = await app.projects.create(ADMIN, { name: 'days', description: '' })
    if (!project.ok) throw new Error(project.problem.message)
    for (const [place, definition] of fc.sample(definitions, { seed: this.#seed, numRuns: PIPELINES }).entries()) {
      const text = JSON.stringify(amongOthers(definition, place))
      const made = await app.pipelines.create(ADMIN, { project: { id: project.value.id }, text })
      if (!made.ok) throw new Error(made.problem.message)
      this.#pipelines.push(made.value)
      const { id, version } = made.value
      const record = await this.#disk.store.catalog.version(id, version)
      this.#plans.set(`${id}/${version}`, JSON.parse(record?.plan ?? 'null') as Plan)
    }
  }

  async live(durationMs: number): Promise<void> {
    this.#isWell = false
    this.#disk.calm = false
    this.#often(2 * HOUR, () => this.#start())
    this.#often(HOUR, () => this.#meddle())
    this.#often(2 * HOUR, () => this.#help())
    this.#often(6 * HOUR, () => this.#fire())
    this.#often(4 * HOUR, () => this.#follow(this.#running()))
    this.#often(12 * HOUR, () => this.#askAgain())
    this.#often(12 * HOUR, () => this.#crash())
    this.#often(12 * HOUR, () => this.#crashRunner())
    this.#often(DAY, () => this.#fill())
    await this.#pass(durationMs)
  }

  /** Everybody is well and helps; then all runs must be over, and all that was said must be true. */
  async end(): Promise<void> {
    this.#isWell = true
    this.#disk.calm = true
    if (this.#runners !== undefined) this.#runners.calm = true
    // What is on its way to the disk comes to it.
    await this.#pass(MINUTE)
    if (this.#found.length > 0) return this.#close()
    await this.#askAgain()
    for (let day = 0; day < END_DAYS && this.#open().length > 0 && this.#found.length === 0; day += 1) {
      for (const id of this.#open()) await help(this.#running().app, id, (run) => this.#answer(run))
      await this.#pass(DAY)
    }
    await this.#askAgain()
    await this.#pass(END_DAYS * DAY)
    void this.#follow(this.#running())
    await turn()
    for (const id of this.#open()) this.#find(`run ${id} is stuck: ${await this.#where(id)}`)
    await this.#compare()
    this.#close()
  }

  #open(): readonly RunId[] {
    return [...this.#shadow.runs.values()].filter(({ phase }) => phase !== 'ended').map(({ id }) => id)
  }

  async #where(id: string): Promise<string> {
    const run = await this.#running().app.runs.get(ADMIN, { id })
    return run.ok ? `${run.value.status}, allowed ${run.value.allowed.join()}` : run.problem.message
  }

  /** A day of this server as anybody sees it, against what is durable. */
  async #compare(): Promise<void> {
    const { app, live } = this.#running()
    const { runs } = this.#disk.store
    for (const [id, seq] of this.#answered) {
      const there = this.#shadow.runs.get(id as RunId)?.seq ?? 0
      if (there < seq) this.#find(`run ${id} was answered at seq ${seq} and is at ${there}: lost`)
    }
    const keys = new Map<string, string>()
    for (const [key, id] of this.#started) {
      if (!this.#shadow.runs.has(id as RunId)) this.#find(`the start ${key} was answered, and there is no run ${id}`)
      if (keys.has(id)) this.#find(`run ${id} was made by ${keys.get(id)} and by ${key}`)
      keys.set(id, key)
    }
    if (this.#lastSeen !== this.#shadow.numbers.length)
      this.#find(`the stream has given ${this.#lastSeen} of ${this.#shadow.numbers.length} events`)
    for (const [id, run] of this.#shadow.runs) {
      const summary = await runs.summary({ by: 'id', id })
      const view = await app.runs.get(ADMIN, { id })
      const inMemory = await live.get(id)
      if (summary?.seq !== run.seq || !view.ok || view.value.seq !== run.seq || summary.status !== view.value.status)
        this.#find(`run ${id} is at ${run.seq}, ${summary?.seq} in the index`)
      if (summary !== undefined && !isEnded(summary.status)) this.#find(`run ${id} is ${summary.status} at the end`)
      if (inMemory === undefined || !isDeepStrictEqual(plain(inMemory), plain(run)))
        this.#find(`run ${id} in memory is not what its log says`)
    }
  }

  async #serve(): Promise<void> {
    this.#life += 1
    const opened = this.#disk.opened()
    const host = await createHost({
      store: this.#planted.store?.(opened) ?? opened,
      clock: this.#clock,
      entropy: seededEntropy(`${this.#seed}/${this.#life}`),
      ...NO_FILES,
      onDefect: (error) => this.#find(`a defect: ${error instanceof Error ? error.stack : String(error)}`),
    })
    this.#host = host
    await host.recover()
    const found = (what: string): void => this.#find(what)
    this.#runners = new SimulatedRunners({ clock: this.#clock, draw: this.#draw, host, found })
    this.#runners.calm = this.#isWell
  }

  /** A reader takes the stream up where he was cut off, and is cut off again after some minutes. */
  async #follow(host: Host): Promise<void> {
    this.#following.abort()
    this.#following = new AbortController()
    const { signal } = this.#following
    this.#clock.at(this.#clock.now() + below(this.#draw, 20 * MINUTE), () => this.#following.abort())
    const feed = await host.app.feed.follow(ADMIN, this.#lastSeen, {}, signal)
    if (!feed.ok) throw new Error(feed.problem.message)
    for await (const record of feed.value) {
      if (signal.aborted) return
      if (record === undefined) continue
      this.#shadow.seen(record, this.#lastSeen + 1)
      this.#lastSeen = record.number
    }
  }

  #running(): Host {
    if (this.#host === undefined) throw new Error('no server runs')
    return this.#host
  }

  #close(): void {
    this.#count.attempts += this.#runners?.jobs ?? 0
    this.#following.abort()
    this.#runners?.close()
    this.#host?.close()
  }

  async #crash(): Promise<void> {
    this.#count.crashes += 1
    this.#close()
    await this.#disk.crash()
    await this.#serve()
  }

  #crashRunner(): Promise<void> {
    this.#count.runnerCrashes += 1
    this.#runners?.crashOne()
    return Promise.resolve()
  }

  #fill(): Promise<void> {
    this.#count.fullDisks += 1
    this.#disk.fill(below(this.#draw, HOUR))
    return Promise.resolve()
  }

  async #start(): Promise<void> {
    this.#keys += 1
    await this.#ask(`k${this.#keys}`, pickOf(this.#draw, this.#pipelines))
  }

  /** Whoever had no answer asks again with the same key, as long as a key stands for its run; some who had one, too. */
  async #askAgain(): Promise<void> {
    for (const [key, { pipeline, since }] of this.#asked) {
      if (this.#clock.now() - since < IDEMPOTENCY_MS - HOUR) await this.#ask(key, pipeline)
      else this.#asked.delete(key)
    }
  }

  async #ask(key: string, pipeline: PipelineView): Promise<void> {
    const { id } = pipeline
    if (!this.#asked.has(key)) this.#asked.set(key, { pipeline, since: this.#clock.now() })
    const wait = pipeline.definition.triggers !== null
    const result = await this.#running().app.runs.start(ADMIN, {
      pipeline: { id },
      params: {},
      wait,
      idempotencyKey: key,
    })
    if (!result.ok) return
    this.#answer(result.value)
    const known = this.#started.get(key)
    if (known !== undefined && known !== result.value.id) this.#find(`the start ${key} made two runs: doubled`)
    this.#started.set(key, result.value.id)
    if (known !== undefined || below(this.#draw, 4) > 0) this.#asked.delete(key)
  }

  async #meddle(): Promise<void> {
    if (this.#recent.length === 0) return
    await meddle(this.#running().app, this.#draw, pickOf(this.#draw, this.#recent), (run) => this.#answer(run))
  }

  async #help(): Promise<void> {
    if (this.#recent.length === 0) return
    await help(this.#running().app, pickOf(this.#draw, this.#recent), (run) => this.#answer(run))
  }

  async #fire(): Promise<void> {
    await fire(this.#running().app, this.#draw, pickOf(this.#draw, this.#pipelines), (run) => this.#answer(run))
  }

  #answer({ id, seq }: RunView): void {
    this.#count.answers += 1
    this.#answered.set(id, Math.max(seq, this.#answered.get(id) ?? 0))
    if (this.#recent.includes(id)) return
    this.#recent.push(id)
    if (this.#recent.length > RECENT) this.#recent.shift()
  }

  #find(what: string): void {
    if (this.#found.length < FOUND_MAX) this.#found.push(what)
  }

  /** Does it again and again, as long as nobody is well, at moments so far apart on average. */
  #often(everyMs: number, act: () => Promise<void>): void {
    this.#clock.at(this.#clock.now() + 1 + below(this.#draw, 2 * everyMs), () => {
      if (this.#isWell) return
      // Not waited for: who gets no answer from a dead server waits for ever, and everybody else goes on.
      act().catch((error: unknown) =>
        this.#find(`a caller met ${error instanceof Error ? error.stack : String(error)}`),
      )
      this.#often(everyMs, act)
    })
  }

  /** One moment after the other at which anything is due; all that follows of itself is done before the next. */
  async #pass(durationMs: number): Promise<void> {
    const end = this.#clock.now() + durationMs
    for (let next = this.#clock.next(); next !== undefined && next <= end; next = this.#clock.next()) {
      if (this.#found.length > 0) return
      this.#clock.advance(Math.max(0, next - this.#clock.now()))
      await turn()
    }
    this.#clock.advance(end - this.#clock.now())
    await turn()
  }
}

/**
 * The definition as that of pipeline `p<place>`: what starts another one starts the first, which starts none, and who
 * waits to be started by a channel sends nothing into it. Else runs would make runs for ever.
 */
function amongOthers(definition: PipelineDefinition, place: number): PipelineDefinition {
  const workOf = (work: Work): Work => {
    if (work.kind === 'run') return place === 0 ? { kind: 'noop' } : { ...work, pipeline: 'p0' }
    return work.kind === 'publish' && definition.triggers !== null ? { ...work, channel: 'nobody' } : work
  }
  const stages = definition.stages.map((stage) => ({
    ...stage,
    tasks: stage.tasks.map((task) => ({ ...task, work: workOf(task.work) })),
  }))
  return { ...definition, name: `p${place}`, stages }
}

const plain = ({ nodes, ...rest }: Run): unknown => ({ ...rest, nodes: nodes.toArray() })
