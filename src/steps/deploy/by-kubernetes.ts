import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Outputs } from '../../model/event.ts'
import type { Job } from '../../model/job.ts'
import { parseDuration } from '../../model/time.ts'
import { findPaths } from '../kit/globs.ts'
import { must } from '../kit/programs.ts'
import { SaidNo } from '../kit/said-no.ts'
import { CannotStart, givenSecret, type StepContext } from '../step.ts'
import { IMAGE, TARGET, type DeployInput } from './spec.ts'

type Kubernetes = NonNullable<DeployInput['kubernetes']>

const FILES_MAX = 500
const TIMEOUT_MAX_MS = 6 * 3_600_000
/** Which revision each workload had, as JSON; empty: it was not there. */
const BEFORE = 'previous_revisions'
/** Where a deployment keeps it, in kubectl's JSONPath. */
const REVISION = '{.metadata.annotations.deployment\\.kubernetes\\.io/revision}'

export async function byKubernetes(
  input: Kubernetes,
  timeout: string | number,
  { takesBack }: Job,
  context: StepContext,
  note: (outputs: Outputs) => void,
): Promise<Outputs> {
  const timeoutMs = parseDuration(timeout)
  if (timeoutMs === undefined || timeoutMs > TIMEOUT_MAX_MS) {
    throw new CannotStart('with.timeout: expected a duration of at most 6h')
  }
  const cluster = new Cluster(input, context)
  const images = Object.entries(input.images ?? {})
  const targets = [...new Set([...input.wait, ...images.map(([target]) => target)])]
  const wrong = targets.find((target) => !TARGET.test(target))
  if (wrong !== undefined)
    throw new CannotStart(`expected deployment/, statefulset/ or daemonset/ and a name, found ${JSON.stringify(wrong)}`)
  if (takesBack !== undefined) {
    await takeBack(cluster, targets, takesBack[BEFORE], timeoutMs, context)
    return {}
  }
  const before: Record<string, string> = {}
  for (const target of targets) before[target] = await cluster.revisionOf(target)
  note({ [BEFORE]: JSON.stringify(before) })
  const manifests = await findPaths(context.workspace, input.manifests ?? [], FILES_MAX, context.signal)
  if (input.manifests !== undefined && manifests.length === 0) {
    throw new SaidNo(`no file of the workspace is like ${input.manifests.join(', ')}`)
  }
  for (const file of manifests) await cluster.run('apply', `--filename=${file}`)
  for (const [target, containers] of images) {
    await cluster.run('set', 'image', target, ...Object.entries(containers).map(imageWord))
  }
  for (const target of targets) await cluster.rolledOut(target, timeoutMs)
  const after: Record<string, string> = {}
  for (const target of targets) after[target] = await cluster.revisionOf(target)
  return { revisions: JSON.stringify(after) }
}

/** Each goes back to the revision that it had. What was not there before stays: a rollback deletes nothing. */
async function takeBack(
  cluster: Cluster,
  targets: readonly string[],
  text: unknown,
  timeoutMs: number,
  context: StepContext,
): Promise<void> {
  if (typeof text !== 'string') throw new SaidNo('the deployment did not say which revisions there were before it')
  const before = JSON.parse(text) as Readonly<Record<string, string>>
  for (const target of targets) {
    const revision = before[target] ?? ''
    if (revision === '') {
      context.log(`${target} was not there before: it stays\n`)
    } else if (revision === (await cluster.revisionOf(target))) {
      context.log(`${target} is at revision ${revision} already\n`)
    } else {
      await cluster.run('rollout', 'undo', target, `--to-revision=${revision}`)
      await cluster.rolledOut(target, timeoutMs)
    }
  }
}

function imageWord([container, image]: readonly [string, string]): string {
  if (!/^[a-z0-9-]{1,63}$|^\*$/.test(container))
    throw new CannotStart(`not the name of a container: ${JSON.stringify(container)}`)
  if (!IMAGE.test(image)) throw new CannotStart(`not the name of an image: ${JSON.stringify(image)}`)
  return `${container}=${image}`
}

class Cluster {
  readonly #context: StepContext
  readonly #options: readonly string[]
  readonly #env: Readonly<Record<string, string>>

  constructor({ namespace, context: name, kubeconfig }: Kubernetes, context: StepContext) {
    this.#context = context
    this.#options = [
      ...(name === undefined ? [] : [`--context=${name}`]),
      ...(namespace === undefined ? [] : [`--namespace=${namespace}`]),
    ]
    if (kubeconfig === undefined) {
      this.#env = {}
      return
    }
    const file = join(context.scratch, 'kubeconfig')
    writeFileSync(file, givenSecret(context, kubeconfig), { mode: 0o600 })
    this.#env = { KUBECONFIG: file }
  }

  async run(...words: readonly string[]): Promise<void> {
    await must(this.#context, ['kubectl', ...this.#options, ...words], { env: this.#env })
  }

  async rolledOut(target: string, timeoutMs: number): Promise<void> {
    await this.run('rollout', 'status', target, `--timeout=${Math.ceil(timeoutMs / 1_000)}s`)
  }

  /** Empty: it is not there. */
  async revisionOf(target: string): Promise<string> {
    if (target.startsWith('deployment/')) {
      return number(await this.#read('get', target, '--ignore-not-found', `--output=jsonpath=${REVISION}`))
    }
    if ((await this.#read('get', target, '--ignore-not-found', '--output=name')).trim() === '') return ''
    // The others do not say it of themselves. Their history is in order, and its last line what they are at.
    const history = (await this.#read('rollout', 'history', target)).trimEnd().split('\n')
    return number(history.at(-1)?.split(/\s/)[0] ?? '')
  }

  #read(...words: readonly string[]): Promise<string> {
    return must(this.#context, ['kubectl', ...this.#options, ...words], { env: this.#env, capture: true })
  }
}

const number = (text: string): string => /^\d{1,10}$/.exec(text.trim())?.[0] ?? ''
