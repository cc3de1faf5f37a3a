import { createReadStream } from 'node:fs'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { isIP } from 'node:net'
import { HeadObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { operatorsGuard } from '../kit/exchange.ts'
import { addressOf } from '../kit/guard.ts'
import { isRefusal, SaidNo, Unauthorized } from '../kit/said-no.ts'
import { CannotStart, givenSecret, isHttpUrl, type StepContext } from '../step.ts'
import type { Carrier } from './carrier.ts'
import type { DistributeInput } from './spec.ts'

const PART_BYTES = 16 * 1_024 * 1_024

/** In parts, so that neither memory nor one request must hold it; the parts of one that is cut off are removed again. */
export async function toS3(input: NonNullable<DistributeInput['s3']>, context: StepContext): Promise<Carrier> {
  const { bucket, prefix, region } = input
  const client = new S3Client({
    region,
    ...(input.endpoint === undefined ? {} : { endpoint: await checkedEndpoint(input.endpoint) }),
    forcePathStyle: input.path_style,
    credentials: {
      accessKeyId: givenSecret(context, input.access_key),
      secretAccessKey: givenSecret(context, input.secret_key),
    },
    requestHandler: guardedAgents(),
    // Servers of others do not know the checksums that Amazon's have since 2025.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: 3,
  })
  return async ({ name, path, sizeBytes, sha256 }, signal) => {
    const key = `${prefix}${name}`
    const upload = new Upload({
      client,
      params: { Bucket: bucket, Key: key, Body: createReadStream(path), Metadata: { sha256 } },
      partSize: PART_BYTES,
      queueSize: 2,
    })
    const stop = (): void => void upload.abort()
    signal.addEventListener('abort', stop, { once: true })
    try {
      await upload.done()
      const kept = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }), { abortSignal: signal })
      if (kept.ContentLength !== sizeBytes) {
        throw new SaidNo(`the storage has ${kept.ContentLength} bytes of ${name}, expected ${sizeBytes}`)
      }
    } catch (error) {
      throw refusalOf(error)
    } finally {
      signal.removeEventListener('abort', stop)
    }
    return `s3://${bucket}/${key}`
  }
}

/** Connections go where the operator lets steps go, whatever name the client makes of bucket and endpoint. */
function guardedAgents() {
  const allowed = operatorsGuard()
  // The type of an agent's option knows neither the port nor that it is there.
  const guarded = (options: object) => ({
    ...options,
    lookup: allowed.lookup(Number((options as { port?: number }).port)),
  })
  const httpAgent = new HttpAgent()
  const httpsAgent = new HttpsAgent()
  for (const agent of [httpAgent, httpsAgent]) {
    const connect = agent.createConnection.bind(agent)
    agent.createConnection = (options, callback) => connect(guarded(options), callback)
  }
  return { httpAgent, httpsAgent }
}

async function checkedEndpoint(text: string): Promise<string> {
  if (!isHttpUrl(text)) throw new CannotStart('with.s3.endpoint is no http or https URL')
  const url = new URL(text)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (isIP(host) !== 0)
    await addressOf(operatorsGuard(), host, Number(url.port) || (url.protocol === 'https:' ? 443 : 80))
  return url.href
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html: what is wrong with the keys, or their rights. */
const NOT_LET_IN: ReadonlySet<string> = new Set([
  'AccessDenied',
  'AccountProblem',
  'AllAccessDisabled',
  'ExpiredToken',
  'InvalidAccessKeyId',
  'InvalidToken',
  'RequestExpired',
  'SignatureDoesNotMatch',
  'TokenRefreshRequired',
])

function refusalOf(error: unknown): unknown {
  const { name, message, $metadata } = error as Error & { readonly $metadata?: { readonly httpStatusCode?: number } }
  // An answer without a body, as to HEAD, has a status and no name.
  if (NOT_LET_IN.has(name) || isRefusal($metadata?.httpStatusCode ?? 0)) {
    return new Unauthorized(`the storage refused it: ${name}: ${message}`)
  }
  return name === 'NoSuchBucket' ? new SaidNo(`the storage refused it: ${name}: ${message}`) : error
}
