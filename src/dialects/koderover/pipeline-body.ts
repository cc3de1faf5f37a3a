import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts'
import type { PipelineView } from '../../model/view.ts'
import type { FactName } from './facts.ts'
import { type DefinitionText, fetchTask, isAddress, repositoryScript, type StageText } from './definition-text.ts'
import { pack, unpack } from './packed.ts'

/** Pipelines of the first generation: what one may say of them, and the definition that comes of it. */

const FACTS = [
  'stack_name',
  'service_name',
  'test_stack',
  'test_service',
  'deploy_env',
  'repo_owner',
  'repo_name',
] as const satisfies readonly FactName[]
const TEXTS = ['pipeline_name', ...FACTS] as const
const FLAGS = ['run_build', 'run_deploy', 'run_deploy_cs', 'run_test', 'run_distribute', 'enabled'] as const

/** All of a body, Go's zeros for what it leaves out. */
export type PipelineBody = { readonly [Name in (typeof TEXTS)[number]]: string } & {
  readonly [Name in (typeof FLAGS)[number]]: boolean
} & {
  /** From July 2017 on; null: not said, and then not shown. */
  readonly test_threshold: number | null
}

/** What is wrong with a body, as text. */
export function readPipelineBody(value: Json | undefined): PipelineBody | string {
  if (!isJsonObject(value)) return 'expected a JSON object'
  const own = (name: string): Json | undefined => (Object.hasOwn(value, name) ? (value[name] ?? undefined) : undefined)
  for (const name of TEXTS) {
    const found = own(name)
    if (found !== undefined && typeof found !== 'string') return `${name}: expected a string`
    if (found !== undefined && found.length > 1_000) return `${name}: expected at most 1000 characters`
  }
  for (const name of FLAGS) {
    const found = own(name)
    if (found !== undefined && typeof found !== 'boolean') return `${name}: expected true or false`
  }
  const threshold = own('test_threshold') ?? null
  if (threshold !== null && !Number.isSafeInteger(threshold)) return 'test_threshold: expected an integer'
  const text = (name: string): string => {
    const found = own(name)
    return typeof found === 'string' ? found : ''
  }
  const flag = (name: string): boolean => own(name) === true
  return {
    pipeline_name: text('pipeline_name'),
    stack_name: text('stack_name'),
    // Misspelt in the documents' samples until May 2017.
    service_name: text('service_name') || text('servive_name'),
    test_stack: text('test_stack'),
    test_service: text('test_service'),
    deploy_env: text('deploy_env'),
    repo_owner: text('repo_owner'),
    repo_name: text('repo_name'),
    run_build: flag('run_build'),
    run_deploy: flag('run_deploy'),
    run_deploy_cs: flag('run_deploy_cs'),
    run_test: flag('run_test'),
    run_distribute: flag('run_distribute'),
    enabled: flag('enabled'),
    test_threshold: typeof threshold === 'number' ? threshold : null,
  }
}

const BODY = 'koderover/v1'

/** Of a pipeline that was made by such a body; undefined: it was made elsewhere. */
export function bodyOf({ definition }: Pick<PipelineView, 'definition'>): PipelineBody | undefined {
  const body = readPipelineBody(unpack(definition.annotations, BODY))
  return typeof body === 'string' ? undefined : body
}

/** The definition that does what the flags say, stage by stage. */
export function definitionOf(body: PipelineBody): DefinitionText {
  const facts = FACTS.filter((name) => body[name] !== '').map((name) => [`koderover/${name}`, body[name]] as const)
  return {
    name: body.pipeline_name,
    description: '',
    params: {
      repo_owner: body.repo_owner,
      repo_name: body.repo_name,
      branch: '',
      commit_id: '',
      pull_request_number: 0,
      deploy_env: body.deploy_env,
      ref: 'HEAD',
    },
    annotations: {
      'koderover/generation': 'v1',
      'koderover/enabled': String(body.enabled),
      ...Object.fromEntries(facts),
      ...pack(BODY, body satisfies JsonObject),
    },
    stages: stagesOf(body),
  }
}

const PARTS = [
  ['run_build', 'build', 'build'],
  ['run_deploy', 'deploy', 'deploy'],
  ['run_deploy_cs', 'deploy_cs', 'deploy'],
  ['run_test', 'test', 'test'],
  ['run_distribute', 'distribute', 'distribute'],
] as const

function stagesOf(body: PipelineBody): readonly StageText[] {
  const stages = PARTS.filter(([flag]) => body[flag]).map(([, key, role]): StageText => ({
    key,
    name: key,
    tasks: [{ key, name: key, role, uses: 'script', with: { script: repositoryScript(key) } }],
    annotations: { 'koderover/sub_task': key },
  }))
  const [first, ...rest] = stages
  // A definition has at least one task; this one is of no kind that they know.
  if (first === undefined) {
    const idle = { key: 'nothing', name: 'nothing', role: 'other', uses: 'noop' } as const
    return [{ key: 'nothing', name: 'nothing', tasks: [idle], annotations: { 'koderover/sub_task': 'none' } }]
  }
  if (!isAddress(body.repo_owner) || body.repo_name === '') return stages
  const fetching = first.tasks.map((task) => ({ ...task, needs: ['fetch'] }))
  return [{ ...first, tasks: [fetchTask('fetch'), ...fetching] }, ...rest]
}
