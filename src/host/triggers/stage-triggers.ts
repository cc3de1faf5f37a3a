import { stageAt, type Run } from '../../engine/run.ts'
import { haveFired } from '../../engine/triggers.ts'
import type { PipelineDefinition, TriggerSpec } from '../../model/definition.ts'
import type { Plan } from '../../model/plan.ts'

/**
 * Webhooks of stages: what has fired is kept until the stage's turn comes. Each has an address as one of the pipeline
 * has; the name under which the pipeline keeps it is that of its stage and its own.
 */
interface StageTrigger {
  /** The stage's place in the plan. */
  readonly stage: number
  /** Its own among the stage's triggers. */
  readonly trigger: number
  readonly spec: TriggerSpec
}

const webhookName = (stageKey: string, name: string): string => `${stageKey}/${name}`

/** The names of all webhooks of stages, in order. */
export const stageWebhooks = ({ stages }: PipelineDefinition): readonly string[] =>
  stages.flatMap(({ key, triggers }) =>
    // A definition that was stored before stages had triggers has none.
    (triggers?.list ?? []).flatMap((one) => (one.kind === 'webhook' ? [webhookName(key, one.name)] : [])),
  )

/** The webhook of this name, of the pipeline or, as `stage/webhook`, of one of its stages. */
export const webhookSpec = ({ triggers, stages }: PipelineDefinition, name: string): TriggerSpec | undefined =>
  triggers?.list.find((one) => one.name === name) ??
  stages
    .flatMap((stage) => (stage.triggers?.list ?? []).map((spec) => ({ spec, name: webhookName(stage.key, spec.name) })))
    .find((one) => one.name === name && one.spec.kind === 'webhook')?.spec

/** The trigger whose webhook has this name in the pipeline. */
export function stageWebhook(plan: Plan, name: string): StageTrigger | undefined {
  for (const stage of plan.stages) {
    const node = plan.nodes[stage]
    if (node?.kind !== 'stage') continue
    for (const [trigger, spec] of (node.spec.triggers?.list ?? []).entries()) {
      if (spec.kind === 'webhook' && webhookName(node.spec.key, spec.name) === name) return { stage, trigger, spec }
    }
  }
  return undefined
}

/** Whether it may still fire, and has not. */
export function isOpen(run: Run, { stage, trigger }: StageTrigger): boolean {
  if (run.phase === 'ended' || run.cancelling !== null) return false
  const { status, triggers } = stageAt(run, stage)
  return (status === 'pending' || status === 'waiting') && triggers[trigger] === null
}

/** Whether the stage waits for no other trigger. */
export function isStageFired(run: Run, stage: number): boolean {
  const node = run.plan.nodes[stage]
  const triggers = node?.kind === 'stage' ? node.spec.triggers : null
  return triggers === null || haveFired(triggers, stageAt(run, stage).triggers)
}
