import {
  addPipeline,
  addProject,
  addSideVersion,
  addVersion,
  audit,
  changeProject,
  deletePipeline,
  deleteProject,
} from './catalog.ts'
import { commit } from './commit.ts'
import { putDocument, removeDocument } from './documents.ts'
import { addKey, addUser, changeUser, putSetting, revokeKey } from './keys.ts'
import { markMessage, pruneMessages, putMessages, replayMessage } from './outbox.ts'
import { removeRuns } from './remove-runs.ts'
import { reserve } from './reserve.ts'
import { putSecret, removeSecret, reseal, usedSecrets } from './secrets.ts'
import type { AuditEntry } from '../../store.ts'
import type { Operations } from '../operations.ts'
import type { Writer } from './writer.ts'

const changes = {
  addKey,
  addPipeline,
  addProject,
  addSideVersion,
  addUser,
  addVersion,
  audit,
  changeProject,
  changeUser,
  commit,
  deletePipeline,
  deleteProject,
  markMessage,
  pruneMessages,
  putDocument,
  putMessages,
  putSecret,
  putSetting,
  removeDocument,
  removeRuns,
  removeSecret,
  replayMessage,
  reseal,
  reserve,
  revokeKey,
  usedSecrets,
} as const

/** A change and what is written down of it. A change that refuses has written nothing, and nothing is written of it. */
function audited(writer: Writer, entry: AuditEntry, name: string, args: readonly unknown[]): unknown {
  const operations: Operations = changes
  const value = operations[name]?.(...([writer, ...args] as never[]))
  audit(writer, entry)
  return value
}

/** Every operation of the writing thread, by the name that the main thread calls it by. */
export const writes = { ...changes, audited } as const
