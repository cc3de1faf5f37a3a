// What docs/dialects/blueking.md tells people to type, typed.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { DIALECT_OPTIONS } from '../../testing/dialect-routes.ts'
import { definition, stageSpec, taskSpec } from '../../testing/views.ts'
import { openWorld } from '../../testing/world.ts'
import { blueking } from './index.ts'

const page = readFileSync(`${import.meta.dirname}/../../../docs/dialects/blueking.md`, 'utf8')
const blocks = (language: string): readonly string[] =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, text = '']) => text)

/** The words of a command line, quotes taken off. */
const words = (line: string): readonly string[] =>
  [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, double, single, bare]) => double ?? single ?? bare ?? '')

async function open() {
  const world = await openWorld()
  const work = { kind: 'review', reviewers: [], required: 1, expireMs: null, question: '' } as const
  await world.start(await world.pipeline(definition({ stages: [stageSpec({ tasks: [taskSpec({ work })] })] })))
  await world.settled()
  const { appCode, appSecret, user } = world.credentials
  const names = { URL: DIALECT_OPTIONS.baseUrl, APP: appCode, SECRET: appSecret, USER: user }
  const handle = blueking.create(world.app, DIALECT_OPTIONS)
  const send = async (url: string, init: RequestInit) => {
    const response = await handle(new Request(url, init))
    return (await response.json()) as { readonly result: boolean; readonly data: { readonly state?: string } }
  }
  return { world, names, send }
}

test('every command of the page is answered', async () => {
  const { names, send } = await open()
  const commands = blocks('sh').flatMap((block) => block.trim().split('\n'))
  expect(commands).toHaveLength(3)
  for (const command of commands) {
    const filled = Object.entries(names).reduce((text, [name, value]) => text.replaceAll(`$${name}`, value), command)
    const [curl, ...rest] = words(filled)
    expect(curl).toBe('curl')
    const headers: [string, string][] = []
    let url = ''
    let body: string | undefined
    for (let at = 0; at < rest.length; at += 1) {
      const word = rest[at] ?? ''
      if (word === '-H') headers.push((rest[(at += 1)] ?? '').split(/: (.*)/s).slice(0, 2) as [string, string])
      else if (word === '-d') body = rest[(at += 1)]
      else url = word
    }
    const answer = await send(url, {
      method: body === undefined ? 'GET' : 'POST',
      headers,
      ...(body === undefined ? {} : { body }),
    })
    expect([command, answer.result]).toEqual([command, true])
  }
})

test('the endpoint and path of the gateway’s client, put together as it does, are answered', async () => {
  const { names, send } = await open()
  const [snippet = ''] = blocks('python')
  const endpoint = /endpoint="([^"]+)", stage="(\w+)"/.exec(snippet)
  const [, name = ''] = /_api_name = "([\w-]+)"/.exec(snippet) ?? []
  const [, path = ''] = /path="([^"]+)"/.exec(snippet) ?? []
  // bkapi-client-core: the endpoint with its api_name, the stage, the path with its ids.
  const url = `${endpoint?.[1]?.replace('{api_name}', name)}/${endpoint?.[2]}${path}`
  const headers = {
    'X-Bkapi-Authorization': JSON.stringify({
      bk_app_code: names.APP,
      bk_app_secret: names.SECRET,
      bk_username: names.USER,
    }),
  }
  const answer = await send(url.replace('{task_id}', '1').replace('{bk_biz_id}', '1'), { headers })
  expect(answer).toMatchObject({ result: true, data: { state: 'RUNNING' } })
})
