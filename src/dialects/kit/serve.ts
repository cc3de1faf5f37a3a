import type { App } from '../../host/app.ts'
import type { DialectOptions } from '../dialect.ts'

/** What a request id may look like when it comes with the request: the server gives one to each that has none. */
const ID = /^[A-Za-z0-9._-]{1,128}$/

/**
 * What every answer of a vendor goes through: a request id, which its bodies may name and its header `X-Request-Id`
 * always carries; and the vendor's own answer to a defect of ours, which is told of, instead of a broken connection.
 */
export const serve =
  (
    app: App,
    options: Pick<DialectOptions, 'onDefect'>,
    handle: (request: Request, requestId: string) => Response | Promise<Response>,
    broken: () => Response,
  ): ((request: Request) => Promise<Response>) =>
  async (request) => {
    const given = request.headers.get('x-request-id')?.split(',', 1)[0]?.trim() ?? ''
    const requestId = ID.test(given) ? given : app.freshId()
    let response: Response
    try {
      response = await handle(request, requestId)
    } catch (error) {
      options.onDefect?.(error)
      response = broken()
    }
    response.headers.set('X-Request-Id', requestId)
    return response
  }

/** For a router's own net: lets {@link serve} catch what was thrown. */
export const rethrow = (error: Error): never => {
  throw error
}
