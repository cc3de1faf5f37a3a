import { readdir, readFile, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { DurationMs, Instant } from '../../model/time.ts'

/** Whoever keeps one again says so by touching it; until the list that names it is there, this is what saves it. */
const FRESH_MS: DurationMs = 24 * 3_600_000

/**
 * Removes the bytes of artifacts that no run names any more.
 * @param logs where each run has a directory with the lists of its attempts, `*.artifacts.json`.
 * @param artifacts where bytes are, by the first two digits of their SHA-256 and then by all.
 * @returns how many files went.
 */
export async function sweepArtifacts(logs: string, artifacts: string, now: Instant): Promise<number> {
  const named = await namedArtifacts(logs)
  let gone = 0
  for (const folder of await namesIn(artifacts)) {
    if (!/^[0-9a-f]{2}$/.test(folder)) continue
    for (const name of await namesIn(join(artifacts, folder))) {
      const path = join(artifacts, folder, name)
      if (!/^[0-9a-f]{64}$/.test(name) || named.has(name)) continue
      const found = await stat(path).catch(() => undefined)
      if (found === undefined || found.mtimeMs > now - FRESH_MS) continue
      await unlink(path)
      gone += 1
    }
  }
  return gone
}

async function namedArtifacts(logs: string): Promise<ReadonlySet<string>> {
  const named = new Set<string>()
  for (const run of await namesIn(logs)) {
    for (const name of await namesIn(join(logs, run))) {
      if (!name.endsWith('.artifacts.json')) continue
      const text = await readFile(join(logs, run, name), 'utf8')
      for (const [sha256] of text.matchAll(/[0-9a-f]{64}/g)) named.add(sha256)
    }
  }
  return named
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return []
    throw error
  }
}
