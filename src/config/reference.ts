import { settingNames, settings } from './settings.ts'

/** docs/reference/configuration.md, written by scripts/gen-docs.ts. */
export function configurationPage(): string {
  const rows = settingNames.map((name) => {
    const { env, flag, standard, doc, expected } = settings[name]
    return `| \`${env}\` | \`${flag}\` | ${standard} | ${doc} Expected: ${expected}. |`
  })
  return [
    '# Configuration of `millrace serve`',
    '',
    '<!-- Written by `npm run gen:docs` from src/config/settings.ts; a test fails when it is stale. -->',
    '',
    'A flag counts before its variable, a variable before the default; a variable that is set to nothing counts as not',
    'set. Everything that is wrong is told at once, and the server ends with exit code 78 before it opens anything. An',
    'unknown `MILLRACE_*` variable gives a warning.',
    '',
    '| variable | flag | default | what it is |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
    'Variables alone, as a flag is read by every user of the machine: `MILLRACE_SECRET_KEY`, the key that seals secrets,',
    'instead of `secret.key` in the data directory, and `MILLRACE_SECRET_KEY_OLD`, the one before it, while the key is being',
    'changed. Each has 32 bytes, as 64 hex digits or as base64: see [operations.md](../operations.md#the-key-of-secrets).',
    '',
    'The command line reads `MILLRACE_URL` and `MILLRACE_TOKEN` to find a server: see [cli.md](cli.md).',
    '',
  ].join('\n')
}
