import { expect, onTestFinished, test } from 'vitest'
import type { ProjectId } from '../../model/id.ts'
import { memoryOutbox } from '../../store/memory/outbox.ts'
import type { MessageRecord, NewMessage, Outbox } from '../../store/store.ts'
import { FakeClock } from '../../testing/clock.ts'
import { OutboxSender, type Sent } from './outbox.ts'

const clock = new FakeClock()
const HOUR = 3_600_000

const message = (id: string, target: string): NewMessage => ({
  id,
  projectId: 'project' as ProjectId,
  runId: null,
  kind: 'webhook',
  target,
  lane: null,
  body: '{}',
  createdAt: clock.now(),
})

/** @param over in place of what the outbox itself does */
function opened(
  send: (message: MessageRecord) => Promise<Sent>,
  over: (outbox: Outbox) => Partial<Outbox> = () => ({}),
) {
  const memory = memoryOutbox(
    () => undefined,
    () => true,
  )
  const outbox = { ...memory, ...over(memory) }
  const defects: unknown[] = []
  const sender = new OutboxSender({ outbox, clock, draw: () => 0.5, send, onDefect: (error) => defects.push(error) })
  onTestFinished(() => {
    sender.close()
    expect(defects).toEqual([])
  })
  return { outbox, sender }
}

test('what was sent while the outbox was asked for what is due is not sent again', async () => {
  const sending = Promise.withResolvers<Sent>()
  const sent: string[] = []
  const asked = Promise.withResolvers<void>()
  const answering = Promise.withResolvers<void>()
  const { outbox, sender } = opened(
    ({ id }) => {
      sent.push(id)
      return sending.promise
    },
    (memory) => ({
      // The second time it says what was true when it was asked, as a thread of its own does.
      dueMessages: async (...query) => {
        const due = await memory.dueMessages(...query)
        if (sent.length === 0) return due
        asked.resolve()
        await answering.promise
        return due
      },
    }),
  )
  await outbox.putMessages([message('a', 'x')])
  sender.open()
  sender.wake()
  await asked.promise
  sending.resolve({ kind: 'delivered' })
  await expect.poll(async () => (await outbox.message('a'))?.state).toBe('delivered')
  answering.resolve()
  await sender.settled()
  expect(sent).toEqual(['a'])
})

test('a receiver that hangs holds up no other one, however much waits for it', async () => {
  const told = Promise.withResolvers<void>()
  let asked = 0
  const { outbox, sender } = opened(({ target }) => {
    if (target === 'hung') asked += 1
    else told.resolve()
    return target === 'hung' ? new Promise(() => undefined) : Promise.resolve({ kind: 'delivered' })
  })
  await outbox.putMessages(Array.from({ length: 2_000 }, (_, index) => message(`hung ${index}`, 'hung')))
  await outbox.putMessages([message('quick', 'quick')])
  sender.open()
  await told.promise
  expect(asked).toBe(2)
})

test('a receiver that asks for a pause delays no other one that is to be tried again', async () => {
  const tries: string[] = []
  const { outbox, sender } = opened(({ id, target }) => {
    tries.push(id)
    const notBefore = target === 'busy' ? { notBefore: clock.now() + 6 * HOUR } : {}
    return Promise.resolve({ kind: 'again', error: 'status 503', ...notBefore })
  })
  await outbox.putMessages([message('busy 1', 'busy')])
  sender.open()
  await sender.settled()
  await outbox.putMessages([message('busy 2', 'busy'), message('other', 'other')])
  sender.wake()
  await sender.settled()
  expect(tries).toEqual(['busy 1', 'other'])
  clock.advance(10_000)
  await sender.settled()
  expect(tries).toEqual(['busy 1', 'other', 'other'])
})
