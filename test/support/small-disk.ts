import { execFileSync } from 'node:child_process'
import { closeSync, fstatSync, ftruncateSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** A file system of its own, which tests can fill. Needs root, as installing what the tests need does. */
export class SmallDisk {
  readonly directory: string
  readonly #ballast: string

  /** @param options of tmpfs(5): `size=4m` */
  constructor(directory: string, options: string) {
    mkdirSync(directory, { recursive: true })
    execFileSync('mount', ['-t', 'tmpfs', '-o', `mode=700,${options}`, 'millrace-test', directory])
    this.directory = directory
    this.#ballast = join(directory, 'ballast')
  }

  /** To the last page, but for so many bytes. */
  fill(leaveBytes = 0): void {
    const file = openSync(this.#ballast, 'a')
    const bytes = Buffer.alloc(65_536)
    let size = fstatSync(file).size
    try {
      for (;;) size += writeSync(file, bytes)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      ftruncateSync(file, Math.max(0, size - leaveBytes))
    } finally {
      closeSync(file)
    }
  }

  /** Takes away what {@link fill} has put there. */
  makeRoom(): void {
    rmSync(this.#ballast, { force: true })
  }

  remove(): void {
    execFileSync('umount', ['--lazy', this.directory])
    rmSync(this.directory, { recursive: true, force: true })
  }
}
