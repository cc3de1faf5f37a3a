import type { NodeId } from './id.ts'
import type { Instant } from './time.ts'

/** A file that a task has made and that outlives its workspace. Its bytes are kept once, whatever it is called. */
export interface Artifact {
  /** 1 to 128 characters, unique in its run: what comes later takes the place of what came before. */
  readonly name: string
  readonly sizeBytes: number
  /** 64 lowercase hex digits. */
  readonly sha256: string
}

/** As readers see it. */
export interface ArtifactView extends Artifact {
  readonly node: NodeId
  readonly nodeKey: string
  readonly attempt: number
  /** End of the attempt that made it. */
  readonly createdAt: Instant
}

/** Of one attempt. */
export const ARTIFACTS_MAX = 100
/** Of one file: 4 GiB. */
export const ARTIFACT_BYTES_MAX = 4 * 1024 ** 3

/** A name is shown, put into URLs and offered as a file's name: nothing in it is a path. */
export const ARTIFACT_NAME = /^(?!\.{1,2}$)[\p{L}\p{N}._+@=-]{1,128}$/u
