import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TestRunner } from '../../../test/support/attempts.ts'
import { withDocker } from '../../../test/support/docker-kinds.ts'
import { makeTestImage } from '../../../test/support/test-image.ts'
import type { Outputs } from '../../model/event.ts'
import { asId, type RunId } from '../../model/id.ts'
import { detectExecutors, type ContainerEngine } from '../../runner/capabilities.ts'

const PATIENCE_MS = 180_000
const IMAGE = `localhost/millrace-compose-${process.pid}`
const PROJECT = `shop-${process.pid}`

/** Whatever the trial of Podman has found that it needs here, said where `podman-compose` does not hand it on. */
const CONTAINERS_CONF =
  '[engine]\nruntime="runc"\n[containers]\ndefault_ulimits=["nofile=1024:4096","nproc=1024:4096"]\n'

const docker = await withDocker('podman')

/** With the real programs and real containers. */
describe.each(docker.kinds)('by %s', { timeout: PATIENCE_MS }, (kind) => {
  docker.reach(kind)
  let runner: TestRunner
  let engine: ContainerEngine
  let env: Record<string, string>
  const runId = asId<RunId>('1'.padStart(32, '0'))
  beforeAll(async () => {
    runner = await TestRunner.open()
    // Of the two compose programs only this one is there.
    const bin = join(runner.directory, 'bin')
    mkdirSync(bin)
    for (const name of [kind, `${kind}-compose`]) symlinkSync(`/usr/bin/${name}`, join(bin, name))
    // There are the programs that make networks.
    env = { PATH: `${bin}:/usr/sbin:/sbin` }
    if (kind === 'docker') env['DOCKER_HOST'] = process.env['DOCKER_HOST'] ?? ''
    else {
      const settings = join(runner.directory, 'containers.conf')
      writeFileSync(settings, CONTAINERS_CONF)
      env['CONTAINERS_CONF'] = settings
    }
    const executors = await detectExecutors(bin, kind)
    if (executors.containers === null) throw new Error(`these tests need ${kind}: ${executors.notices.join(' ')}`)
    engine = executors.containers
    for (const tag of ['1', '2']) await makeTestImage(engine, `${IMAGE}:${tag}`)
  }, PATIENCE_MS)
  afterAll(async () => {
    const left = words('ps', '--all', '--quiet', '--filter', `label=com.docker.compose.project=${PROJECT}`)
    if (left !== '') words('rm', '--force', ...left.split('\n'))
    if (kind === 'podman') words('network', 'rm', '--force', `${PROJECT}_default`)
    words('rmi', '--force', `${IMAGE}:1`, `${IMAGE}:2`)
    await runner.close()
  }, PATIENCE_MS)

  const words = (...given: string[]): string =>
    execFileSync(engine.program, [...engine.options, ...given], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  const running = (): readonly string[] =>
    words('ps', '--filter', `label=com.docker.compose.project=${PROJECT}`, '--format', '{{.Image}}')
      .split('\n')
      .filter((line) => line !== '')

  function deploy(tag: string, takesBack?: Outputs) {
    const workspace = runner.paths.workspace(runId)
    mkdirSync(workspace, { recursive: true })
    const web = {
      image: `${IMAGE}:${tag}`,
      // podman-compose 1.0 gives each a network of the project besides.
      ...(kind === 'docker' ? { network_mode: 'none' } : {}),
      command: ['sleep', '600'],
      stop_grace_period: '1s',
    }
    // JSON is YAML.
    writeFileSync(join(workspace, 'compose.yaml'), JSON.stringify({ version: '3', services: { web } }))
    const more = takesBack === undefined ? {} : { takesBack }
    return runner.run('deploy', { compose: { project: PROJECT } }, { runId, env, ...more })
  }

  test('goes up, up again with another image, back to the one before, and down where nothing was', async () => {
    const first = await deploy('1')
    expect(first.result, first.log).toEqual({
      kind: 'succeeded',
      outputs: { previous_images: '{}', services: 'web' },
    })
    expect(running()).toEqual([`${IMAGE}:1`])

    const second = await deploy('2')
    const outputs = { previous_images: JSON.stringify({ web: `${IMAGE}:1` }), services: 'web' }
    expect(second.result, second.log).toEqual({ kind: 'succeeded', outputs })
    expect(running()).toEqual([`${IMAGE}:2`])

    const back = await deploy('2', outputs)
    expect(back.result, back.log).toMatchObject({ kind: 'succeeded' })
    expect(running()).toEqual([`${IMAGE}:1`])

    const down = await deploy('1', { previous_images: '{}' })
    expect(down.result, down.log).toMatchObject({ kind: 'succeeded' })
    expect(running()).toEqual([])
  })

  test('has failed with an image that nobody has, and says so in its log', async () => {
    const { result, log } = await deploy('none')
    expect(result.kind, log).toBe('failed')
    expect(log).toContain(IMAGE)
  })
})
