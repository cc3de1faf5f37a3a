import { lstatSync, mkdirSync, readdirSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { RecordFile } from './leftovers.ts'
import type { RunnerPaths } from './paths.ts'
import { removeTree } from './remove-tree.ts'

/**
 * A place for one attempt after the other: its directory and its record. Both are kept and used again, because making
 * and removing them waits for the file system's journal, which the server's own commits keep busy: that took longer
 * than the task.
 */
export class Slot {
  readonly scratch: string
  /** TMPDIR of the attempt. */
  readonly temporary: string
  readonly #recordPath: string
  #record: RecordFile | undefined

  constructor(paths: RunnerPaths, number: number) {
    this.scratch = paths.scratch(number)
    this.temporary = join(this.scratch, 'tmp')
    this.#recordPath = paths.record(number)
  }

  /** Call before an attempt: all is empty, whatever the one before has done to it. */
  async take(attempt: string): Promise<RecordFile> {
    if (!this.#isEmpty()) {
      await removeTree(this.scratch)
      mkdirSync(this.temporary, { recursive: true, mode: 0o700 })
    }
    this.#record ??= new RecordFile(this.#recordPath)
    this.#record.begin(attempt)
    return this.#record
  }

  /** Call after it: what is in there may be secret or large. */
  async leave(): Promise<void> {
    try {
      // Mostly there is little, and promises cost more than the calls, one thread hop for each.
      const names = isPrivate(this.scratch) ? readdirSync(this.scratch).filter((name) => name !== 'tmp') : []
      if (names.length < 10) for (const name of names) unlinkSync(join(this.scratch, name))
    } catch {
      // A directory, or no right to it: found next.
    }
    if (!this.#isEmpty()) await removeTree(this.scratch)
  }

  close(): void {
    this.#record?.close()
    this.#record = undefined
  }

  /** The task's processes could do with it as we can: put a link in its place, close it, lend it to others. */
  #isEmpty(): boolean {
    try {
      return (
        isPrivate(this.scratch) &&
        isPrivate(this.temporary) &&
        readdirSync(this.temporary).length === 0 &&
        readdirSync(this.scratch).join() === 'tmp'
      )
    } catch {
      return false
    }
  }
}

/** A directory, no link to one, and for us alone. */
const isPrivate = (path: string): boolean => (lstatSync(path).mode & 0o170777) === 0o040700
