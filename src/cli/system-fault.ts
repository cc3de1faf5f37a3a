import { EXIT } from './exit-codes.ts'
import { Fault } from './fault.ts'

/** What the operating system refuses and somebody can mend: the words after "found". */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'none',
  EEXIST: 'a file that is no directory',
  ENOTDIR: 'a file in the place of a directory',
  EISDIR: 'a directory',
  EACCES: 'that it is not permitted',
  EPERM: 'that it is not permitted',
  EROFS: 'a file system that is read-only',
  ENOSPC: 'no room left on the disk',
  EDQUOT: 'no room left in the quota',
  ENAMETOOLONG: 'a name that is too long',
}

/** undefined: it is not of the operating system, or nothing that one knows how to mend. */
export const systemReason = (error: unknown): string | undefined =>
  isSystemError(error) ? REASONS[error.code] : undefined

/** What a command could not do with a file. undefined: it is something else. */
export function systemFault(error: unknown): Fault | undefined {
  const reason = systemReason(error)
  if (!isSystemError(error) || reason === undefined) return undefined
  const what = error.path ?? 'what was written'
  return new Fault(EXIT.failed, `${what}: expected a place that can be used (${error.syscall}), found ${reason}`, {
    cause: error,
  })
}

const isSystemError = (
  error: unknown,
): error is Error & { readonly code: string; readonly syscall: string; readonly path?: string } =>
  error instanceof Error &&
  'code' in error &&
  typeof error.code === 'string' &&
  'syscall' in error &&
  typeof error.syscall === 'string'
