import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JobSecret } from '../model/secret.ts'

/** How the secrets of a job reach its attempt. */
interface GivenSecrets {
  /** Variables with values, and with paths of files. */
  readonly env: Readonly<Record<string, string>>
  readonly valueOf: (name: string) => string | undefined
  writeFiles(): void
}

/** @param scratch directory of the attempt, for the user of the server alone and emptied at its end. */
export function secretsFor(secrets: readonly JobSecret[], scratch: string): GivenSecrets {
  const env: Record<string, string> = {}
  const files: { readonly path: string; readonly value: string }[] = []
  for (const [place, secret] of secrets.entries()) {
    if (secret.as === 'step') continue
    const path = join(scratch, `secret-${place}`)
    env[secret.env] = secret.as === 'env' ? secret.value : path
    if (secret.as === 'file') files.push({ path, value: secret.value })
  }
  const values = new Map(secrets.map(({ name, value }) => [name, value]))
  return {
    env,
    valueOf: (name) => values.get(name),
    writeFiles: () => {
      for (const { path, value } of files) writeFileSync(path, value, { mode: 0o600, flag: 'wx' })
    },
  }
}
