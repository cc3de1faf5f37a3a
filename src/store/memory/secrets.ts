import type { PipelineId, ProjectId } from '../../model/id.ts'
import { type KeyKind, type SecretPlace, type SecretRecord, type Secrets, StoreError } from '../store.ts'

interface Others {
  readonly hasProject: (id: ProjectId) => boolean
  readonly hasPipeline: (projectId: ProjectId, id: PipelineId) => boolean
  readonly secretOfKey: (kind: KeyKind, name: string) => string | undefined
  readonly replaceKeySecret: (kind: KeyKind, name: string, secret: string) => void
  readonly putSetting: (name: string, value: string) => void
}

export function memorySecrets(open: () => void, others: Others): Secrets {
  const all = new Map<string, SecretRecord>()

  return {
    secrets: async () => {
      open()
      return [...all.values()]
    },
    putSecret: async ({ at, by, ...secret }) => {
      open()
      const { projectId, pipelineId } = secret
      if (!others.hasProject(projectId)) throw new StoreError('missing', `there is no project ${projectId}`)
      if (pipelineId !== null && !others.hasPipeline(projectId, pipelineId)) {
        throw new StoreError('missing', `there is no pipeline ${pipelineId} in project ${projectId}`)
      }
      const before = all.get(keyOf(secret))
      const record: SecretRecord = {
        ...secret,
        createdAt: before?.createdAt ?? at,
        createdBy: before?.createdBy ?? by,
        updatedAt: at,
        updatedBy: by,
        lastUsedAt: before?.lastUsedAt ?? null,
      }
      all.set(keyOf(secret), record)
      return record
    },
    removeSecret: async (place) => {
      open()
      if (!all.delete(keyOf(place))) throw new StoreError('missing', `there is no secret ${place.name}`)
    },
    usedSecrets: async (places, at) => {
      open()
      for (const place of places) {
        const found = all.get(keyOf(place))
        if (found !== undefined) all.set(keyOf(place), { ...found, lastUsedAt: at })
      }
    },
    reseal: async ({ secrets, keys, settings }) => {
      open()
      const other = secrets.find(({ place, was }) => all.get(keyOf(place))?.sealed !== was)
      if (other !== undefined)
        throw new StoreError('conflict', `the secret ${other.place.name} has been changed meanwhile`)
      const key = keys.find(({ kind, name, was }) => others.secretOfKey(kind, name) !== was)
      if (key !== undefined) throw new StoreError('conflict', `the ${key.kind} ${key.name} has been changed meanwhile`)
      for (const { place, sealed } of secrets) all.set(keyOf(place), { ...all.get(keyOf(place))!, sealed })
      for (const { kind, name, secret } of keys) others.replaceKeySecret(kind, name, secret)
      for (const { name, value } of settings) others.putSetting(name, value)
    },
  }
}

const keyOf = ({ projectId, pipelineId, name }: SecretPlace): string => `${projectId}/${pipelineId ?? ''}/${name}`
