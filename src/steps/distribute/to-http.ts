import { createReadStream } from 'node:fs'
import { exchange, operatorsGuard, shownUrl } from '../kit/exchange.ts'
import { isRefusal, SaidNo, Unauthorized } from '../kit/said-no.ts'
import { CannotStart, givenSecret, isHttpUrl, type StepContext } from '../step.ts'
import type { Carrier } from './carrier.ts'
import type { DistributeInput } from './spec.ts'

export async function toHttp(input: NonNullable<DistributeInput['http']>, context: StepContext): Promise<Carrier> {
  if (!isHttpUrl(input.url)) throw new CannotStart('url is no http or https URL')
  const { method, user, password, token } = input
  const headers = {
    'content-type': 'application/octet-stream',
    ...input.headers,
    ...(token === undefined ? {} : { authorization: `Bearer ${givenSecret(context, token)}` }),
    ...(user === undefined || password === undefined
      ? {}
      : { authorization: `Basic ${Buffer.from(`${user}:${givenSecret(context, password)}`).toString('base64')}` }),
  }
  const allowed = operatorsGuard()
  let carried = 0
  return async ({ name, path, sizeBytes, sha256 }, signal) => {
    const url = new URL(input.url)
    if (url.pathname.endsWith('/')) url.pathname += encodeURIComponent(name)
    else if (carried > 0) throw new SaidNo('several files were found for one address: expected one that ends with /')
    carried += 1
    context.log(`${method} ${shownUrl(url)}\n`)
    const body = { stream: createReadStream(path), sizeBytes }
    const sent = { method, url, headers: { ...headers, [input.checksum_header]: sha256 }, body }
    const answer = await exchange(sent, allowed, signal, 1_000)
    if (isRefusal(answer.status)) {
      const given = Object.hasOwn(headers, 'authorization') || Object.keys(input.headers).length > 0
      const what = given ? 'the credentials were refused' : 'it wants credentials, and was given none'
      throw new Unauthorized(`${url.host} answered with status ${answer.status}: ${what}`)
    }
    if (answer.status < 200 || answer.status > 299) {
      throw new SaidNo(`${url.host} answered with status ${answer.status}, expected 2xx`)
    }
    return shownUrl(url)
  }
}
