import { createHash } from 'node:crypto'

/** Id of something that has only a name with us: 32 hex digits made of it, the same in every answer of every dialect. */
export const derivedId = (name: string): string =>
  createHash('sha256').update(`millrace/iam/${name}`).digest('hex').slice(0, 32)

/** Of an account (Huawei's domain, its tenant). */
export const accountId = (domain: string): string => derivedId(`domain/${domain}`)
