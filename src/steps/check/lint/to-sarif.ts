import { createHash } from 'node:crypto'
import type { Severity } from '../../../model/finding.ts'
import { LINT_RULES } from '../rules.ts'
import type { Linted } from './lint.ts'

const LEVEL = { fatal: 'error', serious: 'error', normal: 'warning', hint: 'note' } as const satisfies Record<
  Severity,
  string
>

/** SARIF 2.1.0 of what was found, as any reader of it would take it. */
export function toSarif({ problems, notes }: Linted): object {
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'millrace-lint',
            rules: LINT_RULES.map(({ id, name, severity, description, advice }) => ({
              id,
              name,
              shortDescription: { text: name },
              fullDescription: { text: description },
              help: { text: advice },
              defaultConfiguration: { level: LEVEL[severity] },
              properties: { severity },
            })),
          },
        },
        invocations: [
          {
            executionSuccessful: true,
            toolExecutionNotifications: notes.map((text) => ({ level: 'warning', message: { text } })),
          },
        ],
        results: problems.map(({ ruleId, file, line, message }) => ({
          ruleId,
          ruleIndex: LINT_RULES.findIndex(({ id }) => id === ruleId),
          level: LEVEL[LINT_RULES.find(({ id }) => id === ruleId)?.severity ?? 'normal'],
          message: { text: message },
          locations: [
            {
              physicalLocation: {
                artifactLocation: { uri: file.split('/').map(encodeURIComponent).join('/') },
                ...(line === 0 ? {} : { region: { startLine: line } }),
              },
            },
          ],
          // Of what concerns a whole file there is one in it; a line is known by its text, which the reader adds.
          ...(line === 0
            ? { partialFingerprints: { 'millrace/v1': createHash('sha256').update(`${ruleId} ${file}`).digest('hex') } }
            : {}),
        })),
      },
    ],
  }
}
