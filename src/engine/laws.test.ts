import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { NodeAction, RunCommand } from '../model/command.ts'
import type { PipelineDefinition } from '../model/definition.ts'
import { GRACE_MS, LEASE_MS } from '../model/limits.ts'
import { brokenCommands } from '../testing/command-laws.ts'
import { brokenAdmissions, brokenByStep, brokenLaws, onNode, voterOf } from '../testing/engine-laws.ts'
import { EngineWorld } from '../testing/engine-world.ts'
import { definitions } from '../testing/random-plans.ts'
import { brokenByEvents } from '../testing/step-laws.ts'
import { projectView } from '../testing/views.ts'
import { allowedOnNode, allowedOnRun } from './admits.ts'
import { dueEffects, heldByRunners } from './effects.ts'
import { fold, foldOnto } from './evolve.ts'
import { jobOf } from './job.ts'
import { stagePlan, taskAt, taskPlan, type Run } from './run.ts'
import { runOfSnapshot, snapshotOf } from './snapshot.ts'
import { summaryOf, viewOf } from './view.ts'

/** What people, runners and time do, each drawn anew against the run as it then is. */
const choices = fc.array(fc.record({ what: fc.nat(144), which: fc.nat(1_000) }), { maxLength: 60, size: 'max' })
type Choice = { readonly what: number; readonly which: number }

const pick = <Item>(items: readonly Item[], which: number): Item | undefined => items[which % items.length]

function commandOf(w: EngineWorld, { what, which }: Choice): RunCommand | undefined {
  const { run } = w
  const tasks = run.plan.nodes.flatMap(({ kind, index }) => (kind === 'task' ? [index] : []))
  const node = pick(tasks, which) ?? 0
  const fence = taskAt(run, node).fence
  const running = tasks.filter((index) => taskAt(run, index).status === 'running')
  const inWork = pick(running, which) ?? node
  const open = tasks.filter((index) => ['queued', 'running', 'reviewing'].includes(taskAt(run, index).status))
  const any = pick([...run.plan.nodes.keys()], which) ?? 0
  if (what < 15) {
    const queued =
      pick(
        open.filter((index) => taskAt(run, index).status === 'queued'),
        which,
      ) ?? node
    return { type: 'lease-attempt', node: queued, attempt: taskAt(run, queued).attempt, runner: `r${which % 3}` }
  }
  const report = (result: Extract<RunCommand, { type: 'report-attempt' }>['result']): RunCommand => ({
    type: 'report-attempt',
    node: inWork,
    fence: taskAt(run, inWork).fence,
    result,
  })
  if (what < 28) return report({ kind: 'succeeded', outputs: which % 2 === 0 ? null : { n: String(which) } })
  if (what < 36) return report({ kind: 'failed', failure: failureOf(which), outputs: null })
  if (what < 39) return report({ kind: 'cancelled' })
  if (what < 42) return { type: 'lose-attempt', node: inWork, fence: taskAt(run, inWork).fence, reason: 'silent' }
  if (what < 50) return { type: which % 4 === 0 ? 'reject' : 'approve', node, by: voterOf(run, node), comment: '' }
  if (what < 52) return { type: 'pause' }
  if (what < 57) return { type: 'resume' }
  if (what < 58)
    return {
      type: 'cancel',
      reason: 'enough',
      mode: (['force', 'stop', 'after-current'] as const)[which % 3] ?? 'stop',
    }
  if (what < 62) return { type: 'retry' }
  if (what < 68) return { type: 'retry-node', node, inputs: null }
  if (what < 73) return { type: 'skip-node', node: any, reason: '' }
  if (what < 76) return { type: 'fire-trigger', stage: null, trigger: which % 2, params: {} }
  if (what < 77) return { type: 'start' }
  if (what < 79) return { type: 'report-attempt', node, fence: fence - 1, result: { kind: 'succeeded', outputs: null } }
  if (what < 81) return { type: 'check-deadline', node: which % 5 === 0 ? null : any }
  if (what < 100) return undefined
  return onNodeMove(w, what, which)
}

/** What people do to nodes besides: mostly where it is allowed, as what a flow waits for is found seldom by chance. */
function onNodeMove({ run }: EngineWorld, what: number, which: number): RunCommand | undefined {
  const stages = run.plan.stages
  const among = (action: NodeAction, rest: readonly number[]): number =>
    pick(
      run.plan.nodes.flatMap(({ index }) => (allowedOnNode(run, index).includes(action) ? [index] : [])),
      which,
    ) ??
    pick(rest, which) ??
    0
  const all = [...run.plan.nodes.keys()]
  if (what < 104) return onNode(run, among('pause', all), 'pause')
  if (what < 110) return onNode(run, among('resume', all), 'resume')
  if (what < 120) return onNode(run, among('callback', all), 'callback')
  if (what < 126) return onNode(run, among('choose', all), 'choose')
  if (what < 129) return onNode(run, among('rollback', stages), 'rollback')
  if (what < 132) return onNode(run, among('fail', all), 'fail')
  if (what < 134) return onNode(run, among('delay', all), 'delay')
  if (what < 136) return onNode(run, among('expire', all), 'expire')
  if (what < 138) return onNode(run, among('retry', stages), 'retry')
  if (what < 139) return { type: 'modify', params: {} }
  return { type: 'fire-trigger', stage: pick(stages, which) ?? 0, trigger: which % 2, params: {} }
}

const FAILURES = [
  { kind: 'exit-code', code: 1 },
  { kind: 'cannot-start', reason: 'no shell' },
  { kind: 'unauthorized', reason: 'no' },
] as const
const failureOf = (which: number): (typeof FAILURES)[number] => FAILURES[which % FAILURES.length] ?? FAILURES[0]

/**
 * The same draws each time, so that what is red is red for everybody; `LAWS_SEED` draws others, `LAWS_TIMES` more of
 * them (docs/proof.md).
 */
const rounds = (times: number): { readonly numRuns: number; readonly seed: number } => ({
  numRuns: times * Number(process.env['LAWS_TIMES'] ?? 1),
  seed: Number(process.env['LAWS_SEED'] ?? 1),
})

const keyOf = ({ key }: { readonly key: string }): string => key

/** Plays the choices. `after` sees the run before and after each step that changed it. */
function play(
  definition: PipelineDefinition,
  list: readonly Choice[],
  after: (w: EngineWorld, before: Run) => void = () => undefined,
): EngineWorld {
  let drawn = 0
  const draw = (): number => (drawn = (drawn * 16_807 + 0.137) % 1)
  // In one of four runs, something is left out.
  const excluded = list.length % 4 > 0 ? [] : definition.stages.flatMap(({ tasks }) => tasks.slice(1, 2)).map(keyOf)
  const w = new EngineWorld(definition, { start: definition.triggers === null, draw, excluded })
  after(w, w.run)
  for (const choice of list) {
    const before = w.run
    const command = commandOf(w, choice)
    if (command !== undefined) w.raw(command)
    else if (choice.what < 90) w.settle()
    else
      w.wait(choice.what < 96 ? Math.max(0, Math.min(...w.timers.values(), w.now + 60_000) - w.now) : choice.which * 25)
    if (w.run !== before) after(w, before)
  }
  return w
}

const plain = ({ nodes, ...rest }: Run): unknown => ({ ...rest, nodes: nodes.toArray() })

test('the laws of a run hold after every step', () => {
  fc.assert(
    fc.property(definitions, choices, (definition, list) => {
      play(definition, list, (w, before) => {
        const { seq } = before === w.run ? { seq: 0 } : before
        const events = w.log.flatMap((entry) => entry.events)
        expect(events.length).toBe(w.run.seq)
        expect([
          ...brokenLaws(w.run),
          ...brokenByStep(before, w.run, events.slice(before === w.run ? w.run.seq : seq)),
        ]).toEqual([])
        expect(
          brokenByEvents(
            before,
            w.log.filter((entry) => entry.seq > before.seq),
          ),
        ).toEqual([])
      })
    }),
    rounds(1_000),
  )
})

test('what is named as allowed is taken, all else is refused and the refusal names the same', () => {
  fc.assert(
    fc.property(definitions, choices, (definition, list) => {
      play(definition, list, (w) => expect(brokenAdmissions(w.run)).toEqual([]))
    }),
    rounds(150),
  )
})

test('a command is taken of whom, of what and when it may be, and once', () => {
  fc.assert(
    fc.property(definitions, choices, (definition, list) => {
      play(definition, list, (w) => expect(brokenCommands(w.run)).toEqual([]))
    }),
    rounds(60),
  )
})

test('a log folds to the run that wrote it, whole, in parts and as of any event', () => {
  fc.assert(
    fc.property(definitions, choices, fc.nat(), (definition, list, at) => {
      const states: Run[] = []
      const { run, log } = play(definition, list, (w) => states.push(w.run))
      const folded = fold(run.id, run.plan, log)
      expect(plain(folded)).toEqual(plain(run))
      const past = pick(states, at) ?? run
      const asOf = fold(run.id, run.plan, log, past.seq)
      expect(plain(asOf)).toEqual(plain(past))
      expect(plain(foldOnto(asOf, log))).toEqual(plain(run))
      // What is given twice is there once.
      expect(foldOnto(run, log)).toBe(run)
      // Step by step, and of all that was there before nothing has been changed since.
      let next = fold(run.id, run.plan, log.slice(0, 1))
      for (const entry of log) {
        next = foldOnto(next, [entry])
        const known = states.find(({ seq }) => seq === next.seq)
        if (known !== undefined) expect(isDeepStrictEqual(plain(next), plain(known))).toBe(true)
      }
    }),
    rounds(150),
  )
})

test('a snapshot is read as the run that it is of', () => {
  fc.assert(
    fc.property(definitions, choices, (definition, list) => {
      const { run } = play(definition, list)
      const read = runOfSnapshot(run.id, run.plan, snapshotOf(run))
      expect(isDeepStrictEqual(plain(read as Run), plain(run))).toBe(true)
    }),
    rounds(150),
  )
})

test('the same commands at the same times make the same events and effects', () => {
  fc.assert(
    fc.property(definitions, choices, (definition, list) => {
      const [one, two] = [play(definition, list), play(definition, list)]
      expect(two.log).toEqual(one.log)
      expect(two.effects).toEqual(one.effects)
    }),
    rounds(100),
  )
})

test('a cancelled run ends by its deadline although nobody ever answers, whatever came before', () => {
  fc.assert(
    fc.property(definitions, choices, (definition, list) => {
      const w = play(definition, list)
      if (w.run.phase === 'ended') return
      const before = w.run
      w.raw({ type: 'cancel', reason: 'enough', mode: 'stop' })
      const deadline = before.cancelling?.deadline ?? w.now + GRACE_MS + LEASE_MS
      for (
        let due = Math.min(...w.timers.values());
        due <= deadline && w.run.phase === 'live';
        due = Math.min(...w.timers.values())
      ) {
        w.now = Math.max(w.now, due)
        for (const [node, at] of w.timers) {
          if (at > w.now) continue
          w.timers.delete(node)
          w.raw({ type: 'check-deadline', node })
        }
      }
      expect(w.run.phase).toBe('ended')
      expect(w.run.updatedAt).toBeLessThanOrEqual(deadline)
    }),
    rounds(300),
  )
})

test('while a run goes on, its host has armed exactly the timers that are due', () => {
  fc.assert(
    fc.property(definitions, choices, (definition, list) => {
      play(definition, list, (w) => {
        if (w.run.phase !== 'live' || w.run.pausedAt !== null || w.run.cancelling !== null) return
        for (const effect of dueEffects(w.run)) {
          if (effect.type !== 'arm-timer') continue
          expect([effect.node, w.timers.get(effect.node)]).toEqual([effect.node, effect.at])
        }
      })
    }),
    rounds(300),
  )
})

test('while a run goes on, its host has been told of all that is to be done', () => {
  fc.assert(
    fc.property(definitions, choices, (definition, list) => {
      // By node: the attempt that runners are offered. A host takes it back when it is, and while the run is paused.
      const offered = new Map<number, number>()
      let [entries, effects] = [0, 0]
      play(definition, list, (w) => {
        for (const event of w.log.slice(entries).flatMap((entry) => entry.events)) {
          if (event.type === 'RunPaused') offered.clear()
          else if (event.type === 'TaskWithdrawn') offered.delete(event.node)
        }
        for (const effect of w.effects.slice(effects))
          if (effect.type === 'offer-attempt') offered.set(effect.node, effect.attempt)
        entries = w.log.length
        effects = w.effects.length
        for (const due of dueEffects(w.run)) {
          if (due.type === 'run-inline') expect(w.effects).toContainEqual(due)
          if (due.type === 'offer-attempt' && w.run.pausedAt === null)
            expect([due.node, offered.get(due.node)]).toEqual([due.node, due.attempt])
        }
      })
    }),
    rounds(150),
  )
})

test('a run that is to end when what is at work has ended does, as soon as its runners have reported', () => {
  fc.assert(
    fc.property(definitions, choices, (definition, list) => {
      const w = play(definition, list)
      if (w.run.phase === 'ended') return
      w.raw({ type: 'cancel', reason: 'enough', mode: 'after-current' })
      for (const { node, fence } of heldByRunners(w.run)) w.raw({ type: 'lose-attempt', node, fence, reason: 'silent' })
      for (const { index, kind } of w.run.plan.nodes) {
        if (kind !== 'task' || taskAt(w.run, index).status !== 'running') continue
        const { fence } = taskAt(w.run, index)
        w.raw({ type: 'report-attempt', node: index, fence, result: { kind: 'cancelled' } })
      }
      expect(w.run.phase).toBe('ended')
    }),
    rounds(150),
  )
})

test('after a restart of the server, what is due lets every run end', () => {
  fc.assert(
    fc.property(definitions, choices, (definition, list) => {
      const { run, log, now } = play(definition, list)
      if (run.phase !== 'live') return
      const w = restarted(definition, fold(run.id, run.plan, log), now)
      for (let step = 0; step < 500 && w.run.phase === 'live'; step += 1) help(w)
      expect(w.run.phase).toBe('ended')
    }),
    rounds(300),
  )
})

test('every view of every run can be made, and the job of every task that a runner holds', () => {
  fc.assert(
    fc.property(definitions, choices, (definition, list) => {
      play(definition, list, ({ run }) => {
        const view = viewOf(run, projectView(), {} as never, KEEP_ALL)
        // What is kept of views is what would be made anew.
        const copy = runOfSnapshot(run.id, run.plan, snapshotOf(run)) as Run
        expect(view).toEqual(viewOf(copy, projectView(), {} as never, KEEP_ALL))
        expect(view.stages.map(({ parts }) => parts.flat())).toEqual(view.stages.map(({ tasks }) => tasks))
        const { status, needsPerson } = summaryOf(run)
        expect(view.status).toBe(status)
        // What others must do is told as well.
        if (view.attention.some(({ kind }) => kind !== 'trigger' && kind !== 'callback')) expect(needsPerson).toBe(true)
        if (status === 'succeeded') expect(view.failure).toBeNull()
        if (status === 'failed') expect(view.failure).not.toBeNull()
        for (const { node, fence } of heldByRunners(run)) expect(jobOf(run, node, [])).toMatchObject({ node, fence })
      })
    }),
    rounds(100),
  )
})

const KEEP_ALL = 0

/** A host that knows nothing but the run: what a runner held is lost, what is due is taken up. */
function restarted(definition: PipelineDefinition, run: Run, now: number): EngineWorld {
  const w = new EngineWorld(definition, { start: false })
  w.run = run
  w.now = now
  w.take(dueEffects(run))
  for (const { node, fence } of heldByRunners(run)) w.raw({ type: 'lose-attempt', node, fence, reason: 'restarted' })
  return w
}

/** Whoever chose to go back each time, and to pass over the limit of the loop, would never get to its end. */
function wayForward(run: Run, index: number): readonly string[] {
  const { stage, flow } = taskPlan(run.plan, index)
  const edges = stagePlan(run.plan, stage).spec.flow?.edges ?? []
  const [far] = (flow?.out ?? []).toSorted((one, other) => other.to - one.to)
  return far === undefined ? [] : [edges[far.edge]?.key ?? '']
}

/** One thing that the host, a runner or a person would do, in that order. */
function help(w: EngineWorld): void {
  w.settle()
  const { run } = w
  if (run.phase !== 'live') return
  if (run.pausedAt !== null && run.cancelling === null) return void w.resume()
  const offer = w.offers.shift()
  if (offer !== undefined) {
    const leased = w.raw({ type: 'lease-attempt', ...offer, runner: 'r1' })
    if (leased.ok) {
      const { fence } = taskAt(w.run, offer.node)
      w.raw({ type: 'report-attempt', node: offer.node, fence, result: { kind: 'succeeded', outputs: null } })
    }
    return
  }
  if (allowedOnRun(run).includes('start')) return void w.try({ type: 'start' })
  for (const { index, kind } of run.plan.nodes) {
    if (kind !== 'task') continue
    const { status } = taskAt(run, index)
    for (const action of ['resume', 'callback'] as const)
      if (allowedOnNode(run, index).includes(action)) return void w.try(onNode(run, index, action))
    if (allowedOnNode(run, index).includes('choose'))
      return void w.try({ type: 'choose', node: index, edges: wayForward(run, index), reason: '' })
    if (status === 'reviewing')
      return void w.try({ type: 'approve', node: index, by: voterOf(run, index), comment: '' })
    if (run.counts.held > 0 && w.try({ type: 'skip-node', node: index, reason: '' }).ok) return
  }
  // Nothing helps what fails again and again and is not to be skipped.
  if (w.timers.size > 0) w.wait(Math.max(0, Math.min(...w.timers.values()) - w.now))
  else w.try({ type: 'cancel', reason: 'nothing helps', mode: 'stop' })
}
