import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { detectExecutors, type ContainerEngine } from '../../src/runner/capabilities.ts'
import { startRunnerProcess, type RunnerProcess } from '../support/runner-process.ts'
import { api, startServerProcess, type ServerProcess } from '../support/server-process.ts'
import { makeTestImage, removeTestImage } from '../support/test-image.ts'
import { waitUntil } from '../support/wait-until.ts'

/** What tasks need of their machine, on a machine that is not the server's: everything goes over HTTP. */

const IMAGE = `localhost/millrace-far-${process.pid}:1`
const PATIENCE_MS = 180_000

let directory: string
let engine: ContainerEngine
let server: ServerProcess
let token: string
let runner: RunnerProcess
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-far-'))
  const executors = await detectExecutors(process.env['PATH'] ?? '', 'podman')
  if (executors.containers === null) throw new Error(`these tests need Podman: ${executors.notices.join(' ')}`)
  engine = executors.containers
  await makeTestImage(engine, IMAGE)
  server = await startServerProcess(join(directory, 'server'), { runnerLeaseMs: PATIENCE_MS })
  token = server.token ?? ''
  await api(server, token, 'POST', '/projects', { name: 'far' })
  const { token: own } = await api<{ token: string }>(server, token, 'POST', '/runners', { name: 'far-1' })
  // The last word counts.
  const options = ['--labels', 'far', '--slots', '2', '--containers', 'podman']
  runner = startRunnerProcess(server.url, own, join(directory, 'runner'), options)
  await runner.ready
}, PATIENCE_MS)
afterAll(async () => {
  await runner.kill('SIGTERM')
  await server.kill()
  removeTestImage(engine, IMAGE)
  rmSync(directory, { recursive: true, force: true })
}, PATIENCE_MS)

interface Run {
  readonly id: string
  readonly status: string
  readonly ended_at: string | null
  readonly stages: readonly {
    readonly tasks: readonly {
      readonly key: string
      readonly status: string
      readonly runner: string | null
      readonly failure: { readonly kind: string; readonly message: string; readonly hint: string } | null
    }[]
  }[]
}

async function pipeline(name: string, tasks: readonly object[]): Promise<string> {
  const definition = JSON.stringify({ name, tasks: tasks.map((task) => ({ runs_on: 'far', ...task })) })
  return (await api<{ id: string }>(server, token, 'POST', '/pipelines', { project: 'far', definition })).id
}

async function ended(id: string): Promise<Run> {
  const { id: run } = await api<Run>(server, token, 'POST', `/pipelines/${id}/runs`, {})
  await waitUntil(async () => (await api<Run>(server, token, 'GET', `/runs/${run}`)).ended_at !== null, PATIENCE_MS)
  return api<Run>(server, token, 'GET', `/runs/${run}`)
}

const tasksOf = ({ stages }: Run) => stages.flatMap(({ tasks }) => tasks)

async function text(path: string): Promise<string> {
  const response = await fetch(`${server.url}/api/v1${path}`, { headers: { authorization: `Bearer ${token}` } })
  return response.text()
}

describe('a runner on another machine', () => {
  test(
    'runs tasks in containers and sandboxes, which share the workspace of their run with those of the host',
    async () => {
      const id = await pipeline('places', [
        { name: 'host', script: 'echo from the host > file' },
        {
          name: 'inside',
          needs: ['host'],
          container: { image: IMAGE },
          with: {
            script: 'cat file; echo from the container >> file; ls /bin/busybox; echo "n=7" >> "$MILLRACE_OUTPUT"',
          },
          uses: 'script',
        },
        {
          name: 'caged',
          needs: ['inside'],
          sandbox: true,
          env: { N: '${{ tasks.inside.outputs.n }}' },
          script: 'cat file; touch /etc/x 2>/dev/null && echo open || echo closed; echo "$N"',
        },
        { name: 'keep', needs: ['caged'], uses: 'package', with: { files: ['file'], name: 'file', format: 'file' } },
        { name: 'no', container: { image: IMAGE }, script: 'exit 3', on_failure: 'continue' },
        { name: 'none', container: { image: IMAGE }, script: 'no-such-program', on_failure: 'continue' },
      ])
      const run = await ended(id)
      const logs = await Promise.all(['inside', 'caged'].map((key) => text(`/runs/${run.id}/nodes/${key}/log`)))
      expect(tasksOf(run).map(({ key, status, runner: by }) => [key, status, by])).toEqual([
        ['host', 'succeeded', 'far-1'],
        ['inside', 'succeeded', 'far-1'],
        ['caged', 'succeeded', 'far-1'],
        ['keep', 'succeeded', 'far-1'],
        ['no', 'failed', 'far-1'],
        ['none', 'failed', 'far-1'],
      ])
      expect(logs).toEqual(['from the host\n/bin/busybox\n', 'from the host\nfrom the container\nclosed\n7\n'])
      expect(await text(`/runs/${run.id}/artifacts/file`)).toBe('from the host\nfrom the container\n')
      const failures = tasksOf(run).slice(4)
      expect(failures.map(({ failure }) => failure?.kind)).toEqual(['exit-code', 'exit-code'])
      expect(failures[1]?.failure?.hint).toContain('a command was not found')
    },
    PATIENCE_MS,
  )

  test(
    'keeps caches from one run to the next, for tasks of the host and in containers',
    async () => {
      const cached = (name: string) => ({
        name,
        cache: { key: `${name}-v1`, paths: [name] },
        script: `if [ -e ${name}/made ]; then echo found; else echo made; mkdir ${name}; echo 1 > ${name}/made; fi`,
      })
      const inside = { ...cached('inside'), needs: ['build'], container: { image: IMAGE } }
      const id = await pipeline('cached', [cached('build'), inside])
      for (const word of ['made', 'found']) {
        const run = await ended(id)
        const logs = await Promise.all(['build', 'inside'].map((key) => text(`/runs/${run.id}/nodes/${key}/log`)))
        expect(run.status, logs.join()).toBe('succeeded')
        for (const log of logs) expect(log.split('\n')).toContain(word)
      }
    },
    PATIENCE_MS,
  )

  test(
    'that has not what a task asks for does not get it, and people are told what is missing',
    async () => {
      const id = await pipeline('unable', [
        { name: 'gpu', runs_on: ['far', 'gpu'], container: { image: IMAGE }, script: 'true' },
      ])
      const { id: run } = await api<Run>(server, token, 'POST', `/pipelines/${id}/runs`, {})
      const told = await text(`/runs/${run}/explain`)
      expect(told).toContain('No runner can do this')
      expect(told).toContain('gpu')
      await api(server, token, 'POST', `/runs/${run}/actions/cancel`, {})
    },
    PATIENCE_MS,
  )
})
