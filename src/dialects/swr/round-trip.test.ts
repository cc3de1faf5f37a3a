import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { parseDefinition } from '../../definition/parse-definition.ts'
import { stepSpecs } from '../../steps/index.ts'
import { need, openWorld } from '../../testing/world.ts'
import { jsonAnnotation, annotation } from './annotations.ts'
import { swr } from './index.ts'

const BASE = 'http://127.0.0.1:8080'
const OPTIONS = { baseUrl: BASE, zoneOffsetMinutes: 480, bodyMaxBytes: 4_000_000 }

const word = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/)
/** Text as people write it and as nobody does; an empty one counts as not given. */
const anyText = fc
  .oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
    fc.constantFrom(
      '${a.b}',
      '${{ params.x }}',
      '$(id)',
      'no',
      '1.10',
      '中文 ☃ 💥',
      'a: b # c',
      '\t',
      '- x',
      "'",
      '{}',
    ),
    fc
      .array(fc.constantFrom('FROM a', 'RUN echo "${SYS_TIMESTAMP}"', '', '  deep'), { maxLength: 5 })
      .map((lines) => `x\n${lines.join('\n')}`),
  )
  .filter((text) => !text.includes('\0'))
const stageName = fc.stringMatching(/^[A-Za-z0-9._-]{1,10}$/).map((name) => `步骤${name}`)

const image = fc.record({ namespace: word, repository: word, tag: fc.oneof(word, fc.constant('v.${SYS_INCREMENT}')) })
const pkg = fc.record(
  { namespace: word, package: word, version: word, file_path: word, local_file_path: fc.constantFrom('a/b.war', 'b') },
  { requiredKeys: ['namespace', 'package', 'version'] },
)
const resource = fc.oneof(
  image.map((params) => ({ type: 'image', params })),
  pkg.map((params) => ({ type: 'package', params })),
)
const resources = fc.array(
  fc.tuple(word, anyText, resource).map(([name, description, rest]) => ({ name, description, ...rest })),
  { maxLength: 3 },
)

const handler = fc.oneof(
  fc.integer({ min: 1, max: 8_784 }).map((timespan) => ({ type: 'timeout_reset', params: { timespan } })),
  fc.constantFrom<{ type: string; params?: object }>({ type: 'return_to_start' }, { type: 'ignore_error', params: {} }),
)
const told = fc.record({
  triggers: fc.array(
    fc.record({
      webhook: fc.record({
        method: fc.constantFrom('GET', 'POST', 'PUT'),
        url: fc.webUrl({ validSchemes: ['https'] }),
      }),
    }),
    { minLength: 1, maxLength: 2 },
  ),
})

const service = fc.oneof(
  fc
    .record(
      {
        git_type: fc.constantFrom('github', 'gitlab', 'gitee', 'devcloud'),
        url: word.map((name) => `https://example.com/${name}.git`),
        branch: word,
        tag: word,
        code_trigger: fc.record({ trigger_tag_create_event: fc.boolean(), branchs: fc.array(word, { maxLength: 2 }) }),
      },
      { requiredKeys: ['git_type', 'url'] },
    )
    .map((params) => ({ service_name: 'code_source', params })),
  fc
    .record(
      {
        basic_env: fc.constantFrom('go', 'java', 'SelfPkgBuild'),
        jenkins_shell: anyText.filter((text) => text.trim() !== ''),
        enable_cache: fc.boolean(),
        user_basic_image: image,
      },
      { requiredKeys: ['basic_env', 'jenkins_shell'] },
    )
    .map((params) => ({ service_name: 'jenkins_build', params })),
  fc
    .oneof(
      fc.record({ dockerfile_content: anyText.filter((text) => text.trim() !== '') }),
      fc.record({ dockerfile_path: word, build_path: word }),
    )
    .map((params) => ({ service_name: 'dockerfile_build', params })),
  fc
    .record({
      review_mode: fc.constantFrom('all', 'one'),
      review_users: fc.array(fc.record({ user_name: word, email: word }), { minLength: 1, maxLength: 3 }),
    })
    .map((params) => ({ service_name: 'test_review', params })),
  fc
    .record({
      deploy_mode: fc.constantFrom('cceMode', 'cciMode'),
      gray_mode: fc.constantFrom('istio', 'service'),
      input_info: anyText.filter((text) => text.trim() !== ''),
    })
    .map((params) => ({ service_name: 'gray_deploy', params })),
)
const stage = fc
  .tuple(
    fc.record(
      {
        name: stageName,
        exception_handler: handler,
        input_resources: resources,
        output_resources: resources,
        post_operation: told,
      },
      { requiredKeys: ['name'] },
    ),
    service,
  )
  .map(([rest, own]) => ({ ...rest, ...own }))

const document = fc.record({
  name: word,
  description: anyText,
  params: fc.uniqueArray(
    fc.record({ name: fc.constantFrom('a', 'a.b', 'a-b', '参数'), description: anyText, value: anyText }),
    {
      selector: ({ name }) => name,
      maxLength: 4,
    },
  ),
  stages: fc.array(stage, { minLength: 1, maxLength: 5 }),
  post_operation: told,
})

const withoutId = (stage: object): object => Object.fromEntries(Object.entries(stage).filter(([key]) => key !== 'id'))

test('whatever is sent is given back, read again, and changed by nothing that was read', async () => {
  const world = await openWorld({ check: (text, file) => parseDefinition(text, file, stepSpecs) })
  const handle = swr.create(world.app, OPTIONS)
  const headers = { 'X-Auth-Token': world.credentials.token, Accept: 'application/json' }
  const send = async (method: string, path: string, body?: string, more: Record<string, string> = {}) => {
    const init = { method, headers: { ...headers, ...more }, ...(body === undefined ? {} : { body }) }
    const response = await handle(new Request(`${BASE}${path}`, init))
    return { status: response.status, text: await response.text() }
  }
  await fc.assert(
    fc.asyncProperty(document, fc.boolean(), async (sent, yaml) => {
      const body = yaml ? stringify(sent) : JSON.stringify(sent)
      const made = await send('POST', '/v3/manage/pipelinegroups/default/pipelines', body)
      expect([made.status, made.text]).toEqual([201, expect.anything()])
      const { id, group_id, group_name, stages, ...rest } = JSON.parse(made.text)
      expect({ ...rest, stages: stages.map(withoutId) }).toEqual(sent)
      const detail = await send('GET', `/v3/manage/pipelines/${id}`, undefined, yaml ? { Accept: '*/*' } : {})
      const read = yaml ? parse(detail.text) : JSON.parse(detail.text)
      expect(read).toMatchObject({ id, group_id, group_name, stages })
      const changed = await send('PUT', `/v3/manage/pipelines/${id}`, detail.text)
      expect([changed.status, JSON.parse(changed.text)]).toEqual([201, JSON.parse(made.text)])
      need(await world.app.pipelines.remove(world.admin, { serial: id }))
    }),
    { numRuns: 60 },
  )
})

test.each([0, 1, 8_190, 8_191, 8_192, 16_381, 40_000])('a value of %i characters fits into annotations', (length) => {
  for (const unit of ['x', '💥', '"']) {
    const value = { text: unit.repeat(length) }
    const annotations = jsonAnnotation('swr/params', value)
    expect(Object.values(annotations).every((one) => one.length <= 8_192 && one.isWellFormed())).toBe(true)
    expect(annotation({ annotations }, 'swr/params')).toEqual(value)
  }
})
