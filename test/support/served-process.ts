import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'

const ROOT = resolve(import.meta.dirname, '../..')

/** `millrace serve`, as a supervisor starts it. */
export interface ServedProcess {
  /** Of the first start of a store; null on later ones. */
  readonly token: string | null
  /** SIGTERM, and wait until it is gone. @throws Error when it did not end in good order */
  stop(): Promise<void>
  kill(): Promise<void>
}

/** @param root of the release: this one, or one that {@link nextRelease} has made */
export async function serve(
  options: readonly string[],
  env: Readonly<Record<string, string>>,
  root = ROOT,
): Promise<ServedProcess> {
  const args = [join(root, 'bin/millrace.js'), 'serve', '--json', '--samples', 'false', ...options]
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  const ended = once(child, 'exit').then(([code, signal]: (number | string | null)[]) => code ?? signal)
  const line = once(createInterface({ input: child.stdout }), 'line').then(
    ([text]: string[]) => JSON.parse(text ?? '') as { readonly first_start: { readonly admin_token: string } | null },
  )
  const { first_start: first } = await Promise.race([
    line,
    ended.then((how) => {
      throw new Error(`the server ended by ${how} before it was ready: ${said}`)
    }),
  ])
  return {
    token: first?.admin_token ?? null,
    stop: async () => {
      child.kill('SIGTERM')
      const how = await ended
      if (how !== 0) throw new Error(`the server ended by ${how}: ${said}`)
    },
    kill: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}

/**
 * What the release after this one would be: all of this one's code in a folder of its own, and one migration of
 * PostgreSQL more.
 */
export function nextRelease(folder: string, migration: string): string {
  for (const name of ['bin', 'src', 'package.json']) cpSync(join(ROOT, name), join(folder, name), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  const migrations = join(folder, 'src/store/postgres/migrations')
  const number = String(readdirSync(migrations).length + 1).padStart(4, '0')
  writeFileSync(join(migrations, `${number}-next.sql`), migration)
  return folder
}
