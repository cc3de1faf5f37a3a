import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { StoreError } from '../store.ts'

const FILE_NAME = /^(\d{4})-([a-z0-9-]+)\.sql$/

export interface Migration {
  /** From 1, without gaps. */
  readonly version: number
  readonly name: string
  readonly sql: string
}

/** The migrations in this folder: `NNNN-name.sql`. Released files are never changed again; a change is a new file. */
export function readMigrations(folder: string): Migration[] {
  return readdirSync(folder)
    .toSorted()
    .map((file, index) => {
      const [, digits, name] = FILE_NAME.exec(file) ?? []
      const version = Number(digits)
      if (name === undefined || version !== index + 1) {
        throw new StoreError(
          'corrupt',
          `migration ${file}: ${String(index + 1).padStart(4, '0')}-name.sql was expected`,
        )
      }
      return { version, name, sql: readFileSync(join(folder, file), 'utf8') }
    })
}

export const checksumOf = ({ sql }: Migration): string => createHash('sha256').update(sql).digest('hex')
