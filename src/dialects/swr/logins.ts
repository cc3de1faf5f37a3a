import type { PipelineDefinition } from '../../model/definition.ts'
import type { JsonObject } from '../../model/json.ts'
import { mapTexts, masked, sealLogin, sealQuery, withKeptTexts, type Seal } from '../kit/credentials.ts'
import { annotatedObject, type Annotated } from './annotations.ts'
import type { PipelineBody, PostOperationBody } from './pipeline-body.ts'
import { wordsOf } from './words.ts'

/** A login that a param gives is known to the run only: there is nothing to seal. `$${{` is text, and no param. */
const GIVEN_LOGIN = /^[a-z][a-z0-9+.-]*:\/\/[^/?#@]*(?<!\$)\$\{\{[^/?#@]*@/i

/** @param address as our definition has it. */
export const sealedAddress = (address: string, seal: Seal): string =>
  GIVEN_LOGIN.test(address) ? address : sealLogin(address, seal)

const STARS = '******'
const POST = 'swr/post_operation'

/** The same pipeline; of the addresses that it tells of its end, logins and tokens are sealed. */
export function withSealedLogins(body: PipelineBody, seal: Seal): PipelineBody {
  const { template } = wordsOf(body.params)
  const sealed = (url: string): string => sealQuery(GIVEN_LOGIN.test(template(url)) ? url : sealLogin(url, seal), seal)
  const operation = (one: PostOperationBody | null): PostOperationBody | null =>
    one && {
      triggers: one.triggers.map((trigger) =>
        trigger.kind === 'webhook' && trigger.url !== null ? { ...trigger, url: sealed(trigger.url) } : trigger,
      ),
      sent: mapTexts(one.sent, (text, field) => (field === 'url' ? sealed(text) : text)) as JsonObject,
    }
  return {
    ...body,
    postOperation: operation(body.postOperation),
    stages: body.stages.map((stage) => ({ ...stage, postOperation: operation(stage.postOperation) })),
  }
}

/** As it was sent, but for logins and tokens. */
export function postOperation(of: Annotated): JsonObject | undefined {
  const sent = annotatedObject(of, POST)
  return sent && (mapTexts(sent, (text) => masked(text, STARS)) as JsonObject)
}

/** What a client sends back as {@link postOperation} has shown it means what is there. */
export const withKeptLogins = (document: JsonObject, before: PipelineDefinition): JsonObject => {
  const told = [before, ...before.stages].map((one) => annotatedObject(one, POST) ?? null)
  return withKeptTexts(document, told, STARS)
}
