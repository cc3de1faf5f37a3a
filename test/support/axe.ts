import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/**
 * What axe calls serious or critical on the page as it stands, one line each; nothing is what we want. axe reads a page
 * piece by piece: of a button that becomes enabled meanwhile it sees the colours of no moment at all. So a barrier counts
 * when two looks in a row agree on it.
 */
export async function axeFindings(page: Page): Promise<readonly string[]> {
  // By the debugger, which the policy of the page does not bind; a script element would be refused.
  await page.evaluate(source)
  let found = await look(page)
  for (;;) {
    if (found.length === 0) return found
    const again = await look(page)
    if (again.join('\n') === found.join('\n')) return again
    found = again
  }
}

async function look(page: Page): Promise<readonly string[]> {
  const found = await page.evaluate<
    readonly {
      readonly id: string
      readonly impact: string
      readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[]
    }[]
  >('axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => violations)')
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes
        .slice(0, 3)
        .map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary.slice(0, 200)}`),
    )
}
