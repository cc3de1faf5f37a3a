import { EXIT, exitMeanings, type ExitName } from './exit-codes.ts'
import { createProgram } from './index.ts'
import type { Terminal } from './terminal.ts'

const COLUMNS = 100

/** docs/reference/cli.md, written by scripts/gen-docs.ts from what `--help` says. */
export function cliPage(): string {
  let help = ''
  const program = createProgram(
    printer((text) => (help += text)),
    () => {},
  )
  const helpOf = (command: typeof program): string => {
    help = ''
    command.outputHelp()
    return ['```text', help.trim(), '```'].join('\n')
  }
  const codes = Object.entries(exitMeanings).map(([name, meaning]) => `| ${EXIT[name as ExitName]} | ${meaning} |`)
  return [
    '# The command line',
    '',
    '<!-- Written by `npm run gen:docs` from src/cli; a test fails when it is stale. -->',
    '',
    helpOf(program),
    '',
    '## Which server, and as whom',
    '',
    'Options of a verb may also stand before it: `millrace --url URL runs`.',
    '',
    'Verbs that talk to a server find it by `--url`, else `MILLRACE_URL`, else by `base_url` in `quickstart.json` of the',
    'data directory (`MILLRACE_DATA_DIR`, `./data`), else at `http://127.0.0.1:8080`. The token is `MILLRACE_TOKEN`, else',
    '`admin_token` of `quickstart.json`, which is sent only to the server that the file is about.',
    '',
    'A run is called by its id (32 hex digits), by its serial, or as `pipeline#number`; a task by its key, its name where',
    'only one is called so, or its id.',
    '',
    '## JSON',
    '',
    '`--json` prints what the [native API](../../openapi/native-v1.json) answers, on stdout; streams print one JSON object',
    'a line. Errors go to stderr as `{"error":{"code","message","allowed","errors","exit_code"}}`.',
    '',
    '## Exit codes',
    '',
    '| code | meaning |',
    '| --- | --- |',
    ...codes,
    '',
    ...program.commands.flatMap((command) => [
      `## \`millrace ${command.name()}\``,
      '',
      helpOf(command),
      '',
      ...command.commands.flatMap((inner) => [
        `### \`millrace ${command.name()} ${inner.name()}\``,
        '',
        helpOf(inner),
        '',
      ]),
    ]),
  ].join('\n')
}

/** A terminal that only takes text; help asks for nothing else. */
function printer(out: (text: string) => void): Terminal {
  return {
    env: {},
    out,
    err: out,
    outBytes: () => Promise.resolve(),
    outIsTty: false,
    errIsTty: false,
    inIsTty: false,
    columns: () => COLUMNS,
    rows: () => 0,
    paint: (_, text) => text,
    onSignal: () => () => {},
    ask: () => Promise.resolve(undefined),
    now: () => 0,
  }
}
