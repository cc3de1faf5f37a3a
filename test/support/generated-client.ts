import { BasicCredentials } from '@huaweicloud/huaweicloud-sdk-core'
import { ClientBuilder } from '@huaweicloud/huaweicloud-sdk-core/ClientBuilder.js'
import type { HcClient } from '@huaweicloud/huaweicloud-sdk-core/HcClient.js'
import type { SampleServer } from './sample-server.ts'
import type { SdkModels } from './sdk-models.ts'

/** Anything of JSON, for tests to take apart. */
export type Body = ReturnType<typeof JSON.parse>

export interface Sent {
  readonly path?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string | number>>
  readonly data?: unknown
  /** What it is for may be over by now: a refusal is as good. */
  readonly mayComeTooLate?: boolean
}

/**
 * The core of the vendor's SDK with requests as its generated clients put them together: it fills `{project_id}` in, signs
 * and sends. Every answer is read as the strictest of the SDKs does.
 */
export class GeneratedClient {
  readonly #client: HcClient
  readonly #models: SdkModels
  readonly #called = new Set<string>()
  readonly #wrong: string[] = []

  constructor({ url, quickstart }: Pick<SampleServer, 'url' | 'quickstart'>, models: SdkModels) {
    const { ak, sk, project_id } = quickstart.credentials.huawei
    const credentials = new BasicCredentials().withAk(ak).withSk(sk).withProjectId(project_id)
    const builder = new ClientBuilder<{ readonly client: HcClient }>((client) => ({ client }))
    this.#client = builder.withCredential(credentials).withEndpoint(url).build().client
    this.#models = models
  }

  /** What a typed client would have stumbled over, until now. */
  get wrong(): readonly string[] {
    return this.#wrong
  }

  /** Operations of the SDK that were not answered yet. */
  get uncalled(): readonly string[] {
    return this.#models.operations.filter((operation) => !this.#called.has(operation))
  }

  async send(
    method: string,
    url: string,
    { path = {}, query = {}, data, mayComeTooLate = false }: Sent = {},
  ): Promise<Body> {
    const hasBody = data !== undefined
    const contentType = hasBody && url.startsWith('/v5') ? 'application/json;charset=UTF-8' : 'application/json'
    const body = await this.#client.sendRequest<Record<string, unknown>>({
      method,
      url,
      contentType,
      queryParams: query,
      pathParams: { ...path },
      headers: hasBody ? { 'Content-Type': contentType } : {},
      ...(hasBody ? { data: data as Record<string, unknown> } : {}),
    })
    const operation = `${method} ${url}`
    // No SDK takes that for an error.
    if (body['error_code'] !== undefined && !mayComeTooLate)
      this.#wrong.push(`${operation}: ${JSON.stringify(body)} with 200`)
    if (this.#models.operations.includes(operation)) {
      this.#called.add(operation)
      this.#wrong.push(...this.#models.mismatches(operation, asSent(body, this.#models.isList(operation))))
    }
    return body
  }
}

/** The core adds the status to what it has read, and makes an object of a list. */
function asSent(body: Record<string, unknown>, isList: boolean): unknown {
  const { httpStatusCode: _, ...own } = body
  return isList ? Object.values(own) : own
}
