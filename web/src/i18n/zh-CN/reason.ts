import type { reason as source } from '../en/reason.ts'
import type { Words } from '../words.ts'

export const reason: Words<typeof source> = {
  'waiting-for-start': '等待人工启动',
  'waiting-for-trigger': '等待触发',
  'waiting-for-turn': '等待轮到自己',
  'waiting-for-callback': '等待回调',
  'waiting-for-runner': '等待空闲的执行器',
  'no-runner-with-labels': '没有执行器能执行',
  'waiting-for-review': '等待审批',
  'held-after-failure': '已失败，等待处理',
  paused: '已暂停',
  'waiting-for-retry': '等待下一次尝试',
  'waiting-for-needs': '等待其他任务',
  sleeping: '休眠中',
  cancelling: '正在取消',
  failed: '已失败',
  ended: '已结束',
  running: '运行中',
  position: '队列中第 {{position}} 位',
}
