import { expect, test } from 'vitest'
import { asId, type RunId, type UserId } from '../../model/id.ts'
import type { AttemptRef, RunnerPoll } from '../../model/runner.ts'
import { openMemoryStore } from '../../store/memory/index.ts'
import { FakeClock } from '../../testing/clock.ts'
import { seededEntropy } from '../../testing/entropy.ts'
import { RunnerRoster } from './runner-roster.ts'
import { RunnerWireUseCases } from './runner-wire.ts'

/** Two servers of one store: the runner speaks to the first, and the second has not been told of it yet. */

const RUNNER = 'ab'.repeat(8)
const [BEFORE, NOW] = ['1'.repeat(32), '2'.repeat(32)]
const FACTS = { labels: [], slots: 1, version: '1' }
const ATTEMPT: AttemptRef = { runId: asId<RunId>('0c'.repeat(16)), node: 1, attempt: 1, fence: 4 }
const POLL: RunnerPoll = { session: 's', ack: 0, draining: false, cleaned: [] }

async function servers() {
  const { keys } = openMemoryStore()
  const userId = asId<UserId>('1'.repeat(32))
  const user = { id: userId, name: 'wu', domain: 'd', passwordHash: null, role: 'admin' } as const
  await keys.addUser({ ...user, projectIds: null, createdAt: 1, disabledAt: null })
  const key = { kind: 'runner', name: RUNNER, secret: 'no secret', userId, label: 'far' } as const
  await keys.addKey({ ...key, createdAt: 1, expiresAt: null, revokedAt: null })
  const deps = { keys, clock: new FakeClock(), entropy: seededEntropy('runner-wire') }
  const first = await RunnerRoster.open(deps)
  await first.greet(RUNNER, BEFORE, null, FACTS)
  const second = await RunnerRoster.open(deps)
  await first.greet(RUNNER, NOW, BEFORE, FACTS)
  const wire = new RunnerWireUseCases({
    roster: second,
    attendance: { linkOf: () => undefined, isElsewhere: () => true },
    dispatcher: { holds: () => false },
    among: { holds: () => true },
    uploads: { logSize: () => Promise.resolve(7) },
  } as unknown as ConstructorParameters<typeof RunnerWireUseCases>[0])
  const signal = new AbortController().signal
  return {
    says: (incarnation: string) => wire.received({ id: RUNNER, incarnation }, ATTEMPT, null),
    polls: (incarnation: string) => wire.poll({ id: RUNNER, incarnation }, POLL, signal),
  }
}

test('a process that another server has greeted since is heard', async () => {
  const { says } = await servers()
  expect(await says(NOW)).toEqual({ ok: true, value: { size: 7 } })
})

test('its poll is asked to say hello, and does not end it', async () => {
  const { polls } = await servers()
  expect(await polls(NOW)).toMatchObject({ ok: false, refusal: { code: 'hello_again' } })
})

test('the process before it is over, whoever has told of that', async () => {
  const { says, polls } = await servers()
  expect(await says(BEFORE)).toMatchObject({ ok: true })
  expect(await says(NOW)).toMatchObject({ ok: true })
  expect([await says(BEFORE), await polls(BEFORE)]).toMatchObject([
    { refusal: { code: 'superseded' } },
    { refusal: { code: 'superseded' } },
  ])
})
