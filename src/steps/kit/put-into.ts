import { constants } from 'node:fs'
import { copyFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { directoryIn } from './globs.ts'

/**
 * Copies a file into a directory of the workspace; what has its name there, such as a link, makes way.
 * @param name of an artifact that was kept, so known to be a name and no path.
 * @throws CannotStart when there is no such directory.
 */
export async function putInto(workspace: string, directory: string, path: string, name: string): Promise<void> {
  const to = join(await directoryIn(workspace, directory), name)
  await rm(to, { force: true })
  await copyFile(path, to, constants.COPYFILE_EXCL)
}
