import { createHash, randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { mkdir, open, rename, stat, unlink, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ARTIFACT_BYTES_MAX, ARTIFACT_NAME, ARTIFACTS_MAX, type Artifact } from '../model/artifact.ts'
import { CannotStart } from '../steps/step.ts'
import { roomFor } from '../steps/kit/room-for.ts'
import { syncDirectory, writeDurably } from './durable-file.ts'
import { artifactPath } from './paths.ts'

const CHUNK_BYTES = 256 * 1024

/** Keeps what one attempt makes. The list of it is written last: what it names is there. */
export class ArtifactKeeper {
  readonly #directory: string
  readonly #listPath: string
  readonly #kept = new Map<string, Artifact>()

  constructor(directory: string, listPath: string) {
    this.#directory = directory
    this.#listPath = listPath
  }

  /**
   * @param path of a regular file; a link is refused.
   * @throws CannotStart when the name, the file or its size may not be.
   */
  async keep(path: string, name: string): Promise<Artifact> {
    if (!ARTIFACT_NAME.test(name)) {
      const found = JSON.stringify(name.slice(0, 140))
      throw new CannotStart(`expected the name of an artifact: letters, digits and . _ + @ = -, found ${found}`)
    }
    if (this.#kept.size >= ARTIFACTS_MAX && !this.#kept.has(name)) {
      throw new CannotStart(`expected at most ${ARTIFACTS_MAX} artifacts of one task`)
    }
    return roomFor(`the artifact ${name}`, async () => {
      const artifact = { name, ...(await copyIn(this.#directory, path)) }
      this.#kept.set(name, artifact)
      await writeDurably(this.#listPath, JSON.stringify([...this.#kept.values()]))
      return artifact
    })
  }
}

async function copyIn(directory: string, path: string): Promise<Pick<Artifact, 'sizeBytes' | 'sha256'>> {
  const from = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const { size } = await from.stat().then((found) => {
      if (!found.isFile()) throw new CannotStart('expected a regular file to keep')
      return found
    })
    if (size > ARTIFACT_BYTES_MAX) {
      throw new CannotStart(`expected a file of at most ${ARTIFACT_BYTES_MAX} bytes to keep, found ${size}`)
    }
    const fresh = join(directory, 'new', randomUUID())
    await mkdir(dirname(fresh), { recursive: true, mode: 0o700 })
    const to = await open(fresh, 'wx', 0o600)
    try {
      const hash = createHash('sha256')
      const buffer = Buffer.alloc(CHUNK_BYTES)
      let sizeBytes = 0
      for (;;) {
        const { bytesRead } = await from.read(buffer, 0, CHUNK_BYTES, sizeBytes)
        if (bytesRead === 0) break
        sizeBytes += bytesRead
        if (sizeBytes > ARTIFACT_BYTES_MAX) throw new CannotStart('a file grew beyond its limit while it was kept')
        const chunk = buffer.subarray(0, bytesRead)
        hash.update(chunk)
        await to.writeFile(chunk)
      }
      await to.sync()
      const sha256 = hash.digest('hex')
      await place(fresh, artifactPath(directory, sha256))
      return { sizeBytes, sha256 }
    } catch (error) {
      await unlink(fresh).catch(() => undefined)
      throw error
    } finally {
      await to.close()
    }
  } finally {
    await from.close()
  }
}

async function place(fresh: string, path: string): Promise<void> {
  const known = await stat(path).catch(() => undefined)
  if (known !== undefined) {
    await unlink(fresh)
    // As if it were new, for whoever removes what nobody names: the list that names it is not there yet.
    await utimes(path, new Date(), new Date())
    return
  }
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  await rename(fresh, path)
  await syncDirectory(dirname(path))
}
