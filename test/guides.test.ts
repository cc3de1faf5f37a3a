// What docs/guides/flows.md says, tried: its definitions are read, and run by the command that it names.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createProgram, runCli } from '../src/cli/index.ts'
import type { Run } from '../src/client/client.ts'
import { cliTerminal } from './support/cli-terminal.ts'
import { codeBlocks } from './support/markdown.ts'

const page = readFileSync(join(import.meta.dirname, '..', 'docs', 'guides', 'flows.md'), 'utf8')
const definitions = codeBlocks(page).filter(({ language }) => language === 'yaml')
const nameOf = (text: string): string => /^name: (.+)$/m.exec(text)?.[1] ?? ''

test.each(definitions.map(({ text }) => [nameOf(text), text] as const))(
  'the flow %s of the guide is run from its start to its end',
  async (name, text) => {
    const directory = mkdtempSync(join(tmpdir(), 'millrace-guide-'))
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
    const file = join(directory, `${name}.yaml`)
    writeFileSync(file, text)
    const { terminal, out, err } = cliTerminal()
    expect(await runCli(['run', file, '--approve', '--json'], terminal), err()).toBe(0)
    const run = JSON.parse(out()) as Run
    const tasks = run.stages.flatMap((stage) => stage.tasks)
    expect([run.status, ...new Set(tasks.map(({ status }) => status))]).toEqual(['succeeded', 'succeeded'])
    const loops = Math.max(...tasks.map(({ loop }) => loop))
    expect(loops).toBe({ 'until-good': 3, 'release-flow': 2 }[name] ?? 1)
  },
)

test('the guide has a flow for each of its parts, and names verbs and options that there are', () => {
  expect(definitions.length).toBeGreaterThan(3)
  const program = createProgram(cliTerminal().terminal, () => {})
  const said = [...page.matchAll(/millrace ([a-z]+) ([^`\n]*)/g)]
  expect(said.length).toBeGreaterThan(10)
  for (const [, verb = '', rest = ''] of said) {
    const command = program.commands.find((one) => one.name() === verb)
    expect(command, verb).toBeDefined()
    const known = command?.options.map(({ long }) => long)
    for (const [option] of rest.matchAll(/--[a-z-]+/g)) expect(known, `${verb} ${option}`).toContain(option)
  }
})
