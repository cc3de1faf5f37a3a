import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import type { AttemptResult } from '../model/command.ts'
import type { Capability } from '../model/executor.ts'
import type { Job } from '../model/job.ts'
import { isSecretName } from '../model/secret.ts'
import { stepSpecs } from './index.ts'
import { parseWith, runnerWork, type StepContext, type StepRun, type StepSpec } from './step.ts'

/**
 * Step types of third parties: a folder each, with a `step.json` that says what it is and a module that does it. The
 * server reads the first and never runs the second. docs/guides/steps-of-your-own.md is their contract.
 */
export interface OutsideStep extends StepSpec<Readonly<Record<string, unknown>>> {
  readonly load: () => Promise<{ readonly run: StepRun }>
}

const SPEC_MAX_BYTES = 256 * 1_024
const STEPS_MAX = 200

const fieldNames = z.array(z.string().min(1).max(128)).max(50)
const form = z.strictObject({
  type: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, 'expected small letters, digits and -, at most 63'),
  summary: z.string().regex(/^[A-Z\p{Lo}].{1,298}[.。]$/u, 'expected a sentence of at most 300 characters'),
  input: z.record(z.string(), z.unknown()),
  shorthand: z.string().optional(),
  verbatim: fieldNames.default([]),
  secrets: fieldNames.default([]),
  needs: z
    .array(z.string().regex(/^(?:tool|executor):[a-z0-9-]{1,64}$/, 'expected a label such as tool:git'))
    .max(20)
    .default([]),
  rollback: z.boolean().default(false),
  run: z
    .string()
    .regex(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,100}\.m?[jt]s$/, 'expected the name of a module in the folder')
    .default('run.js'),
})

/** All that is wrong with them, each with its place. */
class UnusableSteps extends Error {
  override readonly name = 'UnusableSteps'
  constructor(problems: readonly string[]) {
    super(`step types of one's own cannot be used:\n  ${problems.join('\n  ')}`)
  }
}

/** The label of runners that have it. */
export const outsideLabel = (type: string): Capability => `step:${type}`

/**
 * Reads every folder in these directories; what begins with a dot is left out.
 * @throws UnusableSteps
 */
export function outsideSteps(directories: readonly string[]): readonly OutsideStep[] {
  const problems: string[] = []
  const taken = new Map(stepSpecs.map(({ type }) => [type, 'Millrace itself']))
  const steps: OutsideStep[] = []
  for (const directory of directories) {
    for (const folder of foldersOf(directory, problems)) {
      const read = readStep(folder)
      if (Array.isArray(read)) {
        problems.push(...read.map((problem) => `${folder}: ${problem}`))
        continue
      }
      const step = read as OutsideStep
      const other = taken.get(step.type)
      if (other !== undefined) problems.push(`${folder}: the type ${step.type} is that of ${other}`)
      taken.set(step.type, folder)
      steps.push(step)
    }
  }
  if (steps.length > STEPS_MAX) problems.push(`expected at most ${STEPS_MAX} step types, found ${steps.length}`)
  if (problems.length > 0) throw new UnusableSteps(problems)
  return steps
}

function foldersOf(directory: string, problems: string[]): readonly string[] {
  try {
    return readdirSync(directory)
      .toSorted()
      .filter((name) => !name.startsWith('.'))
      .map((name) => join(directory, name))
      .filter((path) => statSync(path).isDirectory())
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const found = code === 'ENOENT' ? 'none' : code === 'ENOTDIR' ? 'a file' : message
    problems.push(`${directory}: expected a directory with a folder for each step type, found ${found}`)
    return []
  }
}

function readStep(folder: string): OutsideStep | readonly string[] {
  const path = join(folder, 'step.json')
  let value: unknown
  try {
    if (statSync(path).size > SPEC_MAX_BYTES) return [`step.json: expected at most ${SPEC_MAX_BYTES} bytes`]
    value = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    return [`step.json: ${(error as Error).message}`]
  }
  const parsed = form.safeParse(value)
  if (!parsed.success) {
    return parsed.error.issues.map(({ path: at, message }) => `step.json: ${[...at, message].join(': ')}`)
  }
  const { type, summary, input, shorthand, verbatim, secrets, needs, rollback, run } = parsed.data
  const module = join(folder, run)
  const fields = Object.keys(input['properties'] ?? {})
  const named = [...(shorthand === undefined ? [] : [shorthand]), ...verbatim, ...secrets]
  const problems = [
    ...(existsSync(module) ? [] : [`there is no ${run}`]),
    ...(input['type'] === 'object' ? [] : ['step.json: input: expected a JSON Schema of the type object']),
    ...named.filter((name) => !fields.includes(name)).map((name) => `step.json: input has no field ${name}`),
  ]
  if (problems.length > 0) return problems
  const schema = schemaOf(input, secrets)
  if (typeof schema === 'string') return [`step.json: input: ${schema}`]
  const work = (given: Readonly<Record<string, unknown>>) =>
    runnerWork(
      type,
      given,
      secrets.map((name) => given[name] as string | undefined),
    )
  const spec: StepSpec<Readonly<Record<string, unknown>>> = {
    type,
    summary,
    schema,
    ...(shorthand === undefined ? undefined : { shorthand }),
    verbatim,
    work,
    ...(rollback ? { rollback: work } : undefined),
    needs: () => [outsideLabel(type), ...(needs as readonly Capability[])],
  }
  return { ...spec, load: () => load(module, spec) }
}

/** Unknown fields are errors unless the schema says otherwise, so that a typing mistake is not a silent default. */
function schemaOf(
  input: Readonly<Record<string, unknown>>,
  secrets: readonly string[],
): z.ZodType<Readonly<Record<string, unknown>>> | string {
  try {
    const schema = z.fromJSONSchema({ additionalProperties: false, ...input })
    // What cannot be shown to an editor is found here and not by the first who asks for it.
    schema.toJSONSchema({ io: 'input' })
    const checked = secrets.reduce<z.ZodType>(
      (made, name) =>
        made.refine((given) => isSecretOrNone((given as Readonly<Record<string, unknown>>)[name]), {
          path: [name],
          message: 'expected the name of a secret: capital letters, digits and _, at most 64',
        }),
      schema,
    )
    return checked as z.ZodType<Readonly<Record<string, unknown>>>
  } catch (error) {
    return (error as Error).message
  }
}

const isSecretOrNone = (value: unknown): boolean =>
  value === undefined || (typeof value === 'string' && isSecretName(value))

async function load(module: string, spec: StepSpec<Readonly<Record<string, unknown>>>): Promise<{ run: StepRun }> {
  const loaded = (await import(pathToFileURL(module).href)) as { readonly run?: unknown }
  const run = loaded.run
  if (typeof run !== 'function') throw new Error(`${module} exports no function \`run\``)
  return {
    run: async (job: Job, context: StepContext) => {
      const { runId, node, attempt, takesBack } = job
      const given = { runId, node, attempt, uses: job.uses, with: parseWith(spec, job), takesBack: takesBack ?? null }
      return checkedResult(await (run as (job: object, context: StepContext) => unknown)(given, context))
    },
  }
}

const said = z.string().min(1).max(1_000)
const outputs = z.record(z.string().min(1).max(128), z.json()).nullable().default(null)
const result = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('succeeded'), outputs }),
  z.strictObject({
    kind: z.literal('failed'),
    failure: z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('exit-code'), code: z.int().min(1).max(255) }),
      z.strictObject({ kind: z.literal('signal'), signal: z.string().regex(/^SIG[A-Z0-9]{1,12}$/) }),
      z.strictObject({ kind: z.literal('said-no'), reason: said }),
      z.strictObject({ kind: z.literal('cannot-start'), reason: said }),
      z.strictObject({ kind: z.literal('missing-tool'), tool: said }),
      z.strictObject({ kind: z.literal('unauthorized'), reason: said }),
    ]),
    outputs,
  }),
])

/** Code of others: what it gives is looked at as what comes from outside. */
function checkedResult(value: unknown): AttemptResult {
  const parsed = result.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const place = issue === undefined ? '' : `${['result', ...issue.path].join('.')}: ${issue.message}`
  throw new Error(`the step gave no result that can be read: ${place}`)
}
