import { open, stat } from 'node:fs/promises'
import type { ArtifactFile } from '../app.ts'
import { ifMissing } from '../file-if-there.ts'

const CHUNK_BYTES = 256 * 1024

/** The bytes at this path; undefined: there are none. The file is opened when its first byte is asked for. */
export async function openArtifact(path: string): Promise<ArtifactFile | undefined> {
  const found = await stat(path).catch(ifMissing(undefined))
  if (found === undefined) return undefined
  return { sizeBytes: found.size, read: (offset, length, signal) => read(path, offset, length, signal) }
}

async function* read(path: string, offset: number, length: number, signal: AbortSignal): AsyncIterable<Uint8Array> {
  const file = await open(path, 'r')
  try {
    for (let at = offset; at < offset + length && !signal.aborted;) {
      const wanted = Math.min(CHUNK_BYTES, offset + length - at)
      const { bytesRead, buffer } = await file.read(Buffer.alloc(wanted), 0, wanted, at)
      if (bytesRead === 0) return
      at += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}
