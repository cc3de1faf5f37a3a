import { expect, test } from 'vitest'
import type { App } from '../../host/app.ts'
import { serve } from './serve.ts'

const app = { freshId: () => 'f'.repeat(32) } as App
const request = (headers: Record<string, string> = {}) => new Request('http://localhost/', { headers })

test('an answer carries the id that the handler was given', async () => {
  const handle = serve(
    app,
    {},
    (_, id) => Response.json({ id }),
    () => new Response(),
  )
  const named = await handle(request({ 'X-Request-Id': 'abc-1' }))
  expect([named.headers.get('x-request-id'), await named.json()]).toEqual(['abc-1', { id: 'abc-1' }])
  for (const headers of [{}, { 'X-Request-Id': '' }, { 'X-Request-Id': '<b>' }, { 'X-Request-Id': 'x'.repeat(129) }]) {
    expect((await handle(request(headers as Record<string, string>))).headers.get('x-request-id')).toBe('f'.repeat(32))
  }
})

test('a defect is told of and answered', async () => {
  const defects: unknown[] = []
  const thrown = new Error('a defect')
  for (const fail of [
    () => {
      throw thrown
    },
    () => Promise.reject(thrown),
  ]) {
    const onDefect = (error: unknown) => defects.push(error)
    const handle = serve(app, { onDefect }, fail, () => new Response('broken', { status: 500 }))
    const answer = await handle(request())
    expect([answer.status, answer.headers.get('x-request-id')]).toEqual([500, 'f'.repeat(32)])
  }
  expect(defects).toEqual([thrown, thrown])
})
