import { chmodSync, mkdirSync, mkdtempSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { stepSpecs } from '../steps/index.ts'
import { TOOLS } from '../model/executor.ts'
import { capabilityLabels, detectExecutors, NO_EXECUTORS } from './capabilities.ts'
import { findProgram } from './find-program.ts'
import { removeTree } from './remove-tree.ts'

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-capabilities-'))
})
afterAll(() => removeTree(directory))

/** A folder of programs for PATH. */
function programs(name: string, scripts: Readonly<Record<string, string>>): string {
  const folder = join(directory, name)
  mkdirSync(folder)
  for (const [program, script] of Object.entries(scripts)) {
    writeFileSync(join(folder, program), `#!/bin/sh\n${script}\n`)
    chmodSync(join(folder, program), 0o755)
  }
  return folder
}

const own = process.env['PATH'] ?? ''

test('containers and sandboxes of this machine were really run', async () => {
  const found = await detectExecutors(own, 'podman')
  expect(found.notices).toEqual([])
  expect(found.containers).toMatchObject({ kind: 'podman', program: expect.stringMatching(/^\/.*podman$/) })
  expect(found.bubblewrap).toMatch(/^\/.*bwrap$/)
  const labels = capabilityLabels(own, found)
  expect(labels).toEqual(expect.arrayContaining(['executor:container', 'executor:sandbox', 'tool:git', 'tool:tar']))
}, 120_000)

test('what is in PATH and does not work is no capability, and why is told', async () => {
  const path = programs('broken', {
    podman: 'echo "Error: no such thing as a cgroup" >&2; exit 125',
    docker: 'echo "Cannot connect to the Docker daemon" >&2; exit 1',
    bwrap: 'echo "bwrap: no permission to make namespaces" >&2; exit 1',
  })
  expect(await detectExecutors(path, 'auto')).toEqual({
    containers: null,
    bubblewrap: null,
    imageBuilder: null,
    notices: [
      'podman cannot run containers here: Error: no such thing as a cgroup.',
      'docker cannot run containers here: Cannot connect to the Docker daemon.',
      'bubblewrap cannot make a sandbox here: bwrap: no permission to make namespaces.',
    ],
  })
  expect(capabilityLabels(path, NO_EXECUTORS)).toEqual(['tool:docker', 'tool:podman'])
})

test('what a server that was killed in the middle of a trial has left is removed, and nothing else', async () => {
  const temporary = join(directory, 'temporary')
  const made = ['millrace-trial-killed', 'millrace-trial-atWork', 'millrace-page-others', 'trial'] as const
  for (const name of made) mkdirSync(join(temporary, name, 'usr/bin'), { recursive: true })
  writeFileSync(join(temporary, 'millrace-trial-file'), '')
  const before = Date.now() / 1_000 - 7_200
  for (const name of [made[0], made[2], made[3], 'millrace-trial-file'])
    utimesSync(join(temporary, name), before, before)
  vi.stubEnv('TMPDIR', temporary)
  onTestFinished(() => void vi.unstubAllEnvs())
  await detectExecutors(programs('refusing', { podman: 'echo no >&2; exit 125' }), 'podman')
  expect(readdirSync(temporary).toSorted()).toEqual([
    'millrace-page-others',
    'millrace-trial-atWork',
    'millrace-trial-file',
    'trial',
  ])
})

test('the words that a machine needs are found by trying', async () => {
  const path = programs('picky', {
    podman: 'case "$*" in *--runtime=runc*--ulimit=nofile*) exit 0;; esac; echo "setrlimit refused" >&2; exit 126',
  })
  expect((await detectExecutors(path, 'auto')).containers).toMatchObject({
    options: ['--runtime=runc'],
    runOptions: ['--ulimit=nofile=1024:4096', '--ulimit=nproc=1024:4096'],
    limits: true,
  })
})

test('a Docker whose server answers runs containers; one that is not wanted is not asked', async () => {
  const path = programs('docker', { docker: `echo linux; touch ${join(directory, 'asked')}` })
  expect((await detectExecutors(path, 'off')).containers).toBeNull()
  expect(findProgram('asked', directory)).toBeUndefined()
  expect((await detectExecutors(path, 'docker')).containers).toMatchObject({ kind: 'docker', limits: true })
  expect((await detectExecutors(path, 'podman')).notices).toEqual([
    'Containers were to be run by podman, which is not in PATH.',
  ])
})

test('images are built by the engine that runs containers, by the words that it needs', async () => {
  const picky = programs('picky-builder', {
    podman: 'case "$*" in *--runtime=runc*--ulimit=nofile*) exit 0;; esac; echo "setrlimit refused" >&2; exit 126',
  })
  const found = await detectExecutors(picky, 'auto')
  expect(found.imageBuilder).toEqual({
    kind: 'podman',
    program: join(picky, 'podman'),
    options: ['--runtime=runc'],
    buildOptions: ['--ulimit=nofile=1024:4096', '--ulimit=nproc=1024:4096'],
  })
  expect(capabilityLabels(picky, found)).toContain('tool:image-builder')
  const unlimited = programs('unlimited-builder', {
    podman: 'case "$*" in *--cgroups=disabled*) exit 0;; esac; exit 126',
  })
  expect((await detectExecutors(unlimited, 'auto')).imageBuilder?.buildOptions).toEqual(['--isolation=chroot'])
})

test('where no container runs, Buildah and Podman build by their own rights, unless containers are off', async () => {
  const alone = programs('alone', { buildah: 'test "$1" = images', podman: 'test "$1" = images' })
  const buildah = {
    kind: 'buildah',
    program: join(alone, 'buildah'),
    options: [],
    buildOptions: ['--isolation=chroot'],
  }
  expect((await detectExecutors(alone, 'auto')).imageBuilder).toEqual(buildah)
  expect((await detectExecutors(alone, 'off')).imageBuilder).toBeNull()
})

test('Docker without BuildKit runs containers and builds no images', async () => {
  const docker = (build: string): string =>
    `test "$1" = version || { test "$1 $DOCKER_BUILDKIT" = "build 1" && ${build}; }`
  const whole = await detectExecutors(programs('with-buildkit', { docker: docker('true') }), 'auto')
  expect(whole).toMatchObject({ containers: { kind: 'docker' }, imageBuilder: { kind: 'docker' }, notices: [] })
  const without = await detectExecutors(programs('without-buildkit', { docker: docker('false') }), 'auto')
  expect(without).toMatchObject({ containers: { kind: 'docker' }, imageBuilder: null })
  expect(without.notices).toEqual(['docker cannot build images here: its buildx plugin is not there.'])
})

test('only programs that can be run are tools, and no directory is looked into that is not absolute', () => {
  const path = programs('tools', { git: '' })
  mkdirSync(join(path, 'make'))
  writeFileSync(join(path, 'helm'), 'not executable', { mode: 0o644 })
  expect(capabilityLabels(`relative:${path}:`, NO_EXECUTORS)).toEqual(['tool:git'])
})

test('every step asks only for what runners look for', () => {
  const known = new Set<string>([
    'executor:container',
    'executor:sandbox',
    'tool:compose',
    'tool:image-builder',
    ...TOOLS.map((tool) => `tool:${tool}`),
  ])
  const needs = stepSpecs.flatMap((spec) => {
    try {
      return spec.needs?.({}) ?? []
    } catch {
      // One that looks into its input.
      return []
    }
  })
  expect(needs.length).toBeGreaterThan(0)
  expect(needs.filter((label) => !known.has(label))).toEqual([])
})
