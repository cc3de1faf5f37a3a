import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Artifact } from '../../model/artifact.ts'
import { directoryIn, findPaths } from '../kit/globs.ts'
import { putInto } from '../kit/put-into.ts'
import { roomFor } from '../kit/room-for.ts'
import { answered, SaidNo } from '../kit/said-no.ts'
import { parseWith, type StepContext, type StepRun } from '../step.ts'
import { entriesOf } from './entries.ts'
import { pack } from './spec.ts'
import { writePackage, type Format } from './write.ts'

/** What globs may find; a directory counts as one. */
const FOUND_MAX = 20_000

export const run: StepRun = (job, context) =>
  answered(async () => {
    const input = parseWith(pack, job)
    const root = await directoryIn(context.workspace, input.cwd)
    const paths = await findPaths(root, input.files, FOUND_MAX, context.signal)
    if (paths.length === 0) throw new SaidNo(`no file of the workspace is like ${input.files.join(', ')}`)
    const format = input.format ?? (input.name.endsWith('.zip') ? 'zip' : 'tar.gz')
    const artifact =
      format === 'file'
        ? await keepOne(context, root, paths, input.name)
        : await keepPackage(context, root, paths, { name: input.name, format, into: input.into })
    context.log(`kept ${artifact.name}: ${artifact.sizeBytes} bytes, sha256 ${artifact.sha256}\n`)
    const { name, sha256, sizeBytes } = artifact
    return { kind: 'succeeded', outputs: { package_file: name, sha256, size: String(sizeBytes) } }
  })

async function keepOne(context: StepContext, root: string, paths: readonly string[], name: string): Promise<Artifact> {
  const [only, ...others] = paths
  if (only === undefined || others.length > 0) {
    throw new SaidNo(`expected one file to keep as it is, found ${paths.slice(0, 5).join(', ')}`)
  }
  if (!(await lstat(join(root, only))).isFile()) throw new SaidNo(`expected a regular file to keep, found ${only}`)
  return context.keepArtifact(join(root, only), name)
}

async function keepPackage(
  context: StepContext,
  root: string,
  paths: readonly string[],
  { name, format, into }: { readonly name: string; readonly format: Format; readonly into: string | undefined },
): Promise<Artifact> {
  const entries = await entriesOf(root, paths, context.signal)
  const path = join(context.scratch, 'package')
  await roomFor(`the package ${name}`, () => writePackage(format, path, root, entries, context.signal))
  context.log(`packed ${entries.length} files and directories\n`)
  const artifact = await context.keepArtifact(path, name)
  if (into !== undefined) {
    await roomFor(`the package ${name} in ${into}`, () => putInto(context.workspace, into, path, name))
  }
  return artifact
}
