import type { NodeAction, RunAction } from '../../src/model/command.ts'
import type { PipelineDefinition } from '../../src/model/definition.ts'
import { definition, noop, on, review, script, sleep, stage } from '../../src/testing/definitions.ts'
import { below, dice, pickOf } from '../../src/testing/dice.ts'

/** A run as it was answered. */
export interface Answered {
  readonly id: string
  readonly seq: number
  readonly status: string
}

/** What is driven: use cases in the same process, or the native API of a whole server. Refusals are undefined. */
export interface Steered {
  start(key: string): Promise<Answered | undefined>
  act(run: string, action: Exclude<RunAction, 'modify'>): Promise<Answered | undefined>
  actOnNode(
    run: string,
    node: string,
    action: Exclude<NodeAction, 'callback' | 'choose' | 'delay'>,
    comment: string,
  ): Promise<Answered | undefined>
}

/**
 * What a client was told, or is about to ask. Tokens stand in the log once and for ever: a start's in its params, a
 * node's in its comment.
 */
export type Told =
  | { readonly kind: 'asked'; readonly token: string }
  | { readonly kind: 'acked'; readonly token: string | null; readonly run: string; readonly seq: number }
  | {
      readonly kind: 'event'
      readonly number: number
      readonly run: string
      readonly seq: number
      readonly type: string
    }

/** A run that meets everything: work inline and of a runner, a review, a sleep, a failure that waits for a person. */
export const driven: PipelineDefinition = definition({
  name: 'driven',
  params: [{ name: 'token', type: 'string', description: '', required: true, default: null, options: [] }],
  stages: [
    stage('one', [
      noop('a'),
      script('b', { needs: ['a'], onLost: 'rerun', ...on('hold') }),
      review('c', {}, { needs: ['b'], ...on('hold') }),
      script('d', { ...on('continue') }),
    ]),
    stage('two', [noop('e'), sleep('f', 3), noop('g', { needs: ['e', 'f'] })]),
  ],
})

const NODES = ['a', 'b', 'd', 'e', 'f', 'g'] as const
const LANES = 6
/** Commands are given to one of so many runs that were made last. */
const RECENT = 12

interface Driving {
  /** Different in every life of a data directory: tokens are made of it. */
  readonly life: string
  readonly seed: number
  /** Keys that an earlier life has asked to start and was not answered: asked again, as a client would. */
  readonly again: readonly string[]
}

/** Starts and steers runs on several lanes at once until the first of them fails, as when the server is gone. */
export async function drive(on: Steered, { life, seed, again }: Driving, tell: (told: Told) => void): Promise<never> {
  const draw = dice(seed)
  const recent: string[] = []
  let tokens = 0
  const acked = (token: string | null, answer: Answered | undefined): void => {
    if (answer !== undefined) tell({ kind: 'acked', token, run: answer.id, seq: answer.seq })
  }
  const start = async (token: string): Promise<void> => {
    tell({ kind: 'asked', token })
    const answer = await on.start(token)
    acked(token, answer)
    if (answer === undefined) return
    recent.push(answer.id)
    if (recent.length > RECENT) recent.shift()
  }
  const steer = async (): Promise<void> => {
    const run = recent.length === 0 ? undefined : pickOf(draw, recent)
    const what = below(draw, 20)
    if (run === undefined) return
    if (what < 3) acked(null, await on.act(run, pickOf(draw, ['pause', 'resume', 'resume', 'cancel', 'retry'])))
    else {
      const token = `${life}.n${(tokens += 1)}`
      const action = what < 15 ? 'approve' : pickOf(draw, ['retry', 'skip', 'reject'] as const)
      const node = what < 15 || action === 'reject' ? 'c' : pickOf(draw, NODES)
      const answer = await on.actOnNode(run, node, action, token)
      acked(action === 'retry' ? null : token, answer)
    }
  }
  for (const key of again) await start(key)
  const lanes = Array.from({ length: LANES }, async (): Promise<never> => {
    for (;;) {
      await start(`${life}.s${(tokens += 1)}`)
      for (let left = below(draw, 16); left > 0; left -= 1) await steer()
    }
  })
  return Promise.race(lanes)
}

/** What brings a run nearer to its end, from where it was seen. */
export async function finish(on: Steered, run: Answered): Promise<void> {
  switch (run.status) {
    case 'waiting':
      await on.act(run.id, 'start')
      return
    case 'paused':
      await on.act(run.id, 'resume')
      return
    case 'held':
      await on.act(run.id, 'retry')
      return
    case 'reviewing':
      await on.actOnNode(run.id, 'c', 'approve', '')
      return
  }
}
