import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { BUILD_IMAGE, DEPLOY, FETCH_PACKAGE, KEEP_PACKAGE } from './scripts.ts'

let workspace: string
beforeEach(() => {
  workspace = mkdtempSync(join(tmpdir(), 'millrace-swr-'))
})
afterEach(() => rmSync(workspace, { recursive: true, force: true }))

/** As the `script` step runs it: `sh -e`, in the workspace, with nothing in the environment but what it is given. */
function run(script: string, env: Record<string, string>, path = '/usr/bin:/bin') {
  const outputFile = join(workspace, 'output')
  const { status, stdout, stderr } = spawnSync('/bin/sh', ['-e', '-c', script], {
    cwd: workspace,
    env: { PATH: path, MILLRACE_OUTPUT: outputFile, ...env },
    encoding: 'utf8',
  })
  const outputs = existsSync(outputFile) ? readFileSync(outputFile, 'utf8') : ''
  return { status, stdout, stderr, outputs: Object.fromEntries(outputs.split('\n').map((line) => line.split('='))) }
}

const TOOLS = ['cat', 'cp', 'cut', 'find', 'grep', 'mkdir', 'rm', 'sh', 'sha512sum', 'tr', 'wc'] as const

/** A PATH with what scripts are made of and this program, which prints its arguments. */
function pathWith(name: string, script = 'echo "$0 $*" >&2'): string {
  const bin = join(workspace, '.bin')
  mkdirSync(bin)
  for (const tool of TOOLS) {
    const from = ['/usr/bin', '/bin'].map((place) => join(place, tool)).find((place) => existsSync(place))
    if (from !== undefined) symlinkSync(from, join(bin, tool))
  }
  writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`)
  chmodSync(join(bin, name), 0o755)
  return bin
}

const pkg = { PACKAGE: 'shop/web:1', NAMESPACE: 'shop', NAME: 'web', VERSION: '1', FOLDER: 'aa' }
const keep = {
  ...pkg,
  FROM: 'stage_1/target/web.war',
  TO: 'packages/shop/web/1/aa',
  KEPT: 'packages.kept/stage_2_keep_1',
}

describe('a package', () => {
  test('is kept by its name, and laid out for who reads it', () => {
    mkdirSync(join(workspace, 'stage_1/target'), { recursive: true })
    writeFileSync(join(workspace, 'stage_1/target/web.war'), 'hello')
    expect(run(KEEP_PACKAGE, keep)).toMatchObject({
      status: 0,
      outputs: {
        package: 'shop/web:1',
        namespace: 'shop',
        name: 'web',
        version: '1',
        folder: 'aa',
        filename: 'web.war',
        size: '5',
        digest: expect.stringMatching(/^[0-9a-f]{128}$/),
      },
    })
    expect(run(FETCH_PACKAGE, { PACKAGE: 'shop/web:1', FROM: 'packages/shop/web/1', TO: 'stage_3' }).status).toBe(0)
    expect(readFileSync(join(workspace, 'stage_3/aa/web.war'), 'utf8')).toBe('hello')
    expect(readFileSync(join(workspace, keep.KEPT), 'utf8')).toBe('hello')
  })

  test('of a directory is packed for what is to outlive the workspace', () => {
    mkdirSync(join(workspace, 'dist'))
    writeFileSync(join(workspace, 'dist/a.txt'), 'hello')
    expect(run(KEEP_PACKAGE, { ...keep, FROM: 'dist' })).toMatchObject({
      status: 0,
      outputs: { size: '5', digest: '' },
    })
    const { stdout } = spawnSync('tar', ['-tzf', join(workspace, keep.KEPT)], { encoding: 'utf8' })
    expect(stdout.split('\n')).toContain('./dist/a.txt')
  })

  test('that was not made fails the stage that should have made it, and the one that would read it', () => {
    const kept = run(KEEP_PACKAGE, keep)
    expect([kept.status, kept.stderr]).toEqual([1, expect.stringContaining('without making stage_1/target/web.war')])
    const fetched = run(FETCH_PACKAGE, { PACKAGE: 'shop/web:1', FROM: 'packages/shop/web/1', TO: 'stage_3' })
    expect([fetched.status, fetched.stderr]).toEqual([1, expect.stringContaining('No stage of this run has made')])
  })

  test('stays inside of the workspace, whatever a param says, and tells one line of each thing', () => {
    for (const one of ['../x', 'a/../../x', '..']) {
      expect(run(KEEP_PACKAGE, { ...keep, FROM: one }).stderr).toContain('expected a path without ..')
      expect(run(KEEP_PACKAGE, { ...keep, TO: one }).status).toBe(1)
      expect(run(FETCH_PACKAGE, { PACKAGE: 'p', FROM: 'packages', TO: one }).status).toBe(1)
    }
    mkdirSync(join(workspace, 'stage_1/target'), { recursive: true })
    writeFileSync(join(workspace, 'stage_1/target/web.war'), '')
    const odd = '1$(touch evil)\nname=other'
    expect(run(KEEP_PACKAGE, { ...keep, VERSION: odd }).outputs).toMatchObject({ name: 'web', size: '0' })
    expect(existsSync(join(workspace, 'evil'))).toBe(false)
  })
})

const image = {
  CONTEXT: 'stage_3',
  DOCKERFILE_PATH: '',
  DOCKERFILE_CONTENT: 'FROM a\nRUN b',
  IMAGES: 'root/web:1\nroot/web:2',
}

describe('an image', () => {
  test('is built by what the runner has, in its context, with all of its names', () => {
    const path = pathWith('docker')
    const built = run(BUILD_IMAGE, image, path)
    expect([built.status, built.outputs['image']]).toEqual([0, 'root/web:1'])
    expect(built.stderr).toContain('docker build -f ./Dockerfile.millrace -t root/web:1 -t root/web:2 .')
    expect(readFileSync(join(workspace, 'stage_3/Dockerfile.millrace'), 'utf8')).toBe('FROM a\nRUN b\n')
    const named = run(BUILD_IMAGE, { ...image, DOCKERFILE_PATH: 'web/Dockerfile', IMAGES: '' }, path)
    expect([named.status, named.stderr]).toEqual([0, expect.stringContaining('build -f ./web/Dockerfile .')])
  })

  test('whose builder says no is a failure', () => {
    expect(run(BUILD_IMAGE, image, pathWith('docker', 'exit 3')).status).toBe(3)
  })

  test('without a builder is a failure that says so', () => {
    expect(run(BUILD_IMAGE, image, pathWith('nothing'))).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('There is no image builder on this runner'),
    })
  })
})

describe('a deploy', () => {
  const manifest = { STAGE: 'stage_4', INPUT_INFO: 'apiVersion: v1\nkind: Pod' }

  test('of a Kubernetes manifest is applied', () => {
    const applied = run(DEPLOY, manifest, pathWith('kubectl'))
    expect([applied.status, applied.stderr]).toEqual([
      0,
      expect.stringContaining('kubectl apply -f ./deploy-stage_4.yaml'),
    ])
  })

  test('without kubectl, or of the vendor’s own clusters, is a failure that says so', () => {
    expect(run(DEPLOY, manifest, pathWith('nothing')).stderr).toContain('There is no kubectl on this runner')
    expect(run(DEPLOY, { ...manifest, INPUT_INFO: '{"clusterId": "1"}' }).stderr).toContain('has no CCE or CCI')
  })
})
