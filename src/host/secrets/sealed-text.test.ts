import { describe, expect, test } from 'vitest'
import type { Run } from '../../engine/run.ts'
import { parsePipelineId, parseProjectId, parseRunId, type PipelineId, type ProjectId } from '../../model/id.ts'
import type { Json } from '../../model/json.ts'
import type { Job } from '../../model/job.ts'
import { isSealedText } from '../../model/secret.ts'
import { seededEntropy } from '../../testing/entropy.ts'
import { openSealed as open, sealedFor, sealText } from './sealed-text.ts'

const ROOT = new Uint8Array(32).fill(3)
const A = parseProjectId('a'.repeat(32))!
const B = parseProjectId('b'.repeat(32))!
const PIPELINE = parsePipelineId('1'.repeat(32))!
const OTHER = parsePipelineId('2'.repeat(32))!
/** A run of project A, of a pipeline whose param `pw` has a default. */
const runOf = (params: Run['params'], pw: Json = null, projectId = A) => ({
  projectId,
  pipelineId: PIPELINE,
  params,
  definition: {
    params: [{ name: 'pw', type: 'string', description: '', required: false, default: pw, options: [] }] as const,
  },
})
const openSealed = (job: Job, root: Uint8Array, project: ProjectId): Job => open(job, root, runOf({}, null, project))
const entropy = seededEntropy('sealed')
const job = (changes: Partial<Job>): Job => ({
  runId: parseRunId('0'.repeat(32))!,
  node: 1,
  attempt: 1,
  fence: 1,
  uses: 'script',
  with: {},
  env: {},
  graceMs: 1,
  ...changes,
})

describe('a sealed text', () => {
  const sealed = sealText(ROOT, { project: A }, 's3cret-$&-"value"', entropy)

  test('is opened wherever it stands in a job, and is a secret of it once', () => {
    const opened = openSealed(
      job({
        with: {
          url: `https://me:${sealed}@git.example`,
          list: [sealed, 1, null],
          deep: { text: `a${sealed}b${sealed}` },
        },
        env: { TOKEN: sealed, OTHER: 'sealed.v1.' },
        secrets: [{ name: 'A', as: 'step', value: 'alpha' }],
      }),
      ROOT,
      A,
    )
    const value = 's3cret-$&-"value"'
    expect(opened).toMatchObject({
      with: { url: `https://me:${value}@git.example`, list: [value, 1, null], deep: { text: `a${value}b${value}` } },
      env: { TOKEN: value, OTHER: 'sealed.v1.' },
      secrets: [
        { name: 'A', as: 'step', value: 'alpha' },
        { name: 'SEALED_0', as: 'step', value },
      ],
    })
  })

  test('says nothing of what it is, not even whether two are the same', () => {
    expect(sealed).not.toContain('s3cret')
    expect(sealText(ROOT, { project: A }, 's3cret-$&-"value"', entropy)).not.toBe(sealed)
    expect([isSealedText(sealed), isSealedText(`${sealed} `), isSealedText('sealed.v1..')]).toEqual([
      true,
      false,
      false,
    ])
    expect(encodeURIComponent(sealed)).toBe(sealed)
  })

  test.each([
    ['of another project', ROOT, B, sealed],
    ['of another server', new Uint8Array(32).fill(4), A, sealed],
    [
      'that was changed',
      ROOT,
      A,
      sealed.replace(/.{3}\.$/, (end) => `${end.startsWith('A') ? 'B' : 'A'}${end.slice(1)}`),
    ],
  ])('%s is not opened', (_, root, project, text) => {
    expect(() => openSealed(job({ env: { TOKEN: text } }), root, project)).toThrow()
  })

  test('a job without any is the same object', () => {
    const plain = job({ env: { A: 'b' } })
    expect(openSealed(plain, ROOT, A)).toBe(plain)
  })

  test('of a definition is opened as the param that has it there, and as no other', () => {
    const env = { pw: sealed }
    expect(open(job({ env }), ROOT, runOf({ pw: sealed }, sealed)).env).toEqual({ pw: 's3cret-$&-"value"' })
    expect(() =>
      open(job({ env: { url: `https://x/${sealed}` } }), ROOT, runOf({ url: sealed, pw: sealed }, sealed)),
    ).toThrow()
    expect(() => open(job({ env }), ROOT, runOf({ pw: `x${sealed}` }, sealed))).toThrow()
  })

  test.each([
    [PIPELINE, 'pw', true],
    [PIPELINE, 'url', false],
    [OTHER, 'pw', false],
  ])('for a param of %s, %s is opened there alone', (pipeline, name, isOpened) => {
    const text = sealText(ROOT, { project: A, param: { pipeline, name } }, 'speak friend', entropy)
    const opening = () => open(job({ env: { pw: text } }), ROOT, runOf({ pw: text }, sealed)).env
    if (isOpened) expect(opening()).toEqual({ pw: 'speak friend' })
    else expect(opening).toThrow()
  })

  test('that a run gives to a run of another pipeline is opened there, where it was its own to open', () => {
    const given = sealedFor(OTHER, { key: `a${sealed}`, plain: 'x' }, ROOT, runOf({ pw: sealed }, sealed), entropy)
    expect(given).toEqual({ key: expect.not.stringContaining(sealed), plain: 'x' })
    const opening = (pipelineId: PipelineId) => () =>
      open(job({ env: { KEY: given['key'] as string } }), ROOT, { ...runOf(given), pipelineId }).env
    expect(opening(OTHER)()).toEqual({ KEY: 'as3cret-$&-"value"' })
    expect(opening(PIPELINE)).toThrow()
    expect(() => sealedFor(OTHER, { key: sealed }, ROOT, runOf({ url: sealed }, sealed), entropy)).toThrow()
    const own = { key: 'plain' }
    expect(sealedFor(OTHER, own, ROOT, runOf({}), entropy)).toBe(own)
  })
})
