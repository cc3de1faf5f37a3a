import pg from 'pg'

/** What PostgreSQL did for a statement, and for those within the functions that it calls. */

export interface Way {
  /** Of a table, and the index by which it was found; null: it was read from end to end. */
  readonly table: string
  readonly index: string | null
  /** Rows that were looked at there, also those that were not wanted. */
  readonly rows: number
}
export interface Plan {
  readonly ways: readonly Way[]
  /** Most rows that anything in it had to put in order. */
  readonly sorted: number
}

/** How a plan is made: for the very values, or once for all values, as that of a statement that comes again. */
export type PlanKind = 'custom' | 'generic'

/** Statements of ours, each done and taken back, with the plans that PostgreSQL had for them. */
export class PlanReader {
  readonly #client: pg.Client
  readonly #notices: string[] = []
  #statements = 0

  private constructor(client: pg.Client) {
    this.#client = client
    client.on('notice', ({ message }) => this.#notices.push(message ?? ''))
  }

  /** @param options of a connection, as the store's own has them */
  static async open(connectionString: string, options: string): Promise<PlanReader> {
    const client = new pg.Client({ connectionString, options })
    await client.connect()
    const settings = { min_duration: 0, analyze: true, timing: false, nested_statements: true, format: 'json' }
    await client.query(`load 'auto_explain'; set auto_explain.log_level = notice`)
    for (const [name, value] of Object.entries(settings))
      await client.query(`set auto_explain.log_${name} = '${value}'`)
    return new PlanReader(client)
  }

  async plan(sql: string, values: readonly unknown[], kind: PlanKind): Promise<Plan> {
    await this.#client.query(`begin; set local plan_cache_mode = force_${kind}_plan`)
    this.#notices.length = 0
    // A name of its own: a plan that was made for it before would come again.
    await this.#client.query({ name: `plan_${(this.#statements += 1)}`, text: sql, values: [...values] })
    // Told when a statement has ended, which one within a transaction does when the next one begins.
    await this.#client.query('select')
    const nodes = this.#notices.flatMap((notice) => allOf((JSON.parse(notice.slice(notice.indexOf('{'))) as Told).Plan))
    await this.#client.query('rollback')
    return {
      ways: nodes.flatMap(wayOf),
      sorted: Math.max(0, ...nodes.filter(isSort).map((node) => Math.max(...(node.Plans ?? []).map(rowsOf)))),
    }
  }

  close(): Promise<void> {
    return this.#client.end()
  }
}

interface Told {
  readonly Plan: Node
}
/** @see https://www.postgresql.org/docs/current/sql-explain.html */
interface Node {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly 'Actual Rows': number
  readonly 'Actual Loops': number
  readonly 'Rows Removed by Filter'?: number
  readonly 'Rows Removed by Index Recheck'?: number
  readonly Plans?: readonly Node[]
}

const allOf = (node: Node): readonly Node[] => [node, ...(node.Plans ?? []).flatMap(allOf)]

const rowsOf = (node: Node): number => node['Actual Rows'] * node['Actual Loops']

const isSort = (node: Node): boolean => node['Node Type'] === 'Sort'

function wayOf(node: Node): Way[] {
  const table = node['Relation Name']
  if (table === undefined || !node['Node Type'].endsWith('Scan')) return []
  const passed = (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0)
  const rows = (node['Actual Rows'] + passed) * node['Actual Loops']
  // Of a bitmap the index stands below it.
  const index = node['Index Name'] ?? allOf(node).find((below) => below['Index Name'] !== undefined)?.['Index Name']
  return [{ table, index: index ?? null, rows }]
}
