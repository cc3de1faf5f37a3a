import { lstatSync, opendirSync, type Dirent } from 'node:fs'
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
    for (const entry of entriesOf(join(root, directory))) {
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
        files.push({ path, sizeBytes: lstatSync(join(root, path)).size })
      }
    }
  }
  visit('', 0)
  return { files, folders, complete }
}

function entriesOf(directory: string): Dirent[] {
  const opened = opendirSync(directory)
  try {
    const entries: Dirent[] = []
    for (let entry = opened.readSync(); entry !== null; entry = opened.readSync()) entries.push(entry)
    return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  } finally {
    opened.closeSync()
  }
}
