import { XMLParser } from 'fast-xml-parser'
import type { TestCase, TestStatus } from '../../model/test-report.ts'

/**
 * JUnit XML has no standard: this reads what node --test, vitest, jest, pytest, Maven's surefire, gotestsum, gtest,
 * CTest, PHPUnit and mocha write. Suites nest to any depth, cases stand in suites or directly in the root.
 */

const MESSAGE_MAX = 2_000
const DETAIL_MAX = 8_000
const NAME_MAX = 500
/** Deeper is no report of a tool. */
const DEPTH_MAX = 100

export type JunitRead =
  | { readonly ok: true; readonly cases: readonly TestCase[] }
  | { readonly ok: false; readonly reason: string }

const CDATA = '#cdata'

/**
 * Entities are never expanded and a document type is refused, so there is nothing to blow up; the five entities that
 * XML itself has, and characters by number, are read here.
 */
const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
  processEntities: false,
  trimValues: false,
  ignorePiTags: true,
  ignoreDeclaration: true,
  cdataPropName: CDATA,
  maxNestedTags: DEPTH_MAX,
  jPath: false,
  removeNSPrefix: true,
})

/** An element is `{[name]: children, ':@': attributes}`, a text `{'#text': text}`, CDATA holds texts. */
type XmlNode = Readonly<Record<string, unknown>>

export function readJunit(bytes: Uint8Array): JunitRead {
  const text = textOf(bytes)
  if (hasDoctype(text)) return { ok: false, reason: 'it has a document type, and that is refused' }
  let nodes: readonly XmlNode[]
  try {
    nodes = parser.parse(text, true) as readonly XmlNode[]
  } catch (error) {
    return { ok: false, reason: `it is not well-formed XML: ${(error as Error).message.slice(0, 200)}` }
  }
  const roots = nodes.filter((node) => nameOf(node) === 'testsuites' || nameOf(node) === 'testsuite')
  if (roots.length === 0) return { ok: false, reason: 'its root is neither testsuites nor testsuite' }
  const cases: TestCase[] = []
  for (const root of roots) readSuite(root, { path: [], file: '' }, cases)
  return { ok: true, cases }
}

interface Suite {
  readonly path: readonly string[]
  readonly file: string
}

/** As deep as the parser lets it be. */
function readSuite(node: XmlNode, above: Suite, cases: TestCase[]): void {
  const name = attribute(node, 'name')
  const suite = {
    // The root says what ran the tests, e.g. `vitest tests`; that is no part of a test's name.
    path: name === '' || nameOf(node) === 'testsuites' ? above.path : [...above.path, name],
    file: attribute(node, 'file') || attribute(node, 'filepath') || above.file,
  }
  for (const child of childrenOf(node)) {
    const kind = nameOf(child)
    if (kind === 'testsuite' || kind === 'testsuites') readSuite(child, suite, cases)
    else if (kind === 'testcase') cases.push(readCase(child, suite))
  }
}

/** Which elements in a case say how it ended. `flakyFailure` and the like: it passed in the end (surefire). */
const SAID = {
  error: 'errored',
  failure: 'failed',
  skipped: 'skipped',
} as const satisfies Readonly<Record<string, TestStatus>>

/** Google Test's and CTest's word for a case that was not run, and CTest's for one that failed. */
const STATUS_WORDS: Readonly<Record<string, TestStatus>> = {
  notrun: 'skipped',
  disabled: 'skipped',
  skipped: 'skipped',
  suppressed: 'skipped',
  fail: 'failed',
  failed: 'failed',
  error: 'errored',
}

function readCase(node: XmlNode, suite: Suite): TestCase {
  const children = childrenOf(node)
  const said = (Object.keys(SAID) as (keyof typeof SAID)[]).find((name) =>
    children.some((child) => nameOf(child) === name),
  )
  const word = attribute(node, 'status').toLowerCase() || attribute(node, 'result').toLowerCase()
  const status =
    said === undefined ? ((Object.hasOwn(STATUS_WORDS, word) ? STATUS_WORDS[word] : undefined) ?? 'passed') : SAID[said]
  const reasons = said === undefined ? [] : children.filter((child) => nameOf(child) === said)
  const className = attribute(node, 'classname') || attribute(node, 'class')
  return {
    name: cut(attribute(node, 'name'), NAME_MAX),
    // node --test writes the word `test` for every case: there the suites say more.
    suite: cut(className === '' || className === 'test' ? suite.path.join(' > ') : className, NAME_MAX),
    file: cut(attribute(node, 'file') || suite.file, NAME_MAX),
    status,
    durationMs: millisecondsOf(attribute(node, 'time')),
    ...explained(reasons),
  }
}

function explained(reasons: readonly XmlNode[]): Pick<TestCase, 'message' | 'detail'> {
  const texts = reasons.map((reason) => contentOf(reason).trim())
  const given = reasons.map((reason) => attribute(reason, 'message').trim()).filter((text) => text !== '')
  const detail = texts.filter((text) => text !== '').join('\n\n')
  const message = given.join('\n') || (detail.split('\n')[0] ?? '')
  return { message: cut(message, MESSAGE_MAX), detail: cut(detail === message ? '' : detail, DETAIL_MAX) }
}

/** Seconds, in some locales with commas between thousands. */
function millisecondsOf(time: string): number | null {
  const seconds = Number(time.replaceAll(',', ''))
  return time.trim() === '' || !Number.isFinite(seconds) || seconds < 0 || seconds > 1e9
    ? null
    : Math.round(seconds * 1_000)
}

const nameOf = (node: XmlNode): string => Object.keys(node).find((key) => key !== ':@') ?? ''

function childrenOf(node: XmlNode): readonly XmlNode[] {
  const children = node[nameOf(node)]
  return Array.isArray(children) ? (children as readonly XmlNode[]) : []
}

function attribute(node: XmlNode, name: string): string {
  const all = node[':@'] as Readonly<Record<string, unknown>> | undefined
  const value = all !== undefined && Object.hasOwn(all, name) ? all[name] : undefined
  return typeof value === 'string' ? decoded(value) : ''
}

/** Of the element itself, in order; what is in CDATA stands for itself. */
function contentOf(node: XmlNode): string {
  return childrenOf(node)
    .map((child) => {
      const text = child['#text']
      if (typeof text === 'string') return decoded(text)
      return childrenOf(child)
        .map((part) => (nameOf(child) === CDATA && typeof part['#text'] === 'string' ? part['#text'] : ''))
        .join('')
    })
    .join('')
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

const decoded = (text: string): string =>
  text.replaceAll(/&(?:#x([0-9a-fA-F]{1,6})|#(\d{1,7})|(lt|gt|amp|quot|apos));/g, (all, hex, decimal, name) => {
    if (typeof name === 'string') return ENTITIES[name] ?? all
    const code = typeof hex === 'string' ? Number.parseInt(hex, 16) : Number(decimal)
    return code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) ? String.fromCodePoint(code) : '\uFFFD'
  })

function cut(text: string, max: number): string {
  const clean = text.replaceAll('\0', '\uFFFD').toWellFormed()
  return clean.length <= max ? clean : `${clean.slice(0, max - 1).toWellFormed()}…`
}

/** Before the root, behind declaration, comments and instructions; further on the parser refuses what it does not know. */
function hasDoctype(text: string): boolean {
  let at = 0
  for (;;) {
    while (/\s/.test(text.charAt(at))) at += 1
    const end = text.startsWith('<?', at) ? '?>' : text.startsWith('<!--', at) ? '-->' : undefined
    if (end === undefined) return text.startsWith('<!', at)
    const next = text.indexOf(end, at + 2)
    if (next < 0) return false
    at = next + end.length
  }
}

/** By its byte order mark, else as its declaration says, else UTF-8. */
function textOf(bytes: Uint8Array): string {
  const head = new TextDecoder('latin1').decode(bytes.subarray(0, 200))
  const named = /^<\?xml[^>]*\sencoding=["']([A-Za-z0-9._-]{1,40})["']/.exec(head)?.[1]
  const marked =
    bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : named
  try {
    return new TextDecoder(marked ?? 'utf-8').decode(bytes)
  } catch {
    return new TextDecoder().decode(bytes)
  }
}
