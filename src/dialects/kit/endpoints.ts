/**
 * What a dialect answers, in one list: its README and its page in docs/dialects show it as a table, and a test asks
 * for every row. What the vendor has and we do not is in the list too, with the reason.
 */
export interface EndpointRow {
  /** `WS`: a WebSocket. Several, where one path takes them all. */
  readonly method: EndpointMethod | readonly EndpointMethod[]
  /** As the vendor writes it, with `:name` or `{name}` for what varies; a query may follow. */
  readonly path: string
  /** Other paths by which the same is answered. */
  readonly also?: readonly string[]
  /** The vendor's version or group that it belongs to, e.g. `V1`. */
  readonly family: string
  /** `seed`: the document that the dialect began with; `sibling`: what belongs to it in the same API. */
  readonly source: 'seed' | 'sibling'
  /** What it does, and where that is written: what stands in the table's last column. */
  readonly from: string
  readonly served: true | { readonly reason: string }
}
export type EndpointMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD' | 'WS'

const BEGIN = '<!-- endpoints: written by `npm run gen:docs` from the list of routes; a test fails when it is stale -->'
const END = '<!-- endpoints: end -->'

/** @throws Error when the page lacks one of the two markers. */
export function withEndpointTable(page: string, rows: readonly EndpointRow[]): string {
  const [before, rest, ...more] = page.split(BEGIN)
  const [, after, ...others] = (rest ?? '').split(END)
  if (before === undefined || after === undefined || more.length + others.length > 0) {
    throw new Error(`expected the lines ${BEGIN} and ${END}, once each`)
  }
  return `${before}${BEGIN}\n\n${endpointTables(rows)}\n\n${END}${after}`
}

export const methodsOf = ({ method }: EndpointRow): readonly EndpointMethod[] =>
  typeof method === 'string' ? [method] : method

export const pathsOf = ({ path, also = [] }: EndpointRow): readonly string[] => [path, ...also]

/** Methods by which something is served at a path, in their order; none: nothing is there. */
export function methodsAt(rows: readonly EndpointRow[]): (path: string) => readonly EndpointMethod[] {
  const served = rows
    .filter((row) => row.served === true)
    .flatMap((row) =>
      pathsOf(row).map((path) => ({
        methods: methodsOf(row).filter((method) => method !== 'WS'),
        // Braces and colons name what varies; all else of a path stands for itself.
        segments: (path.split('?', 1)[0] ?? path).split('/').map((one) => (/^(?::|\{)/.test(one) ? null : one)),
      })),
    )
  return (path) => {
    const asked = path.split('/')
    if (asked.length > 1 && asked.at(-1) === '') asked.pop()
    const fits = served.filter(
      ({ segments }) =>
        segments.length === asked.length && segments.every((one, place) => (one ?? asked[place]) === asked[place]),
    )
    const methods = fits.flatMap((one) => one.methods)
    const all = methods.includes('GET') ? [...methods, 'HEAD' as const] : methods
    return METHODS.filter((method) => all.includes(method))
  }
}
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const satisfies readonly EndpointMethod[]

/** A table for each family, in the order in which they first come. */
function endpointTables(rows: readonly EndpointRow[]): string {
  const families = [...new Set(rows.map(({ family }) => family))]
  return families
    .map((family) => {
      const own = rows.filter((row) => row.family === family)
      const served = own.filter((row) => row.served === true).length
      return [
        `**${family}**: ${served} of ${own.length} served`,
        '',
        '| method and path | from | served | what, and where it is written |',
        '|---|---|---|---|',
        ...own.map(tableRow),
      ].join('\n')
    })
    .join('\n\n')
}

const tableRow = (row: EndpointRow): string => {
  const served = row.served === true ? 'yes' : `no: ${row.served.reason}`
  const methods = methodsOf(row).join(', ')
  const address = pathsOf(row)
    .map((path, place) => `\`${place === 0 ? `${methods} ` : ''}${path}\``)
    .join(', ')
  return `| ${[address, row.source, served, row.from].map(cell).join(' | ')} |`
}

const cell = (text: string): string => text.replaceAll('\n', ' ').replaceAll('|', '\\|')
