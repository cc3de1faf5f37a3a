import { lookup as resolveName, type LookupAddress } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'

/**
 * Keeps requests out of the runner's own network (server-side request forgery, CWE-918): a pipeline's author must not
 * read the cloud's metadata service or a database's port through the runner. Every address that a name resolves to is
 * checked, and the connection goes to the checked address, so a name that answers differently the second time (DNS
 * rebinding) gains nothing.
 */
export interface Guard {
  /** undefined: may be connected to. Otherwise why not, as a sentence. */
  refusal(address: string, port: number, host: string): string | undefined
  /** For a socket's `lookup`: rejects with {@link Refused} unless all addresses may be connected to. */
  lookup(port: number): LookupFunction
}

export class Refused extends Error {
  override readonly name = 'Refused'
}

/** IANA's special-purpose registries (RFC 6890 and later), read 2026-11-21, and multicast: what is not the public net. */
const SPECIAL_V4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
] as const
/** Within global unicast: protocol assignments with Teredo and ORCHID, documentation, 6to4, AS112. */
const SPECIAL_V6 = ['2001::/23', '2001:db8::/32', '2002::/16', '2620:4f:8000::/48', '3fff::/20'] as const
/** All of IPv6 that is given out. Outside: loopback, IPv4-mapped, NAT64, unique local, link-local, multicast. */
const GLOBAL_V6 = ['2000::/3'] as const
/** Public addresses that answer only to the machines of one cloud. */
const METADATA = ['168.63.129.16/32'] as const

const special = subnets([...SPECIAL_V4, ...SPECIAL_V6, ...METADATA])
const global = subnets([...GLOBAL_V6])

/**
 * @param allow exceptions, joined by commas: `host:port` (as written in the URL; IPv6 in brackets), an address or a
 * CIDR block with any port. Throws for anything else.
 */
export function guard(allow: string): Guard {
  const { hosts, blocks } = parseAllow(allow)
  const refusal = (address: string, port: number, host: string): string | undefined => {
    if (hosts.has(`${host.toLowerCase()}:${port}`) || contains(blocks, address) || isPublic(address)) return undefined
    const via = host === address || host === `[${address}]` ? '' : `${host} is `
    return `${via}${address}, an address that is not public; MILLRACE_HTTP_ALLOW on the server can allow it`
  }
  return {
    refusal,
    lookup: (port) => (hostname, options, callback) => {
      resolveName(hostname, { all: true, verbatim: true }, (error, addresses: LookupAddress[]) => {
        const wrong =
          error ??
          addresses.map(({ address }) => refusal(address, port, hostname)).find((reason) => reason !== undefined) ??
          (addresses.length === 0 ? `${hostname} has no address` : null)
        const [first] = addresses ?? []
        if (wrong !== null || first === undefined) {
          callback(wrong instanceof Error ? wrong : new Refused(wrong ?? ''), [])
        } else if (options.all === true) {
          callback(null, addresses)
        } else {
          callback(null, first.address, first.family)
        }
      })
    },
  }
}

/**
 * The address to connect to for a name, for clients that cannot be given a `lookup`.
 * @throws Refused when it may not be connected to.
 */
export function addressOf(allowed: Guard, host: string, port: number): Promise<string> {
  if (isIP(host) !== 0) {
    const refusal = allowed.refusal(host, port, host)
    return refusal === undefined ? Promise.resolve(host) : Promise.reject(new Refused(refusal))
  }
  return new Promise((resolve, reject) => {
    allowed.lookup(port)(host, {}, (error, address) => {
      if (error === null && typeof address === 'string') resolve(address)
      else reject(error ?? new Refused(`${host} has no address`))
    })
  })
}

export function isPublic(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !special.check(address, 'ipv4')
    case 6:
      // A zone (`fe80::1%eth0`) names an interface of this machine.
      return !address.includes('%') && global.check(address, 'ipv6') && !special.check(address, 'ipv6')
    default:
      return false
  }
}

function parseAllow(allow: string): { readonly hosts: ReadonlySet<string>; readonly blocks: BlockList } {
  const hosts = new Set<string>()
  const cidrs: string[] = []
  for (const entry of allow
    .split(',')
    .map((text) => text.trim())
    .filter((text) => text !== '')) {
    const [address = '', prefix = ''] = entry.split('/')
    if (isIP(address) !== 0 && /^\d{0,3}$/.test(prefix)) {
      cidrs.push(prefix === '' ? `${address}/${isIP(address) === 4 ? 32 : 128}` : entry)
    } else if (/^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):\d{1,5}$/.test(entry)) {
      hosts.add(entry.toLowerCase())
    } else {
      throw new TypeError(
        `MILLRACE_HTTP_ALLOW: expected host:port, an address or a CIDR block, found ${JSON.stringify(entry)}`,
      )
    }
  }
  return { hosts, blocks: subnets(cidrs) }
}

function subnets(cidrs: readonly string[]): BlockList {
  const list = new BlockList()
  for (const cidr of cidrs) {
    const [address = '', prefix = ''] = cidr.split('/')
    list.addSubnet(address, Number(prefix), isIP(address) === 4 ? 'ipv4' : 'ipv6')
  }
  return list
}

const contains = (list: BlockList, address: string): boolean =>
  isIP(address) !== 0 && list.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6')
