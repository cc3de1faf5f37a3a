import type { PipelineDefinition } from '../../model/definition.ts'
import type { PipelineRecord } from '../../store/store.ts'
import type { Entropy } from '../entropy.ts'
import { stageWebhooks } from '../triggers/stage-triggers.ts'

/** A trigger keeps its address while it keeps its name. */
export function webhookAddresses(
  definition: PipelineDefinition,
  before: PipelineRecord['webhooks'],
  entropy: Entropy,
): PipelineRecord['webhooks'] {
  const names = [...ownNames(definition), ...stageWebhooks(definition)]
  const left = [...before]
  return names.map((name) => {
    const place = left.findIndex((webhook) => webhook.name === name)
    const [kept] = place === -1 ? [] : left.splice(place, 1)
    return kept ?? { id: uuidForm(entropy.bytes(16).toString('hex')), name }
  })
}

/** Webhooks are addressed by their names, those of a stage as `stage/webhook`. @returns a name that two of them have */
export function sameAddress(definition: PipelineDefinition): string | undefined {
  const own = new Set(ownNames(definition))
  return stageWebhooks(definition).find((name) => own.has(name))
}

const ownNames = ({ triggers }: PipelineDefinition): readonly string[] => (triggers?.list ?? []).map(({ name }) => name)

/** Webhook addresses have the form of a UUID, as SWR's have. All 128 bits are random: who knows it may fire it. */
const uuidForm = (hex: string): string =>
  `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
