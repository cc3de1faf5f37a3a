import { writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Outputs } from '../../model/event.ts'
import type { Job } from '../../model/job.ts'
import { parse } from 'yaml'
import { insideOf, readStart } from '../kit/workspace-file.ts'
import { must } from '../kit/programs.ts'
import { SaidNo } from '../kit/said-no.ts'
import { CannotStart, MissingTool, type StepContext } from '../step.ts'
import { IMAGE, type DeployInput } from './spec.ts'

type Compose = NonNullable<DeployInput['compose']>

/** Which images the services had, as JSON: what the way back begins them from. */
const BEFORE = 'previous_images'

const NAME = /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/

export async function byCompose(
  input: Compose,
  { takesBack }: Job,
  context: StepContext,
  note: (outputs: Outputs) => void,
): Promise<Outputs> {
  if (!NAME.test(input.project)) throw new CannotStart('with.compose.project: expected a name in small letters')
  const files = input.files.map((file) => {
    const path = insideOf(context.workspace, file)
    if (path === undefined) throw new CannotStart(`${JSON.stringify(file)} is not inside the workspace`)
    return path
  })
  const tool = await composeTool(context)
  const compose = (...words: string[]): readonly [string, ...string[]] => [
    ...tool.compose,
    '-p',
    input.project,
    ...words,
  ]
  const given = files.flatMap((file) => ['-f', relative(context.workspace, file)])
  const services = input.services ?? []
  if (takesBack === undefined) {
    note({ [BEFORE]: JSON.stringify(await imagesOf(tool.engine, input.project, context)) })
    await must(context, compose(...given, ...tool.up, ...services))
    await refuseMissing(tool, input.project, services.length > 0 ? services : servicesIn(files), context)
    return { services: Object.keys(await imagesOf(tool.engine, input.project, context)).join(' ') }
  }
  const before = readBefore(takesBack[BEFORE])
  if (Object.keys(before).length === 0) {
    context.log('Nothing of it ran before: it goes down\n')
    await must(context, compose(...given, 'down'))
    return {}
  }
  const override = join(context.scratch, 'before.json')
  const images = Object.fromEntries(Object.entries(before).map(([service, image]) => [service, { image }]))
  // JSON is YAML.
  writeFileSync(override, JSON.stringify({ services: images }), { mode: 0o600 })
  await must(context, compose(...given, '-f', override, ...tool.up, ...Object.keys(before)))
  await refuseMissing(tool, input.project, Object.keys(before), context)
  return {}
}

interface Tool {
  readonly compose: readonly [string, ...string[]]
  readonly engine: 'docker' | 'podman'
  readonly up: readonly string[]
}

const UP = ['up', '-d'] as const
const TOOLS: readonly Tool[] = [
  { compose: ['docker', 'compose'], engine: 'docker', up: UP },
  { compose: ['docker-compose'], engine: 'docker', up: UP },
  // Its 1.0 (Debian 12) sees no difference between one image and the next.
  { compose: ['podman-compose'], engine: 'podman', up: [...UP, '--force-recreate'] },
]

/** The first that says its version. */
async function composeTool(context: StepContext): Promise<Tool> {
  for (const tool of TOOLS) {
    const said = await context.exec([...tool.compose, 'version'], { capture: true })
    if (said.kind === 'exited' && said.code === 0) return tool
  }
  throw new MissingTool('docker compose, docker-compose or podman-compose')
}

const ofProject = (project: string): readonly string[] => ['--filter', `label=com.docker.compose.project=${project}`]

/** Docker and Podman write labels differently. */
const serviceIn = (line: string): string | undefined =>
  /\bcom\.docker\.compose\.service[=:]([A-Za-z0-9._-]+)/.exec(line)?.[1]

async function imagesOf(
  engine: Tool['engine'],
  project: string,
  context: StepContext,
): Promise<Readonly<Record<string, string>>> {
  const said = await must(context, [engine, 'ps', ...ofProject(project), '--format', '{{.Image}}\t{{.Labels}}'], {
    capture: true,
  })
  return Object.fromEntries(
    said.split('\n').flatMap((line) => {
      const [image = ''] = line.split('\t')
      const service = serviceIn(line)
      return service !== undefined && IMAGE.test(image) ? [[service, image] as const] : []
    }),
  )
}

/** podman-compose 1.0 (Debian 12) ends with 0 when none of its containers came up: so they are looked at. */
async function refuseMissing(
  { engine }: Tool,
  project: string,
  services: readonly string[],
  context: StepContext,
): Promise<void> {
  if (engine !== 'podman') return
  const said = await must(context, [engine, 'ps', '--all', ...ofProject(project), '--format', 'json'], {
    capture: true,
  })
  const up = new Set(containersIn(said).flatMap(({ state, code, service }) => (isUp(state, code) ? [service] : [])))
  const missing = services.filter((service) => !up.has(service))
  if (missing.length > 0) throw new SaidNo(`did not come up: ${missing.join(', ')}; the words of podman are in the log`)
}

/** What has done its work is as good as what is at it. */
const isUp = (state: unknown, code: unknown): boolean => state === 'running' || (state === 'exited' && code === 0)

function containersIn(said: string) {
  const read: unknown = JSON.parse(said === '' ? '[]' : said)
  const all: readonly unknown[] = Array.isArray(read) ? read : []
  return all.filter(isObject).map(({ State: state, ExitCode: code, Labels: labels }) => {
    const service = isObject(labels) ? labels['com.docker.compose.service'] : undefined
    return { state, code, service: typeof service === 'string' ? service : '' }
  })
}

const FILE_MAX_BYTES = 1_048_576

/** Those that are always there. */
function servicesIn(files: readonly string[]): readonly string[] {
  const named = files.flatMap((file) => {
    const read: unknown = parse(new TextDecoder().decode(readStart(file, FILE_MAX_BYTES)))
    const services = isObject(read) ? read['services'] : undefined
    return isObject(services) ? Object.entries(services) : []
  })
  return [...new Set(named.flatMap(([name, spec]) => (isObject(spec) && 'profiles' in spec ? [] : [name])))]
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

function readBefore(text: unknown): Readonly<Record<string, string>> {
  if (typeof text !== 'string') throw new SaidNo('the deployment did not say what ran before it')
  return JSON.parse(text) as Readonly<Record<string, string>>
}
