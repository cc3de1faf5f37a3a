import type { Keys } from '../store.ts'
import type { WorkerLink } from './link.ts'
import type { Reads, Writes } from './protocol.ts'

export function sqliteKeys(writer: Pick<WorkerLink<Writes>, 'call'>, reader: WorkerLink<Reads>): Keys {
  return {
    addUser: (user) => writer.call('addUser', user),
    user: (ref) => reader.call('user', ref),
    users: () => reader.call('users'),
    changeUser: (id, change) => writer.call('changeUser', id, change),
    addKey: (key) => writer.call('addKey', key),
    key: (kind, name) => reader.call('key', kind, name),
    keys: () => reader.call('keys'),
    revokeKey: (kind, name, at) => writer.call('revokeKey', kind, name, at),
    setting: (name) => reader.call('setting', name),
    putSetting: (name, value) => writer.call('putSetting', name, value),
  }
}
