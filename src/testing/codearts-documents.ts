/** Pipelines of CodeArts Pipeline v5, written as its page and its Terraform provider write them. */

export const shell = (script: string, more: object = {}) => ({
  name: 'Shell',
  task: 'official_shell_plugin',
  business_type: 'Normal',
  inputs: [{ key: 'OFFICIAL_SHELL_SCRIPT_INPUT', value: script }],
  ...more,
})
export const checkpoint = (approvers: string, more: Record<string, unknown> = {}) => ({
  runtime_attribution: 'agentless',
  multi_step_editable: 0,
  official_task_version: '0.0.5',
  name: 'ManualReview',
  task: 'official_devcloud_checkpoint',
  business_type: 'Normal',
  inputs: Object.entries({
    audit_source: 'members',
    approvers,
    audit_role: '',
    check_strategy: 'all',
    timeout_strategy: 'reject',
    timeout: 3600,
    comment: 'Ship it?',
    ...more,
  }).map(([key, value]) => ({ key, value })),
  sequence: 0,
  identifier: '174952489372242b019d1-6fad-47dd-a1b5-1cc561a1cae5',
})
export const job = (identifier: string, steps: readonly object[], more: object = {}) => ({
  id: '',
  identifier_old: null,
  type: null,
  name: identifier.replace('JOB_', ''),
  async: null,
  identifier,
  sequence: 0,
  condition: '${{ default() }}',
  strategy: { select_strategy: 'selected' },
  timeout: '',
  resource: '{"type":"system","arch":"x86"}',
  steps,
  exec_type: 'AGENTLESS_JOB',
  depends_on: [],
  ...more,
})
/** A stage begins by itself. */
export const AUTO = { task: 'official_devcloud_autoTrigger', name: null, inputs: null, sequence: 0 }
export const stage = (name: string, jobs: readonly object[], more: object = {}) => ({
  name,
  identifier: `1749524616050e405ad46-29bf-4944-964b-${name}`,
  sequence: null,
  parallel: null,
  pre: [AUTO],
  post: null,
  jobs,
  depends_on: [],
  run_always: false,
  ...more,
})
export const dto = (stages: readonly object[], more: object = {}) => ({
  name: 'web',
  description: 'test',
  is_publish: false,
  definition: JSON.stringify({ stages }),
  ...more,
})
