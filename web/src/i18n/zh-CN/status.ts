import type { status as source } from '../en/status.ts'
import type { Words } from '../words.ts'

export const status: Words<typeof source> = {
  waiting: '等待启动',
  queued: '排队中',
  running: '运行中',
  reviewing: '待审批',
  paused: '已暂停',
  held: '待处理',
  succeeded: '成功',
  failed: '失败',
  errored: '出错',
  timed_out: '超时',
  cancelled: '已取消',
  rolling_back: '回滚中',
  rolled_back: '已回滚',
  rollback_failed: '回滚失败',
  rollback_errored: '回滚出错',
  pending: '未开始',
  skipped: '已跳过',
}
