import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { TestRunner } from '../../../test/support/attempts.ts'
import { withDocker } from '../../../test/support/docker-kinds.ts'
import { makeTestImage, removeTestImage } from '../../../test/support/test-image.ts'
import type { ContainerExecutor } from '../../model/executor.ts'
import type { Job } from '../../model/job.ts'
import { detectExecutors, type ContainerEngine } from '../capabilities.ts'
import { engineEnvironment } from '../environment.ts'
import { removeTree } from '../remove-tree.ts'
import { removeContainers } from './container.ts'

const IMAGE = `localhost/millrace-test-${process.pid}:1`
const PATIENCE_MS = 120_000

/** Where the engines are looked for: the Docker of Debian, and not one of the machine's own without an engine. */
const PATH = '/usr/bin:/bin:/usr/sbin:/sbin'

const docker = await withDocker('podman')

describe.each(docker.kinds)('by %s', { timeout: PATIENCE_MS }, (kind) => {
  docker.reach(kind)
  let engine: ContainerEngine
  let runner: TestRunner
  let shared: string
  beforeAll(async () => {
    const executors = await detectExecutors(PATH, kind)
    if (executors.containers === null) throw new Error(`these tests need ${kind}: ${executors.notices.join(' ')}`)
    engine = executors.containers
    await makeTestImage(engine, IMAGE)
    shared = mkdtempSync(join(tmpdir(), 'millrace-shared-'))
    mkdirSync(join(shared, 'cache'))
    writeFileSync(join(shared, 'cache', 'known'), 'from the machine')
    runner = await TestRunner.open({
      executors: { executors, engineEnv: engineEnvironment(process.env), containerPaths: [join(shared, 'cache')] },
    })
  }, PATIENCE_MS)
  afterAll(async () => {
    await runner.close()
    removeTestImage(engine, IMAGE)
    await removeTree(shared)
  }, PATIENCE_MS)

  const container = (changes: Partial<ContainerExecutor> = {}): ContainerExecutor => ({
    kind: 'container',
    image: IMAGE,
    user: null,
    network: 'none',
    memoryBytes: null,
    cpus: null,
    pidsMax: 100,
    volumes: [],
    ...changes,
  })

  const run = (script: string, changes: Partial<ContainerExecutor> = {}, more: Partial<Job> = {}) =>
    runner.run('script', { script }, { executor: container(changes), ...more })

  const containers = (): string =>
    execFileSync(engine.program, [...engine.options, 'ps', '--all', '--format', '{{.Names}} {{.State}}'], {
      encoding: 'utf8',
    })
      .split('\n')
      .filter((line) => line.includes(`millrace-${runner.runId}`))
      .join('\n')

  describe('a task in a container', () => {
    test('runs what its image has, in the workspace at the same path, and hands on its outputs', async () => {
      const { result, log } = await run(
        'which sh; pwd; echo made > made; echo "version=1.2" > "$MILLRACE_OUTPUT"; touch "$HOME/x" "$TMPDIR/y"; ls /usr 2>&1 || true',
      )
      const workspace = runner.paths.workspace(runner.runId)
      expect(log).toContain(`/bin/sh\n${workspace}\n`)
      expect(log).toMatch(/ls: .*\/usr.*No such file/)
      expect(result).toEqual({ kind: 'succeeded', outputs: { version: '1.2' } })
      expect(readFileSync(join(workspace, 'made'), 'utf8')).toBe('made\n')
      expect(containers()).toBe('')
    })

    test('has its environment, whatever is in it, and no other', async () => {
      const env = {
        COLOR: 'a b',
        LINES: 'one\ntwo',
        DOCKER_HOST: 'tcp://nowhere:1',
        LD_PRELOAD: '/none.so',
        'A.B': '*',
      }
      const { result, log } = await run('env -0 | sort -z | tr "\\0" "\\n"', {}, { env })
      expect(result.kind).toBe('succeeded')
      expect(log).toContain('COLOR=a b\n')
      expect(log).toContain('LINES=one\ntwo\n')
      expect(log).toContain('DOCKER_HOST=tcp://nowhere:1\n')
      expect(log).toContain('LD_PRELOAD=/none.so\n')
      expect(log).toContain('PATH=/bin\n')
      expect(log).not.toContain(process.env['PATH'])
      expect(log).not.toContain('XDG_')
    })

    test('has no network unless it is asked for, no more processes than it may, and gains no rights', async () => {
      const { log } = await run('ip -o link | cut -d: -f2; cat /proc/self/status | grep NoNewPrivs')
      expect(log).toMatch(/^ lo\nNoNewPrivs:\t1\n$/)
      const { log: host } = await run('ip -o link | wc -l', { network: 'host' })
      expect(Number(host)).toBeGreaterThanOrEqual(1)
      const { result, log: bomb } = await run('for i in 1 2 3 4 5 6 7 8 9; do sleep 60 & done; echo all', {
        pidsMax: 6,
      })
      expect(result.kind).toBe('failed')
      expect(bomb).not.toContain('all\n')
    })

    test('runs as the user that it names, who may write to the workspace', async () => {
      const { result, log } = await run('id -u; id -g; echo mine > of-user; echo x=1 > "$MILLRACE_OUTPUT"', {
        user: '1234:567',
      })
      expect(log).toBe('1234\n567\n')
      expect(result).toEqual({ kind: 'succeeded', outputs: { x: '1' } })
    })

    test('has a user that its image cannot know: that is the reason', async () => {
      const { result, log } = await run('true', { user: 'nobody-of-this-image' })
      expect(result, log).toMatchObject({ failure: { kind: 'cannot-start' } })
    })

    test('a runner that is not root runs containers of Docker as itself and as root, and hands its files to nobody', async () => {
      vi.spyOn(process, 'getuid').mockReturnValue(4_321)
      try {
        expect((await run('id -u', { user: '0:0' })).log).toBe('0\n')
        const { result } = await run('id -u', { user: '1234' })
        if (kind === 'docker') {
          const reason = expect.stringContaining('its own user 4321')
          expect(result).toMatchObject({ failure: { kind: 'cannot-start', reason } })
        } else expect(result.kind).toBe('succeeded')
      } finally {
        vi.restoreAllMocks()
      }
    })

    test('sees volumes of its workspace, and of the machine where the runner allows it', async () => {
      const { result, log } = await run(
        'cat /known/known; echo more > /out/file; echo no > /known/new || echo refused',
        {
          volumes: [
            { source: 'out', target: '/out', readOnly: false },
            { source: join(shared, 'cache'), target: '/known', readOnly: true },
          ],
        },
      )
      expect(result.kind).toBe('succeeded')
      expect(log).toContain('from the machine')
      expect(log).toContain('refused\n')
      expect(readFileSync(join(runner.paths.workspace(runner.runId), 'out', 'file'), 'utf8')).toBe('more\n')
    })

    test.each(['/etc', '../..', 'out/../../..', 'way-out', '/none', '/'])('gets no volume of %s', async (source) => {
      const workspace = runner.paths.workspace(runner.runId)
      mkdirSync(workspace, { recursive: true })
      if (!existsSync(join(workspace, 'way-out'))) symlinkSync('/etc', join(workspace, 'way-out'))
      const { result } = await run('true', { volumes: [{ source, target: '/x', readOnly: true }] })
      expect(result).toMatchObject({ kind: 'failed', failure: { kind: 'cannot-start' } })
    })

    test('names an image and nothing else', async () => {
      for (const image of ['--privileged', '', 'a b', 'a\n']) {
        expect((await run('true', { image })).result).toMatchObject({ failure: { kind: 'cannot-start' } })
      }
    })
  })

  describe('its end is told as what it was', () => {
    test.each([1, 3, 125, 126, 127])('exit code %i', async (code) => {
      expect((await run(`exit ${code}`)).result).toMatchObject({ failure: { kind: 'exit-code', code } })
    })

    test('more memory than it may have', async () => {
      const { result } = await run('tail /dev/zero', { memoryBytes: 32 * 1024 ** 2 })
      expect(result).toMatchObject({ failure: { kind: 'out-of-memory', limitBytes: 32 * 1024 ** 2 } })
      // On the host a shell says so of what it ran; what Docker runs is none of its processes.
      if (kind === 'docker') return
      const words = [...engine.options, 'run', '--rm', '--network=none', '--memory=32m', ...engine.runOptions, IMAGE]
      const script = `${engine.program} ${words.join(' ')} tail /dev/zero`
      expect((await runner.run('script', { script })).result).toMatchObject({
        failure: { kind: 'out-of-memory', limitBytes: null },
      })
    })

    test('killed by somebody, while memory was left', async () => {
      expect((await run('kill -KILL $$')).result).toMatchObject({ failure: { kind: 'exit-code', code: 137 } })
    })

    test('a program that the image has not', async () => {
      const { result, log } = await runner.run('script', { script: 'x', shell: 'python' }, { executor: container() })
      expect(result, log).toMatchObject({ failure: { kind: 'missing-tool', tool: 'the interpreter python3' } })
      const bash = await runner.run('script', { script: 'x', shell: 'bash' }, { executor: container() })
      expect(bash.result).toMatchObject({ failure: { kind: 'missing-tool', tool: 'the interpreter bash' } })
    })

    test('an image that is not there', async () => {
      const image = 'localhost/millrace-no-such-image:0'
      const { result, log } = await run('true', { image })
      expect(result).toMatchObject({
        failure: { kind: 'cannot-start', reason: expect.stringContaining('above in the log') },
      })
      expect(log).toContain('no-such-image')
    })
  })

  describe('a container ends', () => {
    test('on cancel: it is asked to, and what it does not do in its time is done for it', async () => {
      const script = 'trap "echo asked; exit 0" TERM; echo ready; while :; do sleep 0.1; done'
      const polite = runner.start('script', { script }, { executor: container() })
      await polite.says('ready')
      polite.cancel()
      expect((await polite.ended).result).toEqual({ kind: 'cancelled' })
      expect(polite.log()).toContain('asked')

      const stubborn = runner.start(
        'script',
        { script: 'trap "" TERM; echo ready; while :; do sleep 0.1; done' },
        { executor: container(), graceMs: 200 },
      )
      await stubborn.says('ready')
      stubborn.cancel()
      expect((await stubborn.ended).result).toEqual({ kind: 'cancelled' })
      expect(containers()).toBe('')
    })

    test('when its runner was killed: the next one there removes it', async () => {
      const left = runner.start('script', { script: 'echo ready; sleep 600' }, { executor: container() })
      await left.says('ready')
      expect(containers()).toContain('millrace-')
      const setting = { engine, engineEnv: engineEnvironment(process.env) }
      expect(await removeContainers({ ...setting, dataDirectory: '/another/one' })).toBe(0)
      expect(await removeContainers({ ...setting, dataDirectory: runner.directory })).toBe(1)
      await left.ended
      expect(containers()).toBe('')
    })
  })
})
