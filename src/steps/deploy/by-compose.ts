import { writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Outputs } from '../../model/event.ts'
import type { Job } from '../../model/job.ts'
import { insideOf } from '../kit/workspace-file.ts'
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
    await must(context, compose(...given, 'up', '-d', ...services))
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
  await must(context, compose(...given, '-f', override, 'up', '-d', ...Object.keys(before)))
  return {}
}

interface Tool {
  readonly compose: readonly [string, ...string[]]
  readonly engine: 'docker' | 'podman'
}

const TOOLS: readonly Tool[] = [
  { compose: ['docker', 'compose'], engine: 'docker' },
  { compose: ['docker-compose'], engine: 'docker' },
  { compose: ['podman-compose'], engine: 'podman' },
]

/** The first that says its version. */
async function composeTool(context: StepContext): Promise<Tool> {
  for (const tool of TOOLS) {
    const said = await context.exec([...tool.compose, 'version'], { capture: true })
    if (said.kind === 'exited' && said.code === 0) return tool
  }
  throw new MissingTool('docker compose, docker-compose or podman-compose')
}

async function imagesOf(
  engine: Tool['engine'],
  project: string,
  context: StepContext,
): Promise<Readonly<Record<string, string>>> {
  const said = await must(
    context,
    [engine, 'ps', '--filter', `label=com.docker.compose.project=${project}`, '--format', '{{.Image}}\t{{.Labels}}'],
    { capture: true },
  )
  return Object.fromEntries(
    said.split('\n').flatMap((line) => {
      const [image = '', labels = ''] = line.split('\t')
      const service = /\bcom\.docker\.compose\.service[=:]([A-Za-z0-9._-]+)/.exec(labels)?.[1]
      return service !== undefined && IMAGE.test(image) ? [[service, image] as const] : []
    }),
  )
}

function readBefore(text: unknown): Readonly<Record<string, string>> {
  if (typeof text !== 'string') throw new SaidNo('the deployment did not say what ran before it')
  return JSON.parse(text) as Readonly<Record<string, string>>
}
