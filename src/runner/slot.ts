import { chmodSync, closeSync, constants, lstatSync, mkdirSync, openSync, readdirSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { RecordFile } from './leftovers.ts'
import type { RunnerPaths } from './paths.ts'
import { SCRIPT } from '../steps/step.ts'
import { removeTree } from './remove-tree.ts'

/**
 * A place for one attempt after the other: its directory, its record and the file for its script. All are kept and used
 * again, because making and removing them waits for the file system's journal, which the server's own commits keep
 * busy: that took longer than the task. And ext4 gives no inode away that was freed a moment ago (recently_deleted in
 * fs/ext4/ialloc.c): where a file is removed with every task, whoever makes one looks at all of these first, and soon
 * half a millisecond goes by with that.
 */
export class Slot {
  readonly scratch: string
  /** TMPDIR of the attempt. */
  readonly temporary: string
  readonly #recordPath: string
  #record: RecordFile | undefined
  /** When the directories were changed last, while all that is in them are the two that are kept. */
  #known: string | undefined

  constructor(paths: RunnerPaths, number: number) {
    this.scratch = paths.scratch(number)
    this.temporary = join(this.scratch, 'tmp')
    this.#recordPath = paths.record(number)
  }

  /** Call before an attempt: all is empty, whatever the one before has done to it. */
  async take(attempt: string): Promise<RecordFile> {
    if (!this.#isClean()) {
      await removeTree(this.scratch)
      mkdirSync(this.temporary, { recursive: true, mode: 0o700 })
      this.#known = undefined
    }
    this.#record ??= new RecordFile(this.#recordPath)
    this.#record.begin(attempt)
    return this.#record
  }

  /** Call after it: what is in there may be secret or large. */
  async leave(): Promise<void> {
    if (!this.#clean()) await removeTree(this.scratch)
  }

  close(): void {
    this.#record?.close()
    this.#record = undefined
  }

  /**
   * Mostly there is little, and promises cost more than the calls, one thread hop for each.
   * @returns false: there is more, or other than that.
   */
  #clean(): boolean {
    try {
      const [changed, at] = this.#changed()
      if (changed === this.#known) {
        empty(join(this.scratch, SCRIPT))
        return true
      }
      if (readdirSync(this.temporary).length > 0) return false
      const names = readdirSync(this.scratch).filter((name) => name !== 'tmp')
      if (names.length >= 10) return false
      for (const name of names) {
        const path = join(this.scratch, name)
        if (name === SCRIPT) empty(path)
        else unlinkSync(path)
      }
      const isSettled = names.length === 1 && names[0] === SCRIPT && at < Date.now() - CTIME_STEP_MS
      this.#known = isSettled ? changed : undefined
      return true
    } catch {
      // A directory, or no right to it.
      return false
    }
  }

  #isClean(): boolean {
    try {
      if (this.#changed()[0] === this.#known) return isEmptyFile(this.scratch)
      return (
        readdirSync(this.temporary).length === 0 &&
        readdirSync(this.scratch).every((name) => name === 'tmp' || (name === SCRIPT && isEmptyFile(this.scratch)))
      )
    } catch {
      return false
    }
  }

  /**
   * When something was last made, removed or renamed in the directories: times of change are the kernel's, and nobody
   * else sets them. The task's processes could do with both as we can: put a link in their place, close them, lend them
   * to others.
   * @throws what is not a directory, or not for us alone.
   */
  #changed(): readonly [changed: string, at: number] {
    const [scratch, temporary] = [changeOf(this.scratch), changeOf(this.temporary)]
    return [`${scratch} ${temporary}`, Math.max(scratch, temporary)]
  }
}

/**
 * Longer than the step of the clock that file systems take their times from (a tick of the kernel, 10 ms at most): what
 * comes after a time that is older than this has another.
 */
const CTIME_STEP_MS = 100

/** Of a directory, no link to one, and for us alone. */
function changeOf(path: string): number {
  const { mode, ctimeMs } = lstatSync(path)
  if ((mode & 0o170777) !== 0o040700) throw new Error(`${path} is not a private directory`)
  return ctimeMs
}

/** A regular file of one name, and for us alone. */
function isEmptyFile(scratch: string): boolean {
  const { mode, nlink, size } = lstatSync(join(scratch, SCRIPT))
  return (mode & 0o177777) === 0o100600 && nlink === 1 && size === 0
}

/** Removes what is no file of ours. */
function empty(path: string): void {
  const { mode, nlink } = lstatSync(path)
  if ((mode & 0o170000) !== 0o100000 || nlink !== 1) return unlinkSync(path)
  if ((mode & 0o7777) !== 0o600) chmodSync(path, 0o600)
  closeSync(openSync(path, constants.O_WRONLY | constants.O_NOFOLLOW | constants.O_TRUNC))
}
