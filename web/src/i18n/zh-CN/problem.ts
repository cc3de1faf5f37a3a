import type { problem as source } from '../en/problem.ts'
import type { Words } from '../words.ts'

export const problem: Words<typeof source> = {
  invalid_request: '请求无效',
  invalid_definition: '流水线定义有错误',
  unauthenticated: '登录已失效',
  forbidden: '您没有此权限',
  not_found: '所指的内容不存在',
  not_allowed: '当前状态下不能这样做',
  conflict: '与现有内容冲突',
  stale_version: '已被他人修改',
  idempotency_reused: '同一个键已用于另一请求',
  too_large: '内容过大',
  too_many_requests: '请求过于频繁',
  unavailable: '暂时不可用',
  internal: '服务器内部错误',
  unreachable: '服务器没有响应',
  not_millrace: '应答方不是 Millrace',
  allowed: '{{text}}。现在可以：{{actions}}',
  because: '{{text}}：{{detail}}',
  join: '、',
}
