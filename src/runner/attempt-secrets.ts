import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JobSecret } from '../model/secret.ts'

/** How the secrets of a job reach its attempt. */
export interface GivenSecrets {
  /** Variables with values, and with paths of files. */
  readonly env: Readonly<Record<string, string>>
  readonly valueOf: (name: string) => string | undefined
}

/** @param scratch directory of the attempt, for the user of the server alone and emptied at its end. */
export function giveSecrets(secrets: readonly JobSecret[], scratch: string): GivenSecrets {
  const env: Record<string, string> = {}
  for (const [place, secret] of secrets.entries()) {
    if (secret.as === 'step') continue
    if (secret.as === 'env') {
      env[secret.env] = secret.value
      continue
    }
    const path = join(scratch, `secret-${place}`)
    writeFileSync(path, secret.value, { mode: 0o600, flag: 'wx' })
    env[secret.env] = path
  }
  const values = new Map(secrets.map(({ name, value }) => [name, value]))
  return { env, valueOf: (name) => values.get(name) }
}
