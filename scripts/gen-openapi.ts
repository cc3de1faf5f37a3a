import { writeFileSync } from 'node:fs'
import { openApiText } from '../src/http/native/openapi.ts'
import { routes } from '../src/http/native/routes.ts'

/** Writes the golden OpenAPI document: `npm run gen:openapi`. A test fails when it is stale. */
writeFileSync(new URL('../openapi/native-v1.json', import.meta.url), openApiText(routes))
