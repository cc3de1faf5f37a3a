import type { SecretRecord } from '../../store.ts'
import type { Connection } from '../connection.ts'
import { secretRecord, type SecretRow, SELECT_SECRET } from '../../kit/rows.ts'

export function secrets(connection: Connection): SecretRecord[] {
  return connection.all<SecretRow>(`${SELECT_SECRET} order by place`).map(secretRecord)
}
