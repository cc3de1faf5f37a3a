import type { App, Caller, DocumentView } from '../../host/app.ts'
import { isJsonObject, type JsonObject } from '../../model/json.ts'
import { accept, refuse, type Result } from '../../model/problem.ts'
import type { Instant } from '../../model/time.ts'
import type { ProjectView } from '../../model/view.ts'
import { mapTexts, masked, sealFor } from '../kit/credentials.ts'
import { derivedId } from '../kit/derived-id.ts'
import { shortened } from '../kit/query.ts'
import { SECRET, sealedDto, withSecretsOf } from './dto.ts'
import { isTrue, plainText } from './read.ts'
import { everyDocument } from './state.ts'

/**
 * What pipelines can be made of. The vendor has them in an account; here those that people make belong to a project,
 * so that nobody of another one sees them, and everybody sees the few that come with the server.
 */
export interface Template {
  readonly id: string
  readonly name: string
  readonly language: string
  readonly description: string
  /** Text that holds JSON, as a pipeline's. */
  readonly definition: string
  readonly variables: readonly JsonObject[]
  readonly isShowSource: boolean
  /** null: comes with the server. */
  readonly project: ProjectView | null
  readonly creatorId: string
  readonly creatorName: string
  readonly updaterId: string
  readonly createdAt: Instant
  readonly updatedAt: Instant
}

const KIND = 'codearts-pipeline/template'
const TEMPLATES_MAX = 1_000

/** Newest first, those of the server last. */
export async function everyTemplate(app: App, caller: Caller): Promise<Result<readonly Template[]>> {
  const own: Template[] = []
  for (const project of await app.projects.list(caller)) {
    const documents = await everyDocument(app, caller, project.id, KIND)
    if (!documents.ok) return documents
    own.push(...documents.value.map((document) => templateOf(document, project)))
  }
  return accept([...own.toSorted((a, b) => b.createdAt - a.createdAt), ...builtIn])
}

export async function templateBy(app: App, caller: Caller, id: string): Promise<Result<Template>> {
  const all = await everyTemplate(app, caller)
  if (!all.ok) return all
  const template = all.value.find((one) => one.id === id)
  return template === undefined ? refuse('not_found', `there is no template ${shortened(id)}`) : accept(template)
}

export type TemplateInput = Pick<
  Template,
  'name' | 'language' | 'description' | 'definition' | 'variables' | 'isShowSource'
>

export async function createTemplate(
  app: App,
  caller: Caller,
  project: ProjectView,
  input: TemplateInput,
): Promise<Result<string>> {
  const all = await everyDocument(app, caller, project.id, KIND)
  if (!all.ok) return all
  if (all.value.length >= TEMPLATES_MAX) return refuse('invalid_request', `expected at most ${TEMPLATES_MAX} templates`)
  const id = app.freshId()
  const { id: creatorId, name: creatorName } = caller.user
  const value = {
    ...sealed(app, project, input, null),
    creatorId,
    creatorName,
    updaterId: creatorId,
    createdAt: app.now(),
  }
  const put = await app.documents.put(caller, {
    project: { id: project.id },
    kind: KIND,
    key: id,
    value,
    expectedRevision: 0,
  })
  return put.ok ? accept(id) : put
}

export async function updateTemplate(
  app: App,
  caller: Caller,
  template: Template,
  input: TemplateInput,
): Promise<Result<string>> {
  if (template.project === null) return refuse('forbidden', `the template ${template.name} comes with the server`)
  const { id, project, creatorId, creatorName, createdAt } = template
  const value = {
    ...sealed(app, project, input, template),
    creatorId,
    creatorName,
    updaterId: caller.user.id,
    createdAt,
  }
  const put = await app.documents.put(caller, { project: { id: project.id }, kind: KIND, key: id, value })
  return put.ok ? accept(id) : put
}

export async function removeTemplate(
  app: App,
  caller: Caller,
  { id, name, project }: Template,
): Promise<Result<string>> {
  if (project === null) return refuse('forbidden', `the template ${name} comes with the server`)
  const removed = await app.documents.remove(caller, { project: { id: project.id }, kind: KIND, key: id })
  return removed.ok ? accept(id) : removed
}

/** Values of secrets sealed for the project of the template; those that come as they are shown stay what they were. */
function sealed(
  app: App,
  project: ProjectView,
  { definition, variables, ...input }: TemplateInput,
  former: Pick<TemplateInput, 'definition' | 'variables'> | null,
): TemplateInput {
  const before = former && { definition: former.definition, variables: former.variables }
  const { definition: text, variables: own } = sealedDto(
    withSecretsOf({ definition, variables }, before),
    sealFor(app, project.id),
  )
  return { ...input, definition: plainText(text), variables: own as readonly JsonObject[] }
}

/** As they are shown. */
export const shownVariables = ({ variables }: Template): readonly JsonObject[] =>
  variables.map((variable) =>
    isTrue(variable['is_secret']) && plainText(variable['value']) !== '' ? { ...variable, value: SECRET } : variable,
  )

/** As it is shown. */
export const shownDefinition = ({ definition }: Template): string => masked(definition, SECRET)

/** As pipelines of a project get it; what is sealed is as with {@link variablesIn}. */
export const definitionIn = ({ project, definition }: Template, { id }: ProjectView): string =>
  project?.id === id ? definition : masked(definition, '')

/** As pipelines of a project get them: what is sealed is for the template's own project, and empty elsewhere. */
export const variablesIn = ({ project, variables }: Template, { id }: ProjectView): readonly JsonObject[] =>
  project?.id === id ? variables : (mapTexts(variables, (text) => masked(text, '')) as readonly JsonObject[])

function templateOf({ key, value, updatedAt }: DocumentView, project: ProjectView): Template {
  const fields = isJsonObject(value) ? value : {}
  const { variables, createdAt } = fields
  return {
    id: key,
    name: plainText(fields['name']),
    language: plainText(fields['language']),
    description: plainText(fields['description']),
    definition: plainText(fields['definition']),
    variables: Array.isArray(variables) ? variables.filter(isJsonObject) : [],
    isShowSource: fields['isShowSource'] === true,
    project,
    creatorId: plainText(fields['creatorId']),
    creatorName: plainText(fields['creatorName']),
    updaterId: plainText(fields['updaterId']),
    createdAt: typeof createdAt === 'number' ? createdAt : updatedAt,
    updatedAt,
  }
}

// --- Those that come with the server ---------------------------------------------------------------------------------

const shell = (identifier: string, name: string, script: string): JsonObject => ({
  name,
  identifier,
  sequence: 0,
  depends_on: [],
  condition: '${{ default() }}',
  steps: [
    {
      name,
      task: 'official_shell_plugin',
      business_type: 'Normal',
      inputs: [{ key: 'OFFICIAL_SHELL_SCRIPT_INPUT', value: script }],
    },
  ],
})

const review: JsonObject = {
  name: 'Review',
  identifier: 'JOB_review',
  sequence: 0,
  depends_on: [],
  steps: [
    {
      name: 'Review',
      task: 'official_devcloud_checkpoint',
      business_type: 'Normal',
      inputs: [
        { key: 'audit_source', value: 'members' },
        { key: 'approvers', value: '' },
        { key: 'check_strategy', value: 'any' },
        { key: 'comment', value: 'Go on?' },
      ],
    },
  ],
}

const stage = (name: string, sequence: number, jobs: readonly JsonObject[]): JsonObject => ({
  name,
  identifier: `stage_${sequence + 1}`,
  sequence,
  depends_on: [],
  run_always: false,
  jobs,
})

const made = (name: string, description: string, stages: readonly JsonObject[]): Template => ({
  id: derivedId(`template/${name}`),
  name,
  language: 'none',
  description,
  definition: JSON.stringify({ stages }),
  variables: [],
  isShowSource: false,
  project: null,
  creatorId: '',
  creatorName: '',
  updaterId: '',
  createdAt: 0,
  updatedAt: 0,
})

const builtIn: readonly Template[] = [
  made('shell', 'One stage with one script.', [stage('Build', 0, [shell('JOB_build', 'Build', 'echo "build"')])]),
  made('build-review-release', 'A build and its tests, a review, a release.', [
    stage('Build', 0, [shell('JOB_build', 'Build', 'echo "build"'), shell('JOB_tests', 'Test', 'echo "test"')]),
    stage('Review', 1, [review]),
    stage('Release', 2, [shell('JOB_ships', 'Release', 'echo "release"')]),
  ]),
]
