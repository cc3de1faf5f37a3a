import type { Problem, ProblemCode } from '../../model/problem.ts'
import { gatewayErrors } from '../kit/gateway.ts'
import type { ErrorItem } from './wire.ts'

/**
 * This vendor's errors: an array of one, whose code ends in the HTTP status and four digits for the fault
 * (ContainerOps API reference, "错误码"). Where the list has no code for an HTTP status that serves a client better,
 * the code is made by that same rule, and says so here. What the gateway in front refuses has the gateway's codes, in
 * the form of an array all the same: the seed shows no other.
 */
export interface VendorError {
  readonly status: number
  readonly code: string
  readonly message: string
}

export const errors = {
  /**
   * The list has 4005007 (400) for it, too; the seed and every page of the family have 401 for what is not let in.
   * "4012000": neither token nor AK/SK was received.
   */
  missingCredential: {
    status: 401,
    code: 'SVCSTG.SWR.4012000',
    message: 'Neither X-Auth-Token nor an AK/SK signature was received',
  },
  badCredential: { status: 401, code: 'SVCSTG.SWR.4010000', message: 'Authentication error' },
  badParameter: { status: 400, code: 'SVCSTG.SWR.4000014', message: 'Invalid parameter' },
  badStageName: { status: 400, code: 'SVCSTG.SWR.4001141', message: 'Invalid stage name' },
  badPipelineName: { status: 400, code: 'SVCSTG.SWR.4001142', message: 'Invalid pipeline name' },
  noSuchParam: { status: 400, code: 'SVCSTG.SWR.4001133', message: 'The pipeline parameter does not exist' },
  noGroupId: { status: 400, code: 'SVCSTG.SWR.4001150', message: 'The pipeline group id is null' },
  paramExists: { status: 409, code: 'SVCSTG.SWR.4091134', message: 'The pipeline parameter already exists' },
  channelExists: { status: 409, code: 'SVCSTG.SWR.4091136', message: 'The channel already exists' },
  badLimit: { status: 400, code: 'SVCSTG.SWR.4001070', message: 'Invalid limit' },
  badOffset: { status: 400, code: 'SVCSTG.SWR.4001072', message: 'Invalid offset' },
  forbidden: { status: 403, code: 'SVCSTG.S2I.4037013', message: 'No permission' },
  /** By the rule, from 5001123 (pipeline detail failed): the list has no 404 for it. */
  noPipeline: { status: 404, code: 'SVCSTG.SWR.4041123', message: 'The pipeline does not exist' },
  /** By the rule, from 4001150 (group id is null). */
  noGroup: { status: 404, code: 'SVCSTG.SWR.4041150', message: 'The pipeline group does not exist' },
  /** By the rule, from 4091105 (pipeline still running): nothing is listed for a group that holds pipelines. */
  groupInUse: { status: 409, code: 'SVCSTG.SWR.4091150', message: 'The pipeline group still has pipelines' },
  /** By the rule. */
  noTemplate: { status: 404, code: 'SVCSTG.SWR.4041160', message: 'The pipeline template does not exist' },
  noPackage: { status: 404, code: 'SVCSTG.SWR.4041161', message: 'The package does not exist' },
  /** By the rule, from 5001124 (stage detail failed). */
  noStage: { status: 404, code: 'SVCSTG.SWR.4041124', message: 'The stage does not exist' },
  noJob: { status: 404, code: 'SVCSTG.SWR.4041124', message: 'The job does not exist' },
  /** Listed as a 400, while the page of the webhook call answers 404. */
  noWebhook: { status: 404, code: 'SVCSTG.SWR.4000139', message: 'The webhook does not exist' },
  triggerOpen: {
    status: 202,
    code: 'SVCSTG.SWR.2021106',
    message: 'The trigger condition of the pipeline is not satisfied yet',
  },
  stageTriggerOpen: {
    status: 202,
    code: 'SVCSTG.SWR.2021107',
    message: 'The trigger condition of the stage is not satisfied yet',
  },
  mustBeReset: {
    status: 400,
    code: 'SVCSTG.SWR.4001137',
    message: 'The pipeline has run and must be reset before it is triggered',
  },
  stillRunning: { status: 409, code: 'SVCSTG.SWR.4091105', message: 'The pipeline is still running' },
  exists: { status: 409, code: 'SVCSTG.SWR.4090236', message: 'The resource already exists' },
  /** By the rule, from 5001110 (start of a stage failed): a stage that is not in the state for it is no fault of ours. */
  stageNotReady: { status: 409, code: 'SVCSTG.SWR.4091110', message: 'The stage cannot be started or decided now' },
  internal: { status: 500, code: 'SVCSTG.SWR.5000007', message: 'Internal server error' },
} as const satisfies Record<string, VendorError>

export const problemError = {
  invalid_request: errors.badParameter,
  invalid_definition: errors.badParameter,
  unauthenticated: errors.badCredential,
  forbidden: errors.forbidden,
  not_found: errors.noPipeline,
  not_allowed: errors.stageNotReady,
  conflict: errors.exists,
  stale_version: errors.exists,
  idempotency_reused: errors.exists,
  too_large: gatewayErrors.tooLarge,
  too_many_requests: gatewayErrors.throttled,
  unavailable: gatewayErrors.unavailable,
  internal: errors.internal,
} as const satisfies Record<ProblemCode, VendorError>

export const errorResponse = ({ status, code, message }: VendorError, detail = ''): Response =>
  Response.json([{ errorCode: code, errorMessage: message, detail } satisfies ErrorItem], { status })

/** `missing`: what a `not_found` means here. */
export const problemResponse = (problem: Problem, missing: VendorError = errors.noPipeline): Response =>
  errorResponse(problem.code === 'not_found' ? missing : problemError[problem.code], detailOf(problem))

/** A definition that was refused says where and why: the first few of what is wrong with it. */
const detailOf = ({ message, errors: located = [] }: Problem): string =>
  [message, ...located.slice(0, 5).map(({ path, message: one }) => `${path}: ${one}`)].join('; ')
