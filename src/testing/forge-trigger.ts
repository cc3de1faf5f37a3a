import type { ForgeTrigger, TriggerSpec } from '../model/definition.ts'

/** A trigger called repository for any change at GitHub; the forge is not told what became of it. */
export const forgeTrigger = (more: Partial<ForgeTrigger> = {}): TriggerSpec => ({
  kind: 'forge',
  name: 'repository',
  forge: 'github',
  secret: '1',
  events: ['push', 'tag', 'merge_request'],
  actions: ['opened', 'synchronized', 'reopened'],
  branches: [],
  tags: [],
  paths: [],
  skipCi: true,
  repository: null,
  forks: 'approve',
  status: null,
  definition: null,
  params: {},
  ...more,
})
