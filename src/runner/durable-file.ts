import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Written whole and fsynced before it has its name: whoever finds it finds all of it. */
export async function writeDurably(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const file = await open(`${path}.new`, 'w', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } catch (error) {
    // Where there is no room, this would take some of it.
    await rm(`${path}.new`, { force: true })
    throw error
  } finally {
    await file.close()
  }
  await rename(`${path}.new`, path)
}

/** A name is durable when its directory is. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
