import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { api, startServerProcess, type ServerProcess } from '../support/server-process.ts'

interface Run {
  readonly id: string
  readonly number: number
  readonly status: string
  readonly seq: number
  readonly stages: readonly {
    readonly tasks: readonly {
      readonly key: string
      readonly status: string
      readonly attempt: number
      readonly failure: { readonly kind: string } | null
    }[]
  }[]
}
interface Events {
  readonly items: readonly {
    readonly number: number
    readonly run_id: string
    readonly seq: number
    readonly type: string
  }[]
}

let directory: string
let server: ServerProcess | undefined
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-kill-'))
})
afterEach(async () => {
  await server?.kill()
  rmSync(directory, { recursive: true, force: true })
})

const ended = (run: Run): boolean => ['succeeded', 'failed', 'errored', 'timed_out', 'cancelled'].includes(run.status)

/** Reads the server's stream until this is true of the run; the stream wakes, the run is asked. */
async function until(of: ServerProcess, token: string, id: string, isSo: (run: Run) => boolean): Promise<Run> {
  const stop = new AbortController()
  const stream = await fetch(`${of.url}/api/v1/events/stream?run=${id}`, {
    headers: { authorization: `Bearer ${token}`, 'last-event-id': '0' },
    signal: stop.signal,
  })
  try {
    for await (const _ of stream.body ?? []) {
      const run = await api<Run>(of, token, 'GET', `/runs/${id}`)
      if (isSo(run)) return run
    }
    throw new Error('the stream ended')
  } finally {
    stop.abort()
  }
}

/** Resolves when the task has written something. */
async function firstOutput(of: ServerProcess, token: string, id: string, task: string): Promise<void> {
  const stop = new AbortController()
  const log = await fetch(`${of.url}/api/v1/runs/${id}/nodes/${task}/log?follow=true`, {
    headers: { authorization: `Bearer ${token}` },
    signal: stop.signal,
  })
  for await (const _ of log.body ?? []) break
  stop.abort()
}

const create = (of: ServerProcess, token: string, definition: string) =>
  api<{ id: string }>(of, token, 'POST', '/pipelines', { project: 'default', definition })

/** Whether a process of ours still has this word in its environment. */
function processesWith(word: string): readonly string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false
    try {
      return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(word)
    } catch {
      return false
    }
  })
}

test(
  'after kill -9 the server goes on from its log: a lost attempt is errored or run again, as its task says',
  { timeout: 120_000 },
  async () => {
    server = await startServerProcess(directory)
    const token = server.token ?? ''
    const word = `canary${process.pid}x${Date.now()}`
    const definition = [
      'name: long',
      'tasks:',
      '  - {key: given-up, script: "while :; do sleep 1; done", on_failure: continue}',
      `  - {key: again, on_lost: rerun, script: "if [ $MILLRACE_TRY = 1 ]; then echo begun; exec sleep 1000; fi", env: {WORD: ${word}}}`,
      '  - {key: after, script: "true", needs: [given-up, again]}',
    ].join('\n')
    const pipeline = await create(server, token, definition)
    const { id } = await api<Run>(server, token, 'POST', `/pipelines/${pipeline.id}/runs`, {})
    await firstOutput(server, token, id, 'again')
    expect(processesWith(word)).not.toEqual([])
    await server.kill()

    server = await startServerProcess(directory)
    expect(server.recovered).toEqual({ runs: 1, lostAttempts: 2 })
    const run = await until(server, token, id, ended)
    expect(run.status).toBe('succeeded')
    const tasks = run.stages.flatMap((stage) => stage.tasks)
    expect(tasks.map(({ key, status, attempt }) => [key, status, attempt])).toEqual([
      ['given-up', 'errored', 1],
      ['again', 'succeeded', 2],
      ['after', 'succeeded', 1],
    ])
    expect(tasks[0]?.failure?.kind).toBe('lost')
    expect(processesWith(word)).toEqual([])
  },
)

test('whatever is answered survives kill -9 at any moment, every run ends, and no event number is missing or doubled', async () => {
  server = await startServerProcess(directory)
  const token = server.token ?? ''
  const steps = Array.from(
    { length: 30 },
    (_, index) => `  - {key: t${index}, uses: noop, needs: [${index === 0 ? '' : `t${index - 1}`}]}`,
  )
  const pipeline = await create(
    server,
    token,
    ['name: chain', 'tasks:', ...steps, '  - {key: work, needs: [t29], on_lost: rerun, script: "true"}'].join('\n'),
  )
  const acknowledged: string[] = []
  for (let round = 0; round < 4; round += 1) {
    // Killed while runs are started, begun and under way: after as many answers as the round says.
    const starting = Array.from({ length: 8 + round }, async () => {
      const run = await api<Run>(server as ServerProcess, token, 'POST', `/pipelines/${pipeline.id}/runs`, {})
      acknowledged.push(run.id)
      if (acknowledged.length % (5 + round) === 0) await server?.kill()
    })
    await Promise.allSettled(starting)
    await server.kill()
    server = await startServerProcess(directory)
  }
  expect(acknowledged.length).toBeGreaterThan(4)
  for (const id of acknowledged) expect((await until(server, token, id, ended)).status).toBe('succeeded')
  const numbers: number[] = []
  for (let after = 0; ;) {
    const { items } = await api<Events>(server, token, 'GET', `/events?after=${after}&limit=500`)
    numbers.push(...items.map(({ number }) => number))
    after = numbers.at(-1) ?? 0
    if (items.length === 0) break
  }
  expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, index) => index + 1))
}, 120_000)

test('a second server on the same data directory refuses to start, and says why', { timeout: 120_000 }, async () => {
  server = await startServerProcess(directory)
  await expect(startServerProcess(directory)).rejects.toThrow(`the data directory ${directory} is in use`)
})
