import { type MessageRecord, type Outbox, StoreError } from '../store.ts'
import type { ProjectId } from '../../model/id.ts'

export function memoryOutbox(open: () => void, hasProject: (id: ProjectId) => boolean): Outbox {
  /** In order of serial. */
  let all: readonly MessageRecord[] = []
  let lastSerial = 0

  const find = (id: string): MessageRecord => {
    const found = all.find((message) => message.id === id)
    if (found === undefined) throw new StoreError('missing', `there is no message ${id}`)
    return found
  }
  const replace = (changed: MessageRecord): void => {
    all = all.map((message) => (message.id === changed.id ? changed : message))
  }
  const waiting = (): readonly MessageRecord[] => all.filter(({ state }) => state === 'waiting')

  return {
    putMessages: async (messages) => {
      open()
      const homeless = messages.find(({ projectId }) => !hasProject(projectId))
      if (homeless !== undefined) throw new StoreError('missing', `there is no project ${homeless.projectId}`)
      for (const message of messages) {
        if (all.some(({ id }) => id === message.id)) continue
        const { lane, createdAt } = message
        all = all.map((other) =>
          lane !== null && other.lane === lane && other.state === 'waiting'
            ? { ...other, state: 'superseded', nextAt: null, updatedAt: createdAt }
            : other,
        )
        lastSerial += 1
        const fresh = { state: 'waiting', tries: 0, nextAt: createdAt, error: null, updatedAt: createdAt } as const
        all = [...all, { ...message, ...fresh, serial: lastSerial }]
      }
    },
    dueMessages: async (now, limit, without = []) => {
      open()
      return waiting()
        .filter(({ nextAt, target }) => nextAt !== null && nextAt <= now && !without.includes(target))
        .toSorted((a, b) => (a.nextAt ?? 0) - (b.nextAt ?? 0) || a.serial - b.serial)
        .slice(0, Math.max(0, limit))
    },
    nextDue: async (after = 0) => {
      open()
      const instants = waiting().flatMap(({ nextAt }) => (nextAt === null || nextAt <= after ? [] : [nextAt]))
      return instants.length === 0 ? undefined : Math.min(...instants)
    },
    message: async (id) => {
      open()
      return all.find((message) => message.id === id)
    },
    newestOf: async (lane) => {
      open()
      return all.findLast((message) => message.lane === lane)
    },
    messages: async ({ projectIds, runId, kind, target, state }, before, limit) => {
      open()
      return all
        .filter(
          (message) =>
            (before === null || message.serial < before) &&
            (projectIds === undefined || projectIds.includes(message.projectId)) &&
            (runId === undefined || message.runId === runId) &&
            (kind === undefined || message.kind === kind) &&
            (target === undefined || message.target === target) &&
            (state === undefined || message.state === state),
        )
        .toReversed()
        .slice(0, Math.max(0, limit))
    },
    markMessage: async (id, { at, ...mark }) => {
      open()
      const found = find(id)
      if (found.state !== 'waiting') return false
      replace({ ...found, ...mark, updatedAt: at })
      return true
    },
    replayMessage: async (id, at) => {
      open()
      const found = find(id)
      const newer = all.some(({ lane, serial }) => lane !== null && lane === found.lane && serial > found.serial)
      if (found.state === 'superseded' || newer) {
        throw new StoreError('conflict', `message ${id} has been followed by a newer one`)
      }
      const again: MessageRecord = { ...found, state: 'waiting', tries: 0, nextAt: at, error: null, updatedAt: at }
      replace(again)
      return again
    },
    pruneMessages: async (before) => {
      open()
      const count = all.length
      all = all.filter(({ state, updatedAt }) => state === 'waiting' || updatedAt >= before)
      return count - all.length
    },
  }
}
