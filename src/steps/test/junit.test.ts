import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { TestCase } from '../../model/test-report.ts'
import { readJunit } from './junit.ts'

const read = (text: string) => readJunit(new TextEncoder().encode(text))
const fixture = (name: string): readonly TestCase[] => {
  const found = readJunit(readFileSync(new URL(`./fixtures/${name}.xml`, import.meta.url)))
  if (!found.ok) throw new Error(found.reason)
  return found.cases
}
const short = (cases: readonly TestCase[]) => cases.map(({ suite, name, status }) => `${status} ${suite} | ${name}`)
const casesOf = (text: string): readonly TestCase[] => {
  const found = read(text)
  if (!found.ok) throw new Error(found.reason)
  return found.cases
}

describe('what tools write', () => {
  test('node --test: cases in the root and in suites of suites', () => {
    const cases = fixture('node')
    expect(short(cases)).toEqual([
      'passed  | adds',
      // Node escapes quotes twice.
      'failed  | fails & says &quot;why&quot; <so>',
      'skipped  | later',
      'passed outer.inner | is deep',
      'failed outer.inner | throws ]]> here',
      'skipped  | todo',
    ])
    expect(cases[1]).toMatchObject({ file: '/srv/ci/workspace/a.test.mjs', durationMs: 1, message: '1 == 2' })
    expect(cases[1]?.detail).toContain('at TestContext.<anonymous>')
    expect(cases[4]?.message).toBe('a\nb ]]> c')
    expect(cases[2]?.message).toBe('not yet')
  })

  test('vitest', () => {
    const cases = fixture('vitest')
    expect(short(cases)).toEqual([
      'passed b.test.ts | web > adds',
      'failed b.test.ts | web > fails',
      'skipped b.test.ts | web > later',
    ])
    expect(cases[1]).toMatchObject({ durationMs: 17, message: "expected 'a' to be 'b' // Object.is equality" })
    expect(cases[1]?.detail).toContain('Expected: "b"')
  })

  test('pytest: errors of setup and teardown, an expected failure', () => {
    const cases = fixture('pytest')
    expect(short(cases)).toEqual([
      'passed test_c | test_adds',
      'failed test_c | test_fails',
      'skipped test_c | test_later',
      'skipped test_c | test_known',
      'errored test_c | test_setup',
      'failed test_c | test_after',
      'errored test_c | test_after',
      'passed test_c.TestIt | test_n[1]',
      'passed test_c.TestIt | test_n[2]',
    ])
    expect(cases[1]?.message).toMatch(/^AssertionError: not < the same & #x01\nassert/)
  })

  test('surefire: what passed in the end has passed, commas between thousands of seconds', () => {
    const cases = fixture('surefire')
    expect(cases.map(({ name, status }) => `${name} ${status}`)).toEqual([
      'adds passed',
      'removes failed',
      'pays errored',
      'later skipped',
      'flaky passed',
      'again failed',
    ])
    expect(cases[0]?.durationMs).toBe(1_230_500)
    expect(cases[1]).toMatchObject({ message: 'a<b expected:<1> but was:<2>' })
    expect(cases[1]?.detail).toContain('a<b expected:<1>')
  })

  test('gotestsum: what it says is in the text', () => {
    expect(fixture('gotestsum').map(({ status }) => status)).toEqual(['passed', 'failed', 'skipped'])
    expect(fixture('gotestsum')[1]?.detail).toContain('got 2, want 1')
  })

  test('gtest: several failures of one test, and one that was not run', () => {
    const cases = fixture('gtest')
    expect(cases.map(({ status }) => status)).toEqual(['passed', 'failed', 'skipped'])
    expect(cases[1]?.message).toBe('cart_test.cc:10\nExpected equality\ncart_test.cc:11\nValue of: full')
  })
})

describe('what may be written otherwise', () => {
  test('suites in suites name a case that has no class', () => {
    const [one] = casesOf(
      '<testsuite name="a" file="f.php"><testsuite name="b"><testcase name="c" time="x"/></testsuite></testsuite>',
    )
    expect(one).toEqual({
      name: 'c',
      suite: 'a > b',
      file: 'f.php',
      status: 'passed',
      durationMs: null,
      message: '',
      detail: '',
    })
  })

  test('entities of XML and characters by number are read, text in CDATA stands for itself', () => {
    const [one] = casesOf(
      '<testsuite><testcase name="&lt;a&gt; &#38; &#x4e2d; &#0; &#xD800; &nbsp;"><failure>&amp;lt;<![CDATA[&lt;]]></failure></testcase></testsuite>',
    )
    expect(one).toMatchObject({ name: '<a> & 中 \uFFFD \uFFFD &nbsp;', message: '&lt;&lt;' })
  })

  test('UTF-16 and old encodings are read as they say they are', () => {
    const text = '<testsuite><testcase name="é"/></testsuite>'
    const wide = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')])
    const latin = Buffer.from(`<?xml version="1.0" encoding="ISO-8859-1"?>${text}`, 'latin1')
    const unknown = Buffer.from(`<?xml version="1.0" encoding="x-nobody"?>${text}`)
    const marked = Buffer.from(`\uFEFF<?xml version="1.0"?>${text}`)
    for (const bytes of [wide, latin, unknown, marked]) {
      const found = readJunit(bytes)
      expect(found.ok && found.cases[0]?.name).toBe('é')
    }
  })

  test('a report without tests is one', () => {
    expect(read('<testsuites/>')).toEqual({ ok: true, cases: [] })
  })
})

describe('hostile files', () => {
  test.each([
    ['<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">]><testsuite>&lol;</testsuite>', 'document type'],
    [' <!-- a --> <?pi x?><!doctype a SYSTEM "file:///etc/passwd"><testsuite/>', 'document type'],
    ['<testsuite><testcase name="a"', 'well-formed'],
    ['<testsuite><testcase></testsuite>', 'well-formed'],
    ['<html><body/></html>', 'neither testsuites nor testsuite'],
    ['not XML at all', ''],
    ['', ''],
    [`${'<testsuite>'.repeat(200)}${'</testsuite>'.repeat(200)}`, 'well-formed'],
  ])('%#: %.40s is refused', (text, reason) => {
    const found = read(text)
    expect(found).toMatchObject({ ok: false })
    expect(found.ok ? '' : found.reason).toContain(reason)
  })

  test('a billion laughs are not laughed', () => {
    const entities = Array.from({ length: 10 }, (_, n) => `<!ENTITY l${n + 1} "${`&l${n};`.repeat(10)}">`).join('')
    const found = read(`<!DOCTYPE l [<!ENTITY l0 "lol">${entities}]><testsuite><testcase name="&l10;"/></testsuite>`)
    expect(found).toMatchObject({ ok: false })
  })

  test('an entity that a stray document type declares is not expanded', () => {
    const [one] = casesOf('<testsuite><!DOCTYPE a [<!ENTITY b "c">]><testcase name="&b;"/></testsuite>')
    expect(one?.name).toBe('&b;')
  })

  test('names that mean something to JavaScript mean nothing here', () => {
    const [one] = casesOf('<testsuite><testcase name="a" status="constructor"/></testsuite>')
    expect(one).toMatchObject({ name: 'a', status: 'passed' })
    expect(read('<testsuite __proto__="x"><testcase name="a"><__proto__>b</__proto__></testcase></testsuite>').ok).toBe(
      false,
    )
    expect(read('<testsuite constructor="x"/>').ok).toBe(false)
    expect(({} as Record<string, unknown>)['x']).toBeUndefined()
  })

  test('whatever bytes come, it answers', () => {
    const piece = fc.constantFrom(
      '<testsuite name="a">',
      '</testsuite>',
      '<testcase name="b"/>',
      '<testcase>',
      '</testcase>',
      '<failure message="&#x0;">',
      '</failure>',
      '<![CDATA[',
      ']]>',
      '<!--',
      '-->',
      '<?xml version="1.0"?>',
      '<!DOCTYPE a [',
      ']>',
      '&amp;',
      '<',
      '"',
      '\0',
      'é',
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string()), { maxLength: 30 }), (parts) => {
        const found = read(parts.join(''))
        expect(typeof found.ok).toBe('boolean')
        if (found.ok) for (const one of found.cases) expect(one.name.length + one.message.length).toBeLessThan(3_000)
      }),
      { numRuns: 3_000 },
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect(typeof readJunit(bytes).ok).toBe('boolean')
      }),
    )
  })
})
