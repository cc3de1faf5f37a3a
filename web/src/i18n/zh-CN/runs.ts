import type { runs as source } from '../en/runs.ts'
import type { Words } from '../words.ts'

export const runs: Words<typeof source> = {
  title: '运行',
  columns: { status: '状态', run: '运行', cause: '起因', created: '创建时间', took: '耗时' },
  filter: { status: '状态', any: '任意状态', text: '流水线', textHint: '名称的一部分' },
  none: '没有符合条件的运行',
  noneLong: '请修改筛选条件，或启动一条流水线。',
  more: '显示更多',
  cause: {
    manual: '由 {{by}} 启动',
    webhook: 'Webhook {{by}}',
    channel: '频道 {{by}}',
    schedule: '定时 {{by}}',
    upstream: '在 {{by}} 之后',
    push: '{{by}} 的推送',
    merge_request: '{{by}} 的合并请求',
  },
}
