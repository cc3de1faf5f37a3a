import type { Secrets } from '../store.ts'
import type { WorkerLink } from './link.ts'
import type { Reads, Writes } from './protocol.ts'

export function sqliteSecrets(writer: Pick<WorkerLink<Writes>, 'call'>, reader: WorkerLink<Reads>): Secrets {
  return {
    secrets: () => reader.call('secrets'),
    putSecret: (secret) => writer.call('putSecret', secret),
    removeSecret: (place) => writer.call('removeSecret', place),
    usedSecrets: (places, at) => writer.call('usedSecrets', places, at),
    reseal: (change) => writer.call('reseal', change),
  }
}
