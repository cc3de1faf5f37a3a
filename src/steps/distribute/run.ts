import { createHash } from 'node:crypto'
import { constants, createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { withinTime } from '../kit/deadline.ts'
import { findPaths } from '../kit/globs.ts'
import { SaidNo } from '../kit/said-no.ts'
import { CannotStart, parseWith, type StepContext, type StepRun } from '../step.ts'
import type { Carrier, Parcel } from './carrier.ts'
import { distribute, type DistributeInput } from './spec.ts'
import { toDirectory } from './to-directory.ts'
import { toHttp } from './to-http.ts'
import { toS3 } from './to-s3.ts'

const FILES_MAX = 1_000
const TIMEOUT_MAX_MS = 6 * 3_600_000

export const run: StepRun = async (job, context) => {
  const input = parseWith(distribute, job)
  return withinTime(context, input.timeout, TIMEOUT_MAX_MS, async (signal) => {
    const parcels = await parcelsOf(context, input.files, signal)
    const carry = await carrierOf(input, context)
    const locations: string[] = []
    for (const parcel of parcels) {
      const location = await carry(parcel, signal)
      locations.push(location)
      context.log(`${parcel.name}: ${parcel.sizeBytes} bytes, sha256 ${parcel.sha256}, at ${location}\n`)
    }
    const [first] = parcels
    const only = parcels.length === 1 && first !== undefined ? { package_file: first.name, sha256: first.sha256 } : {}
    return { kind: 'succeeded', outputs: { files: parcels.length, location: locations[0] ?? '', ...only } }
  })
}

async function carrierOf({ directory, http, s3 }: DistributeInput, context: StepContext): Promise<Carrier> {
  if (directory !== undefined) return toDirectory(directory)
  if (http !== undefined) return toHttp(http, context)
  if (s3 !== undefined) return toS3(s3, context)
  throw new CannotStart('with: expected one of directory, http, s3')
}

async function parcelsOf(
  { workspace }: StepContext,
  patterns: readonly string[],
  signal: AbortSignal,
): Promise<readonly Parcel[]> {
  const paths = await findPaths(workspace, patterns, FILES_MAX, signal)
  if (paths.length === 0) throw new SaidNo(`no file of the workspace is like ${patterns.join(', ')}`)
  const names = paths.map((path) => basename(path))
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new SaidNo(`several files are called ${twice}, and there is place for one`)
  return Promise.all(paths.map((path) => parcelOf(join(workspace, path), basename(path), signal)))
}

async function parcelOf(path: string, name: string, signal: AbortSignal): Promise<Parcel> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(() => undefined)
  const stat = await file?.stat()
  await file?.close()
  if (stat?.isFile() !== true) throw new SaidNo(`expected a regular file, found something else: ${name}`)
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { signal })) {
    hash.update(chunk as Buffer)
  }
  return { name, path, sizeBytes: stat.size, sha256: hash.digest('hex') }
}
