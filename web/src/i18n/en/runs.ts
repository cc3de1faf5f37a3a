export const runs = {
  title: 'Runs',
  columns: { status: 'Status', run: 'Run', cause: 'Cause', created: 'Made', took: 'Took' },
  filter: { status: 'Status', any: 'Any status', text: 'Pipeline', textHint: 'Part of its name' },
  none: 'No run fits',
  noneLong: 'Change the filter, or start a pipeline.',
  more: 'Show more',
  cause: {
    manual: 'by {{by}}',
    webhook: 'webhook {{by}}',
    channel: 'channel {{by}}',
    schedule: 'schedule {{by}}',
    upstream: 'after {{by}}',
    push: 'push by {{by}}',
    merge_request: 'merge request by {{by}}',
  },
} as const
