import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** An authority that nobody knows, made by openssl. */
export interface PrivateCa {
  /** Its own certificate, as PEM. */
  readonly path: string
  /** A certificate for these names, e.g. `IP:127.0.0.1`. @param days less than 1: it has expired */
  issue(name: string, names: string, days?: number): Promise<{ readonly key: string; readonly cert: string }>
}

export async function makePrivateCa(directory: string): Promise<PrivateCa> {
  const file = (name: string): string => join(directory, name)
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout']
  const ca = ['-x509', '-days', '30', '-subj', '/CN=Nobody knows it', '-out', file('ca.pem')]
  await run('openssl', ['req', ...key, file('ca.key'), ...ca])
  return {
    path: file('ca.pem'),
    issue: async (name, names, days = 30) => {
      const request = [file(`${name}.key`), '-subj', `/CN=${name}`, '-out', file(`${name}.csr`)]
      await run('openssl', ['req', ...key, ...request])
      writeFileSync(file(`${name}.ext`), `subjectAltName=${names}\n`)
      const from = ['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial']
      const asked = ['-in', file(`${name}.csr`), '-extfile', file(`${name}.ext`), '-days', String(days)]
      await run('openssl', ['x509', '-req', ...from, ...asked, '-out', file(`${name}.pem`)])
      return { key: readFileSync(file(`${name}.key`), 'utf8'), cert: readFileSync(file(`${name}.pem`), 'utf8') }
    },
  }
}

/** Ends TLS before a server on this machine, as a reverse proxy does. */
export interface TlsFront {
  readonly port: number
  close(): Promise<void>
}

export async function openTlsFront(
  { key, cert }: { readonly key: string; readonly cert: string },
  behind: string,
): Promise<TlsFront> {
  const { hostname, port } = new URL(behind)
  const sockets = new Set<Socket>()
  const server = createServer({ key, cert }, (socket) => {
    const inner = connect(Number(port), hostname)
    for (const [one, other] of [
      [socket, inner],
      [inner, socket],
    ] as const) {
      sockets.add(one)
      one.on('error', () => other.destroy()).on('close', () => other.destroy())
      one.pipe(other)
    }
  })
  // Who does not trust it ends the handshake.
  server.on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
