import { lstatSync, readdirSync, type Dirent } from 'node:fs'
import { join } from 'node:path'
import { isExcluded } from '../exclude.ts'

/** Enough for any repository that people read; what is beyond is told and not looked at. */
const FILES_MAX = 50_000
const DEPTH_MAX = 64

/** Never looked into: git's own files, and what package managers fetch. */
const SKIPPED = new Set(['.git', 'node_modules', '.venv', '__pycache__'])

export interface WalkedFile {
  /** With `/`, from the root. */
  readonly path: string
  readonly sizeBytes: number
}

/** Every regular file, in order of its path. Links are not followed: they may lead anywhere. */
export function walk(
  root: string,
  exclude: readonly string[],
): { readonly files: readonly WalkedFile[]; readonly folders: number; readonly complete: boolean } {
  const files: WalkedFile[] = []
  let folders = 0
  let complete = true
  const visit = (directory: string, depth: number): void => {
    const entries = entriesOf(join(root, directory))
    if (entries === undefined) complete = false
    for (const entry of entries ?? []) {
      const path = directory === '' ? entry.name : `${directory}/${entry.name}`
      if (isExcluded(path, exclude)) continue
      if (files.length >= FILES_MAX || depth > DEPTH_MAX) {
        complete = false
        return
      }
      if (entry.isDirectory()) {
        if (SKIPPED.has(entry.name)) continue
        folders += 1
        visit(path, depth + 1)
      } else if (entry.isFile()) {
        const sizeBytes = lstatSync(join(root, path), { throwIfNoEntry: false })?.size
        // Its name is no UTF-8, so it has another one here and is not found by it.
        if (sizeBytes === undefined) complete = false
        else files.push({ path, sizeBytes })
      }
    }
  }
  visit('', 0)
  return { files, folders, complete }
}

/** undefined: no right to read it, or it is gone. */
function entriesOf(directory: string): readonly Dirent[] | undefined {
  try {
    return readdirSync(directory, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1))
  } catch {
    return undefined
  }
}
