import type { Finding, FindingsReport, Severity } from '../model/finding.ts'
import { succeeded } from './scripted-runner.ts'
import type { World } from './world.ts'

export const finding = (digit: string, severity: Severity, changes: Partial<Finding> = {}): Finding => ({
  fingerprint: digit.repeat(32),
  ruleId: 'trailing-space',
  severity,
  file: `src/${digit}.js`,
  line: 3,
  message: 'no',
  snippet: 'a = 1 ',
  ...changes,
})

/** Lets a run of the tasks `checkout` and `check` come to its end with these findings. */
export async function endCheck(world: World, id: string, findings: readonly Finding[]): Promise<void> {
  await world.settled()
  world.runner.endTask('checkout', succeeded())
  await world.settled()
  const run = await world.run(id)
  const { index, attempt } = run.stages[0]?.tasks[1] ?? raise()
  const counts = { fatal: 0, serious: 0, normal: 0, hint: 0 }
  for (const { severity } of findings) counts[severity] += 1
  const report: FindingsReport = {
    v: 1,
    tools: ['millrace-lint'],
    findings,
    counts,
    metrics: {
      files: 4,
      folders: 1,
      lines: 200,
      codeLines: 100,
      commentLines: 20,
      duplicatedFiles: 2,
      duplicatedLines: 10,
      duplicatedBlocks: 1,
    },
    files: ['README.md', 'src/a.js', 'src/lib/b.js', 'docs/x/y.md'],
  }
  world.findings.set(`${id}/${index}/${attempt}`, report)
  world.runner.endTask('check', { kind: 'succeeded', outputs: counts })
  await world.settled()
}

const raise = (): never => {
  throw new Error('the run has no second task')
}
