import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import {
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import type { Depot, DepotFile } from '../host/keeping/depot.ts'

const PART_BYTES = 16 * 1_024 * 1_024
/** Until an answer begins: two parts go by a line of half a Mbit/s in that time. What is read may be read as slowly as one likes. */
const ANSWER_MS = 10 * 60_000
const CONNECT_MS = 10_000
/** What one request lists or removes. */
const PAGE = 1_000

interface S3DepotOptions {
  readonly credentials?: NonNullable<S3ClientConfig['credentials']>
  readonly page?: number
  readonly answerMs?: number
}

/**
 * A depot in S3 or in what speaks as it does.
 * @param url `s3://bucket/prefix?endpoint=https://host:port&region=eu-1`, of the form that the setting was checked for;
 * without an endpoint Amazon's own, of the region.
 * @param options.page of names in one request, at most 1,000, which is what there is without.
 * @param options.answerMs until an answer begins; left out: ten minutes.
 * @param options.credentials left out: those of the environment (`AWS_ACCESS_KEY_ID` ...), of a profile or of the machine.
 */
export function s3Depot(url: string, options: S3DepotOptions = {}): Depot {
  const { credentials, page: pageSize = PAGE, answerMs = ANSWER_MS } = options
  const { hostname: bucket, pathname, searchParams } = new URL(url)
  const path = pathname.replace(/^\/+|(?<!\/)\/+$/g, '')
  const prefix = path === '' ? '' : `${path}/`
  const endpoint = searchParams.get('endpoint')
  const client = new S3Client({
    region: searchParams.get('region') ?? 'us-east-1',
    ...(endpoint === null ? {} : { endpoint, forcePathStyle: true }),
    ...(credentials === undefined ? {} : { credentials }),
    // Servers of others do not know the checksums that Amazon's have since 2025.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: 3,
    // Without, one that never answers is waited for for ever.
    requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: answerMs, throwOnRequestTimeout: true },
  })
  const at = (name: string) => ({ Bucket: bucket, Key: prefix + name })

  async function* pages(under: string, delimiter?: string) {
    let token: string | undefined
    do {
      const page = await client.send(
        new ListObjectsV2Command({
          Bucket: bucket,
          Prefix: prefix + under,
          MaxKeys: pageSize,
          ContinuationToken: token,
          ...(delimiter === undefined ? {} : { Delimiter: delimiter }),
        }),
      )
      yield page
      token = page.NextContinuationToken
    } while (token !== undefined)
  }

  return {
    put: async (name, source) => {
      if ('text' in source) {
        await client.send(
          new PutObjectCommand({
            ...at(name),
            Body: Buffer.from(source.text),
            ContentLength: Buffer.byteLength(source.text),
          }),
        )
        return
      }
      const { size } = await stat(source.path)
      if (size === 0) {
        await client.send(new PutObjectCommand({ ...at(name), Body: Buffer.alloc(0), ContentLength: 0 }))
        return
      }
      // No more than it had just now: a log that grows meanwhile is moved another time.
      const Body = createReadStream(source.path, { end: size - 1 })
      await new Upload({ client, params: { ...at(name), Body }, partSize: PART_BYTES, queueSize: 2 }).done()
    },
    open: async (name) => {
      const head = await client.send(new HeadObjectCommand(at(name))).catch(orNothing)
      if (head === undefined) return undefined
      const file: DepotFile = {
        sizeBytes: head.ContentLength ?? 0,
        putAt: head.LastModified?.getTime() ?? 0,
        read: (offset, length, signal) => read(offset, length, signal),
      }
      async function* read(offset: number, length: number, signal: AbortSignal): AsyncIterable<Uint8Array> {
        if (length <= 0 || signal.aborted) return
        const Range = `bytes=${offset}-${offset + length - 1}`
        const { Body } = await client.send(new GetObjectCommand({ ...at(name), Range }), { abortSignal: signal })
        if (Body !== undefined) yield* Body as AsyncIterable<Uint8Array>
      }
      return file
    },
    list: async function* list(under) {
      for await (const { Contents = [] } of pages(under)) {
        for (const { Key = '' } of Contents) yield Key.slice(prefix.length)
      }
    },
    folders: async function* folders(under) {
      for await (const { CommonPrefixes = [] } of pages(under, '/')) {
        for (const one of CommonPrefixes) yield (one.Prefix ?? '').slice(prefix.length + under.length, -1)
      }
    },
    remove: async (names) => {
      for (let first = 0; first < names.length; first += pageSize) {
        const Objects = names.slice(first, first + pageSize).map((name) => ({ Key: prefix + name }))
        const { Errors = [] } = await client.send(
          new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }),
        )
        const [error] = Errors
        if (error !== undefined) throw new Error(`${error.Key ?? ''} could not be removed: ${error.Code ?? ''}`)
      }
    },
  }
}

function orNothing(error: unknown): undefined {
  if (error instanceof Error && (error.name === 'NotFound' || error.name === 'NoSuchKey')) return undefined
  throw error
}
