import { addPipeline, addProject, addVersion, audit, changeProject, deletePipeline, deleteProject } from './catalog.ts'
import { commit } from './commit.ts'
import { putDocument, removeDocument } from './documents.ts'
import { addKey, addUser, putSetting, revokeKey } from './keys.ts'
import { markMessage, pruneMessages, putMessages, replayMessage } from './outbox.ts'
import { reserve } from './reserve.ts'

/** Every operation of the writing thread, by the name that the main thread calls it by. */
export const writes = {
  addKey,
  addPipeline,
  addProject,
  addUser,
  addVersion,
  audit,
  changeProject,
  commit,
  deletePipeline,
  deleteProject,
  markMessage,
  pruneMessages,
  putDocument,
  putMessages,
  putSetting,
  removeDocument,
  replayMessage,
  reserve,
  revokeKey,
} as const
