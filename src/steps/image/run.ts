import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Outputs } from '../../model/event.ts'
import type { Job } from '../../model/job.ts'
import { directoryIn } from '../kit/globs.ts'
import { must, succeeded } from '../kit/programs.ts'
import { putInto } from '../kit/put-into.ts'
import { answered, Unauthorized } from '../kit/said-no.ts'
import { insideOf, readStart } from '../kit/workspace-file.ts'
import {
  CannotStart,
  givenSecret,
  MissingTool,
  parseWith,
  type ImageBuilder,
  type ImageBuilderKind,
  type StepContext,
  type StepRun,
} from '../step.ts'
import { CHROOT, commandsOf, type Build } from './builders.ts'
import { image, type ImageInput } from './spec.ts'
import { DIGEST, IMAGE_NAME, IMAGE_TAG, PLATFORM, registryOf, STAGE } from './words.ts'

export const run: StepRun = (job, context) =>
  answered(async () => {
    const input = parseWith(image, job)
    refuseWords(input)
    refuseSecrets(input, job)
    const builder = await builderFor(job, context)
    const build = await prepare(input, builder, context)
    const commands = commandsOf(builder)
    const { env } = commands
    const [name] = build.names
    if (name === undefined) throw new CannotStart('with.tag: expected at least one')
    context.log(`Building ${build.names.join(', ')} by ${builder.kind}\n`)
    await must(context, commands.build(build), { env })
    const id = readFileSync(build.idFile, 'utf8').trim()
    const made: Record<string, string> = { image: name, image_name: input.image, image_tag: tagOf(name), image_id: id }

    const digestFile = join(context.scratch, 'image-digest')
    if (input.push)
      for (const one of build.names) await pushed(context, commands.push(one, digestFile, build), env, one)
    const told = await must(context, commands.digest(id), { env, capture: true })
    const digest =
      input.push && builder.kind !== 'docker' ? readFileSync(digestFile, 'utf8').trim() : digestIn(told, input)
    if (digest !== undefined && DIGEST.test(digest)) made['digest'] = digest
    if (input.save !== undefined) Object.assign(made, await saved(input.save, context, commands, env, id, name))
    if (!input.keep) await must(context, commands.remove(build.names), { env })
    context.log(`built ${name}: ${made['digest'] ?? id}${input.push ? ', pushed' : ''}\n`)
    return { kind: 'succeeded', outputs: made }
  })

/** What registries and the builders say of credentials: of podman, buildah and docker in these words. */
const NOT_LET_IN =
  /\b(unauthorized|authentication required|access (to the resource is )?denied|401 Unauthorized|403 Forbidden)/i

async function pushed(
  context: StepContext,
  argv: readonly [string, ...string[]],
  env: ImageBuilder['env'],
  name: string,
): Promise<void> {
  const ended = await context.exec(argv, { env, logged: true })
  if (ended.kind === 'exited' && ended.code !== 0 && NOT_LET_IN.test(ended.stdout)) {
    throw new Unauthorized(`${registryOf(name)} does not let this user push ${name}`)
  }
  succeeded(ended)
}

const tagOf = (name: string): string => name.slice(name.lastIndexOf(':') + 1)

/** Podman and Buildah say the digest; Docker says under which names a registry knows the image, if any. */
function digestIn(told: string, { image: name }: ImageInput): string | undefined {
  const lines = told.split('\n').map((line) => line.trim())
  return (
    lines.find((line) => line.startsWith(`${name}@`))?.slice(name.length + 1) ?? lines.find((line) => DIGEST.test(line))
  )
}

async function saved(
  { name, format, into }: NonNullable<ImageInput['save']>,
  context: StepContext,
  commands: ReturnType<typeof commandsOf>,
  env: ImageBuilder['env'],
  id: string,
  reference: string,
): Promise<Outputs> {
  const path = join(context.scratch, 'image-archive')
  await must(context, commands.save(id, reference, format, path), { env })
  const artifact = await context.keepArtifact(path, name)
  context.log(`kept ${artifact.name}: ${artifact.sizeBytes} bytes, sha256 ${artifact.sha256}\n`)
  if (into !== undefined) await putInto(context.workspace, into, path, name)
  return { package_file: artifact.name, sha256: artifact.sha256, size: String(artifact.sizeBytes) }
}

/** Checked again: the schema lets a template through, and what it gave may be anything. */
function refuseWords(input: ImageInput): void {
  const wrong = (field: string, text: string, expected: string): CannotStart =>
    new CannotStart(`with.${field}: expected ${expected}, found ${JSON.stringify(text.slice(0, 200))}`)
  if (!IMAGE_NAME.test(input.image)) throw wrong('image', input.image, 'a name in small letters and without a tag')
  for (const tag of input.tag) {
    if (!IMAGE_TAG.test(tag)) throw wrong('tag', tag, 'letters, digits and _ . -, at most 128')
  }
  if (input.target !== undefined && !STAGE.test(input.target))
    throw wrong('target', input.target, 'the name of a stage')
  if (input.platform !== undefined && !PLATFORM.test(input.platform)) {
    throw wrong('platform', input.platform, 'a platform such as linux/amd64')
  }
}

/** What stands in an image can be read by all who have it, so none of the task's secrets may get there by its words. */
function refuseSecrets({ build_args, labels, image: name, tag }: ImageInput, job: Job): void {
  const words = [...Object.values(build_args), ...Object.values(labels), name, ...tag]
  for (const secret of job.secrets ?? []) {
    const value = secret.value.trim()
    if (value !== '' && words.some((word) => word.includes(value))) {
      throw new CannotStart(
        `the value of the secret ${secret.name} would stay in the image: give it by with.secrets, for RUN --mount=type=secret`,
      )
    }
  }
}

async function prepare(input: ImageInput, { kind, buildOptions }: ImageBuilder, context: StepContext): Promise<Build> {
  const directory = await directoryIn(context.workspace, input.context)
  const secrets = Object.entries(input.secrets).map(([id, name], index) => {
    const path = join(context.scratch, `build-secret-${index}`)
    if (/[,"]/.test(path)) throw new CannotStart('the path of the data directory may hold no comma and no quote here')
    writeFileSync(path, givenSecret(context, name), { mode: 0o600 })
    return [id, path] as const
  })
  if (kind === 'docker' && input.insecure) {
    throw new CannotStart('Docker takes the list of insecure registries from its own configuration, not from a step')
  }
  if (buildOptions.includes(CHROOT) && input.network === 'none') {
    throw new CannotStart(
      'with.network: this runner builds images where no container can run, so their network cannot be taken away; expected default or host, found none',
    )
  }
  if (kind === 'docker' && input.save?.format === 'oci-archive') {
    throw new CannotStart('with.save.format: expected docker-archive, as Docker saves no other, found oci-archive')
  }
  return {
    names: input.tag.map((tag) => `${input.image}:${tag}`),
    directory,
    file: dockerfile(context.workspace, directory, input),
    args: input.build_args,
    labels: input.labels,
    secrets: Object.fromEntries(secrets),
    target: input.target,
    platform: input.platform,
    network: input.network,
    pull: input.pull,
    cache: input.cache,
    format: input.format,
    insecure: input.insecure,
    idFile: join(context.scratch, 'image-id'),
    authDirectory: credentials(input, context),
  }
}

/** A link would be followed by the builder, which may run as root. */
function dockerfile(workspace: string, directory: string, { file, context }: ImageInput): string {
  const wanted = file === undefined ? ['Containerfile', 'Dockerfile'] : [file]
  for (const name of wanted) {
    const path = insideOf(workspace, join(relative(workspace, directory), name))
    if (path !== undefined && readStart(path, 1).length > 0) return path
  }
  throw new CannotStart(
    `there is no ${wanted.join(' or ')} in ${JSON.stringify(context)} of the workspace, or it is empty`,
  )
}

/** As `docker login` leaves them, for this registry alone; removed with the attempt. */
function credentials({ image: name, user, password }: ImageInput, context: StepContext): string | undefined {
  if (user === undefined || password === undefined) return undefined
  const registry = registryOf(name)
  const auth = Buffer.from(`${user}:${givenSecret(context, password).trimEnd()}`).toString('base64')
  // Docker has a name of its own for Docker Hub.
  const keys = registry === 'docker.io' ? [registry, 'https://index.docker.io/v1/'] : [registry]
  const directory = join(context.scratch, 'registry')
  mkdirSync(directory, { mode: 0o700 })
  const text = JSON.stringify({ auths: Object.fromEntries(keys.map((key) => [key, { auth }])) })
  writeFileSync(join(directory, 'config.json'), text, { mode: 0o600 })
  return directory
}

const IN_IMAGES = ['buildah', 'podman', 'docker'] as const satisfies readonly ImageBuilderKind[]

/** On the host the runner's, in a container the first that the container's image has. */
async function builderFor(job: Job, context: StepContext): Promise<ImageBuilder> {
  if (context.imageBuilder !== null) return context.imageBuilder
  if (job.executor?.kind === 'sandbox') throw new CannotStart('an image cannot be built in a sandbox')
  if (job.executor?.kind === 'container') {
    for (const kind of IN_IMAGES) {
      const said = await context.exec([kind, '--version'], { capture: true })
      if (said.kind === 'exited' && said.code === 0) {
        return { kind, program: kind, options: [], buildOptions: [], env: {} }
      }
    }
  }
  throw new MissingTool('podman, buildah or docker')
}
