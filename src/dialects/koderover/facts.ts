import type { PipelineDefinition } from '../../model/definition.ts'
import type { Outputs } from '../../model/event.ts'
import type { Json } from '../../model/json.ts'
import type { PipelineView, RunView } from '../../model/view.ts'

/** What KodeRover knows of a task and we have no field for. Annotations: `koderover/<name>`. */
export type FactName =
  | 'stack_name'
  | 'service_name'
  | 'test_stack'
  | 'test_service'
  | 'deploy_env'
  | 'repo_owner'
  | 'repo_name'
  | 'branch'
  | 'commit_id'
  | 'image_name'
  | 'image_tag'
  | 'package_file'

type Annotations = Readonly<Record<string, string>>

/** Where facts are looked for, the first find wins. */
export interface FactSource {
  readonly annotations: readonly Annotations[]
  readonly outputs: readonly Outputs[]
  readonly params: ReadonlyMap<string, string>
  readonly git: GitSource
}

interface GitSource {
  readonly owner: string
  readonly name: string
  readonly branch: string
  readonly commit: string
}

/** Other names under which steps and people give the same thing. */
const ALSO: Readonly<Partial<Record<FactName, readonly string[]>>> = { commit_id: ['commit'] }

/** Annotations say it best, then what the run found out, then what it was given; undefined: nobody said it. */
export function factOf(source: FactSource, name: FactName): string | undefined {
  const annotation = firstOf(source.annotations, (annotations) => ownText(annotations, `koderover/${name}`))
  if (annotation !== undefined) return annotation
  const names = [name, ...(ALSO[name] ?? [])]
  const output = firstOf(names, (alias) => firstOf(source.outputs, (outputs) => ownOutput(outputs, alias)))
  return output ?? firstOf(names, (alias) => source.params.get(alias)) ?? (gitFact(source.git, name) || undefined)
}

function gitFact(git: GitSource, name: FactName): string {
  if (name === 'repo_owner') return git.owner
  if (name === 'repo_name') return git.name
  if (name === 'branch') return git.branch
  return name === 'commit_id' ? git.commit : ''
}

export function runFacts(run: RunView): FactSource {
  const params = new Map(run.params.map(({ name, value }) => [name, asText(value)] as const))
  return {
    annotations: [run.definition.annotations],
    outputs: run.stages.flatMap(({ tasks }) => tasks.map((task) => task.outputs)),
    params,
    git: gitSource(run.definition, params),
  }
}

export function pipelineFacts({ definition }: PipelineView): FactSource {
  const params = new Map(definition.params.map((spec) => [spec.name, asText(spec.default)] as const))
  return { annotations: [definition.annotations], outputs: [], params, git: gitSource(definition, params) }
}

/** The same source, seen from one task: its own word, then its stage's, come before everything else. */
export function nearTask(
  source: FactSource,
  task: { readonly annotations: Annotations; readonly outputs?: Outputs },
  stage: { readonly annotations: Annotations },
): FactSource {
  return {
    ...source,
    annotations: [task.annotations, stage.annotations, ...source.annotations],
    outputs: task.outputs === undefined ? source.outputs : [task.outputs, ...source.outputs],
  }
}

/** Repository and ref of the first task that fetches code. */
function gitSource(definition: PipelineDefinition, params: ReadonlyMap<string, string>): GitSource {
  for (const { tasks } of definition.stages) {
    for (const { work } of tasks) {
      if (work.kind !== 'runner' || work.uses !== 'git') continue
      const text = (field: string): string => plainText(work.with[field], params)
      const ref = text('ref').replace(/^refs\/(?:heads|tags)\//, '')
      const isCommit = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/.test(ref)
      return { ...repositoryOf(text('url')), branch: isCommit ? '' : ref, commit: isCommit ? ref : '' }
    }
  }
  return { owner: '', name: '', branch: '', commit: '' }
}

/** A text of a definition as it stands, or the param it names alone; anything that is worked out is not ours to render. */
function plainText(value: Json | undefined, params: ReadonlyMap<string, string>): string {
  if (typeof value !== 'string') return ''
  const param = /^\$\{\{\s*params\.(\w+)\s*\}\}$/.exec(value.trim())?.[1]
  if (param !== undefined) return params.get(param) ?? ''
  return value.includes('${{') ? '' : value
}

/** `https://host/owner/name.git` and `git@host:owner/name.git`; of a path on this machine the name alone. */
export function repositoryOf(url: string): { readonly owner: string; readonly name: string } {
  const withHost = /^(?:[a-z][a-z0-9+]*:\/\/[^/]+\/|[^/:\s]+:)(.+)$/i.exec(url)
  const isLocal = withHost === null || /^file:/i.test(url)
  const segments = (withHost?.[1] ?? url).split('/').filter((segment) => segment !== '')
  const name = (segments.at(-1) ?? '').replace(/\.git$/, '')
  return { owner: isLocal ? '' : segments.slice(0, -1).join('/'), name }
}

const ownOutput = (outputs: Outputs, name: string): string | undefined => {
  const value = Object.hasOwn(outputs, name) ? outputs[name] : undefined
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
}

const ownText = (texts: Readonly<Record<string, string>>, name: string): string | undefined =>
  Object.hasOwn(texts, name) && texts[name] !== '' ? texts[name] : undefined

function firstOf<Item, Found>(items: readonly Item[], find: (item: Item) => Found | undefined): Found | undefined {
  for (const item of items) {
    const found = find(item)
    if (found !== undefined && found !== '') return found
  }
  return undefined
}

const asText = (value: Json): string =>
  typeof value === 'string' ? value : value === null || typeof value === 'object' ? '' : String(value)
