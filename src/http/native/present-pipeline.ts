import type { ForgeTrigger, Triggers, TriggerSpec } from '../../model/definition.ts'
import type { PipelineView } from '../../model/view.ts'
import {
  presentConcurrency,
  presentRef,
  presentSummary,
  presentUser,
  time,
  timeOrNull,
  usesOf,
  type Wire,
} from './present.ts'
import type * as wire from './schema.ts'

export const presentPipelineSummary = (pipeline: PipelineView): Wire<typeof wire.PipelineSummary> => ({
  id: pipeline.id,
  serial: pipeline.serial,
  project: presentRef(pipeline.project),
  name: pipeline.name,
  description: pipeline.definition.description,
  version: pipeline.version,
  created_at: time(pipeline.createdAt),
  created_by: presentUser(pipeline.createdBy),
  updated_at: time(pipeline.updatedAt),
  run_count: pipeline.runCount,
  last_started_at: timeOrNull(pipeline.lastStartedAt),
  latest_run: pipeline.latestRun === null ? null : presentSummary(pipeline.latestRun),
})

const webhookPath = (id: string | undefined): string | null => (id === undefined ? null : `/api/v1/webhooks/${id}`)

type TriggerWire = NonNullable<Wire<typeof wire.Pipeline>['triggers']>['list'][number]

const presentForge = (trigger: ForgeTrigger): NonNullable<TriggerWire['forge']> => ({
  forge: trigger.forge,
  events: [...trigger.events],
  actions: [...trigger.actions],
  branches: [...trigger.branches],
  tags: [...trigger.tags],
  paths: [...trigger.paths],
  skip_ci: trigger.skipCi,
  repository: trigger.repository,
  forks: trigger.forks,
  status: trigger.status === null ? null : { ...trigger.status },
  definition: trigger.definition === null ? null : { ...trigger.definition },
})

function presentTrigger(trigger: TriggerSpec, id: string | undefined): TriggerWire {
  const { kind, name, params } = trigger
  return {
    kind,
    name,
    path: kind === 'webhook' || kind === 'forge' ? webhookPath(id) : null,
    params: { ...params },
    signed: (kind === 'webhook' || kind === 'forge') && (trigger.secret ?? null) !== null,
    schedule: kind === 'schedule' ? { cron: trigger.cron, timezone: trigger.timezone, missed: trigger.missed } : null,
    channel: kind === 'channel' ? trigger.channel : null,
    upstream: kind === 'upstream' ? { pipeline: trigger.pipeline, statuses: [...trigger.statuses] } : null,
    forge: kind === 'forge' ? presentForge(trigger) : null,
  }
}

const presentTriggerSpecs = (
  triggers: Triggers | null,
  idOf: (trigger: TriggerSpec) => string | undefined,
): Wire<typeof wire.Pipeline>['triggers'] =>
  triggers === null
    ? null
    : { operator: triggers.operator, list: triggers.list.map((one) => presentTrigger(one, idOf(one))) }

export function presentPipeline(pipeline: PipelineView): Wire<typeof wire.Pipeline> {
  const { definition, webhooks } = pipeline
  const addressOf = (name: string): string | undefined => webhooks.find((webhook) => webhook.name === name)?.id
  return {
    ...presentPipelineSummary(pipeline),
    params: definition.params.map((param) => ({
      name: param.name,
      type: param.type,
      description: param.description,
      required: param.required,
      default: param.default as Wire<typeof wire.Pipeline>['params'][number]['default'],
      options: [...param.options],
    })),
    triggers: presentTriggerSpecs(definition.triggers, ({ name }) => addressOf(name)),
    concurrency: presentConcurrency(definition.concurrency),
    priority: definition.priority ?? 'normal',
    stages: definition.stages.map((stage) => ({
      key: stage.key,
      name: stage.name,
      description: stage.description,
      always: stage.always,
      parallel: stage.parallel,
      triggers: presentTriggerSpecs(stage.triggers ?? null, ({ name }) => addressOf(`${stage.key}/${name}`)),
      tasks: stage.tasks.map((task) => ({
        key: task.key,
        name: task.name,
        description: task.description,
        role: task.role,
        work: task.work.kind,
        uses: usesOf(task.work),
        needs: [...task.needs],
      })),
    })),
    annotations: { ...definition.annotations },
  }
}
