import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { App, Caller } from '../host/app.ts'
import type { Result } from '../model/problem.ts'
import type { PipelineView, ProjectView, RunView } from '../model/view.ts'
import { makeSampleRepository } from './repository.ts'
import type { Sample, SampleName } from './quickstart.ts'

/** The sample pipelines, each in the manner of one of the five systems. */
const SAMPLES = [
  'koderover',
  'codearts-pipeline',
  'blueking',
  'codearts-check',
  'swr',
] as const satisfies readonly SampleName[]

/**
 * Makes the sample pipelines of the first start and runs each once; what is there already is kept.
 * @param directory of the server's data: the sample repository is made in it.
 * @throws Error when git is missing or a sample is refused, which its tests would have shown.
 */
export async function makeSamples(
  app: App,
  caller: Caller,
  project: ProjectView,
  directory: string,
): Promise<Readonly<Record<SampleName, Sample>>> {
  const url = await makeSampleRepository(join(directory, 'samples', 'repository'))
  const deployedTo = join(directory, 'samples', 'deployed')
  const made: Partial<Record<SampleName, Sample>> = {}
  for (const name of SAMPLES) {
    const pipeline = await makePipeline(app, caller, project, name, await sampleText(name, url, deployedTo))
    made[name] = { pipeline, run: await makeRun(app, caller, pipeline) }
  }
  return made as Record<SampleName, Sample>
}

/**
 * The text of a sample.
 * @param deployedTo the directory that its service is deployed to.
 */
export async function sampleText(name: SampleName, repositoryUrl: string, deployedTo: string): Promise<string> {
  const text = await readFile(new URL(`./pipelines/${name}.yaml`, import.meta.url), 'utf8')
  // In text between single quotes.
  return text.replaceAll('@REPOSITORY@', repositoryUrl).replaceAll('@DEPLOYED@', deployedTo.replaceAll("'", "''"))
}

async function makePipeline(
  app: App,
  caller: Caller,
  project: ProjectView,
  name: SampleName,
  text: string,
): Promise<PipelineView> {
  const made = await app.pipelines.create(caller, { project: { id: project.id }, text, file: `${name}.yaml` })
  if (made.ok || made.problem.code !== 'conflict') return need(name, made)
  const pipelineName = /^name: (.+)$/m.exec(text)?.[1] ?? ''
  return need(name, await app.pipelines.get(caller, { name: pipelineName, project: { id: project.id } }))
}

/** A pipeline with a trigger is run by its trigger, as its users would. */
async function makeRun(app: App, caller: Caller, pipeline: PipelineView): Promise<RunView> {
  if (pipeline.latestRun !== null) return need(pipeline.name, await app.runs.get(caller, { id: pipeline.latestRun.id }))
  const [webhook] = pipeline.webhooks
  if (webhook === undefined)
    return need(pipeline.name, await app.runs.start(caller, { pipeline: { id: pipeline.id }, params: {} }))
  return need(pipeline.name, await app.runs.fireWebhook(webhook.id, {})).run
}

function need<Value>(name: string, result: Result<Value>): Value {
  if (result.ok) return result.value
  const errors = (result.problem.errors ?? []).map(({ line, column, message }) => `${line}:${column} ${message}`)
  throw new Error(`the sample ${name} was refused: ${[result.problem.message, ...errors].join('; ')}`)
}
