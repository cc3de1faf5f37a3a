import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { TestRunner } from '../../test/support/attempts.ts'
import { createClient } from '../client/client.ts'
import { checkDefinition } from '../compose/steps.ts'
import { openMillrace } from '../compose/millrace.ts'
import { silent } from '../http/logger.ts'
import { removeTree } from '../runner/remove-tree.ts'
import { outsideSteps } from './outside.ts'

const SAMPLES = join(import.meta.dirname, '../../test/fixtures/steps')

/** A directory of step types, each with the files that are given. */
function directoryWith(steps: Readonly<Record<string, Readonly<Record<string, unknown>>>>): string {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-steps-'))
  onTestFinished(() => removeTree(directory))
  for (const [name, files] of Object.entries(steps)) {
    mkdirSync(join(directory, name))
    for (const [file, content] of Object.entries(files)) {
      writeFileSync(join(directory, name, file), typeof content === 'string' ? content : JSON.stringify(content))
    }
  }
  return directory
}
const spec = (changes: object = {}) => ({
  type: 'one',
  summary: 'Does one thing.',
  input: { type: 'object', properties: { text: { type: 'string' } } },
  ...changes,
})
const problemsOf = (steps: Parameters<typeof directoryWith>[0]): string => {
  try {
    outsideSteps([directoryWith(steps)])
    return ''
  } catch (error) {
    return (error as Error).message
  }
}
const RUN = { 'run.js': "export const run = () => ({ kind: 'succeeded' })" }

describe('a folder that is no step type', () => {
  test.each<[Readonly<Record<string, unknown>>, string]>([
    [RUN, 'step.json: ENOENT'],
    [{ 'step.json': '{', ...RUN }, 'step.json: '],
    [{ 'step.json': spec() }, 'there is no run.js'],
    [{ 'step.json': spec({ type: 'script' }), ...RUN }, 'the type script is that of Millrace itself'],
    [{ 'step.json': spec({ type: 'A b' }), ...RUN }, 'type: expected small letters'],
    [{ 'step.json': spec({ summary: 'no sentence' }), ...RUN }, 'summary: expected a sentence'],
    [{ 'step.json': spec({ run: '../run.js' }), ...RUN }, 'run: expected the name of a module in the folder'],
    [{ 'step.json': spec({ more: 1 }), ...RUN }, 'Unrecognized key: "more"'],
    [{ 'step.json': spec({ shorthand: 'other' }), ...RUN }, 'input has no field other'],
    [{ 'step.json': spec({ secrets: ['token'] }), ...RUN }, 'input has no field token'],
    [{ 'step.json': spec({ needs: ['git'] }), ...RUN }, 'needs: 0: expected a label such as tool:git'],
    [{ 'step.json': spec({ input: { type: 'string' } }), ...RUN }, 'expected a JSON Schema of the type object'],
    [{ 'step.json': spec({ input: { type: 'object', properties: { a: { type: 'nonsense' } } } }), ...RUN }, 'input: '],
    [{ 'step.json': `"${'x'.repeat(300_000)}"`, ...RUN }, 'expected at most 262144 bytes'],
  ])('%j', (files, problem) => {
    expect(problemsOf({ one: files })).toContain(problem)
  })

  test('is told with all the others, and two of one type are no two types', () => {
    const said = problemsOf({
      a: { 'step.json': spec(), ...RUN },
      b: { 'step.json': spec(), ...RUN },
      c: { 'step.json': spec({ type: 'other' }) },
    })
    expect(said).toMatch(/b: the type one is that of .*\/a\n.*c: there is no run\.js/)
  })

  test('nor is a directory that is not there', () => {
    expect(() => outsideSteps(['/no/such/place'])).toThrow(
      /\/no\/such\/place: expected a directory with a folder for each step type, found none/,
    )
  })
})

describe('what a step of a third party gives', () => {
  let runner: TestRunner
  let directory: string
  beforeAll(async () => {
    const answers: Readonly<Record<string, string>> = {
      nothing: 'undefined',
      odd: "{ kind: 'won' }",
      lies: "{ kind: 'failed', failure: { kind: 'lost', reason: 'x' } }",
      thrown: "(() => { throw new Error('of theirs') })()",
      no: "{ kind: 'failed', failure: { kind: 'said-no', reason: 'not today' } }",
      good: '{ kind: "succeeded", outputs: { given: job.with.text, secrets: String(job.secrets) } }',
    }
    directory = mkdtempSync(join(tmpdir(), 'millrace-answers-'))
    for (const [type, answer] of Object.entries(answers)) {
      mkdirSync(join(directory, type))
      writeFileSync(join(directory, type, 'step.json'), JSON.stringify(spec({ type, run: 'run.mjs' })))
      writeFileSync(join(directory, type, 'run.mjs'), `export const run = (job) => (${answer})`)
    }
    mkdirSync(join(directory, 'empty'))
    writeFileSync(join(directory, 'empty', 'step.json'), JSON.stringify(spec({ type: 'empty' })))
    writeFileSync(join(directory, 'empty', 'run.js'), 'export default 1')
    runner = await TestRunner.open({ steps: outsideSteps([directory]) })
  })
  afterAll(async () => {
    await runner.close()
    await removeTree(directory)
  })

  test.each([
    ['nothing', { kind: 'internal', reason: expect.stringContaining('the step gave no result that can be read') }],
    ['odd', { kind: 'internal', reason: expect.stringContaining('result.kind') }],
    ['lies', { kind: 'internal', reason: expect.stringContaining('result.failure.kind') }],
    ['thrown', { kind: 'internal', reason: 'of theirs' }],
    ['empty', { kind: 'internal', reason: expect.stringContaining('exports no function `run`') }],
    ['no', { kind: 'said-no', reason: 'not today' }],
  ])('%s', async (type, failure) => {
    expect((await runner.run(type, {})).result).toEqual({ kind: 'failed', failure, outputs: null })
  })

  test('its input is checked again when it is rendered, and it sees no secret that it did not ask for', async () => {
    const secrets = [{ name: 'A', as: 'step' as const, value: 'hidden-value' }]
    expect((await runner.run('good', { text: 'x' }, { secrets })).result).toEqual({
      kind: 'succeeded',
      outputs: { given: 'x', secrets: 'undefined' },
    })
    expect((await runner.run('good', { text: 5 })).result).toMatchObject({ failure: { kind: 'cannot-start' } })
  })
})

test('a server with a step of a third party offers, checks and runs it', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-outside-'))
  const options = {
    version: 'test',
    host: '127.0.0.1',
    port: 0,
    baseUrl: null,
    dataDirectory: directory,
    slots: 2,
    labels: [],
    zoneOffsetMinutes: 0,
    bodyMaxBytes: 1 << 20,
    httpAllow: null,
    samples: false,
    stepDirectories: [SAMPLES],
  }
  const millrace = await openMillrace(options, silent)
  onTestFinished(async () => {
    await millrace.close()
    await removeTree(directory)
  })
  const token = millrace.firstStart?.adminToken ?? ''
  const client = createClient({ baseUrl: millrace.url, token })
  expect(await (await fetch(`${millrace.url}/schema/pipeline.json`)).text()).toContain('Who is greeted.')
  const text = (task: string) => `name: hello\nparams: {who: world}\ntasks:\n  - {key: hi, ${task}}\n`
  expect(checkDefinition(text("greet: '${{ params.who }}'"), 'a.yaml', [SAMPLES])).toEqual([])
  expect(checkDefinition(text('uses: greet, with: {nmae: x}'), 'a.yaml', [SAMPLES])).toMatchObject([
    { message: 'expected text, found nothing' },
    { message: expect.stringContaining('nmae') },
  ])
  expect(checkDefinition(text('uses: greet, with: {name: x, sign_with: small}'), 'a.yaml', [SAMPLES])).toHaveLength(1)
  // Long ones are checked in a thread of its own.
  const long = `${text("greet: '${{ params.who }}', with: {times: 2, sign_with: KEY}")}# ${'x'.repeat(20_000)}\n`
  await client.secrets.set({ project: 'default' }, 'KEY', 'a key that is long enough')
  const pipeline = await client.pipelines.create({ project: 'default', definition: long })
  const { id } = await client.runs.start(pipeline.id)
  for await (const run of client.runs.watch(id)) {
    if (!run.ended) continue
    expect(run.failure).toBeNull()
    expect(run.stages[0]?.tasks[0]).toMatchObject({
      labels: ['step:greet', 'tool:perl'],
      outputs: { characters: '28', signature: expect.stringMatching(/^[0-9a-f]{64}$/) },
    })
  }
}, 60_000)
