import { z } from 'zod'
import type { ArtifactFile } from '../../host/app.ts'
import type { ArtifactView } from '../../model/artifact.ts'
import { accept } from '../../model/problem.ts'
import { pulledStream } from '../streams.ts'
import { time } from './present.ts'
import { runRef } from './refs.ts'
import { type ByteReply, route } from './route.ts'
import { ArtifactList } from './schema.ts'

const tag = 'artifacts'

const presentArtifact = ({ name, sizeBytes, sha256, node, nodeKey, attempt, createdAt }: ArtifactView) => ({
  name,
  size: sizeBytes,
  sha256,
  node: { id: node, key: nodeKey },
  attempt,
  created_at: time(createdAt),
})

export const listArtifacts = route({
  method: 'GET',
  path: '/api/v1/runs/{run}/artifacts',
  id: 'listArtifacts',
  tag,
  summary: 'Files that the tasks of a run have kept',
  description: 'Of the newest attempt of each task; of two with one name the later one.',
  status: 200,
  answer: { json: ArtifactList },
  problems: ['not_found'],
  handle: async ({ app, caller, param }) => {
    const found = await app.artifacts.list(caller, runRef(param('run')))
    return found.ok ? accept({ body: { items: found.value.map(presentArtifact) } }) : found
  },
})

export const getArtifact = route({
  method: 'GET',
  path: '/api/v1/runs/{run}/artifacts/{name}',
  id: 'getArtifact',
  tag,
  summary: 'The bytes of one of them',
  description:
    'One range of bytes may be asked for (RFC 9110, section 14): it is answered with 206. The ETag is the SHA-256.',
  headers: { range: '`bytes=0-499`, `bytes=500-` or `bytes=-500`' },
  query: z.object({}),
  status: 200,
  ranges: [206, 416],
  answer: { bytes: 'application/octet-stream' },
  problems: ['not_found'],
  handle: async ({ app, caller, param, header, signal }) => {
    const found = await app.artifacts.open(caller, runRef(param('run')), param('name'))
    if (!found.ok) return found
    const { artifact, file } = found.value
    return accept(bytesOf(file, artifact, rangeOf(header('range'), file.sizeBytes), signal))
  },
})

interface Range {
  readonly first: number
  readonly length: number
}

/** undefined: the whole; null: nothing of it is asked for that is there. Several ranges are answered with the whole. */
function rangeOf(header: string | undefined, size: number): Range | undefined | null {
  const parts = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '')
  if (parts === null) return undefined
  const [, from = '', to = ''] = parts
  if (from === '' && to === '') return undefined
  if (from === '') {
    const length = Math.min(Number(to), size)
    return length === 0 ? null : { first: size - length, length }
  }
  const first = Number(from)
  if (first >= size) return null
  const last = to === '' ? size - 1 : Math.min(Number(to), size - 1)
  return last < first ? undefined : { first, length: last - first + 1 }
}

function bytesOf(
  file: ArtifactFile,
  artifact: ArtifactView,
  range: Range | undefined | null,
  signal: AbortSignal,
): ByteReply {
  const headers = {
    'accept-ranges': 'bytes',
    'content-type': 'application/octet-stream',
    'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(artifact.name)}`,
    // What a build has made must not run in the reader's browser.
    'content-security-policy': "default-src 'none'; sandbox; frame-ancestors 'none'",
    etag: `"${artifact.sha256}"`,
  }
  if (range === null) {
    return { status: 416, bytes: '', headers: { ...headers, 'content-range': `bytes */${file.sizeBytes}` } }
  }
  const { first, length } = range ?? { first: 0, length: file.sizeBytes }
  const stop = new AbortController()
  const bytes = pulledStream(file.read(first, length, AbortSignal.any([signal, stop.signal])), () => stop.abort())
  const sized = { ...headers, 'content-length': String(length) }
  if (range === undefined) return { bytes, headers: sized }
  const contentRange = `bytes ${first}-${first + length - 1}/${file.sizeBytes}`
  return { status: 206, bytes, headers: { ...sized, 'content-range': contentRange } }
}
