import { hkdfSync } from 'node:crypto'
import type { Run } from '../../engine/run.ts'
import type { PipelineDefinition } from '../../model/definition.ts'
import type { PipelineId, ProjectId } from '../../model/id.ts'
import type { Json, JsonObject } from '../../model/json.ts'
import type { Job } from '../../model/job.ts'
import { SEALED_TEXT, type JobSecret } from '../../model/secret.ts'
import type { SealedPlace } from '../app.ts'
import type { Entropy } from '../entropy.ts'
import { keyIdOf, seal, unseal } from './seal.ts'

/**
 * Credentials that come in the middle of a vendor's document, where there is no name to keep them under: the text that
 * stands for one can be stored and shown as it is, in definitions, params and events, and is opened only in the job of
 * a task. Whoever may start runs but not write definitions gets nothing opened elsewhere than where it was sealed for:
 * a param is opened when it is what the definition has for it, or was sealed for this param of this pipeline.
 */
const PREFIX = 'sealed.v1.'

/** Whether something sealed stands anywhere in a value. */
export const holdsSealed = (value: unknown): boolean => JSON.stringify(value ?? null).includes(PREFIX)

/**
 * Of the root that the secrets of webhooks are made of, which is the same after the server's key was rotated: stored
 * definitions cannot be written again.
 */
const keyOf = (root: Uint8Array): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', root, '', 'millrace sealed texts', 32))

const placeOf = ({ project, param }: SealedPlace): string =>
  param === undefined ? `text/${project}` : `text/${project}/${param.pipeline}/${param.name}`

export function sealText(root: Uint8Array, place: SealedPlace, text: string, entropy: Entropy): string {
  const [, , sealed = ''] = seal(keyOf(root), text, placeOf(place), entropy).split('.')
  return `${PREFIX}${Buffer.from(sealed, 'base64').toString('base64url')}.`
}

/** What is sealed in a text of a definition, for the server itself. What cannot be opened ({@link openSealed}) is left out. */
export function openedTexts(root: Uint8Array, project: ProjectId, text: string): readonly string[] {
  const key = keyOf(root)
  return [...text.matchAll(SEALED_TEXT)].flatMap(([one]) => {
    try {
      return [opened(key, { project }, one)]
    } catch {
      return []
    }
  })
}

function opened(key: Uint8Array, place: SealedPlace, text: string): string {
  const sealed = Buffer.from(text.slice(PREFIX.length, -1), 'base64url').toString('base64')
  return unseal(key, `2.${keyIdOf(key)}.${sealed}`, placeOf(place))
}

/**
 * What a run gives to a run of another pipeline: what is sealed in it is opened as in a job of the giving run, and sealed
 * anew for the params of the other pipeline.
 * @throws Error as {@link openSealed}
 */
export function sealedFor(
  pipeline: PipelineId,
  params: JsonObject,
  root: Uint8Array,
  run: OfRun,
  entropy: Entropy,
): JsonObject {
  if (!holdsSealed(params)) return params
  const opener = new Opener(root, run)
  const anew = (name: string, value: Json): Json => {
    const place = { project: run.projectId, param: { pipeline, name } }
    return replaced(value, (text) => sealText(root, place, opener.open(text), entropy))
  }
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, anew(name, value)]))
}

/** The same value with everything in it that is sealed changed. */
function replaced(value: Json, change: (text: string) => string): Json {
  if (typeof value === 'string')
    return value.includes(PREFIX) ? value.replaceAll(SEALED_TEXT, (one) => change(one)) : value
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => replaced(item, change))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, replaced(item, change)]))
}

interface OfRun extends Pick<Run, 'projectId' | 'pipelineId' | 'params'> {
  readonly definition: Pick<PipelineDefinition, 'params'>
}

/**
 * A job with what is sealed in its `with` and `env` opened, and every value of it a secret of the job, so that it is
 * masked in all that the task says.
 * @throws Error when a text was sealed for another place or project, or by another server.
 */
export function openSealed(job: Job, root: Uint8Array, run: OfRun): Job {
  if (!holdsSealed([job.env, job.with])) return job
  const opener = new Opener(root, run)
  const env = opener.json(job.env) as Job['env']
  const input = opener.json(job.with) as Job['with']
  const found = [...opener.values.values()].map((value, place): JobSecret => ({
    name: `SEALED_${place}`,
    as: 'step',
    value,
  }))
  return { ...job, env, with: input, secrets: [...(job.secrets ?? []), ...found] }
}

class Opener {
  /** By the text that stands for it. */
  readonly values = new Map<string, string>()
  readonly #key: Uint8Array
  readonly #run: OfRun
  /** Of params that are not what the definition has for them: the place that each must have been sealed for. */
  readonly #given = new Map<string, SealedPlace>()

  constructor(root: Uint8Array, run: OfRun) {
    this.#key = keyOf(root)
    this.#run = run
    const { projectId: project, pipelineId: pipeline } = run
    const defaults = new Map(run.definition.params.map((param) => [param.name, JSON.stringify(param.default)]))
    for (const [name, value] of Object.entries(run.params)) {
      if (!holdsSealed(value) || JSON.stringify(value) === defaults.get(name)) continue
      for (const [text] of JSON.stringify(value).matchAll(SEALED_TEXT)) {
        this.#given.set(text, { project, param: { pipeline, name } })
      }
    }
  }

  json(value: Json): Json {
    return replaced(value, this.open)
  }

  readonly open = (text: string): string => {
    const known = this.values.get(text)
    if (known !== undefined) return known
    const value = opened(this.#key, this.#given.get(text) ?? { project: this.#run.projectId }, text)
    this.values.set(text, value)
    return value
  }
}
