import { format } from 'node:util'
import { expect as vitestExpect } from 'vitest'

/**
 * As much of vitest as the tests of `src/engine` use, for `npm run mutate`: tests are collected when their file is
 * imported, and played by runner.ts as often as there are mutants. vitest itself takes longer to begin a run than all
 * of these tests take together. What a test may use besides is missing here, and then the import fails.
 */

export interface CollectedTest {
  /** File and titles: unique. */
  readonly id: string
  readonly name: string
  readonly file: string
  readonly play: () => unknown
}

let collected: CollectedTest[] = []
let file = ''
let titles: readonly string[] = []

/** The tests that a file declares. */
export async function collect(path: string, url: string): Promise<readonly CollectedTest[]> {
  file = path
  titles = []
  collected = []
  await import(url)
  return collected
}

type Options = { readonly timeout?: number } | number
type Body<Args extends readonly unknown[]> = (...args: Args) => unknown

/** `(name, body)`, `(name, options, body)` or `(name, body, timeout)`: nothing here is timed but by Stryker. */
function bodyOf<Args extends readonly unknown[]>(rest: readonly (Options | Body<Args>)[]): Body<Args> {
  const body = rest.find((one): one is Body<Args> => typeof one === 'function')
  if (body === undefined) throw new TypeError(`a test of ${file} has no body`)
  return body
}

function addTest(title: string, play: () => unknown): void {
  const name = [...titles, title].join(' > ')
  collected.push({ id: `${file} > ${name} #${collected.length}`, name, file, play })
}

function within(title: string, body: () => unknown): void {
  const outer = titles
  titles = [...outer, title]
  try {
    body()
  } finally {
    titles = outer
  }
}

const each =
  (declare: (title: string, body: () => unknown) => void) =>
  (rows: readonly unknown[]) =>
  (title: string, ...rest: readonly (Options | Body<unknown[]>)[]): void => {
    const body = bodyOf(rest)
    for (const [at, row] of rows.entries()) {
      const args: readonly unknown[] = Array.isArray(row) ? row : [row]
      declare(`${format(title, ...args)} #${at}`, () => body(...args))
    }
  }

export const test = Object.assign(
  (title: string, ...rest: readonly (Options | Body<[]>)[]): void => addTest(title, bodyOf(rest)),
  { each: each(addTest) },
)

export const describe = Object.assign(
  (title: string, ...rest: readonly (Options | Body<[]>)[]): void => within(title, bodyOf(rest)),
  { each: each(within) },
)

export const expect = vitestExpect
