import type { App } from '../../host/app.ts'

/**
 * What every answer of a vendor goes through: a fresh request id, which its bodies may name and its header
 * `X-Request-Id` always carries, and the vendor's own answer to a defect of ours instead of a broken connection.
 */
export const serve =
  (
    app: App,
    handle: (request: Request, requestId: string) => Response | Promise<Response>,
    broken: () => Response,
  ): ((request: Request) => Promise<Response>) =>
  async (request) => {
    const requestId = app.freshId()
    const response = await orElse(() => handle(request, requestId), broken)
    response.headers.set('X-Request-Id', requestId)
    return response
  }

async function orElse(handle: () => Response | Promise<Response>, broken: () => Response): Promise<Response> {
  try {
    return await handle()
  } catch {
    return broken()
  }
}
