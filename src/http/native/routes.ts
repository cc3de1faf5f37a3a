import { followEvents, listEvents, listRunEvents } from './events.ts'
import { createToken, deleteToken, getMe, listTokens } from './keys.ts'
import { previewArtifact } from './artifact-preview.ts'
import { getArtifact, listArtifacts } from './artifacts.ts'
import { asSeenBy, getEstimate, getGraph, getTimeline } from './insight.ts'
import { getLogLines, searchLog } from './log-lines.ts'
import { getLog } from './logs.ts'
import { actOnNode, explainNode, getNode } from './nodes.ts'
import {
  createPipeline,
  deletePipeline,
  getPipeline,
  getVersion,
  listPipelines,
  listVersions,
  updatePipeline,
  validate,
} from './pipelines.ts'
import { getOverview } from './overview.ts'
import {
  createNotification,
  deleteNotification,
  enableNotification,
  listDeliveries,
  listNotifications,
  replayDelivery,
  rotateNotification,
  testNotification,
} from './notifications.ts'
import { createProject, getProject, listProjects } from './projects.ts'
import { listFindings, listTests } from './reports.ts'
import { listAudit } from './audit.ts'
import {
  listPipelineSecrets,
  listProjectSecrets,
  removePipelineSecret,
  removeProjectSecret,
  setPipelineSecret,
  setProjectSecret,
} from './secrets.ts'
import {
  changePassword,
  createAccessKey,
  createBlueKingApp,
  createUser,
  deleteKey,
  listKeys,
  listUsers,
  updateUser,
} from './users.ts'
import { listReviews } from './reviews.ts'
import type { Route } from './route.ts'
import { getServer } from './server-info.ts'
import { createSession, deleteSession } from './session.ts'
import { createRunner, deleteRunner, getRunner, listRunners, pauseRunner, resumeRunner } from './runners.ts'
import { getWebhookSecret, nextFires, publish } from './triggers.ts'
import { fireWebhook } from './webhooks.ts'
import { actOnRun, batchRuns, explainRun, getQueue, getRun, listRuns, rerun, startRun } from './runs.ts'

/** All of the native API; router and OpenAPI document are made of this list, so they cannot differ. */
export const routes: readonly Route[] = [
  createSession,
  deleteSession,
  getMe,
  listTokens,
  createToken,
  deleteToken,
  changePassword,
  listUsers,
  createUser,
  updateUser,
  listKeys,
  createAccessKey,
  createBlueKingApp,
  deleteKey,
  listAudit,
  listProjects,
  createProject,
  getProject,
  listProjectSecrets,
  setProjectSecret,
  removeProjectSecret,
  listNotifications,
  createNotification,
  rotateNotification,
  testNotification,
  enableNotification,
  deleteNotification,
  listDeliveries,
  replayDelivery,
  validate,
  listPipelines,
  createPipeline,
  getPipeline,
  updatePipeline,
  deletePipeline,
  listVersions,
  getVersion,
  listPipelineSecrets,
  setPipelineSecret,
  removePipelineSecret,
  nextFires,
  getWebhookSecret,
  publish,
  fireWebhook,
  getOverview,
  startRun,
  getQueue,
  listRuns,
  batchRuns,
  getRun,
  rerun,
  actOnRun,
  explainRun,
  listRunEvents,
  getTimeline,
  getEstimate,
  getGraph,
  asSeenBy,
  getNode,
  actOnNode,
  explainNode,
  getLog,
  getLogLines,
  searchLog,
  listArtifacts,
  getArtifact,
  previewArtifact,
  listTests,
  listFindings,
  listReviews,
  getServer,
  listRunners,
  createRunner,
  getRunner,
  deleteRunner,
  pauseRunner,
  resumeRunner,
  followEvents,
  listEvents,
]
