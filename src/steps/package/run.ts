import { glob, lstat, realpath } from 'node:fs/promises'
import { isAbsolute, join, relative, sep } from 'node:path'
import type { AttemptResult } from '../../model/command.ts'
import type { Artifact } from '../../model/artifact.ts'
import { CannotStart, MissingTool, parseWith, type StepContext, type StepRun } from '../step.ts'
import { pack } from './spec.ts'

/** More files than this are a mistake more often than a package; a directory counts as one. */
const FILES_MAX = 20_000

export const run: StepRun = async (job, context) => {
  const input = parseWith(pack, job)
  const root = await directoryOf(context.workspace, input.cwd)
  const files = await found(root, input.files)
  if (files.length === 0) return saidNo(`no file of the workspace is like ${input.files.join(', ')}`)
  const artifact = await (input.format === 'file'
    ? keepOne(context, root, files, input.name)
    : keepPackage(context, root, files, input.name))
  if ('kind' in artifact) return artifact
  context.log(`kept ${artifact.name}: ${artifact.sizeBytes} bytes, sha256 ${artifact.sha256}\n`)
  const { name, sha256, sizeBytes } = artifact
  return { kind: 'succeeded', outputs: { package_file: name, sha256, size: String(sizeBytes) } }
}

const saidNo = (reason: string): AttemptResult => ({
  kind: 'failed',
  failure: { kind: 'said-no', reason },
  outputs: null,
})

/** @throws CannotStart when it is not inside of the workspace, also by a link. */
async function directoryOf(workspace: string, cwd: string): Promise<string> {
  const root = await realpath(workspace)
  const path = isAbsolute(cwd) ? undefined : await realpath(join(root, cwd)).catch(() => undefined)
  if (path === undefined || leadsOut(relative(root, path))) {
    throw new CannotStart(`there is no directory ${JSON.stringify(cwd)} in the workspace`)
  }
  return path
}

const leadsOut = (path: string): boolean => isAbsolute(path) || path === '..' || path.startsWith(`..${sep}`)

/** In order, each once. A pattern that leads out of the workspace finds nothing. */
async function found(root: string, patterns: readonly string[]): Promise<readonly string[]> {
  const files = new Set<string>()
  for (const pattern of patterns) {
    if (isAbsolute(pattern) || pattern.split(/[\\/]/).includes('..') || pattern.includes('\0')) {
      throw new CannotStart(`expected a path inside the workspace, found ${JSON.stringify(pattern)}`)
    }
    for await (const path of glob(pattern, { cwd: root })) {
      // A directory on the way may be a link that leads elsewhere: what is behind it is not of the workspace.
      const real = await realpath(join(root, path, '..')).catch(() => undefined)
      if (real === undefined || leadsOut(relative(root, real))) continue
      files.add(path)
      if (files.size > FILES_MAX) throw new CannotStart(`expected at most ${FILES_MAX} files, found more`)
    }
  }
  return [...files].toSorted()
}

async function keepOne(
  context: StepContext,
  root: string,
  files: readonly string[],
  name: string,
): Promise<Artifact | AttemptResult> {
  const [only, ...others] = files
  if (only === undefined || others.length > 0) {
    return saidNo(`expected one file to keep as it is, found ${files.slice(0, 5).join(', ')}`)
  }
  if (!(await lstat(join(root, only))).isFile()) return saidNo(`expected a regular file to keep, found ${only}`)
  return context.keepArtifact(join(root, only), name)
}

/** Links are packed as links: what they lead to is not looked at. */
async function keepPackage(
  context: StepContext,
  root: string,
  files: readonly string[],
  name: string,
): Promise<Artifact | AttemptResult> {
  const path = join(context.scratch, 'package.tar.gz')
  const ended = await context.exec(
    [
      'tar',
      '--create',
      '--gzip',
      '--file',
      path,
      '--sort=name',
      '--owner=0',
      '--group=0',
      '--numeric-owner',
      '--null',
      '--verbatim-files-from',
      '--files-from=-',
    ],
    { cwd: relative(await realpath(context.workspace), root) || '.', stdin: files.map((file) => `${file}\0`).join('') },
  )
  switch (ended.kind) {
    case 'not-found':
      throw new MissingTool('tar')
    case 'signalled':
      return { kind: 'failed', failure: { kind: 'signal', signal: ended.signal }, outputs: null }
    case 'exited':
      if (ended.code !== 0) return { kind: 'failed', failure: { kind: 'exit-code', code: ended.code }, outputs: null }
      return context.keepArtifact(path, name)
  }
}
