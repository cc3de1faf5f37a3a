import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { TestRunner } from '../../../test/support/attempts.ts'
import { withDocker } from '../../../test/support/docker-kinds.ts'
import { ImageRegistry } from '../../../test/support/image-registry.ts'
import { asId, type RunId } from '../../model/id.ts'
import type { Job } from '../../model/job.ts'
import type { JsonObject } from '../../model/json.ts'
import { detectExecutors, type Executors } from '../../runner/capabilities.ts'
import { engineEnvironment } from '../../runner/environment.ts'
import { removeTree } from '../../runner/remove-tree.ts'
import { image } from './spec.ts'

const PATIENCE_MS = 120_000
const SECRET = 'k3y-that-nobody-may-find'
const PASSWORD = 'p4ss-word-of-ci'
const NAME = `millrace-built-${process.pid}`

const docker = await withDocker('podman', 'buildah')

/** With real builders and a real registry. Buildah is what is left where no container runs. */
describe.each(docker.kinds)('by %s', { timeout: PATIENCE_MS }, (kind) => {
  docker.reach(kind)
  let runner: TestRunner
  let executors: Executors
  let registry: ImageRegistry
  let directory: string
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'millrace-images-'))
    // Where no other is.
    const path = join(directory, 'bin')
    mkdirSync(path)
    symlinkSync(`/usr/bin/${kind}`, join(path, kind))
    executors = await detectExecutors(path, 'auto')
    if (executors.imageBuilder?.kind !== kind)
      throw new Error(`these tests need ${kind}: ${executors.notices.join(' ')}`)
    registry = await ImageRegistry.open(join(directory, 'registry'), PASSWORD)
    runner = await TestRunner.open({
      executors: { executors, engineEnv: engineEnvironment(process.env), containerPaths: [] },
    })
  }, PATIENCE_MS)
  afterAll(async () => {
    const ours = images().filter((name) => name.includes(NAME))
    if (ours.length > 0) storage('rmi', '--force', ...ours)
    await runner.close()
    await registry[Symbol.asyncDispose]()
    await removeTree(directory)
  }, PATIENCE_MS)

  /** What knows the images: Buildah's are in the storage of Podman. */
  const storage = (...words: string[]): string =>
    execFileSync(kind === 'docker' ? '/usr/bin/docker' : '/usr/bin/podman', words, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
  const images = (): readonly string[] => storage('images', '--format', '{{.Repository}}:{{.Tag}}').split('\n')

  let runId: RunId
  let runs = 0
  beforeEach(() => {
    runs += 1
    runId = asId(runs.toString(16).padStart(32, '0'))
  })

  /** Files of the workspace; busybox is there for what RUN runs. */
  function withFiles(files: Readonly<Record<string, string>>): string {
    const workspace = runner.paths.workspace(runId)
    mkdirSync(workspace, { recursive: true })
    cpSync('/bin/busybox', join(workspace, 'busybox'))
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(workspace, name, '..'), { recursive: true })
      writeFileSync(join(workspace, name), text)
    }
    return workspace
  }
  const go = (input: JsonObject, more: Partial<Job> = {}) =>
    runner.run('image', { image: NAME, ...input }, { runId, ...more })
  const outputsOf = ({ result }: Awaited<ReturnType<typeof go>>): Readonly<Record<string, unknown>> =>
    result.kind === 'succeeded' ? (result.outputs ?? {}) : {}

  const MANIFEST =
    kind === 'docker'
      ? 'application/vnd.docker.distribution.manifest.v2+json'
      : 'application/vnd.oci.image.manifest.v1+json'
  /** Where no container runs, no network can be taken away. */
  const OFFLINE = kind === 'buildah' ? {} : { network: 'none' }
  const WITH_SHELL = ['FROM scratch', 'COPY busybox /bin/busybox', 'COPY busybox /bin/sh'].join('\n')

  describe('an image', () => {
    test('is built from the directory that is named, with all its tags, and tasks in containers can use it', async () => {
      withFiles({
        'app/Dockerfile': `${WITH_SHELL}\nARG VERSION\nLABEL version=$VERSION\nCOPY hello /hello\nENTRYPOINT ["/bin/busybox"]\n`,
        'app/hello': 'hello from the image\n',
      })
      cpSync('/bin/busybox', join(runner.paths.workspace(runId), 'app/busybox'))
      const built = await go({
        tag: ['1.0', 'newest'],
        context: 'app',
        build_args: { VERSION: '1.0 (of today)' },
        labels: { 'org.example/team': 'web' },
      })
      expect(built.result, built.log).toMatchObject({ kind: 'succeeded' })
      expect(outputsOf(built)).toEqual({
        image: `${NAME}:1.0`,
        image_name: NAME,
        image_tag: '1.0',
        image_id: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
        // Docker knows none before the image is pushed.
        ...(kind === 'docker' ? {} : { digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) }),
      })
      const [inspected] = JSON.parse(storage('image', 'inspect', `${NAME}:newest`)) as readonly {
        readonly Id: string
        readonly Digest?: string
        readonly Config: { readonly Labels: Readonly<Record<string, string>> }
      }[]
      expect(`sha256:${inspected?.Id.replace('sha256:', '')}`).toBe(outputsOf(built)['image_id'])
      expect(inspected?.Digest).toBe(outputsOf(built)['digest'])
      expect(inspected?.Config.Labels).toMatchObject({ version: '1.0 (of today)', 'org.example/team': 'web' })
      if (executors.containers === null) return
      const used = await runner.run(
        'script',
        { script: '/bin/busybox cat /hello' },
        {
          runId,
          executor: {
            kind: 'container',
            image: String(outputsOf(built)['image']),
            user: null,
            network: 'none',
            memoryBytes: null,
            cpus: null,
            pidsMax: 100,
            volumes: [],
          },
        },
      )
      expect(used.log).toBe('hello from the image\n')
    })

    test('is pushed with a password by secret, known by its digest, and holds no secret in any layer', async () => {
      withFiles({
        Containerfile: [
          WITH_SHELL,
          'RUN --mount=type=secret,id=key ["/bin/busybox", "sh", "-c", "/bin/busybox wc -c < /run/secrets/key > /length"]',
          '',
        ].join('\n'),
      })
      const name = `${registry.host}/shop/${NAME}`
      const secrets = [
        { name: 'API_KEY', as: 'step' as const, value: SECRET },
        { name: 'REGISTRY_PASSWORD', as: 'step' as const, value: `${PASSWORD}\n` },
      ]
      const input = {
        image: name,
        tag: 'v7',
        secrets: { key: 'API_KEY' },
        ...OFFLINE,
        push: true,
        // Docker trusts what is on this machine by itself.
        ...(kind === 'docker' ? {} : { insecure: true }),
        user: registry.user,
        password: 'REGISTRY_PASSWORD',
        keep: false,
      }
      const built = await go(input, { secrets })
      expect(built.result, built.log).toMatchObject({
        kind: 'succeeded',
        outputs: { image: `${name}:v7`, image_tag: 'v7' },
      })
      expect(built.log).not.toContain(SECRET)
      expect(built.log).not.toContain(PASSWORD)
      // What another machine would get.
      const answer = await registry.get(`shop/${NAME}/manifests/v7`, MANIFEST)
      expect(answer.headers.get('docker-content-digest')).toBe(outputsOf(built)['digest'])
      interface Blob {
        readonly digest: string
      }
      const manifest = (await answer.json()) as { readonly config: Blob; readonly layers: readonly Blob[] }
      const blob = async ({ digest }: Blob): Promise<Buffer> =>
        Buffer.from(await (await registry.get(`shop/${NAME}/blobs/${digest}`)).arrayBuffer())
      const layers = await Promise.all(manifest.layers.map(async (layer) => gunzipSync(await blob(layer))))
      const all = Buffer.concat([...layers, await blob(manifest.config), Buffer.from(JSON.stringify(manifest))])
      expect(all.includes(`${SECRET.length}\n`)).toBe(true)
      for (const secret of [SECRET, PASSWORD]) expect(all.includes(secret)).toBe(false)
      expect(images().filter((one) => one.includes(name))).toEqual([])
      expect((await registry.get(`shop/${NAME}/manifests/v8`)).status).toBe(404)

      const wrong = secrets.map((secret) => ({ ...secret, value: 'another-word' }))
      const refused = await go({ ...input, tag: 'v8' }, { secrets: wrong })
      expect(refused.result, refused.log).toMatchObject({
        failure: { kind: 'unauthorized', reason: `${registry.host} does not let this user push ${name}:v8` },
      })
      expect((await registry.get(`shop/${NAME}/manifests/v8`)).status).toBe(404)
    })

    test.each([
      ['docker-archive', 'manifest.json'],
      ['oci-archive', 'index.json'],
    ])('is kept as an artifact in the form %s, and put into the workspace', async (format, index) => {
      const workspace = withFiles({ Dockerfile: 'FROM scratch\nCOPY file /file\n', file: 'x' })
      const built = await go({ tag: format, save: { name: 'image.tar', format, into: '.' }, keep: false })
      if (kind === 'docker' && format === 'oci-archive') {
        expect(built.result).toMatchObject({
          failure: { kind: 'cannot-start', reason: expect.stringContaining(format) },
        })
        return
      }
      expect(built.result, built.log).toMatchObject({
        kind: 'succeeded',
        outputs: { package_file: 'image.tar', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      })
      expect(execFileSync('tar', ['-tf', join(workspace, 'image.tar')], { encoding: 'utf8' })).toContain(index)
      expect(images().filter((one) => one.endsWith(`${NAME}:${format}`))).toEqual([])
    })

    test('that cannot be built has failed by the code of the builder, whose words are in the log', async () => {
      withFiles({ Dockerfile: `${WITH_SHELL}\nRUN ["/bin/busybox", "sh", "-c", "echo because; exit 3"]\n` })
      const { result, log } = await go(OFFLINE)
      expect(result).toMatchObject({ kind: 'failed', failure: { kind: 'exit-code' } })
      expect(log).toContain('because')
    })

    test('that is cancelled is not built, and nothing of it goes on', async () => {
      withFiles({
        Dockerfile: `${WITH_SHELL}\nRUN ["/bin/busybox", "sh", "-c", "echo begun; /bin/busybox sleep 1234"]\n`,
      })
      const attempt = runner.start('image', { image: NAME, tag: 'cancelled', ...OFFLINE }, { runId, graceMs: 2_000 })
      await attempt.says('begun')
      attempt.cancel()
      expect((await attempt.ended).result).toEqual({ kind: 'cancelled' })
      expect(images().filter((one) => one.endsWith(':cancelled'))).toEqual([])
      const commands = readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .map((name) => {
          try {
            return readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ')
          } catch {
            return ''
          }
        })
      expect(commands.filter((command) => command.includes('sleep 1234'))).toEqual([])
    })

    test('has no network that cannot be taken away', async () => {
      withFiles({ Dockerfile: 'FROM scratch\nCOPY file /file\n', file: 'x' })
      const { result } = await go({ network: 'none' })
      expect(result.kind).toBe(kind === 'buildah' ? 'failed' : 'succeeded')
      if (result.kind === 'failed') {
        expect(result.failure).toMatchObject({ kind: 'cannot-start', reason: expect.stringContaining('network') })
      }
    })

    test.each([
      [{ tag: 'feature/x' }, 'with.tag'],
      [{ tag: '--all' }, 'with.tag'],
      [{ image: 'Web' }, 'with.image'],
      [{ image: '--help' }, 'with.image'],
      [{ target: '--x' }, 'with.target'],
      [{ platform: 'a b' }, 'with.platform'],
      [{ context: '..' }, 'no directory'],
      [{ context: 'way-out' }, 'no directory'],
      [{ file: '../Dockerfile' }, 'no ../Dockerfile'],
      [{ file: 'linked' }, 'no linked'],
      [{ file: 'none' }, 'no none'],
      [{ build_args: { KEY: `x${SECRET}` } }, 'the secret API_KEY would stay in the image'],
      [{ labels: { key: SECRET } }, 'the secret API_KEY would stay in the image'],
      [{ secrets: { key: 'NEVER_GIVEN' } }, 'NEVER_GIVEN'],
    ])('of %j cannot be built', async (input, reason) => {
      const workspace = withFiles({ Dockerfile: 'FROM scratch\n' })
      symlinkSync('/etc', join(workspace, 'way-out'))
      symlinkSync('/etc/passwd', join(workspace, 'linked'))
      const { result } = await go(input, { secrets: [{ name: 'API_KEY', as: 'step', value: SECRET }] })
      expect(result).toMatchObject({ failure: { kind: 'cannot-start', reason: expect.stringContaining(reason) } })
    })
  })
})

test('where nothing builds, that is the reason', async () => {
  const plain = await TestRunner.open()
  try {
    const { result } = await plain.run('image', { image: 'a' })
    expect(result).toMatchObject({ failure: { kind: 'missing-tool', tool: 'podman, buildah or docker' } })
  } finally {
    await plain.close()
  }
})

describe('its input', () => {
  test.each([
    {},
    { image: 'shop/web:1' },
    { image: 'a', tag: [] },
    { image: 'a', build_args: { 'A-B': 'x' } },
    { image: 'a', build_args: { A: '${{ secrets.KEY }}' } },
    { image: 'a', labels: { a: 'x ${{ secrets.KEY }}' } },
    { image: 'a', password: 'REGISTRY_PASSWORD' },
    { image: 'a', user: 'ci' },
    { image: 'a', secrets: { key: '${{ params.x }}' } },
    { image: 'a', keep: false },
    { image: 'a', more: 1 },
  ])('%j is wrong', (input) => {
    expect(image.schema.safeParse(input).success).toBe(false)
  })

  test('its secrets are named, and a runner must have a builder', () => {
    const input = image.schema.parse({
      image: 'registry.example.com:5000/shop/web',
      tag: '${{ params.version }}',
      secrets: { npm: 'NPM_TOKEN' },
      user: 'ci',
      password: 'REGISTRY_PASSWORD',
    })
    expect(image.work(input)).toMatchObject({ secrets: ['REGISTRY_PASSWORD', 'NPM_TOKEN'] })
    expect(image.needs?.(input)).toEqual(['tool:image-builder'])
  })
})
