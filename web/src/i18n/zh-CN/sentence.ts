import type { sentence as source } from '../en/sentence.ts'
import type { Words } from '../words.ts'

export const sentence: Words<typeof source> = {
  lost: {
    stopped: '服务器在 {{runner}} 执行它时停止',
    away: '其执行器已离开',
    gone: '其执行器已不存在',
    removed: '其执行器已被移除',
    again: '其执行器已重新启动',
    ended: '其执行器已结束',
    silent: '其执行器已 {{seconds}} 秒没有响应',
    crashed: '执行器 {{name}} 因 {{how}} 退出',
    unasked: '执行器未经要求就停止了它',
  },
  log: {
    limit: '日志超过了 {{bytes}} 字节的上限',
    notOpened: '无法打开日志：{{error}}',
    notStored: '无法保存日志：{{error}}',
  },
  internal: {
    notGiven: '无法交给 {{runner}}：{{error}}',
    notReported: '无法上报：{{error}}',
  },
  http: {
    status: '响应状态码为 {{status}}，期望 {{expected}}',
    late: '{{ms}} 毫秒内没有收到完整响应',
    failed: '请求失败：{{error}}',
    url: 'url 不是 http 或 https 地址',
  },
  check: {
    found: '发现 {{found}}，而 fail_on 为 {{level}}',
  },
  test: {
    few: '期望至少 {{min}} 个测试，实际为 {{count}} 个',
    failedMax: '{{count}} 个测试中有 {{failed}} 个失败，最多允许 {{max}} 个',
    failed: '{{count}} 个测试中有 {{failed}} 个失败',
    rate: '测试通过率为 {{rate}} %，期望 {{min}} %',
  },
  child: {
    ended: '运行 {{name}} 结束，状态为 {{state}}',
    cancelled: '运行 {{name}} 已取消：{{why}}',
    none: '运行所在的项目中没有流水线 {{name}}',
    deep: '运行最多可以嵌套 {{max}} 层，这里又多了一层',
  },
  flow: {
    noBranch: '所有分支的条件都不满足',
  },
  secret: {
    none: '没有密钥 {{name}}：请为流水线或其项目设置',
    many: '没有密钥 {{names}}：请为流水线或其项目设置',
    notGiven: '任务没有得到密钥 {{name}}',
  },
  runner: {
    sandbox: '该执行器没有沙箱',
    containers: '该执行器没有容器',
    step: '该执行器没有步骤类型 {{name}}',
    limits: '该执行器没有 cgroups，无法限制容器的内存和处理器',
  },
  git: {
    empty: '仓库没有 HEAD：它是空的',
    ref: '仓库中没有分支、标签或提交 {{ref}}',
    commit: '仓库的分支或标签上没有提交 {{ref}}',
    exited: '{{what}}：以代码 {{code}} 退出，原因见日志',
  },
  path: {
    noDirectory: '工作区中没有目录 {{path}}',
    outside: '{{path}} 不在工作区内',
    fewFiles: '最多允许 {{max}} 个文件，实际更多',
  },
}
