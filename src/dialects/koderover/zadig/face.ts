import type { Problem, ProblemCode } from '../../../model/problem.ts'
import type { BodyRefusal, Refused } from '../../kit/body.ts'
import { json } from '../errors.ts'

/** Codes and texts of V2 (October 2017): those of the first generation, as numbers. */
const V2_ERRORS = {
  createPipeline: [6800, 'create pipeline error'],
  updatePipeline: [6801, 'update pipeline error'],
  listPipelines: [6802, 'list pipeline error'],
  getPipeline: [6803, 'get pipeline error'],
  deletePipeline: [6804, 'delete pipeline error'],
  createTask: [6901, 'Enqueue Task Error'],
  getTask: [6806, 'Get Task Error'],
  listTasks: [6808, 'List Running Tasks Error'],
  cancelTask: [6809, 'Cancel Task Error'],
  restartTask: [6903, 'Restart Task Error'],
} as const

/**
 * Codes and texts of Zadig 1.x: pkg/tool/errors/http_errors.go. The numbers moved: 6806 is a failed proxy test there.
 */
const ZADIG_ERRORS = {
  createProject: [6060, '创建项目失败'],
  listProjects: [6061, '列出项目失败'],
  deleteProject: [6063, '删除项目失败'],
  getProject: [6073, '获取项目失败'],
  createPipeline: [6140, '创建工作流失败'],
  updatePipeline: [6141, '更新工作流失败'],
  listPipelines: [6142, '列出工作流失败'],
  getPipeline: [6143, '获取工作流失败'],
  deletePipeline: [6144, '删除工作流失败'],
  pipelineExists: [6145, '工作流已经存在'],
  renamePipeline: [6148, '更新工作流名称失败'],
  createTask: [6160, '创建工作流任务失败'],
  getTask: [6161, '获取工作流任务失败'],
  listTasks: [6162, '列出工作流任务失败'],
  cancelTask: [6163, '取消工作流任务失败'],
  restartTask: [6164, '重试工作流任务失败'],
  listStatus: [6165, '列出工作流任务状态失败'],
  approveTask: [6169, '批准工作流任务失败'],
  webhook: [6207, 'trigger pipeline error'],
  upsertCron: [6810, '更新定时器失败'],
  getView: [6890, '获取视图详情失败'],
  listViews: [6891, '列出视图失败'],
  createView: [6892, '创建视图失败'],
  updateView: [6893, '更新视图失败'],
  deleteView: [6894, '删除视图失败'],
  upsertWorkflow: [6540, '新建或更新wokflow失败'],
  listWorkflows: [6541, '列出workflow失败'],
  findWorkflow: [6542, '查询workflow失败'],
  deleteWorkflow: [6543, '删除workflow失败'],
} as const

type V2Operation = keyof typeof V2_ERRORS
export type Operation = V2Operation | keyof typeof ZADIG_ERRORS

/** What a later generation says when it does not do what it was asked. */
export interface Face {
  operation(operation: Operation, description: string): Response
  problem(operation: Operation, problem: Problem): Response
  badRequest(description: string): Response
  bodyRefused(refused: Refused): Response
  unauthorized(): Response
  notFound(description: string): Response
  notAllowed(description: string): Response
  broken(): Response
}

/** null: the operation's own code. */
const HTTP_ERRORS = {
  invalid_request: null,
  invalid_definition: null,
  unauthenticated: 401,
  forbidden: 403,
  not_found: null,
  not_allowed: null,
  conflict: null,
  stale_version: null,
  idempotency_reused: null,
  too_large: 413,
  too_many_requests: 429,
  unavailable: 503,
  internal: 500,
} as const satisfies Record<ProblemCode, number | null>

const STATUS_TEXT: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Request Not Found',
  405: 'Method Not Allowed',
  413: 'Request Entity Too Large',
  415: 'Unsupported Media Type',
  429: 'Too Many Requests',
  500: 'Internal Error',
  503: 'Service Unavailable',
}

const BODY_STATUS = {
  'too-large': 413,
  encoded: 415,
  unreadable: 400,
  'not-utf8': 400,
  malformed: 400,
  'too-deep': 400,
} as const satisfies Record<BodyRefusal, number>

/** `ErrorMessage` of Zadig: a code of 6000 and more is HTTP 400, any other is the status. */
const errorAnswer = (code: number, message: string, description: string): Response =>
  json(code >= 6_000 ? 400 : code, { type: 'error', message, code, description, extra: {} })

const faceOf = (
  errors: Readonly<Partial<Record<Operation, readonly [number, string]>>>,
  nobody: () => Response,
  answer = errorAnswer,
): Face => {
  const statusAnswer = (status: number, description: string): Response =>
    answer(status, STATUS_TEXT[status] ?? 'Error', description)
  const operation = (name: Operation, description: string): Response => {
    const [code, message] = errors[name] ?? [400, 'Bad Request']
    return answer(code, message, description)
  }
  return {
    operation,
    problem: (name, problem) => {
      const status = HTTP_ERRORS[problem.code]
      if (status !== null) return statusAnswer(status, problem.message)
      const details = (problem.errors ?? []).map(({ message, path }) => (path === '' ? message : `${path}: ${message}`))
      return operation(name, [problem.message, ...details].join('; '))
    },
    badRequest: (description) => statusAnswer(400, description),
    bodyRefused: ({ why, message }) => statusAnswer(BODY_STATUS[why], message),
    unauthorized: nobody,
    notFound: (description) => statusAnswer(404, description),
    notAllowed: (description) => statusAnswer(405, description),
    broken: () => json(500, { message: 'Internal Error', code: 500, description: 'the server failed to answer' }),
  }
}

export const v2Face: Face = faceOf(V2_ERRORS, () =>
  errorAnswer(401, 'Unauthorized', 'sign in, or send a key that is good: Authorization: X-API-KEY <token>'),
)
/** Nobody is told more than this, and without a code. */
export const zadigFace: Face = faceOf(ZADIG_ERRORS, () => json(401, { message: 'auth failed' }))

/** What the public API's documents of 1.6 call it; later ones have Zadig's form, so both are told. */
const RESULT_TEXT: Readonly<Record<number, string>> = {
  400: 'param is illegal!',
  401: 'auth failed!',
  403: 'forbidden',
}
const resultAnswer = (code: number, message: string, description: string): Response => {
  const resultCode = code >= 6_000 ? 400 : code
  const errorMsg = code >= 6_000 ? 'fail' : (RESULT_TEXT[code] ?? 'fail')
  return json(resultCode, { type: 'error', message, code, description, extra: {}, resultCode, errorMsg })
}
export const directoryFace: Face = faceOf(
  ZADIG_ERRORS,
  () => json(401, { message: 'auth failed', resultCode: 401, errorMsg: RESULT_TEXT[401] }),
  resultAnswer,
)
