import { describe, expect, test } from 'vitest'
import { type FuzzSubject, fuzzCredentials, fuzzRequests, servedEndpoints } from '../../testing/dialect-fuzz.ts'
import { intrusions, openNeighbours } from '../../testing/dialect-isolation.ts'
import { openWorld } from '../../testing/world.ts'
import { huaweiIam } from './index.ts'

const OWN = /^\{"error":\{"code":\d{3},"message":"[^"]/
const GATEWAY = /^\{"error_msg":"[^"]+","error_code":"APIGW\.\d{4}","request_id":"[^"]+"\}$/

async function openSubject(): Promise<FuzzSubject> {
  const world = await openWorld()
  return {
    dialect: huaweiIam,
    world,
    known: [world.project.id, world.project.name, 'millrace', world.credentials.user],
    fields: ['auth', 'identity', 'scope', 'project', 'name', 'domain_id', 'nocatalog', 'methods', 'token', 'password'],
    isOpen: ({ path }) => path === '/v3',
    // HEAD has no body to say why.
    notTheirError: ({ text }) =>
      text === '' || OWN.test(text) || GATEWAY.test(text) ? undefined : 'not of their form',
  }
}

describe('whatever is sent gets an answer of the vendor’s, and never a fault of ours', async () => {
  const subject = await openSubject()
  const endpoints = servedEndpoints(huaweiIam)

  test.each(endpoints)('%s', (_, method, row) => fuzzRequests(subject, method, row))

  test.each(endpoints)('%s, by nobody', (_, method, row) => fuzzCredentials(subject, method, row))

  test('every endpoint was asked', () => expect(endpoints.length).toBe(23))
})

test('who belongs to one project learns nothing of another, and changes nothing there', async () => {
  const neighbours = await openNeighbours(await openWorld())
  const { leaks } = await intrusions(huaweiIam, neighbours, () => [{}, { project: { name: 'default' } }])
  expect(leaks).toEqual([])
})
