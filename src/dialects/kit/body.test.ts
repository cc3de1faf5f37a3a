import { describe, expect, test } from 'vitest'
import { BODY_DEPTH_MAX, parseForm, parseJson, parseJsonObject, readBody } from './body.ts'

const bytes = (text: string): Uint8Array => Buffer.from(text)
const post = (
  body: string | ReadableStream<Uint8Array> | null,
  headers: Readonly<Record<string, string>> = {},
): Request => new Request('http://localhost/', { method: 'POST', body, headers, duplex: 'half' })

describe('reading a body', () => {
  test('gives the bytes as they came', async () => {
    expect(await readBody(post('{"a":1}'), 7)).toEqual({ ok: true, value: new Uint8Array(bytes('{"a":1}')) })
  })

  test('no body is no bytes', async () => {
    const read = await readBody(post(null), 10)
    expect(read.ok && read.value.byteLength).toBe(0)
  })

  test('a body that says it is too long is not read', async () => {
    let pulled = 0
    const endless = new ReadableStream<Uint8Array>(
      { pull: (controller) => (pulled++, controller.enqueue(new Uint8Array(1_000))) },
      { highWaterMark: 0 },
    )
    expect(await readBody(post(endless, { 'content-length': '1000000000' }), 10)).toMatchObject({ why: 'too-large' })
    expect(pulled).toBe(0)
  })

  test('a body that does not end is left after its limit', async () => {
    let cancelled = false
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(1_000)),
      cancel: () => void (cancelled = true),
    })
    expect(await readBody(post(endless), 10_000)).toMatchObject({ ok: false, why: 'too-large' })
    expect(cancelled).toBe(true)
  })

  test('a body that breaks off is refused', async () => {
    const broken = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(new Error('reset')) })
    expect(await readBody(post(broken), 10_000)).toMatchObject({ ok: false, why: 'unreadable' })
  })

  test('a packed body is refused rather than unpacked', async () => {
    expect(await readBody(post('x', { 'content-encoding': 'gzip' }), 10)).toMatchObject({ ok: false, why: 'encoded' })
    expect(await readBody(post('x', { 'content-encoding': 'identity' }), 10)).toMatchObject({ ok: true })
  })
})

describe('JSON', () => {
  test.each([
    ['', undefined],
    [' \r\n', undefined],
    ['null', null],
    ['\uFEFF{"a":1}', { a: 1 }],
    ['{"名":"a b&c"}', { 名: 'a b&c' }],
    [String.raw`{"\u540d":"\ud83d\ude00"}`, { 名: '😀' }],
    ['{"a":"[[[[{{{{\\""}', { a: '[[[[{{{{"' }],
  ])('%j is read', (text, value) => expect(parseJson(bytes(text))).toEqual({ ok: true, value }))

  test.each(['{', '{"a":1}x', "{'a':1}", '{"a":01}', 'NaN', '<xml/>', 'a=1', '{"a":1}\0'])('%j is refused', (text) => {
    expect(parseJson(bytes(text))).toMatchObject({ ok: false, why: 'malformed' })
  })

  test('other encodings are refused, not guessed', () => {
    expect(parseJson(Buffer.from('{"a":"名"}', 'utf16le'))).toMatchObject({ ok: false })
    expect(parseJson(Buffer.from([0x22, 0xc3, 0xfb, 0x22]))).toMatchObject({ ok: false, why: 'not-utf8' })
    expect(parseJson(bytes(String.raw`{"a":"\ud83d"}`))).toMatchObject({ ok: false, why: 'malformed' })
    expect(parseJson(bytes(String.raw`{"\udc00":1}`))).toMatchObject({ ok: false, why: 'malformed' })
  })

  test('depth is bounded before anything goes down into it', () => {
    const nested = (depth: number): Uint8Array => bytes('['.repeat(depth) + ']'.repeat(depth))
    expect(parseJson(nested(BODY_DEPTH_MAX))).toMatchObject({ ok: true })
    expect(parseJson(nested(BODY_DEPTH_MAX + 1))).toMatchObject({ ok: false, why: 'too-deep' })
    expect(parseJson(bytes('{"a":'.repeat(1_000_000)))).toMatchObject({ ok: false, why: 'too-deep' })
  })

  test.each(['{"__proto__":{"admin":true},"a":1}', String.raw`{"\u005f_proto__":{"admin":true},"a":1}`])(
    'a key that would lead copies astray is left out: %s',
    (text) => {
      const parsed = parseJsonObject(bytes(text))
      expect(parsed).toEqual({ ok: true, value: { a: 1 } })
      expect(Object.hasOwn(parsed.ok ? parsed.value : {}, '__proto__')).toBe(false)
    },
  )

  test('where an object is expected, nothing is an empty one and all else is refused', () => {
    expect(parseJsonObject(bytes(''))).toEqual({ ok: true, value: {} })
    for (const text of ['[]', '1', '"a"', 'null']) {
      expect(parseJsonObject(bytes(text))).toMatchObject({ ok: false, why: 'malformed' })
    }
  })
})

describe('forms', () => {
  test('are read as browsers write them', () => {
    const parsed = parseForm(bytes('a=1&b=x+y%26&a=2'))
    expect(parsed.ok && [...parsed.value]).toEqual([
      ['a', '1'],
      ['b', 'x y&'],
      ['a', '2'],
    ])
  })

  test('of too many fields, or not in UTF-8, are refused', () => {
    expect(parseForm(bytes('a&'.repeat(1_001)))).toMatchObject({ ok: false, why: 'too-deep' })
    expect(parseForm(Buffer.from([0x61, 0x3d, 0xff]))).toMatchObject({ ok: false, why: 'not-utf8' })
  })
})
