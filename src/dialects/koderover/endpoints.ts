import type { EndpointRow } from '../kit/endpoints.ts'
import { sessionRows } from './session.ts'
import { v1Routes, webSockets } from './v1.ts'
import { v2Routes, v2WebSockets } from './v2.ts'
import { directoryNotServed, directoryRoutes } from './zadig/directory.ts'
import { zadigNotServed, zadigRoutes } from './zadig.ts'

export const endpoints: readonly EndpointRow[] = [
  ...v1Routes.map(({ row }) => row),
  ...sessionRows,
  ...webSockets,
  ...v2Routes.map(({ row }) => row),
  ...v2WebSockets,
  ...zadigRoutes.map(({ row }) => row),
  ...zadigNotServed,
  ...directoryRoutes.map(({ row }) => row),
  ...directoryNotServed,
]
