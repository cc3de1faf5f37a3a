import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { waitUntil } from '../../test/support/wait-until.ts'
import { asId, type RunId } from '../model/id.ts'
import { jobName, type Job } from '../model/job.ts'
import { startEmbeddedRunner, type EmbeddedRunner, type EmbeddedRunnerOptions } from './embedded.ts'
import { isAlive, statOf, taggedProcesses } from './processes.ts'
import type { EndedMessage } from './protocol.ts'

let directory: string
let runner: EmbeddedRunner | undefined
let ended: EndedMessage[]
let lost: { readonly name: string; readonly reason: string }[]
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-embedded-'))
  ended = []
  lost = []
})
afterEach(async () => {
  await runner?.close()
  runner = undefined
  rmSync(directory, { recursive: true })
})

async function open(more: Partial<EmbeddedRunnerOptions> = {}): Promise<EmbeddedRunner> {
  runner = await startEmbeddedRunner({
    dataDirectory: directory,
    slots: 2,
    graceMs: 200,
    onEnded: (message) => ended.push(message),
    onLost: (attempt, reason) => lost.push({ name: jobName(attempt), reason }),
    ...more,
  })
  return runner
}

const runId = asId<RunId>('0193a1b2c3d4e5f60718293a4b5c6d7e')
const job = (node: number, script: string): Job => ({
  runId,
  node,
  attempt: 1,
  fence: 3,
  uses: 'script',
  with: { script },
  env: {},
  graceMs: 200,
})
const logOf = (node: number): string => {
  try {
    return readFileSync(join(directory, 'logs', runId, `${node}-1.log`), 'utf8')
  } catch {
    return ''
  }
}
const says = (node: number, text: string): Promise<void> => waitUntil(() => logOf(node).includes(text))
const isGone = (pid: number): boolean => {
  const stat = statOf(pid)
  return stat === undefined || !isAlive(stat)
}
const tagged = (node: number): readonly unknown[] => taggedProcesses(new Set([`MILLRACE_ATTEMPT=${runId}/${node}/1`]))

/** Ignores TERM, and so do a child of another session and one that threw its environment away. */
const STUBBORN = `
  trap '' TERM
  stubborn='trap "" TERM; echo ready $$; while :; do sleep 1000; done'
  setsid sh -c "$stubborn" &
  env -i PATH="$PATH" setsid sh -c "$stubborn" &
  eval "$stubborn"`
const pidsIn = (log: string): number[] => [...log.matchAll(/^ready (\d+)$/gm)].map(([, pid]) => Number(pid))

test('attempts run in another process and report with their fence and the size of their log', async () => {
  const { start } = await open().then((opened) => ({ start: opened.start.bind(opened) }))
  start(job(1, 'echo hello; exit 3'))
  await waitUntil(() => ended.length === 1)
  expect(ended[0]).toEqual({
    type: 'ended',
    runId,
    node: 1,
    attempt: 1,
    fence: 3,
    result: { kind: 'failed', failure: { kind: 'exit-code', code: 3 }, outputs: {} },
    logBytes: 6,
  })
  expect(logOf(1)).toBe('hello\n')
})

test('neither the runner nor its tasks see the environment of the server', async () => {
  process.env['MILLRACE_CANARY'] = 'canary-of-the-server'
  process.env['NODE_OPTIONS'] = '--title=canary'
  try {
    const opened = await open({ env: { MILLRACE_HTTP_ALLOW: 'localhost:1' } })
    opened.start(job(1, 'env; tr "\\0" "\\n" < /proc/$PPID/environ'))
    await waitUntil(() => ended.length === 1)
    expect(logOf(1)).not.toMatch(/canary|HTTP_ALLOW|NODE_CHANNEL/)
    const environment = readFileSync(`/proc/${opened.pid()}/environ`, 'utf8')
    expect(environment).toContain('MILLRACE_HTTP_ALLOW=localhost:1')
    expect(environment).not.toContain('canary')
  } finally {
    delete process.env['MILLRACE_CANARY']
    delete process.env['NODE_OPTIONS']
  }
})

test('no more run at once than there are slots', async () => {
  const opened = await open()
  const script =
    'n=$(ls running 2>/dev/null | wc -l); echo "$n"; mkdir -p running; touch running/$$; sleep 0.05; rm running/$$'
  for (let node = 1; node <= 8; node += 1) opened.start(job(node, script))
  await waitUntil(() => ended.length === 8)
  const others = Array.from({ length: 8 }, (_, index) => Number(logOf(index + 1)))
  expect(Math.max(...others)).toBeLessThanOrEqual(1)
})

test('a cancelled attempt is over within its grace, and nothing of it is left', async () => {
  const opened = await open()
  opened.start(job(1, STUBBORN))
  await waitUntil(() => pidsIn(logOf(1)).length === 3)
  opened.cancel({ runId, node: 1, attempt: 1, fence: 3 })
  await waitUntil(() => ended.length === 1)
  expect(ended[0]?.result).toEqual({ kind: 'cancelled' })
  expect(pidsIn(logOf(1)).map(isGone)).toEqual([true, true, true])
})

test('clean removes what the run had', async () => {
  const opened = await open()
  opened.start(job(1, 'echo x > file'))
  await waitUntil(() => ended.length === 1)
  expect(readdirSync(join(directory, 'work'))).toEqual([runId])
  expect(await opened.clean(runId)).toBeNull()
  expect(readdirSync(join(directory, 'work'))).toEqual([])
})

describe('a runner that is killed', () => {
  test('loses its attempts once their processes are gone, and the next one takes new work', async () => {
    const notices: string[] = []
    const opened = await open({ onNotice: (sentence) => notices.push(sentence) })
    opened.start(job(1, STUBBORN))
    opened.start(job(2, 'echo ready; sleep 1000'))
    await waitUntil(() => pidsIn(logOf(1)).length === 3)
    await says(2, 'ready')
    const first = opened.pid()!
    process.kill(first, 'SIGKILL')
    await waitUntil(() => lost.length === 2)
    expect(lost.map(({ name }) => name).toSorted()).toEqual([`${runId}/1/1`, `${runId}/2/1`])
    expect(lost[0]?.reason).toBe('the runner embedded ended by signal SIGKILL')
    expect(pidsIn(logOf(1)).map(isGone)).toEqual([true, true, true])
    expect(tagged(2)).toEqual([])
    opened.start(job(3, 'echo again'))
    await waitUntil(() => ended.length === 1)
    expect(logOf(3)).toBe('again\n')
    expect(opened.pid()).not.toBe(first)
    expect(notices).toEqual(['The runner embedded ended by signal SIGKILL and is started again.'])
    // Nothing of the first life comes up again.
    expect([ended.length, lost.length]).toEqual([1, 2])
  })

  test('keeps what was given to it before it came up', async () => {
    const opened = await open()
    process.kill(opened.pid()!, 'SIGKILL')
    opened.start(job(1, 'echo hello'))
    await waitUntil(() => ended.length === 1)
    expect(lost).toEqual([])
  })

  test('cleans again what it was told to', async () => {
    const opened = await open()
    opened.start(job(1, 'echo ready; sleep 1000'))
    await says(1, 'ready')
    const cleaned = opened.clean(runId)
    process.kill(opened.pid()!, 'SIGKILL')
    expect(await cleaned).toBeNull()
    expect(readdirSync(join(directory, 'work'))).toEqual([])
  })
})

test('close ends what runs, and no report comes after it', async () => {
  const opened = await open()
  opened.start(job(1, STUBBORN))
  await waitUntil(() => pidsIn(logOf(1)).length === 3)
  const pid = opened.pid()!
  await opened.close()
  expect(pidsIn(logOf(1)).map(isGone)).toEqual([true, true, true])
  expect(isGone(pid)).toBe(true)
  expect([ended, lost]).toEqual([[], []])
  await opened.close()
})

describe('a server that is killed', () => {
  const SERVER = fileURLToPath(new URL('../../test/support/embedded-server.ts', import.meta.url))
  const children: ChildProcess[] = []
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
  })

  async function startServer(
    script: string,
  ): Promise<{ child: ChildProcess; said: { killed: number; runner: number } }> {
    const child = spawn(process.execPath, [SERVER, directory, script], { stdio: ['ignore', 'pipe', 'inherit'] })
    children.push(child)
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
    return { child, said: JSON.parse(line) as { killed: number; runner: number } }
  }

  test('takes its runner and every process of its tasks with it', async () => {
    const { child, said } = await startServer(STUBBORN)
    await waitUntil(() => pidsIn(logOf(1)).length === 3)
    child.kill('SIGKILL')
    await waitUntil(() => [said.runner, ...pidsIn(logOf(1))].every(isGone))
  })

  test('together with its runner leaves no process either', async () => {
    const { child, said } = await startServer(STUBBORN)
    await waitUntil(() => pidsIn(logOf(1)).length === 3)
    process.kill(said.runner, 'SIGKILL')
    child.kill('SIGKILL')
    await waitUntil(() => [said.runner, ...pidsIn(logOf(1))].every(isGone))
  })

  test('together with all that watches its tasks leaves them to the next start, which kills them first', async () => {
    // The one that threw its environment away and left the group is out of reach then; this has the other two.
    const script = `trap '' TERM
      stubborn='trap "" TERM; echo ready $$; while :; do sleep 1000; done'
      setsid sh -c "$stubborn" &
      eval "$stubborn"`
    const { child, said } = await startServer(script)
    await waitUntil(() => pidsIn(logOf(1)).length === 2)
    const watchers = readdirSync('/proc')
      .map(Number)
      .filter((pid) => statOf(pid)?.parent === said.runner)
    expect(watchers.length).toBeGreaterThan(0)
    // Stopped first, so that none of them hears of another's end.
    for (const pid of [child.pid!, said.runner, ...watchers]) process.kill(pid, 'SIGSTOP')
    for (const pid of [...watchers, said.runner, child.pid!]) process.kill(pid, 'SIGKILL')
    await waitUntil(() => [child.pid!, said.runner, ...watchers].every(isGone))
    const left = pidsIn(logOf(1))
    expect(left.map(isGone)).toEqual([false, false])
    const next = await startServer('')
    expect(next.said.killed).toBeGreaterThanOrEqual(2)
    expect(left.map(isGone)).toEqual([true, true])
    expect(tagged(1)).toEqual([])
  })
})
