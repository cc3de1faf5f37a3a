import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TestRunner } from '../../../test/support/attempts.ts'
import type { Job } from '../../model/job.ts'
import { detectExecutors } from '../capabilities.ts'
import { taggedProcesses } from '../processes.ts'

let runner: TestRunner
beforeAll(async () => {
  const executors = await detectExecutors(process.env['PATH'] ?? '', 'off')
  if (executors.bubblewrap === null) throw new Error(`these tests need bubblewrap: ${executors.notices.join(' ')}`)
  runner = await TestRunner.open({ executors: { executors, engineEnv: {}, containerPaths: [] } })
}, 60_000)
afterAll(() => runner.close())

const run = (script: string, more: Partial<Job> & { network?: boolean } = {}) => {
  const { network = false, ...rest } = more
  return runner.run('script', { script }, { executor: { kind: 'sandbox', network }, ...rest })
}

describe('a task in a sandbox', { timeout: 60_000 }, () => {
  test('writes to its workspace, its HOME and its TMPDIR, and hands on its outputs', async () => {
    const { result, log } = await run(
      'pwd; echo made > made; touch "$HOME/x" "$TMPDIR/y" /tmp/z; echo "v=1" > "$MILLRACE_OUTPUT"',
    )
    const workspace = runner.paths.workspace(runner.runId)
    expect(log).toBe(`${workspace}\n`)
    expect(result).toEqual({ kind: 'succeeded', outputs: { v: '1' } })
    expect(readFileSync(join(workspace, 'made'), 'utf8')).toBe('made\n')
    expect(existsSync('/tmp/z')).toBe(false)
  })

  test('cannot change the machine, whoever runs it', async () => {
    const canary = join(tmpdir(), `millrace-sandbox-${process.pid}`)
    const script = `
      for path in /x /etc/x /usr/x ${canary}; do echo no > "$path" && echo "wrote $path" || true; done
      mount -o remount,rw / && echo remounted || true
      mount -t tmpfs none /mnt && echo mounted || true
      grep CapEff /proc/self/status`
    const { log } = await run(script)
    // Its own /tmp it may write to: that is not the machine's.
    expect(log).not.toMatch(/wrote \/(?:x|etc|usr)|mounted/)
    expect(existsSync(canary)).toBe(false)
    expect(log).toMatch(/CapEff:\s0+\n/)
  })

  test('sees nothing of the server: neither its data, nor its processes, nor sockets of daemons', async () => {
    writeFileSync(join(runner.directory, 'secret.key'), 'canary')
    const { log } = await run(
      `ls -A ${runner.directory}; cat ${runner.directory}/secret.key || true; ls /proc | grep -c '^[0-9]*$'; ls -A /run`,
    )
    expect(log).not.toContain('canary')
    expect(log).toContain('No such file')
    const [count] = /^\d+$/m.exec(log) ?? []
    expect(Number(count)).toBeLessThan(10)
    expect(log.trimEnd().split('\n').at(-1)).toBe(count)
  })

  test('has a network only when it is asked for', async () => {
    const server = createServer((_, response) => response.end('here'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const script = `fetch('http://127.0.0.1:${port}').then((r) => r.text()).then(console.log, () => console.log('nobody'))`
    const shell = { script, shell: 'node' }
    try {
      const alone = await runner.run('script', shell, { executor: { kind: 'sandbox', network: false } })
      expect(alone.log).toBe('nobody\n')
      const online = await runner.run('script', shell, { executor: { kind: 'sandbox', network: true } })
      expect(online.log).toBe('here\n')
    } finally {
      server.close()
    }
  })

  test('ends as its program does, and lacks what the machine lacks', async () => {
    expect((await run('exit 7')).result).toMatchObject({ failure: { kind: 'exit-code', code: 7 } })
    const missing = await runner.run(
      'script',
      { script: 'x', shell: 'python' },
      { executor: { kind: 'sandbox', network: false }, env: { PATH: '/nowhere' } },
    )
    expect(missing.result).toMatchObject({ failure: { kind: 'missing-tool', tool: 'the interpreter python3' } })
    const noShebang = await run('#!/no/such/thing\n')
    expect(noShebang.result.kind).toBe('failed')
  })

  test('on cancel is asked to end, and then ended with all that it has started', async () => {
    const executor = { kind: 'sandbox', network: false } as const
    const polite = runner.start(
      'script',
      { script: 'trap "echo asked; exit 0" TERM; echo ready; while :; do sleep 0.1; done' },
      { executor },
    )
    await polite.says('ready')
    polite.cancel()
    expect((await polite.ended).result).toEqual({ kind: 'cancelled' })
    expect(polite.log()).toContain('asked')

    const stubborn = runner.start(
      'script',
      { script: 'trap "" TERM; setsid sleep 600 & echo ready; while :; do sleep 0.1; done' },
      { executor, graceMs: 200 },
    )
    await stubborn.says('ready')
    stubborn.cancel()
    expect((await stubborn.ended).result).toEqual({ kind: 'cancelled' })
    const tag = `MILLRACE_ATTEMPT=${stubborn.job.runId}/${stubborn.job.node}/${stubborn.job.attempt}`
    expect(taggedProcesses(new Set([tag]))).toEqual([])
  })
})

test('a runner without a sandbox and containers says so', async () => {
  await using plain = await openPlain()
  const jobs = [
    { kind: 'sandbox', network: false },
    {
      kind: 'container',
      image: 'a',
      user: null,
      network: 'none',
      memoryBytes: null,
      cpus: null,
      pidsMax: 9,
      volumes: [],
    },
  ] as const
  for (const executor of jobs) {
    const { result } = await plain.runner.run('script', { script: 'true' }, { executor })
    expect(result).toMatchObject({
      failure: { kind: 'cannot-start', reason: expect.stringMatching(/^this runner has no/) },
    })
  }
})

async function openPlain(): Promise<{ runner: TestRunner } & AsyncDisposable> {
  const opened = await TestRunner.open()
  return { runner: opened, [Symbol.asyncDispose]: () => opened.close() }
}
