import type { PipelineDefinition } from '../model/definition.ts'
import { definition, noop, on, retries, review, script, sleep, stage, when } from './definitions.ts'
import { flowWith } from './engine-flows.ts'
import type { EngineWorld } from './engine-world.ts'

export interface Scenario {
  /** What it shows, in one sentence. */
  readonly about: string
  readonly definition: PipelineDefinition
  /** false: the run waits to be started. */
  readonly start?: boolean
  readonly play: (w: EngineWorld) => void
}

const one = (...tasks: Parameters<typeof stage>[1]): readonly ReturnType<typeof stage>[] => [stage('s', tasks)]

/**
 * One run per feature of the engine, whose log is kept in test/histories: what was written once must mean the same for
 * ever. A scenario that was recorded is not changed; a new one is added.
 */
export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'two-stages-succeed': {
    about: 'A diamond, then a stage of a join and a sleep; outputs are kept.',
    definition: definition({
      stages: [
        stage('build', [
          script('a'),
          script('b', { needs: ['a'] }),
          script('c', { needs: ['a'] }),
          noop('d', { needs: ['b', 'c'] }),
        ]),
        stage('ship', [sleep('e', 5_000), script('f', { needs: ['e'] })]),
      ],
    }),
    play: (w) => {
      w.end('a', { kind: 'succeeded', outputs: { tag: 'v1' } })
      w.succeed('c', 'b')
      w.wait(5_000)
      w.succeed('f')
    },
  },
  'a-failure-stops-and-a-retry-mends': {
    about: 'One of two fails: the other ends, what is queued goes back; a person retries the run, and it succeeds.',
    definition: definition({ stages: [stage('s', [script('a'), script('b')]), stage('t', [script('c')])] }),
    play: (w) => {
      w.lease('a', 'b')
      w.fail('a')
      w.succeed('b')
      w.wait(1_000)
      w.retryRun()
      w.succeed('a', 'c')
    },
  },
  'held-then-skipped': {
    about: 'A failure waits for a person, who retries it, sees it fail again, and skips it.',
    definition: definition({ stages: one(script('a', on('hold')), script('b', { needs: ['a'] })) }),
    play: (w) => {
      w.fail('a')
      w.retry('a')
      w.fail('a')
      w.skip('a')
      w.succeed('b')
    },
  },
  'held-until-it-expires': {
    about: 'Nobody comes for a held task: it is given up as timed out.',
    definition: definition({ stages: one(script('a', on('hold', 60_000)), script('b')) }),
    play: (w) => {
      w.fail('a')
      w.succeed('b')
      w.wait(60_000)
    },
  },
  'retries-with-delays': {
    about: 'Two failures are tried again by themselves, each after its delay.',
    definition: definition({ stages: one(script('a', retries(2))) }),
    play: (w) => {
      w.fail('a')
      w.wait(1_000)
      w.fail('a')
      w.wait(2_000)
      w.succeed('a')
    },
  },
  'a-quorum-approves': {
    about: 'Two of three reviewers must agree, and do.',
    definition: definition({
      stages: one(review('gate', { reviewers: ['li', 'chen', 'wu'], required: 2 }), script('b', { needs: ['gate'] })),
    }),
    play: (w) => {
      w.approve('gate', 'wu')
      w.wait(60_000)
      w.approve('gate', 'li')
      w.succeed('b')
    },
  },
  'rejected-and-asked-again': {
    about: 'A review is rejected; the run has failed; a retry asks again, and it is approved.',
    definition: definition({ stages: one(review('gate'), script('b', { needs: ['gate'] })) }),
    play: (w) => {
      w.reject('gate')
      w.retry('gate')
      w.approve('gate')
      w.succeed('b')
    },
  },
  'a-review-expires': {
    about: 'Nobody decides in time.',
    definition: definition({ stages: one(review('gate', { expireMs: 60_000 })) }),
    play: (w) => w.wait(60_000),
  },
  'paused-and-resumed': {
    about: 'What runs ends while the run is paused, nothing begins, and deadlines move.',
    definition: definition({
      timeoutMs: 600_000,
      stages: one(script('a'), script('b', { needs: ['a'], notStartedMs: 30_000 })),
    }),
    play: (w) => {
      w.lease('a')
      w.pause()
      w.succeed('a')
      w.wait(3_600_000)
      w.resume()
      w.wait(10_000)
      w.succeed('b')
    },
  },
  'cancelled-and-reopened': {
    about: 'A cancel stops what runs; a retry goes on from there.',
    definition: definition({ stages: one(script('a'), script('b', { needs: ['a'] })) }),
    play: (w) => {
      w.lease('a')
      w.cancel()
      w.report('a', { kind: 'cancelled' })
      w.retryRun()
      w.succeed('a', 'b')
    },
  },
  'a-cancel-that-nobody-answers': {
    about: 'The runner is silent: the cancel ends at its deadline.',
    definition: definition({ stages: one(script('a')) }),
    play: (w) => {
      w.lease('a')
      w.cancel()
      w.wait(60_000)
    },
  },
  'back-to-the-first-node': {
    about: 'The policy restart takes the run back once; the second failure counts.',
    definition: definition({
      restartsMax: 1,
      stages: [stage('s', [script('a')]), stage('t', [script('b', on('restart'))])],
    }),
    play: (w) => {
      w.succeed('a')
      w.fail('b')
      w.succeed('a')
      w.fail('b')
    },
  },
  'limits-of-time': {
    about: 'A task is stopped at its limit, a stage at its own, and the run at its.',
    definition: definition({
      timeoutMs: 300_000,
      stages: [
        stage('s', [script('a', { timeoutMs: 10_000, ...on('continue') })]),
        stage('t', [script('b', on('continue'))], { timeoutMs: 20_000 }),
        stage('u', [script('c')], { always: true }),
      ],
    }),
    play: (w) => {
      w.lease('a')
      w.wait(10_000)
      w.report('a', { kind: 'cancelled' })
      w.lease('b')
      w.wait(20_000)
      w.report('b', { kind: 'cancelled' })
      if (w.status('c') === 'queued') w.lease('c')
      w.wait(400_000)
    },
  },
  'lost-and-run-again': {
    about: 'A runner dies with two tasks: one is run again, one is an error that is passed over.',
    definition: definition({ stages: one(script('a', { onLost: 'rerun' }), script('b', on('continue'))) }),
    play: (w) => {
      w.lease('a', 'b')
      w.lose('a')
      w.lose('b')
      w.wait(60_000)
      w.succeed('a')
    },
  },
  'conditions-leave-out': {
    about: 'A task and a stage whose conditions are false are left out; a stage that always runs follows a failure.',
    definition: definition({
      stages: [
        stage('s', [script('a'), script('b', { needs: ['a'], ...when("tasks.a.status == 'failed'") })]),
        stage('t', [script('c')], when('false')),
        stage('u', [script('d')]),
        stage('v', [script('e')], { always: true }),
      ],
    }),
    play: (w) => {
      w.succeed('a')
      w.fail('d')
      w.succeed('e')
    },
  },
  'started-by-two-webhooks': {
    about: 'Both triggers have fired, and what they gave became params.',
    definition: definition({
      params: [{ name: 'tag', type: 'string', description: '', required: false, default: 'none', options: [] }],
      triggers: {
        operator: 'and',
        list: [
          { kind: 'webhook', name: 'image', params: { pushed: 'tag' } },
          { kind: 'webhook', name: 'go', params: {} },
        ],
      },
      stages: one(noop('a')),
    }),
    start: false,
    play: (w) => {
      w.do({ type: 'fire-trigger', stage: null, trigger: 0, params: { pushed: 'v2', by: 'someone' } })
      w.wait(1_000)
      w.do({ type: 'fire-trigger', stage: null, trigger: 1, params: {} })
    },
  },
  'withdrawn-and-queued-again': {
    about: 'What was queued goes back when the other one fails, and is queued again by a retry.',
    definition: definition({ stages: one(script('a'), script('b')) }),
    play: (w) => {
      w.fail('a')
      w.retryRun()
      w.succeed('a', 'b')
    },
  },
  'never-started': {
    about: 'A run that waits for its start and is cancelled.',
    definition: definition({ stages: one(script('a')) }),
    start: false,
    play: (w) => void w.cancel(),
  },
  'under-way': {
    about: 'A run that is not over: one task at work, one queued, one reviewed.',
    definition: definition({ stages: one(script('a'), script('b'), review('gate')) }),
    play: (w) => void w.lease('a'),
  },
  'taken-back': {
    about: 'A stage is rolled back after the one behind it has failed.',
    definition: definition({
      stages: [
        stage('s', [script('a', { rollback: { kind: 'runner', uses: 'script', with: {} } })]),
        stage('t', [script('b')]),
      ],
    }),
    play: (w) => {
      w.succeed('a')
      w.fail('b')
      w.do({ type: 'rollback', node: w.index('s') })
      w.succeed('a')
    },
  },
  'a-loop-until-it-is-well': {
    about: 'A flow comes back to its task through an exclusive gateway, and goes on when that has succeeded.',
    definition: flowWith('back until it is well', 'continue'),
    play: (w) => {
      w.fail('a')
      w.succeed('a')
    },
  },
  'both-branches-at-once': {
    about: 'A flow forks and meets again; one of its tasks is paused on the way.',
    definition: flowWith('both at once', 'stop'),
    play: (w) => {
      w.do({ type: 'pause-node', node: w.index('b') })
      w.succeed('a')
      w.do({ type: 'resume-node', node: w.index('b') })
      w.succeed('b')
    },
  },
  'called-back': {
    about: 'A task waits for its callback, which brings outputs.',
    definition: definition({ stages: one(script('a', { work: { kind: 'callback', expireMs: null } })) }),
    play: (w) => {
      const node = w.index('a')
      w.do({ type: 'callback', node, version: null, succeeded: true, outputs: { answer: 42 }, reason: '' })
    },
  },
  'stages-side-by-side': {
    about: 'Two stages run together, and one of their tasks is failed by force and skipped.',
    definition: definition({
      stages: [stage('s', [script('a')]), stage('t', [script('b', on('hold'))], { parallel: true })],
    }),
    play: (w) => {
      w.lease('a', 'b')
      w.do({ type: 'fail-node', node: w.index('b'), by: 'li', reason: 'it hangs' })
      w.report('b', { kind: 'cancelled' })
      w.succeed('a')
      w.skip('b')
    },
  },
}
