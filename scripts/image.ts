// Without --base, the base is made of Debian (debootstrap) and the Node of this checkout, as no registry of images is asked.
// Needs root, some 3 GB in the temporary directory and the registries of Debian and npm. Exit code 1: it is not as promised.
import { strict as assert } from 'node:assert'
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, realpathSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createClient } from '../src/client/client.ts'
import { detectExecutors } from '../src/runner/capabilities.ts'
import { removeTree } from '../src/runner/remove-tree.ts'
import { freePort } from '../src/testing/free-port.ts'
import { DockerEngine } from '../test/support/docker-engine.ts'
import { waitUntil } from '../test/support/wait-until.ts'
import { jsonOption, readOptions } from './options.ts'

const { engine, base, json } = readOptions('image', 'The image of deploy/Containerfile, built and run for real.', {
  engine: { kind: 'choice', about: 'who builds and runs it', words: ['podman', 'docker'], standard: 'podman' },
  base: { kind: 'path', about: 'an archive of a root file system to begin with' },
  json: jsonOption,
})

const root = join(import.meta.dirname, '..')
const [BASE, IMAGE, VOLUME] = ['millrace-base-check', 'millrace-image-check', 'millrace-volume-check']

const docker = engine === 'docker' ? await DockerEngine.open('overlay2') : undefined
if (docker !== undefined && 'refusal' in docker) throw new Error(docker.refusal)
if (docker !== undefined) process.env['DOCKER_HOST'] = docker.host
const { containers, imageBuilder, notices } = await detectExecutors(process.env['PATH'] ?? '', engine)
if (containers === null) throw new Error(notices.join(' '))
const { options, runOptions } = containers
// Docker without BuildKit builds it, too.
const buildOptions = imageBuilder?.kind === engine ? imageBuilder.buildOptions : []

function run(...words: readonly string[]): string {
  return execFileSync(engine, [...options, ...words], { encoding: 'utf8', maxBuffer: 2 ** 28 })
}
const say = (text: string): void => void (json || console.error(text))

const importBase = (archive: string): void =>
  void run('import', '--change', 'ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt', archive, BASE)

/** Debian with a Node and npm, and what this machine trusts and asks for packages. */
async function makeBase(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-base-'))
  const [tree, archive] = [join(directory, 'root'), join(directory, 'base.tar')]
  try {
    execFileSync('debootstrap', ['--variant=minbase', '--include=ca-certificates', 'bookworm', tree], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    const npm = dirname(dirname(realpathSync(execFileSync('which', ['npm'], { encoding: 'utf8' }).trim())))
    cpSync(process.execPath, join(tree, 'usr/local/bin/node'))
    cpSync(npm, join(tree, 'usr/local/lib/npm'), { recursive: true, dereference: true })
    symlinkSync('../lib/npm/bin/npm-cli.js', join(tree, 'usr/local/bin/npm'))
    symlinkSync('../lib/npm/bin/npx-cli.js', join(tree, 'usr/local/bin/npx'))
    for (const path of ['/etc/ssl/certs/ca-certificates.crt', '/etc/apt/apt.conf.d'])
      if (existsSync(path)) cpSync(path, join(tree, path), { recursive: true, dereference: true })
    execFileSync('tar', ['-C', tree, '-cf', archive, '.'])
    importBase(archive)
  } finally {
    await removeTree(directory)
  }
}

/** A container of the image on the volume, once it is ready. */
async function started(): Promise<Started> {
  const port = await freePort()
  const words = ['--network=host', '--volume', `${VOLUME}:/var/lib/millrace/data`]
  const settings = ['--env=MILLRACE_HOST=127.0.0.1', `--env=MILLRACE_PORT=${port}`]
  const began = performance.now()
  const id = run('run', '--detach', ...runOptions, ...words, ...settings, IMAGE).trim()
  const url = `http://127.0.0.1:${port}`
  const isReady = (): Promise<boolean> =>
    fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    )
  try {
    await waitUntil(isReady, 60_000)
  } catch (error) {
    throw new Error(`the server did not become ready:\n${run('logs', id)}`, { cause: error })
  }
  return { id, url, readyMs: Math.round(performance.now() - began) }
}

interface Started {
  readonly id: string
  readonly url: string
  readonly readyMs: number
}

/** As an operator does: SIGTERM. @returns how long it took, in ms */
function ended(id: string): number {
  const began = performance.now()
  run('stop', '--time', '30', id)
  assert.equal(run('inspect', '--format', '{{.State.ExitCode}}', id).trim(), '0', 'SIGTERM ends it with 0')
  run('rm', id)
  return Math.round(performance.now() - began)
}

const DEFINITION = `name: image-check
stages:
  - name: Look
    tasks:
      - key: look
        script: test "$(id -u)" = 10001 && git --version && ssh -V && perl -e 'exit 0'
`

async function tried(): Promise<Record<string, number>> {
  const first = await started()
  assert.equal(run('exec', first.id, 'id', '-u').trim(), '10001', 'its user is not root')
  assert.match(run('exec', first.id, 'millrace', '--version'), /\d/)
  const token = /mr_[0-9a-f]{16}_[0-9a-f]+/.exec(run('logs', first.id))?.[0]
  assert(token !== undefined, 'the first start prints a token')
  const client = createClient({ baseUrl: first.url, token })
  const project = await client.projects.create({ name: 'image-check' })
  const pipeline = await client.pipelines.create({ project: project.id, definition: DEFINITION })
  const { id } = await client.runs.start(pipeline.id)
  const limit = performance.now() + 60_000
  for (let seen = await client.runs.get(id); !seen.ended; seen = await client.runs.get(id)) {
    assert(performance.now() < limit, 'the run ends')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  assert.equal((await client.runs.get(id)).status, 'succeeded', 'tasks have git, ssh and perl, and are not root')
  const endedMs = ended(first.id)
  const second = await started()
  assert.equal(
    (await createClient({ baseUrl: second.url, token }).runs.get(id)).status,
    'succeeded',
    'the volume is kept',
  )
  ended(second.id)
  return { firstReadyMs: first.readyMs, secondReadyMs: second.readyMs, endedMs }
}

/** What was made, as far as it was. */
function cleared(): void {
  const left = [
    ['rm', '--force', ...run('ps', '--all', '--quiet', '--filter', `volume=${VOLUME}`).split('\n').filter(Boolean)],
    ['volume', 'rm', VOLUME],
    ['rmi', IMAGE],
    ['rmi', BASE],
  ]
  for (const words of left) {
    try {
      run(...words)
    } catch (error) {
      say(String(error).slice(0, 300))
    }
  }
}

const seconds = (from: number): number => Math.round((performance.now() - from) / 1_000)

try {
  let from = performance.now()
  if (base === undefined) await makeBase()
  else importBase(base)
  const baseSeconds = seconds(from)
  say(`base: ${baseSeconds} s`)
  from = performance.now()
  // Of the stage that is built in, nothing is to be left.
  const inside = ['--network=host', ...(engine === 'podman' ? ['--layers=false'] : []), ...buildOptions]
  run('build', ...inside, '--build-arg', `BASE=${BASE}`, '-t', IMAGE, '-f', 'deploy/Containerfile', root)
  const buildSeconds = seconds(from)
  say(`build: ${buildSeconds} s`)
  const size = (name: string): number => Number(run('image', 'inspect', '--format', '{{.Size}}', name)) / 1e6
  const megabytes = { baseMb: Math.round(size(BASE)), imageMb: Math.round(size(IMAGE)) }
  run('volume', 'create', VOLUME)
  console.log(JSON.stringify({ engine, baseSeconds, buildSeconds, ...megabytes, ...(await tried()) }))
} finally {
  // Docker's engine goes with all that it has.
  if (docker === undefined) cleared()
  else await docker[Symbol.asyncDispose]()
}
